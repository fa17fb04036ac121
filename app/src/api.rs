//! The HTTP endpoints that the page calls. The session's cookie goes along by itself.

use parlor_protocol::{RoomId, RoomKind, RoomSummary, Seq, User, UserId, http};

use crate::{
    i18n::{I18n, Key},
    wire::{Object, Read},
};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// No answer.
    Unreachable,
    /// No session, or one that is no longer valid.
    Unauthorized,
    /// No such thing, or none that one may see.
    NotFound,
    /// Refused, and why, in words for people.
    Refused(String),
}

impl ApiError {
    /// For people.
    #[must_use]
    pub fn say(self, i18n: I18n) -> String {
        let word = match self {
            Self::Unreachable => Key::ServerUnreachable,
            Self::Unauthorized => Key::SignedOut,
            Self::NotFound => Key::RoomDoesNotExist,
            Self::Refused(why) => return why,
        };
        i18n.t(word).to_owned()
    }
}

/// Who the session belongs to.
///
/// # Errors
/// [`ApiError`].
pub async fn me() -> Result<User, ApiError> {
    get::<Object>("/api/me").await.and_then(|mut me| me.take("user").ok_or(ApiError::Unreachable))
}

/// My rooms and public ones.
///
/// # Errors
/// [`ApiError`].
pub async fn rooms() -> Result<Vec<RoomSummary>, ApiError> {
    get::<Object>("/api/rooms").await.and_then(|mut rooms| rooms.take("rooms").ok_or(ApiError::Unreachable))
}

/// Makes a public room.
///
/// # Errors
/// [`ApiError`].
pub async fn create_room(name: String, kind: RoomKind) -> Result<RoomSummary, ApiError> {
    make("/api/rooms", serde_json::to_string(&http::CreateRoomRequest { name, kind }).ok()).await
}

/// The room of the reader and someone else alone.
///
/// # Errors
/// [`ApiError`].
pub async fn direct(user: UserId) -> Result<RoomSummary, ApiError> {
    make("/api/direct", serde_json::to_string(&http::OpenDirectRequest { users: vec![user] }).ok()).await
}

async fn make(path: &str, body: Option<String>) -> Result<RoomSummary, ApiError> {
    let made = call::<Object>("POST", path, body).await;
    made.and_then(|mut made| made.take("room").ok_or(ApiError::Unreachable))
}

/// Which page of a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The newest messages.
    Newest,
    /// Those before an event.
    Before(Seq),
    /// Those after an event.
    After(Seq),
    /// Some before and some from this event on.
    Around(Seq),
}

/// A page of history.
///
/// # Errors
/// [`ApiError`].
pub async fn messages(room: &RoomId, page: Page, limit: usize) -> Result<http::MessagePage, ApiError> {
    let (cursor, seq) = match page {
        Page::Newest => ("", 0),
        Page::Before(seq) => ("&before=", seq),
        Page::After(seq) => ("&after=", seq),
        Page::Around(seq) => ("&around=", seq),
    };
    let seq = if cursor.is_empty() { String::new() } else { seq.to_string() };
    get(&format!("/api/rooms/{}/messages?limit={limit}{cursor}{seq}", crate::browser::encode(room.as_str()))).await
}

/// Comes in as a guest; the session is in a cookie.
///
/// # Errors
/// [`ApiError`].
#[cfg(feature = "csr")]
pub async fn enter(name: String) -> Result<(), ApiError> {
    let body = serde_json::to_string(&http::CreateSessionRequest { name }).ok();
    call::<Object>("POST", "/api/session", body).await.map(drop)
}

/// Ends the session.
///
/// # Errors
/// [`ApiError`].
pub async fn sign_out() -> Result<(), ApiError> {
    match fetch("DELETE", "/api/session", None, None).await?.0 {
        200..=299 => Ok(()),
        401 => Err(ApiError::Unauthorized),
        status => Err(refused(status)),
    }
}

/// An answer that says nothing more.
fn refused(status: u16) -> ApiError {
    ApiError::Refused(I18n::default().format(Key::UnexpectedStatus, &[("status", &status.to_string())]))
}

async fn get<T: Read>(path: &str) -> Result<T, ApiError> {
    call("GET", path, None).await
}

#[cfg(feature = "browser")]
async fn call<T: Read>(method: &str, path: &str, body: Option<String>) -> Result<T, ApiError> {
    let (status, text) = fetch(method, path, body, None).await?;
    match status {
        200..=299 => crate::wire::read(&text).ok_or(ApiError::Unreachable),
        401 => Err(ApiError::Unauthorized),
        404 => Err(ApiError::NotFound),
        _ => Err(error(&text).map_or_else(|| refused(status), ApiError::Refused)),
    }
}

/// The sentence for people in an error's answer: the page's own for its code, the server's for one that is not known.
#[cfg(feature = "browser")]
fn error(text: &str) -> Option<String> {
    let mut error = crate::wire::read::<Object>(text)?.take::<Object>("error")?;
    let sentence = I18n::default().error(&error.take::<String>("code")?);
    sentence.map(str::to_owned).or_else(|| error.take("message"))
}

/// Status and body of an answer. Not generic, so that the wasm has it once.
#[cfg(feature = "browser")]
pub(crate) async fn fetch(
    method: &str,
    path: &str,
    body: Option<String>,
    abort: Option<&web_sys::AbortSignal>,
) -> Result<(u16, String), ApiError> {
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Headers, RequestInit, Response};

    let answer = async {
        let init = RequestInit::new();
        init.set_method(method);
        init.set_signal(abort);
        if let Some(body) = body {
            let headers = Headers::new()?;
            headers.set("content-type", "application/json")?;
            init.set_headers(&headers);
            init.set_body(&body.into());
        }
        let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
        let response = JsFuture::from(window.fetch_with_str_and_init(path, &init)).await?.unchecked_into::<Response>();
        let text = JsFuture::from(response.text()?).await?;
        Ok::<_, JsValue>((response.status(), text.as_string().unwrap_or_default()))
    };
    answer.await.map_err(|_| ApiError::Unreachable)
}

#[cfg(not(feature = "browser"))]
async fn fetch(_: &str, _: &str, _: Option<String>, _: Option<()>) -> Result<(u16, String), ApiError> {
    Err(ApiError::Unreachable)
}

#[cfg(not(feature = "browser"))]
async fn call<T: Read>(_: &str, _: &str, _: Option<String>) -> Result<T, ApiError> {
    Err(ApiError::Unreachable)
}
