//! Permissions and limits at the gateways.

use std::time::Duration;

use parlor::config::{Config, Gateways, Guests, Switch};
use parlor_protocol::{
    CloseCode,
    http::{CreatedSession, MemberList},
};
use serde_json::{Value, json};

use super::{Plain, nothing_left, socketio_client::Io};
use crate::support::{
    Server, browser::Browser, eventually, http_client, people::of_each_role, rooms::settings, unlimited,
};

const OPENING: [&str; 2] = ["/gateway/text?name=ann", "/gateway/json?name=ann"];

#[tokio::test]
async fn names_are_validated_and_assigned_by_the_server() {
    let server = Server::start().await;
    server.account("Carol").await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann").await;
    ann.json().await;
    for (name, status, code) in [
        ("carol", 409, "name_taken"),
        ("ANN", 409, "name_taken"),
        (&"x".repeat(33), 422, "too_long"),
        ("a%00b", 422, "bad_characters"),
    ] {
        let refused = Plain::with(&server, &format!("/gateway/text?name={name}"), &[]).await.err();
        assert_eq!(refused, Some((status, code.into())), "{name}");
    }
    let refused = Plain::with(&server, "/gateway/text?name=bea&format=xml", &[]).await.err();
    assert_eq!(refused, Some((400, "bad_request".into())));
    server.stop().await;
}

#[tokio::test]
async fn plain_http_requests_are_rejected_and_create_no_guest() {
    let server = Server::start().await;
    for path in OPENING {
        assert_eq!(http_client().get(server.url(path)).send().await.unwrap().status(), 400);
    }
    assert_eq!(server.try_guest("ann").await.status, 200, "the name is free");
    server.stop().await;
}

#[tokio::test]
async fn invisible_rooms_are_rejected() {
    let server = Server::start().await;
    let [olga, ..] = of_each_role(&server).await;
    let hidden = server.room(&olga, "hidden", "private").await;
    for room in ["nowhere", hidden.as_str()] {
        let refused = Plain::with(&server, &format!("/gateway/text?room={room}&name=gus"), &[]).await.err();
        assert_eq!(refused, Some((404, "not_found".into())));
    }
    let refused = Io::with(&server, json!({ "name": "gus", "room": "nowhere" }), &[]).await.err().unwrap();
    assert!(refused.ends_with("(not_found)"), "{refused}");
    // No guests were created.
    assert!(!members(&server, &olga).await.contains(&"gus".to_owned()));
    Plain::to(&server, "/gateway/text?name=gus").await;
    server.stop().await;
}

async fn members(server: &Server, who: &CreatedSession) -> Vec<String> {
    let answer = server.get(&who.token, "/api/rooms/lobby/members").await;
    let MemberList { members, count, .. } = answer.json().await.unwrap();
    assert_eq!(count, members.len() as u64);
    members.into_iter().map(|member| member.user.name).collect()
}

