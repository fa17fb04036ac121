//! Socket.IO (protocol 5, and 4 for older clients) at `/socket.io/`: over WebSocket, over long polling, and upgrades from
//! polling to WebSocket.
//!
//! The library implements the protocol. The sockets are ours, so that a client that takes nothing is disconnected; and input
//! and output are handled by one task, because the library calls asynchronous handlers in any order.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::any,
};
use parking_lot::Mutex;
use parlor_protocol::{error_code, limits};
use socketioxide::{SocketIo, handler::ConnectHandler, service::SocketIoService};
use tokio::sync::oneshot;
use tower::{ServiceExt, util::ServiceFn};

use self::{stream::SocketStream, transport_handle::TransportHandles};
use crate::{
    extract::{ApiError, AppState, ConnectionInfo, SameOrigin, is_foreign},
    services::ClientInfo,
    socket::Upgrade,
};

mod ack;
mod client;
mod commands;
mod connect;
mod stream;
mod transport_handle;

/// Most packets that wait for one client in the library. Others wait in the session's queue.
const PACKETS: usize = 128;

/// Longest packet, in bytes. The library ends a connection with a longer one without an error, so packets somewhat over the
/// limit are accepted here and refused by the session.
const MAX_PACKET: usize = 4 * limits::MAX_FRAME_BYTES;

type NotFoundService = ServiceFn<fn(Request) -> Ready<Result<Response, Infallible>>>;

#[derive(Clone)]
struct Endpoint {
    service: SocketIoService<NotFoundService>,
    handles: TransportHandles,
}

/// The permit of the connection that a session began with, until its participant takes it: a polling session counts as a
/// connection too. The library keeps the request's extensions even longer than the session.
#[derive(Clone)]
struct HeldPermit(Arc<Mutex<Option<ConnectionInfo>>>);

impl HeldPermit {
    fn of(parts: &Parts) -> Self {
        Self(Arc::new(Mutex::new(parts.extensions.get().cloned())))
    }

    fn take(&self) -> Option<ConnectionInfo> {
        self.0.lock().take()
    }
}

pub(super) fn routes(app: &AppState) -> Router<AppState> {
    let not_found: fn(Request) -> _ = |_| ready(Ok(StatusCode::NOT_FOUND.into_response()));
    let (interval, grace) = (app.config.heartbeat, app.config.heartbeat_grace.min(app.config.heartbeat / 2));
    let (service, io) = SocketIo::builder()
        .ping_interval(interval)
        .ping_timeout(grace.max(Duration::from_millis(1)))
        .connect_timeout(app.config.hello_timeout)
        .max_buffer_size(PACKETS)
        .max_payload(u64::try_from(MAX_PACKET).unwrap_or(u64::MAX))
        .ws_max_message_size(MAX_PACKET)
        .ws_max_frame_size(MAX_PACKET)
        .build_with_inner_svc(tower::service_fn(not_found));
    let handles = TransportHandles::default();
    let connect = {
        let (app, handles) = (app.clone(), handles.clone());
        move |socket, auth| connect::connect(app.clone(), handles.clone(), socket, auth)
    };
    io.ns("/", client::start.with(connect));
    let endpoint = Endpoint { service, handles };
    Router::new().route("/socket.io/", any(move |app, request| serve(endpoint, app, request)))
}

async fn serve(endpoint: Endpoint, State(app): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    SameOrigin::from_request_parts(&mut parts, &app).await?;
    let foreign = is_foreign(&parts, &app.config).then(|| parts.headers.get(header::ORIGIN).cloned()).flatten();
    if foreign.is_some() {
        // An allowed origin may use the gateway, but not the session of its visitor.
        parts.headers.remove(header::COOKIE);
    }
    let response = if parts.method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        endpoint.handle(&app, parts, body).await?
    };
    Ok(with_cors(response, foreign))
}

impl Endpoint {
    async fn handle(self, app: &AppState, mut parts: Parts, body: Body) -> Result<Response, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let (sid, is_websocket) = (value("sid").map(str::to_owned), value("transport") == Some("websocket"));
        let is_known = matches!(value("EIO"), Some("3" | "4"));
        let Ok(visitor) = ClientInfo::from_request_parts(&mut parts, app).await;
        let is_upgrade = sid.as_deref().is_some_and(|sid| self.handles.contains(sid));
        if sid.is_none() || (is_websocket && !is_upgrade) {
            app.services.limit_mutations(&visitor, None)?;
        }
        if is_websocket && is_known {
            return Ok(self.upgrade(app, parts, body, sid).await);
        }
        let body = if parts.method == Method::POST { read(body, app.config.body_timeout).await? } else { body };
        let has_sid = sid.is_some();
        if !has_sid {
            let held = HeldPermit::of(&parts);
            parts.extensions.remove::<ConnectionInfo>();
            parts.extensions.insert(held);
        }
        let Ok(response) = self.service.oneshot(Request::from_parts(parts, body)).await;
        if has_sid && response.status().is_client_error() {
            // A session that does not exist: a guess costs as much as an opening.
            app.services.limit_mutations(&visitor, None)?;
        }
        Ok(response.map(Body::new))
    }

    /// Takes over the socket and passes it to the library as a byte stream.
    async fn upgrade(self, app: &AppState, parts: Parts, body: Body, sid: Option<String>) -> Response {
        let handle = match sid {
            Some(sid) => self.handles.get_or_create(sid),
            None => Arc::default(),
        };
        // The library keeps this request for the lifetime of the session.
        let mut session_request = axum::http::Request::new(());
        *session_request.uri_mut() = parts.uri.clone();
        *session_request.headers_mut() = parts.headers.clone();
        session_request.extensions_mut().insert(handle.clone());
        session_request.extensions_mut().insert(HeldPermit::of(&parts));
        let upgrade = match Upgrade::from_request(Request::from_parts(parts, body), app).await {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection,
        };
        upgrade.run(async move |stream, early| {
            let (gone, when_gone) = oneshot::channel();
            let stream = SocketStream::new(stream, early, handle, gone);
            // Returns at once when the session is unknown.
            let _ = self.service.oneshot((stream, session_request)).await;
            let _: Result<(), _> = when_gone.await;
        })
    }
}

/// The body of a POST once all of it has arrived. The library would wait for it without limit.
async fn read(body: Body, limit: Duration) -> Result<Body, ApiError> {
    let body = tokio::time::timeout(limit, axum::body::to_bytes(body, MAX_PACKET)).await;
    let body = body
        .map_err(|_| ApiError::new(StatusCode::REQUEST_TIMEOUT, error_code::BAD_REQUEST, "The body took too long."))?;
    let too_large =
        |_| ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error_code::TOO_LARGE, "The packets are too large.");
    body.map(Body::from).map_err(too_large)
}

/// Adds CORS headers (Fetch, section 3.2) for an allowed origin, without credentials.
fn with_cors(mut response: Response, foreign: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = foreign {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}
