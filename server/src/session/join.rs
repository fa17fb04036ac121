//! Joining a room: is it mine to see, is the cursor from this history, and then replay and live events without a seam.

use std::sync::{Arc, atomic::Ordering};

use parlor_protocol::{CommandId, Cursor, GapReason, RoomId, Seq, ServerFrame, limits, refusal};

use super::{Joined, Session};
use crate::{
    connection::EventBatch,
    room::{Room, Subscribed},
    store::StoreError,
};

/// Events read from the store at a time.
const REPLAY_PAGE: u32 = 50;

impl Session {
    pub(super) async fn join(&self, cursor: Cursor) {
        let Some(room) = self.live.room_for(&self.connection.user, &cursor.room) else {
            return self.refuse_unseen_room(None, cursor.room);
        };
        {
            let mut state = self.state.lock();
            if state.joined.len() >= limits::MAX_JOINED_ROOMS && state.joined(&cursor.room).is_none() {
                drop(state);
                let message = format!("one connection joins at most {} rooms", limits::MAX_JOINED_ROOMS);
                return self.refuse(None, Some(cursor.room), refusal::TOO_MANY_ROOMS, message);
            }
        }
        if let Err(error) = self.join_room(&room, &cursor).await {
            self.let_go(&cursor.room, false);
            self.fail(None, Some(cursor.room), &error);
        }
    }

    pub(super) async fn leave(&self, room: &RoomId) {
        let Some(room) = self.let_go(room, true) else { return };
        match self.live.store.add_member(&room.record.id, self.user()).await {
            Ok(read) => {
                // From now on only its growth is told.
                room.watch(&self.connection, read);
            }
            Err(error) => self.fail(None, Some(room.record.id.clone()), &error),
        }
    }

    fn let_go(&self, room: &RoomId, said_so: bool) -> Option<Arc<Room>> {
        let joined = {
            let mut state = self.state.lock();
            state.changes += 1;
            if said_so {
                state.gapped.remove(room);
            }
            state.let_go(room)?
        };
        joined.room.unsubscribe(&self.connection, said_so);
        Some(joined.room)
    }

    async fn join_room(&self, room: &Arc<Room>, cursor: &Cursor) -> Result<(), StoreError> {
        self.become_member(room).await?;
        // Joining again replaces the cursor: no live event may come between what is replayed.
        self.let_go(&cursor.room, false);
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
            // One of another form was not looked at: there is nothing before the first event.
            let tail = tail.and_then(|tail| tail.0.as_bytes().try_into().ok());
            let mut state = self.state.lock();
            state.changes += 1;
            state.gapped.remove(&cursor.room);
            // Two joins of one room cannot meet: a connection's frames are taken one after the other.
            state.joined.reserve_exact(1);
            state.joined.push(Joined { room: room.clone(), after, tail, last_typing: None });
        }
        self.push_joined(room, head.max(after));
        // Subscribing succeeds only when everything since `after` is in memory; else read on and try again.
        loop {
            self.connection.queue.drained().await;
            // After an overflow meanwhile, the room was answered with `gap`: what was begun ends here.
            if overflows != self.overflows.load(Ordering::Relaxed) || self.connection.queue.is_ending() {
                return Ok(());
            }
            match room.subscribe(&self.connection, after) {
                Subscribed::Live => return Ok(()),
                Subscribed::ReadAfter(from) => after = self.replay(room, from, overflows).await?,
            }
        }
    }

    /// Tells who is here, counting the one who just came.
    fn push_joined(&self, room: &Room, head: Seq) {
        let (mut online, mut online_count) = room.online();
        let me = &*self.connection.user;
        if !online.contains(me) {
            // In a crowd one may be here already without being listed.
            if usize::try_from(online_count).is_ok_and(|count| count == online.len()) {
                online_count += 1;
            }
            online.push(me.clone());
        }
        self.connection.push(&ServerFrame::Joined { room: room.record.id.clone(), head, online, online_count });
    }

    pub(super) async fn become_member(&self, room: &Arc<Room>) -> Result<(), StoreError> {
        if !self.live.hub.is_member(self.user(), &room.record.id) {
            let read = self.live.store.add_member(&room.record.id, self.user()).await?;
            self.live.hub.became_member(self.user(), room, read, Some(&self.connection));
        }
        Ok(())
    }

    /// Why this cursor cannot be continued, and what the client has.
    async fn gap(&self, room: &Room, cursor: &Cursor) -> Result<Option<(GapReason, Seq)>, StoreError> {
        let Some(after) = cursor.after else { return Ok(None) };
        let head = room.head();
        if head.saturating_sub(after) > limits::MAX_REPLAY {
            return Ok(Some((GapReason::TooFar, after)));
        }
        // Nothing to prove before the first event; and a cursor within this history without a tail is believed.
        if after == 0 || (after <= head && cursor.tail.is_none()) {
            return Ok(None);
        }
        let id = match room.recent_id(after) {
            Some(id) => Some(id),
            None => self.live.store.event_id(&room.record.id, after).await?,
        };
        let same = id.is_some_and(|id| cursor.tail.as_ref().is_none_or(|tail| id.tail() == *tail));
        Ok((!same).then_some((GapReason::HistoryChanged, after)))
    }

    /// Queues one page of events from the store; returns the last seq that was queued.
    async fn replay(&self, room: &Room, after: Seq, overflows: u64) -> Result<Seq, StoreError> {
        let page = self.live.store.events(&room.record.id, after, REPLAY_PAGE).await?;
        let mut last = after;
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
