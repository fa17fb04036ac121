//! The messages of the room on the screen.

use leptos::{html, prelude::*};
use parlor_protocol::RoomId;

use super::{
    flag,
    icons::{DOWN, Icon},
    row::RowView,
    scroll, still, text,
};
use crate::{
    live::{client::Client, connection::ConnectionState, rows::RowKey, state::Phase, view::RoomView},
    words::Word,
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
    let words = client.words;
    let view = client.view(&room);
    let about = {
        let about = view.about.clone();
        Signal::derive(move || about.get())
    };
    // The newest page has taken the place of an older one: the place to be is its end.
    let jumps = Memo::new(move |_| about.with(|about| about.jumps));
    Effect::new(move |before: Option<u32>| {
        let now = jumps.get();
        if before.is_some_and(|before| before != now) {
            scroll::to_end(false);
        }
        now
    });
    let to_newest = room.clone();
    let scroller = NodeRef::<html::Div>::new();
    let inner = NodeRef::<html::Div>::new();
    let held_back = StoredValue::new(false);
    scroll::keep(client, room.clone(), &view, scroller, inner, held_back);
    let name = text(move || {
        client
            .rooms
            .with(|rooms| rooms.iter().find(|known| known.id == room).map(|room| room.name.clone()))
            .unwrap_or_default()
    });
    let ready = move || about.with(|about| about.phase == Phase::Ready);
    let said = text(move || {
        about.with(|about| match &about.phase {
            _ if absent.get() => words.of(Word::NotYours).to_owned(),
            // The badge says why, and that nothing will come.
            Phase::Failed(_) if client.connection.with(|state| matches!(state, ConnectionState::Closed { .. })) => {
                String::new()
            }
            Phase::Failed(why) => words.fill(Word::LaterMessages, &[("why", why)]),
            Phase::Missing | Phase::Loading | Phase::Ready => String::new(),
        })
    });
    let not_waiting = flag(move || ready() || !said.with(String::is_empty));
    let begins_earlier = flag(move || !ready() || !about.with(|about| about.complete));
    let none_older = flag(move || !ready() || about.with(|about| about.complete));
    let pill = text(move || match about.with(|about| about.unseen) {
        0 if about.with(|about| about.detached) => words.of(Word::Newest).to_owned(),
        0 => String::new(),
        count => words.count(Word::NewMessages, count.into()),
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
                aria-label=words.of(Word::Messages)
            >
                <div class="timeline-inner" node_ref=inner>
                    <div class="beginning" hidden=begins_earlier>
                        <p class="beginning-title">{name}</p>
                        {still(move || view! { <p class="soft">{words.of(Word::Beginning)}</p> })}
                    </div>
                    <div class="older" hidden=none_older aria-busy=text(move || about.with(|about| about.loading_older.to_string()))>
                        <Skeleton />
                    </div>
                    <div class="skeletons" hidden=not_waiting>
                        <Skeleton />
                        <Skeleton />
                        <Skeleton />
                        <Skeleton />
                    </div>
                    <p class="timeline-words" hidden=flag(move || said.with(String::is_empty))>
                        {said}
                    </p>
                    <p class="timeline-words" hidden=flag(move || !absent.get())>
                        {still(move || view! { <a href="/r/lobby">{words.of(Word::ToLobby)}</a> })}
                    </p>
                    <Rows view held_back />
                </div>
            </div>
            <button
                type="button"
                class="pill"
                data-testid="new-messages"
                hidden=flag(move || pill.with(String::is_empty))
                on:click=move |_| {
                    if about.with_untracked(|about| about.detached) {
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
    let words = expect_context::<Client>().words;
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
        <div class="rows" role="log" aria-live="polite" aria-relevant="additions" aria-label=words.of(Word::Messages)>
            <For each key=|item| item.key let(item)>
                <RowView item />
            </For>
        </div>
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
