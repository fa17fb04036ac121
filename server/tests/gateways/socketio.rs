//! Socket.IO at packet level. Real clients are tested in `end2end/tests/clients.spec.ts`.

use std::{sync::Arc, time::Duration};

use futures::SinkExt;
use parlor::config::{Config, Guests, Switch};
use parlor_protocol::ServerFrame;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Barrier,
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    MESSAGES, ROUND, nothing_left, same_order,
    socketio_client::{Io, polled, polling},
    talk_past,
};
use crate::support::{FrameReader, PATIENCE, Server, body, http_client, people::of_each_role, unlimited};

#[tokio::test]
async fn messages_and_presence_are_exchanged() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let mut ann = Io::to(&server, json!({ "name": "ann" })).await;
    ann.emit("message", "hello".into()).await;
    let event = bob.event().await;
    assert_eq!((event.by.name.as_str(), body(&event)), ("ann", "hello"));
    assert_eq!(ann.message().await, "ann: hello");
    bob.send("hi ann").await;
    assert_eq!(ann.message().await, "bob: hi ann");
    let answer = ann.ask("message", "with an answer".into()).await;
    assert_eq!(answer["seq"], 3, "{answer}");
    assert_eq!(ann.message().await, "ann: with an answer");
    let mut cat = Io::to(&server, json!({ "name": "cat" })).await;
    assert_eq!(ann.message().await, "cat came in");
    cat.send("41").await;
    assert_eq!(ann.message().await, "cat left");
    for (data, code) in
        [(json!("  "), "empty"), (json!({ "text": "x" }), "bad_frame"), (json!("x".repeat(8_001)), "too_long")]
    {
        assert_eq!(ann.ask("message", data.clone()).await["error"]["code"], code);
        ann.emit("message", data.clone()).await;
        let refused = ann.on("error").await;
        assert_eq!(refused["code"], code);
        let began = (code == "too_long").then(|| "x".repeat(40) + "…");
        assert_eq!(refused["text"].as_str(), began.as_deref());
    }
    server.stop().await;
}

#[tokio::test]
async fn first_message_can_set_the_name() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let mut ann = Io::to(&server, json!({})).await;
    bob.until(|frame| matches!(frame, ServerFrame::Presence { .. }).then_some(())).await;
    bob.send("who is there?").await;
    assert_eq!(ann.message().await, "bob: who is there?");
    assert_eq!(ann.ask("message", "bob".into()).await["error"]["code"], "name_taken");
    assert_eq!(ann.ask("message", "ann".into()).await, json!({ "name": "ann" }));
    ann.emit("message", "me".into()).await;
    let event = bob.until(|frame| match frame {
        ServerFrame::Event(event) if event.by.name != "bob" => Some(event.clone()),
        _ => None,
    });
    let event = event.await;
    assert_eq!((event.by.name.as_str(), body(&event)), ("ann", "me"));
    drop(ann);
    drop(bob);
    nothing_left(&server, &["ann"]).await;
    server.stop().await;
}

#[tokio::test]
async fn typed_bot_events_are_answered() {
    let server = Server::start().await;
    let [olga, ..] = of_each_role(&server).await;
    let garden = server.room(&olga, "garden", "public").await;
    let mut bob = server.client("bob").await;
    let mut bot = Io::to(&server, json!({ "name": "bot" })).await;
    let rooms = bot.ask("rooms", Value::Null).await;
    assert!(rooms["rooms"].as_array().unwrap().iter().any(|room| room["id"] == garden.as_str()), "{rooms}");
    assert_eq!(bot.ask("join", json!({ "room": "nowhere" })).await["error"]["code"], "not_found");
    let joined = bot.ask("join", json!({ "room": garden })).await;
    assert_eq!((&joined["room"], &joined["online_count"]), (&json!(garden), &json!(1)));
    let said = bot.ask("say", json!({ "room": garden, "body": "a *seed*" })).await;
    let event = bot.on("event").await;
    assert_eq!((&event["id"], &event["seq"]), (&said["id"], &said["seq"]));
    assert_eq!((&event["by"]["name"], &event["event"]["body"]), (&json!("bot"), &json!("a *seed*")));
    let reply = json!({ "room": garden, "body": "and another", "reply_to": said["id"] });
    bot.ask("say", reply).await;
    assert_eq!(bot.on("event").await["event"]["reply_to"], said["id"]);
    let history = bot.ask("history", json!({ "room": garden, "limit": 1 })).await;
    assert_eq!(history["messages"][0]["body"], "and another", "{history}");
    let before = history["messages"][0]["seq"].clone();
    let history = bot.ask("history", json!({ "room": garden, "before": before, "limit": 1 })).await;
    assert_eq!(history["messages"][0]["body"], "a *seed*");
    bot.ask("leave", json!({ "room": garden })).await;
    // Events of another room do not change the current one.
    bob.send("lobby").await;
    assert_eq!(bot.message().await, "bob: lobby");
    for (event, data, code) in [
        ("say", json!({ "room": "nowhere", "body": "x" }), "not_found"),
        ("say", json!({ "room": garden }), "bad_request"),
        ("say", json!("x"), "bad_request"),
        ("join", json!({ "room": 1 }), "bad_request"),
        ("history", json!({ "room": "nowhere" }), "not_found"),
        ("dance", json!({}), "unknown_type"),
    ] {
        assert_eq!(bot.ask(event, data).await["error"]["code"], code, "{event}");
    }
    let presence = {
        let _cat = Io::to(&server, json!({ "name": "cat" })).await;
        bot.on("presence").await
    };
    assert_eq!((&presence["user"]["name"], &presence["state"]), (&json!("cat"), &json!("online")));
    server.stop().await;
}

