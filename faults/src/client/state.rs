//! What a client knows: where it is in each room, and what waits to be stored. Pure, but for the clock that it is given.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Display,
    time::{Duration, Instant},
};

use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, GapReason, RoomId, Seq, ServerFrame, Tail, error_code, http::MessagePage,
    limits,
};

use crate::checker::ClientLog;

/// Before one tries again what was refused without a time.
const RETRY: Duration = Duration::from_millis(300);

/// Complaints that are kept.
const MOST_COMPLAINTS: usize = 20;

/// Of the newest connections, what is kept for when something is wrong.
const MOST_NOTES: usize = 12;

/// Counts for the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections after the first.
    pub reconnects: u64,
    /// `gap` frames.
    pub gaps: u64,
    /// Refusals of messages, each of which was tried again.
    pub refusals: u64,
    /// Connections that were given up for silence.
    pub silences: u64,
}

/// What the `id` of an event stream says: where each room stands.
pub(super) type Cursors = Vec<(RoomId, Seq, Tail)>;

#[derive(Debug)]
pub(super) struct State {
    pub(super) log: ClientLog,
    pub(super) stats: Stats,
    pub(super) complaints: Vec<String>,
    rooms: BTreeMap<RoomId, Room>,
    heartbeat: Duration,
    greeted: bool,
    /// How its newest connections ended, and when.
    notes: VecDeque<(Instant, String)>,
}

#[derive(Debug)]
struct Room {
    after: Seq,
    tail: Option<Tail>,
    standing: Standing,
    /// Messages that are not acked, oldest first. The first alone is on the wire: none behind it can overtake it.
    outbox: VecDeque<(CommandId, String)>,
    on_wire: bool,
    /// Neither sent to nor joined before: the server asked for a pause.
    held: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// To be joined.
    Away,
    /// Asked to join.
    Asked,
    Joined,
    /// After a gap: the newest page is to be loaded.
    Reload,
}

impl State {
    pub(super) fn new(name: String, rooms: &[RoomId]) -> Self {
        let mut log = ClientLog::new(name);
        let mut known = BTreeMap::new();
        for room in rooms {
            log.began(room, 0);
            let standing = Standing::Away;
            let empty = Room { after: 0, tail: None, standing, outbox: VecDeque::new(), on_wire: false, held: None };
            known.insert(room.clone(), empty);
        }
        let (stats, complaints) = (Stats::default(), Vec::new());
        Self {
            log,
            stats,
            complaints,
            rooms: known,
            heartbeat: limits::HEARTBEAT,
            greeted: false,
            notes: VecDeque::new(),
        }
    }

