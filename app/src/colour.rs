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

/// One or two letters of a name: of its first and last word, or its first one for scripts without capitals.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    match (first, last) {
        (Some(first), Some(last)) if first.is_alphabetic() && last.is_alphanumeric() => {
            first.to_uppercase().chain(last.to_uppercase()).collect()
        }
        (Some(first), _) => first.to_uppercase().collect(),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_many_scripts() {
        assert_eq!(initials("ann"), "A");
        assert_eq!(initials("ann mary lee"), "AL");
        assert_eq!(initials("Guest 7"), "G7");
        assert_eq!(initials("王小明"), "王");
        assert_eq!(initials(""), "");
    }
}
