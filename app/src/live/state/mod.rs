//! The client's state: rooms, timelines, presence, outbox. Every frame goes through [`State::apply`] in order; the signals
//! are updated from the state afterwards, so no change is lost in between.

use std::collections::{BTreeMap, BTreeSet};

use parlor_protocol::{
    ClientFrame, CommandId, Millis, PROTOCOL_VERSION, RoomId, RoomSummary, Seq, ServerRole, User, UserId,
};

use self::{editing::EditInProgress, reading::PendingCommands};
use super::{
    idle::IdleTracker,
    outbox::{Outbox, OutgoingMessage, StoredMessage},
    timeline::Timeline,
};
use crate::i18n::I18n;

pub mod editing;
mod events;
mod frames;
mod history;
pub(super) mod reading;
mod rooms;
mod sending;

pub const PAGE: usize = 50;

/// Whether a room's first page is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LoadState {
    #[default]
    Loading,
    Ready,
    /// There is no such room, or the user may not see it.
    Missing,
    /// Loading failed, and why. The next connection tries again.
    Failed(String),
}

#[derive(Debug, Default)]
pub struct OpenRoom {
    pub timeline: Timeline,
    pub load_state: LoadState,
    /// The users in it, as far as the server lists them.
    pub online: Vec<User>,
    /// Those of them who are away.
    pub away: Vec<UserId>,
    /// Who is typing, their names, and when that expires.
    pub typing: Vec<(UserId, String, Millis)>,
    /// How many users are in it; none before the server has said so.
    pub online_count: Option<u64>,
    pub loading_older: bool,
    /// A page around or after the reading position is being loaded.
    pub loading_newer: bool,
    /// Messages that arrived while the user was scrolled up.
    pub unseen: u32,
    /// The newest message is in sight.
    pub at_end: bool,
    /// The first message in sight while the user is scrolled up.
    reading: Option<CommandId>,
    /// Increases when the page has to scroll to the end.
    pub end_jumps: u32,
    /// Increases when the page has to scroll to the unread marker.
    pub unread_jumps: u32,
    /// `join` was sent after a hole, and its replay has not begun.
    rejoining: bool,
    /// The server has another history than the one shown.
    history_changed: bool,
    /// It was restored from the browser's storage, and the server has not confirmed it yet.
    restored: bool,
    /// The user has marked messages as unread and has not left the room since, so their being in sight does not count as
    /// reading.
    marked: bool,
    /// The page around the first unread message is being loaded; this is the event before it.
    unread_target: Option<Seq>,
}

/// What a state change asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Send(ClientFrame),
    /// Load the room's newest page by HTTP, then call [`State::loaded`].
    LoadNewest(RoomId),
    /// Load the page around an event by HTTP, then call [`State::loaded_around`].
    LoadAround(RoomId, Seq),
    /// Load the page after an event by HTTP, then call [`State::loaded_newer`].
    LoadNewer(RoomId, Seq),
    /// Load the list of rooms by HTTP, then call [`State::set_rooms`].
    LoadRooms,
    /// Read the room's stored history, then call [`State::history_restored`].
    RestoreHistory(RoomId),
    DeleteHistory(RoomId),
    /// Store a message, then call [`State::persisted`]. Storing, removing and releasing leases is done strictly in order.
    Store(StoredMessage),
    /// Remove a stored message, then call [`State::removed`]. `withdrawn`: not because the server has it, so other tabs
    /// must drop it too.
    Remove {
        id: CommandId,
        room: RoomId,
        withdrawn: bool,
    },
    /// Acquire a room's lease, then read its stored messages and call [`State::lease_acquired`].
    AcquireLease(RoomId),
    ReleaseLease(RoomId),
    /// Put a withdrawn message's text into the composer, to edit the message that it edits if there is one.
    ReturnDraft(RoomId, String, Option<CommandId>),
    /// Call [`State::expire_typing`] after the typing timeout.
    ExpireTyping(RoomId),
    /// Show a message beside the composer.
    ShowHint(String),
}

