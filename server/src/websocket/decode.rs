//! Decodes messages from the bytes of a client (RFC 6455, sections 5 and 7). Strict: everything that the RFC forbids is a
//! [`Violation`], which ends the connection.

use std::ops::Range;

use super::{
    frame::{FIN, Opcode},
    utf8::Utf8,
};

/// Decodes bytes into messages. Holds no memory between messages.
#[derive(Debug)]
pub struct Decoder {
    /// Received bytes; those before `taken` are decoded.
    bytes: Vec<u8>,
    taken: usize,
    /// The beginning of a fragmented message.
    begun: Option<Begun>,
    /// Bytes of the next frame's payload that were unmasked before the frame was complete.
    ahead: usize,
    /// Validates an incomplete text message. A complete one is validated at once.
    text: Utf8,
    /// Longest message, in bytes.
    limit: usize,
}

#[derive(Debug)]
struct Begun {
    opcode: Opcode,
    payload: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    /// Must be answered with a pong with this payload.
    Ping(&'a [u8]),
    Pong,
    /// A close frame with its code, if it has one.
    Close(Option<u16>),
}

/// A complete message in the decoder's memory, to be read by [`Decoder::lend`].
#[derive(Debug)]
pub struct Taken {
    opcode: Opcode,
    payload: Range<usize>,
}

/// A violation of the protocol. Nothing can be decoded after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    Protocol,
    /// A text message that is not UTF-8.
    Utf8,
    /// A message over the limit.
    TooLarge,
}

impl Violation {
    /// The code of the close frame (section 7.4.1).
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::Utf8 => 1007,
            Self::TooLarge => 1009,
        }
    }
}

/// The head of a frame (section 5.2).
struct Head {
    fin: bool,
    opcode: Opcode,
    /// Bytes before the payload, including the mask.
    length: usize,
    payload: usize,
    mask: [u8; 4],
}

