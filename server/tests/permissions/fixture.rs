//! A server with a room and people for each combination, and the commands that are tried there.

use crate::support::{
    Client, Server,
    database::{Argument, Database},
    http_client,
};
use parlor_protocol::policy::{Actor, Decision, RoomAction, RoomContext};
use parlor_protocol::{
    ClientFrame, CommandId, RoomId, RoomKind, RoomRole, ServerFrame, ServerRole, UserId,
    http::{CreatedRoom, CreatedSession, RoomList},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::commands::{HttpCommand, action_of, frames};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    Outside,
    Member,
    Moderator,
}

/// One combination: a user, a room created for them, and another member of that room.
pub(super) struct Cell {
    pub(super) kind: &'static str,
    pub(super) role: ServerRole,
    pub(super) membership: Membership,
    pub(super) room: RoomId,
    pub(super) them: CreatedSession,
    pub(super) other: CreatedSession,
}

impl Cell {
    pub(super) fn decision(&self, act: RoomAction) -> Decision {
        let kind = match self.kind {
            "private" => RoomKind::Private,
            "direct" => RoomKind::Direct,
            _ => RoomKind::Public,
        };
        let membership = match self.membership {
            Membership::Outside => None,
            Membership::Member => Some(RoomRole::Member),
            Membership::Moderator => Some(RoomRole::Moderator),
        };
        let actor = Actor { role: self.role, lobby_only: false, muted: false };
        actor.check(act, RoomContext { kind, lobby: self.kind == "lobby", archived: false, membership })
    }

    pub(super) fn name(&self) -> String {
        format!("{} {:?} {:?}", self.kind, self.role, self.membership)
    }
}

pub(super) struct Fixture {
    pub(super) server: Server,
    db: Mutex<Database>,
    pub(super) owner: CreatedSession,
}

impl Fixture {
    pub(super) async fn start() -> Self {
        let server = Server::start().await;
        let db = Mutex::new(server.database().await);
        let owner = server.session("the maker").await;
        Self { server, db, owner }
    }

