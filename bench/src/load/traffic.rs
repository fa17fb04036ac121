//! The messages of a run: sends them on schedule and tracks their deliveries.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use hdrhistogram::Histogram;

use super::{
    Dialect, Latency, Pace, Plan,
    body::{self, MessageRef},
    checker::Checker,
    dialect::{self, Entry},
    engine::{Engine, Listener},
};
use crate::websocket::put;

/// Maximum number of messages in flight per sender, for which deliveries are counted.
const COUNTED: usize = 256;

/// Maximum recorded latency, in microseconds.
const LONGEST: u64 = 60_000_000;

pub(super) struct Traffic {
    dialect: Dialect,
    members: usize,
    senders: usize,
    checker: Checker,
    frames: Vec<Template>,
    rooms: Vec<Room>,
    /// Rooms that may send.
    due: Vec<usize>,
    /// Maximum number of messages in a room that their senders have not received; 0 in an open loop.
    window: usize,
    /// Number of receivers, by sender and message.
    reached: Vec<u32>,
    acked: Vec<Acked>,
    invalid_acks: u64,
    pub(super) sent: u64,
    pub(super) delivered: u64,
    /// Latencies in microseconds of messages due in `timed`.
    latencies: Histogram<u64>,
    timed: std::ops::Range<u64>,
}

/// A client's frame without number, time and id.
struct Template {
    frame: Vec<u8>,
    body: usize,
    /// Offset of the id, if the protocol has one.
    id: Option<usize>,
}

#[derive(Clone, Default)]
struct Room {
    /// Messages that their sender has not received.
    unreceived: usize,
    /// Messages that not everyone has received.
    incomplete: usize,
    /// Next sender.
    turn: usize,
}

/// Acked messages of a sender.
#[derive(Clone, Default)]
struct Acked {
    bits: Vec<u64>,
    count: u64,
}

impl Traffic {
    pub(super) fn new(dialect: Dialect, plan: &Plan, entries: &[Entry]) -> anyhow::Result<Self> {
        let (members, senders) = (plan.members(), plan.senders);
        let rooms = if plan.pace == Pace::Idle { 0 } else { plan.rooms };
        let window = match plan.pace {
            Pace::Saturated { window } => (window / plan.rooms).max(1),
            _ => 0,
        };
        ensure!(window + window.div_ceil(2) <= COUNTED, "at most {} messages under way in a room", COUNTED * 2 / 3);
        let mut traffic = Self {
            dialect,
            members,
            senders,
            checker: Checker::new(rooms, members, senders),
            frames: Vec::with_capacity(rooms * senders),
            rooms: vec![Room::default(); rooms],
            due: Vec::new(),
            window,
            reached: vec![0; rooms * senders * COUNTED],
            acked: vec![Acked::default(); rooms * senders],
            invalid_acks: 0,
            sent: 0,
            delivered: 0,
            latencies: Histogram::new_with_bounds(1, LONGEST, 3).context("histogram")?,
            timed: 0..0,
        };
        for sender in 0..rooms * senders {
            let room = entries[traffic.place_of(sender)].rooms.first().context("a connection without a room")?;
            traffic.frames.push(Template::new(dialect, room, sender, plan.body)?);
        }
        Ok(traffic)
    }

    /// Times messages that are due in this range.
    pub(super) fn time(&mut self, due: std::ops::Range<u64>) {
        self.timed = due;
    }

    /// Starts sending in every room.
    pub(super) fn begin(&mut self) {
        self.due = (0..self.rooms.len()).collect();
    }

    pub(super) fn send_due(&mut self, engine: &mut Engine<'_>) -> anyhow::Result<()> {
        while let Some(room) = self.due.pop() {
            let most = self.window + self.window.div_ceil(2);
            while self.rooms[room].unreceived < self.window && self.rooms[room].incomplete < most {
                let now = engine.clock.now();
                self.send(engine, room, now)?;
            }
        }
        Ok(())
    }

    pub(super) fn stop(&mut self) {
        self.window = 0;
        self.due.clear();
    }

