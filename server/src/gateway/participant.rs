//! A user who takes part through a gateway: with a session of their own, or as a guest whose session ends with the
//! connection.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use parlor_protocol::{
    ClientFrame, CloseCode, CommandId, Cursor, PROTOCOL_VERSION, RoomId, RoomKind, RoomSummary, UserId, error_code,
    policy::RoomAction,
};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{
    direct_message::{self, DirectMessage},
    pending_texts::PendingTexts,
    refusal::Refusal,
    translate::Translator,
};
use crate::{
    connection::Disconnect,
    domain::{TokenHash, names},
    limits::ConnectionShare,
    services::{Caller, ClientInfo, Result, Services},
    session::{Session, SessionContext},
};

/// Direct rooms that are joined at the beginning. Others are joined when the client sends something there.
const MAX_DIRECT: usize = 150;

pub(super) struct Participant {
    pub(super) context: Arc<SessionContext>,
    pub(super) caller: Caller,
    pub(super) room: RoomId,
    visitor: ClientInfo,
    limits: Arc<ConnectionShare>,
    /// The session of a guest that ends with the connection.
    temporary_session: Option<TemporarySession>,
    /// The user has a name that stays. A guest who gave none may still give one.
    is_named: bool,
    direct_rooms: Mutex<HashMap<RoomId, DirectRoom>>,
    /// The direct rooms by their other person.
    direct_rooms_by_user: Mutex<HashMap<UserId, RoomId>>,
    /// Texts that the session has not responded to.
    pub(super) pending_texts: PendingTexts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DirectRoom {
    Joined,
    /// It existed before the connection and is not joined yet.
    NotJoined,
}

impl Participant {
    /// Joins with the caller's session, or else as a guest with this name. An empty name gives a numbered guest.
    ///
    /// # Errors
    /// They may not join, the name cannot be used, or they may not see the room.
    pub(super) async fn join(
        context: Arc<SessionContext>,
        visitor: ClientInfo,
        caller: Option<Caller>,
        name: &str,
        room: RoomId,
    ) -> Result<Self> {
        let has_session = caller.is_some();
        let caller = match caller {
            Some(caller) => caller,
            None => {
                context.services.require_guest_access(&room)?;
                context.services.create_gateway_guest(&visitor, name).await?
            }
        };
        let is_named = has_session || !name.trim().is_empty();
        let temporary_session = (!has_session).then(|| TemporarySession::new(&context, caller.token));
        let limits = context.admit(&caller.signed_in(), &visitor)?;
        let (direct_rooms, direct_rooms_by_user, pending_texts) = Default::default();
        let participant = Self {
            context,
            caller,
            room,
            visitor,
            limits,
            temporary_session,
            is_named,
            direct_rooms,
            direct_rooms_by_user,
            pending_texts,
        };
        match participant.load_rooms().await {
            Ok(()) => Ok(participant),
            Err(error) => {
                participant.leave(None).await;
                Err(error)
            }
        }
    }

    /// Joins again as a guest with a name.
    ///
    /// # Errors
    /// See [`Participant::join`].
    pub(super) async fn with_name(&self, name: &str) -> Result<Self> {
        Self::join(self.context.clone(), self.visitor.clone(), None, name, self.room.clone()).await
    }

    /// Checks the right to read the room and loads the direct rooms.
    async fn load_rooms(&self) -> Result<()> {
        self.services().authorize(&self.caller, RoomAction::Read, &self.room).await?;
        if self.temporary_session.is_none() {
            let rooms = self.services().joined_rooms(&self.caller.signed_in()).await?;
            let is_direct = |room: &RoomSummary| room.kind == RoomKind::Direct && room.id != self.room;
            let listed = rooms
                .into_iter()
                .map(|(_, room)| room)
                .filter(|room| is_direct(room) && self.services().is_listed(self.caller.user.id, room));
            self.direct_rooms.lock().extend(listed.map(|room| (room.id, DirectRoom::NotJoined)));
        }
        Ok(())
    }

    /// Continues the connection as another participant in the same room. Returns the new session.
    pub(super) async fn replace_with(&mut self, other: Self, session: Session, translator: &mut Translator) -> Session {
        self.leave(Some(session)).await;
        *self = other;
        let cursors = translator.replace_user(&self.caller.user);
        self.connect(cursors).await
    }

    /// Opens a new session after a change of the user's identity, and resumes all rooms.
    ///
    /// # Errors
    /// The session was ended: how to close the connection.
    pub(super) async fn renew_session(
        &mut self,
        translator: &mut Translator,
    ) -> std::result::Result<Session, Disconnect> {
        let Ok(Some(now)) = self.services().session_user(self.caller.token).await else {
            return Err(Disconnect { code: CloseCode::SessionRevoked, reconnect_after: None });
        };
        (self.caller.user, self.caller.role) = (now.user, now.role);
        translator.set_user(&self.caller.user);
        Ok(self.connect(translator.cursors()).await)
    }

    /// Whether this nickname must be taken as the guest's name.
    pub(super) fn takes_name(&self, nickname: &str) -> bool {
        !self.is_named && !nickname.trim().is_empty()
    }

