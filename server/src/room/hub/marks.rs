//! Read positions and unread marks. They change at once, and so do a user's other connections learn of them; of more than a
//! person makes in a second they learn at its end, of the newest one in each room. Many connections of one person cost no more
//! than a few.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_protocol::{RoomId, UserId};

use super::Hub;
use crate::{
    domain::{ConnectionId, RoomMembership},
    room::Room,
};

/// Frames that tell connections of a user of marks at once, in a second.
const MAX_AT_ONCE: usize = 64;

/// Frames that tell them at the end of a second. The rest waits for the next.
const MAX_LATER: usize = 2_000;

/// The marks of the current second.
#[derive(Default)]
pub(super) struct RecentMarks(Mutex<HashMap<UserId, UserMarks>>);

#[derive(Default)]
struct UserMarks {
    /// Frames that the connections were told by at once, and those for which there were too many.
    frames: usize,
    /// Rooms with a mark that others were not told of, and the connection that all of these came from; none when they came
    /// from several.
    pending: HashMap<RoomId, Option<ConnectionId>>,
}

impl RecentMarks {
    /// Notes a mark, of which so many `others` learn. True when they are to be told of it at once.
    fn note(&self, user: UserId, room: &RoomId, origin: ConnectionId, others: usize) -> bool {
        let mut recent = self.0.lock();
        let marks = recent.entry(user).or_default();
        marks.frames = marks.frames.saturating_add(others);
        if marks.frames > MAX_AT_ONCE {
            marks.add_pending(room.clone(), Some(origin));
        }
        marks.frames <= MAX_AT_ONCE
    }

    fn put_back(&self, user: UserId, rooms: impl Iterator<Item = (RoomId, Option<ConnectionId>)>) {
        let mut recent = self.0.lock();
        let marks = recent.entry(user).or_default();
        rooms.for_each(|(room, origin)| marks.add_pending(room, origin));
    }
}

impl UserMarks {
    fn add_pending(&mut self, room: RoomId, origin: Option<ConnectionId>) {
        let from = self.pending.entry(room).or_insert(origin);
        *from = from.filter(|from| Some(*from) == origin);
    }
}

impl Hub {
    /// Changes how far a user has read.
    pub(super) fn mark(
        &self,
        user_id: UserId,
        room: &Arc<Room>,
        origin: ConnectionId,
        change: impl FnOnce(&mut RoomMembership),
    ) {
        self.users.with(user_id, |user| {
            let Some(after) = user.change_membership(&room.id, change) else { return };
            let others = user.connections.iter().filter(|other| other.id != origin).count();
            if self.marks.note(user_id, &room.id, origin, others) {
                user.send_membership(room, after, Some(origin));
            } else {
                room.set_membership(std::iter::once(origin), after);
            }
        });
    }

