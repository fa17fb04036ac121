//! Frames of the live protocol in the few words that simple clients know.

use std::collections::HashMap;

use parlor_protocol::{
    ClientFrame, Cursor, Event, EventKind, GapReason, Millis, PresenceState, RoomId, RoomKind, ServerFrame, User,
    UserId,
};

use crate::clock;

/// What a simple client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// When, by the server's clock.
    pub(super) at: Millis,
    pub(super) what: What,
}

/// See [`Said`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Someone of this name is here from now on.
    Entered(String),
    /// They no longer are.
    Left(String),
    /// Someone said something: to all, or in private.
    Message { from: String, text: String, private: bool },
    /// Something went wrong; with how the text began that had no effect, if that is known.
    Error { code: String, message: String, text: Option<String> },
}

/// What is to be done about a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Todo {
    Say(Said),
    /// Goes to the session.
    Answer(ClientFrame),
    /// Someone has begun a conversation.
    Listen(RoomId),
    /// The client's room is no longer theirs.
    Out,
}

/// Translates what one client is told. Keeps who is in the room, and how far each room was heard.
pub(super) struct Translator {
    me: User,
    room: RoomId,
    entered: bool,
    /// Who is known to be here, by name.
    present: HashMap<UserId, String>,
    /// How many there are.
    count: u64,
    /// There were more than the list had, when it was given.
    crowd: bool,
    cursors: HashMap<RoomId, Cursor>,
}

impl Translator {
    /// For this person in this room.
    pub(super) fn new(me: &User, room: RoomId) -> Self {
        let (present, cursors) = (HashMap::new(), HashMap::new());
        Self { me: me.clone(), room, entered: false, present, count: 0, crowd: false, cursors }
    }

    /// From now on for the same person, in whatever way they have changed.
    pub(super) fn is_now(&mut self, me: &User) {
        self.me = me.clone();
    }

    /// For another who goes on in this one's place, in the same room.
    pub(super) fn succeeded_by(&mut self, me: &User) -> Vec<Cursor> {
        let going_on = self.cursors.remove(&self.room);
        *self = Self::new(me, self.room.clone());
        going_on.into_iter().collect()
    }

    /// Where to go on in each room.
    pub(super) fn cursors(&self) -> Vec<Cursor> {
        self.cursors.values().cloned().collect()
    }

    /// What is to be done about a frame, in this order.
    pub(super) fn take(&mut self, frame: ServerFrame) -> Vec<Todo> {
        match frame {
            ServerFrame::Joined { room, head, online, online_count, .. } => {
                let here = Cursor { room: room.clone(), after: Some(head), tail: None };
                self.cursors.entry(room.clone()).or_insert(here);
                if room != self.room {
                    return Vec::new();
                }
                self.present = online.into_iter().map(|user| (user.id, user.name)).collect();
                self.count = online_count;
                self.crowd = usize::try_from(online_count).unwrap_or(usize::MAX) > self.present.len();
                let first = !std::mem::replace(&mut self.entered, true);
                first.then(|| say(What::Entered(self.me.name.clone()))).into_iter().collect()
            }
            ServerFrame::Event(event) => self.event(event).into_iter().collect(),
            ServerFrame::Presence { room, user, state, online_count } if room == self.room => {
                self.presence(user, state, online_count).into_iter().collect()
            }
            ServerFrame::Room { room } if room.id == self.room && (room.gone || !room.joined) => vec![Todo::Out],
            ServerFrame::Room { room } if room.kind == RoomKind::Direct && !room.gone && room.id != self.room => {
                vec![Todo::Listen(room.id)]
            }
            // What did not fit is still in the log.
            ServerFrame::Gap { room, reason: GapReason::Overflow, .. } if self.cursors.contains_key(&room) => {
                let cursor = self.cursors.get(&room).cloned();
                cursor.map(|cursor| Todo::Answer(ClientFrame::Join(cursor))).into_iter().collect()
            }
            ServerFrame::Gap { room, .. } => {
                let message =
                    "Messages are missing: this connection was not read fast enough. It goes on with new ones.";
                self.cursors.remove(&room);
                let join = ClientFrame::Join(Cursor { room, after: None, tail: None });
                vec![error("gap", message), Todo::Answer(join)]
            }
            ServerFrame::Refused { code, message, .. } => vec![error(&code, &message)],
            _ => Vec::new(),
        }
    }

    fn event(&mut self, event: Event) -> Option<Todo> {
        let Event { room, seq, id, at, by, event } = event;
        let private = room != self.room;
        self.cursors.insert(room.clone(), Cursor { room, after: Some(seq), tail: Some(id.tail()) });
        match event {
            // An empty body is that of a message that was taken back.
            EventKind::Message { body, .. } if !body.is_empty() => {
                Some(Todo::Say(Said { at, what: What::Message { from: by.name, text: body, private } }))
            }
            _ => None,
        }
    }

    fn presence(&mut self, user: User, state: PresenceState, count: u64) -> Option<Todo> {
        let more = count > std::mem::replace(&mut self.count, count);
        if user.id == self.me.id {
            return None;
        }
        if state == PresenceState::Offline {
            let known = self.present.remove(&user.id);
            return (known.is_some() || self.crowd).then(|| say(What::Left(user.name)));
        }
        let before = self.present.insert(user.id, user.name.clone());
        // Of a crowd not everyone was listed: who comes back to their desk was there all along.
        let is_new = before.as_ref().map_or(!self.crowd || more, |before| *before != user.name);
        is_new.then(|| say(What::Entered(user.name)))
    }
}

fn say(what: What) -> Todo {
    Todo::Say(Said { at: clock::now(), what })
}

fn error(code: &str, message: &str) -> Todo {
    say(What::Error { code: code.into(), message: message.into(), text: None })
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
