//! What is recorded: by each client as it happens, and of the server in the end.

use std::collections::{BTreeMap, BTreeSet};

use parlor_protocol::{CommandId, RoomId, Seq};

/// One room's events: seq and id of each, as the server gave them.
pub type RoomLog = Vec<(Seq, CommandId)>;

/// What one client did and was told, each room's in the order in which it happened.
///
/// Record an event whenever the protocol handed one over, also one that was there before: to leave doubles out is to
/// leave out what the checker looks for.
#[derive(Clone, Debug, Default)]
pub struct ClientLog {
    name: String,
    rooms: BTreeMap<RoomId, Vec<Entry>>,
}

/// One thing that happened to a client in one room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Sent(CommandId),
    Acked(CommandId, Seq),
    Refused(CommandId),
    Began(Seq),
    Event(Seq, CommandId),
    /// The head of a page that was loaded, and how many [`Entry::Paged`] follow.
    Reloaded(Seq, usize),
    Paged(Seq, CommandId),
    Changed,
}

/// The logs of all rooms as the server has them, once for each history that it has had.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(super) epochs: Vec<BTreeMap<RoomId, RoomLog>>,
    pub(super) others_wrote: bool,
}

impl ClientLog {
    /// The log of a client that has done nothing yet. The name stands in the violations.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rooms: BTreeMap::new() }
    }

    /// Whose log it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A message was handed to the network. Sent again, it is recorded again.
    pub fn sent(&mut self, room: &RoomId, id: CommandId) {
        self.record(room, Entry::Sent(id));
    }

    /// Of several sendings of a message, only the last one before it was seen to be stored counts from now on. To be said
    /// where the server has lost what it had: what is sent to it once more begins an order of its own.
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

    /// The server said that a message is stored.
    pub fn acked(&mut self, room: &RoomId, id: CommandId, seq: Seq) {
        self.record(room, Entry::Acked(id, seq));
    }

    /// The server said that a message had no effect.
    pub fn refused(&mut self, room: &RoomId, id: CommandId) {
        self.record(room, Entry::Refused(id));
    }

    /// The room was joined for what comes after a seq: the next event is the one behind it. Without this, a client's
    /// first event may be any.
    pub fn began(&mut self, room: &RoomId, after: Seq) {
        self.record(room, Entry::Began(after));
    }

    /// An event was seen.
    pub fn event(&mut self, room: &RoomId, seq: Seq, id: CommandId) {
        self.record(room, Entry::Event(seq, id));
    }

    /// After a `gap` the newest page was loaded, and the client goes on at `head`. The page is of a room that has
    /// messages and nothing else: each seq up to the head has one.
    pub fn reloaded(&mut self, room: &RoomId, head: Seq, page: impl IntoIterator<Item = (Seq, CommandId)>) {
        let entries = self.room(room);
        let at = entries.len();
        entries.push(Entry::Reloaded(head, 0));
        entries.extend(page.into_iter().map(|(seq, id)| Entry::Paged(seq, id)));
        let count = entries.len() - at - 1;
        entries[at] = Entry::Reloaded(head, count);
    }

    /// The server said `history_changed`: what comes now is of a later history than what came before.
    pub fn changed(&mut self, room: &RoomId) {
        self.record(room, Entry::Changed);
    }

    /// How far the client has seen a room: its newest event, or the head at which it began. None if it never did.
    #[must_use]
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
    /// The history of a server that was never put back: every room's full log, read when all is quiet.
    #[must_use]
    pub fn new(rooms: BTreeMap<RoomId, RoomLog>) -> Self {
        Self { epochs: vec![rooms], others_wrote: false }
    }

    /// The history since an older copy of the data was put back. What was recorded before holds for the histories so
    /// far, whose logs were read just before.
    #[must_use]
    pub fn then(mut self, rooms: BTreeMap<RoomId, RoomLog>) -> Self {
        self.epochs.push(rooms);
        self
    }

    /// Some wrote of whom there is no log: messages that no log has sent are no violation.
    #[must_use]
    pub const fn others_wrote(mut self) -> Self {
        self.others_wrote = true;
        self
    }

    /// The newest event of a room in the newest history, 0 if there is none.
    #[must_use]
    pub fn head(&self, room: &RoomId) -> Seq {
        let log = self.epochs.last().and_then(|rooms| rooms.get(room));
        log.and_then(|log| log.last()).map_or(0, |(seq, _)| *seq)
    }

    /// The rooms of the newest history.
    pub fn rooms(&self) -> impl Iterator<Item = &RoomId> {
        self.epochs.last().into_iter().flat_map(BTreeMap::keys)
    }
}
