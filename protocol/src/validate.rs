//! Rules for what people type: names and bodies. The browser asks before it sends, the server before it stores.

use std::fmt;

use crate::{limits, refusal};

/// Why a text is not accepted. [`fmt::Display`] gives the sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Nothing is left after trimming.
    Empty,
    /// Longer than the limit.
    TooLong {
        /// Its length in Unicode scalar values.
        chars: usize,
        /// The limit.
        limit: usize,
    },
    /// A control character, or one that changes the direction of the text around it.
    Hidden,
}

impl Invalid {
    /// The code for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => refusal::EMPTY,
            Self::TooLong { .. } => refusal::TOO_LONG,
            Self::Hidden => refusal::BAD_CHARACTERS,
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("There is nothing in it."),
            Self::TooLong { chars, limit } => {
                write!(f, "It is {chars} characters long; {limit} are allowed.")
            }
            Self::Hidden => f.write_str("It has a character that cannot be shown."),
        }
    }
}

/// The body of a message, trimmed of empty lines before and white space after it.
///
/// Leading spaces of the first line stay: they mean something in code.
///
/// # Errors
/// [`Invalid::Empty`], [`Invalid::TooLong`]; [`Invalid::Hidden`] for U+0000, which ends texts in places.
pub fn body(text: &str) -> Result<&str, Invalid> {
    let text = text.trim_end();
    let first = text.find(|c: char| !c.is_whitespace()).ok_or(Invalid::Empty)?;
    let text = &text[text[..first].rfind('\n').map_or(0, |end| end + 1)..];
    if text.contains('\0') {
        return Err(Invalid::Hidden);
    }
    within(text, limits::MAX_BODY_CHARS)?;
    Ok(text)
}

/// A person's name: trimmed, inner white space folded to single spaces.
///
/// # Errors
/// [`Invalid::Empty`], [`Invalid::TooLong`], [`Invalid::Hidden`].
pub fn name(text: &str) -> Result<String, Invalid> {
    label(text, limits::MAX_NAME_CHARS)
}

/// A room's name: trimmed, inner white space folded to single spaces.
///
/// # Errors
/// [`Invalid::Empty`], [`Invalid::TooLong`], [`Invalid::Hidden`].
pub fn room_name(text: &str) -> Result<String, Invalid> {
    label(text, limits::MAX_ROOM_NAME_CHARS)
}

/// What a room is about: one line, trimmed, inner white space folded to single spaces. It may be empty.
///
/// # Errors
/// [`Invalid::TooLong`], [`Invalid::Hidden`].
pub fn topic(text: &str) -> Result<String, Invalid> {
    match label(text, limits::MAX_TOPIC_CHARS) {
        Err(Invalid::Empty) => Ok(String::new()),
        other => other,
    }
}

/// Why someone is banned: one line, trimmed, inner white space folded to single spaces.
///
/// # Errors
/// [`Invalid::Empty`], [`Invalid::TooLong`], [`Invalid::Hidden`].
pub fn reason(text: &str) -> Result<String, Invalid> {
    label(text, limits::MAX_REASON_CHARS)
}

fn label(text: &str, limit: usize) -> Result<String, Invalid> {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.chars().any(is_hidden) {
        return Err(Invalid::Hidden);
    }
    if folded.is_empty() {
        return Err(Invalid::Empty);
    }
    within(&folded, limit)?;
    Ok(folded)
}

fn within(text: &str, limit: usize) -> Result<(), Invalid> {
    // Every char is at least one byte: most texts need no counting.
    if text.len() <= limit {
        return Ok(());
    }
    match text.chars().count() {
        chars if chars <= limit => Ok(()),
        chars => Err(Invalid::TooLong { chars, limit }),
    }
}

/// Characters that have no place in a name: controls, and marks that reorder or hide the text around them
/// (Unicode Bidirectional Algorithm, UAX #9, section 2). The joiners U+200C and U+200D stay: scripts and emoji need them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_keeps_indent_and_drops_blank_ends() {
        assert_eq!(body("\n \n    code\nmore  \n\n"), Ok("    code\nmore"));
        assert_eq!(body("hi"), Ok("hi"));
        assert_eq!(body(" \n\t\r\n "), Err(Invalid::Empty));
        assert_eq!(body(""), Err(Invalid::Empty));
        assert_eq!(body("a\0b"), Err(Invalid::Hidden));
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        let chinese = "字".repeat(limits::MAX_BODY_CHARS);
        assert_eq!(body(&chinese), Ok(chinese.as_str()));
        assert_eq!(
            body(&format!("{chinese}字")),
            Err(Invalid::TooLong { chars: limits::MAX_BODY_CHARS + 1, limit: limits::MAX_BODY_CHARS })
        );
        assert!(name(&"名".repeat(limits::MAX_NAME_CHARS)).is_ok());
        assert!(name(&"名".repeat(limits::MAX_NAME_CHARS + 1)).is_err());
    }

    #[test]
    fn names_are_folded_and_cannot_hide() {
        assert_eq!(name("  ann \t lee "), Ok("ann lee".into()));
        assert_eq!(name("👩‍💻 dev"), Ok("👩‍💻 dev".into()));
        assert_eq!(name("ann\u{202e}nna"), Err(Invalid::Hidden));
        assert_eq!(name("a\u{0}b"), Err(Invalid::Hidden));
        assert_eq!(name("\u{200b}"), Err(Invalid::Hidden));
        assert_eq!(name("   "), Err(Invalid::Empty));
    }
}
