//! Responses: a page, a page with what came of its form, or a page about an error.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use leptos::prelude::*;
use parlor_app::{
    i18n::{I18n, Key},
    pages::{Clock, ErrorPage, FormError, FormState, Layout},
    time::Zone,
};
use parlor_protocol::{error_code, http::CreatedSession};
use serde::Deserialize;

use super::{
    LOBBY, chat,
    messages::{error_text, notice},
    paths::page_of,
    request::PageRequest,
};
use crate::{
    clock,
    http::{ApiError, AppState, ResponseCookies, assets, language},
    services::ServiceError,
};

/// Nothing but the style sheet, icons, and forms to this server.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(super) type PageResult = Result<Response, ApiError>;

/// A page with forms that redirect to it, or answer with it if they are rejected.
pub(super) trait FormPage {
    /// Who may request it.
    type Caller;

    fn path(&self) -> String;

    fn render(&self, request: &PageRequest<Self::Caller>, form: FormState) -> impl Future<Output = PageResult> + Send;
}

/// The code of what a form did, which it leaves in the address that it redirects to. Only known codes are shown, so that a
/// link cannot put a text of its own on a page.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NoticeQuery {
    done: String,
}

impl From<NoticeQuery> for FormState {
    fn from(query: NoticeQuery) -> Self {
        Self { notice: notice(&query.done), ..Self::default() }
    }
}

impl<C> PageRequest<C> {
    /// A page in the language of the reader.
    pub(super) fn page<V: IntoView + 'static>(
        &self,
        path: String,
        title: &str,
        form: FormState,
        page: impl FnOnce() -> V,
    ) -> Response {
        let layout = Layout { nav: self.nav, ..layout(&self.app, &self.headers, path) };
        html(StatusCode::OK, self.i18n, layout.render(title, form, page))
    }

    /// Redirects to the page, which shows the notice; or answers with the page and the error.
    pub(super) async fn finish<P: FormPage<Caller = C>>(
        &self,
        page: &P,
        result: Result<(), ServiceError>,
        notice: &str,
        at: FormError,
    ) -> PageResult {
        match result {
            Ok(()) => Ok(Redirect::to(&format!("{}?done={notice}", page.path())).into_response()),
            Err(error) => self.reject(page, error, at).await,
        }
    }

    /// The page with the error, at the field that `at` names.
    pub(super) async fn reject<P: FormPage<Caller = C>>(
        &self,
        page: &P,
        error: impl Into<ApiError>,
        mut at: FormError,
    ) -> PageResult {
        let error = error.into();
        if at.message.is_empty() {
            at.message = error_text(self.i18n, &error);
            // Those who may not send a form do not see it, nor what it is about.
            if matches!(error.code(), error_code::FORBIDDEN | error_code::NOT_FOUND) {
                at.field = None;
            }
        }
        at.action.clone_from(&self.path);
        let form = FormState { error: Some(at), ..FormState::default() };
        let mut response = page.render(self, form).await?;
        *response.status_mut() = error.status();
        Ok(error.with_page(response))
    }

    /// The page with a link that was just created. Not a redirect: the link is shown once, and must not be in an address or a
    /// cookie.
    pub(super) async fn show_link<P: FormPage<Caller = C>>(&self, page: &P, path: &str) -> PageResult {
        page.render(self, FormState { link: Some(self.url(path)), ..FormState::default() }).await
    }
}

/// Begins a session and redirects.
pub(super) fn signed_in(cookies: &ResponseCookies, created: &CreatedSession, to: &str) -> Response {
    (cookies.set_session(&created.token), Redirect::to(to)).into_response()
}

/// The answer that every page begins with; nobody stores it, because it is one person's at one moment and may contain a link
/// that is shown once.
fn html(status: StatusCode, i18n: I18n, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (status, headers, AppendHeaders(language::headers(i18n.language())), html).into_response()
}

fn layout(app: &AppState, headers: &HeaderMap, path: String) -> Layout {
    Layout {
        i18n: I18n::new(language::of(headers)),
        css: assets::site_files().css,
        server: chat::identity(app),
        path,
        nav: None,
        clock: Clock { zone: Zone::Fixed(chat::time_zone(headers)), now: clock::now() },
    }
}

fn error_page(status: StatusCode, layout: Layout, title: Key, message: String, link: (String, Key)) -> Response {
    let i18n = layout.i18n;
    let (link, link_label) = link;
    let page = || view! { <ErrorPage title message link link_label /> };
    html(status, i18n, layout.render(i18n.t(title), FormState::default(), page))
}

/// Answers addresses that do not exist. Choosing a language there leads to the front page.
pub(in crate::http) fn not_found(app: &AppState, headers: &HeaderMap) -> Response {
    let layout = layout(app, headers, "/".into());
    let message = layout.i18n.error(error_code::NOT_FOUND).unwrap_or_default().to_owned();
    error_page(StatusCode::NOT_FOUND, layout, Key::PageNotFound, message, (LOBBY.into(), Key::OpenChat))
}

/// Middleware that turns errors of pages into pages, in the reader's language.
pub(in crate::http) async fn render_errors(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let Some(path) = page_of(request.uri().path()) else { return next.run(request).await };
    let layout = layout(&app, request.headers(), path.clone());
    let is_get = request.method() == Method::GET;
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<ApiError>() else { return response };
    // The same page whether something does not exist or is not for this reader to see.
    let title = if error.code() == error_code::NOT_FOUND { Key::PageNotFound } else { Key::RequestRejected };
    let link = if is_get { (LOBBY.to_owned(), Key::OpenChat) } else { (path, Key::Back) };
    let message = error_text(layout.i18n, error);
    error.with_page(error_page(response.status(), layout, title, message, link))
}
