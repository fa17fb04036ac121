//! Errors of the HTTP API: `{"error":{"code","message"}}` with a matching status.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    error_code,
    http::{ErrorBody, ErrorResponse},
};

use crate::{
    domain::StoreError,
    picture::PictureError,
    services::{ErrorKind, ServiceError},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
    cause: Option<ServiceError>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, cause: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error_code::BAD_REQUEST, message)
    }

    /// The body is too large or malformed.
    pub(crate) fn bad_body(status: StatusCode, message: String) -> Self {
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(status, error_code::TOO_LARGE, "The request body is too large.");
        }
        Self::bad_request(message)
    }

    /// There is nothing at this address, or the caller must not know of it.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "There is nothing at this address.")
    }

    pub(crate) fn unauthorized() -> Self {
        ServiceError::Unauthenticated.into()
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// One of [`error_code`].
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// A sentence for people, in English.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The service error behind it; none when the request did not reach a service.
    pub(crate) const fn cause(&self) -> Option<&ServiceError> {
        self.cause.as_ref()
    }

    pub(crate) fn is_ban(&self) -> bool {
        self.code == error_code::BANNED
    }

    /// A page about this error, with its `Retry-After`.
    pub(crate) fn with_page(&self, mut page: Response) -> Response {
        if let Some(wait) = self.retry_after {
            page.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait));
        }
        page
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let (kind, code) = error.classify();
        let status = match kind {
            ErrorKind::BadRequest => StatusCode::BAD_REQUEST,
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self { status, code, message: error.to_string(), retry_after: error.retry_after(), cause: Some(error) }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<PictureError> for ApiError {
    fn from(error: PictureError) -> Self {
        ServiceError::from(error).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorBody { code: self.code.into(), message: self.message.clone() };
        let response = (self.status, Json(ErrorResponse { error })).into_response();
        let mut response = self.with_page(response);
        // Pages replace the body by a translated one.
        response.extensions_mut().insert(self);
        response
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3), rounded up.
fn whole_seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + 1)
}

/// Answers paths under `/api` that do not exist.
pub(crate) async fn endpoint_not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "This endpoint does not exist.")
}

/// Answers methods that an endpoint does not support.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        error_code::BAD_REQUEST,
        "This endpoint does not support this method.",
    )
}
