//! Makes signals of the state, and tells what of it is to be written down.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomSummary, User};

use super::{
    client::{Client, Command},
    persistence,
    rows::rows,
    state::State,
};
use crate::storage;

impl Client {
    /// Makes signals of what has changed. Effects run later, never inside, so they may look at the state.
    pub(super) fn publish(&self) {
        let zone = self.zone.get_untracked();
        self.inner.update_value(|inner| {
            if let (Some(read), Some(commands)) = (inner.state.see(), &inner.commands) {
                let _ = commands.unbounded_send(Command::Say(read));
            }
            let State { me, open, outbox, changed, discarded, .. } = &mut inner.state;
            let me = me.as_ref().map(|me| me.id);
            let mut updates = Vec::new();
            for id in changed.take() {
                if let Some(room) = open.get(&id) {
                    let rows = rows(&id, &room.timeline, outbox, me, zone, self.i18n);
                    inner.unsaved.rooms.insert(id.clone());
                    updates.push((id, rows));
                }
            }
            let unsent = !outbox.is_empty() || discarded.is_some();
            for (id, rows) in updates {
                let view = inner.view(&id);
                if let Some(room) = inner.state.open.get(&id) {
                    view.update(room, rows);
                }
            }
            if std::mem::replace(&mut inner.unsent, unsent) || unsent {
                self.unsent.set(self.unsent.get_untracked() + 1);
            }
            if std::mem::take(&mut inner.state.list_changed) {
                inner.unsaved.list = true;
                self.rooms.set(inner.state.rooms.clone());
            }
            if inner.state.me != self.me.get_untracked() {
                self.me.set(inner.state.me.clone());
            }
            if inner.keeper.is_some()
                && let Some(me) = inner.state.me.as_ref().map(|me| me.id)
                && (inner.unsaved.list || !inner.unsaved.rooms.is_empty())
                && !std::mem::replace(&mut inner.unsaved.due, true)
            {
                persistence::save_later(*self, me);
            }
            if inner.state.newer != self.newer.get_untracked() {
                self.newer.set(inner.state.newer.clone());
            }
        });
    }

    /// What is to be written: histories, and who reads which rooms.
    #[allow(clippy::type_complexity)]
    pub(super) fn take_unsaved(&self) -> (Vec<(RoomId, String)>, Option<(User, Vec<RoomSummary>)>) {
        self.inner
            .try_update_value(|inner| {
                let unsaved = std::mem::take(&mut inner.unsaved);
                let State { open, me, rooms, .. } = &inner.state;
                let mut rooms_changed = unsaved.rooms;
                let histories = rooms_changed.take().into_iter().filter_map(|id| {
                    let text = open.get(&id).and_then(|room| storage::history_of(&room.timeline))?;
                    Some((id, text))
                });
                let histories = histories.collect();
                (histories, me.clone().filter(|_| unsaved.list).map(|me| (me, rooms.clone())))
            })
            .unwrap_or_default()
    }
}
