//! The process is killed and restarted: nothing is lost, duplicated or reordered (G1-G4).

use std::{collections::BTreeMap, net::SocketAddr, process::Command, time::Duration};

use crate::support::{self, Client, FrameReader, assert_gap_free, body, http_client, process::Process};
use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, PROTOCOL_VERSION, RoomId, Seq, ServerFrame,
    http::{CreatedSession, EventPage},
};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// A client that follows the protocol: keeps unacked messages, resumes by cursor and resends with the same ids.
struct Persistent {
    made: CreatedSession,
    server: watch::Receiver<SocketAddr>,
    seen: Vec<Event>,
    waiting: Vec<(CommandId, String)>,
    acked: BTreeMap<CommandId, Seq>,
}

impl Persistent {
    async fn run(mut self, count: usize) -> Self {
        for n in 0..count {
            self.waiting.push((CommandId(Uuid::now_v7()), format!("{} {n}", self.made.user.name)));
        }
        while !self.waiting.is_empty() {
            let address = *self.server.borrow();
            let _ = self.one_connection(address).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self
    }

    async fn one_connection(&mut self, address: SocketAddr) -> Option<()> {
        let bearer = format!("Bearer {}", self.made.token);
        let request = support::upgrade_request(address, &[("authorization", bearer.as_str())]);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.ok()?;
        let mut client = Client { user: self.made.user.clone(), token: self.made.token.clone(), socket };
        let last = self.seen.last();
        let resume = Cursor {
            room: RoomId::lobby(),
            after: Some(last.map_or(0, |event| event.seq)),
            tail: last.map(|event| event.id.tail()),
        };
        client.try_say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume: vec![resume] }).await?;
        // A few at a time, so that a kill hits messages that are in flight, stored but not acked, and unsent.
        while !self.waiting.is_empty() {
            let mut open = Vec::new();
            for (id, body) in self.waiting.iter().take(5) {
                let (id, room, body) = (*id, RoomId::lobby(), body.clone());
                client.try_say(&ClientFrame::Send { id, room, body, reply_to: None }).await?;
                open.push(id);
            }
            while !open.is_empty() {
                match client.next_or_none().await? {
                    ServerFrame::Event(event) => self.seen.push(event),
                    ServerFrame::Ack { id, seq, .. } => {
                        open.retain(|other| *other != id);
                        self.waiting.retain(|(other, _)| *other != id);
                        assert!(self.acked.insert(id, seq).is_none_or(|before| before == seq));
                    }
                    frame @ (ServerFrame::Gap { .. } | ServerFrame::Refused { .. }) => panic!("{frame:?}"),
                    _ => {}
                }
            }
        }
        Some(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_kills_under_load_lose_and_duplicate_nothing() {
    const CLIENTS: usize = 8;
    const MESSAGES: usize = 120;
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(folder.path());
    let (moved, server) = watch::channel(process.address);
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let made = support::session(process.address, &format!("client {n}")).await;
        let server = server.clone();
        let client = Persistent { made, server, seen: vec![], waiting: vec![], acked: BTreeMap::new() };
        clients.push(tokio::spawn(client.run(MESSAGES)));
    }
    for pause in [150, 90, 210, 60, 130] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        process.kill();
        process = Process::start(folder.path());
        moved.send(process.address).unwrap();
    }
    let mut done = Vec::new();
    for client in clients {
        done.push(client.await.unwrap());
    }
    // The log, from a process that was not killed while writing.
    let token = &done[0].made.token;
    let mut log = Vec::new();
    loop {
        let after = log.last().map_or(0, |event: &Event| event.seq);
        let url = format!("http://{}/api/rooms/lobby/events?after={after}", process.address);
        let page: EventPage = http_client().get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
        if page.events.is_empty() {
            assert_eq!(page.head, after);
            break;
        }
        log.extend(page.events);
    }
    assert_eq!(log.len(), CLIENTS * MESSAGES, "nothing lost, nothing doubled");
    assert_eq!(log[0].seq, 1);
    assert_gap_free(&log);
    for client in &done {
        assert_eq!(client.acked.len(), MESSAGES);
        for (id, seq) in &client.acked {
            assert_eq!(log[usize::try_from(*seq).unwrap() - 1].id, *id, "an ack is the truth");
        }
        assert_gap_free(&client.seen);
        assert_eq!(client.seen, log[..client.seen.len()], "what was seen is the log, from its start, in its order");
        let own = log.iter().filter(|event| event.by == client.made.user).map(body);
        assert!(own.eq((0..MESSAGES).map(|n| format!("{} {n}", client.made.user.name))), "own order kept");
    }
    process.kill();
}

