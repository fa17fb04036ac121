//! Messages that are to be gone: emptied, with an event that says so. Their own event keeps its place in the order.

use parlor_protocol::{CommandId, EventKind, RoomId, Seq, UserId};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    audit::{self, Entry},
    write_transaction::WriteTransaction,
    writer::sql_seq,
};
use crate::domain::{AppendOutcome, Deletion, StoreError};

/// Does it, or finds why not. Once done, the same command is answered in the same way for ever.
pub(super) async fn delete(
    db: &mut SqliteConnection,
    deletion: &Deletion,
    ledger: &mut WriteTransaction<'_>,
) -> Result<AppendOutcome, StoreError> {
    let digest = digest(&deletion.room, deletion.message);
    type Known = (String, i64, i64, Uuid, Vec<u8>);
    let known: Option<Known> = sqlx::query_as("SELECT room, seq, at, author, digest FROM event WHERE id = ?")
        .bind(deletion.id.0)
        .fetch_optional(&mut *db)
        .await?;
    if let Some((room, seq, at, author, said)) = known {
        let same = room == deletion.room.as_str() && author == deletion.by.id.0 && said == digest;
        return Ok(if same { AppendOutcome::Stored { seq: seq.unsigned_abs(), at } } else { AppendOutcome::IdReused });
    }
    if let Some(refusal) = ledger.revoked.refuses(deletion, ledger.now) {
        return Ok(refusal);
    }
    let there: Option<(i64, Uuid)> = sqlx::query_as(
        "SELECT seq, author FROM event WHERE id = ? AND room = ? AND kind = 'message' AND body IS NOT NULL",
    )
    .bind(deletion.message.0)
    .bind(deletion.room.as_str())
    .fetch_optional(&mut *db)
    .await?;
    let Some((seq, author)) = there else { return Ok(AppendOutcome::NoMessage) };
    let own = author == deletion.by.id.0;
    if !(deletion.others || (own && deletion.own)) {
        return Ok(AppendOutcome::Forbidden);
    }
    empty(db, &deletion.room, seq).await?;
    let event = EventKind::Deleted { message: deletion.message, message_seq: seq.unsigned_abs() };
    let seq = ledger.put(db, &deletion.room, deletion.by.id, deletion.id, &digest, event).await?;
    if !own {
        let entry = Entry {
            actor: Some(deletion.by.id),
            act: "message_deleted",
            subject: Some(UserId(author)),
            room: Some(deletion.room.clone()),
            details: Some(json!({ "message": deletion.message })),
        };
        audit::note(db, entry, ledger.now).await?;
    }
    Ok(AppendOutcome::Stored { seq, at: ledger.now })
}

/// Takes out what a message said.
async fn empty(db: &mut SqliteConnection, room: &RoomId, seq: i64) -> Result<(), StoreError> {
    for sql in [
        "UPDATE event SET body = NULL, html = NULL, html_version = NULL, detail = NULL WHERE room = ? AND seq = ?",
        "DELETE FROM mention WHERE room = ? AND seq = ?",
    ] {
        sqlx::query(sql).bind(room.as_str()).bind(seq).execute(&mut *db).await?;
    }
    Ok(())
}

/// What the command said. Half a SHA-256 is enough to tell one content from another.
fn digest(room: &RoomId, message: CommandId) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(b"delete\0");
    hash.update(room.as_str());
    hash.update(b"\0");
    hash.update(message.0.as_bytes());
    let full = hash.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}

/// As it stands beside the event.
pub(super) fn write(message: CommandId, seq: Seq) -> String {
    format!("{} {}", sql_seq(seq), message.0.simple())
}

/// Reads it back; what cannot be read keeps its place in the order.
pub(super) fn read(detail: &str) -> EventKind {
    let parts = detail.split_once(' ').and_then(|(seq, id)| Some((seq.parse().ok()?, Uuid::parse_str(id).ok()?)));
    parts.map_or(EventKind::Unknown, |(message_seq, id)| EventKind::Deleted { message: CommandId(id), message_seq })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_read_back() {
        let message = CommandId(Uuid::from_u128(7));
        assert_eq!(read(&write(message, 57)), EventKind::Deleted { message, message_seq: 57 });
        assert_eq!(read("57"), EventKind::Unknown);
    }
}
