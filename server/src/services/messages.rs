//! Messages: sending, editing, reacting and deleting.

use std::{borrow::Cow, collections::HashMap};

use parlor_protocol::{CommandId, Millis, RoomId, Seq, UserId, policy::RoomAction, validate};

use super::{Field, Result, ServiceError, Services};
use crate::{
    connection::Connection,
    domain::{AppendOutcome, LogCommand, LogCommandKind, OnAppended, StoreError},
    limits::Bucket,
    markdown::{self, Names, Rendered},
};

/// A longer body, or one with a code block, is rendered on the blocking thread pool.
const INLINE_RENDER_BYTES: usize = 1_024;

#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Created by the client; the idempotency key.
    pub id: CommandId,
    pub room: RoomId,
    /// Markdown, as typed.
    pub body: String,
    pub reply_to: Option<CommandId>,
}

#[derive(Clone, Debug)]
pub struct MessageEdit {
    /// Created by the client; the idempotency key.
    pub id: CommandId,
    pub room: RoomId,
    pub message: CommandId,
    /// Markdown, as typed.
    pub body: String,
}

#[derive(Clone, Debug)]
pub struct MessageReaction {
    /// Created by the client; the idempotency key.
    pub id: CommandId,
    pub room: RoomId,
    pub message: CommandId,
    /// As typed: with or without the selectors that make it an emoji.
    pub emoji: String,
    /// True to add it, false to remove it.
    pub on: bool,
}

#[derive(Clone, Debug)]
pub struct MessageDeletion {
    /// Created by the client; the idempotency key.
    pub id: CommandId,
    pub room: RoomId,
    pub message: CommandId,
}

/// The event of a command that is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub seq: Seq,
    /// When it was first stored.
    pub at: Millis,
}

impl Services {
    /// Sends a message to a room; who may join the room joins it. Returns when the command is queued; `done` is called once
    /// it is on disk or refused. `limit` is the author's, see [`crate::limits::ConnectionShare`].
    pub async fn send_message(
        &self,
        author: &Connection,
        limit: &Bucket,
        message: NewMessage,
        done: impl FnOnce(Result<StoredEvent>) + Send + 'static,
    ) {
        match self.prepare_message(author, limit, message).await {
            Ok(command) => self.append(command, done).await,
            Err(error) => done(Err(error)),
        }
    }

    /// Replaces the body of one's own message. Returns and calls `done` like [`Services::send_message`].
    pub async fn edit_message(
        &self,
        author: &Connection,
        limit: &Bucket,
        edit: MessageEdit,
        done: impl FnOnce(Result<StoredEvent>) + Send + 'static,
    ) {
        match self.prepare_edit(author, limit, edit).await {
            Ok(command) => self.append(command, done).await,
            Err(error) => done(Err(error)),
        }
    }

    /// Adds a reaction to a message or removes it; who may join the room joins it. Returns and calls `done` like
    /// [`Services::send_message`].
    pub async fn react(
        &self,
        by: &Connection,
        limit: &Bucket,
        reaction: MessageReaction,
        done: impl FnOnce(Result<StoredEvent>) + Send + 'static,
    ) {
        match self.prepare_reaction(by, limit, reaction).await {
            Ok(command) => self.append(command, done).await,
            Err(error) => done(Err(error)),
        }
    }

    /// Deletes a message: one's own, or that of someone else as a moderator. Returns and calls `done` like
    /// [`Services::send_message`].
    pub async fn delete_message(
        &self,
        by: &Connection,
        limit: &Bucket,
        deletion: MessageDeletion,
        done: impl FnOnce(Result<StoredEvent>) + Send + 'static,
    ) {
        match self.prepare_deletion(by, limit, deletion) {
            Ok(command) => self.append(command, done).await,
            Err(error) => done(Err(error)),
        }
    }

    /// The members of a room with these name keys. Connected members take precedence over stored ones.
    pub async fn members_by_name(&self, room: &RoomId, keys: &[String]) -> Result<HashMap<String, UserId>> {
        let mut known = self.store.members_by_name(room, keys).await?;
        known.extend(self.hub.members_by_name(room, keys));
        Ok(known)
    }

    async fn prepare_message(&self, author: &Connection, limit: &Bucket, message: NewMessage) -> Result<LogCommand> {
        let NewMessage { id, room, body, reply_to } = message;
        require_id(id)?;
        let body = valid_body(&body)?;
        let live_room = self.authorize_connected(author, RoomAction::Write, &room)?;
        take(limit)?;
        self.join_room(author, &live_room).await?;
        let Rendered { html, mentions } = self.render_body(author, &room, &body).await?;
        let kind = LogCommandKind::Send { body, html, html_version: markdown::RENDERER_VERSION, reply_to, mentions };
        Ok(LogCommand { id, room, by: author.user.clone(), kind })
    }

