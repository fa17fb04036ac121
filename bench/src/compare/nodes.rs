//! Compares stores and numbers of nodes: SQLite, PostgreSQL, and several nodes on PostgreSQL with NATS.
//!
//! Each cell has new processes and an empty database. The kinds of server take turns within a round, so that other load on the
//! machine concerns all of them alike. PostgreSQL keeps `fsync` on, as SQLite does.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use parlor_bench::{
    load::Report,
    machine,
    server_process::data_folder,
    stats::{middle, thousands},
};
use parlor_faults::{
    engines::{Database, Nats, Postgres},
    process::{Launch, Server},
    shutdown_signal,
};

/// Time limit of a cell.
const CELL_TIMEOUT: Duration = Duration::from_secs(180);

#[derive(Args, Debug)]
pub(crate) struct NodesArgs {
    /// The server to measure
    #[arg(long = "bin", value_name = "PATH", env = "PARLOR_BIN", default_value = "target/release/parlor")]
    binary: PathBuf,
    /// Number of rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Number of nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=9))]
    nodes: u8,
}

#[derive(Clone, Copy, Debug)]
enum Setup {
    Sqlite,
    Postgres,
    Nodes(u8),
}

#[derive(Clone, Copy, Debug)]
enum Workload {
    Rooms,
    HotRoom,
    Delivery,
    Idle,
}

/// Servers of a cell. What is measured comes first, because it is stopped first.
struct Cell {
    servers: Vec<Server>,
    _database: Option<Database>,
}

/// True if no message was lost, duplicated or out of order.
pub(crate) fn run(args: &NodesArgs) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Dropping the future stops all servers.
        tokio::select! {
            done = measure(args) => done,
            () = shutdown_signal() => bail!("stopped by a signal"),
        }
    })
}

#[allow(clippy::print_stdout)]
async fn measure(args: &NodesArgs) -> anyhow::Result<bool> {
    let binary = args.binary.canonicalize().with_context(|| format!("there is no {}", args.binary.display()))?;
    let machine = machine::describe(&binary, machine::load());
    let postgres = Postgres::start()?;
    let nats = Nats::start()?;
    let setups = [Setup::Sqlite, Setup::Postgres, Setup::Nodes(args.nodes)];
    let mut reports: Vec<Vec<Vec<Report>>> = vec![vec![Vec::new(); setups.len()]; Workload::ALL.len()];
    let mut is_correct = true;
    for round in 1..=args.rounds {
        for (workload, row) in Workload::ALL.into_iter().zip(&mut reports) {
            for (setup, cell) in setups.into_iter().zip(row) {
                eprintln!("compare: round {round} of {}: {workload:?} on {setup:?} ...", args.rounds);
                let report = cell_report(&binary, setup, workload, &postgres, &nats);
                let report = report.await.with_context(|| format!("{workload:?} on {setup:?}"))?;
                if !report.is_correct() {
                    is_correct = false;
                    eprintln!("compare: {workload:?} on {setup:?}: {}", report.errors());
                }
                cell.push(report);
            }
        }
    }
    println!("{}", table(&setups, &reports)?);
    println!("Medians of {} rounds, new processes and an empty database each time. {machine}", args.rounds);
    Ok(is_correct)
}

