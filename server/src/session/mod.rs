//! One connected client, whatever the transport: hello, membership, commands, and what is due to it.
//!
//! A transport calls [`Session::receive`] with each text that comes in and writes what [`Session::next`] gives. Both may
//! run at the same time, in one task.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::{
    ClientFrame, CloseCode, Cursor, GapReason, Millis, PROTOCOL_VERSION, RoomId, RoomSummary, Seq, ServerFrame,
    ServerInfo, ServerRole, Tail, UserId, refusal,
};
use tokio::sync::Semaphore;

use crate::{
    clock,
    config::Guests,
    connection::{Bye, Connection, Outgoing},
    limits::Bucket,
    policy::{Actor, RoomAct, Standing, Verdict},
    room::{Hub, Mine, Room},
    store::{Membership, SignedIn, Store, StoreError, TokenHash},
    websocket::frame::{self, Opcode},
};

pub mod heartbeat;
mod join;
mod send;

use heartbeat::Wheel;

/// Messages of one connection that may be on their way to the disk. Beyond, its next frames wait.
const MAX_IN_FLIGHT: usize = 64;

/// A person's typing in one room is passed on at most this often.
const TYPING_INTERVAL: Duration = Duration::from_secs(1);

/// What all sessions share.
pub struct Live {
    /// Everything durable.
    pub store: Arc<dyn Store>,
    /// Everything live.
    pub hub: Arc<Hub>,
    /// Heartbeats of all connections.
    pub wheel: Wheel,
    /// Who we are.
    pub server: ServerInfo,
    /// Time within which `hello` must have come.
    pub hello_timeout: Duration,
    /// How far people without an account may go.
    pub guests: Guests,
    /// Whether someone who sends too fast is slowed down.
    pub rate_limits: bool,
}

impl Live {
    /// The room, if its connected visitor may do this there.
    ///
    /// # Errors
    /// They may not, or there is no such room for them.
    pub fn may(&self, visitor: &Connection, act: RoomAct, room: &RoomId) -> Result<Arc<Room>, Denied> {
        let (role, standing) = self.hub.stance(visitor.user.id, room);
        self.decide(visitor.user.id, role, act, room, standing)
    }

    /// The same for someone who is not connected, with their place in the room.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn may_from_outside(
        &self,
        who: &SignedIn,
        act: RoomAct,
        room: &RoomId,
    ) -> Result<Result<(Arc<Room>, Option<Membership>), Denied>, StoreError> {
        let memberships = self.store.memberships(who.user.id).await?;
        let mine = memberships.iter().find(|membership| membership.room == *room).cloned();
        let standing = mine.as_ref().map(|mine| Standing { moderator: mine.moderator, muted: false });
        Ok(self.decide(who.user.id, who.role, act, room, standing).map(|room| (room, mine)))
    }

    fn decide(
        &self,
        user: UserId,
        role: ServerRole,
        act: RoomAct,
        room: &RoomId,
        membership: Option<Standing>,
    ) -> Result<Arc<Room>, Denied> {
        let room = self.hub.room(room).ok_or(Denied::Unseen)?;
        let (actor, mutes) = (self.actor(role), self.store.mutes_of(user, &room.id));
        let usual = actor.may(act, room.place(membership));
        let here = mutes.room.is_some();
        let actor = Actor { muted: mutes.server.is_some() || (membership.is_none() && here), ..actor };
        let standing = membership.map(|standing| Standing { muted: here, ..standing });
        match (actor.may(act, room.place(standing)), mutes.until()) {
            (Verdict::Allowed, _) => Ok(room),
            (Verdict::Forbidden, Some(until)) if usual.is_allowed() => Err(Denied::Muted { until }),
            (Verdict::Forbidden, _) => Err(Denied::Forbidden),
            (Verdict::Unseen, _) => Err(Denied::Unseen),
        }
    }

    /// Someone with this role, as far as rights go.
    pub fn actor(&self, role: ServerRole) -> Actor {
        Actor { role, lobby_only: self.guests == Guests::LobbyOnly, muted: false }
    }

    /// The rooms that this person may see: the lobby first, then by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rooms_for(&self, who: &SignedIn) -> Result<Vec<RoomSummary>, StoreError> {
        let mut rooms = self.joined_rooms(who).await?;
        rooms.retain(|room| self.is_begun(who.user.id, room));
        let others = self.hub.public_rooms();
        let others = others.iter().filter(|room| !rooms.iter().any(|mine| mine.id == room.id));
        let seen = others.filter(|room| self.actor(who.role).may(RoomAct::See, room.place(None)).is_allowed());
        let others: Vec<_> = seen.map(|room| room.summary_for_others()).collect();
        rooms.extend(others);
        sort(&mut rooms);
        Ok(rooms)
    }

    /// The rooms that this person is a member of: the lobby first, then by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn joined_rooms(&self, who: &SignedIn) -> Result<Vec<RoomSummary>, StoreError> {
        let memberships = self.store.memberships(who.user.id).await?;
        let seen = memberships.iter().filter_map(|membership| {
            let standing = Standing { moderator: membership.moderator, muted: false };
            let room = self.decide(who.user.id, who.role, RoomAct::See, &membership.room, Some(standing)).ok()?;
            let mine = Mine { read: membership.read, moderator: membership.moderator };
            Some(room.summary(who.user.id, mine))
        });
        let mut rooms: Vec<_> = seen.collect();
        sort(&mut rooms);
        Ok(rooms)
    }

    /// Whether a room is to be listed: a direct one that another has made, only once something was said in it.
    fn is_begun(&self, viewer: UserId, room: &RoomSummary) -> bool {
        room.head > 0 || self.hub.room(&room.id).is_none_or(|room| room.is_begun(viewer))
    }
}