    async fn prepare_edit(&self, author: &Connection, limit: &Bucket, edit: MessageEdit) -> Result<LogCommand> {
        let MessageEdit { id, room, message, body } = edit;
        require_id(id)?;
        let body = valid_body(&body)?;
        self.authorize_connected(author, RoomAction::Write, &room)?;
        take(limit)?;
        let Rendered { html, mentions } = self.render_body(author, &room, &body).await?;
        let html_version = markdown::RENDERER_VERSION;
        let kind = LogCommandKind::Edit { message, body, html, html_version, mentions };
        Ok(LogCommand { id, room, by: author.user.clone(), kind })
    }

    async fn prepare_reaction(&self, by: &Connection, limit: &Bucket, reaction: MessageReaction) -> Result<LogCommand> {
        let MessageReaction { id, room, message, emoji, on } = reaction;
        require_id(id)?;
        // One emoji has one form, whether it was typed with variation selectors or without.
        let emoji = emojis::get(&emoji).ok_or(ServiceError::NotAnEmoji)?.as_str().to_owned();
        let live_room = self.authorize_connected(by, RoomAction::Write, &room)?;
        take(limit)?;
        self.join_room(by, &live_room).await?;
        let kind = LogCommandKind::React { message, emoji, on };
        Ok(LogCommand { id, room, by: by.user.clone(), kind })
    }

    /// The body of a message as HTML, with the members that it mentions except its author.
    async fn render_body(&self, author: &Connection, room: &RoomId, body: &str) -> Result<Rendered> {
        let names = self.mentionable_members(room, body).await?;
        let mut rendered = render(body, names).await;
        rendered.mentions.retain(|user| *user != author.user.id);
        Ok(rendered)
    }

    fn prepare_deletion(&self, by: &Connection, limit: &Bucket, deletion: MessageDeletion) -> Result<LogCommand> {
        let MessageDeletion { id, room, message } = deletion;
        require_id(id)?;
        // The store finds out who wrote the message, and whether they may delete it.
        if let Err(denied) = self.authorize_connected(by, RoomAction::DeleteOwn, &room) {
            self.authorize_connected(by, RoomAction::DeleteOthers, &room).map_err(|_| denied)?;
        }
        take(limit)?;
        let kind = LogCommandKind::Delete { message };
        Ok(LogCommand { id, room, by: by.user.clone(), kind })
    }

    async fn append(&self, command: LogCommand, done: impl FnOnce(Result<StoredEvent>) + Send + 'static) {
        self.store.append(command, OnAppended::new(move |outcome| done(stored_event(outcome)))).await;
    }

    /// The members that a body mentions by `@name`.
    async fn mentionable_members(&self, room: &RoomId, body: &str) -> Result<Names> {
        let wanted = Names::wanted(body);
        if wanted.is_empty() {
            return Ok(Names::default());
        }
        Ok(Names::new(self.members_by_name(room, &wanted).await?))
    }
}

/// Line ends as `\n`: a lone `\r` would return a terminal to the beginning of the line.
fn unify_line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

fn valid_body(typed: &str) -> Result<String> {
    let invalid = |reason| ServiceError::Invalid { field: Field::Message, reason };
    Ok(validate::body(&unify_line_ends(typed)).map_err(invalid)?.to_owned())
}

fn require_id(id: CommandId) -> Result<()> {
    if id.0.is_nil() { Err(ServiceError::NilId) } else { Ok(()) }
}

fn take(limit: &Bucket) -> Result<()> {
    limit.take().map_err(|retry_after| ServiceError::SendingTooFast { retry_after })
}

fn stored_event(outcome: std::result::Result<AppendOutcome, StoreError>) -> Result<StoredEvent> {
    // The store has logged why it failed, once for all commands of the batch.
    match outcome.map_err(|error| ServiceError::unlogged(&error))? {
        AppendOutcome::Stored { seq, at } => Ok(StoredEvent { seq, at }),
        AppendOutcome::IdReused => Err(ServiceError::IdReused),
        AppendOutcome::NoRoom => Err(ServiceError::RoomNotFound),
        AppendOutcome::Muted { until } => Err(ServiceError::Muted { until }),
        AppendOutcome::Banned => Err(ServiceError::Banned { until: None }),
        AppendOutcome::NoReplyTarget => Err(ServiceError::ReplyTargetNotFound),
        AppendOutcome::NoMessage => Err(ServiceError::MessageNotFound),
        AppendOutcome::Forbidden => Err(ServiceError::Forbidden),
        AppendOutcome::TooManyReactions => Err(ServiceError::TooManyReactions),
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
