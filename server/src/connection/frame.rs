//! Encoded frames: encoded once and shared by all recipients.
//!
//! Each is a complete WebSocket message with its header, ready to be written. The other transports use the JSON in it.

use std::sync::Arc;

use parlor_protocol::{CommandId, Event, RoomId, Seq, ServerFrame};

use crate::websocket::frame::{self, Opcode};

/// A batch takes no more events once it has this many bytes. The longest event on top still fits into any queue.
const MAX_BATCH_BYTES: usize = 32 * 1024;

/// One encoded frame. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Encoded(Arc<[u8]>);

impl Encoded {
    pub fn json(&self) -> &[u8] {
        frame::payload(&self.0)
    }

    /// The whole WebSocket message.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&ServerFrame> for Encoded {
    fn from(from: &ServerFrame) -> Self {
        Self(frame::single(Opcode::Text, from.encode().as_bytes()).into())
    }
}

/// Consecutive events of one room: from one commit, or a page of its history.
#[derive(Debug)]
pub struct EventBatch {
    pub room: RoomId,
    pub first: Seq,
    events: Vec<EncodedEvent>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct EncodedEvent {
    id: CommandId,
    /// The end of its frame in the batch's bytes.
    end: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct EventFrame<'a> {
    pub room: &'a RoomId,
    pub seq: Seq,
    /// For the tail of a cursor.
    pub id: CommandId,
    pub json: &'a [u8],
}

impl EventBatch {
    /// Encodes events of one room with consecutive seqs, in as few batches as 32 KiB allows.
    pub fn encode(events: &[Event]) -> Vec<Arc<Self>> {
        let mut batches = Vec::with_capacity(1);
        let mut open: Option<Self> = None;
        let mut json = Vec::new();
        for event in events {
            let batch = open.get_or_insert_with(|| Self::starting_with(event));
            json.clear();
            event.encode(&mut json);
            frame::put(&mut batch.bytes, Opcode::Text, &json);
            batch.events.push(EncodedEvent { id: event.id, end: batch.bytes.len() });
            if batch.bytes.len() >= MAX_BATCH_BYTES {
                batches.extend(open.take().map(Arc::new));
            }
        }
        batches.extend(open.map(Arc::new));
        batches
    }

    fn starting_with(event: &Event) -> Self {
        Self { room: event.room.clone(), first: event.seq, events: Vec::new(), bytes: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Always false.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn last(&self) -> Seq {
        self.first + u64::try_from(self.events.len()).unwrap_or(u64::MAX).saturating_sub(1)
    }

    /// Number of events at the beginning that have a seq of at most `seq`.
    pub fn known_to(&self, seq: Seq) -> usize {
        let known = (seq + 1).saturating_sub(self.first);
        usize::try_from(known).unwrap_or(usize::MAX).min(self.len())
    }

    pub fn id(&self, seq: Seq) -> Option<CommandId> {
        let at = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        self.events.get(at).map(|event| event.id)
    }

    /// All but the first `skip` events, as consecutive WebSocket messages.
    pub fn bytes_after(&self, skip: usize) -> &[u8] {
        self.bytes.get(self.start(skip)..).unwrap_or_default()
    }

    /// All but the first `skip` events.
    pub fn events_after(&self, skip: usize) -> impl Iterator<Item = EventFrame<'_>> {
        let starts = (skip..).map(|at| self.start(at));
        self.events.iter().zip(self.first..).skip(skip).zip(starts).map(|((event, seq), start)| EventFrame {
            room: &self.room,
            seq,
            id: event.id,
            json: frame::payload(self.bytes.get(start..event.end).unwrap_or_default()),
        })
    }

    /// Where the frame of an event begins in the batch's bytes.
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.events.get(before).map_or(self.bytes.len(), |event| event.end))
    }
}

/// A lobby event whose body has this length and whose id is its seq.
#[cfg(test)]
pub(crate) fn sample(seq: Seq, length: usize) -> Event {
    use parlor_protocol::{EventKind, User, UserId, UserKind};
    use uuid::Uuid;

    let id = CommandId(Uuid::from_u128(u128::from(seq)));
    let by = User { id: UserId(Uuid::nil()), name: "ann".into(), kind: UserKind::Guest, colour: None };
    let event =
        EventKind::Message { id, body: "x".repeat(length), html: String::new(), reply_to: None, mentions: Vec::new() };
    Event { room: RoomId::lobby(), seq, id, at: 1, by, event }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_batch_returns_its_events() {
        let events: Vec<_> = [1, 300, 70_000, 5].iter().zip(7..).map(|(length, seq)| sample(seq, *length)).collect();
        let batches = EventBatch::encode(&events);
        assert_eq!(
            batches.iter().map(|batch| (batch.first, batch.len(), batch.last())).collect::<Vec<_>>(),
            [(7, 3, 9), (10, 1, 10)]
        );
        for skip in 0..=3 {
            let rest: Vec<_> = batches[0].events_after(skip).collect();
            assert_eq!(rest.len(), 3 - skip);
            let mut bytes = Vec::new();
            for (frame, event) in rest.iter().zip(&events[skip..]) {
                assert_eq!((frame.seq, frame.id), (event.seq, event.id));
                let text = std::str::from_utf8(frame.json).unwrap();
                assert_eq!(ServerFrame::decode(text).unwrap(), ServerFrame::Event(event.clone()));
                assert_eq!(text, ServerFrame::Event(event.clone()).encode());
                frame::put(&mut bytes, Opcode::Text, frame.json);
            }
            assert_eq!(batches[0].bytes_after(skip), bytes);
        }
        assert!(batches[0].bytes_after(4).is_empty());
    }

    #[test]
    fn known_events_are_counted() {
        let events: Vec<_> = (7..=9).map(|seq| sample(seq, 1)).collect();
        let batch = &EventBatch::encode(&events)[0];
        let known: Vec<_> = [0, 5, 6, 7, 8, 9, 10].iter().map(|seq| batch.known_to(*seq)).collect();
        assert_eq!(known, [0, 0, 0, 1, 2, 3, 3]);
        assert_eq!(batch.id(8), Some(CommandId(Uuid::from_u128(8))));
        assert_eq!((batch.id(6), batch.id(10)), (None, None));
    }
}
