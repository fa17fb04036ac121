//! Messages and events from the columns of their rows.

use parlor_protocol::{CommandId, Event, Message, RoomId};
use sqlx::FromRow;
use uuid::Uuid;

use super::{
    super::values::user,
    columns::{self, Stored, decode_mentions},
};

#[derive(FromRow)]
pub(in super::super) struct MessageRow {
    pub(in super::super) seq: i64,
    id: Uuid,
    at: i64,
    body: String,
    html: String,
    reply_to: Option<Uuid>,
    detail: Option<String>,
    author: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
}

#[derive(FromRow)]
pub(in super::super) struct EventRow {
    seq: i64,
    id: Uuid,
    at: i64,
    author: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
    event_kind: String,
    body: Option<String>,
    html: Option<String>,
    reply_to: Option<Uuid>,
    detail: Option<String>,
    subject: Option<Uuid>,
    subject_name: Option<String>,
    subject_kind: Option<String>,
    subject_colour: Option<i64>,
}

impl MessageRow {
    pub(in super::super) fn message(self) -> Message {
        Message {
            id: CommandId(self.id),
            seq: self.seq.unsigned_abs(),
            at: self.at,
            by: user(self.author, self.name, &self.kind, self.colour),
            body: self.body,
            html: self.html,
            reply_to: self.reply_to.map(CommandId),
            mentions: decode_mentions(self.detail.as_deref()),
        }
    }
}

impl EventRow {
    pub(in super::super) fn event(self, room: &RoomId) -> Event {
        let id = CommandId(self.id);
        let subject = match (self.subject, self.subject_name, self.subject_kind) {
            (Some(id), Some(name), Some(kind)) => Some(user(id, name, &kind, self.subject_colour)),
            _ => None,
        };
        let event = columns::decode(Stored {
            id,
            kind: self.event_kind,
            body: self.body,
            html: self.html,
            reply_to: self.reply_to,
            subject,
            detail: self.detail,
        });
        Event {
            room: room.clone(),
            seq: self.seq.unsigned_abs(),
            id,
            at: self.at,
            by: user(self.author, self.name, &self.kind, self.colour),
            event,
        }
    }
}
