//! What goes into the audit log: who did what to whom. In the transaction that does it, so that neither is without the
//! other.

use parlor_protocol::{Millis, UserId};
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::store::StoreError;

/// An act of power.
pub(super) struct Entry {
    /// Who; nobody for what the server does.
    pub(super) actor: Option<UserId>,
    /// What, as one word.
    pub(super) act: &'static str,
    /// Whom.
    pub(super) subject: Option<UserId>,
    /// A JSON object; never a secret.
    pub(super) details: Option<Value>,
}

/// Adds an entry.
pub(super) async fn note(db: &mut SqliteConnection, entry: Entry, now: Millis) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (at, actor, act, subject, details) VALUES (?, ?, ?, ?, ?)")
        .bind(now)
        .bind(entry.actor.map(|user| user.0))
        .bind(entry.act)
        .bind(entry.subject.map(|user| user.0))
        .bind(entry.details.map(|details| details.to_string()))
        .execute(db)
        .await?;
    Ok(())
}
