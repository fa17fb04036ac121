//! The pages for people with an account, as a browser without scripts uses them: forms, redirects, cookies.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use parlor::config::{Config, Registration};
use parlor_protocol::{
    CloseCode, ServerRole,
    http::{Me, ResetMade, SessionMade},
};
use reqwest::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, COOKIE, HeaderMap, LOCATION, ORIGIN,
    SET_COOKIE,
};
use serde_json::{Value, json};
use support::{Client, Server, http_client, people::PASSWORD, unlimited};

const OTHER_PASSWORD: &str = "another password";

/// A browser without scripts.
struct Browser<'a> {
    server: &'a Server,
    token: String,
    language: &'static str,
}

struct Shown {
    status: u16,
    headers: HeaderMap,
    html: String,
}

impl Shown {
    fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Where one is sent.
    fn to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.html);
        self.header(LOCATION)
    }

    /// What is in this element's text, as HTML.
    fn at(&self, test_id: &str) -> &str {
        let rest = self.html.split(&format!("data-testid=\"{test_id}\"")).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("no {test_id} in {}", self.html));
        rest.split_once('>').unwrap().1.split('<').next().unwrap()
    }

    fn has(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

impl<'a> Browser<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, token: String::new(), language: "en" }
    }

    fn with(server: &'a Server, session: &SessionMade) -> Self {
        Self { token: session.token.clone(), ..Self::new(server) }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Shown {
        let cookie = format!("parlor_session={}", self.token);
        let answer = request.header(COOKIE, cookie).header(ACCEPT_LANGUAGE, self.language).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if let Some(cookie) = headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
            self.token = cookie.strip_prefix("parlor_session=").unwrap().split(';').next().unwrap().to_owned();
        }
        let html = answer.text().await.unwrap();
        for password in [PASSWORD, OTHER_PASSWORD, "short"] {
            assert!(!html.contains(password), "{html}");
        }
        assert!(!html.contains("<script"), "{html}");
        Shown { status, headers, html }
    }

    async fn open(&mut self, path: &str) -> Shown {
        let shown = self.send(http_client().get(self.server.url(path))).await;
        if shown.status != 303 {
            assert!(shown.html.starts_with("<!DOCTYPE html><html lang="), "{}", shown.html);
            assert_eq!(shown.header(CACHE_CONTROL), "private, no-store");
            assert!(!shown.header(CONTENT_SECURITY_POLICY).contains("script"), "no script may run");
            assert!(shown.header(CONTENT_SECURITY_POLICY).contains("form-action 'self'"));
        }
        shown
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.post_from(&self.server.url(""), path, fields).await
    }

    async fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = http_client().post(self.server.url(path)).header(ORIGIN, origin);
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    }

    async fn me(&self) -> Me {
        self.server.get(&self.token, "/api/me").await.json().await.unwrap()
    }
}

