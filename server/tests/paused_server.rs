//! A server that was paused (SIGSTOP, or system sleep) closes no connection for missed heartbeats.

use std::time::Duration;

use crate::support::{
    self, Client, FrameReader,
    http_connection::{Poller, Requests, lobby},
    process::Process,
};
use futures::StreamExt;
use parlor_protocol::ServerFrame;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_survive_a_paused_server() {
    let folder = TempDir::new().unwrap();
    let server = Process::start_with(folder.path(), &["--heartbeat-ms", "1000"]);
    let (heard, mut pings) = tokio::sync::mpsc::unbounded_channel();
    let mut readers = Vec::new();
    for n in 0..20 {
        let made = support::session(server.address, &format!("client {n}")).await;
        let mut client = Client::in_lobby(server.address, &made).await;
        let heard = heard.clone();
        // Reading answers pings.
        readers.push(tokio::spawn(async move {
            loop {
                match client.socket.next().await {
                    Some(Ok(Message::Ping(_))) => heard.send(n).unwrap(),
                    Some(Ok(Message::Text(text))) => {
                        if let Ok(ServerFrame::Event(event)) = ServerFrame::decode(&text) {
                            return event;
                        }
                    }
                    end => panic!("{end:?}"),
                }
            }
        }));
    }
    let made = support::session(server.address, "poller").await;
    let mut poller = Poller::new(Requests::new(server.address, &made, None));
    poller.requests.hello(vec![lobby(None)]).await;
    poller.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    let polling = tokio::spawn(async move { poller.event().await });

    server.signal("STOP");
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    server.signal("CONT");

    // Two heartbeats later every client has answered and none was closed.
    while pings.try_recv().is_ok() {}
    let mut counts = vec![0; readers.len()];
    let everyone = async {
        while counts.iter().any(|count| *count < 3) {
            counts[pings.recv().await.unwrap()] += 1;
        }
    };
    tokio::time::timeout(support::PATIENCE, everyone).await.expect("three heartbeats to each");
    let made = support::session(server.address, "writer").await;
    let mut writer = Client::greet(server.address, &made).await;
    writer.post("good morning").await;
    for reader in readers {
        assert_eq!(support::body(&reader.await.unwrap()), "good morning");
    }
    assert_eq!(support::body(&polling.await.unwrap()), "good morning");
    server.kill();
}
