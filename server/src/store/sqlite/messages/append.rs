//! Appends log commands to their rooms' logs: checks, idempotency, the event itself and what follows from it.
//!
//! A batch takes a handful of statements, however many commands it has: each statement is a hop to SQLite's thread, so
//! commands travel as the many rows of one `VALUES`; see [`rows`].

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, Seq, User, UserId};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    super::{rows, transaction::WriteTransaction, values::sql_seq},
    columns::{self, Columns},
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
    let mut log = Log::load(tx.db(), &commands, now).await?;
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

/// Half a SHA-256 of what a command says: enough to tell whether two with the same id are the same.
type CommandDigest = [u8; 16];

/// Id, room, seq, time, author, digest, and whether it is a message that is not deleted.
type EntryRow = (Uuid, String, i64, i64, Uuid, Vec<u8>, bool);

/// What the log has under an id.
struct Entry {
    room: RoomId,
    seq: Seq,
    at: Millis,
    author: UserId,
    digest: Vec<u8>,
    /// It is a message that was not deleted.
    is_message: bool,
}

/// What a user may do in a room, as far as it can have changed since they were asked.
struct Access {
    archived: bool,
    member: bool,
    banned: bool,
    muted_until: Option<Millis>,
}

/// What has to be known of the log before a batch is appended.
struct Log {
    entries: HashMap<CommandId, Entry>,
    heads: HashMap<RoomId, Seq>,
    access: HashMap<(RoomId, UserId), Access>,
}

