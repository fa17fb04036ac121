//! The acts that the audit log records.

macro_rules! audit_acts {
    ($($variant:ident => $name:literal,)*) => {
        /// What was done, as the audit log records it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum AuditAct {
            $($variant,)*
        }

        impl AuditAct {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the database and in the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

audit_acts! {
    MessageDeleted => "message_deleted",
    RoomCreated => "room_created",
    MemberAdded => "member_added",
    MemberRemoved => "member_removed",
    RoomModeratorAppointed => "room_moderator_appointed",
    RoomModeratorDismissed => "room_moderator_dismissed",
    RoomOwnerChanged => "room_owner_changed",
    RoomRenamed => "room_renamed",
    RoomArchived => "room_archived",
    RoomReopened => "room_reopened",
    InviteMade => "invite_made",
    InviteUsed => "invite_used",
    InviteRevoked => "invite_revoked",
    OwnerMade => "owner_made",
    AccountDeleted => "account_deleted",
    SignedIn => "signed_in",
    SignInDenied => "sign_in_denied",
    SessionsEnded => "sessions_ended",
    RoleChanged => "role_changed",
    PasswordChanged => "password_changed",
    ResetMade => "reset_made",
    ResetUsed => "reset_used",
    Banned => "banned",
    BanLifted => "ban_lifted",
    Muted => "muted",
    Unmuted => "unmuted",
    ServerRenamed => "server_renamed",
    EntryPolicyChanged => "entry_policy_changed",
    PictureChanged => "picture_changed",
    PictureRemoved => "picture_removed",
}
