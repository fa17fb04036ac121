//! Messages on their way out: queued, sent, stored, failed. A message keeps its id for ever, so however often it is sent
//! again, the server stores it once (G3).
//!
//! One message of a room is on the wire at a time: if it is refused for a while, none behind it can overtake it.

use std::sync::Arc;

use parlor_protocol::{ClientFrame, CommandId, Message, Millis, RoomId, Seq, User, refusal};

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Waits for the connection, or for those before it.
    Queued,
    /// On the wire.
    Sent,
    /// On the server's disk.
    Stored,
    /// Refused for good, and why.
    Failed(Arc<str>),
}

impl Delivery {
    /// For style sheets and tests.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Stored => "stored",
            Self::Failed(_) => "failed",
        }
    }

    /// For those who do not see the mark.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Queued => "Waiting to be sent",
            Self::Sent => "Sent",
            Self::Stored => "Stored",
            Self::Failed(_) => "Not sent",
        }
    }
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where to.
    pub room: RoomId,
    /// The message as the page shows it: `seq` 0 and no HTML until the server has made its own.
    pub message: Arc<Message>,
    /// How far it has come.
    pub delivery: Delivery,
    /// The event's place, once it is known.
    stored: Option<Seq>,
}

/// All messages of this page that are on their way, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    items: Vec<Outgoing>,
    /// Nothing is sent before this moment: the server asked for a pause.
    held_until: Millis,
}

impl Outbox {
    /// Takes a new message. An id that is there already changes nothing.
    pub fn push(&mut self, room: RoomId, id: CommandId, body: String, by: User, at: Millis) {
        if self.items.iter().any(|item| item.message.id == id) {
            return;
        }
        let message = Arc::new(Message { id, seq: 0, at, by, body, html: String::new(), reply_to: None });
        self.items.push(Outgoing { room, message, delivery: Delivery::Queued, stored: None });
    }

    /// The messages of a room that no event has shown yet.
    pub fn of<'a>(&'a self, room: &'a RoomId) -> impl Iterator<Item = &'a Outgoing> {
        self.items.iter().filter(move |item| item.room == *room)
    }

    /// How many wait for the connection.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.delivery, Delivery::Queued | Delivery::Sent)).count()
    }

    /// What to put on the wire now: of each room its first message, unless that is on the wire already.
    pub fn take_ready(&mut self, now: Millis) -> Vec<(RoomId, ClientFrame)> {
        if now < self.held_until {
            return Vec::new();
        }
        let mut busy: Vec<RoomId> = Vec::new();
        let mut frames = Vec::new();
        for item in &mut self.items {
            if busy.contains(&item.room) {
                continue;
            }
            match item.delivery {
                Delivery::Sent => busy.push(item.room.clone()),
                Delivery::Queued => {
                    busy.push(item.room.clone());
                    item.delivery = Delivery::Sent;
                    let frame = ClientFrame::Send {
                        id: item.message.id,
                        room: item.room.clone(),
                        body: item.message.body.clone(),
                        reply_to: item.message.reply_to,
                    };
                    frames.push((item.room.clone(), frame));
                }
                Delivery::Stored | Delivery::Failed(_) => {}
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
        self.items
            .iter_mut()
            .filter(|item| item.delivery == Delivery::Sent)
            .map(|item| {
                item.delivery = Delivery::Queued;
                item.room.clone()
            })
            .collect()
    }

    /// The message is on disk. It stays until its event shows it.
    pub fn ack(&mut self, id: CommandId, seq: Seq, at: Millis) -> Option<RoomId> {
        let item = self.find(id)?;
        item.delivery = Delivery::Stored;
        item.stored = Some(seq);
        Arc::make_mut(&mut item.message).at = at;
        Some(item.room.clone())
    }

    /// The server did not take it: for a while, or for good.
    pub fn refused(
        &mut self,
        id: CommandId,
        code: &str,
        words: &str,
        retry_ms: Option<u64>,
        now: Millis,
    ) -> Option<RoomId> {
        // A time to come back is a promise that it will help; want of storage passes by itself.
        let for_a_while = matches!(code, refusal::UNAVAILABLE | refusal::STORAGE_FULL)
            || (code == refusal::RATE_LIMITED && retry_ms.is_some());
        let item = self.find(id)?;
        if matches!(item.delivery, Delivery::Stored) {
            return None;
        }
        let room = item.room.clone();
        if for_a_while {
            item.delivery = Delivery::Queued;
            let pause = i64::try_from(retry_ms.unwrap_or(1_000)).unwrap_or(60_000).clamp(50, 60_000);
            self.held_until = self.held_until.max(now + pause);
        } else {
            item.delivery = Delivery::Failed(words.into());
        }
        Some(room)
    }

    /// The message has come as an event, or in a page: the timeline has it now.
    pub fn settle(&mut self, id: CommandId) -> bool {
        let before = self.items.len();
        self.items.retain(|item| item.message.id != id);
        self.items.len() < before
    }

    /// Forgets messages whose event is older than all that the page will still get.
    pub fn settle_until(&mut self, room: &RoomId, head: Seq) {
        self.items.retain(|item| item.room != *room || item.stored.is_none_or(|seq| seq > head));
    }

    /// Sends a failed one again, under the same id.
    pub fn retry(&mut self, id: CommandId) -> Option<RoomId> {
        let item = self.find(id).filter(|item| matches!(item.delivery, Delivery::Failed(_)))?;
        item.delivery = Delivery::Queued;
        Some(item.room.clone())
    }

    /// Takes a failed one out and gives it back, to be edited or forgotten.
    pub fn discard(&mut self, id: CommandId) -> Option<Outgoing> {
        let at =
            self.items.iter().position(|item| item.message.id == id && matches!(item.delivery, Delivery::Failed(_)))?;
        Some(self.items.remove(at))
    }

    fn find(&mut self, id: CommandId) -> Option<&mut Outgoing> {
        self.items.iter_mut().find(|item| item.message.id == id)
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
