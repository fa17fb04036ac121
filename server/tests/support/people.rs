//! People with accounts, and what they ask of the server.

use parlor_protocol::http::{CreatedInvite, CreatedSession, ErrorResponse};
use reqwest::{Method, header::HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Server, http_client};

pub const PASSWORD: &str = "correct horse battery";

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn of<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status, and the error's code.
    pub fn refused(&self) -> (u16, String) {
        (self.status, self.of::<ErrorResponse>().error.code)
    }

    pub fn made(&self) -> CreatedSession {
        assert_eq!(self.status, 200, "{self:?}");
        self.of()
    }
}

impl Server {
    /// Asks as a script does, with a token or without.
    pub async fn ask(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        self.ask_from("", method, path, token, body).await
    }

    /// As through a proxy, from an address.
    pub async fn ask_from(&self, address: &str, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let mut request = http_client().request(method, self.url(path));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !address.is_empty() {
            request = request.header("x-forwarded-for", address);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, text: answer.text().await.unwrap() }
    }

    pub async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, token, body).await
    }

    pub async fn delete(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::DELETE, path, token, Value::Null).await
    }

    pub async fn try_guest(&self, name: &str) -> Answer {
        self.post("/api/session", "", json!({ "name": name })).await
    }

    /// Someone new with an account.
    pub async fn account(&self, name: &str) -> CreatedSession {
        self.post("/api/accounts", "", json!({ "name": name, "password": PASSWORD })).await.made()
    }

    pub async fn owner(&self, name: &str) -> CreatedSession {
        let secret = self.first_secret().unwrap();
        self.post("/api/accounts", "", json!({ "name": name, "password": PASSWORD, "invite": secret })).await.made()
    }

    /// The secret of the link that makes the first owner.
    pub fn first_secret(&self) -> Option<String> {
        self.running.as_ref().unwrap().first_link.as_ref().map(|link| link.rsplit('/').next().unwrap().to_owned())
    }

    pub async fn try_sign_in(&self, name: &str, password: &str) -> Answer {
        self.post("/api/sign-in", "", json!({ "name": name, "password": password })).await
    }

    pub async fn sign_in(&self, name: &str) -> CreatedSession {
        self.try_sign_in(name, PASSWORD).await.made()
    }

    /// Someone new with a role, invited by someone who may.
    pub async fn with_role(&self, by: &CreatedSession, name: &str, role: &str) -> CreatedSession {
        let secret = self.invite(by, json!({ "role": role, "uses": 1 })).await.1;
        self.post("/api/accounts", "", json!({ "name": name, "password": PASSWORD, "invite": secret })).await.made()
    }

    /// An invitation and its secret.
    pub async fn invite(&self, by: &CreatedSession, body: Value) -> (CreatedInvite, String) {
        let answer = self.post("/api/invites", &by.token, body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let made: CreatedInvite = answer.of();
        let secret = made.link.strip_prefix("/invite/").unwrap().to_owned();
        (made, secret)
    }

    /// The status of `GET /api/me`.
    pub async fn who(&self, token: &str) -> u16 {
        self.get(token, "/api/me").await.status().as_u16()
    }
}

/// An owner, an admin, a moderator and a member.
pub async fn of_each_role(server: &Server) -> [CreatedSession; 4] {
    let olga = server.owner("Olga").await;
    let adam = server.with_role(&olga, "Adam", "admin").await;
    let mona = server.with_role(&olga, "Mona", "moderator").await;
    let ann = server.account("Ann").await;
    [olga, adam, mona, ann]
}
