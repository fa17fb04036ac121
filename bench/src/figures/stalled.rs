//! What it costs the others, and the server, when a tenth of a room stops reading.

use std::{path::Path, time::Duration};

use anyhow::ensure;

use crate::{
    Row,
    crowd::{Crowd, RATE},
    machine,
    server_process::{ServerProcess, data_folder},
    stats::thousands,
    turns::{Comparison, Phase, Turns},
};

/// Time before the first phase: buffers and caches take the size that they keep.
const WARM_UP: Duration = Duration::from_secs(4);

/// Time between phases, in which those who read again catch up.
const SETTLE: Duration = Duration::from_secs(2);

const SAMPLE: Duration = Duration::from_millis(500);

pub(crate) async fn beside_stalled(binary: &Path, members: usize, turns: &Turns) -> anyhow::Result<Vec<Row>> {
    let stalling = (members / 10).max(1);
    machine::all_sockets(members)?;
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    let mut crowd = Crowd::gather(server.address(), members, stalling).await?;
    tokio::time::sleep(WARM_UP).await;

    let (server_busy, own_busy) = (machine::Busy::of(server.pid()), machine::Busy::of(std::process::id()));
    let mut found = Comparison::default();
    let (times, before) = phase(&mut crowd, &server, turns).await?;
    found.without(times);
    let mut peak = before;
    for _ in 0..turns.rounds {
        crowd.stall(true);
        let (times, memory) = phase(&mut crowd, &server, turns).await?;
        found.with(times);
        peak = peak.max(memory);
        crowd.stall(false);
        tokio::time::sleep(SETTLE).await;
        found.without(phase(&mut crowd, &server, turns).await?.0);
    }
    let busy = machine::describe_load(&server_busy, &own_busy);
    eprintln!("figures: p99 of the phases: {}", found.phases());
    let gaps = crowd.gaps();
    let overflow = if gaps > 0 {
        format!(", their queues overflowed and they were told so {gaps} times")
    } else {
        ", too short for their queues to overflow".into()
    };
    Ok(vec![Row {
        figure: format!("{stalling} of {} stop reading", thousands(members as u64)),
        value: format!("{}; memory {:+.1} MB", found.describe(), (peak as f64 - before as f64) * 1_024.0 / 1e6),
        how: format!(
            "delivery to the others at {RATE} messages/s of 120 bytes, {} phases of {} s in turn with phases in which all \
             read{overflow}; none lost, doubled or out of order; memory: the highest, against the highest of the first \
             phase ({:.1} MB); {busy}",
            turns.rounds,
            turns.seconds,
            before as f64 * 1_024.0 / 1e6,
        ),
    }])
}

/// What deliveries took in one phase, and the most resident memory of the server in it, in KiB.
async fn phase(crowd: &mut Crowd, server: &ServerProcess, turns: &Turns) -> anyhow::Result<(Phase, u64)> {
    let end = tokio::time::Instant::now() + Duration::from_secs(turns.seconds);
    let mut most = 0;
    crowd.begin_phase();
    while tokio::time::Instant::now() < end {
        tokio::time::sleep(SAMPLE).await;
        most = most.max(machine::resident_kib(server.pid())?);
    }
    let times = crowd.end_phase().await?;
    ensure!(most > 0, "the server has no memory");
    Ok((times, most))
}
