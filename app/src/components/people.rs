//! The people of the current room who are online: a column on wide screens, a drawer on others.

use leptos::prelude::*;
use parlor_protocol::User;

use super::{close_button::CloseButton, current_room::CurrentRoom, invite::InviteButton, layout::Layout};
use crate::{colour, i18n::Key, live::client::Client, text::sort_key};

/// The drawer's id, for the button that opens it.
pub const ID: &str = "people";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Person {
    user: User,
    is_me: bool,
    away: bool,
}

/// The user first, then those who are active, then those who are away, each by name.
fn sorted(mut people: Vec<Person>) -> Vec<Person> {
    people.sort_by_cached_key(|person| {
        let rank = match person {
            Person { is_me: true, .. } => 0,
            Person { away: false, .. } => 1,
            Person { away: true, .. } => 2,
        };
        sort_key(rank, &person.user.name)
    });
    people
}

#[component]
pub fn People() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let drawer = expect_context::<Layout>().people;
    let people = Memo::new(move |_| {
        let me = client.me.get();
        let (mut online, away) = room.with_status(|status| (status.online.clone(), status.away.clone()));
        // Before the server has reported who is online, at least the user is.
        if online.is_empty() {
            online.extend(me.clone());
        }
        let person = |user: User| Person {
            is_me: me.as_ref().is_some_and(|me| me.id == user.id),
            away: away.contains(&user.id),
            user,
        };
        sorted(online.into_iter().map(person).collect())
    });
    // The server lists a limited number of people and counts the others.
    let unlisted = Memo::new(move |_| {
        room.with_status(|status| status.online_count.unwrap_or(0).saturating_sub(status.online.len() as u64))
    });
    view! {
        <aside
            class="people"
            id=ID
            node_ref=drawer
            popover="auto"
            data-testid="people"
            aria-label=i18n.t(Key::PeopleInRoom)
        >
            <div class="panel-head">
                <h2>{i18n.t(Key::OnlineInRoom)}</h2>
                <CloseButton popover=ID />
            </div>
            <ul>
                <For
                    each=move || people.get()
                    key=|person| (person.user.id, person.user.name.clone(), person.user.colour, person.away, person.is_me)
                    let(Person { user, is_me, away })
                >
                    <li class="person" class:away=away>
                        <span class=["avatar small ", colour::class(&user)].concat() aria-hidden="true">
                            {colour::initials(&user.name)}
                        </span>
                        <span class="person-name">{user.name}</span>
                        {(is_me || away)
                            .then(|| {
                                let note = if is_me { Key::You } else { Key::Away };
                                view! { <span class="person-you">{i18n.t(note)}</span> }
                            })}
                    </li>
                </For>
            </ul>
            <p class="people-more" hidden=move || unlisted.get() == 0>
                {move || i18n.format(Key::MorePeople, &[("n", &unlisted.get().to_string())])}
            </p>
            <InviteButton />
        </aside>
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{UserId, UserKind};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_user_comes_first_and_those_who_are_away_last() {
        let person = |name: &str, is_me, away| Person {
            user: User { id: UserId(Uuid::nil()), name: name.into(), kind: UserKind::Guest, colour: None },
            is_me,
            away,
        };
        let people = sorted(vec![
            person("Cleo", false, false),
            person("ann", false, true),
            person("bob", false, false),
            person("Zoe", true, false),
        ]);
        let names: Vec<_> = people.iter().map(|person| person.user.name.as_str()).collect();
        assert_eq!(names, ["Zoe", "bob", "Cleo", "ann"]);
    }
}
