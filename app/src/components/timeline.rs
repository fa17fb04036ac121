//! The messages of the current room.

use std::ops::Range;

use leptos::{ev::KeyboardEvent, html, prelude::*};
use parlor_protocol::{CommandId, RoomId};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlCollection, HtmlElement};

use super::{
    composer::ComposerHandle,
    current_room::CurrentRoom,
    edit_history::{EDITED, EditHistoryHandle},
    empty_room::Beginning,
    icons::{DOWN, Icon, UP},
    long_press::{self, LongPress},
    reactions::{CHIP, toggle},
    row::RowView,
    scroll::{self, ScrollPosition},
};
use crate::{
    browser,
    i18n::Key,
    live::{
        blocks::BlockId,
        client::Client,
        connection::ConnectionState,
        state::LoadState,
        view::{RoomStatus, RoomView, RowBlock},
    },
};

#[component]
pub fn Timeline(room: RoomId) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let missing = expect_context::<CurrentRoom>().missing;
    let view = client.view(&room);
    let status: Signal<RoomStatus> = view.status.clone().into();
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
    ScrollPosition { client, room: room.clone(), scroller, content, rows_pending, unread_line_above }
        .preserve(status, view.rows_changed.clone());
    let ready = move || status.read().load_state == LoadState::Ready;
    let loading = move || status.read().load_state == LoadState::Loading;
    let complete = move || status.read().complete;
    let is_empty = Memo::new(move |_| status.read().empty);
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

/// The rows alone, for the welcome page too. `pending` is set to whether older rows are still to be added.
#[component]
pub fn Rows(
    view: RoomView,
    #[prop(default = StoredValue::new(false))] rows_pending: StoredValue<bool>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let history = use_context::<EditHistoryHandle>();
    let composer = use_context::<ComposerHandle>();
    let blocks = view.blocks;
    // What the server has rendered is there as a whole.
    let hydrating = Owner::current_shared_context().is_some_and(|context| context.during_hydration());
    let all_at_once = StoredValue::new(cfg!(feature = "ssr") || hydrating);
    let shown = StoredValue::new(Vec::<BlockId>::new());
    let next_batch = Trigger::new();
    let requested = StoredValue::new(false);
    let batched = move || {
        next_batch.track();
        let blocks = blocks.get();
        let batch = match all_at_once.get_value() {
            true => 0..blocks.len(),
            false => shown.with_value(|shown| next_range(&blocks, shown)),
        };
        all_at_once.set_value(false);
        rows_pending.set_value(batch.start > 0);
        if batch.len() < blocks.len() && !requested.get_value() {
            requested.set_value(true);
            request_animation_frame(move || {
                // The timeline may be gone.
                requested.try_set_value(false);
                next_batch.notify();
            });
        }
        let blocks = blocks[batch].to_vec();
        shown.set_value(blocks.iter().map(|block| block.id).collect());
        blocks
    };
    view! {
        <div
            class="rows"
            role="log"
            aria-live="polite"
            aria-relevant="additions"
            aria-label=i18n.t(Key::Messages)
            on:keydown=move |event| move_focus(composer, &event)
            on:click=move |event| on_click(client, history, &event_target(&event))
        >
            <For each=batched key=|block| block.id let(block)>
                <div class="row-block">
                    <For each=move || block.rows.get() key=|item| item.key let(item)>
                        <RowView item />
                    </For>
                </div>
            </For>
        </div>
    }
}

/// Rows that are added above in one frame. The first page of a room at once would be a noticeable pause.
const BATCH: usize = 12;
/// Blocks that are added below in one frame. In a flood, hundreds of messages arrive at once.
const BLOCKS_BELOW: usize = 3;

/// The blocks to show next: those that are shown and a batch above and below them, or the end if none is shown.
fn next_range(blocks: &[RowBlock], shown: &[BlockId]) -> Range<usize> {
    let is_shown = |block: &RowBlock| shown.contains(&block.id);
    let first = blocks.iter().position(is_shown).unwrap_or(blocks.len());
    let end = blocks.iter().rposition(is_shown).map_or(blocks.len(), |last| last + 1 + BLOCKS_BELOW);
    let mut rows = 0;
    let in_batch = |block: &&RowBlock| {
        let is_first = rows == 0;
        rows += block.rows.with_untracked(Vec::len);
        is_first || rows <= BATCH
    };
    let above = blocks[..first].iter().rev().take_while(in_batch).count();
    first - above..end.min(blocks.len())
}

