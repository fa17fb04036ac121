//! In which language a page is: by the reader's choice, which is in a cookie, else by what the browser asks for.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::i18n::Language;
use parlor_protocol::Millis;
use serde::Deserialize;

use super::{ApiError, FormBody, LAB_PAGE, ResponseCookies, SameOrigin, pages, session_cookie, sessions};

/// The cookie with the choice: a tag. It is no secret, and the page that is built in the browser reads and sets it too.
const COOKIE: &str = "lang";

/// A choice holds for a year.
const COOKIE_SECONDS: Millis = 365 * 24 * 3_600;

/// The language for who sends these headers.
pub(crate) fn of(headers: &HeaderMap) -> Language {
    session_cookie::value(headers, COOKIE).and_then(Language::from_tag).unwrap_or_else(|| {
        let asked = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        Language::negotiate(&asked.collect::<Vec<_>>().join(","))
    })
}

/// What a page's headers say of its language, and of what that was made by.
pub(crate) fn headers(language: Language) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
        (header::VARY, HeaderValue::from_static("cookie, accept-language")),
    ]
}

#[derive(Deserialize)]
pub(super) struct Choice {
    lang: String,
    #[serde(default)]
    next: String,
}

/// `POST /language`: the form in every page, which works without scripts.
pub(super) async fn choose(
    _origin: SameOrigin,
    cookies: ResponseCookies,
    FormBody(choice): FormBody<Choice>,
) -> Result<Response, ApiError> {
    let Some(language) = Language::from_tag(&choice.lang) else {
        let tags = Language::ALL.iter().map(|language| language.tag()).collect::<Vec<_>>().join(", ");
        return Err(ApiError::bad_request(format!("This language is not supported. `lang` must be one of: {tags}.")));
    };
    let next = Some(choice.next.as_str())
        .filter(|next| sessions::is_room_address(next) || pages::is_page_address(next) || *next == LAB_PAGE);
    let cookie = cookies.set_preference(COOKIE, language.tag(), COOKIE_SECONDS);
    Ok((cookie, Redirect::to(next.unwrap_or("/"))).into_response())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_choice_counts_before_the_browser() {
        let language = |cookie: &str, accept: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            for accept in accept {
                headers.append(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
            }
            of(&headers)
        };
        assert_eq!(language("a=b", &[]), Language::English);
        assert_eq!(language("a=b", &["zh-CN,zh;q=0.9,en;q=0.8"]), Language::Chinese);
        assert_eq!(language("lang=en; a=b", &["zh-CN"]), Language::English);
        assert_eq!(language("a=b; lang=zh-Hans", &["en"]), Language::Chinese);
        for unknown in ["lang=", "lang=de", "lang=ZH-HANS", "lang=\"en\"", "alang=en"] {
            assert_eq!(language(unknown, &["de", "zh;q=0.5"]), Language::Chinese, "{unknown}");
        }
    }
}
