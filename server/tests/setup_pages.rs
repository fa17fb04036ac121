//! The set-up and the page of the server's settings, without scripts.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use parlor::config::{Config, Guests};
use parlor_protocol::http::{InviteList, RoomList, ServerSettings};
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, ORIGIN};

use crate::support::{
    Server,
    browser::{Browser, FormBody, Shown},
    http_client,
    people::{PASSWORD, of_each_role},
    unlimited,
};

const STEPS: [&str; 4] = ["/setup/name", "/setup/entry", "/setup/invite", "/setup/room"];

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::new_rgb8(width, height).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

/// Sends a form as browsers send one with a file.
async fn upload(browser: &Browser<'_>, path: &str, name: Option<&str>, file: &[u8]) -> Shown {
    const BOUNDARY: &str = "boundary-of-parts";
    let part = |field: &str, more: &str| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"{more}\r\n\r\n").into_bytes()
    };
    let name = name.map(|name| [&part("name", "")[..], name.as_bytes(), b"\r\n"].concat()).unwrap_or_default();
    let more = "; filename=\"me.png\"\r\nContent-Type: application/octet-stream";
    let body = [&name[..], &part("picture", more), file, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    let server = browser.server;
    let request = http_client().post(server.url(path)).header(ORIGIN, server.url(""));
    let request = request.header(COOKIE, format!("parlor_session={}", browser.token));
    let request = request.header(ACCEPT_LANGUAGE, browser.language);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let answer = request.header(CONTENT_TYPE, kind).body(body).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Shown { status, headers, html: answer.text().await.unwrap().replace("<!>", "") }
}

async fn settings(browser: &Browser<'_>) -> ServerSettings {
    browser.server.get(&browser.token, "/api/settings").await.json().await.unwrap()
}

async fn invites(browser: &Browser<'_>) -> usize {
    let list: InviteList = browser.server.get(&browser.token, "/api/invites").await.json().await.unwrap();
    list.invites.len()
}

#[tokio::test]
async fn the_first_owner_is_led_through_four_steps_without_scripts() {
    let server = Server::start().await;
    let mut browser = Browser::new(&server);
    let secret = server.first_secret().unwrap();
    let form = [("name", "Olga"), ("password", PASSWORD), ("invite", &secret)];
    assert_eq!(browser.post("/sign-up", &form).await.to(), "/setup");
    assert_eq!(http_client().get(server.url("/setup")).send().await.unwrap().headers()["location"], STEPS[0]);

    let page = browser.open(STEPS[0]).await;
    assert_eq!((page.status, page.at("progress")), (200, "Step 1 of 4"));
    assert!(page.has("value=\"Parlor\"") && page.has("href=\"/setup/entry\""), "{}", page.html);
    assert_eq!(upload(&browser, STEPS[0], Some("Tea House"), &png(40, 40)).await.to(), STEPS[1]);
    let saved = settings(&browser).await;
    assert_eq!(saved.name, "Tea House");
    assert!(browser.open(STEPS[0]).await.has(&saved.picture.unwrap()));

    let page = browser.open(STEPS[1]).await;
    assert_eq!((page.at("progress"), page.chosen("entry")), ("Step 2 of 4", vec!["guests"]));
    assert!(page.has("<title>Who can join · Tea House</title>") && page.has("href=\"/setup/name\""), "{}", page.html);

    // The choice is sent to step 3, which creates an invitation.
    let request = http_client().post(server.url(STEPS[2])).header(ORIGIN, server.url(""));
    let request = request.header(COOKIE, format!("parlor_session={}", browser.token));
    let answer = request.form_body(&[("entry", "invitation")]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().ends_with("; script-src 'self'"));
    let html = answer.text().await.unwrap();
    let link = html.split(&format!("value=\"{}", server.url("/invite/"))).nth(1).unwrap().split('"').next().unwrap();
    assert!(html.contains("class=\"qr-code\"") && html.contains("Step 3 of 4"), "{html}");
    let script = http_client().get(server.url("/setup/copy.js")).send().await.unwrap();
    assert!(html.contains("src=\"/setup/copy.js\"") && script.status() == 200);
    assert!(Browser::new(&server).open(&format!("/invite/{link}")).await.has("Olga invited you."));
    assert_eq!(browser.open("/sign-up").await.at("problem").split('.').next(), Some("You are signed in as Olga"));
    assert!(Browser::new(&server).open("/sign-up").await.has("An invitation is required"));
    // Loading the page again creates no other one.
    assert_eq!(browser.open(STEPS[2]).await.at("progress"), "Step 3 of 4");
    assert_eq!(invites(&browser).await, 1);

    let page = browser.open(STEPS[3]).await;
    assert!(page.at("progress") == "Step 4 of 4" && page.has("href=\"/r/lobby\""), "{}", page.html);
    let long = "x".repeat(251);
    for (name, topic, problem) in [("", "", "Text is required."), ("Garden", long.as_str(), "The maximum is 250.")] {
        let page = browser.post(STEPS[3], &[("name", name), ("topic", topic)]).await;
        assert!(page.status == 422 && page.at("problem").contains(problem), "{}", page.html);
        assert!(page.has(&format!("value=\"{name}\"")), "what was typed is kept");
    }
    let room = browser.post(STEPS[3], &[("name", "Garden"), ("topic", "What grows")]).await.to().to_owned();
    let rooms: RoomList = server.get(&browser.token, "/api/rooms").await.json().await.unwrap();
    let [_, garden] = &rooms.rooms[..] else { panic!("{rooms:?}") };
    assert_eq!((format!("/r/{}", garden.id), garden.topic.as_deref()), (room, Some("What grows")));
    server.stop().await;
}

