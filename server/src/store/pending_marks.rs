//! Read positions and unread marks that wait for the writer: the result of all that came for one member in one room.

use std::collections::HashMap;

use parking_lot::Mutex;
use parlor_protocol::{RoomId, Seq, UserId};

use crate::domain::{ConnectionId, MembershipChange};

/// The marks that wait for the writer.
#[derive(Default)]
pub(super) struct PendingMarks(Mutex<HashMap<(UserId, RoomId), PendingMark>>);

/// The result of the marks of one member in one room.
#[derive(Default)]
pub(super) struct PendingMark {
    read: Option<(Seq, ConnectionId)>,
    unread_from: Option<(Seq, ConnectionId)>,
}

/// What waited before a mark was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    Nothing,
    /// Marks of other members or rooms.
    Others,
    /// A mark of this member in this room.
    Same,
}

impl PendingMark {
    pub(super) fn read(&mut self, seq: Seq, origin: ConnectionId) {
        self.read = Some((self.read.map_or(seq, |(read, _)| read.max(seq)), origin));
        self.unread_from = None;
    }

    pub(super) fn unread_from(&mut self, seq: Seq, origin: ConnectionId) {
        self.unread_from = Some((seq, origin));
    }

    /// The read position to move forward to.
    pub(super) fn read_seq(&self) -> Seq {
        self.read.map_or(0, |(seq, _)| seq)
    }

    /// The unread mark to set; none to remove it.
    pub(super) fn unread_seq(&self) -> Option<Seq> {
        self.unread_from.map(|(seq, _)| seq)
    }

    /// What changes by it.
    pub(super) fn changes(&self) -> impl Iterator<Item = MembershipChange> + use<> {
        let read = self.read.map(|(seq, origin)| MembershipChange::Read { seq, origin });
        let unread = self.unread_from.map(|(seq, origin)| MembershipChange::UnreadFrom { seq, origin });
        read.into_iter().chain(unread)
    }
}

impl PendingMarks {
    /// Changes the mark of a member.
    pub(super) fn change(&self, user: UserId, room: &RoomId, change: impl FnOnce(&mut PendingMark)) -> Waiting {
        let mut pending = self.0.lock();
        let mut waiting = Waiting::Same;
        let others = !pending.is_empty();
        change(pending.entry((user, room.clone())).or_insert_with(|| {
            waiting = if others { Waiting::Others } else { Waiting::Nothing };
            PendingMark::default()
        }));
        waiting
    }

    pub(super) fn take(&self, user: UserId, room: &RoomId) -> Option<PendingMark> {
        self.0.lock().remove(&(user, room.clone()))
    }

    pub(super) fn take_all(&self) -> HashMap<(UserId, RoomId), PendingMark> {
        std::mem::take(&mut self.0.lock())
    }
}
