//! The hand-written reader and serde's must agree on everything, well formed or not.

use parlor_protocol::http;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;

const ID: &str = "01938a40-0000-7000-8000-000000000001";

fn user() -> Value {
    json!({"id": ID, "name": "ann", "kind": "guest"})
}

fn room() -> Value {
    json!({"id": "lobby", "name": "Lobby", "kind": "public", "topic": "tea", "head": 57, "read": 41, "unread": 16,
        "joined": false, "gone": true})
}

fn message() -> Value {
    json!({"id": ID, "seq": 58, "at": 1_763_683_200_123_i64, "by": user(), "body": "hi", "html": "<p>hi</p>", "reply_to": ID})
}

fn event(kind: &Value) -> Value {
    json!({"type": "event", "room": "lobby", "seq": 58, "id": ID, "at": -5, "by": user(), "event": kind})
}

fn frames() -> Vec<Value> {
    vec![
        json!({"type": "welcome", "protocol": 1, "you": user(), "server": {"name": "parlor", "version": "1", "build": "9b1c"}, "now": 5,
            "heartbeat_ms": 25_000, "rooms": [room(), room()]}),
        json!({"type": "joined", "room": "lobby", "head": 57, "online": [user()], "online_count": 3}),
        event(&json!({"kind": "message", "id": ID, "body": "hi", "html": "<p>hi</p>", "reply_to": ID})),
        event(&json!({"kind": "edited", "message": ID, "body": "hi", "html": "<p>hi</p>"})),
        event(&json!({"kind": "deleted", "message": ID})),
        event(&json!({"kind": "reacted", "message": ID, "emoji": "👍", "on": true})),
        event(&json!({"kind": "renamed", "name": "new"})),
        json!({"type": "ack", "id": ID, "room": "lobby", "seq": 58, "at": 1}),
        json!({"type": "refused", "id": "no id", "room": "lobby", "code": "rate_limited", "message": "Too fast.",
            "retry_after_ms": 800}),
        json!({"type": "room", "room": room()}),
        json!({"type": "presence", "room": "lobby", "user": user(), "state": "online", "online_count": 2}),
        json!({"type": "presence", "room": "lobby", "user": user(), "state": "offline"}),
        json!({"type": "typing", "room": "lobby", "user": user()}),
        json!({"type": "gap", "room": "lobby", "reason": "too_far", "after": 1, "head": 2}),
        json!({"type": "gap", "room": "lobby", "reason": "history_changed", "after": 1, "head": 2}),
        json!({"type": "gap", "room": "lobby", "reason": "overflow", "after": 1, "head": 2}),
        json!({"type": "pong", "at": 1, "now": 2}),
        json!({"type": "bye", "code": 4001, "reason": "server is restarting", "reconnect": true, "after_ms": 7}),
        json!({"type": "of tomorrow"}),
    ]
}

/// The value itself, and with each field, at any depth, taken away or made something else.
fn variants(value: &Value) -> Vec<Value> {
    let mut all = vec![value.clone(), Value::Null];
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let mut without = fields.clone();
                without.remove(name);
                all.push(Value::Object(without));
                // Serde takes the number of a variant for its name. Nobody else does.
                if ["type", "kind", "reason", "state"].contains(&name.as_str()) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), json!("of tomorrow"));
                    all.push(Value::Object(changed));
                    continue;
                }
                let others = [
                    json!(null),
                    json!(70_000),
                    json!(-1),
                    json!("text"),
                    json!(true),
                    json!([]),
                    json!({}),
                    json!(0.5),
                ];
                for other in others.into_iter().chain(variants(field)) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), other);
                    all.push(Value::Object(changed));
                }
            }
            let mut more = fields.clone();
            more.insert("of tomorrow".into(), json!([1]));
            all.push(Value::Object(more));
        }
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                for other in variants(value) {
                    let mut changed = values.clone();
                    changed[at] = other;
                    all.push(Value::Array(changed));
                }
            }
        }
        _ => {}
    }
    all
}

fn agree<T: Read + DeserializeOwned + PartialEq + std::fmt::Debug>(sample: &Value) {
    assert!(serde_json::from_value::<T>(sample.clone()).is_ok(), "the sample itself must be good: {sample}");
    for value in variants(sample) {
        let text = value.to_string();
        assert_eq!(read::<T>(&text), serde_json::from_str(&text).ok(), "{text}");
    }
}

#[test]
fn every_frame_reads_as_serde_reads_it() {
    frames().iter().for_each(agree::<ServerFrame>);
}

#[test]
fn every_answer_and_the_page_read_as_serde_reads_them() {
    let notice = json!({"room": "lobby", "seq": 59, "id": ID, "at": 2, "by": user(),
        "event": {"kind": "topic_set", "topic": "tea"}});
    let page = json!({"messages": [message()], "notices": [notice], "head": 60});
    agree::<MessagePage>(&page);
    agree::<RoomSummary>(&room());
    agree::<Message>(&message());
    agree::<User>(&json!({"id": ID, "name": "ann", "kind": "account"}));
    assert_eq!(read::<http::MessagePage>("not json"), None);
    agree::<PageBootstrap>(&json!({"now": 1, "user": user(), "rooms": [room()], "missing": false, "notice": "no",
        "room": {"summary": room(), "page": page}, "name_prefill": "", "tz_minutes": -60,
        "server": {"name": "parlor", "version": "1", "build": "9b1c"}, "shell": true}));
}
