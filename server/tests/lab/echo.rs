//! The echo endpoint and a peer that does not read; `conformance.rs` covers the rest.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use parlor::config::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_tungstenite::tungstenite::Message;

use super::{ask, nothing_open, read_until, socket};
use crate::support::{PATIENCE, Server, unlimited};

const SIZE: usize = 64 * 1024;

/// A binary message of [`SIZE`] that starts with its number, and a ping with the same number, masked with zeros.
fn pair(number: u32) -> Vec<u8> {
    let mut bytes = vec![0x82, 0x80 | 127];
    bytes.extend((SIZE as u64).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(number.to_be_bytes());
    bytes.resize(bytes.len() + SIZE - 4, b'x');
    bytes.extend([0x89, 0x84, 0, 0, 0, 0]);
    bytes.extend(number.to_be_bytes());
    bytes
}

/// More pairs than all buffers hold.
const MANY: u32 = 1_024;

/// Writes pairs until the socket is full or closed; returns their number and the unsent rest of the last one.
async fn fill(outgoing: &mut OwnedWriteHalf) -> (u32, Vec<u8>) {
    for number in 0..MANY {
        let pair = pair(number);
        let mut written = 0;
        while written < pair.len() {
            match tokio::time::timeout(Duration::from_secs(2), outgoing.write(&pair[written..])).await {
                Ok(Ok(count)) => written += count,
                Ok(Err(_)) | Err(_) => return (number + 1, pair[written..].to_vec()),
            }
        }
    }
    panic!("the server has taken {MANY} messages of {SIZE} bytes and nobody has read its answers");
}

async fn opened(server: &Server) -> (OwnedReadHalf, OwnedWriteHalf) {
    let mut stream: TcpStream = ask(server.address, "/lab/echo", true).await;
    read_until(&mut stream, "\r\n\r\n").await;
    stream.into_split()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_reader_is_paused_and_receives_everything_in_order() {
    let server = Server::start().await;
    let (mut incoming, mut outgoing) = opened(&server).await;
    let (count, rest) = fill(&mut outgoing).await;
    let writing = async {
        outgoing.write_all(&rest).await.unwrap();
        outgoing.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
    };
    let reading = async {
        for number in 0..count {
            let mut message = vec![0; 10 + SIZE];
            incoming.read_exact(&mut message).await.unwrap();
            assert_eq!(message[..10], [&[0x82, 127][..], &(SIZE as u64).to_be_bytes()].concat()[..]);
            assert_eq!(message[10..14], number.to_be_bytes());
            let mut pong = [0; 6];
            incoming.read_exact(&mut pong).await.unwrap();
            assert_eq!(pong, [&[0x8a, 4][..], &number.to_be_bytes()].concat()[..]);
        }
        let mut close = Vec::new();
        incoming.read_to_end(&mut close).await.unwrap();
        assert_eq!(close, [0x88, 0]);
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(writing, reading) }).await.unwrap();
    nothing_open(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_reader_is_closed() {
    let server = Server::start_with(Config { lab_stream_time: Duration::from_secs(3), ..unlimited() }).await;
    let (_incoming, mut outgoing) = opened(&server).await;
    fill(&mut outgoing).await;
    // The client is connected and still does not read.
    nothing_open(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn clients_receive_only_their_own_echo() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (socket(&server, "/lab/echo", &[]).await, socket(&server, "/lab/echo", &[]).await);
    ann.send(Message::Text("ann".into())).await.unwrap();
    bob.send(Message::Binary(b"bob".to_vec().into())).await.unwrap();
    assert_eq!(bob.next().await.unwrap().unwrap(), Message::Binary(b"bob".to_vec().into()));
    assert_eq!(ann.next().await.unwrap().unwrap(), Message::Text("ann".into()));
    server.stop().await;
}
