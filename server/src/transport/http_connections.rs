//! All live connections over HTTP, and which of them a request belongs to: by the session's token and, when the client
//! gives one, a name of its own.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use parking_lot::Mutex;
use parlor_protocol::error_code;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::http_connection::{Downstream, HttpConnection};
use crate::{
    domain::TokenHash,
    extract::{ApiError, AppState, QueryParams},
    services::{Caller, ClientInfo},
    session::{Session, SessionContext},
};

/// Connections of one session without a stream. Beyond, the oldest of them ends.
const MAX_WITHOUT_STREAM: usize = 64;

/// Longest name of a connection, in bytes.
const MAX_NAME: usize = 64;

/// How a client tells its connections apart: 1 to 64 of `A-Z a-z 0-9 _ -`.
pub(super) type Name = Box<str>;

/// The parameters of the three endpoints, as an extractor.
#[derive(Deserialize)]
pub(super) struct ConnectionParams {
    #[serde(rename = "connection")]
    pub(super) name: Option<Name>,
    /// At most so many requests of the session wait at the same time. Browsers open six connections to a host over HTTP/1.1,
    /// for all their tabs: a further one would block everything else.
    max_streams: Option<usize>,
}

impl FromRequestParts<AppState> for ConnectionParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let is_name = |name: &Name| {
            (1..=MAX_NAME).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let QueryParams(params) = QueryParams::<Self>::from_request_parts(parts, app).await?;
        if params.name.as_ref().is_none_or(is_name) {
            return Ok(params);
        }
        Err(ApiError::bad_request("\"connection\" must have 1 to 64 letters, digits, \"_\" and \"-\"."))
    }
}

/// All live connections over HTTP.
pub struct HttpConnections {
    session_context: Arc<SessionContext>,
    max: usize,
    count: AtomicUsize,
    /// Polls that wait for a frame.
    pub(super) pending_polls: AtomicUsize,
    /// By session, the oldest first.
    sessions: Mutex<HashMap<TokenHash, Vec<Arc<HttpConnection>>>>,
}

/// The answer to a request whose connection does not exist or has ended.
pub(super) fn no_connection() -> ApiError {
    let message = "This live connection does not exist or has ended. Send a hello frame to begin a new one.";
    ApiError::new(StatusCode::GONE, error_code::NO_CONNECTION, message)
}

impl HttpConnections {
    /// No connection yet; at most `max` at a time.
    pub fn new(session_context: Arc<SessionContext>, max: usize) -> Self {
        Self {
            session_context,
            max,
            count: AtomicUsize::new(0),
            pending_polls: AtomicUsize::new(0),
            sessions: Mutex::default(),
        }
    }

    /// Number of open connections.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Number of polls that wait for a frame.
    pub fn pending_polls(&self) -> usize {
        self.pending_polls.load(Ordering::Relaxed)
    }

    /// For `POST /live/frames`: the connection of this name, or without a name the newest. When the first frame is
    /// `hello` and there is none, or it has greeted already, a new one takes its place.
    ///
    /// # Errors
    /// There is none and `hello` does not begin one, or there are too many.
    pub(super) fn for_frames(
        self: &Arc<Self>,
        caller: &Caller,
        client: &ClientInfo,
        name: Option<Name>,
        hello: bool,
    ) -> Result<Arc<HttpConnection>, ApiError> {
        let mut sessions = self.sessions.lock();
        let same_name = open(&sessions, caller).find(|connection| connection.name == name).cloned();
        let newest = open(&sessions, caller).next().filter(|_| name.is_none()).cloned();
        let connection = match same_name.clone().or(newest) {
            Some(found) if !hello || !found.has_greeted() => found,
            None if !hello => return Err(no_connection()),
            _ => self.begin(&mut sessions, caller, client, name, same_name.as_ref())?,
        };
        if hello {
            connection.expect_hello_post();
        }
        connection.record_request();
        Ok(connection)
    }