    /// Sends a message of the room's next sender, scheduled for this time.
    pub(super) fn send(&mut self, engine: &mut Engine<'_>, room: usize, due: u64) -> anyhow::Result<()> {
        let state = &mut self.rooms[room];
        let sender = room * self.senders + state.turn % self.senders;
        state.turn += 1;
        state.unreceived += 1;
        state.incomplete += 1;
        let number = self.checker.sends(sender);
        self.sent += 1;
        let place = self.place_of(sender);
        let template = &mut self.frames[sender];
        body::stamp(&mut template.frame[template.body..], number, due);
        if let Some(at) = template.id {
            #[allow(clippy::cast_possible_truncation)] // A few hundred at most.
            let id = dialect::id(MessageRef { sender: sender as u32, number }, unix_ms());
            id.hyphenated().encode_lower(&mut template.frame[at..at + 36]);
        }
        engine.send(place, &template.frame)
    }

    /// Index of a sender's connection. Senders are spread evenly over their room.
    fn place_of(&self, sender: usize) -> usize {
        sender / self.senders * self.members + sender % self.senders * self.members / self.senders
    }

    /// Number of outstanding deliveries.
    pub(super) fn outstanding(&self) -> u64 {
        self.checker.outstanding()
    }

    /// Number of messages that were not acked.
    pub(super) fn unacked(&self) -> u64 {
        if self.dialect != Dialect::Parlor {
            return 0;
        }
        self.sent - self.acked.iter().map(|acked| acked.count).sum::<u64>()
    }

    pub(super) fn invalid_acks(&self) -> u64 {
        self.invalid_acks
    }

    pub(super) fn violations(&self) -> super::checker::Violations {
        self.checker.finish()
    }

    pub(super) fn latency(&self) -> Option<Latency> {
        let of = |percent| self.latencies.value_at_quantile(percent);
        let count = self.latencies.len();
        (count > 0).then(|| Latency { count, p50: of(0.5), p99: of(0.99), p999: of(0.999), max: self.latencies.max() })
    }
}

impl Listener for Traffic {
    fn message(&mut self, link: usize, body: &[u8], now: u64) {
        // An unreadable body counts as misplaced and as lost.
        let message = body::message_ref(body).unwrap_or(MessageRef { sender: u32::MAX, number: 0 });
        if !self.checker.received(link, message) {
            return;
        }
        self.delivered += 1;
        let sender = message.sender as usize;
        if self.window > 0 {
            let room = sender / self.senders;
            let reached = &mut self.reached[sender * COUNTED + message.number as usize % COUNTED];
            *reached += 1;
            let complete = *reached as usize == self.members;
            if complete {
                *reached = 0;
                self.rooms[room].incomplete -= 1;
            }
            let own = self.place_of(sender) == link;
            if own {
                self.rooms[room].unreceived -= 1;
            }
            if complete || own {
                self.due.push(room);
            }
        } else if let Some(due) = body::time(body).filter(|due| self.timed.contains(due)) {
            self.latencies.saturating_record((now.saturating_sub(due) / 1_000).max(1));
        }
    }

    fn ack(&mut self, link: usize, message: MessageRef) {
        let sender = message.sender as usize;
        let known =
            sender < self.acked.len() && self.place_of(sender) == link && message.number < self.checker.sent(sender);
        if !(known && self.acked[sender].set(message.number as usize)) {
            self.invalid_acks += 1;
        }
    }
}

impl Template {
    fn new(dialect: Dialect, room: &str, sender: usize, length: usize) -> anyhow::Result<Self> {
        let text = String::from_utf8(body::template(u32::try_from(sender)?, length))?;
        let (kind, payload) = dialect.message(room, &text);
        let mut frame = Vec::new();
        put(&mut frame, kind, &payload);
        let body = body::find(&frame, &mut 0).context("a message without its body")?;
        let id = memchr::memmem::find(&frame, uuid::Uuid::max().to_string().as_bytes());
        Ok(Self { frame, body, id })
    }
}

impl Acked {
    /// False if it was set before.
    fn set(&mut self, number: usize) -> bool {
        if self.bits.len() <= number / 64 {
            self.bits.resize(number / 64 + 1, 0);
        }
        let (word, bit) = (&mut self.bits[number / 64], 1 << (number % 64));
        let new = *word & bit == 0;
        *word |= bit;
        self.count += u64::from(new);
        new
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