#[tokio::test]
async fn private_messages_reach_only_the_recipient() {
    let server = Server::start().await;
    let mut ann = Io::to(&server, json!({ "name": "ann" })).await;
    let mut bob = Io::to(&server, json!({ "name": "bob" })).await;
    let mut cat = Io::to(&server, json!({ "name": "cat" })).await;
    let answer = ann.ask("message", "@bob psst".into()).await;
    assert_eq!(answer["seq"], 1, "{answer}");
    while bob.message().await != "(private) ann: psst" {}
    bob.emit("message", "@ann and back".into()).await;
    while ann.message().await != "(private) bob: and back" {}
    ann.emit("message", "done".into()).await;
    loop {
        let packet = cat.packet().await.unwrap();
        assert!(!packet.contains("psst") && !packet.contains("and back"), "{packet}");
        if packet.contains("done") {
            break;
        }
    }
    assert_eq!(ann.ask("message", "@nobody x".into()).await["error"]["code"], "not_found");
    server.stop().await;
}

#[tokio::test]
async fn permissions_apply() {
    let allow_origins = vec!["https://wiki.example".into()];
    let server = Server::start_with(Config { guests: Some(Guests::Off), allow_origins, ..unlimited() }).await;
    let carol = server.account("Carol").await;
    let refused = Io::with(&server, json!({ "name": "ann" }), &[]).await.err().unwrap();
    assert!(refused.ends_with("(guests_off)"), "{refused}");
    let refused = Io::with(&server, json!({ "token": "nothing" }), &[]).await.err().unwrap();
    assert!(refused.ends_with("(unauthorized)"), "{refused}");
    let refused = Io::with(&server, json!({ "name": 5 }), &[]).await.err().unwrap();
    assert!(refused.contains("\"auth\" may have the strings") && refused.ends_with("(bad_request)"), "{refused}");
    let mut by_token = Io::to(&server, json!({ "token": carol.token })).await;
    let long = by_token.ask("message", "x".repeat(70_000).into()).await;
    assert_eq!(long["error"]["code"], "too_long", "not ended without a word");
    assert!(by_token.ask("history", Value::Null).await["messages"].is_array(), "all of it may be left out");
    by_token.emit("message", "me".into()).await;
    assert_eq!(by_token.message().await, "Carol: me");
    let refused = Io::with(&server, json!({ "token": carol.token, "room": "nowhere" }), &[]).await.err().unwrap();
    assert!(refused.ends_with("(not_found)"), "{refused}");
    let cookie = format!("parlor_session={}", carol.token);
    let own = format!("http://{}", server.address);
    Io::with(&server, json!({}), &[("cookie", &cookie), ("origin", &own)]).await.unwrap();
    let listed = [("cookie", cookie.as_str()), ("origin", "https://wiki.example")];
    let refused = Io::with(&server, json!({}), &listed).await.err().unwrap();
    assert!(refused.ends_with("(guests_off)"), "a page from elsewhere does not speak for its reader: {refused}");
    let foreign = [("origin", "https://evil.example")];
    assert!(Io::with(&server, json!({ "token": carol.token }), &foreign).await.err().unwrap().contains("403"));
    // Polling by web pages: only allowed origins, and without cookies.
    for (origin, status) in [("https://evil.example", 403), ("https://wiki.example", 200), (own.as_str(), 200)] {
        let url = server.url("/socket.io/?EIO=4&transport=polling");
        let answer = http_client().get(url).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), status, "{origin}");
        let shared = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_eq!(shared, (origin == "https://wiki.example").then_some(origin));
        assert!(answer.headers().get("access-control-allow-credentials").is_none());
    }
    let url = server.url("/socket.io/?EIO=4&transport=polling&sid=x");
    let preflight = http_client().request(Method::OPTIONS, url).header("origin", "https://wiki.example");
    assert_eq!(preflight.send().await.unwrap().status(), 204);
    server.stop().await;
}