    pub(super) async fn call(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = http_client().request(method, self.server.url(path)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// Creates a user with a role, before any cache has seen them.
    pub(super) async fn person(&self, role: ServerRole) -> CreatedSession {
        let made = self.server.session(&format!("p{}", &Uuid::now_v7().simple().to_string()[16..])).await;
        let values = [Argument::Text(role.as_str()), Argument::Id(made.user.id.0)];
        self.db.lock().await.execute("UPDATE users SET role = $1 WHERE id = $2", &values).await.unwrap();
        made
    }

    pub(super) async fn cell(&self, kind: &'static str, role: ServerRole, membership: Membership) -> Cell {
        let (them, other) = (self.person(role).await, self.person(ServerRole::Guest).await);
        let room = match kind {
            "lobby" => RoomId::lobby(),
            "direct" => {
                let mut users = vec![other.user.id];
                users.extend((membership != Membership::Outside).then_some(them.user.id));
                let (status, made) =
                    self.call(&self.owner.token, Method::POST, "/api/direct", Some(json!({ "users": users }))).await;
                assert_eq!(status, 200);
                serde_json::from_value::<CreatedRoom>(made).unwrap().room.id
            }
            kind => {
                let name = Uuid::now_v7().to_string();
                let body = json!({ "name": name, "kind": kind });
                let (status, made) = self.call(&self.owner.token, Method::POST, "/api/rooms", Some(body)).await;
                assert_eq!(status, 201);
                let room = serde_json::from_value::<CreatedRoom>(made).unwrap().room.id;
                self.add(&room, other.user.id).await;
                if membership != Membership::Outside {
                    self.add(&room, them.user.id).await;
                }
                room
            }
        };
        match (membership, kind) {
            (Membership::Outside | Membership::Member, _) => {}
            (Membership::Moderator, "public" | "private") => {
                let (path, body) =
                    (format!("/api/rooms/{room}/members/{}", them.user.id), json!({ "moderator": true }));
                let (status, _) = self.call(&self.owner.token, Method::PATCH, &path, Some(body)).await;
                assert_eq!(status, 204);
            }
            // Moderators cannot be appointed there, so set it in the database before any cache has seen it.
            (Membership::Moderator, _) => {
                let appoint = "UPDATE member SET role = 'moderator' WHERE room = $1 AND user_id = $2";
                let values = [Argument::Text(room.as_str()), Argument::Id(them.user.id.0)];
                self.db.lock().await.execute(appoint, &values).await.unwrap();
            }
        }
        Cell { kind, role, membership, room, them, other }
    }

    pub(super) async fn add(&self, room: &RoomId, user: UserId) {
        let path = format!("/api/rooms/{room}/members");
        let (status, _) = self.call(&self.owner.token, Method::POST, &path, Some(json!({ "user": user }))).await;
        assert_eq!(status, 204);
    }

    pub(super) async fn run_http(&self, cell: &Cell, command: HttpCommand) {
        let (room, me, other) = (&cell.room, cell.them.user.id, cell.other.user.id);
        let someone = self.person(ServerRole::Guest).await.user.id;
        let path = |rest: &str| format!("/api/rooms/{room}{rest}");
        let (method, path, body) = match command {
            HttpCommand::List => (Method::GET, "/api/rooms".to_owned(), None),
            HttpCommand::Page => (Method::GET, format!("/r/{room}"), None),
            HttpCommand::Messages => (Method::GET, path("/messages"), None),
            HttpCommand::Message | HttpCommand::Edits | HttpCommand::Reactions => {
                let mut live = Client::greet(self.server.address, &cell.other).await;
                let (message, _) = live.say_in(room, "hi").await;
                let what = match command {
                    HttpCommand::Edits => "/edits",
                    HttpCommand::Reactions => "/reactions",
                    _ => "",
                };
                (Method::GET, path(&format!("/messages/{message}{what}")), None)
            }
            HttpCommand::Events => (Method::GET, path("/events"), None),
            HttpCommand::Members => (Method::GET, path("/members"), None),
            HttpCommand::Join => (Method::POST, path("/members"), Some(json!({ "user": me }))),
            HttpCommand::Invite => (Method::POST, path("/members"), Some(json!({ "user": someone }))),
            HttpCommand::Leave => (Method::DELETE, path(&format!("/members/{me}")), None),
            HttpCommand::Remove => (Method::DELETE, path(&format!("/members/{other}")), None),
            HttpCommand::Rename => (Method::PATCH, path(""), Some(json!({ "name": Uuid::now_v7().to_string() }))),
            HttpCommand::SetTopic => (Method::PATCH, path(""), Some(json!({ "topic": "dinner" }))),
            HttpCommand::Archive => (Method::PATCH, path(""), Some(json!({ "archived": true }))),
            HttpCommand::Appoint => {
                (Method::PATCH, path(&format!("/members/{other}")), Some(json!({ "moderator": true })))
            }
            HttpCommand::ChangeOwner => (Method::PUT, path("/owner"), Some(json!({ "user": other }))),
            HttpCommand::Level => (Method::PUT, path("/level"), Some(json!({ "level": "mentions" }))),
            HttpCommand::Mute => {
                (Method::POST, format!("/api/people/{other}/mute"), Some(json!({ "minutes": 1, "room": room })))
            }
        };
        let (status, answer) = self.call(&cell.them.token, method, &path, body).await;
        let decision = cell.decision(command.action());
        let expected: &[u16] = match (command, decision) {
            (HttpCommand::List, _) => {
                let listed =
                    serde_json::from_value::<RoomList>(answer).unwrap().rooms.iter().any(|mine| mine.id == *room);
                // A direct room is listed once it has a message.
                let has_messages = cell.kind != "direct";
                assert_eq!(listed, decision == Decision::Allowed && has_messages, "{} {command:?}", cell.name());
                return;
            }
            (HttpCommand::Page, Decision::Allowed) if cell.kind == "direct" => &[404],
            // Joining again changes nothing.
            (HttpCommand::Join, Decision::Forbidden) if cell.membership != Membership::Outside => &[204],
            (_, Decision::Allowed) => &[200, 204],
            (_, Decision::Forbidden | Decision::Muted) => &[403],
            (_, Decision::Hidden) => &[404],
        };
        assert!(expected.contains(&status), "{} {command:?}: {status}, not {expected:?}", cell.name());
    }

    pub(super) async fn live(&self, cell: &Cell) {
        let mut other = Client::greet(self.server.address, &cell.other).await;
        other.join(cell.room.as_str(), None).await;
        let mut them = Client::greet(self.server.address, &cell.them).await;
        // Sending comes last, because it makes the sender a member of a public room. Only joined clients receive typing notices.
        let (said, kept) = (other.say_in(&cell.room, "hi").await.0, other.say_in(&cell.room, "ho").await.0);
        let mut frames = frames(&cell.room, said, kept);
        let joins = |frame: &ClientFrame| matches!(frame, ClientFrame::Send { .. } | ClientFrame::React { .. });
        frames.sort_by_key(joins);
        if cell.membership == Membership::Outside {
            frames.sort_by_key(|frame| joins(frame) || matches!(frame, ClientFrame::Join(_)));
        }
        for frame in frames {
            let is_answered =
                matches!(frame, ClientFrame::Edit { .. } | ClientFrame::React { .. } | ClientFrame::Delete { .. });
            let refused = if is_answered {
                decided(&mut them, frame.clone()).await
            } else {
                them.say(&frame).await;
                refusal(&mut them).await
            };
            let Some(act) = action_of(&frame) else {
                let expected = ["forbidden", "not_found"].map(Some);
                assert!(
                    matches!(frame, ClientFrame::Leave { .. }) || expected.contains(&refused.as_deref()),
                    "{} {frame:?} {refused:?}",
                    cell.name()
                );
                continue;
            };
            let decision = cell.decision(act);
            if act == RoomAction::Type {
                // Has no response: the other client receives it, or not.
                let heard = other
                    .settle()
                    .await
                    .iter()
                    .any(|frame| matches!(frame, ServerFrame::Typing { user, .. } if *user == cell.them.user));
                assert_eq!((heard, refused), (decision == Decision::Allowed, None), "{} {frame:?}", cell.name());
                continue;
            }
            let expected = match decision {
                Decision::Allowed => None,
                Decision::Forbidden | Decision::Muted => Some("forbidden"),
                Decision::Hidden => Some("not_found"),
            };
            assert_eq!(refused.as_deref(), expected, "{} {frame:?}", cell.name());
            // Who could send can delete their own message, as they are a member by now.
            if let ClientFrame::Send { id: message, room, .. } = frame {
                let refused =
                    decided(&mut them, ClientFrame::Delete { id: CommandId(Uuid::now_v7()), room, message }).await;
                let expected = (decision == Decision::Hidden).then_some("not_found");
                assert_eq!(refused.as_deref(), expected, "{} own message", cell.name());
            }
        }
    }
}

/// Sends a command and returns the code if it was refused.
async fn decided(client: &mut Client, frame: ClientFrame) -> Option<String> {
    client.decided(frame).await.err()
}

/// Returns the code of a refusal that arrives before the response to a ping.
async fn refusal(client: &mut Client) -> Option<String> {
    let mut frames = client.settle().await.into_iter();
    frames.find_map(|frame| if let ServerFrame::Refused { code, .. } = frame { Some(code) } else { None })
}
