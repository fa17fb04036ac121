//! Messages on their way out: queued, sent, stored, failed. A message keeps its id for ever, so however often it is sent
//! again, the server stores it once (G3).
//!
//! Before a message is sent, the browser has it on disk; it is taken from there when the server has it (`ack`), or the
//! writer takes it back. Several tabs share that disk, so a tab sends the messages of a room only while it holds the
//! room's lease: then nobody else sends them, and the order in which they were typed is the order on the wire. One message
//! of a room is on the wire at a time: if it is refused for a while, none behind it can overtake it.

use std::sync::Arc;

use parlor_protocol::{ClientFrame, CommandId, Message, Millis, RoomId, Seq, User, error_code};

mod item;
mod leases;

pub use item::{Delivery, Kept, Outgoing};

/// What is not sent, as seen from a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// Messages of this room that wait for the connection.
    pub here: usize,
    /// Messages of other rooms that do.
    pub waiting: usize,
    /// Messages of other rooms that were refused for good.
    pub failed: usize,
    /// One of those other rooms, which may be gone: one with a refused message if there is one.
    pub room: Option<RoomId>,
    /// The message that was discarded last was of this room, and can be had back.
    pub discarded: bool,
}

/// Whether this tab may send a room's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lease {
    /// Asked for.
    Wanted,
    /// Ours.
    Held,
}

/// All messages of this browser that are on their way, those of a room in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    items: Vec<Outgoing>,
    leases: Vec<(RoomId, Lease)>,
    /// Messages that are being taken from the disk: what is read of it meanwhile may still have them.
    leaving: Vec<CommandId>,
    /// Nothing is sent before this moment: the server asked for a pause.
    held_until: Millis,
}

impl Outbox {
    /// Takes a new message, which is to be kept before it goes. `tried`: it will be on the wire at once.
    pub fn push(&mut self, room: RoomId, id: CommandId, body: String, by: User, at: Millis, tried: bool) -> Kept {
        let message =
            Arc::new(Message { id, seq: 0, at, by, body, html: String::new(), reply_to: None, mentions: Vec::new() });
        let item = Outgoing {
            room,
            message,
            delivery: Delivery::Queued,
            tried,
            stored: None,
            kept: false,
            withdrawn: false,
            retried: false,
        };
        let kept = item.to_keep();
        self.insert(item);
        kept
    }

    /// The browser has it on disk (or cannot keep anything, and it goes all the same).
    pub fn kept(&mut self, id: CommandId) {
        if let Some(item) = self.find(id) {
            item.kept = true;
        }
    }

    /// Brings a room in line with what the browser keeps: other tabs have put messages there, and have taken some away
    /// because the server has them. `known` tells whether the timeline has a message already; such are returned, for what
    /// is stored need not be kept.
    pub fn reconcile(
        &mut self,
        room: &RoomId,
        kept: &[Kept],
        me: &User,
        known: impl Fn(CommandId) -> bool,
    ) -> Vec<CommandId> {
        let mut stored = Vec::new();
        for item in self.items.iter_mut().filter(|item| item.room == *room && (item.kept || item.retried)) {
            match kept.iter().find(|kept| kept.id == item.message.id) {
                None if matches!(item.delivery, Delivery::Queued | Delivery::Failed(_)) => {
                    item.delivery = Delivery::Stored;
                }
                Some(Kept { failed: Some(i18n), .. }) if item.delivery == Delivery::Queued && !item.retried => {
                    item.delivery = Delivery::Failed(i18n.clone());
                }
                Some(Kept { failed: None, .. }) if matches!(item.delivery, Delivery::Failed(_)) => {
                    item.delivery = Delivery::Queued;
                }
                Some(kept) => item.tried |= kept.tried,
                None => {}
            }
        }
        self.items.retain(|item| item.room != *room || item.delivery != Delivery::Stored || !known(item.message.id));
        for kept in kept.iter().filter(|kept| kept.room == *room) {
            if self.leaving.contains(&kept.id) {
                continue;
            }
            if known(kept.id) {
                stored.push(kept.id);
                continue;
            }
            if self.items.iter().any(|item| item.message.id == kept.id) {
                continue;
            }
            let Kept { id, room, body, at, tried, failed } = kept.clone();
            let message = Message {
                id,
                seq: 0,
                at,
                by: me.clone(),
                body,
                html: String::new(),
                reply_to: None,
                mentions: Vec::new(),
            };
            self.insert(Outgoing {
                room,
                message: Arc::new(message),
                delivery: failed.map_or(Delivery::Queued, Delivery::Failed),
                tried,
                stored: None,
                kept: true,
                withdrawn: false,
                retried: false,
            });
        }
        self.leaving.extend(stored.iter().copied());
        stored
    }

