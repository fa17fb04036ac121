//! Presence, last seen and profiles.

use std::time::Duration;

use crate::support::{Client, FrameReader, Server, join, unlimited};
use parlor::{
    clock::now,
    config::{Config, Guests},
};
use parlor_protocol::{
    ClientFrame, CloseCode, PresenceState, RoomId, ServerFrame, UserId,
    http::{CreatedRoom, CreatedSession, Me, Member, MemberList, PeoplePage, Person},
};
use reqwest::Method;
use serde_json::json;

const GRACE: Duration = Duration::from_millis(300);

async fn start() -> Server {
    Server::start_with(Config { leave_grace: GRACE, ..unlimited() }).await
}

/// The next presence of a user.
async fn heard(client: &mut Client, who: &CreatedSession) -> PresenceState {
    client
        .until(|frame| match frame {
            ServerFrame::Presence { user, state, .. } if user.id == who.user.id => Some(*state),
            _ => None,
        })
        .await
}

async fn away(client: &mut Client, on: bool) {
    client.say(&ClientFrame::Away { on }).await;
    client.settle().await;
}

/// The away users in `joined`.
async fn away_in_lobby(server: &Server, name: &str) -> Vec<UserId> {
    let mut client = server.greeted(name).await;
    client.say(&join(&RoomId::lobby(), None)).await;
    client
        .until(|frame| match frame {
            ServerFrame::Joined { away, .. } => Some(away.clone()),
            _ => None,
        })
        .await
}

async fn person(server: &Server, asks: &CreatedSession, who: &CreatedSession) -> Person {
    let people: PeoplePage = server.get(&asks.token, "/api/people").await.json().await.unwrap();
    people.people.into_iter().find(|person| person.id == who.user.id).unwrap()
}

async fn member(server: &Server, asks: &CreatedSession, who: &CreatedSession) -> Member {
    let members: MemberList = server.get(&asks.token, "/api/rooms/lobby/members").await.json().await.unwrap();
    members.members.into_iter().find(|member| member.user.id == who.user.id).unwrap()
}

#[tokio::test]
async fn users_are_away_when_all_devices_are() {
    let server = start().await;
    let mut watching = server.client("watching").await;
    let bob = server.session("bob").await;
    let (mut phone, mut desk) = (Client::greet(server.address, &bob).await, Client::greet(server.address, &bob).await);
    phone.join("lobby", None).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    away(&mut phone, true).await;
    assert_eq!(away_in_lobby(&server, "one").await, [], "the desk");
    away(&mut desk, true).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Away);
    assert_eq!(away_in_lobby(&server, "two").await, [bob.user.id]);
    away(&mut desk, false).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    // The disconnected device was active.
    drop(desk);
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Away);
    // A new device counts as active until it reports otherwise.
    let mut new = Client::greet(server.address, &bob).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    away(&mut new, true).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Away);
    // Joining does not count as activity.
    new.join("lobby", None).await;
    assert_eq!(away_in_lobby(&server, "three").await, [bob.user.id]);
    drop((phone, new));
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Offline);
    server.stop().await;
}

#[tokio::test]
async fn members_are_online_whichever_room_is_open() {
    let server = start().await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let direct = server.post("/api/direct", &ann.token, json!({ "users": [bob.user.id] })).await.of::<CreatedRoom>();
    let mut annas = Client::greet(server.address, &ann).await;
    annas.join(direct.room.id.as_str(), None).await;
    // Bob has no room open.
    let bobs = Client::greet(server.address, &bob).await;
    assert_eq!(heard(&mut annas, &bob).await, PresenceState::Online);
    annas.say(&join(&direct.room.id, None)).await;
    let here = annas
        .until(|frame| match frame {
            ServerFrame::Joined { online, online_count, .. } => Some((online.len(), *online_count)),
            _ => None,
        })
        .await;
    assert_eq!(here, (2, 2));
    drop(bobs);
    assert_eq!(heard(&mut annas, &bob).await, PresenceState::Offline);
    server.stop().await;
}

#[tokio::test]
async fn reconnecting_within_grace_clears_away() {
    let server = Server::start_with(Config { leave_grace: Duration::from_secs(60), ..unlimited() }).await;
    let mut watching = server.client("watching").await;
    let bob = server.session("bob").await;
    let mut phone = Client::in_lobby(server.address, &bob).await;
    away(&mut phone, true).await;
    // Combined updates show the newest state.
    while heard(&mut watching, &bob).await != PresenceState::Away {}
    phone.socket.close(None).await.unwrap();
    let _again = Client::in_lobby(server.address, &bob).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    assert_eq!(away_in_lobby(&server, "one").await, []);
    server.stop().await;
}

