//! A server with rooms and people for each cell of the table, and what comes of asking there.

use crate::support::{Client, Server, http_client};
use parlor_protocol::policy::{Actor, Decision, MemberStatus, RoomAction, RoomContext};
use parlor_protocol::{
    ClientFrame, CommandId, RoomId, RoomKind, ServerFrame, ServerRole, UserId,
    http::{CreatedRoom, CreatedSession, RoomList},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::commands::{OverHttp, act_of, frames};

/// What someone is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Outside,
    Member,
    Moderator,
}

/// One cell: someone, a room made for them, and another member of it.
pub(super) struct Cell {
    pub(super) kind: &'static str,
    pub(super) role: ServerRole,
    pub(super) stands: Stands,
    pub(super) room: RoomId,
    pub(super) them: CreatedSession,
    pub(super) other: CreatedSession,
}

impl Cell {
    pub(super) fn verdict(&self, act: RoomAction) -> Decision {
        let kind = match self.kind {
            "private" => RoomKind::Private,
            "direct" => RoomKind::Direct,
            _ => RoomKind::Public,
        };
        let membership = match self.stands {
            Stands::Outside => None,
            Stands::Member => Some(MemberStatus { moderator: false, muted: false }),
            Stands::Moderator => Some(MemberStatus { moderator: true, muted: false }),
        };
        let actor = Actor { role: self.role, lobby_only: false, muted: false };
        actor.check(act, RoomContext { kind, lobby: self.kind == "lobby", archived: false, membership })
    }

    pub(super) fn name(&self) -> String {
        format!("{} {:?} {:?}", self.kind, self.role, self.stands)
    }
}

pub(super) struct World {
    pub(super) server: Server,
    pub(super) db: sqlx::SqlitePool,
    pub(super) owner: CreatedSession,
}

