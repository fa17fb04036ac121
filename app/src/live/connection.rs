//! The state of the connection, and its words. The page shows it at all times.

use super::ladder::Rung;

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
        rung: Rung,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Load the page again.
    Reload,
    /// Come in again by the front page.
    Enter,
    /// Nothing here.
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
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "Connecting…",
            Self::Connected { .. } => "Connected",
            Self::Reconnecting { .. } => "Reconnecting",
            Self::Offline => "Offline",
            Self::Closed { .. } => "Closed by the server",
        }
    }

    /// What follows the word.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Connected { address, rung: Rung::WebSocket, .. } => format!(" to {address}"),
            Self::Connected { address, rung, .. } => format!(" to {address} ({})", rung.name()),
            Self::Reconnecting { seconds: 0, attempt } => format!(" now · try {attempt}"),
            Self::Reconnecting { seconds, attempt } => format!(" in {seconds} s · try {attempt}"),
            Self::Closed { reason, .. } => format!(": {reason}"),
            Self::Connecting | Self::Offline => String::new(),
        }
    }

    /// Both, and why it is so, for who wants to know more.
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = self.word().to_owned() + &self.detail();
        if let Self::Connected { why, .. } = self {
            title.push_str(". ");
            title.push_str(why);
        }
        title
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
    pub fn waiting(&self, messages: usize) -> Option<String> {
        let wait = match messages {
            0 => "Messages wait here and go out by themselves when the connection is back.".to_owned(),
            1 => "1 message waits here and goes out by itself when the connection is back.".to_owned(),
            n => format!("{n} messages wait here and go out by themselves when the connection is back."),
        };
        match self {
            Self::Connected { .. } => None,
            Self::Connecting | Self::Reconnecting { .. } | Self::Offline => Some(wait),
            Self::Closed { code: 4501, .. } => {
                Some("You are signed out. Enter again: what you wrote will be in the message box.".into())
            }
            Self::Closed { code: 4503, .. } => Some("You can read, but no longer write here.".into()),
            Self::Closed { .. } => Some("Nothing can be sent now. Reload the page; what you type is kept.".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_is() {
        let say = |state: ConnectionState| format!("{}{}", state.word(), state.detail());
        let connected = |rung| ConnectionState::Connected { address: "127.0.0.1:3000".into(), rung, why: "It works." };
        assert_eq!(say(connected(Rung::WebSocket)), "Connected to 127.0.0.1:3000");
        assert_eq!(say(connected(Rung::Stream)), "Connected to 127.0.0.1:3000 (event stream)");
        assert_eq!(connected(Rung::Poll).title(), "Connected to 127.0.0.1:3000 (long polling). It works.");
        assert_eq!(say(ConnectionState::Reconnecting { seconds: 4, attempt: 3 }), "Reconnecting in 4 s · try 3");
        let closed = ConnectionState::Closed { code: 4501, reason: "session revoked".into() };
        assert_eq!(closed.remedy(), Remedy::Enter);
        assert_eq!(say(closed), "Closed by the server: session revoked");
    }

    #[test]
    fn only_a_connected_page_needs_no_line() {
        let connected = ConnectionState::Connected { address: String::new(), rung: Rung::Poll, why: "" };
        assert_eq!(connected.waiting(0), None);
        assert!(ConnectionState::Offline.waiting(2).is_some_and(|line| line.starts_with("2 messages wait")));
    }
}
