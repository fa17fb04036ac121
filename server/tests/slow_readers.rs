//! Slow readers delay nobody and use a bounded amount of memory (G5).

use std::time::{Duration, Instant};

use crate::support::{Client, FrameReader, Server, body, join, narrow, process::Process, session};
use parlor_protocol::{
    ClientFrame, CloseCode, CommandId, Cursor, GapReason, PROTOCOL_VERSION, RoomId, ServerFrame, limits,
};
use tempfile::TempDir;
use uuid::Uuid;

/// Joins the lobby of a server process.
async fn in_lobby(server: &Process, name: &str) -> Client {
    Client::in_lobby(server.address, &session(server.address, name).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_clients_delay_nobody_and_use_bounded_memory() {
    const MESSAGES: u64 = 600;
    const BURST: u64 = 5;
    const READERS: usize = 180;
    const FROZEN: usize = 20;
    // A separate process, because its memory is measured.
    let folder = TempDir::new().unwrap();
    let server = Process::start_with(folder.path(), &["--rate-limits", "off"]);
    let mut frozen = Vec::new();
    for n in 0..FROZEN {
        let made = session(server.address, &format!("frozen {n}")).await;
        let mut client = narrow(server.address, &made).await;
        client.hello(vec![]).await;
        client.join("lobby", None).await;
        frozen.push(client);
    }
    let (progress, mut behind) = tokio::sync::mpsc::unbounded_channel();
    let mut readers = Vec::new();
    for n in 0..READERS {
        let mut client = in_lobby(&server, &format!("reader {n}")).await;
        let progress = progress.clone();
        readers.push(tokio::spawn(async move {
            let mut seen = 0;
            for burst in 1..=MESSAGES / BURST {
                for event in client.events_to(burst * BURST).await {
                    assert_eq!(event.seq, seen + 1);
                    assert!(body(&event).starts_with(&format!("{seen} ")));
                    seen = event.seq;
                }
                progress.send(()).unwrap();
            }
            seen
        }));
    }
    let mut writer = in_lobby(&server, "writer").await;
    let before = server.resident();
    let text = "long message ".repeat(160);
    for burst in 0..MESSAGES / BURST {
        for n in burst * BURST..(burst + 1) * BURST {
            writer.post(&format!("{n} {text}")).await;
        }
        writer.events_to((burst + 1) * BURST).await;
        for _ in 0..READERS {
            behind.recv().await.unwrap();
        }
    }
    for reader in readers {
        assert_eq!(reader.await.unwrap(), MESSAGES);
    }
    let grown = server.resident().saturating_sub(before);
    // Half a MiB for each frozen client (queue and buffers), and some fluctuation. Without a limit their queues alone
    // would
    // hold over 50 MiB.
    let allowed = (u64::try_from(FROZEN).unwrap() << 19) + (12 << 20);
    assert!(grown < allowed, "{} MiB more than before, {} allowed", grown >> 20, allowed >> 20);
    // A frozen client that resumes gets `gap`, not part of the events.
    let mut woken = frozen.swap_remove(0);
    let gap = woken.until(|frame| match frame {
        ServerFrame::Gap { reason, after, head, .. } => Some((*reason, *after, *head)),
        _ => None,
    });
    let (reason, after, head) = gap.await;
    assert_eq!((reason, head), (GapReason::Overflow, MESSAGES));
    assert!(after < MESSAGES);
    assert_eq!(woken.join("lobby", Some(head)).await, MESSAGES);
    writer.post("welcome back").await;
    assert_eq!(body(&woken.event().await), "welcome back");
    server.kill();
}

#[tokio::test]
async fn first_overflow_sends_a_gap_and_the_second_closes() {
    let server = Server::start().await;
    let made = server.session("slow").await;
    let mut slow = narrow(server.address, &made).await;
    slow.hello(vec![]).await;
    slow.join("lobby", None).await;
    let mut writer = server.client("writer").await;
    let text = "x".repeat(4_000);
    let mut sent = 0;
    let mut before: Option<Instant> = None;
    loop {
        let begun = Instant::now();
        // More than queue and system buffers hold.
        for _ in 0..400 {
            writer.post(&text).await;
            sent += 1;
            if sent % 10 == 0 {
                writer.events_to(sent).await;
            }
        }
        let mut last = None;
        let head = loop {
            match slow.next_or_none().await {
                Some(ServerFrame::Event(event)) => {
                    assert!(last.is_none_or(|last| event.seq == last + 1), "a hole at {}", event.seq);
                    last = Some(event.seq);
                }
                Some(ServerFrame::Gap { after, head, .. }) => {
                    assert_eq!(after, last.unwrap(), "the gap begins where the events end");
                    break Some(head);
                }
                Some(ServerFrame::Bye { code, .. }) => {
                    assert_eq!(code, CloseCode::TooSlow.code());
                    break None;
                }
                // It gets the reason, unless it has read nothing for longer than the server waits.
                None => break None,
                _ => {}
            }
        };
        let Some(head) = head else {
            assert!(before.is_some(), "once is no reason to end it");
            break;
        };
        // Another overflow is needed only if the machine was too slow for two within 30 s.
        assert!(
            before.is_none_or(|before| before.elapsed() >= limits::OVERFLOW_WINDOW),
            "the second in thirty seconds"
        );
        before = Some(begun);
        slow.say(&join(&RoomId::lobby(), Some(head))).await;
        slow.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn long_replay_waits_for_a_slow_reader() {
    let server = Server::start().await;
    let mut writer = server.client("writer").await;
    let text = "y".repeat(3_000);
    for n in 1..=300 {
        writer.post(&text).await;
        if n % 10 == 0 {
            writer.events_to(n).await;
        }
    }
    let made = server.session("slow").await;
    let mut slow = narrow(server.address, &made).await;
    let resume = vec![Cursor { room: RoomId::lobby(), after: Some(0), tail: None }];
    slow.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(slow.events_to(300).await.len(), 300);
    let id = CommandId(Uuid::now_v7());
    writer.post_as(id, "live").await;
    assert_eq!(slow.event().await.id, id);
    assert!(300 * text.len() > limits::MAX_QUEUE_BYTES);
    server.stop().await;
}
