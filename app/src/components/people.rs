//! Who is here: a column on wide screens, a drawer on others.

use leptos::prelude::*;
use parlor_protocol::{RoomId, User};

use super::{
    flag,
    icons::{CLOSE, Icon},
    text,
};
use crate::{browser, colour, live::client::Client, small};

/// The panel's id, for the button that opens it.
pub const ID: &str = "people";

/// The people who are in the room now.
#[component]
pub fn People(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let about = move || room.get().map(|room| client.view(&room).about.get()).unwrap_or_default();
    let people = move || {
        let mut people = about().online;
        let me = client.me.get();
        // Before the server has said who is there, at least the reader is.
        if people.is_empty() {
            people.extend(me.clone());
        }
        let me = me.map(|me| me.id);
        small::sort_by_key(&mut people, |user| (Some(user.id) != me, user.name.to_ascii_lowercase()));
        people
    };
    let hidden = move || {
        let about = about();
        about.online_count.unwrap_or(0).saturating_sub(about.online.len() as u64)
    };
    view! {
        <aside class="people" id=ID popover="auto" data-testid="people" aria-label="People in this room">
            <div class="panel-head">
                <h2>"Here now"</h2>
                <button
                    type="button"
                    class="button icon-only"
                    aria-label="Close"
                    popovertarget=ID
                    popovertargetaction="hide"
                    on:click=move |_| browser::hide_popover(ID)
                >
                    <Icon path=CLOSE />
                </button>
            </div>
            <ul>
                <For each=people key=|user| (user.id, user.name.clone()) let(user)>
                    <Person user />
                </For>
            </ul>
            <p class="people-more" hidden=flag(move || hidden() == 0)>
                {text(move || format!("and {} more", hidden()))}
            </p>
        </aside>
    }
}

#[component]
fn Person(user: User) -> impl IntoView {
    let client = expect_context::<Client>();
    let (id, name) = (user.id, user.name);
    let others = flag(move || !client.me.with(|me| me.as_ref().is_some_and(|me| me.id == id)));
    view! {
        <li class="person">
            <span class=format!("avatar small {}", colour::class(id)) aria-hidden="true">
                {colour::initials(&name)}
            </span>
            <span class="person-name">{name}</span>
            <span class="person-you" hidden=others>
                "you"
            </span>
        </li>
    }
}
