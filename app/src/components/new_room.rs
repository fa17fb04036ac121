//! The dialog that makes a room.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use parlor_protocol::{RoomKind, limits, validate};

use super::{rooms, still, text};
use crate::{browser, live::client::Client, route::Route, words::Word};

/// The dialog's id.
pub const ID: &str = "new-room";

/// Opens the dialog.
pub fn open() {
    browser::hide_popover(rooms::ID);
    browser::show_dialog(ID);
}

/// The dialog.
#[component]
pub fn NewRoom() -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    let route = expect_context::<Route>();
    let name = RwSignal::new(String::new());
    let problem = RwSignal::new(String::new());
    let private = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let create = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let named = match validate::room_name(&name.get_untracked()) {
            Ok(named) => named,
            Err(validate::Invalid::Empty) => return problem.set(words.of(Word::RoomNeedsName).to_owned()),
            Err(invalid) => return problem.set(words.invalid(invalid)),
        };
        problem.set(String::new());
        busy.set(true);
        let kind = if private.get_untracked() { RoomKind::Private } else { RoomKind::Public };
        spawn_local(async move {
            match client.create_room(named, kind).await {
                Ok(room) => {
                    name.set(String::new());
                    private.set(false);
                    browser::close_dialog(ID);
                    route.go(&room);
                }
                Err(why) => problem.set(why),
            }
            busy.set(false);
        });
    };
    view! {
        <dialog id=ID class="dialog" aria-labelledby="new-room-title">
            <form on:submit=create>
                {still(move || view! { <h2 id="new-room-title">{words.of(Word::NewRoom)}</h2> })}
                {still(move || view! { <label for="new-room-name">{words.of(Word::RoomName)}</label> })}
                <input
                    id="new-room-name"
                    data-testid="new-room-name"
                    type="text"
                    autocomplete="off"
                    autofocus
                    maxlength=limits::MAX_ROOM_NAME_CHARS.to_string()
                    placeholder=words.of(Word::RoomExample)
                    aria-describedby="new-room-problem"
                    prop:value=name
                    on:input=move |event| {
                        name.set(event_target_value(&event));
                        problem.set(String::new());
                    }
                />
                <label class="choice">
                    <input
                        type="checkbox"
                        data-testid="new-room-private"
                        prop:checked=private
                        on:change=move |event| private.set(event_target_checked(&event))
                    />
                    {still(move || view! { <span>{words.of(Word::PrivateRoom)}</span> })}
                </label>
                <p class="soft">
                    {text(move || words.of(if private.get() { Word::PrivateRoomHelp } else { Word::NewRoomHelp }))}
                </p>
                <p id="new-room-problem" class="problem" role="alert">
                    {text(move || problem.get())}
                </p>
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| browser::close_dialog(ID)>
                        {words.of(Word::Cancel)}
                    </button>
                    <button type="submit" class="button primary" data-testid="new-room-create">
                        {text(move || words.of(if busy.get() { Word::Creating } else { Word::Create }))}
                    </button>
                </div>
            </form>
        </dialog>
    }
}
