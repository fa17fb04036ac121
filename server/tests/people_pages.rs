//! The pages about people, as a browser without scripts uses them: the list, one person, the bans.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use parlor::config::{Config, Guests};
use parlor_protocol::{CloseCode, RoomId, ServerRole, http::SessionMade};
use reqwest::{
    Method,
    header::{CONTENT_LANGUAGE, SET_COOKIE},
};
use serde_json::json;
use support::{Client, Server, browser::Browser, people::PASSWORD, unlimited};

fn page_of(who: &SessionMade) -> String {
    format!("/people/{}", who.user.id)
}

fn form(who: &SessionMade, what: &str) -> String {
    format!("{}/{what}", page_of(who))
}

/// An owner, an admin, a moderator and a member.
async fn people(server: &Server) -> [SessionMade; 4] {
    let olga = server.owner("Olga").await;
    let adam = server.with_role(&olga, "Adam", "admin").await;
    let mona = server.with_role(&olga, "Mona", "moderator").await;
    let ann = server.account("Ann").await;
    [olga, adam, mona, ann]
}

#[tokio::test]
async fn the_list_has_everyone_with_an_account_a_page_at_a_time() {
    let server = Server::start().await;
    let [olga, _, _, ann] = people(&server).await;
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
    // Nobody writes to themselves.
    assert!(page.has(&form(&olga, "message")) && !page.has(&form(&ann, "message")), "{}", page.html);
    assert!(!page.has("data-testid=\"manage\"") && !page.has("/people/bans") && !page.has("/audit"), "{}", page.html);
    let page = browser.open("/people?q=%20AN%20").await;
    assert!(page.has(">Ann<") && !page.has(">Olga<") && page.has("value=\"AN\""), "{}", page.html);
    assert!(browser.open("/people?q=%3Cb%3E").await.has("There is nobody by that name."));
    let page = browser.open("/people?limit=3").await;
    let next = page.html.split("href=\"/people?").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let page = browser.open(&format!("/people?{next}")).await;
    assert!(page.has(">Olga<") && !page.has(">Ann<") && page.has("First page"), "{}", page.html);
    assert_eq!(browser.open("/people?limit=x").await.status, 400);
    // Guests who may be anywhere may see who is here, too.
    assert!(Browser::with(&server, &guest).open("/people").await.has(">Ann<"));
    assert_eq!(Browser::new(&server).open("/people").await.to(), "/sign-in?next=/people");
    let path = page_of(&ann);
    assert_eq!(Browser::new(&server).open(&path).await.to(), format!("/sign-in?next={path}"));
    let fields = [("name", "ann"), ("password", PASSWORD), ("next", path.as_str())];
    assert_eq!(Browser::new(&server).post("/sign-in", &fields).await.to(), path);
    server.stop().await;
}

