//! Proxies one connection and injects its fault.

use std::{future::pending, io, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use super::{
    Shared,
    fault::{End, Fault},
    send_detector::SendDetector,
};

/// Maximum number of bytes buffered for a held-back connection.
const MOST_HELD: usize = 256 * 1024;

/// Time until a half-closed connection is closed.
const HALF_CLOSED: Duration = Duration::from_secs(10);

/// Time to deliver remaining bytes after one side closed.
const LAST_BYTES: Duration = Duration::from_millis(300);

/// Time for newer connections to send before a held-back one continues.
const NEWER_SPEAK: Duration = Duration::from_millis(50);

/// State of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// Reads and buffers.
    Hold,
    /// Does not read.
    Shut,
    Closed,
}

/// How bytes are forwarded.
struct Pace {
    fault: Fault,
    rng: StdRng,
    healed: watch::Receiver<u64>,
}

/// Counts `send` frames from the client; after the last one the direction to the client is shut.
struct SendWatcher<'a> {
    detector: SendDetector,
    left: u32,
    down: &'a watch::Sender<Gate>,
    seen: &'a Notify,
    healed: watch::Receiver<u64>,
}

pub(super) async fn run(
    mut client: TcpStream,
    mut upstream: TcpStream,
    fault: Fault,
    mut rng: StdRng,
    number: u64,
    shared: &Shared,
) {
    // Otherwise small pieces would be combined again.
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let healed = shared.healed.subscribe();
    let mut cuts = shared.cuts.subscribe();
    let (up_gate, down_gate, seen) = (watch::Sender::new(Gate::Open), watch::Sender::new(Gate::Open), Notify::new());
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = upstream.split();
        let mut pace = || Pace { fault, rng: StdRng::from_rng(&mut rng), healed: healed.clone() };
        let (up_pace, down_pace) = (pace(), pace());
        let watcher = match fault {
            Fault::LoseAck { sends, .. } => Some(SendWatcher {
                detector: SendDetector::default(),
                left: sends,
                down: &down_gate,
                seen: &seen,
                healed: healed.clone(),
            }),
            _ => None,
        };
        let up = pump(from_client, to_server, up_gate.subscribe(), up_pace, watcher);
        let down = pump(from_server, to_client, down_gate.subscribe(), down_pace, None);
        tokio::select! {
            () = both(up, down) => None,
            end = inject(fault, number, shared, healed.clone(), &up_gate, &down_gate, &seen) => Some(end),
            _ = cuts.changed() => Some(cuts.borrow().1),
        }
    };
    if end == Some(End::Reset) {
        let _ = (client.set_zero_linger(), upstream.set_zero_linger());
    } else if matches!(fault, Fault::HoldBack { .. }) {
        // A reset right after the held-back bytes could overtake them.
        sleep(LAST_BYTES).await;
    }
}

/// Injects the fault. Returns when and how the connection has to end.
async fn inject(
    fault: Fault,
    number: u64,
    shared: &Shared,
    mut healed: watch::Receiver<u64>,
    up: &watch::Sender<Gate>,
    down: &watch::Sender<Gate>,
    seen: &Notify,
) -> End {
    match fault {
        Fault::Pass | Fault::Delay { .. } | Fault::Slice { .. } => {}
        Fault::Cut { after, end } => {
            if passes(after, &mut healed).await {
                return end;
            }
        }
        Fault::HalfClose { after, upward } => {
            if passes(after, &mut healed).await {
                let _ = if upward { up } else { down }.send(Gate::Closed);
                passes(HALF_CLOSED, &mut healed).await;
                return End::Finish;
            }
        }
        Fault::Stall { after, lasts } => {
            if passes(after, &mut healed).await {
                let _ = (up.send(Gate::Shut), down.send(Gate::Shut));
                passes(lasts, &mut healed).await;
                let _ = (up.send(Gate::Open), down.send(Gate::Open));
            }
        }
        Fault::HoldBack { after, lasts, newer } => {
            if passes(after, &mut healed).await {
                let _ = (up.send(Gate::Hold), down.send(Gate::Shut));
                let mut accepted = shared.accepted.subscribe();
                let newer_came = async {
                    let _ = accepted.wait_for(|count| *count >= number + newer).await;
                    // Give them time to send.
                    sleep(NEWER_SPEAK).await;
                };
                tokio::select! {
                    _ = passes(lasts, &mut healed) => {}
                    () = newer_came => {}
                }
                let _ = (up.send(Gate::Open), down.send(Gate::Open));
            }
        }
        Fault::LoseAck { grace, .. } => {
            tokio::select! {
                () = seen.notified() => {
                    sleep(grace).await;
                    return End::Reset;
                }
                _ = healed.changed() => {}
            }
            // The send may have been seen at the same moment; then let its ack through.
            let _ = down.send(Gate::Open);
        }
    }
    pending().await
}

