//! The sign-in, sign-up, invitation and reset pages, without JavaScript.

use crate::support::{
    Server,
    browser::{Browser, FormBody, OTHER_PASSWORD},
    http_client,
    people::PASSWORD,
    unlimited,
};
use parlor::config::{Config, Guests, Registration};
use parlor_protocol::{
    ServerRole,
    http::{CreatedResetLink, CreatedSession},
};
use reqwest::header::LOCATION;
use serde_json::Value;

#[tokio::test]
async fn sign_in_hides_which_credential_was_wrong() {
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
        password.1.contains("value=\"Ann\"") && password.1.contains("Incorrect name or password."),
        "{}",
        password.1
    );
    assert!(password.1.contains("aria-invalid=\"true\"") && password.1.contains("value=\"/r/garden\""));
    assert_eq!((nobody.0, nobody.1.replace("Bob", "Ann")), password);
    let page = browser.post("/sign-in", &[("name", "ann"), ("password", PASSWORD), ("next", "/r/garden")]).await;
    assert_eq!(page.to(), "/r/garden");
    assert_eq!(browser.me().await.user, ann.user);
    // Signed-in people are redirected.
    assert_eq!(browser.open("/sign-in").await.to(), "/r/lobby");
    server.stop().await;
}

#[tokio::test]
async fn redirects_stay_on_this_site() {
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

#[tokio::test]
async fn guests_keep_their_identity_when_they_sign_up() {
    let server = Server::start().await;
    server.account("Taken").await;
    let guest = server.session("Ann").await;
    let mut browser = Browser::with(&server, &guest);
    let page = browser.open("/sign-up").await;
    assert!(page.at("guest-stays").contains("You are signed in as the guest Ann."), "{}", page.html);
    assert!(page.has("value=\"Ann\"") && page.has("autocomplete=\"new-password\""));
    // The account page has the same form, and no settings that need an account.
    let page = browser.open("/account").await;
    assert!(page.has("action=\"/sign-up\"") && page.has("Role: guest"), "{}", page.html);
    assert!(page.has("href=\"/sign-in?next=/account\""), "guests may have an account already: {}", page.html);
    assert!(!page.has("/account/delete") && !page.has("/account/password") && !page.has("/account/invites"));
    for (name, password, status, why) in [
        ("Taken", PASSWORD, 409, "“Taken 2” is available."),
        ("", PASSWORD, 422, "Invalid name. Text is required."),
        (&*"x".repeat(33), PASSWORD, 422, "The text has 33 characters. The maximum is 32."),
        ("Ann", "short", 422, "The password must have at least 10 characters."),
        ("Ann Miller", "ann miller", 422, "too common"),
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
    assert!(page.has("Sign-in name: Ann") && page.has("Role: member") && page.has("/account/delete"), "{}", page.html);
    // People with an account cannot create another one.
    assert!(browser.open("/sign-up").await.at("problem").contains("You are signed in as Ann."));
    assert!(
        browser.post("/sign-up", &[("name", "B"), ("password", PASSWORD)]).await.at("problem").contains("signed in")
    );
    server.stop().await;
}

#[tokio::test]
async fn first_owner_invites_a_member() {
    let server = Server::start_with(Config { registration: Some(Registration::Invite), ..unlimited() }).await;
    let mut owner = Browser::new(&server);
    assert!(owner.open("/sign-up").await.at("problem").contains("An invitation is required."));
    let refused = owner.post("/sign-up", &[("name", "Olga"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 403);
    let secret = server.first_secret().unwrap();
    let page = owner.open(&format!("/first/{secret}")).await;
    assert!(page.at("invitation").contains("the owner of this server"));
    assert!(page.has(&format!("name=\"invite\" value=\"{secret}\"")));
    let fields = [("name", "Olga"), ("password", PASSWORD), ("invite", secret.as_str())];
    assert_eq!(owner.post("/sign-up", &fields).await.to(), "/setup");
    assert_eq!(owner.me().await.role, ServerRole::Owner);
    let mut late = Browser::new(&server);
    let page = late.open(&format!("/first/{secret}")).await;
    assert_eq!(
        (page.status, page.at("problem")),
        (404, "The link was already used, was revoked or has expired. Ask for a new one.")
    );

    let page = owner.post("/account/invites", &[("hours", "0"), ("uses", "25"), ("role", "admin")]).await;
    assert_eq!((page.status, page.at("problem")), (400, "The server could not read the request."));
    for option in ["25", "admin"] {
        assert!(page.has(&format!("<option value=\"{option}\" selected")), "choices are kept: {}", page.html);
    }
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
    assert_eq!(page.at("invitation"), "Olga invited you. Your role will be: admin.");
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

    // A revoked link is invalid.
    let page = adam.post("/account/invites", &[("hours", "168"), ("uses", ""), ("role", "member")]).await;
    assert!(page.has("uses left: Unlimited") && !page.has("value=\"owner\""), "{}", page.html);
    let revoke = page.html.split("action=\"/account/invites/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/account/invites/{revoke}");
    assert_eq!(adam.post(&path, &[]).await.to(), "/account?done=invite");
    assert_eq!(adam.post(&path, &[]).await.to(), "/account");
    assert!(adam.open("/account?done=invite").await.at("done").contains("revoked"));
    let member = Browser::with(&server, &server.with_role(&owner_session(&owner).await, "mia", "member").await);
    assert_eq!(refused_invite(member).await, 403);
    server.stop().await;
}

async fn owner_session(owner: &Browser<'_>) -> CreatedSession {
    CreatedSession { token: owner.token.clone(), user: owner.me().await.user }
}

async fn refused_invite(mut member: Browser<'_>) -> u16 {
    assert!(!member.open("/account").await.has("/account/invites"));
    member.post("/account/invites", &[("hours", "24"), ("uses", "1"), ("role", "member")]).await.status
}

#[tokio::test]
async fn password_is_reset_by_link() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let ann = server.account("ann").await;
    let path = format!("/api/people/{}/reset", ann.user.id.0);
    let link = server.post(&path, &owner.token, Value::Null).await.of::<CreatedResetLink>().link;
    let mut browser = Browser::new(&server);
    let page = browser.open(&link).await;
    assert!(page.has("Set a new password for ann.") && page.has("autocomplete=\"new-password\""), "{}", page.html);
    let page = browser.post(&link, &[("password", "short")]).await;
    assert_eq!((page.status, page.at("problem")), (422, "The password must have at least 10 characters."));
    assert_eq!(browser.post(&link, &[("password", OTHER_PASSWORD)]).await.to(), "/r/lobby");
    assert_eq!(browser.me().await.user, ann.user);
    for page in [Browser::new(&server).open(&link).await, Browser::new(&server).open("/reset/x").await] {
        assert_eq!(page.status, 404);
        assert!(page.has("Invalid link") && !page.has("<form method=\"post\" action=\"/reset"));
    }
    assert_eq!(Browser::new(&server).post(&link, &[("password", OTHER_PASSWORD)]).await.status, 403);
    server.stop().await;
}

#[tokio::test]
async fn login_throttling_is_explained() {
    let server = Server::start_with(Config::default()).await;
    server.account("ann").await;
    let mut browser = Browser::new(&server);
    for _ in 0..40 {
        let page = browser.post("/sign-in", &[("name", "ann"), ("password", "wrong")]).await;
        if page.status == 429 {
            assert_eq!(page.at("problem"), "Too many attempts. Try again later.");
            assert!(page.header("retry-after").parse::<u64>().unwrap() > 0);
            server.stop().await;
            return;
        }
        assert_eq!(page.status, 401);
    }
    panic!("never refused");
}

#[tokio::test]
async fn disabled_sign_in_options_are_hidden() {
    let invite = Config { registration: Some(Registration::Invite), ..unlimited() };
    for config in [unlimited(), Config { guests: Some(Guests::Off), ..unlimited() }, invite] {
        let (guests, accounts) =
            (config.guests != Some(Guests::Off), config.registration != Some(Registration::Invite));
        let server = Server::start_with(config).await;
        let page = http_client().get(server.url("/")).header("accept-language", "en").send().await.unwrap();
        let page = page.text().await.unwrap();
        assert_eq!(page.contains("action=\"/enter\""), guests, "{page}");
        let why = "data-testid=\"name-error\">Guest access is disabled on this server.";
        assert_eq!(page.contains(why), !guests, "{page}");
        assert!(page.contains("href=\"/sign-in\""));
        let mut browser = Browser::new(&server);
        let wrong = browser.post("/sign-in", &[("name", "ann"), ("password", "wrong")]).await;
        for page in [browser.open("/sign-in").await, wrong] {
            assert_eq!(page.has("Continue as guest"), guests, "{}", page.html);
            assert_eq!(page.has("href=\"/sign-up\"") && page.has("Create account"), accounts, "{}", page.html);
            assert_eq!(page.has("An invitation is required."), !accounts, "{}", page.html);
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn repetitive_passwords_are_rejected() {
    let server = Server::start().await;
    let mut browser = Browser::new(&server);
    for password in ["aaaaaaaaaaaa", "passwordpassword", "Password".repeat(3).as_str()] {
        let page = browser.post("/sign-up", &[("name", "ann"), ("password", password)]).await;
        let why = "This password is too common.";
        assert_eq!((page.status, page.at("problem")), (422, why), "{password}");
    }
    server.stop().await;
}
