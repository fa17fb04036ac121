//! The lobby full of people who listen, while one writes at a steady rate: what each delivery takes, phase by phase.
//!
//! Open loop: the writer writes by the clock and waits for nothing, so a server that stalls cannot slow it. A delivery
//! is timed from just before its message is written to when a listener has read it.

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
    turns::Phase,
    wire::{Down, Heard, Up, Wire, number_in},
};

/// Connections that come in at a time.
const AT_ONCE: usize = 64;

/// Messages a second.
pub(crate) const RATE: u32 = 25;

/// What people write, about 120 bytes.
const BODY: &str = "See you at *seven* then, I will bring the **salad** and something to drink; tell Ann to bring the \
                    chairs, we have too few.";

/// The system holds little for those who stop reading, so that it is the server that has to. Not less: while they read,
/// a smaller window would make them slower than what is said.
const STALLED_RECEIVE_BUFFER: u32 = 16 * 1024;

/// Who does not read still speaks this often. Else the server would take it for gone, and there were nothing to hold.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Time for what was sent in a phase to arrive.
const TAIL: Duration = Duration::from_secs(20);

/// News of who came are over when there were none for this long; they are sent once a second.
const QUIET: Duration = Duration::from_millis(1_600);

/// Time for all news of who came.
const NEWS: Duration = Duration::from_secs(120);

/// Longer phases have one long last second.
const MAX_SECONDS: usize = 600;

pub(crate) struct Crowd {
    shared: Arc<Shared>,
    tasks: JoinSet<anyhow::Result<()>>,
    stall: watch::Sender<bool>,
}

struct Shared {
    /// Those whose deliveries are timed.
    listeners: usize,
    state: Mutex<State>,
}

