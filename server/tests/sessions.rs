//! Sessions: listing and revoking, on every transport.

use crate::support::{
    self, Client, Server, database::Argument, eventually, http_client, http_connection::Requests, people::PASSWORD,
};
use parlor::config::Config;
use parlor_protocol::{ClientFrame, CloseCode, PROTOCOL_VERSION, ServerFrame, http::SessionList};

const REVOKED: Option<u16> = Some(CloseCode::SessionRevoked.code());

async fn sessions(server: &Server, token: &str) -> SessionList {
    server.get(token, "/api/sessions").await.json().await.unwrap()
}

#[tokio::test]
async fn sessions_are_listed_with_device_and_address() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
    let body = serde_json::json!({ "name": "ann", "password": PASSWORD });
    let request = http_client().post(server.url("/api/sign-in")).header("user-agent", agent).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let list = sessions(&server, &ann.token).await.sessions;
    let firefox = list.iter().find(|session| session.device.as_deref() == Some("Firefox on Linux")).unwrap();
    assert_eq!((firefox.address.as_deref(), firefox.current), (Some("127.0.0.1"), false));
    assert_eq!(list.iter().filter(|session| session.current).count(), 1);
    assert_eq!(list.len(), 2);
    // Sessions of others are hidden.
    let bob = server.account("bob").await;
    assert_eq!(sessions(&server, &bob.token).await.sessions.len(), 1);
    let path = format!("/api/sessions/{}", firefox.id);
    assert_eq!(server.delete(&path, &bob.token).await.status, 404);
    assert_eq!(server.delete(&path, &ann.token).await.status, 204);
    assert_eq!(server.delete(&path, &ann.token).await.status, 404);
    assert_eq!(server.delete("/api/sessions/x", &ann.token).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn revoking_a_session_closes_its_connections_on_all_transports() {
    let server = Server::start().await;
    let here = server.account("ann").await;
    let there = server.sign_in("ann").await;
    let mut mine = Client::greet(server.address, &here).await;
    let mut socket = Client::greet(server.address, &there).await;
    // A connection before hello counts as well.
    let mut silent = Client::connect(server.address, &there).await;
    let streamed = Requests::new(server.address, &there, Some("s"));
    let mut stream = streamed.stream(None).await;
    streamed.hello(vec![]).await;
    let polled = Requests::new(server.address, &there, Some("p"));
    polled.hello(vec![]).await;
    assert!(matches!(polled.poll().await[0], ServerFrame::Welcome { .. }));
    let list = sessions(&server, &here.token).await.sessions;
    let other = list.iter().find(|session| !session.current).unwrap().id;
    let path = format!("/api/sessions/{other}");
    let (answer, poll) = tokio::join!(server.delete(&path, &here.token), polled.get("poll", None));
    assert_eq!(answer.status, 204);
    let is_revoked = |frame: &ServerFrame| matches!(frame, ServerFrame::Bye { code: 4501, reconnect: false, .. });
    // The poll is either pending and gets the `bye`, or arrives later and is refused.
    if poll.status() != 401 {
        let frames: Vec<serde_json::Value> = poll.json().await.unwrap();
        assert!(frames.iter().any(|frame| is_revoked(&ServerFrame::decode(&frame.to_string()).unwrap())), "{frames:?}");
    }
    assert_eq!((socket.ended().await.bye, silent.ended().await.bye), (REVOKED, REVOKED));
    let mut told = false;
    while let Some(block) = stream.block().await {
        told |= block.data.is_some_and(|data| is_revoked(&ServerFrame::decode(&data).unwrap()));
    }
    assert!(told);
    for endpoint in ["sse", "poll"] {
        assert_eq!(streamed.get(endpoint, None).await.status(), 401, "{endpoint}");
    }
    assert_eq!(polled.post_text("[]").await.0, 401);
    mine.join("lobby", None).await;
    mine.send("still here").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connecting_clients_do_not_outlive_a_revoked_session() {
    let server = Server::start().await;
    let here = server.account("ann").await;
    for _ in 0..30 {
        let there = server.sign_in("ann").await;
        let bearer = format!("Bearer {}", there.token);
        let headers = [("authorization", bearer.as_str())];
        let comes_in = async {
            let Ok(socket) = support::try_upgrade(server.address, &headers).await else { return };
            let mut client = Client { user: there.user.clone(), token: there.token.clone(), socket };
            // It may be closed before that.
            let _ = client.try_say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume: vec![] }).await;
            client.ended().await;
        };
        let (answer, ()) = tokio::join!(server.delete("/api/sessions", &here.token), comes_in);
        assert_eq!(answer.status, 204);
    }
    server.stop().await;
}

