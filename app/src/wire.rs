//! Reads what the server says, by hand.
//!
//! The types are the protocol's, and the server writes them with serde; reading them with serde's derived code would take
//! a fifth of the wasm. So the browser reads a JSON tree and picks the fields out of it. The tests hold both to the same
//! result for every frame and answer. What is missing or of the wrong form makes the whole thing unreadable, as there.

use parlor_protocol::{
    CommandId, Event, EventKind, GapReason, Message, NotificationLevel, PresenceState, RoomId, RoomKind, RoomSummary,
    ServerFrame, ServerInfo, ServerRole, User, UserId, UserKind, http::MessagePage,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::page::{Offers, PageBootstrap, PageData, RoomPage};

/// A JSON object whose fields can be taken out.
pub struct Object(Map<String, Value>);

/// A JSON value as one of our types.
pub trait Read: Sized {
    /// None if it has not the form.
    fn read(value: Value) -> Option<Self>;
}

/// Reads a text.
#[must_use]
pub fn read<T: Read>(text: &str) -> Option<T> {
    T::read(serde_json::from_str(text).ok()?)
}

impl Object {
    /// A field that must be there.
    pub fn take<T: Read>(&mut self, name: &str) -> Option<T> {
        T::read(self.0.remove(name)?)
    }

    /// A field that may be left out.
    pub fn take_or<T: Read>(&mut self, name: &str, default: T) -> Option<T> {
        match self.0.remove(name) {
            Some(value) => T::read(value),
            None => Some(default),
        }
    }

    /// A field that may be left out or null.
    pub fn take_option<T: Read>(&mut self, name: &str) -> Option<Option<T>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => T::read(value).map(Some),
        }
    }
}

impl Read for Object {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self(fields)),
            _ => None,
        }
    }
}

impl Read for String {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Read for bool {
    fn read(value: Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Read for u64 {
    fn read(value: Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Read for i64 {
    fn read(value: Value) -> Option<Self> {
        value.as_i64()
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Value) -> Option<Self> {
        let mut all = Self::new();
        each(value, &mut |value| T::read(value).map(|one| all.push(one)).is_some()).then_some(all)
    }
}

/// Whether a value is an array, all of which was taken. Not generic, so that the wasm has it once.
fn each(value: Value, take: &mut dyn FnMut(Value) -> bool) -> bool {
    let Value::Array(values) = value else { return false };
    values.into_iter().all(take)
}

impl Read for RoomId {
    fn read(value: Value) -> Option<Self> {
        String::read(value).map(Self::from)
    }
}

impl Read for Uuid {
    fn read(value: Value) -> Option<Self> {
        Self::try_parse(value.as_str()?).ok()
    }
}

impl Read for CommandId {
    fn read(value: Value) -> Option<Self> {
        Uuid::read(value).map(Self)
    }
}

impl Read for UserId {
    fn read(value: Value) -> Option<Self> {
        Uuid::read(value).map(Self)
    }
}

impl Read for u8 {
    fn read(value: Value) -> Option<Self> {
        Self::try_from(value.as_u64()?).ok()
    }
}

impl Read for NotificationLevel {
    fn read(value: Value) -> Option<Self> {
        Self::ALL.into_iter().find(|level| value == level.as_str())
    }
}

impl Read for ServerRole {
    fn read(value: Value) -> Option<Self> {
        Self::ALL.into_iter().find(|role| value == role.as_str())
    }
}

impl Read for User {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        let kind = match object.take::<String>("kind")?.as_str() {
            "guest" => UserKind::Guest,
            "account" => UserKind::Account,
            _ => return None,
        };
        Some(Self { id: object.take("id")?, name: object.take("name")?, kind, colour: object.take_option("colour")? })
    }
}

impl Read for RoomSummary {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        let kind = match object.take::<String>("kind")?.as_str() {
            "public" => RoomKind::Public,
            "private" => RoomKind::Private,
            "direct" => RoomKind::Direct,
            _ => return None,
        };
        Some(Self {
            id: object.take("id")?,
            name: object.take("name")?,
            kind,
            topic: object.take_option("topic")?,
            head: object.take("head")?,
            read: object.take("read")?,
            unread: object.take("unread")?,
            mentions: object.take_or("mentions", 0)?,
            level: object.take_or("level", NotificationLevel::All)?,
            marked: object.take_or("marked", false)?,
            joined: object.take_or("joined", true)?,
            gone: object.take_or("gone", false)?,
            archived: object.take_or("archived", false)?,
            moderator: object.take_or("moderator", false)?,
            people: object.take_or("people", Vec::new())?,
        })
    }
}

impl Read for Message {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(Self {
            id: object.take("id")?,
            seq: object.take("seq")?,
            at: object.take("at")?,
            by: object.take("by")?,
            body: object.take("body")?,
            html: object.take("html")?,
            reply_to: object.take_option("reply_to")?,
            mentions: object.take_or("mentions", Vec::new())?,
        })
    }
}

impl Read for MessagePage {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(Self {
            messages: object.take("messages")?,
            notices: object.take_or("notices", Vec::new())?,
            head: object.take("head")?,
        })
    }
}

impl Read for ServerInfo {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(Self {
            name: object.take("name")?,
            version: object.take("version")?,
            build: object.take_or("build", String::new())?,
        })
    }
}

