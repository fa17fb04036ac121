//! The forms for members of a room, on its settings page.

use parlor_app::{
    i18n::Key,
    pages::{FormError, MemberList, MemberRow},
};
use parlor_protocol::{RoomId, UserId, http::MuteRequest};
use serde::Deserialize;

use super::{
    person::Mute,
    request::{PageForm, PageRequest, number},
    respond::PageResult,
    room::RoomSettings,
};
use crate::{
    http::PathParams,
    services::{MemberDetails, MembersPage, ServiceError},
};

pub(super) fn member_list(page: MembersPage, offset: u64) -> MemberList {
    let row = |member: MemberDetails| MemberRow {
        user: member.user,
        role: member.role,
        is_me: member.is_caller,
        has_page: member.has_page,
        online: member.online,
        seen_at: member.seen_at,
        muted_until: member.muted_until,
        may_remove: member.may_remove,
        may_appoint: member.may_appoint,
        may_dismiss: member.may_dismiss,
        may_make_owner: member.may_make_owner,
        may_mute: member.may_mute,
    };
    MemberList {
        rows: page.members.into_iter().map(row).collect(),
        count: page.count,
        offset,
        next: page.next,
        may_add: page.invite,
        suggestions: page.suggestions,
    }
}

type Member = PathParams<(RoomId, UserId)>;

/// Answers a form that is one button.
async fn finish(request: &PageRequest, room: RoomId, result: Result<(), ServiceError>, notice: &str) -> PageResult {
    request.finish(&RoomSettings::from(room), result, notice, FormError::default()).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AddMember {
    name: String,
}

/// `POST /rooms/{room}/members`
pub(super) async fn add(
    request: PageRequest,
    PathParams(room): PathParams<RoomId>,
    form: PageForm<AddMember>,
) -> PageResult {
    let (input, mut at) = form.split("name");
    let result = request.app.services.add_member_by_name(&request.caller, &room, &input.name).await;
    if matches!(result, Err(ServiceError::PersonNotFound)) {
        at.message = request.i18n.t(Key::AccountNotFound).into();
    }
    request.finish(&RoomSettings::from(room), result, "added", at).await
}

/// `POST /rooms/{room}/members/{user}/remove`. Also succeeds if they have left meanwhile.
pub(super) async fn remove(request: PageRequest, PathParams((room, user)): Member) -> PageResult {
    let result = match request.app.services.remove_member(&request.caller, &room, user).await {
        Err(ServiceError::PersonNotFound) => Ok(()),
        result => result,
    };
    finish(&request, room, result, "removed").await
}

/// `POST /rooms/{room}/members/{user}/appoint`
pub(super) async fn make_moderator(request: PageRequest, PathParams((room, user)): Member) -> PageResult {
    let result = request.app.services.set_room_moderator(&request.caller, &room, user, true).await;
    finish(&request, room, result, "appointed").await
}

/// `POST /rooms/{room}/members/{user}/dismiss`
pub(super) async fn remove_moderator(request: PageRequest, PathParams((room, user)): Member) -> PageResult {
    let result = request.app.services.set_room_moderator(&request.caller, &room, user, false).await;
    finish(&request, room, result, "dismissed").await
}

/// `POST /rooms/{room}/members/{user}/own`
pub(super) async fn make_owner(request: PageRequest, PathParams((room, user)): Member) -> PageResult {
    let result = request.app.services.change_room_owner(&request.caller, &room, user).await;
    finish(&request, room, result, "owner").await
}

/// `POST /rooms/{room}/members/{user}/mute`
pub(super) async fn mute(request: PageRequest, PathParams((room, user)): Member, form: PageForm<Mute>) -> PageResult {
    let mute = MuteRequest { minutes: number(&form.input.minutes), room: Some(room.clone()) };
    let result = request.app.services.mute(&request.caller, user, mute).await;
    finish(&request, room, result, "muted").await
}

/// `POST /rooms/{room}/members/{user}/unmute`. Also succeeds if the mute has ended meanwhile.
pub(super) async fn unmute(request: PageRequest, PathParams((room, user)): Member) -> PageResult {
    let result = match request.app.services.unmute(&request.caller, user, Some(room.clone())).await {
        Err(ServiceError::NotMuted | ServiceError::PersonNotFound) => Ok(()),
        result => result,
    };
    finish(&request, room, result, "unmuted").await
}
