//! Extractors for the session of a request: its token, and the person behind it.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

use super::{ApiError, AppState, ConnectionInfo};
use crate::{
    domain::TokenHash,
    services::{Caller, hash_token},
};

/// The cookie that carries the token.
pub(crate) const COOKIE: &str = "parlor_session";

pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The session token. The `Authorization` header, which clients set explicitly, takes precedence over the cookie, which
/// browsers send by themselves.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        _ => cookie(headers, COOKIE),
    }
}

/// The session token of a request, valid or not.
pub(crate) struct PresentedToken(pub(crate) Option<TokenHash>);

impl FromRequestParts<AppState> for PresentedToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &AppState) -> Result<Self, Infallible> {
        Ok(Self(token(&parts.headers).map(hash_token)))
    }
}

/// None without a valid session; 403 for someone who is banned.
impl OptionalFromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Option<Self>, ApiError> {
        let Some(token) = token(&parts.headers) else { return Ok(None) };
        let address = parts.extensions.get().map(|connection: &ConnectionInfo| connection.client);
        Ok(state.services.authenticate(token, address).await?)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn token_comes_from_header_before_cookie() {
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers), None);
        headers.insert(header::COOKIE, "tz=60; parlor_session=abc".parse().unwrap());
        assert_eq!(token(&headers), Some("abc"));
        headers.insert(header::AUTHORIZATION, "bearer xyz".parse().unwrap());
        assert_eq!(token(&headers), Some("xyz"));
        headers.insert(header::AUTHORIZATION, "Basic xyz".parse().unwrap());
        assert_eq!(token(&headers), Some("abc"));
    }
}
