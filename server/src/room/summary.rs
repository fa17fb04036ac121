//! Room summaries: a room as a user sees it in the room list.

use std::sync::Arc;

use parlor_protocol::{EventKind, RoomId, RoomKind, RoomRole, RoomSummary, Seq, User, UserId, policy::RoomContext};
use uuid::Uuid;

use super::{MissingRange, Room, State};
use crate::domain::{AuthorRange, RoomMembership};

/// The properties of a room that can change.
pub(super) struct Details {
    pub(super) name: String,
    pub(super) topic: Option<String>,
    pub(super) archived: bool,
    /// The people of a direct room.
    pub(super) people: Arc<[User]>,
}

impl Room {
    pub fn name(&self) -> String {
        self.details.read().name.clone()
    }

    /// The people of a direct room.
    pub fn people(&self) -> Arc<[User]> {
        self.details.read().people.clone()
    }

    /// The room as permission checks need it, for someone with this membership.
    pub fn policy_context(&self, membership: Option<RoomRole>) -> RoomContext {
        let lobby = self.id.as_str() == RoomId::LOBBY;
        RoomContext { kind: self.kind, lobby, archived: self.details.read().archived, membership }
    }

    /// Applies an event to the room's properties; false when it does not change them.
    pub fn apply_change(&self, event: &EventKind) -> bool {
        let mut details = self.details.write();
        match event {
            EventKind::Renamed { name } => details.name.clone_from(name),
            EventKind::TopicSet { topic } => details.topic = (!topic.is_empty()).then(|| topic.clone()),
            EventKind::Archived { on } => details.archived = *on,
            EventKind::Message { .. }
            | EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reacted { .. }
            | EventKind::MemberAdded { .. }
            | EventKind::MemberRemoved { .. }
            | EventKind::Appointed { .. }
            | EventKind::OwnerChanged { .. }
            | EventKind::Unknown => return false,
        }
        true
    }

    /// The summary for a member. Unread messages are counted as far back as the index reaches; see [`Room::missing_range`].
    pub fn summary(&self, viewer: UserId, membership: RoomMembership) -> RoomSummary {
        self.summary_in(&self.state.lock(), viewer, membership)
    }

    /// The summary for someone who is not a member, without unread messages.
    pub fn summary_for_others(&self) -> RoomSummary {
        let state = self.state.lock();
        let summary = self.summary_in(&state, UserId(Uuid::nil()), RoomMembership::since(state.head));
        RoomSummary { joined: false, ..summary }
    }

    /// The events that must be read from the store to count unread messages after a seq; `None` when the index has them.
    pub fn missing_range(&self, after: Seq) -> Option<MissingRange> {
        self.state.lock().unread.missing_range(after)
    }

    /// Adds what was read from the store. Without effect when the index has changed meanwhile: ask again.
    pub fn fill_unread(&self, missing: MissingRange, read: &AuthorRange) {
        self.state.lock().unread.fill(missing, read);
    }

    pub fn is_made_by(&self, user: UserId) -> bool {
        self.created_by == Some(user)
    }

    /// Whether to list the room. A direct room is hidden from those who did not create it until it has a message.
    pub fn is_begun(&self, viewer: UserId) -> bool {
        self.kind != RoomKind::Direct || self.created_by == Some(viewer) || self.head() > 0
    }

    pub(super) fn summary_in(&self, state: &State, viewer: UserId, membership: RoomMembership) -> RoomSummary {
        let details = self.details.read();
        let others: Vec<_> = details.people.iter().filter(|person| person.id != viewer).cloned().collect();
        let direct = self.kind == RoomKind::Direct;
        let name = if direct {
            others.iter().map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ")
        } else {
            details.name.clone()
        };
        let (head, read) = (state.head, membership.read_to().min(state.head));
        let unread = state.unread.unread(viewer, read, head);
        RoomSummary {
            id: self.id.clone(),
            name,
            kind: self.kind,
            topic: details.topic.clone(),
            head,
            read,
            unread,
            mentions: if direct { unread } else { state.unread.mentions(viewer, read, head) },
            level: membership.level,
            marked: membership.unread_from.is_some(),
            joined: true,
            gone: false,
            archived: details.archived,
            moderator: membership.role.moderates(),
            owner: membership.role == RoomRole::Owner,
            people: others,
        }
    }

    /// Applies a new name or colour of a user; true when this is a direct room of theirs.
    pub fn update_person(&self, user: &User) -> bool {
        if self.kind != RoomKind::Direct {
            return false;
        }
        let mut details = self.details.write();
        let mut people = details.people.to_vec();
        let Some(person) = people.iter_mut().find(|person| person.id == user.id) else { return false };
        person.clone_from(user);
        // The order in which the store returns them.
        people.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        details.people = people.into();
        true
    }
}
