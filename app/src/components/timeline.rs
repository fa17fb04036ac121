//! The messages of the room on the screen.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use parlor_protocol::RoomId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{
    Look, composer, flag,
    icons::{DOWN, Icon, UP},
    on_change,
    row::RowView,
    scroll, still, text,
};
use crate::{
    browser,
    i18n::Key,
    live::{client::Client, connection::ConnectionState, rows::RowKey, state::Phase, view::RoomView},
    reactive::derive,
};

/// The messages of a room, and the way through them.
#[component]
pub fn Timeline(
    /// The room.
    room: RoomId,
    /// There is no such room.
    absent: Signal<bool>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let view = client.view(&room);
    let about = {
        let about = view.about.clone();
        derive(Box::new(move || about.get()))
    };
    // The newest page has taken the place of an older one: the place to be is its end.
    on_change(move || about.look(|about| about.jumps), || scroll::to_end(false));
    on_change(move || about.look(|about| about.to_line), scroll::to_line);
    let (to_newest, to_unread) = (room.clone(), room.clone());
    let line_above = RwSignal::new(false);
    let scroller = NodeRef::<html::Div>::new();
    let inner = NodeRef::<html::Div>::new();
    let held_back = StoredValue::new(false);
    scroll::keep(client, room.clone(), &view, scroller, inner, held_back, line_above);
    let name = text(move || {
        client
            .rooms
            .look(|rooms| rooms.iter().find(|known| known.id == room).map(|room| room.name.clone()))
            .unwrap_or_default()
    });
    let ready = move || about.look(|about| about.phase == Phase::Ready);
    let said = text(move || {
        about.look(|about| match &about.phase {
            _ if absent.get() => i18n.t(Key::RoomUnavailable).to_owned(),
            // The badge says why, and that nothing will come.
            Phase::Failed(_) if client.connection.look(|state| matches!(state, ConnectionState::Closed { .. })) => {
                String::new()
            }
            Phase::Failed(why) => i18n.format(Key::MessagesWhenReconnected, &[("why", why)]),
            Phase::Missing | Phase::Loading | Phase::Ready => String::new(),
        })
    });
    let not_waiting = flag(move || ready() || !said.look(String::is_empty));
    let begins_earlier = flag(move || !ready() || !about.look(|about| about.complete));
    let none_older = flag(move || !ready() || about.look(|about| about.complete));
    let pill = text(move || match about.look(|about| about.unseen) {
        0 if about.look(|about| about.detached) => i18n.t(Key::JumpToNewest).to_owned(),
        0 => String::new(),
        count => i18n.plural(Key::NewMessageCount, count.into()),
    });
    view! {
        <div class="timeline-frame">
            <div
                class="timeline"
                id=scroll::ID
                data-testid="timeline"
                node_ref=scroller
                tabindex="0"
                role="region"
                aria-label=i18n.t(Key::Messages)
            >
                <div class="timeline-inner" node_ref=inner>
                    <div class="beginning" hidden=begins_earlier>
                        <p class="beginning-title">{name}</p>
                        {still(move || view! { <p class="soft">{i18n.t(Key::RoomBeginning)}</p> })}
                    </div>
                    <div class="older" hidden=none_older aria-busy=text(move || about.look(|about| about.loading_older.to_string()))>
                        <Skeleton />
                    </div>
                    <div class="skeletons" hidden=not_waiting>
                        <Skeleton />
                        <Skeleton />
                        <Skeleton />
                        <Skeleton />
                    </div>
                    <p class="timeline-words" hidden=flag(move || said.look(String::is_empty))>
                        {said}
                    </p>
                    <p class="timeline-words" hidden=flag(move || !absent.get())>
                        {still(move || view! { <a href="/r/lobby">{i18n.t(Key::GoToLobby)}</a> })}
                    </p>
                    <Rows view held_back />
                </div>
            </div>
            <button
                type="button"
                class="pill upper"
                data-testid="to-unread"
                hidden=flag(move || !line_above.get() || about.look(|about| about.unread_after.is_none()))
                on:click=move |_| client.to_unread(&to_unread)
            >
                {still(|| view! { <Icon path=UP /> })}
                <span>{i18n.t(Key::JumpToUnread)}</span>
            </button>
            <button
                type="button"
                class="pill"
                data-testid="new-messages"
                hidden=flag(move || pill.look(String::is_empty))
                on:click=move |_| {
                    if about.peek(|about| about.detached) {
                        client.to_newest(&to_newest);
                    } else {
                        scroll::to_end(true);
                    }
                }
            >
                {still(|| view! { <Icon path=DOWN /> })}
                <span>{pill}</span>
            </button>
        </div>
    }
}

/// Older rows that are put into the page at a time. A room's first page at once would be a pause that is felt.
const AT_ONCE: usize = 12;

/// The rows alone: on the visitor's page too.
#[component]
pub fn Rows(
    /// The room's signals.
    view: RoomView,
    /// Set to whether the oldest rows are still to come into the page.
    #[prop(default = StoredValue::new(false))]
    held_back: StoredValue<bool>,
) -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let rows = view.rows;
    // What the server has rendered is there as a whole.
    let hydrating = Owner::current_shared_context().is_some_and(|context| context.during_hydration());
    let whole = StoredValue::new(cfg!(feature = "ssr") || hydrating);
    let shown = StoredValue::new(Vec::<RowKey>::new());
    let turn = RwSignal::new(());
    let each = move || {
        turn.track();
        let mut rows = rows.get();
        let known = shown.with_value(|shown| rows.iter().position(|row| shown.contains(&row.key)));
        let begin = known.unwrap_or(rows.len()).saturating_sub(AT_ONCE);
        let rows = rows.split_off(if whole.get_value() { 0 } else { begin });
        let more = begin > 0 && !whole.get_value();
        whole.set_value(false);
        held_back.set_value(more);
        if more {
            // By then the room may have left the page.
            request_animation_frame(move || {
                let _ = turn.try_set(());
            });
        }
        shown.set_value(rows.iter().map(|row| row.key).collect());
        rows
    };
    view! {
        <div
            class="rows"
            role="log"
            aria-live="polite"
            aria-relevant="additions"
            aria-label=i18n.t(Key::Messages)
            on:keydown=|event| walk(&event)
        >
            <For each key=|item| item.key let(item)>
                <RowView item />
            </For>
        </div>
    }
}

/// From one message to the next with the arrow keys, and back to writing. One comes here by an arrow key from an empty
/// message box: a stop for each message would put hundreds of them between the rooms and the box.
fn walk(event: &KeyboardEvent) {
    let here = event_target::<Element>(event);
    if here.class_name() != "more" {
        return;
    }
    let next: fn(&Element) -> Option<Element> = match event.key().as_str() {
        "ArrowUp" => Element::previous_element_sibling,
        "ArrowDown" => Element::next_element_sibling,
        "Escape" => return browser::focus(composer::ID),
        _ => return,
    };
    event.prevent_default();
    let mut row = here.closest("[data-row]").ok().flatten();
    while let Some(beside) = row.as_ref().and_then(next) {
        let button = beside.get_elements_by_class_name("more").item(0);
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            let _ = button.focus();
            return;
        }
        row = Some(beside);
    }
}

/// Where messages will be.
#[component]
fn Skeleton() -> impl IntoView {
    still(|| {
        view! {
            <div class="skeleton" aria-hidden="true">
                <span class="skeleton-avatar"></span>
                <span class="skeleton-line short"></span>
                <span class="skeleton-line"></span>
            </div>
        }
    })
}
