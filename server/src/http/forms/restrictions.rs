//! The forms on someone's page to mute and to ban them, and to end that.

use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::forms::{TypedBan, id};
use parlor_protocol::{
    RoomId,
    http::{BanRequest, MuteRequest},
};
use serde::Deserialize;

use super::{
    BANS,
    person::{Sent, Who, address, id_of},
    reader::Reader,
};
use crate::{
    http::{ApiError, AppState, SameOrigin},
    services::ServiceError,
};

#[derive(Deserialize)]
pub(super) struct Mute {
    #[serde(default)]
    minutes: String,
}

impl Mute {
    /// What can be no number becomes one that the API refuses.
    pub(super) fn of(&self, room: Option<RoomId>) -> MuteRequest {
        MuteRequest { minutes: self.minutes.parse().unwrap_or(0), room }
    }
}

/// `POST /people/{user}/mute`: on the whole server.
pub(super) async fn mute(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Mute>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let done = app.services.mute(&caller, user, form.of(None)).await;
    Sent { app: &app, caller, headers: &headers, user }.end(done, "muted", id::MUTE, TypedBan::default()).await
}

/// `POST /people/{user}/unmute`
pub(super) async fn unmute(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let done = match app.services.unmute(&caller, user, None).await {
        Err(ServiceError::NotMuted) => return Ok(Redirect::to(&address(user)).into_response()),
        done => done,
    };
    Sent { app: &app, caller, headers: &headers, user }.end(done, "unmuted", id::PERSON, TypedBan::default()).await
}

#[derive(Deserialize)]
pub(super) struct Ban {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    hours: String,
    /// A box that is not ticked is not sent.
    address: Option<String>,
}

/// `POST /people/{user}/ban`
pub(super) async fn ban(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Ban>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let Ban { reason, hours, address } = form;
    let typed = TypedBan { reason: reason.clone(), hours, address: address.is_some() };
    let hours = (!typed.hours.is_empty()).then(|| typed.hours.parse().unwrap_or(0));
    let request = BanRequest { hours, reason, address: typed.address };
    let done = app.services.ban(&caller, user, request).await;
    Sent { app: &app, caller, headers: &headers, user }.end(done, "banned", id::REASON, typed).await
}

#[derive(Deserialize)]
pub(super) struct Lift {
    /// It comes from the list of bans, and leads back there.
    list: Option<String>,
}

/// `POST /people/{user}/lift`
pub(super) async fn lift_ban(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Lift>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    match app.services.lift_ban(&caller, user).await {
        Ok(()) if form.list.is_some() => Ok(Redirect::to(&format!("{BANS}?done=lifted")).into_response()),
        Err(ServiceError::NotBanned) => Ok(Redirect::to(&address(user)).into_response()),
        done => {
            let sent = Sent { app: &app, caller, headers: &headers, user };
            sent.end(done, "lifted", id::PERSON, TypedBan::default()).await
        }
    }
}