#[tokio::test]
async fn sigterm_sends_bye_and_exits_in_time() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let made = support::session(process.address, "ann").await;
    let mut ann = Client::greet(process.address, &made).await;
    let mut ids = Vec::new();
    for n in 0..200 {
        ids.push(ann.post(&format!("{n}")).await);
    }
    // The last one is in flight when the server stops.
    ann.acked(ids[0]).await;
    // Clients before hello and clients that do not read must not delay it.
    let _silent = Client::connect(process.address, &made).await;
    let _frozen = Client::greet(process.address, &made).await;
    let stopping = tokio::task::spawn_blocking(move || process.terminate());
    let (mut acked, mut bye) = (1, None);
    while let Some(frame) = ann.next_or_none().await {
        match frame {
            ServerFrame::Ack { .. } => acked += 1,
            ServerFrame::Bye { code, reconnect, after_ms, .. } => bye = Some((code, reconnect, after_ms)),
            _ => {}
        }
    }
    let (code, reconnect, after_ms) = bye.unwrap();
    assert_eq!((code, reconnect), (4001, true));
    assert!(after_ms.unwrap() < 10_000);
    // Five seconds, and a margin for busy machines.
    assert!(stopping.await.unwrap() < Duration::from_secs(10));
    // Every acked message is stored; others may be resent.
    let process = Process::start(folder.path());
    let url = format!("http://{}/api/rooms/lobby/events", process.address);
    let page: EventPage = http_client().get(url).bearer_auth(&made.token).send().await.unwrap().json().await.unwrap();
    assert!(page.events.len() >= acked, "{} stored, {acked} acked", page.events.len());
    process.kill();
}

#[test]
fn invalid_configuration_exits_with_code_2_and_a_message() {
    let run = |args: &[&str], variable: Option<(&str, &str)>| {
        let output = Command::new(env!("CARGO_BIN_EXE_parlor")).args(args).envs(variable).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (args, variable, says) in [
        (&["--addr", "nowhere"][..], None, "--addr"),
        (&["--max-connections", "many"][..], None, "--max-connections"),
        (&["--colour", "red"][..], None, "--colour"),
        (&[][..], Some(("PARLOR_HEARTBEAT_MS", "0")), "200 to 300000"),
        (&[][..], Some(("PARLOR_ALLOW_ORIGINS", "wiki")), "give scheme"),
    ] {
        let (code, error) = run(args, variable);
        assert_eq!(code, Some(2), "{args:?}");
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("panicked"), "{error}");
    }
    // A port in use and an unusable folder, with another exit code.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = TempDir::new().unwrap();
    let (code, error) =
        run(&["--addr", &taken.local_addr().unwrap().to_string(), "--data", folder.path().to_str().unwrap()], None);
    assert_eq!(code, Some(1));
    assert!(error.contains("cannot listen on"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made before that was known");
    let running = Process::start_with(folder.path(), &["--store", "sqlite"]);
    let (code, error) = run(&["--addr", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()], None);
    assert_eq!(code, Some(1));
    assert!(error.contains("in use by another parlor"), "{error}");
    running.kill();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let (code, error) = run(&["--addr", "127.0.0.1:0", "--data", file.to_str().unwrap()], None);
    assert_eq!(code, Some(1));
    assert!(error.contains("data folder"), "{error}");
}