#[tokio::test]
async fn steps_can_be_skipped_and_nothing_changes() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let browser = Browser::with(&server, &olga);
    let before = settings(&browser).await;
    assert_eq!(upload(&browser, STEPS[0], Some("Parlor"), b"").await.to(), STEPS[1]);
    let request = http_client().post(server.url(STEPS[2])).header(ORIGIN, server.url(""));
    let request = request.header(COOKIE, format!("parlor_session={}", olga.token));
    let answer = request.form_body(&[("entry", "invitation"), ("skip", "true")]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(settings(&browser).await, before);
    server.stop().await;
}

#[tokio::test]
async fn only_owners_see_the_pages() {
    let server = Server::start().await;
    let [olga, others @ ..] = of_each_role(&server).await;
    let pages = STEPS.into_iter().chain(["/settings"]);
    for path in pages {
        for who in others.iter().chain([&server.session("Gil").await]) {
            let page = Browser::with(&server, who).open(path).await;
            assert_eq!((page.status, page.at("problem")), (403, "You do not have permission to do this."), "{path}");
        }
        assert_eq!(Browser::new(&server).open(path).await.to(), format!("/sign-in?next={path}"));
        assert_eq!(Browser::with(&server, &olga).open(path).await.status, 200);
    }
    let mut adam = Browser::with(&server, &others[0]);
    for (path, fields) in [
        ("/settings/entry", vec![("entry", "invitation")]),
        ("/settings/picture/remove", Vec::new()),
        (STEPS[2], vec![("entry", "invitation")]),
        (STEPS[2], vec![("skip", "true")]),
        (STEPS[3], vec![("name", "Shed")]),
    ] {
        assert_eq!(adam.post(path, &fields).await.status, 403, "{path}");
        let mut olgas = Browser::with(&server, &olga);
        assert_eq!(olgas.post_from("https://evil.example", path, &fields).await.status, 403, "{path}");
    }
    assert_eq!(upload(&adam, "/settings/name", Some("Mine"), &png(9, 9)).await.status, 403);
    let unchanged = settings(&Browser::with(&server, &olga)).await;
    assert_eq!((unchanged.name.as_str(), unchanged.entry.as_str()), ("Parlor", "guests"));
    assert!(adam.open("/account").await.status == 200 && !adam.open("/account").await.has("href=\"/settings\""));
    server.stop().await;
}

