//! What a client has said and was not answered yet: so that an error says of which text it speaks.

use std::collections::VecDeque;

use parking_lot::Mutex;
use parlor_protocol::{CommandId, ServerFrame};

/// Texts that are remembered. Of who says more without reading the answers, the oldest are forgotten.
const MOST: usize = 512;

/// Characters of a text that an error repeats.
const SHOWN: usize = 40;

/// See the module.
#[derive(Default)]
pub(super) struct Unanswered(Mutex<VecDeque<(CommandId, String)>>);

impl Unanswered {
    /// This was said under this id.
    pub(super) fn note(&self, id: CommandId, text: &str) {
        let mut said = self.0.lock();
        if said.len() >= MOST {
            said.pop_front();
        }
        said.push_back((id, beginning(text)));
    }

    /// Forgets what a frame answers. When it is refused: how it began, if there was anything in it.
    pub(super) fn settle(&self, frame: &ServerFrame) -> Option<String> {
        let (id, refused) = match frame {
            ServerFrame::Ack { id, .. } => (*id, false),
            // The answer may have been lost to an overflow.
            ServerFrame::Event(event) => (event.id, false),
            ServerFrame::Refused { id: Some(id), .. } => (CommandId(id.parse().ok()?), true),
            _ => return None,
        };
        let mut said = self.0.lock();
        let at = said.iter().position(|(said, _)| *said == id)?;
        let (_, text) = said.remove(at)?;
        (refused && !text.is_empty()).then_some(text)
    }
}

/// On one line, and short.
pub(super) fn beginning(text: &str) -> String {
    let mut chars = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut beginning: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() {
        beginning.push('…');
    }
    beginning
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
    fn what_is_refused_is_said_once_and_what_is_stored_is_forgotten() {
        let said = Unanswered::default();
        for (n, text) in ["one", "two\nlines", "  ", &"x".repeat(60)].into_iter().enumerate() {
            said.note(id(n), text);
        }
        assert_eq!(said.settle(&ServerFrame::Ack { id: id(0), room: RoomId::lobby(), seq: 1, at: 1 }), None);
        assert_eq!(said.settle(&refused(0)), None, "stored");
        assert_eq!(said.settle(&refused(1)).as_deref(), Some("two lines"));
        assert_eq!(said.settle(&refused(1)), None, "once");
        assert_eq!(said.settle(&refused(2)), None, "there is nothing to say");
        assert_eq!(said.settle(&refused(3)), Some("x".repeat(40) + "…"));
        assert!(said.0.lock().is_empty());
    }

    #[test]
    fn who_reads_no_answers_costs_no_more() {
        let said = Unanswered::default();
        (0..MOST * 2).for_each(|n| said.note(id(n), "text"));
        assert_eq!(said.0.lock().len(), MOST);
        assert_eq!(said.settle(&refused(MOST - 1)), None);
        assert_eq!(said.settle(&refused(MOST)).as_deref(), Some("text"));
    }
}
