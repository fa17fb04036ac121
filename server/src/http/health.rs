//! Health checks.

use axum::{extract::State, http::StatusCode};

use super::AppState;
use crate::cluster::Cluster;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well. Says which database it is, and why it does not answer.
pub(super) async fn ready(State(state): State<AppState>) -> (StatusCode, String) {
    let is_ready = state.services.check_store().await.is_ok();
    let status = state.services.store_status();
    let (connections, idle) = status.connections;
    let store = format!("store: {}, {connections} connections for reading, {idle} of them idle\n", status.kind);
    let failure = status.failure.map(|failure| format!("last failure: {failure}\n")).unwrap_or_default();
    let nodes = state.cluster.as_deref().map(describe).unwrap_or_default();
    if is_ready {
        (StatusCode::OK, format!("ready\n{store}{nodes}"))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{store}{nodes}{failure}"))
    }
}

/// How this node learns of the others' commits.
fn describe(cluster: &Cluster) -> String {
    let bus = if cluster.is_bus_connected() {
        "connected"
    } else {
        "not connected; the database is asked every 250 ms instead"
    };
    let log = if cluster.is_cut_off() { "commits of other nodes: cannot be read\n" } else { "" };
    format!("node: {}\nbus: NATS, {bus}\n{log}", cluster.name())
}
