//! The position of an event stream in its rooms, as the id of a server-sent event: `room:seq:tail,room:seq:tail,…`
//!
//! A browser sends the last id back as `Last-Event-ID` when it reconnects (WHATWG HTML, section 9.2).

use std::io::Write;

use parlor_protocol::{Cursor, Seq, Tail};

use crate::connection::EventFrame;

/// Most rooms in an id. Those with the newest events are kept.
pub const MAX_ROOMS: usize = 64;

/// Longest id that is parsed, in bytes: [`MAX_ROOMS`] cursors of the longest form fit.
pub const MAX_BYTES: usize = MAX_ROOMS * (MAX_ROOM_BYTES + 32);

/// Longest room id in an id that is parsed, in bytes.
const MAX_ROOM_BYTES: usize = 64;

/// Digits of a [`Tail`].
const TAIL_DIGITS: usize = 8;

/// Parses an id. A cursor with an empty tail is accepted without a check. `None` when any part differs from the form that
/// [`Cursors::write`] gives, when a room occurs twice, or when it is longer than any id of this server.
pub fn parse(id: &str) -> Option<Vec<Cursor>> {
    if id.is_empty() || id.len() > MAX_BYTES {
        return None;
    }
    let mut cursors: Vec<Cursor> = Vec::new();
    for part in id.split(',') {
        let cursor = parse_one(part)?;
        if cursors.len() == MAX_ROOMS || cursors.iter().any(|other| other.room == cursor.room) {
            return None;
        }
        cursors.push(cursor);
    }
    Some(cursors)
}

