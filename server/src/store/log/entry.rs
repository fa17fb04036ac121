//! New entries of the log.

use parlor_protocol::{Event, EventKind, Millis, Seq};

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

impl NewEntry {
    /// Decides about a batch of commands, in order. Returns the outcome of each, and the entries of those that are new.
    pub(in super::super) fn decide(
        log: &mut LogState,
        commands: Vec<LogCommand>,
        now: Millis,
    ) -> (Vec<AppendOutcome>, Vec<Self>) {
        let (mut outcomes, mut new) = (Vec::with_capacity(commands.len()), Vec::with_capacity(commands.len()));
        for command in commands {
            let digest = digest(&command);
            outcomes.push(match log.check(&command, digest) {
                Ok(message_seq) => {
                    let seq = log.place(&command, digest, now);
                    new.push(Self::new(command, seq, digest, message_seq, now));
                    AppendOutcome::Stored { seq, at: now }
                }
                Err(outcome) => outcome,
            });
        }
        (outcomes, new)
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
