//! `/rooms/…/settings` and its forms for the room as a whole; [`super::members`] has those for its members.

use axum::response::{IntoResponse, Redirect};
use leptos::prelude::*;
use parlor_app::{
    i18n::Key,
    pages::{FormError, FormState, RoomDetails, RoomPermissions, RoomSettingsPage},
};
use parlor_protocol::{NotificationLevel, RoomId, UserId, http::UpdateRoomRequest};
use serde::Deserialize;

use super::{
    LOBBY, members,
    request::{PageForm, PageRequest},
    respond::{FormPage, NoticeQuery, PageResult},
};
use crate::{
    http::{ApiError, PathParams, QueryParams},
    services::{Caller, Field},
};

/// A room's settings, with a page of its members.
pub(super) struct RoomSettings {
    room: RoomId,
    page: MembersQuery,
}

impl From<RoomId> for RoomSettings {
    fn from(room: RoomId) -> Self {
        Self { room, page: MembersQuery::default() }
    }
}

impl FormPage for RoomSettings {
    type Caller = Caller;

    fn path(&self) -> String {
        format!("/rooms/{}/settings", self.room)
    }

    async fn render(&self, request: &PageRequest, form: FormState) -> PageResult {
        let (services, caller) = (&request.app.services, &request.caller);
        let found = services.room_details(caller, &self.room).await?;
        let MembersQuery { after, from } = self.page;
        let members = services.members_page(caller, &self.room, after).await?;
        let members = members::member_list(members, after.map_or(0, |_| from));
        let title = format!("{} · {}", found.summary.name, request.i18n.t(Key::RoomSettings));
        let room = RoomDetails {
            id: self.room.clone(),
            name: found.summary.name,
            topic: found.summary.topic.unwrap_or_default(),
            kind: found.summary.kind,
            archived: found.summary.archived,
            is_owner: found.summary.owner,
            permissions: RoomPermissions {
                rename: found.permissions.rename,
                archive: found.permissions.archive,
                join: found.permissions.join,
                leave: found.permissions.leave,
            },
            level: found.level,
        };
        Ok(request.page(self.path(), &title, form, || view! { <RoomSettingsPage room members /> }))
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct MembersQuery {
    /// The last member of the page before.
    after: Option<UserId>,
    /// The number of members before this page, for display.
    from: u64,
}

/// `GET /rooms/{room}/settings`
pub(super) async fn show(
    request: PageRequest,
    PathParams(room): PathParams<RoomId>,
    QueryParams(page): QueryParams<MembersQuery>,
    QueryParams(notice): QueryParams<NoticeQuery>,
) -> PageResult {
    RoomSettings { room, page }.render(&request, notice.into()).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NameAndTopic {
    name: String,
    topic: String,
}

/// `POST /rooms/{room}/settings`
pub(super) async fn change(
    request: PageRequest,
    PathParams(room): PathParams<RoomId>,
    form: PageForm<NameAndTopic>,
) -> PageResult {
    let (NameAndTopic { name, topic }, mut at) = form.split("name");
    let update = UpdateRoomRequest { name: Some(name), topic: Some(topic), archived: None };
    let result = request.app.services.update_room(&request.caller, &room, update).await;
    if result.as_ref().is_err_and(|error| error.field() == Some(Field::Topic)) {
        at.field = Some("topic");
    }
    request.finish(&RoomSettings::from(room), result, "changed", at).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LevelForm {
    level: String,
}

/// `POST /rooms/{room}/level`
pub(super) async fn set_notification_level(
    request: PageRequest,
    PathParams(room): PathParams<RoomId>,
    form: PageForm<LevelForm>,
) -> PageResult {
    let Some(level) = NotificationLevel::ALL.into_iter().find(|level| level.as_str() == form.input.level) else {
        let error = ApiError::bad_request("Level must be all, mentions or nothing.");
        return request.reject(&RoomSettings::from(room), error, FormError::default()).await;
    };
    let result = request.app.services.set_notification_level(&request.caller, &room, level).await;
    request.finish(&RoomSettings::from(room), result, "level", FormError::default()).await
}

/// `POST /rooms/{room}/archive`
pub(super) async fn archive(request: PageRequest, PathParams(room): PathParams<RoomId>) -> PageResult {
    set_archived(request, room, true, "archived").await
}

/// `POST /rooms/{room}/reopen`
pub(super) async fn reopen(request: PageRequest, PathParams(room): PathParams<RoomId>) -> PageResult {
    set_archived(request, room, false, "reopened").await
}

async fn set_archived(request: PageRequest, room: RoomId, archived: bool, notice: &str) -> PageResult {
    let update = UpdateRoomRequest { archived: Some(archived), ..UpdateRoomRequest::default() };
    let result = request.app.services.update_room(&request.caller, &room, update).await;
    request.finish(&RoomSettings::from(room), result, notice, FormError::default()).await
}

/// `POST /rooms/{room}/join`: on to the room.
pub(super) async fn join(request: PageRequest, PathParams(room): PathParams<RoomId>) -> PageResult {
    match request.app.services.add_member(&request.caller, &room, request.caller.user.id).await {
        Ok(()) => Ok(Redirect::to(&format!("/r/{room}")).into_response()),
        Err(error) => request.reject(&RoomSettings::from(room), error, FormError::default()).await,
    }
}

/// `POST /rooms/{room}/leave`: on to the lobby, because the room may be hidden from now on.
pub(super) async fn leave(request: PageRequest, PathParams(room): PathParams<RoomId>) -> PageResult {
    match request.app.services.remove_member(&request.caller, &room, request.caller.user.id).await {
        Ok(()) => Ok(Redirect::to(LOBBY).into_response()),
        Err(error) => request.reject(&RoomSettings::from(room), error, FormError::default()).await,
    }
}