    /// Tells of the marks of the second that has passed which nobody was told of.
    pub(super) fn send_pending_marks(&self) {
        let recent = std::mem::take(&mut *self.marks.0.lock());
        for (user_id, marks) in recent {
            let mut pending = marks.pending.into_iter();
            self.users.with(user_id, |user| {
                let rooms = (MAX_LATER / user.connections.len().max(1)).max(1);
                for (room_id, origin) in pending.by_ref().take(rooms) {
                    let Some(room) = self.room(&room_id) else { continue };
                    if let Some(membership) = user.membership(&room_id).copied() {
                        user.send_membership(&room, membership, origin);
                    }
                }
            });
            if pending.len() > 0 && self.users.get(user_id).is_some() {
                self.marks.put_back(user_id, pending);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use futures::FutureExt;
    use parlor_protocol::{RoomKind, ServerFrame, ServerRole, User, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::{
        connection::{Connection, Frame, Outgoing},
        domain::{AuthenticatedUser, MembershipChange, RoomRecord, TokenHash},
    };

    /// The read positions in the summaries that wait for a connection.
    fn told(connection: &Connection) -> Vec<u64> {
        let mut outgoing = Outgoing::default();
        let _ = connection.queue.next(&mut outgoing).now_or_never();
        let read = |frame: &Frame| match frame {
            Frame::One(frame) => match ServerFrame::decode(std::str::from_utf8(frame.json()).unwrap()).unwrap() {
                ServerFrame::Room { room } => Some(room.read),
                _ => None,
            },
            _ => None,
        };
        outgoing.frames.iter().filter_map(read).collect()
    }

    /// A hub with these rooms, and the connections of one user who is a member of all.
    fn gather(rooms: usize, connections: usize) -> (Hub, Vec<Arc<Room>>, UserId, Vec<Arc<Connection>>) {
        let record = |n: usize| RoomRecord {
            id: format!("room{n}").into(),
            name: format!("Room {n}"),
            kind: RoomKind::Public,
            topic: None,
            head: 2_000,
            archived: false,
            created_by: None,
            people: Arc::from([]),
        };
        let hub = Hub::new((0..rooms).map(record).collect(), Duration::from_secs(10), 1);
        let rooms: Vec<_> = (0..rooms).map(|n| hub.room(&format!("room{n}").into()).unwrap()).collect();
        let id = UserId(Uuid::from_u128(1));
        let user = Arc::new(User { id, name: "ann".into(), kind: UserKind::Guest, colour: None });
        let membership = RoomMembership::default();
        let sent: Vec<_> = rooms.iter().map(|room| (membership, room.summary(id, membership))).collect();
        let connect = |_| {
            let who = AuthenticatedUser { user: user.clone(), role: ServerRole::Guest };
            let connection = Connection::new(who, TokenHash([0; 32]));
            hub.connect(&connection, &sent);
            connection
        };
        let connections = (0..connections).map(connect).collect();
        (hub, rooms, id, connections)
    }

    #[test]
    fn marks_of_many_connections_are_few_frames_a_second() {
        let (hub, rooms, id, connections) = gather(10, 500);
        let origin = connections[0].id;
        for (room, seq) in rooms.iter().flat_map(|room| [(room, 7), (room, 8)]) {
            hub.change_membership(id, room, MembershipChange::Read { seq, origin });
        }
        let frames = || connections.iter().map(|connection| told(connection).len()).collect::<Vec<_>>();
        assert_eq!(frames(), [0; 500], "one mark is 499 frames, too many for at once");
        let mut each_tick = Vec::new();
        for _ in 0..4 {
            hub.tick();
            let sent = frames();
            assert!(sent[0] == 0 && sent[1..].iter().all(|of_one| *of_one == sent[1]), "{sent:?}");
            each_tick.push(sent[1]);
        }
        assert_eq!(each_tick, [4, 4, 2, 0]);
    }

    #[test]
    fn many_marks_are_few_frames() {
        let (hub, rooms, id, connections) = gather(1, 3);
        let room = &rooms[0];
        let origin = connections[0].id;
        let at_once: Vec<_> = (1..=MAX_AT_ONCE as u64 / 2).collect();
        for seq in 1..=1_000 {
            hub.change_membership(id, room, MembershipChange::Read { seq, origin });
        }
        assert_eq!(
            connections.iter().map(|connection| told(connection)).collect::<Vec<_>>(),
            [vec![], at_once.clone(), at_once]
        );
        hub.tick();
        let newest = vec![1_000];
        assert_eq!(
            connections.iter().map(|connection| told(connection)).collect::<Vec<_>>(),
            [vec![], newest.clone(), newest]
        );
        hub.tick();
        assert!(connections.iter().all(|connection| told(connection).is_empty()));
        // Two devices: each learns of the other's.
        for seq in 1_001..1_101 {
            let origin = connections[usize::from(seq > 1_050)].id;
            hub.change_membership(id, room, MembershipChange::Read { seq, origin });
        }
        hub.tick();
        assert!(connections.iter().all(|connection| told(connection).last() == Some(&1_100)));
    }
}
