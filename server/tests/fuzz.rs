//! Fuzzing: valid frames, cursors and bodies with random damage. Every input is answered, and nothing panics.
//!
//! Each target runs for `FUZZ_SECONDS` (2 by default). A failure names its seed, from which `FUZZ_SEED` replays it.

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::{Duration, Instant},
};

use parlor::transport::{
    cursors::{self, Cursors},
    frames,
};
use parlor_protocol::{ClientFrame, ServerFrame, error_code};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;

const ID: &str = "01938a40-0000-7000-8000-000000000001";

/// Inputs that often break parsers.
const WORDS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\n",
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "18446744073709551616",
    "9223372036854775808",
    "-9223372036854775809",
    "0.5",
    "\"\"",
    "\"type\"",
    "\"send\"",
    "\"hello\"",
    "\"event\"",
    "\"kind\"",
    "\"room\"",
    "\"id\"",
    "\"after\"",
    "\"tail\"",
    "\"seq\"",
    "lobby",
    "\0",
    "\u{202e}",
    "👋",
    "\u{feff}",
    " ",
    "\n",
    "lobby:1:9f3c01ab",
    ",,",
];

fn client_samples() -> Vec<String> {
    let frames = [
        r#"{"type":"hello","protocol":1,"resume":[{"room":"lobby","after":41,"tail":"9f3c01ab"},{"room":"x"}]}"#,
        r#"{"type":"join","room":"lobby","after":41,"tail":"9f3c01ab"}"#,
        r#"{"type":"leave","room":"lobby"}"#,
        r#"{"type":"send","id":"ID","room":"lobby","body":"hi **all** 👋\n","reply_to":"ID"}"#,
        r#"{"type":"edit","id":"ID","room":"lobby","message":"ID","body":"hi"}"#,
        r#"{"type":"delete","id":"ID","room":"lobby","message":"ID"}"#,
        r#"{"type":"react","id":"ID","room":"lobby","message":"ID","emoji":"👍","on":true}"#,
        r#"{"type":"typing","room":"lobby"}"#,
        r#"{"type":"read","room":"lobby","seq":57}"#,
        r#"{"type":"ping","at":1763683200000}"#,
    ];
    frames.iter().map(|frame| frame.replace("ID", ID)).collect()
}

fn server_samples() -> Vec<String> {
    let user = r#"{"id":"ID","name":"ann","kind":"guest"}"#;
    let room =
        r#"{"id":"lobby","name":"Lobby","kind":"public","topic":"t","head":57,"read":41,"unread":16,"joined":false}"#;
    let frames = [
        r#"{"type":"welcome","protocol":1,"you":USER,"server":{"name":"parlor","version":"1"},"now":5,"heartbeat_ms":25000,"rooms":[ROOM]}"#,
        r#"{"type":"joined","room":"lobby","head":57,"online":[USER],"online_count":1}"#,
        r#"{"type":"event","room":"lobby","seq":58,"id":"ID","at":5,"by":USER,"event":{"kind":"message","id":"ID","body":"hi","html":"<p>hi</p>","reply_to":"ID"}}"#,
        r#"{"type":"event","room":"lobby","seq":58,"id":"ID","at":5,"by":USER,"event":{"kind":"reacted","message":"ID","emoji":"👍","on":true}}"#,
        r#"{"type":"ack","id":"ID","room":"lobby","seq":58,"at":5}"#,
        r#"{"type":"refused","id":"x","room":"lobby","code":"rate_limited","message":"Too fast.","retry_after_ms":800}"#,
        r#"{"type":"room","room":ROOM}"#,
        r#"{"type":"presence","room":"lobby","user":USER,"state":"online","online_count":2}"#,
        r#"{"type":"typing","room":"lobby","user":USER}"#,
        r#"{"type":"gap","room":"lobby","reason":"too_far","after":41,"head":90211}"#,
        r#"{"type":"pong","at":1,"now":2}"#,
        r#"{"type":"bye","code":4001,"reason":"restarting","reconnect":true,"after_ms":700}"#,
    ];
    frames.iter().map(|frame| frame.replace("USER", user).replace("ROOM", room).replace("ID", ID)).collect()
}

fn post_samples() -> Vec<String> {
    let frames = client_samples();
    vec![
        "[]".into(),
        format!("[{}]", frames[0]),
        format!("[{}]", frames.join(",")),
        format!(" [ {} , 1 ]\n", frames[3]),
    ]
}

fn cursor_samples() -> Vec<String> {
    let many: Vec<String> = (0..64).map(|n| format!("r{n}:{n}:{n:08x}")).collect();
    vec!["lobby:41:9f3c01ab".into(), "lobby:41:9f3c01ab,k3f-9_x:0:".into(), many.join(",")]
}

