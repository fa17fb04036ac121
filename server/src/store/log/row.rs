//! Messages and events from the columns of their rows.

use parlor_protocol::{CommandId, Event, Message, Millis, Reaction, RoomId, Seq, http::MessageVersion};
use sqlx::FromRow;
use uuid::Uuid;

use super::{
    super::values::user,
    columns::{self, Stored, decode_edit_mentions, decode_mentions},
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
    /// The newest edit, if there is one.
    #[sqlx(default)]
    edited_at: Option<Millis>,
    #[sqlx(default)]
    edited_body: Option<String>,
    #[sqlx(default)]
    edited_html: Option<String>,
    #[sqlx(default)]
    edited_detail: Option<String>,
}

/// A reaction of one of the first users of its emoji at a message.
#[derive(FromRow)]
pub(in super::super) struct ReactionRow {
    message_seq: i64,
    emoji: String,
    /// Of all users.
    count: i64,
    /// Whether the viewer is one of them.
    me: bool,
    user_id: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
}

/// A version of a message.
#[derive(FromRow)]
pub(in super::super) struct VersionRow {
    at: Millis,
    body: Option<String>,
    html: Option<String>,
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
    fn message(self) -> Message {
        let mentions = match self.edited_at {
            Some(_) => decode_edit_mentions(self.edited_detail.as_deref()),
            None => decode_mentions(self.detail.as_deref()),
        };
        Message {
            id: CommandId(self.id),
            seq: self.seq.unsigned_abs(),
            at: self.at,
            by: user(self.author, self.name, &self.kind, self.colour),
            body: self.edited_body.unwrap_or(self.body),
            html: self.edited_html.unwrap_or(self.html),
            reply_to: self.reply_to.map(CommandId),
            mentions,
            edited_at: self.edited_at,
            reactions: Vec::new(),
        }
    }

    /// The messages of a page with their reactions. Both are in the order of seqs.
    pub(in super::super) fn messages(rows: Vec<Self>, reactions: Vec<ReactionRow>) -> Vec<Message> {
        let mut messages: Vec<_> = rows.into_iter().map(Self::message).collect();
        for (seq, reactions) in ReactionRow::by_message(reactions) {
            if let Ok(at) = messages.binary_search_by_key(&seq, |message| message.seq)
                && let Some(message) = messages.get_mut(at)
            {
                message.reactions = reactions;
            }
        }
        messages
    }
}

impl ReactionRow {
    /// The reactions of each message, by the seqs of the messages.
    pub(in super::super) fn by_message(rows: Vec<Self>) -> Vec<(Seq, Vec<Reaction>)> {
        let mut messages: Vec<(Seq, Vec<Reaction>)> = Vec::new();
        for Self { message_seq, emoji, count, me, user_id, name, kind, colour } in rows {
            let (seq, user) = (message_seq.unsigned_abs(), user(user_id, name, &kind, colour));
            if messages.last().is_none_or(|(last, _)| *last != seq) {
                messages.push((seq, Vec::new()));
            }
            let Some((_, reactions)) = messages.last_mut() else { continue };
            match reactions.last_mut() {
                Some(reaction) if reaction.emoji == emoji => reaction.users.push(user),
                _ => reactions.push(Reaction { emoji, count: count.unsigned_abs(), me, users: vec![user] }),
            }
        }
        messages
    }
}

impl VersionRow {
    pub(in super::super) fn version(self) -> MessageVersion {
        MessageVersion { at: self.at, body: self.body.unwrap_or_default(), html: self.html.unwrap_or_default() }
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
