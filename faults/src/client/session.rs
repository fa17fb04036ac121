//! Connects and reconnects until the client is dropped.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use parking_lot::Mutex;
use parlor_protocol::{ClientFrame, Millis, ServerFrame};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IteratorRandom};
use tokio::{
    sync::{Notify, mpsc},
    time::{sleep, sleep_until, timeout},
};

use super::{
    Backoff, Config, Http, Order, link,
    link::LinkEvent,
    state::{Cursors, State},
};

const OPEN_TIMEOUT: Duration = Duration::from_secs(4);

/// Maximum grace after a missed heartbeat.
const MOST_GRACE: Duration = Duration::from_secs(10);

/// How a connection ended.
struct Closed {
    /// It received `welcome`.
    greeted: bool,
    /// Delay requested by the server.
    after: Option<Duration>,
    /// The person was banned.
    for_good: bool,
}

pub(super) struct Session {
    pub(super) config: Config,
    pub(super) http: Http,
    pub(super) state: Arc<Mutex<State>>,
    pub(super) rng: StdRng,
    /// The newest `id` of an event stream, and what it says.
    pub(super) newest_id: Option<(String, Cursors)>,
    wake: Arc<Notify>,
    orders: mpsc::UnboundedReceiver<Order>,
}

pub(super) async fn run(
    config: Config,
    state: Arc<Mutex<State>>,
    wake: Arc<Notify>,
    orders: mpsc::UnboundedReceiver<Order>,
) {
    let http = config.addresses.first().context("no address").and_then(|first| Http::new(*first));
    let http = match http {
        Ok(http) => http,
        Err(error) => return state.lock().protocol_error(format!("{error:#}")),
    };
    let (rng, backoff) = (StdRng::seed_from_u64(config.seed), config.backoff);
    let mut session = Session { config, http, state, rng, newest_id: None, wake, orders };
    let mut failures = 0;
    loop {
        let closed = session.connection().await;
        session.state.lock().disconnected();
        if closed.for_good {
            return;
        }
        session.change_node();
        failures = if closed.greeted { 0 } else { failures + 1 };
        let wait = backoff.wait(failures, &mut session.rng);
        sleep(closed.after.unwrap_or_default().max(wait)).await;
        session.state.lock().stats.reconnects += 1;
    }
}

impl Backoff {
    fn wait(self, failures: u32, rng: &mut StdRng) -> Duration {
        let wait = self.first.saturating_mul(1 << failures.min(16)).min(self.most);
        if self.jitter { wait.mul_f64(rng.random_range(0.5..1.0)) } else { wait }
    }
}

impl Session {
    /// Connects to another node next time, if there is one.
    fn change_node(&mut self) {
        let now = self.http.address();
        let others = self.config.addresses.iter().filter(|address| **address != now);
        if let Some(next) = others.choose(&mut self.rng) {
            self.http.set_address(*next);
        }
    }

    async fn connection(&mut self) -> Closed {
        let mut closed = Closed { greeted: false, after: None, for_good: false };
        let opened = timeout(OPEN_TIMEOUT, link::open(self)).await;
        let mut link = match opened.map_err(anyhow::Error::from).and_then(|opened| opened) {
            Ok(link) => link,
            Err(error) => {
                self.state.lock().note(format!("not opened: {error:#}"));
                return closed;
            }
        };
        self.state.lock().connecting(self.http.address());
        let mut last_activity = Instant::now();
        let mut next_ping = Instant::now();
        loop {
            closed.greeted |= self.state.lock().greeted();
            let to_reload = self.state.lock().to_reload().filter(|_| closed.greeted);
            if let Some(room) = to_reload {
                self.newest_id = None;
                let page = match self.http.newest_page(&self.config.made.token, &room).await {
                    Ok(page) => page,
                    Err(error) => {
                        self.state.lock().note(format!("no page: {error:#}"));
                        return closed;
                    }
                };
                self.state.lock().reloaded(&room, &page);
                last_activity = Instant::now();
                continue;
            }
            let now = Instant::now();
            let (mut frames, pause_end, heartbeat) = {
                let mut state = self.state.lock();
                (state.ready(now), state.next_pause_end(), state.heartbeat())
            };
            if closed.greeted && next_ping <= now {
                next_ping = now + heartbeat / 2;
                frames.push(ClientFrame::Ping { at: unix_millis() });
            }
            if !frames.is_empty() {
                link.send(frames);
            }
            let silent = last_activity + heartbeat + (heartbeat / 2).min(MOST_GRACE);
            let due = [Some(next_ping), pause_end, Some(silent)].into_iter().flatten().filter(|due| *due > now).min();
            tokio::select! {
                event = link.next() => {
                    last_activity = Instant::now();
                    if !self.handle(event, &mut closed) {
                        return closed;
                    }
                }
                order = self.orders.recv() => match order {
                    Some(Order::Freeze(time)) => {
                        sleep(time).await;
                        // Not silence: frames may have arrived and were not read.
                        last_activity = Instant::now();
                    }
                    Some(Order::Drop) | None => return closed,
                },
                () = self.wake.notified() => {}
                () = sleep_until(due.unwrap_or(silent).into()) => {
                    if silent <= Instant::now() {
                        let mut state = self.state.lock();
                        state.stats.silences += 1;
                        state.note("silence");
                        return closed;
                    }
                }
            }
        }
    }

    /// Handles an event. False if the connection ended.
    fn handle(&mut self, event: LinkEvent, closed: &mut Closed) -> bool {
        match event {
            LinkEvent::Activity => true,
            LinkEvent::Frame(ServerFrame::Bye { code, reason, reconnect, after_ms }) => {
                closed.for_good = !reconnect && self.state.lock().may_end;
                if !reconnect && !closed.for_good {
                    self.state.lock().protocol_error(format!("bye for good: {code} {reason}"));
                }
                self.state.lock().note(format!("bye: {code} {reason}"));
                closed.after = after_ms.map(Duration::from_millis);
                false
            }
            LinkEvent::Frame(frame) => {
                self.state.lock().receive(frame, Instant::now());
                true
            }
            LinkEvent::Id(id, cursors) => {
                self.newest_id = Some((id, cursors));
                true
            }
            LinkEvent::Invalid(text) => {
                self.state.lock().protocol_error(format!("unreadable: {text}"));
                true
            }
            LinkEvent::Closed(why) => {
                self.state.lock().note(why);
                false
            }
        }
    }
}

fn unix_millis() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or_default()
}
