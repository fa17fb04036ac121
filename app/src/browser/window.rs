//! The window: network, visibility, clipboard, other tabs, languages.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::Window;

/// The window; none on the server.
pub(super) fn window() -> Option<Window> {
    if cfg!(feature = "browser") { web_sys::window() } else { None }
}

/// Whether the browser has a global of this name.
pub fn has(name: &str) -> bool {
    window().is_some_and(|window| js_sys::Reflect::has(&window, &name.into()).unwrap_or(false))
}

/// Whether the browser says that there is no network.
pub fn is_offline() -> bool {
    window().is_some_and(|window| !window.navigator().on_line())
}

/// Whether the page is visible and has the focus.
pub fn is_attentive() -> bool {
    let document = window().and_then(|window| window.document());
    document.is_some_and(|document| !document.hidden() && document.has_focus().unwrap_or(true))
}
pub fn is_hidden() -> bool {
    window().and_then(|window| window.document()).is_some_and(|document| document.hidden())
}

/// Calls back when the page may have become visible, hidden, focused or blurred.
pub fn on_attention_change(call: impl Fn() + Clone + 'static) {
    let Some(window) = window() else { return };
    listen(&window, "focus", call.clone());
    listen(&window, "blur", call.clone());
    if let Some(document) = window.document() {
        listen(&document, "visibilitychange", call);
    }
}

/// Calls back on keyboard and pointer input.
pub fn on_input(call: impl Fn() + Clone + 'static) {
    let Some(window) = window() else { return };
    listen(&window, "keydown", call.clone());
    listen(&window, "pointermove", call.clone());
    listen(&window, "pointerdown", call);
}

/// Calls back when the page is put away (false), and when it is restored or resumed after a freeze (true).
pub fn on_page_lifecycle(call: impl Fn(bool) + Clone + 'static) {
    let Some(window) = window() else { return };
    let (away, resumed) = (call.clone(), call.clone());
    listen(&window, "pagehide", move || away(false));
    listen(&window, "pageshow", move || call(true));
    if let Some(document) = window.document() {
        listen(&document, "resume", move || resumed(true));
    }
}

/// Calls back when the browser goes online or changes its network (true), or goes offline (false).
pub fn on_network(call: impl Fn(bool) + Clone + 'static) {
    let Some(window) = window() else { return };
    let (other, changed) = (call.clone(), call.clone());
    listen(&window, "online", move || call(true));
    listen(&window, "offline", move || other(false));
    if let Some(connection) = connection() {
        // It also fires for each new estimate of the speed.
        let last = std::cell::RefCell::new(network_type());
        listen(&connection, "change", move || {
            let now = network_type();
            if last.replace(now.clone()) != now {
                changed(true);
            }
        });
    }
}

/// The type of network, such as `wifi`; empty if the browser does not tell.
pub fn network_type() -> String {
    let kind = connection().and_then(|connection| js_sys::Reflect::get(&connection, &"type".into()).ok());
    kind.and_then(|kind| kind.as_string()).unwrap_or_default()
}

/// `navigator.connection`, which not every browser has.
fn connection() -> Option<web_sys::EventTarget> {
    js_sys::Reflect::get(&window()?.navigator(), &"connection".into()).ok()?.dyn_into().ok()
}
pub fn user_agent() -> String {
    window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default()
}

/// Copies a text to the clipboard. False if the browser does not allow it.
pub async fn copy(text: &str) -> bool {
    match begin_copy(text) {
        Some(promise) => wasm_bindgen_futures::JsFuture::from(promise).await.is_ok(),
        None => false,
    }
}

/// Copies a text to the clipboard if the browser allows it.
pub fn copy_quietly(text: &str) {
    drop(begin_copy(text));
}

fn begin_copy(text: &str) -> Option<js_sys::Promise> {
    // By name, because there is no clipboard in insecure contexts.
    let clipboard = js_sys::Reflect::get(&window()?.navigator(), &"clipboard".into()).ok()?;
    let write: js_sys::Function = js_sys::Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into().ok()?;
    write.call1(&clipboard, &text.into()).ok()?.dyn_into().ok()
}

/// Listens as long as the page lives.
pub(super) fn listen(target: &web_sys::EventTarget, event: &str, call: impl Fn() + 'static) {
    let call = Closure::<dyn Fn()>::new(call);
    let _ = target.add_event_listener_with_callback(event, call.as_ref().unchecked_ref());
    call.forget();
}

/// Saves the offset from UTC in a cookie, so that the server renders the next page with the right times.
pub fn save_time_zone() {
    let minutes = crate::clock::browser_offset(crate::clock::now());
    if let Some(document) = html_document() {
        let _ = document.set_cookie(&format!("tz={minutes}; path=/; max-age=31536000; samesite=lax"));
    }
}

/// The language that was chosen in this browser, or its preferred one.
#[cfg(feature = "csr")]
pub fn language() -> crate::i18n::Language {
    use crate::i18n::Language;
    let cookies = html_document().and_then(|document| document.cookie().ok()).unwrap_or_default();
    let chosen = cookies.split("; ").find_map(|cookie| Language::from_tag(cookie.strip_prefix("lang=")?));
    chosen.unwrap_or_else(|| Language::negotiate(&languages().join(",")))
}

/// Saves the chosen language in the cookie that the server uses.
#[cfg(feature = "csr")]
pub fn save_language(tag: &str) {
    if let Some(document) = html_document() {
        let _ = document.set_cookie(&format!("lang={tag}; path=/; max-age=31536000; samesite=lax"));
    }
}

#[cfg(feature = "csr")]
pub fn set_language(tag: &str) {
    let root = window().and_then(|window| window.document()).and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("lang", tag);
    }
}

pub(super) fn html_document() -> Option<web_sys::HtmlDocument> {
    window()?.document()?.dyn_into().ok()
}

/// The user's preferred languages, the best first.
pub fn languages() -> Vec<String> {
    let Some(window) = window() else { return Vec::new() };
    window.navigator().languages().iter().filter_map(|tag| tag.as_string()).collect()
}

pub fn set_title(title: &str) {
    if let Some(document) = window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// Sends a text to the other tabs of this browser, for [`on_broadcast`].
pub fn broadcast(news: &str) {
    CHANNEL.with(|channel| {
        if let Some(channel) = channel {
            let _ = channel.post_message(&news.into());
        }
    });
}

/// Calls back with the texts of other tabs.
pub fn on_broadcast(call: impl Fn(String) + 'static) {
    let call = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        if let Some(news) = event.data().as_string() {
            call(news);
        }
    });
    CHANNEL.with(|channel| {
        if let Some(channel) = channel {
            channel.set_onmessage(Some(call.as_ref().unchecked_ref()));
        }
    });
    call.forget();
}

thread_local! {
    static CHANNEL: Option<web_sys::BroadcastChannel> =
        has("BroadcastChannel").then(|| web_sys::BroadcastChannel::new("parlor").ok()).flatten();
}

/// Whether a media query matches.
pub fn matches(query: &str) -> bool {
    window().and_then(|window| window.match_media(query).ok().flatten()).is_some_and(|list| list.matches())
}
