//! The live client as components use it: a handle with signals. `actions` has what the user can do, `effects` runs what
//! follows from a state change, and `render` updates the signals.

use std::{collections::BTreeMap, time::Duration};

use futures::channel::{
    mpsc::{UnboundedSender, unbounded},
    oneshot,
};
use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{ClientFrame, CommandId, RoomId, RoomSummary, ServerRole, User};

use super::{
    connection::ConnectionState,
    connection_stats::ConnectionStats,
    persistence::{self, PersistenceCommand, Unsaved},
    run::run,
    state::{Effect, State, editing::EditConflict},
    view::RoomView,
};
use crate::{
    browser, clock,
    i18n::I18n,
    page::PageData,
    storage,
    time::{Day, Zone},
};

/// Pause before a failed page load is retried, in milliseconds.
pub(super) const RETRY_MS: u32 = 2_000;
/// How often the day and the idle time are checked, in milliseconds.
const CLOCK_INTERVAL_MS: u32 = 60_000;

/// What the page asks of the connection loop.
#[derive(Debug)]
pub(super) enum Command {
    /// The outbox may have messages that can be sent.
    FlushOutbox,
    /// Send a frame if there is a connection; otherwise drop it.
    Send(ClientFrame),
    ReconnectNow,
    Online,
    Offline,
    /// The page is visible again: check that the connection still works.
    CheckConnection,
    /// The page runs again after a freeze or a stay in the back/forward cache.
    PageResumed,
    /// The page is put away. An open connection would keep it out of the back/forward cache.
    PageHidden,
    /// The connection panel is open and shows round-trip times.
    MeasureLatency,
}

/// A handle to the live client; copies are the same client.
#[derive(Clone, Copy)]
pub struct Client {
    pub(super) inner: StoredValue<Inner>,
    pub i18n: I18n,
    /// Another page covers the chat, so that nothing in it is being read.
    covered: RwSignal<bool>,
    /// The page is the cached shell, which does not know who is signed in.
    shell: bool,
    pub connection: RwSignal<ConnectionState>,
    /// The user's rooms and the public ones.
    pub rooms: RwSignal<Vec<RoomSummary>>,
    pub me: RwSignal<Option<User>>,
    /// The user's role on the server, once it is known.
    pub role: RwSignal<Option<ServerRole>>,
    /// The server's name.
    pub server_name: RwSignal<String>,
    /// The server's build, if it differs from this page's.
    pub newer_build: RwSignal<Option<String>>,
    /// Notified when the unsent messages may have changed.
    pub unsent_changed: Trigger,
    /// A withdrawn message's text, to be put into the composer of its room, and the message that it edits.
    pub returned_draft: RwSignal<Option<(RoomId, String, Option<CommandId>)>>,
    /// This browser stores nothing: unsent messages are lost when the page is closed.
    pub storage_unavailable: RwSignal<bool>,
    /// Messages that are being deleted.
    pub deleting: RwSignal<Vec<CommandId>>,
    /// What has happened to the message that the composer is editing.
    pub edit_conflict: RwSignal<Option<EditConflict>>,
    /// A message to the user, shown beside the composer.
    pub hint: RwSignal<String>,
    /// The user's time zone.
    pub zone: RwSignal<Zone>,
    pub today: RwSignal<Day>,
}

pub(super) struct Inner {
    pub(super) state: State,
    pub(super) stats: ConnectionStats,
    pub(super) views: BTreeMap<RoomId, RoomView>,
    pub(super) commands: Option<UnboundedSender<Command>>,
    pub(super) persistence: Option<UnboundedSender<PersistenceCommand>>,
    pub(super) unsaved: Unsaved,
    /// There were unsent or discarded messages when the signals were last updated.
    pub(super) had_unsent: bool,
}