    /// Whether the nickname differs from the guest's name. It is ignored for users with a session of their own.
    pub(super) fn is_other_name(&self, nickname: &str) -> bool {
        let key = names::key(nickname);
        self.temporary_session.is_some()
            && self.is_named
            && !key.is_empty()
            && key != names::key(&self.caller.user.name)
    }

    /// Opens a session that has sent hello and resumed `cursors`, or if there are none, joined its rooms at their heads.
    pub(super) async fn connect(&self, cursors: Vec<Cursor>) -> Session {
        let who = self.caller.signed_in();
        let session = Session::new(self.context.clone(), who, self.caller.token, self.limits.clone());
        let resume = if cursors.is_empty() { self.initial_cursors() } else { cursors };
        session.receive(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }.encode()).await;
        session
    }

    fn initial_cursors(&self) -> Vec<Cursor> {
        let mut direct_rooms = self.direct_rooms.lock();
        let mut rooms = vec![self.room.clone()];
        for (room, state) in direct_rooms.iter_mut().take(MAX_DIRECT) {
            *state = DirectRoom::Joined;
            rooms.push(room.clone());
        }
        rooms.into_iter().map(|room| Cursor { room, after: None, tail: None }).collect()
    }

    pub(super) fn services(&self) -> &Services {
        &self.context.services
    }

    /// Joins a direct room; a new one from its first message on.
    pub(super) async fn listen(&self, session: &Session, room: &RoomId) {
        let after = match self.direct_rooms.lock().insert(room.clone(), DirectRoom::Joined) {
            Some(DirectRoom::Joined) => return,
            Some(DirectRoom::NotJoined) => None,
            None => Some(0),
        };
        let join = ClientFrame::Join(Cursor { room: room.clone(), after, tail: None });
        session.receive(&join.encode()).await;
    }

    /// Sends a text to the room, or a text like `@name …` to that person alone. The session responds to `id`.
    ///
    /// # Errors
    /// No member has this name, or they may not be written to. Nothing was sent.
    pub(super) async fn send_text(
        &self,
        session: &Session,
        text: &str,
        id: CommandId,
    ) -> std::result::Result<(), Refusal> {
        match direct_message::parse(self.services(), &self.caller, &self.room, text).await? {
            None => self.send(session, self.room.clone(), text, None, id).await,
            Some(DirectMessage { recipient, text }) => {
                let room = self.direct_room_with(recipient).await?;
                self.listen(session, &room).await;
                self.send(session, room, &text, None, id).await;
            }
        }
        Ok(())
    }

    /// Sends a message to a room. The session responds to `id`.
    pub(super) async fn send(
        &self,
        session: &Session,
        room: RoomId,
        body: &str,
        reply_to: Option<CommandId>,
        id: CommandId,
    ) {
        self.pending_texts.add(id, body);
        session.receive(&ClientFrame::Send { id, room, body: body.into(), reply_to }.encode()).await;
    }

    /// Refuses a text without sending it.
    pub(super) fn refuse(&self, session: &Session, text: &str, code: &str, message: impl Into<String>) {
        let id = CommandId(Uuid::now_v7());
        self.pending_texts.add(id, text);
        session.refuse_message(Some(id), code, message);
    }

    /// Whether this is a direct room that is joined.
    pub(super) fn is_listening(&self, room: &RoomId) -> bool {
        self.direct_rooms.lock().get(room) == Some(&DirectRoom::Joined)
    }

    /// The direct room with a user, which is created if needed. The mutation rate limit applies.
    async fn direct_room_with(&self, user: UserId) -> Result<RoomId> {
        if let Some(room) = self.direct_rooms_by_user.lock().get(&user) {
            return Ok(room.clone());
        }
        self.services().limit_mutations(&self.visitor, Some(&self.caller.token))?;
        let (room, _) = self.services().find_direct_room(&self.caller, vec![user]).await?;
        self.direct_rooms_by_user.lock().insert(user, room.id.clone());
        Ok(room.id.clone())
    }

    /// Refuses a text with another nickname than the guest's name.
    pub(super) fn refuse_name(&self, session: &Session, text: &str) {
        let name = &self.caller.user.name;
        let message = format!(
            "You are “{name}” on this connection. Nothing was sent. Open another connection to use another name."
        );
        self.refuse(session, text, error_code::FORBIDDEN, message);
    }

    /// Ends the temporary session of a guest, who leaves all rooms at once.
    pub(super) async fn leave(&self, session: Option<Session>) {
        let Some(temporary_session) = &self.temporary_session else { return };
        if let Some(session) = session {
            session.leave_all();
        }
        temporary_session.end().await;
    }
}

/// The session of a guest that ends with the connection, even if the connection's task is cancelled.
struct TemporarySession {
    services: Arc<Services>,
    token: TokenHash,
    ended: AtomicBool,
}

impl TemporarySession {
    fn new(context: &SessionContext, token: TokenHash) -> Self {
        Self { services: context.services.clone(), token, ended: AtomicBool::new(false) }
    }

    async fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.services.end_guest_session(self.token).await;
        }
    }
}

impl Drop for TemporarySession {
    fn drop(&mut self) {
        if !*self.ended.get_mut()
            && let Ok(runtime) = Handle::try_current()
        {
            let (services, token) = (self.services.clone(), self.token);
            runtime.spawn(async move { services.end_guest_session(token).await });
        }
    }
}
