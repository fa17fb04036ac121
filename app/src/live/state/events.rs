//! What happens in a room: events, acks, who comes and goes.

use parlor_protocol::{
    ClientFrame, CommandId, Event, EventKind, Millis, PresenceState, RoomId, RoomKind, Seq, User, limits,
};

use super::{Phase, State, Todo, sending::forget};
use crate::{i18n::Key, live::timeline::Applied};

impl State {
    #[must_use = "a to-do that is dropped is never done"]
    pub(super) fn event(&mut self, event: Event) -> Vec<Todo> {
        let (id, seq, by) = (event.room.clone(), event.seq, event.by.id);
        let own = self.me.as_ref().is_some_and(|me| me.id == by);
        let Some(room) = self.open.get_mut(&id).filter(|room| room.phase == Phase::Ready) else { return Vec::new() };
        let event_id = event.id;
        // Only messages make anything unread.
        let message = match &event.event {
            EventKind::Message { body, mentions, .. } if !body.is_empty() => {
                Some(self.me.as_ref().is_some_and(|me| mentions.contains(&me.id)))
            }
            _ => None,
        };
        room.recalled = false;
        match room.timeline.apply(event) {
            Applied::Beyond => {}
            Applied::Hole if room.rejoining => return Vec::new(),
            Applied::Hole => {
                room.rejoining = true;
                return vec![Todo::Send(ClientFrame::Join(room.timeline.cursor(&id)))];
            }
            Applied::Duplicate => return Vec::new(),
            Applied::New => {}
        }
        // What lies beyond the end is not shown yet, so what is on its way stays in sight.
        let settled = !room.timeline.is_detached() && self.outbox.settle(event_id);
        let seen = room.at_end && self.attentive && self.current.as_ref() == Some(&id);
        let names_me = message.filter(|_| !own);
        if names_me.is_some() && !seen && room.timeline.unread_after().is_none() {
            room.timeline.mark_unread(Some(seq - 1));
        }
        if names_me.is_some() && !room.at_end {
            room.unseen += 1;
        }
        if message.is_some() {
            room.typing.retain(|(user, ..)| *user != by);
        }
        if room.at_end {
            room.timeline.trim();
        }
        if let Some(summary) = self.summary(&id)
            && seq > summary.head
        {
            summary.head = seq;
            if let Some(names_me) = names_me.filter(|_| !seen) {
                let counts = names_me || summary.kind == RoomKind::Direct;
                summary.unread = limits::MAX_UNREAD_COUNTED.min(summary.unread + 1);
                summary.mentions += u64::from(counts);
            }
            self.list_changed = true;
        }
        self.recount(&id);
        self.changed.insert(id.clone());
        // An event is of what is stored: it says as much as the ack.
        if settled { vec![forget(event_id, &id)] } else { Vec::new() }
    }

    pub(super) fn acked(&mut self, id: CommandId, seq: Seq, at: Millis) {
        let Some(room) = self.outbox.ack(id, seq, at) else { return };
        // A second ack, after a reload: the event is far back in the history and will not come again.
        if let Some(head) =
            self.open.get(&room).filter(|room| room.phase == Phase::Ready).map(|room| room.timeline.head())
        {
            self.outbox.settle_until(&room, head);
        }
        self.changed.insert(room);
    }

    pub(super) fn presence(&mut self, id: &RoomId, user: &User, state: PresenceState, online_count: u64, now: Millis) {
        let own = self.me.as_ref().is_some_and(|me| me.id == user.id);
        let Some(room) = self.open.get_mut(id) else { return };
        let is_there = state != PresenceState::Offline;
        let was_there = room.online.iter().any(|other| other.id == user.id);
        room.online.retain(|other| other.id != user.id);
        room.away.retain(|other| *other != user.id);
        if is_there {
            room.online.push(user.clone());
        } else {
            room.typing.retain(|(typing, ..)| *typing != user.id);
        }
        if state == PresenceState::Away {
            room.away.push(user.id);
        }
        room.online_count = Some(online_count.max(room.online.len() as u64));
        // A repeated word about the same state is no news.
        if !own && was_there != is_there {
            room.timeline.notice(user, if is_there { Key::UsersJoined } else { Key::UsersLeft }, now);
        }
        self.changed.insert(id.clone());
    }
}
