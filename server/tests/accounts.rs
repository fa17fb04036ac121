//! Names, accounts, invites and passwords.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::support::{
    Client, FrameReader, Server, body, eventually, http_client, people::PASSWORD, sets_session, unlimited,
};
use parlor::config::{Config, Registration};
use parlor_protocol::{
    CloseCode, ServerRole, UserKind, error_code,
    http::{CreatedResetLink, InviteList, Me},
};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn taken_names_are_rejected_with_a_suggestion() {
    let server = Server::start().await;
    let ann = server.greeted("Ann").await;
    server.account("Carl").await;
    for taken in ["Ann", "ann", "ＡＮＮ", "A\u{200d}nn", "  ann ", "carl"] {
        let answer = server.try_guest(taken).await;
        assert_eq!(answer.refused(), (409, error_code::NAME_TAKEN.into()), "{taken:?}");
    }
    assert!(server.try_guest("Ann").await.text.contains("“Ann 2” is available"));
    let _second = server.greeted("ANN 2").await;
    assert!(server.try_guest("Ann").await.text.contains("“Ann 3” is available"));
    // The form shows the error and keeps the name.
    let form = http_client().post(server.url("/enter")).header("content-type", "application/x-www-form-urlencoded");
    let answer = form.body("name=ann&next=%2Fr%2Flobby").send().await.unwrap();
    let back = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(back, "/?error=name_taken&name=ann&next=%2Fr%2Flobby");
    let html = http_client().get(server.url(&back)).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("“ann 3” is available") && html.contains("value=\"ann\""), "{html}");
    // An existing session keeps its name.
    assert_eq!(server.who(&ann.token).await, 200);
    // Names of disconnected guests become available.
    drop(ann);
    eventually("the name is free", async || server.try_guest("ann").await.status == 200).await;
    assert_eq!(server.try_guest("\u{2800}\u{3164}").await.status, 422, "nothing to see");
    server.stop().await;
}

#[tokio::test]
async fn numbered_guest_names_skip_taken_ones() {
    let server = Server::start().await;
    let _connected = server.greeted("guest 1").await;
    server.account("Guest  2").await;
    assert_eq!(server.session("").await.user.name, "Guest 3");
    server.stop().await;
}

#[tokio::test]
async fn guests_keep_their_messages_when_they_create_an_account() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    ann.send("said as a guest").await;
    let made = server.post("/api/accounts", &ann.token, json!({ "name": "Ann", "password": PASSWORD })).await;
    assert!(made.headers["set-cookie"].to_str().unwrap().contains(&made.made().token));
    let made = made.made();
    assert_eq!((made.user.id, made.user.kind), (ann.user.id, UserKind::Account));
    assert_ne!(made.token, ann.token, "what someone else may have put there is worth nothing");
    assert_eq!(server.who(&ann.token).await, 401);
    let ended = ann.ended().await;
    assert_eq!(ended.bye, Some(CloseCode::IdentityChanged.code()));
    let me: Me = server.get(&made.token, "/api/me").await.json().await.unwrap();
    assert_eq!((me.role, me.account.as_deref()), (ServerRole::Member, Some("Ann")));
    let page = server.history(&made.token, "").await;
    assert_eq!((page.messages[0].body.as_str(), &page.messages[0].by), ("said as a guest", &made.user));
    let mut back = Client::in_lobby(server.address, &made).await;
    back.send("said with an account").await;
    assert_eq!(body(&back.event().await), "said with an account");
    // An account cannot create a second one.
    let again = server.post("/api/accounts", &made.token, json!({ "name": "Ann B", "password": PASSWORD })).await;
    assert_eq!(again.status, 400);
    let server = server.restart().await;
    assert_eq!(server.sign_in("ann").await.user, made.user);
    server.stop().await;
}

