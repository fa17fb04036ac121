//! Encodes and decodes frames on the client's side.

use tokio::{io::AsyncReadExt, net::TcpStream};

pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PONG: u8 = 0xa;

/// Opcode and payload of a server's frame.
pub(super) type Frame = (u8, Vec<u8>);

pub(super) const REQUEST: &str = "GET /lab/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
                                  Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A masked frame with this first byte and the shortest encoding of the length.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let form = match payload.len() {
        0..126 => 7,
        126..65_536 => 16,
        _ => 64,
    };
    frame_in(form, first, payload)
}

/// The same with the length in this many bits.
pub(super) fn frame_in(bits: u8, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, bits, payload.len() as u64);
    bytes.extend(masked(payload));
    bytes
}

/// The header, with a length that may be wrong.
pub(super) fn head(first: u8, bits: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match bits {
        7 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        16 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes
}

pub(super) fn masked(payload: &[u8]) -> Vec<u8> {
    payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

/// The same frame unmasked, as a server would send it.
pub(super) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(payload.len()).unwrap()], payload].concat()
}

/// A fragmented message.
pub(super) fn fragmented(opcode: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let last = pieces.len() - 1;
    let frame = |(n, piece): (usize, &&[u8])| {
        let opcode = if n == 0 { opcode } else { 0 };
        frame(opcode | if n == last { 0x80 } else { 0 }, piece)
    };
    pieces.iter().enumerate().flat_map(frame).collect()
}

pub(super) fn closing(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(0x88, &[&code.to_be_bytes()[..], reason].concat())
}

/// Reads the response head.
pub(super) async fn answer(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Decodes the server's frames: FIN, no reserved bits, no mask, shortest length.
pub(super) fn read(mut bytes: &[u8]) -> Result<Vec<Frame>, String> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (length, payload) = match bytes {
            [_, 126, a, b, rest @ ..] => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            [_, 127, rest @ ..] if rest.len() >= 8 => {
                let length = u64::from_be_bytes(rest[..8].try_into().unwrap());
                (usize::try_from(length).unwrap(), &rest[8..])
            }
            [_, short @ 0..=125, rest @ ..] => (usize::from(*short), rest),
            other => return Err(format!("not a server's frame: {:?}", &other[..other.len().min(16)])),
        };
        let shortest = match bytes[1] {
            126 => length > 125,
            127 => length > 65_535,
            _ => true,
        };
        if bytes[0] & 0xf0 != 0x80 || !shortest || payload.len() < length {
            return Err(format!("not a whole and plain frame: {:?}", &bytes[..bytes.len().min(16)]));
        }
        frames.push((bytes[0] & 0x0f, payload[..length].to_vec()));
        bytes = &payload[length..];
    }
    Ok(frames)
}

pub(super) fn shown(frames: &[Frame]) -> String {
    let one =
        |(opcode, payload): &Frame| format!("{opcode:x}:{}:{:?}", payload.len(), &payload[..payload.len().min(8)]);
    format!("[{}]", frames.iter().map(one).collect::<Vec<_>>().join(" "))
}