async fn cell_report(
    binary: &Path,
    setup: Setup,
    workload: Workload,
    postgres: &Postgres,
    nats: &Nats,
) -> anyhow::Result<Report> {
    let folder = data_folder(binary)?;
    let cell = Cell::start(binary, setup, folder.path(), postgres, nats)?;
    let list = |items: Vec<String>| items.join(",");
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    command.args([
        "load",
        "--connect",
        &list(cell.servers.iter().map(|server| server.address().to_string()).collect()),
    ]);
    command.args(["--pid", &list(cell.servers.iter().filter_map(Server::pid).map(|pid| pid.to_string()).collect())]);
    command.args(workload.load_args()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(CELL_TIMEOUT, command.output()).await;
    let output = output.with_context(|| format!("it took longer than {CELL_TIMEOUT:?}"))??;
    // Its status is that of the checks, which the report has as well.
    serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

impl Cell {
    fn start(binary: &Path, setup: Setup, folder: &Path, postgres: &Postgres, nats: &Nats) -> anyhow::Result<Self> {
        let database = match setup {
            Setup::Sqlite => None,
            Setup::Postgres | Setup::Nodes(_) => Some(Database::create(&postgres.url())?),
        };
        let count = if let Setup::Nodes(count) = setup { count } else { 1 };
        let mut cell = Self { servers: Vec::new(), _database: database };
        for number in 0..count {
            let mut args: Vec<String> = ["--rate-limits", "off"].map(Into::into).into();
            if let Some(database) = &cell._database {
                args.extend(["--store".into(), database.url().into()]);
            }
            if let Setup::Nodes(_) = setup {
                args.extend(["--bus".into(), format!("nats://{}", nats.address())]);
                args.extend(["--node-name".into(), format!("node-{number}")]);
            }
            let data = folder.join(format!("node-{number}"));
            cell.servers.push(Server::launch(Launch { binary: binary.into(), data, args, env: Vec::new() })?);
        }
        Ok(cell)
    }
}

impl Setup {
    fn title(self) -> String {
        match self {
            Self::Sqlite => "SQLite".into(),
            Self::Postgres => "PostgreSQL, one server".into(),
            Self::Nodes(count) => format!("PostgreSQL and NATS, {count} nodes"),
        }
    }
}

impl Workload {
    const ALL: [Self; 4] = [Self::Rooms, Self::HotRoom, Self::Delivery, Self::Idle];

    /// Arguments of `compare load`.
    fn load_args(self) -> Vec<&'static str> {
        match self {
            // Two members, who both send.
            Self::Rooms => {
                "--scenario rooms-saturated --rooms 200 --connections 400 --people 400 --senders 2 --window 1000"
            }
            Self::HotRoom => "--scenario rooms-saturated --rooms 1 --connections 9 --people 9 --senders 9 --window 160",
            Self::Delivery => "--scenario delivery",
            Self::Idle => "--scenario idle-memory --connections 3000 --people 3000 --rooms 150",
        }
        .split(' ')
        .collect()
    }

    fn title(self) -> &'static str {
        match self {
            Self::Rooms => "Stored messages per second, 200 rooms of 2, 1,000 in flight",
            Self::HotRoom => "Stored messages per second, one room of 9, 160 in flight",
            Self::Delivery => "Send to delivered, 25,000 deliveries per second to 10 rooms of 100",
            Self::Idle => "Memory for each of 3,000 idle connections, in 5 rooms of 100 each",
        }
    }

    /// Medians over the rounds. With the processor time of the servers, without that of PostgreSQL and NATS.
    fn value(self, reports: &[Report]) -> anyhow::Result<String> {
        let over = |value: &dyn Fn(&Report) -> Option<f64>| {
            let values = reports.iter().map(value).collect::<Option<Vec<f64>>>().context("not measured")?;
            anyhow::Ok(middle(values))
        };
        Ok(match self {
            Self::Rooms | Self::HotRoom => {
                let rate = over(&|report| Some(report.window.sent as f64 / report.window.seconds))?;
                let cpu = over(&|report| report.window.cpu_per(report.window.sent))?;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Positive and small.
                let rate = thousands(rate as u64);
                format!("{rate} ({cpu:.0} µs of CPU each)")
            }
            Self::Delivery => {
                let p50 = over(&|report| Some(report.latency?.p50 as f64 / 1e3))?;
                let p99 = over(&|report| Some(report.latency?.p99 as f64 / 1e3))?;
                let cpu = over(&|report| report.window.cpu_per_delivery())?;
                format!("p50 {p50:.1} ms, p99 {p99:.1} ms ({cpu:.1} µs of CPU for each delivery)")
            }
            Self::Idle => {
                let each = over(&|report| {
                    let memory = report.memory?;
                    Some(memory.after.saturating_sub(memory.prepared) as f64 / report.connections as f64)
                })?;
                format!("{each:.1} KiB")
            }
        })
    }
}

fn table(setups: &[Setup], reports: &[Vec<Vec<Report>>]) -> anyhow::Result<String> {
    ensure!(reports.iter().flatten().all(|cell| !cell.is_empty()), "nothing was measured");
    let mut table = String::from("| |");
    for setup in setups {
        write!(table, " {} |", setup.title())?;
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(setups.len()));
    table.push('\n');
    for (workload, row) in Workload::ALL.into_iter().zip(reports) {
        write!(table, "| {} |", workload.title())?;
        for cell in row {
            write!(table, " {} |", workload.value(cell)?)?;
        }
        table.push('\n');
    }
    Ok(table)
}