fn parse_one(part: &str) -> Option<Cursor> {
    let mut fields = part.split(':');
    let (room, seq, tail) = (fields.next()?, fields.next()?, fields.next()?);
    let is_room = (1..=MAX_ROOM_BYTES).contains(&room.len())
        && room.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    // `parse` alone would accept a sign.
    let is_seq = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
    let is_tail = tail.is_empty() || (tail.len() == TAIL_DIGITS && tail.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !(is_room && is_seq && is_tail && fields.next().is_none()) {
        return None;
    }
    let tail = (!tail.is_empty()).then(|| Tail(tail.to_ascii_lowercase()));
    Some(Cursor { room: room.into(), after: Some(seq.parse().ok()?), tail })
}

/// The cursors of one stream's joined rooms: the last event written, or where the room was joined.
#[derive(Debug, Default)]
pub struct Cursors {
    /// Those with the newest events first.
    rooms: Vec<RoomCursor>,
}

#[derive(Debug)]
struct RoomCursor {
    /// Where the room was joined.
    joined: Cursor,
    seq: Seq,
    tail: Option<Tail>,
}

impl Cursors {
    /// Adopts a new list of joined rooms. A room that was joined again with another cursor begins there.
    pub fn follow(&mut self, joined: Vec<Cursor>) {
        self.rooms.retain(|cursor| joined.contains(&cursor.joined));
        for joined in joined {
            if !self.rooms.iter().any(|cursor| cursor.joined.room == joined.room) {
                self.rooms.push(RoomCursor {
                    seq: joined.after.unwrap_or_default(),
                    tail: joined.tail.clone(),
                    joined,
                });
            }
        }
    }

    /// Notes an event that is about to be written.
    pub fn advance(&mut self, event: &EventFrame<'_>) {
        let Some(at) = self.rooms.iter().position(|cursor| cursor.joined.room == *event.room) else { return };
        self.rooms[..=at].rotate_right(1);
        let cursor = &mut self.rooms[0];
        cursor.seq = event.seq;
        cursor.tail = Some(event.id.tail());
    }

    /// Appends the id to `text`; nothing when no room is joined.
    pub fn write(&self, text: &mut Vec<u8>) {
        for (n, cursor) in self.rooms.iter().take(MAX_ROOMS).enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let tail = cursor.tail.as_ref().map_or("", |tail| tail.0.as_str());
            // Writing to memory cannot fail.
            let _ = write!(text, "{comma}{}:{}:{tail}", cursor.joined.room, cursor.seq);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use parlor_protocol::{CommandId, RoomId};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn cursor(room: &str, after: Seq, tail: &str) -> Cursor {
        Cursor { room: room.into(), after: Some(after), tail: (!tail.is_empty()).then(|| Tail(tail.into())) }
    }

    fn written(cursors: &Cursors) -> String {
        let mut text = Vec::new();
        cursors.write(&mut text);
        String::from_utf8(text).unwrap()
    }

    fn event(room: &RoomId, seq: Seq, id: u128) -> EventFrame<'_> {
        EventFrame { room, seq, id: CommandId(Uuid::from_u128(id)), json: b"{}" }
    }

    #[test]
    fn malformed_ids_are_rejected() {
        assert_eq!(
            parse("lobby:41:9F3c01ab,k3f-9_x:0:").unwrap(),
            [cursor("lobby", 41, "9f3c01ab"), cursor("k3f-9_x", 0, "")]
        );
        for bad in [
            "",
            ",",
            "lobby",
            "lobby:1",
            "lobby:1:9f3c01ab,",
            "lobby::9f3c01ab",
            ":1:9f3c01ab",
            "lobby:-1:9f3c01ab",
            "lobby:+1:9f3c01ab",
            "lobby:1:9f3c01a",
            "lobby:1:9f3c01abc",
            "lobby:1:9f3c01az",
            "lobby:1:9f3c01ab:x",
            "lo bby:1:9f3c01ab",
            "lobby:18446744073709551616:9f3c01ab",
            "lobby:1:9f3c01ab,lobby:2:9f3c01ab",
            "ä:1:",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        let rooms = |count: usize| (0..count).map(|n| format!("r{n}:1:")).collect::<Vec<_>>().join(",");
        assert_eq!(parse(&rooms(MAX_ROOMS)).unwrap().len(), MAX_ROOMS);
        assert_eq!(parse(&rooms(MAX_ROOMS + 1)), None);
        assert_eq!(parse(&format!("{}:1:", "r".repeat(MAX_ROOM_BYTES + 1))), None);
        assert_eq!(parse(&"x".repeat(1 << 20)), None);
    }

    #[test]
    fn cursors_follow_the_joined_rooms() {
        let mut cursors = Cursors::default();
        assert!(cursors.is_empty());
        cursors.follow(vec![cursor("a", 5, "00000001"), cursor("b", 7, "")]);
        assert_eq!(written(&cursors), "a:5:00000001,b:7:");
        cursors.advance(&event(&"b".into(), 8, 0xabcd));
        assert_eq!(written(&cursors), "b:8:0000abcd,a:5:00000001");
        cursors.advance(&event(&"elsewhere".into(), 8, 0xabcd));
        cursors.follow(vec![cursor("b", 7, ""), cursor("c", 1, "")]);
        assert_eq!(written(&cursors), "b:8:0000abcd,c:1:");
        cursors.follow(vec![cursor("b", 3, ""), cursor("c", 1, "")]);
        assert_eq!(written(&cursors), "c:1:,b:3:", "joined again further back");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_round_trips(text in ".{0,200}|[a-c:,0-9]{0,60}") {
            if let Some(read) = parse(&text) {
                prop_assert!(read.len() <= MAX_ROOMS);
                let mut cursors = Cursors::default();
                cursors.follow(read.clone());
                prop_assert_eq!(parse(&written(&cursors)).unwrap(), read);
            }
        }

        #[test]
        fn written_ids_are_parsed(
            rooms in proptest::collection::btree_map("[A-Za-z0-9_-]{1,64}", (any::<u64>(), any::<u128>()), 1..100)
        ) {
            let mut cursors = Cursors::default();
            cursors.follow(rooms.keys().map(|room| cursor(room, 0, "")).collect());
            for (room, (seq, id)) in &rooms {
                cursors.advance(&event(&room.as_str().into(), *seq, *id));
            }
            let text = written(&cursors);
            prop_assert!(text.len() <= MAX_BYTES && !text.contains(['\n', '\r', '\0', ' ']));
            let read = parse(&text).unwrap();
            prop_assert_eq!(read.len(), rooms.len().min(MAX_ROOMS));
            for (cursor, (room, (seq, id))) in read.iter().zip(rooms.iter().rev()) {
                prop_assert_eq!(cursor.room.as_str(), room);
                prop_assert_eq!(cursor.after, Some(*seq));
                prop_assert_eq!(cursor.tail.clone(), Some(CommandId(Uuid::from_u128(*id)).tail()));
            }
        }
    }
}
