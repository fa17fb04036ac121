//! What stands for a person when there is no picture: a colour and initials.

use parlor_protocol::{User, UserId, limits};

/// The classes that the style sheet has for the colours of names.
const CLASSES: [&str; limits::COLOUR_COUNT as usize] =
    ["hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "hue-7", "hue-8", "hue-9", "hue-10", "hue-11"];

/// The class of a person's colour: the one that they chose, or else one that follows from who they are.
#[must_use]
pub fn class(user: &User) -> &'static str {
    CLASSES.get(usize::from(user.colour.unwrap_or_else(|| usual(user.id)))).unwrap_or(&CLASSES[0])
}

/// The colour of who has not chosen one: the same everywhere and for ever.
#[must_use]
pub fn usual(user: UserId) -> u8 {
    // Ids of version 7 begin with the time, so people who came at once differ only at the end. Folding takes all bytes.
    user.0.as_bytes().iter().fold(0_u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(*byte)) % limits::COLOUR_COUNT
}

/// One or two letters of a name, of its first and its last word, as they are written: the style sheet makes capitals of
/// them. Rust's tables of letters and their capitals would be a kilobyte and a half of wasm.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let (first, last) = (words.next(), words.next_back());
    let is_letter = |c: &char| !c.is_ascii() || c.is_ascii_alphanumeric();
    match first {
        Some(first) if is_letter(&first) => [Some(first), last.filter(is_letter)].into_iter().flatten().collect(),
        _ => first.map(String::from).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_many_scripts() {
        assert_eq!(initials("ann"), "a");
        assert_eq!(initials("ann mary Lee"), "aL");
        assert_eq!(initials("Guest 7"), "G7");
        assert_eq!(initials("王小明"), "王");
        assert_eq!(initials("ann (away)"), "a");
        assert_eq!(initials("(x) ann"), "(");
        assert_eq!(initials(""), "");
    }
}
