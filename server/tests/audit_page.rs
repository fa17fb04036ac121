//! The audit log page.

use crate::support::{Client, Server, browser::Browser, http_client};
use leptos::prelude::*;
use parlor::domain::AuditAct;
use parlor_app::{
    ServerIdentity,
    i18n::{I18n, Language},
    pages::{AuditPage, Clock, FormState, Layout, has_audit_text},
    time::Zone,
};
use parlor_protocol::{
    RoomId,
    http::{AuditEntry, CreatedRoom, CreatedSession},
};
use reqwest::{
    Method,
    header::{CONTENT_LANGUAGE, COOKIE},
};
use serde_json::{Value, json};

/// The text of the page, one line for each entry.
fn entries_of(html: &str) -> Vec<String> {
    let rows = html.split("data-testid=\"entry\"").skip(1);
    let text = |row: &str| {
        let row = row.split("</li>").next().unwrap();
        let parts = row.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text));
        parts.skip(1).collect::<String>()
    };
    rows.map(|row| text(&format!("<li{row}"))).collect()
}

async fn open(server: &Server, who: &CreatedSession, language: &'static str, path: &str) -> String {
    let page = Browser { server, token: who.token.clone(), language }.open(path).await;
    assert_eq!(page.status, 200, "{}", page.html);
    page.html
}

async fn done(server: &Server, method: Method, path: &str, by: &CreatedSession, body: Value) {
    let answer = server.ask(method, path, &by.token, body).await;
    assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
}

#[tokio::test]
async fn audit_entries_are_described_in_words() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let ann = server.with_role(&olga, "Ann", "member").await;
    let room = server.new_room(&ann.token, "Garden").await.room.id;
    let of_ann = |what: &str| format!("/api/people/{}/{what}", ann.user.id);
    let here = format!("/api/rooms/{room}");
    done(&server, Method::POST, &of_ann("role"), &olga, json!({ "role": "moderator" })).await;
    done(&server, Method::POST, &of_ann("mute"), &olga, json!({ "minutes": 5 })).await;
    done(&server, Method::DELETE, &of_ann("mute"), &olga, Value::Null).await;
    done(&server, Method::POST, &of_ann("mute"), &olga, json!({ "minutes": 5, "room": room })).await;
    done(&server, Method::DELETE, &format!("{}?room={room}", of_ann("mute")), &olga, Value::Null).await;
    done(&server, Method::PATCH, &here, &olga, json!({ "name": "Herbs & more", "archived": true })).await;
    done(&server, Method::PATCH, &here, &olga, json!({ "archived": false })).await;
    done(&server, Method::POST, &of_ann("reset"), &olga, Value::Null).await;
    let reason = "<script>alert(1)</script>";
    done(&server, Method::POST, &of_ann("ban"), &olga, json!({ "reason": reason, "address": true })).await;
    done(&server, Method::DELETE, &of_ann("ban"), &olga, Value::Null).await;
    done(&server, Method::DELETE, &format!("{here}/members/{}", ann.user.id), &olga, Value::Null).await;
    let html = open(&server, &olga, "en", "/audit").await;
    let said = entries_of(&html);
    for (row, text) in said.iter().zip([
        "Olga removed Ann from Herbs &amp; more.",
        "Olga unbanned Ann.",
        "Olga banned Ann.Permanently · including the address · Reason: &lt;script&gt;alert(1)&lt;/script&gt;",
        "Olga created a reset link for Ann.",
        "Olga unarchived Herbs &amp; more.",
        "Olga archived Herbs &amp; more.",
        "Olga renamed Herbs &amp; more.new name: Herbs &amp; more",
        "Olga unmuted Ann in Herbs &amp; more.",
        "Olga muted Ann in Herbs &amp; more.until: ",
        "Olga unmuted Ann.",
        "Olga muted Ann in all rooms.until: ",
        "Olga changed the role of Ann.from member to moderator",
        "Ann created Herbs &amp; more.",
        "Ann joined with an invitation from Olga.Role: member",
        "Olga created an invitation.Role: member",
        "Olga became the owner with the set-up link.",
    ]) {
        let text_of = row.split_once("Olga").or_else(|| row.split_once("Ann")).unwrap();
        assert!(row.contains(text) && !text_of.0.is_empty(), "{text}: {row}");
    }
    assert_eq!(said.len(), 16, "{said:?}");
    assert!(!html.contains("<script") && html.contains("<time datetime="), "{html}");
    // Without view markers.
    assert!(html.replace("<!>", "").contains("<b>Olga</b>"), "{html}");
    let said = entries_of(&open(&server, &olga, "zh-CN", "/audit").await);
    for (n, text) in [
        (0, "Olga 将 Ann 移出了 Herbs &amp; more。"),
        (2, "Olga 封禁了 Ann。永久 · 包括网络地址 · 原因："),
        (11, "Olga 更改了 Ann 的角色。由成员改为协管员"),
    ] {
        assert!(said[n].contains(text), "{text}: {}", said[n]);
    }
    server.stop().await;
}

