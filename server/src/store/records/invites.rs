//! Invites.

use parlor_protocol::{Millis, UserId, http::InviteInfo};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::values::server_role;

#[derive(FromRow)]
pub(in super::super) struct InviteRow {
    id: Uuid,
    made_by: Option<Uuid>,
    made_at: Millis,
    expires_at: Millis,
    uses_left: Option<i64>,
    role: String,
}

impl InviteRow {
    pub(in super::super) fn info(self) -> InviteInfo {
        InviteInfo {
            id: self.id,
            made_by: self.made_by.map(UserId),
            made_at: self.made_at,
            expires_at: self.expires_at,
            uses_left: self.uses_left.map(|uses| u32::try_from(uses).unwrap_or(u32::MAX)),
            role: server_role(&self.role),
        }
    }
}
