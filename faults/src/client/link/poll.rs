//! Frames by long polling.

use std::time::Duration;

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
    while let Some(frames) = answer(&post).await {
        let frames = match frames {
            Ok(frames) => frames.into_iter().map(Heard::Frame).collect(),
            Err(text) => vec![Heard::Garbled(text)],
        };
        for heard in [Heard::Sign].into_iter().chain(frames) {
            if hear.send(heard).await.is_err() {
                return;
            }
        }
    }
    let _ = hear.send(Heard::Ended).await;
}

async fn answer(post: &Post) -> Option<Result<Vec<ServerFrame>, String>> {
    let answer = post.get("poll").timeout(TIMEOUT).send().await.ok()?;
    if answer.status() != StatusCode::OK {
        return None;
    }
    let text = answer.text().await.ok()?;
    Some(serde_json::from_str(&text).map_err(|error| format!("{error} in {text}")))
}
