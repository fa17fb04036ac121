//! Memory per idle connection.

use std::{path::Path, time::Duration};

use anyhow::Context;
use futures::TryStreamExt;

use crate::{
    Row,
    client::{self, Then},
    machine,
    server_process::{ServerProcess, data_folder},
    stats::thousands,
};

/// Time for presence updates to be delivered and buffers to be released.
const SETTLE: Duration = Duration::from_secs(8);

pub(crate) async fn memory_per_connection(binary: &Path, wanted: usize) -> anyhow::Result<Vec<Row>> {
    let (count, files) = machine::sockets(wanted)?;
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    server.first_page()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = machine::resident_kib(server.pid())?;

    // Each client keeps reading, so that the server does not queue presence updates for it.
    let mut entering = std::pin::pin!(client::enter(server.address(), count, Then::JoinLobby));
    let mut reading = tokio::task::JoinSet::new();
    while let Some((mut client, _)) = entering.try_next().await? {
        reading.spawn(async move {
            loop {
                if let Err(error) = client.receive_text().await {
                    return error;
                }
            }
        });
        if reading.len().is_multiple_of(1_000) {
            eprintln!("figures: {} connections", reading.len());
        }
    }
    let busy = machine::Busy::of(server.pid());
    tokio::time::sleep(SETTLE).await;
    if let Some(ended) = reading.try_join_next() {
        return Err(ended?).context("an idle connection ended");
    }
    let after = machine::resident_kib(server.pid())?;
    let each = after.saturating_sub(before) as f64 / count as f64;
    let idle = busy
        .share()
        .map_or(String::new(), |share| format!("; idle, the server takes {:.1} % of a core", share * 100.0));
    let limit = if count < wanted { format!(", as many as {files} open files allow") } else { String::new() };
    Ok(vec![Row {
        figure: "Memory per idle connection".into(),
        value: format!("{each:.1} KiB"),
        how: format!(
            "{} people logged in, greeted and in the lobby over WebSocket{limit}: from {:.1} to {:.1} MiB{idle}",
            thousands(count as u64),
            before as f64 / 1_024.0,
            after as f64 / 1_024.0,
        ),
    }])
}
