//! Internationalisation: message keys, one file of texts per language, and how texts are looked up and formatted.
//!
//! The server writes the texts of the reader's language into the page as JSON, and the browser reads them from there. So
//! the wasm contains no texts, and another language does not make it larger. The client-side build (`trunk serve`) has no
//! server-rendered page and bundles them.

mod keys;
mod languages;

pub use keys::{Key, LabKey};
pub use languages::{Direction, Language};
use parlor_protocol::{CloseCode, validate::ValidationError};

/// Separates the plural forms of a text.
const PLURAL_SEPARATOR: char = '|';

/// Texts in one language: in the browser that of the page, elsewhere the given one. A cheap handle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct I18n {
    #[cfg(not(feature = "browser"))]
    language: Language,
}

/// A key of a message: [`Key`] or [`LabKey`].
pub trait MessageKey: Copy {
    /// The text in a language, with its placeholders and plural forms.
    fn text(self, i18n: I18n) -> &'static str;
}

impl I18n {
    /// The text of a message without placeholders.
    pub fn t(self, key: impl MessageKey) -> &'static str {
        key.text(self)
    }

    /// The text of a message with each `{name}` replaced by its value.
    pub fn format(self, key: impl MessageKey, values: &[(&str, &str)]) -> String {
        format(key.text(self), values)
    }

    /// The text of a message split at its placeholders, for views that put elements in their places.
    pub fn segments(self, key: impl MessageKey) -> Vec<Segment<'static>> {
        segments(key.text(self))
    }

    /// The text of a message in the plural form for a number, which replaces `{n}`.
    pub fn plural(self, key: impl MessageKey, n: u64) -> String {
        let form = self.language().plural_form(n);
        let text = key.text(self).split(PLURAL_SEPARATOR).nth(form).unwrap_or_default();
        format(text, &[("n", &n.to_string())])
    }

    /// The text for an error code of the server. `None` for a code of a newer server.
    pub fn error(self, code: &str) -> Option<&'static str> {
        Key::for_error(code).map(|key| self.t(key))
    }

    /// The text for a close code. `None` for one that the protocol does not define.
    pub fn close_reason(self, code: u16) -> Option<&'static str> {
        CloseCode::from_code(code).map(|code| self.t(Key::for_close(code)))
    }

    pub fn validation_error(self, error: ValidationError) -> String {
        match error {
            ValidationError::TooLong { chars, limit } => {
                self.format(Key::TextTooLong, &[("chars", &chars.to_string()), ("limit", &limit.to_string())])
            }
            ValidationError::Empty => self.t(Key::TextRequired).to_owned(),
            ValidationError::ForbiddenCharacter => self.t(Key::ForbiddenCharacter).to_owned(),
        }
    }
}

/// A part of a text with placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Splits a text at its placeholders. No segment is empty.
fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some((before, placeholder)) = rest.split_once('{') {
        let (name, after) = placeholder.split_once('}').unwrap_or((placeholder, ""));
        segments.extend([Segment::Text(before), Segment::Placeholder(name)]);
        rest = after;
    }
    segments.push(Segment::Text(rest));
    segments.retain(|segment| *segment != Segment::Text(""));
    segments
}

fn format(text: &str, values: &[(&str, &str)]) -> String {
    let mut formatted = String::new();
    for segment in segments(text) {
        formatted.push_str(match segment {
            Segment::Text(text) => text,
            Segment::Placeholder(name) => {
                let value = values.iter().find(|(known, _)| *known == name);
                debug_assert!(value.is_some(), "no value for {{{name}}} in {text:?}");
                value.map_or("", |(_, value)| value)
            }
        });
    }
    formatted
}

/// The id of the page's element that holds the texts.
pub const ELEMENT_ID: &str = "i18n";

/// What the page carries: the tag of the language, then the texts in the order of [`Key::ALL`].
#[cfg(any(not(feature = "browser"), feature = "csr"))]
pub fn page_texts(language: Language) -> Vec<&'static str> {
    std::iter::once(language.tag()).chain(Key::ALL.iter().map(|key| language.message(*key))).collect()
}

#[cfg(feature = "browser")]
mod browser {
    use std::sync::OnceLock;

    use leptos::prelude::document;

    use super::{ELEMENT_ID, I18n, Key, LabKey, Language, MessageKey};

    static TEXTS: OnceLock<Vec<String>> = OnceLock::new();

    impl I18n {
        /// The texts of the page.
        pub fn current() -> Self {
            Self {}
        }
        pub fn language(self) -> Language {
            Language::from_tag(text(0)).unwrap_or_default()
        }
    }

    impl MessageKey for Key {
        fn text(self, _: I18n) -> &'static str {
            text(self as usize + 1)
        }
    }

    impl MessageKey for LabKey {
        /// The lab is a page of the server alone.
        fn text(self, _: I18n) -> &'static str {
            ""
        }
    }

    // Never a panic: a page and a wasm of different builds may not match.
    #[inline(never)]
    fn text(index: usize) -> &'static str {
        TEXTS.get().and_then(|texts| texts.get(index)).map_or("", String::as_str)
    }

    /// Loads the texts that the server has put into the page. To be called before anything is rendered.
    pub fn load() {
        let element = document().get_element_by_id(ELEMENT_ID);
        let json = element.and_then(|element| element.text_content()).unwrap_or_default();
        let texts: Vec<String> = crate::json::decode(&json).unwrap_or_default();
        let _ = TEXTS.set(texts);
    }

    /// Loads the bundled texts of a language. To be called before anything is rendered.
    #[cfg(feature = "csr")]
    pub fn load_bundled(language: Language) {
        let _ = TEXTS.set(super::page_texts(language).into_iter().map(str::to_owned).collect());
    }
}

#[cfg(feature = "browser")]
pub use browser::load;
#[cfg(feature = "csr")]
pub use browser::load_bundled;

#[cfg(not(feature = "browser"))]
mod native {
    use leptos::prelude::use_context;

    use super::{I18n, Key, LabKey, Language, MessageKey};

    impl I18n {
        pub const fn new(language: Language) -> Self {
            Self { language }
        }

        /// The texts in the language that the server provides by context.
        pub fn current() -> Self {
            Self::new(use_context().unwrap_or_default())
        }
        pub const fn language(self) -> Language {
            self.language
        }
    }

    impl MessageKey for Key {
        fn text(self, i18n: I18n) -> &'static str {
            i18n.language.message(self)
        }
    }

    impl MessageKey for LabKey {
        fn text(self, i18n: I18n) -> &'static str {
            i18n.language.lab_message(self)
        }
    }
}

/// The texts of the page as JSON that is safe in a `<script>` element.
#[cfg(feature = "ssr")]
pub fn page_json(language: Language) -> String {
    // `<` occurs in strings only, where the escape means the same.
    serde_json::to_string(&page_texts(language)).unwrap_or_default().replace('<', "\\u003c")
}

/// The texts of the network lab by the names of their keys, as JSON that is safe in a `<script>` element.
#[cfg(feature = "ssr")]
pub fn lab_json(language: Language) -> String {
    let texts = LabKey::ALL.iter().map(|key| (format!("{key:?}"), language.lab_message(*key).into())).collect();
    serde_json::Value::Object(texts).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests;
