//! Bans.

use super::*;

#[tokio::test]
async fn banned_users_are_disconnected_and_rejected_on_all_transports() {
    let server = Server::start().await;
    let (owner, ann) = (server.owner("olga").await, server.account("ann").await);
    let phone = server.sign_in("ann").await;
    let (mut others, mut live, mut silent) = (
        Client::greet(server.address, &owner).await,
        Client::greet(server.address, &ann).await,
        // Before hello.
        Client::connect(server.address, &phone).await,
    );
    let streamed = Requests::new(server.address, &phone, Some("s"));
    let mut stream = streamed.stream(None).await;
    streamed.hello(vec![]).await;
    stream.next().await;
    let polled = Requests::new(server.address, &phone, Some("p"));
    polled.hello(vec![]).await;
    assert!(matches!(polled.poll().await[0], ServerFrame::Welcome { .. }));

    let ban_path = path(&ann, "ban");
    let begun = Instant::now();
    let (answer, poll) =
        tokio::join!(server.post(&ban_path, &owner.token, json!({ "reason": "spam" })), polled.get("poll", None));
    assert_eq!(answer.status, 204);
    // The poll is either pending and gets the `bye`, or arrives later and is refused.
    if poll.status() == 403 {
        assert_eq!(status_and_code(poll).await.1.as_deref(), Some("banned"));
    } else {
        let frames: Vec<Value> = poll.json().await.unwrap();
        let is_bye = |frame: &Value| frame["type"] == "bye" && frame["code"] == 4503 && frame["reconnect"] == false;
        assert!(frames.iter().any(is_bye), "{frames:?}");
    }
    let ended = tokio::join!(live.ended(), silent.ended(), stream.ended());
    assert_eq!((ended.0.bye, ended.0.code, ended.1.bye, ended.2), (BANNED, BANNED, BANNED, BANNED));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());

    let banned = (403, "banned".to_owned());
    for session in [&ann, &phone] {
        for (method, path) in [(Method::GET, "/api/me"), (Method::GET, "/api/rooms"), (Method::DELETE, "/api/sessions")]
        {
            assert_eq!(server.ask(method, path, &session.token, Value::Null).await.refused(), banned, "{path}");
        }
    }
    for endpoint in ["sse", "poll"] {
        assert_eq!(status_and_code(streamed.get(endpoint, None).await).await, (403, Some("banned".into())));
    }
    assert_eq!(streamed.post_text("[]").await, (403, Some("banned".into())));
    let bearer = format!("Bearer {}", ann.token);
    assert_eq!(support::try_upgrade(server.address, &[("authorization", bearer.as_str())]).await.err(), Some(403));
    // The ban is revealed only with the right password.
    assert_eq!(server.try_sign_in("ann", "not her password").await.refused(), (401, "wrong_credentials".into()));
    assert_eq!(server.try_sign_in("ann", PASSWORD).await.refused(), banned);
    // The page explains the ban and shows nothing else.
    let page = server.get(&ann.token, "/").await;
    assert_eq!(page.status(), 403);
    assert!(page.text().await.unwrap().contains("You are banned from this server."));
    assert_eq!(server.get(&ann.token, "/r/lobby").await.headers()["location"], "/");
    // Another user may sign in with the same browser.
    server.account("bob").await;
    let body = json!({ "name": "bob", "password": PASSWORD });
    assert_eq!(server.post("/api/sign-in", &phone.token, body).await.status, 200);

    assert_eq!(send(&mut others, &RoomId::lobby()).await, None, "the others go on");
    assert_eq!(server.delete(&ban_path, &owner.token).await.status, 204);
    let again = server.sign_in("ann").await;
    assert_eq!((server.who(&ann.token).await, server.who(&again.token).await), (401, 200));
    let mut live = Client::greet(server.address, &again).await;
    assert_eq!(send(&mut live, &RoomId::lobby()).await, None);
    server.stop().await;
}

