//! A request that becomes a WebSocket (RFC 6455, section 4.2).

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

use crate::{
    http::{ApiError, App, ConnectionInfo},
    websocket::handshake::{self, Refused},
};

/// As an extractor it answers what does not open a WebSocket: 426 for another version, else 400.
pub struct Upgrade {
    upgrade: OnUpgrade,
    slot: Option<ConnectionInfo>,
    headers: HeaderMap,
    accept: String,
    subprotocol: Option<&'static str>,
}

impl FromRequest<App> for Upgrade {
    type Rejection = Response;

    async fn from_request(mut request: Request, _app: &App) -> Result<Self, Response> {
        let accept = match handshake::accept(request.method(), request.version(), request.headers()) {
            Ok(accept) => accept,
            Err(Refused::BadRequest(message)) => return Err(ApiError::bad_request(message).into_response()),
            Err(Refused::Version) => return Err(other_version()),
        };
        Ok(Self {
            upgrade: hyper::upgrade::on(&mut request),
            slot: request.extensions().get().cloned(),
            headers: std::mem::take(request.headers_mut()),
            accept,
            subprotocol: None,
        })
    }
}

impl Upgrade {
    /// Agrees to this subprotocol, if the client offers it.
    #[must_use]
    pub fn offering(self, subprotocol: &'static str) -> Self {
        let offered = handshake::offers(&self.headers, subprotocol);
        Self { subprotocol: offered.then_some(subprotocol), ..self }
    }

    /// The request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Answers 101, and runs this with the socket and what of it was read with the request's head.
    pub fn run<F>(self, run: impl FnOnce(TcpStream, Vec<u8>) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let response = self.answer();
        // Held until the socket is gone: it counts as one of the server's connections, and of its address's.
        let places = self.slot.map(|slot| (slot.place, slot.in_crowd));
        tokio::spawn(async move {
            let _places = places;
            // In one expression: a variable for what runs would be another copy of it in each connection.
            OptionFuture::from(upgraded(self.upgrade).await.map(|(stream, early)| run(stream, early))).await;
        });
        response
    }

    /// What [`Upgrade::run`] answers.
    #[must_use]
    pub fn answer(&self) -> Response {
        switching(&self.accept, self.subprotocol)
    }
}

/// RFC 6455, section 4.2.2: the answer to a handshake that opens a WebSocket.
#[must_use]
pub fn switching(accept: &str, subprotocol: Option<&'static str>) -> Response {
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

/// RFC 6455, section 4.2.2: says which version would do.
#[must_use]
pub fn other_version() -> Response {
    let failure = ApiError::new(StatusCode::UPGRADE_REQUIRED, error_code::BAD_REQUEST, "This is WebSocket version 13.");
    let versions: [(HeaderName, &str); 3] =
        [(header::SEC_WEBSOCKET_VERSION, "13"), (header::UPGRADE, "websocket"), (header::CONNECTION, "Upgrade")];
    (versions, failure).into_response()
}

/// The socket itself, and what has been read of it with the request's head.
async fn upgraded(upgrade: OnUpgrade) -> Option<(TcpStream, Vec<u8>)> {
    let upgraded: Upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "no upgrade after all");
            return None;
        }
    };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Some((parts.io.into_inner(), parts.read_buf.to_vec())),
        Err(_) => {
            tracing::error!("a WebSocket over something that is no TCP socket");
            None
        }
    }
}
