//! [`CommitLog`] on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use parlor_protocol::{Event, RoomId, UserId};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::{
    PostgresStore,
    messages::events_in,
    transaction::WriteTransaction,
    values::{self, sql_seq},
};
use crate::{
    domain::{CommitPosition, ControlEvent, NodeId, NodePresence, NodeUser, StoreError, names},
    store::{CommitLog, EventRange, LogCursor, LogEntry, LogPage},
};

/// A node that has not said for this long that it is alive counts as dead.
const LEASE: &str = "20 seconds";

/// How long a new guest's name is theirs before they have connected.
const RESERVATION: &str = "10 seconds";

/// How long entries are kept. A node that was cut off for longer has to start again.
const RETENTION: &str = "1 hour";

/// Adds the entry of a transaction that is about to be committed.
pub(super) async fn insert(
    tx: &mut WriteTransaction<'_>,
    node: NodeId,
    events: &[Event],
    control: &[ControlEvent],
) -> Result<CommitPosition, StoreError> {
    let ranges = EventRange::of(events);
    let control: Vec<_> = control
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Conflict(Arc::new(error)))?;
    let (id, transaction) = sqlx::query_as(
        "INSERT INTO commit_log (node, rooms, firsts, lasts, control) VALUES ($1, $2, $3, $4, $5)
         RETURNING id, transaction::text::bigint",
    )
    .bind(node.0)
    .bind(ranges.iter().map(|range| range.room.as_str()).collect::<Vec<_>>())
    .bind(ranges.iter().map(|range| sql_seq(range.first)).collect::<Vec<_>>())
    .bind(ranges.iter().map(|range| sql_seq(range.last)).collect::<Vec<_>>())
    .bind(control)
    .fetch_one(tx.db())
    .await?;
    Ok(CommitPosition { id, transaction })
}

async fn positions(db: &PgPool, cursor: LogCursor) -> Result<LogPage, StoreError> {
    // One statement sees one state of the database: what is not in the page is committed by a transaction that is running.
    let (oldest_running, newest, removed, ids, transactions): (i64, i64, i64, Vec<i64>, Vec<i64>) = sqlx::query_as(
        "WITH news AS MATERIALIZED (
             SELECT id, transaction FROM commit_log WHERE transaction >= $1::text::xid8 OR id > $2
         )
         SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                (SELECT coalesce(max(id), 0) FROM commit_log),
                (SELECT id FROM commit_log_removed),
                ARRAY(SELECT id FROM news ORDER BY id),
                ARRAY(SELECT transaction::text::bigint FROM news ORDER BY id)",
    )
    .bind(cursor.transaction.to_string())
    .bind(cursor.id)
    .fetch_one(db)
    .await?;
    let pairs = ids.into_iter().zip(transactions);
    let positions = pairs.map(|(id, transaction)| CommitPosition { id, transaction }).collect();
    Ok(LogPage { positions, oldest_running, newest, removed })
}

async fn entries(db: &PgPool, ids: &[i64]) -> Result<Vec<LogEntry>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, transaction::text::bigint AS transaction, node, rooms, firsts, lasts, control
         FROM commit_log WHERE id = ANY($1) ORDER BY id",
    )
    .bind(ids)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let (rooms, firsts, lasts) = (
                row.try_get::<Vec<String>, _>("rooms")?,
                row.try_get::<Vec<i64>, _>("firsts")?,
                row.try_get::<Vec<i64>, _>("lasts")?,
            );
            let ranges = rooms.into_iter().zip(firsts.into_iter().zip(lasts)).map(|(room, (first, last))| EventRange {
                room: RoomId::from(room),
                first: first.unsigned_abs(),
                last: last.unsigned_abs(),
            });
            let control = row.try_get::<Vec<String>, _>("control")?;
            Ok(LogEntry {
                position: CommitPosition { id: row.try_get("id")?, transaction: row.try_get("transaction")? },
                node: NodeId(row.try_get("node")?),
                ranges: ranges.collect(),
                control: control.iter().filter_map(|json| decode(json)).collect(),
            })
        })
        .collect()
}

/// A control event; none if it is of a newer version, which the nodes are being updated to.
fn decode(json: &str) -> Option<ControlEvent> {
    serde_json::from_str(json)
        .inspect_err(|error| tracing::warn!(%error, "a control event of another version is skipped"))
        .ok()
}

#[async_trait]
impl CommitLog for PostgresStore {
    fn node(&self) -> NodeId {
        self.node
    }

    async fn positions(&self, cursor: LogCursor) -> Result<LogPage, StoreError> {
        self.read(positions(&self.readers, cursor)).await
    }

    async fn entries(&self, ids: &[i64]) -> Result<Vec<LogEntry>, StoreError> {
        self.read(entries(&self.readers, ids)).await
    }

    async fn events_in(&self, ranges: &[EventRange]) -> Result<Vec<Event>, StoreError> {
        self.read(events_in(&self.readers, ranges)).await
    }

