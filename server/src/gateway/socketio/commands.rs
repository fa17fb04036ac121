//! Commands of Socket.IO clients, and the acknowledgements of their results.

use std::collections::HashMap;

use parking_lot::Mutex;
use parlor_protocol::{ClientFrame, CommandId, Cursor, RoomId, Seq, ServerFrame, error_code, limits};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ack::Ack;
use crate::{
    domain::Page,
    gateway::{connection::ClientGone, participant::Participant, refusal::Refusal},
    session::Session,
};

/// Acknowledgements that wait for the session's response.
#[derive(Default)]
pub(super) struct PendingAcks {
    sends: Mutex<HashMap<String, Ack>>,
    joins: Mutex<HashMap<RoomId, Ack>>,
    /// Those of `sends` whose response may have been lost.
    doubtful: Mutex<Vec<String>>,
}

impl PendingAcks {
    /// Sends the acknowledgement that a frame responds to. Returns the frame if it must also be handled otherwise.
    pub(super) async fn resolve(&self, frame: ServerFrame) -> Result<Option<ServerFrame>, ClientGone> {
        match frame {
            ServerFrame::Ack { id, seq, at, .. } => {
                let waiting = self.sends.lock().remove(&id.to_string());
                if let Some(ack) = waiting {
                    ack.send(json!({ "id": id, "seq": seq, "at": at })).await?;
                }
                Ok(None)
            }
            ServerFrame::Refused { id, room, code, message, retry_after_ms } => {
                let waiting = match (&id, &room) {
                    (Some(id), _) => self.sends.lock().remove(id),
                    (None, Some(room)) => self.joins.lock().remove(room),
                    (None, None) => None,
                };
                if let Some(ack) = waiting.filter(Ack::is_requested) {
                    let mut error = json!({ "code": code, "message": message });
                    if let Some(after) = retry_after_ms {
                        error["retry_after_ms"] = after.into();
                    }
                    ack.send(json!({ "error": error })).await?;
                    return Ok(None);
                }
                Ok(Some(ServerFrame::Refused { id, room, code, message, retry_after_ms }))
            }
            ServerFrame::Joined { room, head, online, away, online_count } => {
                let waiting = self.joins.lock().remove(&room);
                if let Some(ack) = waiting {
                    let joined = json!({ "room": room, "head": head, "online": online, "online_count": online_count });
                    ack.send(joined).await?;
                }
                Ok(Some(ServerFrame::Joined { room, head, online, away, online_count }))
            }
            ServerFrame::Event(event) => {
                // The response may have been lost to an overflow.
                let waiting = self.sends.lock().remove(&event.id.to_string());
                if let Some(ack) = waiting {
                    ack.send(json!({ "id": event.id, "seq": event.seq, "at": event.at })).await?;
                }
                Ok(Some(ServerFrame::Event(event)))
            }
            ServerFrame::Gap { room, reason, after, head } => {
                self.doubtful.lock().extend(self.sends.lock().keys().cloned());
                Ok(Some(ServerFrame::Gap { room, reason, after, head }))
            }
            // The events that were requested after a gap have arrived.
            ServerFrame::Pong { .. } => {
                let doubtful = std::mem::take(&mut *self.doubtful.lock());
                for id in doubtful {
                    let waiting = self.sends.lock().remove(&id);
                    if let Some(ack) = waiting.filter(Ack::is_requested) {
                        ack.refuse("gap", "The response was lost. Check the history before you send this again.")
                            .await?;
                    }
                }
                Ok(None)
            }
            frame @ (ServerFrame::Welcome { .. }
            | ServerFrame::Room { .. }
            | ServerFrame::Presence { .. }
            | ServerFrame::Typing { .. }
            | ServerFrame::Bye { .. }
            | ServerFrame::Unknown) => Ok(Some(frame)),
        }
    }

    /// Handles a `message` event.
    pub(super) async fn message(
        &self,
        participant: &Participant,
        session: &Session,
        text: &str,
        ack: Ack,
    ) -> Result<(), ClientGone> {
        let id = CommandId(Uuid::now_v7());
        self.sends.lock().insert(id.to_string(), ack);
        if let Err(error) = participant.send_text(session, text, id).await {
            let ack = self.sends.lock().remove(&id.to_string());
            if let Some(ack) = ack.filter(|_| session.take_frame_quota()) {
                ack.fail_with_text(&error, text).await?;
            }
        }
        Ok(())
    }

    /// Handles any other event.
    pub(super) async fn command(
        &self,
        participant: &Participant,
        session: &Session,
        event: &str,
        data: Option<Value>,
        ack: Ack,
    ) -> Result<(), ClientGone> {
        let answer = match event {
            "say" => match parse::<Say>(data) {
                Ok(Say { room, body, reply_to }) => {
                    let id = CommandId(Uuid::now_v7());
                    self.sends.lock().insert(id.to_string(), ack);
                    let room = room.unwrap_or_else(|| participant.room.clone());
                    participant.send(session, room, &body, reply_to, id).await;
                    return Ok(());
                }
                Err(error) => Err(error),
            },
            "join" => match parse::<InRoom>(data) {
                Ok(InRoom { room }) => {
                    self.joins.lock().insert(room.clone(), ack);
                    let join = ClientFrame::Join(Cursor { room, after: None, tail: None });
                    session.receive(&join.encode()).await;
                    return Ok(());
                }
                Err(error) => Err(error),
            },
            "leave" => match parse::<InRoom>(data) {
                Ok(InRoom { room }) => {
                    session.receive(&ClientFrame::Leave { room: room.clone() }.encode()).await;
                    Ok(json!({ "room": room }))
                }
                Err(error) => Err(error),
            },
            "rooms" if session.take_frame_quota() => rooms_of(participant).await,
            "history" if session.take_frame_quota() => history(participant, data).await,
            _ => {
                let event: String = event.chars().take(40).collect();
                let message = format!("Unknown event “{event}”. Use message, say, join, leave, rooms or history.");
                if session.take_frame_quota() {
                    ack.refuse(error_code::UNKNOWN_TYPE, &message).await?;
                }
                return Ok(());
            }
        };
        match answer {
            Ok(answer) => ack.send(answer).await,
            Err(error) if session.take_frame_quota() => ack.fail(&error).await,
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

fn parse<T: DeserializeOwned>(data: Option<Value>) -> Result<T, Refusal> {
    match data {
        Some(object @ Value::Object(_)) => serde_json::from_value(object)
            .map_err(|error| Refusal::bad_request(format!("The event's data is invalid: {error}"))),
        _ => Err(Refusal::bad_request("The event's data must be an object.")),
    }
}

async fn rooms_of(participant: &Participant) -> Result<Value, Refusal> {
    let limit = limits::MAX_ROOMS_LISTED as usize;
    let list = participant.services().list_rooms(&participant.caller.signed_in(), None, limit).await?;
    Ok(json!(list))
}

async fn history(participant: &Participant, data: Option<Value>) -> Result<Value, Refusal> {
    let History { room, before, limit } = parse(data.filter(|data| !data.is_null()).or_else(|| Some(json!({}))))?;
    let room = room.unwrap_or_else(|| participant.room.clone());
    let page = before.map_or(Page::Newest, Page::Before);
    let page = participant.services().list_messages(&participant.caller, &room, page, limit).await?;
    serde_json::to_value(page).map_err(|error| Refusal::bad_request(error.to_string()))
}
