//! What the log has, and who may write to it: read before a batch of commands is appended, and decides about each.

use std::collections::{BTreeSet, HashMap};

use parlor_protocol::{
    CommandId, Millis, RoomId, Seq, ServerRole, UserId,
    policy::{Actor, Decision, RoomAction, RoomContext},
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use super::{
    super::{
        rows,
        values::{room_kind, room_role, server_role},
    },
    digest::{CommandDigest, ERASED_DIGEST},
};
use crate::domain::{AppendOutcome, LogCommand, LogCommandKind, StoreError};

/// What the log has under an id.
struct Entry {
    room: RoomId,
    seq: Seq,
    at: Millis,
    author: UserId,
    digest: Vec<u8>,
    is_message: bool,
}

/// What decides what a user may do in a room.
struct Access {
    actor: Actor,
    room: RoomContext,
    banned: bool,
    muted_until: Option<Millis>,
}

/// The part of the log, and of who may write to it, that decides about a batch.
pub(super) struct LogState {
    entries: HashMap<CommandId, Entry>,
    heads: HashMap<RoomId, Seq>,
    access: HashMap<(RoomId, UserId), Access>,
}

/// A row of [`LogState::load`]: an entry, or without an id the access rights as JSON.
type StateRow = (Option<Uuid>, String, Option<Uuid>, i64, bool, Millis, Option<Vec<u8>>);

/// Room, user, head of the room; its kind and whether it is archived; the user's roles in it and on the server, whether they
/// are banned, and until when they are muted.
type AccessRow = (RoomId, UserId, Seq, String, u8, Option<String>, Option<String>, u8, Option<Millis>);

impl LogState {
    /// Reads the entries of all ids in the batch (those of the commands, and the messages that they refer to), and the heads
    /// and access rights of the rooms. A room that does not exist has none.
    ///
    /// One statement, and one row for all access rights: each statement and each row is a hop between SQLite's thread and
    /// this one. With a row for each right, 100 rooms of 10 took 17 % more CPU (`rooms-saturated` of `make compare`).
    pub(super) async fn load(db: &mut SqliteConnection, batch: &[LogCommand], now: Millis) -> Result<Self, StoreError> {
        let mut log = Self { entries: HashMap::new(), heads: HashMap::new(), access: HashMap::new() };
        let pairs: BTreeSet<_> = batch.iter().map(|command| (&command.room, command.by.id)).collect();
        let pairs: Vec<_> = pairs.into_iter().collect();
        let ids: Vec<_> = batch.iter().flat_map(|command| [Some(command.id), target(command)]).flatten().collect();
        let (mut pairs, mut ids) = (pairs.chunks(rows::MOST), ids.chunks(rows::MOST));
        loop {
            let (pairs, ids) = match (pairs.next(), ids.next()) {
                (None, None) => return Ok(log),
                (pairs, ids) => (pairs.unwrap_or_default(), ids.unwrap_or_default()),
            };
            let sql = format!(
                "SELECT NULL, json_group_array(json_array(room.id, hex(wanted.column2), room.head, room.kind,
                    room.archived_at IS NOT NULL,
                    (SELECT role FROM member WHERE member.user = wanted.column2 AND member.room = room.id),
                    (SELECT role FROM user WHERE user.id = wanted.column2),
                    EXISTS (SELECT 1 FROM ban WHERE ban.user = wanted.column2 AND ban.lifted_at IS NULL
                            AND (ban.until IS NULL OR ban.until > wanted.column3)),
                    (SELECT max(mute.until) FROM mute WHERE mute.user = wanted.column2 AND mute.room IN ('', room.id)
                            AND mute.until > wanted.column3))), NULL, 0, FALSE, 0, NULL
                 FROM (VALUES {}) AS wanted JOIN room ON room.id = wanted.column1
                 UNION ALL
                 SELECT id, room, author, seq, kind = 'message', at, digest
                 FROM event WHERE id IN (VALUES {})",
                rows::placeholders(3, pairs.len()),
                rows::placeholders(1, ids.len()),
            );
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for pair in rows::padded(pairs) {
                query = query
                    .bind(pair.map(|(room, _)| room.as_str()))
                    .bind(pair.map(|(_, user)| user.0))
                    .bind(pair.map(|_| now));
            }
            for id in rows::padded(ids) {
                query = query.bind(id.map(|id| id.0));
            }
            let found: Vec<StateRow> = query.fetch_all(&mut *db).await?;
            found.into_iter().try_for_each(|row| log.add(row))?;
        }
    }

    fn add(&mut self, (id, text, author, seq, is_message, at, digest): StateRow) -> Result<(), StoreError> {
        if let (Some(id), Some(author)) = (id, author) {
            let (room, seq, digest) = (RoomId::from(text), seq.unsigned_abs(), digest.unwrap_or_default());
            self.entries.insert(CommandId(id), Entry { room, seq, at, author: UserId(author), digest, is_message });
            return Ok(());
        }
        let rights: Vec<AccessRow> =
            serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        for (room, user, head, kind, archived, member, role, banned, muted_until) in rights {
            self.heads.insert(room.clone(), head);
            let role = role.as_deref().map_or(ServerRole::Guest, server_role);
            let context = RoomContext {
                kind: room_kind(&kind),
                lobby: room.as_str() == RoomId::LOBBY,
                archived: archived != 0,
                membership: member.as_deref().map(room_role),
            };
            let actor = Actor { muted: muted_until.is_some(), ..Actor::with_role(role) };
            let access = Access { actor, room: context, banned: banned != 0, muted_until };
            self.access.insert((room, user), access);
        }
        Ok(())
    }

    /// Whether a command is new and may be appended; else its outcome. For a deletion it returns the seq of the message.
    pub(super) fn check(&self, command: &LogCommand, digest: CommandDigest) -> Result<Seq, AppendOutcome> {
        let LogCommand { id, room, by, kind } = command;
        if let Some(known) = self.entries.get(id) {
            let is_same_content = known.digest == digest
                || (matches!(kind, LogCommandKind::Send { .. }) && known.digest == ERASED_DIGEST);
            let same = known.room == *room && known.author == by.id && is_same_content;
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
                if access.room.archived || access.room.membership.is_none() {
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
            LogCommandKind::Delete { message: target } => {
                if access.banned {
                    return Err(AppendOutcome::Banned);
                }
                let may = |action| access.actor.check(action, access.room);
                let (own, others) = (may(RoomAction::DeleteOwn), may(RoomAction::DeleteOthers));
                // Who has been removed, or was late for a room that is archived.
                if own != Decision::Allowed && !matches!(others, Decision::Allowed | Decision::Muted) {
                    return Err(AppendOutcome::NoRoom);
                }
                let target = message(target).filter(|entry| entry.is_message).ok_or(AppendOutcome::NoMessage)?;
                let is_own = target.author == by.id && own == Decision::Allowed;
                match (if is_own { own } else { others }, access.muted_until) {
                    (Decision::Allowed, _) => Ok(target.seq),
                    (Decision::Muted, Some(until)) => Err(AppendOutcome::Muted { until }),
                    _ => Err(AppendOutcome::Forbidden),
                }
            }
            LogCommandKind::AddMember { .. }
            | LogCommandKind::RemoveMember { .. }
            | LogCommandKind::SetModerator { .. }
            | LogCommandKind::SetOwner { .. }
            | LogCommandKind::Rename { .. }
            | LogCommandKind::SetTopic { .. }
            | LogCommandKind::SetArchived { .. } => Ok(0),
        }
    }

    /// Gives a command the next seq of its room. Later commands of the batch find it, and do not find what it deletes.
    pub(super) fn place(&mut self, command: &LogCommand, digest: CommandDigest, at: Millis) -> Seq {
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
        if let LogCommandKind::Delete { message } = &command.kind
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
        LogCommandKind::Delete { message } => Some(*message),
        LogCommandKind::AddMember { .. }
        | LogCommandKind::RemoveMember { .. }
        | LogCommandKind::SetModerator { .. }
        | LogCommandKind::SetOwner { .. }
        | LogCommandKind::Rename { .. }
        | LogCommandKind::SetTopic { .. }
        | LogCommandKind::SetArchived { .. } => None,
    }
}