#[derive(Debug, Default)]
pub struct State {
    pub i18n: I18n,
    pub me: Option<User>,
    /// The user's role on the server, once the server has said so.
    pub role: Option<ServerRole>,
    /// The user's rooms and the public ones: the lobby first, then by name.
    pub rooms: Vec<RoomSummary>,
    pub open: BTreeMap<RoomId, OpenRoom>,
    pub current: Option<RoomId>,
    /// The window is visible and has the focus.
    pub attentive: bool,
    pub outbox: Outbox,
    /// Rooms that have changed since the signals were last updated.
    pub changed: BTreeSet<RoomId>,
    /// The list of rooms has changed since the signals were last updated.
    pub list_changed: bool,
    pub server_name: String,
    pub build: String,
    /// The server's build, if it differs.
    pub newer_build: Option<String>,
    /// There was a connection before, or the page brought no list of rooms.
    pub(super) welcomed: bool,
    pub(super) connected: bool,
    /// The message that the composer is editing.
    pub(super) editing: Option<EditInProgress>,
    /// Messages that are being withdrawn to be edited, not discarded.
    pub(super) to_edit: Vec<CommandId>,
    /// The message that was discarded last; cleared by the next action.
    pub discarded: Option<OutgoingMessage>,
    /// When the server was last told that the user is typing.
    pub(super) typing_sent_at: Millis,
    pub(super) pending_commands: PendingCommands,
    pub(super) idle: IdleTracker,
}

impl State {
    /// The first frame of a connection, which resumes every open room.
    pub fn hello(&self) -> ClientFrame {
        let resume = self.open.iter().filter(|(_, room)| room.load_state == LoadState::Ready);
        ClientFrame::Hello {
            protocol: PROTOCOL_VERSION,
            resume: resume.map(|(id, room)| room.timeline.live_cursor(id)).collect(),
        }
    }

    /// Updates the signals of every open room next time: what they show has changed as a whole.
    pub(super) fn all_changed(&mut self) {
        self.changed.extend(self.open.keys().cloned());
    }

    /// The user sees the end of the current room, so everything in it is read.
    pub fn mark_read(&mut self) -> Option<ClientFrame> {
        let id = self.current.clone()?;
        let room = self.open.get_mut(&id).filter(|room| room.load_state == LoadState::Ready)?;
        if !self.attentive || !room.at_end || room.marked {
            return None;
        }
        let head = room.timeline.head();
        let summary = self.rooms.iter_mut().find(|summary| summary.id == id)?;
        if (summary.read >= head && !summary.marked) || !summary.joined {
            return None;
        }
        summary.read = head;
        (summary.unread, summary.mentions, summary.marked) = (0, 0, false);
        self.list_changed = true;
        Some(ClientFrame::Read { room: id, seq: head })
    }

    /// The session has ended: nothing of what its user could read or has written stays.
    #[must_use = "effects have to be run"]
    pub fn forget_user(&mut self) -> Vec<Effect> {
        self.all_changed();
        for room in self.open.values_mut() {
            *room = OpenRoom { load_state: LoadState::Failed(String::new()), ..OpenRoom::default() };
        }
        (self.me, self.role, self.discarded, self.editing) = (None, None, None, None);
        self.rooms.clear();
        self.list_changed = true;
        self.to_edit.clear();
        let leases = self.outbox.release_idle_leases(false);
        self.outbox = Outbox::default();
        leases.into_iter().map(Effect::ReleaseLease).collect()
    }

    #[must_use = "effects have to be run"]
    pub fn disconnected(&mut self) -> Vec<Effect> {
        self.connected = false;
        self.changed.extend(self.outbox.disconnected());
        for room in self.open.values_mut() {
            room.rejoining = false;
            room.typing.clear();
        }
        self.pending_commands = PendingCommands::default();
        self.release_leases()
    }
}

#[cfg(test)]
mod tests;