fn sort(rooms: &mut [RoomSummary]) {
    rooms.sort_by_cached_key(|room| (room.id.as_str() != RoomId::LOBBY, room.name.to_lowercase()));
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// As if there were no such room.
    Unseen,
    /// It is there for them to see, but this is not theirs to do.
    Forbidden,
    /// It would be theirs to do, were they not muted.
    Muted {
        /// Until when.
        until: Millis,
    },
}

/// See the module.
pub struct Session {
    live: Arc<Live>,
    connection: Arc<Connection>,
    state: Mutex<State>,
    in_flight: Arc<Semaphore>,
    sends: Bucket,
    frames: Bucket,
    /// Counts the overflows: what was begun before one must not go on after it.
    overflows: AtomicU64,
}

#[derive(Default)]
struct State {
    greeted: bool,
    /// At most [`parlor_protocol::limits::MAX_JOINED_ROOMS`], mostly a handful.
    joined: Vec<Joined>,
    /// Counts what changed in `joined`.
    changes: u64,
    /// Rooms that were answered with `gap` and not joined since.
    gapped: HashSet<RoomId>,
}

struct Joined {
    room: Arc<Room>,
    /// Where the client stood when it joined, and the tail of that event, if it said one or it is known.
    after: Seq,
    tail: Option<[u8; 8]>,
    last_typing: Option<Instant>,
}

impl State {
    fn joined(&mut self, room: &RoomId) -> Option<&mut Joined> {
        self.joined.iter_mut().find(|joined| joined.room.id == *room)
    }

    fn let_go(&mut self, room: &RoomId) -> Option<Joined> {
        let at = self.joined.iter().position(|joined| joined.room.id == *room)?;
        Some(self.joined.swap_remove(at))
    }
}

impl Session {
    /// A client that was let in and has yet to say hello.
    #[must_use]
    pub fn new(live: Arc<Live>, who: SignedIn, session: TokenHash) -> Self {
        let connection = Connection::new(who, session);
        live.wheel.add(&connection);
        let sends = live.hub.sends_of(connection.user.id, || Bucket::sends(live.rate_limits));
        let frames = Bucket::frames(live.rate_limits);
        Self {
            live,
            connection,
            state: Mutex::default(),
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            sends,
            frames,
            overflows: AtomicU64::new(0),
        }
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Time within which `hello` must have come.
    #[must_use]
    pub fn hello_timeout(&self) -> Duration {
        self.live.hello_timeout
    }

    /// Whether `hello` has come.
    pub fn greeted(&self) -> bool {
        self.state.lock().greeted
    }

    /// The joined rooms, each with the place where the client stood when it joined; `None` when nothing has changed
    /// since `seen`. The events that were written since are the transport's to know.
    #[must_use]
    pub fn joined_from(&self, seen: &mut u64) -> Option<Vec<Cursor>> {
        let state = self.state.lock();
        let changed = std::mem::replace(seen, state.changes) != state.changes;
        changed.then(|| {
            let cursor = |joined: &Joined| Cursor {
                room: joined.room.id.clone(),
                after: Some(joined.after),
                tail: joined.tail.map(|tail| Tail(String::from_utf8_lossy(&tail).into_owned())),
            };
            state.joined.iter().map(cursor).collect()
        })
    }

    /// How often a sign of life is due, on both sides.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        self.live.wheel.interval()
    }

    /// Ends the connection once what waits is written.
    pub fn close(&self, code: CloseCode) {
        self.connection.queue.close(Bye { code, after: None });
    }

