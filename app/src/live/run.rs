//! The connection loop, which runs as long as the page lives: connect, run the session, wait, reconnect.

use std::pin::pin;

use futures::{
    StreamExt as _,
    channel::mpsc::UnboundedReceiver,
    future::{Either, select},
};
use leptos::prelude::*;
use parlor_protocol::{CloseCode, Millis};

use super::{
    client::{Client, Command},
    connection::ConnectionState,
    reconnect::{Backoff, Next},
    session::{SessionEnd, session},
    state::State,
    transport::server_responds,
    transport_fallback::{Failure, STABLE, TransportFallback, parse_memory},
};
use crate::{
    api::{self, ApiError},
    browser, clock,
    i18n::{I18n, Key},
};

/// The local-storage key of the transport that worked on this type of network.
fn memory_key() -> String {
    "transport ".to_owned() + &browser::network_type()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitEnd {
    Elapsed,
    /// The user does not want to wait, or the page was resumed.
    Retry,
    /// The network is back, or is a different one.
    Online,
    PageHidden,
    /// The client was dropped, so nobody can send commands any more.
    ClientDropped,
}

/// Runs until the server closes the connection for good.
pub(super) async fn run(client: Client, mut commands: UnboundedReceiver<Command>) {
    let mut backoff = Backoff::default();
    let mut fallback = TransportFallback::new(
        browser::local_get(&memory_key()).and_then(|memory| parse_memory(&memory, clock::now())),
    );
    let mut was_hidden = false;
    let mut wait_end = WaitEnd::Elapsed;
    loop {
        while wait_end == WaitEnd::PageHidden {
            was_hidden = true;
            wait_end = wait(&mut commands, None).await;
        }
        match wait_end {
            WaitEnd::ClientDropped => return,
            WaitEnd::Online => forget(&mut fallback),
            _ => {}
        }
        wait_end = WaitEnd::Elapsed;
        show(
            client,
            match backoff.attempt() {
                0 => ConnectionState::Connecting,
                attempt => ConnectionState::Reconnecting { seconds: 0, attempt },
            },
        );
        let end = session(client, &mut fallback, &mut commands).await;
        client.update(State::disconnected);
        match end {
            SessionEnd::Unsupported => fallback.unsupported(),
            SessionEnd::Full => fallback.full(),
            SessionEnd::Offline => connection_closed(client, 1006, client.i18n.t(Key::NetworkLost).to_owned()),
            SessionEnd::PageHidden => {
                connection_closed(client, 1000, client.i18n.t(Key::PageHidden).to_owned());
                wait_end = WaitEnd::PageHidden;
            }
            SessionEnd::Suspended => connection_closed(client, 1006, client.i18n.t(Key::PageSuspended).to_owned()),
            SessionEnd::Closed { mut code, reason, bye, lasted, hello_accepted } => {
                let (close_code, server_reason) = bye.as_ref().map_or((code, &reason), |bye| (bye.code, &bye.reason));
                connection_closed(client, close_code, close_reason(client.i18n, close_code, server_reason.clone()));
                let failure = match lasted {
                    None if hello_accepted => Failure::Buffered,
                    None => Failure::NotEstablished,
                    Some(_) => Failure::ShortLived,
                };
                // A server that receives nothing after `hello` closes the connection. If its frames arrive only then, all at
                // once, a proxy has buffered them.
                let buffered =
                    close_code == CloseCode::HeartbeatMissed.code() && lasted.is_none_or(|lasted| lasted < STABLE);
                let failure = if buffered { Failure::Buffered } else { failure };
                let answered = bye.is_some() || code >= 4000;
                if !buffered && (answered || lasted.is_some_and(|lasted| lasted >= STABLE)) {
                    fallback.closed_normally();
                } else {
                    if lasted.is_some() {
                        show(client, ConnectionState::Reconnecting { seconds: 0, attempt: backoff.attempt() + 1 });
                    }
                    match check_server(&mut commands).await {
                        Ok(false) => {}
                        Ok(true) => match if lasted.is_none() { ended_session().await } else { None } {
                            Some(ended) => code = ended.code(),
                            None if fallback.failed(failure) => continue,
                            None => {}
                        },
                        Err(other) => {
                            wait_end = other;
                            continue;
                        }
                    }
                }
                match backoff.next_attempt(code, bye.as_ref(), lasted.unwrap_or(0), clock::random()) {
                    Next::Never => {
                        let (code, reason) = bye.map_or((code, reason), |bye| (bye.code, bye.reason));
                        client
                            .connection
                            .set(ConnectionState::Closed { code, reason: close_reason(client.i18n, code, reason) });
                        if [CloseCode::SessionRevoked, CloseCode::Banned].iter().any(|ended| ended.code() == code) {
                            client.forget_user().await;
                        }
                        // Going back in the browser's history must not show a page of a session that has ended.
                        if was_hidden && code == CloseCode::SessionRevoked.code() {
                            browser::reload();
                        }
                        return;
                    }
                    Next::Wait(ms) => {
                        wait_end = count_down(client, &mut commands, ms, backoff.attempt()).await;
                        if wait_end == WaitEnd::Retry {
                            backoff.hurry();
                        }
                    }
                }
            }
        }
    }
}

/// Whether and how the session has ended. A page cannot see why an upgrade was refused; the API tells.
async fn ended_session() -> Option<CloseCode> {
    match api::me().await {
        Err(ApiError::Unauthorized) => Some(CloseCode::SessionRevoked),
        Err(ApiError::Banned) => Some(CloseCode::Banned),
        _ => None,
    }
}

/// Saves the transport that works, for later pages on this network.
pub(super) fn remember(fallback: &TransportFallback) {
    // Later pages have the wall clock alone.
    match fallback.to_memory(clock::now()) {
        Some(worked) => browser::local_set(&memory_key(), &worked),
        None => browser::local_remove(&memory_key()),
    }
}

/// Forgets what was learned about the previous network.
pub(super) fn forget(fallback: &mut TransportFallback) {
    browser::local_remove(&memory_key());
    fallback.network_changed(clock::monotonic());
}

/// Shows the state of a page without a connection: offline if the browser says so. That is a hint, which explains failed
/// attempts and does not prevent any: browsers take some networks for none, such as those of virtual machines.
fn show(client: Client, state: ConnectionState) {
    client.connection.set(if browser::is_offline() { ConnectionState::Offline } else { state });
}

fn connection_closed(client: Client, code: u16, reason: String) {
    client.update_stats(|stats| stats.connection_closed(code, reason, clock::monotonic()));
}

/// Whether the server server_responds, unless something happens first.
async fn check_server(commands: &mut UnboundedReceiver<Command>) -> Result<bool, WaitEnd> {
    match select(pin!(server_responds()), pin!(wait(commands, None))).await {
        Either::Left((server_responds, _)) => Ok(server_responds),
        Either::Right((wait_end, _)) => Err(wait_end),
    }
}

/// Waits and shows the remaining seconds.
async fn count_down(client: Client, commands: &mut UnboundedReceiver<Command>, ms: u32, attempt: u32) -> WaitEnd {
    let until = clock::monotonic() + Millis::from(ms);
    loop {
        let left = until - clock::monotonic();
        if left <= 0 {
            return WaitEnd::Elapsed;
        }
        let seconds = u32::try_from((left + 999) / 1000).unwrap_or(0);
        show(client, ConnectionState::Reconnecting { seconds, attempt });
        // To the next whole second.
        let step = left - i64::from(seconds - 1) * 1000;
        let wait_end = wait(commands, Some(u32::try_from(step).unwrap_or(1_000))).await;
        if wait_end != WaitEnd::Elapsed {
            return wait_end;
        }
    }
}

/// Waits for the time to elapse or for a command that ends the wait.
async fn wait(commands: &mut UnboundedReceiver<Command>, ms: Option<u32>) -> WaitEnd {
    let timer = async {
        match ms {
            Some(ms) => clock::sleep(ms).await,
            None => futures::future::pending().await,
        }
    };
    let mut timer = pin!(timer);
    loop {
        match select(&mut timer, commands.next()).await {
            Either::Left(_) => return WaitEnd::Elapsed,
            Either::Right((Some(Command::ReconnectNow | Command::PageResumed), _)) => return WaitEnd::Retry,
            Either::Right((Some(Command::Online), _)) => return WaitEnd::Online,
            Either::Right((Some(Command::PageHidden), _)) => return WaitEnd::PageHidden,
            Either::Right((None, _)) => return WaitEnd::ClientDropped,
            // Frames cannot be sent now: `hello` will carry the same state, and messages wait in the outbox.
            Either::Right((Some(_), _)) => {}
        }
    }
}

/// The reason to show: the page's translation if it knows the code, else the server's text.
fn close_reason(i18n: I18n, code: u16, reason: String) -> String {
    match i18n.close_reason(code) {
        Some(known) => known.to_owned(),
        None if !reason.is_empty() => reason,
        None if code == 1006 => i18n.t(Key::ConnectionLost).to_owned(),
        None => i18n.format(Key::CloseCodeOnly, &[("n", &code.to_string())]),
    }
}
