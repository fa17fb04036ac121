//! Guests of a Parlor server, made over HTTP before anything is measured.

use std::{
    net::SocketAddr,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use parlor_protocol::http::{CreateSessionRequest, CreatedSession};

/// Requests on their way at a time.
const AT_ONCE: usize = 64;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Guests of this process so far. A server has a name once at a time, also among several load generators: each begins
/// somewhere else.
static GUESTS: LazyLock<AtomicU32> =
    LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(0x9e37_79b9) >> 4));

/// The tokens of this many new guests.
///
/// # Errors
/// The server cannot be reached, or refuses one.
pub async fn many(address: SocketAddr, count: usize) -> anyhow::Result<Vec<String>> {
    let http = reqwest::Client::new();
    let making = futures::stream::iter(0..count).map(|number| one(&http, address, number));
    making.buffered(AT_ONCE).try_collect().await.context("making sessions")
}

/// The token of a new guest, whose name ends with the number.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn one(http: &reqwest::Client, address: SocketAddr, number: usize) -> anyhow::Result<String> {
    let new = CreateSessionRequest { name: name(number) };
    let answer = http.post(format!("http://{address}/api/session")).json(&new).timeout(TIMEOUT).send().await?;
    let made: CreatedSession = answer.error_for_status()?.json().await?;
    Ok(made.token)
}

/// As long as "guest" and a number, which is what the figures so far were measured with.
fn name(number: usize) -> String {
    let guest = GUESTS.fetch_add(1, Ordering::Relaxed) & 0xf_ffff;
    format!("{guest:05x} {number:05}")
}
