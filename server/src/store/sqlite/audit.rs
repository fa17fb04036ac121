//! What goes into the audit log: who did what to whom. In the transaction that does it, so that neither is without the
//! other.

use parlor_protocol::{EventKind, Millis, RoomId, UserId};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::domain::StoreError;

/// An act of power.
pub(super) struct Entry {
    /// Who; nobody for what the server does.
    pub(super) actor: Option<UserId>,
    /// What, as one word.
    pub(super) act: &'static str,
    /// Whom.
    pub(super) subject: Option<UserId>,
    /// Where.
    pub(super) room: Option<RoomId>,
    /// A JSON object; never a secret.
    pub(super) details: Option<Value>,
}

/// Adds an entry.
pub(super) async fn note(db: &mut SqliteConnection, entry: Entry, now: Millis) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (at, actor, act, subject, room, details) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(now)
        .bind(entry.actor.map(|user| user.0))
        .bind(entry.act)
        .bind(entry.subject.map(|user| user.0))
        .bind(entry.room.as_ref().map(RoomId::as_str))
        .bind(entry.details.map(|details| details.to_string()))
        .execute(db)
        .await?;
    Ok(())
}

/// Adds what an event of a room tells of, if it is an act of power.
pub(super) async fn note_event(
    db: &mut SqliteConnection,
    room: &RoomId,
    by: UserId,
    event: &EventKind,
    now: Millis,
) -> Result<(), StoreError> {
    let (act, subject, name) = match event {
        EventKind::MemberRemoved { user } if user.id != by => ("member_removed", Some(user.id), None),
        EventKind::Appointed { user, moderator: true } => ("room_moderator_appointed", Some(user.id), None),
        EventKind::Appointed { user, moderator: false } => ("room_moderator_dismissed", Some(user.id), None),
        EventKind::Renamed { name } => ("room_renamed", None, Some(name)),
        EventKind::Archived { on: true } => ("room_archived", None, None),
        EventKind::Archived { on: false } => ("room_reopened", None, None),
        _ => return Ok(()),
    };
    let details = match name {
        // What a private room is called is its members' alone, and whoever reads the log may be none.
        Some(name) if is_public(db, room).await? => Some(json!({ "name": name })),
        _ => None,
    };
    note(db, Entry { actor: Some(by), act, subject, room: Some(room.clone()), details }, now).await
}

async fn is_public(db: &mut SqliteConnection, room: &RoomId) -> Result<bool, StoreError> {
    let found: Option<bool> = sqlx::query_scalar("SELECT kind = 'public' FROM room WHERE id = ?")
        .bind(room.as_str())
        .fetch_optional(db)
        .await?;
    Ok(found.unwrap_or(false))
}
