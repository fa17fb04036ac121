//! One connected client, whatever the transport: hello, membership, commands, and what is due to it.
//!
//! A transport calls [`Session::receive`] with each text that comes in and writes what [`Session::next`] gives. Both may
//! run at the same time, in one task.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::{
    ClientFrame, CloseCode, CommandId, Cursor, PROTOCOL_VERSION, RoomId, Seq, ServerFrame, Tail, UserId, error_code,
};
use tokio::sync::Semaphore;

use crate::{
    clock,
    connection::{Bye, Connection, Outgoing},
    domain::{AuthenticatedUser, StoreError, TokenHash},
    limits::Bucket,
    policy::RoomAct,
    room::Room,
    websocket::frame::{self, Opcode},
};

mod delete;
mod gaps;
pub mod heartbeat;
mod join;
mod keyed_mutex;
mod live;
mod marks;
mod mentions;
mod refusals;
mod send;

pub use keyed_mutex::KeyedMutex;
pub use live::{Denied, Live};

/// Messages of one connection that may be on their way to the disk. Beyond, its next frames wait.
const MAX_IN_FLIGHT: usize = 64;

/// A person's typing in one room is passed on at most this often.
const TYPING_INTERVAL: Duration = Duration::from_secs(1);

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
    pub fn new(live: Arc<Live>, who: AuthenticatedUser, session: TokenHash) -> Self {
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
        self.receive_bad(None, error_code::BAD_FRAME, "frames are text; this one was binary");
    }

    /// Takes something that is no frame, for the reason that is answered, with this id if it has one. It counts like one.
    pub fn receive_bad(&self, id: Option<CommandId>, code: &str, message: impl Into<String>) {
        if self.counts() {
            self.refuse(id.map(|id| id.to_string()), None, code, message);
        }
    }

    /// Counts something that is like a frame. False when there were too many, and that is the end.
    pub fn counts(&self) -> bool {
        let counted = self.frames.take().is_ok();
        if !counted {
            self.close(CloseCode::Flooding);
        }
        counted
    }

    /// Leaves all rooms, as if each had been said: nobody comes back to this session, so nobody waits for them.
    pub fn depart(&self) {
        let rooms: Vec<_> = self.state.lock().joined.iter().map(|joined| joined.room.id.clone()).collect();
        for room in rooms {
            self.let_go(&room, true);
        }
        self.live.hub.leaves(&self.connection, None);
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
            ClientFrame::Hello { .. } => self.refuse(None, None, error_code::BAD_FRAME, "hello was said already"),
            ClientFrame::Join(cursor) => self.join(cursor).await,
            ClientFrame::Leave { room } => self.leave(&room).await,
            ClientFrame::Send { id, room, body, reply_to } => self.send(id, room, &body, reply_to).await,
            ClientFrame::Delete { id, room, message } => self.delete(id, room, message).await,
            ClientFrame::MarkUnread { room, seq } => self.mark_unread(&room, seq).await,
            ClientFrame::Away { on } => self.live.hub.away(&self.connection, on),
            ClientFrame::Edit { id, room, .. } | ClientFrame::React { id, room, .. } => {
                let message = "this server does not offer editing and reactions yet";
                self.refuse(Some(id.to_string()), Some(room), error_code::NOT_SUPPORTED, message);
            }
            ClientFrame::Typing { room } => self.typing(&room),
            ClientFrame::Read { room, seq } => self.read(&room, seq).await,
            ClientFrame::Ping { at } => self.connection.push(&ServerFrame::Pong { at, now: clock::now() }),
        }
    }

    async fn welcome(&self) -> Result<(), StoreError> {
        // What they say of their own rooms meanwhile, at another device, comes before or after.
        let _turn = self.live.marking.of(&self.user()).await;
        let rooms = self.live.joined_rooms(&self.who()).await?;
        let told = rooms.iter().map(|(_, room)| room).filter(|room| self.live.is_begun(self.user(), room)).cloned();
        // First told, then connected: nothing can stand before the welcome.
        self.connection.push(&ServerFrame::Welcome {
            protocol: PROTOCOL_VERSION,
            you: (*self.connection.user).clone(),
            role: self.connection.role,
            server: self.live.server.clone(),
            now: clock::now(),
            heartbeat_ms: u64::try_from(self.live.wheel.interval().as_millis()).unwrap_or(u64::MAX),
            rooms: told.collect(),
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

    /// What to write next; waits until there is something.
    pub async fn next(&self, outgoing: &mut Outgoing) {
        self.connection.queue.next(outgoing).await;
        if outgoing.overflowed {
            self.tell_gaps();
        }
    }

    fn who(&self) -> AuthenticatedUser {
        let (role, _) = self.live.hub.stance(self.user(), &RoomId::lobby());
        // Before `hello` nobody knows better than when the connection was opened.
        AuthenticatedUser { user: self.connection.user.clone(), role: role.max(self.connection.role) }
    }

    fn user(&self) -> UserId {
        self.connection.user.id
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.queue.shut();
        self.live.hub.disconnect(&self.connection);
        for joined in &self.state.get_mut().joined {
            joined.room.unsubscribe(&self.connection);
        }
    }
}