    /// A message for a room that this client joins; for another it is a mistake of the caller, and complained about.
    pub(super) fn write(&mut self, room: &RoomId, id: CommandId, body: String) {
        match self.rooms.get_mut(room) {
            Some(room) => room.outbox.push_back((id, body)),
            None => self.complain(format!("a message for {room}, which is not joined")),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.rooms.values().map(|room| room.outbox.len()).sum()
    }

    pub(super) fn seen(&self, room: &RoomId) -> Option<Seq> {
        self.rooms.get(room).filter(|room| room.standing == Standing::Joined).map(|room| room.after)
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
            .map(|(id, room)| format!("{id} {:?} at {}, {} waiting", room.standing, room.after, room.outbox.len()))
            .collect();
        let complaints = self.complaints.join("; ");
        let notes: Vec<String> =
            self.notes.iter().map(|(at, text)| format!("{:.1} s ago {text}", at.elapsed().as_secs_f64())).collect();
        format!(
            "{} (greeted: {}): {}; complaints: [{complaints}]; connections: [{}]",
            self.log.name(),
            self.greeted,
            rooms.join("; "),
            notes.join("; ")
        )
    }

    /// For [`State::describe`].
    pub(super) fn note(&mut self, text: impl Display) {
        if self.notes.len() == MOST_NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back((Instant::now(), text.to_string()));
    }

    pub(super) fn complain(&mut self, text: impl Display) {
        if self.complaints.len() < MOST_COMPLAINTS {
            self.complaints.push(format!("{}: {text}", self.log.name()));
        }
    }

    /// A connection is gone: nothing is on the wire and no room joined.
    pub(super) fn disconnected(&mut self) {
        self.greeted = false;
        for room in self.rooms.values_mut() {
            room.on_wire = false;
            if room.standing != Standing::Reload {
                room.standing = Standing::Away;
            }
        }
    }

    /// The cursors for a `hello`; these rooms count as asked for.
    pub(super) fn resume(&mut self) -> Vec<Cursor> {
        let away = self.rooms.iter_mut().filter(|(_, room)| room.standing == Standing::Away);
        away.map(|(id, room)| room.ask(id)).collect()
    }

    /// The server joins these by itself.
    pub(super) fn resumed_by_server(&mut self, rooms: &[RoomId]) {
        for id in rooms {
            if let Some(room) = self.rooms.get_mut(id) {
                room.standing = Standing::Asked;
            }
        }
    }

    /// Whether every room stands where these cursors (`room:seq:tail,…`) say, so that they may be resumed from.
    pub(super) fn stands_at(&self, cursors: &[(RoomId, Seq, Tail)]) -> bool {
        cursors.iter().all(|(id, seq, tail)| {
            let room = self.rooms.get(id);
            room.is_some_and(|room| {
                room.standing == Standing::Away && room.after == *seq && room.tail.as_ref() == Some(tail)
            })
        })
    }

    /// What to say now: joins that are missing, and of each room its first message.
    pub(super) fn ready(&mut self, now: Instant) -> Vec<ClientFrame> {
        let mut frames = Vec::new();
        if !self.greeted {
            return frames;
        }
        for (id, room) in &mut self.rooms {
            if room.held.is_some_and(|until| until > now) {
                continue;
            }
            room.held = None;
            if room.standing == Standing::Away {
                frames.push(ClientFrame::Join(room.ask(id)));
            }
            if let (false, Some((message, body))) = (room.on_wire, room.outbox.front()) {
                room.on_wire = true;
                self.log.sent(id, *message);
                frames.push(ClientFrame::Send { id: *message, room: id.clone(), body: body.clone(), reply_to: None });
            }
        }
        frames
    }

    /// When the next pause ends.
    pub(super) fn next_held(&self) -> Option<Instant> {
        self.rooms.values().filter_map(|room| room.held).min()
    }

    /// A room whose newest page is to be loaded.
    pub(super) fn to_reload(&self) -> Option<RoomId> {
        self.rooms.iter().find(|(_, room)| room.standing == Standing::Reload).map(|(id, _)| id.clone())
    }

    pub(super) fn reloaded(&mut self, id: &RoomId, page: &MessagePage) {
        self.log.reloaded(id, page.head, page.messages.iter().map(|message| (message.seq, message.id)));
        if let Some(room) = self.rooms.get_mut(id) {
            room.after = page.head;
            room.tail = page.messages.last().map(|message| message.id.tail());
            room.standing = Standing::Away;
        }
    }

    pub(super) fn hear(&mut self, frame: ServerFrame, now: Instant) {
        match frame {
            ServerFrame::Welcome { heartbeat_ms, .. } => {
                self.heartbeat = Duration::from_millis(heartbeat_ms);
                self.greeted = true;
            }
            ServerFrame::Joined { room, head, .. } => self.joined(&room, head),
            ServerFrame::Event(event) => self.event(&event),
            ServerFrame::Ack { id, room, seq, .. } => self.acked(&room, id, seq),
            ServerFrame::Refused { id, room, code, message, retry_after_ms } => {
                let wait = retry_after_ms.map_or(RETRY, Duration::from_millis);
                self.refused(id.as_deref(), room.as_ref(), &code, &message, now + wait);
            }
            ServerFrame::Gap { room, reason, .. } => {
                self.stats.gaps += 1;
                match reason {
                    GapReason::HistoryChanged => self.log.changed(&room),
                    // What was dropped with the queue may have been acks: what has none is sent again.
                    GapReason::Overflow => self.rooms.values_mut().for_each(|room| room.on_wire = false),
                    GapReason::TooFar => {}
                }
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.standing = Standing::Reload;
                }
            }
            ServerFrame::Unknown => self.complain("a frame of an unknown type"),
            // The end is the session's to see; the rest is not durable.
            ServerFrame::Bye { .. }
            | ServerFrame::Room { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Typing { .. }
            | ServerFrame::Pong { .. } => {}
        }
    }

    fn joined(&mut self, id: &RoomId, head: Seq) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        if room.standing == Standing::Asked && room.after <= head {
            room.standing = Standing::Joined;
        } else {
            let text = format!("joined {id} with head {head}, being {:?} at {}", room.standing, room.after);
            self.complain(text);
        }
    }

    fn event(&mut self, event: &Event) {
        self.log.event(&event.room, event.seq, event.id);
        let Some(room) = self.rooms.get_mut(&event.room) else { return };
        (room.after, room.tail) = (event.seq, Some(event.id.tail()));
        if room.standing != Standing::Joined {
            let text = format!("event {} of {}, being {:?}", event.seq, event.room, room.standing);
            self.complain(text);
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
        let Some(name) = sent.as_ref().map(|(name, _)| name).or(room).cloned() else {
            return self.complain(format!("refused, {code}: {message}"));
        };
        if let Some((name, sent)) = &sent {
            self.stats.refusals += 1;
            self.log.refused(name, *sent);
        }
        if !may_try {
            self.complain(format!("refused in {name}, {code}: {message}"));
        }
        let Some(room) = self.rooms.get_mut(&name) else { return };
        room.held = Some(until);
        if sent.is_some() {
            room.on_wire = false;
            if !may_try {
                room.outbox.pop_front();
            }
        } else if room.standing == Standing::Asked {
            room.standing = Standing::Away;
        }
    }
}

impl Room {
    fn ask(&mut self, id: &RoomId) -> Cursor {
        self.standing = Standing::Asked;
        Cursor { room: id.clone(), after: Some(self.after), tail: self.tail.clone() }
    }
}