    async fn remove_old_entries(&self) -> Result<(), StoreError> {
        self.read(async {
            sqlx::query(
                "WITH removed AS (
                     DELETE FROM commit_log WHERE at < clock_timestamp() - $1::interval RETURNING id
                 ), last AS (SELECT max(id) AS id FROM removed)
                 UPDATE commit_log_removed SET id = greatest(commit_log_removed.id, last.id)
                 FROM last WHERE last.id IS NOT NULL",
            )
            .bind(RETENTION)
            .execute(&self.readers)
            .await?;
            sqlx::query("DELETE FROM connected_user WHERE until < clock_timestamp()").execute(&self.readers).await?;
            // Their processes have ended long ago.
            sqlx::query("DELETE FROM writer WHERE seen_at < clock_timestamp() - $1::interval AND id <> $2")
                .bind(RETENTION)
                .bind(self.node.0)
                .execute(&self.readers)
                .await?;
            Ok(())
        })
        .await
    }

    async fn renew_lease(&self) -> Result<Vec<NodeId>, StoreError> {
        self.read(async {
            sqlx::query("UPDATE writer SET seen_at = clock_timestamp() WHERE id = $1")
                .bind(self.node.0)
                .execute(&self.readers)
                .await?;
            let nodes: Vec<Uuid> =
                sqlx::query_scalar("SELECT id FROM writer WHERE seen_at > clock_timestamp() - $1::interval")
                    .bind(LEASE)
                    .fetch_all(&self.readers)
                    .await?;
            Ok(nodes.into_iter().map(NodeId).collect())
        })
        .await
    }

    async fn save_connected_users(&self, users: Vec<NodeUser>, all: bool) -> Result<(), StoreError> {
        let node = self.node;
        self.write(move |tx| Box::pin(save_connected_users(tx, node, users, all))).await
    }

    async fn connected_users(&self, node: NodeId) -> Result<Vec<NodeUser>, StoreError> {
        self.read(async {
            let rows: Vec<(Uuid, String, String, Option<i64>, bool)> = sqlx::query_as(
                "SELECT users.id, users.name, users.kind, users.colour, connected_user.away
                 FROM connected_user JOIN users ON users.id = connected_user.user_id
                 WHERE connected_user.node = $1 AND connected_user.until IS NULL",
            )
            .bind(node.0)
            .fetch_all(&self.readers)
            .await?;
            let user = |(id, name, kind, colour, away): (Uuid, String, String, Option<i64>, bool)| NodeUser {
                user: values::user(id, name, &kind, colour),
                presence: if away { NodePresence::Away } else { NodePresence::Online },
            };
            Ok(rows.into_iter().map(user).collect())
        })
        .await
    }
}

async fn save_connected_users(
    tx: &mut WriteTransaction<'_>,
    node: NodeId,
    users: Vec<NodeUser>,
    all: bool,
) -> Result<(), StoreError> {
    let (present, gone): (Vec<_>, Vec<_>) = users.iter().partition(|user| user.presence != NodePresence::Disconnected);
    if all {
        sqlx::query("DELETE FROM connected_user WHERE node = $1").bind(node.0).execute(tx.db()).await?;
    } else if !gone.is_empty() {
        sqlx::query("DELETE FROM connected_user WHERE node = $1 AND user_id = ANY($2)")
            .bind(node.0)
            .bind(gone.iter().map(|user| user.user.id.0).collect::<Vec<_>>())
            .execute(tx.db())
            .await?;
    }
    if !present.is_empty() {
        sqlx::query(
            "INSERT INTO connected_user (node, user_id, name_key, away)
             SELECT $1, new.* FROM UNNEST($2::uuid[], $3::text[], $4::boolean[]) AS new (user_id, name_key, away)
             WHERE EXISTS (SELECT 1 FROM users WHERE users.id = new.user_id)
             ON CONFLICT (node, user_id) DO UPDATE SET name_key = excluded.name_key, away = excluded.away, until = NULL",
        )
        .bind(node.0)
        .bind(present.iter().map(|user| user.user.id.0).collect::<Vec<_>>())
        .bind(present.iter().map(|user| names::key(&user.user.name)).collect::<Vec<_>>())
        .bind(present.iter().map(|user| user.presence == NodePresence::Away).collect::<Vec<_>>())
        .execute(tx.db())
        .await?;
    }
    if !users.is_empty() {
        tx.publish(ControlEvent::PresenceChanged { node, users });
    }
    Ok(())
}

/// Whether a user other than `except` is connected to a node that is alive and has a name with this key, or is about to connect
/// with it. Who has signed out does not count any more.
pub(super) async fn is_name_connected(
    tx: &mut WriteTransaction<'_>,
    key: &str,
    except: Option<UserId>,
) -> Result<bool, StoreError> {
    let is_used = sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT 1 FROM connected_user JOIN writer ON writer.id = connected_user.node
             WHERE connected_user.name_key = $1 AND connected_user.user_id IS DISTINCT FROM $2
               AND coalesce(connected_user.until > clock_timestamp(), writer.seen_at > clock_timestamp() - $3::interval)
               AND EXISTS (SELECT 1 FROM session WHERE session.user_id = connected_user.user_id)
         )",
    )
    .bind(key)
    .bind(except.map(|user| user.0))
    .bind(LEASE)
    .fetch_one(tx.db())
    .await?;
    Ok(is_used)
}

/// Whether the database is shared with a node that is alive.
pub(super) async fn has_other_nodes(tx: &mut WriteTransaction<'_>) -> Result<bool, StoreError> {
    let Some(node) = tx.node else { return Ok(false) };
    let has_others = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM writer WHERE id <> $1 AND seen_at > clock_timestamp() - $2::interval)",
    )
    .bind(node.0)
    .bind(LEASE)
    .fetch_one(tx.db())
    .await?;
    Ok(has_others)
}

/// Keeps the name of a new guest, who is about to connect, from others on any node.
pub(super) async fn reserve_name(tx: &mut WriteTransaction<'_>, user: UserId, key: &str) -> Result<(), StoreError> {
    let Some(node) = tx.node else { return Ok(()) };
    sqlx::query(
        "INSERT INTO connected_user (node, user_id, name_key, away, until)
         VALUES ($1, $2, $3, false, clock_timestamp() + $4::interval)",
    )
    .bind(node.0)
    .bind(user.0)
    .bind(key)
    .bind(RESERVATION)
    .execute(tx.db())
    .await?;
    Ok(())
}