    /// Another tab's message was taken back there.
    pub fn gone(&mut self, id: CommandId) -> Option<RoomId> {
        let at = self.items.iter().position(|item| item.message.id == id && item.delivery != Delivery::Sent)?;
        Some(self.items.remove(at).room)
    }

    /// The id itself, or when the clock was put back one that still comes after all others of the room.
    #[must_use]
    pub fn after_all(&self, room: &RoomId, id: CommandId) -> CommandId {
        let last = self.of(room).map(|item| item.message.id).fold(id, |a, b| if b > a { b } else { a });
        if last == id { id } else { CommandId(uuid::Uuid::from_u128(last.0.as_u128().wrapping_add(1))) }
    }

    /// Ids are made in the order of time, so a room's messages of several tabs stand in the order in which they were
    /// typed.
    fn insert(&mut self, item: Outgoing) {
        let later = |other: &Outgoing| other.room == item.room && other.message.id > item.message.id;
        let at = self.items.iter().position(later).unwrap_or(self.items.len());
        self.items.insert(at, item);
    }

    /// The messages of a room that no event has shown yet.
    pub fn of<'a>(&'a self, room: &'a RoomId) -> impl Iterator<Item = &'a Outgoing> {
        self.items.iter().filter(move |item| item.room == *room)
    }

    /// What is not sent, as seen from a room.
    #[must_use]
    pub fn unsent(&self, here: Option<&RoomId>) -> Unsent {
        let mut unsent = Unsent::default();
        for item in self.items.iter().filter(|item| item.is_shown() && item.delivery != Delivery::Stored) {
            let is_here = Some(&item.room) == here;
            match item.delivery {
                Delivery::Failed(_) if is_here => {}
                Delivery::Failed(_) => {
                    if unsent.failed == 0 {
                        unsent.room = Some(item.room.clone());
                    }
                    unsent.failed += 1;
                }
                _ if is_here => unsent.here += 1,
                _ => {
                    unsent.room.get_or_insert_with(|| item.room.clone());
                    unsent.waiting += 1;
                }
            }
        }
        unsent
    }

    /// Whether nothing is on its way.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Puts a message back that its writer has discarded, as it was. Returns what is to be kept of it.
    pub fn restore(&mut self, item: Outgoing) -> Kept {
        let item = Outgoing { kept: false, withdrawn: false, ..item };
        let kept = item.to_keep();
        self.insert(item);
        kept
    }

    /// What to put on the wire now: of each room its first message, unless that is on the wire already.
    pub fn take_ready(&mut self, now: Millis) -> Vec<(RoomId, ClientFrame)> {
        if now < self.held_until {
            return Vec::new();
        }
        let Self { items, leases, .. } = self;
        let held = |room: &RoomId| leases.iter().any(|(id, lease)| id == room && *lease == Lease::Held);
        let mut busy: Vec<RoomId> =
            items.iter().filter(|i| i.delivery == Delivery::Sent).map(|i| i.room.clone()).collect();
        let mut frames = Vec::new();
        for item in items {
            if busy.contains(&item.room) {
                continue;
            }
            match item.delivery {
                Delivery::Queued if item.withdrawn => {}
                Delivery::Queued => {
                    busy.push(item.room.clone());
                    if !item.kept || !held(&item.room) {
                        continue;
                    }
                    item.delivery = Delivery::Sent;
                    let frame = ClientFrame::Send {
                        id: item.message.id,
                        room: item.room.clone(),
                        body: item.message.body.clone(),
                        reply_to: item.message.reply_to,
                    };
                    frames.push((item.room.clone(), frame));
                }
                Delivery::Sent | Delivery::Stored | Delivery::Failed(_) => {}
            }
        }
        frames
    }

    /// When to look again, if the server asked for a pause and something waits.
    #[must_use]
    pub fn held_until(&self, now: Millis) -> Option<Millis> {
        (now < self.held_until && self.items.iter().any(|item| item.delivery == Delivery::Queued))
            .then_some(self.held_until)
    }

    /// The connection is gone: what was on the wire may or may not have arrived, so it will go again.
    pub fn disconnected(&mut self) -> Vec<RoomId> {
        self.held_until = 0;
        self.unanswered()
    }

    /// Answers may have been lost: what was on the wire goes again.
    pub fn unanswered(&mut self) -> Vec<RoomId> {
        self.items
            .iter_mut()
            .filter(|item| item.delivery == Delivery::Sent)
            .map(|item| {
                item.delivery = Delivery::Queued;
                item.room.clone()
            })
            .collect()
    }

    /// The server has the message on disk. It stays here until its event shows it; the browser may forget it.
    pub fn ack(&mut self, id: CommandId, seq: Seq, at: Millis) -> Option<RoomId> {
        self.leaving.push(id);
        let item = self.find(id)?;
        item.delivery = Delivery::Stored;
        item.stored = Some(seq);
        Arc::make_mut(&mut item.message).at = at;
        Some(item.room.clone())
    }

