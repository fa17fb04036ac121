//! The loop that holds the connection for as long as the page lives: connect, stay, wait, come back.

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
};
use crate::{
    api::{self, ApiError},
    browser, clock,
};

/// How a wait ended.
#[derive(PartialEq, Eq)]
enum Woken {
    /// The time is over.
    Time,
    /// Someone asked not to wait any longer, or the network is back.
    Now,
    /// The network is gone.
    Offline,
    /// The page is.
    Gone,
}

/// Runs until the server does not want us back.
pub(super) async fn run(client: Client, mut commands: UnboundedReceiver<Command>) {
    let mut backoff = Backoff::default();
    let mut offline = browser::is_offline();
    loop {
        if offline {
            client.connection.set(ConnectionState::Offline);
            if wait(&mut commands, None).await == Woken::Gone {
                return;
            }
            offline = false;
        }
        if backoff.attempt() > 0 {
            client.connection.set(ConnectionState::Reconnecting { seconds: 0, attempt: backoff.attempt() });
        } else {
            client.connection.set(ConnectionState::Connecting);
        }
        let end = session(client, &mut commands).await;
        client.change(State::disconnected);
        match end {
            End::Unsupported => return client.connection.set(ConnectionState::Unsupported),
            End::Offline => offline = true,
            End::Closed { code, reason, bye, lasted } => {
                // A refused upgrade tells a page nothing; the API says whether it was for want of a session.
                let signed_out = lasted.is_none() && api::me().await == Err(ApiError::Unauthorized);
                let code = if signed_out { CloseCode::SessionRevoked.code() } else { code };
                match backoff.ended(code, bye.as_ref(), lasted.unwrap_or(0), clock::random()) {
                    Next::Never => {
                        let (code, reason) = bye.map_or((code, reason), |bye| (bye.code, bye.reason));
                        return client.connection.set(ConnectionState::Closed { code, reason: words(code, reason) });
                    }
                    Next::Wait(ms) => match count_down(client, &mut commands, ms, backoff.attempt()).await {
                        Woken::Time | Woken::Now => {}
                        Woken::Offline => offline = true,
                        Woken::Gone => return,
                    },
                }
            }
        }
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
    let mut timer = std::pin::pin!(timer);
    loop {
        match select(&mut timer, commands.next()).await {
            Either::Left(_) => return Woken::Time,
            Either::Right((Some(Command::TryNow | Command::Online), _)) => return Woken::Now,
            Either::Right((Some(Command::Offline), _)) => return Woken::Offline,
            Either::Right((None, _)) => return Woken::Gone,
            // Frames have nowhere to go now: `hello` says the same again, and messages wait in the outbox.
            Either::Right((Some(_), _)) => {}
        }
    }
}

/// The reason in words for people.
fn words(code: u16, reason: String) -> String {
    match code {
        4500 => "this page is older than the server".into(),
        4501 => "you are signed out".into(),
        4503 => "you were banned".into(),
        _ if reason.is_empty() => format!("code {code}"),
        _ => reason,
    }
}