impl Client {
    /// A client that knows what the page brought. It does nothing before [`Client::start`].
    pub fn new(page: &PageData, now: i64, i18n: I18n) -> Self {
        let zone = Zone::Fixed(page.tz_minutes);
        let mut state = State {
            i18n,
            me: page.user.clone(),
            server_name: page.server.name.clone(),
            build: page.server.build.clone(),
            // The shell has no list of rooms, and a page may have a part of it. So the first welcome has to load it, as after a
            // reconnect.
            welcomed: page.shell || page.has_more_rooms,
            ..State::default()
        };
        state.set_rooms(page.rooms.clone());
        if let Some(room) = &page.room {
            let id = room.summary.id.clone();
            _ = state.open(&id);
            if page.user.is_some() && !state.rooms.iter().any(|known| known.id == id) {
                state.set_rooms(state.rooms.iter().cloned().chain([room.summary.clone()]).collect());
            }
            _ = state.loaded(&id, room.page.clone());
            state.current = Some(id);
        }
        let client = Self {
            i18n,
            covered: RwSignal::new(false),
            shell: page.shell,
            connection: RwSignal::new(ConnectionState::Connecting),
            rooms: RwSignal::new(state.rooms.clone()),
            me: RwSignal::new(page.user.clone()),
            role: RwSignal::new(None),
            server_name: RwSignal::new(page.server.name.clone()),
            newer_build: RwSignal::new(None),
            unsent_changed: Trigger::new(),
            returned_draft: RwSignal::new(None),
            storage_unavailable: RwSignal::new(false),
            deleting: RwSignal::new(Vec::new()),
            edit_conflict: RwSignal::new(None),
            hint: RwSignal::new(String::new()),
            zone: RwSignal::new(zone),
            today: RwSignal::new(zone.day(now)),
            inner: StoredValue::new(Inner {
                state,
                stats: ConnectionStats::default(),
                views: BTreeMap::new(),
                commands: None,
                persistence: None,
                unsaved: Unsaved::default(),
                had_unsent: false,
            }),
        };
        client.publish();
        client
    }

    /// Starts in the browser: restores what an earlier page stored, connects if there is a session, and switches to the
    /// browser's time zone.
    pub fn start(self) {
        // In a task of its own, which keys that were pressed while the page loaded do not have to wait for.
        set_timeout(move || self.use_browser_zone(), Duration::ZERO);
        self.watch_clock();
        match self.me.get_untracked() {
            Some(me) => self.start_persistence(me),
            None if self.shell => {
                return spawn_local(async move {
                    self.restore_last_session().await;
                    self.connect();
                });
            }
            // Nobody is signed in: a session that ended while no page was open leaves nothing either.
            None => return spawn_local(storage::remove_user_data(None)),
        }
        self.connect();
    }

    fn use_browser_zone(self) {
        browser::save_time_zone();
        self.zone.set(Zone::Browser);
        self.today.set(Zone::Browser.day(clock::now()));
        self.with_state(State::all_changed);
        self.publish();
    }

    /// Shows the last session's user and rooms. If none was stored, the welcome brings both.
    async fn restore_last_session(self) {
        let Some((me, rooms)) = storage::last_session().await else { return };
        self.update(|state| {
            state.me = Some(me.clone());
            state.set_rooms(rooms);
            state.all_changed();
            Vec::new()
        });
        self.start_persistence(me);
    }

    /// Starts sending what this user left unsent in an earlier page.
    pub(super) fn start_persistence(self, me: User) {
        let commands = persistence::start(self, me);
        self.inner.update_value(|inner| inner.persistence = Some(commands));
    }

    /// Compares the welcome's user with the one that this page was made for.
    pub(super) fn verify_user(self, you: &User) {
        match self.me.get_untracked() {
            None => self.start_persistence(you.clone()),
            // The cookie is another user's. They must not see what was stored for this one.
            Some(me) if me.id != you.id => spawn_local(async move {
                self.forget_user().await;
                browser::reload();
            }),
            Some(_) => {}
        }
    }

    /// The session has ended: nothing of its user stays on this page, in the browser's storage, or in its other tabs.
    pub async fn forget_user(self) {
        let persistence = self.inner.try_update_value(|inner| inner.persistence.take()).flatten();
        self.update(State::forget_user);
        self.returned_draft.set(None);
        self.hint.set(String::new());
        // Where there is none, this was done before.
        if let Some(persistence) = persistence {
            let (done, removed) = oneshot::channel();
            let _ = persistence.unbounded_send(PersistenceCommand::RemoveUserData(done));
            let _ = removed.await;
        }
    }

