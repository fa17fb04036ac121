//! Read positions and unread marks. One statement writes all that wait, however many there are.

use std::{collections::HashMap, sync::Arc};

use futures::future::BoxFuture;
use parlor_protocol::{RoomId, UserId};
use uuid::Uuid;

use super::super::{
    PostgresStore,
    batch::Job,
    transaction::{Write, WriteTransaction},
    values::sql_seq,
};
use crate::{
    domain::StoreError,
    store::pending_marks::{PendingMark, PendingMarks, Waiting},
};

impl PostgresStore {
    /// Queues a write of all marks, unless one is queued.
    pub(super) async fn save_mark(
        &self,
        room: &RoomId,
        user: UserId,
        change: impl FnOnce(&mut PendingMark),
    ) -> Result<(), StoreError> {
        if self.marks.change(user, room, change) != Waiting::Nothing {
            return Ok(());
        }
        let write = WriteMarks { pending: self.marks.clone(), taken: None };
        self.submit(Job::Write(Box::new(write))).await
    }
}

/// Writes the marks that wait when it is first run.
struct WriteMarks {
    pending: Arc<PendingMarks>,
    taken: Option<HashMap<(UserId, RoomId), PendingMark>>,
}

impl Write for WriteMarks {
    fn run<'a>(&'a mut self, tx: &'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<(), StoreError>> {
        let pending = &self.pending;
        let marks = self.taken.get_or_insert_with(|| pending.take_all());
        Box::pin(write(tx, marks))
    }

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {
        // If the writer had no connection, they still wait, and nothing else would be queued for them. Losing them costs nothing.
        if self.taken.is_none() {
            self.pending.take_all();
        }
    }
}

async fn write(
    tx: &mut WriteTransaction<'_>,
    marks: &HashMap<(UserId, RoomId), PendingMark>,
) -> Result<(), StoreError> {
    let (mut rooms, mut users) = (Vec::new(), Vec::new());
    let (mut reads, mut unread) = (Vec::new(), Vec::new());
    for ((user, room), mark) in marks {
        rooms.push(room.as_str());
        users.push(user.0);
        reads.push(sql_seq(mark.read_seq()));
        unread.push(mark.unread_seq().map(sql_seq));
    }
    let changed: Vec<(String, Uuid)> = sqlx::query_as(
        "UPDATE member SET read_seq = greatest(member.read_seq, mark.read_seq), unread_from = mark.unread_from
         FROM UNNEST($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) AS mark (room, user_id, read_seq, unread_from)
         WHERE member.room = mark.room AND member.user_id = mark.user_id
           AND (member.read_seq < mark.read_seq OR member.unread_from IS DISTINCT FROM mark.unread_from)
         RETURNING member.room, member.user_id",
    )
    .bind(rooms)
    .bind(users)
    .bind(reads)
    .bind(unread)
    .fetch_all(tx.db())
    .await?;
    for (room, user) in changed {
        let (user, room) = (UserId(user), RoomId::from(room));
        if let Some(mark) = marks.get(&(user, room.clone())) {
            mark.changes().for_each(|change| tx.publish_membership(&room, user, change));
        }
    }
    Ok(())
}
