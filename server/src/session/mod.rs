//! The session of one connected client, independent of its transport: handles client frames and produces server frames.
//!
//! A transport calls [`Session::receive`] with each incoming frame and writes what [`Session::next`] returns. Both may run
//! concurrently in one task.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::{
    ClientFrame, CloseCode, CommandId, Cursor, PROTOCOL_VERSION, RoomId, Seq, ServerFrame, Tail, UserId, error_code,
    policy::RoomAction,
};
use tokio::sync::Semaphore;

use crate::{
    clock,
    connection::{Connection, Disconnect, Outgoing},
    domain::{AuthenticatedUser, TokenHash},
    limits::ConnectionShare,
    room::Room,
    services::{MessageDeletion, MessageEdit, MessageReaction, NewMessage, Result, Services},
    websocket::frame::{self, Opcode},
};

mod context;
mod gaps;
mod join;
mod respond;

pub use context::SessionContext;

/// Commands of one connection that may wait for the disk. Beyond, its next frames wait.
const MAX_IN_FLIGHT: usize = 64;

/// Typing of a user in one room is sent to others at most this often.
const TYPING_INTERVAL: Duration = Duration::from_secs(1);

pub struct Session {
    context: Arc<SessionContext>,
    connection: Arc<Connection>,
    state: Mutex<State>,
    in_flight: Arc<Semaphore>,
    limits: Arc<ConnectionShare>,
    /// Counts overflows: a join that began before one must not go on after it.
    overflows: AtomicU64,
}

#[derive(Default)]
struct State {
    has_greeted: bool,
    /// At most [`parlor_protocol::limits::MAX_JOINED_ROOMS`], usually a few.
    joined: Vec<JoinedRoom>,
    /// Counts the changes of `joined`.
    version: u64,
    /// Rooms with a `gap` that were not joined since.
    gapped: HashSet<RoomId>,
}

struct JoinedRoom {
    room: Arc<Room>,
    /// The client's position when it joined, and the tail of that event if it is known.
    after: Seq,
    tail: Option<[u8; 8]>,
    last_typing: Option<Instant>,
}

impl State {
    fn joined_room(&mut self, room: &RoomId) -> Option<&mut JoinedRoom> {
        self.joined.iter_mut().find(|joined| joined.room.id == *room)
    }

    fn remove_joined(&mut self, room: &RoomId) -> Option<JoinedRoom> {
        let index = self.joined.iter().position(|joined| joined.room.id == *room)?;
        Some(self.joined.swap_remove(index))
    }
}

