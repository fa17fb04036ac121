//! Entries of the audit log: who did what to whom. Each is written in the transaction that does it.

use parlor_protocol::{RoomId, UserId};
use serde_json::Value;

use super::transaction::WriteTransaction;
use crate::domain::{AuditAct, StoreError};

pub(super) struct Entry {
    /// `None` for the server itself, and for someone unknown.
    pub(super) actor: Option<UserId>,
    pub(super) act: AuditAct,
    /// Whom it concerns.
    pub(super) subject: Option<UserId>,
    pub(super) room: Option<RoomId>,
    /// A JSON object; never a secret.
    pub(super) details: Option<Value>,
}

impl Entry {
    pub(super) fn new(actor: impl Into<Option<UserId>>, act: AuditAct) -> Self {
        Self { actor: actor.into(), act, subject: None, room: None, details: None }
    }
}

pub(super) async fn record(tx: &mut WriteTransaction<'_>, entry: Entry) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (at, actor, act, subject, room, details) VALUES (?, ?, ?, ?, ?, ?)")
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
