//! Who I am: what others see of me, and the end of my account.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    UserKind, error_code,
    http::{DeleteAccountRequest, Me, UpdateProfileRequest},
    limits,
};

use super::{ApiError, App, Caller, SameOrigin, accounts, fields::Fields, sessions, visitor::Visitor};
use crate::domain::CreateError;

/// `GET /api/me`
pub(super) async fn me(caller: Caller, State(app): State<App>) -> Result<Json<Me>, ApiError> {
    let account = match caller.user.kind {
        UserKind::Guest => None,
        UserKind::Account => app.live.store.account_of(caller.user.id).await?,
    };
    let (name, colour) = account.map_or((None, None), |account| (Some(account.name), account.colour));
    Ok(Json(Me { user: (*caller.user).clone(), role: caller.role, account: name, colour }))
}

/// `PATCH /api/me`: the name and colour that others see. The name to sign in with stays.
pub(super) async fn change(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Fields(new): Fields<UpdateProfileRequest>,
) -> Result<Json<Me>, ApiError> {
    let name = match &new.display_name {
        Some(name) => Some(accounts::checked_name(name).map_err(ApiError::invalid_name)?),
        None => None,
    };
    if new.colour.is_some_and(|colour| colour >= limits::COLOUR_COUNT) {
        return Err(ApiError::bad_request(format!("\"colour\" is 0 to {}.", limits::COLOUR_COUNT - 1)));
    }
    let id = caller.user.id;
    match app.live.store.set_profile(id, name, new.colour, app.in_use()).await? {
        Ok(user) => {
            if user != *caller.user {
                app.renew(|connection| connection.user.id == id);
                app.live.hub.renamed(&user);
            }
            let account = app.live.store.account_of(id).await?.ok_or_else(ApiError::unauthorized)?;
            Ok(Json(Me { user, role: account.role, account: Some(account.name), colour: account.colour }))
        }
        Err(CreateError::NameTaken) => {
            let wanted = new.display_name.unwrap_or_default();
            Err(accounts::name_taken(&app, &wanted, Some(id)).await?)
        }
        Err(CreateError::Invite | CreateError::NoSuchUser) => {
            Err(ApiError::not_allowed("A guest keeps the name that they came in with. Make an account first."))
        }
    }
}

/// `DELETE /api/me`: the account goes, and with it all sessions. What was said stays, under a name that tells.
pub(super) async fn delete(
    _origin: SameOrigin,
    caller: Caller,
    visitor: Visitor,
    State(app): State<App>,
    Fields(form): Fields<DeleteAccountRequest>,
) -> Result<Response, ApiError> {
    accounts::prove(&app, &visitor, &caller.user, form.password.0).await?;
    if !app.live.store.delete_account(caller.user.id).await? {
        let message = "You are the only owner. Make someone else an owner first.";
        return Err(ApiError::new(StatusCode::CONFLICT, error_code::LAST_OWNER, message));
    }
    app.revoke(|connection| connection.user.id == caller.user.id);
    if let Some(gone) = app.live.store.person(caller.user.id).await? {
        app.live.hub.renamed(&gone);
    }
    Ok((StatusCode::NO_CONTENT, sessions::cookie(&app, "", 0)).into_response())
}
