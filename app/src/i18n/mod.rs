//! Every word that the page says, in each of its languages.
//!
//! The server writes the words of the reader's language into the page, once, as a list, and the browser reads them from
//! there: none of them is in the wasm, and another language makes it no larger. The page that is built in the browser
//! (`trunk serve`) has no server page to read, and brings the words itself.

mod codes;
mod language;
#[macro_use]
mod macros;
#[cfg(feature = "ssr")]
pub mod forms;
#[cfg(feature = "ssr")]
pub mod lab;
mod table;

pub use codes::CODES;
pub use language::Language;
pub use table::{CHINESE, ENGLISH, WORDS, Word};

use parlor_protocol::validate::ValidationError;

/// Between the forms of a word that stands with a number.
const FORMS: char = '|';

/// The words of one language: in the browser those of the page, elsewhere those that are asked for. A handle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    #[cfg(not(feature = "browser"))]
    language: Language,
}

impl Words {
    /// The words for a key. Those with forms or with places to be filled in have ways of their own.
    #[must_use]
    pub fn of(self, word: Word) -> &'static str {
        self.nth(word as usize)
    }

    /// The words of the key that comes so many after another: weekdays and months.
    #[must_use]
    pub fn after(self, first: Word, n: usize) -> &'static str {
        self.nth(first as usize + n)
    }

    /// With its places filled in: each `{name}` by the value of that name.
    #[must_use]
    pub fn fill(self, word: Word, values: &[(&str, &str)]) -> String {
        fill(self.of(word), values)
    }

    /// In the form for a number, which is filled in as `{n}`.
    #[must_use]
    pub fn count(self, word: Word, n: u64) -> String {
        let form = self.language().form(n);
        let text = self.of(word).split(FORMS).nth(form).unwrap_or_default();
        fill(text, &[("n", &n.to_string())])
    }

    /// The sentence for a code of the server's; none for one that is not known.
    #[must_use]
    pub fn code(self, code: &str) -> Option<&'static str> {
        let codes = self.list().get(WORDS.len()..)?;
        codes.chunks_exact(2).find(|pair| pair[0] == code).map(|pair| &*pair[1])
    }

    /// Why a text is not taken.
    #[must_use]
    pub fn invalid(self, invalid: ValidationError) -> String {
        match invalid {
            ValidationError::TooLong { chars, limit } => {
                self.fill(Word::TooLong, &[("chars", &chars.to_string()), ("limit", &limit.to_string())])
            }
            ValidationError::Empty => self.of(Word::Empty).to_owned(),
            ValidationError::ForbiddenCharacter => self.of(Word::Hidden).to_owned(),
        }
    }

    /// Which language it is.
    #[must_use]
    pub fn language(self) -> Language {
        Language::of_tag(self.of(Word::Tag)).unwrap_or_default()
    }

    /// One of the words that the server alone has.
    #[cfg(feature = "ssr")]
    fn either(self, english: &[&'static str], chinese: &[&'static str], n: usize) -> &'static str {
        let words = match self.language() {
            Language::English => english,
            Language::Chinese => chinese,
        };
        words.get(n).copied().unwrap_or_default()
    }

    // Never a panic: a page and a wasm that do not belong together are silent where they do not fit.
    // Not inlined, nor is `fill`: the wasm would have as many copies as there are words.
    #[inline(never)]
    fn nth(self, n: usize) -> &'static str {
        self.list().get(n).map_or("", String::as_str)
    }
}

#[inline(never)]
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, place)) = rest.split_once('{') {
        let (name, after) = place.split_once('}').unwrap_or((place, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        debug_assert!(value.is_some(), "nothing to fill in for {name} in {text}");
        filled.push_str(before);
        filled.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    filled + rest
}

/// All that the page needs of a language: the words in the order of the keys, then each code and its sentence.
#[must_use]
pub fn list(language: Language) -> Vec<&'static str> {
    let (words, sentence): (_, fn(&codes::Code) -> &'static str) = match language {
        Language::English => (ENGLISH, |code| code.1),
        Language::Chinese => (CHINESE, |code| code.2),
    };
    words.iter().copied().chain(CODES.iter().flat_map(|code| [code.0, sentence(code)])).collect()
}

/// The element of the page that has the words.
pub const ID: &str = "words";

#[cfg(feature = "browser")]
mod page {
    use std::sync::OnceLock;

    use super::Words;

    static LIST: OnceLock<Vec<String>> = OnceLock::new();

    impl Words {
        /// The page's words.
        #[must_use]
        pub fn given() -> Self {
            Self {}
        }

        pub(super) fn list(self) -> &'static [String] {
            LIST.get().map_or(&[], Vec::as_slice)
        }
    }

    /// Reads the words that the server has put into the page. To be called before anything is shown.
    pub fn read() {
        let words = crate::wire::read::<Vec<String>>(&crate::browser::text(super::ID)).unwrap_or_default();
        let _ = LIST.set(words);
    }

    /// Takes the words that this build brings. To be called before anything is shown.
    #[cfg(feature = "csr")]
    pub fn bring(language: super::Language) {
        let _ = LIST.set(super::list(language).into_iter().map(str::to_owned).collect());
    }
}

#[cfg(feature = "csr")]
pub use page::bring;
#[cfg(feature = "browser")]
pub use page::read;

#[cfg(not(feature = "browser"))]
mod brought {
    use std::sync::LazyLock;

    use leptos::prelude::use_context;

    use super::{Language, Words, list};

    static LISTS: LazyLock<[Vec<String>; 2]> =
        LazyLock::new(|| Language::ALL.map(|language| list(language).into_iter().map(str::to_owned).collect()));

    impl Words {
        /// The words of a language.
        #[must_use]
        pub const fn new(language: Language) -> Self {
            Self { language }
        }

        /// Those of the language that the server gives by context.
        #[must_use]
        pub fn given() -> Self {
            Self::new(use_context().unwrap_or_default())
        }

        pub(super) fn list(self) -> &'static [String] {
            &LISTS[self.language as usize]
        }
    }
}

/// The list as JSON that can stand in a page's script element: nothing in it could end that.
#[cfg(feature = "ssr")]
#[must_use]
pub fn json(language: Language) -> String {
    // `<` is in strings alone, where an escape means the same.
    serde_json::to_string(&list(language)).unwrap_or_default().replace('<', "\\u003c")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
