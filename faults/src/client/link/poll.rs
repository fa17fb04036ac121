//! Frames by long polling.

use std::time::Duration;

use anyhow::ensure;
use parlor_protocol::ServerFrame;
use reqwest::StatusCode;
use tokio::{sync::mpsc, task::JoinSet};

use super::{HEARD_AHEAD, Heard, Link, hello, post::Post};
use crate::client::session::Session;

/// Longer than the server ever holds a request.
const TIMEOUT: Duration = Duration::from_secs(35);

pub(super) async fn open(session: &mut Session) -> anyhow::Result<Link> {
    let post = Post::new(session);
    post.send(&[hello(session)]).await?;
    let (hear, heard) = mpsc::channel(HEARD_AHEAD);
    let (say, said) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(poll(post.clone(), hear.clone()));
    tasks.spawn(post.carry(said, hear));
    Ok(Link { heard, say, _tasks: tasks })
}

/// One request after another. A request that fails may have taken frames with it: the connection ends.
async fn poll(post: Post, hear: mpsc::Sender<Heard>) {
    loop {
        let frames = match answer(&post).await {
            Ok(text) => match serde_json::from_str::<Vec<ServerFrame>>(&text) {
                Ok(frames) => frames.into_iter().map(Heard::Frame).collect(),
                Err(error) => vec![Heard::Garbled(format!("{error} in {text}"))],
            },
            Err(error) => vec![Heard::Ended(format!("poll: {error:#}"))],
        };
        for heard in [Heard::Sign].into_iter().chain(frames) {
            if hear.send(heard).await.is_err() {
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
