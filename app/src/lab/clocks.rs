//! Five ways to one clock, side by side.

use leptos::prelude::*;

use super::{button, section};
use crate::i18n::{Words, lab::Word as Say};

/// Each way: what the scripts call it, its name, and what it is.
const WAYS: [(&str, Say, Say); 5] = [
    ("polling", Say::Polling, Say::PollingHelp),
    ("poll", Say::LongPoll, Say::LongPollHelp),
    ("frame", Say::Frame, Say::FrameHelp),
    ("events", Say::Events, Say::EventsHelp),
    ("ws", Say::WebSocket, Say::WebSocketHelp),
];

/// What is counted of each.
const FIGURES: [(&str, Say); 5] = [
    ("requests", Say::FigureRequests),
    ("up", Say::FigureUp),
    ("down", Say::FigureDown),
    ("first", Say::FigureFirst),
    ("steady", Say::FigureSteady),
];

pub(super) fn all(words: Words) -> AnyView {
    let cards = WAYS.into_iter().map(move |(way, name, help)| card(words, way, name, help));
    let body = view! {
        <div class="lab-actions">
            {button("clocks-start", words.lab(Say::StartAll), true)} {button("clocks-stop", words.lab(Say::StopAll), false)}
        </div>
        <div class="lab-cards">{cards.collect_view()}</div>
        <figure class="lab-chart">
            <figcaption>
                <b>{words.lab(Say::Chart)}</b>
                " "
                <span class="soft">{words.lab(Say::ChartHelp)}</span>
            </figcaption>
            // Drawn by the script; the figures of the cards say the same in numbers.
            <svg id="clocks-chart" role="img" aria-label=words.lab(Say::Chart)></svg>
        </figure>
        <p class="soft">{words.lab(Say::CountsHelp)}</p>
        <p class="soft" id="lab-streams"></p>
    };
    section("clocks", words.lab(Say::Clocks), words.lab(Say::ClocksHelp), body)
}

fn card(words: Words, way: &'static str, name: Say, help: Say) -> AnyView {
    let heading = format!("clock-{way}-title");
    let figures = FIGURES.into_iter().map(move |(figure, label)| {
        view! {
            <div>
                <dt>{words.lab(label)}</dt>
                <dd data-figure=figure>"–"</dd>
            </div>
        }
    });
    view! {
        <article class="lab-card" data-clock=way data-state="stopped" aria-labelledby=heading.clone()>
            <h3 id=heading.clone()>{words.lab(name)}</h3>
            <p class="soft">{words.lab(help)}</p>
            <p class="lab-time">
                <time>"--:--:--"</time>
            </p>
            <p class="lab-state" data-says="state" role="status">
                {words.lab(Say::Stopped)}
            </p>
            <dl>{figures.collect_view()}</dl>
            <button type="button" class="button" data-does="toggle" aria-describedby=heading.clone()>
                {words.lab(Say::Start)}
            </button>
        </article>
    }
    .into_any()
}
