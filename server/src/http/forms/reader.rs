//! Who reads the pages of those who are in, and sends their forms.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use super::{page_of, to_sign_in};
use crate::{http::AppState, services::Caller};

/// Someone who is signed in. As an extractor it sends everyone else to sign in, and from there back to the page; who is
/// banned is told so.
pub(super) struct Reader(pub(super) Caller);

impl FromRequestParts<AppState> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        match <Caller as OptionalFromRequestParts<AppState>>::from_request_parts(parts, app).await {
            Ok(Some(caller)) => Ok(Self(caller)),
            Ok(None) => Err(to_sign_in(&page_of(parts.uri.path()).unwrap_or_default())),
            Err(failure) => Err(failure.into_response()),
        }
    }
}
