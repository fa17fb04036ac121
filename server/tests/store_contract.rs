//! What every implementation of the store must do. A database passes if the tests pass on it without a change.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use parlor::{
    clock,
    domain::{
        AppendOutcome, Commit, CommitSink, ConnectionId, ControlEvent, CreateError, IsNameInUse, LogCommand,
        LogCommandKind, MembershipChange, Name, NewAccount, NewBan, NewInvite, NewMute, NewSession, OnAppended, Page,
        PictureImage, Refusal, RoomChange, ServerPicture, ServerSettings, SessionEnd, SessionSelection, SettingsChange,
        StoreError, StoredSession, TokenHash, names,
    },
    store::{
        Store,
        postgres::{PostgresStore, Sharing},
        sqlite::SqliteStore,
    },
};
use parlor_protocol::{
    CommandId, EventKind, NotificationLevel, RoomId, RoomKind, RoomRole, Seq, ServerRole, User, UserId,
    http::EntryPolicy, limits,
};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::postgres::TestDatabase;

/// Runs each test on a fresh database of each kind.
macro_rules! contract {
    ($($test:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(&super::open_sqlite().await).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    let database = crate::support::postgres::TestDatabase::create().await;
                    super::$test(&super::open_postgres(&database).await).await;
                    database.remove().await;
                }
            )*
        }
    };
}

contract! {
    events_are_stored_in_order_without_holes,
    a_repeated_command_is_stored_once,
    pages_are_read_in_each_direction,
    a_reply_needs_its_target,
    a_deleted_message_loses_its_content,
    an_edit_replaces_the_text,
    an_edit_needs_its_author,
    a_deleted_message_loses_its_edits,
    reactions_are_counted_and_named,
    a_reaction_that_changes_nothing_is_no_event,
    a_message_has_few_kinds_of_reactions,
    only_members_who_are_not_restricted_may_send,
    membership_changes_are_events,
    room_names_are_unique,
    a_room_changes_as_a_whole,
    a_direct_room_is_unique,
    read_positions_move_forward,
    many_marks_are_few_writes,
    member_lists_are_paged_by_name,
    ended_guests_are_no_members,
    rooms_are_counted_by_their_maker,
    sessions_begin_and_end,
    sessions_expire,
    account_names_are_unique,
    a_guest_becomes_an_account,
    an_invite_is_used_as_often_as_it_allows,
    restrictions_need_rights,
    rights_in_a_room_are_those_of_the_transaction,
    rights_on_the_server_are_those_of_the_transaction,
    restricted_people_do_nothing,
    a_room_has_one_owner,
    a_ban_ends_sessions_and_links,
    roles_change_within_rights_and_are_audited,
    settings_change_as_a_whole_and_are_audited,
    unstorable_text_is_not_found,
    a_closed_store_refuses_writes,
}

struct Database {
    store: Arc<dyn Store>,
    sink: Arc<Recorder>,
    _folder: Option<TempDir>,
}

async fn open_sqlite() -> Database {
    let (folder, sink) = (TempDir::new().unwrap(), Arc::<Recorder>::default());
    let store = SqliteStore::open(folder.path(), sink.clone(), None).await.unwrap();
    Database { store, sink, _folder: Some(folder) }
}

async fn open_postgres(database: &TestDatabase) -> Database {
    let sink = Arc::<Recorder>::default();
    let store = PostgresStore::open(&database.address(), 4, Sharing::Exclusive, sink.clone()).await.unwrap();
    Database { store, sink, _folder: None }
}

/// Keeps what the store publishes.
#[derive(Default)]
struct Recorder(Mutex<Vec<Commit>>);

#[async_trait]
impl CommitSink for Recorder {
    async fn publish(&self, commit: Commit) {
        self.0.lock().push(commit);
    }

    fn is_idle(&self) -> bool {
        true
    }

    async fn idle(&self) {}
}

const PASSWORD: &str = "hash of a password";

impl Database {
    fn published(&self) -> Vec<ControlEvent> {
        self.sink.0.lock().iter().flat_map(|commit| commit.control.clone()).collect()
    }

    async fn guest(&self, name: &str) -> User {
        let session = new_session();
        self.store.create_guest(Some(named(name)), session, Arc::new(|_, _| false)).await.unwrap().unwrap()
    }

    async fn account(&self, name: &str) -> User {
        self.store.create_account(new_account(name), Arc::new(|_, _| false)).await.unwrap().unwrap()
    }

    async fn owner(&self) -> User {
        let invite = new_token();
        assert!(self.store.create_owner_invite(invite).await.unwrap());
        let account = NewAccount { invite: Some(invite), ..new_account("Olga") };
        self.store.create_account(account, Arc::new(|_, _| false)).await.unwrap().unwrap()
    }

    async fn append(&self, id: CommandId, room: &RoomId, by: &User, kind: LogCommandKind) -> AppendOutcome {
        let (answer, outcome) = oneshot::channel();
        let done = OnAppended::new(move |result| drop(answer.send(result)));
        self.store.append(LogCommand { id, room: room.clone(), by: Arc::new(by.clone()), kind }, done).await;
        outcome.await.unwrap().unwrap()
    }

    async fn send(&self, room: &RoomId, by: &User, body: &str) -> AppendOutcome {
        self.append(new_id(), room, by, message(body)).await
    }

    async fn kinds(&self, room: &RoomId) -> Vec<EventKind> {
        let page = self.store.events(room, 0, 1_000).await.unwrap();
        page.events.into_iter().map(|event| event.event).collect()
    }

    async fn room(&self, name: &str, kind: RoomKind, by: &User) -> RoomId {
        self.store.create_room(name.into(), kind, by.id).await.unwrap().id
    }

    async fn is_member(&self, user: &User, room: &RoomId) -> bool {
        let memberships = self.store.load_memberships(user.id).await.unwrap();
        memberships.iter().any(|membership| membership.room == *room)
    }
}

fn new_id() -> CommandId {
    CommandId(Uuid::now_v7())
}

fn new_token() -> TokenHash {
    let mut token = [0; 32];
    token[..16].copy_from_slice(Uuid::now_v7().as_bytes());
    TokenHash(token)
}

fn new_session() -> NewSession {
    NewSession { token: new_token(), device: None, address: Some("192.0.2.7".into()) }
}

fn named(name: &str) -> Name {
    Name::new(name.into())
}

fn new_account(name: &str) -> NewAccount {
    NewAccount {
        name: named(name),
        password: PASSWORD.into(),
        guest: None,
        invite: None,
        requires_invite: false,
        session: new_session(),
    }
}

fn message(body: &str) -> LogCommandKind {
    LogCommandKind::Send {
        body: body.into(),
        html: format!("<p>{body}</p>"),
        html_version: 1,
        reply_to: None,
        mentions: Vec::new(),
    }
}

fn edit(message: CommandId, body: &str, mentions: Vec<UserId>) -> LogCommandKind {
    LogCommandKind::Edit { message, body: body.into(), html: format!("<p>{body}</p>"), html_version: 1, mentions }
}

fn reaction(message: CommandId, emoji: &str, on: bool) -> LogCommandKind {
    LogCommandKind::React { message, emoji: emoji.into(), on }
}

const fn deletion(message: CommandId) -> LogCommandKind {
    LogCommandKind::Delete { message }
}

