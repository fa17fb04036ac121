//! The opening handshake (RFC 6455, section 4), laid open: the request as it came, each step to the answer's key, and the
//! answer. What is shown is made by the functions that answer all WebSockets here.

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

use super::ending::Last;
use crate::{
    http::{ApiError, SameOrigin},
    socket::{Reader, Upgrade, Writer, other_version, switching},
    websocket::{
        decode::Decoder,
        frame::Opcode,
        handshake::{self, Refused, Steps},
    },
};

/// The sample of RFC 6455, section 1.3.
pub(super) const SAMPLE_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Longest key or version that is looked at, in bytes: any that is right is shorter.
const MAX_PARAMETER: usize = 128;

/// Of a refusal's body, which is a sentence, in bytes.
const MAX_BODY: usize = 4_096;

/// Nobody is asked here, so little is read. In bytes.
const MAX_MESSAGE: usize = 1_024;

/// Time for the client to take the message.
const TIME: Duration = Duration::from_secs(2);

/// A request or an answer.
#[derive(Debug, Serialize)]
struct Head {
    line: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Of an answer, without the headers that all answers have.
    fn of(answer: &Response) -> Self {
        let status = answer.status();
        let line = format!("HTTP/1.1 {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
        Self { line, headers: shown(answer.headers()) }
    }
}

/// [`Steps`] on the wire.
#[derive(Debug, Serialize)]
struct ShownSteps {
    key: String,
    guid: &'static str,
    joined: String,
    sha1: String,
    accept: String,
}

impl From<Steps> for ShownSteps {
    fn from(Steps { key, guid, joined, sha1, accept }: Steps) -> Self {
        Self { key, guid, joined, sha1, accept }
    }
}

/// Names and values, but for those that open something.
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name, value: &HeaderValue| {
        if name == header::COOKIE || name == header::AUTHORIZATION || name == header::PROXY_AUTHORIZATION {
            return "(hidden)".into();
        }
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    headers.iter().map(|(name, text)| (name.to_string(), value(name, text))).collect()
}

/// What [`upgrade`] says.
#[derive(Debug, Serialize)]
struct Seen {
    request: Head,
    steps: ShownSteps,
    answer: Head,
}

/// `GET /lab/handshake`: a WebSocket whose only message is how it came about.
pub(super) async fn upgrade(_origin: SameOrigin, uri: Uri, upgrade: Upgrade) -> Response {
    let headers = upgrade.headers();
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let seen = Seen {
        request: Head { line: format!("GET {uri} HTTP/1.1"), headers: shown(headers) },
        steps: handshake::steps(key).into(),
        answer: Head::of(&upgrade.answer()),
    };
    let seen = serde_json::to_vec(&seen).unwrap_or_default();
    upgrade.run(async move |stream, early| run(stream, &early, &seen).await)
}

async fn run(stream: TcpStream, early: &[u8], seen: &[u8]) {
    let (incoming, outgoing) = stream.into_split();
    let mut reader = Reader::new(incoming, Decoder::new(MAX_MESSAGE), early);
    let mut writer = Writer::new(outgoing);
    if matches!(tokio::time::timeout(TIME, writer.send(Opcode::Text, seen)).await, Ok(Ok(()))) {
        Last::Client(Some(1000)).say(writer, &mut reader).await;
    }
}

/// What [`answer`] is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    key: Option<String>,
    version: Option<String>,
}

/// What [`answer`] says.
#[derive(Debug, Serialize)]
struct Told {
    /// Of a handshake that is accepted.
    steps: Option<ShownSteps>,
    answer: Answered,
}

#[derive(Debug, Serialize)]
struct Answered {
    #[serde(flatten)]
    head: Head,
    body: String,
}

/// `GET /lab/handshake/answer`: what the server would answer to a handshake with this key and version, all else being as
/// it should.
pub(super) async fn answer(_origin: SameOrigin, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let asked: Asked = serde_urlencoded::from_str(&query.unwrap_or_default())
        .map_err(|_| ApiError::bad_request("Give key and version once each, or leave them out."))?;
    let key = asked.key.as_deref().unwrap_or(SAMPLE_KEY);
    let headers = [
        (header::HOST, HeaderValue::from_static("localhost")),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_KEY, parameter("key", key)?),
        (header::SEC_WEBSOCKET_VERSION, parameter("version", asked.version.as_deref().unwrap_or("13"))?),
    ];
    let (steps, answer) = match handshake::accept(&Method::GET, Version::HTTP_11, &headers.into_iter().collect()) {
        Ok(accept) => (Some(handshake::steps(key).into()), switching(&accept, None)),
        Err(Refused::BadRequest(message)) => (None, ApiError::bad_request(message).into_response()),
        Err(Refused::Version) => (None, other_version()),
    };
    let head = Head::of(&answer);
    // A refusal is whole in memory: it cannot fail to be read.
    let body = to_bytes(answer.into_body(), MAX_BODY).await.unwrap_or_default();
    let told = Told { steps, answer: Answered { head, body: String::from_utf8_lossy(&body).into_owned() } };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(told)).into_response())
}

/// The value of a header, given in the query.
fn parameter(name: &str, value: &str) -> Result<HeaderValue, ApiError> {
    let fits = value.len() <= MAX_PARAMETER && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    HeaderValue::from_str(value).ok().filter(|_| fits).ok_or_else(|| {
        ApiError::bad_request(format!(
            "{name} is a header's value: at most {MAX_PARAMETER} printable ASCII characters."
        ))
    })
}
