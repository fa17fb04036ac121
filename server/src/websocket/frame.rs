//! Encodes frames as a server sends them: unfragmented and unmasked (RFC 6455, section 5.2).

/// The type of a frame (RFC 6455, section 11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// Continues a fragmented message.
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// The first bit of a frame: the last one of its message.
pub(super) const FIN: u8 = 0x80;

/// Longest payload of a control frame, in bytes (section 5.5).
pub const MAX_CONTROL: usize = 125;

/// A heartbeat: a ping without a payload.
pub const PING: &[u8] = &[FIN | 0x9, 0];

impl Opcode {
    pub(super) const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Appends one frame.
pub fn put(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.push(FIN | opcode.bits());
    let length = payload.len();
    if let Ok(short @ 0..=125) = u8::try_from(length) {
        out.push(short);
    } else if let Ok(medium) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&medium.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
    }
    out.extend_from_slice(payload);
}

pub fn single(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 10);
    put(&mut out, opcode, payload);
    out
}

/// A close frame with a code and a reason, which is truncated to fit.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..reason.floor_char_boundary(MAX_CONTROL - 2)]);
    single(Opcode::Close, &payload)
}

/// The payload of a frame that [`put`] encoded.
pub fn payload(frame: &[u8]) -> &[u8] {
    let header = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    frame.get(header..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_as_short_as_they_can_be() {
        for (length, header) in [(0, 2), (1, 2), (125, 2), (126, 4), (127, 4), (65_535, 4), (65_536, 10), (200_000, 10)]
        {
            let text = vec![b'x'; length];
            let frame = single(Opcode::Text, &text);
            assert_eq!(frame.len(), header + length);
            assert_eq!(frame[0], 0x81);
            assert_eq!(payload(&frame), text);
        }
        // RFC 6455, section 5.7: an unmasked text message.
        assert_eq!(single(Opcode::Text, b"Hello"), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(PING, single(Opcode::Ping, b""));
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = close(4000, &"ü".repeat(100));
        assert_eq!(frame.len(), 2 + MAX_CONTROL - 1);
        assert_eq!(payload(&frame)[..2], 4000_u16.to_be_bytes());
        assert!(std::str::from_utf8(&payload(&frame)[2..]).is_ok());
    }
}
