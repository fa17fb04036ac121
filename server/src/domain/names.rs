//! Comparing names of people: two names with the same key count as the same.

use parlor_protocol::limits;
use unicode_normalization::UnicodeNormalization;

/// The comparison key of a name: names with the same key look alike or differ in case only. Empty for a name without visible
/// characters.
///
/// Compatibility forms are unified (NFKC, UAX #15). Case is folded through upper case, which also unifies `ß` and `ss`, `ς`
/// and `σ`. Invisible characters are removed, and all spaces are equal. Similar letters of different scripts stay different.
pub fn key(name: &str) -> String {
    // Nearly all names.
    if name.is_ascii() {
        return spaced(&name.to_ascii_lowercase());
    }
    let seen = |text: &str| -> String { text.chars().filter(|c| !is_unseen(*c)).map(plain_space).collect() };
    let folded: String = seen(name)
        .nfkc()
        // To lower case first: the capital of `ß` is its own upper case.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    spaced(&seen(&folded.nfkc().collect::<String>()))
}

/// The name of users who have deleted their account.
pub const DELETED_USER: &str = "Deleted user";

/// Whether the name with this key is reserved: nobody can continue under the name of deleted users.
pub fn is_reserved(key: &str) -> bool {
    key == self::key(DELETED_USER)
}

/// A variant of a taken name: `ann 2`, `ann 3` and so on.
pub fn variant(name: &str, number: u32) -> String {
    let end = format!(" {number}");
    let begin: String = name.chars().take(limits::MAX_NAME_CHARS - end.len()).collect();
    format!("{}{end}", begin.trim_end())
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that look like a space but are not in its class: fillers and the empty Braille pattern.
const fn plain_space(c: char) -> char {
    match c {
        '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => ' ',
        other => other,
    }
}

/// Default ignorable code points (UAX #44) that a name can have: joiners, selectors and other marks without a shape.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_alike_is_one() {
        for (one, other) in [
            ("Ann", "ann"),
            ("ＡＮＮ", "ann"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("ﬁn", "FIN"),
            ("é", "e\u{301}"),
            ("ann\u{a0}lee", "ann lee"),
            ("ann\u{3000}lee", "ann lee"),
            ("ann\u{2800}\u{3164}lee", "ann lee"),
            ("an\u{200d}n", "ann"),
            ("ann\u{fe0f}", "ann"),
            ("a\u{e0041}nn", "ann"),
            ("\u{212a}im", "kim"),
        ] {
            assert_eq!(key(one), key(other), "{one:?} {other:?}");
        }
        for (one, other) in [("ann", "anne"), ("字", "孑"), ("ann lee", "annlee"), ("a", "á"), ("👩", "👨")] {
            assert_ne!(key(one), key(other), "{one:?} {other:?}");
        }
        assert_eq!(key("\u{2800}\u{3164}\u{200d}"), "");
        assert!(is_reserved(&key("deleted  USER")) && !is_reserved("deleted users"));
    }

    #[test]
    fn a_variant_is_a_name_as_well() {
        assert_eq!(variant("Ann", 2), "Ann 2");
        let longest = "字".repeat(limits::MAX_NAME_CHARS);
        let other = variant(&longest, 10);
        assert!(other.ends_with("字 10") && other.chars().count() == limits::MAX_NAME_CHARS);
        assert_eq!(variant(&format!("{} b", "a".repeat(29)), 2), format!("{} 2", "a".repeat(29)));
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(name in ".{0,40}") {
            let once = key(&name);
            prop_assert_eq!(key(&once), once);
        }
    }
}
