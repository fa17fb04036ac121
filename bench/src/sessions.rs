//! Guests of a Parlor server, made over HTTP before anything is measured.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use parlor_protocol::http::{NewSession, SessionMade};

/// Requests on their way at a time.
const AT_ONCE: usize = 64;

const TIMEOUT: Duration = Duration::from_secs(20);

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
    let new = NewSession { name: format!("guest {number:05}") };
    let answer = http.post(format!("http://{address}/api/session")).json(&new).timeout(TIMEOUT).send().await?;
    let made: SessionMade = answer.error_for_status()?.json().await?;
    Ok(made.token)
}
