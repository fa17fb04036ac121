//! How the clients of the plain gateways speak.

use std::borrow::Cow;

use parlor_protocol::error_code;
use serde::{Deserialize, Serialize};

use super::{
    time::rfc3339,
    translate::{Said, What},
};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Text up; `{"type","msg","time"}` down.
    Typed,
    /// Text up, a line of text down.
    Lines,
    /// `{"nickname","message","time"}` both ways, with `status` down.
    Nickname,
}

/// What a client says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Up<'a> {
    /// By which name; empty where that is not said.
    #[serde(default, borrow)]
    pub(super) nickname: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
}

/// Why a text is nothing that a client can say: a code, and words.
pub(super) type Bad = (&'static str, String);

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
struct Wrong<'a> {
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

impl Dialect {
    /// Reads what a client says.
    ///
    /// # Errors
    /// It is no such object.
    pub(super) fn read(self, text: &str) -> Result<Up<'_>, Bad> {
        if self != Self::Nickname {
            return Ok(Up { nickname: "".into(), message: text.into() });
        }
        let bad = |message: String| (error_code::BAD_FRAME, message);
        // Left to itself, serde would also take a list, for the fields in their order.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(bad("say a JSON object: {\"nickname\": …, \"message\": …}".into()));
        }
        serde_json::from_str(text).map_err(|error| bad(format!("not {{\"nickname\": …, \"message\": …}}: {error}")))
    }

    /// What the client is told, if it has words for it.
    pub(super) fn write(self, said: &Said) -> Option<String> {
        let time = &rfc3339(said.at);
        let json = match (self, &said.what) {
            (Self::Lines, what) => return Some(lines(what)),
            (_, What::Error { code, message, text }) => {
                serde_json::to_string(&Wrong { error: code, message, text: text.as_deref(), time })
            }
            (Self::Typed, what) => {
                let kind = match what {
                    What::Entered(_) => 0,
                    What::Left(_) => 1,
                    What::Message { .. } | What::Error { .. } => 2,
                };
                let private = matches!(what, What::Message { private: true, .. });
                serde_json::to_string(&Typed { kind, msg: &line(what), time, private })
            }
            (Self::Nickname, What::Entered(_)) => return None,
            (Self::Nickname, What::Left(name)) => {
                let left = Nickname { status: 0, nickname: name, message: "left", time, private: false };
                serde_json::to_string(&left)
            }
            (Self::Nickname, What::Message { from, text, private }) => {
                let private = *private;
                serde_json::to_string(&Nickname { status: 1, nickname: from, message: text, time, private })
            }
        };
        // Of texts and numbers alone: there is no error to report.
        json.ok()
    }
}

/// In words for those who print them: what is below the first line is set in, so that nobody speaks in another's name.
pub(super) fn lines(what: &What) -> String {
    line(what).replace('\n', "\n  ")
}

/// In words.
fn line(what: &What) -> String {
    match what {
        What::Entered(name) => format!("{name} came in"),
        What::Left(name) => format!("{name} left"),
        What::Message { from, text, private: false } => format!("{from}: {text}"),
        What::Message { from, text, private: true } => format!("(private) {from}: {text}"),
        What::Error { code, message, text: None } => format!("error: {message} ({code})"),
        What::Error { code, message, text: Some(text) } => format!("error: {message} ({code}) “{text}”"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(dialect: Dialect, what: What) -> Option<String> {
        dialect.write(&Said { at: 0, what })
    }

    fn message(private: bool) -> What {
        What::Message { from: "ann".into(), text: "a \"b\"\nc".into(), private }
    }

    #[test]
    fn each_dialect_says_it_in_its_way() {
        use Dialect::{Lines, Nickname, Typed};
        let time = "\"time\":\"1970-01-01T00:00:00.000Z\"";
        let error = || What::Error { code: "empty".into(), message: "Say something.".into(), text: None };
        let fast = || What::Error { code: "fast".into(), message: "Wait.".into(), text: Some("a\"…".into()) };
        for (dialect, what, expected) in [
            (Typed, What::Entered("ann".into()), Some(format!("{{\"type\":0,\"msg\":\"ann came in\",{time}}}"))),
            (Typed, What::Left("ann".into()), Some(format!("{{\"type\":1,\"msg\":\"ann left\",{time}}}"))),
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
            (Lines, What::Entered("ann".into()), Some("ann came in".into())),
            (Lines, message(true), Some("(private) ann: a \"b\"\n  c".into())),
            (Lines, error(), Some("error: Say something. (empty)".into())),
            (Nickname, What::Entered("ann".into()), None),
            (
                Nickname,
                What::Left("ann".into()),
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
            assert_eq!(told(dialect, what), expected);
        }
    }

    #[test]
    fn what_is_no_object_is_said_to_be_so() {
        let json = Dialect::Nickname;
        let up = json.read("{\"nickname\":\"ann\",\"message\":\"a\\nb\",\"time\":12,\"more\":[]}").unwrap();
        assert_eq!(up, Up { nickname: "ann".into(), message: "a\nb".into() });
        assert_eq!(json.read(" {\"message\":\"x\"}").unwrap().nickname, "");
        for bad in ["", "hi", "[\"ann\",\"hi\"]", "{\"nickname\":\"ann\"}", "{\"message\":1}", "{", "null"] {
            assert_eq!(json.read(bad).unwrap_err().0, error_code::BAD_FRAME, "{bad}");
        }
        assert_eq!(Dialect::Typed.read("{\"message\":1}").unwrap().message, "{\"message\":1}");
    }
}
