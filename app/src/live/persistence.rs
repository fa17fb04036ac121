//! Runs commands on the browser's storage and locks one after another: a room's lease is released only after everything
//! that was done under it is on disk.

use std::collections::BTreeSet;

use futures::{
    StreamExt as _,
    channel::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
        oneshot,
    },
};
use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, RoomId, User, UserId};

use super::{
    client::{Client, Command},
    outbox::StoredMessage,
    render::ToSave,
};
use crate::{
    browser, clock,
    storage::{self, drafts, lock::Lock},
};

/// Least time between two writes of rooms and history, in milliseconds.
const SAVE_INTERVAL_MS: u32 = 1_000;
/// Prefix of a broadcast that names a withdrawn message. Every other broadcast is a room's id.
const WITHDRAWN: char = '-';
/// Prefix of a broadcast that names a user whose session has ended.
pub(super) const SIGNED_OUT: char = '*';

#[derive(Debug)]
pub(super) enum PersistenceCommand {
    Store(StoredMessage),
    /// Remove a message. `withdrawn`: its text was returned to the composer, so other tabs must drop it.
    Remove {
        id: CommandId,
        room: RoomId,
        withdrawn: bool,
    },
    /// Request the right to send a room's messages.
    AcquireLease(RoomId),
    LeaseAcquired(RoomId, Lock),
    ReleaseLease(RoomId),
    /// Another tab has changed the stored messages of a room.
    Reload(RoomId),
    /// Another tab may have been closed before its notes reached the database.
    Recover,
    /// The session has ended: remove everything, then stop and report it.
    RemoveUserData(oneshot::Sender<()>),
}

/// Starts with what an earlier page has stored.
pub(super) fn start(client: Client, me: User) -> UnboundedSender<PersistenceCommand> {
    let (sender, commands) = unbounded();
    let reload = sender.clone();
    let user = me.id.to_string();
    browser::on_broadcast(move |text| match text.strip_prefix(WITHDRAWN) {
        _ if text.strip_prefix(SIGNED_OUT).is_some_and(|gone| gone == user) => spawn_local(client.forget_user()),
        _ if text.starts_with(SIGNED_OUT) => {}
        Some(id) => {
            let id = uuid::Uuid::try_parse(id).ok().map(CommandId);
            client.update(|state| {
                id.into_iter().for_each(|id| state.withdrawn_elsewhere(id));
                Vec::new()
            });
        }
        // The receiver lives as long as the page.
        None => drop(reload.unbounded_send(PersistenceCommand::Reload(RoomId::from(text)))),
    });
    spawn_local(run(client, me, sender.clone(), commands));
    sender
}

async fn run(
    client: Client,
    me: User,
    sender: UnboundedSender<PersistenceCommand>,
    mut commands: UnboundedReceiver<PersistenceCommand>,
) {
    restore(client, &me).await;
    let mut leases: Vec<(RoomId, Lock)> = Vec::new();
    while let Some(command) = commands.next().await {
        match command {
            PersistenceCommand::Store(message) => {
                // If the browser stores nothing the message is sent all the same, and the page warns.
                client.storage_unavailable.set(storage::save_message(me.id, &message).await.is_err());
                client.update(|state| {
                    state.persisted(message.id);
                    Vec::new()
                });
                client.command(Command::FlushOutbox);
                browser::broadcast(message.room.as_str());
            }
            PersistenceCommand::Remove { id, room, withdrawn } => {
                storage::remove_message(id).await;
                client.update(|state| {
                    state.removed(id);
                    Vec::new()
                });
                if withdrawn {
                    browser::broadcast(&format!("{WITHDRAWN}{id}"));
                } else {
                    browser::broadcast(room.as_str());
                }
            }
            PersistenceCommand::AcquireLease(room) => {
                // Another tab may hold it for a while; other commands must not wait for that.
                let sender = sender.clone();
                let name = format!("parlor.send.{}.{room}", me.id);
                spawn_local(async move {
                    let lock = storage::lock::acquire(&name).await;
                    let _ = sender.unbounded_send(PersistenceCommand::LeaseAcquired(room, lock));
                });
            }
            PersistenceCommand::LeaseAcquired(room, lock) => {
                let stored = storage::messages(me.id, Some(&room)).await.ok();
                leases.retain(|(held, _)| *held != room);
                leases.push((room.clone(), lock));
                client.update(|state| state.lease_acquired(&room, stored.as_deref()));
                client.command(Command::FlushOutbox);
            }
            PersistenceCommand::ReleaseLease(room) => leases.retain(|(held, _)| *held != room),
            PersistenceCommand::Recover => {
                storage::recover_notes().await;
                let stored = storage::messages(me.id, None).await.unwrap_or_default();
                client.update(|state| state.reconcile_all(&stored));
                client.command(Command::FlushOutbox);
            }
            PersistenceCommand::RemoveUserData(done) => {
                storage::remove_user_data(Some(me.id)).await;
                browser::broadcast(&format!("{SIGNED_OUT}{}", me.id));
                let _ = done.send(());
                return;
            }
            PersistenceCommand::Reload(room) => {
                let stored = storage::messages(me.id, Some(&room)).await.ok();
                client.update(|state| state.reconcile(&room, stored.as_deref()));
                client.command(Command::FlushOutbox);
            }
        }
    }
}

async fn restore(client: Client, me: &User) {
    storage::recover_notes().await;
    // Earlier builds stored drafts by display name.
    let mut returned = drafts::take(&me.name);
    // Another user's session has ended without this browser noticing.
    if let Some((last, _)) = storage::last_session().await.filter(|(last, _)| last.id != me.id) {
        storage::remove_user_data(Some(last.id)).await;
    }
    returned.extend(drafts::take_in_flight(Some(me.id)));
    let mut by_room: Vec<(RoomId, String)> = Vec::new();
    for (room, text) in returned {
        match by_room.iter_mut().find(|(known, _)| *known == room) {
            Some((_, draft)) => *draft = drafts::join(draft, &text),
            None => by_room.push((room, text)),
        }
    }
    for (room, text) in by_room {
        client.return_draft(room, text, None);
    }
    match storage::messages(me.id, None).await {
        Ok(stored) => client.update(|state| state.reconcile_all(&stored)),
        Err(_) => client.storage_unavailable.set(true),
    }
    client.command(Command::FlushOutbox);
}

/// What has changed since it was last stored.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    pub(super) rooms: BTreeSet<RoomId>,
    pub(super) list: bool,
    /// [`save_later`] is running.
    pub(super) scheduled: bool,
}

/// Stores rooms and history a little later, so that a burst of messages is written once.
pub(super) fn save_later(client: Client, me: UserId) {
    spawn_local(async move {
        clock::sleep(SAVE_INTERVAL_MS).await;
        let ToSave { histories, session } = client.take_unsaved();
        if let Some((me, rooms)) = session {
            storage::save_last_session(me, rooms).await;
        }
        for (room, text) in histories {
            // The session may have ended meanwhile.
            if !client.is_persistent() {
                return;
            }
            storage::save_history(me, &room, text).await;
        }
    });
}
