//! Appends log commands to their rooms' logs: checks, idempotency, the event itself and what follows from it.
//!
//! A batch takes a handful of statements, however many commands it has: each statement is a hop to SQLite's thread, so
//! commands travel as the many rows of one `VALUES`; see [`rows`].

use std::{collections::HashMap, sync::Arc};

use parlor_protocol::{CommandId, RoomId, Seq, User};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    super::{rows, transaction::WriteTransaction, values::sql_seq},
    log_state, mentions, projection, reactions,
};
use crate::{
    domain::{AppendOutcome, LogCommand, LogCommandKind, StoreError},
    store::log::{Columns, Decided, NewEntry, encode},
};

/// Appends what is new and finds what is not. Returns the outcome of each command, in order.
pub(in super::super) async fn append(
    tx: &mut WriteTransaction<'_>,
    commands: Vec<LogCommand>,
) -> Result<Vec<AppendOutcome>, StoreError> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now;
    let mut log = log_state::load(tx.db(), &commands, now).await?;
    let Decided { outcomes, new, unchanged } = NewEntry::decide(&mut log, commands, now);
    reactions::insert_unchanged(tx.db(), &unchanged).await?;
    insert(tx.db(), &new).await?;
    mentions::insert(tx.db(), new.iter().map(|row| &row.event)).await?;
    for row in &new {
        projection::apply(tx, &row.event).await?;
    }
    tx.publish_events(new.into_iter().map(|row| row.event));
    Ok(outcomes)
}

/// Appends a command that the server makes itself. Its checks are the caller's. Returns its seq.
pub(in super::super) async fn append_one(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    by: User,
    kind: LogCommandKind,
) -> Result<Seq, StoreError> {
    let command = LogCommand { id: CommandId(Uuid::now_v7()), room: room.clone(), by: Arc::new(by), kind };
    match append(tx, vec![command]).await?.as_slice() {
        [AppendOutcome::Stored { seq, .. }] => Ok(*seq),
        _ => Err(sqlx::Error::RowNotFound.into()),
    }
}

async fn insert(db: &mut SqliteConnection, new: &[NewEntry]) -> Result<(), StoreError> {
    for part in new.chunks(rows::MOST) {
        let head = "INSERT INTO event
                        (room, seq, id, at, author, kind, digest, body, html, html_version, reply_to, subject, detail)
                    SELECT * FROM (VALUES ";
        let mut query = sqlx::query(rows::sql(head, 13, part.len(), ") WHERE column1 IS NOT NULL"));
        for row in rows::padded(part) {
            let event = row.map(|row| &row.event);
            let columns = event.map(|event| encode(&event.event));
            let Columns { kind, body, html, reply_to, subject, detail } = columns.unwrap_or_default();
            query = query
                .bind(event.map(|event| event.room.as_str()))
                .bind(event.map(|event| sql_seq(event.seq)))
                .bind(event.map(|event| event.id.0))
                .bind(event.map(|event| event.at))
                .bind(event.map(|event| event.by.id.0))
                .bind(kind)
                .bind(row.map(|row| &row.digest[..]))
                .bind(body)
                .bind(html)
                .bind(row.and_then(|row| row.html_version))
                .bind(reply_to)
                .bind(subject)
                .bind(detail);
        }
        query.execute(&mut *db).await?;
    }
    // The last row of each room has its head.
    let heads: HashMap<&RoomId, Seq> = new.iter().map(|row| (&row.event.room, row.event.seq)).collect();
    let heads: Vec<_> = heads.into_iter().collect();
    for part in heads.chunks(rows::MOST) {
        let sql = rows::sql(
            "UPDATE room SET head = grown.column2 FROM (VALUES ",
            2,
            part.len(),
            ") AS grown WHERE room.id = grown.column1",
        );
        let mut query = sqlx::query(sql);
        for row in rows::padded(part) {
            query = query.bind(row.map(|(room, _)| room.as_str())).bind(row.map(|(_, head)| sql_seq(*head)));
        }
        query.execute(&mut *db).await?;
    }
    Ok(())
}