impl Decoder {
    /// Decodes messages of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), taken: 0, begun: None, ahead: 0, text: Utf8::default(), limit }
    }

    /// Bytes that are in memory: of an incomplete message, or of messages that were not read yet.
    pub fn buffered(&self) -> usize {
        self.bytes.len() + self.begun.as_ref().map_or(0, |begun| begun.payload.len())
    }

    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message; `None` when more bytes are needed. Must be called until then: only incomplete messages stay in memory.
    pub fn message(&mut self) -> Result<Option<Message<'_>>, Violation> {
        let taken = self.take()?;
        taken.map(|taken| self.lend(taken)).transpose()
    }

    /// Finds the next message without borrowing the decoder, for callers that wait in between. Read it by [`Decoder::lend`].
    pub fn take(&mut self) -> Result<Option<Taken>, Violation> {
        loop {
            let Some(head) = self.head()? else {
                self.tidy();
                return Ok(None);
            };
            let whole = head.length + head.payload;
            if self.bytes.len() - self.taken < whole {
                if self.is_text(&head) {
                    self.look_ahead(&head, self.bytes.len())?;
                }
                self.tidy();
                return Ok(None);
            }
            let payload = self.taken + head.length..self.taken + whole;
            if head.opcode.is_control() || (head.opcode != Opcode::Continuation && head.fin) {
                let ahead = std::mem::take(&mut self.ahead);
                unmask(&mut self.bytes[payload.start + ahead..payload.end], head.mask, ahead);
                if ahead > 0 {
                    // A complete message is validated when it is lent.
                    self.text = Utf8::default();
                }
                self.taken += whole;
                return Ok(Some(Taken { opcode: head.opcode, payload }));
            }
            if self.is_text(&head) {
                self.look_ahead(&head, payload.end)?;
            } else {
                unmask(&mut self.bytes[payload.clone()], head.mask, 0);
            }
            self.ahead = 0;
            self.taken += whole;
            let begun = self.begun.get_or_insert_with(|| Begun { opcode: head.opcode, payload: Vec::new() });
            begun.payload.extend_from_slice(&self.bytes[payload]);
            if head.fin {
                self.text = Utf8::default();
                // The assembled message replaces the received bytes, so that it lives as long as the loan.
                let Some(Begun { opcode, payload }) = self.begun.take() else { continue };
                let rest = self.bytes.split_off(self.taken);
                self.bytes = payload;
                self.taken = self.bytes.len();
                self.bytes.extend_from_slice(&rest);
                return Ok(Some(Taken { opcode, payload: 0..self.taken }));
            }
        }
    }

    /// Whether a data frame belongs to a text message.
    fn is_text(&self, head: &Head) -> bool {
        match head.opcode {
            Opcode::Text => true,
            Opcode::Continuation => self.begun.as_ref().is_some_and(|begun| begun.opcode == Opcode::Text),
            _ => false,
        }
    }

    /// Unmasks the payload of a text message's next frame up to `end` in `bytes` and validates it, so that invalid text is
    /// rejected before the rest has arrived.
    fn look_ahead(&mut self, head: &Head, end: usize) -> Result<(), Violation> {
        let begin = self.taken + head.length + self.ahead;
        let Some(new) = self.bytes.get_mut(begin..end) else { return Ok(()) };
        unmask(new, head.mask, self.ahead);
        self.ahead += new.len();
        if self.text.push(new) { Ok(()) } else { Err(Violation::Utf8) }
    }

    /// Reads a message that was found by [`Decoder::take`].
    pub fn lend(&self, taken: Taken) -> Result<Message<'_>, Violation> {
        let payload = self.bytes.get(taken.payload).unwrap_or_default();
        match taken.opcode {
            Opcode::Text => std::str::from_utf8(payload).map(Message::Text).map_err(|_| Violation::Utf8),
            Opcode::Binary | Opcode::Continuation => Ok(Message::Binary(payload)),
            Opcode::Ping => Ok(Message::Ping(payload)),
            Opcode::Pong => Ok(Message::Pong),
            Opcode::Close => close(payload),
        }
    }

    /// The next frame's head, validated; `None` when it is incomplete.
    fn head(&self) -> Result<Option<Head>, Violation> {
        let [first, second, rest @ ..] = &self.bytes[self.taken..] else { return Ok(None) };
        let opcode = Opcode::from_bits(first & 0x0f).ok_or(Violation::Protocol)?;
        let fin = first & FIN != 0;
        let (reserved, masked) = (first & 0x70 != 0, second & 0x80 != 0);
        let goes_on = opcode == Opcode::Continuation;
        let (control, long) = (opcode.is_control(), second & 0x7f >= 126);
        if reserved || !masked {
            return Err(Violation::Protocol);
        }
        // Section 5.5: control frames are not fragmented and have at most 125 bytes.
        let misplaced = if control { !fin || long } else { goes_on != self.begun.is_some() };
        if misplaced {
            return Err(Violation::Protocol);
        }
        let (payload, after) = match (second & 0x7f, rest) {
            // "The minimal number of bytes MUST be used", and the first of 64 bits "MUST be 0".
            (126, [0, 0..=125, ..]) | (127, [0, 0, 0, 0, 0, 0, ..] | [0x80..=0xff, ..]) => {
                return Err(Violation::Protocol);
            }
            (126, [a, b, after @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), after),
            (127, [a, b, c, d, e, f, g, h, after @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), after)
            }
            (126 | 127, _) => return Ok(None),
            (short, after) => (u64::from(short), after),
        };
        let payload = usize::try_from(payload).unwrap_or(usize::MAX);
        if !control && payload > self.limit - self.begun.as_ref().map_or(0, |begun| begun.payload.len()) {
            return Err(Violation::TooLarge);
        }
        let [a, b, c, d, ..] = after else { return Ok(None) };
        let length = 2 + (rest.len() - after.len()) + 4;
        Ok(Some(Head { fin, opcode, length, payload, mask: [*a, *b, *c, *d] }))
    }

    /// Drops decoded bytes and frees the memory, when nothing more can be decoded.
    fn tidy(&mut self) {
        if self.taken == self.bytes.len() {
            self.bytes = Vec::new();
        } else {
            self.bytes.drain(..self.taken);
        }
        self.taken = 0;
    }
}

fn close(payload: &[u8]) -> Result<Message<'_>, Violation> {
    match payload {
        [] => Ok(Message::Close(None)),
        [_] => Err(Violation::Protocol),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            // Section 7.4: reserved codes, and those that must never be sent.
            let valid = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            if !valid {
                return Err(Violation::Protocol);
            }
            std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
            Ok(Message::Close(Some(code)))
        }
    }
}

/// Section 5.3, from this offset in the payload on. Eight bytes at a time: what the compiler turns into wide instructions.
fn unmask(payload: &mut [u8], mut mask: [u8; 4], offset: usize) {
    mask.rotate_left(offset % 4);
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
