//! Five ways to one clock, side by side.

use leptos::prelude::*;

use super::{button, section};
use crate::i18n::{I18n, LabKey};

/// Each way: what the scripts call it, its name, and what it is.
const WAYS: [(&str, LabKey, LabKey); 5] = [
    ("polling", LabKey::Polling, LabKey::PollingHelp),
    ("poll", LabKey::LongPoll, LabKey::LongPollHelp),
    ("frame", LabKey::Frame, LabKey::FrameHelp),
    ("events", LabKey::Events, LabKey::EventsHelp),
    ("ws", LabKey::WebSocket, LabKey::WebSocketHelp),
];

/// What is counted of each.
const FIGURES: [(&str, LabKey); 5] = [
    ("requests", LabKey::FigureRequests),
    ("up", LabKey::FigureUp),
    ("down", LabKey::FigureDown),
    ("first", LabKey::FigureFirst),
    ("steady", LabKey::FigureSteady),
];

pub(super) fn all(i18n: I18n) -> AnyView {
    let cards = WAYS.into_iter().map(move |(way, name, help)| card(i18n, way, name, help));
    let body = view! {
        <div class="lab-actions">
            {button("clocks-start", i18n.t(LabKey::StartAll), true)} {button("clocks-stop", i18n.t(LabKey::StopAll), false)}
        </div>
        <div class="lab-cards">{cards.collect_view()}</div>
        <figure class="lab-chart">
            <figcaption>
                <b>{i18n.t(LabKey::Chart)}</b>
                " "
                <span class="soft">{i18n.t(LabKey::ChartHelp)}</span>
            </figcaption>
            // Drawn by the script; the figures of the cards say the same in numbers.
            <svg id="clocks-chart" role="img" aria-label=i18n.t(LabKey::Chart)></svg>
        </figure>
        <p class="soft">{i18n.t(LabKey::CountsHelp)}</p>
        <p class="soft" id="lab-streams"></p>
    };
    section("clocks", i18n.t(LabKey::Clocks), i18n.t(LabKey::ClocksHelp), body)
}

fn card(i18n: I18n, way: &'static str, name: LabKey, help: LabKey) -> AnyView {
    let heading = format!("clock-{way}-title");
    let figures = FIGURES.into_iter().map(move |(figure, label)| {
        view! {
            <div>
                <dt>{i18n.t(label)}</dt>
                <dd data-figure=figure>"–"</dd>
            </div>
        }
    });
    view! {
        <article class="lab-card" data-clock=way data-state="stopped" aria-labelledby=heading.clone()>
            <h3 id=heading.clone()>{i18n.t(name)}</h3>
            <p class="soft">{i18n.t(help)}</p>
            <p class="lab-time">
                <time>"--:--:--"</time>
            </p>
            <p class="lab-state" data-says="state" role="status">
                {i18n.t(LabKey::Stopped)}
            </p>
            <dl>{figures.collect_view()}</dl>
            <button type="button" class="button" data-does="toggle" aria-describedby=heading.clone()>
                {i18n.t(LabKey::Start)}
            </button>
        </article>
    }
    .into_any()
}
