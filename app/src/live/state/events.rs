//! Applies an event of a room's log. What each kind of event changes in the messages is in `Timeline::reduce`.

use parlor_protocol::{ClientFrame, Event, EventKind, RoomKind, limits};

use super::{Effect, LoadState, State, sending::remove};
use crate::live::timeline::Applied;

impl State {
    #[must_use = "effects have to be run"]
    pub(super) fn event(&mut self, event: Event) -> Vec<Effect> {
        let (id, event_id, seq, by) = (event.room.clone(), event.id, event.seq, event.by.id);
        let me = self.me.as_ref().map(|me| me.id);
        let own = me == Some(by);
        let Some(room) = self.open.get_mut(&id).filter(|room| room.load_state == LoadState::Ready) else {
            return Vec::new();
        };
        // Only messages count as unread; whether this one mentions the user.
        let message = match &event.event {
            EventKind::Message { body, mentions, .. } if !body.is_empty() => {
                Some(me.is_some_and(|me| mentions.contains(&me)))
            }
            _ => None,
        };
        let edited = match &event.event {
            EventKind::Edited { message, body, .. } => Some((*message, body.clone())),
            _ => None,
        };
        room.restored = false;
        match room.timeline.apply(event, me) {
            Applied::New | Applied::Beyond => {}
            Applied::Duplicate => return Vec::new(),
            Applied::Hole if room.rejoining => return Vec::new(),
            Applied::Hole => {
                room.rejoining = true;
                return vec![Effect::Send(ClientFrame::Join(room.timeline.cursor(&id)))];
            }
        }
        // A detached timeline does not show new messages yet, so the outbox keeps showing them.
        let shown = edited.is_some() || !room.timeline.is_detached();
        let delivered = shown && self.outbox.remove_delivered(event_id);
        if delivered
            && let Some((message, body)) = edited
            && let Some(editing) = self.editing.as_mut().filter(|editing| editing.message == message)
        {
            // The user's own edit is no conflict with the next one.
            editing.original = body;
        }
        let seen = room.at_end && self.attentive && self.current.as_ref() == Some(&id);
        let mentions_me = message.filter(|_| !own);
        if mentions_me.is_some() && !seen && room.timeline.unread_after().is_none() {
            room.timeline.mark_unread(Some(seq - 1));
        }
        if mentions_me.is_some() && !room.at_end {
            room.unseen += 1;
        }
        if message.is_some() {
            room.typing.retain(|(user, ..)| *user != by);
        }
        if room.at_end {
            room.timeline.trim();
        }
        if let Some(summary) = self.summary_mut(&id)
            && seq > summary.head
        {
            summary.head = seq;
            if let Some(mentions_me) = mentions_me.filter(|_| !seen) {
                let counts = mentions_me || summary.kind == RoomKind::Direct;
                summary.unread = limits::MAX_UNREAD_COUNTED.min(summary.unread + 1);
                summary.mentions += u64::from(counts);
            }
            self.list_changed = true;
        }
        self.recount(&id);
        self.changed.insert(id.clone());
        // An event is of what is stored, so it says as much as the ack.
        if delivered { vec![remove(event_id, &id)] } else { Vec::new() }
    }
}
