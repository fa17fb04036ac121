//! How values of the domain are stored in columns and read back.

use parlor_protocol::{NotificationLevel, RoomKind, RoomRole, Seq, ServerRole, User, UserId, UserKind};
use uuid::Uuid;

use crate::domain::TokenHash;

/// A seq as SQL's signed integer. Seqs count events one by one and never come near the sign bit.
pub(super) fn sql_seq(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub(super) fn user(id: Uuid, name: String, kind: &str, colour: Option<i64>) -> User {
    let kind = if kind == "account" { UserKind::Account } else { UserKind::Guest };
    User { id: UserId(id), name, kind, colour: self::colour(colour) }
}

pub(super) fn colour(stored: Option<i64>) -> Option<u8> {
    stored.and_then(|colour| u8::try_from(colour).ok())
}

/// An unknown role is read as the least.
pub(super) fn server_role(text: &str) -> ServerRole {
    ServerRole::ALL.into_iter().find(|role| role.as_str() == text).unwrap_or(ServerRole::Guest)
}

/// An unknown level is read as the loudest.
pub(super) fn notification_level(text: &str) -> NotificationLevel {
    NotificationLevel::ALL.into_iter().find(|level| level.as_str() == text).unwrap_or_default()
}

pub(super) fn room_kind(text: &str) -> RoomKind {
    match text {
        "private" => RoomKind::Private,
        "direct" => RoomKind::Direct,
        _ => RoomKind::Public,
    }
}

/// An unknown role is read as the least.
pub(super) fn room_role(text: &str) -> RoomRole {
    RoomRole::ALL.into_iter().find(|role| role.as_str() == text).unwrap_or_default()
}

pub(super) fn token_hashes(rows: Vec<Vec<u8>>) -> Vec<TokenHash> {
    rows.into_iter().filter_map(|row| row.try_into().ok().map(TokenHash)).collect()
}
