//! Frames over server-sent events and long polling: the same session, carried by HTTP requests.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use parlor_protocol::{ClientFrame, RoomId, ServerFrame};
use support::{
    Server, body,
    carried::{Poller, Requests, lobby},
};

#[tokio::test]
async fn a_stream_has_the_form_that_browsers_and_proxies_want() {
    let server = Server::start().await;
    let mut writer = server.client("writer").await;
    let ann = Requests::new(server.address, &server.session("ann").await, Some("tab-1"));
    let mut stream = ann.stream(None).await;
    let headers = stream.response.headers();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-cache, no-transform");
    assert_eq!(headers["x-accel-buffering"], "no");
    assert!(headers.get("content-encoding").is_none());
    let opening = stream.block().await.unwrap();
    assert!(opening.comment.is_some() && opening.retry.is_some() && opening.data.is_none());
    ann.hello(vec![lobby(None)]).await;
    let welcome = stream.block().await.unwrap();
    assert_eq!((&welcome.id, &welcome.event), (&None, &None));
    assert!(matches!(ServerFrame::decode(&welcome.data.unwrap()), Ok(ServerFrame::Welcome { .. })));
    assert!(matches!(stream.next().await, ServerFrame::Joined { head: 0, .. }));
    let id = writer.post("over the wire\nin two lines").await;
    let block = stream.block().await.unwrap();
    assert_eq!(block.id.unwrap(), format!("lobby:1:{}", id.tail().0));
    assert!(matches!(ServerFrame::decode(&block.data.unwrap()), Ok(ServerFrame::Event(event)) if event.seq == 1));
    // What is said comes back both ways.
    let id = ann.say("and back").await;
    let mut acked = false;
    let event = stream
        .until(|frame| match frame {
            ServerFrame::Ack { id: acked_id, seq: 2, .. } => {
                acked = *acked_id == id;
                None
            }
            ServerFrame::Event(event) => Some(event.clone()),
            _ => None,
        })
        .await;
    assert_eq!(body(&event), "and back");
    if !acked {
        stream.until(|frame| matches!(frame, ServerFrame::Ack { seq: 2, .. }).then_some(())).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn polls_answer_at_once_or_wait_and_wake_up() {
    let server = Server::start().await;
    let mut writer = server.client("writer").await;
    let made = server.session("ann").await;
    for name in [None, Some("poller")] {
        let requests = Requests::new(server.address, &made, name);
        requests.hello(vec![]).await;
        let mut ann = Poller::new(requests.clone());
        assert!(matches!(ann.next().await, ServerFrame::Welcome { .. }));
        requests.post(&[ClientFrame::Join(lobby(None))]).await;
        ann.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
        let held = tokio::spawn(async move { (body(&ann.event().await).to_owned(), ann) });
        writer.send("wake up").await;
        let (said, mut ann) = held.await.unwrap();
        assert_eq!(said, "wake up");
        ann.requests.post(&[ClientFrame::Typing { room: RoomId::lobby() }, ClientFrame::Ping { at: 7 }]).await;
        ann.until(|frame| matches!(frame, ServerFrame::Pong { at: 7, .. }).then_some(())).await;
    }
    server.stop().await;
}
