//! What a browser caches to open offline: the service worker, the listed files and the shell.
//!
//! The site's files exist only after a build; `end2end/tests/offline.spec.ts` checks them in any case.

use crate::support::{Client, FrameReader, Server, http_client};
use parlor_protocol::{ClientFrame, PROTOCOL_VERSION, ServerFrame};
use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE};

struct Got {
    status: u16,
    kind: String,
    caching: String,
    policy: String,
    cookie: bool,
    text: String,
}

async fn get(server: &Server, path: &str, token: &str) -> Got {
    let cookie = format!("parlor_session={token}; tz=540");
    let answer = http_client().get(server.url(path)).header("cookie", cookie).send().await.unwrap();
    let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Got {
        status: answer.status().as_u16(),
        kind: header(CONTENT_TYPE),
        caching: header(CACHE_CONTROL),
        policy: header(CONTENT_SECURITY_POLICY),
        cookie: answer.headers().contains_key(SET_COOKIE),
        text: answer.text().await.unwrap(),
    }
}

/// The build in `welcome`.
async fn build(server: &Server) -> String {
    let made = server.session("who asks").await;
    let mut client = Client::connect(server.address, &made).await;
    client.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume: vec![] }).await;
    match client.next().await {
        ServerFrame::Welcome { server, .. } => server.build,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn shell_is_identical_for_everyone() {
    let server = Server::start().await;
    let mut ann = server.client("Annabella").await;
    ann.send("a word among friends").await;
    let room = server.new_room(&ann.token, "Secret garden").await.room;
    let [of_ann, of_nobody] = [get(&server, "/shell", &ann.token).await, get(&server, "/shell", "").await];
    for shell in [&of_ann, &of_nobody] {
        assert_eq!(shell.status, 200);
        assert!(!shell.cookie, "the shell is nobody's");
        for personal in ["Annabella", "a word among friends", "Secret garden", room.id.as_str(), "\"tz_minutes\":540"] {
            assert!(!shell.text.contains(personal), "{personal}");
        }
        assert!(shell.text.contains("id=\"composer\"") && shell.text.contains("class=\"skeleton\""), "it is the chat");
        assert!(!shell.text.contains("action=\"/enter\""), "not the visitor's page");
    }
    // Except for time and nonce.
    let plain = |shell: &Got| {
        let nonce = shell.policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(shell.text.contains(&nonce), "the header's nonce is the document's: both are kept together");
        let text = shell.text.replace(&nonce, "");
        let (before, after) = text.split_once("\"now\":").unwrap();
        format!("{before}{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit()))
    };
    assert_eq!(plain(&of_ann), plain(&of_nobody));
    assert!(of_ann.policy.contains("worker-src 'self'") && !of_ann.policy.contains("unsafe-inline"));
    server.stop().await;
}

#[tokio::test]
async fn shell_of_another_build_is_not_served() {
    let server = Server::start().await;
    let build = build(&server).await;
    assert_eq!(get(&server, &format!("/shell?build={build}"), "").await.status, 200);
    assert_eq!(get(&server, "/shell?build=of-tomorrow", "").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn service_worker_lists_its_build_and_existing_files() {
    let server = Server::start().await;
    let worker = get(&server, "/sw.js", "").await;
    assert_eq!((worker.status, worker.caching.as_str(), worker.cookie), (200, "no-cache", false));
    assert!(worker.kind.starts_with("text/javascript"), "{}", worker.kind);
    assert_eq!(worker.policy, "default-src 'none'; connect-src 'self'; frame-ancestors 'none'");
    assert_eq!(worker.text, get(&server, "/sw.js", "").await.text, "the same build, the same bytes");
    if parlor::http::has_site_files() {
        let build = build(&server).await;
        assert_eq!(build.len(), 16);
        assert!(worker.text.contains(&format!("const BUILD = \"{build}\";")));
        let files = worker.text.split("const FILES = ").nth(1).unwrap().split(';').next().unwrap();
        let files: Vec<String> = serde_json::from_str(files).unwrap();
        for kind in [".js", ".wasm", ".css", "/favicon.svg", ".png"] {
            assert!(files.iter().any(|file| file.ends_with(kind)), "{kind}");
        }
        for file in files {
            assert_eq!(get(&server, &file, "").await.status, 200, "{file}");
        }
        // Pages contain their build to compare it with `welcome`.
        assert!(get(&server, "/", "").await.text.contains(&build));
    } else {
        assert!(worker.text.contains("registration.unregister()"), "without hashed files, none is to stay");
    }
    server.stop().await;
}

#[tokio::test]
async fn manifest_has_its_media_type() {
    let server = Server::start().await;
    if parlor::http::has_site_files() {
        let manifest = get(&server, "/manifest.webmanifest", "").await;
        assert_eq!((manifest.status, manifest.kind.as_str()), (200, "application/manifest+json"));
        assert_eq!(manifest.caching, "no-cache");
        let manifest: serde_json::Value = serde_json::from_str(&manifest.text).unwrap();
        for icon in manifest["icons"].as_array().unwrap() {
            let got = http_client().get(server.url(icon["src"].as_str().unwrap())).send().await.unwrap();
            assert_eq!(got.status(), 200);
            assert_eq!(got.headers()[CONTENT_TYPE], icon["type"].as_str().unwrap());
        }
    }
    let page = get(&server, "/", "").await.text;
    assert!(page.contains("rel=\"manifest\" href=\"/manifest.webmanifest\""));
    assert!(page.contains("rel=\"apple-touch-icon\""));
    server.stop().await;
}

/// The worker and the page take a 5xx answer without it for one of a proxy.
#[tokio::test]
async fn every_response_names_its_server() {
    let server = Server::start().await;
    for path in ["/", "/healthz", "/api/rooms", "/api/nothing", "/shell?build=another", "/people", "/nothing"] {
        let answer = http_client().get(server.url(path)).send().await.unwrap();
        assert!(answer.headers().contains_key(parlor_app::SERVER_HEADER), "{path}");
    }
    let worker = get(&server, "/sw.js", "").await.text;
    let checks = format!("headers.has(\"{}\")", parlor_app::SERVER_HEADER);
    assert!(worker.contains(&checks) || !worker.contains("isFromServer"), "{worker}");
    server.stop().await;
}
