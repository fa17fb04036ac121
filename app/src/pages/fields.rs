//! The fields of forms.

use leptos::prelude::*;
use parlor_protocol::limits;

use super::{
    elements::ErrorMessage,
    form::{field_error, has_error, typed_value},
};
use crate::i18n::{I18n, Key};

/// A line of text with its label, a help text and the error that concerns it.
#[component]
pub(super) fn TextField(
    id: &'static str,
    name: &'static str,
    label: Key,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] help: String,
    max_length: usize,
    /// What browsers and password managers fill in (HTML standard, section 4.10.18.7).
    #[prop(default = "off")]
    autocomplete: &'static str,
    #[prop(optional)] required: bool,
    /// Whether to begin here, unless an error is elsewhere.
    #[prop(optional)]
    first: bool,
    /// The id of a list of suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
) -> impl IntoView {
    let value = typed_value(name).unwrap_or(value);
    let input = Input { kind: "text", value: Some(value), max_length: Some(max_length), required, first, list };
    field(id, name, label, help, autocomplete, input)
}

/// A password. The server checks its length, and no page contains one.
#[component]
pub(super) fn PasswordField(
    id: &'static str,
    #[prop(default = "password")] name: &'static str,
    #[prop(default = Key::Password)] label: Key,
    #[prop(optional, into)] help: String,
    /// Whether it is a new one.
    #[prop(optional)]
    new: bool,
) -> impl IntoView {
    let (autocomplete, help) = if new {
        let least = limits::MIN_PASSWORD_CHARS.to_string();
        ("new-password", I18n::current().format(Key::PasswordHelp, &[("n", &least)]))
    } else {
        ("current-password", help)
    };
    field(id, name, label, help, autocomplete, Input { kind: "password", ..Input::default() })
}

#[derive(Default)]
struct Input {
    kind: &'static str,
    value: Option<String>,
    max_length: Option<usize>,
    required: bool,
    first: bool,
    list: Option<&'static str>,
}

fn field(
    id: &'static str,
    name: &'static str,
    label: Key,
    help: String,
    autocomplete: &'static str,
    input: Input,
) -> AnyView {
    let error = field_error(name);
    let help_id = format!("{id}-help");
    view! {
        <div class="field">
            <label for=id>{I18n::current().t(label)}</label>
            <input
                id=id
                name=name
                type=input.kind
                value=input.value
                maxlength=input.max_length.map(|max| max.to_string())
                list=input.list
                required=input.required
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                autofocus=error.is_some() || (input.first && !has_error())
                aria-describedby=help_id.clone()
                aria-invalid=if error.is_some() { "true" } else { "false" }
            />
            <p id=help_id class="help">
                {error.map(|message| view! { <ErrorMessage message /> })}
                <span class="soft">{help}</span>
            </p>
        </div>
    }
    .into_any()
}

/// Tells password managers whose password the form is about.
#[component]
pub(super) fn Username(name: String) -> impl IntoView {
    view! { <input hidden=true type="text" name="username" autocomplete="username" value=name /> }
}

/// One of a few values.
#[component]
pub(super) fn Select(
    #[prop(into)] id: String,
    name: &'static str,
    label: Key,
    options: Vec<(String, &'static str)>,
    #[prop(into)] value: String,
) -> impl IntoView {
    let value = typed_value(name).unwrap_or(value);
    let options = options.into_iter().map(|(option, text)| {
        let selected = option == value;
        view! {
            <option value=option selected=selected>
                {text}
            </option>
        }
    });
    view! {
        <div class="field">
            <label for=id.clone()>{I18n::current().t(label)}</label>
            <select id=id name=name>
                {options.collect_view()}
            </select>
        </div>
    }
}

/// The options of a [`Select`] from numbers and their labels.
pub(super) fn number_options<const N: usize>(options: [(u32, Key); N]) -> Vec<(String, &'static str)> {
    let i18n = I18n::current();
    options.into_iter().map(|(number, label)| (number.to_string(), i18n.t(label))).collect()
}

/// One of a few values that need an explanation each: value, label and help. The heading above names them for the eye, the
/// legend for screen readers.
#[component]
pub(super) fn RadioGroup<const N: usize>(
    name: &'static str,
    legend: Key,
    options: [(&'static str, Key, Key); N],
    value: &'static str,
) -> impl IntoView {
    let i18n = I18n::current();
    let options = options.map(|(option, label, help)| {
        let id = format!("{name}-{option}");
        let help_id = format!("{id}-help");
        view! {
            <div class="option">
                <input
                    id=id.clone()
                    type="radio"
                    name=name
                    value=option
                    checked=option == value
                    aria-describedby=help_id.clone()
                />
                <label for=id>{i18n.t(label)}</label>
                <p id=help_id class="soft">
                    {i18n.t(help)}
                </p>
            </div>
        }
    });
    view! {
        <fieldset>
            <legend class="sr-only">{i18n.t(legend)}</legend>
            {options.into_iter().collect_view()}
        </fieldset>
    }
}

/// One of the colours of names. The style sheet marks the chosen one with a tick as well.
#[component]
pub(super) fn ColourPicker(name: &'static str, legend: Key, value: u8) -> impl IntoView {
    let i18n = I18n::current();
    let swatches = (0..limits::COLOUR_COUNT).map(|colour| {
        view! {
            <input
                type="radio"
                class=format!("swatch hue-{colour}")
                name=name
                value=colour.to_string()
                checked=colour == value
                aria-label=i18n.format(Key::ColourNumber, &[("n", &(colour + 1).to_string())])
            />
        }
    });
    view! {
        <fieldset class="swatches">
            <legend>{i18n.t(legend)}</legend>
            {swatches.collect_view()}
        </fieldset>
    }
}

/// A button that sends the form around it.
#[component]
pub(super) fn SubmitButton(
    label: Key,
    #[prop(optional)] class: &'static str,
    #[prop(optional, into)] about: Option<String>,
) -> impl IntoView {
    view! {
        <button type="submit" class=format!("button {class}") aria-describedby=about>
            {I18n::current().t(label)}
        </button>
    }
}
