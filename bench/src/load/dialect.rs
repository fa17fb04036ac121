//! Protocols of the servers: handshake, sending and decoding.

use std::{fmt, net::SocketAddr};

use anyhow::{bail, ensure};
use clap::ValueEnum;
use parlor_protocol::{ClientFrame, CommandId, Cursor, PROTOCOL_VERSION, SUBPROTOCOL};
use uuid::Uuid;

use super::body::{self, MessageRef};
use crate::websocket::{BINARY, TEXT, put, upgrade};

/// A protocol over WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Dialect {
    /// One room per path; JSON with a body, to which the server adds the user.
    Plain,
    /// Engine.IO 4 and Socket.IO 5 over WebSocket only.
    SocketIo,
    /// The protocol of nats-server with one subject per room.
    Nats,
    /// Parlor's live protocol.
    Parlor,
}

/// Credentials and rooms of a connection.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) rooms: Vec<String>,
    /// Session token; empty if the server needs none.
    pub(super) token: String,
}

/// A decoded frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received<'a> {
    /// A message: its body from the marker on.
    Message(&'a [u8]),
    Ack(MessageRef),
    Heartbeat(&'static [u8]),
    Presence,
    /// Anything else.
    Other,
    /// A rejection or a gap.
    Error,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

impl Dialect {
    pub(super) fn upgrade(self, address: SocketAddr, entry: &Entry) -> String {
        match self {
            Self::Plain => upgrade(address, &format!("/room/{}", entry.rooms.concat()), ""),
            Self::SocketIo => upgrade(address, "/socket.io/?EIO=4&transport=websocket", ""),
            Self::Nats => upgrade(address, "/", ""),
            Self::Parlor => {
                let token = &entry.token;
                let more = format!("Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\nAuthorization: Bearer {token}\r\n");
                upgrade(address, "/live/ws", &more)
            }
        }
    }

    /// What to send after the upgrade. True if the handshake is complete.
    pub(super) fn begin(self, entry: &Entry, out: &mut Vec<u8>) -> bool {
        if self == Self::Parlor {
            let cursor = |room: &String| Cursor { room: room.as_str().into(), after: None, tail: None };
            let resume = entry.rooms.iter().map(cursor).collect();
            put(out, TEXT, ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }.encode().as_bytes());
        }
        self == Self::Plain
    }

    /// The next step of the handshake after an answer of the server. True if it is complete.
    pub(super) fn greeted(
        self,
        entry: &Entry,
        step: &mut usize,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> anyhow::Result<bool> {
        let shown = || String::from_utf8_lossy(&payload[..payload.len().min(200)]).into_owned();
        match self {
            Self::Plain => {}
            Self::SocketIo => match (*step, payload) {
                (0, [b'0', ..]) => {
                    put(out, TEXT, b"40");
                    *step = 1;
                }
                (1, [b'4', b'0', ..]) => {
                    for room in &entry.rooms {
                        put(out, TEXT, format!(r#"42["join","{room}"]"#).as_bytes());
                    }
                    *step = 2;
                }
                (2.., _) if payload.starts_with(br#"42["joined""#) => *step += 1,
                (_, [b'2']) => put(out, TEXT, b"3"),
                _ => ensure!(!payload.starts_with(b"44"), "refused: {}", shown()),
            },
            Self::Nats => {
                ensure!(!payload.starts_with(b"-ERR"), "refused: {}", shown());
                if *step == 0 && payload.starts_with(b"INFO") {
                    let mut all = br#"CONNECT {"verbose":false,"pedantic":false}"#.to_vec();
                    all.extend(b"\r\n");
                    for (number, room) in entry.rooms.iter().enumerate() {
                        all.extend(format!("SUB room.{room} {}\r\n", number + 1).as_bytes());
                    }
                    all.extend(b"PING\r\n");
                    put(out, BINARY, &all);
                    *step = 1;
                } else if payload.starts_with(b"PONG") {
                    return Ok(true);
                }
            }
            Self::Parlor => {
                *step += usize::from(payload.starts_with(br#"{"type":"joined""#));
                if self.decode(payload, &mut 0) == Received::Error {
                    bail!("refused: {}", shown());
                }
                return Ok(*step == entry.rooms.len());
            }
        }
        Ok(self == Self::SocketIo && *step == 2 + entry.rooms.len())
    }

    /// Frame type and payload that send a body.
    pub(super) fn message(self, room: &str, body: &str) -> (u8, Vec<u8>) {
        match self {
            Self::Plain => (TEXT, format!(r#"{{"body":"{body}"}}"#).into_bytes()),
            Self::SocketIo => (TEXT, format!(r#"42["message",{{"room":"{room}","body":"{body}"}}]"#).into_bytes()),
            Self::Nats => (BINARY, format!("PUB room.{room} {}\r\n{body}\r\n", body.len()).into_bytes()),
            Self::Parlor => {
                let id = CommandId(Uuid::max());
                let frame = ClientFrame::Send { id, room: room.into(), body: body.into(), reply_to: None };
                (TEXT, frame.encode().into_bytes())
            }
        }
    }

    /// Decodes a frame of an established connection. `hint` is the offset of the previous body.
    pub(super) fn decode<'a>(self, payload: &'a [u8], hint: &mut usize) -> Received<'a> {
        match self {
            Self::SocketIo if payload == b"2" => return Received::Heartbeat(b"3"),
            Self::Nats if payload.starts_with(b"PING") => return Received::Heartbeat(b"PONG\r\n"),
            Self::Nats if payload.starts_with(b"-ERR") => return Received::Error,
            Self::Parlor => match payload.get(9..15) {
                Some(b"event\"") => {}
                Some(b"ack\",\"") => return id_in(payload).map_or(Received::Error, Received::Ack),
                Some(b"presen") => return Received::Presence,
                Some(b"refuse" | b"gap\",\"" | b"bye\",\"") => return Received::Error,
                _ => return Received::Other,
            },
            _ => {}
        }
        body::find(payload, hint).map_or(Received::Other, |at| Received::Message(&payload[at..]))
    }

    /// Frame type of the answer to a heartbeat.
    pub(super) fn answer_kind(self) -> u8 {
        if self == Self::Nats { BINARY } else { TEXT }
    }
}

/// Id of a Parlor message: a UUID version 7 that encodes its sender and number.
pub(super) fn id(message: MessageRef, unix_ms: u64) -> Uuid {
    let mut random = [0; 10];
    random[2..6].copy_from_slice(&message.sender.to_be_bytes());
    random[6..].copy_from_slice(&message.number.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid()
}

/// Decodes the id in an ack. Its last 16 digits are the sender (without two variant bits) and the number.
fn id_in(ack: &[u8]) -> Option<MessageRef> {
    let id = ack.strip_prefix(br#"{"type":"ack","id":""#)?.get(..36)?;
    let id = Uuid::try_parse_ascii(id).ok()?;
    let [.., a, b, c, d, e, f, g, h] = *id.as_bytes();
    Some(MessageRef { sender: u32::from_be_bytes([a & 0x3f, b, c, d]), number: u32::from_be_bytes([e, f, g, h]) })
}

/// Length of the first complete item of a nats-server's stream: a line, or a message with its payload.
pub(super) fn nats_item(stream: &[u8]) -> Option<usize> {
    let line = memchr::memchr(b'\n', stream)? + 1;
    if !stream.starts_with(b"MSG ") {
        return Some(line);
    }
    let words = stream[..line].trim_ascii_end();
    let length = words.rsplit(|byte| *byte == b' ').next()?;
    let length =
        length.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + usize::from(digit - b'0')))?;
    let end = line + length + 2;
    (stream.len() >= end).then_some(end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn body() -> String {
        String::from_utf8(body::template(7, 120)).unwrap()
    }

    #[test]
    fn messages_are_decoded_in_every_dialect() {
        let body = body();
        for (dialect, payload) in [
            (Dialect::Plain, format!(r#"{{"user":"guest","body":"{body}"}}"#)),
            (Dialect::SocketIo, format!(r#"42["message",{{"user":"guest","body":"{body}"}}]"#)),
            (Dialect::Nats, format!("MSG room.r0 1 120\r\n{body}\r\n")),
            (Dialect::Parlor, format!(r#"{{"type":"event","room":"r","seq":1,"event":{{"body":"{body}"}}}}"#)),
        ] {
            let Received::Message(received) = dialect.decode(payload.as_bytes(), &mut 0) else { panic!("{dialect}") };
            assert_eq!(body::message_ref(received), Some(MessageRef { sender: 7, number: 0 }));
        }
    }

    #[test]
    fn acks_identify_their_message() {
        let message = MessageRef { sender: 799, number: 123_456 };
        let ack =
            format!(r#"{{"type":"ack","id":"{}","room":"lobby","seq":58,"at":1}}"#, id(message, 1_763_683_200_000));
        assert_eq!(Dialect::Parlor.decode(ack.as_bytes(), &mut 0), Received::Ack(message));
        assert_eq!(id(message, 1).get_version_num(), 7);
        assert_eq!(Dialect::Parlor.decode(br#"{"type":"ack","id":"what"}"#, &mut 0), Received::Error);
    }

    #[test]
    fn parlor_frames_are_decoded() {
        for (payload, received) in [
            (r#"{"type":"presence","room":"lobby"}"#, Received::Presence),
            (r#"{"type":"refused","code":"bad_frame","message":"not JSON"}"#, Received::Error),
            (r#"{"type":"gap","room":"lobby","reason":"overflow","after":41,"head":57}"#, Received::Error),
            (r#"{"type":"bye","code":4001}"#, Received::Error),
            (r#"{"type":"room","room":{}}"#, Received::Other),
            (r#"{"type":"event","room":"lobby","seq":1}"#, Received::Other),
            ("", Received::Other),
        ] {
            assert_eq!(Dialect::Parlor.decode(payload.as_bytes(), &mut 0), received, "{payload}");
        }
    }

    #[test]
    fn handshakes_advance_step_by_step() {
        let entry = Entry { rooms: vec!["a".into(), "b".into()], token: "t".into() };
        for (dialect, answers) in [
            (
                Dialect::SocketIo,
                &[r#"0{"sid":"x"}"#, r#"40{"sid":"y"}"#, r#"42["joined","a"]"#, r#"42["joined","b"]"#][..],
            ),
            (Dialect::Nats, &["INFO {}\r\n", "PONG\r\n"]),
            (Dialect::Parlor, &[r#"{"type":"welcome"}"#, r#"{"type":"joined"}"#, r#"{"type":"joined"}"#]),
        ] {
            let (mut out, mut step) = (Vec::new(), 0);
            assert!(!dialect.begin(&entry, &mut out));
            for (at, answer) in answers.iter().enumerate() {
                let done = dialect.greeted(&entry, &mut step, answer.as_bytes(), &mut out).unwrap();
                assert_eq!(done, at + 1 == answers.len(), "{dialect}: {answer}");
            }
            assert!(!out.is_empty());
        }
        assert!(Dialect::Plain.begin(&entry, &mut Vec::new()));
        let refused = br#"{"type":"refused","code":"not_found","message":"no such room"}"#;
        assert!(Dialect::Parlor.greeted(&entry, &mut 0, refused, &mut Vec::new()).is_err());
    }

    #[test]
    fn nats_stream_is_split_into_items() {
        let stream = b"PING\r\nMSG room.r0 1 5\r\nhe\nlo\r\n+OK\r\n";
        assert_eq!(nats_item(stream), Some(6));
        assert_eq!(nats_item(&stream[6..]), Some(24));
        assert_eq!(nats_item(&stream[30..]), Some(5));
        for cut in 6..30 {
            assert_eq!(nats_item(&stream[6..cut]), None, "{cut}");
        }
    }
}
