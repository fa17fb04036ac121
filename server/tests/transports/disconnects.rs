//! Heartbeats and ends of connections over HTTP.

use std::time::Duration;

use crate::support::{
    FrameReader, PATIENCE, Server, eventually, http_client,
    http_connection::{Poller, Requests},
    unlimited,
};
use parlor::config::Config;
use parlor_protocol::{ClientFrame, CloseCode, ServerFrame, error_code};

#[tokio::test]
async fn idle_polls_return_after_a_heartbeat_and_keep_the_connection_alive() {
    let heartbeat = Duration::from_secs(1);
    let server = Server::start_with(Config { heartbeat, ..unlimited() }).await;
    let ann = Requests::new(server.address, &server.session("ann").await, Some("p"));
    ann.hello(vec![]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Welcome { .. }]));
    for _ in 0..4 {
        assert_eq!(ann.poll().await, []);
    }
    server.stop().await;
}

#[tokio::test]
async fn newer_poll_replaces_the_older_and_polls_fail_after_the_end() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("p"));
    ann.hello(vec![]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Welcome { .. }]));
    let older = tokio::spawn({
        let ann = ann.clone();
        async move { ann.poll().await }
    });
    server.holds(1).await;
    let newer = tokio::spawn({
        let ann = ann.clone();
        async move { Poller::new(ann).next().await }
    });
    assert_eq!(older.await.unwrap(), []);
    ann.post(&[ClientFrame::Ping { at: 5 }]).await;
    assert!(matches!(newer.await.unwrap(), ServerFrame::Pong { at: 5, .. }));
    // Signing out: the pending poll gets `bye`, the next one is unauthorized.
    let held = tokio::spawn({
        let ann = ann.clone();
        async move { Poller::new(ann).next().await }
    });
    server.holds(1).await;
    let request = http_client().delete(server.url("/api/session")).bearer_auth(&made.token);
    assert_eq!(request.send().await.unwrap().status(), 204);
    let bye = held.await.unwrap();
    assert!(matches!(bye, ServerFrame::Bye { code: 4501, reconnect: false, .. }), "{bye:?}");
    assert_eq!(ann.refused_poll().await.0, 401);
    server.no_http_connections().await;
    // Any other end is reported once, too; then the connection id is unknown.
    let ann = Requests::new(server.address, &server.session("ann").await, Some("p"));
    ann.post(&[ClientFrame::Hello { protocol: 99, resume: vec![] }]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Bye { code: 4500, .. }]));
    assert_eq!(ann.refused_poll().await, (410, Some(error_code::NO_CONNECTION.into())));
    server.no_http_connections().await;
    server.stop().await;
}

#[tokio::test]
async fn clients_without_hello_or_heartbeat_are_closed() {
    let server = Server::start_with(Config { hello_timeout: Duration::from_millis(300), ..unlimited() }).await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, None);
    let no_hello = CloseCode::NoHello.code();
    assert_eq!(ann.stream(None).await.ended().await, Some(no_hello));
    // A poll without a connection id opens a connection, which then waits for hello.
    assert!(matches!(Poller::new(ann.clone()).next().await, ServerFrame::Bye { code, .. } if code == no_hello));
    server.no_http_connections().await;
    server.stop().await;

    let heartbeat = Duration::from_millis(1_500);
    let server = Server::start_with(Config { heartbeat, ..unlimited() }).await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, None);
    // The stream's client is silent after hello and is closed within two heartbeats. Meanwhile it receives heartbeats.
    let mut silent = ann.stream(None).await;
    ann.hello(vec![]).await;
    let mut heartbeats = 0;
    let bye = loop {
        let block = silent.block().await.unwrap();
        match block.data.as_deref().map(ServerFrame::decode) {
            _ if block.event.as_deref() == Some("heartbeat") => {
                assert_eq!(block.data.as_deref(), Some(r#"{"type":"heartbeat"}"#));
                heartbeats += 1;
            }
            Some(Ok(ServerFrame::Bye { code, .. })) => break code,
            _ => {}
        }
    };
    assert_eq!(bye, CloseCode::HeartbeatMissed.code());
    assert!((1..=3).contains(&heartbeats), "{heartbeats}");
    // A client that posts only pings stays.
    let mut alive = ann.stream(None).await;
    ann.hello(vec![]).await;
    for _ in 0..9 {
        tokio::time::sleep(heartbeat / 3).await;
        ann.post(&[]).await;
    }
    ann.post(&[ClientFrame::Ping { at: 1 }]).await;
    alive.until(|frame| matches!(frame, ServerFrame::Pong { .. }).then_some(())).await;
    // Unanswered polls end as well.
    let poller = Requests::new(server.address, &made, Some("gone"));
    poller.hello(vec![]).await;
    drop(alive);
    server.no_http_connections().await;
    server.stop().await;
}

/// Starts a poll and aborts it.
async fn break_off(server: &Server, ann: &Requests) {
    tokio::select! {
        frames = ann.poll() => panic!("nothing to say: {frames:?}"),
        () = server.holds(1) => {}
    }
    server.holds(0).await;
}

#[tokio::test]
async fn disconnected_clients_are_released_at_once() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("tab"));
    let mut stream = ann.stream(None).await;
    ann.hello(vec![]).await;
    stream.next().await;
    drop(stream);
    server.no_http_connections().await;
    // An aborted poll without a successor.
    ann.hello(vec![]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Welcome { .. }]));
    break_off(&server, &ann).await;
    ann.post(&[]).await;
    break_off(&server, &ann).await;
    server.no_http_connections().await;
    // Connections without a request are limited.
    for n in 0..100 {
        Requests::new(server.address, &made, Some(&format!("loose-{n}"))).hello(vec![]).await;
    }
    eventually("connections are released", async || server.http_connections() <= 64).await;
    let newest = Requests::new(server.address, &made, Some("loose-99"));
    assert!(matches!(newest.poll().await[..], [ServerFrame::Welcome { .. }]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_sends_bye_and_waits_for_nobody() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("stream"));
    let mut stream = ann.stream(None).await;
    ann.hello(vec![]).await;
    stream.next().await;
    let poller = Requests::new(server.address, &made, Some("poll"));
    poller.hello(vec![]).await;
    assert!(matches!(poller.poll().await[..], [ServerFrame::Welcome { .. }]));
    let held = tokio::spawn(async move { Poller::new(poller).next().await });
    server.holds(1).await;
    let stopping = tokio::spawn(server.stop());
    let mut retry = None;
    let after = loop {
        let block = stream.block().await.unwrap();
        if let Some(Ok(ServerFrame::Bye { code: 4001, reconnect: true, after_ms, .. })) =
            block.data.as_deref().map(ServerFrame::decode)
        {
            break (after_ms, retry.or(block.retry));
        }
        retry = block.retry;
    };
    assert!(after.0.is_some());
    assert_eq!(after.0, after.1);
    assert_eq!(stream.block().await, None);
    let bye = held.await.unwrap();
    assert!(matches!(bye, ServerFrame::Bye { code: 4001, .. }), "{bye:?}");
    tokio::time::timeout(PATIENCE, stopping).await.unwrap().unwrap();
}
