//! The credentials of a request to a gateway.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};

use crate::{
    extract::{ApiError, AppState, SameOrigin, is_foreign},
    services::{Caller, ClientInfo},
};

/// A session by bearer token, or by cookie from a page of this server; everyone else is a guest. As an extractor it rejects
/// other origins (403), invalid tokens (401) and banned users (403).
pub(super) struct Credentials {
    pub(super) visitor: ClientInfo,
    /// `None` for a guest who is still to be created.
    pub(super) caller: Option<Caller>,
}

impl FromRequestParts<AppState> for Credentials {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        SameOrigin::from_request_parts(parts, app).await?;
        if is_foreign(parts, &app.config) {
            // An allowed origin may use the gateway, but not the session of its visitor.
            parts.headers.remove(header::COOKIE);
        }
        let Ok(visitor) = ClientInfo::from_request_parts(parts, app).await;
        let caller = <Caller as OptionalFromRequestParts<AppState>>::from_request_parts(parts, app).await?;
        if caller.is_none() && parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(ApiError::unauthorized());
        }
        Ok(Self { visitor, caller })
    }
}
