//! One who takes part through a gateway: a session that was there before, or a guest who goes with the connection.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use parlor_protocol::{
    ClientFrame, CloseCode, CommandId, Cursor, PROTOCOL_VERSION, RoomId, RoomKind, ServerRole, UserId, error_code,
};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{
    private::{self, Addressed},
    translate::Translator,
    unanswered::Unanswered,
};
use crate::{
    accounts::names,
    connection::Bye,
    domain::TokenHash,
    http::{ApiError, App, Caller, Visitor, rooms, sessions},
    policy::{RoomAct, Standing, Verdict},
    session::Session,
    store::Store,
};

/// Direct rooms that are listened to from the beginning. Those beyond are joined when something is said in them.
const MAX_DIRECT: usize = 150;

/// See the module.
pub(super) struct Participant {
    pub(super) app: App,
    pub(super) who: Caller,
    /// The room that the client is in.
    pub(super) room: RoomId,
    visitor: Visitor,
    /// A guest whose session begins and ends with the connection.
    passing: Option<Passing>,
    /// By that name they stay. A guest who gave none may still give one.
    named: bool,
    /// Direct rooms, and from where each is listened to.
    direct: Mutex<HashMap<RoomId, Direct>>,
    /// The direct rooms with those who were written to.
    partners: Mutex<HashMap<UserId, RoomId>>,
    /// What they have said.
    pub(super) unanswered: Unanswered,
}

/// How a direct room is listened to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direct {
    /// From where the client came in.
    Joined,
    /// It was there before, and is not listened to yet.
    Old,
}

impl Participant {
    /// Lets someone in: by their session, else as a guest by this name, or by a number when it is empty.
    ///
    /// # Errors
    /// They may not come in, or not by this name, or there is no such room for them.
    pub(super) async fn enter(
        app: App,
        visitor: Visitor,
        caller: Option<Caller>,
        name: &str,
        room: RoomId,
    ) -> Result<Self, ApiError> {
        let from_before = caller.is_some();
        let who = match caller {
            Some(caller) => caller,
            None => {
                guests_may_read(&app, &room)?;
                sessions::guest(&app, &visitor, name).await?
            }
        };
        let named = from_before || !name.trim().is_empty();
        let passing = (!from_before).then(|| Passing::new(&app, who.token));
        let (direct, partners, unanswered) = Default::default();
        let entered = Self { app, who, room, visitor, passing, named, direct, partners, unanswered };
        match entered.look_around().await {
            Ok(()) => Ok(entered),
            Err(failure) => {
                entered.leave(None).await;
                Err(failure)
            }
        }
    }

    /// The same client, who has now said by which name.
    ///
    /// # Errors
    /// See [`Participant::enter`].
    pub(super) async fn named(&self, name: &str) -> Result<Self, ApiError> {
        Self::enter(self.app.clone(), self.visitor.clone(), None, name, self.room.clone()).await
    }

    /// Whether they may be here, and which conversations they have.
    async fn look_around(&self) -> Result<(), ApiError> {
        rooms::may(&self.app, &self.who, RoomAct::Read, &self.room).await?;
        if self.passing.is_none() {
            let rooms = self.app.live.rooms_for(&self.who.signed_in()).await?;
            let direct = rooms.into_iter().filter(|room| room.kind == RoomKind::Direct && room.id != self.room);
            self.direct.lock().extend(direct.map(|room| (room.id, Direct::Old)));
        }
        Ok(())
    }

    /// The same client goes on as another, who is in the room by the name that they gave: their connection.
    pub(super) async fn succeeded_by(&mut self, other: Self, session: Session, translator: &mut Translator) -> Session {
        self.leave(Some(session)).await;
        *self = other;
        let cursors = translator.succeeded_by(&self.who.user);
        self.connect(cursors).await
    }

    /// Goes on where they were, after something about who they are has changed.
    ///
    /// # Errors
    /// The session is no longer theirs: how the connection ends.
    pub(super) async fn renewed(&mut self, translator: &mut Translator) -> Result<Session, Bye> {
        let Ok(Some(now)) = self.app.live.store.session(self.who.token).await else {
            return Err(Bye { code: CloseCode::SessionRevoked, after: None });
        };
        (self.who.user, self.who.role) = (now.user, now.role);
        translator.is_now(&self.who.user);
        Ok(self.connect(translator.cursors()).await)
    }

    /// Whether this name has to be taken before anything is said.
    pub(super) fn takes(&self, nickname: &str) -> bool {
        !self.named && !nickname.trim().is_empty()
    }

    /// Whether it is another than the guest has. Who has a session is called as it says.
    pub(super) fn is_other(&self, nickname: &str) -> bool {
        let key = names::key(nickname);
        self.passing.is_some() && self.named && !key.is_empty() && key != names::key(&self.who.user.name)
    }