    /// Whether the page stores what it shows.
    pub(super) fn is_persistent(&self) -> bool {
        self.inner.try_with_value(|inner| inner.persistence.is_some()).unwrap_or_default()
    }

    fn connect(self) {
        let (sender, commands) = unbounded();
        self.inner.update_value(|inner| inner.commands = Some(sender));
        self.update(|state| {
            state.attentive = self.is_attentive();
            Vec::new()
        });
        browser::on_input(move || self.set_active(true));
        browser::on_attention_change(move || {
            self.update(|state| {
                state.attentive = self.is_attentive();
                Vec::new()
            });
            self.set_active(!browser::is_hidden());
            if !browser::is_hidden() {
                self.command(Command::CheckConnection);
                self.persist(PersistenceCommand::Recover);
            }
        });
        browser::on_page_lifecycle(move |awake| {
            // A page that is restored after its connection was closed for good shows what the server says now.
            let closed = self.connection.with_untracked(|state| matches!(state, ConnectionState::Closed { .. }));
            if awake && closed {
                return browser::reload();
            }
            self.command(if awake { Command::PageResumed } else { Command::PageHidden });
        });
        browser::on_network(move |online| self.command(if online { Command::Online } else { Command::Offline }));
        spawn_local(run(self, commands));
    }

    fn is_attentive(self) -> bool {
        browser::is_attentive() && !self.covered.get_untracked()
    }

    /// Another page covers the chat, or no longer does.
    pub fn set_covered(self, covered: bool) {
        self.covered.set(covered);
        self.update(|state| {
            state.attentive = self.is_attentive();
            Vec::new()
        });
    }

    fn set_active(self, active: bool) {
        let effects = self.with_state(|state| state.set_active(active, clock::monotonic()));
        self.run_effects(effects);
    }

    pub fn view(&self, room: &RoomId) -> RoomView {
        self.inner.try_update_value(|inner| inner.views.entry(room.clone()).or_default().clone()).unwrap_or_default()
    }
    pub fn stats(&self) -> ConnectionStats {
        self.inner.try_with_value(|inner| inner.stats.clone()).unwrap_or_default()
    }

    pub(super) fn update_stats(&self, update: impl FnOnce(&mut ConnectionStats)) {
        if let Some(mut inner) = self.inner.try_write_value() {
            update(&mut inner.stats);
        }
    }

    /// Measures the round-trip time; [`Client::stats`] has it a moment later.
    pub fn measure_latency(&self) {
        self.command(Command::MeasureLatency);
    }

    pub(super) fn command(&self, command: Command) {
        self.inner.with_value(|inner| {
            if let Some(commands) = &inner.commands {
                // The loop ends when the server closes the connection for good; then nothing is left to do.
                let _ = commands.unbounded_send(command);
            }
        });
    }

    /// Reads or changes the state without updating the signals.
    pub(super) fn with_state<T: Default>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        // A guard rather than `try_update_value`, which would be compiled once more for each closure.
        match self.inner.try_write_value() {
            Some(mut inner) => read(&mut inner.state),
            None => T::default(),
        }
    }

    /// Changes the state, updates the signals and runs the effects.
    pub(super) fn update(&self, change: impl FnOnce(&mut State) -> Vec<Effect>) {
        let effects = self.with_state(change);
        self.publish();
        self.run_effects(effects);
    }

    pub(super) fn persist(&self, command: PersistenceCommand) {
        self.inner.with_value(|inner| {
            if let Some(commands) = &inner.persistence {
                // The receiver lives as long as the page.
                let _ = commands.unbounded_send(command);
            }
        });
    }

    fn watch_clock(self) {
        spawn_local(async move {
            loop {
                clock::sleep(CLOCK_INTERVAL_MS).await;
                let effects = self.with_state(|state| state.check_idle(clock::monotonic()));
                self.run_effects(effects);
                let today = Zone::Browser.day(clock::now());
                if today != self.today.get_untracked() {
                    self.today.set(today);
                }
            }
        });
    }
}
