//! Appends log commands to their rooms' logs: checks, idempotency, the event itself and what follows from it.
//!
//! A batch takes a handful of statements, however many commands it has: each statement is a hop to SQLite's thread, so
//! commands travel as the many rows of one `VALUES`; see [`rows`].

use std::{collections::HashMap, sync::Arc};

use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, Seq, User};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    super::{rows, transaction::WriteTransaction, values::sql_seq},
    columns::{self, Columns},
    digest::{CommandDigest, digest},
    log_state::LogState,
    mentions, projection,
};
use crate::domain::{AppendOutcome, LogCommand, LogCommandKind, StoreError};

/// Appends what is new and finds what is not. Returns the outcome of each command, in order.
pub(in super::super) async fn append(
    tx: &mut WriteTransaction<'_>,
    commands: Vec<LogCommand>,
) -> Result<Vec<AppendOutcome>, StoreError> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now;
    let mut log = LogState::load(tx.db(), &commands, now).await?;
    let (mut outcomes, mut new) = (Vec::with_capacity(commands.len()), Vec::with_capacity(commands.len()));
    for command in commands {
        let digest = digest(&command);
        outcomes.push(match log.check(&command, digest) {
            Ok(message_seq) => {
                let seq = log.place(&command, digest, now);
                new.push(Row::new(command, seq, digest, message_seq, now));
                AppendOutcome::Stored { seq, at: now }
            }
            Err(outcome) => outcome,
        });
    }
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

/// A row of the log to insert.
struct Row {
    event: Event,
    digest: CommandDigest,
    html_version: Option<i64>,
}

impl Row {
    fn new(command: LogCommand, seq: Seq, digest: CommandDigest, message_seq: Seq, at: Millis) -> Self {
        let LogCommand { id, room, by, kind } = command;
        let mut version = None;
        let event = match kind {
            LogCommandKind::Send { body, html, html_version, reply_to, mentions } => {
                version = Some(html_version);
                EventKind::Message { id, body, html, reply_to, mentions }
            }
            LogCommandKind::Delete { message } => EventKind::Deleted { message, message_seq },
            LogCommandKind::AddMember { user } => EventKind::MemberAdded { user },
            LogCommandKind::RemoveMember { user } => EventKind::MemberRemoved { user },
            LogCommandKind::SetModerator { user, moderator } => EventKind::Appointed { user, moderator },
            LogCommandKind::SetOwner { user } => EventKind::OwnerChanged { user },
            LogCommandKind::Rename { name } => EventKind::Renamed { name },
            LogCommandKind::SetTopic { topic } => EventKind::TopicSet { topic },
            LogCommandKind::SetArchived { archived } => EventKind::Archived { on: archived },
        };
        Self { event: Event { room, seq, id, at, by: (*by).clone(), event }, digest, html_version: version }
    }
}

async fn insert(db: &mut SqliteConnection, new: &[Row]) -> Result<(), StoreError> {
    for part in new.chunks(rows::MOST) {
        let head = "INSERT INTO event
                        (room, seq, id, at, author, kind, digest, body, html, html_version, reply_to, subject, detail)
                    SELECT * FROM (VALUES ";
        let mut query = sqlx::query(rows::sql(head, 13, part.len(), ") WHERE column1 IS NOT NULL"));
        for row in rows::padded(part) {
            let event = row.map(|row| &row.event);
            let columns = event.map(|event| columns::encode(&event.event));
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
