//! WebSocket frames (RFC 6455, section 5), for unfragmented short messages only.

/// Maximum payload of a client's frame, in bytes.
pub(crate) const MAX_PAYLOAD: usize = 64 * 1024;
/// Maximum size of a client's frame: header with a 64-bit length, mask, payload.
pub(crate) const MAX_FRAME: usize = 14 + MAX_PAYLOAD;

/// A ping without payload.
pub(crate) const PING: [u8; 2] = [0x89, 0];
/// A close with status 1000.
pub(crate) const CLOSE: [u8; 4] = [0x88, 2, 0x03, 0xe8];

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSING: u8 = 0x8;
const PINGED: u8 = 0x9;
const PONGED: u8 = 0xa;

/// First byte of a pong.
pub(crate) const PONG_FIRST: u8 = 0x80 | PONGED;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Ping,
    Pong,
    Close,
}

/// A frame of a client, still masked.
pub(crate) struct Frame<'a> {
    pub(crate) kind: Kind,
    /// FIN and opcode.
    pub(crate) first: u8,
    pub(crate) mask: [u8; 4],
    pub(crate) payload: &'a [u8],
    /// Size of the whole frame.
    pub(crate) len: usize,
}

/// The frame is unmasked, fragmented, compressed, too long, or has an unknown opcode.
#[derive(Debug)]
pub(crate) struct Refused;

/// Parses the first frame. `None` if it is incomplete.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Frame<'_>>, Refused> {
    let &[first, second, ..] = bytes else { return Ok(None) };
    let kind = match first.wrapping_sub(0x80) {
        TEXT | BINARY => Kind::Message,
        CLOSING => Kind::Close,
        PINGED => Kind::Ping,
        PONGED => Kind::Pong,
        _ => return Err(Refused),
    };
    if second & 0x80 == 0 {
        return Err(Refused);
    }
    let (size, header) = match (second & 0x7f, bytes) {
        (126, &[_, _, a, b, ..]) => (usize::from(u16::from_be_bytes([a, b])), 4),
        (127, &[_, _, a, b, c, d, e, f, g, h, ..]) => {
            (usize::try_from(u64::from_be_bytes([a, b, c, d, e, f, g, h])).map_err(|_| Refused)?, 10)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (usize::from(short), 2),
    };
    if size > MAX_PAYLOAD || (kind != Kind::Message && size > 125) {
        return Err(Refused);
    }
    let len = header + 4 + size;
    let Some(&mask) = bytes.get(header..).and_then(|rest| rest.first_chunk::<4>()) else { return Ok(None) };
    Ok(bytes.get(header + 4..len).map(|payload| Frame { kind, first, mask, payload, len }))
}

/// Appends a frame of the server with the unmasked payload.
pub(crate) fn append(out: &mut Vec<u8>, first: u8, payload: &[u8], mask: [u8; 4]) {
    out.push(first);
    match payload.len() {
        size @ 0..=125 => out.push(size as u8),
        size @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(size as u16).to_be_bytes());
        }
        size => {
            out.push(127);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    let start = out.len();
    out.extend_from_slice(payload);
    unmask(&mut out[start..], mask);
}

/// Size of the first frame in `bytes`, which the server wrote.
pub(crate) fn server_frame_len(bytes: &[u8]) -> usize {
    match *bytes {
        [_, 126, a, b, ..] => 4 + usize::from(u16::from_be_bytes([a, b])),
        [_, 127, a, b, c, d, e, f, g, h, ..] => 10 + u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize,
        [_, short, ..] => 2 + usize::from(short),
        _ => bytes.len(),
    }
}

/// Eight bytes at a time, which the compiler vectorizes.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn from_client(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, first, payload, mask);
        bytes[1] |= 0x80;
        let header = bytes.len() - payload.len();
        bytes.splice(header..header, mask);
        bytes
    }

    #[test]
    fn client_frames_round_trip() {
        for size in [0, 1, 7, 8, 9, 125, 126, 1000, 65_535, MAX_PAYLOAD] {
            let payload: Vec<u8> = (0..size).map(|n| n as u8).collect();
            let sent = from_client(0x81, &payload, [1, 2, 3, 4]);
            for cut in [0, 1, 5, sent.len() - 1] {
                assert!(parse(&sent[..cut]).unwrap().is_none(), "{size} cut at {cut}");
            }
            let frame = parse(&sent).unwrap().unwrap();
            assert!(frame.kind == Kind::Message);
            assert_eq!(frame.len, sent.len());
            let mut out = Vec::new();
            append(&mut out, frame.first, frame.payload, frame.mask);
            assert_eq!(&out[out.len() - size..], payload);
            assert_eq!(server_frame_len(&out), out.len());
        }
    }

    #[test]
    fn unsupported_frames_are_rejected() {
        let too_long = [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1];
        for bytes in [&[0x81, 5][..], &[0x01, 0x85], &[0xc1, 0x85], &[0x83, 0x80], &[0x89, 0xfe, 0, 126], &too_long] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
