//! The settings of a room, as a browser without scripts uses them; and that those of rooms one may not see are not there.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use parlor_protocol::{
    RoomId,
    http::{RoomMade, SessionMade},
};
use reqwest::{Method, header::CONTENT_LANGUAGE};
use serde_json::json;
use support::{Client, Server, browser::Browser, people::PASSWORD};

fn settings(room: &RoomId) -> String {
    format!("/rooms/{room}/settings")
}

fn form(room: &RoomId, what: &str) -> String {
    format!("/rooms/{room}/{what}")
}

fn about(room: &RoomId, who: &SessionMade, what: &str) -> String {
    format!("/rooms/{room}/members/{}/{what}", who.user.id)
}

async fn new_room(server: &Server, by: &SessionMade, name: &str, kind: &str) -> RoomId {
    let made = server.post("/api/rooms", &by.token, json!({ "name": name, "kind": kind })).await;
    made.of::<RoomMade>().room.id
}

async fn add(server: &Server, by: &SessionMade, room: &RoomId, who: &SessionMade) {
    let answer = server.post(&format!("/api/rooms/{room}/members"), &by.token, json!({ "user": who.user.id })).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

/// Which forms a page has, by their addresses within the room.
async fn forms(browser: &mut Browser<'_>, room: &RoomId) -> Vec<String> {
    let page = browser.open(&settings(room)).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let begin = format!("action=\"/rooms/{room}/");
    let own = page.html.split(&begin).skip(1);
    own.map(|form| form.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_sees_what_they_may_do_and_nothing_else() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let mona = server.with_role(&olga, "Mona", "moderator").await;
    let [ann, ben, eve] = [server.account("Ann").await, server.account("Ben").await, server.account("Eve").await];
    let room = new_room(&server, &ann, "Garden", "public").await;
    add(&server, &ann, &room, &ben).await;
    let of_ben = |what: &str| format!("members/{}/{what}", ben.user.id);
    let of_ann = |what: &str| format!("members/{}/{what}", ann.user.id);
    let seen = async |who: &SessionMade, room: &RoomId| forms(&mut Browser::with(&server, who), room).await;
    assert_eq!(seen(&eve, &room).await, ["join"]);
    assert_eq!(seen(&ben, &room).await, ["members", "leave"]);
    let maker = seen(&ann, &room).await;
    let expected = ["settings", "members", &of_ann("dismiss"), &of_ben("mute"), &of_ben("appoint"), &of_ben("remove")];
    assert_eq!(maker[..6], expected, "{maker:?}");
    assert_eq!(maker[6..], ["archive", "leave"]);
    // Who moderates the server looks after each public room.
    let moderator = seen(&mona, &room).await;
    for what in ["settings".to_owned(), of_ann("mute"), of_ann("dismiss"), of_ann("remove"), "archive".into()] {
        assert!(moderator.contains(&what), "{what}: {moderator:?}");
    }
    assert!(!moderator.contains(&"members".to_owned()), "who is no member brings nobody in");
    // Those who look after a room spare each other.
    assert_eq!(Browser::with(&server, &ann).post(&about(&room, &ben, "appoint"), &[]).await.status, 303);
    let peer = seen(&ben, &room).await;
    assert!(!peer.contains(&of_ann("remove")) && !peer.contains(&of_ann("mute")), "{peer:?}");
    let page = Browser::with(&server, &ben).post(&about(&room, &ann, "remove"), &[]).await;
    assert_eq!((page.status, page.at("problem")), (403, "That is not yours to do here."));
    // The lobby is everyone's.
    assert!(seen(&ann, &RoomId::lobby()).await.is_empty());
    let lobby = seen(&olga, &RoomId::lobby()).await;
    assert!(lobby.contains(&"settings".to_owned()) && lobby.contains(&of_ann("mute")), "{lobby:?}");
    assert!(!lobby.iter().any(|form| ["archive", "leave", "members"].contains(&&**form)), "{lobby:?}");
    // What does not show is refused as well.
    let mut browser = Browser::with(&server, &eve);
    for (path, fields) in [
        (form(&room, "settings"), vec![("name", "Mine"), ("topic", "")]),
        (form(&room, "archive"), vec![]),
        (form(&room, "reopen"), vec![]),
        (form(&room, "leave"), vec![]),
        (form(&room, "members"), vec![("name", "Olga")]),
        (about(&room, &ben, "remove"), vec![]),
        (about(&room, &ben, "appoint"), vec![]),
        (about(&room, &ben, "dismiss"), vec![]),
        (about(&room, &ben, "mute"), vec![("minutes", "10")]),
        (about(&room, &ben, "unmute"), vec![]),
    ] {
        let page = browser.post(&path, &fields).await;
        assert_eq!((page.status, page.at("problem")), (403, "That is not yours to do here."), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_room_gets_another_name_and_topic() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    new_room(&server, &ann, "Taken", "public").await;
    let room = new_room(&server, &ann, "Garden", "public").await;
    let mut browser = Browser::with(&server, &ann);
    let long = "x".repeat(251);
    for (name, topic, status, id, why) in [
        ("taken", "", 409, "room-name", "There is a room with that name already."),
        ("", "Plants", 422, "room-name", "That name will not do. There is nothing in it."),
        ("Garden", &*long, 422, "topic", "251 characters long; 250 are allowed."),
    ] {
        let page = browser.post(&settings(&room), &[("name", name), ("topic", topic)]).await;
        assert_eq!(page.status, status);
        assert!(page.at("problem").contains(why), "{}", page.html);
        let field = page.html.split(&format!("id=\"{id}\"")).nth(1).unwrap().split('>').next().unwrap();
        assert!(field.contains("aria-invalid=\"true\""), "{field}");
        assert!(page.has(&format!("value=\"{name}\"")) && page.has(&format!("value=\"{topic}\"")), "{}", page.html);
    }
    let (name, topic) = ("<i>Herbs</i> & \"more\"", "<script>alert(1)</script>");
    let page = browser.post(&settings(&room), &[("name", name), ("topic", topic)]).await;
    assert_eq!(page.to(), format!("{}?done=changed", settings(&room)));
    let page = browser.open(page.to()).await;
    assert_eq!(page.at("done"), "The room is changed.");
    for escaped in ["&lt;i&gt;Herbs&lt;/i&gt; &amp; ", "value=\"&lt;script&gt;alert(1)"] {
        assert!(page.has(escaped) && !page.has("<i>"), "{escaped}: {}", page.html);
    }
    // Who cannot change it reads it.
    let eve = server.account("Eve").await;
    let page = Browser::with(&server, &eve).open(&settings(&room)).await;
    assert!(page.has("<p>&lt;script&gt;alert(1)") && page.at("kind").starts_with("Public room"), "{}", page.html);
    server.stop().await;
}

#[tokio::test]
async fn people_are_brought_in_put_in_charge_silenced_and_sent_away() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    let ben = server.account("Ben").await;
    let change = json!({ "display_name": "Benedict" });
    assert_eq!(server.ask(Method::PATCH, "/api/me", &ben.token, change).await.status, 200);
    let room = new_room(&server, &ann, "Garden", "private").await;
    let mut browser = Browser::with(&server, &ann);
    assert!(browser.open(&settings(&room)).await.has("<option value=\"Benedict\""), "it is proposed");
    // By the name that others see, not by the one that he signs in with.
    for name in ["", "Nobody", "Ben", "Benedict <b>"] {
        let page = browser.post(&form(&room, "members"), &[("name", name)]).await;
        assert_eq!((page.status, page.at("problem")), (404, "There is nobody with an account by that name."), "{name}");
        assert!(!page.has("<b>"));
    }
    let done = async |browser: &mut Browser<'_>, path: String, fields: &[(&str, &str)]| {
        let page = browser.post(&path, fields).await;
        let to = page.to().to_owned();
        assert!(to.starts_with(&format!("{}?done=", settings(&room))), "{to}");
        let page = browser.open(&to).await;
        (page.at("done").to_owned(), page)
    };
    let (said, page) = done(&mut browser, form(&room, "members"), &[("name", " BENEDICT ")]).await;
    assert_eq!(said, "They are in the room.");
    assert!(page.has(&about(&room, &ben, "remove")) && !page.has("<option value=\"Benedict\""), "{}", page.html);
    let mut live = Client::connect(server.address, &ben).await;
    live.hello(vec![]).await;
    live.join(room.as_str(), None).await;
    let (said, page) = done(&mut browser, about(&room, &ben, "appoint"), &[]).await;
    assert_eq!((said.as_str(), page.html.matches("looks after the room").count()), ("They look after the room.", 2));
    let (said, page) = done(&mut browser, about(&room, &ben, "dismiss"), &[]).await;
    assert_eq!(page.html.matches("looks after the room").count(), 1);
    assert_eq!(said, "They no longer look after the room.");
    let page = browser.post(&about(&room, &ben, "mute"), &[("minutes", "soon")]).await;
    assert_eq!((page.status, page.at("problem")), (400, "The server could not read this."));
    let (said, page) = done(&mut browser, about(&room, &ben, "mute"), &[("minutes", "60")]).await;
    assert!(said == "They are muted." && page.has("May not write until: "), "{said}: {}", page.html);
    assert!(!Browser::with(&server, &ben).open(&settings(&room)).await.has("May not write until: "));
    let (said, page) = done(&mut browser, about(&room, &ben, "unmute"), &[]).await;
    assert!(said == "They can write again." && !page.has("May not write until: "), "{said}: {}", page.html);
    let (said, page) = done(&mut browser, about(&room, &ben, "remove"), &[]).await;
    assert!(said == "They are no longer in the room." && page.has("<option value=\"Benedict\""), "{said}");
    assert_eq!(browser.post(&about(&room, &ben, "remove"), &[]).await.status, 303, "they have gone already");
    assert_eq!(Browser::with(&server, &ben).open(&settings(&room)).await.status, 404);
    assert_eq!(browser.post(&form(&room, "members/x/remove"), &[]).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn rooms_are_archived_reopened_joined_and_left() {
    let server = Server::start().await;
    let [ann, eve] = [server.account("Ann").await, server.account("Eve").await];
    let room = new_room(&server, &ann, "Garden", "public").await;
    let mut browser = Browser::with(&server, &ann);
    for (what, said) in [("archive", "The room is archived."), ("reopen", "The room is open again.")] {
        let page = browser.post(&form(&room, what), &[]).await;
        let to = page.to().to_owned();
        let page = browser.open(&to).await;
        assert_eq!((page.at("done"), page.has("archived<")), (said, what == "archive"), "{}", page.html);
    }
    let mut other = Browser::with(&server, &eve);
    assert_eq!(other.post(&form(&room, "join"), &[]).await.to(), format!("/r/{room}"));
    assert!(browser.open(&settings(&room)).await.has(">Eve<"));
    assert_eq!(other.post(&form(&room, "leave"), &[]).await.to(), "/r/lobby");
    assert!(!browser.open(&settings(&room)).await.has(&about(&room, &eve, "remove")));
    let page = other.post(&form(&RoomId::lobby(), "leave"), &[]).await;
    assert_eq!((page.status, page.at("problem")), (403, "That is not yours to do here."));
    // Back to where one wanted to go.
    let path = settings(&room);
    assert_eq!(Browser::new(&server).open(&path).await.to(), format!("/sign-in?next={path}"));
    let fields = [("name", "eve"), ("password", PASSWORD), ("next", path.as_str())];
    assert_eq!(Browser::new(&server).post("/sign-in", &fields).await.to(), path);
    assert_eq!(Browser::new(&server).post(&form(&room, "leave"), &[]).await.to(), format!("/sign-in?next={path}"));
    server.stop().await;
}

#[tokio::test]
async fn rooms_that_are_not_the_readers_are_as_if_there_were_none() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let [ann, ben] = [server.account("Ann").await, server.account("Ben").await];
    let private = new_room(&server, &ann, "Garden", "private").await;
    add(&server, &ann, &private, &ben).await;
    let direct = server.post("/api/direct", &ann.token, json!({ "users": [ben.user.id] })).await;
    let direct = direct.of::<RoomMade>().room.id;
    let none = RoomId::from("zzzzzzzz");
    let mut browser = Browser::with(&server, &olga);
    for room in [&private, &direct] {
        for (path, fields) in [
            (form(room, "settings"), vec![("name", "Mine"), ("topic", "")]),
            (form(room, "archive"), vec![]),
            (form(room, "reopen"), vec![]),
            (form(room, "join"), vec![]),
            (form(room, "leave"), vec![]),
            (form(room, "members"), vec![("name", "Olga")]),
            (form(room, "members"), vec![("name", "Nobody")]),
            (about(room, &ben, "remove"), vec![]),
            (about(room, &ben, "appoint"), vec![]),
            (about(room, &ben, "dismiss"), vec![]),
            (about(room, &ben, "mute"), vec![("minutes", "10")]),
            (about(room, &ben, "unmute"), vec![]),
        ] {
            let nowhere = path.replace(room.as_str(), none.as_str());
            let [page, no_page] = [browser.post(&path, &fields).await, browser.post(&nowhere, &fields).await];
            assert_eq!((page.status, no_page.status), (404, 404), "{path}");
            assert_eq!(page.html.replace(room.as_str(), none.as_str()), no_page.html, "{path}");
        }
        let [page, no_page] = [browser.open(&settings(room)).await, browser.open(&settings(&none)).await];
        assert_eq!((page.status, no_page.status), (404, 404));
        assert_eq!(page.html.replace(room.as_str(), none.as_str()), no_page.html);
        for secret in ["Garden", "Ann", "Ben"] {
            assert!(!page.has(secret), "{}", page.html);
        }
    }
    // Nothing was done.
    let mut ben_sees = Browser::with(&server, &ben);
    assert!(ben_sees.open(&settings(&private)).await.has("Garden"));
    // A direct room is its people's, and has nothing to set.
    let page = ben_sees.open(&settings(&direct)).await;
    assert!(page.has(">Ann<") && page.has(">Ben<") && page.at("kind").starts_with("Direct messages"), "{}", page.html);
    assert!(forms(&mut ben_sees, &direct).await.is_empty());
    for what in ["leave", "archive"] {
        assert_eq!(ben_sees.post(&form(&direct, what), &[]).await.status, 403);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_does_nothing_by_these_forms() {
    let server = Server::start().await;
    let [ann, ben] = [server.account("Ann").await, server.account("Ben").await];
    let room = new_room(&server, &ann, "Garden", "public").await;
    add(&server, &ann, &room, &ben).await;
    let mut browser = Browser::with(&server, &ann);
    let before = browser.open(&settings(&room)).await.html;
    for (path, fields) in [
        (form(&room, "settings"), vec![("name", "Mine"), ("topic", "")]),
        (form(&room, "archive"), vec![]),
        (form(&room, "reopen"), vec![]),
        (form(&room, "join"), vec![]),
        (form(&room, "leave"), vec![]),
        (form(&room, "members"), vec![("name", "Ben")]),
        (about(&room, &ben, "remove"), vec![]),
        (about(&room, &ben, "appoint"), vec![]),
        (about(&room, &ben, "dismiss"), vec![]),
        (about(&room, &ben, "mute"), vec![("minutes", "10")]),
        (about(&room, &ben, "unmute"), vec![]),
    ] {
        for origin in ["https://evil.example", "null"] {
            let page = browser.post_from(origin, &path, &fields).await;
            assert_eq!((page.status, page.at("problem")), (403, "This page is not from this server."), "{path}");
            assert!(page.has(&format!("href=\"{}\"", settings(&room))), "the way back is a page: {}", page.html);
        }
    }
    assert_eq!(browser.open(&settings(&room)).await.html, before);
    server.stop().await;
}

#[tokio::test]
async fn many_members_come_a_page_at_a_time() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    for n in 0..60 {
        server.session(&format!("Guest {n:03}")).await;
    }
    let mut browser = Browser::with(&server, &ann);
    let path = settings(&RoomId::lobby());
    let page = browser.open(&path).await;
    assert_eq!(page.html.matches("data-testid=\"member\"").count(), 50);
    assert!(page.has("Shown: 1 to 50 of 61") && page.has(&format!("href=\"{path}?from=50\"")), "{}", page.html);
    assert_eq!(page.html.matches("href=\"/people/").count(), 1, "the pages of guests are for those who moderate");
    let page = browser.open(&format!("{path}?from=50")).await;
    assert!(page.has("Shown: 51 to 61 of 61") && page.has("Guest 059") && page.has("First page"), "{}", page.html);
    assert_eq!(browser.open(&format!("{path}?from=9999")).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn the_page_is_in_the_language_of_its_reader() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    let room = new_room(&server, &ann, "Garden", "private").await;
    let path = settings(&room);
    for (language, tag, title, texts) in [
        (
            "en",
            "en",
            "Garden · Room settings · Parlor",
            ["Private room", "Bring someone in", "someone to bring you in"],
        ),
        ("zh-CN", "zh-Hans", "Garden · 房间设置 · Parlor", ["私密房间", "邀请进入房间", "再次进入需要有人邀请。"]),
    ] {
        let mut browser = Browser { server: &server, token: ann.token.clone(), language };
        let page = browser.open(&path).await;
        assert_eq!(page.header(CONTENT_LANGUAGE), tag);
        assert!(page.has(title), "{}", page.html);
        for text in texts {
            assert!(page.has(text), "{text}: {}", page.html);
        }
        assert_eq!(browser.post("/language", &[("lang", tag), ("next", &path)]).await.to(), path);
    }
    server.stop().await;
}
