//! The account page, without JavaScript.

use crate::support::{
    Client, Server,
    browser::{Browser, OTHER_PASSWORD},
    http_client,
    people::PASSWORD,
    sets_session,
};
use parlor_protocol::{CloseCode, http::CreatedSession};
use reqwest::header::CONTENT_LANGUAGE;
use serde_json::json;

#[tokio::test]
async fn malformed_forms_are_answered_with_a_page() {
    let server = Server::start().await;
    let mut browser = Browser::with(&server, &server.account("Ann").await);
    let page = browser.post("/account/name", &[("display_name", "Eve"), ("display_name", "Bob")]).await;
    assert_eq!((page.status, page.at("problem")), (400, "The server could not read the request."));
    let request = http_client().post(server.url("/account/name")).header("content-type", "application/json");
    let request = request.header("cookie", format!("parlor_session={}", browser.token));
    let answer = request.body(r#"{"display_name":"Eve"}"#).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("data-testid=\"problem\""));
    assert_eq!(browser.me().await.user.name, "Ann");
    server.stop().await;
}

#[tokio::test]
async fn name_and_password_are_changed() {
    let server = Server::start().await;
    server.account("Taken").await;
    let ann = server.account("Ann").await;
    let mut browser = Browser::with(&server, &ann);
    let page = browser.post("/account/name", &[("display_name", "Taken")]).await;
    assert_eq!(page.status, 409);
    assert!(page.has("“Taken 2” is available") && page.has("id=\"display-name\"") && page.has("value=\"Taken\""));
    // Names are escaped.
    let odd = "<script>alert(1)</script>\"'&";
    assert_eq!(browser.post("/account/name", &[("display_name", odd)]).await.to(), "/account?done=name");
    let page = browser.open("/account?done=name").await;
    assert_eq!(page.at("done"), "Display name changed.");
    assert!(page.at("my-name").starts_with("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.html);
    assert_eq!(browser.me().await.user.name, odd);
    let page = browser.open("/account?done=<script>alert(1)").await;
    assert!(!page.has("data-testid=\"done\""), "a link puts no words on this page");

    let mut elsewhere = Browser::with(&server, &server.sign_in("ann").await);
    let change = [("current", "wrong"), ("new", OTHER_PASSWORD)];
    let page = browser.post("/account/password", &change).await;
    assert_eq!((page.status, page.at("problem")), (403, "Incorrect password."));
    let page = browser.post("/account/password", &[("current", PASSWORD), ("new", "short")]).await;
    assert_eq!((page.status, page.at("problem")), (422, "The password must have at least 10 characters."));
    let page = browser.post("/account/password", &[("current", PASSWORD), ("new", OTHER_PASSWORD)]).await;
    assert_eq!(page.to(), "/account?done=password");
    assert!(browser.open("/account?done=password").await.at("done").contains("changed"));
    assert_eq!(elsewhere.open("/account").await.to(), "/sign-in?next=/account");
    assert_eq!(server.try_sign_in("ann", OTHER_PASSWORD).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn colour_is_changed() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    for (language, label, other, done) in
        [("en", "Colour 1", "Colour 12", "Name colour changed."), ("zh-CN", "颜色 1", "颜色 12", "名字颜色已更改。")]
    {
        let mut browser = Browser { server: &server, token: ann.token.clone(), language };
        let page = browser.open("/account?done=colour").await;
        assert_eq!(page.at("done"), done);
        assert!([label, other].iter().all(|label| page.has(&format!("aria-label=\"{label}\""))), "{}", page.html);
    }
    let mut browser = Browser::with(&server, &ann);
    let page = browser.open("/account").await;
    assert_eq!(page.html.matches("class=\"swatch hue-").count(), 12, "{}", page.html);
    // The default is the colour that others see.
    let usual = page.chosen("colour").concat();
    assert!(page.has(&format!("class=\"avatar hue-{usual}\"")), "{usual}: {}", page.html);
    let other = if usual == "7" { "8" } else { "7" };
    for colour in [other, "0", "11"] {
        assert_eq!(browser.post("/account/colour", &[("colour", colour)]).await.to(), "/account?done=colour");
        let page = browser.open("/account").await;
        assert_eq!(page.chosen("colour"), [colour]);
        assert!(page.has(&format!("class=\"avatar hue-{colour}\"")), "{}", page.html);
        assert_eq!(browser.me().await.colour.map(|colour| colour.to_string()).as_deref(), Some(colour));
    }
    for wrong in ["12", "-1", "256", "", "red", "<b>"] {
        let page = browser.post("/account/colour", &[("colour", wrong)]).await;
        assert_eq!((page.status, page.at("problem")), (400, "The server could not read the request."), "{wrong}");
        assert_eq!(page.chosen("colour"), ["11"], "it stays");
    }
    assert_eq!(browser.post("/account/colour", &[]).await.status, 400);
    assert_eq!(browser.me().await.user.name, "Ann");
    // Others see it in lists.
    let mut eve = Browser::with(&server, &server.account("Eve").await);
    for path in ["/people", "/rooms/lobby/settings", &format!("/people/{}", ann.user.id)] {
        assert!(eve.open(path).await.has("class=\"avatar hue-11\""), "{path}");
    }
    // Guests have the colour derived from their id.
    let mut guest = Browser::with(&server, &server.session("Gil").await);
    assert!(!guest.open("/account").await.has("swatch"));
    let page = guest.post("/account/colour", &[("colour", "3")]).await;
    assert_eq!((page.status, page.at("problem")), (403, "You do not have permission to do this."));
    assert_eq!(Browser::new(&server).post("/account/colour", &[]).await.to(), "/sign-in?next=/account");
    server.stop().await;
}

#[tokio::test]
async fn sessions_are_revoked() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let mut browser = Browser::with(&server, &ann);
    let page = browser.open("/account").await;
    assert_eq!(page.html.matches("data-testid=\"session\"").count(), 1);
    assert!(
        page.has("current session") && page.has("from 127.0.0.1") && !page.has("data-testid=\"end-others\""),
        "{}",
        page.html
    );
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let body = json!({ "name": "ann", "password": PASSWORD });
    let request = http_client().post(server.url("/api/sign-in")).header("user-agent", agent).json(&body);
    let other: CreatedSession = request.send().await.unwrap().json().await.unwrap();
    let mut live = Client::greet(server.address, &other).await;
    let page = browser.open("/account").await;
    assert!(page.has("Firefox on Linux"), "{}", page.html);
    let path = page.html.split("action=\"/account/sessions/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/account/sessions/{path}");
    // Sessions of others cannot be revoked.
    let mut eve = Browser::with(&server, &server.account("eve").await);
    assert_eq!(eve.post(&path, &[]).await.to(), "/account");
    assert_eq!(server.who(&other.token).await, 200);
    assert_eq!(browser.post(&path, &[]).await.to(), "/account?done=session");
    assert_eq!(live.ended().await.bye, Some(CloseCode::SessionRevoked.code()), "at once");
    assert_eq!(browser.post(&path, &[]).await.to(), "/account", "it has ended already");
    let others = [server.sign_in("ann").await, server.sign_in("ann").await];
    assert_eq!(browser.post("/account/sessions/end", &[]).await.to(), "/account?done=sessions");
    for other in others {
        assert_eq!(server.who(&other.token).await, 401);
    }
    let token = browser.token.clone();
    assert_eq!(browser.post("/account/sign-out", &[]).await.to(), "/");
    assert_eq!((browser.token.as_str(), server.who(&token).await), ("", 401));
    server.stop().await;
}

#[tokio::test]
async fn account_deletion_needs_the_password() {
    let server = Server::start().await;
    let mut owner = Browser::with(&server, &server.owner("olga").await);
    let page = owner.post("/account/delete", &[("password", PASSWORD)]).await;
    assert_eq!((page.status, page.at("problem")), (409, "The server must have at least one owner."));
    let mut browser = Browser::with(&server, &server.account("ann").await);
    assert!(browser.open("/account").await.has("Your messages stay"));
    let page = browser.post("/account/delete", &[("password", "wrong")]).await;
    assert_eq!((page.status, page.at("problem")), (403, "Incorrect password."));
    let page = browser.post("/account/delete", &[("password", PASSWORD)]).await;
    assert_eq!((page.to(), page.header("clear-site-data")), ("/sign-in?done=deleted", "\"cache\", \"storage\""));
    assert!(browser.token.is_empty());
    assert_eq!(browser.open("/sign-in?done=deleted").await.at("done"), "Your account was deleted.");
    assert_eq!(server.try_sign_in("ann", PASSWORD).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn cross_site_form_posts_are_rejected() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let other = server.sign_in("olga").await;
    let mut browser = Browser::with(&server, &owner);
    for (path, fields) in [
        ("/sign-in", vec![("name", "olga"), ("password", PASSWORD)]),
        ("/sign-up", vec![("name", "mallory"), ("password", PASSWORD)]),
        ("/reset/x", vec![("password", OTHER_PASSWORD)]),
        ("/account/name", vec![("display_name", "mallory")]),
        ("/account/colour", vec![("colour", "3")]),
        ("/account/password", vec![("current", PASSWORD), ("new", OTHER_PASSWORD)]),
        ("/account/sessions/end", vec![]),
        ("/account/sessions/00000000-0000-0000-0000-000000000000/end", vec![]),
        ("/account/sign-out", vec![]),
        ("/account/invites", vec![("hours", "24"), ("uses", "1"), ("role", "admin")]),
        ("/account/invites/00000000-0000-0000-0000-000000000000/revoke", vec![]),
        ("/account/delete", vec![("password", PASSWORD)]),
    ] {
        for origin in ["https://evil.example", "null"] {
            let page = browser.post_from(origin, path, &fields).await;
            assert_eq!(page.status, 403, "{path}");
            assert_eq!(page.at("problem"), "This page does not belong to this server.", "{path}");
            assert!(!sets_session(&page.headers));
        }
    }
    assert_eq!((server.who(&owner.token).await, server.who(&other.token).await), (200, 200));
    let me = browser.me().await;
    assert_eq!((me.user.name.as_str(), me.colour), ("olga", None));
    server.stop().await;
}

#[tokio::test]
async fn pages_use_the_readers_language() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let secret = server.invite(&owner, json!({})).await.1;
    for (language, tag, token, path, text) in [
        ("en", "en", "", "/sign-in", "Sign in · Parlor"),
        ("zh-CN", "zh-Hans", "", "/sign-in", "登录 · Parlor"),
        ("zh-CN", "zh-Hans", "", "/sign-up", "创建账户"),
        ("zh-CN", "zh-Hans", "", &*format!("/invite/{secret}"), "“olga”邀请你加入。"),
        ("zh-CN", "zh-Hans", "", "/invite/x", "链接无效"),
        ("zh-CN", "zh-Hans", "", "/reset/x", "链接无效"),
        ("zh-CN", "zh-Hans", &*owner.token, "/account", "角色：所有者"),
        ("en", "en", &*owner.token, "/account", "Role: owner"),
    ] {
        let mut browser = Browser { server: &server, token: token.into(), language };
        let page = browser.open(path).await;
        assert_eq!(page.header(CONTENT_LANGUAGE), tag);
        assert!(page.has(&format!("<html lang=\"{tag}\" dir=\"ltr\">")) && page.has(text), "{text}: {}", page.html);
        // Choosing another language returns here.
        assert!(page.has(&format!("name=\"next\" value=\"{path}\"")), "{}", page.html);
    }
    let mut browser = Browser { server: &server, token: String::new(), language: "zh" };
    let page = browser.post("/sign-in", &[("name", "olga"), ("password", "wrong")]).await;
    assert_eq!(page.at("problem"), "名字或密码不正确。");
    // The front page links here.
    let home = http_client().get(server.url("/?next=/r/garden")).send().await.unwrap().text().await.unwrap();
    assert!(home.contains("href=\"/sign-in?next=/r/garden\""), "{home}");
    server.stop().await;
}
