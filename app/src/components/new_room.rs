//! The dialog that creates a room.

use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{
    RoomKind, limits,
    validate::{self, ValidationError},
};

use super::{
    layout::Layout,
    lazy::{LazyPart, lazy_part},
};
use crate::{i18n::Key, live::client::Client, navigation::use_open_room};

const NAME: &str = "new-room-name";
const PROBLEM: &str = "new-room-problem";

lazy_part!(new_room, NewRoomForm);

#[component]
pub fn NewRoom() -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let dialog = expect_context::<Layout>().new_room;
    view! {
        <dialog class="dialog" node_ref=dialog.element aria-label=i18n.t(Key::CreateRoom)>
            <LazyPart wanted=dialog.wanted() load=new_room />
        </dialog>
    }
}

#[component]
fn NewRoomForm() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let open_room = use_open_room();
    let dialog = expect_context::<Layout>().new_room;
    let name = RwSignal::new(String::new());
    let private = RwSignal::new(false);
    let problem = RwSignal::new(String::new());
    let creating = RwSignal::new(false);
    let create = move || {
        if creating.get_untracked() {
            return;
        }
        let room = match name.with_untracked(|name| validate::room_name(name)) {
            Ok(room) => room,
            Err(ValidationError::Empty) => return problem.set(i18n.t(Key::RoomNameRequired).to_owned()),
            Err(invalid) => return problem.set(i18n.validation_error(invalid)),
        };
        let kind = if private.get_untracked() { RoomKind::Private } else { RoomKind::Public };
        problem.set(String::new());
        creating.set(true);
        spawn_local(async move {
            match client.create_room(room, kind).await {
                Ok(room) => {
                    name.set(String::new());
                    private.set(false);
                    dialog.close();
                    open_room.run(room);
                }
                Err(why) => problem.set(why),
            }
            creating.set(false);
        });
    };
    view! {
        <form on:submit=move |event| {
            event.prevent_default();
            create();
        }>
            <h2>{i18n.t(Key::CreateRoom)}</h2>
            <label for=NAME>{i18n.t(Key::RoomName)}</label>
            <input
                id=NAME
                data-testid=NAME
                type="text"
                autocomplete="off"
                autofocus
                maxlength=limits::MAX_ROOM_NAME_CHARS.to_string()
                placeholder=i18n.t(Key::RoomNamePlaceholder)
                aria-describedby=PROBLEM
                bind:value=name
                on:input=move |_| problem.set(String::new())
            />
            <label class="choice">
                <input type="checkbox" data-testid="new-room-private" bind:checked=private />
                <span>{i18n.t(Key::Private)}</span>
            </label>
            <p class="soft">
                {move || i18n.t(if private.get() { Key::PrivateRoomHelp } else { Key::PublicRoomHelp })}
            </p>
            <p class="problem" id=PROBLEM role="alert">
                {problem}
            </p>
            <div class="dialog-actions">
                <button type="button" class="button" data-testid="cancel" on:click=move |_| dialog.close()>
                    {i18n.t(Key::Cancel)}
                </button>
                <button type="submit" class="button primary" data-testid="new-room-create">
                    {move || i18n.t(if creating.get() { Key::Creating } else { Key::Create })}
                </button>
            </div>
        </form>
    }
}
