//! What the log has, and who may write to it: read before a batch of commands is appended, and decides about each.

use std::collections::{BTreeSet, HashMap};

use parlor_protocol::{
    CommandId, Millis, RoomId, Seq, ServerRole, UserId,
    policy::{Actor, Decision, RoomAction, RoomContext},
};
use uuid::Uuid;

use super::{
    super::{rights::room_context, values::server_role},
    digest::{CommandDigest, ERASED_DIGEST},
};
use crate::domain::{AppendOutcome, LogCommand, LogCommandKind};

/// A stored entry of the log, by its id.
pub(in super::super) struct StoredEntry {
    pub(in super::super) id: CommandId,
    pub(in super::super) room: RoomId,
    pub(in super::super) seq: Seq,
    pub(in super::super) at: Millis,
    pub(in super::super) author: UserId,
    pub(in super::super) digest: Vec<u8>,
    pub(in super::super) is_message: bool,
}

/// What is stored about a room, and about a user there.
pub(in super::super) struct RoomAccess {
    pub(in super::super) room: RoomId,
    pub(in super::super) user: UserId,
    /// The seq of the room's newest event.
    pub(in super::super) head: Seq,
    pub(in super::super) kind: String,
    pub(in super::super) archived: bool,
    /// The user's role in the room; none when they are not a member.
    pub(in super::super) room_role: Option<String>,
    /// The user's role on the server; none when they do not exist.
    pub(in super::super) role: Option<String>,
    pub(in super::super) banned: bool,
    pub(in super::super) muted_until: Option<Millis>,
}

/// What decides what a user may do in a room.
struct Access {
    actor: Actor,
    room: RoomContext,
    banned: bool,
    muted_until: Option<Millis>,
}

/// The part of the log, and of who may write to it, that decides about a batch.
#[derive(Default)]
pub(in super::super) struct LogState {
    entries: HashMap<CommandId, StoredEntry>,
    heads: HashMap<RoomId, Seq>,
    access: HashMap<(RoomId, UserId), Access>,
}

impl LogState {
    /// The pairs of room and user whose access a batch depends on, without repetitions and in order.
    pub(in super::super) fn pairs(batch: &[LogCommand]) -> BTreeSet<(&RoomId, UserId)> {
        batch.iter().map(|command| (&command.room, command.by.id)).collect()
    }

    /// The ids whose entries a batch depends on: those of the commands, and of the messages that they refer to.
    pub(in super::super) fn ids(batch: &[LogCommand]) -> Vec<Uuid> {
        let ids = batch.iter().flat_map(|command| [Some(command.id), target(command)]);
        ids.flatten().map(|id| id.0).collect()
    }

    pub(in super::super) fn add_entry(&mut self, stored: StoredEntry) {
        self.entries.insert(stored.id, stored);
    }

    pub(in super::super) fn add_access(&mut self, stored: RoomAccess) {
        let RoomAccess { room, user, head, kind, archived, room_role: member, role, banned, muted_until } = stored;
        self.heads.insert(room.clone(), head);
        let role = role.as_deref().map_or(ServerRole::Guest, server_role);
        let context = room_context(&room, &kind, archived, member.as_deref());
        let actor = Actor { muted: muted_until.is_some(), ..Actor::with_role(role) };
        self.access.insert((room, user), Access { actor, room: context, banned, muted_until });
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
        let entry = StoredEntry {
            id: command.id,
            room: command.room.clone(),
            seq: *head,
            at,
            author: command.by.id,
            digest: digest.to_vec(),
            is_message: matches!(command.kind, LogCommandKind::Send { .. }),
        };
        self.entries.insert(entry.id, entry);
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
