//! Messages and edits on their way out: queued, sent, stored, failed. Each keeps its id for ever, so however often it is sent
//! again, the server stores it once (G3). What is said of messages here holds for edits too.
//!
//! A message is stored in the browser before it is sent, and removed when the server has it (`ack`) or the user withdraws
//! it. All tabs share that storage, so a tab sends a room's messages only while it holds the room's lease: then no other
//! tab sends them, and they are sent in the order in which they were typed. One message of a room is on the wire at a time;
//! if it is refused for a while, none can overtake it.

use std::sync::Arc;

use parlor_protocol::{ClientFrame, CommandId, Millis, RoomId, Seq, User, error_code};

mod item;
mod leases;
mod withdrawal;

pub use item::{Delivery, OutgoingMessage, StoredMessage};

/// Counts the unsent messages, seen from a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// Messages of this room that wait for the connection.
    pub here: usize,
    /// Messages of other rooms that wait for it.
    pub waiting: usize,
    /// Messages of other rooms that have failed.
    pub failed: usize,
    /// One of those other rooms, if possible one with a failed message. It may not exist any more.
    pub room: Option<RoomId>,
    /// The message that was discarded last was of this room and can be restored.
    pub discarded: bool,
}

/// The right of this tab to send a room's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lease {
    Requested,
    Held,
}

/// All unsent messages of this browser; those of a room in the order in which they were typed.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    items: Vec<OutgoingMessage>,
    leases: Vec<(RoomId, Lease)>,
    /// Messages that are being removed from the storage, which may still return them.
    removing: Vec<CommandId>,
    /// Nothing is sent before this time, because the server asked for a pause.
    paused_until: Millis,
}

impl Outbox {
    /// Queues a new message. `attempted`: it will be sent at once.
    pub fn push(
        &mut self,
        room: RoomId,
        id: CommandId,
        body: String,
        by: User,
        at: Millis,
        attempted: bool,
    ) -> StoredMessage {
        self.queue(StoredMessage { id, room, body, edits: None, at, attempted, failed: None }, by)
    }

    /// Queues a new message or edit, and returns what has to be stored.
    pub fn queue(&mut self, stored: StoredMessage, by: User) -> StoredMessage {
        self.insert(OutgoingMessage::new(stored.clone(), by, false));
        stored
    }

    /// The newest edit of a message that is shown in its place.
    pub fn edit_of(&self, message: CommandId) -> Option<&OutgoingMessage> {
        self.items.iter().rev().find(|item| item.edits == Some(message) && item.is_visible())
    }

    /// The message is in the browser's storage, or that failed and the message is sent all the same.
    pub fn persisted(&mut self, id: CommandId) {
        if let Some(item) = self.find_mut(id) {
            item.persisted = true;
        }
    }

    /// Brings a room in line with the browser's storage: other tabs have added messages, and have removed those that the
    /// server has. Returns the messages for which `known` is true because the timeline has them: they need not be stored.
    pub fn reconcile(
        &mut self,
        room: &RoomId,
        stored: &[StoredMessage],
        me: &User,
        known: impl Fn(CommandId) -> bool,
    ) -> Vec<CommandId> {
        for item in self.items.iter_mut().filter(|item| item.room == *room && (item.persisted || item.retried)) {
            match stored.iter().find(|stored| stored.id == item.message.id) {
                None if matches!(item.delivery, Delivery::Queued | Delivery::Failed(_)) => {
                    item.delivery = Delivery::Stored;
                }
                Some(StoredMessage { failed: Some(why), .. }) if item.delivery == Delivery::Queued && !item.retried => {
                    item.delivery = Delivery::Failed(why.clone());
                }
                Some(StoredMessage { failed: None, .. }) if matches!(item.delivery, Delivery::Failed(_)) => {
                    item.delivery = Delivery::Queued;
                }
                Some(stored) => item.attempted |= stored.attempted,
                None => {}
            }
        }
        // An edit that another tab has sent is shown by its event, which may have arrived before.
        let gone = |item: &OutgoingMessage| known(item.message.id) || (item.edits.is_some() && item.seq.is_none());
        self.items.retain(|item| item.room != *room || item.delivery != Delivery::Stored || !gone(item));
        let mut delivered = Vec::new();
        for stored in stored.iter().filter(|stored| stored.room == *room && !self.removing.contains(&stored.id)) {
            if known(stored.id) {
                delivered.push(stored.id);
            } else if self.items.iter().all(|item| item.message.id != stored.id) {
                let item = OutgoingMessage::new(stored.clone(), me.clone(), true);
                insert(&mut self.items, item);
            }
        }
        self.removing.extend(delivered.iter().copied());
        delivered
    }

    /// The id itself, or one that sorts after all others of the room if the clock was set back.
    pub fn monotonic_id(&self, room: &RoomId, id: CommandId) -> CommandId {
        match self.of(room).map(|item| item.message.id).max() {
            Some(last) if last > id => CommandId(uuid::Uuid::from_u128(last.0.as_u128().wrapping_add(1))),
            _ => id,
        }
    }

    fn insert(&mut self, item: OutgoingMessage) {
        insert(&mut self.items, item);
    }

