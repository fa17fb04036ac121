//! Forms that are sent twice, as by a double click, do what they do once, and are answered alike.

use parlor_protocol::http::{InviteList, MemberList, RoomList, SessionList};
use reqwest::header::{COOKIE, ORIGIN};

use crate::support::{
    Server,
    browser::{Browser, FormBody, OTHER_PASSWORD},
    eventually, http_client,
    people::PASSWORD,
    rooms::{about, form, settings},
};

async fn sessions(browser: &Browser<'_>) -> usize {
    let list: SessionList = browser.server.get(&browser.token, "/api/sessions").await.json().await.unwrap();
    list.sessions.len()
}

#[tokio::test]
async fn people_come_in_once() {
    let server = Server::start().await;
    let mut guest = Browser::new(&server);
    assert_eq!(guest.post_twice("/enter", &[("name", "Ann")]).await.to(), "/r/lobby");
    let list: MemberList = server.get(&guest.token, "/api/rooms/lobby/members").await.json().await.unwrap();
    assert_eq!((list.count, guest.me().await.user.name.as_str()), (1, "Ann"));

    let mut browser = Browser::new(&server);
    let shown = browser.post_twice("/sign-up", &[("name", "Bob"), ("password", PASSWORD)]).await;
    assert_eq!((shown.to(), sessions(&browser).await), ("/r/lobby", 1));
    let mut elsewhere = Browser::new(&server);
    let shown = elsewhere.post_twice("/sign-in", &[("name", "Bob"), ("password", PASSWORD)]).await;
    assert_eq!((shown.to(), sessions(&elsewhere).await), ("/r/lobby", 2));
    server.stop().await;
}

#[tokio::test]
async fn an_invitation_for_one_is_used_by_a_double_click() {
    let server = Server::start().await;
    let owner = server.owner("Olga").await;
    let (_, secret) = server.invite(&owner, serde_json::json!({ "uses": 1 })).await;
    let mut browser = Browser::new(&server);
    let fields = [("name", "Ann"), ("password", PASSWORD), ("invite", &secret)];
    assert_eq!(browser.post_twice("/sign-up", &fields).await.to(), "/r/lobby");
    assert_eq!(browser.me().await.user.name, "Ann");
    server.stop().await;
}

#[tokio::test]
async fn passwords_are_set_once() {
    let server = Server::start().await;
    let owner = server.owner("Olga").await;
    let ann = server.account("Ann").await;
    let mut browser = Browser::with(&server, &ann);
    let change = [("current", PASSWORD), ("new", OTHER_PASSWORD)];
    assert_eq!(browser.post_twice("/account/password", &change).await.to(), "/account?done=password");
    assert_eq!(sessions(&browser).await, 1);
    let mut admin = Browser::with(&server, &owner);
    let shown = admin.post_twice(&format!("/people/{}/reset", ann.user.id), &[]).await;
    let link =
        shown.html.split("/reset/").skip(1).filter_map(|rest| rest.split('"').next()).find(|secret| secret.len() > 20);
    let path = format!("/reset/{}", link.unwrap());
    let mut forgetful = Browser::new(&server);
    assert_eq!(forgetful.post_twice(&path, &[("password", PASSWORD)]).await.to(), "/r/lobby");
    let deleted = forgetful.post_twice("/account/delete", &[("password", PASSWORD)]).await;
    assert_eq!(deleted.to(), "/sign-in?done=deleted");
    server.stop().await;
}

#[tokio::test]
async fn links_and_rooms_are_created_once() {
    let server = Server::start().await;
    let owner = server.owner("Olga").await;
    let mut browser = Browser::with(&server, &owner);
    let invites = async || {
        let list: InviteList = server.get(&owner.token, "/api/invites").await.json().await.unwrap();
        list.invites.len()
    };
    let fields = [("hours", "24"), ("uses", ""), ("role", "member")];
    let shown = browser.post_twice("/account/invites", &fields).await;
    assert_eq!((shown.status, invites().await), (200, 1));
    let shown = browser.post_twice("/setup/room", &[("name", "Garden"), ("kind", "public")]).await;
    assert!(shown.to().starts_with("/r/"), "{}", shown.to());
    let list: RoomList = server.get(&owner.token, "/api/rooms").await.json().await.unwrap();
    assert_eq!(list.rooms.len(), 2);
    // Without an id, as scripts send it, each is another one.
    for _ in 0..2 {
        browser.post("/account/invites", &fields).await;
    }
    assert_eq!(invites().await, 3);
    // The same id with other fields is another form: the page was left and shown again by the browser.
    let id = [("submission", "0192f0c1-2345-4678-9abc-def012345678")];
    for hours in ["24", "48", "48"] {
        browser
            .post("/account/invites", &[&id[..], &[("hours", hours), ("uses", ""), ("role", "member")]].concat())
            .await;
    }
    assert_eq!(invites().await, 5);
    server.stop().await;
}

#[tokio::test]
async fn rooms_are_left_and_handed_over_once() {
    let server = Server::start().await;
    let [ann, bob] = [server.account("Ann").await, server.account("Bob").await];
    let room = server.room(&ann, "Garden", "private").await;
    server.add(&ann, &room, &bob.user).await;
    let mut browser = Browser::with(&server, &ann);
    let shown = browser.post_twice(&about(&room, &bob, "own"), &[]).await;
    assert_eq!(shown.to(), format!("{}?done=owner", settings(&room)));
    let shown = browser.post_twice(&form(&room, "leave"), &[]).await;
    assert_eq!(shown.to(), "/r/lobby");
    let list: MemberList = server.get(&bob.token, &format!("/api/rooms/{room}/members")).await.json().await.unwrap();
    assert_eq!(list.count, 1);
    server.stop().await;
}

/// As browsers do: they close the connection when the form is sent again.
#[tokio::test]
async fn a_form_goes_on_when_the_browser_closes_the_connection() {
    let server = Server::start().await;
    let body = [("name", "Ann"), ("password", PASSWORD), ("submission", "0192f0c1-2345-4678-9abc-def012345678")];
    let send = || http_client().post(server.url("/sign-up")).header(ORIGIN, server.url("")).form_body(&body).send();
    // While the password is hashed.
    let aborted = tokio::time::timeout(std::time::Duration::from_millis(30), send()).await;
    let answer = send().await.unwrap();
    assert_eq!(answer.status(), 303, "aborted: {}", aborted.is_err());
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let me = http_client().get(server.url("/api/me")).header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(me.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn someone_who_is_banned_can_sign_out() {
    let server = Server::start().await;
    let owner = server.owner("Olga").await;
    let [ann, bob] = [server.session("Ann").await, server.session("Bob").await];
    for guest in [&ann, &bob] {
        let path = format!("/api/people/{}/ban", guest.user.id);
        let ban = serde_json::json!({ "reason": "spam", "address": false });
        assert_eq!(server.post(&path, &owner.token, ban).await.status, 204);
        assert_eq!(server.who(&guest.token).await, 403);
    }
    let mut browser = Browser::with(&server, &ann);
    let shown = browser.post("/account/sign-out", &[]).await;
    assert_eq!((shown.to(), shown.header("clear-site-data")), ("/", "\"cache\", \"storage\""));
    assert!(shown.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(server.delete("/api/session", &bob.token).await.status, 204);
    eventually("the sessions have ended", async || {
        server.who(&ann.token).await == 401 && server.who(&bob.token).await == 401
    })
    .await;
    server.stop().await;
}
