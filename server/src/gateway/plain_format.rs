//! The message formats of the plain gateways.

use std::borrow::Cow;

use parlor_app::time;
use parlor_protocol::{Millis, error_code};
use serde::{Deserialize, Serialize};

use super::translate::{Notice, NoticeKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlainFormat {
    /// Receives text, sends `{"type","msg","time"}`.
    Typed,
    /// Receives text, sends lines of text.
    Lines,
    /// Receives and sends `{"nickname","message","time"}`, with `status` when sending.
    Nickname,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ClientMessage<'a> {
    /// Empty when the client does not say it.
    #[serde(default, borrow)]
    pub(super) nickname: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
}

/// Why a text cannot be parsed: a code and a message.
pub(super) type ParseError = (&'static str, String);

#[derive(Serialize)]
struct Typed<'a> {
    #[serde(rename = "type")]
    kind: u8,
    msg: &'a str,
    time: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    private: bool,
}

#[derive(Serialize)]
struct Nickname<'a> {
    status: u8,
    nickname: &'a str,
    message: &'a str,
    time: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    private: bool,
}

#[derive(Serialize)]
struct ErrorMessage<'a> {
    error: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    time: &'a str,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl PlainFormat {
    /// Parses a message from a client.
    ///
    /// # Errors
    /// It does not have this format.
    pub(super) fn parse(self, text: &str) -> Result<ClientMessage<'_>, ParseError> {
        if self != Self::Nickname {
            return Ok(ClientMessage { nickname: "".into(), message: text.into() });
        }
        let bad = |message: String| (error_code::BAD_FRAME, message);
        // serde would also accept an array with the fields in order.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(bad("Send a JSON object: {\"nickname\": …, \"message\": …}.".into()));
        }
        serde_json::from_str(text)
            .map_err(|error| bad(format!("The message is not {{\"nickname\": …, \"message\": …}}: {error}")))
    }

    /// Formats a notice; `None` when the format has no message for it.
    pub(super) fn format(self, notice: &Notice) -> Option<String> {
        let time = &rfc3339(notice.at);
        let json = match (self, &notice.kind) {
            (Self::Lines, kind) => return Some(lines(kind)),
            (_, NoticeKind::Error { code, message, text }) => {
                serde_json::to_string(&ErrorMessage { error: code, message, text: text.as_deref(), time })
            }
            (Self::Typed, notice) => {
                let kind = match notice {
                    NoticeKind::Entered(_) => 0,
                    NoticeKind::Left(_) => 1,
                    NoticeKind::Message { .. } | NoticeKind::Error { .. } => 2,
                };
                let private = matches!(notice, NoticeKind::Message { private: true, .. });
                serde_json::to_string(&Typed { kind, msg: &line(notice), time, private })
            }
            (Self::Nickname, NoticeKind::Entered(_)) => return None,
            (Self::Nickname, NoticeKind::Left(name)) => {
                let left = Nickname { status: 0, nickname: name, message: "left", time, private: false };
                serde_json::to_string(&left)
            }
            (Self::Nickname, NoticeKind::Message { from, text, private }) => {
                let private = *private;
                serde_json::to_string(&Nickname { status: 1, nickname: from, message: text, time, private })
            }
        };
        // Strings and numbers can always be serialised.
        json.ok()
    }
}

/// A notice as text for display. Further lines are indented, so that a message cannot imitate another user's.
pub(super) fn lines(kind: &NoticeKind) -> String {
    line(kind).replace('\n', "\n  ")
}

/// A notice as text, with control characters shown by their symbols: messages stored by older versions, and texts that are
/// refused because of them.
fn line(kind: &NoticeKind) -> String {
    let line = unescaped_line(kind);
    line.chars().map(|c| if c == '\n' { c } else { control_picture(c) }).collect()
}

