//! Server-rendered pages: complete without JavaScript, with escaped input.

use crate::support::{Server, browser::Browser, http_client, unlimited};
use parlor::config::{Config, Switch};
use reqwest::header::{CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};

async fn page(server: &Server, path: &str, token: &str) -> (u16, String, String) {
    let request = http_client().get(server.url(path)).header("cookie", format!("parlor_session={token}"));
    let answer = request.send().await.unwrap();
    let policy = answer.headers().get(CONTENT_SECURITY_POLICY).map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), policy.unwrap_or_default(), answer.text().await.unwrap())
}

#[tokio::test]
async fn history_is_rendered_on_the_server() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    for n in 1..=60 {
        ann.send(&format!("line *{n}* 你好")).await;
    }
    let (status, _, html) = page(&server, "/r/lobby", &ann.token).await;
    assert_eq!(status, 200);
    assert!(html.contains("line <em>60</em> 你好") && html.contains("line <em>11</em>"));
    assert!(!html.contains("line <em>10</em>"), "the first page, not everything");
    // Visitors see the form and recent messages.
    let (status, _, html) = page(&server, "/", "").await;
    assert_eq!(status, 200);
    assert!(html.contains("line <em>60</em>") && html.contains("action=\"/enter\""));
    server.stop().await;
}

#[tokio::test]
async fn scripts_need_a_nonce() {
    let server = Server::start().await;
    let ann = server.client("ann").await;
    for (path, token) in [("/", ""), ("/r/lobby", ann.token.as_str())] {
        let (_, policy, html) = page(&server, path, token).await;
        let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(nonce.len() >= 16, "{policy}");
        for (position, _) in html.match_indices("<script") {
            let tag = &html[position..html[position..].find('>').unwrap() + position];
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{tag}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        assert!(!html.contains(" style=\"") && !html.contains(" onclick="), "nothing inline");
        let (_, again, _) = page(&server, path, token).await;
        assert_ne!(policy, again, "a nonce is used once");
    }
    server.stop().await;
}

#[tokio::test]
async fn user_input_is_escaped() {
    let server = Server::start().await;
    let mut ann = server.client("</script><script>x").await;
    ann.send("</script><script>alert(1)</script><!--<script>").await;
    for (path, token) in [("/", ""), ("/r/lobby", ann.token.as_str())] {
        let (_, policy, html) = page(&server, path, token).await;
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        for (position, _) in html.match_indices("<script") {
            assert!(html[position..].starts_with("<script nonce=") || html[position..position + 200].contains(nonce));
        }
        assert!(!html.contains("<script>") && !html.contains("<!--<script"));
    }
    server.stop().await;
}

#[tokio::test]
async fn visitors_and_guests_are_redirected() {
    let server = Server::start().await;
    let client = http_client();
    let made = server.session("ann").await;
    let location = |path: &'static str, token: String| {
        let request = client.get(server.url(path)).bearer_auth(token).send();
        async move {
            let answer = request.await.unwrap();
            let location = answer.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
            (answer.status().as_u16(), location)
        }
    };
    assert_eq!(location("/", made.token.clone()).await, (303, Some("/r/lobby".into())));
    assert_eq!(location("/?next=/r/abc", made.token.clone()).await, (303, Some("/r/abc".into())));
    assert_eq!(location("/?next=//evil.example", made.token.clone()).await, (303, Some("/r/lobby".into())));
    assert_eq!(location("/r/abc", String::new()).await, (303, Some("/?next=/r/abc".into())));
    assert_eq!(location("/r/a%2F%2Fb", String::new()).await, (303, Some("/".into())));
    assert_eq!(location("/r/nowhere", made.token.clone()).await.0, 404);
    assert_eq!(location("/no-such-file.js", made.token.clone()).await.0, 404);
    assert_eq!(location("/pkg/../../../Cargo.toml", made.token.clone()).await.0, 404);

    // The form joins with a valid name and shows errors otherwise.
    let enter = |form: &'static str| {
        let request = client.post(server.url("/enter")).header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send()
    };
    let entered = enter("name=bob&next=%2Fr%2Flobby").await.unwrap();
    assert_eq!((entered.status().as_u16(), entered.headers()[LOCATION].to_str().unwrap()), (303, "/r/lobby"));
    let cookie = entered.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    let entered = enter("name=bob&next=https%3A%2F%2Fevil.example").await.unwrap();
    assert_eq!(entered.headers()[LOCATION], "/r/lobby");
    let refused = enter("name=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").await.unwrap();
    let back = refused.headers()[LOCATION].to_str().unwrap().to_owned();
    assert!(back.starts_with("/?error=too_long&name=xxx"), "{back}");
    let (_, _, html) = page(&server, &back, "").await;
    assert!(html.contains("Invalid name."), "{html}");
    server.stop().await;
}

#[tokio::test]
async fn unknown_addresses_show_a_not_found_page_with_a_link() {
    let server = Server::start_with(Config { lab: Switch::Off, ..unlimited() }).await;
    let mut browser = Browser::new(&server);
    for (language, title, path) in
        [("en", "Page not found", "/nope"), ("zh-CN", "页面不存在", "/lab"), ("en", "Page not found", "/bans/x")]
    {
        browser.language = language;
        let page = browser.open(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.has(title) && page.has("href=\"/r/lobby\"") && page.has("rel=\"stylesheet\""), "{}", page.html);
    }
    // Other paths are unaffected.
    let accept = async |path: &str, accept: &str| {
        let answer = http_client().get(server.url(path)).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        answer.text().await.unwrap()
    };
    let line = "Not found.\n";
    assert_eq!(accept("/nope", "*/*").await, line);
    assert_eq!(accept("/pkg/nope.js", "text/html").await, line);
    assert!(accept("/api/nope", "text/html").await.starts_with("{\"error\":"));
    server.stop().await;
}
