//! Extractors for the session of a request: its token, and the person behind it.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};

use super::{ApiError, AppState, ConnectionInfo};
use crate::{
    domain::TokenHash,
    services::{Caller, hash_token},
};

/// The valid session of a request, also of someone who is banned.
pub(crate) struct PresentedToken(pub(crate) Option<TokenHash>);

impl FromRequestParts<AppState> for PresentedToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        for token in state.session_cookie.tokens(&parts.headers).into_iter().map(hash_token) {
            if matches!(state.services.session_user(token).await, Ok(Some(_))) {
                return Ok(Self(Some(token)));
            }
        }
        Ok(Self(None))
    }
}

/// None without a valid session; 403 for someone who is banned.
impl OptionalFromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Option<Self>, ApiError> {
        let address = parts.extensions.get().map(|connection: &ConnectionInfo| connection.client);
        for token in state.session_cookie.tokens(&parts.headers) {
            if let Some(caller) = state.services.authenticate(token, address).await? {
                return Ok(Some(caller));
            }
        }
        Ok(None)
    }
}

/// 401 without a valid session; 403 for someone who is banned.
impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        <Self as OptionalFromRequestParts<AppState>>::from_request_parts(parts, state)
            .await?
            .ok_or_else(ApiError::unauthorized)
    }
}
