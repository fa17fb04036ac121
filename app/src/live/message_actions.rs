//! What the user can do with a message that is stored: edit it, delete it, react to it, mark it as unread.

use parlor_protocol::{CommandId, RoomId};

use super::{
    client::Client,
    state::{State, editing::LastMessage},
};
use crate::clock::{self, Now};

impl Client {
    /// Deletes a message of the open room. Needs a connection: until the server has deleted it, everyone still sees it.
    pub fn delete(&self, message: CommandId) {
        let id = clock::new_id();
        self.update(|state| state.delete(message, id));
    }

    /// Adds or removes a reaction to a message of the open room. Needs a connection.
    pub fn react(&self, message: CommandId, emoji: String, on: bool) {
        let id = clock::new_id();
        self.update(|state| state.react(message, emoji, on, id));
    }

    /// Marks a message of the open room and all after it as unread.
    pub fn mark_unread(&self, message: CommandId) {
        self.update(|state| state.mark_unread(message));
    }

    /// The source text of a message of the open room.
    pub fn message_body(&self, message: CommandId) -> String {
        self.with_state(|state| state.message(message).map(|message| message.body.clone())).unwrap_or_default()
    }

    /// The emojis with which the user has reacted to a message of the open room.
    pub fn own_reactions(&self, message: CommandId) -> Vec<String> {
        self.with_state(|state| {
            let reactions = state.message(message).map_or(&[][..], |message| &message.reactions);
            reactions.iter().filter(|reaction| reaction.me).map(|reaction| reaction.emoji.clone()).collect()
        })
    }

    /// Whether the user has reacted with an emoji to a message of the open room, and whether only one user has.
    pub fn reaction(&self, message: CommandId, emoji: &str) -> (bool, bool) {
        self.with_state(|state| {
            let mut reactions = state.message(message).into_iter().flat_map(|message| &message.reactions);
            let reaction = reactions.find(|reaction| reaction.emoji == emoji);
            reaction.map(|reaction| (reaction.me, reaction.count == 1)).unwrap_or_default()
        })
    }

    /// Whether the user may delete this message of the open room.
    pub fn can_delete(&self, message: CommandId) -> bool {
        self.with_state(|state| state.can_delete(message))
    }

    /// Whether the user may edit this message of the open room.
    pub fn can_edit(&self, message: CommandId) -> bool {
        self.with_state(|state| state.can_edit(message))
    }

    /// Whether the user may react to messages of the open room.
    pub fn can_react(&self) -> bool {
        self.with_state(|state| state.can_react())
    }

    /// The user's last message in the open room.
    pub fn last_message(&self) -> LastMessage {
        self.with_state(|state| state.last_message())
    }

    /// The composer begins to edit a message. Returns the text; none if it cannot be edited.
    pub fn begin_edit(&self, room: &RoomId, message: CommandId) -> Option<String> {
        let text = self.with_state(|state| state.begin_edit(room, message));
        self.publish();
        text
    }

    /// The edit that has begun continues one that began with this text.
    pub fn resume_edit(&self, original: String) {
        self.with_state(|state| state.resume_edit(original));
        self.publish();
    }

    /// The composer has ended the edit.
    pub fn end_edit(&self) {
        self.with_state(State::end_edit);
        self.publish();
    }

    /// Edits a message, or queues the edit until it can be sent.
    pub fn edit(&self, room: &RoomId, message: CommandId, body: String) {
        self.update(|state| state.edit(room, message, body, clock::new_id(), Now::read()));
    }
}
