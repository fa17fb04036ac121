//! The bus between nodes: NATS core, which delivers at most once and keeps nothing.

use std::{path::Path, time::Duration};

use async_nats::{Client, ConnectOptions, Event as NatsEvent, ServerAddr, Subscriber, connection::State};
use futures::StreamExt;
use parlor_protocol::Event;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::{
    config::BusAddress,
    domain::{Commit, CommitPosition, ControlEvent, NodeId},
    room::Typing,
};

/// A dead connection is noticed within two of these.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// Longest pause between attempts to connect.
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// How the bus is reached.
#[derive(Clone, Debug, Default)]
pub struct BusConfig<'a> {
    /// Servers of one NATS cluster, such as `nats://user:password@host:4222` or `tls://host`.
    pub servers: &'a [BusAddress],
    /// The first line is the password of the user in the first address.
    pub password_file: Option<&'a Path>,
    /// Certificates to trust besides those of the system.
    pub ca_file: Option<&'a Path>,
}

/// Why the bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("--bus: {0}")]
    Address(std::io::Error),
    #[error("--bus-password-file {path}: {cause}")]
    PasswordFile { path: String, cause: std::io::Error },
    #[error("--bus-ca-file {path}: {cause}")]
    CaFile { path: String, cause: std::io::Error },
    #[error("--bus: {0}")]
    Connect(#[from] async_nats::ConnectError),
}

/// What is told of a commit. Without events and control events, if they are too large for one message, the log is read.
#[derive(Serialize, Deserialize)]
struct Announcement {
    node: NodeId,
    position: CommitPosition,
    content: Option<Content>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    events: Vec<Event>,
    control: Vec<ControlEvent>,
}

enum Credentials {
    Token(String),
    Password { user: String, password: String },
}

/// What is before the `@` of the first address that has something there: a token, or a user with a password, which may be in
/// the file.
fn credentials(servers: &[ServerAddr], password_file: Option<&Path>) -> Result<Option<Credentials>, BusError> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let from_file = match password_file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|cause| BusError::PasswordFile { path: file.display().to_string(), cause })?;
            Some(text.lines().next().unwrap_or_default().to_owned())
        }
        None => None,
    };
    let Some((user, password)) = servers.iter().find_map(|server| Some((server.username()?, server.password()))) else {
        return Ok(None);
    };
    Ok(Some(match from_file.or_else(|| password.map(decode)) {
        Some(password) => Credentials::Password { user: decode(user), password },
        None => Credentials::Token(decode(user)),
    }))
}

pub struct Nats {
    client: Client,
    node: NodeId,
    commits: String,
    typing: String,
}

impl Nats {
    /// Connects in the background, and again whenever that is needed. Nodes of one database have the same `cluster`.
    ///
    /// # Errors
    /// An address or a file cannot be used.
    pub async fn connect(config: BusConfig<'_>, cluster: &str, node: NodeId) -> Result<Self, BusError> {
        let servers: Vec<ServerAddr> = config
            .servers
            .iter()
            .map(|server| server.0.parse())
            .collect::<Result<_, _>>()
            .map_err(BusError::Address)?;
        let mut options = ConnectOptions::new()
            .name("parlor")
            .no_echo()
            .retry_on_initial_connect()
            .max_reconnects(None)
            .ping_interval(PING_INTERVAL)
            .reconnect_delay_callback(|attempts| {
                let doubled = Duration::from_millis(50 << attempts.min(8));
                doubled.min(MAX_RECONNECT_DELAY)
            })
            .event_callback(async |event| log(&event));
        if let Some(credentials) = credentials(&servers, config.password_file)? {
            options = match credentials {
                Credentials::Token(token) => options.token(token),
                Credentials::Password { user, password } => options.user_and_password(user, password),
            };
        }
        if let Some(file) = config.ca_file {
            std::fs::metadata(file).map_err(|cause| BusError::CaFile { path: file.display().to_string(), cause })?;
            options = options.add_root_certificates(file.to_owned());
        }
        let client = options.connect(servers).await?;
        let subject = |what| format!("parlor.{cluster}.{what}");
        Ok(Self { client, node, commits: subject("commits"), typing: subject("typing") })
    }

    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Tells other nodes of a commit. What cannot be sent now they read from the log.
    pub async fn announce(&self, commit: &Commit) {
        let Some(position) = commit.position else { return };
        let content = Content { events: commit.events.clone(), control: commit.control.clone() };
        let mut announcement = Announcement { node: self.node, position, content: Some(content) };
        let mut message = serde_json::to_vec(&announcement).unwrap_or_default();
        if message.is_empty() || message.len() > self.client.max_payload() {
            announcement.content = None;
            message = serde_json::to_vec(&announcement).unwrap_or_default();
        }
        self.publish(&self.commits, message).await;
    }

    pub async fn send_typing(&self, typing: &Typing) {
        if let Ok(message) = serde_json::to_vec(typing) {
            self.publish(&self.typing, message).await;
        }
    }

    async fn publish(&self, subject: &str, message: Vec<u8>) {
        // The client would keep it for the next connection.
        if self.is_connected()
            && let Err(error) = self.client.publish(subject.to_owned(), message.into()).await
        {
            tracing::debug!(%error, "cannot publish on the bus");
        }
    }

    /// What other nodes commit.
    pub async fn commits(&self) -> Commits {
        Commits { messages: self.subscribe(&self.commits).await }
    }

    pub async fn typing(&self) -> TypingNotices {
        TypingNotices { messages: self.subscribe(&self.typing).await }
    }

    async fn subscribe(&self, subject: &str) -> Option<Subscriber> {
        self.client
            .subscribe(subject.to_owned())
            .await
            .inspect_err(|error| tracing::error!(%error, "cannot subscribe on the bus"))
            .ok()
    }
}

/// Commits of other nodes, as they announce them.
pub struct Commits {
    messages: Option<Subscriber>,
}

impl Commits {
    /// The next one; `None` within if it has to be read from the log.
    pub async fn next(&mut self) -> Option<Option<Commit>> {
        let message = self.messages.as_mut()?.next().await?;
        let announcement = serde_json::from_slice(&message.payload)
            // One of a newer version. The log has what this one can use.
            .inspect_err(|error| tracing::debug!(%error, "an announcement cannot be read"));
        let Ok(Announcement { position, content: Some(content), .. }) = announcement else { return Some(None) };
        let Content { events, control } = content;
        Some(Some(Commit { events, control, position: Some(position), is_foreign: true }))
    }
}

/// Who is typing on other nodes.
pub struct TypingNotices {
    messages: Option<Subscriber>,
}

impl TypingNotices {
    /// The next one that can be read.
    pub async fn next(&mut self) -> Option<Typing> {
        loop {
            let message = self.messages.as_mut()?.next().await?;
            if let Ok(typing) = serde_json::from_slice(&message.payload) {
                return Some(typing);
            }
        }
    }
}

fn log(event: &NatsEvent) {
    match event {
        NatsEvent::Connected => tracing::info!("the bus is connected"),
        NatsEvent::Disconnected => tracing::warn!("the bus is not connected; other nodes are asked more often"),
        // What was lost is read from the log.
        NatsEvent::SlowConsumer(_) => tracing::debug!("the bus drops messages"),
        // Each attempt to connect fails until one does not; the first failure was a warning.
        event => tracing::debug!(%event, "the bus"),
    }
}
