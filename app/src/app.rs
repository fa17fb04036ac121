//! The application: one live client above the router, so that the connection outlives every change of page.

use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    clock,
    components::{chat::Chat, welcome::Welcome},
    live::client::Client,
    page::Carried,
};

/// Parlor.
#[component]
pub fn App() -> impl IntoView {
    let shared = SharedValue::new_str(|| Carried { now: clock::now(), page: use_context().unwrap_or_default() });
    let Carried { now, page } = shared.into_inner();
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