#[tokio::test]
async fn temporary_guests_lose_membership_and_their_messages_stay() {
    let server = Server::start().await;
    let (ann, gus) = (server.account("ann").await, server.session("gus").await);
    let direct = server.direct(&ann, &[&gus]).await;
    let mut pat = Plain::to(&server, "/gateway/text?name=pat").await;
    pat.say("was here").await;
    pat.message().await;
    assert_eq!(members(&server, &ann).await, ["ann", "gus", "pat"]);
    let mut browser = Browser::with(&server, &ann);
    let page = browser.open("/rooms/lobby/settings").await;
    let guests: Vec<_> = page.rows("member").iter().map(|row| row.contains(">guest<")).collect();
    assert_eq!(guests, [false, true, true], "{}", page.html);
    drop(pat);
    nothing_left(&server, &[]).await;
    eventually("the guest is no member", async || members(&server, &ann).await == ["ann", "gus"]).await;
    assert_eq!(server.history(&ann.token, "").await.messages[0].by.name, "pat");
    // The same after signing out. Direct rooms keep their people.
    assert_eq!(server.delete("/api/session", &gus.token).await.status, 204);
    assert_eq!(members(&server, &ann).await, ["ann"]);
    assert_eq!(browser.open(&settings(&direct)).await.rows("member").len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn session_is_required_when_guests_are_off() {
    let server = Server::start_with(Config { guests: Some(Guests::Off), ..unlimited() }).await;
    let carol = server.account("Carol").await;
    for path in OPENING {
        assert_eq!(Plain::with(&server, path, &[]).await.err(), Some((403, "guests_off".into())));
        let bearer = format!("Bearer {}", carol.token);
        Plain::with(&server, path, &[("authorization", &bearer)]).await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn lobby_only_guests_cannot_join_other_rooms() {
    let server = Server::start_with(Config { guests: Some(Guests::LobbyOnly), ..unlimited() }).await;
    let carol = server.account("Carol").await;
    let room = server.room(&carol, "garden", "public").await;
    let refused = Plain::with(&server, &format!("/gateway/text?room={room}&name=gus"), &[]).await.err();
    assert!(matches!(refused, Some((403 | 404, _))), "{refused:?}");
    let mut gus = Plain::to(&server, "/gateway/text?name=gus").await;
    let _carol = server.client("listener").await;
    gus.say("@listener psst").await;
    assert_eq!(gus.error().await, "guests_off");
    server.stop().await;
}

#[tokio::test]
async fn mutes_bans_and_removals_apply() {
    let server = Server::start_with(unlimited()).await;
    let [olga, _, _, member] = of_each_role(&server).await;
    let bearer = format!("Bearer {}", member.token);
    let headers = [("authorization", bearer.as_str())];
    let mut ann = Plain::with(&server, "/gateway/text", &headers).await.unwrap();
    ann.json().await;
    let about = |what| format!("/api/people/{}/{what}", member.user.id);
    assert_eq!(server.post(&about("mute"), &olga.token, json!({ "minutes": 5 })).await.status, 204);
    ann.say("hm").await;
    assert_eq!(ann.error().await, "muted");
    assert_eq!(server.delete(&about("mute"), &olga.token).await.status, 204);
    ann.say("hm").await;
    assert_eq!(ann.message().await, "Ann: hm");

    let room = server.room(&olga, "club", "private").await;
    server.add(&olga, &room, &member.user).await;
    let mut inside = Plain::with(&server, &format!("/gateway/text?room={room}"), &headers).await.unwrap();
    inside.json().await;
    server.remove(&olga, &room, &member.user).await;
    let (lines, code) = inside.end().await;
    assert!(lines.last().unwrap().contains("\"removed\"") && code == Some(1008), "{lines:?} {code:?}");

    assert_eq!(server.post(&about("ban"), &olga.token, json!({ "reason": "enough" })).await.status, 204);
    let (lines, code) = ann.end().await;
    assert_eq!(code, Some(CloseCode::Banned.code()), "{lines:?}");
    let refused = Plain::with(&server, "/gateway/text", &headers).await.err();
    assert_eq!(refused, Some((403, "banned".into())));
    server.stop().await;
}

#[tokio::test]
async fn rate_limits_apply() {
    let server = Server::start_with(Config { rate_limits: Switch::On, ..Config::default() }).await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann").await;
    ann.json().await;
    // The limit is a burst of 500 and 50 per second, which this exceeds even on a busy machine. The error names the
    // text.
    let mut said = 0..;
    let refused = loop {
        for n in said.by_ref().take(600) {
            ann.say(format!("text {n}")).await;
        }
        // Accepted or not, each is answered.
        ann.say("last").await;
        let answer = |json: &Value| json["error"].is_string() || json["msg"] == "ann: last";
        let answer = ann.until(answer).await;
        if answer["error"].is_string() {
            break answer;
        }
    };
    assert_eq!(refused["error"], "rate_limited");
    let text = refused["text"].as_str().unwrap();
    assert!(
        text.strip_prefix("text ").is_some_and(|n| n.parse::<u32>().unwrap() >= 500) || text == "last",
        "{refused}"
    );
    // New guests are limited by address.
    let mut refused = None;
    for _ in 0..400 {
        if let Err(why) = Plain::with(&server, "/gateway/text", &[]).await {
            refused = Some(why);
            break;
        }
    }
    assert_eq!(refused, Some((429, "rate_limited".into())));
    server.stop().await;
}

#[tokio::test]
async fn other_origins_must_be_allowed_and_get_no_cookie_session() {
    let allow_origins = vec!["https://wiki.example".into()];
    let server = Server::start_with(Config { allow_origins, ..unlimited() }).await;
    let carol = server.account("Carol").await;
    let cookie = format!("parlor_session={}", carol.token);
    for path in OPENING {
        let foreign = [("origin", "https://evil.example"), ("cookie", cookie.as_str())];
        assert_eq!(Plain::with(&server, path, &foreign).await.err(), Some((403, "origin_refused".into())));
    }
    let own = format!("http://{}", server.address);
    for (origin, name) in [(own.as_str(), "Carol"), ("https://wiki.example", "ann")] {
        let headers = [("origin", origin), ("cookie", cookie.as_str())];
        let mut client = Plain::with(&server, "/gateway/text?name=ann&format=text", &headers).await.unwrap();
        assert_eq!(client.line().await, format!("{name} came in"));
    }
    server.stop().await;
}

#[tokio::test]
async fn disabled_gateways_return_not_found() {
    for (gateways, there) in [
        (Gateways { text: false, ..Gateways::ALL }, [404, 400, 400]),
        (Gateways { json: false, ..Gateways::ALL }, [400, 404, 400]),
        (Gateways { socket_io: false, ..Gateways::ALL }, [400, 400, 404]),
        (Gateways::NONE, [404, 404, 404]),
    ] {
        let server = Server::start_with(Config { gateways, ..unlimited() }).await;
        for (path, status) in ["/gateway/text", "/gateway/json", "/socket.io/"].into_iter().zip(there) {
            let answer = http_client().get(server.url(path)).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{path} {gateways:?}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn oversized_and_malformed_frames_close_the_connection() {
    let server = Server::start_with(Config { heartbeat: Duration::from_millis(500), ..unlimited() }).await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann").await;
    ann.say("x".repeat(70_000)).await;
    assert_eq!(ann.end().await.1, Some(CloseCode::FrameTooLarge.code()));
    server.stop().await;
}
