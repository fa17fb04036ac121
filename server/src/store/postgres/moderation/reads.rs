//! Reads of bans, mutes and the audit log.

use parlor_protocol::{
    Millis,
    http::{AuditEntry, BanInfo},
};
use sqlx::PgPool;

use crate::{
    domain::{ControlEvent, StoreError},
    store::records::{ActiveBanRow, ActiveMuteRow, AuditRow, BanRow},
};

pub(super) async fn active_restrictions(db: &PgPool, now: Millis) -> Result<Vec<ControlEvent>, StoreError> {
    let bans: Vec<ActiveBanRow> = sqlx::query_as(
        "SELECT user_id, address, until FROM ban WHERE lifted_at IS NULL AND (until IS NULL OR until > $1)",
    )
    .bind(now)
    .fetch_all(db)
    .await?;
    let mutes: Vec<ActiveMuteRow> =
        sqlx::query_as("SELECT user_id, room, until FROM mute WHERE until > $1").bind(now).fetch_all(db).await?;
    let bans = bans.into_iter().map(ActiveBanRow::control_event);
    Ok(bans.chain(mutes.into_iter().map(ActiveMuteRow::control_event)).collect())
}

pub(super) async fn bans(db: &PgPool, now: Millis, limit: u32) -> Result<Vec<BanInfo>, StoreError> {
    let rows: Vec<BanRow> = sqlx::query_as(
        "SELECT banned.id, banned.name, banned.kind, banned.colour, ban.made_by, maker.name AS maker_name,
                maker.kind AS maker_kind, maker.colour AS maker_colour, ban.reason,
                ban.address IS NOT NULL AS has_address, ban.made_at, ban.until
         FROM ban JOIN users AS banned ON banned.id = ban.user_id JOIN users AS maker ON maker.id = ban.made_by
         WHERE ban.lifted_at IS NULL AND (ban.until IS NULL OR ban.until > $1)
         ORDER BY ban.made_at DESC, ban.id DESC LIMIT $2",
    )
    .bind(now)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(BanRow::info).collect())
}

pub(super) async fn audit(db: &PgPool, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let rows: Vec<AuditRow> = sqlx::query_as(
        "SELECT audit.id, audit.at, audit.act, audit.room, audit.details,
                audit.actor, doer.name AS actor_name, doer.kind AS actor_kind, doer.colour AS actor_colour,
                audit.subject, about.name AS subject_name, about.kind AS subject_kind, about.colour AS subject_colour
         FROM audit LEFT JOIN users AS doer ON doer.id = audit.actor LEFT JOIN users AS about ON about.id = audit.subject
         WHERE audit.id < $1 ORDER BY audit.id DESC LIMIT $2",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(AuditRow::entry).collect())
}
