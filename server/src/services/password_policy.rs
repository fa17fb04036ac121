//! Which passwords people may choose: long enough and not easy to guess, whatever characters they consist of (NIST SP
//! 800-63B, "Password Verifiers").

use std::fmt;

use parlor_protocol::limits;
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

/// Only the beginning of a password is compared with common ones: the time for that grows with the square of the length.
const COMPARED_CHARS: usize = 32;

/// Why a password is too weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakPassword {
    /// Shorter than [`limits::MIN_PASSWORD_CHARS`].
    TooShort,
    /// Longer than [`limits::MAX_PASSWORD_BYTES`].
    TooLong,
    /// The name itself, a short sequence repeated, or a common password.
    Obvious,
}

impl fmt::Display for WeakPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "A password has at least {} characters.", limits::MIN_PASSWORD_CHARS),
            Self::TooLong => write!(f, "A password has at most {} bytes.", limits::MAX_PASSWORD_BYTES),
            Self::Obvious => f.write_str("This password is too easy to guess."),
        }
    }
}

/// The form in which passwords are hashed, NFKC: keyboards and systems encode the same text differently.
pub(super) fn normalise(password: &str) -> String {
    password.nfkc().collect()
}

/// Checks what takes no time: the length, and obvious passwords of a user of this name.
///
/// # Errors
/// See [`WeakPassword`].
pub(super) fn check_form(password: &str, name: &str) -> Result<(), WeakPassword> {
    if password.len() > limits::MAX_PASSWORD_BYTES {
        return Err(WeakPassword::TooLong);
    }
    let normalised = normalise(password);
    // Normalisation turns some characters into whole phrases.
    if password.chars().count().min(normalised.chars().count()) < limits::MIN_PASSWORD_CHARS {
        return Err(WeakPassword::TooShort);
    }
    let (password, name) = (normalised.to_lowercase(), name.to_lowercase());
    if password == name || is_repetition(&password) {
        return Err(WeakPassword::Obvious);
    }
    Ok(())
}

/// Whether a password is common: one of 30,000 passwords of leaked lists, a word, a name, a date or a row of keys, or little
/// more than one. `words` are those of this server and person. Takes milliseconds.
pub(super) fn is_common(password: &str, words: &[&str]) -> bool {
    let compared: String = normalise(password).chars().take(COMPARED_CHARS).collect();
    // Fewer than a million guesses.
    zxcvbn(&compared, words).score() < Score::Two
}

/// Whether it repeats a sequence that is too short for a password itself.
fn is_repetition(password: &str) -> bool {
    let chars: Vec<_> = password.chars().collect();
    let most = chars.len().saturating_sub(1).min(limits::MIN_PASSWORD_CHARS.saturating_sub(1));
    (1..=most).any(|length| chars.chunks(length).all(|piece| *piece == chars[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_is_length() {
        assert_eq!(check_form("short", "ann"), Err(WeakPassword::TooShort));
        assert_eq!(check_form("\u{fdfa}", "ann"), Err(WeakPassword::TooShort), "18 characters in NFKC");
        assert_eq!(
            check_form("e\u{301}e\u{301}e\u{301}abc", "ann"),
            Err(WeakPassword::TooShort),
            "6 characters in NFKC"
        );
        assert_eq!(check_form("正确的马电池订书钉吧", "ann"), Ok(()));
        for again in ["aaaaaaaaaaaa", "passwordpassword", "PasswordpassworD", "123123123123", "密码密码密码密码密码"]
        {
            assert_eq!(check_form(again, "ann"), Err(WeakPassword::Obvious), "{again}");
        }
        assert_eq!(check_form("correct horse correct horse ", "ann"), Ok(()), "what would do by itself");
        assert_eq!(check_form("passwordpasswort", "ann"), Ok(()));
        assert_eq!(check_form("Ann Miller", "ann miller"), Err(WeakPassword::Obvious));
        assert_eq!(check_form(&"a b".repeat(500), "ann"), Err(WeakPassword::TooLong));
    }

    #[test]
    fn common_passwords_are_recognised() {
        let words = ["ann", "Tea House", "parlor"];
        for common in [
            "1234567890",
            "qwertyuiop",
            "password123",
            "Password123",
            "ｐａｓｓｗｏｒｄ１２３",
            "p@ssw0rd123",
            "iloveyou123",
            "1q2w3e4r5t",
            "abcdefghij",
            "ann1234567",
            "Parlor2026",
            "teahouse123",
        ] {
            let words: Vec<_> = words.iter().copied().chain(["teahouse"]).collect();
            assert!(is_common(common, &words), "{common}");
        }
        for other in [
            "correct horse battery",
            "another password",
            "正确的马电池订书钉吧",
            "a long enough password",
            "my dog is old",
        ] {
            assert!(!is_common(other, &words), "{other}");
        }
        // It takes no longer for long ones.
        assert!(!is_common(&"a@4b8c(3e61!|10$5+7%2z".repeat(40), &words));
    }
}
