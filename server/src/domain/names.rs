//! Comparing names of people: two names with the same key count as the same.

use super::Name;
use parlor_protocol::{limits, validate};
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton as confusable_skeleton;

/// The comparison key of a name: names with the same key look alike or differ in case only. Empty for a name without visible
/// characters.
///
/// Compatibility forms are unified (NFKC, UAX #15). Case is folded through upper case, which also unifies `ß` and `ss`, `ς`
/// and `σ`. Invisible characters are removed, and all spaces are equal. Similar letters of different scripts stay different; see
/// [`skeleton`].
pub fn key(name: &str) -> String {
    // Nearly all names.
    if name.is_ascii() {
        return spaced(&name.to_ascii_lowercase());
    }
    let seen =
        |text: &str| -> String { text.chars().filter(|c| !validate::is_invisible(*c)).map(plain_space).collect() };
    let folded: String = seen(name)
        .nfkc()
        // To lower case first: the capital of `ß` is its own upper case.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    spaced(&seen(&folded.nfkc().collect::<String>()))
}

/// What a name looks like: names of any scripts with the same skeleton can be taken for each other (UTS #39, section 4),
/// whatever their case. It depends on the Unicode data of the crate, so an update of that needs a migration that sets the
/// stored ones to NULL.
pub fn skeleton(name: &str) -> String {
    // Letters look alike in one case only (`М`, `M`), so both are unified.
    let lower = key(&confusable_skeleton(&name.nfkc().collect::<String>()).collect::<String>());
    // The upper case of `i` looks like `l`.
    key(&confusable_skeleton(&lower).collect::<String>()).replace('l', "i")
}

/// The name of users who have deleted their account.
pub const DELETED_USER: &str = "Deleted user";

/// Whether a name is reserved: nobody can continue under the name of deleted users.
pub fn is_reserved(name: &Name) -> bool {
    name.conflicts_with(DELETED_USER)
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
        let is_reserved = |name: &str| is_reserved(&Name::new(name.into()));
        assert!(is_reserved("deleted  USER") && is_reserved("Dеlеtеd usеr") && !is_reserved("deleted users"));
    }

    #[test]
    fn names_of_different_scripts_that_look_alike_conflict() {
        let conflict = |one: &str, other: &str| {
            let conflict = Name::new(one.into()).conflicts_with(other);
            assert_eq!(conflict, Name::new(other.into()).conflicts_with(one), "{one:?} {other:?}");
            conflict
        };
        for (one, other) in [
            ("аnn", "ann"),
            ("Аnn", "ANN"),
            ("ΑΝΝ", "Ann"),
            ("ВОВ", "bob"),
            ("mаrtin", "Martin"),
            ("Іаn", "ian"),
            ("іаn", "Ian"),
            ("раураl", "PayPal"),
            ("аnn lее", "Ann  Lee"),
            ("сосо", "coco"),
            ("Ann", "ann"),
        ] {
            assert!(conflict(one, other), "{one:?} {other:?}");
        }
        // Letters of ASCII are told apart by their shape in the page's font.
        for (one, other) in
            [("Ian", "Lan"), ("barn", "bam"), ("ann 1", "ann l"), ("анна", "anna"), ("Zoé", "Zoe"), ("王", "玉")]
        {
            assert!(!conflict(one, other), "{one:?} {other:?}");
        }
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