#[tokio::test]
async fn other_sessions_are_revoked_and_the_current_one_stays() {
    let server = Server::start().await;
    let here = server.account("ann").await;
    let others = [server.sign_in("ann").await, server.sign_in("ann").await];
    let mut live = Client::greet(server.address, &others[0]).await;
    assert_eq!(server.delete("/api/sessions", &here.token).await.status, 204);
    assert_eq!(live.ended().await.bye, REVOKED);
    for other in &others {
        assert_eq!(server.who(&other.token).await, 401);
    }
    let list = sessions(&server, &here.token).await.sessions;
    assert!(list.len() == 1 && list[0].current);
    // Signing out ends only this session.
    let again = server.sign_in("ann").await;
    let mut live = Client::greet(server.address, &again).await;
    assert_eq!(server.delete("/api/session", &here.token).await.status, 204);
    assert_eq!((server.who(&here.token).await, server.who(&again.token).await), (401, 200));
    live.join("lobby", None).await;
    let path = format!("/api/sessions/{}", sessions(&server, &again.token).await.sessions[0].id);
    let answer = server.delete(&path, &again.token).await;
    assert!(answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"), "its own");
    assert_eq!(live.ended().await.bye, REVOKED);
    server.stop().await;
}

const DAY: i64 = 24 * 3_600_000;

#[tokio::test]
async fn sessions_in_use_end_after_their_lifetime() {
    let server = Server::start().await;
    let (old, young) = (server.account("ann").await, server.sign_in("ann").await);
    let temp = server.stop().await.unwrap();
    let mut db = support::database(temp.path()).await;
    let age = "UPDATE session SET created_at = created_at - $1 WHERE created_at =
               (SELECT created_at FROM session ORDER BY created_at DESC LIMIT 1)";
    db.execute(age, &[Argument::Number(28 * DAY)]).await.unwrap();
    db.execute(age, &[Argument::Number(30 * DAY + 1)]).await.unwrap();
    db.close().await;
    let config = Config { session_days: 30, ..support::unlimited() };
    let server = Server::start_in(temp.path(), config).await;
    assert_eq!((server.who(&old.token).await, server.who(&young.token).await), (401, 200));
    assert_eq!(sessions(&server, &young.token).await.sessions.len(), 1);
    let cookie = server.try_sign_in("ann", PASSWORD).await.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("; Max-Age=2592000"), "{cookie}");
    server.stop().await;
}

#[tokio::test]
async fn unused_sessions_expire() {
    let server = Server::start().await;
    let (old, used) = (server.account("ann").await, server.sign_in("ann").await);
    let temp = server.stop().await.unwrap();
    let mut db = support::database(temp.path()).await;
    let age = "UPDATE session SET seen_at = seen_at - $1, created_at = created_at - 1 WHERE created_at =
               (SELECT created_at FROM session ORDER BY created_at LIMIT 1 OFFSET $2)";
    db.execute(age, &[Argument::Number(91 * DAY), Argument::Number(0)]).await.unwrap();
    db.execute(age, &[Argument::Number(89 * DAY), Argument::Number(1)]).await.unwrap();
    db.close().await;
    let server = Server::start_in(temp.path(), support::unlimited()).await;
    assert_eq!((server.who(&old.token).await, server.who(&used.token).await), (401, 200));
    // Use extends a session, and that is stored.
    let mut db = server.database().await;
    eventually("the session was seen today", async || {
        parlor::clock::now() - db.number("SELECT max(seen_at) FROM session").await < DAY
    })
    .await;
    server.stop().await;
}
