//! Reactions to a message: a chip for each emoji, which adds or removes one's own.

use leptos::prelude::*;
use parlor_protocol::{CommandId, Message, Reaction};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::{i18n::Key, live::client::Client, time::Zone};

/// The class of a chip.
pub(super) const CHIP: &str = "chip";

/// The emojis that the menu of a message offers.
pub const QUICK: [&str; 6] = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

/// The chips under a message. The time zone is read only where there are some: it also says how lists are formatted.
pub(super) fn chips(message: &Message, client: Client, read_only: bool) -> Option<impl IntoView + use<>> {
    if message.reactions.is_empty() {
        return None;
    }
    let zone = client.zone.get();
    let chips = message.reactions.iter().map(|reaction| chip(reaction, client, zone, read_only)).collect_view();
    Some(view! {
        // Screen readers must not announce each change.
        <div class="reactions" role="group" aria-live="off" aria-label=client.i18n.t(Key::Reactions)>
            {chips}
        </div>
    })
}

fn chip(reaction: &Reaction, client: Client, zone: Zone, read_only: bool) -> impl IntoView + use<> {
    let names = names(reaction, client, zone);
    let text = [&*reaction.emoji, " ", &*zone.number(reaction.count)].concat();
    view! {
        <button
            type="button"
            class=CHIP
            tabindex="-1"
            data-testid="reaction"
            data-emoji=reaction.emoji.clone()
            disabled=read_only
            aria-pressed=reaction.me.to_string()
            aria-label=label(reaction, &names, client)
            title=names
        >
            {text}
        </button>
    }
}

/// A click on a chip of a message adds or removes one's own reaction. One handler serves all chips: a closure for each would
/// be code and memory of its own.
pub(super) fn toggle(client: Client, message: CommandId, chip: &Element) {
    let Some(emoji) = chip.get_attribute("data-emoji") else { return };
    let (is_mine, is_last) = client.reaction(message, &emoji);
    if is_mine && is_last {
        focus_menu(chip);
    }
    client.react(message, emoji, !is_mine);
}

/// The last reaction with an emoji is being removed, and its chip with it: the focus must not be lost.
fn focus_menu(chip: &Element) {
    let message = chip.closest(".message").ok().flatten();
    let button = message.and_then(|message| message.query_selector(".more").ok().flatten());
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        let _ = button.focus();
    }
}

/// `Ann, Bob and 3 others`.
fn names(reaction: &Reaction, client: Client, zone: Zone) -> String {
    let others = reaction.count.saturating_sub(reaction.users.len() as u64);
    let others = (others > 0).then(|| client.i18n.plural(Key::OtherCount, others));
    let names: Vec<_> = reaction.users.iter().map(|user| user.name.as_str()).chain(others.as_deref()).collect();
    zone.list(&names)
}

/// `👍, 3 people: Ann, Bob and Cy. You reacted.`
fn label(reaction: &Reaction, names: &str, client: Client) -> String {
    let i18n = client.i18n;
    let people = i18n.plural(Key::PersonCount, reaction.count);
    let values = [("emoji", &*reaction.emoji), ("people", &*people), ("names", names)];
    i18n.format(if reaction.me { Key::ReactionWithYours } else { Key::ReactionByPeople }, &values)
}
