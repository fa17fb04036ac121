//! New entries of the log.

use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, Seq, UserId};

use super::{
    digest::{CommandDigest, digest},
    state::LogState,
};
use crate::domain::{AppendOutcome, LogCommand, LogCommandKind};

/// An entry to insert.
pub(in super::super) struct NewEntry {
    pub(in super::super) event: Event,
    pub(in super::super) digest: CommandDigest,
    pub(in super::super) html_version: Option<i64>,
}

/// A command for a reaction that changes nothing.
pub(in super::super) struct UnchangedReaction {
    pub(in super::super) id: CommandId,
    pub(in super::super) room: RoomId,
    pub(in super::super) author: UserId,
    /// The event that had made it so, and its time.
    pub(in super::super) seq: Seq,
    pub(in super::super) at: Millis,
    pub(in super::super) digest: CommandDigest,
}

/// What to do about a batch of commands.
#[derive(Default)]
pub(in super::super) struct Decided {
    /// One for each command.
    pub(in super::super) outcomes: Vec<AppendOutcome>,
    pub(in super::super) new: Vec<NewEntry>,
    pub(in super::super) unchanged: Vec<UnchangedReaction>,
}

impl NewEntry {
    /// Decides about a batch of commands, in order.
    pub(in super::super) fn decide(log: &mut LogState, commands: Vec<LogCommand>, now: Millis) -> Decided {
        let mut decided = Decided::default();
        for command in commands {
            let digest = digest(&command);
            decided.outcomes.push(match log.check(&command, digest) {
                Ok(message_seq) => {
                    let seq = log.place(&command, digest, now);
                    decided.new.push(Self::new(command, seq, digest, message_seq, now));
                    AppendOutcome::Stored { seq, at: now }
                }
                Err(outcome) => {
                    if let AppendOutcome::Stored { seq, at } = outcome
                        && !log.is_known(&command)
                    {
                        log.note_unchanged(&command, digest, (seq, at));
                        let LogCommand { id, room, by, .. } = command;
                        decided.unchanged.push(UnchangedReaction { id, room, author: by.id, seq, at, digest });
                    }
                    outcome
                }
            });
        }
        decided
    }

    fn new(command: LogCommand, seq: Seq, digest: CommandDigest, message_seq: Seq, at: Millis) -> Self {
        let LogCommand { id, room, by, kind } = command;
        let mut version = None;
        let event = match kind {
            LogCommandKind::Send { body, html, html_version, reply_to, mentions } => {
                version = Some(html_version);
                EventKind::Message { id, body, html, reply_to, mentions }
            }
            LogCommandKind::Edit { message, body, html, html_version, mentions } => {
                version = Some(html_version);
                EventKind::Edited { message, message_seq, body, html, mentions }
            }
            LogCommandKind::React { message, emoji, on } => EventKind::Reacted { message, message_seq, emoji, on },
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
