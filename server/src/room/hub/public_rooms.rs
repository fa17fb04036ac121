//! The public rooms by name, so that a page of their list costs as much as the page, not as all rooms.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use parking_lot::RwLock;
use parlor_protocol::{RoomId, RoomKind};

use super::Hub;
use crate::room::Room;

/// Rooms by their names in lower case. While a commit is applied, two may have the same name for a moment.
#[derive(Default)]
pub(super) struct PublicRooms(RwLock<BTreeMap<(String, RoomId), Arc<Room>>>);

impl PublicRooms {
    pub(super) fn insert(&self, room: &Arc<Room>) {
        if room.kind == RoomKind::Public {
            self.0.write().insert(key(room, &room.name()), room.clone());
        }
    }

    /// The room had another name `before`.
    pub(super) fn rename(&self, room: &Arc<Room>, before: &str) {
        if room.kind == RoomKind::Public {
            let mut rooms = self.0.write();
            rooms.remove(&key(room, before));
            rooms.insert(key(room, &room.name()), room.clone());
        }
    }
}

fn key(room: &Room, name: &str) -> (String, RoomId) {
    (name.to_lowercase(), room.id.clone())
}

impl Hub {
    /// At most `limit` public rooms that pass `filter`, by name, each with its name in lower case; those after a name of an
    /// earlier page.
    pub fn public_rooms(
        &self,
        after: Option<&str>,
        limit: usize,
        filter: impl Fn(&Room) -> bool,
    ) -> Vec<(String, Arc<Room>)> {
        let rooms = self.public_rooms.0.read();
        let first = after.map_or(Bound::Unbounded, |name| Bound::Included((name.to_owned(), RoomId::from(""))));
        rooms
            .range((first, Bound::Unbounded))
            .filter(|((name, _), room)| after.is_none_or(|after| name.as_str() > after) && filter(room))
            .take(limit)
            .map(|((name, _), room)| (name.clone(), room.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use parlor_protocol::{CommandId, Event, EventKind, User, UserId, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::domain::RoomRecord;

    fn record(id: &str, name: &str, kind: RoomKind) -> RoomRecord {
        RoomRecord {
            id: RoomId::from(id),
            name: name.into(),
            kind,
            topic: None,
            head: 0,
            archived: false,
            created_by: None,
            people: Arc::from([]),
        }
    }

    #[test]
    fn pages_follow_the_names_also_after_a_rename() {
        let public = |id, name| record(id, name, RoomKind::Public);
        let records = vec![
            public("c", "Cellar"),
            public("a", "attic"),
            record("p", "Bar", RoomKind::Private),
            public("b", "Bath"),
        ];
        let hub = Hub::new(records, Duration::from_secs(10), 1);
        let names = |after: Option<&str>, limit| -> Vec<_> {
            hub.public_rooms(after, limit, |_| true).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(None, 2), ["attic", "bath"]);
        assert_eq!(names(Some("bath"), 2), ["cellar"]);
        let room = hub.room(&RoomId::from("a")).unwrap();
        let id = CommandId(Uuid::from_u128(1));
        let by = User { id: UserId(Uuid::nil()), name: "ann".into(), kind: UserKind::Account, colour: None };
        let event = EventKind::Renamed { name: "Den".into() };
        hub.apply_event(&room, &Event { room: room.id.clone(), seq: 1, id, at: 0, by, event });
        assert_eq!(names(None, 10), ["bath", "cellar", "den"]);
        assert_eq!(hub.public_rooms(None, 10, |room| room.id.as_str() == "a").len(), 1);
    }
}
