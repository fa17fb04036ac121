//! The HTTP endpoints that the page calls. The browser sends the session's cookie.

use parlor_protocol::{RoomId, RoomKind, RoomSummary, Seq, User, UserId, http};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use crate::{
    browser,
    i18n::{I18n, Key},
    json,
};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// No answer, or none that can be read.
    Unreachable,
    /// No session, or one that has ended.
    Unauthorized,
    /// There is no such thing, or the user may not see it.
    NotFound,
    /// Refused, and why.
    Refused(String),
}

impl ApiError {
    /// The message to show.
    pub fn message(self, i18n: I18n) -> String {
        let word = match self {
            Self::Unreachable => Key::ServerUnreachable,
            Self::Unauthorized => Key::SignedOut,
            Self::NotFound => Key::RoomDoesNotExist,
            Self::Refused(why) => return why,
        };
        i18n.t(word).to_owned()
    }
}

/// The session's user.
pub async fn me() -> Result<User, ApiError> {
    get::<http::Me>("/api/me").await.map(|me| me.user)
}

/// The user's rooms and the public ones.
pub async fn rooms() -> Result<Vec<RoomSummary>, ApiError> {
    get::<http::RoomList>("/api/rooms").await.map(|rooms| rooms.rooms)
}

pub async fn create_room(name: String, kind: RoomKind) -> Result<RoomSummary, ApiError> {
    post::<http::CreatedRoom>("/api/rooms", &http::CreateRoomRequest { name, kind }).await.map(|created| created.room)
}

/// The direct room of the session's user and another one, which is created if there is none.
pub async fn direct(user: UserId) -> Result<RoomSummary, ApiError> {
    post::<http::CreatedRoom>("/api/direct", &http::OpenDirectRequest { users: vec![user] })
        .await
        .map(|created| created.room)
}

/// Creates an invitation for members, with the default validity.
pub async fn create_invite() -> Result<http::CreatedInvite, ApiError> {
    post("/api/invites", &http::CreateInviteRequest::default()).await
}

/// Which page of a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Newest,
    /// The messages before an event.
    Before(Seq),
    /// The messages after an event.
    After(Seq),
    /// Messages on both sides of an event.
    Around(Seq),
}

pub async fn messages(room: &RoomId, page: Page, limit: usize) -> Result<http::MessagePage, ApiError> {
    let cursor = match page {
        Page::Newest => String::new(),
        Page::Before(seq) => format!("&before={seq}"),
        Page::After(seq) => format!("&after={seq}"),
        Page::Around(seq) => format!("&around={seq}"),
    };
    get(&format!("/api/rooms/{}/messages?limit={limit}{cursor}", browser::encode(room.as_str()))).await
}

/// Joins as a guest; the session is in a cookie.
#[cfg(feature = "csr")]
pub async fn enter(name: String) -> Result<(), ApiError> {
    post::<http::CreatedSession>("/api/session", &http::CreateSessionRequest { name }).await.map(drop)
}

/// Ends the session.
pub async fn sign_out() -> Result<(), ApiError> {
    match fetch("DELETE", "/api/session", None, None).await?.0 {
        200..=299 => Ok(()),
        401 => Err(ApiError::Unauthorized),
        status => Err(status_error(status)),
    }
}

/// An error whose answer says nothing but its status.
fn status_error(status: u16) -> ApiError {
    ApiError::Refused(I18n::default().format(Key::UnexpectedStatus, &[("status", &status.to_string())]))
}

async fn get<T: DeserializeOwned>(path: &str) -> Result<T, ApiError> {
    call("GET", path, None).await
}

async fn post<T: DeserializeOwned>(path: &str, body: &impl Serialize) -> Result<T, ApiError> {
    call("POST", path, serde_json::to_string(body).ok()).await
}

async fn call<T: DeserializeOwned>(method: &str, path: &str, body: Option<String>) -> Result<T, ApiError> {
    let (status, text) = fetch(method, path, body, None).await?;
    match status {
        200..=299 => json::decode(&text).ok_or(ApiError::Unreachable),
        401 => Err(ApiError::Unauthorized),
        404 => Err(ApiError::NotFound),
        _ => Err(error_message(&text).map_or_else(|| status_error(status), ApiError::Refused)),
    }
}

/// The message of an error answer: the page's translation if it knows the code, else the server's text.
fn error_message(text: &str) -> Option<String> {
    let http::ErrorResponse { error } = json::decode(text)?;
    Some(I18n::default().error(&error.code).map_or(error.message, str::to_owned))
}

/// The status and body of an answer.
pub(crate) async fn fetch(
    method: &str,
    path: &str,
    body: Option<String>,
    abort: Option<&AbortSignal>,
) -> Result<(u16, String), ApiError> {
    if cfg!(not(feature = "browser")) {
        return Err(ApiError::Unreachable);
    }
    let response = async {
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
    response.await.map_err(|_| ApiError::Unreachable)
}
