//! Index of a history by seq and by id.

use std::collections::{BTreeMap, HashMap};

use parlor_protocol::{CommandId, RoomId, Seq};

use super::{RoomLog, Rule, Violation, violation};

pub(super) struct HistoryIndex<'a> {
    rooms: &'a BTreeMap<RoomId, RoomLog>,
    ids: HashMap<CommandId, (&'a RoomId, Seq)>,
}

impl<'a> HistoryIndex<'a> {
    /// Indexes a history and reports gaps and duplicates.
    pub(super) fn new(rooms: &'a BTreeMap<RoomId, RoomLog>, found: &mut Vec<Violation>) -> Self {
        let mut ids = HashMap::with_capacity(rooms.values().map(Vec::len).sum());
        for (room, events) in rooms {
            let mut due = 1;
            for (seq, id) in events {
                if *seq != due {
                    let text = format!("the history goes on here, and {due} was due");
                    found.push(violation(Rule::Holes, None, room, Some(*seq), Some(*id), text));
                }
                due = seq + 1;
                if let Some((other, at)) = ids.insert(*id, (room, *seq)) {
                    let text = format!("it also stands in room {other} at seq {at}");
                    found.push(violation(Rule::Doubled, None, room, Some(*seq), Some(*id), text));
                }
            }
        }
        Self { rooms, ids }
    }

    pub(super) fn at(&self, room: &RoomId, seq: Seq) -> Option<CommandId> {
        let events = self.rooms.get(room)?;
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        // In a log with gaps the index does not match the seq; search instead.
        match events.get(index) {
            Some((at, id)) if *at == seq => Some(*id),
            _ => events.iter().find(|(at, _)| *at == seq).map(|(_, id)| *id),
        }
    }

    pub(super) fn seq(&self, room: &RoomId, id: CommandId) -> Option<Seq> {
        self.ids.get(&id).filter(|(in_room, _)| *in_room == room).map(|(_, seq)| *seq)
    }
}
