//! State of a client: its position in each room, and its outbox. Pure, except for the given clock.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Display,
    net::SocketAddr,
    time::{Duration, Instant},
};

use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, GapReason, RoomId, Seq, ServerFrame, Tail, error_code, http::MessagePage,
    limits,
};

use super::{Config, ConnectedPeriod, Receipt};
use crate::checker::ClientLog;

/// Delay before resending a rejected message without `retry_after_ms`.
const RETRY: Duration = Duration::from_millis(300);

/// Maximum number of recorded protocol errors.
const MAX_PROTOCOL_ERRORS: usize = 20;

/// Number of recent connection notes, for error messages.
const MAX_NOTES: usize = 12;

/// Counts for the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections after the first.
    pub reconnects: u64,
    pub gaps: u64,
    /// Rejected messages.
    pub refusals: u64,
    /// Connections closed after a missed heartbeat.
    pub silences: u64,
}

/// Cursors of all rooms, as in the `id` of an event stream.
pub(super) type Cursors = Vec<(RoomId, Seq, Tail)>;

#[derive(Debug)]
pub(super) struct State {
    pub(super) log: ClientLog,
    pub(super) stats: Stats,
    pub(super) protocol_errors: Vec<String>,
    /// Of a revocable client only.
    pub(super) receipts: Vec<Receipt>,
    pub(super) connected: Vec<ConnectedPeriod>,
    revocable: bool,
    pub(super) may_end: bool,
    address: Option<SocketAddr>,
    rooms: BTreeMap<RoomId, Room>,
    heartbeat: Duration,
    greeted: bool,
    /// How recent connections ended, and when.
    notes: VecDeque<(Instant, String)>,
}

#[derive(Debug)]
struct Room {
    after: Seq,
    tail: Option<Tail>,
    subscription: Subscription,
    /// Messages without an ack, oldest first. Only the first is in flight, so that none can overtake it.
    outbox: VecDeque<(CommandId, String)>,
    on_wire: bool,
    /// Not sent to or joined before this time, at the server's request.
    paused_until: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscription {
    None,
    Requested,
    Joined,
    /// The newest page has to be loaded after a gap.
    Reload,
}

impl State {
    pub(super) fn new(config: &Config) -> Self {
        let mut log = ClientLog::new(&config.name);
        let mut known = BTreeMap::new();
        for room in &config.rooms {
            log.began(room, 0);
            let subscription = Subscription::None;
            let empty = Room {
                after: 0,
                tail: None,
                subscription,
                outbox: VecDeque::new(),
                on_wire: false,
                paused_until: None,
            };
            known.insert(room.clone(), empty);
        }
        let (stats, protocol_errors) = (Stats::default(), Vec::new());
        Self {
            log,
            stats,
            protocol_errors,
            receipts: Vec::new(),
            connected: Vec::new(),
            revocable: config.revocable,
            may_end: false,
            address: None,
            rooms: known,
            heartbeat: limits::HEARTBEAT,
            greeted: false,
            notes: VecDeque::new(),
        }
    }

