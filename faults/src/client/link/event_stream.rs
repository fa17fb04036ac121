//! Incremental parser of event streams (HTML Living Standard, section 9.2.6).

use parlor_protocol::Tail;

use crate::client::state::Cursors;

/// An item of an event stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Message {
        event: String,
        data: String,
        id: Option<String>,
    },
    /// A comment or another field.
    Activity,
}

#[derive(Debug, Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    event: String,
    data: Vec<String>,
    id: Option<String>,
}

impl Reader {
    /// Parses a chunk and returns the items that it completes.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Vec<Item> {
        self.bytes.extend_from_slice(piece);
        let mut items = Vec::new();
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            items.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        items
    }

    fn line(&mut self, line: &str) -> Option<Item> {
        if line.is_empty() {
            let (event, id) = (std::mem::take(&mut self.event), self.id.take());
            let data = std::mem::take(&mut self.data);
            return (!data.is_empty()).then(|| Item::Message { event, data: data.join("\n"), id });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "event" => self.event = value,
            "data" => self.data.push(value),
            "id" => self.id = Some(value),
            _ => return Some(Item::Activity),
        }
        None
    }
}

/// Parses `room:seq:tail,…`.
pub(super) fn cursors(id: &str) -> Option<Cursors> {
    let one = |text: &str| {
        let mut parts = text.rsplitn(3, ':');
        let (tail, seq, room) = (parts.next()?, parts.next()?, parts.next()?);
        Some((room.into(), seq.parse().ok()?, Tail(tail.into())))
    };
    id.split(',').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b": hi\r\nretry: 5\n\ndata: {\"a\":1}\nid: x:1:ab\n\nevent: heartbeat\ndata: b\ndata: c\n\n";

    fn expected() -> Vec<Item> {
        vec![
            Item::Activity,
            Item::Activity,
            Item::Message { event: String::new(), data: "{\"a\":1}".into(), id: Some("x:1:ab".into()) },
            Item::Message { event: "heartbeat".into(), data: "b\nc".into(), id: None },
        ]
    }

    #[test]
    fn chunk_boundaries_do_not_matter() {
        assert_eq!(Reader::default().feed(STREAM), expected());
        for size in 1..20 {
            let mut reader = Reader::default();
            let items: Vec<Item> = STREAM.chunks(size).flat_map(|piece| reader.feed(piece)).collect();
            assert_eq!(items, expected());
        }
    }

    #[test]
    fn reads_cursors() {
        let expected = vec![("lobby".into(), 3, Tail("0a".into())), ("r:2".into(), 0, Tail(String::new()))];
        assert_eq!(cursors("lobby:3:0a,r:2:0:"), Some(expected));
        assert_eq!(cursors("lobby"), None);
        assert_eq!(cursors("lobby:x:ab"), None);
    }
}
