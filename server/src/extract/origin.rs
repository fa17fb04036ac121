//! Extractor that rejects cross-origin requests, except from allowed origins.
//!
//! Browsers send `Origin` (RFC 6454) with every WebSocket upgrade and every request that changes something; other clients do
//! not.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};
use parlor_protocol::error_code;

use super::{ApiError, AppState, host, scheme};
use crate::config::Config;

/// Answers 403 to a page of another origin that is not on the allow list.
pub struct SameOrigin;

impl FromRequestParts<AppState> for SameOrigin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if is_allowed(parts, &state.config) {
            return Ok(Self);
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            error_code::ORIGIN_REFUSED,
            "This origin is not allowed. Add it with --allow-origin.",
        ))
    }
}

fn is_allowed(parts: &Parts, config: &Config) -> bool {
    let mut origins = parts.headers.get_all(header::ORIGIN).iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => return true,
        (Some(origin), None) => origin.to_str().unwrap_or_default(),
        (Some(_), Some(_)) => return false,
    };
    config.allow_origins.iter().any(|allowed| allowed == origin) || is_own(parts, config, origin)
}

/// Whether the request comes from a page of another origin, allowed or not.
pub(crate) fn is_foreign(parts: &Parts, config: &Config) -> bool {
    parts.headers.get(header::ORIGIN).is_some_and(|origin| !is_own(parts, config, origin.to_str().unwrap_or_default()))
}

/// Whether this is the origin of the server itself: its public URL, or scheme and host of the request.
fn is_own(parts: &Parts, config: &Config, origin: &str) -> bool {
    let (scheme, host) = (scheme::of_own_pages(parts, config), host::header(&parts.headers));
    let page = origin.strip_prefix(scheme).and_then(|origin| origin.strip_prefix("://"));
    page.is_some_and(|page| host.is_some_and(|host| page.eq_ignore_ascii_case(host)))
        || config.public_url.as_deref() == Some(origin)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::Request;

    use super::*;
    use crate::extract::scheme::ForwardedHttps;

    fn parts(host: &str, origins: &[&str], forwarded_https: Option<bool>) -> Parts {
        let mut request = Request::get("/").header(header::HOST, host);
        for origin in origins {
            request = request.header(header::ORIGIN, *origin);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ForwardedHttps(forwarded_https));
        parts
    }

    fn allowed(origins: &[&str]) -> bool {
        let config = Config { allow_origins: vec!["https://wiki.example".into()], ..Config::default() };
        is_allowed(&parts("127.0.0.1:3000", origins, None), &config)
    }

    #[test]
    fn own_pages_and_allowed_ones_only() {
        assert!(allowed(&[]) && allowed(&["http://127.0.0.1:3000"]) && allowed(&["https://wiki.example"]));
        for origin in [
            "http://127.0.0.1:3001",
            "http://127.0.0.1",
            "https://127.0.0.1:3000",
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

    #[test]
    fn the_scheme_is_the_one_that_browsers_use() {
        let local = Config::default();
        let public = Config { public_url: Some("https://chat.example".into()), ..Config::default() };
        for (config, host, origin, forwarded_https, own) in [
            (&local, "nas", "https://nas", Some(true), true),
            (&local, "nas", "http://nas", Some(true), false),
            (&local, "nas", "https://nas", None, false),
            (&public, "chat.example", "https://chat.example", None, true),
            (&public, "chat.example", "http://chat.example", None, false),
            (&public, "127.0.0.1:3000", "https://chat.example", None, true),
            (&public, "127.0.0.1:3000", "http://127.0.0.1:3000", None, true),
        ] {
            let parts = parts(host, &[origin], forwarded_https);
            assert_eq!(is_allowed(&parts, config), own, "{host} {origin}");
            assert_eq!(is_foreign(&parts, config), !own, "{host} {origin}");
        }
    }
}
