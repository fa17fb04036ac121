//! The HTML document that the server renders around the app.

use leptos::{config::LeptosOptions, hydration::AutoReload, nonce::use_nonce, prelude::*};
use serde_json::json;

use crate::{
    App, clock,
    i18n::{self, I18n, Language},
    page::{BOOTSTRAP_ID, PageBootstrap, PageData, ROOT_ID, SiteFiles},
    text::escape,
};

/// Counts the changes that others make in the root element, from when it has been parsed until the app starts.
const OBSERVE_ROOT: &str = include_str!("observe_root.js");

/// The whole document.
///
/// It has a loader of its own instead of leptos' `HydrationScripts`: the site's files are inside the binary, so their names
/// come from [`SiteFiles`]. There are no inline styles or handlers, for a strict content security policy.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let files = use_context::<SiteFiles>().unwrap_or_default();
    let page = use_context::<PageData>().unwrap_or_default();
    let language = I18n::current().language();
    let title = page.title();
    let picture = page.picture.clone();
    let boot = boot(&files, &page, language);
    let bootstrap = PageBootstrap { now: clock::now(), page };
    let data = script_json(&serde_json::to_string(&bootstrap).unwrap_or_default());
    provide_context(bootstrap);
    let i18n = i18n::page_json(language);
    let scripts = view! {
        <link rel="modulepreload" href=files.js nonce=use_nonce() />
        {files.loader.map(|href| view! { <link rel="modulepreload" href=href nonce=use_nonce() /> })}
        // With the same mode as `fetch` has, or the browser requests the file twice.
        <link rel="preload" href=files.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
        <script type="module" nonce=use_nonce()>
            {boot}
        </script>
        <script type="application/json" id=i18n::ELEMENT_ID nonce=use_nonce() inner_html=i18n></script>
        <AutoReload options />
    };
    view! {
        <!DOCTYPE html>
        <html lang=language.tag() dir=language.dir()>
            {head(&title, files.css, picture.as_deref(), scripts)}
            <body>
                <div id=ROOT_ID>
                    <App />
                </div>
                <script nonce=use_nonce() inner_html=OBSERVE_ROOT></script>
                <script type="application/json" id=BOOTSTRAP_ID nonce=use_nonce() inner_html=data></script>
            </body>
        </html>
    }
}

/// The head of every document. The server's picture is its icon.
pub(crate) fn head<V: IntoView>(title: &str, css: String, picture: Option<&str>, more: V) -> impl IntoView + use<V> {
    // As HTML: a child would bring a hydration marker, which a title shows as text.
    let title = escape(title);
    let (icon_type, icon, touch_icon) = match picture {
        Some(picture) => ("image/png", picture, picture),
        None => ("image/svg+xml", "/favicon.svg", "/icons/apple-touch-icon.png"),
    };
    let (icon, touch_icon) = (icon.to_owned(), touch_icon.to_owned());
    view! {
        <head>
            <meta charset="utf-8" />
            <meta
                name="viewport"
                content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
            />
            <meta name="color-scheme" content="light dark" />
            <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbf8f2" />
            <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#1c1a17" />
            <title inner_html=title></title>
            <link rel="icon" type=icon_type href=icon />
            <link rel="apple-touch-icon" href=touch_icon />
            <link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials" />
            <link rel="stylesheet" href=css />
            {more}
        </head>
    }
}

fn boot(files: &SiteFiles, page: &PageData, language: Language) -> String {
    let options = json!({
        "js": files.js,
        "wasm": files.wasm,
        "build": page.server.build,
        "identity": page.identity().version(),
        "language": language.tag(),
        "shell": page.shell,
        "worker": files.worker,
    });
    include_str!("boot.js").replace("{{options}}", &script_json(&options.to_string()))
}

/// JSON that can stand in a script element: `<` is only in strings, where its escape means the same.
fn script_json(json: &str) -> String {
    json.replace('<', "\\u003c")
}
