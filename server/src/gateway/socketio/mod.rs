//! Socket.IO (protocol 5, and 4 of its older clients) at `/socket.io/`: by WebSocket, by its own long polling, and from one
//! to the other.
//!
//! The library speaks the protocol. The sockets are ours, so that one that takes nothing does not hold its place; and what
//! comes and goes is in one order, for the library calls asynchronous handlers in none.

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
use parlor_protocol::limits;
use socketioxide::{SocketIo, handler::ConnectHandler, service::SocketIoService};
use tokio::sync::oneshot;
use tower::{ServiceExt, util::ServiceFn};

use self::{carrier::Carriers, wire::Wire};
use crate::{
    http::{ApiError, App, ConnectionInfo, SameOrigin, Visitor, is_foreign},
    socket::Upgrade,
};

mod ack;
mod carrier;
mod door;
mod typed;
mod visit;
mod wire;

/// Packets that wait for one client. Those that do not fit wait with the session, which is bounded in bytes.
const PACKETS: usize = 128;

/// Longest packet, in bytes. The library ends what is longer without a word; so what is only somewhat too long comes in, and
/// the session says so.
const MAX_PACKET: usize = 4 * limits::MAX_FRAME_BYTES;

type Elsewhere = ServiceFn<fn(Request) -> Ready<Result<Response, Infallible>>>;

/// What all requests share.
#[derive(Clone)]
struct Gate {
    service: SocketIoService<Elsewhere>,
    carriers: Carriers,
}

/// The place of the connection that a session began with, until whoever takes part takes it over: a session that polls holds
/// one as well. What the library keeps of the request outlives them.
#[derive(Clone)]
struct Held(Arc<Mutex<Option<ConnectionInfo>>>);

impl Held {
    fn of(parts: &Parts) -> Self {
        Self(Arc::new(Mutex::new(parts.extensions.get().cloned())))
    }

    fn take(&self) -> Option<ConnectionInfo> {
        self.0.lock().take()
    }
}

/// The one route, for all of its requests.
pub(super) fn routes(app: &App) -> Router<App> {
    let elsewhere: fn(Request) -> _ = |_| ready(Ok(StatusCode::NOT_FOUND.into_response()));
    let (interval, grace) = (app.config.heartbeat, app.config.heartbeat_grace.min(app.config.heartbeat / 2));
    let (service, io) = SocketIo::builder()
        .ping_interval(interval)
        .ping_timeout(grace.max(Duration::from_millis(1)))
        .connect_timeout(app.config.hello_timeout)
        .max_buffer_size(PACKETS)
        .max_payload(u64::try_from(MAX_PACKET).unwrap_or(u64::MAX))
        .ws_max_message_size(MAX_PACKET)
        .ws_max_frame_size(MAX_PACKET)
        .build_with_inner_svc(tower::service_fn(elsewhere));
    let carriers = Carriers::default();
    let enter = {
        let (app, carriers) = (app.clone(), carriers.clone());
        move |socket, auth| door::enter(app.clone(), carriers.clone(), socket, auth)
    };
    io.ns("/", visit::begin.with(enter));
    let gate = Gate { service, carriers };
    Router::new().route("/socket.io/", any(move |app, request| serve(gate, app, request)))
}

/// A request of whichever transport.
async fn serve(gate: Gate, State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    SameOrigin::from_request_parts(&mut parts, &app).await?;
    let foreign = is_foreign(&parts.headers).then(|| parts.headers.get(header::ORIGIN).cloned()).flatten();
    if foreign.is_some() {
        // It was allowed to take part, not to speak for whoever happens to look at it.
        parts.headers.remove(header::COOKIE);
    }
    let answer = if parts.method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        gate.answer(&app, parts, body).await?
    };
    Ok(shared(answer, foreign))
}

impl Gate {
    async fn answer(self, app: &App, mut parts: Parts, body: Body) -> Result<Response, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let (sid, is_socket) = (value("sid").map(str::to_owned), value("transport") == Some("websocket"));
        let is_known = matches!(value("EIO"), Some("3" | "4"));
        if sid.is_none() && app.live.rate_limits {
            let Ok(visitor) = Visitor::from_request_parts(&mut parts, app).await;
            app.changes.take(visitor.address, None).map_err(ApiError::too_fast)?;
        }
        if is_socket && is_known {
            return Ok(self.upgrade(app, parts, body, sid).await);
        }
        if sid.is_none() {
            let held = Held::of(&parts);
            parts.extensions.remove::<ConnectionInfo>();
            parts.extensions.insert(held);
        }
        let Ok(answer) = self.service.oneshot(Request::from_parts(parts, body)).await;
        Ok(answer.map(Body::new))
    }

    /// The socket is taken over here and given to the library as a stream of bytes.
    async fn upgrade(self, app: &App, parts: Parts, body: Body, sid: Option<String>) -> Response {
        let carrier = match sid {
            Some(sid) => self.carriers.of(sid),
            None => Arc::default(),
        };
        // What the library keeps for as long as the session lives.
        let mut of_session = axum::http::Request::new(());
        *of_session.uri_mut() = parts.uri.clone();
        *of_session.headers_mut() = parts.headers.clone();
        of_session.extensions_mut().insert(carrier.clone());
        of_session.extensions_mut().insert(Held::of(&parts));
        let upgrade = match Upgrade::from_request(Request::from_parts(parts, body), app).await {
            Ok(upgrade) => upgrade,
            Err(refused) => return refused,
        };
        upgrade.run(async move |stream, early| {
            let (gone, when_gone) = oneshot::channel();
            let wire = Wire::new(stream, early, carrier, gone);
            // An unknown session ends it at once.
            let _ = self.service.oneshot((wire, of_session)).await;
            let _: Result<(), _> = when_gone.await;
        })
    }
}

/// Says to browsers which page may read this (Fetch, section 3.2): one of the list, and not with cookies.
fn shared(mut answer: Response, foreign: Option<HeaderValue>) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = foreign {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    answer
}
