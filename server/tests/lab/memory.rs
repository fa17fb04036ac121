//! A thousand closed streams release their memory.

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
