//! Read positions and unread marks. At most one write of each member and room waits for the writer, however many come.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_protocol::{RoomId, Seq, UserId};

use super::super::{SqliteStore, transaction::WriteTransaction, values::sql_seq, writer::Job};
use crate::domain::{ConnectionId, MembershipChange, StoreError};

/// The marks that wait for the writer.
#[derive(Default)]
pub(in super::super) struct PendingMarks(Mutex<HashMap<(UserId, RoomId), PendingMark>>);

/// The result of the marks of one member in one room.
#[derive(Default)]
pub(super) struct PendingMark {
    read: Option<(Seq, ConnectionId)>,
    unread_from: Option<(Seq, ConnectionId)>,
}

impl PendingMark {
    pub(super) fn read(&mut self, seq: Seq, origin: ConnectionId) {
        self.read = Some((self.read.map_or(seq, |(read, _)| read.max(seq)), origin));
        self.unread_from = None;
    }

    pub(super) fn unread_from(&mut self, seq: Seq, origin: ConnectionId) {
        self.unread_from = Some((seq, origin));
    }
}

impl PendingMarks {
    /// Changes the mark of a member. True when no write waits for it yet.
    fn change(&self, user: UserId, room: &RoomId, change: impl FnOnce(&mut PendingMark)) -> bool {
        let mut is_new = false;
        let mut pending = self.0.lock();
        change(pending.entry((user, room.clone())).or_insert_with(|| {
            is_new = true;
            PendingMark::default()
        }));
        is_new
    }

    fn take(&self, user: UserId, room: &RoomId) -> Option<PendingMark> {
        self.0.lock().remove(&(user, room.clone()))
    }
}

impl SqliteStore {
    /// Queues a write of a member's marks, unless one is queued.
    pub(super) async fn save_mark(
        &self,
        room: &RoomId,
        user: UserId,
        change: impl FnOnce(&mut PendingMark),
    ) -> Result<(), StoreError> {
        if !self.marks.change(user, room, change) {
            return Ok(());
        }
        let (marks, room) = (self.marks.clone(), room.clone());
        self.submit(Job::write(move |tx| Box::pin(write(tx, marks, room, user))).0).await
    }
}

async fn write(
    tx: &mut WriteTransaction<'_>,
    marks: Arc<PendingMarks>,
    room: RoomId,
    user: UserId,
) -> Result<(), StoreError> {
    let Some(PendingMark { read, unread_from }) = marks.take(user, &room) else { return Ok(()) };
    let set = sqlx::query(
        "UPDATE member SET read_seq = max(read_seq, ?3), unread_from = ?4
         WHERE room = ?1 AND user = ?2 AND (read_seq < ?3 OR unread_from IS NOT ?4)",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(sql_seq(read.map_or(0, |(seq, _)| seq)))
    .bind(unread_from.map(|(seq, _)| sql_seq(seq)))
    .execute(tx.db())
    .await?;
    if set.rows_affected() > 0 {
        if let Some((seq, origin)) = read {
            tx.publish_membership(&room, user, MembershipChange::Read { seq, origin });
        }
        if let Some((seq, origin)) = unread_from {
            tx.publish_membership(&room, user, MembershipChange::UnreadFrom { seq, origin });
        }
    }
    Ok(())
}