#[tokio::test]
async fn invalid_sign_ups_are_rejected() {
    let server = Server::start().await;
    server.account("ann").await;
    for (body, status, code) in [
        (json!({ "name": "ANN", "password": PASSWORD }), 409, error_code::NAME_TAKEN),
        (json!({ "name": "", "password": PASSWORD }), 422, error_code::EMPTY),
        (json!({ "name": "x".repeat(33), "password": PASSWORD }), 422, error_code::TOO_LONG),
        (json!({ "name": "bob", "password": "short" }), 422, error_code::WEAK_PASSWORD),
        (json!({ "name": "bob the tenth", "password": "Bob The Tenth" }), 422, error_code::WEAK_PASSWORD),
        (json!({ "name": "bob", "password": "1234567890" }), 422, error_code::WEAK_PASSWORD),
        (json!({ "name": "bob", "password": "qwertyuiop" }), 422, error_code::WEAK_PASSWORD),
        (json!({ "name": "bob", "password": "Password123" }), 422, error_code::WEAK_PASSWORD),
        (json!({ "name": "bob", "password": "parlor2026" }), 422, error_code::WEAK_PASSWORD),
        (json!({ "name": "bob", "password": PASSWORD, "invite": "no such" }), 403, error_code::INVITE_NEEDED),
        (json!({ "name": "bob" }), 400, error_code::BAD_REQUEST),
        (json!({ "name": "bob", "password": 1_234_567_890 }), 400, error_code::BAD_REQUEST),
        (json!(["bob", PASSWORD]), 400, error_code::BAD_REQUEST),
    ] {
        let answer = server.post("/api/accounts", "", body.clone()).await;
        assert_eq!((answer.status, answer.refused().1.as_str()), (status, code), "{body}");
        assert!(!answer.text.contains(PASSWORD) && !answer.text.contains("1234567890"), "{answer:?}");
    }
    assert_eq!(server.try_sign_in("bob", PASSWORD).await.status, 401, "none of them was made");
    server.stop().await;
}

#[tokio::test]
async fn a_password_is_the_same_in_every_unicode_form() {
    const FORMS: [&str; 3] = ["caf\u{e9} au lait １２３", "cafe\u{301} au lait 123", "ｃａｆé au lait 123"];
    let server = Server::start().await;
    for (form, name) in FORMS.into_iter().zip(["ann", "bob", "carol"]) {
        let made = server.post("/api/accounts", "", json!({ "name": name, "password": form })).await.made();
        for other in FORMS {
            assert_eq!(server.try_sign_in(name, other).await.status, 200, "{form} {other}");
            let body = json!({ "current": other, "new": "short" });
            let answer = server.post("/api/password", &made.token, body).await;
            assert_eq!(answer.refused().1, error_code::WEAK_PASSWORD, "{form} {other}");
        }
        assert_eq!(server.try_sign_in(name, "cafe au lait 123").await.status, 401);
    }
    // Common passwords are refused wherever one is set.
    let ann = server.try_sign_in("ann", FORMS[0]).await.made();
    let body = json!({ "current": FORMS[1], "new": "password123" });
    assert_eq!(server.post("/api/password", &ann.token, body).await.refused(), (422, error_code::WEAK_PASSWORD.into()));
    server.stop().await;
}

#[tokio::test]
async fn invalid_credentials_are_rejected_alike() {
    let server = Server::start().await;
    let ann = server.account("Ann Lee").await;
    let (name, password) = (server.try_sign_in("nobody", PASSWORD).await, server.try_sign_in("ann lee", "wrong").await);
    assert_eq!(name.refused(), (401, error_code::WRONG_CREDENTIALS.into()));
    assert_eq!((name.status, &name.text), (password.status, &password.text));
    assert!(!sets_session(&name.headers) && !sets_session(&password.headers));
    for spelling in ["Ann Lee", "ANN  LEE", "ａｎｎ lee"] {
        let made = server.sign_in(spelling).await;
        assert_eq!(made.user, ann.user);
        assert_ne!(made.token, ann.token);
    }
    server.stop().await;
}

