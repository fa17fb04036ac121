//! The state of the connection, and its words. The page shows it at all times.

use super::transport_fallback::TransportKind;
use crate::i18n::{I18n, Key};

/// How the live connection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// The first connection of this page is being made. Also what the server renders.
    #[default]
    Connecting,
    /// Frames flow.
    Connected {
        /// The server's address, as in the page's own.
        address: String,
        /// By which transport.
        rung: TransportKind,
        /// Why by this one, in words.
        why: &'static str,
    },
    /// The connection was lost; the next try comes by itself.
    Reconnecting {
        /// Seconds until then; 0 while it is being made.
        seconds: u32,
        /// Which try it is.
        attempt: u32,
    },
    /// The browser says that there is no network.
    Offline,
    /// The server does not want this client back.
    Closed {
        /// The close code.
        code: u16,
        /// Why, in the server's words.
        reason: String,
    },
}

/// What a person can do about a closed connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remedy {
    /// Load the page again.
    Reload,
    /// Come in again by the front page.
    Enter,
    /// Nothing here.
    #[default]
    None,
}

impl ConnectionState {
    /// For style sheets and tests.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected { .. } => "connected",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Offline => "offline",
            Self::Closed { .. } => "closed",
        }
    }

    /// The state in a word or two. Does not count seconds, so that a screen reader is not told each of them.
    #[must_use]
    pub fn word(&self, i18n: I18n) -> &'static str {
        i18n.t(match self {
            Self::Connecting => Key::Connecting,
            Self::Connected { .. } => Key::Connected,
            Self::Reconnecting { .. } => Key::Reconnecting,
            Self::Offline => Key::Offline,
            Self::Closed { .. } => Key::ClosedByServer,
        })
    }

    /// What follows the word.
    #[must_use]
    pub fn detail(&self, i18n: I18n) -> String {
        match self {
            Self::Connected { address, rung: TransportKind::WebSocket, .. } => {
                i18n.format(Key::ConnectionTo, &[("address", address)])
            }
            Self::Connected { address, rung, .. } => {
                i18n.format(Key::ConnectionToVia, &[("address", address), ("way", i18n.t(rung.word()))])
            }
            Self::Reconnecting { seconds, attempt } => {
                let word = if *seconds == 0 { Key::RetryNow } else { Key::RetryIn };
                i18n.format(word, &[("seconds", &seconds.to_string()), ("n", &attempt.to_string())])
            }
            Self::Closed { reason, .. } => i18n.format(Key::ReasonSuffix, &[("why", reason)]),
            Self::Connecting | Self::Offline => String::new(),
        }
    }

    /// Both, and why it is so, for who wants to know more.
    #[must_use]
    pub fn title(&self, i18n: I18n) -> String {
        let title = self.word(i18n).to_owned() + &self.detail(i18n);
        match self {
            Self::Connected { why, .. } => i18n.format(Key::StateWithReason, &[("state", &title), ("why", why)]),
            _ => title,
        }
    }

    /// The transport in use, empty while there is none: for style sheets and tests.
    #[must_use]
    pub const fn transport(&self) -> &'static str {
        match self {
            Self::Connected { rung, .. } => rung.slug(),
            _ => "",
        }
    }

    /// Whether frames flow.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }

    /// Whether a try at once makes sense.
    #[must_use]
    pub const fn can_try_now(&self) -> bool {
        matches!(self, Self::Reconnecting { .. } | Self::Offline)
    }

    /// What can be done about it.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Closed { code: 4501, .. } => Remedy::Enter,
            Self::Closed { code: 4503, .. } => Remedy::None,
            Self::Closed { .. } => Remedy::Reload,
            _ => Remedy::None,
        }
    }

    /// The line above the composer: what will happen with what one types.
    #[must_use]
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
    fn words_say_what_is() {
        let [english, chinese] = [Language::English, Language::Chinese].map(I18n::new);
        let say = |state: ConnectionState| format!("{}{}", state.word(english), state.detail(english));
        let connected = |rung| ConnectionState::Connected { address: "127.0.0.1:3000".into(), rung, why: "It works." };
        assert_eq!(say(connected(TransportKind::WebSocket)), "Connected to 127.0.0.1:3000");
        assert_eq!(say(connected(TransportKind::Stream)), "Connected to 127.0.0.1:3000 (event stream)");
        assert_eq!(
            connected(TransportKind::Poll).title(english),
            "Connected to 127.0.0.1:3000 (long polling). It works."
        );
        assert_eq!(say(ConnectionState::Reconnecting { seconds: 4, attempt: 3 }), "Reconnecting in 4 s · try 3");
        assert_eq!(say(ConnectionState::Reconnecting { seconds: 0, attempt: 1 }), "Reconnecting now · try 1");
        assert_eq!(connected(TransportKind::Stream).title(chinese), "已连接到 127.0.0.1:3000（事件流）。It works.");
        let closed = ConnectionState::Closed { code: 4501, reason: "session revoked".into() };
        assert_eq!(closed.remedy(), Remedy::Enter);
        assert_eq!(say(closed), "Closed by the server: session revoked");
    }

    #[test]
    fn only_a_connected_page_needs_no_line() {
        let connected = ConnectionState::Connected { address: String::new(), rung: TransportKind::Poll, why: "" };
        assert_eq!(connected.waiting(0, I18n::default()), None);
        let line = |n| ConnectionState::Offline.waiting(n, I18n::default()).unwrap_or_default();
        assert!(line(0).starts_with("Messages wait") && line(2).starts_with("2 messages wait"));
        assert_eq!(line(1), "1 message waits here and goes out by itself when the connection is back.");
    }
}
