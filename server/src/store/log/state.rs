//! What the log has, and who may write to it: read before a batch of commands is appended, and decides about each.

use std::collections::{BTreeSet, HashMap, HashSet};

use parlor_protocol::{
    CommandId, Millis, RoomId, Seq, ServerRole, UserId, limits,
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

/// What a user did with an emoji at a message.
pub(in super::super) struct StoredReaction {
    pub(in super::super) message: CommandId,
    pub(in super::super) emoji: String,
    pub(in super::super) user: UserId,
    pub(in super::super) active: bool,
    /// The event that made it so.
    pub(in super::super) seq: Seq,
    pub(in super::super) at: Millis,
}

/// The commands of reactions, their messages and their users.
#[derive(Default)]
pub(in super::super) struct Reacted {
    pub(in super::super) commands: Vec<Uuid>,
    pub(in super::super) messages: HashSet<Uuid>,
    pub(in super::super) users: HashSet<Uuid>,
}

/// The reactions to a message.
#[derive(Default)]
struct Reactions {
    /// How many users each emoji has.
    counts: HashMap<String, u64>,
    /// Whether a user has reacted with an emoji, and the event that made it so.
    of_users: HashMap<(String, UserId), (bool, Seq, Millis)>,
}

/// The part of the log, and of who may write to it, that decides about a batch.
#[derive(Default)]
pub(in super::super) struct LogState {
    entries: HashMap<CommandId, StoredEntry>,
    heads: HashMap<RoomId, Seq>,
    access: HashMap<(RoomId, UserId), Access>,
    reactions: HashMap<CommandId, Reactions>,
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

    /// What a batch depends on because of its reactions.
    pub(in super::super) fn reacted(batch: &[LogCommand]) -> Reacted {
        let mut reacted = Reacted::default();
        for command in batch {
            if let LogCommandKind::React { message, .. } = &command.kind {
                reacted.commands.push(command.id.0);
                reacted.messages.insert(message.0);
                reacted.users.insert(command.by.id.0);
            }
        }
        reacted
    }

    /// Adds how many users have reacted to a message with an emoji.
    pub(in super::super) fn add_reaction_count(&mut self, message: CommandId, emoji: String, count: u64) {
        self.reactions.entry(message).or_default().counts.insert(emoji, count);
    }

    pub(in super::super) fn add_reaction(&mut self, stored: StoredReaction) {
        let StoredReaction { message, emoji, user, active, seq, at } = stored;
        self.reactions.entry(message).or_default().of_users.insert((emoji, user), (active, seq, at));
    }

    /// Adds commands that changed nothing: id, room, author, and the event that had made it so.
    pub(in super::super) fn add_unchanged(&mut self, rows: Vec<(Uuid, String, Uuid, i64, Millis, Vec<u8>)>) {
        for (id, room, author, seq, at, digest) in rows {
            let (id, room, author, seq) = (CommandId(id), RoomId::from(room), UserId(author), seq.unsigned_abs());
            self.entries.entry(id).or_insert(StoredEntry { id, room, seq, at, author, digest, is_message: false });
        }
    }

    /// Whether a command was decided before.
    pub(super) fn is_known(&self, command: &LogCommand) -> bool {
        self.entries.contains_key(&command.id)
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

    /// Whether a command is new and may be appended; else its outcome. For a command that changes a message it returns the seq
    /// of that message.
    pub(super) fn check(&self, command: &LogCommand, digest: CommandDigest) -> Result<Seq, AppendOutcome> {
        let LogCommand { id, room, by, kind } = command;
        if let Some(known) = self.entries.get(id) {
            let is_same_content = known.digest == digest
                || (matches!(kind, LogCommandKind::Send { .. } | LogCommandKind::Edit { .. })
                    && known.digest == ERASED_DIGEST);
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
                access.may_write()?;
                match reply_to {
                    Some(target) if message(target).is_none() => Err(AppendOutcome::NoReplyTarget),
                    _ => Ok(0),
                }
            }
            LogCommandKind::Edit { message: target, .. } => {
                access.may_write()?;
                let target = message(target).filter(|entry| entry.is_message).ok_or(AppendOutcome::NoMessage)?;
                if target.author == by.id { Ok(target.seq) } else { Err(AppendOutcome::Forbidden) }
            }
            LogCommandKind::React { message: target, emoji, on } => {
                access.may_write()?;
                let entry = message(target).filter(|entry| entry.is_message).ok_or(AppendOutcome::NoMessage)?;
                match self.reactions.get(target) {
                    Some(reactions) => reactions.check(entry, emoji, by.id, *on),
                    None => Reactions::default().check(entry, emoji, by.id, *on),
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

    /// Notes a command that is no event, as it changes nothing, so that it is answered the same again.
    pub(super) fn note_unchanged(&mut self, command: &LogCommand, digest: CommandDigest, (seq, at): (Seq, Millis)) {
        let LogCommand { id, room, by, .. } = command;
        let (id, room, author, digest) = (*id, room.clone(), by.id, digest.to_vec());
        self.entries.insert(id, StoredEntry { id, room, seq, at, author, digest, is_message: false });
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
        match &command.kind {
            LogCommandKind::Delete { message } => {
                if let Some(deleted) = self.entries.get_mut(message) {
                    deleted.is_message = false;
                }
            }
            LogCommandKind::React { message, emoji, on } => {
                let reactions = self.reactions.entry(*message).or_default();
                reactions.place(emoji, command.by.id, *on, (*head, at));
            }
            LogCommandKind::Send { .. }
            | LogCommandKind::Edit { .. }
            | LogCommandKind::AddMember { .. }
            | LogCommandKind::RemoveMember { .. }
            | LogCommandKind::SetModerator { .. }
            | LogCommandKind::SetOwner { .. }
            | LogCommandKind::Rename { .. }
            | LogCommandKind::SetTopic { .. }
            | LogCommandKind::SetArchived { .. } => {}
        }
        *head
    }
}

impl Access {
    /// Whether the user may send and edit messages, and react to them.
    fn may_write(&self) -> Result<(), AppendOutcome> {
        if self.banned {
            return Err(AppendOutcome::Banned);
        }
        if self.room.archived || self.room.membership.is_none() {
            return Err(AppendOutcome::NoRoom);
        }
        self.muted_until.map_or(Ok(()), |until| Err(AppendOutcome::Muted { until }))
    }
}

impl Reactions {
    /// Whether a reaction changes something and may; else the event that made it so, which for a user who never reacted is the
    /// message itself.
    fn check(&self, message: &StoredEntry, emoji: &str, user: UserId, on: bool) -> Result<Seq, AppendOutcome> {
        let now = self.of_users.get(&(emoji.to_owned(), user));
        let (active, seq, at) = now.copied().unwrap_or((false, message.seq, message.at));
        if active == on {
            return Err(AppendOutcome::Stored { seq, at });
        }
        if on && !self.counts.contains_key(emoji) && self.counts.len() >= limits::MAX_REACTIONS {
            return Err(AppendOutcome::TooManyReactions);
        }
        Ok(message.seq)
    }

    fn place(&mut self, emoji: &str, user: UserId, on: bool, (seq, at): (Seq, Millis)) {
        self.of_users.insert((emoji.to_owned(), user), (on, seq, at));
        let count = self.counts.entry(emoji.to_owned()).or_default();
        *count = if on { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.counts.remove(emoji);
        }
    }
}

/// The message that a command refers to.
fn target(command: &LogCommand) -> Option<CommandId> {
    match &command.kind {
        LogCommandKind::Send { reply_to, .. } => *reply_to,
        LogCommandKind::Edit { message, .. }
        | LogCommandKind::Delete { message }
        | LogCommandKind::React { message, .. } => Some(*message),
        LogCommandKind::AddMember { .. }
        | LogCommandKind::RemoveMember { .. }
        | LogCommandKind::SetModerator { .. }
        | LogCommandKind::SetOwner { .. }
        | LogCommandKind::Rename { .. }
        | LogCommandKind::SetTopic { .. }
        | LogCommandKind::SetArchived { .. } => None,
    }
}
