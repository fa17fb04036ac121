//! WebSocket frames (RFC 6455, section 5) for a client of a trusted server: no fragments, no extensions.

use std::ops::Range;

use anyhow::ensure;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
/// The end, perhaps with a code.
pub const CLOSE: u8 = 8;
/// To be answered with [`PONG`].
pub const PING: u8 = 9;
/// Answers [`PING`].
pub const PONG: u8 = 10;

const MASKED: u8 = 0x80;

/// Appends a client frame. Its mask is 0, which saves masking here; the server unmasks it as usual.
pub fn put(out: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    out.push(0x80 | kind);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => out.push(MASKED | length),
        (_, Ok(length)) => {
            out.push(MASKED | 126);
            out.extend(length.to_be_bytes());
        }
        _ => {
            out.push(MASKED | 127);
            out.extend((payload.len() as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
}

/// [`put`] into a new buffer.
pub fn masked(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    put(&mut frame, kind, payload);
    frame
}

/// Opcode and payload range of the first server frame, if it is complete.
///
/// # Errors
/// The frame is fragmented, masked, or uses an extension.
pub fn frame_in(bytes: &[u8]) -> anyhow::Result<Option<(u8, Range<usize>)>> {
    let Some([first, second]) = bytes.first_chunk() else { return Ok(None) };
    ensure!(first & 0xf0 == 0x80 && second & 0x80 == 0, "a frame in parts, with extensions, or masked");
    let (length, begin) = match second {
        126 => {
            (bytes.get(2..4).and_then(|rest| rest.first_chunk()).map(|size| u64::from(u16::from_be_bytes(*size))), 4)
        }
        127 => (bytes.get(2..10).and_then(|rest| rest.first_chunk()).map(|size| u64::from_be_bytes(*size)), 10),
        length => (Some(u64::from(*length)), 2),
    };
    let Some(length) = length else { return Ok(None) };
    let end = begin + usize::try_from(length)?;
    Ok((bytes.len() >= end).then_some((first & 0x0f, begin..end)))
}

/// A client's upgrade request (RFC 6455, section 4.1). `more` contains further header lines with their line ends.
pub fn upgrade(host: impl std::fmt::Display, path: &str, more: &str) -> String {
    // A fixed key: it only prevents caches from answering, and there are none.
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGFybG9yLWZpZ3VyZXMtMQ==\r\n{more}\r\n"
    )
}

/// Offset of the first frame, once the response to the upgrade is complete.
pub fn upgraded(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    /// Maximum length of a response head.
    const MAX_HEAD: usize = 16 * 1024;
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        ensure!(bytes.len() < MAX_HEAD, "the answer to the upgrade has no end");
        return Ok(None);
    };
    let first = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    ensure!(first.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(first));
    Ok(Some(end + 4))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A frame as a server sends it.
    fn unmasked(payload: &[u8]) -> Vec<u8> {
        let mut frame = masked(TEXT, payload);
        let mask = frame.len() - payload.len() - 4;
        frame.drain(mask..mask + 4);
        frame[1] &= 0x7f;
        frame
    }

    #[test]
    fn complete_frames_of_every_length_are_parsed() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let frame = unmasked(&vec![b'x'; length]);
            let (kind, at) = frame_in(&frame).unwrap().unwrap();
            assert_eq!((kind, at.len(), at.end), (TEXT, length, frame.len()));
            for cut in (0..frame.len()).rev().take(20) {
                assert_eq!(frame_in(&frame[..cut]).unwrap(), None, "{cut} of {}", frame.len());
            }
        }
        assert!(frame_in(&masked(TEXT, b"from a client")).is_err());
    }

    #[test]
    fn upgrade_responses_are_parsed() {
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00";
        assert_eq!(upgraded(answer).unwrap(), Some(answer.len() - 2));
        assert_eq!(upgraded(&answer[..20]).unwrap(), None);
        assert!(upgraded(b"HTTP/1.1 401 Unauthorized\r\n\r\n").unwrap_err().to_string().contains("401"));
        assert!(upgrade("127.0.0.1:1", "/x", "").ends_with("==\r\n\r\n"));
    }
}
