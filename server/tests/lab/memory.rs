//! The memory of streams: a thousand closed ones release it, and peers that do not read hold little.

use std::{net::SocketAddr, time::Instant};

use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use super::{KINDS, ask, gauges, read_until, request};
use crate::support::{PATIENCE, process::Process};

const STREAMS: usize = 1_000;
const ROUNDS: usize = 9;

/// What the third round may leave beyond the first, in bytes. What is free is not at once where it is needed again, so the
/// allocator takes about 4 MiB more over the first rounds, whatever runs in them. 1,000 streams take about 10 MiB: had they
/// not been let go, it would be 20.
const SLACK: u64 = 6 << 20;

/// And the last beyond the third: by then it has settled, to about 1 MiB. Streams of one kind alone that were not let go
/// would be 12.
const SETTLED: u64 = 3 << 20;

/// Opens a stream and waits for its first tick or response.
async fn open(address: SocketAddr, path: &str, websocket: bool) -> TcpStream {
    let mut stream = ask(address, path, websocket).await;
    read_until(&mut stream, if path == "/lab/echo" { "\r\n\r\n" } else { "\"seq\":1" }).await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_streams_release_their_memory() {
    // One socket on each side.
    rlimit::increase_nofile_limit(4_096).unwrap();
    let folder = TempDir::new().unwrap();
    let process = Process::start_with(folder.path(), &["--rate-limits", "off"]);
    let address = process.address;
    let mut after = Vec::new();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        // Pollers repeat their requests; other streams are opened once.
        let mut pollers = JoinSet::new();
        let mut opening = JoinSet::new();
        for (kind, path, websocket) in KINDS.into_iter().cycle().take(STREAMS) {
            if kind == "poll" {
                pollers.spawn(async move {
                    let mut stream = ask(address, path, websocket).await;
                    loop {
                        read_until(&mut stream, "}").await;
                        stream.write_all(request(path, false).as_bytes()).await.unwrap();
                    }
                });
            } else {
                opening.spawn(open(address, path, websocket));
            }
        }
        let streams = opening.join_all().await;
        gauges(address, |streams| streams["total"] == STREAMS).await;
        let held = process.resident();
        drop(streams);
        pollers.abort_all();
        while pollers.join_next().await.is_some() {}
        gauges(address, |streams| streams["total"] == 0).await;
        after.push(process.resident());
        eprintln!(
            "round {round}: {} KiB with {STREAMS} streams, {} KiB after, {:.1} s",
            held >> 10,
            after[round] >> 10,
            begun.elapsed().as_secs_f64()
        );
        assert!(begun.elapsed() < PATIENCE);
    }
    assert!(after[2] <= after[0] + SLACK, "{after:?}");
    assert!(after[ROUNDS - 1] <= after[2] + SETTLED, "{after:?}");
}

/// Sockets that send and do not read.
const STALLED: usize = 150;

/// What they may add to the server's memory: the 32 MiB of their messages, and the buffers of the sockets' tasks.
const MOST: u64 = 48 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_that_do_not_read_hold_little_memory_together() {
    rlimit::increase_nofile_limit(4_096).unwrap();
    let folder = TempDir::new().unwrap();
    let process = Process::start_with(folder.path(), &["--rate-limits", "off"]);
    let before = process.resident();
    let mut message = vec![0x82, 0x80 | 127];
    message.extend((1_u64 << 20).to_be_bytes());
    message.extend([0; 4]);
    message.resize(message.len() + (1 << 20), b'x');
    let mut sockets = JoinSet::new();
    for _ in 0..STALLED {
        let (address, message) = (process.address, message.clone());
        sockets.spawn(async move {
            let mut stream = open(address, "/lab/echo", true).await;
            let sending = async { while stream.write_all(&message).await.is_ok() {} };
            let _ = tokio::time::timeout(std::time::Duration::from_secs(5), sending).await;
            stream
        });
    }
    let mut most = 0;
    let mut held = Vec::new();
    while let Some(stream) = sockets.join_next().await {
        held.push(stream.unwrap());
        most = most.max(process.resident());
    }
    assert!(most < before + MOST, "{} MiB more", (most - before) >> 20);
    drop(held);
    // Others are served again.
    gauges(process.address, |streams| streams["total"] == 0).await;
    open(process.address, "/lab/echo", true).await;
}
