//! Which connection a request belongs to: by the session's token and, when the client gives one, a name of its own.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    extract::{FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use parking_lot::Mutex;
use parlor_protocol::error_code;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::http_connection::{HttpConnection, Way};
use crate::{
    domain::TokenHash,
    http::{ApiError, App, Caller},
    session::{Live, Session},
};

/// Connections of one session that hold no network connection: beyond, the oldest of them ends.
const MAX_LOOSE: usize = 64;

/// Longest name of a connection, in bytes.
const MAX_NAME: usize = 64;

/// How a client tells its connections apart: 1 to 64 of `A-Z a-z 0-9 _ -`.
pub type Name = Box<str>;

/// The query of the three endpoints.
pub struct Named(pub Option<Name>);

#[derive(Deserialize)]
struct Params {
    connection: Option<Name>,
}

impl FromRequestParts<App> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let is_name = |name: &Name| {
            (1..=MAX_NAME).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match Query::<Params>::from_request_parts(parts, app).await {
            Ok(Query(params)) if params.connection.as_ref().is_none_or(is_name) => Ok(Self(params.connection)),
            _ => Err(ApiError::bad_request("\"connection\" is a name of 1 to 64 letters, digits, _ and -.")),
        }
    }
}

/// See the module.
pub struct Registry {
    live: Arc<Live>,
    /// Most connections at a time.
    most: usize,
    count: AtomicUsize,
    /// Polls that wait for something to answer.
    pub(super) held: AtomicUsize,
    /// Of each session, the oldest first.
    sessions: Mutex<HashMap<TokenHash, Vec<Arc<HttpConnection>>>>,
}

/// Answers a request for a connection that there is not (any more).
pub(super) fn no_connection() -> ApiError {
    let message = "There is no such live connection (any more). Begin another one with a hello frame.";
    ApiError::new(StatusCode::GONE, error_code::NO_CONNECTION, message)
}

impl Registry {
    /// Without any connection; at most `most` at a time.
    #[must_use]
    pub fn new(live: Arc<Live>, most: usize) -> Self {
        Self { live, most, count: AtomicUsize::new(0), held: AtomicUsize::new(0), sessions: Mutex::default() }
    }

    /// How many connections live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether none lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many polls are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// For `POST /live/frames`: the connection of this name, or without a name the newest. When the first frame is
    /// `hello` and there is none, or it has greeted already, a new one takes its place.
    ///
    /// # Errors
    /// None lives and `hello` does not begin one, or there are too many.
    pub fn for_frames(
        self: &Arc<Self>,
        who: &Caller,
        name: Option<Name>,
        hello: bool,
    ) -> Result<Arc<HttpConnection>, ApiError> {
        let mut sessions = self.sessions.lock();
        let same_name = living(&sessions, who).find(|carried| carried.name == name).cloned();
        let newest = living(&sessions, who).next().filter(|_| name.is_none()).cloned();
        let carried = match same_name.clone().or(newest) {
            Some(found) if !hello || !found.greeted() => found,
            None if !hello => return Err(no_connection()),
            _ => self.begin(&mut sessions, who, name, same_name.as_ref())?,
        };
        if hello {
            carried.greets();
        }
        carried.hear();
        Ok(carried)
    }

    /// For `GET /live/sse`: a new connection, in the place of one with the same name. One that was begun by a POST and
    /// still waits for someone to write to is taken over, unless `resumed`, when the client says where it stands.
    ///
    /// # Errors
    /// There are too many.
    pub fn for_stream(
        self: &Arc<Self>,
        who: &Caller,
        name: Option<Name>,
        resumed: bool,
        cut: Option<CancellationToken>,
    ) -> Result<Arc<HttpConnection>, ApiError> {
        let mut sessions = self.sessions.lock();
        let same_name = living(&sessions, who).find(|carried| carried.name == name).cloned();
        // One that has itself taken another's place was begun for that one's stream, which has ended by now.
        let waits = |carried: &&Arc<HttpConnection>| !resumed && carried.way().is_none() && !carried.replaces;
        let carried = match same_name.as_ref().filter(waits) {
            Some(waiting) => waiting.clone(),
            None => {
                let replaced = same_name.filter(|_| name.is_some());
                self.begin(&mut sessions, who, name, replaced.as_ref())?
            }
        };
        carried.begin_stream(cut);
        carried.hear();
        Ok(carried)
    }

    /// For `GET /live/poll`: the connection of this name; without a name the newest that is polled, or a new one. With
    /// it comes a token that says when another poll has taken over.
    ///
    /// # Errors
    /// None of this name lives, or there are too many.
    pub fn for_poll(
        self: &Arc<Self>,
        who: &Caller,
        name: Option<&Name>,
    ) -> Result<(Arc<HttpConnection>, CancellationToken), ApiError> {
        let mut sessions = self.sessions.lock();
        let polled =
            |carried: &&Arc<HttpConnection>| carried.name.as_ref() == name && carried.way() != Some(Way::Stream);
        let found = living(&sessions, who).find(polled).cloned();
        let carried = match found {
            Some(found) => found,
            None if name.is_some() => return Err(no_connection()),
            None => self.begin(&mut sessions, who, None, None)?,
        };
        let turn = carried.begin_poll();
        carried.hear();
        Ok((carried, turn))
    }

    fn begin(
        self: &Arc<Self>,
        sessions: &mut HashMap<TokenHash, Vec<Arc<HttpConnection>>>,
        who: &Caller,
        name: Option<Name>,
        replaced: Option<&Arc<HttpConnection>>,
    ) -> Result<Arc<HttpConnection>, ApiError> {
        if self.len() >= self.most && replaced.is_none() {
            let message = "This server has as many connections as allowed.";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, message));
        }
        let session = Session::new(self.live.clone(), who.signed_in(), who.token);
        let (carried, inbox) = HttpConnection::new(name, session, replaced.is_some());
        let mine = sessions.entry(who.token).or_default();
        // Their tasks take them out.
        if let Some(replaced) = replaced {
            replaced.gone.cancel();
        }
        let is_loose = |other: &&Arc<HttpConnection>| !other.gone.is_cancelled() && other.way() != Some(Way::Stream);
        if mine.iter().filter(is_loose).count() >= MAX_LOOSE
            && let Some(oldest) = mine.iter().find(is_loose)
        {
            oldest.gone.cancel();
        }
        mine.push(carried.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        let (registry, token) = (self.clone(), who.token);
        tokio::spawn(carried.clone().run(inbox, move |carried| registry.remove(token, carried)));
        Ok(carried)
    }

    fn remove(&self, token: TokenHash, carried: &Arc<HttpConnection>) {
        let mut sessions = self.sessions.lock();
        let Some(mine) = sessions.get_mut(&token) else { return };
        let before = mine.len();
        mine.retain(|other| !Arc::ptr_eq(other, carried));
        self.count.fetch_sub(before - mine.len(), Ordering::Relaxed);
        if mine.is_empty() {
            sessions.remove(&token);
        }
    }
}

/// The connections of a session, the newest first.
fn living<'a>(
    sessions: &'a HashMap<TokenHash, Vec<Arc<HttpConnection>>>,
    who: &Caller,
) -> impl Iterator<Item = &'a Arc<HttpConnection>> {
    let mine = sessions.get(&who.token).map(Vec::as_slice).unwrap_or_default();
    mine.iter().rev().filter(|carried| !carried.gone.is_cancelled())
}
