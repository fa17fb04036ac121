//! All commands about a room, and the action that each needs permission for.

use crate::support::join;
use parlor_protocol::policy::RoomAction;
use parlor_protocol::{ClientFrame, CommandId, RoomId};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HttpCommand {
    List,
    Page,
    Messages,
    Message,
    Edits,
    Reactions,
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
    ChangeOwner,
    Mute,
    Level,
}

impl HttpCommand {
    pub(super) const ALL: [Self; 19] = [
        Self::List,
        Self::Page,
        Self::Messages,
        Self::Message,
        Self::Edits,
        Self::Reactions,
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
        Self::ChangeOwner,
        Self::Mute,
        Self::Level,
    ];

    pub(super) const fn action(self) -> RoomAction {
        match self {
            Self::List | Self::Page => RoomAction::See,
            Self::Messages | Self::Message | Self::Edits | Self::Reactions | Self::Events | Self::Members => {
                RoomAction::Read
            }
            Self::Join => RoomAction::Join,
            Self::Invite => RoomAction::Invite,
            Self::Leave => RoomAction::Leave,
            Self::Remove => RoomAction::Remove,
            Self::Rename | Self::SetTopic => RoomAction::Rename,
            Self::Archive => RoomAction::Archive,
            Self::Appoint => RoomAction::Appoint,
            Self::ChangeOwner => RoomAction::ChangeOwner,
            Self::Mute => RoomAction::Mute,
            Self::Level => RoomAction::Mark,
        }
    }

    /// The method and path in the router.
    pub(super) const fn route(self) -> Option<(&'static str, &'static str)> {
        match self {
            // Not below `/api/rooms/{room}`.
            Self::List | Self::Page | Self::Mute => None,
            Self::Messages => Some(("get", "/messages")),
            Self::Message => Some(("get", "/messages/{message}")),
            Self::Edits => Some(("get", "/messages/{message}/edits")),
            Self::Reactions => Some(("get", "/messages/{message}/reactions")),
            Self::Events => Some(("get", "/events")),
            Self::Members => Some(("get", "/members")),
            Self::Join | Self::Invite => Some(("post", "/members")),
            Self::Leave | Self::Remove => Some(("delete", "/members/{user}")),
            Self::Rename | Self::SetTopic | Self::Archive => Some(("patch", "")),
            Self::Appoint => Some(("patch", "/members/{user}")),
            Self::ChangeOwner => Some(("put", "/owner")),
            Self::Level => Some(("put", "/level")),
        }
    }
}

/// The action that a frame needs permission for; `None` if it is not about a room. Exhaustive, so that new frames are added here.
pub(super) const fn action_of(frame: &ClientFrame) -> Option<RoomAction> {
    match frame {
        ClientFrame::Hello { .. } | ClientFrame::Ping { .. } | ClientFrame::Away { .. } => None,
        ClientFrame::Join(_) => Some(RoomAction::Read),
        ClientFrame::Send { .. } | ClientFrame::React { .. } => Some(RoomAction::Write),
        ClientFrame::Typing { .. } => Some(RoomAction::Type),
        ClientFrame::Read { .. } | ClientFrame::MarkUnread { .. } => Some(RoomAction::Mark),
        // A message of someone else; for own messages it is `DeleteOwn`.
        ClientFrame::Delete { .. } => Some(RoomAction::DeleteOthers),
        // A message of someone else, which nobody may edit. Leaving needs no permission.
        ClientFrame::Edit { .. } | ClientFrame::Leave { .. } => None,
    }
}

/// One frame of each kind; the messages were sent by someone else.
pub(super) fn frames(room: &RoomId, message: CommandId, kept: CommandId) -> Vec<ClientFrame> {
    let (id, room) = (CommandId(Uuid::now_v7()), room.clone());
    vec![
        join(&room, None),
        ClientFrame::Send { id, room: room.clone(), body: "hi".into(), reply_to: None },
        ClientFrame::Typing { room: room.clone() },
        ClientFrame::Read { room: room.clone(), seq: 1 },
        ClientFrame::Edit { id, room: room.clone(), message, body: "hi".into() },
        ClientFrame::MarkUnread { room: room.clone(), seq: 1 },
        ClientFrame::Delete { id: CommandId(Uuid::now_v7()), room: room.clone(), message },
        ClientFrame::React { id: CommandId(Uuid::now_v7()), room, message: kept, emoji: "👍".into(), on: true },
    ]
}
