//! The server's settings: who may change them, what flags fix, and where name and picture show.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use parlor::config::{Config, Guests, Registration};
use parlor_protocol::{
    ServerFrame,
    http::{CreatedSession, EntryPolicy, FixedSetting, ServerSettings},
};
use reqwest::{
    Method,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, COOKIE},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Client, Server, http_client,
    people::{Answer, of_each_role},
    unlimited,
};

fn picture_file(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::new_rgb8(30, 20).write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

async fn update(server: &Server, who: &CreatedSession, body: Value) -> Answer {
    server.ask(Method::PATCH, "/api/settings", &who.token, body).await
}

async fn set_picture(server: &Server, who: &CreatedSession, file: Vec<u8>) -> Answer {
    let request = http_client().put(server.url("/api/settings/picture")).bearer_auth(&who.token).body(file);
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

async fn settings(server: &Server, who: &CreatedSession) -> ServerSettings {
    server.get(&who.token, "/api/settings").await.json().await.unwrap()
}

async fn html(server: &Server, token: &str, path: &str) -> String {
    let request = http_client().get(server.url(path)).header(COOKIE, format!("parlor_session={token}"));
    let request = request.header(ACCEPT, "text/html");
    request.send().await.unwrap().text().await.unwrap()
}

async fn manifest(server: &Server) -> Value {
    http_client().get(server.url("/manifest.webmanifest")).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn only_owners_read_and_change_settings() {
    let server = Server::start().await;
    let [olga, others @ ..] = of_each_role(&server).await;
    let defaults =
        ServerSettings { name: "Parlor".into(), entry: EntryPolicy::Guests, picture: None, fixed: Vec::new() };
    assert_eq!(settings(&server, &olga).await, defaults);
    let guest = server.session("Gil").await;
    for who in others.iter().chain([&guest]) {
        let expected = (403, "forbidden".to_owned());
        let read = server.ask(Method::GET, "/api/settings", &who.token, Value::Null).await;
        assert_eq!(read.refused(), expected);
        assert_eq!(update(&server, who, json!({ "name": "Mine" })).await.refused(), expected);
        assert_eq!(set_picture(&server, who, picture_file(ImageFormat::Png)).await.refused(), expected);
        assert_eq!(server.delete("/api/settings/picture", &who.token).await.refused(), expected);
    }
    assert_eq!(server.ask(Method::GET, "/api/settings", "", Value::Null).await.status, 401);
    assert_eq!(settings(&server, &olga).await, defaults);
    server.stop().await;
}

#[tokio::test]
async fn names_are_validated_and_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    let server = Server::start_in(folder.path(), unlimited()).await;
    let olga = server.owner("Olga").await;
    for (name, code) in [("", "empty"), (&"x".repeat(41), "too_long"), ("a\u{202e}b", "bad_characters")] {
        assert_eq!(update(&server, &olga, json!({ "name": name })).await.refused(), (422, code.to_owned()));
    }
    // Everything in a request, or nothing.
    let both = json!({ "name": " ", "entry": "invitation" });
    assert_eq!(update(&server, &olga, both).await.status, 422);
    assert_eq!(settings(&server, &olga).await.entry, EntryPolicy::Guests);
    let answer = update(&server, &olga, json!({ "name": "  Tea \t House <b> ", "entry": "accounts" })).await;
    let changed: ServerSettings = answer.of();
    assert_eq!((changed.name.as_str(), changed.entry), ("Tea House <b>", EntryPolicy::Accounts));
    assert_eq!(update(&server, &olga, json!({ "entry": "nobody" })).await.refused(), (400, "bad_request".to_owned()));
    server.stop().await;
    let server = Server::start_in(folder.path(), unlimited()).await;
    assert_eq!(settings(&server, &olga).await, changed);
    server.stop().await;
}

#[tokio::test]
async fn the_name_shows_on_pages_in_the_manifest_and_in_welcome() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    assert_eq!(manifest(&server).await["name"], "Parlor");
    update(&server, &olga, json!({ "name": "Tea House" })).await;
    let manifest = manifest(&server).await;
    assert_eq!((&manifest["name"], &manifest["short_name"]), (&json!("Tea House"), &json!("Tea House")));
    for (token, path, title) in [
        (&olga.token, "/r/lobby", "Lobby · Tea House"),
        (&olga.token, "/account", "Account settings · Tea House"),
        (&String::new(), "/", "Tea House"),
        (&String::new(), "/sign-in", "Sign in · Tea House"),
        (&String::new(), "/sign-up", "Create account · Tea House"),
        (&String::new(), "/nowhere", "Page not found · Tea House"),
    ] {
        let html = html(&server, token, path).await;
        assert!(html.contains(&format!("<title>{title}</title>")), "{path}: {html}");
        assert!(!html.contains(">Parlor<"), "{path}: {html}");
    }
    let mut client = Client::connect(server.address, &olga).await;
    let ServerFrame::Welcome { server: info, .. } = client.hello(Vec::new()).await else { panic!() };
    assert_eq!(info.name, "Tea House");
    server.stop().await;
}

#[tokio::test]
async fn the_entry_policy_applies_at_once() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let guest = server.session("Gil").await;
    let sign_up = json!({ "name": "Ann", "password": crate::support::people::PASSWORD });
    update(&server, &olga, json!({ "entry": "accounts" })).await;
    assert_eq!(server.try_guest("Eve").await.refused(), (403, "guests_off".to_owned()));
    assert_eq!(server.post("/api/accounts", "", sign_up).await.status, 200);
    update(&server, &olga, json!({ "entry": "invitation" })).await;
    let sign_up = json!({ "name": "Ben", "password": crate::support::people::PASSWORD });
    assert_eq!(server.post("/api/accounts", "", sign_up).await.refused(), (403, "invite_needed".to_owned()));
    server.with_role(&olga, "Cleo", "member").await;
    update(&server, &olga, json!({ "entry": "guests" })).await;
    assert_eq!(server.try_guest("Eve").await.status, 200);
    // Guests who were there stay.
    assert_eq!(server.who(&guest.token).await, 200);
    server.stop().await;
}

