//! `/settings`: the server's name and picture, and who can join. The set-up has the same fields.

use leptos::prelude::*;
use parlor_protocol::{
    http::{EntryPolicy, FixedSetting, ServerSettings},
    limits,
};

use super::{
    elements::{ActionButton, ErrorMessage, Link, Section},
    fields::{RadioGroup, SubmitButton, TextField},
    form::{FieldError, PageNotice, PostForm, field_error},
};
use crate::i18n::{I18n, Key};

#[component]
pub fn SettingsPage(settings: ServerSettings) -> impl IntoView {
    let entry = settings.clone();
    let may_choose_entry = !settings.fixed.contains(&FixedSetting::Entry);
    let remove_picture = settings.picture.is_some().then(|| {
        view! {
            <ActionButton action="/settings/picture/remove".into() label=Key::RemovePicture about="picture" />
        }
    });
    view! {
        <h1>{I18n::current().t(Key::ServerSettings)}</h1>
        <PageNotice />
        <Section title=Key::NameAndPicture>
            <PostForm action="/settings/name" test_id="name-form" enctype="multipart/form-data">
                <NameAndPicture settings />
                <SubmitButton label=Key::Save />
            </PostForm>
            {remove_picture}
        </Section>
        <Section title=Key::WhoCanJoin>
            <PostForm action="/settings/entry" test_id="entry-form">
                <EntryChoice settings=entry />
                {may_choose_entry.then(|| view! { <SubmitButton label=Key::Save /> })}
            </PostForm>
        </Section>
        <Link href="/setup" label=Key::RepeatSetup />
    }
}

/// The fields for name and picture. A form with them is sent as `multipart/form-data`.
#[component]
pub(super) fn NameAndPicture(settings: ServerSettings) -> impl IntoView {
    let i18n = I18n::current();
    let name = if settings.fixed.contains(&FixedSetting::Name) {
        let text = i18n.format(Key::NameFixedHelp, &[("name", &settings.name)]);
        view! {
            <p data-testid="name-fixed">{text}</p>
            <FieldError name="name" />
        }
        .into_any()
    } else {
        view! {
            <TextField
                id="server-name"
                name="name"
                label=Key::ServerName
                value=settings.name
                help=i18n.t(Key::ServerNameHelp)
                max_length=limits::MAX_SERVER_NAME_CHARS
                required=true
            />
        }
        .into_any()
    };
    view! {
        {name}
        <PictureField picture=settings.picture />
    }
}

/// The choice of a file, below the current picture.
#[component]
fn PictureField(picture: Option<String>) -> impl IntoView {
    let i18n = I18n::current();
    let error = field_error("picture");
    let current = picture.map(|src| {
        view! {
            <img
                class="picture-preview"
                src=src
                alt=i18n.t(Key::CurrentPicture)
                width="96"
                height="96"
                data-testid="picture"
            />
        }
    });
    view! {
        <div class="field">
            <label for="picture">{i18n.t(Key::Picture)}</label>
            {current}
            <input
                id="picture"
                name="picture"
                type="file"
                accept="image/png,image/jpeg,image/webp"
                autofocus=error.is_some()
                aria-describedby="picture-help"
                aria-invalid=if error.is_some() { "true" } else { "false" }
            />
            <p id="picture-help" class="help">
                {error.map(|message| view! { <ErrorMessage message /> })}
                <span class="soft">{i18n.t(Key::PictureHelp)}</span>
            </p>
        </div>
    }
}

/// The choice of who can join, or which flags decide it.
#[component]
pub(super) fn EntryChoice(settings: ServerSettings) -> impl IntoView {
    let choice = if settings.fixed.contains(&FixedSetting::Entry) {
        view! { <p data-testid="entry-fixed">{I18n::current().t(Key::EntryFixedHelp)}</p> }.into_any()
    } else {
        let options = EntryPolicy::ALL.map(|policy| match policy {
            EntryPolicy::Guests => (policy.as_str(), Key::EntryGuests, Key::EntryGuestsHelp),
            EntryPolicy::Accounts => (policy.as_str(), Key::EntryAccounts, Key::EntryAccountsHelp),
            EntryPolicy::Invitation => (policy.as_str(), Key::EntryInvitation, Key::EntryInvitationHelp),
        });
        let value = settings.entry.as_str();
        view! { <RadioGroup name="entry" legend=Key::WhoCanJoin options value /> }.into_any()
    };
    view! {
        {choice}
        <FieldError name="entry" />
    }
}
