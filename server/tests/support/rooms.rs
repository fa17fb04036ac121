//! Rooms of each kind, and the commands about them.

use parlor_protocol::{
    ClientFrame, CommandId, Event, RoomId, RoomSummary, Seq, ServerFrame, User,
    http::{CreatedRoom, CreatedSession, EventPage, MessagePage, RoomList},
};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Client, FrameReader, Server};

/// The path of a room's settings page.
pub fn settings(room: &RoomId) -> String {
    form(room, "settings")
}

/// The path of a form about a room.
pub fn form(room: &RoomId, what: &str) -> String {
    format!("/rooms/{room}/{what}")
}

/// The path of a form about a member.
pub fn about(room: &RoomId, who: &CreatedSession, what: &str) -> String {
    format!("/rooms/{room}/members/{}/{what}", who.user.id)
}

impl Server {
    pub async fn room(&self, maker: &CreatedSession, name: &str, kind: &str) -> RoomId {
        let answer = self.post("/api/rooms", &maker.token, json!({ "name": name, "kind": kind })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.of::<CreatedRoom>().room.id
    }

    /// The direct room of these people.
    pub async fn direct(&self, maker: &CreatedSession, others: &[&CreatedSession]) -> RoomId {
        let users: Vec<_> = others.iter().map(|other| other.user.id).collect();
        self.post("/api/direct", &maker.token, json!({ "users": users })).await.of::<CreatedRoom>().room.id
    }

    /// Adds a member, or joins.
    pub async fn add(&self, by: &CreatedSession, room: &RoomId, user: &User) {
        let answer = self.post(&format!("/api/rooms/{room}/members"), &by.token, json!({ "user": user.id })).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// Removes a member, or leaves.
    pub async fn remove(&self, by: &CreatedSession, room: &RoomId, user: &User) {
        let answer = self.delete(&format!("/api/rooms/{room}/members/{}", user.id), &by.token).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    pub async fn change(&self, by: &CreatedSession, room: &RoomId, change: serde_json::Value) {
        let answer = self.ask(Method::PATCH, &format!("/api/rooms/{room}"), &by.token, change).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// The room as it is in someone's room list.
    pub async fn listed(&self, who: &CreatedSession, room: &RoomId) -> RoomSummary {
        let rooms = self.get(&who.token, "/api/rooms").await.json::<RoomList>().await.unwrap().rooms;
        rooms.into_iter().find(|listed| listed.id == *room).unwrap()
    }

    pub async fn log(&self, who: &CreatedSession, room: &RoomId) -> Vec<Event> {
        let answer = self.get(&who.token, &format!("/api/rooms/{room}/events?after=0")).await;
        answer.json::<EventPage>().await.unwrap().events
    }

    /// The newest history page.
    pub async fn page(&self, who: &CreatedSession, room: &RoomId) -> MessagePage {
        self.get(&who.token, &format!("/api/rooms/{room}/messages")).await.json().await.unwrap()
    }
}

impl Client {
    /// Sends a command and returns the seq of its event, or the code of its refusal.
    pub async fn decided(&mut self, frame: ClientFrame) -> Result<Seq, String> {
        let (ClientFrame::Send { id, .. }
        | ClientFrame::Edit { id, .. }
        | ClientFrame::React { id, .. }
        | ClientFrame::Delete { id, .. }) = frame
        else {
            panic!("{frame:?}")
        };
        self.say(&frame).await;
        self.answer(id).await
    }

    pub async fn answer(&mut self, id: CommandId) -> Result<Seq, String> {
        self.until(|answer| match answer {
            ServerFrame::Ack { id: acked, seq, .. } if *acked == id => Some(Ok(*seq)),
            ServerFrame::Refused { id: Some(refused), code, .. } if *refused == id.to_string() => {
                Some(Err(code.clone()))
            }
            _ => None,
        })
        .await
    }

    /// Sends a message to a room and returns its id and seq.
    pub async fn say_in(&mut self, room: &RoomId, body: &str) -> (CommandId, Seq) {
        let id = CommandId(Uuid::now_v7());
        let frame = ClientFrame::Send { id, room: room.clone(), body: body.into(), reply_to: None };
        (id, self.decided(frame).await.unwrap())
    }

    pub async fn delete(&mut self, room: &RoomId, message: CommandId) -> Result<Seq, String> {
        self.decided(ClientFrame::Delete { id: CommandId(Uuid::now_v7()), room: room.clone(), message }).await
    }

    /// The frames that arrive until the server has processed everything sent so far.
    pub async fn settle(&mut self) -> Vec<ServerFrame> {
        self.say(&ClientFrame::Ping { at: 77 }).await;
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                ServerFrame::Pong { at: 77, .. } => return frames,
                frame => frames.push(frame),
            }
        }
    }

    /// The next matching summary of a room.
    pub async fn summary(&mut self, id: &RoomId, mut fits: impl FnMut(&RoomSummary) -> bool) -> RoomSummary {
        self.until(|frame| match frame {
            ServerFrame::Room { room } if room.id == *id && fits(room) => Some(room.clone()),
            _ => None,
        })
        .await
    }
}

/// The read position, unread count, mention count and unread mark of a summary.
pub fn counts(room: &RoomSummary) -> (Seq, u64, u64, bool) {
    (room.read, room.unread, room.mentions, room.marked)
}
