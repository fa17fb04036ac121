//! The events of bots: what they ask for, and what they are told when it is done.

use std::collections::HashMap;

use parking_lot::Mutex;
use parlor_protocol::{ClientFrame, CommandId, Cursor, RoomId, Seq, ServerFrame, error_code, limits};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ack::Ack;
use crate::{
    domain::Page,
    gateway::{participant::Participant, talk::Gone},
    http::{ApiError, rooms},
    policy::RoomAct,
    session::Session,
};

/// Those who wait for an answer of the session.
#[derive(Default)]
pub(super) struct Pending {
    sends: Mutex<HashMap<String, Ack>>,
    joins: Mutex<HashMap<RoomId, Ack>>,
    /// Of `sends`, those whose answer may have been lost.
    doubtful: Mutex<Vec<String>>,
}

impl Pending {
    /// Answers with what a frame says; gives the frame back where nobody waits for it.
    pub(super) async fn answer(&self, frame: ServerFrame) -> Result<Option<ServerFrame>, Gone> {
        match frame {
            ServerFrame::Ack { id, seq, at, .. } => {
                let waiting = self.sends.lock().remove(&id.to_string());
                if let Some(ack) = waiting {
                    ack.answer(json!({ "id": id, "seq": seq, "at": at })).await?;
                }
                Ok(None)
            }
            ServerFrame::Refused { id, room, code, message, retry_after_ms } => {
                let waiting = match (&id, &room) {
                    (Some(id), _) => self.sends.lock().remove(id),
                    (None, Some(room)) => self.joins.lock().remove(room),
                    (None, None) => None,
                };
                if let Some(ack) = waiting.filter(Ack::is_wanted) {
                    let mut error = json!({ "code": code, "message": message });
                    if let Some(after) = retry_after_ms {
                        error["retry_after_ms"] = after.into();
                    }
                    ack.answer(json!({ "error": error })).await?;
                    return Ok(None);
                }
                Ok(Some(ServerFrame::Refused { id, room, code, message, retry_after_ms }))
            }
            ServerFrame::Joined { room, head, online, away, online_count } => {
                let waiting = self.joins.lock().remove(&room);
                if let Some(ack) = waiting {
                    let joined = json!({ "room": room, "head": head, "online": online, "online_count": online_count });
                    ack.answer(joined).await?;
                }
                Ok(Some(ServerFrame::Joined { room, head, online, away, online_count }))
            }
            ServerFrame::Event(event) => {
                // The answer may have been lost to an overflow.
                let waiting = self.sends.lock().remove(&event.id.to_string());
                if let Some(ack) = waiting {
                    ack.answer(json!({ "id": event.id, "seq": event.seq, "at": event.at })).await?;
                }
                Ok(Some(ServerFrame::Event(event)))
            }
            ServerFrame::Gap { room, reason, after, head } => {
                self.doubtful.lock().extend(self.sends.lock().keys().cloned());
                Ok(Some(ServerFrame::Gap { room, reason, after, head }))
            }
            // What was asked for after a gap has come.
            ServerFrame::Pong { .. } => {
                let doubtful = std::mem::take(&mut *self.doubtful.lock());
                for id in doubtful {
                    let waiting = self.sends.lock().remove(&id);
                    if let Some(ack) = waiting.filter(Ack::is_wanted) {
                        ack.refuse("gap", "The answer was lost. Look into the history before you say it again.")
                            .await?;
                    }
                }
                Ok(None)
            }
            frame => Ok(Some(frame)),
        }
    }

    /// Says a text of the `message` event.
    pub(super) async fn message(
        &self,
        participant: &Participant,
        session: &Session,
        text: &str,
        ack: Ack,
    ) -> Result<(), Gone> {
        let id = CommandId(Uuid::now_v7());
        self.sends.lock().insert(id.to_string(), ack);
        if let Err(failure) = participant.say(session, text, id).await {
            let ack = self.sends.lock().remove(&id.to_string());
            if let Some(ack) = ack.filter(|_| session.counts()) {
                ack.fail_of(&failure, text).await?;
            }
        }
        Ok(())
    }

    /// Does what another event asks for.
    pub(super) async fn command(
        &self,
        participant: &Participant,
        session: &Session,
        event: &str,
        data: Option<Value>,
        ack: Ack,
    ) -> Result<(), Gone> {
        let answer = match event {
            "say" => match read::<Say>(data) {
                Ok(Say { room, body, reply_to }) => {
                    let id = CommandId(Uuid::now_v7());
                    self.sends.lock().insert(id.to_string(), ack);
                    let room = room.unwrap_or_else(|| participant.room.clone());
                    participant.send(session, room, &body, reply_to, id).await;
                    return Ok(());
                }
                Err(failure) => Err(failure),
            },
            "join" => match read::<InRoom>(data) {
                Ok(InRoom { room }) => {
                    self.joins.lock().insert(room.clone(), ack);
                    let join = ClientFrame::Join(Cursor { room, after: None, tail: None });
                    session.receive(&join.encode()).await;
                    return Ok(());
                }
                Err(failure) => Err(failure),
            },
            "leave" => match read::<InRoom>(data) {
                Ok(InRoom { room }) => {
                    session.receive(&ClientFrame::Leave { room: room.clone() }.encode()).await;
                    Ok(json!({ "room": room }))
                }
                Err(failure) => Err(failure),
            },
            "rooms" if session.counts() => rooms_of(participant).await,
            "history" if session.counts() => history(participant, data).await,
            _ => {
                let event: String = event.chars().take(40).collect();
                let message = format!("There is no event “{event}”: message, say, join, leave, rooms or history.");
                if session.counts() {
                    ack.refuse(error_code::UNKNOWN_TYPE, &message).await?;
                }
                return Ok(());
            }
        };
        match answer {
            Ok(answer) => ack.answer(answer).await,
            Err(failure) if session.counts() => ack.fail(&failure).await,
            Err(_) => Ok(()),
        }
    }
}

#[derive(Deserialize)]
struct Say {
    room: Option<RoomId>,
    body: String,
    reply_to: Option<CommandId>,
}

#[derive(Deserialize)]
struct InRoom {
    room: RoomId,
}

#[derive(Deserialize)]
struct History {
    room: Option<RoomId>,
    before: Option<Seq>,
    limit: Option<u32>,
}

fn read<T: DeserializeOwned>(data: Option<Value>) -> Result<T, ApiError> {
    match data {
        Some(object @ Value::Object(_)) => serde_json::from_value(object)
            .map_err(|error| ApiError::bad_request(format!("The data is not right: {error}"))),
        _ => Err(ApiError::bad_request("The data of this event is one object.")),
    }
}

async fn rooms_of(participant: &Participant) -> Result<Value, ApiError> {
    let rooms = participant.app.live.rooms_for(&participant.who.signed_in()).await?;
    Ok(json!({ "rooms": rooms }))
}

async fn history(participant: &Participant, data: Option<Value>) -> Result<Value, ApiError> {
    let History { room, before, limit } = read(data.filter(|data| !data.is_null()).or_else(|| Some(json!({}))))?;
    let room = room.unwrap_or_else(|| participant.room.clone());
    rooms::may(&participant.app, &participant.who, RoomAct::Read, &room).await?;
    let limit = limit.unwrap_or(limits::DEFAULT_PAGE_SIZE).clamp(1, limits::MAX_PAGE_SIZE);
    let page = before.map_or(Page::Newest, Page::Before);
    let page = participant.app.live.store.messages(&room, page, limit).await?;
    serde_json::to_value(page).map_err(|error| ApiError::bad_request(error.to_string()))
}
