//! The loop that holds the connection for as long as the page lives: connect, stay, wait, come back.

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
    session::{End, session},
    state::State,
    transport::answers,
    transport_fallback::{Failure, GOOD, TransportFallback, recall},
};
use crate::{
    api::{self, ApiError},
    browser, clock,
    i18n::{I18n, Key},
};

/// Where the browser keeps what worked on this kind of network.
fn memory() -> String {
    "transport ".to_owned() + &browser::network()
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// The time is over.
    Time,
    /// Someone asked not to wait any longer, or the page runs again.
    Now,
    /// The network is back, or another one.
    Online,
    /// The network is gone.
    Offline,
    /// The page is put away.
    Away,
    /// The page is gone for good.
    Gone,
}

/// Runs until the server does not want us back.
pub(super) async fn run(client: Client, mut commands: UnboundedReceiver<Command>) {
    let mut backoff = Backoff::default();
    let mut ladder =
        TransportFallback::new(browser::kept_one(&memory()).and_then(|memory| recall(&memory, clock::now())));
    let mut put_away = false;
    let mut woken = if browser::is_offline() { Woken::Offline } else { Woken::Time };
    loop {
        while matches!(woken, Woken::Offline | Woken::Away) {
            if woken == Woken::Offline {
                client.connection.set(ConnectionState::Offline);
            }
            let away = woken == Woken::Away;
            put_away |= away;
            woken = wait(&mut commands, None).await;
            if away && woken == Woken::Now && browser::is_offline() {
                woken = Woken::Offline;
            }
        }
        match woken {
            Woken::Gone => return,
            Woken::Online => forget(&mut ladder, clock::now()),
            _ => {}
        }
        woken = Woken::Time;
        if backoff.attempt() > 0 {
            client.connection.set(ConnectionState::Reconnecting { seconds: 0, attempt: backoff.attempt() });
        } else {
            client.connection.set(ConnectionState::Connecting);
        }
        let end = session(client, &mut ladder, &mut commands).await;
        client.change(State::disconnected);
        match end {
            End::Missing => ladder.missing(),
            End::Offline => {
                ended(client, 1006, client.i18n.t(Key::NetworkLost).to_owned());
                woken = Woken::Offline;
            }
            End::Away => {
                ended(client, 1000, client.i18n.t(Key::PageHidden).to_owned());
                woken = Woken::Away;
            }
            End::Slept => ended(client, 1006, client.i18n.t(Key::PageSuspended).to_owned()),
            End::Closed { mut code, reason, bye, lasted, taken } => {
                let said = bye.as_ref().map_or((code, &reason), |bye| (bye.code, &bye.reason));
                ended(client, said.0, why(client.i18n, said.0, said.1.clone()));
                let failure = match lasted {
                    None if taken => Failure::Held,
                    None => Failure::Silent,
                    Some(_) => Failure::Short,
                };
                // A server that hears nothing after `hello` ends the connection. If its frames come only then, all at once,
                // something on the way has held them back.
                let held_back =
                    said.0 == CloseCode::HeartbeatMissed.code() && lasted.is_none_or(|lasted| lasted < GOOD);
                let failure = if held_back { Failure::Held } else { failure };
                let answered = bye.is_some() || code >= 4000;
                if !held_back && (answered || lasted.is_some_and(|lasted| lasted >= GOOD)) {
                    ladder.ended();
                } else {
                    if lasted.is_some() {
                        client
                            .connection
                            .set(ConnectionState::Reconnecting { seconds: 0, attempt: backoff.attempt() + 1 });
                    }
                    match ask(&mut commands).await {
                        Ok(false) => {}
                        // A refused upgrade tells a page nothing; the API says whether it was for want of a session.
                        Ok(true) if lasted.is_none() && api::me().await == Err(ApiError::Unauthorized) => {
                            code = CloseCode::SessionRevoked.code();
                        }
                        Ok(true) if ladder.failed(failure) => continue,
                        Ok(true) => {}
                        Err(other) => {
                            woken = other;
                            continue;
                        }
                    }
                }
                match backoff.ended(code, bye.as_ref(), lasted.unwrap_or(0), clock::random()) {
                    Next::Never => {
                        let (code, reason) = bye.map_or((code, reason), |bye| (bye.code, bye.reason));
                        // The browser's way back does not lead to what was left by signing out.
                        if put_away && code == CloseCode::SessionRevoked.code() {
                            return browser::reload();
                        }
                        return client
                            .connection
                            .set(ConnectionState::Closed { code, reason: why(client.i18n, code, reason) });
                    }
                    Next::Wait(ms) => {
                        woken = count_down(client, &mut commands, ms, backoff.attempt()).await;
                        if woken == Woken::Now {
                            backoff.hurry();
                        }
                    }
                }
            }
        }
    }
}

