//! A thousand streams, opened and dropped, leave nothing in the process.

use std::{net::SocketAddr, time::Instant};

use tempfile::TempDir;
use tokio::{net::TcpStream, task::JoinSet};

use super::{KINDS, ask, gauges, read_until};
use crate::support::{PATIENCE, process::Process};

const STREAMS: usize = 1_000;
const ROUNDS: usize = 12;

/// What the third round may leave beyond the first, in bytes. The allocator keeps free pages and spreads what comes over
/// several arenas, so the figure moves by a megabyte or two by itself; 1,000 streams that were not let go would be
/// several times this (a task, a decoder and a socket of some kilobytes each, twice over).
const SLACK: u64 = 4 << 20;

/// A stream whose first tick or answer has come.
async fn open(address: SocketAddr, path: &str, websocket: bool) -> TcpStream {
    let mut stream = ask(address, path, websocket).await;
    read_until(&mut stream, if path == "/lab/echo" { "\r\n\r\n" } else { "\"seq\":1" }).await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_are_counted_and_forgotten() {
    // A socket each, here and there.
    rlimit::increase_nofile_limit(4_096).unwrap();
    let folder = TempDir::new().unwrap();
    let process = Process::start_with(folder.path(), &["--rate-limits", "off"]);
    let address = process.address;
    let mut after = Vec::new();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        // Pollers ask again and again; of the others each is opened once.
        let mut pollers = JoinSet::new();
        let mut opening = JoinSet::new();
        for (n, (kind, path, websocket)) in KINDS.into_iter().cycle().take(STREAMS).enumerate() {
            if kind == "poll" {
                pollers.spawn(async move {
                    let mut stream = ask(address, path, websocket).await;
                    loop {
                        read_until(&mut stream, "}").await;
                        use tokio::io::AsyncWriteExt;
                        stream.write_all(super::request(path, false).as_bytes()).await.unwrap();
                    }
                });
            } else {
                opening.spawn(open(address, path, websocket));
            }
            if n % 100 == 99 {
                tokio::task::yield_now().await;
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
        println!(
            "round {round}: {} KiB with {STREAMS} streams, {} KiB after, {:.1} s",
            held >> 10,
            after[round] >> 10,
            begun.elapsed().as_secs_f64()
        );
        assert!(begun.elapsed() < PATIENCE);
    }
    assert!(after[ROUNDS - 1] <= after[0] + SLACK, "{after:?}");
}
