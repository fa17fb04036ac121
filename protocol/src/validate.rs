//! Validation of names, topics and message bodies, used by the browser before sending and by the server before storing.

use std::fmt;

use crate::{error_code, limits};

/// Why a text is invalid. [`fmt::Display`] gives a sentence for users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationError {
    /// Nothing visible.
    Empty,
    /// Longer than the maximum length.
    TooLong {
        /// Length in characters (Unicode scalar values).
        chars: usize,
        /// Maximum length in characters.
        limit: usize,
    },
    /// Contains a control character, or one that is invisible or changes the direction of the text around it.
    ForbiddenCharacter,
}

impl ValidationError {
    /// The error's machine-readable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => error_code::EMPTY,
            Self::TooLong { .. } => error_code::TOO_LONG,
            Self::ForbiddenCharacter => error_code::BAD_CHARACTERS,
        }
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Text is required."),
            Self::TooLong { chars, limit } => {
                write!(f, "The text has {chars} characters. The maximum is {limit}.")
            }
            Self::ForbiddenCharacter => f.write_str("The text contains a character that is not allowed."),
        }
    }
}

/// Validates a message body and trims blank lines at its start and white space at its end.
///
/// Leading spaces of the first line are kept, because they are significant in code.
///
/// # Errors
/// [`ValidationError::Empty`], [`ValidationError::TooLong`]; [`ValidationError::ForbiddenCharacter`] for control characters
/// other than tabs and line ends: a terminal would obey them.
pub fn body(text: &str) -> Result<&str, ValidationError> {
    let text = trim_body(text);
    if text.chars().all(is_blank) {
        return Err(ValidationError::Empty);
    }
    if text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(ValidationError::ForbiddenCharacter);
    }
    check_length(text, limits::MAX_BODY_CHARS)?;
    Ok(text)
}

/// The length of a message body after trimming, in characters: what [`body`] compares with [`limits::MAX_BODY_CHARS`].
#[must_use]
pub fn body_chars(text: &str) -> usize {
    trim_body(text).chars().count()
}

fn trim_body(text: &str) -> &str {
    let text = text.trim_end();
    let first = text.find(|c: char| !c.is_whitespace()).unwrap_or(0);
    let line = text[..first].rfind('\n').map_or(0, |end| end + 1);
    &text[line..]
}

/// Validates a user's name: trims it and replaces each run of white space by one space.
///
/// # Errors
/// [`ValidationError::Empty`], [`ValidationError::TooLong`], [`ValidationError::ForbiddenCharacter`].
pub fn name(text: &str) -> Result<String, ValidationError> {
    single_line(text, limits::MAX_NAME_CHARS)
}

/// Validates a room's name: trims it and replaces each run of white space by one space.
///
/// # Errors
/// [`ValidationError::Empty`], [`ValidationError::TooLong`], [`ValidationError::ForbiddenCharacter`].
pub fn room_name(text: &str) -> Result<String, ValidationError> {
    single_line(text, limits::MAX_ROOM_NAME_CHARS)
}

/// Validates the server's name: trims it and replaces each run of white space by one space.
///
/// # Errors
/// [`ValidationError::Empty`], [`ValidationError::TooLong`], [`ValidationError::ForbiddenCharacter`].
pub fn server_name(text: &str) -> Result<String, ValidationError> {
    single_line(text, limits::MAX_SERVER_NAME_CHARS)
}

/// Validates a room's topic, which may be empty: trims it and replaces each run of white space by one space.
///
/// # Errors
/// [`ValidationError::TooLong`], [`ValidationError::ForbiddenCharacter`].
pub fn topic(text: &str) -> Result<String, ValidationError> {
    match single_line(text, limits::MAX_TOPIC_CHARS) {
        Err(ValidationError::Empty) => Ok(String::new()),
        other => other,
    }
}

/// Validates the reason of a ban: trims it and replaces each run of white space by one space.
///
/// # Errors
/// [`ValidationError::Empty`], [`ValidationError::TooLong`], [`ValidationError::ForbiddenCharacter`].
pub fn reason(text: &str) -> Result<String, ValidationError> {
    single_line(text, limits::MAX_REASON_CHARS)
}

fn single_line(input: &str, limit: usize) -> Result<String, ValidationError> {
    let text = input.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().any(is_forbidden) {
        return Err(ValidationError::ForbiddenCharacter);
    }
    if text.chars().all(is_blank) {
        return Err(ValidationError::Empty);
    }
    check_length(&text, limit)?;
    Ok(text)
}

