//! Applies server frames.

use parlor_protocol::{
    ClientFrame, CommandId, GapReason, Millis, PresenceState, RoomId, RoomSummary, Seq, ServerFrame, User, error_code,
};

use super::{Effect, LoadState, State, sending::remove};
use crate::{clock::Now, live::notices::NoticeKind};

impl State {
    #[must_use = "effects have to be run"]
    pub fn apply(&mut self, frame: ServerFrame, now: impl Into<Now>) -> Vec<Effect> {
        let now = now.into();
        match frame {
            ServerFrame::Welcome { you, role, server, rooms, .. } => {
                self.role = Some(role);
                self.server_name = server.name;
                // A server that does not name its build, or a page that does not know its own, has nothing to compare.
                let known = !server.build.is_empty() && !self.build.is_empty();
                self.newer_build = (known && server.build != self.build).then_some(server.build);
                self.welcome(you, rooms)
            }
            ServerFrame::Joined { room: id, head, online, away, online_count } => {
                if let Some(room) = self.open.get_mut(&id) {
                    room.rejoining = false;
                    room.online_count = Some(online_count.max(online.len() as u64));
                    (room.online, room.away) = (online, away);
                    self.changed.insert(id.clone());
                }
                // Joining a public room makes the user a member.
                if let Some(summary) = self.summary_mut(&id)
                    && !summary.joined
                {
                    summary.joined = true;
                    summary.head = summary.head.max(head);
                    self.list_changed = true;
                }
                Vec::new()
            }
            ServerFrame::Event(event) => self.event(event),
            ServerFrame::Ack { id, room, seq, at } => {
                self.pending_commands.take(id);
                self.acked(id, seq, at);
                vec![remove(id, &room)]
            }
            ServerFrame::Refused { id: None, room: Some(room), code, .. } if code == error_code::NOT_FOUND => {
                self.room_removed(room)
            }
            ServerFrame::Refused { id, code, message, retry_after_ms, .. } => {
                let id = id.and_then(|id| uuid::Uuid::try_parse(&id).ok()).map(CommandId);
                let why = self.i18n.error(&code).unwrap_or(&message);
                let refused = id.and_then(|id| self.outbox.refused(id, &code, why, retry_after_ms, now.monotonic));
                let Some((room, to_store)) = refused else {
                    let pending = id.is_some_and(|id| self.pending_commands.take(id));
                    return if pending { vec![Effect::ShowHint(why.to_owned())] } else { Vec::new() };
                };
                self.changed.insert(room);
                to_store.map(Effect::Store).into_iter().collect()
            }
            ServerFrame::Room { room } => self.room_changed(room),
            ServerFrame::Presence { room, user, state, online_count } => {
                self.presence(&room, &user, state, online_count, now.wall);
                Vec::new()
            }
            ServerFrame::Gap { room: id, reason, .. } => {
                let Some(room) = self.open.get_mut(&id) else { return Vec::new() };
                room.history_changed |= reason == GapReason::HistoryChanged;
                if reason == GapReason::Overflow {
                    // The server dropped acks as well, so unacknowledged messages are sent again under their ids.
                    self.changed.extend(self.outbox.requeue_sent());
                }
                self.gap(id)
            }
            ServerFrame::Typing { room, user } => self.user_typing(room, user, now.monotonic),
            ServerFrame::Pong { .. } | ServerFrame::Bye { .. } | ServerFrame::Unknown => Vec::new(),
        }
    }

    #[must_use = "effects have to be run"]
    pub(super) fn welcome(&mut self, you: User, rooms: Vec<RoomSummary>) -> Vec<Effect> {
        self.connected = true;
        if self.me.as_ref() != Some(&you) {
            // Rows show which messages are the user's own.
            self.all_changed();
            self.me = Some(you);
        }
        let failed = self.open.iter().filter(|(_, room)| matches!(room.load_state, LoadState::Failed(_)));
        let mut effects: Vec<_> = failed.map(|(id, _)| Effect::LoadNewest(id.clone())).collect();
        for room in rooms {
            let (id, server_read) = (room.id.clone(), room.read);
            self.upsert_room(room);
            // The last `read` may not have reached the server before the connection was lost.
            let read = self.summary_mut(&id).map_or(0, |room| room.read);
            if read > server_read {
                effects.push(Effect::Send(ClientFrame::Read { room: id, seq: read }));
            }
        }
        effects.extend(self.away_effect());
        // The page brought the list of rooms. After a reconnect it may lack public rooms that were created meanwhile.
        if std::mem::replace(&mut self.welcomed, true) {
            effects.push(Effect::LoadRooms);
        }
        effects
    }

    fn acked(&mut self, id: CommandId, seq: Seq, at: Millis) {
        let Some(room) = self.outbox.ack(id, seq, at) else { return };
        // After a reload this may be a second ack, of a message far back in the history whose event will not come again.
        if let Some(open) = self.open.get(&room).filter(|room| room.load_state == LoadState::Ready) {
            self.outbox.remove_delivered_until(&room, open.timeline.head());
        }
        self.changed.insert(room);
    }

    fn presence(&mut self, id: &RoomId, user: &User, state: PresenceState, online_count: u64, now: Millis) {
        let own = self.me.as_ref().is_some_and(|me| me.id == user.id);
        let Some(room) = self.open.get_mut(id) else { return };
        let is_online = state != PresenceState::Offline;
        let was_online = room.online.iter().any(|other| other.id == user.id);
        room.online.retain(|other| other.id != user.id);
        room.away.retain(|other| *other != user.id);
        if is_online {
            room.online.push(user.clone());
        } else {
            room.typing.retain(|(typing, ..)| *typing != user.id);
        }
        if state == PresenceState::Away {
            room.away.push(user.id);
        }
        room.online_count = Some(online_count.max(room.online.len() as u64));
        // The server may repeat a state.
        if !own && was_online != is_online {
            room.timeline.add_presence(
                user,
                if is_online { NoticeKind::UserOnline } else { NoticeKind::UserOffline },
                now,
            );
        }
        self.changed.insert(id.clone());
    }
}
