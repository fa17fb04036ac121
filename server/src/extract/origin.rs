//! Extractor that rejects cross-origin requests, except from allowed origins.
//!
//! Browsers send `Origin` (RFC 6454) with every WebSocket upgrade and every request that changes something; other clients do
//! not.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use parlor_protocol::error_code;

use super::{ApiError, AppState};
use crate::config::Config;

/// Answers 403 to a page of another origin that is not on the allow list.
pub struct SameOrigin;

impl FromRequestParts<AppState> for SameOrigin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if is_allowed(&parts.headers, &state.config) {
            return Ok(Self);
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            error_code::ORIGIN_REFUSED,
            "This origin is not allowed. Add it with --allow-origin.",
        ))
    }
}

fn is_allowed(headers: &HeaderMap, config: &Config) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => return true,
        (Some(origin), None) => origin.to_str().unwrap_or_default(),
        (Some(_), Some(_)) => return false,
    };
    config.allow_origins.iter().any(|allowed| allowed == origin) || is_own(headers, origin)
}

/// Whether the request comes from a page of another origin, allowed or not.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| !is_own(headers, origin.to_str().unwrap_or_default()))
}

fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    // The scheme is not compared: behind a proxy that ends TLS, the server sees http where the page says https.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    page.is_some_and(|page| host.is_some_and(|host| page.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn allowed(origins: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:3000".parse().unwrap());
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        let config = Config { allow_origins: vec!["https://wiki.example".into()], ..Config::default() };
        is_allowed(&headers, &config)
    }

    #[test]
    fn own_pages_and_allowed_ones_only() {
        assert!(allowed(&[]) && allowed(&["http://127.0.0.1:3000"]) && allowed(&["https://wiki.example"]));
        for origin in [
            "http://127.0.0.1:3001",
            "http://127.0.0.1",
            "https://evil.example",
            "null",
            "",
            "http://127.0.0.1:3000.evil.example",
            "https://wiki.example.evil.example",
            "file://",
        ] {
            assert!(!allowed(&[origin]), "{origin}");
        }
        assert!(!allowed(&["http://127.0.0.1:3000", "https://evil.example"]), "two are none");
    }
}
