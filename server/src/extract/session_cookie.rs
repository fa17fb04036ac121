//! The session cookie: its name, and how it is read and set.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::AppendHeaders,
};
use parlor_protocol::Millis;

use super::{AppState, scheme};

/// The name in earlier versions, the same on every server. Browsers that have one stay signed in.
const LEGACY_NAME: &str = "parlor_session";

/// Tokens of one request that are tried. Each costs a look-up.
const MAX_TOKENS: usize = 4;

/// Length of a token, in characters.
const TOKEN_LENGTH: usize = 64;

/// The names of the session cookie and how long it is kept.
#[derive(Debug)]
pub struct SessionCookie {
    /// Over https: browsers accept it only from this host itself, not from a subdomain or over http (RFC 6265bis, section 4.1.3.2).
    secure_name: String,
    plain_name: String,
    max_age_seconds: Millis,
}

impl SessionCookie {
    /// The id of the server tells its cookie from that of another server on the same host name: cookies do not belong to a port.
    pub fn new(server_id: &str, session_lifetime: Millis) -> Self {
        let plain_name = format!("{LEGACY_NAME}_{server_id}");
        Self { secure_name: format!("__Host-{plain_name}"), plain_name, max_age_seconds: session_lifetime / 1_000 }
    }

    /// The session tokens of a request in the order in which they are tried. The `Authorization` header, which clients set
    /// explicitly, excludes cookies, which browsers send by themselves. Several cookies may have the same name, and browsers
    /// do not say which is whose.
    pub(crate) fn tokens<'a>(&'a self, headers: &'a HeaderMap) -> Vec<&'a str> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some((scheme, token)) = bearer.and_then(|value| value.split_once(' '))
            && scheme.eq_ignore_ascii_case("bearer")
        {
            return vec![token.trim()];
        }
        let names = [self.secure_name.as_str(), &self.plain_name, LEGACY_NAME];
        let tokens = names.into_iter().flat_map(|name| values(headers, name));
        tokens.filter(|token| token.len() == TOKEN_LENGTH).take(MAX_TOKENS).collect()
    }
}

/// The first cookie with this name.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    values(headers, name).next()
}

/// The values of all cookies with this name. Others may contain any bytes.
fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| str::from_utf8(pair).ok()?.trim().strip_prefix(name)?.strip_prefix('='))
}

pub(crate) type SetCookie = AppendHeaders<Vec<(HeaderName, HeaderValue)>>;

/// Sets cookies in the response to a request.
#[derive(Clone)]
pub(crate) struct ResponseCookies {
    session: Arc<SessionCookie>,
    is_https: bool,
}

impl FromRequestParts<AppState> for ResponseCookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        Ok(Self { session: app.session_cookie.clone(), is_https: scheme::is_https(parts, &app.config) })
    }
}

impl ResponseCookies {
    /// Sets the session cookie.
    pub(crate) fn set_session(&self, token: &str) -> SetCookie {
        let name = if self.is_https { &self.session.secure_name } else { &self.session.plain_name };
        AppendHeaders(vec![self.cookie(name, token, "; HttpOnly", self.session.max_age_seconds)])
    }

    /// Removes the session cookie, with https also the one from before https.
    pub(crate) fn remove_session(&self) -> SetCookie {
        let secure = self.is_https.then_some(&self.session.secure_name);
        let names = secure.into_iter().chain([&self.session.plain_name]);
        AppendHeaders(names.map(|name| self.cookie(name, "", "; HttpOnly", 0)).collect())
    }

    /// A cookie that scripts can read and set.
    pub(crate) fn set_preference(&self, name: &str, value: &str, max_age_seconds: Millis) -> SetCookie {
        AppendHeaders(vec![self.cookie(name, value, "", max_age_seconds)])
    }

    /// Names and values consist of letters, digits, hyphens and underscores, so the text is always a valid header.
    fn cookie(&self, name: &str, value: &str, http_only: &str, max_age: Millis) -> (HeaderName, HeaderValue) {
        let secure = if self.is_https { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/{http_only}; SameSite=Lax; Max-Age={max_age}{secure}");
        (header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(cookies: &[&[u8]]) -> HeaderMap {
        let cookies = cookies.iter().map(|text| (header::COOKIE, HeaderValue::from_bytes(text).unwrap()));
        cookies.collect()
    }

    #[test]
    fn tokens_come_from_the_header_or_else_from_all_cookies_of_the_server() {
        let cookie = SessionCookie::new("0123abcd", 1_000);
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|letter| letter.repeat(64));
        let text = format!(
            "tz=60; parlor_session={a}; parlor_session_ffffffff={a}; parlor_session_0123abcd={b}; parlor_session_0123abcd={c}; \
             parlor_session_0123abcd=short; __Host-parlor_session_0123abcd={d}"
        );
        let mut headers = headers(&[text.as_bytes()]);
        assert_eq!(cookie.tokens(&headers), [&d, &b, &c, &a]);
        headers.insert(header::AUTHORIZATION, "Basic xyz".parse().unwrap());
        assert_eq!(cookie.tokens(&headers).len(), 4);
        headers.insert(header::AUTHORIZATION, "bearer xyz".parse().unwrap());
        assert_eq!(cookie.tokens(&headers), ["xyz"]);
        let many = format!("parlor_session_0123abcd={a};").repeat(20);
        assert_eq!(cookie.tokens(&self::headers(&[many.as_bytes()])).len(), MAX_TOKENS);
    }

    #[test]
    fn other_cookies_may_contain_any_bytes() {
        let headers = headers(&[b"caf\xe9=\xff; lang=zh-Hans; \xc3\xa9=1", b"tz=60"]);
        assert_eq!((value(&headers, "lang"), value(&headers, "tz")), (Some("zh-Hans"), Some("60")));
        assert_eq!(value(&headers, "la"), None);
    }
}
