//! Cost for others when one guest sends many frames over many connections.
//!
//! The guest's connections are in a process of their own with the lowest priority, the measured people on a thread of their
//! own: neither waits for the load that it measures.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use futures::{StreamExt, TryStreamExt};
use parlor_protocol::{ClientFrame, CommandId, Cursor, PROTOCOL_VERSION, RoomId, ServerFrame};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout, Command},
    sync::watch,
    task::JoinSet,
};
use uuid::Uuid;

use parlor_bench::sessions;

use crate::{
    Row, machine,
    phases::{Comparison, Phase, PhasePlan},
    server_process::{ServerProcess, data_folder},
    stats::thousands,
    wire::{Received, Wire, text_in},
};

/// Connections of the guest. A server allows 1,000 of one address.
const SOCKETS: usize = 900;

/// Unread marks that these send at once, in each phase. A server allows 20,000 frames of one user at once.
const MARKS: usize = 15_000;

/// People whose messages are timed, and how often each sends. A server allows 50 a second.
const PEOPLE: usize = 4;
const RATE: u32 = 40;

/// Connections opened concurrently.
const AT_ONCE: usize = 32;

const WARM_UP: Duration = Duration::from_secs(2);

/// Time between phases, in which the server forgets the frames of the one before.
const SETTLE: Duration = Duration::from_secs(16);

/// The connections of the guest, as a process.
#[derive(Args, Clone, Debug)]
pub(crate) struct FloodArgs {
    #[arg(long)]
    address: SocketAddr,
    #[arg(long)]
    token: String,
}

pub(crate) async fn with_a_flood(binary: &Path, plan: &PhasePlan) -> anyhow::Result<Vec<Row>> {
    machine::all_sockets(SOCKETS + PEOPLE)?;
    let data = data_folder(binary)?;
    let server = ServerProcess::start_limited(binary, data.path())?;
    let mut tokens = sessions::many(server.address(), PEOPLE + 1).await?;
    let guest = tokens.pop().context("no session")?;
    let mut people = People::gather(server.address(), tokens)?;
    tokio::time::sleep(WARM_UP).await;
    let mut flood = Flood::start(server.address(), &guest).await?;
    tokio::time::sleep(SETTLE).await;

    let (server_busy, own_busy) = (machine::Busy::of(server.pid()), machine::Busy::of(std::process::id()));
    let mut found = Comparison::default();
    found.without(people.phase(plan).await?);
    for _ in 0..plan.rounds {
        flood.begin().await?;
        found.with(people.phase(plan).await?);
        flood.end().await?;
        tokio::time::sleep(SETTLE).await;
        found.without(people.phase(plan).await?);
    }
    let busy = machine::describe_load(&server_busy, &own_busy);
    eprintln!("figures: p99 of the phases: {}", found.phases());
    Ok(vec![Row {
        figure: format!("{SOCKETS} sockets of a guest send {} marks at once", thousands(MARKS as u64)),
        value: found.describe(),
        how: format!(
            "from sent to acked, {PEOPLE} people with {RATE} messages/s each, rate limits on, {} phases of {} s that begin \
             with the marks in turn with phases in which the sockets are idle; the guest's process has the lowest priority; \
             {busy}",
            plan.rounds, plan.seconds,
        ),
    }])
}

/// The times from sent to acked, with the time when each message was sent.
type Times = Arc<Mutex<Vec<(Instant, Duration)>>>;

/// People who send messages at a steady rate.
struct People {
    times: Times,
    thread: thread::JoinHandle<anyhow::Result<()>>,
}

impl People {
    fn gather(address: SocketAddr, tokens: Vec<String>) -> anyhow::Result<Self> {
        let times = Times::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = times.clone();
        let thread = thread::spawn(move || {
            runtime.block_on(async move {
                let mut tasks = JoinSet::new();
                for token in tokens {
                    tasks.spawn(send(address, token, shared.clone()));
                }
                tasks.join_next().await.context("nobody sends")??
            })
        });
        Ok(Self { times, thread })
    }

    async fn phase(&mut self, plan: &PhasePlan) -> anyhow::Result<Phase> {
        let begun = Instant::now();
        let end = begun + Duration::from_secs(plan.seconds);
        self.take();
        tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
        // The last acks of the phase.
        tokio::time::sleep(Duration::from_secs(1)).await;
        ensure!(!self.thread.is_finished(), "a sender failed");
        let mut seconds = vec![Vec::new(); usize::try_from(plan.seconds)?];
        for (sent, time) in self.take().into_iter().filter(|(sent, _)| (begun..end).contains(sent)) {
            let second = usize::try_from(sent.duration_since(begun).as_secs())?;
            seconds[second].push(time);
        }
        Phase::new(seconds)
    }

