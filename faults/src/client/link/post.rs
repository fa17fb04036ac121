//! Sends frames by POST, for transports that only receive.

use std::time::Duration;

use anyhow::bail;
use parlor_protocol::ClientFrame;
use rand::Rng;
use reqwest::{Method, StatusCode};
use tokio::sync::mpsc;

use super::LinkEvent;
use crate::client::{Http, session::Session};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Sender of one connection.
#[derive(Clone)]
pub(super) struct Post {
    http: Http,
    token: String,
    pub(super) name: String,
}

impl Post {
    /// Uses a new connection name, because a delayed request of an earlier connection must not receive frames of this one.
    pub(super) fn new(session: &mut Session) -> Self {
        let number: u64 = session.rng.random();
        let token = session.config.made.token.clone();
        Self { http: session.http.clone(), token, name: format!("c{number}") }
    }

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

    /// Sends queued frames in order, one request at a time. A failed request closes the connection, because it is unknown
    /// whether its frames arrived.
    pub(super) async fn forward(
        self,
        mut queue: mpsc::UnboundedReceiver<Vec<ClientFrame>>,
        events: mpsc::Sender<LinkEvent>,
    ) {
        while let Some(mut frames) = queue.recv().await {
            while let Ok(more) = queue.try_recv() {
                frames.extend(more);
            }
            let event = match self.send(&frames).await {
                Ok(()) => LinkEvent::Activity,
                Err(error) => LinkEvent::Closed(format!("post: {error:#}")),
            };
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
}
