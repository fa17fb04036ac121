//! Detects complete `send` frames in a client's bytes: over WebSocket (RFC 6455, section 5.2) or in a POST.

/// Incremental detector.
#[derive(Debug, Default)]
pub(super) struct SendDetector {
    state: State,
    bytes: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    /// Reading the head of a request.
    #[default]
    Head,
    /// Reading the body of a request of this length.
    Body(usize),
    /// Reading WebSocket frames after the upgrade.
    Frames,
    /// Out of sync.
    Lost,
}

/// Maximum size of a request head or frame.
const MOST: usize = 256 * 1024;

const SEND: &[u8] = br#""type":"send""#;

impl SendDetector {
    /// Takes the client's next bytes and returns the number of `send` frames that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.extend_from_slice(bytes);
        let mut sends = 0;
        while let Some((length, found)) = self.next() {
            self.bytes.drain(..length);
            sends += found;
        }
        if self.bytes.len() > MOST {
            self.state = State::Lost;
        }
        if matches!(self.state, State::Lost) {
            self.bytes.clear();
        }
        sends
    }

    /// The next complete unit: its length and the number of `send` frames in it.
    fn next(&mut self) -> Option<(usize, u32)> {
        match self.state {
            State::Head => {
                let end = find(&self.bytes, b"\r\n\r\n")? + 4;
                let head = String::from_utf8_lossy(&self.bytes[..end]).to_ascii_lowercase();
                let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let length = field("content-length:").and_then(|length| length.parse().ok());
                self.state = match length {
                    _ if field("upgrade:") == Some("websocket") => State::Frames,
                    Some(length) => State::Body(length),
                    None => State::Head,
                };
                Some((end, 0))
            }
            State::Body(length) if self.bytes.len() >= length => {
                self.state = State::Head;
                Some((length, count(&self.bytes[..length])))
            }
            State::Frames => {
                let (start, key, length) = frame(&self.bytes)?;
                let masked = self.bytes.get(start..start.checked_add(length)?)?;
                let text: Vec<u8> = masked.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
                Some((start + length, count(&text)))
            }
            State::Body(_) | State::Lost => None,
        }
    }
}

/// Offset, mask and length of a frame's payload.
fn frame(bytes: &[u8]) -> Option<(usize, [u8; 4], usize)> {
    let short = usize::from(*bytes.get(1)? & 0x7f);
    let (at, length) = match short {
        126 => (4, bytes.get(2..4)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))),
        127 => (10, bytes.get(2..10)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))),
        short => (2, short),
    };
    if bytes[1] & 0x80 == 0 {
        return Some((at, [0; 4], length));
    }
    let key = bytes.get(at..at + 4)?.try_into().ok()?;
    Some((at + 4, key, length))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn count(bytes: &[u8]) -> u32 {
    u32::from(find(bytes, SEND).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &[u8]) -> Vec<u8> {
        let key = [1, 2, 3, 4];
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend(u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
        frame.extend(key);
        frame.extend(text.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        frame
    }

    const UPGRADE: &[u8] = b"GET /live/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n";

    /// Detected once, and at the last byte, regardless of chunking.
    fn assert_detected_at_the_last_byte(bytes: &[u8]) {
        let mut detector = SendDetector::default();
        let (last, rest) = bytes.split_last().map_or((&0, bytes), |split| split);
        let early: u32 = rest.iter().map(|byte| detector.feed(&[*byte])).sum();
        assert_eq!(early, 0);
        assert_eq!(detector.feed(&[*last]), 1);
        assert_eq!(SendDetector::default().feed(bytes), 1);
    }

    #[test]
    fn detects_a_send_over_websocket() {
        let frames = [masked(br#"{"type":"hello","protocol":1}"#), masked(br#"{"type":"send","id":"x"}"#)].concat();
        assert_detected_at_the_last_byte(&[UPGRADE, &frames].concat());
    }

    #[test]
    fn detects_a_send_in_a_post() {
        let get = b"GET /live/sse HTTP/1.1\r\nHost: x\r\n\r\n";
        let body = br#"[{"type":"send","id":"x"}]"#;
        let post = format!("POST /live/frames HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
        assert_detected_at_the_last_byte(&[&get[..], post.as_bytes(), body].concat());
    }

    #[test]
    fn ignores_other_frames() {
        let frames = [masked(br#"{"type":"ping","at":1}"#), masked(b"")].concat();
        assert_eq!(SendDetector::default().feed(&[UPGRADE, &frames].concat()), 0);
    }
}
