//! The live client as the page sees it: signals to read. What one can do is in `asked.rs`, what follows from it in `acting.rs`, and
//! `showing.rs` keeps the signals true.

use futures::channel::mpsc::{UnboundedSender, unbounded};
use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{ClientFrame, RoomId, RoomSummary, User};

use super::{
    connection::ConnectionState,
    connection_stats::ConnectionStats,
    persistence::{self, Keep, Unsaved},
    run::run,
    state::{State, Todo},
    view::RoomView,
};
use crate::{
    browser, clock,
    i18n::I18n,
    page::PageData,
    reactive::Look as _,
    storage,
    time::{Day, Zone},
};

/// Pause before a page that could not be loaded is asked for again, in milliseconds.
pub(super) const RETRY_MS: u32 = 2_000;

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
    pub(super) inner: StoredValue<Inner>,
    /// In which words the page speaks.
    pub i18n: I18n,
    /// The page is the shell: who is reading is not known at first.
    shell: bool,
    /// How the connection stands.
    pub connection: RwSignal<ConnectionState>,
    /// My rooms and public ones.
    pub rooms: RwSignal<Vec<RoomSummary>>,
    /// Who is reading.
    pub me: RwSignal<Option<User>>,
    /// The server's build, when this page is of another.
    pub newer: RwSignal<Option<String>>,
    /// Counts the moments at which what is not sent, or was discarded, may have become something else.
    pub unsent: RwSignal<usize>,
    /// A text that its writer wants back, for the message box of its room.
    pub returned: RwSignal<Option<(RoomId, String)>>,
    /// This browser keeps nothing: what waits is lost with the page.
    pub unkept: RwSignal<bool>,
    /// What is to be said beside the message box.
    pub hint: RwSignal<String>,
    /// The reader's clock.
    pub zone: RwSignal<Zone>,
    /// The day it is.
    pub today: RwSignal<Day>,
}

pub(super) struct Inner {
    pub(super) state: State,
    pub(super) vitals: ConnectionStats,
    pub(super) views: Vec<(RoomId, RoomView)>,
    pub(super) commands: Option<UnboundedSender<Command>>,
    pub(super) keeper: Option<UnboundedSender<Keep>>,
    pub(super) unsaved: Unsaved,
    /// Something was not sent when the page was last brought up to date, or could be had back.
    pub(super) unsent: bool,
}