fn check_length(text: &str, limit: usize) -> Result<(), ValidationError> {
    // A character is at least one byte, so most texts need no counting.
    if text.len() <= limit {
        return Ok(());
    }
    match text.chars().count() {
        chars if chars <= limit => Ok(()),
        chars => Err(ValidationError::TooLong { chars, limit }),
    }
}

/// Whether a name must not contain this character: controls, invisible characters, marks that reorder text (Unicode
/// Bidirectional Algorithm, UAX #9, section 2), and noncharacters. The joiners U+200C and U+200D are allowed; scripts and
/// emoji need them.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || c as u32 & 0xfffe == 0xfffe
}

/// Whether a character shows nothing: white space, controls, invisible characters, fillers and the empty Braille pattern.
#[must_use]
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// Whether a character has no width and no shape: `Default_Ignorable_Code_Point` (UAX #44) without the fillers of Hangul.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_keeps_indentation_and_trims_blank_lines() {
        assert_eq!(body("\n \n    code\nmore  \n\n"), Ok("    code\nmore"));
        assert_eq!(body("hi"), Ok("hi"));
        assert_eq!(body(" \n\t\r\n "), Err(ValidationError::Empty));
        assert_eq!(body(""), Err(ValidationError::Empty));
    }

    #[test]
    fn texts_of_invisible_characters_are_empty() {
        for blank in [
            "",
            " ",
            "\u{2800}",
            "\u{200b}",
            "\u{2060}\n\u{3164}",
            "\u{ad}\u{fe0f}",
            "\u{e0041}\u{feff} \u{3000}",
            "\x1b\0",
        ] {
            assert_eq!(body(blank), Err(ValidationError::Empty), "{blank:?}");
        }
        for blank in ["", " ", "\u{2800}", "\u{3164}\u{200d}", "\u{ad}\u{fe0f}"] {
            for check in [name, room_name, server_name, reason] {
                assert_eq!(check(blank), Err(ValidationError::Empty), "{blank:?}");
            }
            assert_eq!(topic(blank), Ok(String::new()), "{blank:?}");
        }
        assert_eq!(body("\u{200b}x\u{2800}"), Ok("\u{200b}x\u{2800}"));
    }

    #[test]
    fn control_characters_are_refused_everywhere() {
        for c in ('\0'..='\u{9f}').filter(|c| c.is_control()) {
            let text = format!("a{c}b");
            let is_kept = matches!(c, '\t' | '\n' | '\r');
            assert_eq!(
                body(&text),
                if is_kept { Ok(&*text) } else { Err(ValidationError::ForbiddenCharacter) },
                "{text:?}"
            );
            for check in [name, room_name, server_name, topic, reason] {
                let expected =
                    if c.is_whitespace() { Ok("a b".into()) } else { Err(ValidationError::ForbiddenCharacter) };
                assert_eq!(check(&text), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn body_chars_counts_the_trimmed_body() {
        assert_eq!(body_chars("\n  字\n \n"), 3);
        assert_eq!(body_chars(" \n\t "), 0);
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        let chinese = "字".repeat(limits::MAX_BODY_CHARS);
        assert_eq!(body(&chinese), Ok(chinese.as_str()));
        assert_eq!(
            body(&format!("{chinese}字")),
            Err(ValidationError::TooLong { chars: limits::MAX_BODY_CHARS + 1, limit: limits::MAX_BODY_CHARS })
        );
        assert!(name(&"名".repeat(limits::MAX_NAME_CHARS)).is_ok());
        assert!(name(&"名".repeat(limits::MAX_NAME_CHARS + 1)).is_err());
    }

    #[test]
    fn names_are_normalised_and_reject_invisible_characters() {
        assert_eq!(name("  ann \t lee "), Ok("ann lee".into()));
        assert_eq!(name("👩‍💻 dev"), Ok("👩‍💻 dev".into()));
        assert_eq!(name("ann\u{202e}nna"), Err(ValidationError::ForbiddenCharacter));
        assert_eq!(name("a\u{0}b"), Err(ValidationError::ForbiddenCharacter));
        assert_eq!(name("\u{200b}"), Err(ValidationError::ForbiddenCharacter));
        assert_eq!(name("a\u{fdd0}"), Err(ValidationError::ForbiddenCharacter));
        assert_eq!(name("a\u{1ffff}"), Err(ValidationError::ForbiddenCharacter));
        assert_eq!(name("   "), Err(ValidationError::Empty));
    }
}
