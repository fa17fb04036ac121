//! The server's name after its picture, at the head of pages and of the room list.

use leptos::prelude::*;

pub fn wordmark<N: IntoView>(picture: Option<String>, name: N) -> impl IntoView {
    view! {
        {picture.map(|src| view! { <img class="server-picture" src=src alt="" width="32" height="32" /> })}
        <span class="server-name">{name}</span>
    }
}
