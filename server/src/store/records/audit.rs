//! Entries of the audit log.

use parlor_protocol::{Millis, RoomId, User, http::AuditEntry};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::values::user;

#[derive(FromRow)]
pub(in super::super) struct AuditRow {
    id: i64,
    at: Millis,
    act: String,
    room: Option<String>,
    details: Option<String>,
    actor: Option<Uuid>,
    actor_name: Option<String>,
    actor_kind: Option<String>,
    actor_colour: Option<i64>,
    subject: Option<Uuid>,
    subject_name: Option<String>,
    subject_kind: Option<String>,
    subject_colour: Option<i64>,
}

impl AuditRow {
    pub(in super::super) fn entry(self) -> AuditEntry {
        AuditEntry {
            id: self.id,
            at: self.at,
            actor: optional_user(self.actor, self.actor_name, self.actor_kind, self.actor_colour),
            act: self.act,
            subject: optional_user(self.subject, self.subject_name, self.subject_kind, self.subject_colour),
            room: self.room.map(RoomId::from),
            details: self.details.and_then(|details| serde_json::from_str(&details).ok()),
        }
    }
}

fn optional_user(id: Option<Uuid>, name: Option<String>, kind: Option<String>, colour: Option<i64>) -> Option<User> {
    Some(user(id?, name?, &kind?, colour))
}
