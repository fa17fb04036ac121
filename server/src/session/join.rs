//! Joining a room: is it mine to see, is the cursor from this history, and then replay and live events without a seam.

use std::sync::{Arc, atomic::Ordering};

use parlor_protocol::{CommandId, Cursor, GapReason, RoomId, Seq, ServerFrame, error_code, limits};

use super::{Denied, Joined, Session};
use crate::{
    connection::EventBatch,
    domain::{Membership, RoomMembership, StoreError},
    policy::RoomAct,
    room::{Online, Room, Subscribed},
};

/// Events read from the store at a time.
const REPLAY_PAGE: u32 = 50;

impl Session {
    pub(super) async fn join(&self, cursor: Cursor) {
        let room = match self.live.may(&self.connection, RoomAct::Read, &cursor.room) {
            Ok(room) => room,
            Err(denied) => return self.refuse_denied(None, cursor.room, denied),
        };
        {
            let mut state = self.state.lock();
            if state.joined.len() >= limits::MAX_JOINED_ROOMS && state.joined(&cursor.room).is_none() {
                drop(state);
                let message = format!("one connection joins at most {} rooms", limits::MAX_JOINED_ROOMS);
                return self.refuse(None, Some(cursor.room), error_code::TOO_MANY_ROOMS, message);
            }
        }
        let denied = match self.join_room(&room, &cursor).await {
            Ok(Ok(())) => return,
            Ok(Err(denied)) => Ok(denied),
            Err(error) => Err(error),
        };
        self.let_go(&cursor.room, false);
        match denied {
            Ok(denied) => self.refuse_denied(None, cursor.room, denied),
            Err(error) => self.fail(None, Some(cursor.room), &error),
        }
    }

    pub(super) async fn leave(&self, room: &RoomId) {
        let Some(room) = self.let_go(room, true) else { return };
        self.live.hub.leaves(&self.connection, Some(&room.id));
        // From now on only its growth is told; and nothing at all where they are no member any more.
        match self.live.store.memberships(self.user()).await {
            Ok(memberships) => {
                if let Some(Membership { state, .. }) = memberships.iter().find(|mine| mine.room == room.id) {
                    room.watch(&self.connection, *state);
                }
            }
            Err(error) => self.fail(None, Some(room.id.clone()), &error),
        }
    }

    pub(super) fn let_go(&self, room: &RoomId, said_so: bool) -> Option<Arc<Room>> {
        let joined = {
            let mut state = self.state.lock();
            state.changes += 1;
            if said_so {
                state.gapped.remove(room);
            }
            state.let_go(room)?
        };
        joined.room.unsubscribe(&self.connection);
        Some(joined.room)
    }

    async fn join_room(&self, room: &Arc<Room>, cursor: &Cursor) -> Result<Result<(), Denied>, StoreError> {
        if let Err(denied) = self.become_member(room).await? {
            return Ok(Err(denied));
        }
        // Joining again replaces the cursor: no live event may come between what is replayed.
        self.let_go(&cursor.room, false);
        if let Some((reason, after)) = self.gap(room, cursor).await? {
            let head = room.head();
            self.push_gap(cursor.room.clone(), reason, after, head);
            return Ok(Ok(()));
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
        let told = self.push_joined(room, head.max(after));
        // Subscribing succeeds only when everything since `after` is in memory; else read on and try again.
        loop {
            self.connection.queue.drained().await;
            // After an overflow meanwhile, the room was answered with `gap`: what was begun ends here.
            if overflows != self.overflows.load(Ordering::Relaxed) || self.connection.queue.is_ending() {
                return Ok(Ok(()));
            }
            match room.subscribe(&self.connection, after) {
                Subscribed::Live => {
                    if self.connection.is_away() {
                        // Somebody may be at another device.
                        self.live.hub.show_away(self.user(), room);
                    }
                    // Who came and went meanwhile was told to those who had subscribed.
                    for frame in room.since(&told, self.user()) {
                        self.connection.push(&frame);
                    }
                    return Ok(Ok(()));
                }
                Subscribed::Barred => return Ok(Err(Denied::Unseen)),
                Subscribed::ReadAfter(from) => after = self.replay(room, from, overflows).await?,
            }
        }
    }

    /// Tells who is here, counting the one who just came. Returns who was here.
    fn push_joined(&self, room: &Room, head: Seq) -> Online {
        let here = room.online();
        let Online { mut people, away, mut count, .. } = here.clone();
        let me = &*self.connection.user;
        if !people.contains(me) {
            // In a crowd one may be here already without being listed.
            if usize::try_from(count).is_ok_and(|count| count == people.len()) {
                count += 1;
            }
            people.push(me.clone());
        }
        self.connection.push(&ServerFrame::Joined {
            room: room.id.clone(),
            head,
            online: people,
            away,
            online_count: count,
        });
        here
    }

    /// Reading or writing in a public room makes one its member.
    pub(super) async fn become_member(&self, room: &Arc<Room>) -> Result<Result<(), Denied>, StoreError> {
        let (_, standing) = self.live.hub.stance(self.user(), &room.id);
        if standing.is_some() {
            return Ok(Ok(()));
        }
        if let Err(denied) = self.live.may(&self.connection, RoomAct::Join, &room.id) {
            return Ok(Err(denied));
        }
        let Some(read) = self.live.store.add_member(&room.id, self.user(), self.user()).await? else {
            return Ok(Err(Denied::Unseen));
        };
        self.live.hub.became_member(self.user(), room, RoomMembership::since(read), Some(&self.connection));
        Ok(Ok(()))
    }

    /// Why this cursor cannot be continued, and what the client has.
    async fn gap(&self, room: &Room, cursor: &Cursor) -> Result<Option<(GapReason, Seq)>, StoreError> {
        let Some(after) = cursor.after else { return Ok(None) };
        let head = room.head();
        if head.saturating_sub(after) > limits::MAX_REPLAY_EVENTS {
            return Ok(Some((GapReason::TooFar, after)));
        }
        // Nothing to prove before the first event; and a cursor within this history without a tail is believed.
        if after == 0 || (after <= head && cursor.tail.is_none()) {
            return Ok(None);
        }
        let id = match room.recent_id(after) {
            Some(id) => Some(id),
            None => self.live.store.event_id(&room.id, after).await?,
        };
        let same = id.is_some_and(|id| cursor.tail.as_ref().is_none_or(|tail| id.tail() == *tail));
        Ok((!same).then_some((GapReason::HistoryChanged, after)))
    }

    /// Queues one page of events from the store; returns the last seq that was queued.
    async fn replay(&self, room: &Room, after: Seq, overflows: u64) -> Result<Seq, StoreError> {
        let mut page = self.live.store.events(&room.id, after, REPLAY_PAGE).await?;
        // The store may be ahead of the room. What the room has not seen yet could be after an event by which this person
        // is no longer a member: only what it has seen is shown, and then it is asked.
        let head = room.head();
        page.events.retain(|event| event.seq <= head);
        let mut last = after;
        if room.is_barred(self.user()) {
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
