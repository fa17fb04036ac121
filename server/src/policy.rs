//! The permission rules of [`parlor_protocol::policy`], under the names that callers which have not moved over still use.

pub use parlor_protocol::policy::{
    Actor, Decision as Verdict, MemberStatus as Standing, ModerationCase as Case, ModerationParty as Party,
    RoomAction as RoomAct, RoomContext as Place, ServerAction as ServerAct, can_moderate as may_moderate,
    can_mute_in_room as may_mute_in_room,
};