#[tokio::test]
async fn flags_win_over_settings() {
    let folder = TempDir::new().unwrap();
    let server = Server::start_in(folder.path(), unlimited()).await;
    let olga = server.owner("Olga").await;
    update(&server, &olga, json!({ "name": "Tea House", "entry": "invitation" })).await;
    server.stop().await;
    // One of the two flags decides who can come in; the other has its default.
    let config = Config { name: Some("Flagship".into()), guests: Some(Guests::Off), ..unlimited() };
    let server = Server::start_in(folder.path(), config).await;
    let shown = settings(&server, &olga).await;
    assert_eq!((shown.name.as_str(), shown.entry), ("Flagship", EntryPolicy::Accounts));
    assert_eq!(shown.fixed, [FixedSetting::Name, FixedSetting::Entry]);
    assert_eq!(manifest(&server).await["name"], "Flagship");
    for body in [json!({ "name": "Other" }), json!({ "entry": "guests" })] {
        assert_eq!(update(&server, &olga, body).await.refused(), (409, "setting_fixed".to_owned()));
    }
    server.account("Ann").await;
    assert_eq!(server.try_guest("Eve").await.status, 403);
    server.stop().await;
    let config = Config { registration: Some(Registration::Open), ..unlimited() };
    let server = Server::start_in(folder.path(), config).await;
    let shown = settings(&server, &olga).await;
    assert_eq!((shown.name.as_str(), shown.entry), ("Tea House", EntryPolicy::Guests));
    assert_eq!(server.try_guest("Eve").await.status, 200);
    server.stop().await;
    // Without flags, the settings are in force again.
    let server = Server::start_in(folder.path(), unlimited()).await;
    assert_eq!(settings(&server, &olga).await.entry, EntryPolicy::Invitation);
    assert_eq!(server.try_guest("Dan").await.status, 403);
    server.stop().await;
}