#[tokio::test]
async fn deletions_by_moderators_are_listed() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let ann = server.account("Ann").await;
    let lobby = RoomId::lobby();
    let [mut annas, mut olgas] =
        [Client::greet(server.address, &ann).await, Client::greet(server.address, &olga).await];
    annas.join(lobby.as_str(), None).await;
    olgas.join(lobby.as_str(), None).await;
    let (message, _) = annas.say_in(&lobby, "a word too much").await;
    assert!(olgas.delete(&lobby, message).await.is_ok());
    for (language, text) in
        [("en", "Olga deleted a message by Ann in Lobby."), ("zh-CN", "Olga 删除了 Ann 在 Lobby 的一条消息。")]
    {
        let html = open(&server, &olga, language, "/audit").await;
        assert!(entries_of(&html)[0].ends_with(text) && !html.contains("too much"), "{html}");
    }
    server.stop().await;
}

#[tokio::test]
async fn private_room_names_are_hidden_from_non_members() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let [ann, ben] = [server.account("Ann").await, server.account("Ben").await];
    let made = server.post("/api/rooms", &ann.token, json!({ "name": "Surprise", "kind": "private" })).await;
    let room: RoomId = made.of::<CreatedRoom>().room.id;
    let here = format!("/api/rooms/{room}");
    done(&server, Method::POST, &format!("{here}/members"), &ann, json!({ "user": ben.user.id })).await;
    done(&server, Method::PATCH, &here, &ann, json!({ "name": "Birthday" })).await;
    done(&server, Method::DELETE, &format!("{here}/members/{}", ben.user.id), &ann, Value::Null).await;
    let html = open(&server, &olga, "en", "/audit").await;
    assert!(!html.contains("Surprise") && !html.contains("Birthday"), "{html}");
    let said = entries_of(&html);
    assert!(said[0].contains(&format!("Ann removed Ben from a private room ({room}).")), "{said:?}");
    assert!(said[1].contains(&format!("Ann renamed a private room ({room}).")), "{said:?}");
    // Members see its name.
    done(&server, Method::POST, &format!("{here}/members"), &ann, json!({ "user": olga.user.id })).await;
    assert!(entries_of(&open(&server, &olga, "en", "/audit").await)[1].contains("Ann removed Ben from Birthday."));
    server.stop().await;
}

