//! "Invite people": creates an invitation link, copies it, and shows it with its QR code.

use leptos::{either::EitherOf3, prelude::*, task::spawn_local};
use parlor_protocol::policy::{Actor, ServerAction};

use super::{
    layout::Layout,
    lazy::{LazyPart, lazy_part},
    qr_code::qr_code,
};
use crate::{api, browser, effect::effect, i18n::Key, live::client::Client};

#[derive(Clone, PartialEq, Eq)]
enum Invitation {
    Creating,
    Created { link: String, copied: bool },
    Failed(String),
}

lazy_part!(invite, InviteForm);

/// Opens the dialog. Only for users who may invite.
#[component]
pub fn InviteButton() -> impl IntoView {
    let client = expect_context::<Client>();
    let layout = expect_context::<Layout>();
    view! {
        <button
            type="button"
            class="button invite-people"
            data-testid="invite-people"
            hidden=move || !client.role.get().is_some_and(|role| Actor::with_role(role).can(ServerAction::Invite))
            on:click=move |_| layout.open_invite()
        >
            {client.i18n.t(Key::InvitePeople)}
        </button>
    }
}

#[component]
pub fn InviteDialog() -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let dialog = expect_context::<Layout>().invite;
    view! {
        <dialog class="dialog invite" node_ref=dialog.element aria-label=i18n.t(Key::InvitePeople)>
            <LazyPart wanted=dialog.wanted() load=invite />
        </dialog>
    }
}

/// Creates an invitation for members, with the default validity, each time the dialog opens.
#[component]
fn InviteForm() -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let dialog = expect_context::<Layout>().invite;
    let invitation = RwSignal::new(Invitation::Creating);
    let creating = StoredValue::new(false);
    effect(move || {
        dialog.openings.track();
        // Opened again before the server has answered, the dialog shows that answer.
        if creating.get_value() {
            return;
        }
        creating.set_value(true);
        invitation.set(Invitation::Creating);
        spawn_local(async move {
            let created = api::create_invite().await;
            creating.set_value(false);
            match created {
                Ok(created) => copy(window().location().origin().unwrap_or_default() + &created.link, invitation).await,
                Err(error) => invitation.set(Invitation::Failed(error.message(i18n))),
            }
        });
    });
    let content = move || match invitation.get() {
        Invitation::Creating => EitherOf3::A(view! { <p class="soft">{i18n.t(Key::CreatingInvitation)}</p> }),
        Invitation::Failed(why) => EitherOf3::B(view! {
            <p class="problem" role="alert">
                {why}
            </p>
        }),
        Invitation::Created { link, copied } => {
            let status = i18n.t(if copied { Key::LinkCopied } else { Key::CopyLinkManually });
            let field = link.clone();
            EitherOf3::C(view! {
                <p class="soft">{i18n.t(Key::InvitationHelp)}</p>
                {qr_code(i18n, &link)}
                <div class="invite-link">
                    <input
                        type="text"
                        data-testid="invite-link"
                        readonly
                        aria-label=i18n.t(Key::InvitationLink)
                        value=field
                        on:focus:target=|event| event.target().select()
                    />
                    <button
                        type="button"
                        class="button"
                        data-testid="copy-invite"
                        on:click=move |_| spawn_local(copy(link.clone(), invitation))
                    >
                        {i18n.t(Key::CopyLink)}
                    </button>
                </div>
                <p class="soft" role="status" data-testid="invite-status">
                    {status}
                </p>
            })
        }
    };
    view! {
        <h2>{i18n.t(Key::InvitePeople)}</h2>
        {content}
        <form class="dialog-actions" method="dialog">
            <a class="button quiet" href="/people">
                {i18n.t(Key::AllInvitations)}
            </a>
            <button class="button primary">{i18n.t(Key::Close)}</button>
        </form>
    }
}

async fn copy(link: String, invitation: RwSignal<Invitation>) {
    let copied = browser::copy(&link).await;
    invitation.set(Invitation::Created { link, copied });
}
