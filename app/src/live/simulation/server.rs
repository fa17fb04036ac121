//! The model of the server.

use super::*;

/// Exactly what the protocol promises of the server.
#[derive(Default)]
pub(super) struct Server {
    pub(super) rooms: BTreeMap<RoomId, Vec<Event>>,
    pub(super) known: BTreeMap<CommandId, (RoomId, Seq)>,
    /// The logs that were lost when a backup was restored.
    pub(super) earlier: Vec<BTreeMap<RoomId, RoomLog>>,
    /// How many of the next messages are refused temporarily, and for good.
    pub(super) busy: u8,
    pub(super) angry: u8,
    /// Messages that it has refused for good. It refuses every copy of them.
    pub(super) refused: BTreeSet<CommandId>,
}

impl Server {
    pub(super) fn head(&self, room: &RoomId) -> Seq {
        self.rooms.get(room).map_or(0, |events| events.len() as Seq)
    }

    /// Whether it refuses a message for good, now or as before.
    pub(super) fn refuses(&mut self, id: CommandId) -> bool {
        if self.angry > 0 && self.refused.insert(id) {
            self.angry -= 1;
        }
        self.refused.contains(&id)
    }

    /// The seq of a message, and its event if it is new.
    pub(super) fn append(&mut self, room: &RoomId, id: CommandId, body: &str, by: &User) -> (Seq, Option<Event>) {
        let html = format!("<p>{body}</p>");
        let event = EventKind::Message { id, body: body.into(), html, reply_to: None, mentions: Vec::new() };
        self.append_event(room, id, event, by)
    }

    pub(super) fn append_event(
        &mut self,
        room: &RoomId,
        id: CommandId,
        event: EventKind,
        by: &User,
    ) -> (Seq, Option<Event>) {
        if let Some((_, seq)) = self.known.get(&id) {
            return (*seq, None);
        }
        let seq = self.head(room) + 1;
        let event = Event { room: room.clone(), seq, id, at: seq.cast_signed(), by: by.clone(), event };
        self.rooms.entry(room.clone()).or_default().push(event.clone());
        self.known.insert(id, (room.clone(), seq));
        (seq, Some(event))
    }

    /// Stores a command that changes a message. None if there is no such message.
    pub(super) fn change(&mut self, frame: &ClientFrame, by: &User) -> Option<(Seq, Option<Event>)> {
        let (id, room, target) = match frame {
            ClientFrame::Edit { id, room, message, .. } | ClientFrame::React { id, room, message, .. } => {
                (*id, room, *message)
            }
            _ => return None,
        };
        let message = self.messages(room).into_iter().find(|message| message.id == target)?;
        let (message_seq, message) = (message.seq, message);
        let event = match frame.clone() {
            ClientFrame::Edit { body, .. } => {
                let html = format!("<p>{body}</p>");
                EventKind::Edited { message: target, message_seq, body, html, mentions: Vec::new() }
            }
            ClientFrame::React { emoji, on, .. } => {
                let known = message.reactions.iter().find(|known| known.emoji == emoji);
                let reacted = known.is_some_and(|known| known.users.iter().any(|user| user.id == by.id));
                if reacted == on && !self.known.contains_key(&id) {
                    // Nothing changes, so the message itself is named.
                    return Some((message_seq, None));
                }
                EventKind::Reacted { message: target, message_seq, emoji, on }
            }
            _ => return None,
        };
        Some(self.append_event(room, id, event, by))
    }

    /// All messages of a room as person 1 sees them.
    pub(super) fn messages(&self, room: &RoomId) -> Vec<Message> {
        reduce(self.rooms.get(room).map_or(&[][..], Vec::as_slice))
    }

    /// The log from the first message of a page up to its head.
    pub(super) fn log_of(&self, room: &RoomId, page: &MessagePage) -> Vec<(Seq, CommandId)> {
        let from = if page.messages.len() < PAGE { 0 } else { page.messages[0].seq };
        self.rooms[room].iter().filter(|event| event.seq >= from).map(|event| (event.seq, event.id)).collect()
    }

