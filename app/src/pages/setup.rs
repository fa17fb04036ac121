//! `/setup/…`: leads the first owner through four steps, each a page with one form.

use leptos::prelude::*;
use parlor_protocol::{
    http::{FixedSetting, ServerSettings},
    limits,
};

use super::{
    fields::{SubmitButton, TextField},
    form::{FormState, PageNotice, PostForm},
    settings::{EntryChoice, NameAndPicture},
};
use crate::{
    components::qr_code::qr_code,
    i18n::{I18n, Key},
};

/// A step of the set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupStep {
    Name,
    Entry,
    Invite,
    Room,
}

impl SetupStep {
    pub const ALL: [Self; 4] = [Self::Name, Self::Entry, Self::Invite, Self::Room];

    /// The path of its page.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Name => "/setup/name",
            Self::Entry => "/setup/entry",
            Self::Invite => "/setup/invite",
            Self::Room => "/setup/room",
        }
    }

    pub const fn title(self) -> Key {
        match self {
            Self::Name => Key::NameAndPicture,
            Self::Entry => Key::WhoCanJoin,
            Self::Invite => Key::InvitePeople,
            Self::Room => Key::FirstRoom,
        }
    }
}

/// The page of a step: how far the reader has come, the form, and the way back.
#[component]
pub fn SetupPage(step: SetupStep, settings: ServerSettings) -> impl IntoView {
    let i18n = I18n::current();
    let index = SetupStep::ALL.iter().position(|other| *other == step).unwrap_or_default();
    let (number, total) = ((index + 1).to_string(), SetupStep::ALL.len().to_string());
    let progress = i18n.format(Key::SetupProgress, &[("n", &number), ("total", &total)]);
    let previous = index.checked_sub(1).and_then(|previous| SetupStep::ALL.get(previous));
    let form = match step {
        SetupStep::Name => view! { <NameStep settings /> }.into_any(),
        SetupStep::Entry => view! { <EntryStep settings /> }.into_any(),
        SetupStep::Invite => view! { <InviteStep /> }.into_any(),
        SetupStep::Room => view! { <RoomStep /> }.into_any(),
    };
    view! {
        <div>
            <p class="soft" data-testid="progress">
                {progress}
            </p>
            <progress class="setup-progress" max=total value=number aria-hidden="true"></progress>
            <h1>{i18n.t(step.title())}</h1>
        </div>
        <PageNotice />
        {form}
        {previous.map(|previous| view! { <StepLink href=previous.path() label=Key::Back /> })}
    }
}

#[component]
fn NameStep(settings: ServerSettings) -> impl IntoView {
    view! {
        <p>{I18n::current().t(Key::SetupHelp)}</p>
        <PostForm action=SetupStep::Name.path() test_id="name-form" enctype="multipart/form-data">
            <NameAndPicture settings />
            <div class="setup-actions">
                <SubmitButton label=Key::SaveAndContinue class="primary" />
                <StepLink href=SetupStep::Entry.path() label=Key::Skip />
            </div>
        </PostForm>
    }
}

/// The form is sent to the next step, which creates an invitation at once.
#[component]
fn EntryStep(settings: ServerSettings) -> impl IntoView {
    let may_choose = !settings.fixed.contains(&FixedSetting::Entry);
    let label = if may_choose { Key::SaveAndContinue } else { Key::Continue };
    let skip = may_choose.then(|| {
        view! {
            <button type="submit" class="button quiet" name="skip" value="true">
                {I18n::current().t(Key::Skip)}
            </button>
        }
    });
    view! {
        <PostForm action=SetupStep::Invite.path() test_id="entry-form">
            <EntryChoice settings />
            <div class="setup-actions">
                <SubmitButton label class="primary" />
                {skip}
            </div>
        </PostForm>
    }
}

/// The invitation that was just created, or a form to create one.
#[component]
fn InviteStep() -> impl IntoView {
    let i18n = I18n::current();
    let invitation = match use_context::<FormState>().and_then(|form| form.link) {
        Some(link) => view! { <Invitation link /> }.into_any(),
        None => view! {
            <p>{i18n.t(Key::InvitationsHelp)}</p>
            <PostForm action=SetupStep::Invite.path() test_id="invite-form">
                <SubmitButton label=Key::CreateInviteLink />
            </PostForm>
        }
        .into_any(),
    };
    view! {
        {invitation}
        <p>
            <a class="button primary" href=SetupStep::Room.path() data-testid="continue">
                {i18n.t(Key::Continue)}
            </a>
        </p>
    }
}

#[component]
fn Invitation(link: String) -> impl IntoView {
    let i18n = I18n::current();
    view! {
        <p>{i18n.t(Key::InvitationHelp)}</p>
        {qr_code(i18n, &link)}
        <div class="field">
            <label for="invite-link">{i18n.t(Key::InvitationLink)}</label>
            <div class="invite-link">
                <input id="invite-link" type="text" readonly autofocus value=link data-testid="invite-link" />
                // The script shows it.
                <button
                    id="copy-link"
                    type="button"
                    class="button"
                    hidden
                    data-copied=i18n.t(Key::LinkCopied)
                    data-failed=i18n.t(Key::CopyLinkManually)
                >
                    {i18n.t(Key::CopyLink)}
                </button>
            </div>
            <p id="copy-status" class="help" role="status"></p>
        </div>
        <script type="module" src="/setup/copy.js"></script>
    }
}

#[component]
fn RoomStep() -> impl IntoView {
    let i18n = I18n::current();
    view! {
        <p>{i18n.t(Key::FirstRoomHelp)}</p>
        <PostForm action=SetupStep::Room.path() test_id="room-form">
            <TextField
                id="room-name"
                name="name"
                label=Key::RoomName
                max_length=limits::MAX_ROOM_NAME_CHARS
                required=true
                first=true
            />
            <TextField
                id="topic"
                name="topic"
                label=Key::Topic
                help=i18n.t(Key::TopicHelp)
                max_length=limits::MAX_TOPIC_CHARS
            />
            <div class="setup-actions">
                <SubmitButton label=Key::CreateAndOpen class="primary" />
                <StepLink href="/r/lobby" label=Key::Skip />
            </div>
        </PostForm>
    }
}

#[component]
fn StepLink(href: &'static str, label: Key) -> impl IntoView {
    view! {
        <a class="way" href=href>
            {I18n::current().t(label)}
        </a>
    }
}
