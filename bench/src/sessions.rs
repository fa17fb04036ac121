//! Creates guest sessions over HTTP before a measurement.

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

/// Concurrent requests.
const AT_ONCE: usize = 64;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Number of guests created so far. Starts at a different value in each process, because names are unique on a server.
static GUESTS: LazyLock<AtomicU32> =
    LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(0x9e37_79b9) >> 4));

/// Creates guests and returns their tokens.
pub async fn many(address: SocketAddr, count: usize) -> anyhow::Result<Vec<String>> {
    let http = reqwest::Client::new();
    let making = futures::stream::iter(0..count).map(|number| one(&http, address, number));
    making.buffered(AT_ONCE).try_collect().await.context("making sessions")
}

/// Creates a guest whose name ends with the number, and returns the token.
pub async fn one(http: &reqwest::Client, address: SocketAddr, number: usize) -> anyhow::Result<String> {
    let new = CreateSessionRequest { name: name(number) };
    let answer = http.post(format!("http://{address}/api/session")).json(&new).timeout(TIMEOUT).send().await?;
    let made: CreatedSession = answer.error_for_status()?.json().await?;
    Ok(made.token)
}

/// As long as "guest" and a number, so that figures stay comparable.
fn name(number: usize) -> String {
    let guest = GUESTS.fetch_add(1, Ordering::Relaxed) & 0xf_ffff;
    format!("{guest:05x} {number:05}")
}