#[tokio::test]
async fn one_signs_in_and_a_wrong_name_shows_as_a_wrong_password() {
    let server = Server::start().await;
    let ann = server.account("Ann").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/sign-in?next=/r/garden").await;
    for part in [
        "action=\"/sign-in\"",
        "autocomplete=\"username\"",
        "autocomplete=\"current-password\"",
        "<label for=\"password\">",
        "name=\"next\" value=\"/r/garden\"",
        "href=\"/sign-up?next=/r/garden\"",
    ] {
        assert!(page.has(part), "{part}: {}", page.html);
    }
    let wrong = async |name: &str, password: &str| {
        let mut browser = Browser::new(&server);
        let page = browser.post("/sign-in", &[("name", name), ("password", password), ("next", "/r/garden")]).await;
        assert!(browser.token.is_empty());
        (page.status, page.html)
    };
    let (nobody, password) = (wrong("Bob", PASSWORD).await, wrong("Ann", "wrong").await);
    assert_eq!(nobody.0, 401);
    assert!(
        password.1.contains("value=\"Ann\"") && password.1.contains("Name or password is wrong."),
        "{}",
        password.1
    );
    assert!(password.1.contains("aria-invalid=\"true\"") && password.1.contains("value=\"/r/garden\""));
    assert_eq!((nobody.0, nobody.1.replace("Bob", "Ann")), password);
    let page = browser.post("/sign-in", &[("name", "ann"), ("password", PASSWORD), ("next", "/r/garden")]).await;
    assert_eq!(page.to(), "/r/garden");
    assert_eq!(browser.me().await.user, ann.user);
    // Who is signed in needs no form.
    assert_eq!(browser.open("/sign-in").await.to(), "/r/lobby");
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let server = Server::start().await;
    server.account("ann").await;
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/r/a\r\nx: y", "/api/me", "javascript:x"]
    {
        let query = serde_urlencoded::to_string([("next", next)]).unwrap();
        for path in ["/sign-in", "/sign-up"] {
            let page = Browser::new(&server).open(&format!("{path}?{query}")).await;
            assert!(
                !page.has("evil") && !page.has("javascript:") && page.has("name=\"next\" value=\"\""),
                "{}",
                page.html
            );
        }
        let fields = [("name", "ann"), ("password", PASSWORD), ("next", next)];
        assert_eq!(Browser::new(&server).post("/sign-in", &fields).await.to(), "/r/lobby");
        let fields = [("lang", "en"), ("next", next)];
        let answer = http_client().post(server.url("/language")).form_body(&fields).send().await.unwrap();
        assert_eq!(answer.headers()[LOCATION], "/");
    }
    let answer = http_client().post(server.url("/language")).form_body(&[("lang", "en"), ("next", "/account")]);
    assert_eq!(answer.send().await.unwrap().headers()[LOCATION], "/account");
    assert_eq!(Browser::new(&server).open("/account").await.to(), "/sign-in?next=/account");
    let fields = [("name", "ann"), ("password", PASSWORD), ("next", "/account")];
    assert_eq!(Browser::new(&server).post("/sign-in", &fields).await.to(), "/account");
    server.stop().await;
}

trait FormBody {
    fn form_body(self, fields: &[(&str, &str)]) -> Self;
}

impl FormBody for reqwest::RequestBuilder {
    fn form_body(self, fields: &[(&str, &str)]) -> Self {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.header("content-type", "application/x-www-form-urlencoded").body(body)
    }
}

#[tokio::test]
async fn a_guest_makes_an_account_and_stays_who_they_are() {
    let server = Server::start().await;
    server.account("Taken").await;
    let guest = server.session("Ann").await;
    let mut browser = Browser::with(&server, &guest);
    let page = browser.open("/sign-up").await;
    assert!(page.at("guest-stays").contains("You are here as Ann."), "{}", page.html);
    assert!(page.has("value=\"Ann\"") && page.has("autocomplete=\"new-password\""));
    // The same form is on the page about themselves, and nothing there that needs an account.
    let page = browser.open("/account").await;
    assert!(page.has("action=\"/sign-up\"") && page.has("Role: guest"), "{}", page.html);
    assert!(!page.has("/account/delete") && !page.has("/account/password") && !page.has("/account/invites"));
    for (name, password, status, why) in [
        ("Taken", PASSWORD, 409, "“Taken 2” is free."),
        ("", PASSWORD, 422, "That name will not do. There is nothing in it."),
        (&*"x".repeat(33), PASSWORD, 422, "33 characters long; 32 are allowed."),
        ("Ann", "short", 422, "A password has at least 10 characters."),
        ("Ann Miller", "ann miller", 422, "the first that anyone would try"),
    ] {
        let page = browser.post("/sign-up", &[("name", name), ("password", password)]).await;
        assert_eq!(page.status, status, "{name}");
        assert!(page.at("problem").contains(why), "{why}: {}", page.html);
        assert!(page.has(&format!("value=\"{name}\"")), "what was typed is kept: {}", page.html);
    }
    let page = browser.post("/sign-up", &[("name", "Ann"), ("password", PASSWORD), ("next", "/account")]).await;
    assert_eq!(page.to(), "/account");
    assert_eq!(browser.me().await.user.id, guest.user.id);
    assert_ne!(browser.token, guest.token);
    let page = browser.open("/account").await;
    assert!(page.has("Signs in as Ann") && page.has("Role: member") && page.has("/account/delete"), "{}", page.html);
    // Another account is not for who has one.
    assert!(browser.open("/sign-up").await.at("problem").contains("You are signed in as Ann."));
    assert!(
        browser.post("/sign-up", &[("name", "B"), ("password", PASSWORD)]).await.at("problem").contains("signed in")
    );
    server.stop().await;
}

