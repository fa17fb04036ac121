//! Many clients in the lobby, one of which sends at a steady rate; measures delivery latency by phase.
//!
//! Open loop: messages are sent by the clock. Latency is from just before a message is written to when a client has read it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use futures::{StreamExt, TryStreamExt};
use parlor_protocol::{ClientFrame, CommandId, Cursor, PROTOCOL_VERSION, RoomId, Seq, ServerFrame};
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use parlor_bench::sessions;

use crate::{
    phases::Phase,
    wire::{FrameReader, FrameWriter, Received, Wire, number_in},
};

/// Connections opened concurrently.
const AT_ONCE: usize = 64;

/// Messages per second.
pub(crate) const RATE: u32 = 25;

/// A typical message of about 120 bytes.
const BODY: &str = "See you at *seven* then, I will bring the **salad** and something to drink; tell Ann to bring the \
                    chairs, we have too few.";

/// Receive buffer of clients that stop reading. Small, so that the server has to buffer; large enough to keep up while
/// they read.
const STALLED_RECEIVE_BUFFER: u32 = 16 * 1024;

/// Heartbeat interval of clients that do not read, so that the server does not close them.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Time for the deliveries of a phase.
const TAIL: Duration = Duration::from_secs(20);

/// Presence is settled after this time without updates, which are sent once per second.
const QUIET: Duration = Duration::from_millis(1_600);

/// Time for all presence updates.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(120);

/// Number of seconds that are recorded separately.
const MAX_SECONDS: usize = 600;

pub(crate) struct LobbyLoad {
    shared: Arc<Shared>,
    tasks: JoinSet<anyhow::Result<()>>,
    stall: watch::Sender<bool>,
}

struct Shared {
    /// Number of clients whose deliveries are timed.
    listeners: usize,
    state: Mutex<State>,
}

struct State {
    /// When each message was sent and whether it is timed, by seq from 1.
    sent: Vec<(Instant, bool)>,
    /// Whether messages are timed now.
    counting: bool,
    /// Outstanding timed deliveries.
    due: usize,
    phase_began: Instant,
    /// Latencies, by the second of the phase in which the message was sent.
    times: Vec<Vec<Duration>>,
    last_presence: Instant,
    /// Number of `gap` frames of clients that had stopped reading.
    gaps: usize,
}

