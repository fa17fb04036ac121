//! The people pages, without JavaScript.

use std::time::Duration;

use crate::support::{
    Client, Server,
    browser::Browser,
    people::{PASSWORD, of_each_role},
    sets_session, unlimited,
};
use parlor::config::{Config, Guests};
use parlor_protocol::{RoomId, ServerRole, http::CreatedSession};
use reqwest::{Method, header::CONTENT_LANGUAGE};
use serde_json::json;

fn page_of(who: &CreatedSession) -> String {
    format!("/people/{}", who.user.id)
}

fn form(who: &CreatedSession, what: &str) -> String {
    format!("{}/{what}", page_of(who))
}

#[tokio::test]
async fn people_list_is_paged() {
    let server = Server::start().await;
    let [olga, _, _, ann] = of_each_role(&server).await;
    let guest = server.session("Gil").await;
    let mut browser = Browser::with(&server, &ann);
    let page = browser.open("/people").await;
    let order: Vec<_> = ["Adam", "Ann", "Mona", "Olga"].map(|name| page.html.find(&format!(">{name}<"))).into();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?} {}", page.html);
    assert_eq!(page.html.matches("data-testid=\"person\"").count(), 4);
    assert!(!page.has("Gil"), "guests have no account");
    for role in ["owner", "admin", "moderator", "member"] {
        assert!(page.has(&format!(">{role}<")), "{role}: {}", page.html);
    }
    // No direct message to oneself.
    assert!(page.has(&form(&olga, "message")) && !page.has(&form(&ann, "message")), "{}", page.html);
    assert!(!page.has("data-testid=\"manage\"") && !page.has("/people/bans") && !page.has("/audit"), "{}", page.html);
    let page = browser.open("/people?q=%20AN%20").await;
    assert!(page.has(">Ann<") && !page.has(">Olga<") && page.has("value=\"AN\""), "{}", page.html);
    assert!(browser.open("/people?q=%3Cb%3E").await.has("No people found."));
    let page = browser.open("/people?limit=3").await;
    let next = page.html.split("href=\"/people?").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let page = browser.open(&format!("/people?{next}")).await;
    assert!(page.has(">Olga<") && !page.has(">Ann<") && page.has("First page"), "{}", page.html);
    assert_eq!(browser.open("/people?limit=x").await.status, 400);
    // Unrestricted guests see the list as well.
    assert!(Browser::with(&server, &guest).open("/people").await.has(">Ann<"));
    assert_eq!(Browser::new(&server).open("/people").await.to(), "/sign-in?next=/people");
    let path = page_of(&ann);
    assert_eq!(Browser::new(&server).open(&path).await.to(), format!("/sign-in?next={path}"));
    let fields = [("name", "ann"), ("password", PASSWORD), ("next", path.as_str())];
    assert_eq!(Browser::new(&server).post("/sign-in", &fields).await.to(), path);
    server.stop().await;
}

#[tokio::test]
async fn lobby_only_guests_cannot_list_people() {
    let server = Server::start_with(Config { guests: Some(Guests::LobbyOnly), ..unlimited() }).await;
    let ann = server.account("Ann").await;
    let guest = server.session("Gil").await;
    let mut browser = Browser::with(&server, &guest);
    for path in ["/people".to_owned(), page_of(&ann)] {
        let page = browser.open(&path).await;
        assert_eq!((page.status, page.has("Ann")), (403, false));
    }
    assert!(!browser.open("/account").await.has("href=\"/people\""));
    assert_eq!(browser.post(&form(&ann, "message"), &[]).await.status, 403);
    server.stop().await;
}

#[tokio::test]
async fn group_conversation_is_created() {
    let server = Server::start_with(unlimited()).await;
    let [ann, ben, cem] = [server.account("Ann").await, server.account("Ben").await, server.account("Cem").await];
    let mut browser = Browser::with(&server, &ann);
    let people = browser.open("/people").await;
    let boxes: Vec<_> = people.rows("person").into_iter().map(|row| row.contains("type=\"checkbox\"")).collect();
    assert_eq!(boxes, [false, true, true], "nobody writes to themselves");
    let [ben_id, cem_id] = [&ben, &cem].map(|who| who.user.id.to_string());
    let room = browser.post("/people", &[("user", &ben_id), ("user", &cem_id)]).await.to().to_owned();
    assert_eq!(server.listed(&ann, &RoomId::from(room.trim_start_matches("/r/"))).await.name, "Ben, Cem");
    // The same people share one room, whoever starts it.
    let ann_id = ann.user.id.to_string();
    let again = Browser::with(&server, &cem).post("/people", &[("user", &ann_id), ("user", &ben_id)]).await;
    assert_eq!(again.to(), room);
    // Nobody, too many, unknown people, and without permission.
    let none = browser.post("/people", &[]).await;
    assert_eq!((none.status, none.has("Select 1 to 9 people.")), (400, true));
    let many: Vec<String> = (0..10).map(|n| uuid::Uuid::from_u128(n).to_string()).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|id| ("user", id.as_str())).collect();
    assert_eq!(browser.post("/people", &many).await.status, 400);
    assert_eq!(browser.post("/people", &[("user", "x")]).await.status, 404);
    assert_eq!(browser.post_from("https://evil.example", "/people", &[("user", &ben_id)]).await.status, 403);
    server.stop().await;
}

