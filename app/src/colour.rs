//! What stands for a person when there is no picture: a colour and initials.

use parlor_protocol::UserId;

/// How many name colours the style sheet has: the classes `hue-0` to `hue-11`.
const HUES: u8 = 12;

/// The class of a person's colour. The same person has the same colour everywhere and for ever.
#[must_use]
pub fn class(user: UserId) -> &'static str {
    const CLASSES: [&str; HUES as usize] =
        ["hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "hue-7", "hue-8", "hue-9", "hue-10", "hue-11"];
    // Ids of version 7 begin with the time, so people who came at once differ only at the end. Folding takes all bytes.
    let folded = user.0.as_bytes().iter().fold(0_u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(*byte));
    CLASSES[usize::from(folded % HUES)]
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
