//! What one transaction adds to the logs of rooms, besides messages.

use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, Seq, UserId};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{access_revocation::AccessRevocation, append::RoomHeads, audit, deletions, log, reader, writer::sql_seq};
use crate::domain::StoreError;

/// What a transaction changes besides the database, for as long as it holds.
pub(super) struct WriteTransaction<'a> {
    pub(super) heads: &'a mut RoomHeads,
    pub(super) revoked: &'a mut AccessRevocation,
    /// What it adds to the logs.
    pub(super) events: &'a mut Vec<Event>,
    pub(super) now: Millis,
}

impl WriteTransaction<'_> {
    /// The newest event of a room that exists.
    pub(super) async fn head(&self, db: &mut SqliteConnection, room: &RoomId) -> Result<Seq, StoreError> {
        match self.heads.get(room) {
            Some(head) => Ok(*head),
            None => log::head(&mut *db, room).await,
        }
    }

    /// Puts an event into the log of a room that exists.
    pub(super) async fn record(
        &mut self,
        db: &mut SqliteConnection,
        room: &RoomId,
        by: UserId,
        event: EventKind,
    ) -> Result<(), StoreError> {
        let (kind, subject, detail) = columns(&event);
        let mut digest = Sha256::new();
        digest.update(kind);
        digest.update(b"\0");
        digest.update(subject.map_or([0; 16], |user| *user.0.as_bytes()));
        digest.update(detail.as_deref().unwrap_or_default());
        let id = CommandId(Uuid::now_v7());
        self.put(db, room, by, id, &digest.finalize()[..16], event).await.map(drop)
    }

    /// The same for what was asked for under an id, with half a SHA-256 of what that said. Returns its place.
    pub(super) async fn put(
        &mut self,
        db: &mut SqliteConnection,
        room: &RoomId,
        by: UserId,
        id: CommandId,
        digest: &[u8],
        event: EventKind,
    ) -> Result<Seq, StoreError> {
        let seq = self.head(db, room).await? + 1;
        let (kind, subject, detail) = columns(&event);
        sqlx::query(
            "INSERT INTO event (room, seq, id, at, author, kind, digest, subject, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(room.as_str())
        .bind(sql_seq(seq))
        .bind(id.0)
        .bind(self.now)
        .bind(by.0)
        .bind(kind)
        .bind(digest)
        .bind(subject.map(|user| user.0))
        .bind(detail)
        .execute(&mut *db)
        .await?;
        sqlx::query("UPDATE room SET head = ? WHERE id = ?")
            .bind(sql_seq(seq))
            .bind(room.as_str())
            .execute(&mut *db)
            .await?;
        self.heads.insert(room.clone(), seq);
        audit::note_event(&mut *db, room, by, &event, self.now).await?;
        let by = reader::person(&mut *db, by).await?.ok_or(sqlx::Error::RowNotFound)?;
        self.events.push(Event { room: room.clone(), seq, id, at: self.now, by, event });
        Ok(seq)
    }
}

/// How an event that is no message stands in the log; [`log`] reads it back.
fn columns(event: &EventKind) -> (&'static str, Option<UserId>, Option<String>) {
    match event {
        EventKind::MemberAdded { user } => ("member_added", Some(user.id), None),
        EventKind::MemberRemoved { user } => ("member_removed", Some(user.id), None),
        EventKind::Appointed { user, moderator } => {
            (if *moderator { "appointed" } else { "dismissed" }, Some(user.id), None)
        }
        EventKind::Renamed { name } => ("renamed", None, Some(name.clone())),
        EventKind::TopicSet { topic } => ("topic_set", None, Some(topic.clone())),
        EventKind::Archived { on } => (if *on { "archived" } else { "reopened" }, None, None),
        EventKind::Deleted { message, message_seq } => {
            ("deleted", None, Some(deletions::write(*message, *message_seq)))
        }
        EventKind::Message { .. } | EventKind::Edited { .. } | EventKind::Reacted { .. } | EventKind::Unknown => {
            ("unknown", None, None)
        }
    }
}
