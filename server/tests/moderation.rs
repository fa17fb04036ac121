//! Bans and mutes: who may impose them, what they end, and the log of it all.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::{
    self, Client, PATIENCE, Server, carried::Requests, carried::status_and_code, http_client, people::PASSWORD,
    unlimited,
};
use parlor::{config::Config, store::sqlite::FILE_NAME};
use parlor_protocol::{
    ClientFrame, CloseCode, CommandId, PROTOCOL_VERSION, RoomId, ServerFrame,
    http::{Audit, Bans, EventPage, RoomMade, SessionMade},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

const BANNED: Option<u16> = Some(CloseCode::Banned.code());

/// What is ended is so within this time.
const AT_ONCE: Duration = Duration::from_secs(10);

fn path(who: &SessionMade, what: &str) -> String {
    format!("/api/people/{}/{what}", who.user.id)
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

async fn ban(server: &Server, by: &SessionMade, who: &SessionMade, body: Value) {
    let answer = server.post(&path(who, "ban"), &by.token, body).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn mute(server: &Server, by: &SessionMade, who: &SessionMade, room: Option<&RoomId>) -> u16 {
    server.post(&path(who, "mute"), &by.token, json!({ "minutes": 5, "room": room })).await.status
}

async fn unmute(server: &Server, by: &SessionMade, who: &SessionMade, room: Option<&RoomId>) -> u16 {
    let query = room.map(|room| format!("?room={room}")).unwrap_or_default();
    server.delete(&format!("{}{query}", path(who, "mute")), &by.token).await.status
}

async fn connect(server: &Server, who: &SessionMade) -> Client {
    let mut client = Client::connect(server.address, who).await;
    client.hello(vec![]).await;
    client
}

fn say(room: &RoomId, text: &str) -> ClientFrame {
    ClientFrame::Send { id: CommandId(Uuid::now_v7()), room: room.clone(), body: text.into(), reply_to: None }
}

/// Says something: the refusal's code and when to come back, if it was refused.
async fn send(client: &mut Client, room: &RoomId) -> Option<(String, Option<u64>)> {
    client.say(&say(room, "hello")).await;
    client
        .until(|frame| match frame {
            ServerFrame::Ack { .. } => Some(None),
            ServerFrame::Refused { code, retry_after_ms, .. } => Some(Some((code.clone(), *retry_after_ms))),
            _ => None,
        })
        .await
}

async fn refusal(client: &mut Client, room: &RoomId) -> Option<String> {
    send(client, room).await.map(|(code, _)| code)
}

async fn new_room(server: &Server, who: &SessionMade, kind: &str) -> RoomId {
    let name = Uuid::now_v7().to_string();
    let made = server.post("/api/rooms", &who.token, json!({ "name": name, "kind": kind })).await;
    made.of::<RoomMade>().room.id
}

/// The number of the newest event in the lobby, as the database has it.
async fn head(server: &Server, who: &SessionMade) -> u64 {
    server.get(&who.token, "/api/rooms/lobby/events?limit=1").await.json::<EventPage>().await.unwrap().head
}

async fn database(server: &Server) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(server.folder.join(FILE_NAME));
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[tokio::test]
async fn who_is_banned_is_sent_away_on_every_transport_and_stays_out() {
    let server = Server::start().await;
    let (owner, ann) = (server.owner("olga").await, server.account("ann").await);
    let phone = server.sign_in("ann").await;
    let (mut others, mut live, mut silent) = (
        connect(&server, &owner).await,
        connect(&server, &ann).await,
        // Not said hello.
        Client::connect(server.address, &phone).await,
    );
    let streamed = Requests::new(server.address, &phone, Some("s"));
    let mut stream = streamed.stream(None).await;
    streamed.hello(vec![]).await;
    stream.next().await;
    let polled = Requests::new(server.address, &phone, Some("p"));
    polled.hello(vec![]).await;
    assert!(matches!(polled.poll().await[0], ServerFrame::Welcome { .. }));

    let ban_path = path(&ann, "ban");
    let begun = Instant::now();
    let (answer, poll) =
        tokio::join!(server.post(&ban_path, &owner.token, json!({ "reason": "spam" })), polled.get("poll", None));
    assert_eq!(answer.status, 204);
    // The poll is held and told, or comes a moment later and is refused.
    if poll.status() == 403 {
        assert_eq!(status_and_code(poll).await.1.as_deref(), Some("banned"));
    } else {
        let frames: Vec<Value> = poll.json().await.unwrap();
        let is_bye = |frame: &Value| frame["type"] == "bye" && frame["code"] == 4503 && frame["reconnect"] == false;
        assert!(frames.iter().any(is_bye), "{frames:?}");
    }
    let ended = tokio::join!(live.ended(), silent.ended(), stream.ended());
    assert_eq!((ended.0.bye, ended.0.code, ended.1.bye, ended.2), (BANNED, BANNED, BANNED, BANNED));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());

    let banned = (403, "banned".to_owned());
    for session in [&ann, &phone] {
        for (method, path) in [(Method::GET, "/api/me"), (Method::GET, "/api/rooms"), (Method::DELETE, "/api/session")]
        {
            assert_eq!(server.ask(method, path, &session.token, Value::Null).await.refused(), banned, "{path}");
        }
    }
    for endpoint in ["sse", "poll"] {
        assert_eq!(status_and_code(streamed.get(endpoint, None).await).await, (403, Some("banned".into())));
    }
    assert_eq!(streamed.post_text("[]").await, (403, Some("banned".into())));
    let bearer = format!("Bearer {}", ann.token);
    assert_eq!(support::try_upgrade(server.address, &[("authorization", bearer.as_str())]).await.err(), Some(403));
    // Only who knows the password is told.
    assert_eq!(server.try_sign_in("ann", "not her password").await.refused(), (401, "wrong_credentials".into()));
    assert_eq!(server.try_sign_in("ann", PASSWORD).await.refused(), banned);
    // A page says it in words, and shows nothing else.
    let page = server.get(&ann.token, "/").await;
    assert_eq!(page.status(), 403);
    assert!(page.text().await.unwrap().contains("You were banned from this server."));
    assert_eq!(server.get(&ann.token, "/r/lobby").await.headers()["location"], "/");
    // Someone else may sign in in the same browser.
    server.account("bob").await;
    let body = json!({ "name": "bob", "password": PASSWORD });
    assert_eq!(server.post("/api/sign-in", &phone.token, body).await.status, 200);

    assert_eq!(send(&mut others, &RoomId::lobby()).await, None, "the others go on");
    assert_eq!(server.delete(&ban_path, &owner.token).await.status, 204);
    assert_eq!((server.who(&ann.token).await, server.who(&server.sign_in("ann").await.token).await), (200, 200));
    let mut live = connect(&server, &ann).await;
    assert_eq!(send(&mut live, &RoomId::lobby()).await, None);
    server.stop().await;
}

#[tokio::test]
async fn bans_are_imposed_and_lifted_from_above_and_seen_by_nobody_else() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let admin = server.with_role(&owner, "adam", "admin").await;
    let (mia, mo) =
        (server.with_role(&owner, "mia", "moderator").await, server.with_role(&owner, "mo", "moderator").await);
    let (ann, guest) = (server.account("ann").await, server.session("gus").await);
    let body = json!({ "reason": "spam", "hours": 1 });
    for (by, on, status) in [
        (&guest, &ann, 403),
        (&ann, &guest, 403),
        (&ann, &ann, 403),
        (&mia, &mo, 403),
        (&mia, &mia, 403),
        (&mia, &admin, 403),
        (&admin, &owner, 403),
        (&owner, &owner, 403),
        (&mia, &guest, 204),
        (&mia, &ann, 204),
        // Again, in the place of the first.
        (&mia, &ann, 204),
        // What another has imposed is not changed by an equal of theirs.
        (&mo, &ann, 403),
    ] {
        let name = format!("{} {}", by.user.name, on.user.name);
        assert_eq!(server.post(&path(on, "ban"), &by.token, body.clone()).await.status, status, "{name}");
    }
    for (bad, status) in [
        (json!({ "reason": "spam", "hours": 0 }), 400),
        (json!({ "reason": "spam", "hours": 87_601 }), 400),
        (json!({ "reason": "spam", "hours": "1" }), 400),
        (json!({ "hours": 1 }), 400),
        (json!({ "reason": " " }), 422),
        (json!({ "reason": "x".repeat(251) }), 422),
    ] {
        assert_eq!(server.post(&path(&ann, "ban"), &mia.token, bad.clone()).await.status, status, "{bad}");
    }
    for nobody in [Uuid::now_v7().to_string(), "x".into()] {
        let answer = server.post(&format!("/api/people/{nobody}/ban"), &mia.token, body.clone()).await;
        assert_eq!(answer.refused(), (404, "not_found".into()));
    }

    let bans: Bans = server.get(&mo.token, "/api/bans").await.json().await.unwrap();
    let listed: Vec<_> = bans.bans.iter().map(|ban| (&ban.user, &ban.made_by, ban.reason.as_str())).collect();
    assert_eq!(listed, [(&ann.user, &mia.user, "spam"), (&guest.user, &mia.user, "spam")]);
    let left = bans.bans[0].until.unwrap() - now();
    assert!((59 * 60_000..=60 * 60_000).contains(&left), "{left}");
    // A stranger learns nothing, nor whether someone is banned.
    let bob = server.account("bob").await;
    for listed in ["/api/bans", "/api/audit"] {
        assert_eq!(server.get("", listed).await.status(), 401);
        assert_eq!(server.get(&bob.token, listed).await.status(), 403);
    }
    assert_eq!(server.get(&mia.token, "/api/audit").await.status(), 403);
    for what in ["ban", "mute"] {
        let mut answers = Vec::new();
        for on in [&ann, &owner, &mia] {
            let answer = server.delete(&path(on, what), &bob.token).await;
            answers.push((answer.status, answer.text));
        }
        assert!(answers[0].0 == 403 && answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }

    for (by, on, status) in
        [(&ann, &ann, 403), (&mo, &ann, 403), (&admin, &ann, 204), (&admin, &ann, 404), (&mia, &guest, 204)]
    {
        assert_eq!(server.delete(&path(on, "ban"), &by.token).await.status, status, "{}", by.user.name);
    }
    assert_eq!(server.get(&mo.token, "/api/bans").await.json::<Bans>().await.unwrap().bans, []);
    assert_eq!((server.who(&ann.token).await, server.who(&guest.token).await), (200, 200));
    server.stop().await;
}

#[tokio::test]
async fn nobody_new_comes_in_from_a_banned_address() {
    let config = Config { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..unlimited() };
    let server = Server::start_with(config).await;
    let (bad, near, far) = ("2001:db8::1", "2001:db8::2", "2001:db8:1::1");
    let come_in = async |from: &str| {
        server
            .ask_from(
                from,
                Method::POST,
                "/api/session",
                "",
                json!({ "name": Uuid::now_v7().simple().to_string()[..20] }),
            )
            .await
    };
    let make_account = async |from: &str, name: &str| {
        server.ask_from(from, Method::POST, "/api/accounts", "", json!({ "name": name, "password": PASSWORD })).await
    };
    let me = async |from: &str, who: &SessionMade| {
        server.ask_from(from, Method::GET, "/api/me", &who.token, Value::Null).await.status
    };
    let owner = server.owner("olga").await;
    let (eve, accomplice, neighbour) =
        (come_in(bad).await.made(), come_in(near).await.made(), make_account(near, "ned").await.made());
    let mut live = connect(&server, &accomplice).await;
    ban(&server, &owner, &eve, json!({ "reason": "spam", "address": true })).await;
    assert_eq!(live.ended().await.bye, BANNED, "another guest from there");
    let banned = (403, "banned".to_owned());
    for from in [bad, near] {
        assert_eq!(come_in(from).await.refused(), banned);
        assert_eq!(make_account(from, "eva").await.refused(), banned);
        let form = http_client().post(server.url("/enter")).header("x-forwarded-for", from).form(&[("name", "eva")]);
        let answer = form.header("origin", server.url("")).send().await.unwrap();
        assert!(answer.headers()["location"].to_str().unwrap().starts_with("/?error=banned"), "{answer:?}");
    }
    assert_eq!((me(bad, &eve).await, me(near, &accomplice).await, me(far, &eve).await), (403, 403, 403));
    // Who has an account is known by more than that.
    assert_eq!(me(near, &neighbour).await, 200);
    assert_eq!((come_in(far).await.status, me(far, &accomplice).await), (200, 200));
    let listed = server.get(&owner.token, "/api/bans").await.text().await.unwrap();
    assert!(listed.contains("\"address\":true") && !listed.contains("2001:"), "{listed}");
    assert_eq!(server.delete(&path(&eve, "ban"), &owner.token).await.status, 204);
    assert_eq!((come_in(bad).await.status, me(near, &accomplice).await), (200, 200));
    server.stop().await;
}

#[tokio::test]
async fn who_is_muted_reads_on_and_says_nothing() {
    let server = Server::start().await;
    let (owner, ann, bob) = (server.owner("olga").await, server.account("ann").await, server.account("bob").await);
    let mia = server.with_role(&owner, "mia", "moderator").await;
    let (kitchen, lobby) = (new_room(&server, &ann, "public").await, RoomId::lobby());
    let (mut ann_live, mut bob_live) = (connect(&server, &ann).await, connect(&server, &bob).await);
    ann_live.join(kitchen.as_str(), None).await;
    bob_live.join(kitchen.as_str(), None).await;

    // In a room by who looks after it.
    assert_eq!(mute(&server, &bob, &ann, Some(&kitchen)).await, 403);
    assert_eq!(mute(&server, &ann, &ann, Some(&kitchen)).await, 403);
    assert_eq!(mute(&server, &ann, &owner, Some(&kitchen)).await, 403);
    assert_eq!(mute(&server, &ann, &bob, Some(&lobby)).await, 403);
    assert_eq!(mute(&server, &ann, &bob, None).await, 403);
    assert_eq!(mute(&server, &ann, &bob, Some(&"nowhere".into())).await, 404);
    assert_eq!(mute(&server, &ann, &bob, Some(&kitchen)).await, 204);
    let (code, wait) = send(&mut bob_live, &kitchen).await.unwrap();
    assert!(code == "muted" && (1..=300_000).contains(&wait.unwrap()), "{code} {wait:?}");
    assert_eq!(refusal(&mut bob_live, &lobby).await, None, "elsewhere they speak");
    // Typing reaches nobody; reading goes on.
    bob_live.say(&ClientFrame::Typing { room: kitchen.clone() }).await;
    bob_live.say(&ClientFrame::Ping { at: 1 }).await;
    bob_live.until(|frame| matches!(frame, ServerFrame::Pong { .. }).then_some(())).await;
    ann_live.say(&ClientFrame::Ping { at: 1 }).await;
    ann_live
        .until(|frame| match frame {
            ServerFrame::Typing { .. } => panic!("{frame:?}"),
            ServerFrame::Pong { .. } => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(refusal(&mut ann_live, &kitchen).await, None);
    assert_eq!(support::body(&bob_live.event().await), "hello");
    assert_eq!(server.get(&bob.token, &format!("/api/rooms/{kitchen}/messages")).await.status(), 200);
    // Leaving and coming back does not help, nor does asking oneself.
    let membership = format!("/api/rooms/{kitchen}/members/{}", bob.user.id);
    assert_eq!(server.delete(&membership, &bob.token).await.status, 204);
    assert_eq!(refusal(&mut bob_live, &kitchen).await.as_deref(), Some("muted"));
    assert_eq!(unmute(&server, &bob, &bob, Some(&kitchen)).await, 403);
    assert_eq!(unmute(&server, &ann, &bob, Some(&kitchen)).await, 204);
    assert_eq!(unmute(&server, &ann, &bob, Some(&kitchen)).await, 404);
    assert_eq!(refusal(&mut bob_live, &kitchen).await, None);

    // On the whole server by who moderates it, also where someone looks after a room.
    assert_eq!(mute(&server, &mia, &owner, None).await, 403);
    assert_eq!(mute(&server, &mia, &mia, None).await, 403);
    assert_eq!(mute(&server, &mia, &ann, None).await, 204);
    for room in [&kitchen, &lobby] {
        assert_eq!(refusal(&mut ann_live, room).await.as_deref(), Some("muted"));
    }
    for minutes in [0, 43_201] {
        assert_eq!(server.post(&path(&ann, "mute"), &mia.token, json!({ "minutes": minutes })).await.status, 400);
    }
    // In force over a restart.
    let server = server.restart().await;
    let mut ann_live = connect(&server, &ann).await;
    assert_eq!(refusal(&mut ann_live, &lobby).await.as_deref(), Some("muted"));
    assert_eq!(unmute(&server, &mia, &ann, None).await, 204);
    assert_eq!(refusal(&mut ann_live, &lobby).await, None);
    server.stop().await;
}

#[tokio::test]
async fn bans_and_mutes_end_at_their_time() {
    let folder = TempDir::new().unwrap();
    let server = Server::start_in(folder.path(), unlimited()).await;
    let (owner, ann, bob) = (server.owner("olga").await, server.account("ann").await, server.account("bob").await);
    ban(&server, &owner, &ann, json!({ "reason": "spam", "hours": 1, "address": true })).await;
    assert_eq!(mute(&server, &owner, &bob, None).await, 204);
    let server = server.restart().await;
    let refused = server.get(&ann.token, "/api/me").await;
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(refused.status() == 403 && (3_000..=3_601).contains(&wait), "{wait}");

    // Their time is put nearer while nobody looks.
    let mut db = database(&server).await;
    server.stop().await;
    let until = now() + 2_000;
    for change in ["UPDATE ban SET until = ?", "UPDATE mute SET until = ?"] {
        sqlx::query(change).bind(until).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    let server = Server::start_in(folder.path(), unlimited()).await;
    let mut bob_live = connect(&server, &bob).await;
    let begun = Instant::now();
    let (mut banned, mut muted) = (true, true);
    while banned || muted {
        assert!(begun.elapsed() < PATIENCE);
        let before = now();
        let is_banned = server.who(&ann.token).await == 403;
        let is_muted = refusal(&mut bob_live, &RoomId::lobby()).await.is_some();
        let after = now();
        // Looked at before the end, it holds; after it, it does not.
        assert!((is_banned && is_muted) || after >= until);
        assert!(!(is_banned || is_muted) || before < until);
        (banned, muted) = (is_banned, is_muted);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.try_guest("gus").await.status, 200, "nor is the address banned");
    assert_eq!(server.get(&owner.token, "/api/bans").await.json::<Bans>().await.unwrap().bans, []);
    // What has ended is in nobody's way.
    ban(&server, &owner, &ann, json!({ "reason": "again" })).await;
    assert_eq!(server.who(&ann.token).await, 403);
    server.stop().await;
}

#[tokio::test]
async fn the_order_of_commits_decides_between_a_mute_and_a_message() {
    let server = Server::start().await;
    let (owner, bob) = (server.owner("olga").await, server.account("bob").await);
    let mut live = connect(&server, &bob).await;
    let (mut kept, mut refused) = (0, 0);
    for round in 0..30 {
        let muting = async {
            tokio::time::sleep(Duration::from_micros(round * 150)).await;
            assert_eq!(mute(&server, &owner, &bob, None).await, 204);
            head(&server, &owner).await
        };
        let sending = async {
            for n in 0..40 {
                live.say(&say(&RoomId::lobby(), &format!("{round} {n}"))).await;
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
async fn the_order_of_commits_decides_between_a_ban_and_a_message() {
    let server = Server::start().await;
    let (owner, bob) = (server.owner("olga").await, server.account("bob").await);
    let mut last = 0;
    for round in 0..20 {
        let mut live = Client::connect(server.address, &bob).await;
        // On the way in while the ban comes, or in already.
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
                if live.try_say(&say(&RoomId::lobby(), &format!("{round} {n}"))).await.is_none() {
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

#[tokio::test]
async fn every_act_is_in_the_log_and_stays_there() {
    let server = Server::start().await;
    let (owner, ann) = (server.owner("olga").await, server.account("ann").await);
    let (kitchen, attic) = (new_room(&server, &owner, "public").await, new_room(&server, &owner, "private").await);
    let before: Audit = server.get(&owner.token, "/api/audit").await.json().await.unwrap();
    ban(&server, &owner, &ann, json!({ "reason": "spam", "address": true })).await;
    assert_eq!(server.delete(&path(&ann, "ban"), &owner.token).await.status, 204);
    assert_eq!(mute(&server, &owner, &ann, None).await, 204);
    assert_eq!(unmute(&server, &owner, &ann, None).await, 204);
    assert_eq!(mute(&server, &owner, &ann, Some(&kitchen)).await, 204);
    for (room, name) in [(&kitchen, "Pantry"), (&attic, "Cellar")] {
        let here = format!("/api/rooms/{room}");
        let member = format!("{here}/members/{}", ann.user.id);
        assert_eq!(
            server.post(&format!("{here}/members"), &owner.token, json!({ "user": ann.user.id })).await.status,
            204
        );
        for (method, path, body) in [
            (Method::PATCH, &member, json!({ "moderator": true })),
            (Method::PATCH, &member, json!({ "moderator": false })),
            (Method::DELETE, &member, Value::Null),
            (Method::PATCH, &here, json!({ "name": name, "topic": "preserves" })),
            (Method::PATCH, &here, json!({ "archived": true })),
            (Method::PATCH, &here, json!({ "archived": false })),
        ] {
            assert_eq!(server.ask(method, path, &owner.token, body).await.status, 204, "{path}");
        }
    }
    // What one does to oneself, and what was refused, is no act of power.
    assert_eq!(
        server.post(&format!("/api/rooms/{kitchen}/members"), &ann.token, json!({ "user": ann.user.id })).await.status,
        204
    );
    assert_eq!(server.delete(&format!("/api/rooms/{kitchen}/members/{}", ann.user.id), &ann.token).await.status, 204);
    assert_eq!(mute(&server, &ann, &owner, None).await, 403);

    let all: Audit = server.get(&owner.token, "/api/audit?limit=200").await.json().await.unwrap();
    let new = &all.entries[..all.entries.len() - before.entries.len()];
    let acts: Vec<_> =
        new.iter().rev().map(|entry| (entry.act.as_str(), entry.room.clone(), entry.subject.is_some())).collect();
    let mut expected =
        vec![("banned", None, true), ("ban_lifted", None, true), ("muted", None, true), ("unmuted", None, true)];
    expected.push(("muted", Some(kitchen.clone()), true));
    for room in [&kitchen, &attic] {
        for (act, someone) in [
            ("room_moderator_appointed", true),
            ("room_moderator_dismissed", true),
            ("member_removed", true),
            ("room_renamed", false),
            ("room_archived", false),
            ("room_reopened", false),
        ] {
            expected.push((act, Some(room.clone()), someone));
        }
    }
    assert_eq!(acts, expected);
    assert!(new.iter().all(|entry| entry.actor.as_ref() == Some(&owner.user)));
    assert!(new.iter().all(|entry| entry.subject.as_ref().is_none_or(|subject| *subject == ann.user)));
    assert!((now() - 60_000..=now()).contains(&new[0].at));
    let details = new.last().unwrap().details.clone().unwrap();
    assert_eq!(details, json!({ "reason": "spam", "until": null, "address": true }));
    let text = serde_json::to_string(&all).unwrap();
    assert!(text.contains("Pantry") && !text.contains("Cellar"), "a private room's name is its members' alone");
    assert!(!text.contains("127.0.0.1") && !text.contains(&ann.token));

    // Page by page it is the same.
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Audit = server.get(&owner.token, &format!("/api/audit?limit=4{cursor}")).await.json().await.unwrap();
        let Some(last) = page.entries.last() else { break };
        assert!(page.entries.len() <= 4);
        cursor = format!("&before={}", last.id);
        pages.extend(page.entries);
    }
    assert_eq!(pages, all.entries);
    assert_eq!(server.get(&owner.token, "/api/audit?before=x").await.status(), 400);
    let mut db = database(&server).await;
    for change in ["DELETE FROM audit", "UPDATE audit SET act = 'nothing'"] {
        assert!(sqlx::query(change).execute(&mut db).await.is_err(), "{change}");
    }
    assert_eq!(server.get(&owner.token, "/api/audit?limit=200").await.json::<Audit>().await.unwrap(), all);
    server.stop().await;
}
