//! Extractor for the origin of a request: address and device.

use std::{convert::Infallible, net::Ipv4Addr};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use super::{AppState, ConnectionInfo, device};
use crate::services::ClientInfo;

impl FromRequestParts<AppState> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &AppState) -> Result<Self, Infallible> {
        let connection = parts.extensions.get::<ConnectionInfo>();
        let agent = parts.headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        Ok(Self {
            address: connection.map_or(Ipv4Addr::UNSPECIFIED.into(), |connection| connection.client),
            device: agent.and_then(|agent| device::describe(&agent)),
        })
    }
}