#[tokio::test]
async fn polling_behaves_like_websocket() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let sid = polling(&server).await;
    assert_eq!(polled(&server, Method::POST, &sid, r#"40{"name":"ann"}"#).await.0, 200);
    let mut heard = String::new();
    while !heard.contains("40{") {
        heard += &polled(&server, Method::GET, &sid, "").await.1;
    }
    let packets = "42[\"message\",\"one\"]\u{1e}42[\"message\",\"two\"]";
    assert_eq!(polled(&server, Method::POST, &sid, packets).await.0, 200);
    for text in ["one", "two"] {
        assert_eq!(body(&bob.event().await), text);
    }
    bob.send("three").await;
    while !heard.contains("bob: three") {
        heard += &polled(&server, Method::GET, &sid, "").await.1;
    }
    let places: Vec<_> = ["ann: one", "ann: two", "bob: three"].iter().map(|text| heard.find(text).unwrap()).collect();
    assert!(places.is_sorted());
    assert!(polled(&server, Method::POST, &sid, &format!("4{}", "x".repeat(300_000))).await.0 >= 400, "too large");
    assert_eq!(polled(&server, Method::GET, "&sid=AAAAAAAAAAAAAAHs", "").await.0, 400);
    assert_eq!(polled(&server, Method::GET, "&sid=nonsense", "").await.0, 400);
    drop(bob);
    nothing_left(&server, &["ann"]).await;
    server.stop().await;
}

#[tokio::test]
async fn receivers_see_one_order_under_load() {
    let server = Server::start().await;
    let mut clients = Vec::new();
    for name in ["ann", "bea", "cat", "receiver"] {
        let mut client = Io::to(&server, json!({ "name": name })).await;
        client.ask("rooms", Value::Null).await;
        clients.push((name, client));
    }
    let round = Arc::new(Barrier::new(clients.len()));
    let talking = clients.into_iter().map(|(name, mut client)| {
        let round = round.clone();
        tokio::spawn(async move {
            let mut heard = Vec::new();
            for from in (0..MESSAGES).step_by(ROUND) {
                for n in (from..from + ROUND).filter(|_| name != "receiver") {
                    client.emit("message", n.to_string().into()).await;
                }
                while heard.len() < 3 * (from + ROUND) {
                    let message = client.message().await;
                    heard.extend(message.contains(": ").then_some(message));
                }
                round.wait().await;
            }
            heard
        })
    });
    let talking: Vec<_> = talking.collect();
    same_order(talking, &["ann", "bea", "cat"]).await;
    server.stop().await;
}

#[tokio::test]
async fn disconnects_leak_nothing() {
    let heartbeat = Duration::from_secs(1);
    let server = Server::start_with(Config { heartbeat, hello_timeout: Duration::from_secs(1), ..unlimited() }).await;
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.address);
    // Before, during and right after connecting, and while sending.
    let mut names = Vec::new();
    for packets in [
        &[][..],
        &["40{\"name\":\"ann\"}"],
        &["40{\"name\":\"ann\"}", "42[\"message\",\"hi\"]", "420[\"history\",{}]"],
        &["40{}", "42[\"message\",\"ann\"]"],
        &["40{\"name\":\"ann\"}", "41"],
        &["40{\"name\":\"ann\"}", "451-[\"message\",{\"_placeholder\":true,\"num\":0}]"],
        &["nonsense"],
    ] {
        for reset in [false, true] {
            let name = format!("ann{}", names.len());
            let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
            for packet in packets {
                let _ = socket.send(Message::text(packet.replace("ann", &name))).await;
            }
            if let tokio_tungstenite::MaybeTlsStream::Plain(stream) = socket.get_ref()
                && reset
            {
                socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
            }
            names.push(name);
        }
    }
    nothing_left(&server, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // A polling client that stops polling.
    let sid = polling(&server).await;
    polled(&server, Method::POST, &sid, "40{\"name\":\"ann\"}").await;
    nothing_left(&server, &["ann"]).await;
    // A silent connection.
    let silent = Io::to(&server, json!({ "name": "ann" })).await;
    nothing_left(&server, &["ann"]).await;
    drop(silent);
    server.stop().await;
}

#[tokio::test]
async fn slow_clients_are_closed() {
    let server = Server::start_with(Config { heartbeat: Duration::from_secs(1), ..unlimited() }).await;
    let stuck = Io::to(&server, json!({ "name": "stuck" })).await;
    talk_past(&server, 7_000).await;
    nothing_left(&server, &["stuck", "writer"]).await;
    drop(stuck);
    server.stop().await;
}

#[tokio::test]
async fn flooding_clients_are_closed() {
    let server = Server::start().await;
    let mut loud = Io::to(&server, json!({ "name": "loud" })).await;
    // Each needs a database query, and the client does not read the responses.
    let packet = format!("42{}", json!(["message", format!("@nobody {}", "x".repeat(7_000))]));
    for _ in 0..20_000 {
        if loud.socket.feed(Message::text(&packet)).await.is_err() {
            break;
        }
    }
    while loud.packet().await.is_some() {}
    nothing_left(&server, &["loud"]).await;
    server.stop().await;
}

#[tokio::test]
async fn shutdown_is_announced() {
    let server = Server::start().await;
    let mut ann = Io::to(&server, json!({ "name": "ann" })).await;
    ann.ask("rooms", Value::Null).await;
    let stopping = tokio::spawn(server.stop());
    let told = ann.on("error").await;
    assert_eq!((&told["code"], &told["close"]), (&json!("bye"), &json!(4001)));
    assert_eq!(ann.packet().await, None, "the connection ends, so that clients come back by themselves");
    tokio::time::timeout(PATIENCE, stopping).await.unwrap().unwrap();
}

#[tokio::test]
async fn every_way_to_open_a_session_is_limited() {
    let server = Server::start_with(Config { rate_limits: Switch::On, ..unlimited() }).await;
    // A session counts for its token, too.
    let ann = server.session("ann").await;
    let mut times = 0;
    let refused = loop {
        match Io::with(&server, json!({ "token": ann.token }), &[]).await {
            Ok(_) => times += 1,
            Err(refused) => break refused,
        }
        assert!(times < 90, "never refused");
    };
    assert!(times >= 30 && refused.contains("rate_limited"), "{times}: {refused}");
    // A session id that does not exist is no way around the limit of openings.
    let mut status = 0;
    for _ in 0..400 {
        (status, _) = polled(&server, Method::GET, "&sid=AAAAAAAAAAAAAAAA", "").await;
        if status == 429 {
            break;
        }
    }
    assert_eq!(status, 429);
    server.stop().await;
}

#[tokio::test]
async fn polling_sessions_on_one_network_connection_count_each() {
    let config = Config { rate_limits: Switch::On, max_connections_per_address: 3, ..unlimited() };
    let server = Server::start_with(config).await;
    let http = http_client();
    let ask = async |method: Method, query: &str, body: String| {
        let url = server.url(&format!("/socket.io/?EIO=4&transport=polling{query}"));
        http.request(method, url).body(body).send().await.unwrap().text().await.unwrap()
    };
    let mut answers = Vec::new();
    for n in 0..4 {
        let open: Value =
            serde_json::from_str(ask(Method::GET, "", String::new()).await.strip_prefix('0').unwrap()).unwrap();
        let query = format!("&sid={}", open["sid"].as_str().unwrap());
        ask(Method::POST, &query, format!("40{}", json!({ "name": format!("guest {n}") }))).await;
        answers.push(loop {
            let answer = ask(Method::GET, &query, String::new()).await;
            // Heartbeats come first.
            if let Some(packet) = answer.split('\u{1e}').find(|packet| packet.starts_with('4')) {
                break packet.to_owned();
            }
        });
    }
    assert!(answers[..3].iter().all(|answer| answer.starts_with("40{")), "{answers:?}");
    assert!(answers[3].starts_with("44") && answers[3].contains("unavailable"), "{answers:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_awaited() {
    let server = Server::start_with(Config { body_timeout: Duration::from_millis(200), ..unlimited() }).await;
    let query = polling(&server).await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head =
        format!("POST /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n40");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    server.stop().await;
}
