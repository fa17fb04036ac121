//! `/setup/…`: the four steps through which the first owner is led. Each can be skipped and repeated.

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect},
};
use leptos::prelude::*;
use parlor_app::pages::{FormError, FormState, SetupPage, SetupStep};
use parlor_protocol::{
    RoomKind,
    http::{CreateInviteRequest, CreateRoomRequest},
};
use serde::Deserialize;

use super::{
    request::{PageForm, PageRequest},
    respond::{FormPage, POLICY, PageResult},
    settings::{EntryForm, save_name_form},
};
use crate::services::{Caller, Field};

impl FormPage for SetupStep {
    type Caller = Caller;

    fn path(&self) -> String {
        Self::path(*self).into()
    }

    async fn render(&self, request: &PageRequest, form: FormState) -> PageResult {
        let settings = request.app.services.settings_for(&request.caller)?;
        let (step, title) = (*self, request.i18n.t(self.title()));
        Ok(request.page(FormPage::path(self), title, form, || view! { <SetupPage step settings /> }))
    }
}

/// `GET /setup`
pub(super) async fn begin() -> Redirect {
    Redirect::to(SetupStep::Name.path())
}

/// `GET /setup/name`
pub(super) async fn show_name(request: PageRequest) -> PageResult {
    SetupStep::Name.render(&request, FormState::default()).await
}

/// `POST /setup/name`
pub(super) async fn save_name(request: PageRequest, body: Request) -> PageResult {
    match save_name_form(&request, body).await? {
        (Ok(()), _) => Ok(Redirect::to(SetupStep::Entry.path()).into_response()),
        (Err(error), at) => request.reject(&SetupStep::Name, error, at).await,
    }
}

/// `GET /setup/entry`
pub(super) async fn show_entry(request: PageRequest) -> PageResult {
    SetupStep::Entry.render(&request, FormState::default()).await
}

/// `GET /setup/invite`. Creates no invitation, because it may be loaded again at any time.
pub(super) async fn show_invite(request: PageRequest) -> PageResult {
    SetupStep::Invite.render(&request, FormState::default()).await
}

#[derive(Deserialize)]
pub(super) struct InviteForm {
    #[serde(flatten)]
    entry: EntryForm,
    skip: Option<String>,
}

/// `POST /setup/invite`: saves the choice of the step before, if there is one, and creates an invitation.
pub(super) async fn create_invite(request: PageRequest, form: PageForm<InviteForm>) -> PageResult {
    request.app.services.settings_for(&request.caller)?;
    let (InviteForm { entry, skip }, at) = form.split("entry");
    if skip.is_none()
        && let Err(error) = entry.save(&request).await
    {
        return request.reject(&SetupStep::Entry, error, at).await;
    }
    let created = match request.app.services.create_invite(&request.caller, CreateInviteRequest::default()).await {
        Ok(created) => created,
        Err(error) => return request.reject(&SetupStep::Entry, error, FormError::default()).await,
    };
    let mut response = request.show_link(&SetupStep::Invite, &created.link).await?;
    // For the script that copies the link.
    if let Ok(policy) = HeaderValue::from_str(&format!("{POLICY}; script-src 'self'")) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// `GET /setup/copy.js`
pub(super) async fn copy_script() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("copy.js"))
}

/// `GET /setup/room`
pub(super) async fn show_room(request: PageRequest) -> PageResult {
    SetupStep::Room.render(&request, FormState::default()).await
}

#[derive(Deserialize)]
pub(super) struct RoomForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    topic: String,
}

/// `POST /setup/room`: on to the new room.
pub(super) async fn create_room(request: PageRequest, form: PageForm<RoomForm>) -> PageResult {
    let (RoomForm { name, topic }, mut at) = form.split("name");
    let services = &request.app.services;
    services.settings_for(&request.caller)?;
    let create = CreateRoomRequest { name, kind: RoomKind::Public };
    match services.create_room_with_topic(&request.caller, create, &topic).await {
        Ok(created) => Ok(Redirect::to(&format!("/r/{}", created.room.id)).into_response()),
        Err(error) => {
            if error.field() == Some(Field::Topic) {
                at.field = Some("topic");
            }
            request.reject(&SetupStep::Room, error, at).await
        }
    }
}
