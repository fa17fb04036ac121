//! Incremental UTF-8 validation (RFC 3629; RFC 6455, section 8.1).

/// The state between two pieces of a text.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    /// An incomplete character: at most three bytes.
    begun: [u8; 3],
    length: u8,
}

impl Utf8 {
    /// Validates the next piece; false as soon as the text cannot be valid any more. Not to be used after that.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> bool {
        while self.length > 0 {
            let [first, rest @ ..] = bytes else { return true };
            let at = usize::from(self.length);
            let mut character = [0; 4];
            character[..at].copy_from_slice(&self.begun[..at]);
            character[at] = *first;
            match std::str::from_utf8(&character[..=at]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return false,
                // Four bytes are a complete character or invalid.
                Err(_) => self.keep(&character[..=at]),
            }
            bytes = rest;
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                self.keep(bytes.get(error.valid_up_to()..).unwrap_or_default());
                true
            }
        }
    }

    fn keep(&mut self, character: &[u8]) {
        for (kept, byte) in self.begun.iter_mut().zip(character) {
            *kept = *byte;
        }
        self.length = u8::try_from(character.len()).unwrap_or_default().min(3);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The expected result by the standard library: no error, except that the end is missing.
    fn can_become_text(bytes: &[u8]) -> bool {
        std::str::from_utf8(bytes).err().is_none_or(|error| error.error_len().is_none())
    }

    /// After each byte of `bytes`, in two pieces.
    fn agrees(bytes: &[u8], cut: usize) {
        for end in 0..=bytes.len() {
            let (one, two) = bytes[..end].split_at(cut.min(end));
            let mut utf8 = Utf8::default();
            assert_eq!(utf8.push(one) && utf8.push(two), can_become_text(&bytes[..end]), "{:?}", &bytes[..end]);
        }
    }

    #[test]
    fn characters_of_all_lengths_and_what_is_none() {
        let texts: [&[u8]; 12] = [
            "a\u{e9}\u{4e16}\u{1f44b}z".as_bytes(),
            &[0xc0, 0xaf],
            &[0xe0, 0x80, 0xaf],
            &[0xf0, 0x80, 0x80, 0xaf],
            &[0xed, 0xa0, 0x80],
            &[0xed, 0xbf, 0xbf],
            &[0xf4, 0x90, 0x80, 0x80],
            &[0xf5, 0x80, 0x80, 0x80],
            &[0x80],
            &[0xe4, 0xb8, b'x'],
            &[0xf0, 0x9f, 0x91, 0xff],
            &[0xfe, 0xff],
        ];
        for text in texts {
            for cut in 0..=text.len() {
                agrees(text, cut);
            }
        }
    }

    proptest! {
        #[test]
        fn the_cut_does_not_matter(
            text in ".{0,12}",
            damage in proptest::option::of((any::<u8>(), any::<prop::sample::Index>())),
            cut in 0_usize..40,
        ) {
            let mut bytes = text.into_bytes();
            if let Some((byte, at)) = damage && !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            agrees(&bytes, cut);
            // One byte at a time.
            let mut utf8 = Utf8::default();
            let all = bytes.iter().all(|byte| utf8.push(&[*byte]));
            prop_assert_eq!(all, can_become_text(&bytes));
        }
    }
}
