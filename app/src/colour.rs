//! A user's avatar: a colour and initials.

use parlor_protocol::{User, UserId, limits};

/// The style sheet's classes for the colours.
const CLASSES: [&str; limits::COLOUR_COUNT as usize] =
    ["hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "hue-7", "hue-8", "hue-9", "hue-10", "hue-11"];

/// The class of a user's colour: the one that they chose, else their default.
pub fn class(user: &User) -> &'static str {
    CLASSES.get(usize::from(user.colour.unwrap_or_else(|| default_colour(user.id)))).unwrap_or(&CLASSES[0])
}

/// The colour of a user who has not chosen one, derived from the id.
pub fn default_colour(user: UserId) -> u8 {
    // Ids of version 7 begin with the time, so those of users who joined together differ only at the end.
    user.0.as_bytes().iter().fold(0_u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(*byte)) % limits::COLOUR_COUNT
}

/// The first letters of a name's first and last word. The style sheet capitalises them.
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
    fn initials_work_in_many_scripts() {
        assert_eq!(initials("ann"), "a");
        assert_eq!(initials("ann mary Lee"), "aL");
        assert_eq!(initials("Guest 7"), "G7");
        assert_eq!(initials("王小明"), "王");
        assert_eq!(initials("ann (away)"), "a");
        assert_eq!(initials("(x) ann"), "(");
        assert_eq!(initials(""), "");
    }
}
