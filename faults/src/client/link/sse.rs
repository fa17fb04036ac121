//! Receives frames by server-sent events, sends by POST.

use anyhow::ensure;
use futures::StreamExt;
use parlor_protocol::{RoomId, ServerFrame};
use rand::Rng;
use reqwest::StatusCode;
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    EVENT_BUFFER, Link, LinkEvent,
    event_stream::{Item, Reader, cursors},
    hello,
    post::Post,
    read,
};
use crate::client::session::Session;

pub(super) async fn open(session: &mut Session) -> anyhow::Result<Link> {
    let post = Post::new(session);
    let mut request = post.get("sse").header("accept", "text/event-stream");
    // Half of the time reconnect like a browser's EventSource, by `Last-Event-ID` without `hello`.
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
    let (events_tx, events) = mpsc::channel(EVENT_BUFFER);
    let (outgoing, frames) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(listen(answer, events_tx.clone()));
    tasks.spawn(post.forward(frames, events_tx));
    Ok(Link { events, outgoing, _tasks: tasks })
}

async fn listen(answer: reqwest::Response, events: mpsc::Sender<LinkEvent>) {
    let mut pieces = answer.bytes_stream();
    let mut reader = Reader::default();
    while let Some(Ok(piece)) = pieces.next().await {
        for event in reader.feed(&piece).into_iter().flat_map(all_of) {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
    let _ = events.send(LinkEvent::Closed("the event stream ended".into())).await;
}

fn all_of(item: Item) -> Vec<LinkEvent> {
    match item {
        Item::Activity => vec![LinkEvent::Activity],
        Item::Message { event, .. } if event == "heartbeat" => vec![LinkEvent::Activity],
        Item::Message { event, data, .. } if !event.is_empty() => vec![LinkEvent::Invalid(format!("{event}: {data}"))],
        Item::Message { data, id, .. } => {
            let frame = read(&data);
            let cursor = match &frame {
                LinkEvent::Frame(ServerFrame::Event(event)) => Some((event.room.clone(), event.seq, event.id.tail())),
                _ => None,
            };
            match (cursor, id) {
                (None, None) => vec![frame],
                // The id of an event must contain the event's own cursor.
                (Some(cursor), Some(id)) => match cursors(&id).filter(|cursors| cursors.contains(&cursor)) {
                    Some(cursors) => vec![frame, LinkEvent::Id(id, cursors)],
                    None => vec![frame, LinkEvent::Invalid(format!("id {id} of {data}"))],
                },
                (_, id) => vec![frame, LinkEvent::Invalid(format!("id {id:?} of {data}"))],
            }
        }
    }
}