#[tokio::test]
async fn bans_require_a_higher_role_and_are_hidden_from_others() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let admin = server.with_role(&owner, "adam", "admin").await;
    let (mia, mo) =
        (server.with_role(&owner, "mia", "moderator").await, server.with_role(&owner, "mo", "moderator").await);
    let (ann, guest) = (server.account("ann").await, server.session("gus").await);
    let body = json!({ "reason": "spam", "hours": 1 });
    for (by, on, status) in [
        (&guest, &ann, 403),
        (&ann, &guest, 403),
        (&ann, &ann, 403),
        (&mia, &mo, 403),
        (&mia, &mia, 403),
        (&mia, &admin, 403),
        (&admin, &owner, 403),
        (&owner, &owner, 403),
        (&mia, &guest, 204),
        (&mia, &ann, 204),
        // Replaces the first one.
        (&mia, &ann, 204),
        // An equal cannot change it.
        (&mo, &ann, 403),
    ] {
        let name = format!("{} {}", by.user.name, on.user.name);
        assert_eq!(server.post(&path(on, "ban"), &by.token, body.clone()).await.status, status, "{name}");
    }
    for (bad, status) in [
        (json!({ "reason": "spam", "hours": 0 }), 400),
        (json!({ "reason": "spam", "hours": 87_601 }), 400),
        (json!({ "reason": "spam", "hours": "1" }), 400),
        (json!({ "hours": 1 }), 400),
        (json!({ "reason": " " }), 422),
        (json!({ "reason": "x".repeat(251) }), 422),
    ] {
        assert_eq!(server.post(&path(&ann, "ban"), &mia.token, bad.clone()).await.status, status, "{bad}");
    }
    for nobody in [Uuid::now_v7().to_string(), "x".into()] {
        let answer = server.post(&format!("/api/people/{nobody}/ban"), &mia.token, body.clone()).await;
        assert_eq!(answer.refused(), (404, "not_found".into()));
    }

    let bans: BanList = server.get(&mo.token, "/api/bans").await.json().await.unwrap();
    let listed: Vec<_> = bans.bans.iter().map(|ban| (&ban.user, &ban.made_by, ban.reason.as_str())).collect();
    assert_eq!(listed, [(&ann.user, &mia.user, "spam"), (&guest.user, &mia.user, "spam")]);
    let left = bans.bans[0].until.unwrap() - now();
    assert!((59 * 60_000..=60 * 60_000).contains(&left), "{left}");
    // Others cannot tell whether someone is banned.
    let bob = server.account("bob").await;
    for listed in ["/api/bans", "/api/audit"] {
        assert_eq!(server.get("", listed).await.status(), 401);
        assert_eq!(server.get(&bob.token, listed).await.status(), 403);
    }
    assert_eq!(server.get(&mia.token, "/api/audit").await.status(), 403);
    for what in ["ban", "mute"] {
        let mut answers = Vec::new();
        for on in [&ann, &owner, &mia] {
            let answer = server.delete(&path(on, what), &bob.token).await;
            answers.push((answer.status, answer.text));
        }
        assert!(answers[0].0 == 403 && answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }

    for (by, on, status) in
        [(&ann, &ann, 403), (&mo, &ann, 403), (&admin, &ann, 204), (&admin, &ann, 404), (&mia, &guest, 204)]
    {
        assert_eq!(server.delete(&path(on, "ban"), &by.token).await.status, status, "{}", by.user.name);
    }
    assert_eq!(server.get(&mo.token, "/api/bans").await.json::<BanList>().await.unwrap().bans, []);
    assert_eq!((server.who(&ann.token).await, server.who(&server.sign_in("ann").await.token).await), (401, 200));
    assert_eq!(server.who(&guest.token).await, 401);
    server.stop().await;
}

