//! Records of a run: a log of each client, and the server's history.

use std::collections::{BTreeMap, BTreeSet};

use parlor_protocol::{CommandId, RoomId, Seq};

/// Events of a room: seq and id of each, as returned by the server.
pub type RoomLog = Vec<(Seq, CommandId)>;

/// What a client sent and received, by room and in order.
///
/// Record every event, including duplicates, because the checker looks for them.
#[derive(Clone, Debug, Default)]
pub struct ClientLog {
    name: String,
    rooms: BTreeMap<RoomId, Vec<Entry>>,
    is_over: bool,
}

/// An entry of a client's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Sent(CommandId),
    Acked(CommandId, Seq),
    Refused(CommandId),
    Began(Seq),
    Event(Seq, CommandId),
    /// A loaded page: its head, and the number of [`Entry::Paged`] that follow.
    Reloaded(Seq, usize),
    Paged(Seq, CommandId),
    Changed,
}

/// The server's logs of all rooms, one for each history; a restore starts a new one.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(super) epochs: Vec<BTreeMap<RoomId, RoomLog>>,
    pub(super) others_wrote: bool,
    pub(super) notices: BTreeSet<CommandId>,
}

impl ClientLog {
    /// An empty log. The name is shown in violations.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rooms: BTreeMap::new(), is_over: false }
    }

    /// Records that the client was not allowed to go on, so that it need not be complete.
    pub const fn over(&mut self) {
        self.is_over = true;
    }

    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whose log it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Records that a message was sent or resent.
    pub fn sent(&mut self, room: &RoomId, id: CommandId) {
        self.record(room, Entry::Sent(id));
    }

    /// Keeps only the last send of each message before it was stored. To be called when the server has lost data, because
    /// resent messages then get a new order.
    pub fn forget_first_sendings(&mut self) {
        for entries in self.rooms.values_mut() {
            let mut sent_again = BTreeSet::new();
            let mut kept: Vec<_> = entries.drain(..).rev().collect();
            kept.retain(|entry| match entry {
                Entry::Sent(id) => sent_again.insert(*id),
                Entry::Acked(id, _) | Entry::Event(_, id) | Entry::Paged(_, id) => {
                    sent_again.remove(id);
                    true
                }
                _ => true,
            });
            entries.extend(kept.into_iter().rev());
        }
    }

    pub fn acked(&mut self, room: &RoomId, id: CommandId, seq: Seq) {
        self.record(room, Entry::Acked(id, seq));
    }

    /// Records a rejection.
    pub fn refused(&mut self, room: &RoomId, id: CommandId) {
        self.record(room, Entry::Refused(id));
    }

    /// Records that the room was joined after a seq, so that the next event must follow it. Without this, a client's first
    /// event may have any seq.
    pub fn began(&mut self, room: &RoomId, after: Seq) {
        self.record(room, Entry::Began(after));
    }

    pub fn event(&mut self, room: &RoomId, seq: Seq, id: CommandId) {
        self.record(room, Entry::Event(seq, id));
    }

    /// Records that the newest page was loaded after a `gap`, and the client continues at `head`. The room must contain
    /// nothing but these events: each seq up to the head has one.
    pub fn reloaded(&mut self, room: &RoomId, head: Seq, page: impl IntoIterator<Item = (Seq, CommandId)>) {
        let entries = self.room(room);
        let at = entries.len();
        entries.push(Entry::Reloaded(head, 0));
        entries.extend(page.into_iter().map(|(seq, id)| Entry::Paged(seq, id)));
        let count = entries.len() - at - 1;
        entries[at] = Entry::Reloaded(head, count);
    }

    /// Records `history_changed`: later entries belong to a later history.
    pub fn changed(&mut self, room: &RoomId) {
        self.record(room, Entry::Changed);
    }

    /// Newest seq that the client has seen in a room. `None` if it never joined.
    pub fn head(&self, room: &RoomId) -> Option<Seq> {
        self.rooms.get(room)?.iter().rev().find_map(|entry| match entry {
            Entry::Began(seq) | Entry::Event(seq, _) | Entry::Reloaded(seq, _) => Some(*seq),
            _ => None,
        })
    }

    pub(super) fn rooms(&self) -> impl Iterator<Item = (&RoomId, &[Entry])> {
        self.rooms.iter().map(|(room, entries)| (room, entries.as_slice()))
    }

    fn record(&mut self, room: &RoomId, entry: Entry) {
        self.room(room).push(entry);
    }

    fn room(&mut self, room: &RoomId) -> &mut Vec<Entry> {
        self.rooms.entry(room.clone()).or_default()
    }
}

impl History {
    /// The history of a server without restores: the full log of every room, read at the end.
    pub fn new(rooms: BTreeMap<RoomId, RoomLog>) -> Self {
        Self { epochs: vec![rooms], others_wrote: false, notices: BTreeSet::new() }
    }

    /// Adds the history after an older copy of the data was restored.
    pub fn then(mut self, rooms: BTreeMap<RoomId, RoomLog>) -> Self {
        self.epochs.push(rooms);
        self
    }

    /// Allows messages that are in no client's log.
    pub const fn others_wrote(mut self) -> Self {
        self.others_wrote = true;
        self
    }

    /// Adds events that are no messages, such as added members, which are in no client's log as sent.
    pub fn with_notices(mut self, ids: impl IntoIterator<Item = CommandId>) -> Self {
        self.notices.extend(ids);
        self
    }

    /// Head of a room in the newest history, 0 if it is empty.
    pub fn head(&self, room: &RoomId) -> Seq {
        let log = self.epochs.last().and_then(|rooms| rooms.get(room));
        log.and_then(|log| log.last()).map_or(0, |(seq, _)| *seq)
    }

    /// The rooms of the newest history.
    pub fn rooms(&self) -> impl Iterator<Item = &RoomId> {
        self.epochs.last().into_iter().flat_map(BTreeMap::keys)
    }
}
