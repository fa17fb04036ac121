//! A run of short connections: each is closed cleanly once it is established, and another one is opened.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context, ensure};

use super::{
    LoadArgs, Plan, Report, Window,
    clock::nanos,
    dialect::Entry,
    engine::{Engine, Nobody},
};
use crate::machine;

/// Source addresses, used in turn, because closed connections occupy their ports for a while.
const SOURCES: usize = 64;

/// Time without progress after which the run fails.
const STALLED: Duration = Duration::from_secs(10);

pub(super) fn run(args: &LoadArgs, plan: &Plan, entries: &[Entry], at_once: usize) -> anyhow::Result<Report> {
    machine::all_sockets(at_once)?;
    let mut engine = Engine::new(&args.connect, args.dialect, entries, at_once)?;
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
            first = Some((now, connects, cpu(args)?));
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
    let (server, own) = cpu(args)?;
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

/// CPU time of the server and of the generator.
fn cpu(args: &LoadArgs) -> anyhow::Result<(Option<f64>, f64)> {
    let own = machine::processor_seconds(std::process::id()).context("no processor time")?;
    Ok((args.server_cpu(), own))
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
