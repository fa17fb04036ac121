//! The live client as the page sees it: signals to read, and what one can do.

use futures::channel::mpsc::{UnboundedSender, unbounded};
use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{ClientFrame, CommandId, RoomId, RoomSummary, ServerFrame, User, http::MessagePage};

use super::{
    connection::ConnectionState,
    outbox::{Delivery, Outgoing},
    rows::rows,
    run::run,
    state::{PAGE, Phase, State, Todo},
    view::RoomView,
    vitals::Vitals,
};
use crate::{
    api::{self, ApiError},
    browser, clock,
    kept::{self, Kept},
    page::PageData,
    time::{Day, Zone},
};

/// What the page tells the loop that holds the connection.
#[derive(Debug)]
pub(super) enum Command {
    /// Something may be ready in the outbox.
    Wake,
    /// Say this, if there is a connection. What must not be lost does not go this way.
    Say(ClientFrame),
    /// Do not wait any longer.
    TryNow,
    /// The browser says that the network is back.
    Online,
    /// The browser says that the network is gone.
    Offline,
    /// The reader is back: is the connection still there?
    Probe,
    /// The page was asleep or put away, and runs again.
    Woke,
    /// The page is put away: a connection would keep the browser from holding it ready.
    Away,
    /// The panel is open and wants to know how the connection stands.
    Look,
}

/// The live client. A handle: copies are the same client.
#[derive(Clone, Copy)]
pub struct Client {
    inner: StoredValue<Inner>,
    /// How the connection stands.
    pub connection: RwSignal<ConnectionState>,
    /// My rooms and public ones.
    pub rooms: RwSignal<Vec<RoomSummary>>,
    /// Who is reading.
    pub me: RwSignal<Option<User>>,
    /// How many messages wait for the connection.
    pub waiting: RwSignal<usize>,
    /// The reader's clock.
    pub zone: RwSignal<Zone>,
    /// The day it is.
    pub today: RwSignal<Day>,
}

struct Inner {
    state: State,
    vitals: Vitals,
    views: Vec<(RoomId, RoomView)>,
    commands: Option<UnboundedSender<Command>>,
}

impl Inner {
    fn view(&mut self, room: &RoomId) -> RoomView {
        if let Some((_, view)) = self.views.iter().find(|(id, _)| id == room) {
            return view.clone();
        }
        let view = RoomView::default();
        self.views.push((room.clone(), view.clone()));
        view
    }
}

impl Client {
    /// A client that knows what the page brought. Nothing moves before [`Client::start`].
    #[must_use]
    pub fn new(page: &PageData, now: i64) -> Self {
        let zone = Zone::Fixed(page.tz_minutes);
        let mut state = State { me: page.user.clone(), ..State::default() };
        state.listed(page.rooms.clone());
        if let Some(room) = &page.room {
            let id = room.summary.id.clone();
            _ = state.open(&id);
            if page.user.is_some() && !state.rooms.iter().any(|known| known.id == id) {
                state.listed(state.rooms.iter().cloned().chain([room.summary.clone()]).collect());
            }
            _ = state.loaded(&id, MessagePage { messages: room.messages.clone(), head: room.head });
            state.current = Some(id);
        }
        let client = Self {
            connection: RwSignal::new(ConnectionState::Connecting),
            rooms: RwSignal::new(state.rooms.clone()),
            me: RwSignal::new(page.user.clone()),
            waiting: RwSignal::new(0),
            zone: RwSignal::new(zone),
            today: RwSignal::new(zone.day(now)),
            inner: StoredValue::new(Inner { state, vitals: Vitals::default(), views: Vec::new(), commands: None }),
        };
        client.publish();
        client
    }

