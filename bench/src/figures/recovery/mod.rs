//! Time until a thousand clients have reconnected and caught up after the server was killed, and whether any message was
//! lost.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt};
use parlor_faults::checker::{ClientLog, History, RoomLog, Summary, check_complete};
use parlor_protocol::{
    RoomId, RoomKind, Seq,
    http::{CreateRoomRequest, CreatedRoom, EventPage},
    limits,
};
use tokio::{
    net::TcpStream,
    sync::{mpsc, watch},
    task::JoinSet,
};

use parlor_bench::sessions;

use crate::{
    Row, machine,
    server_process::{ServerProcess, data_folder},
    stats::{Samples, ms, thousands},
};
use member::{Member, Seen};

mod member;

const MEMBERS: usize = 1_000;
const ROOMS: usize = 50;
const ROOMS_EACH: usize = 5;

/// Clients that also send: the first of each room.
const WRITERS: usize = ROOMS;

/// Messages per second of all senders together; each is delivered to the hundred clients of its room.
const RATE: u32 = 100;

/// Time between a recovery and the next kill.
const BETWEEN: Duration = Duration::from_secs(2);

/// Interval at which the port is probed. One task probes for all clients, which then connect at once.
const PROBE: Duration = Duration::from_millis(2);

/// Time limit of a recovery.
const GIVE_UP: Duration = Duration::from_secs(60);

/// Whether the server is up, and the number of its process, from 1.
#[derive(Clone, Copy, Default)]
struct Server {
    up: bool,
    number: usize,
}

/// State shared by all clients and the coordinator.
#[derive(Clone)]
struct Lead {
    server: watch::Receiver<Server>,
    /// Heads of the rooms, once everything is sent.
    heads: watch::Receiver<Option<Arc<BTreeMap<RoomId, Seq>>>>,
    /// A client has caught up with this server process.
    caught_up: mpsc::UnboundedSender<(usize, Instant)>,
    /// Messages that are not acked yet.
    unacked: Arc<AtomicUsize>,
}

