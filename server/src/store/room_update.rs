//! Changes of a room's name, topic and archive state, by what is stored.

use parlor_protocol::{RoomKind, policy::RoomAction};
use sqlx::FromRow;

use super::{room_names::name_key, values::room_kind};
use crate::domain::{LogCommandKind, RoomChange};

/// What is stored of a room.
#[derive(FromRow)]
pub(super) struct StoredRoom {
    kind: String,
    name: String,
    topic: Option<String>,
    archived_at: Option<i64>,
}

impl StoredRoom {
    /// The key of a new name, if no other room may have it: only names of public rooms are unique.
    pub(super) fn new_name_key(&self, changes: &[RoomChange]) -> Option<String> {
        let name = changes.iter().find_map(|change| match change {
            RoomChange::Name(name) => Some(name),
            RoomChange::Topic(_) | RoomChange::Archived(_) => None,
        });
        name.filter(|_| room_kind(&self.kind) == RoomKind::Public).map(|name| name_key(name))
    }

    /// The commands that make these changes, without those that change nothing.
    pub(super) fn commands(&self, changes: Vec<RoomChange>) -> Vec<LogCommandKind> {
        let command = |change| match change {
            RoomChange::Name(name) if name != self.name => Some(LogCommandKind::Rename { name }),
            RoomChange::Topic(topic) if topic != self.topic.as_deref().unwrap_or_default() => {
                Some(LogCommandKind::SetTopic { topic })
            }
            RoomChange::Archived(archived) if archived != self.archived_at.is_some() => {
                Some(LogCommandKind::SetArchived { archived })
            }
            RoomChange::Name(_) | RoomChange::Topic(_) | RoomChange::Archived(_) => None,
        };
        changes.into_iter().filter_map(command).collect()
    }
}

/// What a user must be allowed to do for a change.
pub(super) const fn action(change: &RoomChange) -> RoomAction {
    match change {
        RoomChange::Name(_) | RoomChange::Topic(_) => RoomAction::Rename,
        RoomChange::Archived(_) => RoomAction::Archive,
    }
}
