//! Errors of the API: one form, `{"error":{"code","message"}}`, with the fitting status.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    Millis, error_code,
    http::{ErrorBody, ErrorResponse},
    validate::ValidationError,
};

use crate::{
    accounts::password::Weak,
    clock,
    domain::{Ban, StoreError},
};

/// An answer that says what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// One of [`error_code`].
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// For people, in English.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// A page that says it, with when to come back.
    pub(super) fn with_page(&self, mut page: Response) -> Response {
        if let Some(wait) = self.retry_after {
            page.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait));
        }
        page
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error_code::UNAUTHORIZED, "Make a session first: POST /api/session.")
    }

    pub(crate) fn no_such_room() -> Self {
        Self::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "There is no such room that you can see.")
    }

    pub(super) fn no_such_person() -> Self {
        Self::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "There is no such person here.")
    }

    pub(crate) fn forbidden() -> Self {
        Self::not_allowed("That is not yours to do here.")
    }

    pub(crate) fn too_fast(wait: Duration) -> Self {
        let message = "That is too much at once. Wait a moment, then try again.";
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, error_code::RATE_LIMITED, message);
        Self { retry_after: Some(wait), ..failure }
    }

    /// Passwords, names or links were tried too often. It does not say which, nor whether the last was right.
    pub(super) fn too_many_tries(wait: Duration) -> Self {
        let message = "That was tried too often. Wait a while, then try again.";
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, error_code::RATE_LIMITED, message);
        Self { retry_after: Some(wait), ..failure }
    }

    /// The server has too much to do to look at it.
    pub(super) fn busy() -> Self {
        let message = "The server has too much to do. Try again in a moment.";
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, message);
        Self { retry_after: Some(Duration::ZERO), ..failure }
    }

    pub(super) fn not_allowed(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, error_code::FORBIDDEN, message)
    }

    pub(super) fn invite() -> Self {
        let message = "This needs an invitation, and one that is still valid. Ask for one.";
        Self::new(StatusCode::FORBIDDEN, error_code::INVITE_NEEDED, message)
    }

    /// Someone may not come in. When that ends is told, and why not: that is for those who moderate.
    pub(super) fn banned(ban: Ban) -> Self {
        let failure = Self::new(StatusCode::FORBIDDEN, error_code::BANNED, "You were banned from this server.");
        Self { retry_after: ban.until.map(time_to), ..failure }
    }

    /// Someone may not write for a while.
    pub(super) fn muted(until: Millis) -> Self {
        let failure = Self::new(StatusCode::FORBIDDEN, error_code::MUTED, "You may not write here for a while.");
        Self { retry_after: Some(time_to(until)), ..failure }
    }

    /// Whether it says that someone may not come in.
    pub(super) fn is_ban(&self) -> bool {
        self.code == error_code::BANNED
    }

    // Taken as `map_err` gives it.
    #[allow(clippy::needless_pass_by_value)]
    pub(super) fn weak_password(weak: Weak) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error_code::WEAK_PASSWORD, weak.to_string())
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error_code::BAD_REQUEST, message)
    }

    /// A body that is none of ours: too large, or not of the form that the endpoint takes.
    pub(super) fn bad_body(status: StatusCode, message: String) -> Self {
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(status, error_code::TOO_LARGE, "The body is larger than any that this endpoint takes.");
        }
        Self::bad_request(message)
    }

    pub(super) fn invalid_name(invalid: ValidationError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, invalid.code(), format!("That name will not do. {invalid}"))
    }
}

fn time_to(until: Millis) -> Duration {
    Duration::from_millis(until.saturating_sub(clock::now()).try_into().unwrap_or_default())
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed");
        if error.is_full() {
            let message = "The server's disk is full. Try again later.";
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, error_code::STORAGE_FULL, message);
        }
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            error_code::UNAVAILABLE,
            "The server cannot do this right now. Try again in a moment.",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorBody { code: self.code.into(), message: self.message.clone() };
        let mut response = (self.status, Json(ErrorResponse { error })).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait));
        }
        // For pages, which say it in other words.
        response.extensions_mut().insert(self);
        response
    }
}

/// RFC 9110, section 10.2.3.
fn whole_seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + 1)
}

/// Any path under `/api` that is none.
pub(super) async fn no_such_endpoint() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "There is no such endpoint.")
}

/// A path of the API with another verb.
pub(crate) async fn wrong_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, error_code::BAD_REQUEST, "This endpoint does not take that method.")
}
