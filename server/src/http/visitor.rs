//! Where a request comes from and what with: for the list of sessions, and to bound how often is tried.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};
use parlor_protocol::error_code;

use super::{ApiError, App, ConnectionInfo, caller};
use crate::{accounts::device, domain::NewSession};

/// See the module. As an extractor it never fails.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// The client's address.
    pub(crate) address: IpAddr,
    device: Option<String>,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            address: parts.extensions.get::<ConnectionInfo>().map_or(Ipv4Addr::UNSPECIFIED.into(), |slot| slot.client),
            device: agent.and_then(device::describe),
        })
    }
}

impl Visitor {
    /// A new session from here: the secret that opens it, and what is stored.
    pub(super) fn new_session(&self) -> Result<(String, NewSession), ApiError> {
        let secret = new_secret()?;
        let session = NewSession {
            token: caller::hash(&secret),
            device: self.device.clone(),
            address: Some(self.address.to_string()),
        };
        Ok((secret, session))
    }

    /// Refuses with 403 who would be new here, from an address that was banned.
    pub(super) fn must_be_welcome(&self, app: &App) -> Result<(), ApiError> {
        app.live.store.address_ban(self.address).map_or(Ok(()), |ban| Err(ApiError::banned(ban)))
    }

    /// Takes a try of the password for the name with this key.
    pub(super) fn try_name(&self, app: &App, key: &str) -> Result<(), ApiError> {
        if !app.live.rate_limits {
            return Ok(());
        }
        app.tries.take(key, self.address, Instant::now()).map_err(ApiError::too_many_tries)
    }

    /// Takes a try of something that an address may not find out by trying.
    pub(super) fn try_once(&self, app: &App) -> Result<(), ApiError> {
        if !app.live.rate_limits {
            return Ok(());
        }
        app.tries.take_from(self.address, Instant::now()).map_err(ApiError::too_many_tries)
    }
}

/// 256 bits from the system.
pub(crate) fn new_secret() -> Result<String, ApiError> {
    caller::new_token().map_err(|error| {
        tracing::error!(%error, "no randomness from the system");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, "The server cannot make a secret.")
    })
}