/// The symbol of a control character (Unicode block Control Pictures). A terminal would obey the character.
fn control_picture(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

fn unescaped_line(kind: &NoticeKind) -> String {
    match kind {
        NoticeKind::Entered(name) => format!("{name} came in"),
        NoticeKind::Left(name) => format!("{name} left"),
        NoticeKind::Message { from, text, private: false } => format!("{from}: {text}"),
        NoticeKind::Message { from, text, private: true } => format!("(private) {from}: {text}"),
        NoticeKind::Error { code, message, text: None } => format!("error: {message} ({code})"),
        NoticeKind::Error { code, message, text: Some(text) } => format!("error: {message} ({code}) “{text}”"),
    }
}

/// In UTC with milliseconds (RFC 3339, section 5.6).
fn rfc3339(at: Millis) -> String {
    format!("{}.{:03}Z", time::iso(at).trim_end_matches('Z'), at.rem_euclid(1_000))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn formatted(format: PlainFormat, kind: NoticeKind) -> Option<String> {
        format.format(&Notice { at: 0, kind })
    }

    #[test]
    fn times_have_milliseconds() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_783_689_045_678, "2026-07-10T13:10:45.678Z"),
        ] {
            assert_eq!(rfc3339(at), text);
        }
    }

    fn message(private: bool) -> NoticeKind {
        NoticeKind::Message { from: "ann".into(), text: "a \"b\"\nc".into(), private }
    }

    #[test]
    fn notices_are_formatted() {
        use PlainFormat::{Lines, Nickname, Typed};
        let time = "\"time\":\"1970-01-01T00:00:00.000Z\"";
        let error = || NoticeKind::Error { code: "empty".into(), message: "Say something.".into(), text: None };
        let fast = || NoticeKind::Error { code: "fast".into(), message: "Wait.".into(), text: Some("a\"…".into()) };
        let control =
            || NoticeKind::Message { from: "ann".into(), text: "a\x1b[2J\rbob: b\x7f\u{9b}\nc".into(), private: false };
        for (format, kind, expected) in [
            (Typed, NoticeKind::Entered("ann".into()), Some(format!("{{\"type\":0,\"msg\":\"ann came in\",{time}}}"))),
            (Typed, NoticeKind::Left("ann".into()), Some(format!("{{\"type\":1,\"msg\":\"ann left\",{time}}}"))),
            (Typed, message(false), Some(format!("{{\"type\":2,\"msg\":\"ann: a \\\"b\\\"\\nc\",{time}}}"))),
            (
                Typed,
                message(true),
                Some(format!("{{\"type\":2,\"msg\":\"(private) ann: a \\\"b\\\"\\nc\",{time},\"private\":true}}")),
            ),
            (Typed, error(), Some(format!("{{\"error\":\"empty\",\"message\":\"Say something.\",{time}}}"))),
            (
                Nickname,
                fast(),
                Some(format!("{{\"error\":\"fast\",\"message\":\"Wait.\",\"text\":\"a\\\"…\",{time}}}")),
            ),
            (Lines, fast(), Some("error: Wait. (fast) “a\"…”".into())),
            (Lines, NoticeKind::Entered("ann".into()), Some("ann came in".into())),
            (Lines, message(true), Some("(private) ann: a \"b\"\n  c".into())),
            (Lines, error(), Some("error: Say something. (empty)".into())),
            (Lines, control(), Some("ann: a␛[2J␍bob: b␡\u{fffd}\n  c".into())),
            (Typed, control(), Some(format!("{{\"type\":2,\"msg\":\"ann: a␛[2J␍bob: b␡\u{fffd}\\nc\",{time}}}"))),
            (Nickname, NoticeKind::Entered("ann".into()), None),
            (
                Nickname,
                NoticeKind::Left("ann".into()),
                Some(format!("{{\"status\":0,\"nickname\":\"ann\",\"message\":\"left\",{time}}}")),
            ),
            (
                Nickname,
                message(true),
                Some(format!(
                    "{{\"status\":1,\"nickname\":\"ann\",\"message\":\"a \\\"b\\\"\\nc\",{time},\"private\":true}}"
                )),
            ),
        ] {
            assert_eq!(formatted(format, kind), expected);
        }
    }

    #[test]
    fn only_objects_are_parsed() {
        let json = PlainFormat::Nickname;
        let up = json.parse("{\"nickname\":\"ann\",\"message\":\"a\\nb\",\"time\":12,\"more\":[]}").unwrap();
        assert_eq!(up, ClientMessage { nickname: "ann".into(), message: "a\nb".into() });
        assert_eq!(json.parse(" {\"message\":\"x\"}").unwrap().nickname, "");
        for bad in ["", "hi", "[\"ann\",\"hi\"]", "{\"nickname\":\"ann\"}", "{\"message\":1}", "{", "null"] {
            assert_eq!(json.parse(bad).unwrap_err().0, error_code::BAD_FRAME, "{bad}");
        }
        assert_eq!(PlainFormat::Typed.parse("{\"message\":1}").unwrap().message, "{\"message\":1}");
    }
}