#[tokio::test]
async fn older_entries_are_paged_and_access_is_restricted() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let mona = server.with_role(&olga, "Mona", "moderator").await;
    let adam = server.with_role(&olga, "Adam", "admin").await;
    let change = |n: usize| json!({ "role": if n.is_multiple_of(2) { "member" } else { "moderator" } });
    let path = format!("/api/people/{}/role", mona.user.id);
    for n in 1..=101 {
        done(&server, Method::POST, &path, &olga, change(n)).await;
    }
    let (mut path, mut found) = ("/audit".to_owned(), Vec::new());
    for shown in [50, 50, 6] {
        let html = open(&server, &adam, "en", &path).await;
        let said = entries_of(&html);
        assert_eq!(said.len(), shown, "{path}");
        assert_eq!(html.contains(">Newest<"), path != "/audit", "{html}");
        found.extend(said);
        match html.split("href=\"/audit?before=").nth(1) {
            Some(rest) => path = format!("/audit?before={}", rest.split('"').next().unwrap()),
            None => assert_eq!(shown, 6, "it was the last"),
        }
    }
    assert!(found.last().unwrap().contains("the owner with the set-up link"), "{found:?}");
    assert_eq!(found.iter().filter(|row| row.contains("changed the role of Mona")).count(), 101);
    let mut browser = Browser::with(&server, &adam);
    let page = browser.open("/audit?before=x").await;
    assert_eq!((page.status, page.at("problem")), (400, "The server could not read the request."));
    let none = browser.open("/audit?before=0").await;
    assert!(none.has("No entries yet.") && !none.has("Older"), "{}", none.html);
    for who in [&mona, &server.account("Ann").await, &server.session("Gil").await] {
        let page = Browser::with(&server, who).open("/audit").await;
        assert_eq!((page.status, page.at("problem")), (403, "You do not have permission to do this."));
        assert!(!page.has("Olga"));
    }
    assert_eq!(Browser::new(&server).open("/audit").await.to(), "/sign-in?next=/audit");
    let page = Browser { server: &server, token: adam.token, language: "zh" }.open("/audit").await;
    assert!(page.header(CONTENT_LANGUAGE) == "zh-Hans" && page.has("审计日志 · Parlor"), "{}", page.html);
    server.stop().await;
}

#[tokio::test]
async fn times_use_the_readers_time_zone() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let read = async |minutes: i32| {
        let cookie = format!("parlor_session={}; tz={minutes}; lang=en", olga.token);
        let html = http_client().get(server.url("/audit")).header(COOKIE, cookie).send().await.unwrap();
        html.text().await.unwrap()
    };
    let (east, west) = (read(330).await, read(-600).await);
    assert!(east.contains(" UTC+5:30\"") && west.contains(" UTC-10\""), "{east} {west}");
    let stamp = |html: &str| html.split("datetime=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(stamp(&east), stamp(&west));
    let clock = |html: &str| html.split("</time>").next().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_ne!(clock(&east), clock(&west), "half an hour apart on each clock");
    server.stop().await;
}

#[test]
fn unknown_audit_actions_are_shown_by_name() {
    let ann = json!({ "id": "00000000-0000-0000-0000-000000000001", "name": "Ann", "kind": "account" });
    let entry = json!({ "id": 1, "at": 0, "actor": ann, "subject": ann, "act": "<gilded>", "room": "lobby",
        "details": { "until": "soon", "role": "king", "reason": 7, "else": null } });
    let bare = json!({ "id": 2, "at": 0, "act": "shone" });
    let entries = [entry, bare].map(|entry| (serde_json::from_value::<AuditEntry>(entry).unwrap(), None));
    let layout = Layout {
        i18n: I18n::new(Language::English),
        css: String::new(),
        server: ServerIdentity { name: "Parlor".into(), picture: None },
        path: "/audit".into(),
        nav: None,
        clock: Clock { zone: Zone::Fixed(0), now: 0 },
    };
    let entries: Vec<_> = entries.into();
    let page = || view! { <AuditPage entries older=None is_first=true /> };
    let html = layout.render("Audit log", FormState::default(), page);
    let said = entries_of(&html);
    assert_eq!(said, ["Today 00:00Ann: &lt;gilded&gt; · Ann · a private room (lobby)", "Today 00:00The server: shone"]);
}

/// New audit actions need a description; until then their name is shown.
#[test]
fn every_audit_action_has_a_description() {
    let acts: Vec<_> = AuditAct::ALL.iter().map(|act| act.as_str()).collect();
    assert!(acts.len() >= 20, "{acts:?}");
    for act in &acts {
        assert!(has_audit_text(act), "{act}");
    }
}
