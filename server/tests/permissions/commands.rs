//! Everything that can be asked of a room, and what each asks of the rights.

use parlor_protocol::policy::RoomAction;
use parlor_protocol::{ClientFrame, CommandId, Cursor, RoomId};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OverHttp {
    List,
    Page,
    Messages,
    Events,
    Members,
    Join,
    Invite,
    Leave,
    Remove,
    Rename,
    SetTopic,
    Archive,
    Appoint,
    Mute,
    Level,
}

impl OverHttp {
    pub(super) const ALL: [Self; 15] = [
        Self::List,
        Self::Page,
        Self::Messages,
        Self::Events,
        Self::Members,
        Self::Join,
        Self::Invite,
        Self::Leave,
        Self::Remove,
        Self::Rename,
        Self::SetTopic,
        Self::Archive,
        Self::Appoint,
        Self::Mute,
        Self::Level,
    ];

    pub(super) const fn act(self) -> RoomAction {
        match self {
            Self::List | Self::Page => RoomAction::See,
            Self::Messages | Self::Events | Self::Members => RoomAction::Read,
            Self::Join => RoomAction::Join,
            Self::Invite => RoomAction::Invite,
            Self::Leave => RoomAction::Leave,
            Self::Remove => RoomAction::Remove,
            Self::Rename | Self::SetTopic => RoomAction::Rename,
            Self::Archive => RoomAction::Archive,
            Self::Appoint => RoomAction::Appoint,
            Self::Mute => RoomAction::Mute,
            Self::Level => RoomAction::Mark,
        }
    }

    /// The route, as the router has it.
    pub(super) const fn route(self) -> Option<(&'static str, &'static str)> {
        match self {
            // Not below a room's address.
            Self::List | Self::Page | Self::Mute => None,
            Self::Messages => Some(("get", "/messages")),
            Self::Events => Some(("get", "/events")),
            Self::Members => Some(("get", "/members")),
            Self::Join | Self::Invite => Some(("post", "/members")),
            Self::Leave | Self::Remove => Some(("delete", "/members/{user}")),
            Self::Rename | Self::SetTopic | Self::Archive => Some(("patch", "")),
            Self::Appoint => Some(("patch", "/members/{user}")),
            Self::Level => Some(("put", "/level")),
        }
    }
}

/// What is asked of a frame; none where it is about no room. A new frame without a row does not compile.
pub(super) const fn act_of(frame: &ClientFrame) -> Option<RoomAction> {
    match frame {
        ClientFrame::Hello { .. } | ClientFrame::Ping { .. } | ClientFrame::Away { .. } => None,
        ClientFrame::Join(_) => Some(RoomAction::Read),
        ClientFrame::Send { .. } => Some(RoomAction::Write),
        ClientFrame::Typing { .. } => Some(RoomAction::Type),
        ClientFrame::Read { .. } | ClientFrame::MarkUnread { .. } => Some(RoomAction::Mark),
        // What another wrote; for one's own it is `DeleteOwn`.
        ClientFrame::Delete { .. } => Some(RoomAction::DeleteOthers),
        // Not offered yet: refused in the same way everywhere; see below. Leaving ends what one hears, and asks nothing.
        ClientFrame::Edit { .. } | ClientFrame::React { .. } | ClientFrame::Leave { .. } => None,
    }
}

/// `message`: what another wrote there.
pub(super) fn frames(room: &RoomId, message: CommandId) -> Vec<ClientFrame> {
    let (id, room) = (CommandId(Uuid::now_v7()), room.clone());
    vec![
        ClientFrame::Join(Cursor { room: room.clone(), after: None, tail: None }),
        ClientFrame::Send { id, room: room.clone(), body: "hi".into(), reply_to: None },
        ClientFrame::Typing { room: room.clone() },
        ClientFrame::Read { room: room.clone(), seq: 1 },
        ClientFrame::Edit { id, room: room.clone(), message, body: "hi".into() },
        ClientFrame::MarkUnread { room: room.clone(), seq: 1 },
        ClientFrame::Delete { id: CommandId(Uuid::now_v7()), room: room.clone(), message },
        ClientFrame::React { id, room, message, emoji: "👍".into(), on: true },
    ]
}
