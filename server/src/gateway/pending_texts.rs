//! The texts that the session has not responded to, so that an error can quote its text.

use std::collections::VecDeque;

use parking_lot::Mutex;
use parlor_protocol::{CommandId, ServerFrame};

/// Most texts kept. Beyond, the oldest are dropped.
const MAX_TEXTS: usize = 512;

/// Characters of a text that an error quotes.
const EXCERPT_CHARS: usize = 40;

#[derive(Default)]
pub(super) struct PendingTexts(Mutex<VecDeque<(CommandId, String)>>);

impl PendingTexts {
    pub(super) fn add(&self, id: CommandId, text: &str) {
        let mut texts = self.0.lock();
        if texts.len() >= MAX_TEXTS {
            texts.pop_front();
        }
        texts.push_back((id, excerpt(text)));
    }

    /// Removes the text that a frame responds to. Returns its beginning if it was refused and is not empty.
    pub(super) fn resolve(&self, frame: &ServerFrame) -> Option<String> {
        let (id, refused) = match frame {
            ServerFrame::Ack { id, .. } => (*id, false),
            // The ack may have been lost to an overflow.
            ServerFrame::Event(event) => (event.id, false),
            ServerFrame::Refused { id: Some(id), .. } => (CommandId(id.parse().ok()?), true),
            _ => return None,
        };
        let mut texts = self.0.lock();
        let at = texts.iter().position(|(pending, _)| *pending == id)?;
        let (_, text) = texts.remove(at)?;
        (refused && !text.is_empty()).then_some(text)
    }
}

/// The beginning of a text on one line.
pub(super) fn excerpt(text: &str) -> String {
    let mut chars = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut excerpt: String = chars.by_ref().take(EXCERPT_CHARS).collect();
    if chars.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use parlor_protocol::RoomId;
    use uuid::Uuid;

    use super::*;

    fn id(n: usize) -> CommandId {
        CommandId(Uuid::from_u128(n as u128))
    }

    fn refused(n: usize) -> ServerFrame {
        let (code, message) = ("rate_limited".into(), "You are sending too fast.".into());
        ServerFrame::Refused { id: Some(id(n).to_string()), room: None, code, message, retry_after_ms: None }
    }

    #[test]
    fn refused_texts_are_returned_once() {
        let texts = PendingTexts::default();
        for (n, text) in ["one", "two\nlines", "  ", &"x".repeat(60)].into_iter().enumerate() {
            texts.add(id(n), text);
        }
        assert_eq!(texts.resolve(&ServerFrame::Ack { id: id(0), room: RoomId::lobby(), seq: 1, at: 1 }), None);
        assert_eq!(texts.resolve(&refused(0)), None, "stored");
        assert_eq!(texts.resolve(&refused(1)).as_deref(), Some("two lines"));
        assert_eq!(texts.resolve(&refused(1)), None, "once");
        assert_eq!(texts.resolve(&refused(2)), None, "empty");
        assert_eq!(texts.resolve(&refused(3)), Some("x".repeat(40) + "…"));
        assert!(texts.0.lock().is_empty());
    }

    #[test]
    fn the_number_of_texts_is_limited() {
        let texts = PendingTexts::default();
        (0..MAX_TEXTS * 2).for_each(|n| texts.add(id(n), "text"));
        assert_eq!(texts.0.lock().len(), MAX_TEXTS);
        assert_eq!(texts.resolve(&refused(MAX_TEXTS - 1)), None);
        assert_eq!(texts.resolve(&refused(MAX_TEXTS)).as_deref(), Some("text"));
    }
}
