//! [`Moderation`] in the embedded database.

use std::net::IpAddr;

use async_trait::async_trait;
use parlor_protocol::{
    Millis, RoomId, User, UserId,
    http::{AuditEntry, BanInfo},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::{SqliteStore, moderation::ModerationJob, reader::user, writer::Job};
use crate::{
    clock,
    domain::{Ban, ModerationOutcome, Mutes, NewBan, NewMute, StoreError, TokenHash},
    limits::network,
    store::{May, Moderation},
};

#[async_trait]
impl Moderation for SqliteStore {
    fn ban_of(&self, user: UserId) -> Option<Ban> {
        self.caches.restrictions.read().ban_of(user, clock::now())
    }

    fn address_ban(&self, address: IpAddr) -> Option<Ban> {
        self.caches.restrictions.read().address_ban(address, clock::now())
    }

    fn mutes_of(&self, user: UserId, room: &RoomId) -> Mutes {
        self.caches.restrictions.read().mutes_of(user, room, clock::now())
    }

    async fn ban(&self, ban: NewBan, may: May) -> Result<ModerationOutcome<Option<IpAddr>>, StoreError> {
        self.ask(|reply| Job::Moderation(ModerationJob::Ban { ban, may, reply })).await
    }

    async fn lift_ban(&self, user: UserId, by: UserId, may: May) -> Result<ModerationOutcome<()>, StoreError> {
        self.ask(|reply| Job::Moderation(ModerationJob::Lift { user, by, may, reply })).await
    }

    async fn bans(&self, limit: u32) -> Result<Vec<BanInfo>, StoreError> {
        let rows: Vec<BanRow> = sqlx::query_as(
            "SELECT ban.user, banned.name, banned.kind, banned.colour, ban.made_by, maker.name AS maker_name,
                    maker.kind AS maker_kind, maker.colour AS maker_colour, ban.reason, ban.address IS NOT NULL AS address, ban.made_at, ban.until
             FROM ban JOIN user AS banned ON banned.id = ban.user JOIN user AS maker ON maker.id = ban.made_by
             WHERE ban.lifted_at IS NULL AND (ban.until IS NULL OR ban.until > ?)
             ORDER BY ban.made_at DESC, ban.id DESC LIMIT ?",
        )
        .bind(clock::now())
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(BanRow::info).collect())
    }

    async fn guests_from(&self, address: IpAddr) -> Result<Vec<TokenHash>, StoreError> {
        let network = network(address);
        let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
            "SELECT session.token_hash, session.address FROM session JOIN user ON user.id = session.user
             WHERE user.kind = 'guest' AND session.address IS NOT NULL",
        )
        .fetch_all(&self.readers)
        .await?;
        let from_there = |address: &str| address.parse().is_ok_and(|address| self::network(address) == network);
        let tokens = rows.into_iter().filter(|(_, address)| from_there(address));
        Ok(tokens.filter_map(|(token, _)| token.try_into().ok().map(TokenHash)).collect())
    }

    async fn mute(&self, mute: NewMute, may: May) -> Result<ModerationOutcome<()>, StoreError> {
        self.ask(|reply| Job::Moderation(ModerationJob::Mute { mute, may, reply })).await
    }

    async fn unmute(
        &self,
        user: UserId,
        room: Option<RoomId>,
        by: UserId,
        may: May,
    ) -> Result<ModerationOutcome<()>, StoreError> {
        self.ask(|reply| Job::Moderation(ModerationJob::Unmute { user, room, by, may, reply })).await
    }

    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<AuditRow> = sqlx::query_as(
            "SELECT audit.id, audit.at, audit.act, audit.room, audit.details,
                    audit.actor, doer.name AS actor_name, doer.kind AS actor_kind, doer.colour AS actor_colour,
                    audit.subject, about.name AS subject_name, about.kind AS subject_kind, about.colour AS subject_colour
             FROM audit LEFT JOIN user AS doer ON doer.id = audit.actor LEFT JOIN user AS about ON about.id = audit.subject
             WHERE audit.id < ? ORDER BY audit.id DESC LIMIT ?",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(AuditRow::entry).collect())
    }
}

#[derive(FromRow)]
struct BanRow {
    user: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
    made_by: Uuid,
    maker_name: String,
    maker_kind: String,
    maker_colour: Option<i64>,
    reason: String,
    address: bool,
    made_at: Millis,
    until: Option<Millis>,
}

impl BanRow {
    fn info(self) -> BanInfo {
        BanInfo {
            user: user(self.user, self.name, &self.kind, self.colour),
            reason: self.reason,
            address: self.address,
            made_by: user(self.made_by, self.maker_name, &self.maker_kind, self.maker_colour),
            made_at: self.made_at,
            until: self.until,
        }
    }
}

#[derive(FromRow)]
struct AuditRow {
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
    fn entry(self) -> AuditEntry {
        AuditEntry {
            id: self.id,
            at: self.at,
            actor: someone(self.actor, self.actor_name, self.actor_kind, self.actor_colour),
            act: self.act,
            subject: someone(self.subject, self.subject_name, self.subject_kind, self.subject_colour),
            room: self.room.map(RoomId::from),
            details: self.details.and_then(|details| serde_json::from_str(&details).ok()),
        }
    }
}

fn someone(id: Option<Uuid>, name: Option<String>, kind: Option<String>, colour: Option<i64>) -> Option<User> {
    Some(user(id?, name?, &kind?, colour))
}
