//! One connection after another, until the client is dropped.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::{ClientFrame, Millis, ServerFrame};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    sync::{Notify, mpsc},
    time::{sleep, sleep_until, timeout},
};

use super::{
    Backoff, Config, Http, Order, link,
    link::Heard,
    state::{Cursors, State},
};

/// Time to open a connection, whatever the transport.
const OPEN_TIMEOUT: Duration = Duration::from_secs(4);

/// Longest time that the protocol gives beyond a heartbeat.
const MOST_GRACE: Duration = Duration::from_secs(10);

/// What a connection was in the end.
struct Closed {
    /// It came to a welcome.
    greeted: bool,
    /// The server asked to wait so long.
    after: Option<Duration>,
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
    let http = match Http::new(config.address) {
        Ok(http) => http,
        Err(error) => return state.lock().complain(format!("{error:#}")),
    };
    let (rng, backoff) = (StdRng::seed_from_u64(config.seed), config.backoff);
    let mut session = Session { config, http, state, rng, newest_id: None, wake, orders };
    let mut failures = 0;
    loop {
        let closed = session.connection().await;
        session.state.lock().disconnected();
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
    async fn connection(&mut self) -> Closed {
        let mut closed = Closed { greeted: false, after: None };
        let opened = timeout(OPEN_TIMEOUT, link::open(self)).await;
        let mut link = match opened.map_err(anyhow::Error::from).and_then(|opened| opened) {
            Ok(link) => link,
            Err(error) => {
                self.state.lock().note(format!("not opened: {error:#}"));
                return closed;
            }
        };
        let mut last_heard = Instant::now();
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
                last_heard = Instant::now();
                continue;
            }
            let now = Instant::now();
            let (mut frames, held, heartbeat) = {
                let mut state = self.state.lock();
                (state.ready(now), state.next_held(), state.heartbeat())
            };
            if closed.greeted && next_ping <= now {
                next_ping = now + heartbeat / 2;
                frames.push(ClientFrame::Ping { at: unix_millis() });
            }
            if !frames.is_empty() {
                link.say(frames);
            }
            let silent = last_heard + heartbeat + (heartbeat / 2).min(MOST_GRACE);
            let due = [Some(next_ping), held, Some(silent)].into_iter().flatten().filter(|due| *due > now).min();
            tokio::select! {
                heard = link.hear() => {
                    last_heard = Instant::now();
                    if !self.heard(heard, &mut closed) {
                        return closed;
                    }
                }
                order = self.orders.recv() => match order {
                    Some(Order::Freeze(time)) => {
                        sleep(time).await;
                        // What came meanwhile has not been read: it is no silence.
                        last_heard = Instant::now();
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

    /// False when that was the end.
    fn heard(&mut self, heard: Heard, closed: &mut Closed) -> bool {
        match heard {
            Heard::Sign => true,
            Heard::Frame(ServerFrame::Bye { code, reason, reconnect, after_ms }) => {
                if !reconnect {
                    self.state.lock().complain(format!("bye for good: {code} {reason}"));
                }
                self.state.lock().note(format!("bye: {code} {reason}"));
                closed.after = after_ms.map(Duration::from_millis);
                false
            }
            Heard::Frame(frame) => {
                self.state.lock().hear(frame, Instant::now());
                true
            }
            Heard::Id(id, cursors) => {
                self.newest_id = Some((id, cursors));
                true
            }
            Heard::Garbled(text) => {
                self.state.lock().complain(format!("unreadable: {text}"));
                true
            }
            Heard::Ended(why) => {
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
