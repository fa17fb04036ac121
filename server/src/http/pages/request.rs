//! Extractors: who requests a page, and the form that they sent.

use axum::{
    extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, RawForm, Request},
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    i18n::I18n,
    pages::{FormError, NavLinks},
};
use parlor_protocol::policy::ServerAction;
use serde::de::DeserializeOwned;

use super::paths::{page_of, redirect_target, with_next};
use crate::{
    http::{ApiError, AppState, ResponseCookies, SameOrigin, caller::PresentedToken, language, scheme},
    services::{Caller, ClientInfo},
};

/// A request for a page, or one that sends a form of a page. Only pages of this server may send forms.
///
/// As an extractor with a [`Caller`] it redirects visitors who are not signed in to the sign-in page, which leads back. Banned
/// callers are rejected, except with a [`PresentedToken`].
pub(super) struct PageRequest<C = Caller> {
    pub(super) app: AppState,
    pub(super) caller: C,
    pub(super) client: ClientInfo,
    pub(super) i18n: I18n,
    /// Also the action of the form that was sent.
    pub(super) path: String,
    pub(super) nav: Option<NavLinks>,
    pub(super) headers: HeaderMap,
    pub(super) cookies: ResponseCookies,
    /// Whether browsers use https.
    is_https: bool,
}

impl<C> PageRequest<C> {
    async fn with_caller(parts: &mut Parts, app: &AppState, caller: C) -> Result<Self, ApiError> {
        if parts.method != Method::GET {
            SameOrigin::from_request_parts(parts, app).await?;
        }
        let Ok(client) = ClientInfo::from_request_parts(parts, app).await;
        let Ok(cookies) = ResponseCookies::from_request_parts(parts, app).await;
        Ok(Self {
            app: app.clone(),
            caller,
            client,
            i18n: I18n::new(language::of(&parts.headers)),
            path: parts.uri.path().to_owned(),
            nav: None,
            headers: parts.headers.clone(),
            cookies,
            is_https: scheme::is_https(parts, &app.config),
        })
    }

    /// The address of a path of this server, for others to open.
    pub(super) fn url(&self, path: &str) -> String {
        let host = self.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let scheme = if self.is_https { "https" } else { "http" };
        let root = self.app.config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{host}"));
        root + path
    }
}

impl FromRequestParts<AppState> for PageRequest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        let visitor = PageRequest::<Option<Caller>>::from_request_parts(parts, app).await;
        let visitor = visitor.map_err(IntoResponse::into_response)?;
        let PageRequest { app, caller, client, i18n, path, headers, cookies, is_https, .. } = visitor;
        let Some(caller) = caller else {
            let page = page_of(&path).unwrap_or_default();
            return Err(Redirect::to(&with_next("/sign-in", redirect_target(&page))).into_response());
        };
        let can = |action| app.services.can(&caller, action);
        let nav = Some(NavLinks {
            people: can(ServerAction::ListPeople),
            bans: can(ServerAction::Moderate),
            audit: can(ServerAction::Audit),
            settings: can(ServerAction::ManageServer),
        });
        Ok(Self { app, caller, client, i18n, path, nav, headers, cookies, is_https })
    }
}

impl FromRequestParts<AppState> for PageRequest<Option<Caller>> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let request = Self::with_caller(parts, app, None).await?;
        let caller = <Caller as OptionalFromRequestParts<AppState>>::from_request_parts(parts, app).await?;
        Ok(Self { caller, ..request })
    }
}

impl FromRequestParts<AppState> for PageRequest<PresentedToken> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let Ok(token) = PresentedToken::from_request_parts(parts, app).await;
        Self::with_caller(parts, app, token).await
    }
}

/// A form: its fields by type, and as they were sent.
pub(super) struct PageForm<T> {
    pub(super) input: T,
    values: Vec<(String, String)>,
}

impl<T> PageForm<T> {
    /// The input, and where to show an error that concerns it.
    pub(super) fn split(self, field: &'static str) -> (T, FormError) {
        (self.input, FormError { field: Some(field), values: self.values, ..FormError::default() })
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for PageForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let RawForm(body) = RawForm::from_request(request, app).await.map_err(|rejection| {
            let rejection = rejection.into_response();
            ApiError::bad_body(rejection.status(), "Send the fields of a form.".into())
        })?;
        let parse_error = |error: serde_urlencoded::de::Error| ApiError::bad_request(error.to_string());
        Ok(Self {
            input: serde_urlencoded::from_bytes(&body).map_err(parse_error)?,
            values: serde_urlencoded::from_bytes(&body).map_err(parse_error)?,
        })
    }
}

/// A number in a form. A text that is not one becomes 0, which services reject.
pub(super) fn number(text: &str) -> u32 {
    text.parse().unwrap_or(0)
}
