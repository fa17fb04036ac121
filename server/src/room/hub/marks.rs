//! Read positions and unread marks. They change at once; a user's other connections are told of the first one of a room in
//! each second, and of the newest one at its end.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use parking_lot::Mutex;
use parlor_protocol::{RoomId, UserId};

use super::Hub;
use crate::{
    domain::{ConnectionId, RoomMembership},
    room::Room,
};

/// The marks of the current second.
#[derive(Default)]
pub(super) struct RecentMarks(Mutex<HashMap<(UserId, RoomId), RecentMark>>);

/// The connection that the marks came from which others were not told of; none when they came from several.
#[derive(Default)]
struct RecentMark(Option<Option<ConnectionId>>);

impl RecentMarks {
    /// Notes a mark. True when it is the first one, which others are told of at once.
    fn note(&self, user: UserId, room: &RoomId, origin: ConnectionId) -> bool {
        match self.0.lock().entry((user, room.clone())) {
            Entry::Vacant(entry) => {
                entry.insert(RecentMark::default());
                true
            }
            Entry::Occupied(mut entry) => {
                let pending = entry.get_mut();
                let first = pending.0.unwrap_or(Some(origin));
                pending.0 = Some(first.filter(|first| *first == origin));
                false
            }
        }
    }
}

impl Hub {
    /// Changes how far a user has read. Their other connections are told, at most once a second.
    pub(super) fn mark(
        &self,
        user_id: UserId,
        room: &Arc<Room>,
        origin: ConnectionId,
        change: impl FnOnce(&mut RoomMembership),
    ) {
        self.users.with(user_id, |user| {
            let Some(after) = user.change_membership(&room.id, change) else { return };
            if self.marks.note(user_id, &room.id, origin) {
                user.send_membership(room, after, Some(origin));
            } else {
                room.set_membership(std::iter::once(origin), after);
            }
        });
    }

    /// Tells of the newest marks of the second that has passed.
    pub(super) fn send_pending_marks(&self) {
        let recent = std::mem::take(&mut *self.marks.0.lock());
        for ((user_id, room_id), RecentMark(pending)) in recent {
            let (Some(origin), Some(room)) = (pending, self.room(&room_id)) else { continue };
            self.users.with(user_id, |user| {
                if let Some(membership) = user.membership(&room_id).copied() {
                    user.send_membership(&room, membership, origin);
                }
            });
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

    #[test]
    fn many_marks_are_one_frame_a_second() {
        let record = RoomRecord {
            id: RoomId::lobby(),
            name: "Lobby".into(),
            kind: RoomKind::Public,
            topic: None,
            head: 2_000,
            archived: false,
            created_by: None,
            people: Arc::from([]),
        };
        let hub = Hub::new(vec![record], Duration::from_secs(10), 1);
        let room = hub.room(&RoomId::lobby()).unwrap();
        let id = UserId(Uuid::from_u128(1));
        let user = Arc::new(User { id, name: "ann".into(), kind: UserKind::Guest, colour: None });
        let membership = RoomMembership::default();
        let connections: Vec<_> = (0..3)
            .map(|_| {
                let who = AuthenticatedUser { user: user.clone(), role: ServerRole::Guest };
                let connection = Connection::new(who, TokenHash([0; 32]));
                hub.connect(&connection, &[(membership, room.summary(id, membership))]);
                connection
            })
            .collect();
        let origin = connections[0].id;
        for seq in 1..=1_000 {
            hub.change_membership(id, &room, MembershipChange::Read { seq, origin });
        }
        assert_eq!(
            connections.iter().map(|connection| told(connection)).collect::<Vec<_>>(),
            [vec![], vec![1], vec![1]]
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
        for (seq, connection) in [(1_001, 0), (1_002, 1), (1_003, 2)] {
            let origin = connections[connection].id;
            hub.change_membership(id, &room, MembershipChange::Read { seq, origin });
        }
        hub.tick();
        assert!(connections.iter().all(|connection| told(connection).last() == Some(&1_003)));
    }
}