    /// Takes over in the browser: its clock, what an earlier page left behind, and for who has a session the connection.
    pub fn start(self) {
        browser::keep_offset();
        self.zone.set(Zone::Browser);
        self.today.set(Zone::Browser.day(clock::now()));
        self.read(|state| state.changed.extend(state.open.keys().cloned()));
        self.publish();
        self.watch_the_day();
        let Some(me) = self.me.get_untracked() else { return };
        let (sender, commands) = unbounded();
        self.inner.update_value(|inner| inner.commands = Some(sender));
        self.change(|state| {
            state.attentive = browser::is_attentive();
            kept::adopt(&me);
            for Kept { id, room, body, at } in kept::all(&me) {
                let known = state.open.get(&room);
                if known.is_some_and(|known| known.timeline.messages().any(|message| message.id == id)) {
                    kept::remove(id);
                    continue;
                }
                state.changed.insert(room.clone());
                state.outbox.push(room, id, body, me.clone(), at);
            }
            Vec::new()
        });
        browser::on_attention(move || {
            self.change(|state| {
                state.attentive = browser::is_attentive();
                Vec::new()
            });
            if !browser::is_hidden() {
                self.tell(Command::Probe);
            }
        });
        browser::on_life(move |awake| {
            // Taken up again after its end: the server knows what there is to show.
            if awake && self.connection.with_untracked(|state| matches!(state, ConnectionState::Closed { .. })) {
                return browser::reload();
            }
            self.tell(if awake { Command::Woke } else { Command::Away });
        });
        browser::on_network(move |online| self.tell(if online { Command::Online } else { Command::Offline }));
        spawn_local(run(self, commands));
    }

    /// The signals of a room.
    #[must_use]
    pub fn view(&self, room: &RoomId) -> RoomView {
        self.inner.try_update_value(|inner| inner.view(room)).unwrap_or_default()
    }

    /// Puts a room on the screen.
    pub fn show(&self, room: &RoomId) {
        self.change(|state| {
            if state.current.as_ref() == Some(room) {
                return Vec::new();
            }
            state.current = Some(room.clone());
            state.open(room)
        });
    }

    /// Sends a message, or keeps it until it can be sent.
    pub fn send(&self, room: &RoomId, body: String) {
        let Some(me) = self.me.get_untracked() else { return };
        let (id, now) = (CommandId(uuid::Uuid::now_v7()), clock::now());
        kept::put(&me, &Kept { id, room: room.clone(), body: body.clone(), at: now });
        self.change(|state| {
            if let Some(open) = state.open.get_mut(room) {
                open.timeline.mark_unread(None);
            }
            state.changed.insert(room.clone());
            state.outbox.push(room.clone(), id, body, me, now);
            Vec::new()
        });
        self.tell(Command::Wake);
    }

    /// Sends a failed message again.
    pub fn retry(&self, id: CommandId) {
        self.change(|state| {
            let room = state.outbox.retry(id);
            state.changed.extend(room);
            Vec::new()
        });
        self.tell(Command::Wake);
    }

    /// Takes a failed message away and gives it back.
    pub fn discard(&self, id: CommandId) -> Option<Outgoing> {
        let taken = self.read(|state| {
            let taken = state.outbox.discard(id)?;
            state.changed.insert(taken.room.clone());
            Some(taken)
        });
        kept::remove(id);
        self.publish();
        taken
    }

    /// The reader has scrolled: to the end, or away from it.
    pub fn scrolled(&self, room: &RoomId, at_end: bool) {
        let moved = self.read(|state| {
            state.open.get(room).is_some_and(|open| open.at_end != at_end || (at_end && open.unseen > 0))
        });
        if !moved {
            return;
        }
        self.change(|state| {
            if let Some(open) = state.open.get_mut(room) {
                open.at_end = at_end;
                if at_end {
                    open.unseen = 0;
                }
                state.changed.insert(room.clone());
            }
            Vec::new()
        });
    }

    /// Loads the page before the first message, unless it is on its way or there is none.
    pub fn load_older(self, room: &RoomId) {
        let before = self.read(|state| {
            let open = state.open.get_mut(room)?;
            if open.loading_older || open.phase != Phase::Ready || open.timeline.is_complete() {
                return None;
            }
            let before = open.timeline.first()?;
            open.loading_older = true;
            state.changed.insert(room.clone());
            Some(before)
        });
        let Some(before) = before else { return };
        self.publish();
        let room = room.clone();
        spawn_local(async move {
            let page = api::messages(&room, Some(before), PAGE).await;
            if page.is_err() {
                // Scrolling on tries again; not at once, or a dead server would be asked without end.
                clock::sleep(2_000).await;
            }
            self.change(|state| {
                if let Some(open) = state.open.get_mut(&room) {
                    open.loading_older = false;
                    // A gap may have replaced the timeline meanwhile; then this page is not the one before it.
                    if open.timeline.first() == Some(before)
                        && let Ok(page) = page
                    {
                        open.timeline.prepend(page, PAGE);
                    }
                    state.changed.insert(room.clone());
                }
                Vec::new()
            });
        });
    }