impl World {
    pub(super) async fn begin() -> Self {
        let server = Server::start().await;
        let file = server.folder.join("parlor.db");
        let db = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
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

    /// Someone new, before anyone has asked what they are.
    pub(super) async fn person(&self, role: ServerRole) -> CreatedSession {
        let made = self.server.session(&format!("p{}", &Uuid::now_v7().simple().to_string()[16..])).await;
        sqlx::query("UPDATE user SET role = ? WHERE id = ?")
            .bind(role.as_str())
            .bind(made.user.id.0)
            .execute(&self.db)
            .await
            .unwrap();
        made
    }

    pub(super) async fn cell(&self, kind: &'static str, role: ServerRole, stands: Stands) -> Cell {
        let (them, other) = (self.person(role).await, self.person(ServerRole::Guest).await);
        let room = match kind {
            "lobby" => RoomId::lobby(),
            "direct" => {
                let mut users = vec![other.user.id];
                users.extend((stands != Stands::Outside).then_some(them.user.id));
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
                if stands != Stands::Outside {
                    self.add(&room, them.user.id).await;
                }
                room
            }
        };
        match (stands, kind) {
            (Stands::Outside | Stands::Member, _) => {}
            (Stands::Moderator, "public" | "private") => {
                let (path, body) =
                    (format!("/api/rooms/{room}/members/{}", them.user.id), json!({ "moderator": true }));
                let (status, _) = self.call(&self.owner.token, Method::PATCH, &path, Some(body)).await;
                assert_eq!(status, 204);
            }
            // Nobody can appoint anyone there, so before anyone has asked who is what.
            (Stands::Moderator, _) => {
                sqlx::query("UPDATE member SET role = 'moderator' WHERE room = ? AND user = ?")
                    .bind(room.as_str())
                    .bind(them.user.id.0)
                    .execute(&self.db)
                    .await
                    .unwrap();
            }
        }
        Cell { kind, role, stands, room, them, other }
    }

    pub(super) async fn add(&self, room: &RoomId, user: UserId) {
        let path = format!("/api/rooms/{room}/members");
        let (status, _) = self.call(&self.owner.token, Method::POST, &path, Some(json!({ "user": user }))).await;
        assert_eq!(status, 204);
    }

    pub(super) async fn over_http(&self, cell: &Cell, command: OverHttp) {
        let (room, me, other) = (&cell.room, cell.them.user.id, cell.other.user.id);
        let someone = self.person(ServerRole::Guest).await.user.id;
        let path = |rest: &str| format!("/api/rooms/{room}{rest}");
        let (method, path, body) = match command {
            OverHttp::List => (Method::GET, "/api/rooms".to_owned(), None),
            OverHttp::Page => (Method::GET, format!("/r/{room}"), None),
            OverHttp::Messages => (Method::GET, path("/messages"), None),
            OverHttp::Events => (Method::GET, path("/events"), None),
            OverHttp::Members => (Method::GET, path("/members"), None),
            OverHttp::Join => (Method::POST, path("/members"), Some(json!({ "user": me }))),
            OverHttp::Invite => (Method::POST, path("/members"), Some(json!({ "user": someone }))),
            OverHttp::Leave => (Method::DELETE, path(&format!("/members/{me}")), None),
            OverHttp::Remove => (Method::DELETE, path(&format!("/members/{other}")), None),
            OverHttp::Rename => (Method::PATCH, path(""), Some(json!({ "name": Uuid::now_v7().to_string() }))),
            OverHttp::SetTopic => (Method::PATCH, path(""), Some(json!({ "topic": "dinner" }))),
            OverHttp::Archive => (Method::PATCH, path(""), Some(json!({ "archived": true }))),
            OverHttp::Appoint => {
                (Method::PATCH, path(&format!("/members/{other}")), Some(json!({ "moderator": true })))
            }
            OverHttp::Level => (Method::PUT, path("/level"), Some(json!({ "level": "mentions" }))),
            OverHttp::Mute => {
                (Method::POST, format!("/api/people/{other}/mute"), Some(json!({ "minutes": 1, "room": room })))
            }
        };
        let (status, answer) = self.call(&cell.them.token, method, &path, body).await;
        let verdict = cell.verdict(command.act());
        let expected: &[u16] = match (command, verdict) {
            (OverHttp::List, _) => {
                let listed =
                    serde_json::from_value::<RoomList>(answer).unwrap().rooms.iter().any(|mine| mine.id == *room);
                // A direct room is listed once something was said in it.
                let begun = cell.kind != "direct";
                assert_eq!(listed, verdict == Decision::Allowed && begun, "{} {command:?}", cell.name());
                return;
            }
            (OverHttp::Page, Decision::Allowed) if cell.kind == "direct" => &[404],
            // Joining what one is in changes nothing.
            (OverHttp::Join, Decision::Forbidden) if cell.stands != Stands::Outside => &[204],
            (_, Decision::Allowed) => &[200, 204],
            (_, Decision::Forbidden) => &[403],
            (_, Decision::Hidden) => &[404],
        };
        assert!(expected.contains(&status), "{} {command:?}: {status}, not {expected:?}", cell.name());
    }

    pub(super) async fn live(&self, cell: &Cell) {
        let mut other = Client::connect(self.server.address, &cell.other).await;
        other.hello(vec![]).await;
        other.join(cell.room.as_str(), None).await;
        let mut them = Client::connect(self.server.address, &cell.them).await;
        them.hello(vec![]).await;
        // What writing changes comes last: it makes one a member of a public room. What is typed is heard by who has joined.
        let said = CommandId(Uuid::now_v7());
        let send = ClientFrame::Send { id: said, room: cell.room.clone(), body: "hi".into(), reply_to: None };
        assert_eq!(decided(&mut other, send).await, None);
        let mut frames = frames(&cell.room, said);
        frames.sort_by_key(|frame| matches!(frame, ClientFrame::Send { .. }));
        if cell.stands == Stands::Outside {
            frames.sort_by_key(|frame| matches!(frame, ClientFrame::Join(_) | ClientFrame::Send { .. }));
        }
        for frame in frames {
            let refused = if matches!(frame, ClientFrame::Delete { .. }) {
                decided(&mut them, frame.clone()).await
            } else {
                them.say(&frame).await;
                refusal(&mut them).await
            };
            let Some(act) = act_of(&frame) else {
                assert_eq!(refused.as_deref(), Some("not_supported"), "{} {frame:?}", cell.name());
                continue;
            };
            let verdict = cell.verdict(act);
            if act == RoomAction::Type {
                // Not answered: it is heard or not.
                other.say(&ClientFrame::Ping { at: 2 }).await;
                let mut heard = false;
                other
                    .until(|frame| match frame {
                        ServerFrame::Typing { user, .. } => {
                            heard |= *user == cell.them.user;
                            None
                        }
                        ServerFrame::Pong { at: 2, .. } => Some(()),
                        _ => None,
                    })
                    .await;
                assert_eq!((heard, refused), (verdict == Decision::Allowed, None), "{} {frame:?}", cell.name());
                continue;
            }
            let expected = match verdict {
                Decision::Allowed => None,
                Decision::Forbidden => Some("forbidden"),
                Decision::Hidden => Some("not_found"),
            };
            assert_eq!(refused.as_deref(), expected, "{} {frame:?}", cell.name());
            // Where it could be said it can be taken back: by then they are a member.
            if let ClientFrame::Send { id: message, room, .. } = frame {
                let refused =
                    decided(&mut them, ClientFrame::Delete { id: CommandId(Uuid::now_v7()), room, message }).await;
                let expected = (verdict == Decision::Hidden).then_some("not_found");
                assert_eq!(refused.as_deref(), expected, "{} their own", cell.name());
            }
        }
    }
}

/// Says what is answered once it is decided; the code of a refusal.
pub(super) async fn decided(client: &mut Client, frame: ClientFrame) -> Option<String> {
    let (ClientFrame::Send { id, .. } | ClientFrame::Delete { id, .. }) = frame else { panic!("{frame:?}") };
    client.say(&frame).await;
    client
        .until(|answer| match answer {
            ServerFrame::Ack { id: acked, .. } if *acked == id => Some(None),
            ServerFrame::Refused { id: Some(refused), code, .. } if *refused == id.to_string() => {
                Some(Some(code.clone()))
            }
            _ => None,
        })
        .await
}

/// The code of what was refused, if it was: everything up to the answer of a ping.
pub(super) async fn refusal(client: &mut Client) -> Option<String> {
    client.say(&ClientFrame::Ping { at: 1 }).await;
    let mut refused = None;
    client
        .until(|frame| match frame {
            ServerFrame::Refused { code, .. } => {
                refused = Some(code.clone());
                None
            }
            ServerFrame::Pong { at: 1, .. } => Some(()),
            _ => None,
        })
        .await;
    refused
}
