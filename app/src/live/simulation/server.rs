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
        if let Some((_, seq)) = self.known.get(&id) {
            return (*seq, None);
        }
        let seq = self.head(room) + 1;
        let html = format!("<p>{body}</p>");
        let event = EventKind::Message { id, body: body.into(), html, reply_to: None, mentions: Vec::new() };
        let event = Event { room: room.clone(), seq, id, at: seq.cast_signed(), by: by.clone(), event };
        self.rooms.entry(room.clone()).or_default().push(event.clone());
        self.known.insert(id, (room.clone(), seq));
        (seq, Some(event))
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
        let events = self.rooms.get(room).map_or(&[][..], Vec::as_slice);
        let mut events: Vec<_> = events.iter().filter(|event| wanted(event.seq)).collect();
        if newest {
            events.drain(..events.len().saturating_sub(PAGE));
        } else {
            events.truncate(PAGE);
        }
        MessagePage {
            messages: events.into_iter().map(message).collect(),
            head: self.head(room),
            ..MessagePage::default()
        }
    }

    pub(super) fn logs(&self) -> BTreeMap<RoomId, RoomLog> {
        let log = |events: &Vec<Event>| events.iter().map(|event| (event.seq, event.id)).collect();
        self.rooms.iter().map(|(room, events)| (room.clone(), log(events))).collect()
    }
}

pub(super) fn message(event: &Event) -> Message {
    let Event { id, seq, at, by, event, .. } = event.clone();
    let EventKind::Message { body, html, .. } = event else { unreachable!("only messages here") };
    Message { id, seq, at, by, body, html, reply_to: None, mentions: Vec::new() }
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
