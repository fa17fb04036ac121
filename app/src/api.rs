//! The HTTP endpoints that the page calls. The browser sends the session's cookie.

use parlor_protocol::{CommandId, RoomId, RoomKind, RoomSummary, Seq, User, UserId, error_code, http};
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
    /// The user is banned from the server.
    Banned,
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
            Self::Banned => return i18n.error(error_code::BANNED).unwrap_or_default().to_owned(),
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
    let http::RoomList { mut rooms, mut next } = get("/api/rooms").await?;
    while let Some(after) = next {
        let mut more: http::RoomList = get(&format!("/api/rooms?after={}", browser::encode(&after))).await?;
        rooms.append(&mut more.rooms);
        next = more.next;
    }
    Ok(rooms)
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

/// The versions of a message.
pub async fn message_edits(room: &RoomId, message: CommandId) -> Result<http::MessageEdits, ApiError> {
    get(&format!("/api/rooms/{}/messages/{message}/edits", browser::encode(room.as_str()))).await
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
        _ => Err(ApiError::Unreachable),
    }
}

async fn get<T: DeserializeOwned>(path: &str) -> Result<T, ApiError> {
    call("GET", path, None).await
}

async fn post<T: DeserializeOwned>(path: &str, body: &impl Serialize) -> Result<T, ApiError> {
    call("POST", path, serde_json::to_string(body).ok()).await
}

async fn call<T: DeserializeOwned>(method: &str, path: &str, body: Option<String>) -> Result<T, ApiError> {
    let (status, text) = fetch(method, path, body, None).await?;
    if (200..300).contains(&status) {
        return json::decode(&text).ok_or(ApiError::Unreachable);
    }
    Err(api_error(status, &text))
}

/// What an error answer means. Every error of the server names its code; other answers are of a proxy whose server is away.
fn api_error(status: u16, text: &str) -> ApiError {
    let Some(http::ErrorResponse { error }) = json::decode(text) else { return ApiError::Unreachable };
    match status {
        401 => ApiError::Unauthorized,
        404 => ApiError::NotFound,
        _ if error.code == error_code::BANNED => ApiError::Banned,
        // The page's translation if it knows the code, else the server's text.
        _ => ApiError::Refused(I18n::default().error(&error.code).map_or(error.message, str::to_owned)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_with_a_code_are_the_servers() {
        let ours = r#"{"error":{"code":"unavailable","message":"Try again later."}}"#;
        assert!(matches!(api_error(503, ours), ApiError::Refused(_)));
        assert_eq!(api_error(401, ours), ApiError::Unauthorized);
        assert_eq!(api_error(404, ours), ApiError::NotFound);
        let banned = r#"{"error":{"code":"banned","message":"You are banned."}}"#;
        assert_eq!(api_error(403, banned), ApiError::Banned);
        for (status, text) in [(530, "<h1>Error 1033</h1>"), (404, "no such app"), (401, ""), (502, "{}"), (500, "[]")]
        {
            assert_eq!(api_error(status, text), ApiError::Unreachable, "{status} {text}");
        }
    }
}
