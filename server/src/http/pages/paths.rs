//! The paths of pages: to which page a form belongs, and which paths may be redirected to.

use parlor_app::pages::SetupStep;
use uuid::Uuid;

use super::{ACCOUNT, AUDIT, BANS, PEOPLE, SETTINGS, SETUP};
use crate::http::sessions;

/// Pages whose path ends with a secret.
const SECRET_LINKS: [&str; 3] = ["/invite/", "/first/", "/reset/"];

/// The path of the page at a path, or of the page whose form is sent there. None if the path belongs to no page with forms.
pub(super) fn page_of(path: &str) -> Option<String> {
    let is_page =
        matches!(path, "/sign-in" | "/sign-up" | ACCOUNT | PEOPLE | BANS | AUDIT | SETUP) || is_setup_step(path);
    if is_page || SECRET_LINKS.iter().any(|begin| path.starts_with(begin)) {
        return Some(path.to_owned());
    }
    if path.starts_with("/account/") {
        return Some(ACCOUNT.to_owned());
    }
    if path == SETTINGS || path.starts_with("/settings/") {
        return Some(SETTINGS.to_owned());
    }
    let first = |rest: &str| rest.split('/').next().unwrap_or_default().to_owned();
    if let Some(rest) = path.strip_prefix("/people/") {
        return Some(format!("/people/{}", first(rest)));
    }
    path.strip_prefix("/rooms/").map(|rest| format!("/rooms/{}/settings", first(rest)))
}

/// Whether this is the address of a page with forms. The actions of forms are not: they answer POST only.
pub(in crate::http) fn is_page_address(address: &str) -> bool {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let is_link = SECRET_LINKS.iter().any(|begin| {
        path.strip_prefix(begin)
            .is_some_and(|secret| !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    });
    let is_auth_page = matches!(path, "/sign-in" | "/sign-up");
    match query.strip_prefix("next=") {
        Some(next) => is_auth_page && is_redirect_target(next),
        None => query.is_empty() && (is_link || is_auth_page || is_private_page(path)),
    }
}

/// Pages for people who are signed in.
fn is_private_page(path: &str) -> bool {
    let is_person = || path.strip_prefix("/people/").is_some_and(|id| Uuid::try_parse(id).is_ok());
    let is_room = || {
        let room = path.strip_prefix("/rooms/").and_then(|rest| rest.strip_suffix("/settings"));
        room.is_some_and(|room| sessions::is_room_address(&format!("/r/{room}")))
    };
    let is_page = matches!(path, ACCOUNT | PEOPLE | BANS | AUDIT | SETTINGS | SETUP);
    is_page || is_setup_step(path) || is_person() || is_room()
}

fn is_setup_step(path: &str) -> bool {
    SetupStep::ALL.iter().any(|step| step.path() == path)
}

/// Whether people may be redirected there after signing in: a room of this server or one of these pages.
fn is_redirect_target(next: &str) -> bool {
    is_private_page(next) || sessions::is_room_address(next)
}

/// The path to redirect to after signing in; empty if it is not one of this server.
pub(super) fn redirect_target(next: &str) -> &str {
    if is_redirect_target(next) { next } else { "" }
}

/// The address of a page that leads on to another one.
pub(super) fn with_next(path: &str, next: &str) -> String {
    if next.is_empty() { path.to_owned() } else { format!("{path}?next={next}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: &str = "/people/0192f0c1-2345-7678-9abc-def012345678";

    #[test]
    fn nobody_is_sent_elsewhere() {
        for next in ["/r/lobby", "/account", "/people", "/people/bans", "/audit", "/settings", "/setup/room", PERSON] {
            assert_eq!(redirect_target(next), next);
        }
        for next in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/account/../x",
            "/account?x",
            "/r/a\r\nb",
            "/people/x",
            "/people//evil.example",
            "/rooms//settings",
            "/rooms/a/b/settings",
            "/rooms/a/leave",
            "/rooms/..\\evil/settings",
        ] {
            assert_eq!(redirect_target(next), "", "{next}");
        }
    }

    #[test]
    fn a_language_leads_back_to_pages_alone() {
        for address in [
            "/sign-in",
            "/sign-in?next=/r/k3f",
            "/sign-in?next=/people",
            "/sign-up",
            "/account",
            "/invite/0af3",
            "/reset/0af3",
            "/audit",
            "/rooms/lobby/settings",
            PERSON,
        ] {
            assert!(is_page_address(address), "{address}");
        }
        for address in [
            "",
            "/",
            "/invite/",
            "/invite//evil.example",
            "/invite/a?next=/r/a",
            "/sign-in?next=//evil.example",
            "/sign-in?x=1",
            "/account/delete",
            "/people/x/ban",
            "/rooms/lobby/leave",
            "/sign-in\r\nx: y",
            "//sign-in",
        ] {
            assert!(!is_page_address(address), "{address}");
        }
    }

    #[test]
    fn forms_belong_to_their_pages() {
        for (path, page) in [
            ("/account/name", Some("/account")),
            ("/settings/picture/remove", Some("/settings")),
            ("/setup/invite", Some("/setup/invite")),
            ("/setup/copy.js", None),
            ("/people/bans", Some("/people/bans")),
            ("/people/x/ban", Some("/people/x")),
            ("/rooms/lobby/members/x/mute", Some("/rooms/lobby/settings")),
            ("/rooms/lobby/settings", Some("/rooms/lobby/settings")),
            ("/reset/0af3", Some("/reset/0af3")),
            ("/r/lobby", None),
            ("/api/people", None),
        ] {
            assert_eq!(page_of(path).as_deref(), page, "{path}");
        }
    }
}
