//! What people may no longer do, as the writer knows it.

use std::{collections::HashSet, sync::Arc};

use parlor_protocol::{Millis, RoomId, UserId};

use super::restrictions::Restrictions;
use crate::domain::{AppendOutcome, Deletion};

/// What was taken away since the process started, and the bans and mutes in force. Whoever sends was asked before whether
/// they may; what waited for its commit when that ended is not stored. So the order of commits alone decides, and costs no
/// look at the database.
#[derive(Clone, Default)]
pub(super) struct AccessRevocation {
    memberships: HashSet<(RoomId, UserId)>,
    archived: HashSet<RoomId>,
    /// As they are within the transaction.
    pub(super) restrictions: Arc<Restrictions>,
}

impl AccessRevocation {
    pub(super) fn new(restrictions: Arc<Restrictions>) -> Self {
        Self { restrictions, ..Self::default() }
    }

    /// Why this person may not write there; none if they may.
    pub(super) fn refusal(&self, room: &RoomId, user: UserId, now: Millis) -> Option<AppendOutcome> {
        if self.restrictions.ban_of(user, now).is_some() {
            return Some(AppendOutcome::Banned);
        }
        let removed = (!self.archived.is_empty() && self.archived.contains(room))
            || (!self.memberships.is_empty() && self.memberships.contains(&(room.clone(), user)));
        if removed {
            return Some(AppendOutcome::NoRoom);
        }
        self.restrictions.mutes_of(user, room, now).until().map(|until| AppendOutcome::Muted { until })
    }

    /// Why a message may not be deleted any more; none if it may. Who is muted takes back what they said all the same; what
    /// others said, by who looks after the room, also where nothing is written any more.
    pub(super) fn refuses(&self, deletion: &Deletion, now: Millis) -> Option<AppendOutcome> {
        if self.restrictions.ban_of(deletion.by.id, now).is_some() {
            return Some(AppendOutcome::Banned);
        }
        let removed = deletion.as_member && self.memberships.contains(&(deletion.room.clone(), deletion.by.id));
        let closed = !deletion.others && self.archived.contains(&deletion.room);
        (removed || closed).then_some(AppendOutcome::NoRoom)
    }

    pub(super) fn member(&mut self, room: &RoomId, user: UserId, is: bool) {
        let key = (room.clone(), user);
        if is {
            self.memberships.remove(&key)
        } else {
            self.memberships.insert(key)
        };
    }

    pub(super) fn archive(&mut self, room: &RoomId, on: bool) {
        if on {
            self.archived.insert(room.clone())
        } else {
            self.archived.remove(room)
        };
    }
}
