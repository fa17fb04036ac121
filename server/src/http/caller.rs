//! Who sends a request: the session's token from the cookie or the `Authorization` header.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use std::{convert::Infallible, net::IpAddr, sync::Arc};

use parlor_protocol::{ServerRole, User, UserKind};
use sha2::{Digest, Sha256};

use super::{ApiError, App, ConnectionInfo};
use crate::domain::{AuthenticatedUser, TokenHash};

/// The cookie that carries the token.
pub(super) const COOKIE: &str = "parlor_session";

/// Someone with a session. As an extractor it answers 401 without one, and 403 when they are banned, or are a guest from a
/// banned address.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose session it is.
    pub user: Arc<User>,
    /// What they may do on the whole server.
    pub role: ServerRole,
    /// The session.
    pub token: TokenHash,
}

/// A new secret: 256 bits from the operating system, as hexadecimal digits.
pub(crate) fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What is stored of a token.
pub(crate) fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
}

/// The value of a cookie, if the request has it.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A header that was set on purpose counts before a cookie that the browser sends by itself.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        _ => cookie(headers, COOKIE),
    }
}

impl Caller {
    /// Whose session this token opens, at this address.
    ///
    /// # Errors
    /// They are banned, or are a guest from a banned address; or the store failed.
    pub(crate) async fn by_token(app: &App, token: &str, address: Option<IpAddr>) -> Result<Option<Self>, ApiError> {
        let token = hash(token);
        let Some(AuthenticatedUser { user, role }) = app.live.store.session(token).await? else { return Ok(None) };
        let address = address.filter(|_| user.kind == UserKind::Guest);
        let from_there = || app.live.store.address_ban(address?);
        match app.live.store.ban_of(user.id).or_else(from_there) {
            Some(ban) => Err(ApiError::banned(ban)),
            None => Ok(Some(Self { user, role, token })),
        }
    }

    /// The same, without the session.
    pub fn signed_in(&self) -> AuthenticatedUser {
        AuthenticatedUser { user: self.user.clone(), role: self.role }
    }
}

/// The session that a request comes with, whether it opens anything or not.
pub(super) struct Presented(pub(super) Option<TokenHash>);

impl FromRequestParts<App> for Presented {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        Ok(Self(token(&parts.headers).map(hash)))
    }
}

impl OptionalFromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, ApiError> {
        let Some(token) = token(&parts.headers) else { return Ok(None) };
        Self::by_token(app, token, parts.extensions.get().map(|slot: &ConnectionInfo| slot.client)).await
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app)
            .await?
            .ok_or_else(ApiError::unauthorized)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens_are_found_in_cookie_and_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers), None);
        headers.insert(header::COOKIE, "tz=60; parlor_session=abc".parse().unwrap());
        assert_eq!(token(&headers), Some("abc"));
        headers.insert(header::AUTHORIZATION, "bearer xyz".parse().unwrap());
        assert_eq!(token(&headers), Some("xyz"));
        headers.insert(header::AUTHORIZATION, "Basic xyz".parse().unwrap());
        assert_eq!(token(&headers), Some("abc"));
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, two) = (new_token().unwrap(), new_token().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
    }
}