/// Applies one to eight mutations.
fn damage(samples: &[String], rng: &mut StdRng) -> String {
    let mut bytes = samples.choose(rng).unwrap().clone().into_bytes();
    for _ in 0..rng.random_range(0..8) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..12)).min(bytes.len());
        match rng.random_range(0..8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = rng.random(),
            2 => drop(bytes.drain(at..end)),
            3 => drop(bytes.splice(at..end, WORDS.choose(rng).unwrap().bytes())),
            4 => drop(bytes.splice(at..at, WORDS.choose(rng).unwrap().bytes())),
            5 => {
                let piece = bytes[at..end].repeat(rng.random_range(1..40));
                drop(bytes.splice(at..at, piece));
            }
            6 => {
                let other = samples.choose(rng).unwrap().as_bytes();
                let from = rng.random_range(0..=other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            7 if rng.random_ratio(1, 50) => {
                let deep = ["[", "{\"a\":"].choose(rng).unwrap().repeat(rng.random_range(1..20_000));
                drop(bytes.splice(at..at, deep.into_bytes()));
            }
            _ => {}
        }
    }
    // Texts are valid UTF-8, because transports check that first.
    String::from_utf8_lossy(&bytes).into_owned()
}

fn fuzz(samples: &[String], target: impl Fn(&str)) {
    let seconds = env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let replay = env::var("FUZZ_SEED").ok().and_then(|text| text.parse::<u64>().ok());
    let first = replay.unwrap_or_else(|| rand::rng().random());
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut seed, mut count) = (first, 0_u64);
    while count == 0 || Instant::now() < end {
        // A new seed every thousand inputs keeps replays short.
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..1_000 {
            let text = damage(samples, &mut rng);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&text))) {
                eprintln!("FUZZ_SEED={seed} finds this: {text:?}");
                resume_unwind(panic);
            }
            count += 1;
        }
        seed = seed.wrapping_add(1);
    }
    eprintln!("{count} inputs from seed {first}");
}

fn client_frame(text: &str) {
    match ClientFrame::decode(text) {
        Ok(frame) => {
            assert_eq!(ClientFrame::decode(&frame.encode()).unwrap(), frame);
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(value["type"].is_string(), "a frame is an object that names its type");
        }
        Err(error) => {
            assert!([error_code::BAD_FRAME, error_code::UNKNOWN_TYPE].contains(&error.code));
            assert!(!error.message.is_empty());
            assert!(error.id.is_none_or(|id| id.len() <= 64));
        }
    }
}

#[test]
fn malformed_client_frames_never_panic() {
    fuzz(&client_samples(), client_frame);
}

#[test]
fn malformed_server_frames_never_panic_the_client() {
    fuzz(&server_samples(), |text| {
        let value = serde_json::from_str::<Value>(text).ok();
        // serde accepts a number as the index of a variant; the result has no meaning.
        let named = |tag| value.as_ref().and_then(|value| value.pointer(tag)).is_none_or(Value::is_string);
        if !named("/type") || !named("/event/kind") {
            return;
        }
        if let Ok(frame) = ServerFrame::decode(text)
            && frame != ServerFrame::Unknown
        {
            // Unknown kinds are not encoded again.
            assert_eq!(ServerFrame::decode(&frame.encode()).unwrap(), frame);
        }
    });
}

#[test]
fn malformed_last_event_ids_never_panic() {
    fuzz(&cursor_samples(), |text| {
        if let Some(read) = cursors::parse(text) {
            assert!((1..=cursors::MAX_ROOMS).contains(&read.len()));
            let mut stream = Cursors::default();
            stream.follow(read.clone());
            let mut written = Vec::new();
            stream.write(&mut written);
            let written = String::from_utf8(written).unwrap();
            assert_eq!(cursors::parse(&written).unwrap(), read);
        }
    });
}

#[test]
fn malformed_post_bodies_never_panic() {
    fuzz(&post_samples(), |text| {
        let read = serde_json::from_str::<Vec<Value>>(text);
        match frames::split(text) {
            Ok(elements) => {
                elements.iter().for_each(|element| client_frame(element));
                // A truncated array has elements that are refused one by one.
                if let Ok(read) = read {
                    let elements: Vec<Value> =
                        elements.iter().map(|element| serde_json::from_str(element).unwrap()).collect();
                    assert_eq!(elements, read);
                }
            }
            Err(reason) => assert!(read.is_err() && !reason.is_empty()),
        }
    });
}