/// Waits. False if the proxy was healed in the meantime.
async fn passes(time: Duration, healed: &mut watch::Receiver<u64>) -> bool {
    timeout(time, healed.changed()).await.is_err()
}

/// Runs both directions. When one fails, the other gets a moment to deliver remaining bytes.
async fn both(up: impl Future<Output = io::Result<()>>, down: impl Future<Output = io::Result<()>>) {
    tokio::pin!(up, down);
    tokio::select! {
        done = &mut up => match done {
            Ok(()) => drop(down.await),
            Err(_) => drop(timeout(LAST_BYTES, down).await),
        },
        done = &mut down => match done {
            Ok(()) => drop(up.await),
            Err(_) => drop(timeout(LAST_BYTES, up).await),
        },
    }
}

async fn pump(
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    mut gate: watch::Receiver<Gate>,
    mut pace: Pace,
    mut watcher: Option<SendWatcher<'_>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let (mut held, mut over) = (Vec::new(), false);
    loop {
        let state = *gate.borrow_and_update();
        match state {
            Gate::Open => {}
            Gate::Closed => return writer.shutdown().await,
            Gate::Shut => {
                let _ = gate.changed().await;
                continue;
            }
            Gate::Hold => {
                tokio::select! {
                    _ = gate.changed() => {}
                    // The client's close is held back as well.
                    read = reader.read(&mut buffer), if !over && held.len() < MOST_HELD => match read {
                        Ok(0) | Err(_) => over = true,
                        Ok(length) => held.extend_from_slice(&buffer[..length]),
                    },
                }
                continue;
            }
        }
        if !held.is_empty() {
            writer.write_all(&std::mem::take(&mut held)).await?;
        }
        if over {
            return writer.shutdown().await;
        }
        let length = tokio::select! {
            _ = gate.changed() => continue,
            read = reader.read(&mut buffer) => read?,
        };
        if length == 0 {
            return writer.shutdown().await;
        }
        if let Some(watcher) = &mut watcher {
            watcher.observe(&buffer[..length]);
        }
        pace.write(&mut writer, &buffer[..length]).await?;
    }
}

impl SendWatcher<'_> {
    fn observe(&mut self, bytes: &[u8]) {
        if self.left == 0 || self.healed.has_changed().unwrap_or(true) {
            return;
        }
        self.left = self.left.saturating_sub(self.detector.feed(bytes));
        if self.left == 0 {
            // Before the send is forwarded, so that its ack cannot pass.
            let _ = self.down.send(Gate::Shut);
            self.seen.notify_one();
        }
    }
}

impl Pace {
    async fn write(&mut self, writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
        let healed = self.healed.has_changed().unwrap_or(true);
        match self.fault {
            Fault::Delay { most } if !healed => {
                sleep(most.mul_f64(self.rng.random())).await;
                writer.write_all(bytes).await
            }
            Fault::Slice { most } if !healed => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(self.rng.random_range(1..=most).min(rest.len()));
                    writer.write_all(piece).await?;
                    tokio::task::yield_now().await;
                    rest = after;
                }
                Ok(())
            }
            _ => writer.write_all(bytes).await,
        }
    }
}
