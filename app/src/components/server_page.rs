//! A page of the server over the chat: account, people, room settings, the audit log, and signing in for guests. The server
//! renders these as documents that need no scripts. In the chat they are fetched, and so are the answers to their forms: the
//! connection and the drafts stay, and none of their code is in the wasm.

use leptos::{ev::SubmitEvent, html::Div, prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, UrlSearchParams};

use super::lazy::{LazyPart, lazy_part};
use crate::{
    browser::{self, PageDocument},
    effect::effect,
    i18n::Key,
    live::client::Client,
    navigation::{CurrentRoomId, is_auth_page, is_server_page, room_path},
};

lazy_part!(server_page, PageView);

/// The page at the browser's address.
#[component]
pub fn ServerPage() -> impl IntoView {
    view! {
        <div class="server-page" data-testid="server-page">
            <LazyPart wanted=true load=server_page />
        </div>
    }
}

#[component]
fn PageView() -> impl IntoView {
    let client = expect_context::<Client>();
    let CurrentRoomId(room) = expect_context();
    let location = use_location();
    let navigate = use_navigate();
    let address = Memo::new(move |_| {
        let (path, search) = (location.pathname.get(), location.search.get());
        if search.is_empty() { path } else { format!("{path}?{search}") }
    });
    let page = RwSignal::new(None::<PageDocument>);
    let unreachable = RwSignal::new(false);
    let busy = RwSignal::new(false);
    // The address of what is on the screen. An answer to a form may bring another one.
    let shown = StoredValue::new(String::new());
    let container = NodeRef::<Div>::new();
    let home = Memo::new(move |_| room.get().map_or_else(|| "/r/lobby".to_owned(), |room| room_path(&room)));

    let show = Callback::new(move |(answer, replace): (PageDocument, bool)| {
        let path = answer.address.split('?').next().unwrap_or_default();
        let to = answer.address.clone();
        let options = NavigateOptions { replace, ..NavigateOptions::default() };
        if is_server_page(path) {
            shown.set_value(to.clone());
            page.set(Some(answer));
            navigate(&to, options);
        } else if path.starts_with("/r/") {
            navigate(&to, options);
        } else {
            browser::go(&to);
        }
    });
    let request = move |to: String, fields: Option<UrlSearchParams>| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = browser::fetch_page(&to, fields.as_ref()).await;
            // The reader may have gone elsewhere meanwhile.
            if busy.try_set(false).is_some() {
                return;
            }
            unreachable.set(answer.is_none());
            match answer {
                // Who is signed in has changed, or nobody is: the app starts anew.
                Some(answer) if answer.redirected && [&to, &answer.address].into_iter().any(|to| is_auth_page(to)) => {
                    browser::go(&answer.address);
                }
                // A form that was rejected is answered at its own address, which is not the page's.
                Some(answer) if fields.is_some() && !answer.redirected => page.set(Some(answer)),
                Some(answer) => show.run((answer, fields.is_none())),
                None => {}
            }
        });
    };
    let load = move || {
        let to = address.get();
        if shown.get_value() != to {
            shown.set_value(to.clone());
            request(to, None);
        }
    };
    let submit = move |event: SubmitEvent| {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let Some((action, fields)) = form.as_ref().and_then(browser::form_request) else { return };
        // Another language changes the whole document.
        if action == "/language" {
            return;
        }
        event.prevent_default();
        let is_get = form.is_some_and(|form| form.method() == "get");
        if is_get {
            request(format!("{action}?{}", String::from(fields.to_string())), None);
        } else {
            request(action, Some(fields));
        }
    };
    let close = use_navigate();
    let keydown = move |event: leptos::ev::KeyboardEvent| {
        if browser::pressed_key(&event).as_deref() == Some("Escape") {
            close(&home.get_untracked(), NavigateOptions::default());
        }
    };
    cover_chat(client);
    effect(load);
    effect(move || {
        let title = page.read().as_ref().map(|page| page.title.clone());
        // The chat sets the title too, when unread messages come.
        client.rooms.track();
        if let Some(title) = title {
            browser::set_title(&title);
        }
    });
    effect(move || {
        page.track();
        if let Some(container) = container.get() {
            browser::link_back(&container, &home.get_untracked());
            browser::focus_page(&container);
        }
    });
    view! {
        <div
            node_ref=container
            aria-busy=move || if busy.get() { "true" } else { "false" }
            on:submit=submit
            on:keydown=keydown
        >
            <p class="load-problem" role="alert" hidden=move || !unreachable.get()>
                {client.i18n.t(Key::ServerUnreachable)}
                <button type="button" class="button" on:click=move |_| request(address.get_untracked(), None)>
                    {client.i18n.t(Key::Retry)}
                </button>
            </p>
            <div inner_html=move || page.read().as_ref().map(|page| page.html.clone()).unwrap_or_default()></div>
        </div>
    }
}

/// While a page covers the chat nothing in the chat is read, and the focus comes back to where it was.
fn cover_chat(client: Client) {
    client.set_covered(true);
    browser::close_popovers();
    let focused = StoredValue::new_local(browser::focused());
    let title = document_title();
    on_cleanup(move || {
        client.set_covered(false);
        browser::set_title(&title);
        let focused = focused.try_get_value().flatten();
        // The chat is inert until the next frame.
        request_animation_frame(move || {
            if let Some(focused) = focused {
                let _ = focused.focus();
            }
        });
    });
}

#[cfg(feature = "browser")]
fn document_title() -> String {
    document().title()
}

#[cfg(not(feature = "browser"))]
fn document_title() -> String {
    String::new()
}
