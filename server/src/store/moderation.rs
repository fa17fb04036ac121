//! Bans, mutes and the audit log, in the words of the store.

use std::net::IpAddr;

use async_trait::async_trait;
use parlor_protocol::{
    RoomId, UserId,
    http::{AuditEntry, BanInfo},
};

use crate::{
    domain::{Ban, ModerationOutcome, Mutes, NewBan, NewMute, StoreError, TokenHash},
    policy::Case,
};

/// Whether someone may.
pub type May = fn(Case) -> bool;

/// See the module. What is in force is kept in memory, and ends there by itself when its time has come; from the commit
/// on that imposes it, nothing that its person sends is stored, even if it waited already.
#[async_trait]
pub trait Moderation {
    /// Whether someone is banned now.
    fn ban_of(&self, user: UserId) -> Option<Ban>;

    /// Whether the address, or with IPv6 its /64, is banned now.
    fn address_ban(&self, address: IpAddr) -> Option<Ban>;

    /// Whether someone is muted now, on the server and in this room.
    fn mutes_of(&self, user: UserId, room: &RoomId) -> Mutes;

    /// Bans someone, in the place of a ban in force. Done with the address that is banned with them.
    async fn ban(&self, ban: NewBan, may: May) -> Result<ModerationOutcome<Option<IpAddr>>, StoreError>;

    /// Lifts the ban of someone.
    async fn lift_ban(&self, user: UserId, by: UserId, may: May) -> Result<ModerationOutcome<()>, StoreError>;

    /// The bans in force, the newest first.
    async fn bans(&self, limit: u32) -> Result<Vec<BanInfo>, StoreError>;

    /// The sessions of guests who came in from an address, or with IPv6 from its /64.
    async fn guests_from(&self, address: IpAddr) -> Result<Vec<TokenHash>, StoreError>;

    /// Mutes someone, in the place of a mute in force there.
    async fn mute(&self, mute: NewMute, may: May) -> Result<ModerationOutcome<()>, StoreError>;

    /// Ends a mute of someone, there or on the whole server.
    async fn unmute(
        &self,
        user: UserId,
        room: Option<RoomId>,
        by: UserId,
        may: May,
    ) -> Result<ModerationOutcome<()>, StoreError>;

    /// A page of the audit log, the newest entry first. The time does not depend on how far back it lies.
    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}
