//! Rooms and their members.

use std::{collections::HashMap, sync::Arc};

use parlor_protocol::{Millis, RoomRole, User, UserId, http::Member};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::values::{notification_level, room_kind, room_role, user};
use crate::domain::{Membership, RoomMembership, RoomRecord};

#[derive(FromRow)]
pub(in super::super) struct RoomRow {
    id: String,
    name: String,
    kind: String,
    topic: Option<String>,
    head: i64,
    archived_at: Option<i64>,
    created_by: Option<Uuid>,
}

/// A member of a direct room.
#[derive(FromRow)]
pub(in super::super) struct DirectMemberRow {
    room: String,
    id: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
}

/// The rooms, each direct room with its members.
pub(in super::super) fn room_records(rooms: Vec<RoomRow>, direct: Vec<DirectMemberRow>) -> Vec<RoomRecord> {
    let mut people = HashMap::<String, Vec<User>>::new();
    for DirectMemberRow { room, id, name, kind, colour } in direct {
        people.entry(room).or_default().push(user(id, name, &kind, colour));
    }
    let record = |row: RoomRow| {
        let people = people.remove(&row.id).unwrap_or_default();
        row.record(people.into())
    };
    rooms.into_iter().map(record).collect()
}

impl RoomRow {
    fn record(self, people: Arc<[User]>) -> RoomRecord {
        RoomRecord {
            id: self.id.into(),
            name: self.name,
            kind: room_kind(&self.kind),
            topic: self.topic,
            head: self.head.unsigned_abs(),
            archived: self.archived_at.is_some(),
            created_by: self.created_by.map(UserId),
            people,
        }
    }
}

/// A user's state in one room.
#[derive(FromRow)]
pub(in super::super) struct MembershipRow {
    room: String,
    read_seq: i64,
    unread_from: Option<i64>,
    level: String,
    role: String,
}

impl MembershipRow {
    pub(in super::super) fn membership(self) -> Membership {
        let state = RoomMembership {
            read: self.read_seq.unsigned_abs(),
            unread_from: self.unread_from.map(i64::unsigned_abs),
            level: notification_level(&self.level),
            role: room_role(&self.role),
        };
        Membership { room: self.room.into(), state }
    }
}

/// A member in the list of a room.
#[derive(FromRow)]
pub(in super::super) struct MemberRow {
    id: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
    role: String,
    seen_at: Option<Millis>,
}

impl MemberRow {
    pub(in super::super) fn member(self) -> Member {
        let role = room_role(&self.role);
        Member {
            user: user(self.id, self.name, &self.kind, self.colour),
            moderator: role.moderates(),
            owner: role == RoomRole::Owner,
            seen_at: self.seen_at,
            // Presence is not stored.
            online: false,
        }
    }
}
