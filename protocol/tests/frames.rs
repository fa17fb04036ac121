//! Snapshots of the wire format of every frame, and forward compatibility of the decoders.
#![allow(clippy::unwrap_used, clippy::panic)]

mod samples;

use insta::assert_snapshot;
use parlor_protocol::{ClientFrame, CloseCode, EventKind, ServerFrame, close, error_code};
use samples::{client_frames, server_frames};

#[test]
fn client_frames_wire_format() {
    let lines: Vec<String> = client_frames().iter().map(ClientFrame::encode).collect();
    assert_snapshot!(lines.join("\n"));
    for (frame, line) in client_frames().into_iter().zip(lines) {
        assert_eq!(ClientFrame::decode(&line), Ok(frame));
    }
}

#[test]
fn server_frames_wire_format() {
    let lines: Vec<String> = server_frames().iter().map(ServerFrame::encode).collect();
    assert_snapshot!(lines.join("\n"));
    for (frame, line) in server_frames().into_iter().zip(lines) {
        assert_eq!(ServerFrame::decode(&line).unwrap(), frame);
    }
}

/// A new variant needs a sample, or this fails.
#[test]
fn samples_cover_every_variant() {
    let clients: std::collections::BTreeSet<&str> = client_frames()
        .iter()
        .map(|frame| match frame {
            ClientFrame::Hello { .. } => "hello",
            ClientFrame::Join(_) => "join",
            ClientFrame::Leave { .. } => "leave",
            ClientFrame::Send { .. } => "send",
            ClientFrame::Edit { .. } => "edit",
            ClientFrame::Delete { .. } => "delete",
            ClientFrame::React { .. } => "react",
            ClientFrame::Typing { .. } => "typing",
            ClientFrame::Read { .. } => "read",
            ClientFrame::MarkUnread { .. } => "mark_unread",
            ClientFrame::Away { .. } => "away",
            ClientFrame::Ping { .. } => "ping",
        })
        .collect();
    assert_eq!(clients.len(), 12);
    let servers: std::collections::BTreeSet<&str> = server_frames()
        .iter()
        .map(|frame| match frame {
            ServerFrame::Welcome { .. } => "welcome",
            ServerFrame::Joined { .. } => "joined",
            ServerFrame::Event(event) => match event.event {
                EventKind::Message { .. } => "event message",
                EventKind::Edited { .. } => "event edited",
                EventKind::Deleted { .. } => "event deleted",
                EventKind::Reacted { .. } => "event reacted",
                EventKind::MemberAdded { .. } => "event member_added",
                EventKind::MemberRemoved { .. } => "event member_removed",
                EventKind::Appointed { .. } => "event appointed",
                EventKind::OwnerChanged { .. } => "event owner_changed",
                EventKind::Renamed { .. } => "event renamed",
                EventKind::TopicSet { .. } => "event topic_set",
                EventKind::Archived { .. } => "event archived",
                EventKind::Unknown => "event unknown",
            },
            ServerFrame::Ack { .. } => "ack",
            ServerFrame::Refused { .. } => "refused",
            ServerFrame::Room { .. } => "room",
            ServerFrame::Presence { .. } => "presence",
            ServerFrame::Typing { .. } => "typing",
            ServerFrame::Gap { .. } => "gap",
            ServerFrame::Pong { .. } => "pong",
            ServerFrame::Bye { .. } => "bye",
            ServerFrame::Unknown => "unknown",
        })
        .collect();
    // All variants except the two `Unknown` ones.
    assert_eq!(servers.len(), 21);
    assert!(!servers.contains("unknown") && !servers.contains("event unknown"));
}

/// Frames of older and newer peers: extra fields, and optional fields omitted.
#[test]
fn decoding_accepts_unknown_fields_and_missing_optional_fields() {
    for text in [
        r#"{"type":"hello","protocol":1}"#,
        r#"{"type":"hello","protocol":1,"resume":[],"caps":["zstd"],"device":{"kind":"phone"}}"#,
        r#"{"caps":1,"type":"join","room":"lobby","since":"yesterday"}"#,
        r#"{"body":"hi","room":"lobby","id":"01932f6e-7a10-7c9d-8a55-1f2e3d4c5b6a","type":"send","mood":"fine"}"#,
    ] {
        assert!(ClientFrame::decode(text).is_ok(), "{text}");
    }
    for text in [
        r#"{"type":"joined","room":"lobby","head":57,"online":[],"since":5}"#,
        r#"{"type":"bye","code":4001,"reason":"server is restarting","reconnect":true,"extra":null}"#,
        r#"{"type":"refused","code":"bad_frame","message":"…"}"#,
        r#"{"type":"room","room":{"id":"a","name":"A","kind":"public","head":1,"read":1,"unread":0,"colour":"red"}}"#,
    ] {
        assert!(ServerFrame::decode(text).is_ok(), "{text}");
    }
    let ServerFrame::Room { room } = ServerFrame::decode(
        r#"{"type":"room","room":{"id":"a","name":"A","kind":"public","head":1,"read":1,"unread":0}}"#,
    )
    .unwrap() else {
        panic!("not a room frame")
    };
    assert!(room.joined && !room.gone);
}

#[test]
fn unknown_frame_types_and_event_kinds_decode_as_unknown() {
    assert_eq!(ServerFrame::decode(r#"{"type":"poll_opened","id":4}"#).unwrap(), ServerFrame::Unknown);
    let newer = r#"{"type":"event","room":"lobby","seq":2,"id":"01932f6e-7a10-7c9d-8a55-1f2e3d4c5b6a","at":1,
        "by":{"id":"01932f6e-7a10-7c9d-8a55-1f2e3d4c5b6a","name":"ann","kind":"guest"},"event":{"kind":"pinned","x":1}}"#;
    let ServerFrame::Event(event) = ServerFrame::decode(newer).unwrap() else { panic!("not an event") };
    assert_eq!((event.seq, event.event), (2, EventKind::Unknown));
}

#[test]
fn decode_errors_have_code_id_and_message() {
    let error = |text: &str| ClientFrame::decode(text).unwrap_err();
    assert_eq!(error("{").code, error_code::BAD_FRAME);
    assert_eq!(error("[]").code, error_code::BAD_FRAME);
    // serde would take these as variants by index: 5 is `delete`, 8 is `read`, which would be complete.
    assert_eq!(error(r#"{"type":5}"#).code, error_code::BAD_FRAME);
    assert_eq!(error(r#"{"type":8,"room":"lobby","seq":1}"#).code, error_code::BAD_FRAME);
    assert_eq!(error(r#"["read","lobby",1]"#).code, error_code::BAD_FRAME);
    let unknown = error(r#"{"type":"shout","id":"abc"}"#);
    assert_eq!((unknown.code, unknown.id.as_deref()), (error_code::UNKNOWN_TYPE, Some("abc")));
    let send = error(r#"{"type":"send","id":"abc","room":"lobby","body":"x"}"#);
    assert_eq!((send.code, send.id.as_deref()), (error_code::BAD_FRAME, Some("abc")));
    assert!(send.message.contains("send"), "{}", send.message);
    // A long type is truncated in the message.
    assert!(error(&format!(r#"{{"type":"{}"}}"#, "x".repeat(60_000))).message.len() < 200);
}

#[test]
fn close_codes_determine_whether_to_reconnect() {
    for code in CloseCode::ALL {
        assert_eq!(CloseCode::from_code(code.code()), Some(code));
        assert_eq!(close::may_reconnect(code.code()), code.code() < 4500);
    }
    assert!(close::may_reconnect(1006) && CloseCode::from_code(1006).is_none());
}