impl Read for EventKind {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(match object.take::<String>("kind")?.as_str() {
            "message" => Self::Message {
                id: object.take("id")?,
                body: object.take("body")?,
                html: object.take("html")?,
                reply_to: object.take_option("reply_to")?,
                mentions: object.take_or("mentions", Vec::new())?,
            },
            "edited" => Self::Edited {
                message: object.take("message")?,
                body: object.take("body")?,
                html: object.take("html")?,
            },
            "deleted" => {
                Self::Deleted { message: object.take("message")?, message_seq: object.take_or("message_seq", 0)? }
            }
            "reacted" => {
                Self::Reacted { message: object.take("message")?, emoji: object.take("emoji")?, on: object.take("on")? }
            }
            "member_added" => Self::MemberAdded { user: object.take("user")? },
            "member_removed" => Self::MemberRemoved { user: object.take("user")? },
            "appointed" => Self::Appointed { user: object.take("user")?, moderator: object.take("moderator")? },
            "renamed" => Self::Renamed { name: object.take("name")? },
            "topic_set" => Self::TopicSet { topic: object.take("topic")? },
            "archived" => Self::Archived { on: object.take("on")? },
            _ => Self::Unknown,
        })
    }
}

fn event(object: &mut Object) -> Option<Event> {
    Some(Event {
        room: object.take("room")?,
        seq: object.take("seq")?,
        id: object.take("id")?,
        at: object.take("at")?,
        by: object.take("by")?,
        event: object.take("event")?,
    })
}

impl Read for Event {
    fn read(value: Value) -> Option<Self> {
        event(&mut Object::read(value)?)
    }
}

impl Read for ServerFrame {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(match object.take::<String>("type")?.as_str() {
            "welcome" => Self::Welcome {
                protocol: u32::try_from(object.take::<u64>("protocol")?).ok()?,
                you: object.take("you")?,
                role: object.take_or("role", ServerRole::Guest)?,
                server: object.take("server")?,
                now: object.take("now")?,
                heartbeat_ms: object.take("heartbeat_ms")?,
                rooms: object.take("rooms")?,
            },
            "joined" => Self::Joined {
                room: object.take("room")?,
                head: object.take("head")?,
                online: object.take("online")?,
                away: object.take_or("away", Vec::new())?,
                online_count: object.take_or("online_count", 0)?,
            },
            "event" => Self::Event(event(&mut object)?),
            "ack" => Self::Ack {
                id: object.take("id")?,
                room: object.take("room")?,
                seq: object.take("seq")?,
                at: object.take("at")?,
            },
            "refused" => Self::Refused {
                id: object.take_option("id")?,
                room: object.take_option("room")?,
                code: object.take("code")?,
                message: object.take("message")?,
                retry_after_ms: object.take_option("retry_after_ms")?,
            },
            "room" => Self::Room { room: object.take("room")? },
            "presence" => Self::Presence {
                room: object.take("room")?,
                user: object.take("user")?,
                state: match object.take::<String>("state")?.as_str() {
                    "online" => PresenceState::Online,
                    "away" => PresenceState::Away,
                    "offline" => PresenceState::Offline,
                    _ => return None,
                },
                online_count: object.take_or("online_count", 0)?,
            },
            "typing" => Self::Typing { room: object.take("room")?, user: object.take("user")? },
            "gap" => Self::Gap {
                room: object.take("room")?,
                reason: match object.take::<String>("reason")?.as_str() {
                    "too_far" => GapReason::TooFar,
                    "history_changed" => GapReason::HistoryChanged,
                    "overflow" => GapReason::Overflow,
                    _ => return None,
                },
                after: object.take("after")?,
                head: object.take("head")?,
            },
            "pong" => Self::Pong { at: object.take("at")?, now: object.take("now")? },
            "bye" => Self::Bye {
                code: u16::try_from(object.take::<u64>("code")?).ok()?,
                reason: object.take("reason")?,
                reconnect: object.take("reconnect")?,
                after_ms: object.take_option("after_ms")?,
            },
            _ => Self::Unknown,
        })
    }
}

impl Read for RoomPage {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(Self { summary: object.take("summary")?, page: object.take("page")? })
    }
}

impl Read for Offers {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(Self { lab: object.take("lab")?, guests: object.take("guests")?, accounts: object.take("accounts")? })
    }
}

impl Read for PageBootstrap {
    fn read(value: Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(Self {
            now: object.take("now")?,
            page: PageData {
                user: object.take_option("user")?,
                rooms: object.take("rooms")?,
                room: object.take_option("room")?,
                missing: object.take("missing")?,
                notice: object.take_option("notice")?,
                name_prefill: object.take("name_prefill")?,
                tz_minutes: i32::try_from(object.take::<i64>("tz_minutes")?).ok()?,
                server: object.take("server")?,
                shell: object.take_or("shell", false)?,
                offers: object.take_or("offers", Offers::default())?,
            },
        })
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
