//! An HTTP request that is aborted when it is dropped.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::{
    Future,
    future::{Either, select},
};
use parlor_protocol::CloseCode;
use web_sys::AbortController;

use super::TransportEvent;
use crate::{
    api::{self, ApiError},
    clock,
    i18n::{I18n, Key},
};

/// How long to wait for the health check, in milliseconds.
const HEALTH_TIMEOUT_MS: u32 = 3_000;

/// A status and a body.
type Answer = Result<(u16, String), ApiError>;

/// Why a request failed, as a close code and reason of its connection.
pub(super) struct RequestError(u16, String);

impl RequestError {
    fn network(why: Key) -> Self {
        Self(1006, I18n::default().t(why).to_owned())
    }
}

impl From<RequestError> for TransportEvent {
    fn from(RequestError(code, reason): RequestError) -> Self {
        Self::Closed { code, reason }
    }
}

pub(super) struct Request {
    answer: Pin<Box<dyn Future<Output = Answer>>>,
    abort: Option<AbortController>,
}

impl Request {
    /// A POST with a JSON body, or a GET without one.
    pub(super) fn new(path: &str, body: Option<String>) -> Self {
        let abort = AbortController::new().ok();
        let signal = abort.as_ref().map(AbortController::signal);
        let (path, method) = (path.to_owned(), if body.is_some() { "POST" } else { "GET" });
        let answer = async move { api::fetch(method, &path, body, signal.as_ref()).await };
        Self { answer: Box::pin(answer), abort }
    }

    /// The body of a successful answer.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<String, RequestError>> {
        self.answer.as_mut().poll(context).map(|answer| match answer {
            Ok((200..=299, body)) => Ok(body),
            Ok((status, _)) => Err(status_error(status)),
            Err(_) => Err(RequestError::network(Key::RequestFailed)),
        })
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

fn status_error(status: u16) -> RequestError {
    let code = match status {
        401 => CloseCode::SessionRevoked,
        413 => CloseCode::FrameTooLarge,
        429 => CloseCode::Flooding,
        410 => return RequestError::network(Key::ConnectionUnknown),
        _ => {
            let status = [("status", &*status.to_string())];
            return RequestError(1006, I18n::default().format(Key::RequestStatus, &status));
        }
    };
    // The page has its own texts for these codes.
    RequestError(code.code(), String::new())
}

/// Whether the server responds within a few seconds. The answer of a captive portal does not count.
pub async fn server_responds() -> bool {
    let request = Request::new("/healthz", None);
    let mut request = std::pin::pin!(request);
    let answer = std::future::poll_fn(move |context| request.poll(context));
    let Either::Left((Ok(body), _)) = select(answer, std::pin::pin!(clock::sleep(HEALTH_TIMEOUT_MS))).await else {
        return false;
    };
    body.trim() == "ok"
}