struct State {
    /// When each message was written, and whether it counts: the first has seq 1.
    sent: Vec<(Instant, bool)>,
    /// Whether messages count now.
    counting: bool,
    /// Deliveries that count and have yet to come.
    due: usize,
    phase_began: Instant,
    /// What deliveries took, by the second of the phase in which their message was written.
    times: Vec<Vec<Duration>>,
    last_news: Instant,
    /// Of those who had stopped reading: how often they were told of a gap.
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

impl Crowd {
    /// Brings people into the lobby of a server without history; `stalling` of them can stop reading. Returns when they
    /// have heard of each other, with the writer writing.
    pub(crate) async fn gather(address: SocketAddr, members: usize, stalling: usize) -> anyhow::Result<Self> {
        let tokens = sessions::many(address, members + 1).await?;
        let (writer, tokens) = tokens.split_last().context("nobody is there")?;
        let begun = Instant::now();
        let state = State {
            sent: Vec::new(),
            counting: false,
            due: 0,
            phase_began: begun,
            times: Vec::new(),
            last_news: begun,
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
        let mut crowd = Self { shared: shared.clone(), tasks, stall };
        crowd.hear_the_news().await?;
        crowd.tasks.spawn(hear_acks(down));
        crowd.tasks.spawn(write(up, shared));
        Ok(crowd)
    }

    /// Everyone has been told who else came: until then there is more news than messages.
    async fn hear_the_news(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.shared.state().last_news.elapsed() < QUIET {
            ensure!(begun.elapsed() < NEWS, "there is no end to the news of who came");
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.nobody_ended()?;
        }
        Ok(())
    }

    /// From now on deliveries are timed.
    pub(crate) fn begin_phase(&self) {
        let mut state = self.shared.state();
        (state.counting, state.phase_began) = (true, Instant::now());
    }

    /// What the deliveries took of all messages that were sent in the phase.
    pub(crate) async fn end_phase(&mut self) -> anyhow::Result<Phase> {
        let begun = Instant::now();
        self.shared.state().counting = false;
        loop {
            self.nobody_ended()?;
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

    /// Some stop reading, or read on.
    pub(crate) fn stall(&self, stalled: bool) {
        self.stall.send_replace(stalled);
    }

    /// How often someone who had stopped reading was told of a gap.
    pub(crate) fn gaps(&self) -> usize {
        self.shared.state().gaps
    }

    fn nobody_ended(&mut self) -> anyhow::Result<()> {
        match self.tasks.try_join_next() {
            None => Ok(()),
            Some(ended) => ended?.and_then(|()| bail!("someone went")).context("the crowd is not complete any more"),
        }
    }
}

/// Connects, says hello, and joins the lobby if asked to.
async fn greet(address: SocketAddr, token: &str, join: bool, receive_buffer: Option<u32>) -> anyhow::Result<Wire> {
    let mut wire = Wire::connect(address, token, receive_buffer).await?;
    let resume = if join { vec![lobby()] } else { Vec::new() };
    wire.up.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await?;
    let head = wire.wait_for(|frame| match frame {
        ServerFrame::Joined { head, .. } => Some(head),
        ServerFrame::Welcome { .. } if !join => Some(0),
        _ => None,
    });
    ensure!(head.await.context("not let in")? == 0, "somebody has written already");
    Ok(wire)
}

fn lobby() -> Cursor {
    Cursor { room: RoomId::lobby(), after: None, tail: None }
}

async fn write(mut up: Up, shared: Arc<Shared>) -> anyhow::Result<()> {
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

/// Acks come in the order of what was sent, so the n-th message has seq n unless one was refused.
async fn hear_acks(mut down: Down) -> anyhow::Result<()> {
    loop {
        match down.next().await.context("the writer")? {
            Heard::Text(text) if text.starts_with(r#"{"type":"refused""#) => bail!("the writer: {text}"),
            Heard::Closed(code) => bail!("the writer was closed with {code}"),
            // What is written is sign of life enough.
            _ => {}
        }
    }
}

async fn listen(mut wire: Wire, shared: Arc<Shared>) -> anyhow::Result<()> {
    let mut last: Seq = 0;
    loop {
        match wire.down.next().await.context("a listener")? {
            Heard::Text(text) => {
                let now = Instant::now();
                if text.starts_with(r#"{"type":"event""#) {
                    let seq = number_in(text, "seq").context("an event without a seq")?;
                    ensure!(seq == last + 1, "event {seq} came after {last}");
                    last = seq;
                    let mut state = shared.state();
                    let number = usize::try_from(seq - 1)?;
                    let (sent, counts) = *state.sent.get(number).context("an event that nobody sent")?;
                    if counts {
                        state.delivered(sent, now);
                    }
                } else {
                    ensure!(!text.starts_with(r#"{"type":"gap""#), "a listener: {text}");
                    shared.state().last_news = now;
                }
            }
            Heard::Ping => wire.up.pong().await?,
            Heard::Closed(code) => bail!("a listener was closed with {code}"),
            Heard::Other => {}
        }
    }
}

/// Listens, and stops to while told so.
async fn listen_or_not(mut wire: Wire, mut stalled: watch::Receiver<bool>, shared: Arc<Shared>) -> anyhow::Result<()> {
    loop {
        while *stalled.borrow_and_update() {
            tokio::select! {
                changed = stalled.changed() => changed?,
                () = tokio::time::sleep(SIGN_OF_LIFE) => wire.up.pong().await.context("one who has stopped reading")?,
            }
        }
        let heard = tokio::select! {
            changed = stalled.changed() => {
                changed?;
                continue;
            }
            heard = wire.down.next() => heard.context("one who had stopped reading")?,
        };
        match heard {
            Heard::Text(text) if text.starts_with(r#"{"type":"gap""#) => {
                shared.state().gaps += 1;
                wire.up.say(&ClientFrame::Join(lobby())).await?;
            }
            Heard::Ping => wire.up.pong().await?,
            Heard::Closed(code) => bail!("one who had stopped reading was closed with {code}"),
            Heard::Text(_) | Heard::Other => {}
        }
    }
}
