//! Statistics of the connection, for the connection panel. Their times are on the monotonic clock.

use parlor_protocol::{ClientFrame, Millis, RoomId, Seq, ServerFrame};

use super::{transport::TransportStatus, transport_fallback::TransportKind};
use crate::clock::Now;

/// The most round-trip times that are kept.
const MAX_SAMPLES: usize = 60;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionStats {
    pub transport: TransportKind,
    /// Why this transport is used.
    pub why: &'static str,
    /// When the connection was established; none while there is none.
    pub since: Option<Millis>,
    /// The latest round-trip times in milliseconds, oldest first.
    pub round_trips: Vec<u32>,
    pub resumed: Option<Resumed>,
    pub transport_status: TransportStatus,
    pub last_close: Option<ClosedConnection>,
    /// How far the server's clock is ahead, in milliseconds.
    pub clock_skew: Option<Millis>,
    /// The server's name and version.
    pub server: String,
    pub(super) resuming: Option<Resuming>,
}

/// A completed resume: the connection has received all events that it had missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    pub at: Millis,
    /// The time since `hello`, in milliseconds.
    pub duration: Millis,
    /// Missed events that were received.
    pub events: u32,
    /// Rooms that had missed too much and were loaded again.
    pub reloaded: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedConnection {
    pub at: Millis,
    /// The close code; 1006 if there was none.
    pub code: u16,
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resuming {
    started_at: Millis,
    events: u32,
    reloaded: u32,
    /// Rooms, their last event, and the event to reach, which `joined` tells.
    rooms: Vec<(RoomId, Seq, Option<Seq>)>,
}

impl ConnectionStats {
    pub fn hello_sent(&mut self, hello: &ClientFrame, now: Millis) {
        let ClientFrame::Hello { resume, .. } = hello else { return };
        let rooms = resume.iter().filter_map(|cursor| Some((cursor.room.clone(), cursor.after?, None)));
        self.resuming = Some(Resuming { started_at: now, rooms: rooms.collect(), ..Resuming::default() });
    }

    pub fn frame_received(&mut self, frame: &ServerFrame, now: impl Into<Now>) {
        let Now { wall, monotonic: now } = now.into();
        match frame {
            ServerFrame::Welcome { server, now: theirs, .. } => {
                self.since = Some(now);
                self.server = format!("{} {}", server.name, server.version);
                self.clock_skew = Some(theirs - wall);
            }
            ServerFrame::Pong { at, now: theirs } => {
                let took = (now - at).max(0);
                if self.round_trips.len() >= MAX_SAMPLES {
                    self.round_trips.remove(0);
                }
                self.round_trips.push(u32::try_from(took).unwrap_or(u32::MAX));
                self.clock_skew = Some(theirs - (wall - took / 2));
                return;
            }
            _ => {}
        }
        self.resume(frame, now);
    }

    /// A failed attempt does not replace why the last connection was closed.
    pub fn connection_closed(&mut self, code: u16, reason: String, now: Millis) {
        if self.since.take().is_some() || self.last_close.is_none() {
            self.last_close = Some(ClosedConnection { at: now, code, reason });
        }
        self.resuming = None;
        self.transport_status = TransportStatus::default();
    }

    /// The median of the round-trip times.
    pub fn median(&self) -> Option<u32> {
        let mut sorted = self.round_trips.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    fn resume(&mut self, frame: &ServerFrame, now: Millis) {
        let Some(resuming) = &mut self.resuming else { return };
        let rooms = &mut resuming.rooms;
        match frame {
            ServerFrame::Welcome { .. } => {}
            ServerFrame::Joined { room, head, .. } => {
                if let Some(known) = rooms.iter_mut().find(|known| known.0 == *room) {
                    known.2 = Some(*head);
                }
            }
            ServerFrame::Event(event) => {
                if let Some(known) = rooms.iter_mut().find(|known| known.0 == event.room && known.2.is_some()) {
                    known.1 = event.seq;
                    resuming.events += 1;
                }
            }
            ServerFrame::Gap { room, .. } => {
                let before = rooms.len();
                rooms.retain(|known| known.0 != *room);
                resuming.reloaded += u32::from(rooms.len() < before);
            }
            _ => return,
        }
        rooms.retain(|(_, after, goal)| goal.is_none_or(|goal| *after < goal));
        if rooms.is_empty() {
            let Resuming { started_at, events, reloaded, .. } = *resuming;
            self.resumed = Some(Resumed { at: now, duration: now - started_at, events, reloaded });
            self.resuming = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{Cursor, Event, EventKind, GapReason, ServerInfo, ServerRole, User, UserId, UserKind};
    use uuid::Uuid;

    use super::*;

    fn hello(rooms: &[(&str, Seq)]) -> ClientFrame {
        let resume =
            rooms.iter().map(|(room, after)| Cursor { room: RoomId::from(*room), after: Some(*after), tail: None });
        ClientFrame::Hello { protocol: 1, resume: resume.collect() }
    }

    fn user() -> User {
        User { id: UserId(Uuid::from_u128(1)), name: "ann".into(), kind: UserKind::Guest, colour: None }
    }

    fn welcome(now: Millis) -> ServerFrame {
        let server = ServerInfo { name: "parlor".into(), version: "0.1.0".into(), build: String::new() };
        ServerFrame::Welcome {
            protocol: 1,
            you: user(),
            role: ServerRole::Guest,
            server,
            now,
            heartbeat_ms: 25_000,
            rooms: Vec::new(),
        }
    }

    fn joined(room: &str, head: Seq) -> ServerFrame {
        ServerFrame::Joined { room: RoomId::from(room), head, online: Vec::new(), away: Vec::new(), online_count: 1 }
    }

    fn event(room: &str, seq: Seq) -> ServerFrame {
        let id = parlor_protocol::CommandId(Uuid::from_u128(7));
        let event = EventKind::Unknown;
        ServerFrame::Event(Event { room: RoomId::from(room), seq, id, at: 0, by: user(), event })
    }

    #[test]
    fn a_resume_ends_when_every_room_has_caught_up() {
        let mut stats = ConnectionStats::default();
        stats.hello_sent(&hello(&[("lobby", 5), ("garden", 9)]), 1_000);
        stats.frame_received(&welcome(1_500), 1_010);
        assert_eq!((stats.since, stats.clock_skew, stats.server.as_str()), (Some(1_010), Some(490), "parlor 0.1.0"));
        stats.frame_received(&joined("lobby", 7), 1_020);
        stats.frame_received(&joined("garden", 9), 1_020);
        stats.frame_received(&event("lobby", 6), 1_030);
        assert_eq!(stats.resumed, None);
        stats.frame_received(&event("lobby", 7), 1_040);
        let resumed = Some(Resumed { at: 1_040, duration: 40, events: 2, reloaded: 0 });
        assert_eq!(stats.resumed, resumed);
        stats.frame_received(&event("lobby", 8), 1_050);
        assert_eq!(stats.resumed, resumed, "live events are not part of it");
    }

    #[test]
    fn a_resume_ends_at_a_gap_or_with_nothing_to_resume() {
        let mut stats = ConnectionStats::default();
        stats.hello_sent(&hello(&[("lobby", 5)]), 0);
        stats.frame_received(&welcome(0), 5);
        let gap = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::TooFar, after: 5, head: 9_000 };
        stats.frame_received(&gap, 10);
        assert_eq!(stats.resumed, Some(Resumed { at: 10, duration: 10, events: 0, reloaded: 1 }));
        stats.connection_closed(4001, "restarting".into(), 20);
        stats.connection_closed(1006, "refused".into(), 25);
        assert_eq!(stats.last_close, Some(ClosedConnection { at: 20, code: 4001, reason: "restarting".into() }));
        stats.hello_sent(&hello(&[]), 30);
        stats.frame_received(&welcome(0), 35);
        assert_eq!(stats.resumed, Some(Resumed { at: 35, duration: 5, events: 0, reloaded: 0 }));
    }

    #[test]
    fn round_trips_are_limited() {
        let mut stats = ConnectionStats::default();
        assert_eq!(stats.median(), None);
        for n in 0..100 {
            stats.frame_received(&ServerFrame::Pong { at: 1_000, now: 5_000 }, 1_000 + n);
        }
        assert_eq!(stats.round_trips.len(), MAX_SAMPLES);
        assert_eq!(stats.round_trips.last(), Some(&99));
        assert_eq!(stats.median(), Some(70));
        assert_eq!(stats.clock_skew, Some(5_000 - 1_050));
        let set_back = Now { wall: -3_600_000, monotonic: 2_000 };
        stats.frame_received(&ServerFrame::Pong { at: 1_900, now: 0 }, set_back);
        assert_eq!(stats.round_trips.last(), Some(&100), "a clock that was set back");
        assert_eq!(stats.clock_skew, Some(3_600_050));
    }
}
