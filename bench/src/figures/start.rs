//! Time from start to first response, and memory without connections.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    Row, machine,
    server_process::{ServerProcess, data_folder},
    stats::{Samples, median, ms},
};

const STARTS: usize = 10;
const REPEATS: usize = 3;
const SETTLE: Duration = Duration::from_secs(3);

pub(crate) fn first_response(binary: &Path) -> anyhow::Result<Vec<Row>> {
    let data = data_folder(binary)?;
    // The first start creates the database and is not measured.
    ServerProcess::start(binary, data.path())?.first_page()?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begin = Instant::now();
        let server = ServerProcess::start(binary, data.path())?;
        server.first_page()?;
        times.push(begin.elapsed());
    }
    let times = Samples::new(times)?;
    Ok(vec![Row {
        figure: "Start to first response".into(),
        value: ms(times.median()),
        how: format!(
            "from the start of the process to the whole first page, median of {} starts, {} to {}",
            times.count(),
            ms(times.min()),
            ms(times.max())
        ),
    }])
}

pub(crate) fn idle_memory(binary: &Path) -> anyhow::Result<Vec<Row>> {
    let mut found = Vec::new();
    for _ in 0..REPEATS {
        let data = data_folder(binary)?;
        let server = ServerProcess::start(binary, data.path())?;
        server.first_page()?;
        std::thread::sleep(SETTLE);
        found.push(machine::resident_kib(server.pid())?);
    }
    let kib = median(&mut found).context("nothing was measured")?;
    Ok(vec![Row {
        figure: "Idle memory".into(),
        value: format!("{:.1} MiB", kib as f64 / 1_024.0),
        how: format!("resident memory {} s after the first page, median of {REPEATS} starts", SETTLE.as_secs()),
    }])
}