/// A click on one of the small buttons under a message.
fn on_click(client: Client, history: Option<EditHistoryHandle>, target: &Element) {
    let Ok(Some(button)) = target.closest(".message button") else { return };
    let message = button.closest(".message").ok().flatten().and_then(|message| message.get_attribute("data-id"));
    let Some(message) = message.and_then(|id| Uuid::try_parse(&id).ok()).map(CommandId) else { return };
    match button.class_name().as_str() {
        CHIP => toggle(client, message, &button),
        EDITED => history.into_iter().for_each(|history| history.open(message)),
        _ => {}
    }
}

/// The class of the button of a message.
const MORE: &str = "more";
/// The buttons of a message that are no tab stops: its menu, its reactions, and the mark of an edit.
const MESSAGE_BUTTONS: &str = "button[tabindex='-1']";

/// Moves the focus from message to message by the arrow keys up and down, between the buttons of a message by those left
/// and right, and with Escape back to the composer. An arrow key in the empty composer leads here: as tab stops, messages
/// would put hundreds of them between the room list and the composer.
fn move_focus(composer: Option<ComposerHandle>, event: &KeyboardEvent) {
    let focused = event_target::<Element>(event);
    let Ok(Some(message)) = focused.closest(".message") else { return };
    if !focused.matches(MESSAGE_BUTTONS).unwrap_or(false) {
        return;
    }
    let buttons = document().get_elements_by_class_name(MORE);
    let at =
        || (0..buttons.length()).find(|at| buttons.item(*at).is_some_and(|button| message.contains(Some(&button))));
    let next = match browser::pressed_key(event).unwrap_or_default().as_str() {
        "ArrowUp" => at().and_then(|at| at.checked_sub(1)),
        "ArrowDown" => at().map(|at| at + 1),
        key @ ("ArrowLeft" | "ArrowRight") => {
            event.prevent_default();
            return focus_neighbour(&message, &focused, key == "ArrowRight");
        }
        "Escape" => {
            if let Some(composer) = composer {
                composer.focus();
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(next) = next {
        focus_button(&buttons, next);
    }
}

/// Moves the focus to the next or previous button of a message.
fn focus_neighbour(message: &Element, focused: &Element, forwards: bool) {
    let Ok(buttons) = message.query_selector_all(MESSAGE_BUTTONS) else { return };
    let count = buttons.length();
    let at = (0..count).find(|at| focused.is_same_node(buttons.item(*at).as_ref()));
    let next = at.map(|at| (if forwards { at + 1 } else { at + count - 1 }) % count);
    let next = next.and_then(|next| buttons.item(next)).and_then(|button| button.dyn_into::<HtmlElement>().ok());
    if let Some(button) = next {
        let _ = button.focus();
    }
}

/// Moves the focus to the button of the last message.
pub(super) fn focus_last_message() {
    let buttons = document().get_elements_by_class_name(MORE);
    focus_button(&buttons, buttons.length().saturating_sub(1));
}

fn focus_button(buttons: &HtmlCollection, at: u32) {
    if let Some(button) = buttons.item(at).and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        let _ = button.focus();
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{
        rows::{Row, RowKey},
        view::RowItem,
    };

    fn blocks(sizes: &[usize]) -> Vec<RowBlock> {
        let row = || RowItem { key: RowKey::UnreadMarker, row: ArcRwSignal::new(Row::UnreadMarker) };
        let block = |(id, size): (BlockId, &usize)| RowBlock {
            id,
            rows: ArcRwSignal::new(std::iter::repeat_with(row).take(*size).collect()),
        };
        (0..).zip(sizes).map(block).collect()
    }

    #[test]
    fn rows_are_added_in_batches_from_the_end_upwards() {
        let blocks = blocks(&[8, 8, 8, 9, 3]);
        assert_eq!(next_range(&blocks, &[]), 3..5);
        assert_eq!(next_range(&blocks, &[3, 4]), 2..5);
        assert_eq!(next_range(&blocks, &[0, 1, 2, 3, 4]), 0..5);
        assert_eq!(next_range(&[], &[7]), 0..0);
    }

    #[test]
    fn a_flood_is_added_in_batches_below() {
        let blocks = blocks(&[8; 20]);
        assert_eq!(next_range(&blocks, &[0, 1]), 0..5);
        assert_eq!(next_range(&blocks, &[4]), 3..8);
    }
}
