//! The language of pages: by browser and by choice.

use crate::support::{Server, http_client};
use parlor_app::i18n::{self, Language};
use reqwest::{
    Response,
    header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, COOKIE, LOCATION, ORIGIN, SET_COOKIE, VARY},
};

async fn get(server: &Server, path: &str, accept: &str, cookie: &str) -> Response {
    let request = http_client().get(server.url(path)).header(ACCEPT_LANGUAGE, accept).header(COOKIE, cookie);
    request.send().await.unwrap()
}

fn header(answer: &Response, name: reqwest::header::HeaderName) -> &str {
    answer.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn pages_use_the_readers_language() {
    let server = Server::start().await;
    let ann = server.client("ann").await;
    let session = format!("parlor_session={}", ann.token);
    for (path, accept, cookie, tag, word) in [
        ("/", "en-GB,en;q=0.9", String::new(), "en", "Your name"),
        ("/", "zh-CN,zh;q=0.9,en;q=0.8", String::new(), "zh-Hans", "你的名字"),
        ("/", "zh-CN", "lang=en".into(), "en", "Your name"),
        ("/", "en", "lang=zh-Hans".into(), "zh-Hans", "你的名字"),
        (
            "/?error=too_long&name=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "zh",
            String::new(),
            "zh-Hans",
            "最多允许 32 个",
        ),
        ("/?error=guests_off", "zh", String::new(), "zh-Hans", "此服务器未开放访客访问。"),
        ("/r/lobby", "zh", session.clone(), "zh-Hans", "退出登录"),
        ("/r/lobby", "zh", session.clone(), "zh-Hans", "<p class=\"noscript\">未启用 JavaScript 时只能阅读。"),
        ("/r/lobby", "zh", format!("{session}; lang=en"), "en", "Sign out"),
        ("/r/nowhere", "zh", session.clone(), "zh-Hans", "房间不存在"),
        ("/shell", "zh", String::new(), "zh-Hans", "退出登录"),
        ("/shell?lang=en", "zh", "lang=zh-Hans".into(), "en", "Sign out"),
    ] {
        let answer = get(&server, path, accept, &cookie).await;
        assert_eq!(header(&answer, CONTENT_LANGUAGE), tag, "{path}");
        assert_eq!(header(&answer, VARY).replace("accept-encoding", ""), "cookie, accept-language", "{path}");
        let html = answer.text().await.unwrap();
        assert!(html.contains(&format!("<html lang=\"{tag}\"")), "{path}: {}", &html[..200]);
        assert!(html.contains(word), "{path}: {word}");
    }
    server.stop().await;
}

#[tokio::test]
async fn texts_are_embedded_in_the_page_once() {
    let server = Server::start().await;
    for language in Language::ALL.iter().copied() {
        let html = get(&server, "/", language.tag(), "").await.text().await.unwrap();
        let element: Vec<_> = html.split("<script type=\"application/json\" id=\"i18n\"").collect();
        assert_eq!(element.len(), 2);
        let text = element[1].split_once('>').unwrap().1.split("</script>").next().unwrap();
        assert_eq!(serde_json::from_str::<Vec<String>>(text).unwrap(), i18n::page_texts(language));
    }
    server.stop().await;
}

#[tokio::test]
async fn language_choice_is_kept_and_redirects_back() {
    let server = Server::start().await;
    let choose = |form: &'static str, origin: String| {
        let request = http_client().post(server.url("/language")).header(ORIGIN, origin);
        request.header("content-type", "application/x-www-form-urlencoded").body(form).send()
    };
    let own = server.url("");
    for (form, to) in [
        ("lang=zh-Hans&next=%2Fr%2Flobby", "/r/lobby"),
        ("lang=zh-Hans&next=%2F", "/"),
        ("lang=zh-Hans", "/"),
        ("lang=zh-Hans&next=https%3A%2F%2Fevil.example", "/"),
        ("lang=zh-Hans&next=%2F%2Fevil.example", "/"),
        ("lang=zh-Hans&next=%2Fr%2Fa%0D%0Ax%3A", "/"),
    ] {
        let answer = choose(form, own.clone()).await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, LOCATION)), (303, to), "{form}");
        assert_eq!(header(&answer, SET_COOKIE), "lang=zh-Hans; Path=/; SameSite=Lax; Max-Age=31536000");
    }
    // Unknown and missing languages, and a cross-site request.
    for (form, origin, status) in [
        ("lang=de&next=%2F", own.clone(), 400),
        ("lang=en%0D%0Aset-cookie%3Aa", own.clone(), 400),
        ("next=%2F", own.clone(), 400),
        ("lang=en", "https://evil.example".into(), 403),
    ] {
        let answer = choose(form, origin).await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, SET_COOKIE)), (status, ""), "{form}");
    }
    let unknown = choose("lang=de", own).await.unwrap().text().await.unwrap();
    assert!(unknown.contains("`lang` must be one of: en, zh-Hans."), "{unknown}");
    server.stop().await;
}
