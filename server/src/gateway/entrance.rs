//! Who asks at a gateway.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};

use crate::http::{ApiError, App, Caller, SameOrigin, Visitor, is_foreign};

/// Whoever may come in, as far as the request's head tells: by a bearer token, or by the browser's cookie on a page of this
/// server. Everyone else is a guest. As an extractor it refuses pages from elsewhere (403), tokens that open nothing (401)
/// and those who were banned (403).
pub(super) struct Entrance {
    pub(super) visitor: Visitor,
    /// None: a guest, to be made.
    pub(super) caller: Option<Caller>,
}

impl FromRequestParts<App> for Entrance {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        SameOrigin::from_request_parts(parts, app).await?;
        if is_foreign(&parts.headers) {
            // It was allowed to take part, not to speak for whoever happens to look at it.
            parts.headers.remove(header::COOKIE);
        }
        let Ok(visitor) = Visitor::from_request_parts(parts, app).await;
        let caller = <Caller as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        if caller.is_none() && parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(ApiError::unauthorized());
        }
        Ok(Self { visitor, caller })
    }
}
