//! The server's router: the HTTP API and pages, the transports of the live protocol, the gateways and the lab.

use std::sync::Arc;

use axum::Router;

use crate::{
    config::Switch,
    extract::AppState,
    gateway, http,
    lab::{self, Streams},
    transport::{self, HttpConnections},
};

/// Everything that the server responds to.
pub fn router(app: AppState, connections: Arc<HttpConnections>, streams: Arc<Streams>) -> Router {
    let (lab_page, lab) =
        if app.config.lab == Switch::On { (lab::page(), lab::routes(streams)) } else { Default::default() };
    let routes = Router::new()
        .merge(http::routes(&app, lab_page))
        .merge(transport::routes(connections))
        .merge(lab)
        .merge(gateway::routes(&app));
    http::with_common_layers(&app, routes).with_state(app)
}
