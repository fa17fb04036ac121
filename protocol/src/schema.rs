//! Generates `docs/protocol.schema.json`, the JSON Schema of all frames, for authors of clients. A test fails if it is stale.
#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{ClientFrame, ServerFrame};

fn crate_path(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn generate_schema() -> Value {
    // Fields that may be omitted on the wire are not required.
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
    plain_descriptions(&mut schema);
    schema
}

/// Replaces the rustdoc links in descriptions.
fn plain_descriptions(value: &mut Value) {
    match value {
        Value::Object(all) => {
            if let Some(Value::String(text)) = all.get_mut("description") {
                *text = text.replace("[`", "`").replace("`]", "`").replace("crate::", "").replace('\n', " ");
            }
            all.values_mut().for_each(plain_descriptions);
        }
        Value::Array(all) => all.iter_mut().for_each(plain_descriptions),
        _ => {}
    }
}

fn validator<T: JsonSchema>() -> jsonschema::Validator {
    let mut schema = generate_schema();
    schema["anyOf"] = json!([{ "$ref": format!("#/$defs/{}", T::schema_name()) }]);
    jsonschema::validator_for(&schema).unwrap()
}

/// The frames of the snapshot tests as JSON.
fn samples(of: &str) -> Vec<Value> {
    let path = crate_path(&format!("tests/snapshots/frames__{of}_frames_wire_format.snap"));
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `UPDATE_SCHEMA=1 cargo test -p parlor-protocol schema` updates the file.
#[test]
fn schema_file_is_up_to_date() {
    let path = crate_path("../docs/protocol.schema.json");
    let generated = serde_json::to_string_pretty(&generate_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == generated,
        "docs/protocol.schema.json is out of date: UPDATE_SCHEMA=1 cargo test -p parlor-protocol schema"
    );
}

#[test]
fn sample_frames_match_the_schema() {
    let (client, server) = (validator::<ClientFrame>(), validator::<ServerFrame>());
    let whole = jsonschema::validator_for(&generate_schema()).unwrap();
    for (of, validator, other) in [("client", &client, &server), ("server", &server, &client)] {
        let samples = samples(of);
        assert!(samples.len() > 10);
        for frame in samples {
            assert!(validator.is_valid(&frame), "{frame}: {:?}", validator.validate(&frame).err());
            assert!(whole.is_valid(&frame), "{frame}");
            // `typing` of a client has a subset of the fields.
            assert!(
                !other.is_valid(&frame) || frame["type"] == "typing",
                "{frame} matches the schema of the other direction"
            );
        }
    }
}

#[test]
fn schema_rejects_invalid_frames() {
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
