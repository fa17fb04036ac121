//! Frames down by server-sent events, up by POST.

use anyhow::ensure;
use futures::StreamExt;
use parlor_protocol::{RoomId, ServerFrame};
use rand::Rng;
use reqwest::StatusCode;
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    HEARD_AHEAD, Heard, Link,
    event_stream::{Item, Reader, cursors},
    hello,
    post::Post,
    read,
};
use crate::client::session::Session;

pub(super) async fn open(session: &mut Session) -> anyhow::Result<Link> {
    let post = Post::new(session);
    let mut request = post.get("sse").header("accept", "text/event-stream");
    // Half of the time as a browser's EventSource comes back: the server greets and joins by the newest id.
    let by_id = session.newest_id.take().filter(|(_, cursors)| session.state.lock().stands_at(cursors));
    let by_id = by_id.filter(|_| session.rng.random());
    if let Some((id, _)) = &by_id {
        request = request.header("last-event-id", id);
    }
    let answer = request.send().await?;
    ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
    match &by_id {
        Some((_, cursors)) => {
            let rooms: Vec<RoomId> = cursors.iter().map(|(room, _, _)| room.clone()).collect();
            session.state.lock().resumed_by_server(&rooms);
        }
        None => post.send(&[hello(session)]).await?,
    }
    let (hear, heard) = mpsc::channel(HEARD_AHEAD);
    let (say, said) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(listen(answer, hear.clone()));
    tasks.spawn(post.carry(said, hear));
    Ok(Link { heard, say, _tasks: tasks })
}

async fn listen(answer: reqwest::Response, hear: mpsc::Sender<Heard>) {
    let mut pieces = answer.bytes_stream();
    let mut reader = Reader::default();
    while let Some(Ok(piece)) = pieces.next().await {
        for heard in reader.feed(&piece).into_iter().flat_map(all_of) {
            if hear.send(heard).await.is_err() {
                return;
            }
        }
    }
    let _ = hear.send(Heard::Ended("the event stream ended".into())).await;
}

fn all_of(item: Item) -> Vec<Heard> {
    match item {
        Item::Sign => vec![Heard::Sign],
        Item::Message { event, .. } if event == "heartbeat" => vec![Heard::Sign],
        Item::Message { event, data, .. } if !event.is_empty() => vec![Heard::Garbled(format!("{event}: {data}"))],
        Item::Message { data, id, .. } => {
            let frame = read(&data);
            let cursor = match &frame {
                Heard::Frame(ServerFrame::Event(event)) => Some((event.room.clone(), event.seq, event.id.tail())),
                _ => None,
            };
            match (cursor, id) {
                (None, None) => vec![frame],
                // The id of an event names that very event.
                (Some(cursor), Some(id)) => match cursors(&id).filter(|cursors| cursors.contains(&cursor)) {
                    Some(cursors) => vec![frame, Heard::Id(id, cursors)],
                    None => vec![frame, Heard::Garbled(format!("id {id} of {data}"))],
                },
                (_, id) => vec![frame, Heard::Garbled(format!("id {id:?} of {data}"))],
            }
        }
    }
}