#[tokio::test]
async fn guests_who_stay_in_the_lobby_see_nobody() {
    let server = Server::start_with(Config { guests: Guests::LobbyOnly, ..unlimited() }).await;
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
async fn a_message_leads_to_the_room_of_the_two() {
    let server = Server::start().await;
    let [olga, adam, _, ann] = people(&server).await;
    let mut browser = Browser::with(&server, &ann);
    let page = browser.post(&form(&olga, "message"), &[]).await;
    let room = page.to().strip_prefix("/r/").unwrap().to_owned();
    assert_eq!(browser.post(&form(&olga, "message"), &[]).await.to(), format!("/r/{room}"), "the same one");
    let settings = format!("/rooms/{room}/settings");
    assert!(browser.open(&settings).await.has("Olga"));
    assert_eq!(Browser::with(&server, &adam).open(&settings).await.status, 404);
    let nobody = browser.post("/people/00000000-0000-0000-0000-000000000000/message", &[]).await;
    assert_eq!((nobody.status, nobody.at("problem")), (404, "It is not there, or not yours to see."));
    assert_eq!(browser.post("/people/x/message", &[]).await.status, 404);
    assert_eq!(browser.post(&form(&ann, "message"), &[]).await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn each_sees_what_they_may_do_and_nothing_else() {
    let server = Server::start().await;
    let [olga, adam, mona, ann] = people(&server).await;
    let eve = server.account("Eve").await;
    let guest = server.session("Gil").await;
    for (viewer, seen, shown) in [
        (&ann, &eve, ""),
        (&ann, &olga, ""),
        (&guest, &ann, ""),
        (&mona, &ann, "mute ban"),
        (&mona, &guest, "mute ban"),
        (&mona, &adam, ""),
        (&mona, &mona, ""),
        (&adam, &mona, "role mute ban"),
        (&adam, &guest, "mute ban"),
        (&adam, &olga, ""),
        (&olga, &adam, "role mute ban reset"),
        (&olga, &olga, ""),
    ] {
        let mut browser = Browser::with(&server, viewer);
        let page = browser.open(&page_of(seen)).await;
        assert_eq!(page.at("name"), seen.user.name);
        let forms = ["role", "mute", "ban", "reset"];
        let has = forms.into_iter().filter(|what| page.has(&format!("action=\"{}\"", form(seen, what))));
        assert_eq!(has.collect::<Vec<_>>().join(" "), shown, "{} sees {}", viewer.user.name, seen.user.name);
        let roles: Vec<_> = page.html.split("<option value=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
        let above = roles.iter().any(|role| ["admin", "owner"].contains(role));
        assert_eq!(above, viewer.user.id == olga.user.id && shown.contains("role"), "{roles:?}");
        if seen.user.id != guest.user.id {
            let listed = browser.open("/people").await;
            let manage = format!("href=\"{}\" aria-label", page_of(seen));
            assert_eq!(listed.has(&manage), !shown.is_empty(), "{}", listed.html);
        }
        // What does not show is refused as well.
        for (what, fields) in [
            ("role", vec![("role", "member")]),
            ("mute", vec![("minutes", "10")]),
            ("ban", vec![("reason", "spam")]),
            ("reset", vec![]),
        ] {
            if !shown.contains(what) {
                let page = browser.post(&form(seen, what), &fields).await;
                let said = !page.at("problem").is_empty();
                assert!(said && matches!(page.status, 403 | 404), "{} {what}: {}", viewer.user.name, page.html);
            }
        }
    }
    // A guest's page is for those who moderate, and there is none of nobody.
    let [hidden, none] = [page_of(&guest), page_of(&guest).replace(|c: char| c.is_ascii_hexdigit(), "0")];
    let none = none.replacen("/p0opl0/", "/people/", 1);
    let mut browser = Browser::with(&server, &ann);
    let (hidden_page, none_page) = (browser.open(&hidden).await, browser.open(&none).await);
    assert_eq!((hidden_page.status, none_page.status), (404, 404));
    assert_eq!(hidden_page.html.replace(&hidden, &none), none_page.html);
    // The ways to other pages are those that lead somewhere.
    for (viewer, bans, audit) in [(&ann, 403, 403), (&mona, 200, 403), (&adam, 200, 200)] {
        let mut browser = Browser::with(&server, viewer);
        let page = browser.open("/account").await;
        assert!(page.has("href=\"/people\"") && page.has("href=\"/account\" aria-current=\"page\""), "{}", page.html);
        for (path, status) in [("/people/bans", bans), ("/audit", audit)] {
            assert_eq!(page.has(&format!("href=\"{path}\"")), status == 200, "{path}");
            assert_eq!(browser.open(path).await.status, status, "{path}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_role_is_changed() {
    let server = Server::start().await;
    let [olga, adam, _, ann] = people(&server).await;
    let mut browser = Browser::with(&server, &adam);
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("<option value=\"member\" selected"), "{}", page.html);
    assert_eq!(
        browser.post(&form(&ann, "role"), &[("role", "moderator")]).await.to(),
        form(&ann, "").trim_end_matches('/').to_owned() + "?done=role"
    );
    let page = browser.open(&format!("{}?done=role", page_of(&ann))).await;
    assert_eq!(page.at("done"), "The role is changed.");
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
async fn someone_is_muted_for_a_time_and_let_write_again() {
    let server = Server::start().await;
    let [_, _, mona, ann] = people(&server).await;
    let mut live = Client::connect(server.address, &ann).await;
    live.hello(vec![]).await;
    live.join("lobby", None).await;
    let mut browser = Browser::with(&server, &mona);
    for minutes in ["", "x", "0", "-1", "9999999"] {
        let page = browser.post(&form(&ann, "mute"), &[("minutes", minutes)]).await;
        assert_eq!((page.status, page.at("problem")), (400, "The server could not read this."), "{minutes}");
    }
    let page = browser.post(&form(&ann, "mute"), &[("minutes", "60")]).await;
    assert_eq!(page.to(), format!("{}?done=muted", page_of(&ann)));
    live.post("hush").await;
    assert_eq!(live.refusal().await, "muted");
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("data-testid=\"muted\"") && page.has("May not write until: ") && page.has("<time datetime="));
    // Whoever does not moderate is not told.
    assert!(!Browser::with(&server, &ann).open(&page_of(&ann)).await.has("May not write"));
    let page = browser.post(&form(&ann, "unmute"), &[]).await;
    assert_eq!(page.to(), format!("{}?done=unmuted", page_of(&ann)));
    live.send("thank you").await;
    assert_eq!(browser.post(&form(&ann, "unmute"), &[]).await.to(), page_of(&ann), "it has ended already");
    server.stop().await;
}

#[tokio::test]
async fn someone_is_banned_and_the_ban_is_lifted() {
    let server = Server::start().await;
    let [olga, _, mona, ann] = people(&server).await;
    let mut live = Client::connect(server.address, &ann).await;
    live.hello(vec![]).await;
    let mut browser = Browser::with(&server, &mona);
    let long = "x".repeat(251);
    for (reason, hours, status, why) in [
        ("", "24", 422, "There is nothing in it."),
        (long.as_str(), "24", 422, "251 characters long; 250 are allowed."),
        ("spam", "0", 400, "The server could not read this."),
        ("spam", "soon", 400, "The server could not read this."),
    ] {
        let page = browser.post(&form(&ann, "ban"), &[("reason", reason), ("hours", hours), ("address", "1")]).await;
        assert_eq!(page.status, status);
        assert!(page.at("problem").contains(why), "{}", page.html);
        assert!(page.has(&format!("value=\"{reason}\"")) && page.has("value=\"1\" checked"), "{}", page.html);
    }
    let reason = "<script>alert(1)</script> & \"more\"";
    let page = browser.post(&form(&ann, "ban"), &[("reason", reason), ("hours", "")]).await;
    assert_eq!(page.to(), format!("{}?done=banned", page_of(&ann)));
    assert_eq!(live.ended().await.bye, Some(CloseCode::Banned.code()), "at once");
    let mut banned = Browser::with(&server, &ann);
    for path in ["/people", "/account", "/rooms/lobby/settings"] {
        let page = banned.open(path).await;
        assert_eq!((page.status, page.at("problem")), (403, "You were banned from this server."), "{path}");
        assert!(!page.has("alert(1)"), "the reason is not for them");
    }
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt; &amp;";
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("Banned for ever") && page.has(escaped) && page.has("by Mona"), "{}", page.html);
    let page = browser.open("/people/bans").await;
    assert!(page.has(escaped) && page.has("Banned for ever") && page.has(&form(&ann, "lift")), "{}", page.html);
    // What another has imposed is lifted by an admin, and by no equal.
    let mark = server.with_role(&olga, "Mark", "moderator").await;
    let mut other = Browser::with(&server, &mark);
    assert!(!other.open("/people/bans").await.has(&form(&ann, "lift")));
    let page = other.post(&form(&ann, "lift"), &[]).await;
    assert_eq!(page.status, 403);
    assert!(page.at("problem").starts_with("Only for people below you"), "{}", page.html);
    let page = browser.post(&form(&ann, "lift"), &[("list", "1")]).await;
    assert_eq!(page.to(), "/people/bans?done=lifted");
    let page = browser.open("/people/bans?done=lifted").await;
    assert_eq!(page.at("done"), "The ban is lifted.");
    assert!(page.has("Nobody is banned."));
    assert_eq!(server.who(&ann.token).await, 200);
    assert_eq!(browser.post(&form(&ann, "lift"), &[]).await.to(), page_of(&ann), "it was lifted already");
    // For a time, with the address.
    browser.post(&form(&ann, "ban"), &[("reason", "again"), ("hours", "24"), ("address", "1")]).await.to();
    assert!(browser.open("/people/bans").await.has("with the address"));
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("Banned until: ") && page.has("Reason: again"), "{}", page.html);
    server.stop().await;
}

#[tokio::test]
async fn a_reset_link_is_shown_once() {
    let server = Server::start().await;
    let [olga, _, _, ann] = people(&server).await;
    let mut browser = Browser::with(&server, &olga);
    let page = browser.post(&form(&ann, "reset"), &[]).await;
    let link = page.html.split("id=\"reset-link\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().strip_prefix(&server.url("")).unwrap().to_owned();
    assert!(!browser.open(&page_of(&ann)).await.has(&link));
    assert!(Browser::new(&server).open(&link).await.has("A new password for Ann."));
    server.stop().await;
}

#[tokio::test]
async fn whatever_a_name_is_it_is_a_name() {
    let server = Server::start().await;
    let [olga, _, _, ann] = people(&server).await;
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
async fn a_page_of_another_site_does_nothing_by_these_forms() {
    let server = Server::start().await;
    let [olga, _, _, ann] = people(&server).await;
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
            assert_eq!((page.status, page.at("problem")), (403, "This page is not from this server."), "{what}");
            assert!(!page.headers.contains_key(SET_COOKIE) && page.has(&format!("href=\"{}\"", page_of(&ann))));
        }
        // Nor by asking for the address.
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
async fn the_pages_are_in_the_language_of_their_reader() {
    let server = Server::start().await;
    let [olga, _, _, ann] = people(&server).await;
    for (language, tag, path, title, texts) in [
        ("en", "en", "/people".to_owned(), "People · Parlor", ["Search by name", "Message", "owner"]),
        ("zh-CN", "zh-Hans", "/people".to_owned(), "用户 · Parlor", ["按名字搜索", "发私信", "所有者"]),
        ("en", "en", page_of(&ann), "Ann · Parlor", ["Role: member", "For how long", "Make a reset link"]),
        ("zh-CN", "zh-Hans", page_of(&ann), "Ann · Parlor", ["角色：成员", "封禁时长", "生成重设链接"]),
        ("en", "en", "/people/bans".to_owned(), "Bans · Parlor", ["Nobody is banned.", "Audit log", "Chat"]),
        ("zh-CN", "zh-Hans", "/people/bans".to_owned(), "封禁 · Parlor", ["目前没有人被封禁。", "审计日志", "聊天"]),
    ] {
        let mut browser = Browser { server: &server, token: olga.token.clone(), language };
        let page = browser.open(&path).await;
        assert_eq!(page.header(CONTENT_LANGUAGE), tag);
        assert!(page.has(&format!("<html lang=\"{tag}\">")) && page.has(title), "{title}: {}", page.html);
        for text in texts {
            assert!(page.has(text), "{text}: {}", page.html);
        }
        // Another language leads back here.
        assert!(page.has(&format!("name=\"next\" value=\"{path}\"")), "{}", page.html);
        let chosen = browser.post("/language", &[("lang", "en"), ("next", &path)]).await;
        assert_eq!(chosen.to(), path);
    }
    let mut browser = Browser { server: &server, token: olga.token.clone(), language: "zh" };
    let page = browser.post(&form(&ann, "ban"), &[("reason", "")]).await;
    assert_eq!(page.at("problem"), "内容为空。");
    let room = RoomId::lobby();
    assert!(browser.open(&format!("/rooms/{room}/settings")).await.has("房间设置"));
    server.stop().await;
}
