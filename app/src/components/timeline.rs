//! The messages of the current room.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use parlor_protocol::RoomId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{
    composer::ComposerHandle,
    current_room::CurrentRoom,
    empty_room::Beginning,
    icons::{DOWN, Icon, UP},
    long_press::{self, LongPress},
    row::RowView,
    scroll::{self, ScrollPosition},
};
use crate::{
    browser,
    i18n::Key,
    live::{
        client::Client,
        connection::ConnectionState,
        rows::RowKey,
        state::LoadState,
        view::{RoomStatus, RoomView, RowItem},
    },
};

#[component]
pub fn Timeline(room: RoomId) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let missing = expect_context::<CurrentRoom>().missing;
    let view = client.view(&room);
    let status: Signal<RoomStatus> = view.status.clone().into();
    let rows: Signal<Vec<RowItem>> = view.rows.clone().into();
    // The newest page has replaced an older one.
    let jumps = Memo::new(move |_| status.read().end_jumps);
    Effect::watch(move || jumps.get(), |_, _, _| scroll::to_end(false), false);
    let jumps_to_unread = Memo::new(move |_| status.read().unread_jumps);
    Effect::watch(move || jumps_to_unread.get(), |_, _, _| scroll::to_unread_line(), false);
    let long_press = LongPress::default();
    let scroller = NodeRef::<html::Div>::new();
    let content = NodeRef::<html::Div>::new();
    let rows_pending = StoredValue::new(false);
    let unread_line_above = RwSignal::new(false);
    ScrollPosition { client, room: room.clone(), scroller, content, rows_pending, unread_line_above }.preserve(rows);
    let ready = move || status.with(|status| status.load_state == LoadState::Ready);
    let loading = move || status.with(|status| status.load_state == LoadState::Loading);
    let complete = move || status.read().complete;
    let is_empty = Memo::new(move |_| rows.with(|rows| !rows.iter().any(|row| matches!(row.key, RowKey::Message(_)))));
    let problem = Memo::new(move |_| {
        status.with(|status| match &status.load_state {
            _ if missing.get() => i18n.t(Key::RoomUnavailable).to_owned(),
            // The badge says why, and that nothing will come.
            LoadState::Failed(_) if client.connection.with(|state| matches!(state, ConnectionState::Closed { .. })) => {
                String::new()
            }
            LoadState::Failed(why) => i18n.format(Key::MessagesWhenReconnected, &[("why", why)]),
            LoadState::Missing | LoadState::Loading | LoadState::Ready => String::new(),
        })
    });
    let newer = Memo::new(move |_| {
        status.with(|status| match status.unseen {
            0 if status.detached => i18n.t(Key::JumpToNewest).to_owned(),
            0 => String::new(),
            count => i18n.plural(Key::NewMessageCount, count.into()),
        })
    });
    let go_to_unread = {
        let room = room.clone();
        move |_| client.jump_to_unread(&room)
    };
    let go_to_newest = move |_| {
        if status.read_untracked().detached {
            client.jump_to_newest(&room);
        } else {
            scroll::to_end(true);
        }
    };
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
                <div
                    class="timeline-inner"
                    node_ref=content
                    on:pointerdown=move |event| long_press.start(&event)
                    on:pointermove=move |event| long_press.track(&event)
                    on:pointerup=move |_| long_press.cancel()
                    on:pointercancel=move |_| long_press.cancel()
                    on:touchend=move |event| long_press.suppress_click(&event)
                    on:contextmenu=|event| long_press::suppress_context_menu(&event)
                >
                    <Beginning
                        hidden=Signal::derive(move || !ready() || !complete())
                        empty=is_empty
                    />
                    <div
                        class="older"
                        hidden=move || !ready() || complete()
                        aria-busy=move || status.read().loading_older.to_string()
                    >
                        <Skeleton />
                    </div>
                    <div class="skeletons" hidden=move || !loading() || !problem.read().is_empty()>
                        <Skeleton />
                        <Skeleton />
                        <Skeleton />
                        <Skeleton />
                    </div>
                    <p class="timeline-words" hidden=move || problem.read().is_empty()>
                        {move || problem.get()}
                    </p>
                    <p class="timeline-words" hidden=move || !missing.get()>
                        <a href="/r/lobby">{i18n.t(Key::GoToLobby)}</a>
                    </p>
                    <Rows view rows_pending />
                </div>
            </div>
            <button
                type="button"
                class="pill upper"
                data-testid="to-unread"
                hidden=move || {
                    !unread_line_above.get() || status.read().unread_after.is_none()
                }
                on:click=go_to_unread
            >
                <Icon path=UP />
                <span>{i18n.t(Key::JumpToUnread)}</span>
            </button>
            <button
                type="button"
                class="pill"
                data-testid="new-messages"
                hidden=move || newer.read().is_empty()
                on:click=go_to_newest
            >
                <Icon path=DOWN />
                <span>{move || newer.get()}</span>
            </button>
        </div>
    }
}

