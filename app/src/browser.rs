//! What the page asks of the browser besides its elements. On the server every question has a quiet answer: none of this
//! runs there, but components that call it from effects and handlers are compiled for both.

#[cfg(feature = "browser")]
pub use web::*;

#[cfg(not(feature = "browser"))]
pub use nowhere::*;

#[cfg(feature = "browser")]
mod web {
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{HtmlElement, Storage, Window};

    fn window() -> Option<Window> {
        web_sys::window()
    }

    fn storage() -> Option<Storage> {
        // Blocked storage throws; then nothing is kept.
        window()?.local_storage().ok()?
    }

    /// Whether the browser has such a global.
    #[must_use]
    pub fn has(name: &str) -> bool {
        js_sys::Reflect::has(&js_sys::global(), &name.into()).unwrap_or(false)
    }

    /// The page's host and port.
    #[must_use]
    pub fn host() -> String {
        window().and_then(|window| window.location().host().ok()).unwrap_or_default()
    }

    /// The address of a socket on the page's own server.
    #[must_use]
    pub fn socket_url(path: &str) -> String {
        let secure =
            window().and_then(|window| window.location().protocol().ok()).is_some_and(|scheme| scheme == "https:");
        format!("{}://{}{path}", if secure { "wss" } else { "ws" }, host())
    }

    /// Whether the browser says that there is no network.
    #[must_use]
    pub fn is_offline() -> bool {
        window().is_some_and(|window| !window.navigator().on_line())
    }

    /// Whether the page is visible and has the focus.
    #[must_use]
    pub fn is_attentive() -> bool {
        let document = window().and_then(|window| window.document());
        document.is_some_and(|document| !document.hidden() && document.has_focus().unwrap_or(true))
    }

    /// Whether the page is out of sight.
    #[must_use]
    pub fn is_hidden() -> bool {
        window().and_then(|window| window.document()).is_some_and(|document| document.hidden())
    }

    /// Whether this tab sees a key with this value for the first time. Without a place to note it, never.
    #[must_use]
    pub fn is_first(key: &str, value: &str) -> bool {
        let storage = window().and_then(|window| window.session_storage().ok().flatten());
        storage.is_some_and(|storage| {
            storage.get_item(key).ok().flatten().as_deref() != Some(value) && storage.set_item(key, value).is_ok()
        })
    }

    /// Calls back when the page may have got or lost sight or focus.
    pub fn on_attention(call: impl Fn() + Clone + 'static) {
        let Some(window) = window() else { return };
        listen(&window, "focus", call.clone());
        listen(&window, "blur", call.clone());
        if let Some(document) = window.document() {
            listen(&document, "visibilitychange", call);
        }
    }

    /// Calls back when a key or the pointer is used in the page.
    pub fn on_input(call: impl Fn() + Clone + 'static) {
        let Some(window) = window() else { return };
        listen(&window, "keydown", call.clone());
        listen(&window, "pointermove", call.clone());
        listen(&window, "pointerdown", call);
    }

    /// Gives the last element of a class the focus.
    pub fn focus_last(class: &str) {
        let Some(all) =
            window().and_then(|window| window.document()).map(|page| page.get_elements_by_class_name(class))
        else {
            return;
        };
        if let Some(element) =
            all.item(all.length().saturating_sub(1)).and_then(|last| last.dyn_into::<HtmlElement>().ok())
        {
            let _ = element.focus();
        }
    }

    /// Calls back when the page is put away (false), and when it runs again after that or after a freeze (true).
    pub fn on_life(call: impl Fn(bool) + Clone + 'static) {
        let Some(window) = window() else { return };
        let (away, resumed) = (call.clone(), call.clone());
        listen(&window, "pagehide", move || away(false));
        listen(&window, "pageshow", move || call(true));
        if let Some(document) = window.document() {
            listen(&document, "resume", move || resumed(true));
        }
    }

