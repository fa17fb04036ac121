//! The opening handshake (RFC 6455, section 4) step by step: the request, the computation of the accept key and the response.
//! Everything shown comes from the functions that serve all WebSockets.

use std::time::Duration;

use axum::{
    Json,
    body::to_bytes,
    extract::RawQuery,
    http::{HeaderMap, HeaderValue, Method, Uri, Version, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::close::CloseCause;
use crate::{
    extract::{ApiError, SameOrigin},
    socket::{MessageReader, MessageWriter, Upgrade, switching_protocols, unsupported_version},
    websocket::{
        decode::Decoder,
        frame::Opcode,
        handshake::{self, Refused, Steps},
    },
};

/// The sample of RFC 6455, section 1.3.
pub(super) const SAMPLE_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Longest key or version that is accepted, in bytes. Valid ones are shorter.
const MAX_PARAMETER: usize = 128;

/// Longest body of an error response, in bytes.
const MAX_BODY: usize = 4_096;

/// Longest message that is read, in bytes. None is expected.
const MAX_MESSAGE: usize = 1_024;

/// Time for the client to take the message.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// The head of a request or a response.
#[derive(Debug, Serialize)]
struct Head {
    line: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Without the headers that all responses have.
    fn of(response: &Response) -> Self {
        let status = response.status();
        let line = format!("HTTP/1.1 {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
        Self { line, headers: visible_headers(response.headers()) }
    }
}

#[derive(Debug, Serialize)]
struct StepsJson {
    key: String,
    guid: &'static str,
    joined: String,
    sha1: String,
    accept: String,
}

impl From<Steps> for StepsJson {
    fn from(Steps { key, guid, joined, sha1, accept }: Steps) -> Self {
        Self { key, guid, joined, sha1, accept }
    }
}

/// Names and values, without credentials.
fn visible_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name, value: &HeaderValue| {
        if name == header::COOKIE || name == header::AUTHORIZATION || name == header::PROXY_AUTHORIZATION {
            return "(hidden)".into();
        }
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    headers.iter().map(|(name, text)| (name.to_string(), value(name, text))).collect()
}

/// The message of [`upgrade`].
#[derive(Debug, Serialize)]
struct HandshakeRecord {
    request: Head,
    steps: StepsJson,
    answer: Head,
}

/// `GET /lab/handshake`: a WebSocket whose only message describes its handshake.
pub(super) async fn upgrade(_origin: SameOrigin, uri: Uri, upgrade: Upgrade) -> Response {
    let headers = upgrade.headers();
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let record = HandshakeRecord {
        request: Head { line: format!("GET {uri} HTTP/1.1"), headers: visible_headers(headers) },
        steps: handshake::steps(key).into(),
        answer: Head::of(&upgrade.response()),
    };
    let record = serde_json::to_vec(&record).unwrap_or_default();
    upgrade.run(async move |stream, early| run(stream, &early, &record).await)
}

async fn run(stream: TcpStream, early: &[u8], record: &[u8]) {
    let (incoming, outgoing) = stream.into_split();
    let mut reader = MessageReader::new(incoming, Decoder::new(MAX_MESSAGE), early);
    let mut writer = MessageWriter::new(outgoing);
    if matches!(tokio::time::timeout(WRITE_TIMEOUT, writer.send(Opcode::Text, record)).await, Ok(Ok(()))) {
        CloseCause::Client(Some(1000)).close(writer, &mut reader).await;
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct AnswerQuery {
    key: Option<String>,
    version: Option<String>,
}

#[derive(Debug, Serialize)]
struct AnswerBody {
    /// `None` when the handshake is rejected.
    steps: Option<StepsJson>,
    answer: AnswerResponse,
}

#[derive(Debug, Serialize)]
struct AnswerResponse {
    #[serde(flatten)]
    head: Head,
    body: String,
}

/// `GET /lab/handshake/answer`: the server's response to an otherwise valid handshake with this key and version.
pub(super) async fn answer(_origin: SameOrigin, RawQuery(raw): RawQuery) -> Result<Response, ApiError> {
    let query: AnswerQuery = serde_urlencoded::from_str(&raw.unwrap_or_default())
        .map_err(|_| ApiError::bad_request("\"key\" and \"version\" may be given at most once each."))?;
    let key = query.key.as_deref().unwrap_or(SAMPLE_KEY);
    let headers = [
        (header::HOST, HeaderValue::from_static("localhost")),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_KEY, parameter("key", key)?),
        (header::SEC_WEBSOCKET_VERSION, parameter("version", query.version.as_deref().unwrap_or("13"))?),
    ];
    let (steps, answer) = match handshake::accept(&Method::GET, Version::HTTP_11, &headers.into_iter().collect()) {
        Ok(accept) => (Some(handshake::steps(key).into()), switching_protocols(&accept, None)),
        Err(Refused::BadRequest(message)) => (None, ApiError::bad_request(message).into_response()),
        Err(Refused::Version) => (None, unsupported_version()),
    };
    let head = Head::of(&answer);
    // An error response is in memory: reading it cannot fail.
    let body = to_bytes(answer.into_body(), MAX_BODY).await.unwrap_or_default();
    let answer =
        AnswerBody { steps, answer: AnswerResponse { head, body: String::from_utf8_lossy(&body).into_owned() } };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

fn parameter(name: &str, value: &str) -> Result<HeaderValue, ApiError> {
    let fits = value.len() <= MAX_PARAMETER && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    HeaderValue::from_str(value).ok().filter(|_| fits).ok_or_else(|| {
        ApiError::bad_request(format!("\"{name}\" may have at most {MAX_PARAMETER} printable ASCII characters."))
    })
}
