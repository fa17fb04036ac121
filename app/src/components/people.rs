//! Who is here: a column on wide screens, a drawer on others.

use leptos::prelude::*;
use parlor_protocol::{RoomId, User, UserId};

use super::{
    flag,
    icons::{CLOSE, Icon},
    still, text,
};
use crate::{
    browser, colour,
    live::client::Client,
    small,
    text::escape,
    words::{Word, Words},
};

/// The panel's id, for the button that opens it.
pub const ID: &str = "people";

/// The people who are in the room now.
#[component]
pub fn People(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    let about = move || room.get().map(|room| client.view(&room).about.get()).unwrap_or_default();
    let people = text(move || {
        let mut people = about().online;
        let me = client.me.get();
        // Before the server has said who is there, at least the reader is.
        if people.is_empty() {
            people.extend(me.clone());
        }
        let me = me.map(|me| me.id);
        small::sort_by_key(&mut people, |user| (Some(user.id) != me, user.name.to_ascii_lowercase()));
        list(&people, me, words)
    });
    let hidden = move || {
        let about = about();
        about.online_count.unwrap_or(0).saturating_sub(about.online.len() as u64)
    };
    view! {
        <aside class="people" id=ID popover="auto" data-testid="people" aria-label=words.of(Word::PeopleHere)>
            <div class="panel-head">
                {still(move || view! { <h2>{words.of(Word::HereNow)}</h2> })}
                <button
                    type="button"
                    class="button icon-only"
                    aria-label=words.of(Word::Close)
                    popovertarget=ID
                    popovertargetaction="hide"
                    on:click=move |_| browser::hide_popover(ID)
                >
                    {still(|| view! { <Icon path=CLOSE /> })}
                </button>
            </div>
            <ul inner_html=people></ul>
            <p class="people-more" hidden=flag(move || hidden() == 0)>
                {text(move || words.fill(Word::AndMore, &[("n", &hidden().to_string())]))}
            </p>
        </aside>
    }
}

/// People as items of a list. Plain HTML: nothing can be done with them, and they come and go together.
fn list(people: &[User], me: Option<UserId>, words: Words) -> String {
    let mut html = String::new();
    let is_me = ["<span class=\"person-you\">", words.of(Word::You), "</span>"].concat();
    for user in people {
        let (hue, initials) = (colour::class(user.id), escape(&colour::initials(&user.name)));
        let you = if Some(user.id) == me { &*is_me } else { "" };
        for text in [
            "<li class=\"person\"><span class=\"avatar small ",
            hue,
            "\" aria-hidden=\"true\">",
            &initials,
            "</span><span class=\"person-name\">",
            &escape(&user.name),
            "</span>",
            you,
            "</li>",
        ] {
            html.push_str(text);
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use parlor_protocol::UserKind;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn names_are_text() {
        let user = |id, name: &str| User {
            id: UserId(Uuid::from_u128(id)),
            name: name.into(),
            kind: UserKind::Guest,
            colour: None,
        };
        let html = list(&[user(1, "<b>"), user(2, "Bob")], Some(UserId(Uuid::from_u128(2))), Words::default());
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"), "{html}");
        assert!(html.ends_with("Bob</span><span class=\"person-you\">you</span></li>"), "{html}");
        assert_eq!(html.matches("person-you").count(), 1);
    }
}
