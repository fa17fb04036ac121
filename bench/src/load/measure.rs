//! A run with persistent connections: connect, warm up, measure, and wait for outstanding deliveries.

use std::time::Duration;

use anyhow::{Context, ensure};

use super::{
    Dialect, LoadArgs, Memory, Pace, Plan, Report, Window,
    clock::nanos,
    dialect::Entry,
    engine::{Engine, Nobody},
    traffic::Traffic,
};
use crate::machine;

/// Connections opened concurrently.
const AT_ONCE: usize = 64;

/// Time for all connections and their presence updates.
const COMING: Duration = Duration::from_secs(120);

/// Presence is settled after this time without updates, which are sent once per second.
const QUIET: Duration = Duration::from_millis(1_300);

/// Time without progress after which outstanding deliveries count as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause of the generator per member of a room in a closed loop. Shorter than the server needs, as it writes to each member.
const PAUSE_PER_MEMBER: Duration = Duration::from_micros(1);

/// Interval of checks for completion.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// A snapshot of the counters.
#[derive(Clone, Copy)]
struct Mark {
    at: u64,
    deliveries: u64,
    sent: u64,
    heartbeats: u64,
    server_cpu: Option<f64>,
    own_cpu: f64,
}

pub(super) fn run(args: &LoadArgs, plan: &Plan, entries: &[Entry], before: Option<u64>) -> anyhow::Result<Report> {
    let prepared = args.server_memory()?;
    machine::all_sockets(plan.connections)?;
    let mut engine = Engine::new(&args.connect, args.dialect, entries, plan.connections)?;
    let connects_per_second = come_in(&mut engine, plan.connections).context("coming in")?;
    if args.dialect == Dialect::Parlor {
        hear_the_news(&mut engine)?;
    }
    let mut traffic = Traffic::new(args.dialect, plan, entries)?;
    let (first, last) = measure(args, plan, &mut engine, &mut traffic)?;
    let memory = args.server_memory()?;
    traffic.stop();
    arrive(&mut engine, &mut traffic)?;
    let frame_bytes = engine.counts.bytes as f64 / engine.counts.messages.max(1) as f64;
    Ok(Report {
        connections: plan.connections,
        connects_per_second,
        sent: traffic.sent,
        delivered: traffic.delivered,
        frame_bytes,
        violations: traffic.violations(),
        unacked: traffic.unacked(),
        invalid_acks: traffic.invalid_acks(),
        window: last.since(&first),
        latency: traffic.latency(),
        memory: before.zip(prepared).zip(memory).map(|((before, prepared), after)| Memory { before, prepared, after }),
    })
}

/// Opens all connections and returns how many per second.
fn come_in(engine: &mut Engine<'_>, count: usize) -> anyhow::Result<f64> {
    let begun = engine.clock.now();
    let deadline = begun + nanos(COMING);
    let (mut begun_count, mut opened) = (0, 0);
    engine.alarm.set(COMING)?;
    while opened < count {
        while begun_count < count && begun_count - opened < AT_ONCE {
            engine.connect(begun_count, begun_count, None)?;
            begun_count += 1;
        }
        for event in 0..engine.wait()? {
            engine.serve(event, &mut Nobody)?;
        }
        opened += engine.opened.drain(..).count();
        ensure!(engine.clock.now() < deadline, "only {opened} of {count} came in within {COMING:?}");
    }
    let seconds = (engine.clock.now() - begun) as f64 / 1e9;
    Ok(count as f64 / seconds)
}

/// Waits until presence is settled.
fn hear_the_news(engine: &mut Engine<'_>) -> anyhow::Result<()> {
    let deadline = engine.clock.now() + nanos(COMING);
    let (mut last, mut received) = (engine.clock.now(), engine.counts.news);
    while engine.clock.until(last + nanos(QUIET)) > Duration::ZERO {
        ensure!(engine.clock.now() < deadline, "presence updates did not settle");
        engine.alarm.set(engine.clock.until(last + nanos(QUIET)))?;
        for event in 0..engine.wait()? {
            engine.serve(event, &mut Nobody)?;
        }
        if engine.counts.news != received {
            (last, received) = (engine.clock.now(), engine.counts.news);
        }
    }
    Ok(())
}

