//! The signals of one room, made from the pure state after each change. Every row has a signal of its own, so a row that
//! did not change is not touched.

use leptos::prelude::*;
use parlor_protocol::{Seq, User, UserId};

use super::{
    rows::{Row, RowKey},
    state::{Phase, Room},
};
use crate::reactive::Look as _;

/// A row of the page.
#[derive(Clone)]
pub struct RowItem {
    /// Names it.
    pub key: RowKey,
    /// What it shows now.
    pub row: ArcRwSignal<Row>,
}

/// What the page shows of a room.
#[derive(Clone)]
pub struct RoomView {
    /// Its rows, oldest first.
    pub rows: ArcRwSignal<Vec<RowItem>>,
    /// Everything else.
    pub about: ArcRwSignal<About>,
}

/// What the page shows of a room besides its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// How far its first page is.
    pub phase: Phase,
    /// Whether the rows reach back to the beginning of the room.
    pub complete: bool,
    /// Whether an older page is on its way.
    pub loading_older: bool,
    /// Messages that came while the reader was further up.
    pub unseen: u32,
    /// What is shown ends before the room does.
    pub detached: bool,
    /// Counts the moments at which the page has to go to the end by itself.
    pub jumps: u32,
    /// Who is there.
    pub online: Vec<User>,
    /// Those of them who are away.
    pub away: Vec<UserId>,
    /// How many are there.
    pub online_count: Option<u64>,
    /// Who is typing, by name.
    pub typing: Vec<String>,
    /// Where the line above what is new stands, if there is one.
    pub unread_after: Option<Seq>,
    /// Counts the moments at which the page has to go there.
    pub to_line: u32,
}

impl Default for RoomView {
    fn default() -> Self {
        Self { rows: ArcRwSignal::new(Vec::new()), about: ArcRwSignal::new(About::default()) }
    }
}

impl RoomView {
    /// Brings the signals up to date, and only those that differ.
    pub fn update(&self, room: &Room, rows: Vec<(RowKey, Row)>) {
        self.update_rows(rows);
        let about = About {
            phase: room.phase.clone(),
            complete: room.timeline.is_complete(),
            loading_older: room.loading_older,
            unseen: room.unseen,
            detached: room.timeline.is_detached(),
            jumps: room.jumps,
            online: room.online.clone(),
            away: room.away.clone(),
            typing: room.typing.iter().map(|(_, name, _)| name.clone()).collect(),
            unread_after: room.timeline.unread_after(),
            to_line: room.to_line,
            online_count: room.online_count,
        };
        set(&self.about, about);
    }

    fn update_rows(&self, rows: Vec<(RowKey, Row)>) {
        let old = self.rows.get_untracked();
        let same = old.len() == rows.len() && old.iter().zip(&rows).all(|(old, (key, _))| old.key == *key);
        if same {
            for (old, (_, row)) in old.iter().zip(rows) {
                set(&old.row, row);
            }
            return;
        }
        // Rows that stay are in the same order nearly always, so the next one is where the last one was found.
        let mut old: Vec<_> = old.into_iter().map(Some).collect();
        let mut next = 0;
        let mut items = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            let is_it = |item: &Option<RowItem>| item.as_ref().is_some_and(|item| item.key == key);
            let found = old[next..].iter().position(is_it).map(|at| next + at);
            let found = found.or_else(|| old[..next].iter().position(is_it));
            items.push(match found.and_then(|at| old[at].take()) {
                Some(item) => {
                    next = found.unwrap_or(0) + 1;
                    set(&item.row, row);
                    item
                }
                None => RowItem { key, row: ArcRwSignal::new(row) },
            });
        }
        self.rows.set(items);
    }
}

/// Sets a signal if its value differs.
fn set<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.peek(|old| *old != value) {
        signal.set(value);
    }
}