    /// Calls back when the network comes or is another one (true), or goes.
    pub fn on_network(call: impl Fn(bool) + Clone + 'static) {
        let Some(window) = window() else { return };
        let (other, changed) = (call.clone(), call.clone());
        listen(&window, "online", move || call(true));
        listen(&window, "offline", move || other(false));
        if let Some(connection) = connection() {
            // It also tells of each new estimate of the speed.
            let last = std::cell::RefCell::new(network());
            listen(&connection, "change", move || {
                let now = network();
                if last.replace(now.clone()) != now {
                    changed(true);
                }
            });
        }
    }

    /// The kind of network that the browser says it is on; empty where it says nothing.
    #[must_use]
    pub fn network() -> String {
        let kind = connection().and_then(|connection| js_sys::Reflect::get(&connection, &"type".into()).ok());
        kind.and_then(|kind| kind.as_string()).unwrap_or_default()
    }

    /// By name: not every browser has it.
    fn connection() -> Option<web_sys::EventTarget> {
        js_sys::Reflect::get(&window()?.navigator(), &"connection".into()).ok()?.dyn_into().ok()
    }

    /// The browser's own name.
    #[must_use]
    pub fn agent() -> String {
        window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default()
    }

    /// Puts a text on the clipboard; false if the browser does not let us.
    pub async fn copy(text: &str) -> bool {
        match begin_copy(text) {
            Some(promise) => wasm_bindgen_futures::JsFuture::from(promise).await.is_ok(),
            None => false,
        }
    }

    /// Puts a text on the clipboard if it can, for who does not ask whether it did.
    pub fn copy_quietly(text: &str) {
        drop(begin_copy(text));
    }

    fn begin_copy(text: &str) -> Option<js_sys::Promise> {
        // By name: there is none on pages that came without encryption from another machine.
        let clipboard = js_sys::Reflect::get(&window()?.navigator(), &"clipboard".into()).ok()?;
        let write: js_sys::Function = js_sys::Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into().ok()?;
        write.call1(&clipboard, &text.into()).ok()?.dyn_into().ok()
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

    /// Calls back when Ctrl or Cmd and a key are pressed, in place of what the browser does then.
    pub fn on_shortcut(key: &'static str, call: impl Fn() + 'static) {
        let Some(window) = window() else { return };
        let call = Closure::<dyn Fn(web_sys::KeyboardEvent)>::new(move |event: web_sys::KeyboardEvent| {
            if (event.ctrl_key() || event.meta_key()) && event.key() == key {
                event.prevent_default();
                call();
            }
        });
        let _ = window.add_event_listener_with_callback("keydown", call.as_ref().unchecked_ref());
        call.forget();
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

    /// For as long as the page lives.
    fn listen(target: &web_sys::EventTarget, event: &str, call: impl Fn() + 'static) {
        let call = Closure::<dyn Fn()>::new(call);
        let _ = target.add_event_listener_with_callback(event, call.as_ref().unchecked_ref());
        call.forget();
    }

    /// Tells the server, by a cookie, how far the clock here is from UTC: its next page then has the right times.
    pub fn keep_offset() {
        let minutes = crate::clock::browser_offset(crate::clock::now());
        if let Some(document) = html_document() {
            let _ = document.set_cookie(&format!("tz={minutes}; path=/; max-age=31536000; samesite=lax"));
        }
    }

    /// The language that was chosen in this browser, or the one that it asks for.
    #[cfg(feature = "csr")]
    #[must_use]
    pub fn language() -> crate::words::Language {
        use crate::words::Language;
        let Some(window) = window() else { return Language::default() };
        let cookies = html_document().and_then(|document| document.cookie().ok()).unwrap_or_default();
        let chosen = cookies.split("; ").find_map(|cookie| Language::of_tag(cookie.strip_prefix("lang=")?));
        chosen.unwrap_or_else(|| {
            let asked: Vec<_> = window.navigator().languages().iter().filter_map(|tag| tag.as_string()).collect();
            Language::asked(&asked.join(","))
        })
    }

    /// Keeps which language was chosen, as the server does.
    #[cfg(feature = "csr")]
    pub fn keep_language(tag: &str) {
        if let Some(document) = html_document() {
            let _ = document.set_cookie(&format!("lang={tag}; path=/; max-age=31536000; samesite=lax"));
        }
    }

    /// Says in which language the document is.
    #[cfg(feature = "csr")]
    pub fn set_language(tag: &str) {
        let root = window().and_then(|window| window.document()).and_then(|document| document.document_element());
        if let Some(root) = root {
            let _ = root.set_attribute("lang", tag);
        }
    }

    fn html_document() -> Option<web_sys::HtmlDocument> {
        window()?.document()?.dyn_into().ok()
    }

    /// Names the tab.
    pub fn set_title(title: &str) {
        if let Some(document) = window().and_then(|window| window.document()) {
            document.set_title(title);
        }
    }

    /// Keeps a text under a key.
    pub fn keep(key: &str, text: &str) {
        if let Some(storage) = storage() {
            let _ = storage.set_item(key, text);
        }
    }

    /// Forgets a key.
    pub fn forget(key: &str) {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(key);
        }
    }

    /// Forgets all keys that begin so.
    pub fn forget_all(prefix: &str) {
        let Some(storage) = storage() else { return };
        let keys: Vec<_> = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten()).collect();
        for key in keys.iter().filter(|key| key.starts_with(prefix)) {
            let _ = storage.remove_item(key);
        }
    }

