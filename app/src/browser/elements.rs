//! Elements of the page, by their ids: what they show, what is done to them.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::HtmlElement;

use super::web::window;

/// Gives the last element of a class the focus.
pub fn focus_last(class: &str) {
    let Some(all) = window().and_then(|window| window.document()).map(|page| page.get_elements_by_class_name(class))
    else {
        return;
    };
    if let Some(element) = all.item(all.length().saturating_sub(1)).and_then(|last| last.dyn_into::<HtmlElement>().ok())
    {
        let _ = element.focus();
    }
}

/// Shows a field with a text, selected, to be copied by hand.
pub fn offer(id: &str, text: &str) {
    if let Some(field) = element(id).and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok()) {
        field.set_hidden(false);
        field.set_value(text);
        let _ = field.focus();
        field.select();
    }
}

/// What is in a field; nothing if there is no such field.
#[must_use]
pub fn value(id: &str) -> String {
    property(id, "value").as_string().unwrap_or_default()
}

/// Puts a text into a field.
pub fn set_value(id: &str, text: &str) {
    set_property(id, "value", &text.into());
}

/// Takes the tick from a box.
pub fn uncheck(id: &str) {
    set_property(id, "checked", &JsValue::FALSE);
}

fn set_property(id: &str, name: &str, value: &JsValue) {
    if let Some(element) = element(id) {
        let _ = js_sys::Reflect::set(&element, &name.into(), value);
    }
}

/// Whether a box has its tick.
#[must_use]
pub fn is_checked(id: &str) -> bool {
    property(id, "checked").is_truthy()
}

/// By name: one way for all kinds of elements.
fn property(id: &str, name: &str) -> JsValue {
    let element = element(id).map(JsValue::from).unwrap_or_default();
    js_sys::Reflect::get(&element, &name.into()).unwrap_or_default()
}

/// Puts HTML into an element. What of it comes from people must be escaped.
pub fn set_html(id: &str, html: &str) {
    if let Some(element) = element(id) {
        element.set_inner_html(html);
    }
}

/// Takes an element out of sight, or brings it back.
pub fn set_hidden(id: &str, hidden: bool) {
    if let Some(element) = element(id) {
        let _ = element.toggle_attribute_with_force("hidden", hidden);
    }
}

/// The text of an element; nothing if there is no such element.
#[must_use]
pub fn text(id: &str) -> String {
    element(id).and_then(|element| element.text_content()).unwrap_or_default()
}

/// Sets an element's text.
pub fn set_text(id: &str, text: &str) {
    if let Some(element) = element(id)
        // A selection in it is not lost for nothing.
        && element.text_content().as_deref() != Some(text)
    {
        element.set_text_content(Some(text));
    }
}

/// Sets an element's attribute.
pub fn set_attribute(id: &str, name: &str, value: &str) {
    if let Some(element) = element(id)
        && element.get_attribute(name).as_deref() != Some(value)
    {
        let _ = element.set_attribute(name, value);
    }
}

/// Gives an element a class, or takes it.
pub fn set_class(id: &str, class: &str, on: bool) {
    if let Some(element) = element(id) {
        let _ = element.class_list().toggle_with_force(class, on);
    }
}

/// Calls back for each event of a kind in an element that stays for as long as the page does.
pub fn on(id: &str, event: &str, call: impl Fn(web_sys::Event) + 'static) {
    hear(id, event, Box::new(call));
}

// Not generic, so that the wasm has it once.
fn hear(id: &str, event: &str, call: Box<dyn Fn(web_sys::Event)>) {
    let Some(element) = element(id) else { return };
    let call = Closure::wrap(call);
    let _ = element.add_event_listener_with_callback(event, call.as_ref().unchecked_ref());
    call.forget();
}

fn element(id: &str) -> Option<web_sys::Element> {
    window()?.document()?.get_element_by_id(id)
}

/// Whether an element that floats above the page is open.
#[must_use]
pub fn is_popover_open(id: &str) -> bool {
    element(id).is_some_and(|element| element.matches(":popover-open").unwrap_or(false))
}

/// Closes an element that floats above the page, if it is open.
pub fn hide_popover(id: &str) {
    let element = window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok())
        // Called by name: browsers without popovers show the element in the page instead.
        && let Ok(hide) = js_sys::Reflect::get(&element, &JsValue::from_str("hidePopover"))
        && let Some(hide) = hide.dyn_ref::<js_sys::Function>()
    {
        let _ = hide.call0(&element);
    }
}

fn dialog(id: &str) -> Option<web_sys::HtmlDialogElement> {
    window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Opens a dialog above everything else.
pub fn show_dialog(id: &str) {
    if let Some(dialog) = dialog(id).filter(|dialog| !dialog.open()) {
        let _ = dialog.show_modal();
    }
}

/// Closes it.
pub fn close_dialog(id: &str) {
    if let Some(dialog) = dialog(id) {
        dialog.close();
    }
}

/// Gives an element the focus.
pub fn focus(id: &str) {
    let element = window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
