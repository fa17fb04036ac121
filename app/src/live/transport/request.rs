//! One HTTP request that ends when it is dropped.

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

use super::Incoming;
use crate::{
    api::{self, ApiError},
    clock,
    i18n::{I18n, Key},
};

/// How long the server may take to answer that it is there, in milliseconds.
const ANSWER: u32 = 3_000;

/// A status and a body.
type Answer = Result<(u16, String), ApiError>;

/// Why a request failed: as the end of the connection that it was for.
pub(super) struct Lost(u16, String);

impl Lost {
    fn cut(why: Key) -> Self {
        Self(1006, I18n::default().t(why).to_owned())
    }
}

impl From<Lost> for Incoming {
    fn from(Lost(code, reason): Lost) -> Self {
        Self::Closed { code, reason }
    }
}

/// A request on its way.
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

    /// The body of a good answer, or the end of the connection.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<String, Lost>> {
        self.answer.as_mut().poll(context).map(|answer| match answer {
            Ok((200..=299, body)) => Ok(body),
            Ok((status, _)) => Err(refused(status)),
            Err(_) => Err(Lost::cut(Key::RequestFailed)),
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

fn refused(status: u16) -> Lost {
    let code = match status {
        401 => CloseCode::SessionRevoked,
        413 => CloseCode::FrameTooLarge,
        429 => CloseCode::Flooding,
        410 => return Lost::cut(Key::ConnectionUnknown),
        _ => {
            let status = [("status", &*status.to_string())];
            return Lost(1006, I18n::default().format(Key::RequestStatus, &status));
        }
    };
    // The page has words of its own for these.
    Lost(code.code(), String::new())
}

/// Whether the server answers at all, within a few seconds. What a captive network says in its place does not count.
pub async fn answers() -> bool {
    let request = Request::new("/healthz", None);
    let mut request = std::pin::pin!(request);
    let answer = std::future::poll_fn(move |context| request.poll(context));
    let Either::Left((Ok(body), _)) = select(answer, std::pin::pin!(clock::sleep(ANSWER))).await else {
        return false;
    };
    body.trim() == "ok"
}
