//! `@name text`: to that person alone.

use axum::http::StatusCode;
use parlor_protocol::{RoomId, UserId, error_code, limits};

use crate::{
    accounts::names,
    http::{ApiError, App, Caller},
};

/// A text for one person.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Addressed {
    /// Who.
    pub(super) user: UserId,
    /// What they are told.
    pub(super) said: String,
}

/// To whom a text is addressed, if it begins like one that is; they are a member of the room.
///
/// # Errors
/// It begins with `@` and names nobody there: said aloud, it might be what one person was to hear.
pub(super) async fn addressee(
    app: &App,
    caller: &Caller,
    room: &RoomId,
    text: &str,
) -> Result<Option<Addressed>, ApiError> {
    let text = text.trim();
    let Some(named) = text.strip_prefix('@').filter(|named| !named.starts_with(char::is_whitespace)) else {
        return Ok(None);
    };
    let splits: Vec<_> = splits(named).collect();
    let keys = splits.iter().flat_map(|(name, _)| [names::key(name), names::key(bare(name))]);
    let keys: Vec<_> = keys.filter(|key| !key.is_empty()).collect();
    let mut known = app.live.store.members_by_name(room, &keys).await?;
    known.extend(app.live.hub.members_by_name(room, &keys));
    let called = |name: &str| known.get(&names::key(name)).or_else(|| known.get(&names::key(bare(name)))).copied();
    let longest = splits.iter().rev().find_map(|(name, said)| Some((called(name)?, *said)));
    match longest {
        Some((user, _)) if user == caller.user.id => {
            Err(ApiError::bad_request("That is you. Nothing was sent: begin with another person's @name."))
        }
        Some((_, "")) => Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            error_code::EMPTY,
            "Nothing stands behind the name, so nothing was sent.",
        )),
        Some((user, said)) => Ok(Some(Addressed { user, said: said.into() })),
        None => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            error_code::NOT_FOUND,
            "Nobody in this room has that name, so nothing was sent. To mention someone in front of all, put another word first.",
        )),
    }
}

/// Without what one may put behind a name when one speaks to someone.
fn bare(name: &str) -> &str {
    name.trim_end_matches([',', ':', ';', '.', '!', '?', '，', '：', '；', '。', '！', '？'])
}

/// The name that a text may begin with, and what is behind it: the shortest name first.
fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at).chain([text.len()]);
    let names = ends.map(|at| text.split_at(at)).take_while(|(name, _)| name.chars().count() <= limits::MAX_NAME_CHARS);
    names.map(|(name, said)| (name, said.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_wherever_a_name_may_end() {
        let all = |text| splits(text).collect::<Vec<_>>();
        assert_eq!(
            all("ann  hi you"),
            [("ann", "hi you"), ("ann ", "hi you"), ("ann  hi", "you"), ("ann  hi you", "")]
        );
        assert_eq!(all("小明 你好"), [("小明", "你好"), ("小明 你好", "")]);
        assert_eq!(all("ann"), [("ann", "")]);
        assert_eq!(all(&"x".repeat(40)), []);
    }
}
