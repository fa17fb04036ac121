//! Changes of messages: edits, reactions and deletions, and the newest of them, which pages that are older than the live
//! position still lack.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::{CommandId, Event, EventKind, Message, Reaction, Seq, User, UserId, limits};

/// Changes that are kept.
const MAX_CHANGES: usize = 300;

/// The message that an event changes; none for events that change no message.
pub(super) const fn changed_message(event: &EventKind) -> Option<CommandId> {
    match event {
        EventKind::Edited { message, .. } | EventKind::Deleted { message, .. } | EventKind::Reacted { message, .. } => {
            Some(*message)
        }
        EventKind::Message { .. }
        | EventKind::MemberAdded { .. }
        | EventKind::MemberRemoved { .. }
        | EventKind::Appointed { .. }
        | EventKind::OwnerChanged { .. }
        | EventKind::Renamed { .. }
        | EventKind::TopicSet { .. }
        | EventKind::Archived { .. }
        | EventKind::Unknown => None,
    }
}

/// Applies a change to its message, as `me` sees it. False if the message is deleted.
pub(super) fn change(message: &mut Arc<Message>, event: &Event, me: Option<UserId>) -> bool {
    match &event.event {
        // Without a text, the message was deleted later.
        EventKind::Edited { body, html, mentions, .. } if !body.is_empty() => {
            let message = Arc::make_mut(message);
            message.body.clone_from(body);
            message.html.clone_from(html);
            message.mentions.clone_from(mentions);
            message.edited_at = Some(event.at);
        }
        EventKind::Reacted { emoji, on, .. } => {
            let reactions = &mut Arc::make_mut(message).reactions;
            react(reactions, emoji, &event.by, *on, me == Some(event.by.id));
        }
        EventKind::Deleted { .. } => return false,
        EventKind::Edited { .. }
        | EventKind::Message { .. }
        | EventKind::MemberAdded { .. }
        | EventKind::MemberRemoved { .. }
        | EventKind::Appointed { .. }
        | EventKind::OwnerChanged { .. }
        | EventKind::Renamed { .. }
        | EventKind::TopicSet { .. }
        | EventKind::Archived { .. }
        | EventKind::Unknown => {}
    }
    true
}

/// Adds or removes a user's reaction. `own`: the user is the reader.
fn react(reactions: &mut Vec<Reaction>, emoji: &str, by: &User, on: bool, own: bool) {
    let known = reactions.iter().position(|reaction| reaction.emoji == emoji);
    if !on {
        let Some(at) = known else { return };
        let reaction = &mut reactions[at];
        reaction.users.retain(|user| user.id != by.id);
        reaction.count = reaction.count.saturating_sub(1);
        reaction.me &= !own;
        if reaction.count == 0 {
            reactions.remove(at);
        }
        return;
    }
    let at = known.unwrap_or_else(|| {
        reactions.push(Reaction { emoji: emoji.to_owned(), count: 0, me: false, users: Vec::new() });
        reactions.len() - 1
    });
    let reaction = &mut reactions[at];
    // The list has the first users. If it lacks some of them, later ones do not belong into it.
    if reaction.count == reaction.users.len() as u64 && reaction.users.len() < limits::MAX_REACTION_USERS {
        reaction.users.push(by.clone());
    }
    reaction.count += 1;
    reaction.me |= own;
}

/// The newest changes of a room that were received live.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentChanges {
    events: VecDeque<Event>,
    /// All changes after this event are here.
    after: Seq,
    /// The newest event that was received.
    newest: Seq,
}

impl RecentChanges {
    /// Begins after an event.
    pub(super) fn restart(&mut self, after: Seq) {
        *self = Self { events: VecDeque::new(), after, newest: after };
    }

    /// Receives an event. False if it was received before.
    pub(super) fn receive(&mut self, event: &Event) -> bool {
        if event.seq <= self.newest {
            return false;
        }
        if event.seq > self.newest + 1 {
            self.restart(event.seq - 1);
        }
        self.newest = event.seq;
        if let Some(message) = changed_message(&event.event) {
            if matches!(event.event, EventKind::Deleted { .. }) {
                // A deleted text exists nowhere.
                self.events.retain(|other| changed_message(&other.event) != Some(message));
            }
            self.events.push_back(event.clone());
            if self.events.len() > MAX_CHANGES
                && let Some(oldest) = self.events.pop_front()
            {
                self.after = oldest.seq;
            }
        }
        true
    }

    /// The newest event that was received.
    pub(super) const fn newest(&self) -> Seq {
        self.newest
    }

    /// Whether all changes after an event are known, so that a page up to it can be brought up to date.
    pub(super) const fn reach(&self, head: Seq) -> bool {
        head >= self.after
    }

    /// Whether one of them deletes a message.
    pub(super) fn deletes(&self, id: CommandId) -> bool {
        let deletes = |event: &Event| matches!(event.event, EventKind::Deleted { message, .. } if message == id);
        self.events.iter().any(deletes)
    }

    /// Brings a message of a page up to date. False if it was deleted meanwhile.
    pub(super) fn catch_up(&self, message: &mut Arc<Message>, head: Seq, me: Option<UserId>) -> bool {
        let id = message.id;
        let mut missed =
            self.events.iter().filter(|event| event.seq > head && changed_message(&event.event) == Some(id));
        missed.all(|event| change(message, event, me))
    }
}
