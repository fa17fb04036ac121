//! A process that only follows the bus knows what the process knows that makes the changes: its clients are told the same.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use parlor::{
    bus::Bus,
    cache::{Cache, CachedStore},
    config::Config,
    connection::{Connection, HeartbeatWheel, Outgoing},
    fan_out,
    room::Hub,
    services::{Caller, ClientInfo, Services, hash_token},
    store::sqlite::SqliteStore,
    workers::Workers,
};
use parlor_protocol::{
    CloseCode, NotificationLevel, RoomId, RoomKind, RoomSummary, ServerFrame, ServerRole,
    http::{
        BanRequest, ChangePasswordRequest, ChangeRoleRequest, CreateAccountRequest, CreateRoomRequest, CreatedSession,
        OpenDirectRequest, Secret, UpdateProfileRequest, UpdateRoomRequest,
    },
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

const PASSWORD: &str = "a long enough password";

struct Process {
    hub: Arc<Hub>,
    connections: Arc<HeartbeatWheel>,
    _fan_out: JoinHandle<()>,
}

/// A process whose services make the changes, and one that follows.
struct World {
    services: Arc<Services>,
    here: Process,
    elsewhere: Process,
    _workers: Workers,
    _folder: TempDir,
}

/// A user with two connections to the first process and one to the second.
struct Person {
    caller: Caller,
    acting: Arc<Connection>,
    here: Arc<Connection>,
    elsewhere: Arc<Connection>,
}

/// What a connection was told: room summaries, and why it was closed.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    rooms: Vec<RoomSummary>,
    closed: Option<CloseCode>,
}

impl World {
    async fn new() -> Self {
        let (folder, cache) = (TempDir::new().unwrap(), Arc::<Cache>::default());
        let mut bus = Bus::default();
        let consumers = [bus.subscribe(), bus.subscribe()];
        let store = SqliteStore::open(folder.path(), cache.before(Arc::new(bus)), None).await.unwrap();
        let store = Arc::new(CachedStore::new(store, cache, Config::default().session_lifetime()).await.unwrap());
        let workers = Workers::start(1).unwrap();
        let rooms = store.all_rooms().await.unwrap();
        let [here, elsewhere] = consumers.map(|commits| {
            let hub = Arc::new(Hub::new(rooms.clone(), Duration::ZERO, 1));
            let connections = Arc::new(HeartbeatWheel::new(Duration::from_secs(60), Duration::from_secs(10)));
            let fan_out = fan_out::start(hub.clone(), connections.clone(), commits, &workers);
            Process { hub, connections, _fan_out: fan_out }
        });
        let services = Services::new(store, here.hub.clone(), here.connections.clone(), &Config::default());
        Self { services: Arc::new(services), here, elsewhere, _workers: workers, _folder: folder }
    }

    /// Creates an account, or the owner's with an invite, and connects it.
    async fn person(&self, name: &str, invite: Option<Secret>) -> Person {
        let request = CreateAccountRequest { name: name.into(), password: Secret(PASSWORD.into()), invite };
        let created = self.services.create_account(None, &client(), request).await.unwrap();
        self.connect(created).await
    }

    async fn owner(&self) -> Person {
        self.services.store.create_owner_invite(hash_token("first")).await.unwrap();
        self.person("Olga", Some(Secret("first".into()))).await
    }

    async fn connect(&self, CreatedSession { token, .. }: CreatedSession) -> Person {
        let caller = self.services.authenticate(&token, None).await.unwrap().unwrap();
        let rooms = self.services.joined_rooms(&caller.signed_in()).await.unwrap();
        let connect = |process: &Process| {
            let connection = Connection::new(caller.signed_in(), caller.token);
            process.connections.add(&connection);
            process.hub.connect(&connection, &rooms);
            connection
        };
        let (acting, here, elsewhere) = (connect(&self.here), connect(&self.here), connect(&self.elsewhere));
        Person { caller, acting, here, elsewhere }
    }
}

impl Person {
    /// What each of the person's connections was told; all the same.
    fn told(&self) -> Told {
        let told = told(&self.here);
        assert_eq!(told, self::told(&self.elsewhere), "elsewhere");
        assert_eq!(told, self::told(&self.acting), "the connection without a part in it");
        told
    }

    /// What the others were told of an act of one connection, which was told nothing.
    fn told_except_acting(&self) -> Told {
        assert_eq!(told(&self.acting), Told { rooms: Vec::new(), closed: None });
        let told = told(&self.here);
        assert_eq!(told, self::told(&self.elsewhere), "elsewhere");
        told
    }
}

fn told(connection: &Connection) -> Told {
    let (mut outgoing, mut rooms) = (Outgoing::default(), Vec::new());
    let _ = connection.queue.next(&mut outgoing).now_or_never();
    for frame in &outgoing.frames {
        let json = parlor::websocket::frame::payload(frame.bytes());
        match ServerFrame::decode(std::str::from_utf8(json).unwrap()).unwrap() {
            ServerFrame::Room { room } => rooms.push(room),
            frame => panic!("{frame:?}"),
        }
    }
    Told { rooms, closed: outgoing.disconnect.map(|disconnect| disconnect.code) }
}

fn client() -> ClientInfo {
    ClientInfo { address: [192, 0, 2, 7].into(), device: None }
}

fn closed(code: CloseCode) -> Told {
    Told { rooms: Vec::new(), closed: Some(code) }
}

fn only_room(told: Told) -> RoomSummary {
    assert_eq!((told.rooms.len(), told.closed), (1, None), "{told:?}");
    told.rooms.into_iter().next().unwrap()
}

async fn create_room(world: &World, by: &Person, kind: RoomKind) -> RoomId {
    let request = CreateRoomRequest { name: "Garden".into(), kind };
    world.services.create_room(&by.caller, request).await.unwrap().room.id
}

