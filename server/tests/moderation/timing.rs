//! When bans and mutes start and end.

use super::*;

#[tokio::test]
async fn bans_and_mutes_expire() {
    let folder = TempDir::new().unwrap();
    let server = Server::start_in(folder.path(), unlimited()).await;
    let (owner, ann, bob) = (server.owner("olga").await, server.account("ann").await, server.account("bob").await);
    ban(&server, &owner, &ann, json!({ "reason": "spam", "hours": 1, "address": true })).await;
    assert_eq!(mute(&server, &owner, &bob, None).await, 204);
    let server = server.restart().await;
    let refused = server.get(&ann.token, "/api/me").await;
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(refused.status() == 403 && (3_000..=3_601).contains(&wait), "{wait}");

    // Move the ends closer while the server is stopped.
    let mut db = server.database().await;
    server.stop().await;
    let until = now() + 2_000;
    for change in ["UPDATE ban SET until = $1", "UPDATE mute SET until = $1"] {
        db.execute(change, &[Argument::Number(until)]).await.unwrap();
    }
    db.close().await;
    let server = Server::start_in(folder.path(), unlimited()).await;
    let mut bob_live = Client::greet(server.address, &bob).await;
    let begun = Instant::now();
    let (mut banned, mut muted) = (true, true);
    while banned || muted {
        assert!(begun.elapsed() < PATIENCE);
        let before = now();
        let is_banned = server.who(&ann.token).await == 403;
        let is_muted = refusal(&mut bob_live, &RoomId::lobby()).await.is_some();
        let after = now();
        // They apply before the end and not after it.
        assert!((is_banned && is_muted) || after >= until);
        assert!(!(is_banned || is_muted) || before < until);
        (banned, muted) = (is_banned, is_muted);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.try_guest("gus").await.status, 200, "nor is the address banned");
    assert_eq!(server.get(&owner.token, "/api/bans").await.json::<BanList>().await.unwrap().bans, []);
    // An expired ban can be imposed again.
    ban(&server, &owner, &ann, json!({ "reason": "again" })).await;
    // Not by her session: a server that starts after the end of the ban has removed it.
    assert_eq!(server.get(&owner.token, "/api/bans").await.json::<BanList>().await.unwrap().bans.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn mute_and_message_follow_commit_order() {
    let server = Server::start().await;
    let (owner, bob) = (server.owner("olga").await, server.account("bob").await);
    let mut live = Client::greet(server.address, &bob).await;
    let (mut kept, mut refused) = (0, 0);
    for round in 0..30 {
        let muting = async {
            tokio::time::sleep(Duration::from_micros(round * 150)).await;
            assert_eq!(mute(&server, &owner, &bob, None).await, 204);
            head(&server, &owner).await
        };
        let sending = async {
            for n in 0..40 {
                live.say(&message_to(&RoomId::lobby(), &format!("{round} {n}"))).await;
            }
            let mut answers = 0;
            while answers < 40 {
                match live.next().await {
                    ServerFrame::Ack { .. } => (answers, kept) = (answers + 1, kept + 1),
                    ServerFrame::Refused { code, .. } => {
                        assert_eq!(code, "muted");
                        (answers, refused) = (answers + 1, refused + 1);
                    }
                    _ => {}
                }
            }
        };
        let (stored, ()) = tokio::join!(muting, sending);
        assert_eq!((head(&server, &owner).await, stored), (stored, kept), "stored after the mute");
        assert_eq!(unmute(&server, &owner, &bob, None).await, 204);
    }
    assert!(refused > 0 && kept + refused == 30 * 40, "{kept} {refused}: nothing was raced");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ban_and_message_follow_commit_order() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    server.account("bob").await;
    let mut last = 0;
    for round in 0..20 {
        // The ban of the round before has ended the session.
        let bob = server.sign_in("bob").await;
        let mut live = Client::connect(server.address, &bob).await;
        // The ban arrives during or after the handshake.
        if live.try_say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume: vec![] }).await.is_none() {
            continue;
        }
        let banning = async {
            tokio::time::sleep(Duration::from_micros(round * 300)).await;
            ban(&server, &owner, &bob, json!({ "reason": "spam" })).await;
            head(&server, &owner).await
        };
        let sending = async {
            for n in 0..40 {
                if live.try_say(&message_to(&RoomId::lobby(), &format!("{round} {n}"))).await.is_none() {
                    break;
                }
            }
            live.ended().await;
        };
        let (stored, ()) = tokio::join!(banning, sending);
        assert!(stored >= last);
        assert_eq!(head(&server, &owner).await, stored, "stored after the ban");
        last = stored;
        assert_eq!(server.delete(&path(&bob, "ban"), &owner.token).await.status, 204);
    }
    server.stop().await;
}
