//! The signals of one room, updated from the state. Every row has its own signal, so unchanged rows are not touched.

use std::collections::HashMap;

use leptos::prelude::*;
use parlor_protocol::{Seq, User, UserId};

use super::{
    blocks::{BlockId, blocks},
    rows::{Row, RowKey},
    state::{LoadState, OpenRoom},
};

#[derive(Clone)]
pub struct RowItem {
    pub key: RowKey,
    pub row: ArcRwSignal<Row>,
}

/// See [`blocks`].
#[derive(Clone)]
pub struct RowBlock {
    pub id: BlockId,
    pub rows: ArcRwSignal<Vec<RowItem>>,
}

#[derive(Clone, Default)]
pub struct RoomView {
    /// The rows, oldest first.
    pub blocks: ArcRwSignal<Vec<RowBlock>>,
    /// Notified when rows were added or removed.
    pub rows_changed: ArcTrigger,
    next_block: ArcStoredValue<BlockId>,
    pub status: ArcRwSignal<RoomStatus>,
}

/// What the page shows of a room besides its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomStatus {
    pub load_state: LoadState,
    /// The rows begin where the room does.
    pub complete: bool,
    /// There is no message.
    pub empty: bool,
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
        let empty = !rows.iter().any(|(key, _)| matches!(key, RowKey::Message(_)));
        self.update_rows(rows);
        let status = RoomStatus {
            load_state: room.load_state.clone(),
            complete: room.timeline.is_complete(),
            empty,
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
        let old = self.blocks.get_untracked();
        let mut signals = HashMap::new();
        let mut known = HashMap::new();
        for block in &old {
            block.rows.with_untracked(|rows| {
                known.extend(rows.iter().map(|item| (item.key, block.id)));
                signals.extend(rows.iter().map(|item| (item.key, item.row.clone())));
            });
        }
        let mut next = self.next_block.get_value();
        let new = blocks(rows, &known, &mut next);
        self.next_block.set_value(next);
        let mut changed = new.len() != old.len();
        let mut item = |(key, row)| match signals.remove(&key) {
            Some(signal) => {
                set_if_changed(&signal, row);
                RowItem { key, row: signal }
            }
            None => RowItem { key, row: ArcRwSignal::new(row) },
        };
        let updated: Vec<_> = new
            .into_iter()
            .enumerate()
            .map(|(at, (id, rows))| {
                let rows: Vec<_> = rows.into_iter().map(&mut item).collect();
                changed |= old.get(at).is_none_or(|block| block.id != id);
                let Some(block) = old.iter().find(|block| block.id == id) else {
                    return RowBlock { id, rows: ArcRwSignal::new(rows) };
                };
                let keys = rows.iter().map(|item| item.key);
                if !block.rows.with_untracked(|old| old.iter().map(|item| item.key).eq(keys)) {
                    block.rows.set(rows);
                    self.rows_changed.notify();
                }
                block.clone()
            })
            .collect();
        if changed {
            self.blocks.set(updated);
            self.rows_changed.notify();
        }
    }
}

fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