/// What worked is for later pages to know.
pub(super) fn remember(ladder: &TransportFallback, now: Millis) {
    match ladder.memory(now) {
        Some(worked) => browser::keep(&memory(), &worked),
        None => browser::forget(&memory()),
    }
}

/// Another network: what was found out about the old one does not count.
pub(super) fn forget(ladder: &mut TransportFallback, now: Millis) {
    browser::forget(&memory());
    ladder.network_changed(now);
}

fn ended(client: Client, code: u16, mut reason: String) {
    client.note(&mut |vitals| vitals.ended(code, std::mem::take(&mut reason), clock::now()));
}

/// Whether the server answers, unless something happens first.
async fn ask(commands: &mut UnboundedReceiver<Command>) -> Result<bool, Woken> {
    match select(pin!(answers()), pin!(wait(commands, None))).await {
        Either::Left((answers, _)) => Ok(answers),
        Either::Right((woken, _)) => Err(woken),
    }
}

/// Waits and says how long it will be.
async fn count_down(client: Client, commands: &mut UnboundedReceiver<Command>, ms: u32, attempt: u32) -> Woken {
    let until = clock::now() + Millis::from(ms);
    loop {
        let left = until - clock::now();
        if left <= 0 {
            return Woken::Time;
        }
        let seconds = u32::try_from((left + 999) / 1000).unwrap_or(0);
        client.connection.set(ConnectionState::Reconnecting { seconds, attempt });
        // To the next whole second.
        let step = left - i64::from(seconds - 1) * 1000;
        let woken = wait(commands, Some(u32::try_from(step).unwrap_or(1_000))).await;
        if woken != Woken::Time {
            return woken;
        }
    }
}

/// Waits so long, or until something happens.
async fn wait(commands: &mut UnboundedReceiver<Command>, ms: Option<u32>) -> Woken {
    let timer = async {
        match ms {
            Some(ms) => clock::sleep(ms).await,
            None => futures::future::pending().await,
        }
    };
    let mut timer = pin!(timer);
    loop {
        match select(&mut timer, commands.next()).await {
            Either::Left(_) => return Woken::Time,
            Either::Right((Some(Command::TryNow | Command::Woke), _)) => return Woken::Now,
            Either::Right((Some(Command::Online), _)) => return Woken::Online,
            Either::Right((Some(Command::Offline), _)) => return Woken::Offline,
            Either::Right((Some(Command::Away), _)) => return Woken::Away,
            Either::Right((None, _)) => return Woken::Gone,
            // Frames have nowhere to go now: `hello` says the same again, and messages wait in the outbox.
            Either::Right((Some(_), _)) => {}
        }
    }
}

/// The reason in words for people: the page's own for codes that it knows.
fn why(i18n: I18n, code: u16, reason: String) -> String {
    let number = code.to_string();
    match i18n.error(&number) {
        Some(known) => known.to_owned(),
        None if !reason.is_empty() => reason,
        None if code == 1006 => i18n.t(Key::ConnectionLost).to_owned(),
        None => i18n.format(Key::CloseCodeOnly, &[("n", &number)]),
    }
}
