//! Cost for connected clients of thousands of connections that never complete their handshake.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use parlor_bench::sessions;

use crate::{
    Row,
    lobby_load::{LobbyLoad, RATE},
    machine,
    phases::{Comparison, Phase, PhasePlan},
    server_process::{ServerProcess, data_folder},
    stats::{secs, thousands},
    wire::{Received, Wire},
};

/// Connected clients.
const MEMBERS: usize = 100;

/// Connections that send half of a request head.
const HALF_SENT: usize = 2_000;
/// Connections that send nothing.
const SILENT: usize = 2_000;
/// Connections that become WebSockets and never send `hello`.
const MUTE: usize = 200;

/// Time over which they are opened; the rate is not what is measured.
const ARRIVAL: Duration = Duration::from_secs(1);

/// Time within which the server must have closed all of them.
const GIVE_UP: Duration = Duration::from_secs(30);

const WARM_UP: Duration = Duration::from_secs(2);
const SETTLE: Duration = Duration::from_secs(1);

/// Maximum lifetime of a connection of each kind.
#[derive(Clone, Copy, Debug, Default)]
struct Longest {
    half_sent: Duration,
    silent: Duration,
    mute: Duration,
}

#[derive(Clone, Copy)]
enum Kind {
    HalfSent,
    Silent,
    Mute,
}

pub(crate) async fn with_hostile_connections(binary: &Path, plan: &PhasePlan) -> anyhow::Result<Vec<Row>> {
    machine::all_sockets(MEMBERS + HALF_SENT + SILENT + MUTE)?;
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    let token = sessions::many(server.address(), 1).await?.pop().context("no session")?;
    let mut lobby = LobbyLoad::gather(server.address(), MEMBERS, 0).await?;
    tokio::time::sleep(WARM_UP).await;

    let (server_busy, own_busy) = (machine::Busy::of(server.pid()), machine::Busy::of(std::process::id()));
    let mut found = Comparison::default();
    found.without(quiet(&mut lobby, plan).await?);
    let mut longest = Longest::default();
    for _ in 0..plan.rounds {
        let (address, token) = (server.address(), token.clone());
        lobby.begin_phase();
        // A separate thread, so that the measured clients do not wait for the attack.
        let attack = tokio::task::spawn_blocking(move || attack(address, &token));
        let lived = attack.await??;
        found.with(lobby.end_phase().await?);
        longest.half_sent = longest.half_sent.max(lived.half_sent);
        longest.silent = longest.silent.max(lived.silent);
        longest.mute = longest.mute.max(lived.mute);
        tokio::time::sleep(SETTLE).await;
        found.without(quiet(&mut lobby, plan).await?);
    }
    let busy = machine::describe_load(&server_busy, &own_busy);
    eprintln!("figures: p99 of the phases: {}", found.phases());
    Ok(vec![Row {
        figure: "Half-sent heads and silent sockets".into(),
        value: format!(
            "closed after {} and {} at most; {}",
            secs(longest.half_sent),
            secs(longest.silent),
            found.describe()
        ),
        how: format!(
            "{} connections with half of a head and {} without a byte, all at a time, each timed from when it stood, and \
             {MUTE} WebSockets without a hello (closed with 4002 after {} at most); beside them {MEMBERS} people with \
             {RATE} messages/s, {} such phases in turn with phases of {} s without; {busy}",
            thousands(HALF_SENT as u64),
            thousands(SILENT as u64),
            secs(longest.mute),
            plan.rounds,
            plan.seconds,
        ),
    }])
}

async fn quiet(lobby: &mut LobbyLoad, plan: &PhasePlan) -> anyhow::Result<Phase> {
    lobby.begin_phase();
    tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
    lobby.end_phase().await
}

/// Opens all connections and waits until the server has closed each.
fn attack(address: SocketAddr, token: &str) -> anyhow::Result<Longest> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut kinds = Vec::new();
        kinds.extend([Kind::HalfSent; HALF_SENT]);
        kinds.extend([Kind::Silent; SILENT]);
        kinds.extend([Kind::Mute; MUTE]);
        let (begin, all) = (tokio::time::Instant::now(), kinds.len());
        let mut lives = JoinSet::new();
        for (number, kind) in kinds.into_iter().enumerate() {
            tokio::time::sleep_until(begin + ARRIVAL.mul_f64(number as f64 / all as f64)).await;
            let token = token.to_owned();
            lives.spawn(async move {
                let life = tokio::time::timeout(GIVE_UP, live(kind, address, &token));
                let life = life.await.with_context(|| format!("not closed within {GIVE_UP:?}"))??;
                anyhow::Ok((kind, life))
            });
        }
        let mut longest = Longest::default();
        while let Some(ended) = lives.join_next().await {
            let (kind, life) = ended??;
            let of_kind = match kind {
                Kind::HalfSent => &mut longest.half_sent,
                Kind::Silent => &mut longest.silent,
                Kind::Mute => &mut longest.mute,
            };
            *of_kind = life.max(*of_kind);
        }
        Ok(longest)
    })
}

/// Lifetime of one connection.
async fn live(kind: Kind, address: SocketAddr, token: &str) -> anyhow::Result<Duration> {
    let mut stream = TcpStream::connect(address).await.context("connecting")?;
    let begun = Instant::now();
    match kind {
        Kind::Mute => {
            let mut wire = Wire::upgrade(stream, address, token).await?;
            loop {
                match wire.down.next().await.context("a WebSocket without hello")? {
                    Received::Closed(code) => {
                        ensure!(code == 4002, "closed with {code}, not with 4002");
                        return Ok(begun.elapsed());
                    }
                    Received::Text(text) if !text.starts_with(r#"{"type":"bye""#) => bail!("unexpected frame: {text}"),
                    _ => {}
                }
            }
        }
        Kind::HalfSent => {
            stream.write_all(format!("GET / HTTP/1.1\r\nHost: {address}\r\nX-Half").as_bytes()).await?;
        }
        Kind::Silent => {}
    }
    let mut answer = [0; 512];
    // An answer before the end is welcome; a reset is an end as well.
    while stream.read(&mut answer).await.is_ok_and(|read| read > 0) {}
    Ok(begun.elapsed())
}
