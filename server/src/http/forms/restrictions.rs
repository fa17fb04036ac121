//! The forms on someone's page to mute and to ban them, and to end that.

use axum::{
    Form,
    extract::{Path, Query, State},
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
    person::{Sent, Who, id_of},
    reader::Reader,
};
use crate::http::{ApiError, App, SameOrigin, fields::Fields, moderation};

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
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Mute>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let fields = Fields(form.of(None));
    let done = moderation::mute(origin, caller.clone(), State(app.clone()), Ok(Path(user)), fields).await;
    Sent { app: &app, caller, headers: &headers, user }.end(done, "muted", id::MUTE, TypedBan::default()).await
}

/// `POST /people/{user}/unmute`
pub(super) async fn unmute(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    user: Who,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let everywhere = Ok(Query(moderation::Where { room: None }));
    let done = moderation::unmute(origin, caller.clone(), State(app.clone()), Ok(Path(user)), everywhere).await;
    Sent { app: &app, caller, headers: &headers, user }.ended(done, "unmuted").await
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
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Ban>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let Ban { reason, hours, address } = form;
    let typed = TypedBan { reason: reason.clone(), hours, address: address.is_some() };
    let hours = (!typed.hours.is_empty()).then(|| typed.hours.parse().unwrap_or(0));
    let fields = Fields(BanRequest { hours, reason, address: typed.address });
    let done = moderation::ban(origin, caller.clone(), State(app.clone()), Ok(Path(user)), fields).await;
    Sent { app: &app, caller, headers: &headers, user }.end(done, "banned", id::REASON, typed).await
}

#[derive(Deserialize)]
pub(super) struct Lift {
    /// It comes from the list of bans, and leads back there.
    list: Option<String>,
}

/// `POST /people/{user}/lift`
pub(super) async fn lift_ban(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Lift>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let done = moderation::lift_ban(origin, caller.clone(), State(app.clone()), Ok(Path(user))).await;
    match done {
        Ok(_) if form.list.is_some() => Ok(Redirect::to(&format!("{BANS}?done=lifted")).into_response()),
        done => Sent { app: &app, caller, headers: &headers, user }.ended(done, "lifted").await,
    }
}
