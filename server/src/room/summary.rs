//! The room as it stands in someone's list.

use std::sync::Arc;

use parlor_protocol::{EventKind, RoomId, RoomKind, RoomSummary, Seq, User, UserId};
use uuid::Uuid;

use super::{Room, State, Unknown};
use crate::{
    domain::{AuthorRange, RoomMembership},
    policy::{Place, Standing},
};

/// What can be changed of a room.
pub(super) struct Details {
    pub(super) name: String,
    pub(super) topic: Option<String>,
    pub(super) archived: bool,
    /// Who is in it, if it is direct.
    pub(super) people: Arc<[User]>,
}

impl Room {
    /// The room, as someone with this membership stands to it.
    pub fn place(&self, membership: Option<Standing>) -> Place {
        let lobby = self.id.as_str() == RoomId::LOBBY;
        Place { kind: self.kind, lobby, archived: self.details.read().archived, membership }
    }

    /// A room has another name, topic or state since this event. False when that changes nothing of how it stands in lists.
    pub fn change(&self, event: &EventKind) -> bool {
        let mut details = self.details.write();
        match event {
            EventKind::Renamed { name } => details.name.clone_from(name),
            EventKind::TopicSet { topic } => details.topic = (!topic.is_empty()).then(|| topic.clone()),
            EventKind::Archived { on } => details.archived = *on,
            _ => return false,
        }
        true
    }

    /// The room in the list of a member. What is unread is counted as far back as it is known here; see [`Room::unknown`].
    pub fn summary(&self, viewer: UserId, mine: RoomMembership) -> RoomSummary {
        self.summary_in(&self.state.lock(), viewer, mine)
    }

    /// The room in the list of someone who is no member: to them nothing is unread.
    pub fn summary_for_others(&self) -> RoomSummary {
        let state = self.state.lock();
        let summary = self.summary_in(&state, UserId(Uuid::nil()), RoomMembership::since(state.head));
        RoomSummary { joined: false, ..summary }
    }

    /// What has to be read before one can count what is unread after a seq; none when it is known here.
    pub fn unknown(&self, after: Seq) -> Option<Unknown> {
        self.state.lock().tally.unknown(after)
    }

    /// Takes in what was read. When it is not what is unknown any more, nothing changes: ask again.
    pub fn fill(&self, unknown: Unknown, written: &AuthorRange) {
        self.state.lock().tally.fill(unknown, written);
    }

    /// Whether this person made it.
    pub fn is_made_by(&self, user: UserId) -> bool {
        self.maker == Some(user)
    }

    /// Whether a direct room is to be seen: by whom it is not from, only once something was said in it.
    pub fn is_begun(&self, viewer: UserId) -> bool {
        self.kind != RoomKind::Direct || self.maker == Some(viewer) || self.head() > 0
    }

    pub(super) fn summary_in(&self, state: &State, viewer: UserId, mine: RoomMembership) -> RoomSummary {
        let details = self.details.read();
        let others: Vec<_> = details.people.iter().filter(|person| person.id != viewer).cloned().collect();
        let direct = self.kind == RoomKind::Direct;
        let name = if direct {
            others.iter().map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ")
        } else {
            details.name.clone()
        };
        let (head, read) = (state.head, mine.read_to().min(state.head));
        let unread = state.tally.unread(viewer, read, head);
        RoomSummary {
            id: self.id.clone(),
            name,
            kind: self.kind,
            topic: details.topic.clone(),
            head,
            read,
            unread,
            mentions: if direct { unread } else { state.tally.mentions(viewer, read, head) },
            level: mine.level,
            marked: mine.unread_from.is_some(),
            joined: true,
            gone: false,
            archived: details.archived,
            moderator: mine.moderator,
            people: others,
        }
    }

    /// Someone has another name or colour. True when that changes how the room is shown: in a direct room of theirs.
    pub fn rename_person(&self, user: &User) -> bool {
        if self.kind != RoomKind::Direct {
            return false;
        }
        let mut details = self.details.write();
        let mut people = details.people.to_vec();
        let Some(person) = people.iter_mut().find(|person| person.id == user.id) else { return false };
        person.clone_from(user);
        // As they are read back at the next start.
        people.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        details.people = people.into();
        true
    }
}
