//! "Invite people": creates an invitation link, copies it, and shows it with its QR code.

use leptos::{either::EitherOf3, html, prelude::*, task::spawn_local};
use parlor_protocol::policy::{Actor, ServerAction};

use super::{
    layout::{self, Layout},
    qr_code::qr_code,
};
use crate::{api, browser, i18n::Key, live::client::Client};

#[derive(Clone, PartialEq, Eq)]
enum Invitation {
    Creating,
    Created { link: String, copied: bool },
    Failed(String),
}

/// The dialog and the invitation that it shows. Provided by context.
#[derive(Clone, Copy)]
pub struct InviteHandle {
    client: Client,
    dialog: NodeRef<html::Dialog>,
    invitation: RwSignal<Invitation>,
}

impl InviteHandle {
    pub fn new(client: Client) -> Self {
        Self { client, dialog: NodeRef::new(), invitation: RwSignal::new(Invitation::Creating) }
    }

    /// Opens the dialog with a new invitation for members, with the default validity.
    fn open(self) {
        let Self { client, dialog, invitation } = self;
        invitation.set(Invitation::Creating);
        layout::show(dialog);
        spawn_local(async move {
            invitation.set(match api::create_invite().await {
                Ok(created) => {
                    let link = window().location().origin().unwrap_or_default() + &created.link;
                    let copied = browser::copy(&link).await;
                    Invitation::Created { link, copied }
                }
                Err(error) => Invitation::Failed(error.message(client.i18n)),
            });
        });
    }

    fn copy_again(self, link: String) {
        let invitation = self.invitation;
        spawn_local(async move {
            let copied = browser::copy(&link).await;
            invitation.set(Invitation::Created { link, copied });
        });
    }
}

/// Opens the dialog. Only for users who may invite.
#[component]
pub fn InviteButton() -> impl IntoView {
    let invite = expect_context::<InviteHandle>();
    let layout = expect_context::<Layout>();
    let client = invite.client;
    let open = move |_| {
        layout.close_drawers();
        invite.open();
    };
    view! {
        <button
            type="button"
            class="button invite-people"
            data-testid="invite-people"
            hidden=move || !client.role.get().is_some_and(|role| Actor::with_role(role).can(ServerAction::Invite))
            on:click=open
        >
            {client.i18n.t(Key::InvitePeople)}
        </button>
    }
}

#[component]
pub fn InviteDialog() -> impl IntoView {
    let invite = expect_context::<InviteHandle>();
    let InviteHandle { client, dialog, invitation } = invite;
    let i18n = client.i18n;
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
                        on:click=move |_| invite.copy_again(link.clone())
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
        <dialog class="dialog invite" node_ref=dialog aria-label=i18n.t(Key::InvitePeople)>
            <h2>{i18n.t(Key::InvitePeople)}</h2>
            {content}
            <form class="dialog-actions" method="dialog">
                <a class="button quiet" href="/people">
                    {i18n.t(Key::AllInvitations)}
                </a>
                <button class="button primary">{i18n.t(Key::Close)}</button>
            </form>
        </dialog>
    }
}