#[tokio::test]
async fn first_owner_link_works_once() {
    let server = Server::start().await;
    let first = server.first_secret().unwrap();
    assert_eq!(server.who(&first).await, 401, "it is no session");
    let server = server.restart().await;
    let make = async |server: &Server, name: &str, secret: &str| {
        server.post("/api/accounts", "", json!({ "name": name, "password": PASSWORD, "invite": secret })).await
    };
    assert_eq!(make(&server, "mallory", &first).await.refused().1, error_code::INVITE_NEEDED, "another at each start");
    let secret = server.first_secret().unwrap();
    // Concurrent requests: only one succeeds.
    let tries = futures::future::join_all((0..8).map(|n| {
        let (server, secret, make) = (&server, &secret, &make);
        async move { make(server, &format!("owner {n}"), secret).await.status }
    }));
    let mut statuses = tries.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403, 403, 403, 403, 403, 403]);
    let server = server.restart().await;
    assert_eq!(server.first_secret(), None);
    let mut db = server.database().await;
    assert_eq!(db.number("SELECT count(*) FROM users WHERE role = 'owner'").await, 1);
    server.stop().await;
}

#[test]
fn first_owner_link_is_printed_after_the_address() {
    for public in [None, Some("https://chat.example.org")] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_parlor"))
            .args(["--addr", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .args(public.map(|url| format!("--public-url={url}")))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines: Vec<String> =
            BufReader::new(child.stdout.take().unwrap()).lines().take(2).map(|line| line.unwrap()).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        let address = lines[0].strip_prefix("listening on ").unwrap();
        let secret = lines[1].split(&format!(" {}/first/", public.unwrap_or(address))).nth(1).unwrap();
        assert_eq!(secret.len(), 64, "{lines:?}");
    }
}

#[tokio::test]
async fn invite_only_registration_needs_an_invite() {
    let server = Server::start_with(Config { registration: Some(Registration::Invite), ..unlimited() }).await;
    let make = async |name: &str, secret: Option<&str>| {
        let body = json!({ "name": name, "password": PASSWORD, "invite": secret });
        server.post("/api/accounts", "", body).await
    };
    assert_eq!(make("ann", None).await.refused(), (403, error_code::INVITE_NEEDED.into()));
    assert_eq!(make("ann", Some("guess")).await.refused(), (403, error_code::INVITE_NEEDED.into()));
    let owner = server.owner("olga").await;
    let (invite, secret) = server.invite(&owner, json!({ "uses": 2 })).await;
    assert_eq!((invite.invite.role, invite.invite.uses_left), (ServerRole::Member, Some(2)));
    // Guests can use it as well.
    let guest = server.session("guest").await;
    let body = json!({ "name": "ann", "password": PASSWORD, "invite": secret });
    assert_eq!(server.post("/api/accounts", &guest.token, body).await.made().user.id, guest.user.id);
    assert_eq!(make("bob", Some(&secret)).await.status, 200);
    assert_eq!(make("carl", Some(&secret)).await.refused().1, error_code::INVITE_NEEDED, "used up");
    let list: InviteList = server.get(&owner.token, "/api/invites").await.json().await.unwrap();
    assert!(list.invites.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn invite_use_limit_holds_under_concurrency() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let (_, secret) = server.invite(&owner, json!({ "uses": 5 })).await;
    let tries = futures::future::join_all((0..20).map(|n| {
        let body = json!({ "name": format!("person {n}"), "password": PASSWORD, "invite": secret });
        server.post("/api/accounts", "", body)
    }));
    let statuses: Vec<u16> = tries.await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 15, "{statuses:?}");
    let mut db = server.database().await;
    assert_eq!(db.number("SELECT uses_left FROM invite WHERE role = 'member'").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn invites_are_validated_listed_and_revoked() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let admin = server.with_role(&owner, "adam", "admin").await;
    let moderator = server.with_role(&owner, "mona", "moderator").await;
    for (who, body, status) in [
        (&admin, json!({ "role": "owner" }), 400),
        (&owner, json!({ "role": "owner" }), 400),
        (&admin, json!({ "role": "admin" }), 403),
        (&admin, json!({ "role": "guest" }), 400),
        (&admin, json!({ "role": "emperor" }), 400),
        (&admin, json!({ "uses": 0 }), 400),
        (&admin, json!({ "expires_in_hours": 0 }), 400),
        (&admin, json!({ "expires_in_hours": 1_000_000 }), 400),
        (&moderator, json!({}), 403),
    ] {
        assert_eq!(server.post("/api/invites", &who.token, body.clone()).await.status, status, "{body}");
    }
    assert_eq!(server.get(&moderator.token, "/api/invites").await.status(), 403);
    let (revoked, secret) = server.invite(&admin, json!({})).await;
    let (kept, other) = server.invite(&admin, json!({ "role": "moderator" })).await;
    let list = server.get(&owner.token, "/api/invites").await.text().await.unwrap();
    assert!(!list.contains(&secret) && !list.contains(&other), "shown once");
    let path = format!("/api/invites/{}", revoked.invite.id);
    assert_eq!(server.delete(&path, &moderator.token).await.status, 403);
    assert_eq!(server.delete(&path, &owner.token).await.status, 204);
    assert_eq!(server.delete(&path, &owner.token).await.status, 404);
    assert_eq!(server.delete("/api/invites/x", &owner.token).await.status, 404);
    let list: InviteList = server.get(&admin.token, "/api/invites").await.json().await.unwrap();
    assert_eq!(list.invites, [kept.invite]);
    let come = async |secret: &str| {
        server.post("/api/accounts", "", json!({ "name": "eve", "password": PASSWORD, "invite": secret })).await.status
    };
    assert_eq!(come(&secret).await, 403);
    // Losing the role revokes its invites.
    let path = format!("/api/people/{}/role", admin.user.id.0);
    assert_eq!(server.post(&path, &owner.token, json!({ "role": "member" })).await.status, 204);
    assert_eq!(come(&other).await, 403);
    let (_, late) = server.invite(&owner, json!({ "expires_in_hours": 1 })).await;
    let mut db = server.database().await;
    db.execute("UPDATE invite SET expires_at = expires_at - 3600000", &[]).await.unwrap();
    assert_eq!(come(&late).await, 403);
    server.stop().await;
}

#[tokio::test]
async fn password_change_needs_the_current_password() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let (mut here, other) = (Client::greet(server.address, &ann).await, server.sign_in("ann").await);
    let mut there = Client::greet(server.address, &other).await;
    let change = async |current: &str, new: &str| {
        server.post("/api/password", &ann.token, json!({ "current": current, "new": new })).await
    };
    assert_eq!(
        change("wrong password", "another password").await.refused(),
        (403, error_code::WRONG_CREDENTIALS.into())
    );
    assert_eq!(change(PASSWORD, "short").await.refused(), (422, error_code::WEAK_PASSWORD.into()));
    let made = change(PASSWORD, "another password").await.made();
    assert_eq!(here.ended().await.bye, Some(CloseCode::IdentityChanged.code()));
    assert_eq!(there.ended().await.bye, Some(CloseCode::SessionRevoked.code()));
    assert_eq!((server.who(&ann.token).await, server.who(&other.token).await), (401, 401));
    assert_eq!(server.who(&made.token).await, 200);
    assert_eq!(server.try_sign_in("ann", PASSWORD).await.status, 401);
    assert_eq!(server.try_sign_in("ann", "another password").await.status, 200);
    let guest = server.session("guest").await;
    let body = json!({ "current": "x", "new": "another password" });
    assert_eq!(server.post("/api/password", &guest.token, body).await.status, 403);
    server.stop().await;
}

#[tokio::test]
async fn password_reset_link_works_once() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let admin = server.with_role(&owner, "adam", "admin").await;
    let ann = server.account("ann").await;
    let mut live = Client::greet(server.address, &ann).await;
    let path = format!("/api/people/{}/reset", ann.user.id.0);
    assert_eq!(server.post(&path, &admin.token, json!(null)).await.status, 403);
    assert_eq!(server.post(&path, &ann.token, json!(null)).await.status, 403);
    let own = format!("/api/people/{}/reset", owner.user.id.0);
    assert_eq!(server.post(&own, &owner.token, json!(null)).await.status, 403, "never of an equal");
    for nobody in [Uuid::now_v7().to_string(), "x".into(), server.session("g").await.user.id.0.to_string()] {
        let path = format!("/api/people/{nobody}/reset");
        assert_eq!(server.post(&path, &owner.token, json!(null)).await.status, 404, "{nobody}");
    }
    let link = async || {
        let answer = server.post(&path, &owner.token, json!(null)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.of::<CreatedResetLink>().link.strip_prefix("/reset/").unwrap().to_owned()
    };
    let (one, two) = (link().await, link().await);
    let reset = async |secret: &str, password: &str| {
        server.post("/api/reset", "", json!({ "secret": secret, "password": password })).await
    };
    assert_eq!(reset("guess", "another password").await.refused(), (403, error_code::INVALID_LINK.into()));
    assert_eq!(reset(&one, "short").await.refused(), (422, error_code::WEAK_PASSWORD.into()));
    assert_eq!(server.who(&ann.token).await, 200, "nothing has happened so far");
    let made = reset(&one, "another password").await.made();
    assert_eq!(made.user, ann.user);
    assert_eq!(live.ended().await.bye, Some(CloseCode::SessionRevoked.code()));
    assert_eq!((server.who(&ann.token).await, server.who(&made.token).await), (401, 200));
    for used in [&one, &two] {
        assert_eq!(reset(used, "a third password").await.refused(), (403, error_code::INVALID_LINK.into()));
    }
    assert_eq!(server.try_sign_in("ann", "another password").await.status, 200);
    let late = link().await;
    let mut db = server.database().await;
    db.execute("UPDATE password_reset SET expires_at = expires_at - 86400000", &[]).await.unwrap();
    assert_eq!(reset(&late, "a third password").await.refused(), (403, error_code::INVALID_LINK.into()));
    server.stop().await;
}

#[tokio::test]
async fn deleting_an_account_keeps_its_messages() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let ann = server.account("ann").await;
    let mut live = Client::in_lobby(server.address, &ann).await;
    live.send("remember me").await;
    let delete = async |token: &str, password: &str| {
        server.ask(Method::DELETE, "/api/me", token, json!({ "password": password })).await
    };
    assert_eq!(delete(&ann.token, "wrong password").await.refused(), (403, error_code::WRONG_CREDENTIALS.into()));
    assert_eq!(delete(&owner.token, PASSWORD).await.refused(), (409, error_code::LAST_OWNER.into()));
    assert_eq!(delete(&ann.token, PASSWORD).await.status, 204);
    assert_eq!(live.ended().await.bye, Some(CloseCode::SessionRevoked.code()));
    assert_eq!(server.who(&ann.token).await, 401);
    assert_eq!(server.try_sign_in("ann", PASSWORD).await.status, 401);
    let message = server.history(&owner.token, "").await.messages.remove(0);
    assert_eq!((message.body.as_str(), message.by.name.as_str()), ("remember me", "Deleted user"));
    assert_eq!((message.by.id, message.by.kind), (ann.user.id, UserKind::Account));
    assert_eq!(server.account("ann").await.user.name, "ann", "the name is free again");
    assert_eq!(server.try_guest("deleted USER").await.status, 409, "nobody speaks for those who have gone");
    // One of several owners may leave.
    let path = format!("/api/people/{}/role", server.sign_in("ann").await.user.id.0);
    assert_eq!(server.post(&path, &owner.token, json!({ "role": "owner" })).await.status, 204);
    assert_eq!(delete(&owner.token, PASSWORD).await.status, 204);
    let server = server.restart().await;
    assert_eq!(server.first_secret(), None, "there is one still");
    server.stop().await;
}
