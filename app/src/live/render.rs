//! Updates the signals from the state, and schedules what has to be stored.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomSummary, User};

use super::{
    client::{Client, Command, Inner},
    persistence::{self, Unsaved},
    rows::rows,
};
use crate::storage;

/// What has to be stored: histories as JSON, and the user with their rooms.
#[derive(Default)]
pub(super) struct ToSave {
    pub(super) histories: Vec<(RoomId, String)>,
    pub(super) session: Option<(User, Vec<RoomSummary>)>,
}

impl Client {
    /// Updates the signals of what has changed. Leptos runs effects later, never inside this, so they may read the state.
    pub(super) fn publish(self) {
        self.inner.update_value(|inner| {
            if let (Some(read), Some(commands)) = (inner.state.mark_read(), &inner.commands) {
                let _ = commands.unbounded_send(Command::Send(read));
            }
            self.publish_rooms(inner);
            let unsent = !inner.state.outbox.is_empty() || inner.state.discarded.is_some();
            if std::mem::replace(&mut inner.had_unsent, unsent) || unsent {
                self.unsent_changed.notify();
            }
            if std::mem::take(&mut inner.state.list_changed) {
                inner.unsaved.list = true;
                self.rooms.set(inner.state.rooms.clone());
            }
            set_if_changed(self.me, &inner.state.me);
            set_if_changed(self.role, &inner.state.role);
            set_if_changed(self.deleting, &inner.state.pending_commands.deletions());
            set_if_changed(self.edit_conflict, &inner.state.edit_conflict());
            set_if_changed(self.server_name, &inner.state.server_name);
            set_if_changed(self.newer_build, &inner.state.newer_build);
            if inner.persistence.is_some()
                && let Some(me) = inner.state.me.as_ref().map(|me| me.id)
                && (inner.unsaved.list || !inner.unsaved.rooms.is_empty())
                && !std::mem::replace(&mut inner.unsaved.scheduled, true)
            {
                persistence::save_later(self, me);
            }
        });
    }

    fn publish_rooms(self, inner: &mut Inner) {
        let Inner { state, views, unsaved, .. } = inner;
        let me = state.me.as_ref().map(|me| me.id);
        for id in std::mem::take(&mut state.changed) {
            if let Some(room) = state.open.get(&id) {
                let rows = rows(&id, &room.timeline, &state.outbox, me, self.zone.get_untracked(), self.i18n);
                views.entry(id.clone()).or_default().update(room, rows);
                unsaved.rooms.insert(id);
            }
        }
    }

    /// Takes what has changed since it was last stored.
    pub(super) fn take_unsaved(&self) -> ToSave {
        let take = |inner: &mut Inner| {
            let Unsaved { rooms, list, .. } = std::mem::take(&mut inner.unsaved);
            let state = &inner.state;
            let encode = |id: RoomId| {
                let room = state.open.get(&id)?;
                storage::encode_history(&room.timeline).map(|text| (id, text))
            };
            ToSave {
                histories: rooms.into_iter().filter_map(encode).collect(),
                session: state.me.clone().filter(|_| list).map(|me| (me, state.rooms.clone())),
            }
        };
        self.inner.try_update_value(take).unwrap_or_default()
    }
}

fn set_if_changed<T: Clone + PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: &T) {
    if signal.with_untracked(|old| old != value) {
        signal.set(value.clone());
    }
}
