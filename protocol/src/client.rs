//! What a client says, and how a server reads it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{CommandId, Millis, RoomId, Seq, Tail, refusal};

/// A frame from client to server: one JSON object with a `type`, one per WebSocket text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Comes first, within [`crate::limits::HELLO_TIMEOUT`]. Answered with `welcome`.
    Hello {
        /// [`crate::PROTOCOL_VERSION`]; another one is closed with 4500.
        protocol: u32,
        /// Rooms to join at once, each as `join` would.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        resume: Vec<Cursor>,
    },
    /// Subscribes to a room. Answered with `joined` or `gap`.
    Join(Cursor),
    /// Ends the subscription, not the membership.
    Leave {
        /// The room.
        room: RoomId,
    },
    /// Says something. Answered with `ack` once it is on disk, or `refused`.
    Send {
        /// The message's id, made by the client.
        id: CommandId,
        /// Where to say it.
        room: RoomId,
        /// Markdown source; [`crate::validate::body`] holds for it.
        body: String,
        /// The message in the same room that this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<CommandId>,
    },
    /// Gives a message another body.
    Edit {
        /// Names the command.
        id: CommandId,
        /// The message's room.
        room: RoomId,
        /// The message.
        message: CommandId,
        /// Markdown source.
        body: String,
    },
    /// Takes a message away.
    Delete {
        /// Names the command.
        id: CommandId,
        /// The message's room.
        room: RoomId,
        /// The message.
        message: CommandId,
    },
    /// Adds or takes back a reaction.
    React {
        /// Names the command.
        id: CommandId,
        /// The message's room.
        room: RoomId,
        /// The message.
        message: CommandId,
        /// One emoji.
        emoji: String,
        /// True to add, false to take back.
        on: bool,
    },
    /// I am typing here. Not stored, may be dropped.
    Typing {
        /// The room.
        room: RoomId,
    },
    /// I have read up to here. Never goes back, and takes back [`ClientFrame::MarkUnread`].
    Read {
        /// The room.
        room: RoomId,
        /// The newest event that was seen.
        seq: Seq,
    },
    /// Show me this and what follows as unread, on all my devices, until one of them says `read` again.
    MarkUnread {
        /// The room.
        room: RoomId,
        /// The first event that is to be unread.
        seq: Seq,
    },
    /// Nobody is at this device, or someone is again. Not stored. A person is away when all of their devices are.
    Away {
        /// Away, or back.
        on: bool,
    },
    /// The client's heartbeat. Answered with `pong`.
    Ping {
        /// The client's clock; comes back unchanged.
        at: Millis,
    },
}

/// Where a client stands in a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cursor {
    /// The room.
    pub room: RoomId,
    /// The newest event that the client has. Events after it are replayed; without it, live ones only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// The [`Tail`] of the event at `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
}

/// Why a text is no [`ClientFrame`]. It becomes a `refused` frame; the connection stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// [`refusal::BAD_FRAME`] or [`refusal::UNKNOWN_TYPE`].
    pub code: &'static str,
    /// The frame's `id`, as sent, when it had one.
    pub id: Option<String>,
    /// What is wrong and where, in words.
    pub message: String,
}

impl ClientFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`DecodeError`] says whether the text is no frame at all or one of an unknown type.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let read = is_named(text).and_then(|()| serde_json::from_str(text));
        read.map_err(|error| DecodeError::explain(text, &error))
    }

    /// The frame as JSON.
    #[must_use]
    pub fn encode(&self) -> String {
        crate::server::to_json(self)
    }
}

/// Whether this is an object whose `type` is a string. Left to itself, serde would also take a number, for a place in
/// its list of types, and a list, for the fields in their order.
fn is_named(text: &str) -> Result<(), serde_json::Error> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(rename = "type", borrow)]
        _type: Cow<'a, str>,
    }
    if !text.trim_ascii_start().starts_with('{') {
        return Err(serde::de::Error::custom("not an object"));
    }
    serde_json::from_str::<Named<'_>>(text).map(drop)
}

impl DecodeError {
    /// Reads the text once more, less strictly, for what the sender needs to hear. Only bad frames pay for it.
    fn explain(text: &str, error: &serde_json::Error) -> Self {
        const KNOWN: [&str; 12] = [
            "hello",
            "join",
            "leave",
            "send",
            "edit",
            "delete",
            "react",
            "typing",
            "read",
            "mark_unread",
            "away",
            "ping",
        ];
        let bad = |id, message: String| Self { code: refusal::BAD_FRAME, id, message };
        let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
            return bad(None, format!("not JSON: {error}"));
        };
        // An id longer than any UUID is not worth sending back.
        let id = value.get("id").and_then(|id| id.as_str()).filter(|id| id.len() <= 64).map(str::to_owned);
        match value.get("type").and_then(|kind| kind.as_str()) {
            None => bad(id, "a frame is a JSON object with a \"type\"".into()),
            Some(kind) if KNOWN.contains(&kind) => bad(id, format!("bad \"{kind}\" frame: {error}")),
            Some(kind) => {
                let kind: String = kind.chars().take(40).collect();
                Self { code: refusal::UNKNOWN_TYPE, id, message: format!("unknown frame type \"{kind}\"") }
            }
        }
    }
}
