//! `docs/protocol.schema.json`: all frames as a JSON Schema, for those who write clients. Made of the types here, and so
//! never out of date: a test compares.
#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{ClientFrame, ServerFrame};

fn in_this_crate(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// One of the two kinds of frames alone, with the definitions of both.
fn made() -> Value {
    // What a reader has to accept: a field that is left out on the wire is not required.
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let refer = |schema: Schema| schema.to_value();
    let client = refer(generator.subschema_for::<ClientFrame>());
    let server = refer(generator.subschema_for::<ServerFrame>());
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parlor, live protocol version 1",
        "description": "Each frame is one JSON object. Unknown fields are ignored, and so are frames and events of an unknown type or kind: a newer server may send them. Times are milliseconds since 1970-01-01 UTC.",
        "anyOf": [client, server],
        "$defs": generator.take_definitions(true),
    });
    for_readers(&mut schema);
    schema
}

/// Doc comments are written for people who read Rust.
fn for_readers(value: &mut Value) {
    match value {
        Value::Object(all) => {
            if let Some(Value::String(text)) = all.get_mut("description") {
                *text = text.replace("[`", "`").replace("`]", "`").replace("crate::", "").replace('\n', " ");
            }
            all.values_mut().for_each(for_readers);
        }
        Value::Array(all) => all.iter_mut().for_each(for_readers),
        _ => {}
    }
}

fn validator<T: JsonSchema>() -> jsonschema::Validator {
    let mut schema = made();
    schema["anyOf"] = json!([{ "$ref": format!("#/$defs/{}", T::schema_name()) }]);
    jsonschema::validator_for(&schema).unwrap()
}

/// Each frame of the other tests, as it is written.
fn samples(of: &str) -> Vec<Value> {
    let path = in_this_crate(&format!("tests/snapshots/frames__every_{of}_frame_has_its_wire_form.snap"));
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `UPDATE_SCHEMA=1 cargo test -p parlor-protocol schema` writes the file anew.
#[test]
fn the_file_is_what_the_types_are() {
    let path = in_this_crate("../docs/protocol.schema.json");
    let made = serde_json::to_string_pretty(&made()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/protocol.schema.json is out of date: UPDATE_SCHEMA=1 cargo test -p parlor-protocol schema"
    );
}

#[test]
fn every_frame_is_valid() {
    let (client, server) = (validator::<ClientFrame>(), validator::<ServerFrame>());
    let whole = jsonschema::validator_for(&made()).unwrap();
    for (of, validator, other) in [("client", &client, &server), ("server", &server, &client)] {
        let samples = samples(of);
        assert!(samples.len() > 10);
        for frame in samples {
            assert!(validator.is_valid(&frame), "{frame}: {:?}", validator.validate(&frame).err());
            assert!(whole.is_valid(&frame), "{frame}");
            // `typing` is less on its way up.
            assert!(!other.is_valid(&frame) || frame["type"] == "typing", "{frame} goes the other way");
        }
    }
}

#[test]
fn what_is_no_frame_is_not_valid() {
    let client = validator::<ClientFrame>();
    for sample in samples("client") {
        let fields: Vec<_> = sample.as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let mut wrong = sample.clone();
            wrong[&field] = json!({ "no": "such thing" });
            assert!(!client.is_valid(&wrong), "{wrong}");
        }
    }
    for wrong in [json!({}), json!([]), json!({"type": "shout"}), json!({"type": "send", "room": "lobby", "body": "x"})]
    {
        assert!(!client.is_valid(&wrong), "{wrong}");
    }
}
