//! Appends log commands to their rooms' logs: checks, idempotency, the event itself and what follows from it.
//!
//! A batch takes a handful of statements, however many commands it has: their columns travel as arrays.

use std::{collections::HashMap, sync::Arc};

use parlor_protocol::{CommandId, EventKind, RoomId, Seq, User};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{transaction::WriteTransaction, values::sql_seq},
    log_state, projection, reactions,
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
    let mut log = log_state::load(tx, &commands).await?;
    let Decided { outcomes, new, unchanged } = NewEntry::decide(&mut log, commands, tx.now);
    reactions::insert_unchanged(tx.db(), &unchanged).await?;
    if new.is_empty() {
        return Ok(outcomes);
    }
    insert(tx.db(), &new).await?;
    for entry in &new {
        projection::apply(tx, &entry.event).await?;
    }
    tx.publish_events(new.into_iter().map(|entry| entry.event));
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

/// The columns of new events, each as an array.
#[derive(Default)]
struct EventColumns<'a> {
    rooms: Vec<&'a str>,
    seqs: Vec<i64>,
    ids: Vec<Uuid>,
    times: Vec<i64>,
    authors: Vec<Uuid>,
    kinds: Vec<Option<&'static str>>,
    digests: Vec<&'a [u8]>,
    bodies: Vec<Option<&'a str>>,
    htmls: Vec<Option<&'a str>>,
    html_versions: Vec<Option<i64>>,
    replies: Vec<Option<Uuid>>,
    subjects: Vec<Option<Uuid>>,
    details: Vec<Option<String>>,
}

impl<'a> EventColumns<'a> {
    fn new(entries: &'a [NewEntry]) -> Self {
        let mut all = Self::default();
        for NewEntry { event, digest, html_version } in entries {
            let Columns { kind, body, html, reply_to, subject, detail } = encode(&event.event);
            all.rooms.push(event.room.as_str());
            all.seqs.push(sql_seq(event.seq));
            all.ids.push(event.id.0);
            all.times.push(event.at);
            all.authors.push(event.by.id.0);
            all.kinds.push(kind);
            all.digests.push(digest);
            all.bodies.push(body);
            all.htmls.push(html);
            all.html_versions.push(*html_version);
            all.replies.push(reply_to);
            all.subjects.push(subject);
            all.details.push(detail);
        }
        all
    }
}

/// Inserts events and their mentions, and raises the heads of their rooms, whose rows are locked.
async fn insert(db: &mut PgConnection, new: &[NewEntry]) -> Result<(), StoreError> {
    let columns = EventColumns::new(new);
    // The last event of each room is its head.
    let heads: HashMap<_, _> = columns.rooms.iter().copied().zip(columns.seqs.iter().copied()).collect();
    let (head_rooms, heads): (Vec<_>, Vec<_>) = heads.into_iter().unzip();
    let (mut mention_rooms, mut mention_seqs, mut mentioned) = (Vec::new(), Vec::new(), Vec::new());
    for NewEntry { event, .. } in new {
        let EventKind::Message { mentions, .. } = &event.event else { continue };
        for user in mentions {
            mention_rooms.push(event.room.as_str());
            mention_seqs.push(sql_seq(event.seq));
            mentioned.push(user.0);
        }
    }
    sqlx::query(
        "WITH new AS (
             INSERT INTO event
                 (room, seq, id, at, author, kind, digest, body, html, html_version, reply_to, subject, detail)
             SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::uuid[], $4::bigint[], $5::uuid[], $6::text[], $7::bytea[],
                                  $8::text[], $9::text[], $10::bigint[], $11::uuid[], $12::uuid[], $13::text[])
         ), grown AS (
             UPDATE room SET head = last.head FROM UNNEST($14::text[], $15::bigint[]) AS last (room, head)
             WHERE room.id = last.room
         )
         INSERT INTO mention (room, seq, user_id)
         SELECT * FROM UNNEST($16::text[], $17::bigint[], $18::uuid[])",
    )
    .bind(columns.rooms)
    .bind(columns.seqs)
    .bind(columns.ids)
    .bind(columns.times)
    .bind(columns.authors)
    .bind(columns.kinds)
    .bind(columns.digests)
    .bind(columns.bodies)
    .bind(columns.htmls)
    .bind(columns.html_versions)
    .bind(columns.replies)
    .bind(columns.subjects)
    .bind(columns.details)
    .bind(head_rooms)
    .bind(heads)
    .bind(mention_rooms)
    .bind(mention_seqs)
    .bind(mentioned)
    .execute(db)
    .await?;
    Ok(())
}
