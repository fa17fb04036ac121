//! `join` and `leave`: checks the rights and the cursor, then replays events and subscribes without a gap or a duplicate.

use std::sync::{Arc, atomic::Ordering};

use parlor_protocol::{CommandId, Cursor, GapReason, RoomId, Seq, ServerFrame, error_code, limits, policy::RoomAction};

use super::{JoinedRoom, Session};
use crate::{
    connection::EventBatch,
    room::{Online, Room, SubscribeOutcome},
    services::{Result, ServiceError},
};

/// Events read from the store in one query.
const REPLAY_PAGE: u32 = 50;

impl Session {
    pub(super) async fn join(&self, cursor: Cursor) {
        let room = match self.services().authorize_connected(&self.connection, RoomAction::Read, &cursor.room) {
            Ok(room) => room,
            Err(denied) => return self.refuse_error(Some(cursor.room), &denied),
        };
        {
            let mut state = self.state.lock();
            if state.joined.len() >= limits::MAX_JOINED_ROOMS && state.joined_room(&cursor.room).is_none() {
                drop(state);
                let message = format!("A connection can join at most {} rooms.", limits::MAX_JOINED_ROOMS);
                return self.refuse(None, Some(cursor.room), error_code::TOO_MANY_ROOMS, message);
            }
        }
        if let Err(error) = self.join_room(&room, &cursor).await {
            self.remove_joined(&cursor.room, false);
            self.refuse_error(Some(cursor.room), &error);
        }
    }

    pub(super) async fn leave(&self, room: &RoomId) {
        let Some(room) = self.remove_joined(room, true) else { return };
        self.context.hub.leave(&self.connection, Some(&room.id));
        // A member still gets summaries of the room's growth.
        match self.services().membership(self.user(), &room.id).await {
            Ok(Some(membership)) => drop(room.watch(&self.connection, membership.state)),
            Ok(None) => {}
            Err(error) => self.refuse_error(Some(room.id.clone()), &error),
        }
    }

    /// Unsubscribes from a room. `by_client`: the client has said so, and needs no `gap` of the room any more.
    pub(super) fn remove_joined(&self, room: &RoomId, by_client: bool) -> Option<Arc<Room>> {
        let joined = {
            let mut state = self.state.lock();
            state.version += 1;
            if by_client {
                state.gapped.remove(room);
            }
            state.remove_joined(room)?
        };
        joined.room.unsubscribe(&self.connection);
        Some(joined.room)
    }

    async fn join_room(&self, room: &Arc<Room>, cursor: &Cursor) -> Result<()> {
        self.services().join_room(&self.connection, room).await?;
        // Joining again replaces the cursor: no live event may come between replayed ones.
        self.remove_joined(&cursor.room, false);
        if let Some((reason, after)) = self.gap(room, cursor).await? {
            let head = room.head();
            self.push_gap(cursor.room.clone(), reason, after, head);
            return Ok(());
        }
        let overflows = self.overflows.load(Ordering::Relaxed);
        let head = room.head();
        let mut after = cursor.after.unwrap_or(head);
        {
            let tail = cursor.tail.clone().or_else(|| room.recent_id(after).map(CommandId::tail));
            // Tails of another form are not checked: there is nothing before the first event.
            let tail = tail.and_then(|tail| tail.0.as_bytes().try_into().ok());
            let mut state = self.state.lock();
            state.version += 1;
            state.gapped.remove(&cursor.room);
            // There are no concurrent joins of a room: the frames of a connection are handled one after another.
            state.joined.reserve_exact(1);
            state.joined.push(JoinedRoom { room: room.clone(), after, tail, last_typing: None });
        }
        let before = self.push_joined(room, head.max(after));
        // Subscribing succeeds only when everything since `after` is in memory; otherwise read on and try again.
        loop {
            self.connection.queue.drained().await;
            // After an overflow, the client was sent `gap` and must join again.
            if overflows != self.overflows.load(Ordering::Relaxed) || self.connection.queue.is_ending() {
                return Ok(());
            }
            match room.subscribe(&self.connection, after) {
                SubscribeOutcome::Live => {
                    if self.connection.is_away() {
                        // The user may be present on another device.
                        self.context.hub.publish_away(self.user(), room);
                    }
                    // Presence changes since `joined` were sent only to those who had subscribed.
                    for frame in room.presence_since(&before, self.user()) {
                        self.connection.push(&frame);
                    }
                    return Ok(());
                }
                SubscribeOutcome::Removed => return Err(ServiceError::RoomNotFound),
                SubscribeOutcome::ReadAfter(from) => after = self.replay(room, from, overflows).await?,
            }
        }
    }

    /// Sends `joined` with the online members including this user. Returns those online before.
    fn push_joined(&self, room: &Room, head: Seq) -> Online {
        let before = room.online();
        let Online { users: mut online, away, mut count, .. } = before.clone();
        let me = &*self.connection.user;
        if !online.contains(me) {
            // In a crowd they may be online already without being listed.
            if usize::try_from(count).is_ok_and(|count| count == online.len()) {
                count += 1;
            }
            online.push(me.clone());
        }
        self.connection.push(&ServerFrame::Joined { room: room.id.clone(), head, online, away, online_count: count });
        before
    }

    /// The reason why a cursor cannot be resumed, and the client's position.
    async fn gap(&self, room: &Room, cursor: &Cursor) -> Result<Option<(GapReason, Seq)>> {
        let Some(after) = cursor.after else { return Ok(None) };
        let head = room.head();
        if head.saturating_sub(after) > limits::MAX_REPLAY_EVENTS {
            return Ok(Some((GapReason::TooFar, after)));
        }
        // There is nothing to check before the first event, nor without a tail.
        if after == 0 || (after <= head && cursor.tail.is_none()) {
            return Ok(None);
        }
        let id = match room.recent_id(after) {
            Some(id) => Some(id),
            None => self.services().event_id(&room.id, after).await?,
        };
        let same = id.is_some_and(|id| cursor.tail.as_ref().is_none_or(|tail| id.tail() == *tail));
        Ok((!same).then_some((GapReason::HistoryChanged, after)))
    }

    /// Queues one page of events from the store. Returns the last seq that was queued.
    async fn replay(&self, room: &Room, after: Seq, overflows: u64) -> Result<Seq> {
        let mut page = self.services().replay_page(&room.id, after, REPLAY_PAGE).await?;
        // The store may be ahead of the room, even of an event that removes this user. So send only what the room has seen,
        // and check the membership after that.
        let head = room.head();
        page.events.retain(|event| event.seq <= head);
        let mut last = after;
        if room.is_removed(self.user()) {
            return Ok(last);
        }
        for batch in EventBatch::encode(&page.events) {
            self.connection.queue.drained().await;
            if overflows != self.overflows.load(Ordering::Relaxed)
                || !self.connection.queue.push_events(std::slice::from_ref(&batch), 0)
            {
                break;
            }
            last = batch.last();
        }
        Ok(last)
    }
}