#[tokio::test]
async fn a_picture_is_encoded_anew_and_shows_on_pages_and_in_the_manifest() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let mut addresses = Vec::new();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let mut file = picture_file(format);
        if format == ImageFormat::Jpeg {
            // A comment, which tells where the photo was taken.
            file.splice(2..2, b"\xff\xfe\x00\x0aat home".iter().copied());
        }
        let answer = set_picture(&server, &olga, file.clone()).await;
        let path = answer.of::<ServerSettings>().picture.unwrap();
        let served = http_client().get(server.url(&path)).send().await.unwrap();
        assert_eq!((served.status().as_u16(), &served.headers()[CONTENT_TYPE]), (200, &"image/png".parse().unwrap()));
        assert_eq!(served.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let bytes = served.bytes().await.unwrap();
        assert!(bytes != file && !bytes.windows(7).any(|part| part == b"at home"));
        let image = image::load_from_memory_with_format(&bytes, ImageFormat::Png).unwrap();
        assert_eq!((image.width(), image.height()), (256, 256));
        addresses.push(path);
    }
    let path = addresses.pop().unwrap();
    for (token, page) in [(&olga.token, "/r/lobby"), (&olga.token, "/account"), (&String::new(), "/sign-in")] {
        let html = html(&server, token, page).await;
        for link in ["rel=\"icon\" type=\"image/png\"", "rel=\"apple-touch-icon\""] {
            assert!(html.contains(&format!("{link} href=\"{path}\"")), "{page} {link}: {html}");
        }
        assert!(html.contains(&format!("src=\"{path}\"")), "{page}: {html}");
    }
    let manifest = manifest(&server).await;
    let icons = manifest["icons"].as_array().unwrap();
    assert_eq!(icons.len(), 2);
    for icon in icons {
        let bytes = http_client().get(server.url(icon["src"].as_str().unwrap())).send().await.unwrap();
        let image = image::load_from_memory(&bytes.bytes().await.unwrap()).unwrap();
        assert_eq!(format!("{0}x{0}", image.width()), icon["sizes"].as_str().unwrap());
    }
    let other = ["/picture/none-256.png".to_owned(), path.replace("-256", "-255"), path.replace(".png", ".jpg")];
    for none in other {
        assert_eq!(http_client().get(server.url(&none)).send().await.unwrap().status(), 404, "{none}");
    }
    let removed = server.delete("/api/settings/picture", &olga.token).await;
    assert_eq!(removed.of::<ServerSettings>().picture, None);
    assert_eq!(http_client().get(server.url(&path)).send().await.unwrap().status(), 404);
    assert!(html(&server, &olga.token, "/r/lobby").await.contains("href=\"/favicon.svg\""));
    server.stop().await;
}

#[tokio::test]
async fn files_that_are_no_picture_are_rejected() {
    let server = Server::start().await;
    let olga = server.owner("Olga").await;
    let whole = picture_file(ImageFormat::Png);
    for (file, message) in [
        (whole[..whole.len() - 20].to_vec(), "damaged or incomplete"),
        (b"GIF89a".to_vec(), "not a PNG, JPEG or WebP picture"),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>".to_vec(), "not a PNG, JPEG or WebP picture"),
        (Vec::new(), "not a PNG, JPEG or WebP picture"),
        (vec![0; 1024 * 1024 + 1], "larger than 1 MB"),
    ] {
        let answer = set_picture(&server, &olga, file).await;
        assert_eq!(answer.refused(), (422, "bad_picture".to_owned()));
        assert!(answer.text.contains(message), "{answer:?}");
    }
    assert_eq!(settings(&server, &olga).await.picture, None);
    server.stop().await;
}
