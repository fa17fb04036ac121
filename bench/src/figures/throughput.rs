//! Messages stored and acked per second.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use futures::TryStreamExt;
use parlor_protocol::ServerFrame;
use tokio::task::JoinSet;

use crate::{
    Row,
    client::{self, Client, Then},
    machine,
    server_process::{ServerProcess, data_folder},
    stats::{Samples, ms, thousands},
};

const WRITERS: usize = 200;
const TIME: Duration = Duration::from_secs(5);

pub(crate) async fn acked_messages(binary: &Path) -> anyhow::Result<Vec<Row>> {
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    // They send to the lobby without joining it: this measures storage, not fan-out.
    let writers: Vec<_> = client::enter(server.address(), WRITERS, Then::Stay).try_collect().await?;
    let before = lobby_head(&server).await?;
    let (server_busy, own_busy) = (machine::Busy::of(server.pid()), machine::Busy::of(std::process::id()));
    let end = Instant::now() + TIME;
    let mut tasks = JoinSet::new();
    for (number, (writer, _)) in writers.into_iter().enumerate() {
        tasks.spawn(write(writer, number, end));
    }
    let mut times = Vec::new();
    while let Some(one) = tasks.join_next().await {
        times.extend(one??);
    }
    let busy = machine::describe_load(&server_busy, &own_busy);
    let stored = lobby_head(&server).await? - before;
    ensure!(stored == times.len() as u64, "{} messages were acknowledged and {stored} stored", times.len());
    let times = Samples::new(times)?;
    let rate = times.count() as f64 / TIME.as_secs_f64();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rate = thousands(rate as u64);
    Ok(vec![Row {
        figure: "Stored messages".into(),
        value: format!(
            "{rate}/s; acknowledged in p50 {}, p99 {}",
            ms(times.percentile(50.0)),
            ms(times.percentile(99.0))
        ),
        how: format!(
            "{WRITERS} writers, each sending as soon as its last message is acknowledged, for {} s, every one on disk \
             (fsync) before its acknowledgement; {busy}",
            TIME.as_secs()
        ),
    }])
}

async fn lobby_head(server: &ServerProcess) -> anyhow::Result<u64> {
    let (_, head) = client::enter_lobby(server.address(), 1).await?;
    Ok(head)
}

/// Sends one message after another until the end. Returns the time of each to its ack.
async fn write(mut client: Client, writer: usize, end: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    while Instant::now() < end {
        let begin = Instant::now();
        let sent = client.send(format!("message {} of **writer** {writer}", times.len())).await?;
        loop {
            match client.receive().await.context("waiting for an acknowledgement")? {
                ServerFrame::Ack { id, .. } if id == sent => break,
                ServerFrame::Refused { code, message, .. } => bail!("refused, {code}: {message}"),
                ServerFrame::Bye { reason, .. } => bail!("the server said bye: {reason}"),
                _ => {}
            }
        }
        times.push(begin.elapsed());
    }
    Ok(times)
}
