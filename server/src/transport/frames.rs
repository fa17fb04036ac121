//! What clients without a WebSocket say: `POST /live/frames`, a JSON array of client frames.

use std::time::Duration;

use axum::{body::Body, extract::State, http::StatusCode};
use futures::StreamExt;
use parlor_protocol::{CloseCode, error_code, limits};
use serde::{Deserialize, de::IgnoredAny};

use super::registry::{Named, no_connection};
use crate::http::{ApiError, App, Caller, SameOrigin};

/// Bodies over [`limits::MAX_POST_BYTES`] up to this size are read to their end, so that the client gets to see the
/// answer. Beyond, the connection is cut.
const MAX_READ: usize = 2 * 1024 * 1024;

/// Time for the body to come in.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// `POST /live/frames`: queues the frames in their order and answers at once. What each of them leads to comes down the
/// stream or by poll. An empty array is a sign of life.
pub async fn take(
    _origin: SameOrigin,
    caller: Caller,
    Named(name): Named,
    State(app): State<App>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let body = read(body).await?;
    let text = body.as_deref().map(std::str::from_utf8).transpose().map_err(|_| bad_frames("not UTF-8"))?;
    let frames = text.map(split).transpose().map_err(bad_frames)?;
    let too_large = frames.as_ref().is_none_or(|frames| frames.iter().any(|text| text.len() > limits::MAX_FRAME_BYTES));
    if too_large {
        // As on a WebSocket, it ends the connection; there is none to begin.
        if let Ok(carried) = app.carried.for_frames(&caller, name, false) {
            carried.session.close(CloseCode::FrameTooLarge);
        }
        return Err(too_much("A frame has at most 64 KiB, and a request at most 256 KiB."));
    }
    let frames = frames.unwrap_or_default();
    if frames.len() > limits::MAX_POST_FRAMES {
        return Err(too_much("One request takes at most 256 frames."));
    }
    let hello = frames.first().is_some_and(|frame| is_hello(frame));
    let carried = app.carried.for_frames(&caller, name, hello)?;
    carried.post(&frames).await.map_err(|_| no_connection())?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body; `None` when it is over the limit.
async fn read(body: Body) -> Result<Option<Vec<u8>>, ApiError> {
    let mut chunks = body.into_data_stream();
    let whole = async {
        let (mut bytes, mut length) = (Vec::new(), 0);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| bad_frames("it broke off"))?;
            length += chunk.len();
            if length > MAX_READ {
                return Ok(None);
            }
            if length <= limits::MAX_POST_BYTES {
                bytes.extend_from_slice(&chunk);
            }
        }
        Ok((length <= limits::MAX_POST_BYTES).then_some(bytes))
    };
    let too_slow = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, error_code::BAD_REQUEST, "The body took too long.");
    tokio::time::timeout(BODY_TIMEOUT, whole).await.map_err(too_slow)?
}

fn bad_frames(reason: &'static str) -> ApiError {
    let message = format!("The body is a JSON array of client frames; this one is not: {reason}.");
    ApiError::new(StatusCode::BAD_REQUEST, error_code::BAD_FRAME, message)
}

fn too_much(message: &str) -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error_code::TOO_LARGE, message)
}

/// Cuts a JSON array into the texts of its elements, unread: each is decoded where a frame is, and answered there.
///
/// # Errors
/// The text is no JSON array.
pub fn split(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut elements = Vec::new();
    let mut rest = text.trim_ascii().strip_prefix('[').ok_or("it does not begin with [")?.trim_ascii_start();
    if rest == "]" {
        return Ok(elements);
    }
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        let Some(Ok(_)) = values.next() else { return Err("an element is no JSON") };
        let (element, after) = rest.split_at_checked(values.byte_offset()).ok_or("an element is no JSON")?;
        elements.push(element);
        let after = after.trim_ascii_start();
        match after.strip_prefix(',') {
            Some(more) => rest = more.trim_ascii_start(),
            None if after == "]" => return Ok(elements),
            None => return Err("it does not end with ]"),
        }
    }
}

/// Whether a frame is `hello`, whatever else is right or wrong with it.
fn is_hello(frame: &str) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        r#type: Option<serde_json::Value>,
    }
    serde_json::from_str::<Kind>(frame).is_ok_and(|kind| kind.r#type.is_some_and(|kind| kind == "hello"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_array_is_cut_and_nothing_else_is() {
        assert_eq!(split(" [ ] ").unwrap(), [] as [&str; 0]);
        assert_eq!(
            split("[{\"a\":[1,\"],\"]} , 1,null ,\"x\"]\n").unwrap(),
            ["{\"a\":[1,\"],\"]}", "1", "null", "\"x\""]
        );
        for bad in
            ["", "{}", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[{]", "[1]]", "[1] 2", "]", "[nul]", "[\"\u{1}\"]"]
        {
            assert!(split(bad).is_err(), "{bad:?}");
        }
        assert!(split(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn hello_is_told_by_its_type() {
        assert!(is_hello("{\"protocol\":1,\"type\":\"hello\"}") && is_hello("{\"type\":\"hel\\u006co\"}"));
        assert!(!is_hello("{\"type\":\"ping\"}") && !is_hello("1") && !is_hello("{\"type\":1}") && !is_hello("{}"));
    }

    proptest! {
        #[test]
        fn cutting_agrees_with_reading(text in "[\\[\\]{}:, \"a1]{0,24}|.{0,60}") {
            let read = serde_json::from_str::<Vec<serde_json::Value>>(&text);
            match split(&text) {
                Ok(elements) => {
                    let elements: Result<Vec<serde_json::Value>, _> =
                        elements.into_iter().map(serde_json::from_str).collect();
                    prop_assert_eq!(elements.unwrap(), read.unwrap());
                }
                Err(_) => prop_assert!(read.is_err()),
            }
        }
    }
}