    /// Queues a message. A room that the client does not join is reported as an error.
    pub(super) fn write(&mut self, room: &RoomId, id: CommandId, body: String) {
        match self.rooms.get_mut(room) {
            Some(room) => room.outbox.push_back((id, body)),
            None => self.protocol_error(format!("a message for {room}, which is not joined")),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.rooms.values().map(|room| room.outbox.len()).sum()
    }

    pub(super) fn has_room(&self, room: &RoomId) -> bool {
        self.rooms.contains_key(room)
    }

    pub(super) fn waits_for(&self, newest: CommandId) -> bool {
        self.rooms.values().any(|room| room.outbox.iter().any(|(id, _)| id.0 <= newest.0))
    }

    pub(super) fn seen(&self, room: &RoomId) -> Option<Seq> {
        self.rooms.get(room).filter(|room| room.subscription == Subscription::Joined).map(|room| room.after)
    }

    pub(super) const fn greeted(&self) -> bool {
        self.greeted
    }

    pub(super) const fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    pub(super) fn describe(&self) -> String {
        let rooms: Vec<String> = self
            .rooms
            .iter()
            .map(|(id, room)| format!("{id} {:?} at {}, {} waiting", room.subscription, room.after, room.outbox.len()))
            .collect();
        let protocol_errors = self.protocol_errors.join("; ");
        let notes: Vec<String> =
            self.notes.iter().map(|(at, text)| format!("{:.1} s ago {text}", at.elapsed().as_secs_f64())).collect();
        format!(
            "{} (greeted: {}): {}; protocol_errors: [{protocol_errors}]; connections: [{}]",
            self.log.name(),
            self.greeted,
            rooms.join("; "),
            notes.join("; ")
        )
    }

    /// For [`State::describe`].
    pub(super) fn note(&mut self, text: impl Display) {
        if self.notes.len() == MAX_NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back((Instant::now(), text.to_string()));
    }

    pub(super) fn protocol_error(&mut self, text: impl Display) {
        if self.protocol_errors.len() < MAX_PROTOCOL_ERRORS {
            self.protocol_errors.push(format!("{}: {text}", self.log.name()));
        }
    }

    /// A connection to a node was opened.
    pub(super) const fn connecting(&mut self, address: SocketAddr) {
        self.address = Some(address);
    }

    /// The connection was lost: nothing is in flight and no room is joined.
    pub(super) fn disconnected(&mut self) {
        self.greeted = false;
        if let Some(period) = self.connected.last_mut().filter(|period| period.to.is_none()) {
            period.to = Some(Instant::now());
        }
        for room in self.rooms.values_mut() {
            room.on_wire = false;
            if room.subscription != Subscription::Reload {
                room.subscription = Subscription::None;
            }
        }
    }

    /// Cursors for `hello`; their joins count as requested.
    pub(super) fn resume(&mut self) -> Vec<Cursor> {
        let away = self.rooms.iter_mut().filter(|(_, room)| room.subscription == Subscription::None);
        away.map(|(id, room)| room.join_cursor(id)).collect()
    }

    /// The server joins these rooms by itself.
    pub(super) fn resumed_by_server(&mut self, rooms: &[RoomId]) {
        for id in rooms {
            if let Some(room) = self.rooms.get_mut(id) {
                room.subscription = Subscription::Requested;
            }
        }
    }

    /// Whether the cursors match the positions of the rooms, so that they can be resumed.
    pub(super) fn stands_at(&self, cursors: &[(RoomId, Seq, Tail)]) -> bool {
        cursors.iter().all(|(id, seq, tail)| {
            let room = self.rooms.get(id);
            room.is_some_and(|room| {
                room.subscription == Subscription::None && room.after == *seq && room.tail.as_ref() == Some(tail)
            })
        })
    }

    /// Frames to send now: missing joins, and the first message of each room.
    pub(super) fn ready(&mut self, now: Instant) -> Vec<ClientFrame> {
        let mut frames = Vec::new();
        if !self.greeted {
            return frames;
        }
        for (id, room) in &mut self.rooms {
            if room.paused_until.is_some_and(|until| until > now) {
                continue;
            }
            room.paused_until = None;
            if room.subscription == Subscription::None {
                frames.push(ClientFrame::Join(room.join_cursor(id)));
            }
            if let (false, Some((message, body))) = (room.on_wire, room.outbox.front()) {
                room.on_wire = true;
                self.log.sent(id, *message);
                frames.push(ClientFrame::Send { id: *message, room: id.clone(), body: body.clone(), reply_to: None });
            }
        }
        frames
    }

    pub(super) fn next_pause_end(&self) -> Option<Instant> {
        self.rooms.values().filter_map(|room| room.paused_until).min()
    }

    /// A room whose newest page has to be loaded.
    pub(super) fn to_reload(&self) -> Option<RoomId> {
        self.rooms.iter().find(|(_, room)| room.subscription == Subscription::Reload).map(|(id, _)| id.clone())
    }

    pub(super) fn reloaded(&mut self, id: &RoomId, page: &MessagePage) {
        let messages = page.messages.iter().map(|message| (message.seq, message.id));
        let mut events: Vec<_> = messages.chain(page.notices.iter().map(|notice| (notice.seq, notice.id))).collect();
        events.sort_unstable();
        let tail = events.last().map(|(_, id)| id.tail());
        self.log.reloaded(id, page.head, events);
        if let Some(room) = self.rooms.get_mut(id) {
            (room.after, room.tail) = (page.head, tail);
            room.subscription = Subscription::None;
        }
    }

    pub(super) fn receive(&mut self, frame: ServerFrame, now: Instant) {
        match frame {
            ServerFrame::Welcome { heartbeat_ms, .. } => {
                self.heartbeat = Duration::from_millis(heartbeat_ms);
                self.greeted = true;
                if let Some(address) = self.address.filter(|_| self.revocable) {
                    self.connected.push(ConnectedPeriod { address, from: now, to: None });
                }
            }
            ServerFrame::Joined { room, head, .. } => self.joined(&room, head),
            ServerFrame::Event(event) => self.event(&event, now),
            ServerFrame::Ack { id, room, seq, .. } => self.acked(&room, id, seq),
            ServerFrame::Refused { id, room, code, message, retry_after_ms } => {
                let wait = retry_after_ms.map_or(RETRY, Duration::from_millis);
                self.refused(id.as_deref(), room.as_ref(), &code, &message, now + wait);
            }
            ServerFrame::Gap { room, reason, .. } => {
                self.stats.gaps += 1;
                match reason {
                    GapReason::HistoryChanged => self.log.changed(&room),
                    // The dropped queue may have contained acks, so unacked messages are resent.
                    GapReason::Overflow => self.rooms.values_mut().for_each(|room| room.on_wire = false),
                    GapReason::TooFar => {}
                }
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.subscription = Subscription::Reload;
                }
            }
            ServerFrame::Unknown => self.protocol_error("a frame of an unknown type"),
            ServerFrame::Room { room } if room.gone => self.removed(&room.id, now),
            // `bye` is handled by the session; the others are not durable.
            ServerFrame::Bye { .. }
            | ServerFrame::Room { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Typing { .. }
            | ServerFrame::Pong { .. } => {}
        }
    }

    fn joined(&mut self, id: &RoomId, head: Seq) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        if room.subscription == Subscription::Requested && room.after <= head {
            room.subscription = Subscription::Joined;
        } else {
            let text = format!("joined {id} with head {head}, being {:?} at {}", room.subscription, room.after);
            self.protocol_error(text);
        }
    }