/// Warms up and measures. Returns the counters at the start and at the end.
fn measure(
    args: &LoadArgs,
    plan: &Plan,
    engine: &mut Engine<'_>,
    traffic: &mut Traffic,
) -> anyhow::Result<(Mark, Mark)> {
    let begun = engine.clock.now();
    let begin = begun + nanos(plan.warm_up);
    let end = begin + nanos(plan.time);
    if let Pace::Paced { .. } = plan.pace {
        traffic.time(begin..end);
    }
    let mut schedule = Schedule::new(plan, begun);
    let members = u32::try_from(plan.members().min(1_000))?;
    let saturated = matches!(plan.pace, Pace::Saturated { .. });
    if saturated {
        traffic.begin();
    }
    let mut first = None;
    loop {
        traffic.send_due(engine)?;
        let now = engine.clock.now();
        if now >= begin && first.is_none() {
            first = Some(Mark::take(args, engine, traffic)?);
        }
        // Also those that were due before the end if the generator is late.
        while schedule.due <= now && schedule.due < end {
            traffic.send(engine, schedule.room, schedule.due)?;
            schedule.next();
        }
        if now >= end {
            break;
        }
        let wake = schedule.due.min(if first.is_none() { begin } else { end });
        engine.alarm.set(engine.clock.until(wake))?;
        let events = engine.wait()?;
        for event in 0..events {
            engine.serve(event, traffic)?;
            traffic.send_due(engine)?;
        }
        if saturated {
            // More is about to arrive; reading later takes fewer reads.
            std::thread::sleep(PAUSE_PER_MEMBER * members);
        }
    }
    let last = Mark::take(args, engine, traffic)?;
    Ok((first.unwrap_or(last), last))
}

/// Schedule of messages in an open loop, one room after another.
struct Schedule {
    due: u64,
    room: usize,
    number: u64,
    begun: u64,
    interval: f64,
    rooms: usize,
}

impl Schedule {
    fn new(plan: &Plan, begun: u64) -> Self {
        let (due, interval) = match plan.pace {
            Pace::Paced { rate } => (begun, 1e9 / rate),
            _ => (u64::MAX, 0.0),
        };
        Self { due, room: 0, number: 0, begun, interval, rooms: plan.rooms }
    }

    fn next(&mut self) {
        self.number += 1;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Nanoseconds of an hour at most.
        let after = (self.number as f64 * self.interval) as u64;
        self.due = self.begun + after;
        self.room = (self.room + 1) % self.rooms;
    }
}

/// Waits for outstanding deliveries.
fn arrive(engine: &mut Engine<'_>, traffic: &mut Traffic) -> anyhow::Result<()> {
    let mut progress = (engine.clock.now(), 0);
    loop {
        let waits_for = traffic.outstanding() + traffic.unacked();
        let now = engine.clock.now();
        if waits_for != progress.1 {
            progress = (now, waits_for);
        }
        if waits_for == 0 || now > progress.0 + nanos(PATIENCE) {
            return Ok(());
        }
        let look = now + nanos(CHECK_INTERVAL);
        while engine.clock.until(look) > Duration::ZERO {
            engine.alarm.set(engine.clock.until(look))?;
            for event in 0..engine.wait()? {
                engine.serve(event, traffic)?;
            }
        }
    }
}

impl Mark {
    fn take(args: &LoadArgs, engine: &Engine<'_>, traffic: &Traffic) -> anyhow::Result<Self> {
        Ok(Self {
            at: engine.clock.now(),
            deliveries: traffic.delivered,
            sent: traffic.sent,
            heartbeats: engine.counts.heartbeats,
            server_cpu: args.server_cpu(),
            own_cpu: machine::processor_seconds(std::process::id()).context("no processor time")?,
        })
    }

    fn since(&self, first: &Self) -> Window {
        Window {
            seconds: (self.at - first.at) as f64 / 1e9,
            deliveries: self.deliveries - first.deliveries,
            sent: self.sent - first.sent,
            heartbeats: self.heartbeats - first.heartbeats,
            connects: 0,
            server_cpu: self.server_cpu.zip(first.server_cpu).map(|(last, first)| last - first),
            own_cpu: self.own_cpu - first.own_cpu,
        }
    }
}