    /// A connection of theirs. It has said hello and joined: `cursors`, or where there are none, from now on.
    pub(super) async fn connect(&self, cursors: Vec<Cursor>) -> Session {
        let session = Session::new(self.app.live.clone(), self.who.signed_in(), self.who.token);
        let resume = if cursors.is_empty() { self.beginning() } else { cursors };
        session.receive(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }.encode()).await;
        session
    }

    fn beginning(&self) -> Vec<Cursor> {
        let mut direct = self.direct.lock();
        let mut rooms = vec![self.room.clone()];
        for (room, how) in direct.iter_mut().take(MAX_DIRECT) {
            *how = Direct::Joined;
            rooms.push(room.clone());
        }
        rooms.into_iter().map(|room| Cursor { room, after: None, tail: None }).collect()
    }

    /// Listens to a direct room, from its first message if it is new.
    pub(super) async fn listen(&self, session: &Session, room: &RoomId) {
        let after = match self.direct.lock().insert(room.clone(), Direct::Joined) {
            Some(Direct::Joined) => return,
            Some(Direct::Old) => None,
            None => Some(0),
        };
        let join = ClientFrame::Join(Cursor { room: room.clone(), after, tail: None });
        session.receive(&join.encode()).await;
    }

    /// Says something in the room, or after `@name` to that person alone. The session answers with this id.
    ///
    /// # Errors
    /// Nobody is called so, or they may not be written to: nothing was said.
    pub(super) async fn say(&self, session: &Session, text: &str, id: CommandId) -> Result<(), ApiError> {
        match private::addressee(&self.app, &self.who, &self.room, text).await? {
            None => self.send(session, self.room.clone(), text, None, id).await,
            Some(Addressed { user, said }) => {
                let room = self.room_with(user).await?;
                self.listen(session, &room).await;
                self.send(session, room, &said, None, id).await;
            }
        }
        Ok(())
    }

    /// Says something in a room. The session answers with this id.
    pub(super) async fn send(
        &self,
        session: &Session,
        room: RoomId,
        body: &str,
        reply_to: Option<CommandId>,
        id: CommandId,
    ) {
        self.unanswered.note(id, body);
        session.receive(&ClientFrame::Send { id, room, body: body.into(), reply_to }.encode()).await;
    }

    /// Refuses a text before it is said.
    pub(super) fn refuse(&self, session: &Session, text: &str, code: &str, message: impl Into<String>) {
        let id = CommandId(Uuid::now_v7());
        self.unanswered.note(id, text);
        session.receive_bad(Some(id), code, message);
    }

    /// Whether this is a conversation that is listened to.
    pub(super) fn listens(&self, room: &RoomId) -> bool {
        self.direct.lock().get(room) == Some(&Direct::Joined)
    }

    /// The direct room with someone. To make it is a change like any other.
    async fn room_with(&self, user: UserId) -> Result<RoomId, ApiError> {
        if let Some(room) = self.partners.lock().get(&user) {
            return Ok(room.clone());
        }
        if self.app.live.rate_limits {
            self.app.changes.take(self.visitor.address, Some(&self.who.token)).map_err(ApiError::too_fast)?;
        }
        let (room, _) = rooms::direct_with(&self.app, &self.who, vec![user]).await?;
        self.partners.lock().insert(user, room.id.clone());
        Ok(room.id.clone())
    }

    /// Refuses what comes under another name than the first.
    pub(super) fn refuse_name(&self, session: &Session, text: &str) {
        let name = &self.who.user.name;
        let message =
            format!("On this connection you are “{name}”. Nothing was sent: open another one for another name.");
        self.refuse(session, text, error_code::FORBIDDEN, message);
    }

    /// The connection has ended, and with it who was here by it alone.
    pub(super) async fn leave(&self, session: Option<Session>) {
        let Some(passing) = &self.passing else { return };
        if let Some(session) = session {
            session.depart();
        }
        passing.end().await;
    }
}

/// Refuses a room that is not for a guest who is new. Asked before there is one: whoever is refused leaves nobody behind.
fn guests_may_read(app: &App, room: &RoomId) -> Result<(), ApiError> {
    let found = app.live.hub.room(room).ok_or_else(ApiError::no_such_room)?;
    // All are members of the lobby, and at first of no other room.
    let standing = (*room == RoomId::lobby()).then_some(Standing { moderator: false, muted: false });
    match app.live.actor(ServerRole::Guest).may(RoomAct::Read, found.place(standing)) {
        Verdict::Allowed => Ok(()),
        Verdict::Forbidden => Err(ApiError::forbidden()),
        Verdict::Unseen => Err(ApiError::no_such_room()),
    }
}

/// The session of a guest who is only passing. Whatever happens, it ends.
struct Passing {
    store: Arc<dyn Store>,
    token: TokenHash,
    ended: AtomicBool,
}

impl Passing {
    fn new(app: &App, token: TokenHash) -> Self {
        Self { store: app.live.store.clone(), token, ended: AtomicBool::new(false) }
    }

    async fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            end_session(&*self.store, self.token).await;
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if !*self.ended.get_mut()
            && let Ok(runtime) = Handle::try_current()
        {
            let (store, token) = (self.store.clone(), self.token);
            runtime.spawn(async move { end_session(&*store, token).await });
        }
    }
}

async fn end_session(store: &dyn Store, token: TokenHash) {
    if let Err(error) = store.end_session(token).await {
        tracing::warn!(%error, "a guest's session is still there");
    }
}