#[tokio::test]
async fn killed_clients_go_offline_after_the_grace_period() {
    let server = start().await;
    let mut watching = server.client("watching").await;
    let bob = server.session("bob").await;
    let phone = Client::in_lobby(server.address, &bob).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    // No close frame: the system closes the socket.
    drop(phone);
    let begun = std::time::Instant::now();
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Offline);
    assert!(begun.elapsed() < Duration::from_secs(30) - parlor_protocol::limits::PRESENCE_GRACE);
    server.stop().await;
}

#[tokio::test]
async fn last_seen_is_visible_to_those_who_may_list_people() {
    let server = start().await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let never = person(&server, &ann, &bob).await;
    assert_eq!((never.online, never.seen_at), (false, None));
    let before = now();
    let (mut phone, desk) = (Client::greet(server.address, &bob).await, Client::greet(server.address, &bob).await);
    drop(desk);
    phone.settle().await;
    assert_eq!((person(&server, &ann, &bob).await.online, member(&server, &ann, &bob).await.online), (true, true));
    assert_eq!((person(&server, &ann, &bob).await.seen_at, member(&server, &ann, &bob).await.seen_at), (None, None));
    drop(phone);
    let gone = loop {
        let bob = person(&server, &ann, &bob).await;
        if !bob.online {
            break bob.seen_at.expect("at once, and not only when it is on disk");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!((before..=now()).contains(&gone));
    assert_eq!(member(&server, &ann, &bob).await.seen_at, Some(gone));
    // Connected users were last seen when the server stops.
    let annas = Client::greet(server.address, &ann).await;
    let stopping = now();
    let server = server.restart().await;
    drop(annas);
    assert_eq!(person(&server, &bob, &bob).await.seen_at, Some(gone));
    assert!(person(&server, &bob, &ann).await.seen_at.is_some_and(|at| at >= stopping));
    server.stop().await;

    let server = Server::start_with(Config { guests: Some(Guests::LobbyOnly), ..unlimited() }).await;
    let (guest, bob) = (server.session("guest").await, server.account("bob").await);
    let _there = Client::greet(server.address, &bob).await;
    assert!(!member(&server, &guest, &bob).await.online && member(&server, &bob, &bob).await.online);
    server.stop().await;
}

#[tokio::test]
async fn profile_changes_are_announced_everywhere() {
    let server = start().await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let pair = server.direct(&ann, &[&bob]).await;
    let (mut annas, mut bobs) = (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    bobs.say_in(&pair, "psst").await;
    annas.summary(&pair, |room| room.head == 1).await;
    let body = json!({ "display_name": "Bobby", "colour": 7 });
    let me: Me = server.ask(Method::PATCH, "/api/me", &bob.token, body).await.of();
    assert_eq!((me.user.name.as_str(), me.user.colour, me.colour), ("Bobby", Some(7), Some(7)));
    assert_eq!(bobs.ended().await.bye, Some(CloseCode::IdentityChanged.code()));
    // Direct rooms are renamed at once.
    let told = annas.summary(&pair, |_| true).await;
    assert_eq!((told.name.as_str(), &told.people), ("Bobby", &vec![me.user.clone()]));
    assert_eq!(server.listed(&ann, &pair).await.name, "Bobby");
    annas.join("lobby", None).await;
    let mut bobs = Client::connect(server.address, &bob).await;
    let ServerFrame::Welcome { you, .. } = bobs.hello(vec![]).await else { panic!() };
    assert_eq!(you, me.user);
    bobs.join("lobby", None).await;
    bobs.say_in(&RoomId::lobby(), "hi").await;
    assert_eq!(annas.event().await.by, me.user);
    assert_eq!(server.page(&ann, &RoomId::lobby()).await.messages[0].by, me.user);
    assert_eq!(server.log(&ann, &RoomId::lobby()).await[0].by, me.user);
    assert_eq!(member(&server, &ann, &bob).await.user, me.user);
    let server = server.restart().await;
    assert_eq!(server.listed(&ann, &pair).await.people, [me.user]);
    // A new colour alone is announced as well.
    let mut annas = Client::greet(server.address, &ann).await;
    server.ask(Method::PATCH, "/api/me", &bob.token, json!({ "colour": 3 })).await;
    assert_eq!(annas.summary(&pair, |_| true).await.people[0].colour, Some(3));
    server.stop().await;
}
