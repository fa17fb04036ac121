//! The line above the box where one writes: what will become of what one types, and of what one has typed.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomSummary};

use super::{Look, effect};
use crate::{
    browser,
    i18n::Key,
    live::{client::Client, connection::ConnectionState, rows::fold},
    route::Route,
};

/// Ids of the buttons.
pub(super) const ELSEWHERE: &str = "composer-elsewhere";
pub(super) const UNDO: &str = "composer-undo";

/// What is said above the box: what will become of what one types; else that nothing can be written here, or who types.
pub(super) fn line(client: Client, room: Option<&RoomId>) -> String {
    let i18n = client.i18n;
    let waiting = client.not_sent(room).here;
    let mut line = client.connection.look(|state| state.waiting(waiting, i18n)).unwrap_or_default();
    if client.unkept.get() && waiting > 0 {
        line.push_str(i18n.t(Key::StorageUnavailable));
    }
    let is_here = |summary: &RoomSummary| summary.archived && Some(&summary.id) == room;
    if !line.is_empty() {
        return line;
    }
    if client.rooms.look(|rooms| rooms.iter().any(is_here)) {
        return i18n.t(Key::RoomArchivedNotice).to_owned();
    }
    let typing = room.map(|room| client.view(room).about.look(|about| about.typing.clone())).unwrap_or_default();
    let names: Vec<_> = typing.iter().map(String::as_str).collect();
    match names.len() {
        0 => line,
        1 => i18n.format(Key::TypingOne, &[("names", names[0])]),
        _ => i18n.format(Key::TypingMany, &[("names", &fold(&names, i18n))]),
    }
}

/// What one can do about what was typed: go to where it was not sent, and take back that it was discarded. Keeps the buttons
/// true.
pub(super) fn follow(client: Client, route: Route, room: Signal<Option<RoomId>>) {
    effect(move || {
        let room = room.get();
        let unsent = client.not_sent(room.as_ref());
        // With a connection, what waits is gone in a moment.
        let waiting = if client.connection.look(ConnectionState::is_connected) { 0 } else { unsent.waiting };
        let count = unsent.failed + waiting;
        browser::set_hidden(ELSEWHERE, count == 0);
        browser::set_text(ELSEWHERE, &client.i18n.plural(Key::FailedInOtherRooms, count as u64));
        browser::set_hidden(UNDO, !unsent.discarded);
    });
    effect(move || {
        browser::on(ELSEWHERE, "click", move |_| {
            if let Some(there) = untrack(|| client.not_sent(room.get().as_ref())).room {
                route.go(&there);
            }
        });
        browser::on(UNDO, "click", move |_| client.undo_discard());
    });
}