    /// The messages of a room whose events have not arrived.
    pub fn of<'a>(&'a self, room: &'a RoomId) -> impl Iterator<Item = &'a OutgoingMessage> {
        self.items.iter().filter(move |item| item.room == *room)
    }
    pub fn unsent(&self, room: Option<&RoomId>) -> Unsent {
        let mut unsent = Unsent::default();
        for item in self.items.iter().filter(|item| item.is_visible()) {
            let here = Some(&item.room) == room;
            match item.delivery {
                Delivery::Stored => {}
                Delivery::Failed(_) if here => {}
                Delivery::Failed(_) => {
                    if unsent.failed == 0 {
                        unsent.room = Some(item.room.clone());
                    }
                    unsent.failed += 1;
                }
                Delivery::Queued | Delivery::Sent if here => unsent.here += 1,
                Delivery::Queued | Delivery::Sent => {
                    unsent.room.get_or_insert_with(|| item.room.clone());
                    unsent.waiting += 1;
                }
            }
        }
        unsent
    }
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The messages to send now: the first of each room, unless that one is on the wire or may not be sent yet.
    pub fn take_sendable(&mut self, now: Millis) -> Vec<(RoomId, ClientFrame)> {
        if now < self.paused_until {
            return Vec::new();
        }
        let Self { items, leases, .. } = self;
        let mut busy: Vec<RoomId> =
            items.iter().filter(|item| item.delivery == Delivery::Sent).map(|item| item.room.clone()).collect();
        let mut frames = Vec::new();
        for item in items.iter_mut().filter(|item| item.is_sendable()) {
            if busy.contains(&item.room) {
                continue;
            }
            busy.push(item.room.clone());
            if !item.persisted || !leases::is_held(leases, &item.room) {
                continue;
            }
            item.delivery = Delivery::Sent;
            frames.push((item.room.clone(), item.to_frame()));
        }
        frames
    }

    /// When to try again, if the server asked for a pause and something waits.
    pub fn paused_until(&self, now: Millis) -> Option<Millis> {
        let waits = now < self.paused_until && self.items.iter().any(|item| item.delivery == Delivery::Queued);
        waits.then_some(self.paused_until)
    }

    /// The connection is lost: messages on the wire may or may not have arrived, so they are sent again.
    pub fn disconnected(&mut self) -> Vec<RoomId> {
        self.paused_until = 0;
        self.requeue_sent()
    }

    /// Acks may have been lost: messages on the wire are sent again.
    pub fn requeue_sent(&mut self) -> Vec<RoomId> {
        let sent = self.items.iter_mut().filter(|item| item.delivery == Delivery::Sent);
        sent.map(|item| {
            item.delivery = Delivery::Queued;
            item.room.clone()
        })
        .collect()
    }

    /// The server has stored the message. It stays here until its event arrives; the browser may remove it.
    pub fn ack(&mut self, id: CommandId, seq: Seq, at: Millis) -> Option<RoomId> {
        self.removing.push(id);
        let item = self.find_mut(id)?;
        item.delivery = Delivery::Stored;
        item.seq = Some(seq);
        Arc::make_mut(&mut item.message).at = at;
        Some(item.room.clone())
    }

    /// The message was removed from the browser's storage.
    pub fn removed(&mut self, id: CommandId) {
        self.removing.retain(|other| *other != id);
    }

    /// The server refused the message, for a while or for good. In the latter case returns what has to be stored.
    pub fn refused(
        &mut self,
        id: CommandId,
        code: &str,
        why: &str,
        retry_ms: Option<u64>,
        now: Millis,
    ) -> Option<(RoomId, Option<StoredMessage>)> {
        // A retry time means that trying again helps; a full disk may be emptied.
        let temporary = matches!(code, error_code::UNAVAILABLE | error_code::STORAGE_FULL)
            || (code == error_code::RATE_LIMITED && retry_ms.is_some());
        let item = self.find_mut(id).filter(|item| item.delivery != Delivery::Stored)?;
        let room = item.room.clone();
        if temporary {
            item.delivery = Delivery::Queued;
            let pause = i64::try_from(retry_ms.unwrap_or(1_000)).unwrap_or(60_000).clamp(50, 60_000);
            self.paused_until = self.paused_until.max(now + pause);
            return Some((room, None));
        }
        item.delivery = Delivery::Failed(why.into());
        Some((room, Some(item.to_stored())))
    }

    /// The timeline has the message now.
    pub fn remove_delivered(&mut self, id: CommandId) -> bool {
        let before = self.items.len();
        self.items.retain(|item| item.message.id != id);
        self.items.len() < before
    }

    /// Removes stored messages whose events will not arrive: those up to `head`, and those whose `seq` is unknown.
    pub fn remove_delivered_until(&mut self, room: &RoomId, head: Seq) {
        self.items.retain(|item| {
            item.room != *room || item.delivery != Delivery::Stored || item.seq.is_some_and(|seq| seq > head)
        });
    }

    fn find_mut(&mut self, id: CommandId) -> Option<&mut OutgoingMessage> {
        self.items.iter_mut().find(|item| item.message.id == id)
    }
}

/// Ids sort by time, so the messages of several tabs are in the order in which they were typed.
fn insert(items: &mut Vec<OutgoingMessage>, item: OutgoingMessage) {
    let later = |other: &OutgoingMessage| other.room == item.room && other.message.id > item.message.id;
    let at = items.iter().position(later).unwrap_or(items.len());
    items.insert(at, item);
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