pub(crate) async fn reconnect_after_kill(binary: &Path, runs: usize) -> anyhow::Result<Vec<Row>> {
    machine::all_sockets(MEMBERS + WRITERS)?;
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    let address = server.address();
    let http = reqwest::Client::new();
    let tokens = sessions::many(address, MEMBERS).await?;
    let api = Api { http, base: format!("http://{address}/api"), token: tokens[0].clone() };
    let rooms = api.make_rooms().await?;

    let (up, server_seen) = watch::channel(Server { up: true, number: 1 });
    let (told_heads, heads) = watch::channel(None);
    let (caught_up, mut catching_up) = mpsc::unbounded_channel();
    let unacked = Arc::new(AtomicUsize::new(0));
    let lead = Lead { server: server_seen, heads, caught_up, unacked: unacked.clone() };
    let mut members = JoinSet::new();
    let mut writers = Vec::new();
    for (number, token) in tokens.into_iter().enumerate() {
        let (order, orders) = mpsc::unbounded_channel();
        if number < WRITERS {
            writers.push(order);
        }
        // Steps of seven, so that each room has a different set of clients.
        let own = (0..ROOMS_EACH).map(|step| rooms[(number + step * 7) % ROOMS].clone());
        members.spawn(Member::new(number, address, token, own).live(orders, lead.clone()));
    }
    all_caught_up(&mut catching_up, 1, &mut members).await.context("coming in for the first time")?;

    let load = tokio::spawn(order_steadily(writers.clone(), unacked.clone()));
    let own_busy = machine::Busy::of(std::process::id());
    let (mut back, mut away, mut cut_off) = (Vec::new(), Vec::new(), 0);
    let mut server = Some(server);
    for run in 1..=runs {
        tokio::time::sleep(BETWEEN).await;
        // Kill during commits, acks and deliveries: every client sends, and the kill follows within moments.
        writers.iter().for_each(|writer| order(writer, &unacked));
        tokio::time::sleep(Duration::from_micros(500) * u32::try_from(run * 7 % 20)?).await;
        up.send_modify(|server| server.up = false);
        let old = server.take();
        let killed = Instant::now();
        tokio::task::spawn_blocking(move || old.map(ServerProcess::kill)).await?;
        cut_off += unacked.load(Ordering::Relaxed);
        let (binary, folder) = (binary.to_owned(), data.path().to_owned());
        let starting = tokio::task::spawn_blocking(move || ServerProcess::start_at(&binary, &folder, address));
        while TcpStream::connect(address).await.is_err() {
            ensure!(killed.elapsed() < GIVE_UP, "the server did not come back");
            tokio::time::sleep(PROBE).await;
        }
        up.send_modify(|server| *server = Server { up: true, number: server.number + 1 });
        let last = all_caught_up(&mut catching_up, run + 1, &mut members).await.context("coming back")?;
        let started = starting.await??;
        let time = last.saturating_duration_since(started.ready());
        eprintln!("figures: kill {run}: all are back after {}", ms(time));
        back.push(time);
        away.push(started.ready().saturating_duration_since(killed));
        server = Some(started);
    }
    let busy = own_busy.share().map_or(String::new(), |share| format!("; generator {:.0} % of a core", share * 100.0));
    load.abort();
    drop(load.await);
    drop(writers);
    let begun = Instant::now();
    while unacked.load(Ordering::Relaxed) > 0 {
        ensure!(begun.elapsed() < GIVE_UP, "some messages were never acked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let history = api.history(&rooms).await?;
    told_heads.send_replace(Some(Arc::new(history.iter().map(|(room, log)| (room.clone(), head(log))).collect())));
    let mut logs = Vec::new();
    while let Some(ended) = members.join_next().await {
        logs.push(ended??);
    }
    row(&Samples::new(back)?, &Samples::new(away)?, cut_off, &verdict(history, &logs)?, &busy)
}

/// # Errors
/// A message was lost, duplicated or reordered.
fn verdict(history: BTreeMap<RoomId, RoomLog>, logs: &[ClientLog]) -> anyhow::Result<Summary> {
    check_complete(&History::new(history), logs).map_err(|violations| {
        eprintln!("figures: {violations}");
        anyhow::anyhow!("{} breaks of the guarantees", violations.0.len())
    })
}

fn row(back: &Samples, away: &Samples, cut_off: usize, summary: &Summary, busy: &str) -> anyhow::Result<Vec<Row>> {
    ensure!(summary.sent == summary.stored && summary.acked == summary.sent, "not all is stored: {summary:?}");
    Ok(vec![Row {
        figure: "All back after kill -9".into(),
        value: format!("median {}, worst {}; 0 lost, 0 duplicated", ms(back.median()), ms(back.max())),
        how: format!(
            "{} kills in the midst of {RATE} messages/s, with {cut_off} on their way; from the restarted server's `listening` until all {} people \
             have joined their {ROOMS_EACH} of {ROOMS} rooms and seen everything there, all coming at once (no jitter); \
             from the kill to `listening` {} (median); held by the checker against the server's history: {} messages, \
             each sent until acked, {} deliveries{busy}",
            back.count(),
            thousands(MEMBERS as u64),
            ms(away.median()),
            thousands(summary.stored as u64),
            thousands(summary.seen as u64),
        ),
    }])
}

fn head(log: &RoomLog) -> Seq {
    log.last().map_or(0, |(seq, _)| *seq)
}

fn order(writer: &mpsc::UnboundedSender<()>, unacked: &AtomicUsize) {
    if writer.send(()).is_ok() {
        unacked.fetch_add(1, Ordering::Relaxed);
    }
}

/// Orders messages by the clock, also while the server is down.
async fn order_steadily(writers: Vec<mpsc::UnboundedSender<()>>, unacked: Arc<AtomicUsize>) {
    let mut clock = tokio::time::interval(Duration::from_secs(1) / RATE);
    for writer in writers.iter().cycle() {
        clock.tick().await;
        order(writer, &unacked);
    }
}

/// When the last client had caught up.
async fn all_caught_up(
    catching_up: &mut mpsc::UnboundedReceiver<(usize, Instant)>,
    server: usize,
    members: &mut JoinSet<Seen>,
) -> anyhow::Result<Instant> {
    let mut last = None;
    for count in 0..MEMBERS {
        let one = tokio::select! {
            one = tokio::time::timeout(GIVE_UP, catching_up.recv()) => one,
            Some(ended) = members.join_next() => {
                ended?.context("a member")?;
                anyhow::bail!("a member has gone");
            }
        };
        let one = one.with_context(|| format!("only {count} have everything after {GIVE_UP:?}"))?;
        let (of, at) = one.context("the members have gone")?;
        ensure!(of == server, "someone caught up with server {of}, and {server} is running");
        last = last.max(Some(at));
    }
    last.context("there are no members")
}

struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Api {
    async fn make_rooms(&self) -> anyhow::Result<Vec<RoomId>> {
        let mut rooms = Vec::new();
        for number in 0..ROOMS {
            let new = CreateRoomRequest { name: format!("room {number}"), kind: RoomKind::Public };
            let request = self.http.post(format!("{}/rooms", self.base)).bearer_auth(&self.token).json(&new);
            let made: CreatedRoom = request.send().await?.error_for_status()?.json().await.context("making a room")?;
            rooms.push(made.room.id);
        }
        Ok(rooms)
    }

    /// Reads the full logs.
    async fn history(&self, rooms: &[RoomId]) -> anyhow::Result<BTreeMap<RoomId, RoomLog>> {
        let reading = futures::stream::iter(rooms).map(|room| async move {
            let log = self.log(room).await.with_context(|| format!("reading the history of {room}"))?;
            anyhow::Ok((room.clone(), log))
        });
        reading.buffer_unordered(2).try_collect().await
    }

    async fn log(&self, room: &RoomId) -> anyhow::Result<RoomLog> {
        let mut log = RoomLog::new();
        loop {
            let (after, limit) = (head(&log), limits::MAX_EVENT_PAGE_SIZE);
            let address = format!("{}/rooms/{room}/events?after={after}&limit={limit}", self.base);
            let answer = self.http.get(address).bearer_auth(&self.token).send().await?;
            let page: EventPage = answer.error_for_status()?.json().await?;
            if page.events.is_empty() {
                ensure!(page.head == head(&log), "it ends at {} and should at {}", head(&log), page.head);
                return Ok(log);
            }
            log.extend(page.events.iter().map(|event| (event.seq, event.id)));
        }
    }
}
