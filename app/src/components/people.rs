//! Who is here: a column on wide screens, a drawer on others.

use leptos::prelude::*;
use parlor_protocol::{RoomId, User, UserId};

use super::{
    effect,
    icons::{CLOSE, Icon},
    still,
};
use crate::{
    browser, colour,
    i18n::{I18n, Key},
    live::{client::Client, view::About},
    small,
    text::escape,
};

/// The panel's id, for the button that opens it.
pub const ID: &str = "people";

/// Ids of what changes, and of what is pressed.
const LIST: &str = "people-list";
const MORE: &str = "people-more";
const CLOSER: &str = "people-close";

/// The people who are in the room now.
#[component]
pub fn People(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let about = move || room.get().map(|room| client.view(&room).about.get()).unwrap_or_default();
    let people = move || {
        let About { online: mut people, away, .. } = about();
        let me = client.me.get();
        // Before the server has said who is there, at least the reader is.
        if people.is_empty() {
            people.extend(me.clone());
        }
        let me = me.map(|me| me.id);
        small::sort_by_key(&mut people, |user| {
            (Some(user.id) != me, away.contains(&user.id), user.name.to_ascii_lowercase())
        });
        list(&people, &away, me, i18n)
    };
    let hidden = move || {
        let about = about();
        about.online_count.unwrap_or(0).saturating_sub(about.online.len() as u64)
    };
    let mut shown = String::new();
    effect(move || {
        let people = people();
        if people != shown {
            browser::set_html(LIST, &people);
            shown = people;
        }
        let hidden = hidden();
        browser::set_hidden(MORE, hidden == 0);
        browser::set_text(MORE, &i18n.format(Key::MorePeople, &[("n", &hidden.to_string())]));
    });
    effect(|| browser::on(CLOSER, "click", |_| browser::hide_popover(ID)));
    still(move || {
        let people = untrack(people);
        view! {
            <aside class="people" id=ID popover="auto" data-testid="people" aria-label=i18n.t(Key::PeopleInRoom)>
                <div class="panel-head">
                    <h2>{i18n.t(Key::OnlineInRoom)}</h2>
                    <button
                        type="button"
                        id=CLOSER
                        class="button icon-only"
                        aria-label=i18n.t(Key::Close)
                        popovertarget=ID
                        popovertargetaction="hide"
                    >
                        <Icon path=CLOSE />
                    </button>
                </div>
                <ul id=LIST inner_html=people></ul>
                <p class="people-more" id=MORE hidden></p>
            </aside>
        }
    })
}

/// People as items of a list. Plain HTML: nothing can be done with them, and they come and go together.
fn list(people: &[User], away: &[UserId], me: Option<UserId>, i18n: I18n) -> String {
    let mut html = String::new();
    let note = |word| ["<span class=\"person-you\">", i18n.t(word), "</span>"].concat();
    let (is_me, is_away) = (note(Key::You), note(Key::Away));
    for user in people {
        let (hue, initials) = (colour::class(user), escape(&colour::initials(&user.name)));
        let away = away.contains(&user.id);
        let note = match user.id {
            id if Some(id) == me => &*is_me,
            _ if away => &*is_away,
            _ => "",
        };
        for text in [
            if away { "<li class=\"person away\">" } else { "<li class=\"person\">" },
            "<span class=\"avatar small ",
            hue,
            "\" aria-hidden=\"true\">",
            &initials,
            "</span><span class=\"person-name\">",
            &escape(&user.name),
            "</span>",
            note,
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
        let html = list(
            &[user(1, "<b>"), user(2, "Bob")],
            &[UserId(Uuid::from_u128(1))],
            Some(UserId(Uuid::from_u128(2))),
            I18n::default(),
        );
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"), "{html}");
        assert!(html.ends_with("Bob</span><span class=\"person-you\">you</span></li>"), "{html}");
        assert_eq!((html.matches(">you<").count(), html.matches(">away<").count()), (1, 1));
    }
}
