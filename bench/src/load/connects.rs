//! A run in which connections come and go: each is closed cleanly as soon as it is in, and another takes its place.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context, ensure};

use super::{
    Ask, Plan, Report, Window,
    clock::nanos,
    dialect::Entry,
    engine::{Engine, Nobody},
};
use crate::machine;

/// Addresses to come from, one after the other: those of one are soon used up, as the system keeps them for a while.
const SOURCES: usize = 64;

/// A turn that takes longer has stopped.
const STALLED: Duration = Duration::from_secs(10);

pub(super) fn run(ask: &Ask, plan: &Plan, entries: &[Entry], at_once: usize) -> anyhow::Result<Report> {
    machine::all_sockets(at_once)?;
    let mut engine = Engine::new(ask.connect, ask.dialect, entries, at_once)?;
    let mut coming = Coming { entries: entries.len(), begun: 0 };
    for place in 0..at_once {
        coming.next(&mut engine, place)?;
    }
    let begin = engine.clock.now() + nanos(plan.warm_up);
    let end = begin + nanos(plan.time);
    let (mut connects, mut first) = (0_u64, None);
    loop {
        let now = engine.clock.now();
        if now >= begin && first.is_none() {
            first = Some((now, connects, cpu(ask)?));
        }
        if now >= end {
            break;
        }
        engine.alarm.set(STALLED)?;
        let events = engine.wait()?;
        for event in 0..events {
            engine.serve(event, &mut Nobody)?;
        }
        ensure!(engine.clock.now() < now + nanos(STALLED), "nobody has come in for {STALLED:?}");
        while let Some(place) = engine.opened.pop() {
            engine.close(place)?;
        }
        while let Some(place) = engine.ended.pop() {
            connects += 1;
            coming.next(&mut engine, place)?;
        }
    }
    let (began, before, (server_before, own_before)) = first.context("the time was too short to measure")?;
    let (server, own) = cpu(ask)?;
    let seconds = (engine.clock.now() - began) as f64 / 1e9;
    let connects = connects - before;
    Ok(Report {
        connections: at_once,
        connects_per_second: connects as f64 / seconds,
        window: Window {
            seconds,
            connects,
            server_cpu: server.zip(server_before).map(|(last, first)| last - first),
            own_cpu: own - own_before,
            ..Window::default()
        },
        ..Report::default()
    })
}

/// The server's and the generator's.
fn cpu(ask: &Ask) -> anyhow::Result<(Option<f64>, f64)> {
    let own = machine::processor_seconds(std::process::id()).context("no processor time")?;
    Ok((ask.pid.and_then(machine::processor_seconds), own))
}

struct Coming {
    entries: usize,
    begun: usize,
}

impl Coming {
    fn next(&mut self, engine: &mut Engine<'_>, place: usize) -> anyhow::Result<()> {
        let [_, _, high, low] = u32::try_from(self.begun % SOURCES + 1)?.to_be_bytes();
        engine.connect(place, self.begun % self.entries, Some(Ipv4Addr::new(127, 0, 1 + high, low)))?;
        self.begun += 1;
        Ok(())
    }
}
