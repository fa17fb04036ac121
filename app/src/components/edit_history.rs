//! The versions of an edited message, in a dialog.

use leptos::{either::EitherOf3, prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, Message, http::MessageVersion};

use super::{
    current_room::CurrentRoom,
    lazy::{LazyDialog, LazyPart, lazy_part},
    message::timestamp,
};
use crate::{api, effect::effect, i18n::Key, live::client::Client};

/// The class of the mark of an edited message.
pub(super) const EDITED: &str = "edited";

lazy_part!(edit_history, Versions);

/// The dialog and the message that it is about. Provided by context.
#[derive(Clone, Copy, Default)]
pub struct EditHistoryHandle {
    dialog: LazyDialog,
    message: RwSignal<Option<CommandId>>,
}

impl EditHistoryHandle {
    pub fn open(self, message: CommandId) {
        self.message.set(Some(message));
        self.dialog.open();
    }
}

/// Says that a message was edited, and when. A click on it opens the versions of the message.
pub(super) fn edited_mark(message: &Message, client: Client, read_only: bool) -> Option<impl IntoView + use<>> {
    let i18n = client.i18n;
    let time = client.zone.get().date_time(message.edited_at?);
    let label = i18n.format(Key::EditedAt, &[("time", &time)]);
    Some(view! {
        <button
            type="button"
            class=EDITED
            tabindex="-1"
            data-testid="edited"
            disabled=read_only
            title=label.clone()
            aria-label=label
        >
            {i18n.t(Key::Edited)}
        </button>
    })
}

#[component]
pub fn EditHistory() -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let dialog = expect_context::<EditHistoryHandle>().dialog;
    view! {
        <dialog class="dialog edit-history" node_ref=dialog.element aria-label=i18n.t(Key::EditHistory)>
            <LazyPart wanted=dialog.wanted() load=edit_history />
        </dialog>
    }
}

/// Loads the versions each time the dialog opens.
#[component]
fn Versions() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let EditHistoryHandle { dialog, message } = expect_context();
    let versions = RwSignal::new(None::<Result<Vec<MessageVersion>, String>>);
    let attempt = StoredValue::new(0_u32);
    let load = move || {
        let (Some(room), Some(id)) = (room.id.get_untracked(), message.get_untracked()) else { return };
        versions.set(None);
        attempt.update_value(|attempt| *attempt += 1);
        let this = attempt.get_value();
        spawn_local(async move {
            let loaded = api::message_edits(&room, id).await;
            // It may have been opened for another message meanwhile.
            if attempt.try_get_value() == Some(this) {
                versions.set(Some(loaded.map(|loaded| loaded.edits).map_err(|error| error.message(i18n))));
            }
        });
    };
    effect(move || {
        dialog.openings.track();
        load();
    });
    let version = move |version: MessageVersion| {
        view! {
            <li>
                <p class="soft">{timestamp(version.at, client)}</p>
                <div class="body" dir="auto" inner_html=version.html></div>
            </li>
        }
    };
    let content = move || match versions.get() {
        None => EitherOf3::A(view! { <p class="soft">{i18n.t(Key::EditHistoryLoading)}</p> }),
        Some(Err(why)) => EitherOf3::B(view! {
            <p class="problem" role="alert">
                {why}
            </p>
            <button type="button" class="button" data-testid="load-versions" on:click=move |_| load()>
                {i18n.t(Key::TryAgain)}
            </button>
        }),
        // The newest first.
        Some(Ok(versions)) => EitherOf3::C(view! {
            <ol class="versions" reversed tabindex="0" aria-label=i18n.t(Key::EditHistory)>
                {versions.into_iter().rev().map(version).collect_view()}
            </ol>
        }),
    };
    view! {
        <h2>{i18n.t(Key::EditHistory)}</h2>
        <div aria-live="polite">{content}</div>
        <form class="dialog-actions" method="dialog">
            <button class="button primary" autofocus>
                {i18n.t(Key::Close)}
            </button>
        </form>
    }
}
