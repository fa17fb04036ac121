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
    ClientFrame, CloseCode, Cursor, GapReason, PROTOCOL_VERSION, RoomId, RoomSummary, Seq, ServerFrame, ServerInfo,
    Tail, User, UserId, UserKind, refusal,
};
use tokio::sync::Semaphore;

use crate::{
    clock,
    config::Guests,
    connection::{Bye, Connection, Outgoing},
    limits::Bucket,
    room::{Hub, Room},
    store::{SignedIn, Store, StoreError, TokenHash},
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
    /// A room that this person may see. What is not theirs to see is as if it did not exist.
    pub fn room_for(&self, user: &User, room: &RoomId) -> Option<Arc<Room>> {
        self.may_see(user, room).then(|| self.hub.room(room))?
    }

    /// Whether this person may see a room with this id, if there is one.
    pub fn may_see(&self, user: &User, room: &RoomId) -> bool {
        user.kind != UserKind::Guest || self.guests != Guests::LobbyOnly || room.as_str() == RoomId::LOBBY
    }

    /// The rooms that this person may see: the lobby first, then by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rooms_for(&self, user: &User) -> Result<Vec<RoomSummary>, StoreError> {
        let mut rooms = self.store.rooms(user.id).await?;
        rooms.retain(|room| self.may_see(user, &room.id));
        Ok(rooms)
    }

    /// The rooms that this person is a member of, as they stand live: the lobby first, then by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn joined_rooms(&self, user: &User) -> Result<Vec<RoomSummary>, StoreError> {
        let memberships = self.store.memberships(user.id).await?;
        let live = memberships.iter().filter_map(|mine| Some((self.room_for(user, &mine.room)?, mine.read)));
        let mut rooms: Vec<_> = live.map(|(room, read)| room.record.summary(room.head(), read)).collect();
        rooms.sort_by_cached_key(|room| (room.id.as_str() != RoomId::LOBBY, room.name.to_lowercase()));
        Ok(rooms)
    }
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
        self.joined.iter_mut().find(|joined| joined.room.record.id == *room)
    }

    fn let_go(&mut self, room: &RoomId) -> Option<Joined> {
        let at = self.joined.iter().position(|joined| joined.room.record.id == *room)?;
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
                room: joined.room.record.id.clone(),
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
        let rooms = self.live.joined_rooms(&self.connection.user).await?;
        // First told, then connected: nothing can stand before the welcome.
        self.connection.push(&ServerFrame::Welcome {
            protocol: PROTOCOL_VERSION,
            you: (*self.connection.user).clone(),
            server: self.live.server.clone(),
            now: clock::now(),
            heartbeat_ms: u64::try_from(self.live.wheel.interval().as_millis()).unwrap_or(u64::MAX),
            rooms: rooms.clone(),
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
            Some(now) if now.role != self.connection.role || now.user != self.connection.user => {
                self.close(CloseCode::IdentityChanged);
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn typing(&self, room: &RoomId) {
        let mut state = self.state.lock();
        // Not stored and droppable: a room that was not joined is no reason for an answer.
        let Some(joined) = state.joined(room) else { return };
        let now = Instant::now();
        if joined.last_typing.is_none_or(|last| now.duration_since(last) >= TYPING_INTERVAL) {
            joined.last_typing = Some(now);
            joined.room.typing(&self.connection);
        }
    }

    async fn read(&self, id: &RoomId, seq: u64) {
        let room = self.live.room_for(&self.connection.user, id);
        let Some(room) = room.filter(|_| self.live.hub.is_member(self.user(), id)) else {
            return self.refuse_unseen_room(None, id.clone());
        };
        let seq = seq.min(room.head());
        self.live.store.set_read(id, self.user(), seq).await;
        let summary = room.set_read(self.user(), seq);
        self.live.hub.tell_person(self.user(), Some(&self.connection), summary);
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
        for joined in joined {
            let id = joined.room.record.id.clone();
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

    fn refuse_unseen_room(&self, id: Option<String>, room: RoomId) {
        self.refuse(id, Some(room), refusal::NOT_FOUND, "there is no such room that you can see");
    }

    fn fail(&self, id: Option<String>, room: Option<RoomId>, error: &StoreError) {
        tracing::error!(%error, "a command failed");
        self.connection.push(&not_stored(id, room, error));
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