    /// Takes one text message. Waits while the person has too much on its way.
    pub async fn receive(&self, text: &str) {
        if self.connection.queue.is_ending() {
            return;
        }
        if self.frames.take().is_err() {
            return self.close(CloseCode::Flooding);
        }
        match ClientFrame::decode(text) {
            // Boxed: a connection that says nothing does not carry the room for every command with it.
            Ok(frame) => Box::pin(self.handle(frame)).await,
            Err(error) => self.refuse(error.id, None, error.code, error.message),
        }
    }

    /// Takes a binary message: the protocol has none.
    pub fn receive_binary(&self) {
        if self.frames.take().is_err() {
            return self.close(CloseCode::Flooding);
        }
        self.refuse(None, None, refusal::BAD_FRAME, "frames are text; this one was binary");
    }

    /// Answers a WebSocket ping.
    pub fn receive_ping(&self, payload: &[u8]) {
        if self.frames.take().is_err() {
            return self.close(CloseCode::Flooding);
        }
        self.connection.queue.push_control(frame::single(Opcode::Pong, payload));
    }

    async fn handle(&self, frame: ClientFrame) {
        match frame {
            ClientFrame::Hello { protocol, .. } if protocol != PROTOCOL_VERSION => self.close(CloseCode::BadProtocol),
            ClientFrame::Hello { resume, .. } if !self.greeted() => {
                if let Err(error) = self.welcome().await {
                    return self.fail(None, None, &error);
                }
                for cursor in resume {
                    self.join(cursor).await;
                }
            }
            _ if !self.greeted() => self.close(CloseCode::NoHello),
            ClientFrame::Hello { .. } => self.refuse(None, None, refusal::BAD_FRAME, "hello was said already"),
            ClientFrame::Join(cursor) => self.join(cursor).await,
            ClientFrame::Leave { room } => self.leave(&room).await,
            ClientFrame::Send { id, room, body, reply_to } => self.send(id, room, &body, reply_to).await,
            ClientFrame::MarkUnread { .. } | ClientFrame::Away { .. } => {}
            ClientFrame::Edit { id, room, .. }
            | ClientFrame::Delete { id, room, .. }
            | ClientFrame::React { id, room, .. } => {
                let message = "this server does not offer editing, deleting and reactions yet";
                self.refuse(Some(id.to_string()), Some(room), refusal::NOT_SUPPORTED, message);
            }
            ClientFrame::Typing { room } => self.typing(&room),
            ClientFrame::Read { room, seq } => self.read(&room, seq).await,
            ClientFrame::Ping { at } => self.connection.push(&ServerFrame::Pong { at, now: clock::now() }),
        }
    }

    async fn welcome(&self) -> Result<(), StoreError> {
        let rooms = self.live.joined_rooms(&self.who()).await?;
        // First told, then connected: nothing can stand before the welcome.
        self.connection.push(&ServerFrame::Welcome {
            protocol: PROTOCOL_VERSION,
            you: (*self.connection.user).clone(),
            server: self.live.server.clone(),
            now: clock::now(),
            heartbeat_ms: u64::try_from(self.live.wheel.interval().as_millis()).unwrap_or(u64::MAX),
            rooms: rooms.iter().filter(|room| self.live.is_begun(self.user(), room)).cloned().collect(),
        });
        self.live.hub.connect(&self.connection, &rooms);
        self.state.lock().greeted = true;
        self.still_who_they_are().await
    }

