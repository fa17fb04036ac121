//! The line above the box where one writes: what will become of what one types, and of what one has typed.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomSummary};

use super::{Look, effect};
use crate::{
    browser,
    live::{client::Client, connection::ConnectionState, outbox::Unsent, rows::fold},
    route::Route,
    words::Word,
};

/// Ids of the buttons.
pub(super) const ELSEWHERE: &str = "composer-elsewhere";
pub(super) const UNDO: &str = "composer-undo";

/// What is said above the box: what will become of what one types; else that nothing can be written here, or who types.
pub(super) fn line(client: Client, room: Option<&RoomId>) -> String {
    let words = client.words;
    let in_room = |unsent: &&Unsent| Some(&unsent.room) == room;
    let waiting = client.unsent.look(|unsent| unsent.iter().find(in_room).map_or(0, |unsent| unsent.waiting));
    let mut line = client.connection.look(|state| state.waiting(waiting, words)).unwrap_or_default();
    if client.unkept.get() && waiting > 0 {
        line.push_str(words.of(Word::NothingKept));
    }
    let is_here = |summary: &RoomSummary| summary.archived && Some(&summary.id) == room;
    if !line.is_empty() {
        return line;
    }
    if client.rooms.look(|rooms| rooms.iter().any(is_here)) {
        return words.of(Word::ArchivedHere).to_owned();
    }
    let typing = room.map(|room| client.view(room).about.look(|about| about.typing.clone())).unwrap_or_default();
    let names: Vec<_> = typing.iter().map(String::as_str).collect();
    match names.len() {
        0 => line,
        1 => words.fill(Word::OneTypes, &[("names", names[0])]),
        _ => words.fill(Word::ManyType, &[("names", &fold(&names, words))]),
    }
}

/// What is not sent in other rooms, and the first of them; of those that wait only while there is no connection.
fn elsewhere(client: Client, room: Option<&RoomId>) -> Option<(RoomId, String)> {
    let connected = client.connection.look(ConnectionState::is_connected);
    client.unsent.look(|unsent| {
        let count = |unsent: &Unsent| unsent.failed + if connected { 0 } else { unsent.waiting };
        let others = || unsent.iter().filter(|unsent| Some(&unsent.room) != room && count(unsent) > 0);
        let first = others().find(|unsent| unsent.failed > 0).or_else(|| others().next())?;
        let words = client.words.count(Word::NotSentElsewhere, others().map(count).sum::<usize>() as u64);
        Some((first.room.clone(), words))
    })
}

/// What one can do about what was typed: go to where it was not sent, and take back that it was discarded. Keeps the buttons
/// true.
pub(super) fn follow(client: Client, route: Route, room: Signal<Option<RoomId>>) {
    effect(move || {
        let room = room.get();
        let elsewhere = elsewhere(client, room.as_ref());
        browser::set_hidden(ELSEWHERE, elsewhere.is_none());
        browser::set_text(ELSEWHERE, elsewhere.as_ref().map_or("", |(_, words)| words));
        browser::set_hidden(UNDO, client.discarded.look(|discarded| discarded.is_none() || *discarded != room));
    });
    effect(move || {
        browser::on(ELSEWHERE, "click", move |_| {
            if let Some((there, _)) = untrack(|| elsewhere(client, room.get().as_ref())) {
                route.go(&there);
            }
        });
        browser::on(UNDO, "click", move |_| client.undo_discard());
    });
}
