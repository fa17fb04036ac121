#![allow(clippy::unwrap_used)]

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// An echo server that also reports what it read.
async fn echo() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, hearing) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let heard = heard.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = socket.read(&mut buffer).await {
                    let _ = heard.send(buffer[..length].to_vec());
                    let _ = socket.write_all(&buffer[..length]).await;
                }
            });
        }
    });
    (address, hearing)
}

async fn through(kind: Kind) -> (Proxy, TcpStream, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let (address, hearing) = echo().await;
    let proxy = Proxy::start(address, 1).await.unwrap();
    proxy.plan(Plan(vec![kind]));
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    (proxy, client, hearing)
}

#[tokio::test]
async fn bytes_are_forwarded_unchanged() {
    let text = vec![7; 10_000];
    for kind in [Kind::Pass, Kind::Delay, Kind::Slice] {
        let (_proxy, mut client, _hearing) = through(kind).await;
        client.write_all(&text).await.unwrap();
        let mut answer = vec![0; text.len()];
        timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(answer, text, "{kind:?}");
    }
}

#[tokio::test]
async fn cut_closes_both_sides() {
    let (proxy, mut client, _hearing) = through(Kind::Cut).await;
    let ended = timeout(PATIENCE, client.read(&mut [0; 8])).await.unwrap();
    assert!(ended.is_err() || ended.unwrap() == 0);
    assert_eq!(proxy.connections(), (1, 1));
}

#[tokio::test]
async fn cut_all_resets_every_connection() {
    let (proxy, mut client, mut hearing) = through(Kind::Pass).await;
    client.write_all(b"x").await.unwrap();
    timeout(PATIENCE, hearing.recv()).await.unwrap().unwrap();
    let mut byte = [0; 1];
    client.read_exact(&mut byte).await.unwrap();
    proxy.cut_all(End::Reset);
    assert!(timeout(PATIENCE, client.read(&mut byte)).await.unwrap().is_err());
}

#[tokio::test]
async fn lose_ack_forwards_the_send_and_drops_the_ack() {
    let (_proxy, mut client, mut hearing) = through(Kind::LoseAck).await;
    let body = r#"[{"type":"send"}]"#;
    let post = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    // More than are ever let through.
    let mut sent = 0;
    let mut answer = vec![0; post.len()];
    loop {
        sent += 1;
        client.write_all(post.as_bytes()).await.unwrap();
        match timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap() {
            Ok(_) => assert!(sent < 12, "one of the first 12 answers is lost"),
            Err(_) => break,
        }
    }
    let mut heard = Vec::new();
    while let Ok(bytes) = hearing.try_recv() {
        heard.extend(bytes);
    }
    assert_eq!(heard, post.repeat(sent).as_bytes(), "all of them came to the server");
}

#[tokio::test]
async fn held_back_bytes_arrive_after_newer_connections() {
    let (proxy, mut client, mut hearing) = through(Kind::HoldBack).await;
    // Until it is held: every byte that still goes through is heard.
    loop {
        client.write_all(b"o").await.unwrap();
        if timeout(Duration::from_millis(400), hearing.recv()).await.is_err() {
            break;
        }
    }
    drop(client);
    proxy.plan(Plan::calm());
    let mut newer = Vec::new();
    for _ in 0..4 {
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        client.write_all(b"n").await.unwrap();
        newer.push(client);
    }
    let mut heard = Vec::new();
    while heard.len() < 5 {
        heard.extend(timeout(PATIENCE, hearing.recv()).await.unwrap().unwrap());
    }
    assert!(heard.contains(&b'o'), "it comes even though its client is gone");
}

#[tokio::test]
async fn stalled_connections_continue_after_heal() {
    let (proxy, mut client, mut hearing) = through(Kind::Stall).await;
    loop {
        client.write_all(b"x").await.unwrap();
        if timeout(Duration::from_millis(150), hearing.recv()).await.is_err() {
            break;
        }
    }
    proxy.heal();
    timeout(PATIENCE, hearing.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn unreachable_upstream_resets_the_connection() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(nobody, 1).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let ended = timeout(PATIENCE, client.read(&mut [0; 8])).await.unwrap();
    assert!(ended.is_err() || ended.unwrap() == 0);
}
