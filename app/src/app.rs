//! The application: one live client above the router, so that the connection outlives every change of page.

use leptos::{prelude::*, server::codee::string::JsonSerdeCodec};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    clock,
    components::{chat::Chat, welcome::Welcome},
    live::client::Client,
    page::PageData,
};

/// Parlor.
#[component]
pub fn App() -> impl IntoView {
    // The same two values on both sides, or the browser would not find the HTML that it expects.
    let page = SharedValue::<_, JsonSerdeCodec>::new(|| use_context::<PageData>().unwrap_or_default()).into_inner();
    let now = SharedValue::<_, JsonSerdeCodec>::new(clock::now).into_inner();
    let client = Client::new(&page, now);
    provide_context(client);
    provide_context(page);
    Effect::new(move || client.start());
    view! {
        <Router>
            <FlatRoutes fallback=|| view! { <Welcome /> }>
                <Route path=path!("/") view=Welcome />
                <Route path=path!("/r/:room") view=Chat />
            </FlatRoutes>
        </Router>
    }
}
