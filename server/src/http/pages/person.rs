//! `/people/…` and its forms: messages, role, mute, ban, password reset.

use axum::response::{IntoResponse, Redirect};
use leptos::prelude::*;
use parlor_app::{
    i18n::Key,
    pages::{BanDetails, FormError, FormState, PersonDetails, PersonPage},
};
use parlor_protocol::{
    ServerRole, UserId,
    http::{BanRequest, ChangeRoleRequest, MuteRequest, OpenDirectRequest},
};
use serde::Deserialize;

use super::{
    BANS,
    request::{PageForm, PageRequest, number},
    respond::{FormPage, NoticeQuery, PageResult},
};
use crate::{
    http::{PathParams, QueryParams},
    services::{Caller, ErrorKind, ServiceError},
};

struct Person(UserId);

impl FormPage for Person {
    type Caller = Caller;

    fn path(&self) -> String {
        format!("/people/{}", self.0)
    }

    async fn render(&self, request: &PageRequest, form: FormState) -> PageResult {
        let found = request.app.services.person_details(&request.caller, self.0).await?;
        let ban = found.ban.map(|ban| BanDetails {
            until: ban.until,
            reason: ban.reason,
            made_by: ban.made_by,
            may_lift: ban.may_lift,
        });
        let title = found.user.name.clone();
        let person = PersonDetails {
            user: found.user,
            role: found.role,
            colour: found.colour,
            online: found.online,
            seen_at: found.seen_at,
            is_me: found.permissions.is_caller,
            may_message: found.permissions.message,
            roles: found.permissions.roles,
            may_moderate: found.permissions.moderate,
            may_end_sessions: found.permissions.end_sessions,
            may_reset_password: found.permissions.reset_password,
            muted_until: found.muted_until,
            ban,
        };
        Ok(request.page(self.path(), &title, form, || view! { <PersonPage person /> }))
    }
}

impl Person {
    /// As [`PageRequest::finish`], for forms that need a higher role than the person's.
    async fn finish(
        &self,
        request: &PageRequest,
        result: Result<(), ServiceError>,
        notice: &str,
        at: FormError,
    ) -> PageResult {
        let at = match &result {
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                FormError { message: request.i18n.t(Key::ManageLimits).into(), ..FormError::default() }
            }
            _ => at,
        };
        request.finish(self, result, notice, at).await
    }
}

/// `GET /people/{user}`
pub(super) async fn show(
    request: PageRequest,
    PathParams(user): PathParams<UserId>,
    QueryParams(notice): QueryParams<NoticeQuery>,
) -> PageResult {
    Person(user).render(&request, notice.into()).await
}

/// `POST /people/{user}/message`: opens the direct room of the two.
pub(super) async fn message(request: PageRequest, PathParams(user): PathParams<UserId>) -> PageResult {
    let open = OpenDirectRequest { users: vec![user] };
    let opened = request.app.services.open_direct_room(&request.caller, open).await?;
    Ok(Redirect::to(&format!("/r/{}", opened.room.id)).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangeRole {
    role: String,
}

/// `POST /people/{user}/role`
pub(super) async fn change_role(
    request: PageRequest,
    PathParams(user): PathParams<UserId>,
    form: PageForm<ChangeRole>,
) -> PageResult {
    let (input, at) = form.split("role");
    // A text that is not a role becomes one that the service rejects.
    let role = ServerRole::ALL.into_iter().find(|role| role.as_str() == input.role).unwrap_or(ServerRole::Guest);
    let result = request.app.services.change_role(&request.caller, user, ChangeRoleRequest { role }).await;
    request.finish(&Person(user), result, "role", at).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Mute {
    pub(super) minutes: String,
}

/// `POST /people/{user}/mute`: in all rooms.
pub(super) async fn mute(
    request: PageRequest,
    PathParams(user): PathParams<UserId>,
    form: PageForm<Mute>,
) -> PageResult {
    let (input, at) = form.split("minutes");
    let mute = MuteRequest { minutes: number(&input.minutes), room: None };
    let result = request.app.services.mute(&request.caller, user, mute).await;
    Person(user).finish(&request, result, "muted", at).await
}

/// `POST /people/{user}/unmute`. Also succeeds if the mute has ended meanwhile.
pub(super) async fn unmute(request: PageRequest, PathParams(user): PathParams<UserId>) -> PageResult {
    match request.app.services.unmute(&request.caller, user, None).await {
        Err(ServiceError::NotMuted) => Ok(Redirect::to(&Person(user).path()).into_response()),
        result => Person(user).finish(&request, result, "unmuted", FormError::default()).await,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ban {
    reason: String,
    /// Empty for a permanent ban.
    hours: String,
    /// A box that is not ticked is not sent.
    address: Option<String>,
}

/// `POST /people/{user}/ban`
pub(super) async fn ban(request: PageRequest, PathParams(user): PathParams<UserId>, form: PageForm<Ban>) -> PageResult {
    let (Ban { reason, hours, address }, at) = form.split("reason");
    let hours = (!hours.is_empty()).then(|| number(&hours));
    let ban = BanRequest { hours, reason, address: address.is_some() };
    let result = request.app.services.ban(&request.caller, user, ban).await;
    Person(user).finish(&request, result, "banned", at).await
}

#[derive(Deserialize)]
pub(super) struct LiftBan {
    /// Sent by the list of bans, which shows the result as well.
    list: Option<String>,
}

/// `POST /people/{user}/lift`. Also succeeds if the ban has ended meanwhile.
pub(super) async fn lift_ban(
    request: PageRequest,
    PathParams(user): PathParams<UserId>,
    form: PageForm<LiftBan>,
) -> PageResult {
    match request.app.services.lift_ban(&request.caller, user).await {
        Ok(()) if form.input.list.is_some() => Ok(Redirect::to(&format!("{BANS}?done=lifted")).into_response()),
        Err(ServiceError::NotBanned) => Ok(Redirect::to(&Person(user).path()).into_response()),
        result => Person(user).finish(&request, result, "lifted", FormError::default()).await,
    }
}

/// `POST /people/{user}/sessions/end`
pub(super) async fn end_sessions(request: PageRequest, PathParams(user): PathParams<UserId>) -> PageResult {
    let result = request.app.services.end_sessions_of(&request.caller, user).await;
    Person(user).finish(&request, result, "signed-out", FormError::default()).await
}

/// `POST /people/{user}/reset`
pub(super) async fn create_reset_link(request: PageRequest, PathParams(user): PathParams<UserId>) -> PageResult {
    match request.app.services.create_reset_link(&request.caller, user).await {
        Ok(created) => request.show_link(&Person(user), &created.link).await,
        Err(error) => Person(user).finish(&request, Err(error), "", FormError::default()).await,
    }
}
