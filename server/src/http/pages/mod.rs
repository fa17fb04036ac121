//! The pages, rendered by the server.
//!
//! [`chat`] renders the app, which continues in the browser. The other pages need no scripts: each form is a handler that
//! calls a service and redirects to the page, or answers with the page and the error at its field. The chat shows the same
//! responses over itself.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use parlor_app::pages::SetupStep;

use super::AppState;

mod account;
mod audit;
mod auth;
pub(super) mod chat;
mod members;
mod messages;
mod paths;
mod people;
mod person;
mod request;
mod respond;
mod room;
mod settings;
mod setup;
pub(super) mod submissions;

pub(super) use paths::is_page_address;
pub(super) use respond::{not_found, render_errors};

/// Where people go after signing in, unless they wanted to go elsewhere.
const LOBBY: &str = "/r/lobby";
const ACCOUNT: &str = "/account";
const PEOPLE: &str = "/people";
const BANS: &str = "/people/bans";
const AUDIT: &str = "/audit";
const SETTINGS: &str = "/settings";
const SETUP: &str = "/setup";

/// The largest body of a form with a picture. A picture that is larger than allowed gets an answer up to here.
const MAX_UPLOAD_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/sign-in", get(auth::sign_in_page).post(auth::sign_in))
        .route("/sign-up", get(auth::sign_up_page).post(auth::sign_up))
        .route("/invite/{secret}", get(auth::invite_page))
        .route("/first/{secret}", get(auth::invite_page))
        .route("/reset/{secret}", get(auth::reset_page).post(auth::reset))
        .route(ACCOUNT, get(account::show))
        .route("/account/name", post(account::rename))
        .route("/account/colour", post(account::change_colour))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/end", post(account::end_other_sessions))
        .route("/account/sessions/{id}/end", post(account::end_session))
        .route("/account/sign-out", post(account::sign_out))
        .route("/account/invites", post(account::create_invite))
        .route("/account/invites/{id}/revoke", post(account::revoke_invite))
        .route("/account/delete", post(account::delete))
        .merge(people_routes())
        .merge(room_routes())
        .merge(settings_routes())
}

fn people_routes() -> Router<AppState> {
    Router::new()
        .route(PEOPLE, get(people::show).post(people::message_selected))
        .route(BANS, get(people::show_bans))
        .route("/people/{user}", get(person::show))
        .route("/people/{user}/message", post(person::message))
        .route("/people/{user}/role", post(person::change_role))
        .route("/people/{user}/mute", post(person::mute))
        .route("/people/{user}/unmute", post(person::unmute))
        .route("/people/{user}/ban", post(person::ban))
        .route("/people/{user}/lift", post(person::lift_ban))
        .route("/people/{user}/sessions/end", post(person::end_sessions))
        .route("/people/{user}/reset", post(person::create_reset_link))
        .route(AUDIT, get(audit::show))
}

/// Not below `/r/`, where the service worker takes each document for the chat.
fn room_routes() -> Router<AppState> {
    Router::new()
        .route("/rooms/{room}/settings", get(room::show).post(room::change))
        .route("/rooms/{room}/level", post(room::set_notification_level))
        .route("/rooms/{room}/archive", post(room::archive))
        .route("/rooms/{room}/reopen", post(room::reopen))
        .route("/rooms/{room}/join", post(room::join))
        .route("/rooms/{room}/leave", post(room::leave))
        .route("/rooms/{room}/members", post(members::add))
        .route("/rooms/{room}/members/{user}/remove", post(members::remove))
        .route("/rooms/{room}/members/{user}/appoint", post(members::make_moderator))
        .route("/rooms/{room}/members/{user}/dismiss", post(members::remove_moderator))
        .route("/rooms/{room}/members/{user}/own", post(members::make_owner))
        .route("/rooms/{room}/members/{user}/mute", post(members::mute))
        .route("/rooms/{room}/members/{user}/unmute", post(members::unmute))
}

/// The server's settings and its set-up.
fn settings_routes() -> Router<AppState> {
    let uploads = Router::new()
        .route("/settings/name", post(settings::save_name))
        .route(SetupStep::Name.path(), get(setup::show_name).post(setup::save_name))
        .layer(DefaultBodyLimit::max(MAX_UPLOAD_BYTES));
    Router::new()
        .route(SETTINGS, get(settings::show))
        .route("/settings/entry", post(settings::save_entry))
        .route("/settings/picture/remove", post(settings::remove_picture))
        .route(SETUP, get(setup::begin))
        .route(SetupStep::Entry.path(), get(setup::show_entry))
        .route(SetupStep::Invite.path(), get(setup::show_invite).post(setup::create_invite))
        .route(SetupStep::Room.path(), get(setup::show_room).post(setup::create_room))
        .route("/setup/copy.js", get(setup::copy_script))
        .merge(uploads)
}