    fn take(&self) -> Vec<(Instant, Duration)> {
        std::mem::take(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sends messages by the clock, and times each from when it was due.
async fn send(address: SocketAddr, token: String, times: Times) -> anyhow::Result<()> {
    let mut wire = connect(address, &token).await?;
    let mut clock = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut waiting = HashMap::new();
    loop {
        tokio::select! {
            due = clock.tick() => {
                let id = CommandId(Uuid::now_v7());
                waiting.insert(id.to_string(), due.into_std());
                let frame = ClientFrame::Send { id, room: RoomId::lobby(), body: "How about tea?".into(), reply_to: None };
                wire.up.say(&frame).await?;
            }
            received = wire.down.next() => match received? {
                Received::Text(text) if text.starts_with(r#"{"type":"ack""#) => {
                    let sent: Instant = text_in(text, "id").and_then(|id| waiting.remove(id)).context("an unknown ack")?;
                    times.lock().unwrap_or_else(PoisonError::into_inner).push((sent, sent.elapsed()));
                }
                Received::Text(text) if text.starts_with(r#"{"type":"refused""#) => bail!("a message: {text}"),
                Received::Ping => wire.up.pong().await?,
                Received::Closed(code) => bail!("a sender was closed with {code}"),
                Received::Text(_) | Received::Other => {}
            },
        }
    }
}

async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Wire> {
    let mut wire = Wire::connect(address, token, None).await?;
    let resume = vec![Cursor { room: RoomId::lobby(), after: None, tail: None }];
    wire.up.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await?;
    let joined = |frame| matches!(frame, ServerFrame::Joined { .. }).then_some(());
    wire.wait_for(joined).await.context("not let in")?;
    Ok(wire)
}

/// The process with the guest's connections.
struct Flood {
    commands: ChildStdin,
    answers: tokio::io::Lines<BufReader<ChildStdout>>,
    _process: tokio::process::Child,
}

impl Flood {
    async fn start(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut process = Command::new("nice")
            .args(["-n", "19"])
            .arg(program)
            .args(["flood", "--address", &address.to_string(), "--token", token])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting the guest's process")?;
        let commands = process.stdin.take().context("no input")?;
        let answers = BufReader::new(process.stdout.take().context("no output")?).lines();
        let mut flood = Self { commands, answers, _process: process };
        flood.end().await?;
        Ok(flood)
    }

    /// All connections begin to send.
    async fn begin(&mut self) -> anyhow::Result<()> {
        Ok(self.commands.write_all(b"send\n").await?)
    }

    /// Waits until everything is sent.
    async fn end(&mut self) -> anyhow::Result<()> {
        self.answers.next_line().await?.context("the guest's process has ended").map(drop)
    }
}

/// The process: connects, and sends all marks for each line of input. Prints a line when it is done.
#[allow(clippy::print_stdout)]
pub(crate) async fn run(args: &FloodArgs) -> anyhow::Result<()> {
    let wires: Vec<_> = futures::stream::iter(0..SOCKETS)
        .map(|_| connect(args.address, &args.token))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let (round, rounds) = watch::channel(0_u64);
    let (finished, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for (number, wire) in wires.into_iter().enumerate() {
        // As many of them send one more as are left over.
        let marks = MARKS / SOCKETS + usize::from(number < MARKS % SOCKETS);
        tasks.spawn(mark(wire, marks, rounds.clone(), finished.clone()));
    }
    println!("connected");
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = input.next_line() => {
                if line?.is_none() {
                    return Ok(());
                }
            }
            ended = tasks.join_next() => return ended.context("no connections")??,
        }
        round.send_modify(|round| *round += 1);
        for _ in 0..SOCKETS {
            sent.recv().await.context("no connections")?;
        }
        println!("sent");
    }
}

async fn mark(
    mut wire: Wire,
    marks: usize,
    mut rounds: watch::Receiver<u64>,
    finished: tokio::sync::mpsc::UnboundedSender<()>,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            changed = rounds.changed() => {
                changed?;
                for seq in 0..marks as u64 {
                    // Each changes something.
                    wire.up.say(&ClientFrame::MarkUnread { room: RoomId::lobby(), seq: 1 + seq % 50 }).await?;
                }
                finished.send(())?;
            }
            received = wire.down.next() => match received? {
                Received::Ping => wire.up.pong().await?,
                Received::Closed(code) => bail!("closed by the server with {code}"),
                Received::Text(_) | Received::Other => {}
            },
        }
    }
}
