//! Translates frames of the live protocol into the notices of simple clients.

use std::collections::HashMap;

use parlor_protocol::{
    ClientFrame, Cursor, Event, EventKind, GapReason, Millis, PresenceState, RoomId, RoomKind, ServerFrame, User,
    UserId,
};

use crate::clock;

/// What a simple client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// By the server's clock.
    pub(super) at: Millis,
    pub(super) kind: NoticeKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoticeKind {
    /// A user of this name came online.
    Entered(String),
    /// A user of this name went offline.
    Left(String),
    Message {
        from: String,
        text: String,
        private: bool,
    },
    /// `text`: the beginning of the text that had no effect, if it is known.
    Error {
        code: String,
        message: String,
        text: Option<String>,
    },
}

/// What to do about a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Notify(Notice),
    SendFrame(ClientFrame),
    /// Join a direct room.
    Listen(RoomId),
    /// The client may no longer be in its room.
    Removed,
}

/// Translates the frames of one client. Keeps the online users of its room and a cursor for each room.
pub(super) struct Translator {
    me: User,
    room: RoomId,
    has_entered: bool,
    /// The names of online users, as far as they are known.
    online: HashMap<UserId, String>,
    online_count: u64,
    /// `online` is not complete.
    is_crowd: bool,
    cursors: HashMap<RoomId, Cursor>,
}

impl Translator {
    pub(super) fn new(me: &User, room: RoomId) -> Self {
        let (online, cursors) = (HashMap::new(), HashMap::new());
        Self { me: me.clone(), room, has_entered: false, online, online_count: 0, is_crowd: false, cursors }
    }

    /// Applies a change of the user's identity.
    pub(super) fn set_user(&mut self, me: &User) {
        self.me = me.clone();
    }

    /// Continues for another user in the same room. Returns where to resume.
    pub(super) fn replace_user(&mut self, me: &User) -> Vec<Cursor> {
        let cursor = self.cursors.remove(&self.room);
        *self = Self::new(me, self.room.clone());
        cursor.into_iter().collect()
    }

    /// Where to resume each room.
    pub(super) fn cursors(&self) -> Vec<Cursor> {
        self.cursors.values().cloned().collect()
    }

    pub(super) fn translate(&mut self, frame: ServerFrame) -> Vec<Effect> {
        match frame {
            ServerFrame::Joined { room, head, online, online_count, .. } => {
                let cursor = Cursor { room: room.clone(), after: Some(head), tail: None };
                self.cursors.entry(room.clone()).or_insert(cursor);
                if room != self.room {
                    return Vec::new();
                }
                self.online = online.into_iter().map(|user| (user.id, user.name)).collect();
                self.online_count = online_count;
                self.is_crowd = usize::try_from(online_count).unwrap_or(usize::MAX) > self.online.len();
                let is_first = !std::mem::replace(&mut self.has_entered, true);
                is_first.then(|| notify(NoticeKind::Entered(self.me.name.clone()))).into_iter().collect()
            }
            ServerFrame::Event(event) => self.event(event).into_iter().collect(),
            ServerFrame::Presence { room, user, state, online_count } => {
                if room != self.room {
                    return Vec::new();
                }
                self.presence(user, state, online_count).into_iter().collect()
            }
            ServerFrame::Room { room } => {
                if room.id == self.room {
                    let is_removed = room.gone || !room.joined;
                    return is_removed.then_some(Effect::Removed).into_iter().collect();
                }
                let is_direct = room.kind == RoomKind::Direct && !room.gone;
                is_direct.then_some(Effect::Listen(room.id)).into_iter().collect()
            }
            ServerFrame::Gap { room, reason, .. } => match (reason, self.cursors.get(&room)) {
                // The lost events are still in the log.
                (GapReason::Overflow, Some(cursor)) => vec![Effect::SendFrame(ClientFrame::Join(cursor.clone()))],
                _ => {
                    let message = "Some messages were skipped because this connection was not read fast enough.";
                    self.cursors.remove(&room);
                    let join = ClientFrame::Join(Cursor { room, after: None, tail: None });
                    vec![error("gap", message), Effect::SendFrame(join)]
                }
            },
            ServerFrame::Refused { code, message, .. } => vec![error(&code, &message)],
            ServerFrame::Welcome { .. }
            | ServerFrame::Ack { .. }
            | ServerFrame::Typing { .. }
            | ServerFrame::Pong { .. }
            | ServerFrame::Bye { .. }
            | ServerFrame::Unknown => Vec::new(),
        }
    }

    fn event(&mut self, event: Event) -> Option<Effect> {
        let Event { room, seq, id, at, by, event } = event;
        let private = room != self.room;
        self.cursors.insert(room.clone(), Cursor { room, after: Some(seq), tail: Some(id.tail()) });
        let text = match event {
            // A deleted message has an empty body.
            EventKind::Message { body, .. } if !body.is_empty() => body,
            // These clients cannot change what they have shown.
            EventKind::Edited { body, .. } => format!("(edited) {body}"),
            EventKind::Reacted { emoji, on: true, .. } => format!("(reacted with {emoji})"),
            EventKind::Message { .. }
            | EventKind::Reacted { .. }
            | EventKind::Deleted { .. }
            | EventKind::MemberAdded { .. }
            | EventKind::MemberRemoved { .. }
            | EventKind::Appointed { .. }
            | EventKind::OwnerChanged { .. }
            | EventKind::Renamed { .. }
            | EventKind::TopicSet { .. }
            | EventKind::Archived { .. }
            | EventKind::Unknown => return None,
        };
        Some(Effect::Notify(Notice { at, kind: NoticeKind::Message { from: by.name, text, private } }))
    }

    fn presence(&mut self, user: User, state: PresenceState, count: u64) -> Option<Effect> {
        let has_grown = count > std::mem::replace(&mut self.online_count, count);
        if user.id == self.me.id {
            return None;
        }
        if state == PresenceState::Offline {
            let known = self.online.remove(&user.id);
            return (known.is_some() || self.is_crowd).then(|| notify(NoticeKind::Left(user.name)));
        }
        let before = self.online.insert(user.id, user.name.clone());
        // In a crowd, an unlisted user may have been online already: then the count has not grown.
        let is_new = before.as_ref().map_or(!self.is_crowd || has_grown, |before| *before != user.name);
        is_new.then(|| notify(NoticeKind::Entered(user.name)))
    }
}

fn notify(kind: NoticeKind) -> Effect {
    Effect::Notify(Notice { at: clock::now(), kind })
}

fn error(code: &str, message: &str) -> Effect {
    notify(NoticeKind::Error { code: code.into(), message: message.into(), text: None })
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