    /// The texts of all keys that begin so.
    #[must_use]
    pub fn kept(prefix: &str) -> Vec<String> {
        let Some(storage) = storage() else { return Vec::new() };
        let keys = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten());
        keys.filter(|key| key.starts_with(prefix)).filter_map(|key| storage.get_item(&key).ok().flatten()).collect()
    }

    /// The text of a key.
    #[must_use]
    pub fn kept_one(key: &str) -> Option<String> {
        storage()?.get_item(key).ok()?
    }

    /// For use in an address.
    #[must_use]
    pub fn encode(text: &str) -> String {
        js_sys::encode_uri_component(text).into()
    }

    /// The page's path.
    #[cfg(feature = "csr")]
    #[must_use]
    pub fn path() -> String {
        window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
    }

    /// The other way round.
    #[must_use]
    pub fn decode(text: &str) -> String {
        js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
    }

    /// The page's path and query.
    #[must_use]
    pub fn address() -> String {
        let Some(location) = window().map(|window| window.location()) else { return String::new() };
        location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
    }

    /// Gives the page another address, without loading anything.
    pub fn move_to(address: &str) {
        if let Some(history) = window().and_then(|window| window.history().ok()) {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(address));
        }
    }

    /// Calls back when the reader has gone back or forth.
    pub fn on_moved(call: impl Fn() + 'static) {
        if let Some(window) = window() {
            listen(&window, "popstate", call);
        }
    }

    /// Leaves this page for another.
    pub fn go(address: &str) {
        if let Some(window) = window() {
            let _ = window.location().set_href(address);
        }
    }

    /// Loads the page again.
    pub fn reload() {
        if let Some(window) = window() {
            let _ = window.location().reload();
        }
    }

    /// Tells the other tabs of this browser. They hear it by [`on_news`].
    pub fn tell_tabs(news: &str) {
        NEWS.with(|channel| {
            if let Some(channel) = channel {
                let _ = channel.post_message(&news.into());
            }
        });
    }

    /// Calls back with what another tab tells.
    pub fn on_news(call: impl Fn(String) + 'static) {
        let call = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            if let Some(news) = event.data().as_string() {
                call(news);
            }
        });
        NEWS.with(|channel| {
            if let Some(channel) = channel {
                channel.set_onmessage(Some(call.as_ref().unchecked_ref()));
            }
        });
        call.forget();
    }

    thread_local! {
        static NEWS: Option<web_sys::BroadcastChannel> =
            has("BroadcastChannel").then(|| web_sys::BroadcastChannel::new("parlor").ok()).flatten();
    }

    /// Whether the window matches a media query.
    #[must_use]
    pub fn matches(query: &str) -> bool {
        window().and_then(|window| window.match_media(query).ok().flatten()).is_some_and(|list| list.matches())
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
}

