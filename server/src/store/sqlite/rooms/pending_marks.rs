//! Read positions and unread marks. At most one write of each member and room waits for the writer, however many come.

use std::sync::Arc;

use parlor_protocol::{RoomId, UserId};

use super::super::{SqliteStore, transaction::WriteTransaction, values::sql_seq, writer::Job};
use crate::{
    domain::StoreError,
    store::pending_marks::{PendingMark, PendingMarks, Waiting},
};

impl SqliteStore {
    /// Queues a write of a member's marks, unless one is queued.
    pub(super) async fn save_mark(
        &self,
        room: &RoomId,
        user: UserId,
        change: impl FnOnce(&mut PendingMark),
    ) -> Result<(), StoreError> {
        if self.marks.change(user, room, change) == Waiting::Same {
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
    let Some(mark) = marks.take(user, &room) else { return Ok(()) };
    let set = sqlx::query(
        "UPDATE member SET read_seq = max(read_seq, ?3), unread_from = ?4
         WHERE room = ?1 AND user = ?2 AND (read_seq < ?3 OR unread_from IS NOT ?4)",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(sql_seq(mark.read_seq()))
    .bind(mark.unread_seq().map(sql_seq))
    .execute(tx.db())
    .await?;
    if set.rows_affected() > 0 {
        mark.changes().for_each(|change| tx.publish_membership(&room, user, change));
    }
    Ok(())
}
