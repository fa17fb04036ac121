//! The room settings page, without JavaScript.

use crate::support::{
    Client, Server,
    browser::Browser,
    people::PASSWORD,
    rooms::{about, form, settings},
};
use parlor_protocol::{NotificationLevel, RoomId};
use reqwest::{Method, header::CONTENT_LANGUAGE};
use serde_json::json;

#[tokio::test]
async fn room_name_and_topic_are_changed() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    server.room(&ann, "Taken", "public").await;
    let room = server.room(&ann, "Garden", "public").await;
    let mut browser = Browser::with(&server, &ann);
    let long = "x".repeat(251);
    for (name, topic, status, id, why) in [
        ("taken", "", 409, "room-name", "A room with this name already exists."),
        ("", "Plants", 422, "room-name", "Invalid name. Text is required."),
        ("Garden", &*long, 422, "topic", "The text has 251 characters. The maximum is 250."),
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
    assert_eq!(page.at("done"), "Room settings saved.");
    for escaped in ["&lt;i&gt;Herbs&lt;/i&gt; &amp; ", "value=\"&lt;script&gt;alert(1)"] {
        assert!(page.has(escaped) && !page.has("<i>"), "{escaped}: {}", page.html);
    }
    // Others can read it.
    let eve = server.account("Eve").await;
    let page = Browser::with(&server, &eve).open(&settings(&room)).await;
    assert!(page.has("<p>&lt;script&gt;alert(1)") && page.at("kind").starts_with("Public room"), "{}", page.html);
    server.stop().await;
}

