//! Frames from clients without a WebSocket: `POST /live/frames`, a JSON array of client frames.

use std::{sync::Arc, time::Duration};

use axum::{Extension, body::Body, http::StatusCode};
use futures::StreamExt;
use parlor_protocol::{CloseCode, error_code, limits};
use serde::{Deserialize, de::IgnoredAny};

use super::http_connections::{ConnectionParams, HttpConnections, no_connection};
use crate::{
    extract::{ApiError, SameOrigin},
    services::{Caller, ClientInfo},
};

/// Bodies over [`limits::MAX_POST_BYTES`] are read to their end up to this size, so that the client receives the
/// response. Beyond, the network connection is cut.
const MAX_READ: usize = 2 * 1024 * 1024;

/// Time for the body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// `POST /live/frames`: queues the frames in order and responds at once. Their results come by the stream or a poll. An
/// empty array is a sign of life.
pub(super) async fn take(
    _origin: SameOrigin,
    caller: Caller,
    client: ClientInfo,
    ConnectionParams { name, .. }: ConnectionParams,
    Extension(connections): Extension<Arc<HttpConnections>>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let body = read(body).await?;
    let text = body.as_deref().map(std::str::from_utf8).transpose().map_err(|_| bad_frames("it is not UTF-8"))?;
    let frames = text.map(split).transpose().map_err(bad_frames)?;
    let too_large = frames.as_ref().is_none_or(|frames| frames.iter().any(|text| text.len() > limits::MAX_FRAME_BYTES));
    if too_large {
        // Ends the connection, as on a WebSocket, but begins none.
        if let Ok(connection) = connections.for_frames(&caller, &client, name, false) {
            connection.session.close(CloseCode::FrameTooLarge);
        }
        return Err(too_much("A frame may have at most 64 KiB and a request at most 256 KiB."));
    }
    let frames = frames.unwrap_or_default();
    if frames.len() > limits::MAX_POST_FRAMES {
        return Err(too_much("A request may have at most 256 frames."));
    }
    let hello = frames.first().is_some_and(|frame| is_hello(frame));
    let connection = connections.for_frames(&caller, &client, name, hello)?;
    connection.post(&frames).await.map_err(|_| no_connection())?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body; `None` when it is over the limit.
async fn read(body: Body) -> Result<Option<Vec<u8>>, ApiError> {
    let mut chunks = body.into_data_stream();
    let whole = async {
        let (mut bytes, mut length) = (Vec::new(), 0);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| bad_frames("it is incomplete"))?;
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
    let message = format!("The body must be a JSON array of client frames: {reason}.");
    ApiError::new(StatusCode::BAD_REQUEST, error_code::BAD_FRAME, message)
}

fn too_much(message: &str) -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error_code::TOO_LARGE, message)
}

/// Splits a JSON array into the texts of its elements. The session decodes each and reports its errors.
///
/// # Errors
/// The text is not a JSON array.
pub fn split(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut elements = Vec::new();
    let mut rest = text.trim_ascii().strip_prefix('[').ok_or("it does not begin with [")?.trim_ascii_start();
    if rest == "]" {
        return Ok(elements);
    }
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        let Some(Ok(_)) = values.next() else { return Err("an element is not JSON") };
        let (element, after) = rest.split_at_checked(values.byte_offset()).ok_or("an element is not JSON")?;
        elements.push(element);
        let after = after.trim_ascii_start();
        match after.strip_prefix(',') {
            Some(more) => rest = more.trim_ascii_start(),
            None if after == "]" => return Ok(elements),
            None => return Err("it does not end with ]"),
        }
    }
}

/// Whether a frame has the type `hello`, valid or not.
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
    fn only_arrays_are_split() {
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
    fn hello_is_recognised_by_its_type() {
        assert!(is_hello("{\"protocol\":1,\"type\":\"hello\"}") && is_hello("{\"type\":\"hel\\u006co\"}"));
        assert!(!is_hello("{\"type\":\"ping\"}") && !is_hello("1") && !is_hello("{\"type\":1}") && !is_hello("{}"));
    }

    proptest! {
        #[test]
        fn splitting_agrees_with_parsing(text in "[\\[\\]{}:, \"a1]{0,24}|.{0,60}") {
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