/// Why a write was refused.
fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refusal {
    match result {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn stored(outcome: AppendOutcome) -> Seq {
    match outcome {
        AppendOutcome::Stored { seq, .. } => seq,
        other => panic!("{other:?}"),
    }
}

async fn events_are_stored_in_order_without_holes(db: &Database) {
    let (ann, bob) = (db.guest("Ann").await, db.guest("Bob").await);
    let lobby = RoomId::lobby();
    let sends = (0..100).map(|n| db.send(&lobby, if n % 2 == 0 { &ann } else { &bob }, "hello"));
    let mut seqs: Vec<_> = futures::future::join_all(sends).await.into_iter().map(stored).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
    let page = db.store.events(&lobby, 40, 100).await.unwrap();
    assert_eq!(page.events.iter().map(|event| event.seq).collect::<Vec<_>>(), (41..=100).collect::<Vec<_>>());
    assert_eq!(page.head, 100);
    assert_eq!(db.store.event_id(&lobby, 41).await.unwrap(), Some(page.events[0].id));
    assert_eq!(db.store.event_id(&lobby, 101).await.unwrap(), None);
    let published: Vec<_> = db.sink.0.lock().iter().flat_map(|commit| commit.events.clone()).collect();
    assert_eq!(published, db.store.events(&lobby, 0, 100).await.unwrap().events);
}

async fn a_repeated_command_is_stored_once(db: &Database) {
    let (ann, bob) = (db.guest("Ann").await, db.guest("Bob").await);
    let (lobby, id) = (RoomId::lobby(), new_id());
    let first = db.append(id, &lobby, &ann, message("one")).await;
    assert_eq!(db.append(id, &lobby, &ann, message("one")).await, first);
    assert_eq!(db.append(id, &lobby, &ann, message("two")).await, AppendOutcome::IdReused);
    assert_eq!(db.append(id, &lobby, &bob, message("one")).await, AppendOutcome::IdReused);
    assert_eq!(db.append(id, &lobby, &ann, deletion(id)).await, AppendOutcome::IdReused);
    assert_eq!(db.kinds(&lobby).await.len(), 1);
}

async fn pages_are_read_in_each_direction(db: &Database) {
    let (ann, lobby) = (db.guest("Ann").await, RoomId::lobby());
    for n in 1..=10 {
        db.send(&lobby, &ann, &n.to_string()).await;
    }
    for (page, limit, expected) in [
        (Page::Newest, 3, vec![8, 9, 10]),
        (Page::Before(8), 3, vec![5, 6, 7]),
        (Page::Before(1), 3, vec![]),
        (Page::After(3), 2, vec![4, 5]),
        (Page::Around(5), 4, vec![3, 4, 5, 6]),
    ] {
        let read = db.store.messages(&lobby, ann.id, page, limit).await.unwrap();
        assert_eq!(read.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), expected, "{page:?}");
        assert_eq!(read.head, 10);
    }
}

async fn a_reply_needs_its_target(db: &Database) {
    let (ann, lobby) = (db.guest("Ann").await, RoomId::lobby());
    let reply = |to| LogCommandKind::Send {
        body: "yes".into(),
        html: "<p>yes</p>".into(),
        html_version: 1,
        reply_to: Some(to),
        mentions: vec![ann.id],
    };
    assert_eq!(db.append(new_id(), &lobby, &ann, reply(new_id())).await, AppendOutcome::NoReplyTarget);
    let target = new_id();
    db.append(target, &lobby, &ann, message("well?")).await;
    assert_eq!(stored(db.append(new_id(), &lobby, &ann, reply(target)).await), 2);
    let page = db.store.messages(&lobby, ann.id, Page::Newest, 1).await.unwrap();
    assert_eq!((page.messages[0].reply_to, &page.messages[0].mentions), (Some(target), &vec![ann.id]));
    let range = db.store.author_range(&lobby, 0, 3).await.unwrap();
    assert_eq!((range.messages, range.mentions), (vec![(1, ann.id), (2, ann.id)], vec![(2, ann.id)]));
}

async fn a_deleted_message_loses_its_content(db: &Database) {
    let (ann, bob, olga) = (db.guest("Ann").await, db.guest("Bob").await, db.owner().await);
    let (lobby, id, command) = (RoomId::lobby(), new_id(), new_id());
    db.append(id, &lobby, &ann, message("secret")).await;
    assert_eq!(db.append(new_id(), &lobby, &bob, deletion(id)).await, AppendOutcome::Forbidden);
    let deleted = db.append(command, &lobby, &ann, deletion(id)).await;
    assert_eq!(stored(deleted), 2);
    assert_eq!(db.append(command, &lobby, &ann, deletion(id)).await, deleted);
    assert_eq!(db.append(new_id(), &lobby, &ann, deletion(id)).await, AppendOutcome::NoMessage);
    let kinds = db.kinds(&lobby).await;
    assert!(matches!(&kinds[0], EventKind::Message { body, html, .. } if body.is_empty() && html.is_empty()));
    assert_eq!(kinds[1], EventKind::Deleted { message: id, message_seq: 1 });
    assert!(db.store.messages(&lobby, ann.id, Page::Newest, 10).await.unwrap().messages.is_empty());
    assert!(db.store.author_range(&lobby, 0, 10).await.unwrap().messages.is_empty());
    // A moderator's deletion is in the audit log.
    let other = new_id();
    db.append(other, &lobby, &bob, message("spam")).await;
    assert_eq!(db.append(new_id(), &lobby, &ann, deletion(other)).await, AppendOutcome::Forbidden);
    stored(db.append(new_id(), &lobby, &olga, deletion(other)).await);
    assert_eq!(db.store.audit(None, 1).await.unwrap()[0].act, "message_deleted");
}

async fn an_edit_replaces_the_text(db: &Database) {
    let (ann, bob, eve) = (db.guest("Ann").await, db.guest("Bob").await, db.guest("Eve").await);
    let (lobby, id, command) = (RoomId::lobby(), new_id(), new_id());
    let mentioning = LogCommandKind::Send {
        body: "@bob one".into(),
        html: "<p>@bob one</p>".into(),
        html_version: 1,
        reply_to: None,
        mentions: vec![bob.id],
    };
    db.append(id, &lobby, &ann, mentioning).await;
    db.send(&lobby, &bob, "between").await;
    let edited = db.append(command, &lobby, &ann, edit(id, "two", vec![eve.id])).await;
    assert_eq!(stored(edited), 3);
    assert_eq!(db.append(command, &lobby, &ann, edit(id, "two", vec![eve.id])).await, edited, "the same for ever");
    assert_eq!(db.append(command, &lobby, &ann, edit(id, "three", vec![])).await, AppendOutcome::IdReused);
    let expected = EventKind::Edited {
        message: id,
        message_seq: 1,
        body: "two".into(),
        html: "<p>two</p>".into(),
        mentions: vec![eve.id],
    };
    assert_eq!(db.kinds(&lobby).await[2], expected);
    let page = db.store.messages(&lobby, ann.id, Page::Newest, 10).await.unwrap();
    let AppendOutcome::Stored { at, .. } = edited else { unreachable!() };
    let [one, between] = &page.messages[..] else { panic!("{page:?}") };
    assert_eq!((one.body.as_str(), one.html.as_str(), one.seq, one.edited_at), ("two", "<p>two</p>", 1, Some(at)));
    assert_eq!((&one.mentions, between.edited_at), (&vec![eve.id], None));
    assert!(page.notices.is_empty() && page.head == 3);
    // Counted as a mention of whom it mentions now.
    let range = db.store.author_range(&lobby, 0, 10).await.unwrap();
    assert_eq!((range.messages, range.mentions), (vec![(1, ann.id), (2, bob.id)], vec![(1, eve.id)]));
    stored(db.append(new_id(), &lobby, &ann, edit(id, "three", vec![])).await);
    let read = db.store.messages(&lobby, ann.id, Page::Around(1), 2).await.unwrap();
    assert_eq!((read.messages[0].body.as_str(), read.messages[0].mentions.len()), ("three", 0));
    let versions = db.store.message_versions(&lobby, 1).await.unwrap();
    let bodies: Vec<_> = versions.iter().map(|version| version.body.as_str()).collect();
    assert_eq!(bodies, ["@bob one", "two", "three"]);
    assert_eq!((versions[1].at, versions[1].html.as_str()), (at, "<p>two</p>"));
    assert_eq!(db.store.message_versions(&lobby, 2).await.unwrap().len(), 1);
    assert_eq!(db.store.message_seq(&lobby, id).await.unwrap(), Some(1));
    assert_eq!(db.store.message_seq(&"elsewhere".into(), id).await.unwrap(), None);
    assert_eq!(db.store.message_seq(&lobby, command).await.unwrap(), None, "an edit is no message");
}

async fn an_edit_needs_its_author(db: &Database) {
    let (owner, ann) = (db.owner().await, db.account("Ann").await);
    let room = db.room("garden", RoomKind::Private, &owner).await;
    let id = new_id();
    db.append(id, &room, &owner, message("mine")).await;
    assert_eq!(db.append(new_id(), &room, &ann, edit(id, "yours", vec![])).await, AppendOutcome::NoRoom);
    assert_eq!(db.append(new_id(), &room, &ann, reaction(id, "👍", true)).await, AppendOutcome::NoRoom);
    db.store.add_member(&room, ann.id, owner.id, None).await.unwrap();
    let by_ann = new_id();
    stored(db.append(by_ann, &room, &ann, message("hers")).await);
    // Not even the owner changes the words of others.
    assert_eq!(db.append(new_id(), &room, &owner, edit(by_ann, "his", vec![])).await, AppendOutcome::Forbidden);
    let lobby = RoomId::lobby();
    assert_eq!(db.append(new_id(), &lobby, &ann, edit(by_ann, "there", vec![])).await, AppendOutcome::NoMessage);
    assert_eq!(db.append(new_id(), &room, &ann, edit(new_id(), "none", vec![])).await, AppendOutcome::NoMessage);
    let until = clock::now() + 60_000;
    db.store.mute(NewMute { user: ann.id, by: owner.id, room: Some(room.clone()), until }).await.unwrap();
    for kind in [edit(by_ann, "muted", vec![]), reaction(by_ann, "👍", true)] {
        assert_eq!(db.append(new_id(), &room, &ann, kind).await, AppendOutcome::Muted { until });
    }
    db.store.unmute(ann.id, Some(room.clone()), owner.id).await.unwrap();
    stored(db.append(new_id(), &room, &ann, edit(by_ann, "hers again", vec![])).await);
}

async fn a_deleted_message_loses_its_edits(db: &Database) {
    let (ann, bob, lobby) = (db.guest("Ann").await, db.guest("Bob").await, RoomId::lobby());
    let (id, command) = (new_id(), new_id());
    db.append(id, &lobby, &ann, message("secret one")).await;
    let edited = db.append(command, &lobby, &ann, edit(id, "secret two", vec![bob.id])).await;
    db.append(new_id(), &lobby, &bob, reaction(id, "👍", true)).await;
    stored(db.append(new_id(), &lobby, &ann, deletion(id)).await);
    let kinds = db.kinds(&lobby).await;
    assert_eq!(kinds.len(), 4);
    assert!(matches!(&kinds[0], EventKind::Message { body, .. } if body.is_empty()));
    assert_eq!(kinds[1], EventKind::Unknown, "it keeps its place in the order and says nothing");
    assert_eq!(db.append(command, &lobby, &ann, edit(id, "secret two", vec![bob.id])).await, edited);
    assert!(db.store.message_versions(&lobby, 1).await.unwrap().is_empty());
    assert!(db.store.reactions(&lobby, 1, ann.id).await.unwrap().is_empty());
    assert_eq!(db.store.message_seq(&lobby, id).await.unwrap(), None);
    assert!(db.store.author_range(&lobby, 0, 10).await.unwrap().mentions.is_empty());
    for kind in [edit(id, "three", vec![]), reaction(id, "👍", false), reaction(id, "❤️", true)] {
        assert_eq!(db.append(new_id(), &lobby, &ann, kind).await, AppendOutcome::NoMessage);
    }
    // Edited and deleted in one batch.
    let (other, sends) = (new_id(), [new_id(), new_id(), new_id()]);
    let together = tokio::join!(
        db.append(other, &lobby, &ann, message("one")),
        db.append(sends[0], &lobby, &ann, edit(other, "two", vec![])),
        db.append(sends[1], &lobby, &ann, deletion(other)),
        db.append(sends[2], &lobby, &ann, edit(other, "three", vec![])),
    );
    assert_eq!((stored(together.0), stored(together.1), stored(together.2)), (5, 6, 7));
    assert_eq!(together.3, AppendOutcome::NoMessage);
    assert_eq!(db.kinds(&lobby).await[5], EventKind::Unknown);
    assert!(db.store.messages(&lobby, ann.id, Page::Newest, 10).await.unwrap().messages.is_empty());
}

async fn reactions_are_counted_and_named(db: &Database) {
    let (ann, bob, lobby) = (db.guest("Ann").await, db.guest("Bob").await, RoomId::lobby());
    let (id, other) = (new_id(), new_id());
    db.append(id, &lobby, &ann, message("well?")).await;
    db.append(other, &lobby, &ann, message("and?")).await;
    let mut users = Vec::new();
    for n in 0..25 {
        let user = db.guest(&format!("guest {n}")).await;
        stored(db.append(new_id(), &lobby, &user, reaction(id, "❤️", true)).await);
        users.push(user);
    }
    stored(db.append(new_id(), &lobby, &bob, reaction(id, "👍", true)).await);
    stored(db.append(new_id(), &lobby, &ann, reaction(id, "👍", true)).await);
    stored(db.append(new_id(), &lobby, &ann, reaction(other, "👍", true)).await);
    stored(db.append(new_id(), &lobby, &bob, reaction(id, "👎", true)).await);
    let off = db.append(new_id(), &lobby, &bob, reaction(id, "👎", false)).await;
    let read = async |viewer: &User| db.store.messages(&lobby, viewer.id, Page::Newest, 10).await.unwrap();
    let page = read(&ann).await;
    assert_eq!((page.head, page.notices.len(), page.messages.len()), (stored(off), 0, 2));
    let [hearts, thumbs] = &page.messages[0].reactions[..] else { panic!("{page:?}") };
    assert_eq!((hearts.emoji.as_str(), hearts.count, hearts.me), ("❤️", 25, false));
    assert_eq!(hearts.users, users[..20], "the first ones");
    assert_eq!((thumbs.emoji.as_str(), thumbs.count, thumbs.me), ("👍", 2, true));
    assert_eq!(thumbs.users, [bob.clone(), ann.clone()]);
    assert_eq!(page.messages[1].reactions[0].users, std::slice::from_ref(&ann));
    let for_bob = read(&bob).await;
    assert_eq!(
        for_bob.messages.iter().map(|message| message.reactions.last().unwrap().me).collect::<Vec<_>>(),
        [true, false]
    );
    let all = db.store.reactions(&lobby, 1, users[24].id).await.unwrap();
    assert_eq!((all[0].users.len(), all[0].me, all[1].me), (25, true, false));
    let last = db.kinds(&lobby).await.pop();
    let taken_back = EventKind::Reacted { message: id, message_seq: 1, emoji: "👎".into(), on: false };
    assert_eq!(last, Some(taken_back));
}

async fn a_reaction_that_changes_nothing_is_no_event(db: &Database) {
    let (ann, lobby, id) = (db.guest("Ann").await, RoomId::lobby(), new_id());
    let sent = db.append(id, &lobby, &ann, message("well?")).await;
    assert_eq!(db.append(new_id(), &lobby, &ann, reaction(id, "👍", false)).await, sent, "nobody ever did");
    let on = db.append(new_id(), &lobby, &ann, reaction(id, "👍", true)).await;
    let again = new_id();
    assert_eq!(db.append(again, &lobby, &ann, reaction(id, "👍", true)).await, on);
    let off = db.append(new_id(), &lobby, &ann, reaction(id, "👍", false)).await;
    assert_eq!(db.append(new_id(), &lobby, &ann, reaction(id, "👍", false)).await, off);
    assert_eq!([sent, on, off].map(stored), [1, 2, 3]);
    // It was decided then, however late it comes again.
    assert_eq!(db.append(again, &lobby, &ann, reaction(id, "👍", true)).await, on);
    assert_eq!(db.append(again, &lobby, &ann, reaction(id, "❤️", true)).await, AppendOutcome::IdReused);
    assert!(db.store.reactions(&lobby, 1, ann.id).await.unwrap().is_empty());
    let (one, two) = (new_id(), new_id());
    let at_once = tokio::join!(
        db.append(one, &lobby, &ann, reaction(id, "👍", true)),
        db.append(two, &lobby, &ann, reaction(id, "👍", true)),
    );
    assert_eq!(at_once.0, at_once.1, "in one batch");
    assert_eq!(db.kinds(&lobby).await.len(), 4);
}

async fn a_message_has_few_kinds_of_reactions(db: &Database) {
    let (ann, bob, lobby, id) = (db.guest("Ann").await, db.guest("Bob").await, RoomId::lobby(), new_id());
    db.append(id, &lobby, &ann, message("well?")).await;
    let emojis: Vec<_> = (0..limits::MAX_REACTIONS).map(|n| char::from_u32(0x1f600 + n as u32).unwrap()).collect();
    for emoji in &emojis {
        stored(db.append(new_id(), &lobby, &ann, reaction(id, &emoji.to_string(), true)).await);
    }
    assert_eq!(db.append(new_id(), &lobby, &ann, reaction(id, "👍", true)).await, AppendOutcome::TooManyReactions);
    stored(db.append(new_id(), &lobby, &bob, reaction(id, &emojis[3].to_string(), true)).await);
    for user in [&ann, &bob] {
        assert_eq!(db.append(new_id(), &lobby, &bob, reaction(id, "👍", true)).await, AppendOutcome::TooManyReactions);
        stored(db.append(new_id(), &lobby, user, reaction(id, &emojis[3].to_string(), false)).await);
    }
    stored(db.append(new_id(), &lobby, &bob, reaction(id, "👍", true)).await);
    let reactions = db.store.reactions(&lobby, 1, bob.id).await.unwrap();
    assert_eq!((reactions.len(), reactions.last().unwrap().emoji.as_str()), (limits::MAX_REACTIONS, "👍"));
}

async fn only_members_who_are_not_restricted_may_send(db: &Database) {
    let (owner, ann) = (db.owner().await, db.account("Ann").await);
    let room = db.room("garden", RoomKind::Private, &owner).await;
    assert_eq!(db.send(&room, &ann, "hello").await, AppendOutcome::NoRoom);
    assert_eq!(db.send(&"nowhere".into(), &ann, "hello").await, AppendOutcome::NoRoom);
    db.store.add_member(&room, ann.id, owner.id, None).await.unwrap();
    stored(db.send(&room, &ann, "hello").await);
    let until = clock::now() + 60_000;
    let mute = NewMute { user: ann.id, by: owner.id, room: Some(room.clone()), until };
    db.store.mute(mute).await.unwrap();
    assert_eq!(db.send(&room, &ann, "hello").await, AppendOutcome::Muted { until });
    stored(db.send(&RoomId::lobby(), &ann, "hello").await);
    db.store.unmute(ann.id, Some(room.clone()), owner.id).await.unwrap();
    stored(db.send(&room, &ann, "hello").await);
    db.store.change_room(&room, vec![RoomChange::Archived(true)], owner.id).await.unwrap();
    assert_eq!(db.send(&room, &ann, "hello").await, AppendOutcome::NoRoom);
    db.store.change_room(&room, vec![RoomChange::Archived(false)], owner.id).await.unwrap();
    db.store.remove_member(&room, ann.id, owner.id).await.unwrap();
    assert_eq!(db.send(&room, &ann, "hello").await, AppendOutcome::NoRoom);
    let ban = NewBan { user: ann.id, by: owner.id, reason: "spam".into(), until: None, address: false };
    db.store.ban(ban).await.unwrap();
    assert_eq!(db.send(&RoomId::lobby(), &ann, "hello").await, AppendOutcome::Banned);
}

async fn membership_changes_are_events(db: &Database) {
    let (owner, ann, bob) = (db.owner().await, db.account("Ann").await, db.account("Bob").await);
    let room = db.room("garden", RoomKind::Public, &owner).await;
    // Joining and leaving a public room oneself creates no event.
    assert_eq!(db.store.add_member(&room, bob.id, bob.id, Some(ConnectionId::next())).await.unwrap(), 0);
    assert!(db.is_member(&bob, &room).await);
    assert_eq!(db.store.remove_member(&room, bob.id, bob.id).await.unwrap(), 0);
    assert!(!db.is_member(&bob, &room).await);
    assert!(db.kinds(&room).await.is_empty());
    assert_eq!(db.store.add_member(&room, ann.id, owner.id, None).await.unwrap(), 1);
    assert_eq!(db.store.add_member(&room, ann.id, owner.id, None).await.unwrap(), 1, "a member already");
    db.store.set_moderator(&room, ann.id, true, owner.id).await.unwrap();
    let nobody = UserId(Uuid::now_v7());
    assert_eq!(refused(db.store.set_moderator(&room, bob.id, true, owner.id).await), Refusal::PersonNotFound);
    assert_eq!(db.store.remove_member(&room, ann.id, owner.id).await.unwrap(), 3);
    assert_eq!(refused(db.store.remove_member(&room, ann.id, owner.id).await), Refusal::PersonNotFound);
    assert_eq!(refused(db.store.add_member(&room, nobody, owner.id, None).await), Refusal::PersonNotFound);
    assert_eq!(
        db.kinds(&room).await,
        [
            EventKind::MemberAdded { user: ann.clone() },
            EventKind::Appointed { user: ann.clone(), moderator: true },
            EventKind::MemberRemoved { user: ann.clone() },
        ]
    );
    let changes: Vec<_> = db
        .published()
        .into_iter()
        .filter_map(|event| match event {
            ControlEvent::MembershipChanged { room: changed, user, change } if changed == room && user != owner.id => {
                Some(change)
            }
            _ => None,
        })
        .collect();
    assert!(
        matches!(
            changes.as_slice(),
            [
                MembershipChange::Joined { origin: Some(_), .. },
                MembershipChange::Left { head: 0 },
                MembershipChange::Added(_),
                MembershipChange::Role(RoomRole::Moderator),
                MembershipChange::Removed { head: 3 },
            ]
        ),
        "{changes:?}"
    );
}

async fn room_names_are_unique(db: &Database) {
    let ann = db.account("Ann").await;
    db.room("Garden", RoomKind::Public, &ann).await;
    let again = db.store.create_room("garden".into(), RoomKind::Public, ann.id).await;
    assert_eq!(refused(again), Refusal::RoomNameTaken);
    // Names of private rooms are nobody else's to know.
    db.room("garden", RoomKind::Private, &ann).await;
    let other = db.room("Kitchen", RoomKind::Public, &ann).await;
    let renamed = db.store.change_room(&other, vec![RoomChange::Name("GARDEN".into())], ann.id).await;
    assert_eq!(refused(renamed), Refusal::RoomNameTaken);
    db.store.change_room(&other, vec![RoomChange::Name("KITCHEN".into())], ann.id).await.unwrap();
}

async fn a_room_changes_as_a_whole(db: &Database) {
    let ann = db.account("Ann").await;
    db.room("Garden", RoomKind::Public, &ann).await;
    let room = db.room("Kitchen", RoomKind::Public, &ann).await;
    let topic = || RoomChange::Topic("cooking".into());
    let taken = db.store.change_room(&room, vec![topic(), RoomChange::Name("garden".into())], ann.id).await;
    assert_eq!((refused(taken), db.kinds(&room).await), (Refusal::RoomNameTaken, vec![]));
    // What is so already is no change.
    let changes = vec![topic(), RoomChange::Name("Kitchen".into()), RoomChange::Archived(true)];
    db.store.change_room(&room, changes, ann.id).await.unwrap();
    let expected = [EventKind::TopicSet { topic: "cooking".into() }, EventKind::Archived { on: true }];
    assert_eq!(db.kinds(&room).await, expected);
    let rooms = db.store.all_rooms().await.unwrap();
    let record = rooms.iter().find(|record| record.id == room).unwrap();
    assert_eq!((record.topic.as_deref(), record.archived, record.head), (Some("cooking"), true, 2));
}

async fn a_direct_room_is_unique(db: &Database) {
    let (ann, bob) = (db.account("Ann").await, db.guest("Bob").await);
    let first = db.store.direct_room(vec![ann.id, bob.id], ann.id).await.unwrap();
    let second = db.store.direct_room(vec![bob.id, ann.id], bob.id).await.unwrap();
    assert_eq!(first, second);
    assert!(db.is_member(&ann, &first.id).await && db.is_member(&bob, &first.id).await);
    let nobody = UserId(Uuid::now_v7());
    assert_eq!(refused(db.store.direct_room(vec![ann.id, nobody], ann.id).await), Refusal::PersonNotFound);
    let carol = db.guest("Carol").await;
    let added = db.store.add_member(&first.id, carol.id, ann.id, None).await;
    assert_eq!(refused(added), Refusal::Forbidden, "its members never change");
}

async fn read_positions_move_forward(db: &Database) {
    let (ann, lobby) = (db.guest("Ann").await, RoomId::lobby());
    for _ in 0..5 {
        db.send(&lobby, &ann, "hello").await;
    }
    let state = async || {
        // Answered once it is on disk, and so is what was queued before.
        assert!(db.store.set_level(&lobby, ann.id, NotificationLevel::Mentions).await.unwrap());
        db.store.load_memberships(ann.id).await.unwrap()[0].state
    };
    let device = ConnectionId::next();
    db.store.save_read(&lobby, ann.id, 4, device).await.unwrap();
    db.store.save_read(&lobby, ann.id, 2, device).await.unwrap();
    assert_eq!((state().await.read, state().await.level), (4, NotificationLevel::Mentions));
    db.store.save_unread_from(&lobby, ann.id, 3, device).await.unwrap();
    assert_eq!((state().await.unread_from, state().await.read_to()), (Some(3), 2));
    db.store.save_read(&lobby, ann.id, 5, device).await.unwrap();
    assert_eq!((state().await.unread_from, state().await.read), (None, 5));
    let changes = db.published().into_iter().filter_map(|event| match event {
        ControlEvent::MembershipChanged { user, change, .. } if user == ann.id => Some(change),
        _ => None,
    });
    let read = changes.filter(|change| !matches!(change, MembershipChange::Level(_) | MembershipChange::Joined { .. }));
    assert_eq!(
        read.collect::<Vec<_>>(),
        [
            MembershipChange::Read { seq: 4, origin: device },
            MembershipChange::UnreadFrom { seq: 3, origin: device },
            MembershipChange::Read { seq: 5, origin: device },
        ]
    );
}

async fn many_marks_are_few_writes(db: &Database) {
    let (ann, lobby, device) = (db.guest("Ann").await, RoomId::lobby(), ConnectionId::next());
    for _ in 0..3 {
        db.send(&lobby, &ann, "hello").await;
    }
    for seq in 0..3_000 {
        db.store.save_read(&lobby, ann.id, 1 + seq % 3, device).await.unwrap();
        db.store.save_unread_from(&lobby, ann.id, 1 + seq % 2, device).await.unwrap();
    }
    db.store.set_level(&lobby, ann.id, NotificationLevel::Mentions).await.unwrap();
    let state = db.store.load_memberships(ann.id).await.unwrap()[0].state;
    assert_eq!((state.read, state.unread_from), (3, Some(2)));
    let is_mark = |event: &ControlEvent| {
        let ControlEvent::MembershipChanged { change, .. } = event else { return false };
        matches!(change, MembershipChange::Read { .. } | MembershipChange::UnreadFrom { .. })
    };
    let marks = db.published().into_iter().filter(is_mark).count();
    assert!((1..1_500).contains(&marks), "{marks} for 6,000");
}

async fn member_lists_are_paged_by_name(db: &Database) {
    let (dan, bob, carl) = (db.guest("Dan").await, db.guest("Bob").await, db.account("Carl").await);
    // Guests may have the same name, one after the other.
    let ann = [db.guest("Ann").await, db.guest("Ann").await];
    let room = db.room("garden", RoomKind::Public, &carl).await;
    for user in [&dan, &bob, &ann[0], &ann[1]] {
        db.store.add_member(&room, user.id, user.id, None).await.unwrap();
    }
    let page = async |after: Option<UserId>, limit: u32| -> (Vec<String>, u64, Option<UserId>) {
        let (members, count) = db.store.members(&room, after, limit).await.unwrap();
        let last = members.last().map(|member| member.user.id);
        (members.into_iter().map(|member| member.user.name).collect(), count, last)
    };
    let (first, count, last) = page(None, 1).await;
    assert_eq!((first.as_slice(), count), (&["Ann".to_owned()][..], 5));
    let (second, _, last) = page(last, 2).await;
    assert_eq!(second, ["Ann", "Bob"]);
    assert_eq!(page(last, 10).await.0, ["Carl", "Dan"]);
    assert_eq!(page(Some(dan.id), 10).await, (vec![], 5, None));
    // The last member of a page may leave, be renamed, or never have been here.
    db.store.remove_member(&room, bob.id, bob.id).await.unwrap();
    assert_eq!(page(Some(bob.id), 10).await.0, ["Carl", "Dan"]);
    assert_eq!(page(Some(UserId(Uuid::from_u128(1))), 10).await.0, ["Ann", "Ann", "Carl", "Dan"]);
    let in_use: IsNameInUse = Arc::new(|_, _| false);
    db.store.set_profile(carl.id, Some(named("Zoe")), None, in_use).await.unwrap().unwrap();
    assert_eq!(page(None, 10).await, (["Ann", "Ann", "Dan", "Zoe"].map(str::to_owned).to_vec(), 4, Some(carl.id)));
    // A guest goes with the last session, not later.
    let all = SessionSelection::AllExcept(TokenHash([0; 32]));
    db.store.end_sessions(ann[0].id, all).await.unwrap();
    assert_eq!(page(None, 10).await, (["Ann", "Dan", "Zoe"].map(str::to_owned).to_vec(), 3, Some(carl.id)));
    // Accounts that were deleted stay, under a name that says so.
    assert!(db.store.delete_account(carl.id).await.unwrap());
    assert_eq!(page(None, 10).await.0, ["Ann", "Dan", names::DELETED_USER]);
    db.store.add_member(&room, bob.id, bob.id, None).await.unwrap();
    db.store.add_member(&room, bob.id, bob.id, None).await.unwrap();
    assert_eq!(page(None, 1).await.1, 4);
}

async fn ended_guests_are_no_members(db: &Database) {
    let (ann, bob, carl) = (db.guest("Ann").await, db.guest("Bob").await, db.account("Carl").await);
    let direct = db.store.direct_room(vec![ann.id, carl.id], carl.id).await.unwrap();
    for guest in [&ann, &bob] {
        let all = SessionSelection::AllExcept(TokenHash([0; 32]));
        assert_eq!(db.store.end_sessions(guest.id, all).await.unwrap().len(), 1);
    }
    assert_eq!(db.store.members(&direct.id, None, 10).await.unwrap().1, 2);
    let eve = db.guest("Eve").await;
    db.store.end_expired_sessions(0).await.unwrap();
    let rooms = async |user: UserId| db.store.load_memberships(user).await.unwrap().len();
    assert_eq!((rooms(ann.id).await, rooms(bob.id).await), (1, 0), "a direct room keeps its members");
    assert_eq!((rooms(carl.id).await, rooms(eve.id).await), (2, 1));
    assert_eq!(direct.kind, RoomKind::Direct);
}

async fn rooms_are_counted_by_their_maker(db: &Database) {
    let (ann, bob) = (db.account("Ann").await, db.account("Bob").await);
    db.store.create_room("Kitchen".into(), RoomKind::Public, ann.id).await.unwrap();
    db.store.create_room("Garden".into(), RoomKind::Private, ann.id).await.unwrap();
    db.store.direct_room(vec![ann.id, bob.id], ann.id).await.unwrap();
    let count = async |user: UserId| db.store.count_rooms_of(user).await.unwrap();
    assert_eq!((count(ann.id).await, count(bob.id).await), (3, 0));
    db.store.check().await.unwrap();
}

async fn sessions_begin_and_end(db: &Database) {
    let ann = db.account("Ann").await;
    let account = db.store.account_by_name("ann").await.unwrap().unwrap();
    let (first, second) = (new_session(), new_session());
    assert!(db.store.begin_session(&account, first.clone(), None).await.unwrap());
    let StoredSession { user, .. } = db.store.load_session(first.token).await.unwrap().unwrap();
    assert_eq!((&*user.user, user.role), (&ann, ServerRole::Member));
    // The second one replaces the first.
    assert!(db.store.begin_session(&account, second.clone(), Some(first.token)).await.unwrap());
    assert!(db.store.load_session(first.token).await.unwrap().is_none());
    let mut stale = account.clone();
    stale.password = "hash of an older password".into();
    assert!(!db.store.begin_session(&stale, new_session(), None).await.unwrap());
    let others = SessionSelection::AllExcept(second.token);
    assert_eq!(db.store.end_sessions(ann.id, others).await.unwrap().len(), 1, "the one that came with the account");
    let sessions = db.store.sessions_of(ann.id, 0).await.unwrap();
    assert_eq!(sessions.iter().map(|session| session.token).collect::<Vec<_>>(), [second.token]);
    db.store.end_session(second.token).await.unwrap();
    assert!(db.store.load_session(second.token).await.unwrap().is_none());
    let ended: Vec<_> = db
        .published()
        .into_iter()
        .filter_map(|event| match event {
            ControlEvent::SessionsEnded { user, sessions, reason } if user == ann.id => Some((sessions.len(), reason)),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [(1, SessionEnd::Replaced), (1, SessionEnd::Ended), (1, SessionEnd::Ended)]);
}

async fn sessions_expire(db: &Database) {
    let ann = db.account("Ann").await;
    let session = db.store.sessions_of(ann.id, 0).await.unwrap().pop().unwrap();
    db.store.end_expired_sessions(session.created_at).await.unwrap();
    assert_eq!(db.store.sessions_of(ann.id, session.created_at).await.unwrap().len(), 1);
    assert!(db.store.sessions_of(ann.id, session.created_at + 1).await.unwrap().is_empty());
    db.store.end_expired_sessions(session.created_at + 1).await.unwrap();
    assert!(db.store.load_session(session.token).await.unwrap().is_none());
    // Its connections are closed.
    let ended = ControlEvent::SessionsEnded { user: ann.id, sessions: vec![session.token], reason: SessionEnd::Ended };
    assert_eq!(db.published().last(), Some(&ended));
}

async fn account_names_are_unique(db: &Database) {
    let ann = db.account("Ann").await;
    let again = db.store.create_account(new_account("ANN"), Arc::new(|_, _| false)).await.unwrap();
    assert_eq!(again, Err(CreateError::NameTaken));
    let guest = db.store.create_guest(Some(named("ann")), new_session(), Arc::new(|_, _| false)).await.unwrap();
    assert_eq!(guest, Err(CreateError::NameTaken));
    let in_use = db.store.create_guest(Some(named("bob")), new_session(), Arc::new(|_, _| true)).await.unwrap();
    assert_eq!(in_use, Err(CreateError::NameTaken));
    for (name, is_taken) in [("ann", true), ("аnn", true), ("anna", false), ("анна", false)] {
        assert_eq!(db.store.is_name_taken(&named(name), None).await.unwrap(), is_taken, "{name}");
        assert!(!db.store.is_name_taken(&named(name), Some(ann.id)).await.unwrap(), "{name}");
    }
    // A Cyrillic letter looks like a Latin one.
    let alike = db.store.create_account(new_account("Аnn"), Arc::new(|_, _| false)).await.unwrap();
    assert_eq!(alike, Err(CreateError::NameTaken));
    let guest = db.store.create_guest(Some(named("аnn")), new_session(), Arc::new(|_, _| false)).await.unwrap();
    assert_eq!(guest, Err(CreateError::NameTaken));
    let shown = db.store.set_profile(ann.id, Some(named("Annie")), Some(3), Arc::new(|_, _| false)).await.unwrap();
    assert_eq!(shown, Ok(User { name: "Annie".into(), colour: Some(3), ..ann.clone() }));
    assert!(db.published().contains(&ControlEvent::ProfileChanged { user: shown.unwrap() }));
    let bob = db.account("Bob").await;
    for name in ["АNN", "Аnnіе"] {
        let renamed = db.store.set_profile(bob.id, Some(named(name)), None, Arc::new(|_, _| false)).await.unwrap();
        assert_eq!(renamed, Err(CreateError::NameTaken), "{name}");
    }
    // She still signs in by the first name.
    assert!(db.store.account_by_name("ann").await.unwrap().is_some());
    assert_eq!(db.store.find_user(ann.id).await.unwrap().unwrap().name, "Annie");
}

async fn a_guest_becomes_an_account(db: &Database) {
    let (guest, session) = (db.guest("Ann").await, new_session());
    let account = NewAccount { guest: Some(guest.id), session: session.clone(), ..new_account("Ann") };
    let user = db.store.create_account(account.clone(), Arc::new(|_, _| false)).await.unwrap().unwrap();
    assert_eq!(user.id, guest.id);
    let sessions = db.store.sessions_of(user.id, 0).await.unwrap();
    assert_eq!(sessions.iter().map(|session| session.token).collect::<Vec<_>>(), [session.token]);
    let again = db.store.create_account(account, Arc::new(|_, _| false)).await.unwrap();
    assert_eq!(again, Err(CreateError::NoSuchUser));
    // Another password ends all sessions, and works once.
    let account = db.store.account_of(user.id).await.unwrap().unwrap();
    let new = new_session();
    assert!(db.store.change_password(&account, "new hash".into(), new.clone(), session.token).await.unwrap());
    assert!(db.store.load_session(session.token).await.unwrap().is_none());
    let replaced =
        ControlEvent::SessionsEnded { user: user.id, sessions: vec![session.token], reason: SessionEnd::Replaced };
    assert_eq!(db.published().last(), Some(&replaced));
    assert!(!db.store.change_password(&account, "newer hash".into(), new_session(), new.token).await.unwrap());
    let (link, owner) = (new_token(), db.owner().await);
    db.store.create_reset_token(user.id, owner.id, link, clock::now() + 60_000).await.unwrap();
    assert!(db.store.redeem_reset_token(link, "newest hash".into(), new_session()).await.unwrap().is_some());
    assert!(db.store.redeem_reset_token(link, "too late".into(), new_session()).await.unwrap().is_none());
    assert!(db.store.load_session(new.token).await.unwrap().is_none());
}

async fn an_invite_is_used_as_often_as_it_allows(db: &Database) {
    let owner = db.owner().await;
    assert!(!db.store.create_owner_invite(new_token()).await.unwrap(), "there is an owner");
    let invite =
        |token, expires_at| NewInvite { token, by: owner.id, expires_at, uses: Some(1), role: ServerRole::Member };
    let by = async |name: &str, token| {
        let account = NewAccount { invite: Some(token), requires_invite: true, ..new_account(name) };
        db.store.create_account(account, Arc::new(|_, _| false)).await.unwrap().map(drop)
    };
    let later = clock::now() + 60_000;
    let (once, expired, revoked) = (new_token(), new_token(), new_token());
    db.store.create_invite(invite(once, later)).await.unwrap();
    assert_eq!(by("Ann", once).await, Ok(()));
    assert_eq!(by("Bob", once).await, Err(CreateError::Invite));
    db.store.create_invite(invite(expired, clock::now() - 1)).await.unwrap();
    assert_eq!(by("Bob", expired).await, Err(CreateError::Invite));
    let info = db.store.create_invite(invite(revoked, later)).await.unwrap();
    assert_eq!(db.store.invites().await.unwrap().len(), 1);
    db.store.revoke_invite(info.id, owner.id).await.unwrap();
    assert_eq!(refused(db.store.revoke_invite(info.id, owner.id).await), Refusal::InviteNotFound);
    assert_eq!(by("Bob", revoked).await, Err(CreateError::Invite));
    assert!(db.store.invite_of(revoked).await.unwrap().is_none());
    let without = NewAccount { requires_invite: true, ..new_account("Bob") };
    let without = db.store.create_account(without, Arc::new(|_, _| false)).await.unwrap();
    assert_eq!(without, Err(CreateError::Invite));
}

async fn restrictions_need_rights(db: &Database) {
    let (owner, ann, bob) = (db.owner().await, db.account("Ann").await, db.account("Bob").await);
    let guest = db.guest("Carol").await;
    let ban = |user: &User, by: &User, until| NewBan {
        user: user.id,
        by: by.id,
        reason: "spam".into(),
        until,
        address: true,
    };
    assert_eq!(refused(db.store.ban(ban(&bob, &ann, None)).await), Refusal::Forbidden);
    assert_eq!(refused(db.store.lift_ban(bob.id, owner.id).await), Refusal::NotBanned);
    let address = "192.0.2.7".parse().unwrap();
    db.store.ban(ban(&bob, &owner, None)).await.unwrap();
    let banned =
        |guest_sessions| ControlEvent::UserBanned { user: bob.id, until: None, address: Some(address), guest_sessions };
    assert_eq!(db.store.active_restrictions().await.unwrap(), [banned(Vec::new())]);
    let guest_session = db.store.sessions_of(guest.id, 0).await.unwrap()[0].token;
    assert_eq!(db.published().last(), Some(&banned(vec![guest_session])));
    assert_eq!(db.store.bans(10).await.unwrap().len(), 1);
    db.store.lift_ban(bob.id, owner.id).await.unwrap();
    assert_eq!(db.published().last(), Some(&ControlEvent::BanLifted { user: bob.id }));
    // One that has expired is not active.
    db.store.ban(ban(&bob, &owner, Some(clock::now() - 1))).await.unwrap();
    assert!(db.store.active_restrictions().await.unwrap().is_empty());
    assert!(db.store.bans(10).await.unwrap().is_empty());
}

/// What a user could do when a request was accepted is not what they may do when it is written.
async fn rights_in_a_room_are_those_of_the_transaction(db: &Database) {
    let (owner, ann, bob) = (db.account("Olaf").await, db.account("Ann").await, db.account("Bob").await);
    let room = db.room("garden", RoomKind::Private, &owner).await;
    for member in [&ann, &bob] {
        db.store.add_member(&room, member.id, owner.id, None).await.unwrap();
    }
    let spam = new_id();
    stored(db.append(spam, &room, &bob, message("spam")).await);
    db.store.set_moderator(&room, ann.id, true, owner.id).await.unwrap();
    db.store.change_room(&room, vec![RoomChange::Topic("herbs".into())], ann.id).await.unwrap();
    db.store.set_moderator(&room, ann.id, false, owner.id).await.unwrap();
    let events = db.kinds(&room).await.len();
    let until = clock::now() + 60_000;
    let mute = NewMute { user: bob.id, by: ann.id, room: Some(room.clone()), until };
    let store = &db.store;
    for (act, refusal) in [
        ("remove", refused(store.remove_member(&room, bob.id, ann.id).await)),
        ("appoint", refused(store.set_moderator(&room, bob.id, true, ann.id).await)),
        ("own", refused(store.set_owner(&room, ann.id, ann.id).await)),
        ("rename", refused(store.change_room(&room, vec![RoomChange::Name("mine".into())], ann.id).await)),
        ("topic", refused(store.change_room(&room, vec![RoomChange::Topic("mine".into())], ann.id).await)),
        ("archive", refused(store.change_room(&room, vec![RoomChange::Archived(true)], ann.id).await)),
        ("mute", refused(store.mute(mute).await)),
        ("unmute", refused(store.unmute(bob.id, Some(room.clone()), ann.id).await)),
    ] {
        assert_eq!(refusal, Refusal::Forbidden, "{act}");
    }
    assert_eq!(db.append(new_id(), &room, &ann, deletion(spam)).await, AppendOutcome::Forbidden);
    // Whoever was removed sees nothing of the room any more.
    store.remove_member(&room, ann.id, owner.id).await.unwrap();
    for (act, refusal) in [
        ("add", refused(store.add_member(&room, ann.id, ann.id, None).await)),
        ("bring", refused(store.add_member(&room, bob.id, ann.id, None).await)),
        ("remove", refused(store.remove_member(&room, bob.id, ann.id).await)),
    ] {
        assert_eq!(refusal, Refusal::RoomNotFound, "{act}");
    }
    assert_eq!(db.kinds(&room).await.len(), events + 1, "nothing but the removal");
}

async fn rights_on_the_server_are_those_of_the_transaction(db: &Database) {
    let (owner, ann, bob) = (db.owner().await, db.account("Ann").await, db.account("Bob").await);
    let invite = |by: &User, role| NewInvite {
        token: new_token(),
        by: by.id,
        expires_at: clock::now() + 60_000,
        uses: None,
        role,
    };
    db.store.set_role(owner.id, ann.id, ServerRole::Admin).await.unwrap();
    let open = db.store.create_invite(invite(&ann, ServerRole::Moderator)).await.unwrap();
    assert_eq!(refused(db.store.create_invite(invite(&ann, ServerRole::Admin)).await), Refusal::InviteRoleTooHigh);
    db.store.set_role(owner.id, ann.id, ServerRole::Member).await.unwrap();
    assert!(db.store.invites().await.unwrap().is_empty(), "a demotion voids invites");
    let (until, later) = (clock::now() + 60_000, clock::now() + 60_000);
    let ban = NewBan { user: bob.id, by: ann.id, reason: "spam".into(), until: None, address: false };
    let store = &db.store;
    for (act, refusal) in [
        ("invite", refused(store.create_invite(invite(&ann, ServerRole::Member)).await)),
        ("revoke", refused(store.revoke_invite(open.id, ann.id).await)),
        ("role", refused(store.set_role(ann.id, bob.id, ServerRole::Moderator).await)),
        ("reset", refused(store.create_reset_token(bob.id, ann.id, new_token(), later).await)),
        ("ban", refused(store.ban(ban).await)),
        ("lift", refused(store.lift_ban(bob.id, ann.id).await)),
        ("mute", refused(store.mute(NewMute { user: bob.id, by: ann.id, room: None, until }).await)),
        ("sessions", refused(store.end_sessions_of(bob.id, ann.id).await)),
        ("settings", refused(store.change_settings(vec![SettingsChange::Name("Mine".into())], ann.id).await)),
    ] {
        assert_eq!(refusal, Refusal::Forbidden, "{act}");
    }
    assert_eq!(
        refused(store.create_reset_token(owner.id, owner.id, new_token(), later).await),
        Refusal::TargetNotBelow
    );
    assert_eq!(refused(store.end_sessions_of(owner.id, owner.id).await), Refusal::TargetNotBelow);
}

async fn restricted_people_do_nothing(db: &Database) {
    let (owner, ann, bob) = (db.owner().await, db.account("Ann").await, db.account("Bob").await);
    let room = db.room("garden", RoomKind::Public, &ann).await;
    let known = db.store.direct_room(vec![ann.id, owner.id], ann.id).await.unwrap();
    let tried = async || {
        let named = db.store.set_profile(ann.id, Some(named("Annie")), None, Arc::new(|_, _| false)).await;
        [
            refused(db.store.create_room("kitchen".into(), RoomKind::Public, ann.id).await),
            refused(db.store.direct_room(vec![ann.id, bob.id], ann.id).await),
            refused(db.store.change_room(&room, vec![RoomChange::Name("attic".into())], ann.id).await),
            refused(db.store.add_member(&room, bob.id, ann.id, None).await),
            refused(named),
        ]
    };
    let until = clock::now() + 60_000;
    db.store.mute(NewMute { user: ann.id, by: owner.id, room: None, until }).await.unwrap();
    assert_eq!(tried().await, [Refusal::Muted { until }; 5]);
    assert_eq!(db.store.direct_room(vec![ann.id, owner.id], ann.id).await.unwrap().id, known.id);
    db.store.unmute(ann.id, None, owner.id).await.unwrap();
    let until = Some(until);
    let ban = NewBan { user: ann.id, by: owner.id, reason: "spam".into(), until, address: false };
    db.store.ban(ban).await.unwrap();
    assert_eq!(tried().await, [Refusal::Banned { until }; 5]);
    let account = db.store.account_of(ann.id).await.unwrap().unwrap();
    assert_eq!(refused(db.store.begin_session(&account, new_session(), None).await), Refusal::Banned { until });
}

async fn a_room_has_one_owner(db: &Database) {
    let (ann, bob) = (db.account("Ann").await, db.account("Bob").await);
    let room = db.room("garden", RoomKind::Public, &ann).await;
    assert_eq!(db.store.owner(&room).await.unwrap(), Some(ann.id));
    assert_eq!(refused(db.store.set_owner(&room, bob.id, ann.id).await), Refusal::PersonNotFound);
    db.store.add_member(&room, bob.id, bob.id, None).await.unwrap();
    db.store.set_owner(&room, bob.id, ann.id).await.unwrap();
    db.store.set_owner(&room, bob.id, bob.id).await.unwrap();
    assert_eq!(db.store.owner(&room).await.unwrap(), Some(bob.id));
    assert_eq!(db.kinds(&room).await, [EventKind::OwnerChanged { user: bob.clone() }], "once");
    let (members, _) = db.store.members(&room, None, 10).await.unwrap();
    let roles: Vec<_> = members.iter().map(|member| (member.moderator, member.owner)).collect();
    assert_eq!(roles, [(true, false), (true, true)]);
    let changes = db.published().into_iter().filter_map(|event| match event {
        ControlEvent::MembershipChanged { user, change: MembershipChange::Role(role), .. } => Some((user, role)),
        _ => None,
    });
    assert_eq!(changes.collect::<Vec<_>>(), [(ann.id, RoomRole::Moderator), (bob.id, RoomRole::Owner)]);
    assert_eq!(refused(db.store.remove_member(&room, bob.id, ann.id).await), Refusal::TargetNotBelow);
    assert_eq!(refused(db.store.set_moderator(&room, bob.id, false, bob.id).await), Refusal::TargetNotBelow);
    assert!(db.store.delete_account(bob.id).await.unwrap());
    assert_eq!(db.store.owner(&room).await.unwrap(), None);
}

async fn a_ban_ends_sessions_and_links(db: &Database) {
    let (owner, adam) = (db.owner().await, db.account("Adam").await);
    db.store.set_role(owner.id, adam.id, ServerRole::Admin).await.unwrap();
    let (link, later) = (new_token(), clock::now() + 60_000);
    let invite = NewInvite { token: new_token(), by: adam.id, expires_at: later, uses: None, role: ServerRole::Member };
    db.store.create_invite(invite.clone()).await.unwrap();
    db.store.create_reset_token(adam.id, owner.id, link, later).await.unwrap();
    let token = db.store.sessions_of(adam.id, 0).await.unwrap()[0].token;
    let ban = NewBan { user: adam.id, by: owner.id, reason: "spam".into(), until: None, address: false };
    db.store.ban(ban).await.unwrap();
    assert!(db.store.invite_of(invite.token).await.unwrap().is_none());
    assert!(db.store.account_of_reset_token(link).await.unwrap().is_none());
    assert!(db.store.sessions_of(adam.id, 0).await.unwrap().is_empty());
    assert!(db.store.load_session(token).await.unwrap().unwrap().ended_by_ban, "it tells who is banned");
    db.store.lift_ban(adam.id, owner.id).await.unwrap();
    assert!(db.store.load_session(token).await.unwrap().is_none());
}

async fn roles_change_within_rights_and_are_audited(db: &Database) {
    let (owner, ann, bob) = (db.owner().await, db.account("Ann").await, db.account("Bob").await);
    assert_eq!(refused(db.store.set_role(ann.id, bob.id, ServerRole::Moderator).await), Refusal::Forbidden);
    let nobody = UserId(Uuid::now_v7());
    assert_eq!(refused(db.store.set_role(owner.id, nobody, ServerRole::Admin).await), Refusal::AccountNotFound);
    db.store.set_role(owner.id, ann.id, ServerRole::Admin).await.unwrap();
    assert_eq!(db.published().last(), Some(&ControlEvent::RoleChanged { user: ann.id, role: ServerRole::Admin }));
    assert_eq!(db.store.account_of(ann.id).await.unwrap().unwrap().role, ServerRole::Admin);
    assert!(!db.store.delete_account(owner.id).await.unwrap(), "the last owner");
    assert!(db.store.delete_account(bob.id).await.unwrap());
    assert_eq!(db.store.find_user(bob.id).await.unwrap().unwrap().name, names::DELETED_USER);
    // The newest first, a page at a time.
    let acts = async |before, limit| {
        let entries = db.store.audit(before, limit).await.unwrap();
        entries.into_iter().map(|entry| (entry.id, entry.act)).collect::<Vec<_>>()
    };
    let newest = acts(None, 2).await;
    assert_eq!((newest[0].1.as_str(), newest[1].1.as_str()), ("account_deleted", "role_changed"));
    assert_eq!(acts(Some(newest[0].0), 1).await, newest[1..]);
}

async fn settings_change_as_a_whole_and_are_audited(db: &Database) {
    let owner = db.owner().await;
    assert_eq!(db.store.load_settings().await.unwrap(), ServerSettings::default());
    let picture = |id: &str| {
        let images = [16, 32].map(|side| PictureImage { side, png: format!("{id} {side}").into_bytes() });
        SettingsChange::Picture(ServerPicture { id: id.into(), images: images.into() })
    };
    let all = vec![
        SettingsChange::Name("Tea House".into()),
        SettingsChange::Entry(EntryPolicy::Invitation),
        picture("first"),
    ];
    db.store.change_settings(all, owner.id).await.unwrap();
    let mut settings = ServerSettings {
        name: Some("Tea House".into()),
        entry: Some(EntryPolicy::Invitation),
        picture: Some("first".into()),
    };
    assert_eq!(db.store.load_settings().await.unwrap(), settings);
    assert_eq!(db.published().last(), Some(&ControlEvent::SettingsChanged { settings: settings.clone() }));
    assert_eq!(db.store.picture("first", 32).await.unwrap().unwrap(), b"first 32");
    assert!(db.store.picture("first", 64).await.unwrap().is_none());
    // Nothing changes, and nothing is published or audited.
    let published = db.published().len();
    let same = vec![SettingsChange::Name("Tea House".into()), picture("first")];
    db.store.change_settings(same, owner.id).await.unwrap();
    assert_eq!(db.published().len(), published);
    // Only the newest picture is kept.
    db.store.change_settings(vec![picture("second")], owner.id).await.unwrap();
    assert!(db.store.picture("first", 16).await.unwrap().is_none());
    assert!(db.store.picture("second", 16).await.unwrap().is_some());
    db.store.change_settings(vec![SettingsChange::RemovePicture], owner.id).await.unwrap();
    settings.picture = None;
    assert_eq!(db.store.load_settings().await.unwrap(), settings);
    assert!(db.store.picture("second", 16).await.unwrap().is_none());
    let entries = db.store.audit(None, 5).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|entry| entry.act.as_str()).collect();
    let expected = ["picture_removed", "picture_changed", "picture_changed", "entry_policy_changed", "server_renamed"];
    assert_eq!(acts, expected);
    assert!(entries.iter().all(|entry| entry.actor.as_ref() == Some(&owner)));
    assert_eq!(entries[4].details, Some(serde_json::json!({ "name": "Tea House" })));
}

/// A request can ask for any text; one with NUL cannot be stored everywhere.
async fn unstorable_text_is_not_found(db: &Database) {
    db.account("Ann").await;
    for text in ["\0", "a\0nn", "ann\0"] {
        assert!(db.store.account_by_name(text).await.unwrap().is_none());
        assert!(db.store.search_accounts(text, None, 10).await.unwrap().people.is_empty());
        assert!(db.store.search_accounts("nothing", Some(text), 10).await.unwrap().people.is_empty());
        assert!(db.store.picture(text, 16).await.unwrap().is_none());
        let keys = [text.to_owned()];
        assert!(db.store.members_by_name(&RoomId::lobby(), &keys).await.unwrap().is_empty());
    }
}

async fn a_closed_store_refuses_writes(db: &Database) {
    let ann = db.guest("Ann").await;
    db.send(&RoomId::lobby(), &ann, "hello").await;
    db.store.close().await;
    let (answer, outcome) = oneshot::channel();
    let done = OnAppended::new(move |result| drop(answer.send(result)));
    let command =
        LogCommand { id: new_id(), room: RoomId::lobby(), by: Arc::new(ann.clone()), kind: message("too late") };
    db.store.append(command, done).await;
    assert!(matches!(outcome.await.unwrap(), Err(StoreError::Closed)));
    assert!(matches!(db.store.end_session(new_token()).await, Err(StoreError::Closed)));
}
