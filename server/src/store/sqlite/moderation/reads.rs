//! Reads of bans, mutes and the audit log.

use parlor_protocol::{
    Millis, RoomId, User, UserId,
    http::{AuditEntry, BanInfo},
};
use sqlx::{FromRow, SqlitePool};
use uuid::Uuid;

use super::super::values::user;
use crate::domain::{ControlEvent, StoreError};

pub(super) async fn active_restrictions(db: &SqlitePool, now: Millis) -> Result<Vec<ControlEvent>, StoreError> {
    let bans: Vec<(Uuid, Option<String>, Option<i64>)> =
        sqlx::query_as("SELECT user, address, until FROM ban WHERE lifted_at IS NULL AND (until IS NULL OR until > ?)")
            .bind(now)
            .fetch_all(db)
            .await?;
    let mutes: Vec<(Uuid, String, i64)> =
        sqlx::query_as("SELECT user, room, until FROM mute WHERE until > ?").bind(now).fetch_all(db).await?;
    let bans = bans.into_iter().map(|(user, address, until)| {
        let address = address.and_then(|address| address.parse().ok());
        ControlEvent::UserBanned { user: UserId(user), until, address, guest_sessions: Vec::new() }
    });
    let mutes = mutes.into_iter().map(|(user, room, until)| {
        let room = (!room.is_empty()).then(|| room.into());
        ControlEvent::UserMuted { user: UserId(user), room, until }
    });
    Ok(bans.chain(mutes).collect())
}

pub(super) async fn bans(db: &SqlitePool, now: Millis, limit: u32) -> Result<Vec<BanInfo>, StoreError> {
    let rows: Vec<BanRow> = sqlx::query_as(
        "SELECT ban.user, banned.name, banned.kind, banned.colour, ban.made_by, maker.name AS maker_name,
                maker.kind AS maker_kind, maker.colour AS maker_colour, ban.reason, ban.address IS NOT NULL AS address, ban.made_at, ban.until
         FROM ban JOIN user AS banned ON banned.id = ban.user JOIN user AS maker ON maker.id = ban.made_by
         WHERE ban.lifted_at IS NULL AND (ban.until IS NULL OR ban.until > ?)
         ORDER BY ban.made_at DESC, ban.id DESC LIMIT ?",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(BanRow::info).collect())
}

pub(super) async fn audit(db: &SqlitePool, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let rows: Vec<AuditRow> = sqlx::query_as(
        "SELECT audit.id, audit.at, audit.act, audit.room, audit.details,
                audit.actor, doer.name AS actor_name, doer.kind AS actor_kind, doer.colour AS actor_colour,
                audit.subject, about.name AS subject_name, about.kind AS subject_kind, about.colour AS subject_colour
         FROM audit LEFT JOIN user AS doer ON doer.id = audit.actor LEFT JOIN user AS about ON about.id = audit.subject
         WHERE audit.id < ? ORDER BY audit.id DESC LIMIT ?",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(AuditRow::entry).collect())
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
