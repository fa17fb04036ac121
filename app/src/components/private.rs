//! `@Ann what for her alone`: to whom a text is addressed.

use parlor_protocol::{RoomId, RoomSummary, User};

use crate::{live::client::Client, reactive::Look as _};

/// To whom the text is addressed, and what it says to them. They are someone whom the page knows: who is here, or with whom
/// there is a conversation; not the reader, and not where they are alone together already.
pub(super) fn addressee(client: Client, room: &RoomId, text: &str) -> Option<(User, String)> {
    // Nearly no text is.
    let named = text.strip_prefix('@')?;
    let mut people = client.view(room).about.look(|about| about.online.clone());
    if is_alone(client, room) {
        return None;
    }
    client.rooms.look(|rooms| people.extend(rooms.iter().flat_map(|room| room.people.iter().cloned())));
    let me = client.me.look(|me| me.as_ref().map(|me| me.id));
    people.retain(|user| Some(user.id) != me);
    let (user, said) = split(&people, named)?;
    Some((user.clone(), said.to_owned()))
}

/// Whether nobody else hears what is said in this room than those whom one has chosen.
pub(super) fn is_alone(client: Client, room: &RoomId) -> bool {
    let here = |summary: &RoomSummary| summary.id == *room && !summary.people.is_empty();
    client.rooms.look(|rooms| rooms.iter().any(here))
}

/// The longest of the names that a text begins with, and what follows it.
fn split<'a>(people: &'a [User], text: &'a str) -> Option<(&'a User, &'a str)> {
    let called = people.iter().filter_map(|user| {
        let begin = text.get(..user.name.len())?;
        let said = text.get(user.name.len()..)?;
        let ends = said.starts_with(char::is_whitespace) && !said.trim().is_empty();
        (ends && begin.eq_ignore_ascii_case(&user.name)).then_some((user, said.trim()))
    });
    called.max_by_key(|(user, _)| user.name.len())
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{UserId, UserKind};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_longest_name_is_meant_and_something_must_be_said() {
        let user = |id, name: &str| User {
            id: UserId(Uuid::from_u128(id)),
            name: name.into(),
            kind: UserKind::Guest,
            colour: None,
        };
        let people = [user(1, "Ann"), user(2, "Ann Lee"), user(3, "小明")];
        let found = |text| split(&people, text).map(|(user, said)| (user.id.0.as_u128(), said));
        assert_eq!(found("ann  hi you "), Some((1, "hi you")));
        assert_eq!(found("Ann Lee hi"), Some((2, "hi")));
        assert_eq!(found("小明 你好"), Some((3, "你好")));
        for none in ["Ann", "Ann ", "Annabel hi", "Bob hi", "", "小"] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
