//! `/settings` and its forms: the server's name and picture, and who can join.

use axum::{
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    response::IntoResponse,
};
use leptos::prelude::*;
use parlor_app::{
    i18n::Key,
    pages::{FormError, FormState, SettingsPage},
};
use parlor_protocol::{
    http::{EntryPolicy, UpdateSettingsRequest},
    limits::MAX_PICTURE_BYTES,
};
use serde::Deserialize;

use super::{
    SETTINGS,
    request::{PageForm, PageRequest},
    respond::{FormPage, NoticeQuery, PageResult},
};
use crate::{
    http::{ApiError, AppState, QueryParams},
    services::{Caller, Field, ServiceError},
};

struct Settings;

impl FormPage for Settings {
    type Caller = Caller;

    fn path(&self) -> String {
        SETTINGS.into()
    }

    async fn render(&self, request: &PageRequest, form: FormState) -> PageResult {
        let settings = request.app.services.settings_for(&request.caller)?;
        let title = request.i18n.t(Key::ServerSettings);
        Ok(request.page(self.path(), title, form, || view! { <SettingsPage settings /> }))
    }
}

/// `GET /settings`
pub(super) async fn show(request: PageRequest, QueryParams(notice): QueryParams<NoticeQuery>) -> PageResult {
    Settings.render(&request, notice.into()).await
}

/// `POST /settings/name`
pub(super) async fn save_name(request: PageRequest, body: Request) -> PageResult {
    let (result, at) = save_name_form(&request, body).await?;
    request.finish(&Settings, result, "settings", at).await
}

/// `POST /settings/entry`
pub(super) async fn save_entry(request: PageRequest, form: PageForm<EntryForm>) -> PageResult {
    let (input, at) = form.split("entry");
    let result = input.save(&request).await;
    request.finish(&Settings, result, "settings", at).await
}

/// `POST /settings/picture/remove`
pub(super) async fn remove_picture(request: PageRequest) -> PageResult {
    let result = request.app.services.remove_picture(&request.caller).await;
    request.finish(&Settings, result.map(drop), "picture", FormError::default()).await
}

/// Saves the form with name and picture. Returns what came of it, and where to show an error.
pub(super) async fn save_name_form(
    request: &PageRequest,
    body: Request,
) -> Result<(Result<(), ServiceError>, FormError), ApiError> {
    // Nobody else's file is read.
    request.app.services.settings_for(&request.caller)?;
    let NameForm { name, picture } = NameForm::from_request(body, &request.app).await?;
    let values = name.iter().map(|name| ("name".to_owned(), name.clone())).collect();
    let update = UpdateSettingsRequest { name, entry: None };
    let result = request.app.services.update_settings(&request.caller, update, picture).await.map(drop);
    let about_picture = result.as_ref().is_err_and(|error| error.field() == Some(Field::Picture));
    let field = Some(if about_picture { "picture" } else { "name" });
    Ok((result, FormError { field, values, ..FormError::default() }))
}

#[derive(Default)]
struct NameForm {
    /// None if a flag fixes it.
    name: Option<String>,
    picture: Option<Vec<u8>>,
}

impl FromRequest<AppState> for NameForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let mut multipart = Multipart::from_request(request, app).await.map_err(|rejection| {
            let rejection = rejection.into_response();
            ApiError::bad_body(rejection.status(), "Send the fields of a form.".into())
        })?;
        let bad = |error: MultipartError| ApiError::bad_body(error.status(), error.body_text());
        let mut form = Self::default();
        while let Some(mut field) = multipart.next_field().await.map_err(bad)? {
            // A file that is too large is read to its end, or browsers would show no answer. One byte too many is kept.
            let mut bytes = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(bad)? {
                let room = (MAX_PICTURE_BYTES + 1).saturating_sub(bytes.len());
                bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            match field.name() {
                Some("name") => form.name = Some(String::from_utf8_lossy(&bytes).into_owned()),
                // Browsers send an empty file if none was chosen.
                Some("picture") => form.picture = Some(bytes).filter(|bytes| !bytes.is_empty()),
                _ => {}
            }
        }
        Ok(form)
    }
}

/// The form with who can join.
#[derive(Deserialize)]
pub(super) struct EntryForm {
    /// None if flags decide it.
    entry: Option<EntryPolicy>,
}

impl EntryForm {
    pub(super) async fn save(self, request: &PageRequest) -> Result<(), ServiceError> {
        let update = UpdateSettingsRequest { name: None, entry: self.entry };
        request.app.services.update_settings(&request.caller, update, None).await.map(drop)
    }
}