impl State {
    fn delivered(&mut self, sent: Instant, now: Instant) {
        let second = sent.saturating_duration_since(self.phase_began).as_secs();
        let second = usize::try_from(second).unwrap_or(usize::MAX).min(MAX_SECONDS);
        if self.times.len() <= second {
            self.times.resize_with(second + 1, Vec::new);
        }
        self.times[second].push(now.saturating_duration_since(sent));
        self.due -= 1;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LobbyLoad {
    /// Connects clients to the lobby of an empty server; `stalling` of them can stop reading. Returns when presence is
    /// settled and the sender runs.
    pub(crate) async fn gather(address: SocketAddr, members: usize, stalling: usize) -> anyhow::Result<Self> {
        let tokens = sessions::many(address, members + 1).await?;
        let (writer, tokens) = tokens.split_last().context("no clients")?;
        let begun = Instant::now();
        let state = State {
            sent: Vec::new(),
            counting: false,
            due: 0,
            phase_began: begun,
            times: Vec::new(),
            last_presence: begun,
            gaps: 0,
        };
        let shared = Arc::new(Shared { listeners: members - stalling, state: Mutex::new(state) });
        let (stall, stalled) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut coming = futures::stream::iter(tokens.iter().enumerate())
            .map(|(number, token)| async move {
                let stalls = number < stalling;
                let wire = greet(address, token, true, stalls.then_some(STALLED_RECEIVE_BUFFER)).await?;
                anyhow::Ok((stalls, wire))
            })
            .buffer_unordered(AT_ONCE);
        while let Some((stalls, wire)) = coming.try_next().await? {
            if stalls {
                tasks.spawn(listen_or_not(wire, stalled.clone(), shared.clone()));
            } else {
                tasks.spawn(listen(wire, shared.clone()));
            }
        }
        drop(coming);
        let Wire { down, up } = greet(address, writer, false, None).await?;
        let mut lobby = Self { shared: shared.clone(), tasks, stall };
        lobby.wait_for_presence().await?;
        lobby.tasks.spawn(receive_acks(down));
        lobby.tasks.spawn(write(up, shared));
        Ok(lobby)
    }

    /// Waits until presence is settled.
    async fn wait_for_presence(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.shared.state().last_presence.elapsed() < QUIET {
            ensure!(begun.elapsed() < PRESENCE_TIMEOUT, "presence updates did not settle");
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.check_tasks()?;
        }
        Ok(())
    }

    /// Starts timing deliveries.
    pub(crate) fn begin_phase(&self) {
        let mut state = self.shared.state();
        (state.counting, state.phase_began) = (true, Instant::now());
    }

    /// Latencies of all messages sent in the phase.
    pub(crate) async fn end_phase(&mut self) -> anyhow::Result<Phase> {
        let begun = Instant::now();
        self.shared.state().counting = false;
        loop {
            self.check_tasks()?;
            {
                let mut state = self.shared.state();
                if state.due == 0 {
                    return Phase::new(std::mem::take(&mut state.times));
                }
                ensure!(begun.elapsed() < TAIL, "{} deliveries did not come", state.due);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes clients stop or resume reading.
    pub(crate) fn stall(&self, stalled: bool) {
        self.stall.send_replace(stalled);
    }

    /// Number of `gap` frames of clients that had stopped reading.
    pub(crate) fn gaps(&self) -> usize {
        self.shared.state().gaps
    }

    fn check_tasks(&mut self) -> anyhow::Result<()> {
        match self.tasks.try_join_next() {
            None => Ok(()),
            Some(ended) => ended?.and_then(|()| bail!("a client disconnected")).context("the lobby is incomplete"),
        }
    }
}

/// Connects, sends `hello` and optionally joins the lobby.
async fn greet(address: SocketAddr, token: &str, join: bool, receive_buffer: Option<u32>) -> anyhow::Result<Wire> {
    let mut wire = Wire::connect(address, token, receive_buffer).await?;
    let resume = if join { vec![lobby()] } else { Vec::new() };
    wire.up.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await?;
    let head = wire.wait_for(|frame| match frame {
        ServerFrame::Joined { head, .. } => Some(head),
        ServerFrame::Welcome { .. } if !join => Some(0),
        _ => None,
    });
    ensure!(head.await.context("not let in")? == 0, "the lobby is not empty");
    Ok(wire)
}

fn lobby() -> Cursor {
    Cursor { room: RoomId::lobby(), after: None, tail: None }
}

async fn write(mut up: FrameWriter, shared: Arc<Shared>) -> anyhow::Result<()> {
    let mut clock = tokio::time::interval(Duration::from_secs(1) / RATE);
    loop {
        clock.tick().await;
        let id = CommandId(Uuid::now_v7());
        let frame = ClientFrame::Send { id, room: RoomId::lobby(), body: BODY.into(), reply_to: None };
        {
            let mut state = shared.state();
            let counts = state.counting;
            state.sent.push((Instant::now(), counts));
            state.due += if counts { shared.listeners } else { 0 };
        }
        up.say(&frame).await?;
    }
}

/// Acks arrive in the order of sending, so the n-th message has seq n unless one was rejected.
async fn receive_acks(mut down: FrameReader) -> anyhow::Result<()> {
    loop {
        match down.next().await.context("the writer")? {
            Received::Text(text) if text.starts_with(r#"{"type":"refused""#) => bail!("the writer: {text}"),
            Received::Closed(code) => bail!("the writer was closed with {code}"),
            // The messages serve as heartbeats.
            _ => {}
        }
    }
}

async fn listen(mut wire: Wire, shared: Arc<Shared>) -> anyhow::Result<()> {
    let mut last: Seq = 0;
    loop {
        match wire.down.next().await.context("a listener")? {
            Received::Text(text) => {
                let now = Instant::now();
                if text.starts_with(r#"{"type":"event""#) {
                    let seq = number_in(text, "seq").context("an event without a seq")?;
                    ensure!(seq == last + 1, "event {seq} came after {last}");
                    last = seq;
                    let mut state = shared.state();
                    let number = usize::try_from(seq - 1)?;
                    let (sent, counts) = *state.sent.get(number).context("an event without a sender")?;
                    if counts {
                        state.delivered(sent, now);
                    }
                } else {
                    ensure!(!text.starts_with(r#"{"type":"gap""#), "a listener: {text}");
                    shared.state().last_presence = now;
                }
            }
            Received::Ping => wire.up.pong().await?,
            Received::Closed(code) => bail!("a listener was closed with {code}"),
            Received::Other => {}
        }
    }
}

/// Reads, except while told to stall.
async fn listen_or_not(mut wire: Wire, mut stalled: watch::Receiver<bool>, shared: Arc<Shared>) -> anyhow::Result<()> {
    loop {
        while *stalled.borrow_and_update() {
            tokio::select! {
                changed = stalled.changed() => changed?,
                () = tokio::time::sleep(SIGN_OF_LIFE) => wire.up.pong().await.context("a stalled client")?,
            }
        }
        let received = tokio::select! {
            changed = stalled.changed() => {
                changed?;
                continue;
            }
            received = wire.down.next() => received.context("a stalled client")?,
        };
        match received {
            Received::Text(text) if text.starts_with(r#"{"type":"gap""#) => {
                shared.state().gaps += 1;
                wire.up.say(&ClientFrame::Join(lobby())).await?;
            }
            Received::Ping => wire.up.pong().await?,
            Received::Closed(code) => bail!("a stalled client was closed with {code}"),
            Received::Text(_) | Received::Other => {}
        }
    }
}
