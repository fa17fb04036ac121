//! Frames by long polling.

use std::time::Duration;

use anyhow::ensure;
use parlor_protocol::ServerFrame;
use reqwest::StatusCode;
use tokio::{sync::mpsc, task::JoinSet};

use super::{EVENT_BUFFER, Link, LinkEvent, hello, post::Post};
use crate::client::session::Session;

/// Longer than the server holds a poll request.
const TIMEOUT: Duration = Duration::from_secs(35);

pub(super) async fn open(session: &mut Session) -> anyhow::Result<Link> {
    let post = Post::new(session);
    post.send(&[hello(session)]).await?;
    let (events_tx, events) = mpsc::channel(EVENT_BUFFER);
    let (outgoing, frames) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(poll(post.clone(), events_tx.clone()));
    tasks.spawn(post.forward(frames, events_tx));
    Ok(Link { events, outgoing, _tasks: tasks })
}

/// Polls until a request fails, which closes the connection because frames may be lost.
async fn poll(post: Post, events: mpsc::Sender<LinkEvent>) {
    loop {
        let frames = match answer(&post).await {
            Ok(text) => match serde_json::from_str::<Vec<ServerFrame>>(&text) {
                Ok(frames) => frames.into_iter().map(LinkEvent::Frame).collect(),
                Err(error) => vec![LinkEvent::Invalid(format!("{error} in {text}"))],
            },
            Err(error) => vec![LinkEvent::Closed(format!("poll: {error:#}"))],
        };
        for event in [LinkEvent::Activity].into_iter().chain(frames) {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
}

async fn answer(post: &Post) -> anyhow::Result<String> {
    let answer = post.get("poll").timeout(TIMEOUT).send().await?;
    ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
    Ok(answer.text().await?)
}