#[tokio::test]
async fn banned_sessions_are_rejected_under_another_name() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let (eve, ann) = (server.session("eve").await, server.account("ann").await);
    for who in [&eve, &ann] {
        let enter = async || {
            let mut browser = Browser::with(&server, who);
            browser.post("/enter", &[("name", "eva")]).await.to().to_owned()
        };
        let api = async |name: &str| server.post("/api/session", &who.token, json!({ "name": name })).await;
        ban(&server, &owner, who, json!({ "reason": "spam" })).await;
        let banned = (403, "banned".to_owned());
        assert_eq!(api("eva").await.refused(), banned);
        let account = json!({ "name": "eva", "password": PASSWORD });
        assert_eq!(server.post("/api/accounts", &who.token, account).await.refused(), banned);
        assert!(enter().await.starts_with("/?error=banned"));
        for path in ["/gateway/text?name=eva", "/gateway/json?name=eva"] {
            assert_eq!(server.get(&who.token, path).await.status(), 403, "{path}");
        }
        // Others may join from there, and so may they after the ban.
        assert_eq!(server.try_guest(&format!("not {}", who.user.name)).await.status, 200);
        assert_eq!(server.delete(&path(who, "ban"), &owner.token).await.status, 204);
        assert_eq!(api(&format!("{} again", who.user.name)).await.status, 200);
    }
    assert_eq!(Browser::with(&server, &eve).post("/enter", &[("name", "eva")]).await.to(), "/r/lobby");
    server.stop().await;
}

#[tokio::test]
async fn new_sessions_from_a_banned_address_are_rejected() {
    let config = Config { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..unlimited() };
    let server = Server::start_with(config).await;
    let (bad, near, far) = ("2001:db8::1", "2001:db8::2", "2001:db8:1::1");
    let come_in = async |from: &str| {
        server
            .ask_from(
                from,
                Method::POST,
                "/api/session",
                "",
                json!({ "name": Uuid::now_v7().simple().to_string()[..20] }),
            )
            .await
    };
    let make_account = async |from: &str, name: &str| {
        server.ask_from(from, Method::POST, "/api/accounts", "", json!({ "name": name, "password": PASSWORD })).await
    };
    let me = async |from: &str, who: &CreatedSession| {
        server.ask_from(from, Method::GET, "/api/me", &who.token, Value::Null).await.status
    };
    let owner = server.owner("olga").await;
    let (eve, accomplice, neighbour) =
        (come_in(bad).await.made(), come_in(near).await.made(), make_account(near, "ned").await.made());
    let mut live = Client::greet(server.address, &accomplice).await;
    ban(&server, &owner, &eve, json!({ "reason": "spam", "address": true })).await;
    assert_eq!(live.ended().await.bye, BANNED, "another guest from there");
    let banned = (403, "banned".to_owned());
    for from in [bad, near] {
        assert_eq!(come_in(from).await.refused(), banned);
        assert_eq!(make_account(from, "eva").await.refused(), banned);
        let form = http_client().post(server.url("/enter")).header("x-forwarded-for", from).form(&[("name", "eva")]);
        let answer = form.header("origin", server.url("")).send().await.unwrap();
        assert!(answer.headers()["location"].to_str().unwrap().starts_with("/?error=banned"), "{answer:?}");
    }
    assert_eq!((me(bad, &eve).await, me(near, &accomplice).await, me(far, &eve).await), (403, 403, 403));
    // Accounts are not banned by address.
    assert_eq!(me(near, &neighbour).await, 200);
    assert_eq!((come_in(far).await.status, me(far, &accomplice).await), (200, 200));
    let listed = server.get(&owner.token, "/api/bans").await.text().await.unwrap();
    assert!(listed.contains("\"address\":true") && !listed.contains("2001:"), "{listed}");
    assert_eq!(server.delete(&path(&eve, "ban"), &owner.token).await.status, 204);
    assert_eq!((come_in(bad).await.status, me(near, &accomplice).await), (200, 200));
    server.stop().await;
}
