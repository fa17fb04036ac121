//! Writes the audit log.

use parlor_protocol::RoomId;

use super::transaction::WriteTransaction;
use crate::domain::StoreError;

pub(super) use crate::store::audit::Entry;

pub(super) async fn record(tx: &mut WriteTransaction<'_>, entry: Entry) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (at, actor, act, subject, room, details) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(tx.now)
        .bind(entry.actor.map(|user| user.0))
        .bind(entry.act.as_str())
        .bind(entry.subject.map(|user| user.0))
        .bind(entry.room.as_ref().map(RoomId::as_str))
        .bind(entry.details.map(|details| details.to_string()))
        .execute(tx.db())
        .await?;
    Ok(())
}