impl Inner {
    pub(super) fn view(&mut self, room: &RoomId) -> RoomView {
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
    pub fn new(page: &PageData, now: i64, i18n: I18n) -> Self {
        let zone = Zone::Fixed(page.tz_minutes);
        let mut state = State {
            i18n,
            me: page.user.clone(),
            build: page.server.build.clone(),
            // The shell has no list of rooms: it comes with the first welcome, as after a break.
            welcomed: page.shell,
            ..State::default()
        };
        state.listed(page.rooms.clone());
        if let Some(room) = &page.room {
            let id = room.summary.id.clone();
            _ = state.open(&id);
            if page.user.is_some() && !state.rooms.iter().any(|known| known.id == id) {
                state.listed(state.rooms.iter().cloned().chain([room.summary.clone()]).collect());
            }
            _ = state.loaded(&id, room.page.clone());
            state.current = Some(id);
        }
        let client = Self {
            i18n,
            shell: page.shell,
            connection: RwSignal::new(ConnectionState::Connecting),
            rooms: RwSignal::new(state.rooms.clone()),
            me: RwSignal::new(page.user.clone()),
            newer: RwSignal::new(None),
            unsent: RwSignal::new(0),
            returned: RwSignal::new(None),
            unkept: RwSignal::new(false),
            hint: RwSignal::new(String::new()),
            zone: RwSignal::new(zone),
            today: RwSignal::new(zone.day(now)),
            inner: StoredValue::new(Inner {
                state,
                vitals: ConnectionStats::default(),
                views: Vec::new(),
                commands: None,
                keeper: None,
                unsaved: Unsaved::default(),
                unsent: false,
            }),
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
        match self.me.get_untracked() {
            Some(me) => self.meet(me),
            None if self.shell => {
                return spawn_local(async move {
                    self.recall().await;
                    self.connect();
                });
            }
            None => return,
        }
        self.connect();
    }

    /// Who read here last, and their rooms. Where nothing was kept, the welcome brings both.
    async fn recall(self) {
        let Some((me, rooms)) = storage::scene().await else { return };
        self.change(|state| {
            state.me = Some(me.clone());
            state.listed(rooms);
            state.changed.extend(state.open.keys().cloned());
            Vec::new()
        });
        self.meet(me);
    }

    /// Now it is known who is reading: what they left behind in an earlier page goes on its way.
    pub(super) fn meet(&self, me: User) {
        let keeper = persistence::start(*self, me);
        self.inner.update_value(|inner| inner.keeper = Some(keeper));
    }

    /// The server says who is reading.
    pub(super) fn met(&self, you: &User) {
        match self.me.get_untracked() {
            None => self.meet(you.clone()),
            // The cookie is of another person than what was kept: theirs is not shown to anyone else.
            Some(me) if me.id != you.id => spawn_local(async {
                storage::forget_rooms().await;
                browser::reload();
            }),
            Some(_) => {}
        }
    }

    fn connect(self) {
        let (sender, commands) = unbounded();
        self.inner.update_value(|inner| inner.commands = Some(sender));
        self.change(|state| {
            state.attentive = browser::is_attentive();
            Vec::new()
        });
        browser::on_input(move || self.attend(true));
        browser::on_attention(move || {
            self.change(|state| {
                state.attentive = browser::is_attentive();
                Vec::new()
            });
            self.attend(!browser::is_hidden());
            if !browser::is_hidden() {
                self.tell(Command::Probe);
                self.keep(Keep::Rescue);
            }
        });
        browser::on_life(move |awake| {
            // Taken up again after its end: the server knows what there is to show.
            if awake && self.connection.peek(|state| matches!(state, ConnectionState::Closed { .. })) {
                return browser::reload();
            }
            self.tell(if awake { Command::Woke } else { Command::Away });
        });
        browser::on_network(move |online| self.tell(if online { Command::Online } else { Command::Offline }));
        spawn_local(run(self, commands));
    }

    fn attend(self, here: bool) {
        let todos = self.read(|state| state.attend(here, clock::now()));
        self.act(todos);
    }

    /// The signals of a room.
    #[must_use]
    pub fn view(&self, room: &RoomId) -> RoomView {
        self.inner.try_update_value(|inner| inner.view(room)).unwrap_or_default()
    }

    /// How healthy the connection is.
    #[must_use]
    pub fn vitals(&self) -> ConnectionStats {
        self.inner.try_update_value(|inner| inner.vitals.clone()).unwrap_or_default()
    }

    /// Notes something about the connection's health. Not generic, so that the wasm has it once.
    pub(super) fn note(&self, note: &mut dyn FnMut(&mut ConnectionStats)) {
        self.inner.update_value(|inner| note(&mut inner.vitals));
    }

    /// Asks how the connection stands; [`Client::vitals`] has the answer a moment later.
    pub fn look(&self) {
        self.tell(Command::Look);
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
        let (mut look, mut seen) = (Some(look), T::default());
        self.inside(&mut |inner| {
            if let Some(look) = look.take() {
                seen = look(&mut inner.state);
            }
        });
        seen
    }

    /// Not generic, so that the wasm has it once.
    fn inside(&self, look: &mut dyn FnMut(&mut Inner)) {
        let _ = self.inner.try_update_value(|inner| look(inner));
    }

    /// Changes the state, brings the page up to date, and does what follows.
    pub(super) fn change(&self, change: impl FnOnce(&mut State) -> Vec<Todo>) {
        let todos = self.read(change);
        self.publish();
        self.act(todos);
    }

    /// Tells the one that keeps.
    pub(super) fn keep(&self, keep: Keep) {
        self.inner.with_value(|inner| {
            if let Some(keeper) = &inner.keeper {
                // It runs for as long as the page does.
                let _ = keeper.unbounded_send(keep);
            }
        });
    }

    fn watch_the_day(self) {
        spawn_local(async move {
            loop {
                clock::sleep(60_000).await;
                let todos = self.read(|state| state.idle(clock::now()));
                self.act(todos);
                let today = Zone::Browser.day(clock::now());
                if today != self.today.get_untracked() {
                    self.today.set(today);
                }
            }
        });
    }
}