    /// Makes a public room.
    ///
    /// # Errors
    /// The server's sentence for people.
    pub async fn create_room(self, name: String) -> Result<RoomId, String> {
        let room = api::create_room(name).await.map_err(|error| error.to_string())?;
        let id = room.id.clone();
        self.change(|state| state.apply(ServerFrame::Room { room }, clock::now()));
        Ok(id)
    }

    /// Connects at once instead of waiting.
    pub fn try_now(&self) {
        self.tell(Command::TryNow);
    }

    /// How healthy the connection is.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        self.inner.try_update_value(|inner| inner.vitals.clone()).unwrap_or_default()
    }

    /// Notes something about the connection's health. Not generic, so that the wasm has it once.
    pub(super) fn note(&self, note: &mut dyn FnMut(&mut Vitals)) {
        self.inner.update_value(|inner| note(&mut inner.vitals));
    }

    /// Asks how the connection stands; [`Client::vitals`] has the answer a moment later.
    pub fn look(&self) {
        self.tell(Command::Look);
    }

    /// How many messages the server has refused.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.read(|state| {
            let all = state.rooms.iter().flat_map(|room| state.outbox.of(&room.id));
            all.filter(|item| matches!(item.delivery, Delivery::Failed(_))).count()
        })
    }

    pub(super) fn tell(&self, command: Command) {
        self.inner.with_value(|inner| {
            if let Some(commands) = &inner.commands {
                // The loop has ended when the server does not want us back: nobody is left to tell.
                let _ = commands.unbounded_send(command);
            }
        });
    }

    /// Looks at the state, or changes it without bringing the page up to date.
    pub(super) fn read<T: Default>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        self.inner.try_update_value(|inner| look(&mut inner.state)).unwrap_or_default()
    }

    /// Changes the state, brings the page up to date, and does what follows.
    pub(super) fn change(&self, change: impl FnOnce(&mut State) -> Vec<Todo>) {
        let todos = self.read(change);
        self.publish();
        self.act(todos);
    }

    /// Does what a change asks for.
    pub(super) fn act(self, todos: Vec<Todo>) {
        for todo in todos {
            match todo {
                Todo::Send(frame) => self.tell(Command::Say(frame)),
                Todo::LoadNewest(room) => spawn_local(self.load_newest(room)),
                Todo::LoadRooms => spawn_local(async move {
                    if let Ok(rooms) = api::rooms().await {
                        self.change(|state| {
                            state.listed(rooms);
                            Vec::new()
                        });
                    }
                }),
            }
        }
    }

    async fn load_newest(self, room: RoomId) {
        let page = api::messages(&room, None, PAGE).await;
        self.change(|state| match page {
            Ok(page) => state.loaded(&room, page),
            Err(error) => {
                let phase = if error == ApiError::NotFound { Phase::Missing } else { Phase::Failed(error.to_string()) };
                state.not_loaded(&room, phase);
                Vec::new()
            }
        });
    }

    /// Makes signals of what has changed. Effects run later, never inside, so they may look at the state.
    pub(super) fn publish(&self) {
        let zone = self.zone.get_untracked();
        self.inner.update_value(|inner| {
            if let (Some(read), Some(commands)) = (inner.state.see(), &inner.commands) {
                let _ = commands.unbounded_send(Command::Say(read));
            }
            let State { me, open, outbox, changed, .. } = &mut inner.state;
            let me = me.as_ref().map(|me| me.id);
            let mut updates = Vec::new();
            for id in changed.take() {
                if let Some(room) = open.get(&id) {
                    let rows = rows(&id, &room.timeline, outbox, me, zone);
                    updates.push((id, rows));
                }
            }
            let waiting = outbox.waiting();
            for (id, rows) in updates {
                let view = inner.view(&id);
                if let Some(room) = inner.state.open.get(&id) {
                    view.update(room, rows);
                }
            }
            if waiting != self.waiting.get_untracked() {
                self.waiting.set(waiting);
            }
            if std::mem::take(&mut inner.state.list_changed) {
                self.rooms.set(inner.state.rooms.clone());
            }
            if inner.state.me != self.me.get_untracked() {
                self.me.set(inner.state.me.clone());
            }
        });
    }

    fn watch_the_day(self) {
        spawn_local(async move {
            loop {
                clock::sleep(60_000).await;
                let today = Zone::Browser.day(clock::now());
                if today != self.today.get_untracked() {
                    self.today.set(today);
                }
            }
        });
    }
}
