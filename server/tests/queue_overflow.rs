//! A queue overflow that drops responses is reported, or the connection ends (G5).

use crate::support::{Client, FrameReader, Server, narrow};
use parlor_protocol::{ClientFrame, CloseCode, CommandId, Cursor, GapReason, RoomId, ServerFrame};
use uuid::Uuid;

/// Sends more pings than the system's buffers and the queue hold, without reading.
async fn flood(client: &mut Client) {
    for at in 0..12_000 {
        if client.try_say(&ClientFrame::Ping { at }).await.is_none() {
            break;
        }
    }
}

#[tokio::test]
async fn gap_lost_to_an_overflow_is_repeated() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let id = bob.post("hello").await;
    bob.acked(id).await;
    let made = server.session("ann").await;
    let mut ann = narrow(server.address, &made).await;
    ann.hello(vec![]).await;
    for at in 0..4_000 {
        ann.say(&ClientFrame::Ping { at }).await;
    }
    // The response is queued behind the others and dropped with them.
    let other = CommandId(Uuid::now_v7()).tail();
    ann.say(&ClientFrame::Join(Cursor { room: RoomId::lobby(), after: Some(1), tail: Some(other) })).await;
    flood(&mut ann).await;
    loop {
        match ann.next().await {
            ServerFrame::Gap { room, reason: GapReason::Overflow, head, .. } => {
                assert_eq!((room, head), (RoomId::lobby(), 1));
                break;
            }
            ServerFrame::Gap { reason, .. } => assert_eq!(reason, GapReason::HistoryChanged),
            _ => {}
        }
    }
}

#[tokio::test]
async fn lost_responses_outside_rooms_close_the_connection() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let mut ann = narrow(server.address, &made).await;
    ann.hello(vec![]).await;
    flood(&mut ann).await;
    // It gets the reason, unless it has read nothing for longer than the server waits.
    let ended = ann.ended().await;
    assert!(ended.bye.is_none() || ended.bye == Some(CloseCode::TooSlow.code()), "{ended:?}");
}
