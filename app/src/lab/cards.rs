//! The other parts of the lab: diagnosis, echo, handshake, inspector.

use leptos::prelude::*;

use super::{Example, button, section};
use crate::i18n::{Words, lab::Word as Say};

pub(super) fn diagnosis(words: Words) -> AnyView {
    let body = view! {
        <div class="lab-actions">
            {button("diagnosis-run", words.lab(Say::RunDiagnosis), true)}
            <button type="button" class="button" id="diagnosis-copy" hidden>
                {words.lab(Say::CopyReport)}
            </button>
            <span class="soft" role="status" id="diagnosis-status"></span>
        </div>
        <dl class="lab-findings" id="diagnosis-findings" hidden></dl>
        <textarea id="diagnosis-report" aria-label=words.lab(Say::Report) readonly rows="10" hidden></textarea>
    };
    section("diagnosis", words.lab(Say::Diagnosis), words.lab(Say::DiagnosisHelp), body)
}

pub(super) fn echo(words: Words) -> AnyView {
    let sizes = ["0", "125", "126", "65535", "65536", "1048576"];
    let sizes = sizes.map(|size| view! { <option value=size selected=size == "65536">{size}</option> });
    let body = view! {
        <form id="echo-text-form" class="lab-row">
            {field("echo-text", words.lab(Say::EchoText), words.lab(Say::EchoHello), false)}
            <button class="button">{words.lab(Say::Send)}</button>
        </form>
        <form id="echo-bytes-form" class="lab-row">
            <div class="field">
                <label for="echo-size">{words.lab(Say::EchoSize)}</label>
                <select id="echo-size">{sizes.collect_view()}</select>
            </div>
            <div class="field">
                <label for="echo-kind">{words.lab(Say::EchoKind)}</label>
                <select id="echo-kind">
                    <option value="bytes">{words.lab(Say::AsBytes)}</option>
                    <option value="text">{words.lab(Say::AsText)}</option>
                </select>
            </div>
            <button class="button">{words.lab(Say::Send)}</button>
        </form>
        <p role="status" id="echo-result" class="lab-result"></p>
        <div class="lab-actions">{button("echo-trips", words.lab(Say::RoundTrips), false)}</div>
        <figure class="lab-chart" id="echo-histogram" hidden>
            <figcaption>
                <b>{words.lab(Say::Histogram)}</b>
                " "
                <span class="soft" id="echo-summary" role="status"></span>
            </figcaption>
            <ol class="lab-bars" id="echo-bars"></ol>
        </figure>
    };
    section("echo", words.lab(Say::Echo), words.lab(Say::EchoHelp), body)
}

pub(super) fn handshake(words: Words, example: &Example) -> AnyView {
    let Example { key, joined, sha1, accept } = example.clone();
    let body = view! {
        <div class="lab-actions">{button("handshake-run", words.lab(Say::ShakeHands), true)}</div>
        <p class="lab-failed" id="handshake-failed" role="status"></p>
        <div id="handshake-real" hidden>
            <h3>{words.lab(Say::YourRequest)}</h3>
            <pre id="handshake-request"></pre>
            <p class="soft">{words.lab(Say::Hidden)}</p>
            {steps(words, "real", [String::new(), String::new(), String::new(), String::new()])}
            <h3>{words.lab(Say::TheAnswer)}</h3>
            <pre id="handshake-answer"></pre>
        </div>
        <h3>{words.lab(Say::WorkedExample)}</h3>
        <p class="soft">{words.lab(Say::WorkedExampleHelp)}</p>
        <form id="handshake-form" class="lab-row">
            {field("handshake-key", words.lab(Say::Key), &key, true)}
            {field("handshake-version", words.lab(Say::Version), "13", true)}
            <button class="button">{words.lab(Say::Compute)}</button>
        </form>
        {steps(words, "example", [key, joined, sha1, accept])}
        <pre id="handshake-computed" hidden></pre>
    };
    section("handshake", words.lab(Say::Handshake), words.lab(Say::HandshakeHelp), body)
}

/// From the key to the answer.
fn steps(words: Words, of: &'static str, values: [String; 4]) -> AnyView {
    let names =
        [("key", Say::StepKey), ("joined", Say::StepJoined), ("sha1", Say::StepHash), ("accept", Say::StepAccept)];
    let steps = names.into_iter().zip(values).map(move |((step, say), value)| {
        view! {
            <li>
                {words.lab(say)} <br />
                <code data-step=step>{value}</code>
            </li>
        }
    });
    view! {
        <ol class="lab-steps" data-steps=of>
            {steps.collect_view()}
        </ol>
    }
    .into_any()
}

pub(super) fn inspector(words: Words) -> AnyView {
    let codes = ["1000", "3000", "4000", "4999", "1001", "999"].map(|code| view! { <option value=code></option> });
    let body = view! {
        <dl class="lab-values">
            <div>
                <dt>"readyState"</dt>
                <dd id="inspector-state">{words.lab(Say::NoSocket)}</dd>
            </div>
            <div>
                <dt>"bufferedAmount"</dt>
                <dd>
                    <span id="inspector-buffered">"0"</span>
                    " ("
                    {words.lab(Say::BufferedMost)}
                    ": "
                    <span id="inspector-most">"0"</span>
                    ")"
                </dd>
            </div>
        </dl>
        <div class="lab-actions">
            {button("inspector-connect", words.lab(Say::Connect), true)}
            {button("inspector-early", words.lab(Say::SendEarly), false)}
            {button("inspector-much", words.lab(Say::SendMuch), false)}
        </div>
        <form id="inspector-form" class="lab-row">
            {field("inspector-code", words.lab(Say::CloseCode), "1000", true)}
            <datalist id="inspector-codes">{codes.collect_view()}</datalist>
            {field("inspector-reason", words.lab(Say::CloseReason), "", true)}
            <button class="button">{words.lab(Say::CloseWith)}</button>
        </form>
        <div class="lab-log" role="log" aria-label=words.lab(Say::LogTitle) tabindex="0">
            <ol id="inspector-log"></ol>
        </div>
    };
    section("inspector", words.lab(Say::Inspector), words.lab(Say::InspectorHelp), body)
}

/// A line to type into.
fn field(id: &'static str, label: &'static str, value: &str, code: bool) -> AnyView {
    let list = (id == "inspector-code").then_some("inspector-codes");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                value=value.to_owned()
                list=list
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                class=code.then_some("lab-code")
            />
        </div>
    }
    .into_any()
}
