//! Direct messages by `@name text`.

use parlor_protocol::{RoomId, UserId, error_code, limits};

use super::refusal::Refusal;
use crate::{
    domain::names,
    services::{Caller, Services},
};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct DirectMessage {
    pub(super) recipient: UserId,
    pub(super) text: String,
}

/// Parses a text that begins with `@` and the name of a member of the room; `None` for other texts.
///
/// # Errors
/// No member has this name. The text is not sent to the room, because it may be meant for one person.
pub(super) async fn parse(
    services: &Services,
    caller: &Caller,
    room: &RoomId,
    text: &str,
) -> Result<Option<DirectMessage>, Refusal> {
    let text = text.trim();
    let Some(named) = text.strip_prefix('@').filter(|named| !named.starts_with(char::is_whitespace)) else {
        return Ok(None);
    };
    let splits: Vec<_> = splits(named).collect();
    let keys = splits.iter().flat_map(|(name, _)| [names::key(name), names::key(without_punctuation(name))]);
    let keys: Vec<_> = keys.filter(|key| !key.is_empty()).collect();
    let known = services.members_by_name(room, &keys).await?;
    let user_of = |name: &str| {
        known.get(&names::key(name)).or_else(|| known.get(&names::key(without_punctuation(name)))).copied()
    };
    let longest = splits.iter().rev().find_map(|(name, text)| Some((user_of(name)?, *text)));
    match longest {
        Some((user, _)) if user == caller.user.id => {
            Err(Refusal::bad_request("You cannot send a direct message to yourself. Nothing was sent."))
        }
        Some((_, "")) => Err(Refusal::new(error_code::EMPTY, "The message after the name is empty. Nothing was sent.")),
        Some((recipient, text)) => Ok(Some(DirectMessage { recipient, text: text.into() })),
        None => Err(Refusal::new(
            error_code::NOT_FOUND,
            "No member of this room has this name. Nothing was sent. To mention someone in a public message, do not begin with @.",
        )),
    }
}

/// The name without punctuation at its end.
fn without_punctuation(name: &str) -> &str {
    name.trim_end_matches([',', ':', ';', '.', '!', '?', '，', '：', '；', '。', '！', '？'])
}

/// All ways to split a text into a name and the rest, the shortest name first.
fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at).chain([text.len()]);
    let names = ends.map(|at| text.split_at(at)).take_while(|(name, _)| name.chars().count() <= limits::MAX_NAME_CHARS);
    names.map(|(name, rest)| (name, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_wherever_a_name_may_end() {
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
