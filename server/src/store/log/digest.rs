//! The digest of a command, which tells a repeated command from another one with the same id.

use sha2::{Digest, Sha256};

use crate::domain::{LogCommand, LogCommandKind};

/// Half a SHA-256 of what a command says: enough to tell whether two with the same id are the same.
pub(in super::super) type CommandDigest = [u8; 16];

/// The digest of a message whose content was deleted.
pub(in super::super) const ERASED_DIGEST: CommandDigest = [0; 16];

pub(super) fn digest(command: &LogCommand) -> CommandDigest {
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
        LogCommandKind::Edit { message, body, .. } => {
            start("edit");
            hash.update(message.0.as_bytes());
            hash.update(body);
        }
        LogCommandKind::React { message, emoji, on } => {
            start("react");
            hash.update(message.0.as_bytes());
            hash.update([u8::from(*on)]);
            hash.update(emoji);
        }
        LogCommandKind::Delete { message } => {
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
        LogCommandKind::SetOwner { user } => {
            start("set_owner");
            hash.update(user.id.0.as_bytes());
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