    pub(super) fn gap(&self, cursor: &Cursor) -> Option<GapReason> {
        let (after, head) = (cursor.after?, self.head(&cursor.room));
        if head.saturating_sub(after) > MAX_REPLAY_EVENTS {
            return Some(GapReason::TooFar);
        }
        if after == 0 {
            return None;
        }
        let there = self.rooms.get(&cursor.room).and_then(|events| events.get(usize::try_from(after).ok()? - 1));
        let same = there.is_some_and(|event| cursor.tail.as_ref().is_none_or(|tail| *tail == event.id.tail()));
        (!same).then_some(GapReason::HistoryChanged)
    }

    /// At most a page of messages for which `wanted` holds: the newest ones, or the oldest.
    pub(super) fn page(&self, room: &RoomId, newest: bool, wanted: impl Fn(Seq) -> bool) -> MessagePage {
        let mut messages = self.messages(room);
        messages.retain(|message| wanted(message.seq));
        if newest {
            messages.drain(..messages.len().saturating_sub(PAGE));
        } else {
            messages.truncate(PAGE);
        }
        MessagePage { messages, head: self.head(room), ..MessagePage::default() }
    }

    pub(super) fn logs(&self) -> BTreeMap<RoomId, RoomLog> {
        let log = |events: &Vec<Event>| events.iter().map(|event| (event.seq, event.id)).collect();
        self.rooms.iter().map(|(room, events)| (room.clone(), log(events))).collect()
    }
}

/// The messages of a log, with their newest texts and their reactions.
fn reduce(events: &[Event]) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for event in events {
        let Event { id, seq, at, by, event, .. } = event.clone();
        let find = |target: CommandId| move |message: &&mut Message| message.id == target;
        match event {
            EventKind::Message { body, html, .. } => {
                let (mentions, reactions) = (Vec::new(), Vec::new());
                let message =
                    Message { id, seq, at, by, body, html, reply_to: None, mentions, edited_at: None, reactions };
                messages.push(message);
            }
            EventKind::Edited { message, body, html, .. } => {
                if let Some(message) = messages.iter_mut().find(find(message)) {
                    (message.body, message.html, message.edited_at) = (body, html, Some(at));
                }
            }
            EventKind::Reacted { message, emoji, on, .. } => {
                let Some(message) = messages.iter_mut().find(find(message)) else { continue };
                let known = message.reactions.iter().position(|known| known.emoji == emoji);
                let mut reaction = known.map_or_else(
                    || Reaction { emoji, count: 0, me: false, users: Vec::new() },
                    |at| message.reactions[at].clone(),
                );
                reaction.users.retain(|user| user.id != by.id);
                reaction.users.extend(on.then_some(by));
                reaction.count = reaction.users.len() as u64;
                reaction.me = reaction.users.iter().any(|user| *user == person(1));
                match known {
                    Some(at) if reaction.count == 0 => drop(message.reactions.remove(at)),
                    Some(at) => message.reactions[at] = reaction,
                    None => message.reactions.push(reaction),
                }
            }
            _ => {}
        }
    }
    messages
}

pub(super) fn summary(server: &Server, room: &RoomId) -> RoomSummary {
    RoomSummary { head: server.head(room), ..RoomSummary::new(room.clone(), room.to_string()) }
}

pub(super) fn join(server: &Server, connection: &mut Connection, cursor: &Cursor) {
    let (room, head) = (cursor.room.clone(), server.head(&cursor.room));
    connection.joined.remove(&room);
    connection.gapped.remove(&room);
    if let Some(reason) = server.gap(cursor) {
        connection.gapped.insert(room.clone());
        let after = cursor.after.unwrap_or(head);
        return connection.down.push_back(ServerFrame::Gap { room, reason, after, head });
    }
    connection.down.push_back(ServerFrame::Joined {
        room: room.clone(),
        head,
        online: vec![],
        away: Vec::new(),
        online_count: 0,
    });
    let after = cursor.after.unwrap_or(head);
    let missed = server.rooms[&room].iter().filter(|event| event.seq > after);
    connection.down.extend(missed.cloned().map(ServerFrame::Event));
    connection.joined.insert(room);
}
