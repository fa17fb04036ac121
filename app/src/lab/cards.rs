//! The other parts of the lab: diagnosis, echo, handshake, inspector.

use leptos::prelude::*;

use super::{Example, button, section};
use crate::i18n::{I18n, LabKey};

pub(super) fn diagnosis(i18n: I18n) -> AnyView {
    let body = view! {
        <div class="lab-actions">
            {button("diagnosis-run", i18n.t(LabKey::RunDiagnosis), true)}
            <button type="button" class="button" id="diagnosis-copy" hidden>
                {i18n.t(LabKey::CopyReport)}
            </button>
            <span class="soft" role="status" id="diagnosis-status"></span>
        </div>
        <dl class="lab-findings" id="diagnosis-findings" hidden></dl>
        <textarea id="diagnosis-report" aria-label=i18n.t(LabKey::Report) readonly rows="10" hidden></textarea>
    };
    section("diagnosis", i18n.t(LabKey::Diagnosis), i18n.t(LabKey::DiagnosisHelp), body)
}

pub(super) fn echo(i18n: I18n) -> AnyView {
    let sizes = ["0", "125", "126", "65535", "65536", "1048576"];
    let sizes = sizes.map(|size| view! { <option value=size selected=size == "65536">{size}</option> });
    let body = view! {
        <form id="echo-text-form" class="lab-row">
            {field("echo-text", i18n.t(LabKey::EchoText), i18n.t(LabKey::EchoHello), false)}
            <button class="button">{i18n.t(LabKey::Send)}</button>
        </form>
        <form id="echo-bytes-form" class="lab-row">
            <div class="field">
                <label for="echo-size">{i18n.t(LabKey::EchoSize)}</label>
                <select id="echo-size">{sizes.collect_view()}</select>
            </div>
            <div class="field">
                <label for="echo-kind">{i18n.t(LabKey::EchoKind)}</label>
                <select id="echo-kind">
                    <option value="bytes">{i18n.t(LabKey::AsBytes)}</option>
                    <option value="text">{i18n.t(LabKey::AsText)}</option>
                </select>
            </div>
            <button class="button">{i18n.t(LabKey::Send)}</button>
        </form>
        <p role="status" id="echo-result" class="lab-result"></p>
        <div class="lab-actions">{button("echo-trips", i18n.t(LabKey::RoundTrips), false)}</div>
        <figure class="lab-chart" id="echo-histogram" hidden>
            <figcaption>
                <b>{i18n.t(LabKey::Histogram)}</b>
                " "
                <span class="soft" id="echo-summary" role="status"></span>
            </figcaption>
            <ol class="lab-bars" id="echo-bars"></ol>
        </figure>
    };
    section("echo", i18n.t(LabKey::Echo), i18n.t(LabKey::EchoHelp), body)
}

pub(super) fn handshake(i18n: I18n, example: &Example) -> AnyView {
    let Example { key, joined, sha1, accept } = example.clone();
    let body = view! {
        <div class="lab-actions">{button("handshake-run", i18n.t(LabKey::ShakeHands), true)}</div>
        <p class="lab-failed" id="handshake-failed" role="status"></p>
        <div id="handshake-real" hidden>
            <h3>{i18n.t(LabKey::YourRequest)}</h3>
            <pre id="handshake-request"></pre>
            <p class="soft">{i18n.t(LabKey::Hidden)}</p>
            {steps(i18n, "real", [String::new(), String::new(), String::new(), String::new()])}
            <h3>{i18n.t(LabKey::TheAnswer)}</h3>
            <pre id="handshake-answer"></pre>
        </div>
        <h3>{i18n.t(LabKey::WorkedExample)}</h3>
        <p class="soft">{i18n.t(LabKey::WorkedExampleHelp)}</p>
        <form id="handshake-form" class="lab-row">
            {field("handshake-key", i18n.t(LabKey::Key), &key, true)}
            {field("handshake-version", i18n.t(LabKey::Version), "13", true)}
            <button class="button">{i18n.t(LabKey::Compute)}</button>
        </form>
        {steps(i18n, "example", [key, joined, sha1, accept])}
        <pre id="handshake-computed" hidden></pre>
    };
    section("handshake", i18n.t(LabKey::Handshake), i18n.t(LabKey::HandshakeHelp), body)
}

/// From the key to the answer.
fn steps(i18n: I18n, of: &'static str, values: [String; 4]) -> AnyView {
    let names = [
        ("key", LabKey::StepKey),
        ("joined", LabKey::StepJoined),
        ("sha1", LabKey::StepHash),
        ("accept", LabKey::StepAccept),
    ];
    let steps = names.into_iter().zip(values).map(move |((step, say), value)| {
        view! {
            <li>
                {i18n.t(say)} <br />
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

pub(super) fn inspector(i18n: I18n) -> AnyView {
    let codes = ["1000", "3000", "4000", "4999", "1001", "999"].map(|code| view! { <option value=code></option> });
    let body = view! {
        <dl class="lab-values">
            <div>
                <dt>"readyState"</dt>
                <dd id="inspector-state">{i18n.t(LabKey::NoSocket)}</dd>
            </div>
            <div>
                <dt>"bufferedAmount"</dt>
                <dd>
                    <span id="inspector-buffered">"0"</span>
                    " ("
                    {i18n.t(LabKey::BufferedMost)}
                    ": "
                    <span id="inspector-most">"0"</span>
                    ")"
                </dd>
            </div>
        </dl>
        <div class="lab-actions">
            {button("inspector-connect", i18n.t(LabKey::Connect), true)}
            {button("inspector-early", i18n.t(LabKey::SendEarly), false)}
            {button("inspector-much", i18n.t(LabKey::SendMuch), false)}
        </div>
        <form id="inspector-form" class="lab-row">
            {field("inspector-code", i18n.t(LabKey::CloseCode), "1000", true)}
            <datalist id="inspector-codes">{codes.collect_view()}</datalist>
            {field("inspector-reason", i18n.t(LabKey::CloseReason), "", true)}
            <button class="button">{i18n.t(LabKey::CloseWith)}</button>
        </form>
        <div class="lab-log" role="log" aria-label=i18n.t(LabKey::LogTitle) tabindex="0">
            <ol id="inspector-log"></ol>
        </div>
    };
    section("inspector", i18n.t(LabKey::Inspector), i18n.t(LabKey::InspectorHelp), body)
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
