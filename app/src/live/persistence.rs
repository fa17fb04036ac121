//! Does what has to be done with the browser's disk and locks, one thing after the other: a lease is given back only after
//! everything that was done under it is on disk.

use futures::{
    StreamExt as _,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, RoomId, User, UserId};

use super::{
    client::{Client, Command},
    outbox::Kept,
};
use crate::{
    browser, clock,
    small::RoomSet,
    storage::{self, lock::Lock},
};

/// Rooms and history are written at most this often, in milliseconds.
const PAUSE: u32 = 1_000;
/// How a message that was taken back is told to other tabs; everything else that is told is a room's id.
const GONE: char = '-';

/// What is to be done.
#[derive(Debug)]
pub(super) enum Keep {
    /// Put a message on disk.
    Put(Kept),
    /// Take one from it.
    Remove {
        /// Which.
        id: CommandId,
        /// Its room.
        room: RoomId,
        /// Its writer has it again.
        taken_back: bool,
    },
    /// Ask for the right to send a room's messages.
    Lease(RoomId),
    /// It is ours.
    Leased(RoomId, Lock),
    /// Give it back.
    Release(RoomId),
    /// Another tab has changed what is kept of a room.
    Look(RoomId),
    /// Another tab may have been closed before it had kept what was typed in it.
    Rescue,
}

/// Begins with what an earlier page has kept.
pub(super) fn start(client: Client, me: User) -> UnboundedSender<Keep> {
    let (sender, work) = unbounded();
    let again = sender.clone();
    browser::on_news(move |news| match news.strip_prefix(GONE) {
        Some(id) => {
            let id = uuid::Uuid::try_parse(id).ok().map(CommandId);
            client.change(|state| {
                id.into_iter().for_each(|id| state.gone(id));
                Vec::new()
            });
        }
        // The loop below lives as long as the page.
        None => drop(again.unbounded_send(Keep::Look(RoomId::from(news)))),
    });
    spawn_local(run(client, me, sender.clone(), work));
    sender
}

async fn run(client: Client, me: User, sender: UnboundedSender<Keep>, mut work: UnboundedReceiver<Keep>) {
    storage::rescue().await;
    if let Some((other, _)) = storage::scene().await.filter(|(other, _)| other.id != me.id) {
        storage::forget_rooms().await;
        if other.name == me.name {
            for (room, text) in storage::adopt(&me).await {
                client.give_back(room, text);
            }
        }
    }
    match storage::all(me.id, None).await {
        Ok(all) => client.change(|state| state.reconcile_all(&all)),
        Err(_) => client.unkept.set(true),
    }
    client.tell(Command::Wake);
    let mut held: Vec<(RoomId, Lock)> = Vec::new();
    while let Some(next) = work.next().await {
        match next {
            Keep::Put(message) => {
                // Where nothing can be kept it goes all the same; the page says so.
                client.unkept.set(storage::put(me.id, &message).await.is_err());
                client.change(|state| {
                    state.kept(message.id);
                    Vec::new()
                });
                client.tell(Command::Wake);
                browser::tell_tabs(message.room.as_str());
            }
            Keep::Remove { id, room, taken_back } => {
                storage::remove(id).await;
                client.change(|state| {
                    state.forgotten(id);
                    Vec::new()
                });
                if taken_back {
                    browser::tell_tabs(&format!("{GONE}{id}"));
                } else {
                    browser::tell_tabs(room.as_str());
                }
            }
            Keep::Lease(room) => {
                // Another tab may have it for a while; everything else goes on meanwhile.
                let sender = sender.clone();
                let name = format!("parlor.send.{}.{room}", me.id);
                spawn_local(async move {
                    let lock = storage::lock::acquire(&name).await;
                    let _ = sender.unbounded_send(Keep::Leased(room, lock));
                });
            }
            Keep::Leased(room, lock) => {
                let found = storage::all(me.id, Some(&room)).await.ok();
                held.push((room.clone(), lock));
                client.change(|state| state.leased(&room, found.as_deref()));
                client.tell(Command::Wake);
            }
            Keep::Release(room) => held.retain(|(other, _)| *other != room),
            Keep::Rescue => {
                storage::rescue().await;
                let found = storage::all(me.id, None).await.unwrap_or_default();
                client.change(|state| state.reconcile_all(&found));
                client.tell(Command::Wake);
            }
            Keep::Look(room) => {
                let found = storage::all(me.id, Some(&room)).await.ok();
                client.change(|state| state.reconcile(&room, found.as_deref()));
                client.tell(Command::Wake);
            }
        }
    }
}

/// Rooms that were changed since they were last written, and whether a writing is due already.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    pub(super) rooms: RoomSet,
    pub(super) list: bool,
    pub(super) due: bool,
}

/// Writes rooms and history a little later, so that a burst of messages is written once.
pub(super) fn save_later(client: Client, me: UserId) {
    spawn_local(async move {
        clock::sleep(PAUSE).await;
        let (rooms, scene) = client.take_unsaved();
        if let Some((me, rooms)) = scene {
            storage::put_scene(&me, &rooms).await;
        }
        for (room, text) in rooms {
            storage::put_history(me, &room, text).await;
        }
    });
}