#[tokio::test]
async fn the_first_owner_invites_and_the_invited_come() {
    let server = Server::start_with(Config { registration: Registration::Invite, ..unlimited() }).await;
    let mut owner = Browser::new(&server);
    assert!(owner.open("/sign-up").await.at("problem").contains("by invitation only"));
    let refused = owner.post("/sign-up", &[("name", "Olga"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 403);
    let secret = server.first_secret().unwrap();
    let page = owner.open(&format!("/first/{secret}")).await;
    assert!(page.at("invitation").contains("the owner of this server"));
    assert!(page.has(&format!("name=\"invite\" value=\"{secret}\"")));
    let fields = [("name", "Olga"), ("password", PASSWORD), ("invite", secret.as_str())];
    assert_eq!(owner.post("/sign-up", &fields).await.to(), "/r/lobby");
    assert_eq!(owner.me().await.role, ServerRole::Owner);
    let mut late = Browser::new(&server);
    let page = late.open(&format!("/first/{secret}")).await;
    assert_eq!((page.status, page.at("problem")), (404, "It was used, revoked, or is too old. Ask for another one."));

    let fields = [("hours", "24"), ("uses", "1"), ("role", "admin")];
    let page = owner.post("/account/invites", &fields).await;
    let link = page.html.split("id=\"invite-link\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().strip_prefix(&server.url("")).unwrap().to_owned();
    assert!(link.starts_with("/invite/"), "{link}");
    let page = owner.open("/account").await;
    assert!(!page.has(&link) && page.has("uses left: 1") && page.has("data-testid=\"invite\""), "{}", page.html);
    for (fields, status) in [
        ([("hours", "x"), ("uses", "1"), ("role", "member")], 400),
        ([("hours", "24"), ("uses", "0"), ("role", "member")], 400),
        ([("hours", "24"), ("uses", "1"), ("role", "owner")], 400),
        ([("hours", "24"), ("uses", "1"), ("role", "")], 400),
    ] {
        let page = owner.post("/account/invites", &fields).await;
        assert_eq!(page.status, status);
        assert!(!page.at("problem").is_empty());
    }
    let mut adam = Browser::new(&server);
    let page = adam.open(&link).await;
    assert_eq!(page.at("invitation"), "Olga has invited you. You will be: admin.");
    let secret = link.strip_prefix("/invite/").unwrap();
    let weak = [("name", "Adam"), ("password", "short"), ("invite", secret)];
    let page = adam.post("/sign-up", &weak).await;
    assert!(
        page.at("invitation").starts_with("Olga") && page.has("value=\"Adam\"") && page.has(secret),
        "{}",
        page.html
    );
    let fields = [("name", "Adam"), ("password", PASSWORD), ("invite", secret)];
    assert_eq!(adam.post("/sign-up", &fields).await.to(), "/r/lobby");
    assert_eq!(adam.me().await.role, ServerRole::Admin);

    // A revoked one opens nothing.
    let page = adam.post("/account/invites", &[("hours", "168"), ("uses", ""), ("role", "member")]).await;
    assert!(page.has("uses left: any number") && !page.has("value=\"owner\""), "{}", page.html);
    let revoke = page.html.split("action=\"/account/invites/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/account/invites/{revoke}");
    assert_eq!(adam.post(&path, &[]).await.to(), "/account?done=invite");
    assert_eq!(adam.post(&path, &[]).await.to(), "/account");
    assert!(adam.open("/account?done=invite").await.at("done").contains("revoked"));
    let member = Browser::with(&server, &server.with_role(&owner_session(&owner).await, "mia", "member").await);
    assert_eq!(refused_invite(member).await, 403);
    server.stop().await;
}

async fn owner_session(owner: &Browser<'_>) -> SessionMade {
    SessionMade { token: owner.token.clone(), user: owner.me().await.user }
}

async fn refused_invite(mut member: Browser<'_>) -> u16 {
    assert!(!member.open("/account").await.has("/account/invites"));
    member.post("/account/invites", &[("hours", "24"), ("uses", "1"), ("role", "member")]).await.status
}

#[tokio::test]
async fn a_name_and_a_password_are_changed() {
    let server = Server::start().await;
    server.account("Taken").await;
    let ann = server.account("Ann").await;
    let mut browser = Browser::with(&server, &ann);
    let page = browser.post("/account/name", &[("display_name", "Taken")]).await;
    assert_eq!(page.status, 409);
    assert!(page.has("“Taken 2” is free") && page.has("id=\"display-name\"") && page.has("value=\"Taken\""));
    // Whatever a name is, it is a name.
    let odd = "<script>alert(1)</script>\"'&";
    assert_eq!(browser.post("/account/name", &[("display_name", odd)]).await.to(), "/account?done=name");
    let page = browser.open("/account?done=name").await;
    assert_eq!(page.at("done"), "Your name is changed.");
    assert!(page.at("my-name").starts_with("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.html);
    assert_eq!(browser.me().await.user.name, odd);
    let page = browser.open("/account?done=<script>alert(1)").await;
    assert!(!page.has("data-testid=\"done\""), "a link puts no words on this page");

    let mut elsewhere = Browser::with(&server, &server.sign_in("ann").await);
    let change = [("current", "wrong"), ("new", OTHER_PASSWORD)];
    let page = browser.post("/account/password", &change).await;
    assert_eq!((page.status, page.at("problem")), (403, "That is not your password."));
    let page = browser.post("/account/password", &[("current", PASSWORD), ("new", "short")]).await;
    assert_eq!((page.status, page.at("problem")), (422, "A password has at least 10 characters."));
    let page = browser.post("/account/password", &[("current", PASSWORD), ("new", OTHER_PASSWORD)]).await;
    assert_eq!(page.to(), "/account?done=password");
    assert!(browser.open("/account?done=password").await.at("done").contains("changed"));
    assert_eq!(elsewhere.open("/account").await.to(), "/sign-in?next=/account");
    assert_eq!(server.try_sign_in("ann", OTHER_PASSWORD).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_the_link() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let ann = server.account("ann").await;
    let path = format!("/api/people/{}/reset", ann.user.id.0);
    let link = server.post(&path, &owner.token, Value::Null).await.of::<ResetMade>().link;
    let mut browser = Browser::new(&server);
    let page = browser.open(&link).await;
    assert!(page.has("A new password for ann.") && page.has("autocomplete=\"new-password\""), "{}", page.html);
    let page = browser.post(&link, &[("password", "short")]).await;
    assert_eq!((page.status, page.at("problem")), (422, "A password has at least 10 characters."));
    assert_eq!(browser.post(&link, &[("password", OTHER_PASSWORD)]).await.to(), "/r/lobby");
    assert_eq!(browser.me().await.user, ann.user);
    for page in [Browser::new(&server).open(&link).await, Browser::new(&server).open("/reset/x").await] {
        assert_eq!(page.status, 404);
        assert!(page.has("This link is not valid") && !page.has("<form method=\"post\" action=\"/reset"));
    }
    assert_eq!(Browser::new(&server).post(&link, &[("password", OTHER_PASSWORD)]).await.status, 403);
    server.stop().await;
}

#[tokio::test]
async fn sessions_are_ended_by_a_button() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let mut browser = Browser::with(&server, &ann);
    let page = browser.open("/account").await;
    assert_eq!(page.html.matches("data-testid=\"session\"").count(), 1);
    assert!(
        page.has("this one") && page.has("from 127.0.0.1") && !page.has("data-testid=\"end-others\""),
        "{}",
        page.html
    );
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let body = json!({ "name": "ann", "password": PASSWORD });
    let request = http_client().post(server.url("/api/sign-in")).header("user-agent", agent).json(&body);
    let other: SessionMade = request.send().await.unwrap().json().await.unwrap();
    let mut live = Client::connect(server.address, &other).await;
    live.hello(vec![]).await;
    let page = browser.open("/account").await;
    assert!(page.has("Firefox on Linux"), "{}", page.html);
    let path = page.html.split("action=\"/account/sessions/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/account/sessions/{path}");
    // Nobody ends the sessions of others.
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
async fn an_account_is_deleted_by_who_knows_its_password() {
    let server = Server::start().await;
    let mut owner = Browser::with(&server, &server.owner("olga").await);
    let page = owner.post("/account/delete", &[("password", PASSWORD)]).await;
    assert_eq!((page.status, page.at("problem")), (409, "There has to be an owner, and you are the last one."));
    let mut browser = Browser::with(&server, &server.account("ann").await);
    assert!(browser.open("/account").await.has("What you wrote stays"));
    let page = browser.post("/account/delete", &[("password", "wrong")]).await;
    assert_eq!((page.status, page.at("problem")), (403, "That is not your password."));
    let page = browser.post("/account/delete", &[("password", PASSWORD)]).await;
    assert_eq!((page.to(), page.header("clear-site-data")), ("/sign-in?done=deleted", "\"storage\""));
    assert!(browser.token.is_empty());
    assert_eq!(browser.open("/sign-in?done=deleted").await.at("done"), "Your account is deleted.");
    assert_eq!(server.try_sign_in("ann", PASSWORD).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_does_nothing_by_these_forms() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let other = server.sign_in("olga").await;
    let mut browser = Browser::with(&server, &owner);
    for (path, fields) in [
        ("/sign-in", vec![("name", "olga"), ("password", PASSWORD)]),
        ("/sign-up", vec![("name", "mallory"), ("password", PASSWORD)]),
        ("/reset/x", vec![("password", OTHER_PASSWORD)]),
        ("/account/name", vec![("display_name", "mallory")]),
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
            assert_eq!(page.at("problem"), "This page is not from this server.", "{path}");
            assert!(!page.headers.contains_key(SET_COOKIE));
        }
    }
    assert_eq!((server.who(&owner.token).await, server.who(&other.token).await), (200, 200));
    assert_eq!(browser.me().await.user.name, "olga");
    server.stop().await;
}

#[tokio::test]
async fn too_many_tries_are_said_on_the_page() {
    let server = Server::start_with(Config::default()).await;
    server.account("ann").await;
    let mut browser = Browser::new(&server);
    for _ in 0..40 {
        let page = browser.post("/sign-in", &[("name", "ann"), ("password", "wrong")]).await;
        if page.status == 429 {
            assert_eq!(page.at("problem"), "That was tried too often. Wait a while, then try again.");
            assert!(page.header("retry-after").parse::<u64>().unwrap() > 0);
            server.stop().await;
            return;
        }
        assert_eq!(page.status, 401);
    }
    panic!("never refused");
}

#[tokio::test]
async fn the_pages_are_in_the_language_of_their_reader() {
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
        assert!(page.has(&format!("<html lang=\"{tag}\">")) && page.has(text), "{text}: {}", page.html);
        // Another language leads back here.
        assert!(page.has(&format!("name=\"next\" value=\"{path}\"")), "{}", page.html);
    }
    let mut browser = Browser { server: &server, token: String::new(), language: "zh" };
    let page = browser.post("/sign-in", &[("name", "olga"), ("password", "wrong")]).await;
    assert_eq!(page.at("problem"), "名字或密码不正确。");
    // The front page leads here.
    let home = http_client().get(server.url("/?next=/r/garden")).send().await.unwrap().text().await.unwrap();
    assert!(home.contains("href=\"/sign-in?next=/r/garden\""), "{home}");
    server.stop().await;
}
