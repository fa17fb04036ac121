//! A browser without scripts: forms, redirects, cookies. It holds to what every page with forms holds to.

use parlor_protocol::http::{CreatedSession, Me};
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE,
};

use super::{Server, http_client, people::PASSWORD};

/// Another one, that no page may show either.
pub const OTHER_PASSWORD: &str = "another password";

/// A browser without scripts.
#[derive(Clone)]
pub struct Browser<'a> {
    pub server: &'a Server,
    pub token: String,
    pub language: &'static str,
}

pub struct Shown {
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
}

impl Shown {
    pub fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Where one is sent.
    pub fn to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.html);
        self.header(LOCATION)
    }

    /// What is in this element's text, as HTML.
    pub fn at(&self, test_id: &str) -> &str {
        let rest = self.html.split(&format!("data-testid=\"{test_id}\"")).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("no {test_id} in {}", self.html));
        rest.split_once('>').unwrap().1.split('<').next().unwrap()
    }

    /// Each row of a list, beginning with its element's other attributes.
    pub fn rows(&self, test_id: &str) -> Vec<&str> {
        let begin = format!("data-testid=\"{test_id}\"");
        let rows = self.html.split(&begin).skip(1);
        rows.map(|row| row.split("</li>").next().unwrap()).collect()
    }

    /// The values of the radio buttons of a group that are chosen.
    pub fn chosen(&self, name: &str) -> Vec<&str> {
        let inputs = self.html.split("<input").skip(1).map(|input| input.split('>').next().unwrap());
        let group = inputs.filter(|input| {
            input.contains("type=\"radio\"")
                && input.contains(&format!("name=\"{name}\""))
                && input.contains(" checked")
        });
        group.map(|input| input.split("value=\"").nth(1).unwrap().split('"').next().unwrap()).collect()
    }

    fn cookie_and_place(&self) -> [&str; 2] {
        [self.header(SET_COOKIE), self.header(LOCATION)]
    }

    pub fn has(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

impl<'a> Browser<'a> {
    pub fn new(server: &'a Server) -> Self {
        Self { server, token: String::new(), language: "en" }
    }

    pub fn with(server: &'a Server, session: &CreatedSession) -> Self {
        Self { token: session.token.clone(), ..Self::new(server) }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Shown {
        let cookie = format!("parlor_session={}", self.token);
        let request = request.header(ACCEPT, "text/html,*/*;q=0.8").header(ACCEPT_LANGUAGE, self.language);
        let answer = request.header(COOKIE, cookie).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let cookie = headers.get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap());
        if let Some(session) = cookie.and_then(|cookie| cookie.strip_prefix("parlor_session_")) {
            assert!(session.contains("HttpOnly; SameSite=Lax"), "{session}");
            self.token = session.split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
        }
        // Without the markers of views, which readers do not see.
        let html = without_ids(&answer.text().await.unwrap().replace("<!>", ""));
        for password in [PASSWORD, OTHER_PASSWORD, "short"] {
            assert!(!html.contains(password), "{html}");
        }
        assert!(!html.contains("<script"), "{html}");
        Shown { status, headers, html }
    }

    pub async fn open(&mut self, path: &str) -> Shown {
        let shown = self.send(http_client().get(self.server.url(path))).await;
        if shown.status != 303 {
            assert!(shown.html.starts_with("<!DOCTYPE html><html lang="), "{}", shown.html);
            assert_eq!(shown.header(CACHE_CONTROL), "private, no-store");
            assert!(!shown.header(CONTENT_SECURITY_POLICY).contains("script"), "no script may run");
            assert!(shown.header(CONTENT_SECURITY_POLICY).contains("form-action 'self'"));
            // Each form that does something can be told from another one that is sent.
            let forms =
                shown.html.matches("method=\"post\"").count() - shown.html.matches("action=\"/language\"").count();
            assert_eq!(shown.html.matches("name=\"submission\"").count(), forms, "{}", shown.html);
        }
        shown
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.post_from(&self.server.url(""), path, fields).await
    }

    pub async fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = http_client().post(self.server.url(path)).header(ORIGIN, origin);
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    }

    /// Sends a form of a page twice at the same time, as a double click does, and again afterwards. All must be answered
    /// alike.
    pub async fn post_twice(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let id = uuid::Uuid::new_v4().to_string();
        let fields = [fields, &[("submission", id.as_str())]].concat();
        let (mut first, mut second) = (self.clone(), self.clone());
        let (first, second) = tokio::join!(first.post(path, &fields), second.post(path, &fields));
        let third = self.post(path, &fields).await;
        for other in [&first, &second] {
            assert_eq!((other.status, other.cookie_and_place()), (third.status, third.cookie_and_place()), "{path}");
            assert_eq!(other.html, third.html, "{path}");
        }
        third
    }

    pub async fn me(&self) -> Me {
        self.server.get(&self.token, "/api/me").await.json().await.unwrap()
    }
}

/// Without the ids of forms, which differ each time.
fn without_ids(html: &str) -> String {
    let mut parts = html.split("name=\"submission\" value=\"");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |html, part| html + "name=\"submission\" value=\"" + &part[part.find('"').unwrap()..])
}

pub trait FormBody {
    fn form_body(self, fields: &[(&str, &str)]) -> Self;
}

impl FormBody for reqwest::RequestBuilder {
    fn form_body(self, fields: &[(&str, &str)]) -> Self {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.header("content-type", "application/x-www-form-urlencoded").body(body)
    }
}
