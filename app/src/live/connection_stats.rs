//! What is known of the connection's health, for the panel: pure, told by the loop and the session.

use parlor_protocol::{ClientFrame, Millis, RoomId, Seq, ServerFrame};

use super::{transport::Readiness, transport_fallback::TransportKind};

/// How many round trips are kept.
const SAMPLES: usize = 60;

/// The connection's health.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionStats {
    /// The transport in use.
    pub rung: TransportKind,
    /// Why this one.
    pub why: &'static str,
    /// Since when frames flow; none when they do not.
    pub since: Option<Millis>,
    /// The newest round trips in milliseconds, oldest first.
    pub round_trips: Vec<u32>,
    /// The last resume that was finished.
    pub resumed: Option<Resumed>,
    /// How the transport stands.
    pub ready: Readiness,
    /// How the last connection ended.
    pub ended: Option<Ended>,
    /// How far the server's clock is ahead of this one, in milliseconds.
    pub skew: Option<Millis>,
    /// The server's name and version.
    pub server: String,
    pub(super) resuming: Option<Resuming>,
}

/// A connection's catching up with what happened before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// When it was finished.
    pub at: Millis,
    /// How long it took from `hello`, in milliseconds.
    pub took: Millis,
    /// How many events came.
    pub events: u32,
    /// How many rooms were too far behind and were loaded anew.
    pub reloaded: u32,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Millis,
    /// The close code; 1006 when there was none.
    pub code: u16,
    /// Why, in words.
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resuming {
    began: Millis,
    events: u32,
    reloaded: u32,
    /// Rooms and how far they are; the goal is known when the server has said `joined`.
    rooms: Vec<(RoomId, Seq, Option<Seq>)>,
}

impl ConnectionStats {
    /// `hello` goes out.
    pub fn greeted(&mut self, hello: &ClientFrame, now: Millis) {
        let ClientFrame::Hello { resume, .. } = hello else { return };
        let rooms = resume.iter().filter_map(|cursor| Some((cursor.room.clone(), cursor.after?, None)));
        self.resuming = Some(Resuming { began: now, rooms: rooms.collect(), ..Resuming::default() });
    }

    /// A frame came.
    pub fn heard(&mut self, frame: &ServerFrame, now: Millis) {
        match frame {
            ServerFrame::Welcome { server, now: theirs, .. } => {
                self.since = Some(now);
                self.server = format!("{} {}", server.name, server.version);
                self.skew = Some(theirs - now);
            }
            ServerFrame::Pong { at, now: theirs } => {
                let took = (now - at).max(0);
                if self.round_trips.len() >= SAMPLES {
                    self.round_trips.remove(0);
                }
                self.round_trips.push(u32::try_from(took).unwrap_or(u32::MAX));
                self.skew = Some(theirs - (at + took / 2));
                return;
            }
            _ => {}
        }
        self.resume(frame, now);
    }

    /// The connection ended. A try that came to nothing does not hide why the last connection was lost.
    pub fn ended(&mut self, code: u16, reason: String, now: Millis) {
        if self.since.take().is_some() || self.ended.is_none() {
            self.ended = Some(Ended { at: now, code, reason });
        }
        self.resuming = None;
        self.ready = Readiness::default();
    }

    /// The middle of the round trips that are kept.
    #[must_use]
    pub fn median(&self) -> Option<u32> {
        let mut sorted = self.round_trips.clone();
        crate::small::sort_by_key(&mut sorted, |took| *took);
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
            let Resuming { began, events, reloaded, .. } = *resuming;
            self.resumed = Some(Resumed { at: now, took: now - began, events, reloaded });
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
    fn a_resume_is_over_when_every_room_is_where_it_joined() {
        let mut vitals = ConnectionStats::default();
        vitals.greeted(&hello(&[("lobby", 5), ("garden", 9)]), 1_000);
        vitals.heard(&welcome(1_500), 1_010);
        assert_eq!((vitals.since, vitals.skew, vitals.server.as_str()), (Some(1_010), Some(490), "parlor 0.1.0"));
        vitals.heard(&joined("lobby", 7), 1_020);
        vitals.heard(&joined("garden", 9), 1_020);
        vitals.heard(&event("lobby", 6), 1_030);
        assert_eq!(vitals.resumed, None);
        vitals.heard(&event("lobby", 7), 1_040);
        let resumed = Some(Resumed { at: 1_040, took: 40, events: 2, reloaded: 0 });
        assert_eq!(vitals.resumed, resumed);
        vitals.heard(&event("lobby", 8), 1_050);
        assert_eq!(vitals.resumed, resumed, "live events are none of it");
    }

    #[test]
    fn a_gap_and_nothing_to_resume_end_it_too() {
        let mut vitals = ConnectionStats::default();
        vitals.greeted(&hello(&[("lobby", 5)]), 0);
        vitals.heard(&welcome(0), 5);
        let gap = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::TooFar, after: 5, head: 9_000 };
        vitals.heard(&gap, 10);
        assert_eq!(vitals.resumed, Some(Resumed { at: 10, took: 10, events: 0, reloaded: 1 }));
        vitals.ended(4001, "restarting".into(), 20);
        vitals.ended(1006, "refused".into(), 25);
        assert_eq!(vitals.ended, Some(Ended { at: 20, code: 4001, reason: "restarting".into() }));
        vitals.greeted(&hello(&[]), 30);
        vitals.heard(&welcome(0), 35);
        assert_eq!(vitals.resumed, Some(Resumed { at: 35, took: 5, events: 0, reloaded: 0 }));
    }

    #[test]
    fn round_trips_are_kept_for_a_while() {
        let mut vitals = ConnectionStats::default();
        assert_eq!(vitals.median(), None);
        for n in 0..100 {
            vitals.heard(&ServerFrame::Pong { at: 1_000, now: 5_000 }, 1_000 + n);
        }
        assert_eq!(vitals.round_trips.len(), SAMPLES);
        assert_eq!(vitals.round_trips.last(), Some(&99));
        assert_eq!(vitals.median(), Some(70));
        assert_eq!(vitals.skew, Some(5_000 - 1_049));
        vitals.heard(&ServerFrame::Pong { at: 1_000, now: 0 }, 900);
        assert_eq!(vitals.round_trips.last(), Some(&0), "a clock that was set back");
    }
}
