//! Permissions on the room settings page: hidden forms are refused, and hidden rooms return 404.

use crate::support::{
    Server,
    browser::Browser,
    rooms::{about, form, settings},
};
use parlor_protocol::{
    RoomId,
    http::{CreatedRoom, CreatedSession},
};
use serde_json::json;

/// The forms of a page, by their paths within the room.
async fn forms(browser: &mut Browser<'_>, room: &RoomId) -> Vec<String> {
    let page = browser.open(&settings(room)).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let begin = format!("action=\"/rooms/{room}/");
    let own = page.html.split(&begin).skip(1);
    own.map(|form| form.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn page_shows_only_permitted_forms() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let mona = server.with_role(&olga, "Mona", "moderator").await;
    let [ann, ben, eve] = [server.account("Ann").await, server.account("Ben").await, server.account("Eve").await];
    let room = server.room(&ann, "Garden", "public").await;
    server.add(&ann, &room, &ben.user).await;
    let of_ben = |what: &str| format!("members/{}/{what}", ben.user.id);
    let of_ann = |what: &str| format!("members/{}/{what}", ann.user.id);
    let seen = async |who: &CreatedSession, room: &RoomId| forms(&mut Browser::with(&server, who), room).await;
    assert_eq!(seen(&eve, &room).await, ["join"]);
    assert_eq!(seen(&ben, &room).await, ["level", "members", "leave"]);
    let maker = seen(&ann, &room).await;
    let of_members = [of_ben("mute"), of_ben("appoint"), of_ben("own"), of_ben("remove")];
    assert_eq!(maker[..3], ["settings", "level", "members"], "{maker:?}");
    assert_eq!(maker[3..7], of_members, "{maker:?}");
    assert_eq!(maker[7..], ["archive", "leave"]);
    // Server moderators moderate every public room.
    let moderator = seen(&mona, &room).await;
    for what in ["settings".to_owned(), of_ann("mute"), of_ben("appoint"), of_ann("remove"), "archive".into()] {
        assert!(moderator.contains(&what), "{what}: {moderator:?}");
    }
    assert!(!moderator.contains(&"members".to_owned()), "who is no member brings nobody in");
    assert!(!moderator.contains(&"level".to_owned()), "nor hears anything of it");
    // Moderators cannot remove each other.
    assert_eq!(Browser::with(&server, &ann).post(&about(&room, &ben, "appoint"), &[]).await.status, 303);
    let peer = seen(&ben, &room).await;
    for what in ["remove", "mute", "dismiss", "own"] {
        assert!(!peer.contains(&of_ann(what)) && !peer.contains(&of_ben("own")), "{what}: {peer:?}");
    }
    assert!(peer.contains(&of_ben("dismiss")), "everyone may step down: {peer:?}");
    let page = Browser::with(&server, &ben).post(&about(&room, &ann, "remove"), &[]).await;
    assert_eq!((page.status, page.at("problem")), (403, "You do not have permission to do this."));
    // Everyone is a member of the lobby.
    assert_eq!(seen(&ann, &RoomId::lobby()).await, ["level"]);
    let lobby = seen(&olga, &RoomId::lobby()).await;
    assert!(lobby.contains(&"settings".to_owned()) && lobby.contains(&of_ann("mute")), "{lobby:?}");
    assert!(!lobby.iter().any(|form| ["archive", "leave", "members"].contains(&&**form)), "{lobby:?}");
    // Hidden forms are refused as well.
    let mut browser = Browser::with(&server, &eve);
    for (path, fields) in [
        (form(&room, "settings"), vec![("name", "Mine"), ("topic", "")]),
        (form(&room, "level"), vec![("level", "nothing")]),
        (form(&room, "archive"), vec![]),
        (form(&room, "reopen"), vec![]),
        (form(&room, "leave"), vec![]),
        (form(&room, "members"), vec![("name", "Olga")]),
        (about(&room, &ben, "remove"), vec![]),
        (about(&room, &ben, "appoint"), vec![]),
        (about(&room, &ben, "dismiss"), vec![]),
        (about(&room, &ben, "own"), vec![]),
        (about(&room, &ben, "mute"), vec![("minutes", "10")]),
        (about(&room, &ben, "unmute"), vec![]),
    ] {
        let page = browser.post(&path, &fields).await;
        assert_eq!((page.status, page.at("problem")), (403, "You do not have permission to do this."), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn hidden_rooms_return_not_found() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let [ann, ben] = [server.account("Ann").await, server.account("Ben").await];
    let private = server.room(&ann, "Garden", "private").await;
    server.add(&ann, &private, &ben.user).await;
    let direct = server.post("/api/direct", &ann.token, json!({ "users": [ben.user.id] })).await;
    let direct = direct.of::<CreatedRoom>().room.id;
    let none = RoomId::from("zzzzzzzz");
    let mut browser = Browser::with(&server, &olga);
    for room in [&private, &direct] {
        for (path, fields) in [
            (form(room, "settings"), vec![("name", "Mine"), ("topic", "")]),
            (form(room, "level"), vec![("level", "nothing")]),
            (form(room, "archive"), vec![]),
            (form(room, "reopen"), vec![]),
            (form(room, "join"), vec![]),
            (form(room, "leave"), vec![]),
            (form(room, "members"), vec![("name", "Olga")]),
            (form(room, "members"), vec![("name", "Nobody")]),
            (about(room, &ben, "remove"), vec![]),
            (about(room, &ben, "appoint"), vec![]),
            (about(room, &ben, "dismiss"), vec![]),
            (about(room, &ben, "own"), vec![]),
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
    // Nothing has changed.
    let mut ben_sees = Browser::with(&server, &ben);
    assert!(ben_sees.open(&settings(&private)).await.has("Garden"));
    // Direct rooms have only the notification setting.
    let page = ben_sees.open(&settings(&direct)).await;
    assert!(page.has(">Ann<") && page.has(">Ben<") && page.at("kind").starts_with("Direct messages"), "{}", page.html);
    assert_eq!(forms(&mut ben_sees, &direct).await, ["level"]);
    for what in ["leave", "archive"] {
        assert_eq!(ben_sees.post(&form(&direct, what), &[]).await.status, 403);
    }
    server.stop().await;
}

#[tokio::test]
async fn cross_site_form_posts_are_rejected() {
    let server = Server::start().await;
    let [ann, ben] = [server.account("Ann").await, server.account("Ben").await];
    let room = server.room(&ann, "Garden", "public").await;
    server.add(&ann, &room, &ben.user).await;
    let mut browser = Browser::with(&server, &ann);
    let before = browser.open(&settings(&room)).await.html;
    for (path, fields) in [
        (form(&room, "settings"), vec![("name", "Mine"), ("topic", "")]),
        (form(&room, "level"), vec![("level", "nothing")]),
        (form(&room, "archive"), vec![]),
        (form(&room, "reopen"), vec![]),
        (form(&room, "join"), vec![]),
        (form(&room, "leave"), vec![]),
        (form(&room, "members"), vec![("name", "Ben")]),
        (about(&room, &ben, "remove"), vec![]),
        (about(&room, &ben, "appoint"), vec![]),
        (about(&room, &ben, "dismiss"), vec![]),
        (about(&room, &ben, "own"), vec![]),
        (about(&room, &ben, "mute"), vec![("minutes", "10")]),
        (about(&room, &ben, "unmute"), vec![]),
    ] {
        for origin in ["https://evil.example", "null"] {
            let page = browser.post_from(origin, &path, &fields).await;
            assert_eq!((page.status, page.at("problem")), (403, "This page does not belong to this server."), "{path}");
            assert!(page.has(&format!("href=\"{}\"", settings(&room))), "the way back is a page: {}", page.html);
        }
    }
    assert_eq!(browser.open(&settings(&room)).await.html, before);
    server.stop().await;
}
