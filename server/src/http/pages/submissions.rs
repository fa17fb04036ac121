//! Forms that are sent twice, as by a double click: the second time is answered like the first, and does nothing.
//!
//! Each form has an id of its own (`parlor_app::submission`). Whoever sends it again with other fields sends another form.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, Request, State},
    http::{HeaderMap, Method, StatusCode, header, response},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use indexmap::IndexMap;
use parking_lot::Mutex;
use parlor_app::submission;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::http::ApiError;

/// How long a response is kept. It may begin a session or show a link, so no longer than people click twice.
const KEPT: Duration = Duration::from_secs(15);

/// Responses that are kept at most.
const MAX_KEPT: usize = 256;

/// The path, the id and all other fields.
type Key = [u8; 32];

/// The response once it is there; none if the handler panicked.
type Outcome = Shared<BoxFuture<'static, Option<Arc<Recorded>>>>;

/// The forms that are being handled or were handled just now, the oldest first.
#[derive(Default)]
pub(in crate::http) struct Submissions(Mutex<IndexMap<Key, Outcome>>);

impl Submissions {
    /// The outcome of a form that is known already, or else of `handle`. It goes on even if the browser closes the connection,
    /// as it does when a form is sent again.
    fn outcome(self: &Arc<Self>, key: Key, handle: impl Future<Output = Response> + Send + 'static) -> Outcome {
        let mut all = self.0.lock();
        if let Some(outcome) = all.get(&key) {
            return outcome.clone();
        }
        if all.len() >= MAX_KEPT {
            all.shift_remove_index(0);
        }
        let submissions = self.clone();
        let task = tokio::spawn(async move {
            let recorded = Recorded::of(handle.await).await;
            tokio::spawn(async move {
                tokio::time::sleep(KEPT).await;
                submissions.0.lock().shift_remove(&key);
            });
            recorded
        });
        let outcome = task.map(|recorded| recorded.ok().flatten().map(Arc::new)).boxed().shared();
        all.insert(key, outcome.clone());
        outcome
    }
}

/// A response that can be given more than once.
struct Recorded {
    head: response::Parts,
    body: Bytes,
}

impl Recorded {
    async fn of(response: Response) -> Option<Self> {
        let (head, body) = response.into_parts();
        // A page, which is in memory.
        Some(Self { head, body: to_bytes(body, usize::MAX).await.ok()? })
    }

    fn response(&self) -> Response {
        Response::from_parts(self.head.clone(), Body::from(self.body.clone()))
    }
}

/// Middleware that handles each form once.
pub(in crate::http) async fn handle_once(
    State(submissions): State<Arc<Submissions>>,
    request: Request,
    next: Next,
) -> Response {
    if *request.method() != Method::POST || !is_form(request.headers()) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let body = match Bytes::from_request(Request::from_parts(head.clone(), body), &()).await {
        Ok(body) => body,
        Err(error) => return ApiError::bad_body(error.status(), error.body_text()).into_response(),
    };
    let key = key(head.uri.path(), &body);
    let request = Request::from_parts(head, Body::from(body));
    let Some(key) = key else { return next.run(request).await };
    let outcome = submissions.outcome(key, next.run(request)).await;
    outcome.map_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |recorded| recorded.response())
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// None for a form without an id, which a script may send as often as it likes.
fn key(path: &str, body: &[u8]) -> Option<Key> {
    let fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = serde_urlencoded::from_bytes(body).ok()?;
    let (_, id) = fields.into_iter().find(|(name, _)| name == submission::FIELD)?;
    let id = Uuid::try_parse(&id).ok()?;
    let parts: [&[u8]; 3] = [id.as_bytes(), path.as_bytes(), body];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    Some(hash.finalize().into())
}