    fn event(&mut self, event: &Event, now: Instant) {
        self.log.event(&event.room, event.seq, event.id);
        if self.revocable {
            self.receipts.push(Receipt { room: event.room.clone(), seq: event.seq, at: now });
        }
        let Some(room) = self.rooms.get_mut(&event.room) else { return };
        (room.after, room.tail) = (event.seq, Some(event.id.tail()));
        if room.subscription != Subscription::Joined {
            let text = format!("event {} of {}, being {:?}", event.seq, event.room, room.subscription);
            self.protocol_error(text);
        }
    }

    /// The user is no longer a member. The event that says so is for the others.
    fn removed(&mut self, id: &RoomId, now: Instant) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        // An answer to `join` follows, if it was sent meanwhile.
        if self.revocable && room.subscription == Subscription::Joined {
            room.subscription = Subscription::None;
            room.paused_until = Some(now + RETRY);
        }
    }

    fn acked(&mut self, id: &RoomId, message: CommandId, seq: Seq) {
        self.log.acked(id, message, seq);
        let Some(room) = self.rooms.get_mut(id) else { return };
        if room.outbox.front().is_some_and(|(first, _)| *first == message) {
            room.outbox.pop_front();
            room.on_wire = false;
        }
    }

    fn refused(&mut self, id: Option<&str>, room: Option<&RoomId>, code: &str, message: &str, until: Instant) {
        let may_try = [error_code::RATE_LIMITED, error_code::UNAVAILABLE, error_code::STORAGE_FULL].contains(&code);
        let sent = id.and_then(|id| {
            let first =
                |room: &Room| room.outbox.front().filter(|(first, _)| first.to_string() == id).map(|(id, _)| *id);
            self.rooms.iter().find_map(|(name, room)| first(room).map(|first| (name.clone(), first)))
        });
        // Not a member of the room.
        let lost_access = self.revocable && sent.is_none() && code == error_code::NOT_FOUND;
        let may_try = may_try || lost_access;
        let Some(name) = sent.as_ref().map(|(name, _)| name).or(room).cloned() else {
            return self.protocol_error(format!("refused, {code}: {message}"));
        };
        if let Some((name, sent)) = &sent {
            self.stats.refusals += 1;
            self.log.refused(name, *sent);
        }
        if !may_try {
            self.protocol_error(format!("refused in {name}, {code}: {message}"));
        }
        let Some(room) = self.rooms.get_mut(&name) else { return };
        room.paused_until = Some(until);
        if sent.is_some() {
            room.on_wire = false;
            if !may_try {
                room.outbox.pop_front();
            }
        } else if room.subscription == Subscription::Requested || lost_access {
            room.subscription = Subscription::None;
        }
    }
}

impl Room {
    fn join_cursor(&mut self, id: &RoomId) -> Cursor {
        self.subscription = Subscription::Requested;
        Cursor { room: id.clone(), after: Some(self.after), tail: self.tail.clone() }
    }
}
