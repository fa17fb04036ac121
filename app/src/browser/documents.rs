//! Fetches pages that the server renders as documents of their own.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomParser, Element, FormData, HtmlElement, HtmlFormElement, RequestInit, Response, SupportedType, UrlSearchParams,
};

use super::window::window;
use crate::page::SERVER_HEADER;

/// A page that the server rendered as a document of its own.
#[derive(Clone, Debug)]
pub struct PageDocument {
    /// Where it was, after redirects: path and query.
    pub address: String,
    /// Whether the server sent the browser there.
    pub redirected: bool,
    pub title: String,
    pub html: String,
}

/// A form's action and its fields, as the browser would send them.
pub fn form_request(form: &HtmlFormElement) -> Option<(String, UrlSearchParams)> {
    let fields = FormData::new_with_form(form).ok()?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    Some((form.get_attribute("action")?, fields))
}

/// Whether the server itself has answered. A proxy in front of it answers with an error of its own while it is away.
fn is_from_server(response: &Response) -> bool {
    response.status() < 500 || response.headers().has(SERVER_HEADER).unwrap_or(false)
}

/// Gets a page, or posts a form and gets the page that answers it. `None` without an answer of the server.
pub async fn fetch_page(address: &str, fields: Option<&UrlSearchParams>) -> Option<PageDocument> {
    let init = RequestInit::new();
    if let Some(fields) = fields {
        init.set_method("POST");
        init.set_body(fields);
    }
    let response: Response =
        JsFuture::from(window()?.fetch_with_str_and_init(address, &init)).await.ok()?.dyn_into().ok()?;
    if !is_from_server(&response) {
        return None;
    }
    let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    let url = web_sys::Url::new(&response.url()).ok()?;
    let parsed = DomParser::new().ok()?.parse_from_string(&text, SupportedType::TextHtml).ok()?;
    Some(PageDocument {
        address: url.pathname() + &url.search(),
        redirected: response.redirected(),
        title: parsed.title(),
        html: parsed.body()?.inner_html(),
    })
}

/// Points the links to the front page and to the chat at the room that was left.
pub fn link_back(container: &Element, room: &str) {
    let Ok(links) = container.query_selector_all("header a[href='/'], a[href='/r/lobby']") else { return };
    for link in (0..links.length()).filter_map(|n| links.item(n)) {
        if let Some(link) = link.dyn_ref::<Element>() {
            let _ = link.set_attribute("href", room);
        }
    }
}

/// Focuses the field that the page names, else its heading, and scrolls it into view.
pub fn focus_page(container: &Element) {
    let find = |selector| container.query_selector(selector).ok().flatten();
    let Some(target) =
        find("[autofocus]").or_else(|| find("h1")).and_then(|target| target.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    if target.tab_index() < 0 {
        target.set_tab_index(-1);
    }
    let _ = target.focus();
}

/// Focuses the field that an open dialog or popover names, as the browser does when it opens.
pub fn focus_first() {
    let field = document().query_selector("dialog[open] [autofocus], :popover-open [autofocus]").ok().flatten();
    if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
        let _ = field.focus();
    }
}

pub fn focused() -> Option<HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

/// Closes the drawers that are open over the page.
pub fn close_popovers() {
    let Ok(open) = document().query_selector_all(":popover-open") else { return };
    for element in (0..open.length()).filter_map(|n| open.item(n)) {
        // By name: web-sys has it as an unstable API.
        let hide = js_sys::Reflect::get(&element, &"hidePopover".into()).ok();
        if let Some(hide) = hide.and_then(|hide| hide.dyn_into::<js_sys::Function>().ok()) {
            let _ = hide.call0(&element);
        }
    }
}
