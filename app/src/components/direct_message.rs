//! `@Ann text` with Ctrl+Enter: a direct message to one person.

use leptos::prelude::*;
use parlor_protocol::{RoomId, User};

use crate::{live::client::Client, text::fold};

/// Who a text that begins with `@name` is for, and the text for them. Only people whom the page knows are found: those
/// online in the room and those of the user's direct rooms. None in a direct room, which has its recipients already.
pub(super) fn recipient(client: Client, room: &RoomId, text: &str) -> Option<(User, String)> {
    // Nearly no text begins so.
    let named = text.strip_prefix('@')?;
    if is_direct(client, room) {
        return None;
    }
    let mut people = client.view(room).status.read().online.clone();
    client.rooms.with(|rooms| people.extend(rooms.iter().flat_map(|room| room.people.iter().cloned())));
    let me = client.me.read().as_ref().map(|me| me.id);
    people.retain(|user| Some(user.id) != me);
    let (user, text) = split(&people, named)?;
    Some((user.clone(), text.to_owned()))
}

pub(super) fn is_direct(client: Client, room: &RoomId) -> bool {
    client.rooms.read().iter().any(|summary| summary.id == *room && !summary.people.is_empty())
}

/// The longest of the names that the text begins with, and the text after it.
fn split<'a>(people: &'a [User], text: &'a str) -> Option<(&'a User, &'a str)> {
    let named = people.iter().filter_map(|user| {
        let end = text.char_indices().nth(user.name.chars().count())?.0;
        let (name, rest) = text.split_at(end);
        let ends = rest.starts_with(char::is_whitespace) && !rest.trim().is_empty();
        (ends && fold(name) == fold(&user.name)).then_some((user, rest.trim()))
    });
    named.max_by_key(|(user, _)| user.name.len())
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{UserId, UserKind};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_longest_name_wins_and_a_text_must_follow() {
        let user = |id, name: &str| User {
            id: UserId(Uuid::from_u128(id)),
            name: name.into(),
            kind: UserKind::Guest,
            colour: None,
        };
        let people = [user(1, "Ann"), user(2, "Ann Lee"), user(3, "小明"), user(4, "Ёжик")];
        let found = |typed| split(&people, typed).map(|(user, text)| (user.id.0.as_u128(), text));
        assert_eq!(found("ann  hi you "), Some((1, "hi you")));
        assert_eq!(found("Ann Lee hi"), Some((2, "hi")));
        assert_eq!(found("小明 你好"), Some((3, "你好")));
        assert_eq!(found("ёжик привет"), Some((4, "привет")));
        for none in ["Ann", "Ann ", "Annabel hi", "Bob hi", "", "小"] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
