//! Body of a measured message: a marker to find it in any envelope, its sender, its number and its scheduled time. All
//! letters and digits, which neither JSON nor Markdown changes.

use memchr::memmem;

/// Start of a body. Occurs in no envelope.
pub const MARKER: &[u8; 8] = b"LdMarkXq";

const SENDER: usize = 8;
const NUMBER: usize = 8;
const TIME: usize = 16;

/// Minimum length of a body.
pub const LEAST: usize = MARKER.len() + SENDER + NUMBER + TIME;

/// Text that fills the rest of a body.
const FILLER: &[u8] =
    b" see you at seven then I will bring the salad and something to drink tell Ann to bring the chairs";

/// Sender and number of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRef {
    /// Index of the sender over all rooms.
    pub sender: u32,
    /// Index among the messages of its sender, from 0.
    pub number: u32,
}

/// Creates a body of this many bytes, at least [`LEAST`], without number and time.
pub fn template(sender: u32, length: usize) -> Vec<u8> {
    let mut body = MARKER.to_vec();
    body.resize(LEAST, b'0');
    write_hex(&mut body[MARKER.len()..MARKER.len() + SENDER], u64::from(sender));
    body.extend(FILLER.iter().cycle().take(length.saturating_sub(LEAST)));
    // A space at the end would be cut off as white space.
    if let Some(last @ b' ') = body.last_mut() {
        *last = b'.';
    }
    body
}

/// Writes number and time into a body, which may be part of a frame.
pub fn stamp(body: &mut [u8], number: u32, time: u64) {
    let at = MARKER.len() + SENDER;
    write_hex(&mut body[at..at + NUMBER], u64::from(number));
    write_hex(&mut body[at + NUMBER..at + NUMBER + TIME], time);
}

/// Finds the start of a body. `hint` is the previous one's, which is tried first.
pub fn find(frame: &[u8], hint: &mut usize) -> Option<usize> {
    if frame.get(*hint..*hint + MARKER.len()) == Some(MARKER) {
        return Some(*hint);
    }
    let at = memmem::find(frame, MARKER)?;
    *hint = at;
    Some(at)
}

/// Reads sender and number of a body. `None` if it was truncated or changed.
pub fn message_ref(body: &[u8]) -> Option<MessageRef> {
    let sender = read_hex(body.get(MARKER.len()..MARKER.len() + SENDER)?)?;
    let number = read_hex(body.get(MARKER.len() + SENDER..MARKER.len() + SENDER + NUMBER)?)?;
    Some(MessageRef { sender: u32::try_from(sender).ok()?, number: u32::try_from(number).ok()? })
}

/// Scheduled time of the message, in nanoseconds of the generator's clock.
pub fn time(body: &[u8]) -> Option<u64> {
    read_hex(body.get(LEAST - TIME..LEAST)?)
}

fn write_hex(digits: &mut [u8], mut value: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 0xf) as usize];
        value >>= 4;
    }
}

fn read_hex(digits: &[u8]) -> Option<u64> {
    let mut value = 0;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u64::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn stamps_round_trip() {
        let mut body = template(0xabc, 120);
        assert_eq!(body.len(), 120);
        stamp(&mut body, 77, 0x0123_4567_89ab_cdef);
        assert_eq!(message_ref(&body), Some(MessageRef { sender: 0xabc, number: 77 }));
        assert_eq!(time(&body), Some(0x0123_4567_89ab_cdef));
        assert_eq!(time(&body[..30]), None);
        body[12] = b'X';
        assert_eq!(message_ref(&body), None);
    }

    #[test]
    fn bodies_are_plain_text() {
        for length in LEAST..300 {
            let body = template(1, length);
            assert_eq!(body.len(), length);
            assert!(body.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.')));
            assert!(!body.ends_with(b" "));
        }
    }

    #[test]
    fn bodies_are_found_at_any_offset() {
        let mut hint = 3;
        let frame = [b"{\"body\":\"", &template(1, 60)[..], b"\"}"].concat();
        assert_eq!(find(&frame, &mut hint), Some(9));
        assert_eq!(hint, 9);
        assert_eq!(find(&frame, &mut hint), Some(9));
        assert_eq!(find(b"LdMark", &mut hint), None);
        assert_eq!(hint, 9);
    }
}
