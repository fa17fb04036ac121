//! `send`: validates, renders and appends a message, and responds when it is on disk.

use std::sync::Arc;

use parlor_protocol::{CommandId, RoomId, ServerFrame, error_code, policy::RoomAction, validate};

use super::{
    Session,
    refuse::{NO_SUCH_ROOM, muted, not_stored},
};
use crate::{
    connection::Connection,
    domain::{AppendOutcome, LogCommand, LogCommandKind, OnAppended, StoreError},
    markdown::{self, Names, Rendered},
};

/// A longer body, or one with a code block, is rendered on the blocking thread pool.
const INLINE_RENDER_BYTES: usize = 1_024;

impl Session {
    pub(super) async fn send(&self, id: CommandId, room: RoomId, body: &str, reply_to: Option<CommandId>) {
        if id.0.is_nil() {
            return self.refuse(Some(id.to_string()), Some(room), error_code::BAD_FRAME, "The id must not be nil.");
        }
        let body = match validate::body(body) {
            Ok(body) => body.to_owned(),
            Err(invalid) => {
                return self.refuse(Some(id.to_string()), Some(room), invalid.code(), invalid.to_string());
            }
        };
        let live_room = match self.live.may(&self.connection, RoomAction::Write, &room) {
            Ok(live_room) => live_room,
            Err(denied) => return self.refuse_denied(Some(id.to_string()), room, denied),
        };
        if let Err(wait) = self.message_limit.take() {
            return self.refuse_too_fast(id, room, wait);
        }
        match self.become_member(&live_room).await {
            Ok(Ok(())) => {}
            Ok(Err(denied)) => return self.refuse_denied(Some(id.to_string()), room, denied),
            Err(error) => return self.fail(Some(id.to_string()), Some(room), &error),
        }
        let Ok(permit) = self.in_flight.clone().acquire_owned().await else { return };
        let names = match self.live.names_in(&room, &body).await {
            Ok(names) => names,
            Err(error) => return self.fail(Some(id.to_string()), Some(room), &error),
        };
        let Rendered { html, mut mentions } = render(&body, names).await;
        // Authors do not mention themselves.
        mentions.retain(|user| *user != self.user());
        let kind = LogCommandKind::Send { body, html, html_version: markdown::RENDERER_VERSION, reply_to, mentions };
        let command = LogCommand { id, room: room.clone(), by: self.connection.user.clone(), kind };
        let connection = self.connection.clone();
        let done = move |result: Result<AppendOutcome, StoreError>| {
            respond(&connection, id, room, &result);
            drop(permit);
        };
        self.live.store.append(command, OnAppended::new(done)).await;
    }
}

async fn render(body: &str, names: Names) -> Rendered {
    if body.len() <= INLINE_RENDER_BYTES && !body.contains("```") && !body.contains("~~~") {
        return markdown::render_naming(body, &names);
    }
    let source = body.to_owned();
    match tokio::task::spawn_blocking(move || markdown::render_naming(&source, &names)).await {
        Ok(rendered) => rendered,
        Err(error) => {
            // Plain text is better than a lost message.
            tracing::error!(%error, "rendering failed");
            Rendered { html: format!("<p>{}</p>", ammonia::clean_text(body)), mentions: Vec::new() }
        }
    }
}

/// Responds with the outcome of an append.
pub(super) fn respond(
    connection: &Arc<Connection>,
    id: CommandId,
    room: RoomId,
    result: &Result<AppendOutcome, StoreError>,
) {
    let refuse = |code: &str, message: &str| ServerFrame::Refused {
        id: Some(id.to_string()),
        room: Some(room.clone()),
        code: code.into(),
        message: message.into(),
        retry_after_ms: None,
    };
    let frame = match result {
        Ok(AppendOutcome::Stored { seq, at }) => ServerFrame::Ack { id, room, seq: *seq, at: *at },
        Ok(AppendOutcome::IdReused) => refuse(error_code::ID_REUSED, "This id was used for another command."),
        Ok(AppendOutcome::NoRoom) => refuse(error_code::NOT_FOUND, NO_SUCH_ROOM),
        Ok(AppendOutcome::Muted { until }) => muted(Some(id.to_string()), room, *until),
        Ok(AppendOutcome::Banned) => refuse(error_code::BANNED, "You are banned from this server."),
        Ok(AppendOutcome::NoReplyTarget) => {
            refuse(error_code::NOT_FOUND, "The message that you reply to is not in this room.")
        }
        Ok(AppendOutcome::NoMessage) => {
            refuse(error_code::NOT_FOUND, "This message does not exist in this room or was deleted.")
        }
        Ok(AppendOutcome::Forbidden) => refuse(error_code::FORBIDDEN, "You may not delete this message."),
        // The store has logged the cause.
        Err(error) => not_stored(Some(id.to_string()), Some(room), error),
    };
    connection.push(&frame);
}
