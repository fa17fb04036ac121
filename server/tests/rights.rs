//! Who may act on whom: owners of rooms, invitations of people who lost their role, mutes, sessions.

mod audit;
mod mutes;
mod owners;
mod sessions;

use crate::support::{
    Client, FrameReader, Server,
    browser::Browser,
    eventually, message_to,
    people::{Answer, PASSWORD, of_each_role},
    rooms::{about, settings},
};
use parlor_protocol::{CloseCode, RoomId, http::CreatedSession};
use reqwest::Method;
use serde_json::{Value, json};

fn of(who: &CreatedSession, what: &str) -> String {
    format!("/api/people/{}/{what}", who.user.id)
}

fn member(room: &RoomId, who: &CreatedSession) -> String {
    format!("/api/rooms/{room}/members/{}", who.user.id)
}

impl Server {
    async fn ban(&self, by: &CreatedSession, on: &CreatedSession) {
        assert_eq!(self.post(&of(on, "ban"), &by.token, json!({ "reason": "spam" })).await.status, 204);
    }

    async fn lift(&self, by: &CreatedSession, on: &CreatedSession) {
        assert_eq!(self.delete(&of(on, "ban"), &by.token).await.status, 204);
    }

    async fn mute(&self, by: &CreatedSession, on: &CreatedSession, room: Option<&RoomId>) -> u16 {
        self.post(&of(on, "mute"), &by.token, json!({ "minutes": 5, "room": room })).await.status
    }

    async fn set_moderator(&self, by: &CreatedSession, room: &RoomId, on: &CreatedSession, moderator: bool) -> u16 {
        let body = json!({ "moderator": moderator });
        self.ask(Method::PATCH, &member(room, on), &by.token, body).await.status
    }

    async fn expel(&self, by: &CreatedSession, room: &RoomId, on: &CreatedSession) -> u16 {
        self.delete(&member(room, on), &by.token).await.status
    }

    async fn set_owner(&self, by: &CreatedSession, room: &RoomId, to: &CreatedSession) -> u16 {
        let body = json!({ "user": to.user.id });
        self.ask(Method::PUT, &format!("/api/rooms/{room}/owner"), &by.token, body).await.status
    }

    /// The roles in a room: the names of its owners, then of those of its moderators who do not own it.
    async fn roles(&self, viewer: &CreatedSession, room: &RoomId) -> (Vec<String>, Vec<String>) {
        let list: Value = self.get(&viewer.token, &format!("/api/rooms/{room}/members")).await.json().await.unwrap();
        let members = list["members"].as_array().unwrap();
        let names = |fits: &dyn Fn(&Value) -> bool| {
            let named = members.iter().filter(|member| fits(member));
            named.map(|member| member["user"]["name"].as_str().unwrap().to_owned()).collect()
        };
        let owns = |member: &Value| member["owner"] == true;
        (names(&owns), names(&|member| member["moderator"] == true && !owns(member)))
    }
}
