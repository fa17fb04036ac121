//! Upgrades a request to a WebSocket (RFC 6455, section 4.2).

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::future::OptionFuture;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use parlor_protocol::error_code;
use tokio::net::TcpStream;

use super::DeadlineStream;
use crate::{
    extract::{ApiError, AppState, ConnectionInfo},
    websocket::handshake::{self, Refused},
};

/// A WebSocket handshake, as an extractor. Rejects other requests with 400, and other versions of the protocol with 426.
pub struct Upgrade {
    upgrade: OnUpgrade,
    info: Option<ConnectionInfo>,
    headers: HeaderMap,
    accept: String,
    subprotocol: Option<&'static str>,
}

impl FromRequest<AppState> for Upgrade {
    type Rejection = Response;

    async fn from_request(mut request: Request, _app: &AppState) -> Result<Self, Response> {
        let accept = match handshake::accept(request.method(), request.version(), request.headers()) {
            Ok(accept) => accept,
            Err(Refused::BadRequest(message)) => return Err(ApiError::bad_request(message).into_response()),
            Err(Refused::Version) => return Err(unsupported_version()),
        };
        Ok(Self {
            upgrade: hyper::upgrade::on(&mut request),
            info: request.extensions().get().cloned(),
            headers: std::mem::take(request.headers_mut()),
            accept,
            subprotocol: None,
        })
    }
}

impl Upgrade {
    /// Accepts this subprotocol if the client offers it.
    pub fn offering(self, subprotocol: &'static str) -> Self {
        let offered = handshake::offers(&self.headers, subprotocol);
        Self { subprotocol: offered.then_some(subprotocol), ..self }
    }

    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Responds with 101 and runs `run` with the socket and the bytes that were read with the request's head.
    pub fn run<F>(self, run: impl FnOnce(TcpStream, Vec<u8>) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let response = self.response();
        // Held until the socket is gone: it counts as one of the connections of the server and of its address.
        let permits = self.info.map(|info| (info.permit, info.address_permit));
        tokio::spawn(async move {
            let _permits = permits;
            // In one expression: a variable would store the future twice in each connection.
            OptionFuture::from(upgraded(self.upgrade).await.map(|(stream, early)| run(stream, early))).await;
        });
        response
    }

    /// The response of [`Upgrade::run`].
    pub fn response(&self) -> Response {
        switching_protocols(&self.accept, self.subprotocol)
    }
}

/// The response to a handshake that opens a WebSocket (RFC 6455, section 4.2.2).
pub fn switching_protocols(accept: &str, subprotocol: Option<&'static str>) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    // Base64 is always a valid header.
    let accept = HeaderValue::try_from(accept).unwrap_or(HeaderValue::from_static(""));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    response
}

/// The response to a handshake with another version than 13 (RFC 6455, section 4.2.2).
pub fn unsupported_version() -> Response {
    let message = "This server supports WebSocket version 13 only.";
    let error = ApiError::new(StatusCode::UPGRADE_REQUIRED, error_code::BAD_REQUEST, message);
    let versions: [(HeaderName, &str); 3] =
        [(header::SEC_WEBSOCKET_VERSION, "13"), (header::UPGRADE, "websocket"), (header::CONNECTION, "Upgrade")];
    (versions, error).into_response()
}

/// The socket, and the bytes that were read with the request's head.
async fn upgraded(upgrade: OnUpgrade) -> Option<(TcpStream, Vec<u8>)> {
    let upgraded: Upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "upgrade failed");
            return None;
        }
    };
    match upgraded.downcast::<TokioIo<DeadlineStream>>() {
        Ok(parts) => Some((parts.io.into_inner().into_inner(), parts.read_buf.to_vec())),
        Err(_) => {
            tracing::error!("upgraded connection is not a TCP socket");
            None
        }
    }
}