impl Session {
    /// The session of an authenticated client that was admitted and has not sent hello yet.
    pub fn new(
        context: Arc<SessionContext>,
        who: AuthenticatedUser,
        session: TokenHash,
        limits: Arc<ConnectionShare>,
    ) -> Self {
        let connection = Connection::new(who, session);
        context.connections.add(&connection);
        Self {
            context,
            connection,
            state: Mutex::default(),
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            limits,
            overflows: AtomicU64::new(0),
        }
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Its share of the limits, for a connection that takes its place.
    pub fn limits(&self) -> &Arc<ConnectionShare> {
        &self.limits
    }

    /// Time within which the client must send `hello`.
    pub fn hello_timeout(&self) -> Duration {
        self.context.hello_timeout
    }

    /// Whether `hello` was handled.
    pub fn has_greeted(&self) -> bool {
        self.state.lock().has_greeted
    }

    /// The joined rooms with the client's position when it joined; `None` when nothing has changed since `version`. The
    /// transport knows the events that it has written since.
    pub fn joined_cursors(&self, version: &mut u64) -> Option<Vec<Cursor>> {
        let state = self.state.lock();
        let changed = std::mem::replace(version, state.version) != state.version;
        changed.then(|| {
            let cursor = |joined: &JoinedRoom| Cursor {
                room: joined.room.id.clone(),
                after: Some(joined.after),
                tail: joined.tail.map(|tail| Tail(String::from_utf8_lossy(&tail).into_owned())),
            };
            state.joined.iter().map(cursor).collect()
        })
    }

    pub fn heartbeat(&self) -> Duration {
        self.context.connections.interval()
    }

    /// Ends the connection once its queue is written.
    pub fn close(&self, code: CloseCode) {
        self.connection.queue.close(Disconnect { code, reconnect_after: None });
    }

    /// Waits for the turn of a message that was received: its sender's frames may come faster than they are handled.
    pub async fn turn(&self) {
        let delay = self.limits.frame_delay();
        if !delay.is_zero() {
            // Boxed so that an idle connection does not reserve the timer's memory.
            Box::pin(tokio::time::sleep(delay)).await;
        }
    }

    /// Handles a text message. Waits while too many commands of the connection are in flight.
    pub async fn receive(&self, text: &str) {
        if self.connection.queue.is_ending() {
            return;
        }
        if !self.take_frame_quota() {
            return;
        }
        match ClientFrame::decode(text) {
            // Boxed, so that an idle connection does not reserve the memory for every command.
            Ok(frame) => Box::pin(self.handle(frame)).await,
            Err(error) => self.refuse(error.id, None, error.code, error.message),
        }
    }

    /// Refuses a binary message: frames are text.
    pub fn receive_binary(&self) {
        self.refuse_message(None, error_code::BAD_FRAME, "Frames must be text messages, not binary.");
    }

    /// Refuses a message that is not a frame. It counts as one.
    pub fn refuse_message(&self, id: Option<CommandId>, code: &str, message: impl Into<String>) {
        if self.take_frame_quota() {
            self.refuse(id.map(|id| id.to_string()), None, code, message);
        }
    }

    /// Counts a frame. When there were too many, closes the connection and returns false.
    pub fn take_frame_quota(&self) -> bool {
        let allowed = self.limits.take_frame();
        if !allowed {
            self.close(CloseCode::Flooding);
        }
        allowed
    }

    /// Leaves all rooms at once. For a session that will not be resumed: others need not wait for the grace of absences.
    pub fn leave_all(&self) {
        let rooms: Vec<_> = self.state.lock().joined.iter().map(|joined| joined.room.id.clone()).collect();
        for room in rooms {
            self.remove_joined(&room, true);
        }
        self.context.hub.leave(&self.connection, None);
    }

    /// Answers a WebSocket ping.
    pub fn receive_ping(&self, payload: &[u8]) {
        if self.take_frame_quota() {
            self.connection.queue.push_control(frame::single(Opcode::Pong, payload));
        }
    }

    async fn handle(&self, frame: ClientFrame) {
        match frame {
            ClientFrame::Hello { protocol, .. } if protocol != PROTOCOL_VERSION => self.close(CloseCode::BadProtocol),
            ClientFrame::Hello { resume, .. } if !self.has_greeted() => {
                if let Err(error) = self.welcome().await {
                    return self.refuse_error(None, &error);
                }
                for cursor in resume {
                    self.join(cursor).await;
                }
            }
            _ if !self.has_greeted() => self.close(CloseCode::NoHello),
            ClientFrame::Hello { .. } => {
                self.refuse(None, None, error_code::BAD_FRAME, "This connection has already sent hello.");
            }
            ClientFrame::Join(cursor) => self.join(cursor).await,
            ClientFrame::Leave { room } => self.leave(&room).await,
            ClientFrame::Send { id, room, body, reply_to } => {
                let Some(respond) = self.responder(id, room.clone()).await else { return };
                let message = NewMessage { id, room, body, reply_to };
                self.services().send_message(&self.connection, &self.limits.sends, message, respond).await;
            }
            ClientFrame::Delete { id, room, message } => {
                let Some(respond) = self.responder(id, room.clone()).await else { return };
                let deletion = MessageDeletion { id, room, message };
                self.services().delete_message(&self.connection, &self.limits.sends, deletion, respond).await;
            }
            ClientFrame::Edit { id, room, message, body } => {
                let Some(respond) = self.responder(id, room.clone()).await else { return };
                let edit = MessageEdit { id, room, message, body };
                self.services().edit_message(&self.connection, &self.limits.sends, edit, respond).await;
            }
            ClientFrame::React { id, room, message, emoji, on } => {
                let Some(respond) = self.responder(id, room.clone()).await else { return };
                let reaction = MessageReaction { id, room, message, emoji, on };
                self.services().react(&self.connection, &self.limits.sends, reaction, respond).await;
            }
            ClientFrame::MarkUnread { room, seq } => {
                if let Err(error) = self.services().mark_unread(&self.connection, &room, seq).await {
                    self.refuse_error(Some(room), &error);
                }
            }
            ClientFrame::Away { on } => self.context.hub.set_away(&self.connection, on),
            ClientFrame::Typing { room } => self.typing(&room),
            ClientFrame::Read { room, seq } => {
                if let Err(error) = self.services().mark_read(&self.connection, &room, seq).await {
                    self.refuse_error(Some(room), &error);
                }
            }
            ClientFrame::Ping { at } => self.connection.push(&ServerFrame::Pong { at, now: clock::now() }),
        }
    }

    async fn welcome(&self) -> Result<()> {
        let services = self.services();
        // Read positions from another device must not change in between.
        let _turn = services.marking.lock(&self.user()).await;
        let rooms = services.joined_rooms(&self.who()).await?;
        let listed = rooms.iter().map(|(_, room)| room).filter(|room| services.is_listed(self.user(), room)).cloned();
        // Queued before the hub knows the connection, so that no frame precedes it.
        self.connection.push(&ServerFrame::Welcome {
            protocol: PROTOCOL_VERSION,
            you: (*self.connection.user).clone(),
            role: self.connection.role,
            server: self.context.server_info(),
            now: clock::now(),
            heartbeat_ms: u64::try_from(self.heartbeat().as_millis()).unwrap_or(u64::MAX),
            rooms: listed.collect(),
        });
        self.context.hub.connect(&self.connection, &rooms);
        self.state.lock().has_greeted = true;
        if let Some(code) = services.verify_connection(&self.connection).await? {
            self.close(code);
        }
        Ok(())
    }

    fn typing(&self, room: &RoomId) {
        // Typing is not stored and may be dropped, so it is ignored without a response where it is not allowed.
        if self.services().authorize_connected(&self.connection, RoomAction::Type, room).is_err() {
            return;
        }
        let mut state = self.state.lock();
        let Some(joined) = state.joined_room(room) else { return };
        let now = Instant::now();
        if joined.last_typing.is_none_or(|last| now.duration_since(last) >= TYPING_INTERVAL) {
            joined.last_typing = Some(now);
            self.context.hub.send_typing(&joined.room, &self.connection.user);
        }
    }

    /// Waits for output and moves it into `outgoing`.
    pub async fn next(&self, outgoing: &mut Outgoing) {
        self.connection.queue.next(outgoing).await;
        if outgoing.overflowed {
            self.report_gaps();
        }
    }

    fn who(&self) -> AuthenticatedUser {
        let (role, _) = self.context.hub.roles_of(self.user(), &RoomId::lobby());
        // Before `hello`, only the role at the opening of the connection is known.
        AuthenticatedUser { user: self.connection.user.clone(), role: role.max(self.connection.role) }
    }

    fn services(&self) -> &Services {
        &self.context.services
    }

    fn user(&self) -> UserId {
        self.connection.user.id
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.queue.shut();
        self.context.hub.disconnect(&self.connection);
        for joined in &self.state.get_mut().joined {
            joined.room.unsubscribe(&self.connection);
        }
    }
}