#[tokio::test]
async fn settings_are_changed_on_their_page() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let mut browser = Browser::with(&server, &olga);
    assert!(browser.open("/account").await.has("href=\"/settings\""));
    assert_eq!(
        upload(&browser, "/settings/name", Some("Tea House"), &png(40, 40)).await.to(),
        "/settings?done=settings"
    );
    let page = browser.open("/settings?done=settings").await;
    assert!(page.at("done") == "Server settings saved." && page.has("value=\"Tea House\""), "{}", page.html);
    assert!(page.has("Remove picture") && page.has("href=\"/setup\""), "{}", page.html);
    assert_eq!(browser.post("/settings/picture/remove", &[]).await.to(), "/settings?done=picture");
    assert!(!browser.open("/settings").await.has("Remove picture"));
    assert_eq!(browser.post("/settings/entry", &[("entry", "accounts")]).await.to(), "/settings?done=settings");
    assert_eq!(browser.open("/settings").await.chosen("entry"), ["accounts"]);
    browser.language = "zh-CN";
    let page = browser.open("/settings").await;
    assert!(page.has("<title>服务器设置 · Tea House</title>") && page.has("谁可以加入"), "{}", page.html);
    server.stop().await;
}

#[tokio::test]
async fn rejected_names_and_pictures_are_explained_at_their_fields() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let browser = Browser::with(&server, &olga);
    let large = vec![0; 3 * 1024 * 1024];
    let cut = &png(40, 40)[..50];
    for (name, file, field, problem) in [
        ("", &png(40, 40)[..], "server-name", "Text is required."),
        ("Tea House", b"%PDF-1.7", "picture", "The file is not a picture in PNG, JPEG or WebP format."),
        ("Tea House", &large, "picture", "The picture is larger than 1 MB."),
        ("Tea House", cut, "picture", "The picture cannot be read."),
        ("Tea House", &png(4_097, 1), "picture", "The picture is wider or higher than 4096 pixels."),
    ] {
        for path in ["/settings/name", STEPS[0]] {
            let page = upload(&browser, path, Some(name), file).await;
            assert!(page.status == 422 && page.at("problem").contains(problem), "{path}: {}", page.html);
            let input = page.html.split(&format!("id=\"{field}\"")).nth(1).unwrap().split('>').next().unwrap();
            assert!(input.contains("aria-invalid=\"true\""), "{input}");
            assert!(page.has(&format!("value=\"{name}\"")), "what was typed is kept");
        }
    }
    // Neither is saved without the other.
    let unchanged = settings(&browser).await;
    assert_eq!((unchanged.name.as_str(), unchanged.picture), ("Parlor", None));
    server.stop().await;
}

#[tokio::test]
async fn pages_say_what_flags_decide() {
    let config = Config { name: Some("Flagship".into()), guests: Some(Guests::LobbyOnly), ..unlimited() };
    let server = Server::start_with(config).await;
    let olga = server.owner("Olga").await;
    let mut browser = Browser::with(&server, &olga);
    for (path, test_id, flag) in [
        ("/settings", "name-fixed", "--name"),
        ("/settings", "entry-fixed", "--guests"),
        (STEPS[0], "name-fixed", "--name"),
        (STEPS[1], "entry-fixed", "--registration"),
    ] {
        let page = browser.open(path).await;
        assert!(page.at(test_id).contains(flag), "{path}");
        assert!(!page.has("name=\"entry\"") && !page.has("id=\"server-name\""), "{path}: {}", page.html);
    }
    let page = browser.post("/settings/entry", &[("entry", "invitation")]).await;
    assert_eq!((page.status, page.at("problem")), (409, "A flag of the server sets this. It cannot be changed here."));
    // The picture can be set nevertheless.
    assert_eq!(upload(&browser, STEPS[0], None, &png(40, 40)).await.to(), STEPS[1]);
    assert!(settings(&browser).await.picture.is_some());
    server.stop().await;
}
