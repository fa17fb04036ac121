//! The signals of one room, updated from the state. Every row has its own signal, so unchanged rows are not touched.

use std::collections::HashMap;

use leptos::prelude::*;
use parlor_protocol::{Seq, User, UserId};

use super::{
    rows::{Row, RowKey},
    state::{LoadState, OpenRoom},
};

#[derive(Clone)]
pub struct RowItem {
    pub key: RowKey,
    pub row: ArcRwSignal<Row>,
}

#[derive(Clone, Default)]
pub struct RoomView {
    /// The rows, oldest first.
    pub rows: ArcRwSignal<Vec<RowItem>>,
    pub status: ArcRwSignal<RoomStatus>,
}

/// What the page shows of a room besides its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomStatus {
    pub load_state: LoadState,
    /// The rows begin where the room does.
    pub complete: bool,
    pub loading_older: bool,
    /// Messages that arrived while the user was scrolled up.
    pub unseen: u32,
    /// The room has newer messages than the rows.
    pub detached: bool,
    /// Increases when the page has to scroll to the end.
    pub end_jumps: u32,
    /// Users in the room, as far as the server lists them.
    pub online: Vec<User>,
    /// Those of them who are away.
    pub away: Vec<UserId>,
    /// How many users are in the room.
    pub online_count: Option<u64>,
    /// Names of the users who are typing.
    pub typing: Vec<String>,
    /// The event before the unread marker.
    pub unread_after: Option<Seq>,
    /// Increases when the page has to scroll to the unread marker.
    pub unread_jumps: u32,
}

impl RoomView {
    /// Updates the signals whose values have changed.
    pub fn update(&self, room: &OpenRoom, rows: Vec<(RowKey, Row)>) {
        self.update_rows(rows);
        let status = RoomStatus {
            load_state: room.load_state.clone(),
            complete: room.timeline.is_complete(),
            loading_older: room.loading_older,
            unseen: room.unseen,
            detached: room.timeline.is_detached(),
            end_jumps: room.end_jumps,
            online: room.online.clone(),
            away: room.away.clone(),
            online_count: room.online_count,
            typing: room.typing.iter().map(|(_, name, _)| name.clone()).collect(),
            unread_after: room.timeline.unread_after(),
            unread_jumps: room.unread_jumps,
        };
        set_if_changed(&self.status, status);
    }

    fn update_rows(&self, rows: Vec<(RowKey, Row)>) {
        let old = self.rows.get_untracked();
        let same_keys = old.len() == rows.len() && old.iter().zip(&rows).all(|(old, (key, _))| old.key == *key);
        if same_keys {
            for (old, (_, row)) in old.iter().zip(rows) {
                set_if_changed(&old.row, row);
            }
            return;
        }
        let mut old: HashMap<_, _> = old.into_iter().map(|item| (item.key, item.row)).collect();
        let item = |(key, row)| match old.remove(&key) {
            Some(signal) => {
                set_if_changed(&signal, row);
                RowItem { key, row: signal }
            }
            None => RowItem { key, row: ArcRwSignal::new(row) },
        };
        self.rows.set(rows.into_iter().map(item).collect());
    }
}

fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
