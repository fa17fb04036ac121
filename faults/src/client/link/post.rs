//! The way up for transports whose connection leads down only.

use std::time::Duration;

use anyhow::bail;
use parlor_protocol::ClientFrame;
use rand::Rng;
use reqwest::{Method, StatusCode};
use tokio::sync::mpsc;

use super::Heard;
use crate::client::{Http, session::Session};

/// Time for a POST that the server takes at once.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where one connection's frames go.
#[derive(Clone)]
pub(super) struct Post {
    http: Http,
    token: String,
    /// The connection's name.
    pub(super) name: String,
}

impl Post {
    /// For a new connection, with a name that none had before: a request of an earlier one may still be on its way, and
    /// must not take frames that are for this one.
    pub(super) fn new(session: &mut Session) -> Self {
        let number: u64 = session.rng.random();
        let token = session.config.made.token.clone();
        Self { http: session.http.clone(), token, name: format!("c{number}") }
    }

    /// A request to another endpoint of this connection.
    pub(super) fn get(&self, endpoint: &str) -> reqwest::RequestBuilder {
        self.http.request(Method::GET, &format!("/live/{endpoint}?connection={}", self.name), &self.token)
    }

    pub(super) async fn send(&self, frames: &[ClientFrame]) -> anyhow::Result<()> {
        let path = format!("/live/frames?connection={}", self.name);
        let request = self.http.request(Method::POST, &path, &self.token).timeout(TIMEOUT).json(frames);
        let answer = request.send().await?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(()),
            status => bail!("{status}: {}", answer.text().await.unwrap_or_default()),
        }
    }

    /// Sends what is said, in order, one request at a time. A request that fails ends the connection: whether its frames
    /// came through cannot be known.
    pub(super) async fn carry(self, mut said: mpsc::UnboundedReceiver<Vec<ClientFrame>>, hear: mpsc::Sender<Heard>) {
        while let Some(mut frames) = said.recv().await {
            while let Ok(more) = said.try_recv() {
                frames.extend(more);
            }
            let heard = match self.send(&frames).await {
                Ok(()) => Heard::Sign,
                Err(error) => Heard::Ended(format!("post: {error:#}")),
            };
            if hear.send(heard).await.is_err() {
                return;
            }
        }
    }
}