#[tokio::test]
async fn rooms_and_memberships() {
    let world = World::new().await;
    let (services, ann, bob) = (&world.services, world.person("Ann", None).await, world.person("Bob", None).await);
    let room = create_room(&world, &ann, RoomKind::Public).await;
    assert!(only_room(ann.told()).moderator);
    assert!(!only_room(bob.told()).joined);

    services.join_room(&bob.acting, &world.here.hub.room(&room).unwrap()).await.unwrap();
    assert!(only_room(bob.told_except_acting()).joined);
    services.set_notification_level(&bob.caller, &room, NotificationLevel::Mentions).await.unwrap();
    assert_eq!(only_room(bob.told()).level, NotificationLevel::Mentions);
    services.set_room_moderator(&ann.caller, &room, bob.caller.user.id, true).await.unwrap();
    assert!(only_room(bob.told()).moderator);

    services.mark_unread(&bob.acting, &room, 1).await.unwrap();
    // Answered after it is on disk, and so is what was queued before.
    services.set_notification_level(&bob.caller, &room, NotificationLevel::All).await.unwrap();
    let [acting, here, elsewhere] = [&bob.acting, &bob.here, &bob.elsewhere].map(|connection| told(connection).rooms);
    assert_eq!((acting.len(), here.len()), (1, 2), "only others are told of the mark");
    assert!(here[0].marked && here == elsewhere);
    services.mark_read(&bob.acting, &room, 1).await.unwrap();
    services.set_notification_level(&bob.caller, &room, NotificationLevel::Nothing).await.unwrap();
    let [acting, here, elsewhere] = [&bob.acting, &bob.here, &bob.elsewhere].map(|connection| told(connection).rooms);
    assert_eq!((acting.len(), here.len()), (1, 2), "only others are told of the position");
    assert!(!here[0].marked && here == elsewhere);

    let rename = UpdateRoomRequest { name: Some("Orchard".into()), topic: None, archived: None };
    services.update_room(&ann.caller, &room, rename).await.unwrap();
    assert_eq!((only_room(ann.told()).name, only_room(bob.told()).name), ("Orchard".into(), "Orchard".into()));
    services.remove_member(&bob.caller, &room, bob.caller.user.id).await.unwrap();
    assert!(!only_room(bob.told()).joined);
    for hub in [&world.here.hub, &world.elsewhere.hub] {
        assert!(hub.roles_of(ann.caller.user.id, &room).1.is_some());
        assert!(hub.roles_of(bob.caller.user.id, &room).1.is_none());
    }
}

#[tokio::test]
async fn direct_rooms_are_told_to_their_creator_and_named_after_their_people() {
    let world = World::new().await;
    let (services, ann, bob) = (&world.services, world.person("Ann", None).await, world.person("Bob", None).await);
    let open = OpenDirectRequest { users: vec![bob.caller.user.id] };
    let room = services.open_direct_room(&ann.caller, open).await.unwrap().room.id;
    assert_eq!(only_room(ann.told()).name, "Bob");
    assert_eq!(bob.told(), Told { rooms: Vec::new(), closed: None }, "before its first message");
    for hub in [&world.here.hub, &world.elsewhere.hub] {
        assert!(hub.roles_of(bob.caller.user.id, &room).1.is_some());
    }
    let rename = UpdateProfileRequest { display_name: Some("Robert".into()), colour: None };
    services.update_profile(&bob.caller, rename).await.unwrap();
    assert_eq!(bob.told(), closed(CloseCode::IdentityChanged));
    assert_eq!(only_room(ann.told()).name, "Robert");
}

#[tokio::test]
async fn sessions_roles_and_bans_close_connections() {
    let world = World::new().await;
    let (services, owner) = (&world.services, world.owner().await);
    let (ann, bob, carol) =
        (world.person("Ann", None).await, world.person("Bob", None).await, world.person("Carol", None).await);
    let guest = services.create_guest(&client(), "Dan").await.unwrap();
    let guest = world.connect(guest).await;

    let role = ChangeRoleRequest { role: ServerRole::Moderator };
    services.change_role(&owner.caller, ann.caller.user.id, role).await.unwrap();
    assert_eq!(ann.told(), closed(CloseCode::IdentityChanged));
    for hub in [&world.here.hub, &world.elsewhere.hub] {
        assert_eq!(hub.roles_of(ann.caller.user.id, &RoomId::lobby()).0, ServerRole::Moderator);
    }
    let password =
        ChangePasswordRequest { current: Secret(PASSWORD.into()), new: Secret("another long password".into()) };
    let other_device = other_session(&world, &bob).await;
    services.change_password(&bob.caller, &client(), password).await.unwrap();
    assert_eq!(bob.told(), closed(CloseCode::IdentityChanged));
    assert_eq!(other_device.told(), closed(CloseCode::SessionRevoked));
    services.sign_out(carol.caller.token).await.unwrap();
    assert_eq!(carol.told(), closed(CloseCode::SessionRevoked));
    let ban = BanRequest { reason: "spam".into(), hours: None, address: true };
    services.ban(&owner.caller, bob.caller.user.id, ban).await.unwrap();
    assert_eq!(guest.told(), closed(CloseCode::Banned), "a guest from the same address");
    assert_eq!(owner.told(), Told { rooms: Vec::new(), closed: None });
}

/// A second session of the same account.
async fn other_session(world: &World, person: &Person) -> Person {
    let name = person.caller.user.name.clone();
    let request = parlor_protocol::http::SignInRequest { name, password: Secret(PASSWORD.into()) };
    let created = world.services.sign_in(None, &client(), request).await.unwrap();
    world.connect(created).await
}