/// Rows that are added in one frame. The first page of a room at once would be a noticeable pause.
const BATCH: usize = 12;

/// The rows alone, for the welcome page too. `pending` is set to whether older rows are still to be added.
#[component]
pub fn Rows(
    view: RoomView,
    #[prop(default = StoredValue::new(false))] rows_pending: StoredValue<bool>,
) -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let composer = use_context::<ComposerHandle>();
    let rows = view.rows;
    // What the server has rendered is there as a whole.
    let hydrating = Owner::current_shared_context().is_some_and(|context| context.during_hydration());
    let all_at_once = StoredValue::new(cfg!(feature = "ssr") || hydrating);
    let shown = StoredValue::new(Vec::<RowKey>::new());
    let next_batch = Trigger::new();
    let batched = move || {
        next_batch.track();
        let mut rows = rows.get();
        let known = shown.with_value(|shown| rows.iter().position(|row| shown.contains(&row.key)));
        let begin = match all_at_once.get_value() {
            true => 0,
            false => known.unwrap_or(rows.len()).saturating_sub(BATCH),
        };
        let rows = rows.split_off(begin);
        all_at_once.set_value(false);
        rows_pending.set_value(begin > 0);
        if begin > 0 {
            request_animation_frame(move || next_batch.notify());
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
            on:keydown=move |event| move_focus(composer, &event)
        >
            <For each=batched key=|item| item.key let(item)>
                <RowView item />
            </For>
        </div>
    }
}

/// The class of the button of a message.
const MORE: &str = "more";

/// Moves the focus from message to message by the arrow keys, and with Escape back to the composer. An arrow key in the
/// empty composer leads here: as tab stops, messages would put hundreds of them between the room list and the composer.
fn move_focus(composer: Option<ComposerHandle>, event: &KeyboardEvent) {
    let focused = event_target::<Element>(event);
    if focused.class_name() != MORE {
        return;
    }
    let next: fn(&Element) -> Option<Element> = match browser::pressed_key(event).unwrap_or_default().as_str() {
        "ArrowUp" => Element::previous_element_sibling,
        "ArrowDown" => Element::next_element_sibling,
        "Escape" => {
            if let Some(composer) = composer {
                composer.focus();
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    let mut row = focused.closest("[data-row]").ok().flatten();
    while let Some(beside) = row.as_ref().and_then(next) {
        if focus_button(&beside.get_elements_by_class_name(MORE), 0) {
            return;
        }
        row = Some(beside);
    }
}

/// Moves the focus to the button of the last message.
pub(super) fn focus_last_message() {
    let buttons = document().get_elements_by_class_name(MORE);
    focus_button(&buttons, buttons.length().saturating_sub(1));
}

fn focus_button(buttons: &web_sys::HtmlCollection, at: u32) -> bool {
    let button = buttons.item(at).and_then(|button| button.dyn_into::<HtmlElement>().ok());
    button.is_some_and(|button| button.focus().is_ok())
}

/// The place of a message that is being loaded.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-hidden="true">
            <span class="skeleton-avatar"></span>
            <span class="skeleton-line short"></span>
            <span class="skeleton-line"></span>
        </div>
    }
}
