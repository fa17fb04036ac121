//! Read positions and unread marks. They change at once, and so do a user's other connections learn of them; of more than a
//! person makes in a second they learn at its end, of the newest one in each room.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_protocol::{RoomId, UserId};

use super::Hub;
use crate::{
    domain::{ConnectionId, RoomMembership},
    room::Room,
};

/// Marks of a user that others are told of at once, in a second.
const MAX_TOLD_AT_ONCE: u32 = 32;

/// The marks of the current second.
#[derive(Default)]
pub(super) struct RecentMarks(Mutex<HashMap<UserId, UserMarks>>);

#[derive(Default)]
struct UserMarks {
    count: u32,
    /// Rooms with a mark that others were not told of, and the connection that all of these came from; none when they came
    /// from several.
    pending: HashMap<RoomId, Option<ConnectionId>>,
}

impl RecentMarks {
    /// Notes a mark. True when others are to be told of it at once.
    fn note(&self, user: UserId, room: &RoomId, origin: ConnectionId) -> bool {
        let mut recent = self.0.lock();
        let marks = recent.entry(user).or_default();
        marks.count += 1;
        if marks.count <= MAX_TOLD_AT_ONCE {
            return true;
        }
        let from = marks.pending.entry(room.clone()).or_insert(Some(origin));
        *from = from.filter(|from| *from == origin);
        false
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
            if self.marks.note(user_id, &room.id, origin) {
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
            for (room_id, origin) in marks.pending {
                let Some(room) = self.room(&room_id) else { continue };
                self.users.with(user_id, |user| {
                    if let Some(membership) = user.membership(&room_id).copied() {
                        user.send_membership(&room, membership, origin);
                    }
                });
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

    #[test]
    fn many_marks_are_few_frames() {
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
        let at_once: Vec<_> = (1..=u64::from(MAX_TOLD_AT_ONCE)).collect();
        for seq in 1..=1_000 {
            hub.change_membership(id, &room, MembershipChange::Read { seq, origin });
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
            hub.change_membership(id, &room, MembershipChange::Read { seq, origin });
        }
        hub.tick();
        assert!(connections.iter().all(|connection| told(connection).last() == Some(&1_100)));
    }
}