#[tokio::test]
async fn members_are_added_promoted_muted_and_removed() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    let ben = server.account("Ben").await;
    let change = json!({ "display_name": "Benedict" });
    assert_eq!(server.ask(Method::PATCH, "/api/me", &ben.token, change).await.status, 200);
    let room = server.room(&ann, "Garden", "private").await;
    let mut browser = Browser::with(&server, &ann);
    assert!(browser.open(&settings(&room)).await.has("<option value=\"Benedict\""), "it is proposed");
    for name in ["", "Nobody", "Be", "Benedict <b>"] {
        let page = browser.post(&form(&room, "members"), &[("name", name)]).await;
        assert_eq!((page.status, page.at("problem")), (404, "No account with this name was found."), "{name}");
        assert!(!page.has("<b>"));
    }
    let done = async |browser: &mut Browser<'_>, path: String, fields: &[(&str, &str)]| {
        let page = browser.post(&path, fields).await;
        let to = page.to().to_owned();
        assert!(to.starts_with(&format!("{}?done=", settings(&room))), "{to}");
        let page = browser.open(&to).await;
        (page.at("done").to_owned(), page)
    };
    // By sign-in name and by display name.
    let (said, _) = done(&mut browser, form(&room, "members"), &[("name", "ben")]).await;
    assert_eq!(said, "Member added.");
    done(&mut browser, about(&room, &ben, "remove"), &[]).await;
    let (said, page) = done(&mut browser, form(&room, "members"), &[("name", " BENEDICT ")]).await;
    assert_eq!(said, "Member added.");
    assert!(page.has(&about(&room, &ben, "remove")) && !page.has("<option value=\"Benedict\""), "{}", page.html);
    let mut live = Client::greet(server.address, &ben).await;
    live.join(room.as_str(), None).await;
    let (said, page) = done(&mut browser, about(&room, &ben, "appoint"), &[]).await;
    assert_eq!((said.as_str(), page.html.matches(">moderator<").count()), ("Moderator added.", 1));
    let (said, page) = done(&mut browser, about(&room, &ben, "dismiss"), &[]).await;
    assert_eq!(page.html.matches(">moderator<").count(), 0);
    assert_eq!(said, "Moderator removed.");
    assert_eq!(page.html.matches(">owner of this room<").count(), 1, "Ann");
    let page = browser.post(&about(&room, &ben, "mute"), &[("minutes", "soon")]).await;
    assert_eq!((page.status, page.at("problem")), (400, "The server could not read the request."));
    let (said, page) = done(&mut browser, about(&room, &ben, "mute"), &[("minutes", "60")]).await;
    assert!(said == "User muted." && page.has("Muted until: "), "{said}: {}", page.html);
    assert!(!Browser::with(&server, &ben).open(&settings(&room)).await.has("Muted until: "));
    let (said, page) = done(&mut browser, about(&room, &ben, "unmute"), &[]).await;
    assert!(said == "User unmuted." && !page.has("Muted until: "), "{said}: {}", page.html);
    let (said, page) = done(&mut browser, about(&room, &ben, "remove"), &[]).await;
    assert!(said == "Member removed." && page.has("<option value=\"Benedict\""), "{said}");
    assert_eq!(browser.post(&about(&room, &ben, "remove"), &[]).await.status, 303, "they have gone already");
    assert_eq!(Browser::with(&server, &ben).open(&settings(&room)).await.status, 404);
    assert_eq!(browser.post(&form(&room, "members/x/remove"), &[]).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn rooms_are_archived_unarchived_joined_and_left() {
    let server = Server::start().await;
    let [ann, eve] = [server.account("Ann").await, server.account("Eve").await];
    let room = server.room(&ann, "Garden", "public").await;
    let mut browser = Browser::with(&server, &ann);
    for (what, said) in [("archive", "Room archived."), ("reopen", "Room unarchived.")] {
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
    assert_eq!((page.status, page.at("problem")), (403, "You do not have permission to do this."));
    // Redirects to the requested page.
    let path = settings(&room);
    assert_eq!(Browser::new(&server).open(&path).await.to(), format!("/sign-in?next={path}"));
    let fields = [("name", "eve"), ("password", PASSWORD), ("next", path.as_str())];
    assert_eq!(Browser::new(&server).post("/sign-in", &fields).await.to(), path);
    assert_eq!(Browser::new(&server).post(&form(&room, "leave"), &[]).await.to(), format!("/sign-in?next={path}"));
    server.stop().await;
}

#[tokio::test]
async fn last_member_of_a_private_room_is_warned_before_leaving() {
    let server = Server::start().await;
    let [ann, eve] = [server.account("Ann").await, server.account("Eve").await];
    let room = server.room(&ann, "Garden", "private").await;
    let mut browser = Browser::with(&server, &ann);
    let is_last = async |browser: &mut Browser<'_>, room: &RoomId| {
        let page = browser.open(&settings(room)).await;
        let [last, back] = ["You are the last member.", "a member must add you"].map(|text| page.has(text));
        assert!(!(last && back), "{}", page.html);
        last
    };
    assert!(is_last(&mut browser, &room).await);
    server.add(&ann, &room, &eve.user).await;
    assert!(!is_last(&mut browser, &room).await);
    browser.post(&about(&room, &eve, "remove"), &[]).await.to();
    assert!(is_last(&mut browser, &room).await);
    // Anyone can join a public room.
    let public = server.room(&ann, "Park", "public").await;
    assert!(!is_last(&mut browser, &public).await);
    server.stop().await;
}

#[tokio::test]
async fn notification_level_is_changed() {
    let server = Server::start().await;
    let [ann, ben, eve] = [server.account("Ann").await, server.account("Ben").await, server.account("Eve").await];
    let room = server.room(&ann, "Garden", "public").await;
    let secret = server.room(&ann, "Cellar", "private").await;
    server.add(&ann, &room, &ben.user).await;
    let (path, level) = (settings(&room), form(&room, "level"));
    for (language, heading, sentence, done) in [
        ("en", "Notifications", "Every new message counts as unread.", "Notification settings saved."),
        ("zh-CN", "通知", "每条新消息都计入未读。", "通知设置已保存。"),
    ] {
        let mut browser = Browser { server: &server, token: ben.token.clone(), language };
        let page = browser.open(&format!("{path}?done=level")).await;
        assert_eq!(page.at("done"), done);
        assert!(page.has(&format!("<h2>{heading}</h2>")) && page.has(sentence), "{}", page.html);
        let [heard, members] = ["data-testid=\"level-form\"", "data-testid=\"member\""].map(|at| page.html.find(at));
        assert!(heard.is_some() && heard < members, "{}", page.html);
    }
    let mut live = Client::greet(server.address, &ben).await;
    let mut browser = Browser::with(&server, &ben);
    assert_eq!(browser.open(&path).await.chosen("level"), ["all"]);
    for chosen in [NotificationLevel::Nothing, NotificationLevel::Mentions, NotificationLevel::All] {
        let page = browser.post(&level, &[("level", chosen.as_str())]).await;
        assert_eq!(page.to(), format!("{path}?done=level"));
        assert_eq!(browser.open(&path).await.chosen("level"), [chosen.as_str()]);
        assert_eq!(server.listed(&ben, &room).await.level, chosen);
        // Other devices are told at once.
        assert_eq!(live.summary(&room, |room| room.level == chosen).await.level, chosen);
    }
    browser.post(&level, &[("level", "mentions")]).await;
    for wrong in ["", "some", "ALL", "<b>"] {
        let page = browser.post(&level, &[("level", wrong)]).await;
        assert_eq!((page.status, page.at("problem")), (400, "The server could not read the request."), "{wrong}");
        assert_eq!(page.chosen("level"), ["mentions"], "it stays");
    }
    // It applies to Ben only.
    assert_eq!(Browser::with(&server, &ann).open(&path).await.chosen("level"), ["all"]);
    // Non-members have no such setting, and hidden rooms return 404.
    let mut other = Browser::with(&server, &eve);
    assert!(!other.open(&path).await.has("level-form"));
    let page = other.post(&level, &[("level", "nothing")]).await;
    assert_eq!((page.status, page.at("problem")), (403, "You do not have permission to do this."));
    for wanted in ["nothing", "some"] {
        let page = other.post(&form(&secret, "level"), &[("level", wanted)]).await;
        assert_eq!((page.status, page.at("problem")), (404, "This does not exist, or you do not have access to it."));
    }
    let page = browser.post_from("https://evil.example", &level, &[("level", "nothing")]).await;
    assert_eq!((page.status, page.at("problem")), (403, "This page does not belong to this server."));
    assert_eq!(server.listed(&ben, &room).await.level, NotificationLevel::Mentions);
    assert_eq!(Browser::new(&server).post(&level, &[]).await.to(), format!("/sign-in?next={path}"));
    server.stop().await;
}

#[tokio::test]
async fn long_member_lists_are_paged() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    for n in 0..60 {
        server.session(&format!("Guest {n:03}")).await;
    }
    let mut browser = Browser::with(&server, &ann);
    let path = settings(&RoomId::lobby());
    let page = browser.open(&path).await;
    assert_eq!(page.html.matches("data-testid=\"member\"").count(), 50);
    assert!(page.has("1 to 50 of 61"), "{}", page.html);
    assert_eq!(page.html.matches("href=\"/people/").count(), 1, "the pages of guests are for those who moderate");
    let begin = format!("href=\"{path}?after=");
    let (_, link) = page.html.split_once(&begin).unwrap();
    let last = link.split_once("&amp;from=50\"").unwrap().0.to_owned();
    let page = browser.open(&format!("{path}?after={last}&from=50")).await;
    assert!(page.has("51 to 61 of 61") && page.has("Guest 059") && page.has("First page"), "{}", page.html);
    assert_eq!(page.html.matches("data-testid=\"member\"").count(), 11);
    // Someone who never was here, and a number that is wrong.
    let nobody = "00000000-0000-0000-0000-000000000001";
    let page = browser.open(&format!("{path}?after={nobody}&from=18446744073709551615")).await;
    assert_eq!((page.status, page.html.matches("data-testid=\"member\"").count()), (200, 50));
    server.stop().await;
}

#[tokio::test]
async fn page_uses_the_readers_language() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    let room = server.room(&ann, "Garden", "private").await;
    let eve = server.account("Eve").await;
    server.add(&ann, &room, &eve.user).await;
    let path = settings(&room);
    for (language, tag, title, texts) in [
        ("en", "en", "Garden · Room settings · Parlor", ["Private room", "Add member", "a member must add you"]),
        ("zh-CN", "zh-Hans", "Garden · 房间设置 · Parlor", ["私密房间", "添加成员", "再次加入需要由成员添加你。"]),
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