    /// For `GET /live/sse`: a new connection, in the place of one with the same name. One that was begun by a POST and
    /// still waits for a stream is taken over, unless `resumed`, when the client says where it stands. None if the session
    /// has as many waiting requests as the client allows.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn for_stream(
        self: &Arc<Self>,
        caller: &Caller,
        client: &ClientInfo,
        params: ConnectionParams,
        resumed: bool,
        cut: Option<CancellationToken>,
    ) -> Result<Option<Arc<HttpConnection>>, ApiError> {
        let mut sessions = self.sessions.lock();
        if !may_wait(&sessions, caller, &params) {
            return Ok(None);
        }
        let name = params.name;
        let same_name = open(&sessions, caller).find(|connection| connection.name == name).cloned();
        // A replacement was begun for the stream of the one it replaced, which has ended by now.
        let waits = |connection: &&Arc<HttpConnection>| {
            !resumed && connection.downstream().is_none() && !connection.is_replacement
        };
        let connection = match same_name.as_ref().filter(waits) {
            Some(waiting) => waiting.clone(),
            None => {
                let replaced = same_name.filter(|_| name.is_some());
                self.begin(&mut sessions, caller, client, name, replaced.as_ref())?
            }
        };
        connection.begin_stream(cut);
        connection.record_request();
        Ok(Some(connection))
    }

    /// For `GET /live/poll`: the connection of this name; without a name the newest that is polled, or a new one. The
    /// token is cancelled when another poll takes over. The last value tells whether the poll may wait for frames.
    ///
    /// # Errors
    /// None of this name is open, or there are too many.
    pub(super) fn for_poll(
        self: &Arc<Self>,
        caller: &Caller,
        client: &ClientInfo,
        params: &ConnectionParams,
    ) -> Result<(Arc<HttpConnection>, CancellationToken, bool), ApiError> {
        let mut sessions = self.sessions.lock();
        let may_wait = may_wait(&sessions, caller, params);
        let name = params.name.as_ref();
        let is_polled = |connection: &&Arc<HttpConnection>| {
            connection.name.as_ref() == name && connection.downstream() != Some(Downstream::Stream)
        };
        let found = open(&sessions, caller).find(is_polled).cloned();
        let connection = match found {
            Some(found) => found,
            None if name.is_some() => return Err(no_connection()),
            None => self.begin(&mut sessions, caller, client, None, None)?,
        };
        let superseded = connection.begin_poll();
        connection.record_request();
        Ok((connection, superseded, may_wait))
    }

    fn begin(
        self: &Arc<Self>,
        sessions: &mut HashMap<TokenHash, Vec<Arc<HttpConnection>>>,
        caller: &Caller,
        client: &ClientInfo,
        name: Option<Name>,
        replaced: Option<&Arc<HttpConnection>>,
    ) -> Result<Arc<HttpConnection>, ApiError> {
        if self.count() >= self.max && replaced.is_none() {
            let message = "This server has reached its limit of connections.";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, message));
        }
        let limits = match replaced {
            Some(replaced) => replaced.session.limits().clone(),
            None => self.session_context.admit(&caller.signed_in(), client)?,
        };
        let session = Session::new(self.session_context.clone(), caller.signed_in(), caller.token, limits);
        let (connection, inbox) = HttpConnection::new(name, session, replaced.is_some());
        let of_session = sessions.entry(caller.token).or_default();
        // The tasks of cancelled connections remove them.
        if let Some(replaced) = replaced {
            replaced.closed.cancel();
        }
        let has_no_stream = |other: &&Arc<HttpConnection>| {
            !other.closed.is_cancelled() && other.downstream() != Some(Downstream::Stream)
        };
        if of_session.iter().filter(has_no_stream).count() >= MAX_WITHOUT_STREAM
            && let Some(oldest) = of_session.iter().find(has_no_stream)
        {
            oldest.closed.cancel();
        }
        of_session.push(connection.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        let (connections, token) = (self.clone(), caller.token);
        tokio::spawn(connection.clone().run(inbox, move |ended| connections.remove(token, ended)));
        Ok(connection)
    }

    fn remove(&self, token: TokenHash, connection: &Arc<HttpConnection>) {
        let mut sessions = self.sessions.lock();
        let Some(of_session) = sessions.get_mut(&token) else { return };
        let before = of_session.len();
        of_session.retain(|other| !Arc::ptr_eq(other, connection));
        self.count.fetch_sub(before - of_session.len(), Ordering::Relaxed);
        if of_session.is_empty() {
            sessions.remove(&token);
        }
    }
}

/// Whether one more request of this session may wait for frames.
fn may_wait(
    sessions: &HashMap<TokenHash, Vec<Arc<HttpConnection>>>,
    caller: &Caller,
    params: &ConnectionParams,
) -> bool {
    params.max_streams.is_none_or(|max| {
        let others = open(sessions, caller).filter(|connection| connection.name != params.name);
        others.filter(|connection| connection.has_waiting_request()).count() < max
    })
}

/// The open connections of a session, the newest first.
fn open<'a>(
    sessions: &'a HashMap<TokenHash, Vec<Arc<HttpConnection>>>,
    caller: &Caller,
) -> impl Iterator<Item = &'a Arc<HttpConnection>> {
    let of_session = sessions.get(&caller.token).map(Vec::as_slice).unwrap_or_default();
    of_session.iter().rev().filter(|connection| !connection.closed.is_cancelled())
}