    /// The browser has forgotten it.
    pub fn left(&mut self, id: CommandId) {
        self.leaving.retain(|other| *other != id);
    }

    /// The server did not take it: for a while, or for good. In the latter case returns what is to be kept of it.
    pub fn refused(
        &mut self,
        id: CommandId,
        code: &str,
        i18n: &str,
        retry_ms: Option<u64>,
        now: Millis,
    ) -> Option<(RoomId, Option<Kept>)> {
        // A time to come back is a promise that it will help; want of storage passes by itself.
        let for_a_while = matches!(code, error_code::UNAVAILABLE | error_code::STORAGE_FULL)
            || (code == error_code::RATE_LIMITED && retry_ms.is_some());
        let item = self.find(id)?;
        if matches!(item.delivery, Delivery::Stored) {
            return None;
        }
        let room = item.room.clone();
        if for_a_while {
            item.delivery = Delivery::Queued;
            let pause = i64::try_from(retry_ms.unwrap_or(1_000)).unwrap_or(60_000).clamp(50, 60_000);
            self.held_until = self.held_until.max(now + pause);
            return Some((room, None));
        }
        item.delivery = Delivery::Failed(i18n.into());
        Some((room, Some(item.to_keep())))
    }

    /// The message has come as an event, or in a page: the timeline has it now.
    pub fn settle(&mut self, id: CommandId) -> bool {
        let before = self.items.len();
        self.items.retain(|item| item.message.id != id);
        self.items.len() < before
    }

    /// Forgets messages whose event is older than all that the page will still get: up to `head`, and those of which it
    /// is only known that they are stored.
    pub fn settle_until(&mut self, room: &RoomId, head: Seq) {
        self.items.retain(|item| {
            item.room != *room || item.delivery != Delivery::Stored || item.stored.is_some_and(|seq| seq > head)
        });
    }

    /// A failed one is to go again, under the same id. Whether it can, the lease of its room decides: another tab may be
    /// giving it back to its writer. Returns the room, and whether its lease has to be asked for.
    pub fn retry(&mut self, id: CommandId) -> Option<(RoomId, bool)> {
        let item = self.find(id).filter(|item| matches!(item.delivery, Delivery::Failed(_)) && !item.withdrawn)?;
        item.delivery = Delivery::Queued;
        item.kept = false;
        item.retried = true;
        let room = item.room.clone();
        let ask = self.ask(&room);
        Some((room, ask))
    }

    /// Under the lease: what goes again, to be kept as such before.
    pub fn take_retried(&mut self, room: &RoomId) -> Vec<Kept> {
        if self.lease(room) != Some(Lease::Held) {
            return Vec::new();
        }
        let mut to_keep = Vec::new();
        for item in self.items.iter_mut().filter(|item| item.room == *room) {
            if std::mem::take(&mut item.retried) && item.delivery == Delivery::Queued {
                to_keep.push(item.to_keep());
            }
        }
        to_keep
    }

    /// Its writer wants one back that was refused, or was never on the wire. It does not go any more; whether it can be
    /// had back, the lease of its room decides. Returns the room, and whether its lease has to be asked for.
    pub fn withdraw(&mut self, id: CommandId) -> Option<(RoomId, bool)> {
        let item = self.find(id).filter(|item| match item.delivery {
            Delivery::Queued => !item.tried,
            Delivery::Failed(_) => true,
            Delivery::Sent | Delivery::Stored => false,
        })?;
        item.withdrawn = true;
        let room = item.room.clone();
        let ask = self.ask(&room);
        Some((room, ask))
    }

    /// Under the lease: what is wanted back and was not sent by anyone, or refused. What another tab has tried meanwhile
    /// cannot be had back, and goes on.
    pub fn take_withdrawn(&mut self, room: &RoomId) -> Option<Outgoing> {
        if self.lease(room) != Some(Lease::Held) {
            return None;
        }
        let goes_on = |item: &Outgoing| item.tried && !matches!(item.delivery, Delivery::Failed(_));
        for item in self.items.iter_mut().filter(|item| item.room == *room && goes_on(item)) {
            item.withdrawn = false;
        }
        let is_here = |item: &Outgoing| matches!(item.delivery, Delivery::Queued | Delivery::Failed(_));
        let at = self.items.iter().position(|item| item.room == *room && item.withdrawn && is_here(item))?;
        let taken = self.items.remove(at);
        self.leaving.push(taken.message.id);
        Some(taken)
    }

    fn find(&mut self, id: CommandId) -> Option<&mut Outgoing> {
        self.items.iter_mut().find(|item| item.message.id == id)
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