impl Log {
    /// Reads the entries of all ids in the batch (those of the commands, and the messages that they refer to), and the heads
    /// and access rights of the rooms. A room that does not exist has none.
    async fn load(db: &mut SqliteConnection, batch: &[LogCommand], now: Millis) -> Result<Self, StoreError> {
        let mut log = Self { entries: HashMap::new(), heads: HashMap::new(), access: HashMap::new() };
        let pairs: BTreeSet<_> = batch.iter().map(|command| (&command.room, command.by.id)).collect();
        let pairs: Vec<_> = pairs.into_iter().collect();
        for part in pairs.chunks(rows::MOST) {
            let sql = rows::sql(
                "SELECT room.id, wanted.column2, room.head, room.archived_at IS NOT NULL,
                    EXISTS (SELECT 1 FROM member WHERE member.user = wanted.column2 AND member.room = room.id),
                    EXISTS (SELECT 1 FROM ban WHERE ban.user = wanted.column2 AND ban.lifted_at IS NULL
                            AND (ban.until IS NULL OR ban.until > wanted.column3)),
                    (SELECT max(mute.until) FROM mute WHERE mute.user = wanted.column2 AND mute.room IN ('', room.id)
                            AND mute.until > wanted.column3)
                 FROM (VALUES ",
                3,
                part.len(),
                ") AS wanted JOIN room ON room.id = wanted.column1",
            );
            let mut query = sqlx::query_as(sql);
            for pair in rows::padded(part) {
                query = query
                    .bind(pair.map(|(room, _)| room.as_str()))
                    .bind(pair.map(|(_, user)| user.0))
                    .bind(pair.map(|_| now));
            }
            type Found = (String, Uuid, i64, bool, bool, bool, Option<Millis>);
            let found: Vec<Found> = query.fetch_all(&mut *db).await?;
            for (room, user, head, archived, member, banned, muted_until) in found {
                let room = RoomId::from(room);
                log.heads.insert(room.clone(), head.unsigned_abs());
                log.access.insert((room, UserId(user)), Access { archived, member, banned, muted_until });
            }
        }
        let ids: Vec<_> = batch.iter().flat_map(|command| [Some(command.id), target(command)]).flatten().collect();
        for part in ids.chunks(rows::MOST) {
            let sql = rows::sql(
                "SELECT id, room, seq, at, author, digest, kind = 'message' AND body IS NOT NULL
                 FROM event WHERE id IN (VALUES ",
                1,
                part.len(),
                ")",
            );
            let mut query = sqlx::query_as(sql);
            for id in rows::padded(part) {
                query = query.bind(id.map(|id| id.0));
            }
            let found: Vec<EntryRow> = query.fetch_all(&mut *db).await?;
            log.entries.extend(found.into_iter().map(|(id, room, seq, at, author, digest, is_message)| {
                let (room, seq, author) = (room.into(), seq.unsigned_abs(), UserId(author));
                (CommandId(id), Entry { room, seq, at, author, digest, is_message })
            }));
        }
        Ok(log)
    }

    /// Whether a command is new and may be appended; else its outcome. For a deletion it returns the seq of the message.
    fn check(&self, command: &LogCommand, digest: CommandDigest) -> Result<Seq, AppendOutcome> {
        let LogCommand { id, room, by, kind } = command;
        if let Some(known) = self.entries.get(id) {
            let same = known.room == *room && known.author == by.id && known.digest == digest;
            return Err(if same {
                AppendOutcome::Stored { seq: known.seq, at: known.at }
            } else {
                AppendOutcome::IdReused
            });
        }
        let access = self.access.get(&(room.clone(), by.id)).ok_or(AppendOutcome::NoRoom)?;
        let message = |id: &CommandId| self.entries.get(id).filter(|entry| entry.room == *room);
        match kind {
            LogCommandKind::Send { reply_to, .. } => {
                if access.banned {
                    return Err(AppendOutcome::Banned);
                }
                if access.archived || !access.member {
                    return Err(AppendOutcome::NoRoom);
                }
                if let Some(until) = access.muted_until {
                    return Err(AppendOutcome::Muted { until });
                }
                match reply_to {
                    Some(target) if message(target).is_none() => Err(AppendOutcome::NoReplyTarget),
                    _ => Ok(0),
                }
            }
            // A muted user may take back what they said; a moderator may delete in an archived room too.
            LogCommandKind::Delete { message: target, own, others, as_member } => {
                if access.banned {
                    return Err(AppendOutcome::Banned);
                }
                if (*as_member && !access.member) || (!others && access.archived) {
                    return Err(AppendOutcome::NoRoom);
                }
                let target = message(target).filter(|entry| entry.is_message).ok_or(AppendOutcome::NoMessage)?;
                let may = *others || (*own && target.author == by.id);
                if may { Ok(target.seq) } else { Err(AppendOutcome::Forbidden) }
            }
            LogCommandKind::AddMember { .. }
            | LogCommandKind::RemoveMember { .. }
            | LogCommandKind::SetModerator { .. }
            | LogCommandKind::Rename { .. }
            | LogCommandKind::SetTopic { .. }
            | LogCommandKind::SetArchived { .. } => Ok(0),
        }
    }

    /// Gives a command the next seq of its room. Later commands of the batch find it, and do not find what it deletes.
    fn place(&mut self, command: &LogCommand, digest: CommandDigest, at: Millis) -> Seq {
        let head = self.heads.entry(command.room.clone()).or_default();
        *head += 1;
        let entry = Entry {
            room: command.room.clone(),
            seq: *head,
            at,
            author: command.by.id,
            digest: digest.to_vec(),
            is_message: matches!(command.kind, LogCommandKind::Send { .. }),
        };
        self.entries.insert(command.id, entry);
        if let LogCommandKind::Delete { message, .. } = &command.kind
            && let Some(deleted) = self.entries.get_mut(message)
        {
            deleted.is_message = false;
        }
        *head
    }
}

/// The message that a command refers to.
fn target(command: &LogCommand) -> Option<CommandId> {
    match &command.kind {
        LogCommandKind::Send { reply_to, .. } => *reply_to,
        LogCommandKind::Delete { message, .. } => Some(*message),
        LogCommandKind::AddMember { .. }
        | LogCommandKind::RemoveMember { .. }
        | LogCommandKind::SetModerator { .. }
        | LogCommandKind::Rename { .. }
        | LogCommandKind::SetTopic { .. }
        | LogCommandKind::SetArchived { .. } => None,
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
            LogCommandKind::Delete { message, .. } => EventKind::Deleted { message, message_seq },
            LogCommandKind::AddMember { user } => EventKind::MemberAdded { user },
            LogCommandKind::RemoveMember { user } => EventKind::MemberRemoved { user },
            LogCommandKind::SetModerator { user, moderator } => EventKind::Appointed { user, moderator },
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

fn digest(command: &LogCommand) -> CommandDigest {
    let mut hash = Sha256::new();
    let mut start = |name: &str| {
        hash.update(name);
        hash.update(b"\0");
        hash.update(command.room.as_str());
        hash.update(b"\0");
    };
    match &command.kind {
        LogCommandKind::Send { body, reply_to, .. } => {
            start("send");
            hash.update(reply_to.map_or([0; 16], |id| *id.0.as_bytes()));
            hash.update(body);
        }
        LogCommandKind::Delete { message, .. } => {
            start("delete");
            hash.update(message.0.as_bytes());
        }
        LogCommandKind::AddMember { user } => {
            start("add_member");
            hash.update(user.id.0.as_bytes());
        }
        LogCommandKind::RemoveMember { user } => {
            start("remove_member");
            hash.update(user.id.0.as_bytes());
        }
        LogCommandKind::SetModerator { user, moderator } => {
            start("set_moderator");
            hash.update(user.id.0.as_bytes());
            hash.update([u8::from(*moderator)]);
        }
        LogCommandKind::Rename { name } => {
            start("rename");
            hash.update(name);
        }
        LogCommandKind::SetTopic { topic } => {
            start("set_topic");
            hash.update(topic);
        }
        LogCommandKind::SetArchived { archived } => {
            start("set_archived");
            hash.update([u8::from(*archived)]);
        }
    }
    let full = hash.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}
