//! One cell of the results: runs a scenario against a new server process.

use std::{
    io::Read,
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use parlor_bench::{
    load::{Report, Scenario},
    machine,
    server_process::ServerProcess,
};

use crate::{args::Run, peers::Peer};

/// Time limit of a scenario.
const LONGEST: Duration = Duration::from_secs(300);

/// Measurements of one round.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) report: Report,
    /// The same without heartbeats, for the scenario that measures their cost.
    pub(crate) baseline: Option<Report>,
}

/// Starts the server, runs the load generator and stops the server.
pub(crate) fn run(run: &Run, peer: &Peer, scenario: Scenario) -> anyhow::Result<Outcome> {
    let baseline = (scenario == Scenario::Heartbeat).then(|| once(run, peer, scenario, 0)).transpose();
    let baseline = baseline.context("without heartbeats")?;
    Ok(Outcome { report: once(run, peer, scenario, scenario.heartbeat_ms())?, baseline })
}

fn once(run: &Run, peer: &Peer, scenario: Scenario, heartbeat_ms: u64) -> anyhow::Result<Report> {
    let folder = parlor_bench::server_process::data_folder(&std::env::current_exe()?)?;
    let command = peer.command(heartbeat_ms, folder.path())?;
    let server = pinned(run.server_core, command)?;
    generate(run, peer, scenario, &server)
}

/// Starts a server on one core. Threads inherit that from the thread that starts them, so it has to be set before.
fn pinned(core: usize, mut command: Command) -> anyhow::Result<ServerProcess> {
    let start = || {
        if machine::cores() > 1 {
            machine::pin_to(core)?;
        }
        ServerProcess::start_command(&mut command, SocketAddr::from(([127, 0, 0, 1], 0)))
    };
    std::thread::scope(|scope| match scope.spawn(start).join() {
        Ok(started) => started,
        Err(_) => bail!("starting the server failed"),
    })
}

/// Runs the load generator: this program in a separate process.
fn generate(run: &Run, peer: &Peer, scenario: Scenario, server: &ServerProcess) -> anyhow::Result<Report> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["load", "--connect", &server.address().to_string(), "--scenario", scenario.name()]);
    command.args(["--dialect", &peer.dialect().to_string(), "--pid", &server.pid().to_string()]);
    if machine::cores() > 1 {
        command.args(["--core", &run.generator_core.to_string()]);
    }
    let plan = scenario.plan(peer.dialect());
    command.args(["--body", &peer.body(run.overrides.body.unwrap_or(plan.body)).to_string()]);
    let more = &run.overrides;
    let counts = [
        ("--rooms", more.rooms),
        ("--connections", more.connections),
        ("--people", more.people),
        ("--senders", more.senders),
        ("--window", more.window),
    ];
    let times = [("--rate", more.rate), ("--warm-up", more.warm_up), ("--seconds", more.seconds)];
    for (flag, value) in counts.iter().filter_map(|(flag, value)| value.map(|value| (flag, value.to_string()))) {
        command.args([flag, value.as_str()]);
    }
    for (flag, value) in times.iter().filter_map(|(flag, value)| value.map(|value| (flag, value.to_string()))) {
        command.args([flag, value.as_str()]);
    }
    let (message, complaint) = output(command)?;
    serde_json::from_str(&message).with_context(|| complaint.trim().to_owned())
}

/// Standard output and error of a program, which is killed at the time limit.
fn output(mut command: Command) -> anyhow::Result<(String, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (mut out, mut err) = (child.stdout.take().context("no output")?, child.stderr.take().context("no output")?);
    std::thread::scope(|scope| {
        let message = scope.spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        let complaint = scope.spawn(move || {
            let mut text = String::new();
            err.read_to_string(&mut text).map(|_| text)
        });
        let begun = Instant::now();
        while child.try_wait()?.is_none() {
            if begun.elapsed() > LONGEST {
                child.kill()?;
                child.wait()?;
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        ensure!(begun.elapsed() <= LONGEST, "it took longer than {LONGEST:?}");
        match (message.join(), complaint.join()) {
            (Ok(message), Ok(complaint)) => Ok((message?, complaint?)),
            _ => bail!("reading what the generator says failed"),
        }
    })
}