/// The text about Ann's presence.
async fn said_of_ann(server: &Server, who: &CreatedSession, language: &'static str, path: &str) -> Option<String> {
    let page = Browser { server, token: who.token.clone(), language }.open(path).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let rows = [page.rows("person"), page.rows("member")].concat();
    let row = rows.into_iter().find(|row| row.contains("Ann")).unwrap_or(&page.html);
    let text = row.split("data-testid=\"seen\"").nth(1)?.split("</p>").next()?;
    Some(text.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect())
}

#[tokio::test]
async fn presence_and_last_seen_are_shown() {
    let server = Server::start_with(Config { leave_grace: Duration::ZERO, ..unlimited() }).await;
    let [olga, _, _, ann] = of_each_role(&server).await;
    let gil = server.session("Gil").await;
    let lists = ["/people".to_owned(), "/rooms/lobby/settings".to_owned(), page_of(&ann)];
    for path in &lists {
        assert_eq!(said_of_ann(&server, &olga, "en", path).await, None, "she never was: {path}");
    }
    let annas = Client::greet(server.address, &ann).await;
    for path in &lists {
        assert_eq!(said_of_ann(&server, &gil, "en", path).await.as_deref(), Some("Online now"), "{path}");
        assert_eq!(said_of_ann(&server, &gil, "zh-CN", path).await.as_deref(), Some("在线"), "{path}");
    }
    drop(annas);
    // Also when it is loaded from disk.
    let server = server.restart().await;
    for path in &lists {
        for (language, begin) in [("en", "Last seen: "), ("zh-CN", "上次在线：")] {
            let said = said_of_ann(&server, &gil, language, path).await.unwrap();
            // In the reader's time zone.
            assert!(said.strip_prefix(begin).is_some_and(|time| time.contains(':')), "{path}: {said}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn lobby_only_guests_cannot_see_presence() {
    let server = Server::start_with(Config { guests: Some(Guests::LobbyOnly), ..unlimited() }).await;
    let (ann, gil) = (server.account("Ann").await, server.session("Gil").await);
    let _there = Client::greet(server.address, &ann).await;
    let path = format!("/rooms/{}/settings", RoomId::lobby());
    let page = Browser::with(&server, &gil).open(&path).await;
    assert!(page.has("Ann"), "{}", page.html);
    assert!(!page.has("data-testid=\"seen\""), "{}", page.html);
    assert_eq!(Browser::with(&server, &ann).open(&path).await.at("seen"), "Online now");
    server.stop().await;
}

#[tokio::test]
async fn message_button_opens_the_direct_room() {
    let server = Server::start().await;
    let [olga, adam, _, ann] = of_each_role(&server).await;
    let mut browser = Browser::with(&server, &ann);
    let page = browser.post(&form(&olga, "message"), &[]).await;
    let room = page.to().strip_prefix("/r/").unwrap().to_owned();
    assert_eq!(browser.post(&form(&olga, "message"), &[]).await.to(), format!("/r/{room}"), "the same one");
    let settings = format!("/rooms/{room}/settings");
    assert!(browser.open(&settings).await.has("Olga"));
    assert_eq!(Browser::with(&server, &adam).open(&settings).await.status, 404);
    let nobody = browser.post("/people/00000000-0000-0000-0000-000000000000/message", &[]).await;
    assert_eq!((nobody.status, nobody.at("problem")), (404, "This does not exist, or you do not have access to it."));
    assert_eq!(browser.post("/people/x/message", &[]).await.status, 404);
    assert_eq!(browser.post(&form(&ann, "message"), &[]).await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn role_is_changed() {
    let server = Server::start().await;
    let [olga, adam, _, ann] = of_each_role(&server).await;
    let mut browser = Browser::with(&server, &adam);
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("<option value=\"member\" selected"), "{}", page.html);
    assert_eq!(
        browser.post(&form(&ann, "role"), &[("role", "moderator")]).await.to(),
        form(&ann, "").trim_end_matches('/').to_owned() + "?done=role"
    );
    let page = browser.open(&format!("{}?done=role", page_of(&ann))).await;
    assert_eq!(page.at("done"), "Role changed.");
    assert_eq!(Browser::with(&server, &ann).me().await.role, ServerRole::Moderator);
    for (role, status) in [("guest", 400), ("king", 400), ("", 400), ("owner", 403)] {
        let page = browser.post(&form(&ann, "role"), &[("role", role)]).await;
        assert_eq!(page.status, status, "{role}");
        assert!(!page.at("problem").is_empty() && page.has("data-testid=\"role-form\""));
    }
    assert_eq!(browser.post(&form(&olga, "role"), &[("role", "member")]).await.status, 403);
    assert!(!browser.open(&format!("{}?done=<b>", page_of(&ann))).await.has("data-testid=\"done\""));
    server.stop().await;
}

#[tokio::test]
async fn reset_link_is_shown_once() {
    let server = Server::start().await;
    let [olga, _, _, ann] = of_each_role(&server).await;
    let mut browser = Browser::with(&server, &olga);
    let page = browser.post(&form(&ann, "reset"), &[]).await;
    let link = page.html.split("id=\"reset-link\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().strip_prefix(&server.url("")).unwrap().to_owned();
    assert!(!browser.open(&page_of(&ann)).await.has(&link));
    assert!(Browser::new(&server).open(&link).await.has("Set a new password for Ann."));
    server.stop().await;
}

#[tokio::test]
async fn names_are_escaped() {
    let server = Server::start().await;
    let [olga, _, _, ann] = of_each_role(&server).await;
    let odd = "<img src=x>\"'&";
    let body = json!({ "display_name": odd });
    assert_eq!(server.ask(Method::PATCH, "/api/me", &ann.token, body).await.status, 200);
    let mut browser = Browser::with(&server, &olga);
    for path in ["/people".to_owned(), page_of(&ann)] {
        let page = browser.open(&path).await;
        assert!(page.has("&lt;img src=x&gt;") && !page.has("<img"), "{}", page.html);
        assert!(!page.has(&format!("\"{odd}")), "{}", page.html);
    }
    server.stop().await;
}

#[tokio::test]
async fn cross_site_form_posts_are_rejected() {
    let server = Server::start().await;
    let [olga, _, _, ann] = of_each_role(&server).await;
    let mut browser = Browser::with(&server, &olga);
    let rooms = server.get(&olga.token, "/api/rooms").await.text().await.unwrap();
    for (what, fields) in [
        ("message", vec![]),
        ("role", vec![("role", "admin")]),
        ("mute", vec![("minutes", "10")]),
        ("unmute", vec![]),
        ("ban", vec![("reason", "spam")]),
        ("lift", vec![]),
        ("reset", vec![]),
    ] {
        for origin in ["https://evil.example", "null"] {
            let page = browser.post_from(origin, &form(&ann, what), &fields).await;
            assert_eq!((page.status, page.at("problem")), (403, "This page does not belong to this server."), "{what}");
            assert!(!sets_session(&page.headers) && page.has(&format!("href=\"{}\"", page_of(&ann))));
        }
        // Nor by opening the page directly.
        let asked = server.get(&olga.token, &form(&ann, what)).await.status().as_u16();
        assert_eq!(asked, 405, "{what}");
    }
    assert_eq!(Browser::with(&server, &ann).me().await.role, ServerRole::Member);
    assert_eq!(server.get(&olga.token, "/api/rooms").await.text().await.unwrap(), rooms);
    let page = browser.open(&page_of(&ann)).await;
    assert!(!page.has("data-testid=\"muted\"") && !page.has("data-testid=\"banned\""), "{}", page.html);
    server.stop().await;
}

#[tokio::test]
async fn pages_use_the_readers_language() {
    let server = Server::start().await;
    let [olga, _, _, ann] = of_each_role(&server).await;
    for (language, tag, path, title, texts) in [
        ("en", "en", "/people".to_owned(), "People · Parlor", ["Search by name", "Message", "owner"]),
        ("zh-CN", "zh-Hans", "/people".to_owned(), "成员 · Parlor", ["按名字搜索", "发私信", "所有者"]),
        ("en", "en", page_of(&ann), "Ann · Parlor", ["Role: member", "Ban duration", "Create reset link"]),
        ("zh-CN", "zh-Hans", page_of(&ann), "Ann · Parlor", ["角色：成员", "封禁时长", "生成重设链接"]),
        ("en", "en", "/people/bans".to_owned(), "Bans · Parlor", ["No banned users.", "Audit log", "Chat"]),
        ("zh-CN", "zh-Hans", "/people/bans".to_owned(), "封禁 · Parlor", ["没有被封禁的用户。", "审计日志", "聊天"]),
    ] {
        let mut browser = Browser { server: &server, token: olga.token.clone(), language };
        let page = browser.open(&path).await;
        assert_eq!(page.header(CONTENT_LANGUAGE), tag);
        assert!(page.has(&format!("<html lang=\"{tag}\" dir=\"ltr\">")) && page.has(title), "{title}: {}", page.html);
        for text in texts {
            assert!(page.has(text), "{text}: {}", page.html);
        }
        // Choosing another language returns here.
        assert!(page.has(&format!("name=\"next\" value=\"{path}\"")), "{}", page.html);
        let chosen = browser.post("/language", &[("lang", "en"), ("next", &path)]).await;
        assert_eq!(chosen.to(), path);
    }
    let mut browser = Browser { server: &server, token: olga.token.clone(), language: "zh" };
    let page = browser.post(&form(&ann, "ban"), &[("reason", "")]).await;
    assert_eq!(page.at("problem"), "请填写原因。");
    let room = RoomId::lobby();
    assert!(browser.open(&format!("/rooms/{room}/settings")).await.has("房间设置"));
    server.stop().await;
}
