//! The beginning of a room's history, and what to do in a room without messages.

use leptos::prelude::*;
use parlor_protocol::RoomKind;

use super::current_room::CurrentRoom;
use crate::{i18n::Key, live::client::Client};

#[component]
pub fn Beginning(#[prop(into)] hidden: Signal<bool>, #[prop(into)] empty: Signal<bool>) -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let room = expect_context::<CurrentRoom>();
    let is_private = move || room.summary.read().as_ref().is_some_and(|room| room.kind == RoomKind::Private);
    let members = move || room.id.get().map(|room| format!("/rooms/{room}/settings"));
    view! {
        <div class="beginning" hidden=move || hidden.get()>
            <p class="beginning-title">{move || room.name()}</p>
            <p class="soft">{i18n.t(Key::RoomBeginning)}</p>
            <div class="empty-room" data-testid="empty-room" hidden=move || !empty.get() || room.is_archived()>
                <p>{i18n.t(Key::EmptyRoom)}</p>
                <a class="button" href=move || members() hidden=move || !is_private()>
                    {i18n.t(Key::AddMembers)}
                </a>
            </div>
        </div>
    }
}
