//! The result of a form, as the page shows it that the form is on.

use leptos::{context::Provider, prelude::*};

use super::elements::ErrorMessage;
use crate::{
    i18n::{I18n, Key},
    submission,
};

/// What came of the last form on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormState {
    /// What it did.
    pub notice: Option<Key>,
    /// Why it was rejected.
    pub error: Option<FormError>,
    /// The link that it created. It is shown once.
    pub link: Option<String>,
}

/// Why a form was rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormError {
    /// The form's action.
    pub action: String,
    /// The field to show the message at; none if it is about the page as a whole.
    pub field: Option<&'static str>,
    pub message: String,
    /// The fields as they were sent, so that nobody has to type them again. Pages never show passwords.
    pub values: Vec<(String, String)>,
}

/// The action of the form that a field belongs to.
#[derive(Clone)]
struct FormAction(String);

/// A form that is sent by POST. Its fields show the errors that concern them, and what was typed.
#[component]
pub(super) fn PostForm(
    #[prop(into)] action: String,
    test_id: &'static str,
    #[prop(optional)] class: Option<&'static str>,
    #[prop(optional)] id: Option<&'static str>,
    #[prop(optional)] enctype: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    view! {
        <Provider value=FormAction(action.clone())>
            <form method="post" action=action enctype=enctype id=id class=class data-testid=test_id>
                <SubmissionId />
                {children()}
            </form>
        </Provider>
    }
}

/// The hidden field by which the server recognises a form that is sent twice.
#[component]
pub(super) fn SubmissionId() -> impl IntoView {
    view! { <input type="hidden" name=submission::FIELD value=submission::new_id() /> }
}

/// The error of the form around it, if that was rejected.
fn form_error() -> Option<FormError> {
    let FormAction(action) = use_context()?;
    use_context::<FormState>()?.error.filter(|error| error.action == action)
}

/// What was typed into a field of the form around it, if that was rejected.
pub(super) fn typed_value(name: &str) -> Option<String> {
    let error = form_error()?;
    // A box that is not ticked is not sent.
    Some(error.values.into_iter().find(|(field, _)| field == name).map(|(_, value)| value).unwrap_or_default())
}

/// What is wrong with a field of the form around it.
pub(super) fn field_error(name: &str) -> Option<String> {
    form_error().filter(|error| error.field == Some(name)).map(|error| error.message)
}

/// Whether the page shows an error.
pub(super) fn has_error() -> bool {
    use_context::<FormState>().is_some_and(|form| form.error.is_some())
}

/// What is wrong with a field that cannot show it itself.
#[component]
pub(super) fn FieldError(name: &'static str) -> impl IntoView {
    field_error(name).map(|message| view! { <p class="help"><ErrorMessage message /></p> })
}

/// What the last form did, or why it was rejected if no field shows that.
#[component]
pub(super) fn PageNotice() -> impl IntoView {
    let form = use_context::<FormState>().unwrap_or_default();
    let notice = form.notice.map(|notice| {
        view! {
            <p class="done" role="status" data-testid="done">
                {I18n::current().t(notice)}
            </p>
        }
    });
    let error = form.error.filter(|error| error.field.is_none());
    view! {
        {notice}
        {error.map(|error| view! { <p class="help"><ErrorMessage message=error.message /></p> })}
    }
}

/// The link that was just created. It has the focus, so that the browser scrolls to it.
#[component]
pub(super) fn CreatedLink(id: &'static str) -> impl IntoView {
    use_context::<FormState>().and_then(|form| form.link).map(|link| {
        view! {
            <div class="field done" role="status">
                <label for=id>{I18n::current().t(Key::InviteLinkCreated)}</label>
                <input id=id type="text" readonly autofocus value=link data-testid=id />
            </div>
        }
    })
}
