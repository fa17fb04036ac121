//! How a language is described to the one reader that colours them all.

/// A language, with what a reader's eye needs of its grammar.
pub(super) struct Language {
    /// The class of its code elements.
    pub(super) class: &'static str,
    /// What else people write behind the fence.
    pub(super) names: &'static [&'static str],
    pub(super) form: Form,
}

/// How a language is read.
pub(super) enum Form {
    /// Words, numbers, comments and strings.
    Words(Words),
    /// By the first characters of each line.
    Diff,
    /// Tags with attributes.
    Markup,
}

#[derive(Clone, Copy)]
pub(super) struct Words {
    /// Comments, strings and the like; the first whose start fits counts.
    pub(super) regions: &'static [Region],
    /// Separated by spaces.
    pub(super) keywords: &'static str,
    /// Separated by spaces.
    pub(super) constants: &'static str,
    /// Words like `Vec` are types.
    pub(super) types: bool,
    /// SELECT is select.
    pub(super) any_case: bool,
    /// Signs that begin a word of a class: `$name`, `@name`, `#include`.
    pub(super) sigils: &'static [(char, &'static str)],
    /// Words may have hyphens.
    pub(super) hyphens: bool,
    /// `'a` is a lifetime, `'a'` a string.
    pub(super) lifetimes: bool,
    /// What follows a word or string that is a key.
    pub(super) key: Option<char>,
}

/// A stretch of text with a start and an end.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub(super) class: &'static str,
    pub(super) start: &'static str,
    /// Empty: the end of the line.
    pub(super) end: &'static str,
    /// A backslash takes the next character's meaning.
    pub(super) escapes: bool,
    /// May go on over a line's end.
    pub(super) lines: bool,
}

pub(super) const fn comment(start: &'static str) -> Region {
    Region { class: "hl-comment", start, end: "", escapes: false, lines: false }
}
pub(super) const fn comments(start: &'static str, end: &'static str) -> Region {
    Region { class: "hl-comment", start, end, escapes: false, lines: true }
}
pub(super) const fn string(quote: &'static str) -> Region {
    Region { class: "hl-string", start: quote, end: quote, escapes: true, lines: false }
}
pub(super) const fn text(start: &'static str, end: &'static str, escapes: bool) -> Region {
    Region { class: "hl-string", start, end, escapes, lines: true }
}
pub(super) const fn mark(start: &'static str, end: &'static str) -> Region {
    Region { class: "hl-entity", start, end, escapes: false, lines: false }
}

/// A language of which nothing is known.
pub(super) const PLAIN: Words = Words {
    regions: &[],
    keywords: "",
    constants: "",
    types: false,
    any_case: false,
    sigils: &[],
    hyphens: false,
    lifetimes: false,
    key: None,
};
