//! Pages with forms, for who has no scripts and for all others: coming in with an account, and looking after it.
//!
//! The handlers of the API do the work, with their checks and limits; here are a form's fields before that and a page after.

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use parlor_app::{
    forms::{Frame, Problem, Refused},
    words::{Word, Words, forms::Word as Say},
};
use parlor_protocol::{UserId, limits, refusal};

use super::{App, Failure, accounts, assets, language, sessions};
use crate::accounts::password::Weak;

mod account;
mod entering;

/// Nothing but the style sheet, icons, and forms to this server.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Where one comes to after signing in, unless one wanted to go elsewhere.
const LOBBY: &str = "/r/lobby";
const ACCOUNT: &str = "/account";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(entering::sign_in_page).post(entering::sign_in))
        .route("/sign-up", get(entering::sign_up_page).post(entering::sign_up))
        .route("/invite/{secret}", get(entering::by_link))
        .route("/first/{secret}", get(entering::by_link))
        .route("/reset/{secret}", get(entering::reset_page).post(entering::reset))
        .route(ACCOUNT, get(account::show))
        .route("/account/name", post(account::rename))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/end", post(account::end_others))
        .route("/account/sessions/{id}/end", post(account::end_session))
        .route("/account/sign-out", post(account::sign_out))
        .route("/account/invites", post(account::invite))
        .route("/account/invites/{id}/revoke", post(account::revoke_invite))
        .route("/account/delete", post(account::delete))
}

/// Whether a path is that of a page here.
fn is_page(path: &str) -> bool {
    matches!(path, "/sign-in" | "/sign-up" | ACCOUNT)
        || ["/account/", "/invite/", "/first/", "/reset/"].iter().any(|begin| path.starts_with(begin))
}

/// Whether another language may lead back to an address of one of these pages. Forms' own addresses are none: they are
/// asked by POST alone.
pub(super) fn is_address(address: &str) -> bool {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let is_link = ["/invite/", "/first/", "/reset/"].iter().any(|begin| {
        path.strip_prefix(begin)
            .is_some_and(|secret| !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    });
    match query.strip_prefix("next=") {
        Some(next) => matches!(path, "/sign-in" | "/sign-up") && is_destination(next),
        None => query.is_empty() && (is_link || matches!(path, "/sign-in" | "/sign-up" | ACCOUNT)),
    }
}

/// Whether one may be sent there after coming in: a room of this server or one's own page, and nowhere else.
fn is_destination(next: &str) -> bool {
    next == ACCOUNT || sessions::is_room_address(next)
}

/// Where someone goes on to; empty for nowhere in particular.
fn destination(next: &str) -> &str {
    if is_destination(next) { next } else { "" }
}

/// What is around a page, for who sends these headers.
fn frame(headers: &HeaderMap, here: impl Into<String>) -> Frame {
    Frame { words: Words::new(language::of(headers)), css: assets::site_files().css, here: here.into() }
}

/// `here` of a page that goes on to another address.
fn with_next(path: &str, next: &str) -> String {
    if next.is_empty() { path.to_owned() } else { format!("{path}?next={next}") }
}

/// A page as an answer. It is one person's at one moment, and may have a link that is shown once: nobody keeps it.
fn page(status: StatusCode, words: Words, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (status, headers, AppendHeaders(language::headers(words.language())), html).into_response()
}

/// On to another page, with the session that an answer of the API has begun or ended.
fn go_on(answer: &Response, to: &str) -> Response {
    let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
    let cookies: Vec<_> = cookies.map(|cookie| (header::SET_COOKIE, cookie.clone())).collect();
    (AppendHeaders(cookies), Redirect::to(to)).into_response()
}

/// A failure in the reader's words.
fn explain(words: Words, failure: &Failure) -> String {
    match failure.code() {
        refusal::RATE_LIMITED => words.say(Say::TriedTooOften).to_owned(),
        code => words.code(code).map_or_else(|| failure.message().to_owned(), str::to_owned),
    }
}

/// A failure at a field, in the reader's words.
fn problem(words: Words, failure: &Failure, at: &'static str) -> Problem {
    Problem { at, text: explain(words, failure) }
}

/// What is wrong with a name, if that is what the failure is about.
async fn name_problem(
    app: &App,
    words: Words,
    failure: &Failure,
    typed: &str,
    me: Option<UserId>,
) -> Result<Option<String>, Failure> {
    let name = accounts::checked_name(typed);
    Ok(match (failure.code(), name) {
        (refusal::NAME_TAKEN, Ok(name)) => Some(match accounts::free_name_like(app, &name.text, me).await? {
            Some(name) => words.fill(Word::NameTakenOther, &[("name", &name)]),
            None => words.of(Word::NameTaken).to_owned(),
        }),
        (refusal::EMPTY | refusal::TOO_LONG | refusal::BAD_CHARACTERS, Err(invalid)) => {
            Some(words.fill(Word::BadName, &[("why", &words.invalid(invalid))]))
        }
        _ => None,
    })
}

/// What is wrong with a new password.
fn weakness(words: Words, weak: Weak) -> String {
    match weak {
        Weak::TooShort => words.say_with(Say::TooShortPassword, &[("n", &limits::MIN_PASSWORD_CHARS.to_string())]),
        Weak::TooLong => words.say_with(Say::TooLongPassword, &[("n", &limits::MAX_PASSWORD_BYTES.to_string())]),
        Weak::Obvious => words.say(Say::ObviousPassword).to_owned(),
    }
}

/// Makes pages of failures that no form has taken up, such as a limit on changes or an origin that is refused.
pub(super) async fn in_words(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_page(path) {
        return next.run(request).await;
    }
    // A form's own address cannot be asked by GET.
    let here = if path.starts_with("/account/") { ACCOUNT } else { path };
    let frame = frame(request.headers(), here);
    let answer = next.run(request).await;
    let Some(failure) = answer.extensions().get::<Failure>() else { return answer };
    let (words, status) = (frame.words, answer.status());
    let refused = Refused { text: explain(words, failure), signed_in: false };
    let mut response = page(status, words, refused.page(frame));
    if let Some(wait) = answer.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for next in ["/r/lobby", "/account"] {
            assert_eq!(destination(next), next);
        }
        for next in ["", "/", "//evil.example", "https://evil.example", "/account/../x", "/account?x", "/r/a\r\nb"] {
            assert_eq!(destination(next), "", "{next}");
        }
    }

    #[test]
    fn a_language_leads_back_to_pages_alone() {
        for address in ["/sign-in", "/sign-in?next=/r/k3f", "/sign-up", "/account", "/invite/0af3", "/reset/0af3"] {
            assert!(is_address(address), "{address}");
        }
        for address in [
            "",
            "/",
            "/invite/",
            "/invite//evil.example",
            "/invite/a?next=/r/a",
            "/sign-in?next=//evil.example",
            "/sign-in?x=1",
            "/account/delete",
            "/sign-in\r\nx: y",
            "//sign-in",
        ] {
            assert!(!is_address(address), "{address}");
        }
    }
}