    /// Whoever ends a session, or changes what someone is, commits that and then ends the connections that there are. One
    /// that was on its way in meanwhile finds it out here.
    async fn still_who_they_are(&self) -> Result<(), StoreError> {
        match self.live.store.session(self.connection.session).await? {
            None => self.close(CloseCode::SessionRevoked),
            Some(now) if self.live.store.ban_of(now.user.id).is_some() => self.close(CloseCode::Banned),
            Some(now) if now.role != self.connection.role || now.user != self.connection.user => {
                self.live.hub.set_role(now.user.id, now.role);
                self.close(CloseCode::IdentityChanged);
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn typing(&self, room: &RoomId) {
        // Not stored and droppable: a room that was not joined, or is no longer theirs, is no reason for an answer.
        if self.live.may(&self.connection, RoomAct::Type, room).is_err() {
            return;
        }
        let mut state = self.state.lock();
        let Some(joined) = state.joined(room) else { return };
        let now = Instant::now();
        if joined.last_typing.is_none_or(|last| now.duration_since(last) >= TYPING_INTERVAL) {
            joined.last_typing = Some(now);
            joined.room.typing(&self.connection);
        }
    }

    async fn read(&self, id: &RoomId, seq: u64) {
        let room = match self.live.may(&self.connection, RoomAct::Mark, id) {
            Ok(room) => room,
            Err(denied) => return self.refuse_denied(None, id.clone(), denied),
        };
        let seq = seq.min(room.head());
        self.live.store.set_read(id, self.user(), seq).await;
        self.live.hub.has_read(self.user(), &room, seq, &self.connection);
    }

    /// What to write next; waits until there is something.
    pub async fn next(&self, outgoing: &mut Outgoing) {
        self.connection.queue.next(outgoing).await;
        if outgoing.overflowed {
            self.tell_gaps();
        }
    }

    /// After an overflow: every joined room has a hole now, or may have one.
    fn tell_gaps(&self) {
        self.overflows.fetch_add(1, Ordering::Relaxed);
        let (joined, gapped): (Vec<_>, Vec<_>) = {
            let mut state = self.state.lock();
            state.changes += 1;
            (std::mem::take(&mut state.joined), state.gapped.iter().cloned().collect())
        };
        if joined.is_empty() && gapped.is_empty() {
            // Answers were lost, and there is no room by which to say so: a new connection asks again.
            return self.close(CloseCode::TooSlow);
        }
        for joined in &joined {
            joined.room.unsubscribe(&self.connection, false);
        }
        let lost = self.connection.queue.recover();
        // Of a room that is no longer theirs there is nothing to say.
        for joined in joined.into_iter().filter(|joined| !joined.room.is_barred(self.user())) {
            let id = joined.room.id.clone();
            let head = joined.room.head();
            let after = lost.get(&id).map_or(head, |first| first - 1);
            self.push_gap(id, GapReason::Overflow, after, head);
        }
        // The `gap` that these were answered with may have been lost in its turn.
        for id in gapped {
            let head = self.live.hub.room(&id).map_or(0, |room| room.head());
            self.push_gap(id, GapReason::Overflow, head, head);
        }
    }

    /// Says that a room cannot be continued. Until the client has joined it anew, it is told again after an overflow.
    fn push_gap(&self, room: RoomId, reason: GapReason, after: Seq, head: Seq) {
        self.state.lock().gapped.insert(room.clone());
        self.connection.push(&ServerFrame::Gap { room, reason, after, head });
    }

    fn who(&self) -> SignedIn {
        let (role, _) = self.live.hub.stance(self.user(), &RoomId::lobby());
        // Before `hello` nobody knows better than when the connection was opened.
        SignedIn { user: self.connection.user.clone(), role: role.max(self.connection.role) }
    }

    fn user(&self) -> UserId {
        self.connection.user.id
    }

    fn refuse(&self, id: Option<String>, room: Option<RoomId>, code: &str, message: impl Into<String>) {
        self.connection.push(&ServerFrame::Refused {
            id,
            room,
            code: code.into(),
            message: message.into(),
            retry_after_ms: None,
        });
    }

    fn refuse_denied(&self, id: Option<String>, room: RoomId, denied: Denied) {
        match denied {
            Denied::Unseen => {
                self.refuse(id, Some(room), refusal::NOT_FOUND, "there is no such room that you can see");
            }
            Denied::Forbidden => {
                self.refuse(id, Some(room), refusal::FORBIDDEN, "that is not yours to do in this room");
            }
            Denied::Muted { until } => self.connection.push(&muted(id, room, until)),
        }
    }

    fn fail(&self, id: Option<String>, room: Option<RoomId>, error: &StoreError) {
        tracing::error!(%error, "a command failed");
        self.connection.push(&not_stored(id, room, error));
    }
}

/// Says that someone may not write there before a time.
fn muted(id: Option<String>, room: RoomId, until: Millis) -> ServerFrame {
    let left = until.saturating_sub(clock::now()).max(1);
    ServerFrame::Refused {
        id,
        room: Some(room),
        code: refusal::MUTED.into(),
        message: "you may not write here for a while".into(),
        retry_after_ms: u64::try_from(left).ok(),
    }
}

/// Says that the storage failed, and when to try again.
fn not_stored(id: Option<String>, room: Option<RoomId>, error: &StoreError) -> ServerFrame {
    let (code, message, retry_after_ms) = if error.is_full() {
        let message =
            "The server's disk is full. Nothing that was sent is lost: this is sent again when there is room.";
        (refusal::STORAGE_FULL, message, 5_000)
    } else {
        let message = "The server cannot store this right now. Nothing is lost: send it again with the same id.";
        (refusal::UNAVAILABLE, message, 1_000)
    };
    ServerFrame::Refused { id, room, code: code.into(), message: message.into(), retry_after_ms: Some(retry_after_ms) }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.queue.shut();
        self.live.hub.disconnect(&self.connection);
        for joined in &self.state.get_mut().joined {
            joined.room.unsubscribe(&self.connection, false);
        }
    }
}
