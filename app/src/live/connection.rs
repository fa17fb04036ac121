//! The connection's state and its texts. The page always shows them.

use super::transport_fallback::TransportKind;
use crate::i18n::{I18n, Key};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// The page's first connection is being made. The server renders this state.
    #[default]
    Connecting,
    Connected {
        /// The server's host and port.
        address: String,
        transport: TransportKind,
        /// Why this transport is used.
        why: &'static str,
    },
    /// The connection was lost and will be made again.
    Reconnecting {
        /// Seconds until then; 0 while it is being made.
        seconds: u32,
        attempt: u32,
    },
    /// The browser says that there is no network.
    Offline,
    /// The server has closed the connection for good.
    Closed { code: u16, reason: String },
}

/// What the user can do about a closed connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remedy {
    Reload,
    /// Join again from the front page.
    Enter,
    #[default]
    None,
}

impl ConnectionState {
    /// The value of `data-state`, for style sheets and tests.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected { .. } => "connected",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Offline => "offline",
            Self::Closed { .. } => "closed",
        }
    }

    /// The state without the seconds, so that a screen reader does not announce each of them.
    pub fn label(&self, i18n: I18n) -> &'static str {
        i18n.t(match self {
            Self::Connecting => Key::Connecting,
            Self::Connected { .. } => Key::Connected,
            Self::Reconnecting { .. } => Key::Reconnecting,
            Self::Offline => Key::Offline,
            Self::Closed { .. } => Key::ClosedByServer,
        })
    }

    /// What follows the label.
    pub fn detail(&self, i18n: I18n) -> String {
        match self {
            Self::Connected { address, transport: TransportKind::WebSocket, .. } => {
                i18n.format(Key::ConnectionTo, &[("address", address)])
            }
            Self::Connected { address, transport, .. } => {
                i18n.format(Key::ConnectionToVia, &[("address", address), ("way", i18n.t(transport.word()))])
            }
            Self::Reconnecting { seconds, attempt } => {
                let word = if *seconds == 0 { Key::RetryNow } else { Key::RetryIn };
                i18n.format(word, &[("seconds", &seconds.to_string()), ("n", &attempt.to_string())])
            }
            Self::Closed { reason, .. } => i18n.format(Key::ReasonSuffix, &[("why", reason)]),
            Self::Connecting | Self::Offline => String::new(),
        }
    }

    /// Label, detail and the reason for the transport.
    pub fn title(&self, i18n: I18n) -> String {
        let title = self.label(i18n).to_owned() + &self.detail(i18n);
        match self {
            Self::Connected { why, .. } => i18n.format(Key::StateWithReason, &[("state", &title), ("why", why)]),
            _ => title,
        }
    }

    /// The transport's name for style sheets and tests; empty if there is none.
    pub const fn transport(&self) -> &'static str {
        match self {
            Self::Connected { transport, .. } => transport.slug(),
            _ => "",
        }
    }
    pub const fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
    pub const fn can_reconnect_now(&self) -> bool {
        matches!(self, Self::Reconnecting { .. } | Self::Offline)
    }
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Closed { code: 4501, .. } => Remedy::Enter,
            Self::Closed { code: 4503, .. } => Remedy::None,
            Self::Closed { .. } => Remedy::Reload,
            _ => Remedy::None,
        }
    }

    /// The line above the composer, which tells what happens with unsent messages.
    pub fn waiting(&self, messages: usize, i18n: I18n) -> Option<String> {
        let word = match self {
            Self::Connected { .. } => return None,
            Self::Connecting | Self::Reconnecting { .. } | Self::Offline if messages > 0 => {
                return Some(i18n.plural(Key::OfflineQueueCount, messages as u64));
            }
            Self::Connecting | Self::Reconnecting { .. } | Self::Offline => Key::OfflineQueueHelp,
            Self::Closed { code: 4501, .. } => Key::SignedOutNotice,
            Self::Closed { code: 4503, .. } => Key::BannedNotice,
            Self::Closed { .. } => Key::ConnectionClosedNotice,
        };
        Some(i18n.t(word).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;

    #[test]
    fn labels_and_details_describe_the_state() {
        let [english, chinese] = [Language::English, Language::Chinese].map(I18n::new);
        let say = |state: ConnectionState| format!("{}{}", state.label(english), state.detail(english));
        let connected =
            |transport| ConnectionState::Connected { address: "127.0.0.1:3000".into(), transport, why: "It works." };
        assert_eq!(say(connected(TransportKind::WebSocket)), "Connected to 127.0.0.1:3000");
        assert_eq!(say(connected(TransportKind::EventStream)), "Connected to 127.0.0.1:3000 (event stream)");
        assert_eq!(
            connected(TransportKind::Poll).title(english),
            "Connected to 127.0.0.1:3000 (long polling). It works."
        );
        assert_eq!(say(ConnectionState::Reconnecting { seconds: 4, attempt: 3 }), "Reconnecting in 4 s · attempt 3");
        assert_eq!(say(ConnectionState::Reconnecting { seconds: 0, attempt: 1 }), "Reconnecting now · attempt 1");
        assert_eq!(
            connected(TransportKind::EventStream).title(chinese),
            "已连接到 127.0.0.1:3000（事件流）。It works."
        );
        let closed = ConnectionState::Closed { code: 4501, reason: "session revoked".into() };
        assert_eq!(closed.remedy(), Remedy::Enter);
        assert_eq!(say(closed), "Closed by the server: session revoked");
    }

    #[test]
    fn only_a_connected_page_needs_no_waiting_line() {
        let connected = ConnectionState::Connected { address: String::new(), transport: TransportKind::Poll, why: "" };
        assert_eq!(connected.waiting(0, I18n::default()), None);
        let line = |n| ConnectionState::Offline.waiting(n, I18n::default()).unwrap_or_default();
        assert!(line(0).starts_with("Messages are queued") && line(2).starts_with("2 messages are queued"));
        assert_eq!(line(1), "1 message is queued and will be sent once you are reconnected.");
    }
}
