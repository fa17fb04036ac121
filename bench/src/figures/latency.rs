//! Latency from a message's scheduled time to its delivery to each member of a room.
//!
//! Open loop: messages are sent by the clock, regardless of earlier ones, and latency counts from the scheduled time. So a
//! stalled server cannot hide its delay by slowing down its clients.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use parlor_protocol::{EventKind, Seq, ServerFrame};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    Row,
    client::{self, Client},
    machine,
    server_process::{ServerProcess, data_folder},
    stats::{Samples, ms, thousands},
};

#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    /// Messages per second of all clients together.
    pub(crate) rate: usize,
    pub(crate) seconds: usize,
}

/// Warm-up in seconds.
const WARM_UP: usize = 1;

/// Time for the last deliveries.
const TAIL: Duration = Duration::from_secs(10);

/// Schedule of the messages.
struct Plan {
    begin: OnceLock<Instant>,
    interval: Duration,
    warm_up: usize,
    total: usize,
}

impl Plan {
    fn due(&self, number: usize) -> Option<Instant> {
        Some(*self.begin.get()? + self.interval * u32::try_from(number).ok()?)
    }
}

/// Results of one client.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    events: usize,
    out_of_order: usize,
    acks: usize,
}

pub(crate) async fn send_to_delivered(binary: &Path, load: &Load) -> anyhow::Result<Vec<Row>> {
    let plan = Arc::new(Plan {
        begin: OnceLock::new(),
        interval: Duration::from_secs(1) / u32::try_from(load.rate)?,
        warm_up: load.rate * WARM_UP,
        total: load.rate * (WARM_UP + load.seconds),
    });
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    let (clients, head) = client::enter_lobby(server.address(), load.clients).await?;
    // Presence updates are not part of the measurement.
    tokio::time::sleep(Duration::from_secs(2)).await;

    let mut tasks = JoinSet::new();
    let mut senders = Vec::new();
    for client in clients {
        let (sender, due) = mpsc::unbounded_channel();
        senders.push(sender);
        tasks.spawn(follow(client, head, due, plan.clone()));
    }
    let (server_busy, own_busy) = (machine::Busy::of(server.pid()), machine::Busy::of(std::process::id()));
    let pace = std::thread::spawn({
        let plan = plan.clone();
        move || pace(&plan, &senders)
    });
    let all = async {
        let mut seen = Vec::new();
        while let Some(one) = tasks.join_next().await {
            seen.push(one??);
        }
        anyhow::Ok(seen)
    };
    let time = plan.interval * u32::try_from(plan.total)? + TAIL;
    let seen = tokio::time::timeout(time, all).await.context("not every message arrived everywhere in time")??;
    let busy = machine::describe_load(&server_busy, &own_busy);
    ensure!(pace.join().is_ok(), "the pacing thread failed");

    let out_of_order: usize = seen.iter().map(|one| one.out_of_order).sum();
    ensure!(out_of_order == 0, "{out_of_order} events came out of order, twice, or after a hole");
    let acks: usize = seen.iter().map(|one| one.acks).sum();
    ensure!(acks == plan.total, "{acks} of {} messages were acknowledged", plan.total);
    let events = seen.iter().map(|one| one.events).sum::<usize>() as u64;
    let times = Samples::new(seen.into_iter().flat_map(|one| one.times).collect())?;
    Ok(vec![Row {
        figure: "Send to delivered".into(),
        value: format!(
            "p50 {}, p99 {}, p99.9 {}, max {}",
            ms(times.percentile(50.0)),
            ms(times.percentile(99.0)),
            ms(times.percentile(99.9)),
            ms(times.max())
        ),
        how: format!(
            "{} people in one room, {} messages/s for {} s (open loop, each stored with fsync before delivery), {} \
             deliveries, none lost, duplicated or out of order; {busy}",
            load.clients,
            load.rate,
            load.seconds,
            thousands(events - (plan.warm_up * load.clients) as u64),
        ),
    }])
}

/// Triggers the clients at the scheduled times. A separate thread, because the runtime's timers have a resolution of a
/// millisecond.
fn pace(plan: &Plan, senders: &[mpsc::UnboundedSender<usize>]) {
    plan.begin.get_or_init(|| Instant::now() + Duration::from_millis(50));
    for number in 0..plan.total {
        if let Some(due) = plan.due(number) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        // A failed client reports its own error.
        let _ = senders[number % senders.len()].send(number);
    }
}

/// One client: sends when triggered and reads until the last message.
async fn follow(
    mut client: Client,
    head: Seq,
    mut due: mpsc::UnboundedReceiver<usize>,
    plan: Arc<Plan>,
) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let mut last = head;
    let mut to_send = true;
    let mut unanswered = 0_usize;
    while seen.events < plan.total || unanswered > 0 || to_send {
        let text = tokio::select! {
            number = due.recv(), if to_send => {
                match number {
                    Some(number) => {
                        client.send(body(number)).await?;
                        unanswered += 1;
                    }
                    None => to_send = false,
                }
                continue;
            }
            text = client.receive_text() => text?,
        };
        // Decoding is not part of the latency.
        let now = Instant::now();
        match ServerFrame::decode(&text)? {
            ServerFrame::Event(event) => {
                seen.out_of_order += usize::from(event.seq != last + 1);
                last = event.seq;
                seen.events += 1;
                let EventKind::Message { body, .. } = &event.event else { continue };
                let number = number_in(body).context("an event without a sender")?;
                if number >= plan.warm_up {
                    let due = plan.due(number).context("an event before the first message")?;
                    seen.times.push(now.saturating_duration_since(due));
                }
            }
            ServerFrame::Ack { .. } => {
                seen.acks += 1;
                unanswered = unanswered.saturating_sub(1);
            }
            ServerFrame::Refused { code, message, .. } => anyhow::bail!("refused, {code}: {message}"),
            ServerFrame::Gap { reason, .. } => anyhow::bail!("a gap: {reason:?}"),
            ServerFrame::Bye { reason, .. } => anyhow::bail!("the server said bye: {reason}"),
            _ => {}
        }
    }
    Ok(seen)
}

/// A message of typical length, with some Markdown.
fn body(number: usize) -> String {
    format!("{number} is the number of this **message**, which is as long as most of them")
}

fn number_in(body: &str) -> Option<usize> {
    body.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_carry_their_number() {
        assert_eq!(number_in(&body(1_234)), Some(1_234));
        assert_eq!(number_in("hello"), None);
    }

    #[test]
    fn messages_are_scheduled_by_the_clock() {
        let plan = Plan { begin: OnceLock::new(), interval: Duration::from_millis(20), warm_up: 0, total: 10 };
        assert_eq!(plan.due(1), None);
        let begin = *plan.begin.get_or_init(Instant::now);
        assert_eq!(plan.due(0), Some(begin));
        assert_eq!(plan.due(50), Some(begin + Duration::from_secs(1)));
    }
}
