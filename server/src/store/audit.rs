//! Entries for the audit log: who did what to whom. Each is written in the transaction that does it.

use parlor_protocol::{RoomId, UserId};
use serde_json::Value;

use crate::domain::AuditAct;

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