#[cfg(not(feature = "browser"))]
#[allow(missing_docs, clippy::missing_const_for_fn)]
mod nowhere {
    #[must_use]
    pub fn host() -> String {
        String::new()
    }
    #[must_use]
    pub fn is_offline() -> bool {
        false
    }
    #[must_use]
    pub fn is_attentive() -> bool {
        false
    }
    #[must_use]
    pub fn is_hidden() -> bool {
        false
    }
    #[must_use]
    pub fn is_first(_: &str, _: &str) -> bool {
        false
    }
    pub fn on_life(_: impl Fn(bool) + Clone + 'static) {}
    #[must_use]
    pub fn network() -> String {
        String::new()
    }
    #[must_use]
    pub fn agent() -> String {
        String::new()
    }
    pub async fn copy(_: &str) -> bool {
        false
    }
    pub fn copy_quietly(_: &str) {}
    pub fn offer(_: &str, _: &str) {}
    #[must_use]
    pub fn value(_: &str) -> String {
        String::new()
    }
    pub fn set_value(_: &str, _: &str) {}
    pub fn uncheck(_: &str) {}
    #[must_use]
    pub fn is_checked(_: &str) -> bool {
        false
    }
    pub fn set_html(_: &str, _: &str) {}
    pub fn set_class(_: &str, _: &str, _: bool) {}
    pub fn on(_: &str, _: &str, _: impl Fn(web_sys::Event) + 'static) {}
    pub fn set_hidden(_: &str, _: bool) {}
    pub fn on_shortcut(_: &'static str, _: impl Fn() + 'static) {}
    pub fn set_text(_: &str, _: &str) {}
    pub fn set_attribute(_: &str, _: &str, _: &str) {}
    #[must_use]
    pub fn is_popover_open(_: &str) -> bool {
        false
    }
    pub fn on_attention(_: impl Fn() + Clone + 'static) {}
    pub fn on_input(_: impl Fn() + Clone + 'static) {}
    pub fn focus_last(_: &str) {}
    pub fn on_network(_: impl Fn(bool) + Clone + 'static) {}
    pub fn keep_offset() {}
    pub fn set_title(_: &str) {}
    pub fn keep(_: &str, _: &str) {}
    pub fn forget(_: &str) {}
    pub fn forget_all(_: &str) {}
    #[must_use]
    pub fn kept(_: &str) -> Vec<String> {
        Vec::new()
    }
    #[must_use]
    pub fn kept_one(_: &str) -> Option<String> {
        None
    }
    #[must_use]
    pub fn encode(text: &str) -> String {
        text.to_owned()
    }
    pub fn tell_tabs(_: &str) {}
    pub fn on_news(_: impl Fn(String) + 'static) {}
    #[must_use]
    pub fn decode(text: &str) -> String {
        text.to_owned()
    }
    #[must_use]
    pub fn address() -> String {
        String::new()
    }
    pub fn move_to(_: &str) {}
    pub fn on_moved(_: impl Fn() + 'static) {}
    pub fn go(_: &str) {}
    pub fn reload() {}
    #[must_use]
    pub fn matches(_: &str) -> bool {
        false
    }
    pub fn hide_popover(_: &str) {}
    pub fn show_dialog(_: &str) {}
    pub fn close_dialog(_: &str) {}
    pub fn focus(_: &str) {}
}
