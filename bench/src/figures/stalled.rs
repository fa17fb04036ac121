//! Cost for other clients and the server when a tenth of a room stops reading.

use std::{path::Path, time::Duration};

use anyhow::ensure;

use crate::{
    Row,
    lobby_load::{LobbyLoad, RATE},
    machine,
    phases::{Comparison, Phase, PhasePlan},
    server_process::{ServerProcess, data_folder},
    stats::thousands,
};

/// Warm-up, in which buffers and caches reach their size.
const WARM_UP: Duration = Duration::from_secs(4);

/// Time between phases, in which stalled clients catch up.
const SETTLE: Duration = Duration::from_secs(2);

const SAMPLE: Duration = Duration::from_millis(500);

pub(crate) async fn with_stalled_clients(binary: &Path, members: usize, plan: &PhasePlan) -> anyhow::Result<Vec<Row>> {
    let stalling = (members / 10).max(1);
    machine::all_sockets(members)?;
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    let mut lobby = LobbyLoad::gather(server.address(), members, stalling).await?;
    tokio::time::sleep(WARM_UP).await;

    let (server_busy, own_busy) = (machine::Busy::of(server.pid()), machine::Busy::of(std::process::id()));
    let mut found = Comparison::default();
    let (times, before) = phase(&mut lobby, &server, plan).await?;
    found.without(times);
    let mut peak = before;
    for _ in 0..plan.rounds {
        lobby.stall(true);
        let (times, memory) = phase(&mut lobby, &server, plan).await?;
        found.with(times);
        peak = peak.max(memory);
        lobby.stall(false);
        tokio::time::sleep(SETTLE).await;
        found.without(phase(&mut lobby, &server, plan).await?.0);
    }
    let busy = machine::describe_load(&server_busy, &own_busy);
    eprintln!("figures: p99 of the phases: {}", found.phases());
    let gaps = lobby.gaps();
    let overflow = if gaps > 0 {
        format!(", their queues overflowed and they were told so {gaps} times")
    } else {
        ", too short for their queues to overflow".into()
    };
    Ok(vec![Row {
        figure: format!("{stalling} of {} clients stop reading", thousands(members as u64)),
        value: format!("{}; memory {:+.1} MB", found.describe(), (peak as f64 - before as f64) * 1_024.0 / 1e6),
        how: format!(
            "delivery to the others at {RATE} messages/s of 120 bytes, {} phases of {} s in turn with phases in which all \
             read{overflow}; none lost, duplicated or out of order; memory: the highest, against the highest of the first \
             phase ({:.1} MB); {busy}",
            plan.rounds,
            plan.seconds,
            before as f64 * 1_024.0 / 1e6,
        ),
    }])
}

/// Latencies of a phase and the server's maximum resident memory in KiB.
async fn phase(lobby: &mut LobbyLoad, server: &ServerProcess, plan: &PhasePlan) -> anyhow::Result<(Phase, u64)> {
    let end = tokio::time::Instant::now() + Duration::from_secs(plan.seconds);
    let mut most = 0;
    lobby.begin_phase();
    while tokio::time::Instant::now() < end {
        tokio::time::sleep(SAMPLE).await;
        most = most.max(machine::resident_kib(server.pid())?);
    }
    let times = lobby.end_phase().await?;
    ensure!(most > 0, "the server has no memory");
    Ok((times, most))
}
