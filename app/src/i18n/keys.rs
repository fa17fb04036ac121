//! Message keys. Each language file gives the text of every key.

use parlor_protocol::{CloseCode, error_code};

macro_rules! keys {
    ($(#[$doc:meta])* $name:ident { $($key:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum $name { $($key),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$key),+];
        }
    };
}

keys! {
    /// Messages of the chat and of the pages. The page carries their texts, in this order.
    Key {
        // Language.
        ChooseLanguage, LanguageNeedsServer,

        // Welcome page.
        Tagline, YourName, GuestNamePlaceholder, JoinChat, Joining, NameOptionalHelp, SignInWithAccount, RoomPreview,
        NoMessagesYet, GuestsDisabled, TooManyJoins, NameTaken, NameTakenSuggestion, InvalidName,

        // Validation.
        TextRequired, TextTooLong, ForbiddenCharacter,

        // Header and room list.
        SkipToComposer, JavaScriptRequired, Rooms, OtherRooms, DirectMessages, CreateRoom, RoomSettings,
        People, GoToRoom, GoToRoomShortcut, NoRoomsFound, NoOtherRooms, MentionCount, UnreadSuffix, Close, SignOut,
        Account, SigningOut, SignOutOffline, RoomNotFound, ShowPeople, PeoplePrefix, OnlineSuffix, PeopleInRoom,
        OnlineInRoom, You, Away, MorePeople, UpdateAvailable, Reload,

        // Dialog for a new room.
        PublicRoomHelp, Private, PrivateRoomHelp, RoomName, RoomNamePlaceholder, Cancel, Create, Creating,
        RoomNameRequired,

        // Timeline.
        InvitePeople, CreatingInvitation, InvitationHelp, InvitationLink, CopyLink, LinkCopied, CopyLinkManually,
        QrCodeOfLink, AllInvitations,
        Messages, RoomBeginning, EmptyRoom, AddMembers, RoomUnavailable, GoToLobby, MessagesWhenReconnected, JumpToNewest,
        JumpToUnread, NewMessageCount, NewMessagesDivider, UsersJoined, UsersLeft, MemberJoined, MemberAdded,
        MemberLeft, MemberRemoved, ModeratorAdded, ModeratorRemoved, OwnerChanged, RoomRenamed, TopicChanged, TopicRemoved,
        RoomArchivedBy, RoomUnarchivedBy, OtherCount, StatusQueued, StatusSent,
        StatusStored, StatusFailed, StatusFailedReason, Retry, Edit, Discard, UndoDiscard, ShowMore,
        ShowLess, MessageActions, MarkUnread, CopyText, DeleteMessage, ConnectionRequired,
        Edited, EditedAt, EditHistory, EditHistoryLoading, EditNotSaved,
        Reactions, ReactWith, ReactionByPeople, ReactionWithYours, PersonCount,

        // Composer.
        Message, MessageRoom, Send, SendShortcut, TypingOne, TypingMany, SendPrivately,
        SendingTo, SendingInProgress,
        PrivateRecipientUnknown, SendPrivatelyShortcut, RoomArchivedNotice, MessageRequired, MessageTooLong,
        EditingMessage, EditedElsewhere, EditedMessageDeleted, EditedMessageDeletedDraft, EditRequiresText,
        JoinToSend, OfflineDraftKept, OfflineQueueHelp, OfflineQueueCount, FailedInOtherRooms,
        StorageUnavailable, SignedOutNotice, BannedNotice, ConnectionClosedNotice,

        // Connection.
        Connection, Connecting, Connected, Reconnecting, Offline, ClosedByServer, ConnectionTo,
        ConnectionToVia, RetryNow, RetryIn, ReasonSuffix, StateWithReason, TryNow, JoinAgain, WebSocket,
        EventStream, LongPolling, TransportPreferred, TransportRemembered, WebSocketUnsupported,
        WebSocketBlocked, EventStreamUnsupported, EventStreamBuffered, EventStreamFull, EventStreamBlocked,

        // Why a connection ended.
        NetworkLost, PageHidden, PageSuspended, NoAnswer, HeartbeatMissed, ConnectionLost, CloseCodeOnly,
        RequestFailed, ConnectionUnknown, RequestStatus, EventStreamEnded, InvalidResponse,

        // Requests.
        ServerUnreachable, SignedOut, RoomDoesNotExist, PartUnavailable, TryAgain,

        // Connection panel and report.
        NotConnectedHelp, Report, CopyReport, TestNetwork, Copied, CopyManually, StateLabel, TransportLabel,
        AddressLabel, SinceLabel, RoundTripLabel, ResumeLabel, SocketLabel, LastCloseLabel, ClockLabel,
        ServerLabel, ReasonLabel, RoundTripsLabel, BrowserLabel, ReportTitle, RoundTripValues,
        RoundTripChart, ResumeSummary, ResumeWithReload, EventCount, RoomCount, QueueSummary,
        LastCloseSummary, ClockSame, ClockAhead, ClockBehind, JustNow, SecondsAgo, MinutesAgo, HoursAgo,

        // Dates.
        Today, Yesterday,

        // Sign in and sign up.
        SignIn, Name, Password, CreateAccount, SignInInstead, ContinueAsGuest, ForgotPasswordHelp,
        AccountNameHelp, PasswordHelp, GuestUpgradeHelp, InvitedBy, Invited, InviteRole, FirstOwnerHelp,
        InvalidLink, InvalidLinkHelp, InvitationRequired, AlreadySignedIn, AlreadySignedInHelp, OpenChat,
        NewPassword, ResetPasswordHelp, SetPassword,

        // Form errors.
        IncorrectPassword, PasswordTooShort, PasswordTooLong, PasswordTooCommon, TooManyAttempts,
        RequestRejected, Back,

        // Account.
        SignInName, RoleValue, RoleGuest, RoleMember, RoleModerator, RoleAdmin, RoleOwner, DisplayName, Save,
        NameSaved, NameColour, ColourNumber, ColourSaved, ChangePassword, CurrentPassword,
        ChangePasswordHelp, PasswordChanged, Sessions, UnknownDevice, BrowserOnSystem, SessionAddress,
        SessionLastUsed, CurrentSession, RevokeSession, RevokeOtherSessions, SessionRevoked,
        OtherSessionsRevoked, Invitations, InvitationsHelp, ExpiresAfter, OneDay, OneWeek, ThirtyDays,
        MaxUses, Unlimited, InvitationRole, CreateInviteLink, InviteLinkCreated, InviteLink, ExpiresAt,
        UsesLeft, Revoke, InvitationRevoked, NoInvitations, DeleteAccount, DeleteAccountHelp,
        DeleteAccountButton, AccountDeleted,

        // Navigation.
        Navigation, Chat, Bans, AuditLog, PageNotFound, NextPage, FirstPage,

        // People.
        SearchByName, Search, NoPeopleFound, SendMessage, SelectPerson, MessageSelected, MessageSelectedHelp,
        SelectionLimits, OnlineNow, LastSeen, Manage, ManagePerson,

        // Managing a user.
        ChangeRole, Role, ChangeRoleHelp, RoleChanged, Mute, MuteEverywhereHelp, MuteDuration, TenMinutes,
        OneHour, EightHours, Permanently, MutedUntil, Unmute, UserMuted, UserUnmuted, Ban, BanHelp,
        BanGuestHelp, Reason, BanReasonHelp, ReasonRequired, BanDuration, BanAddress, BannedUntil,
        BannedPermanently, BannedBy, ReasonValue, AddressIncluded, Unban, UserBanned, UserUnbanned, NoBans,
        ResetPassword, ResetLinkHelp, CreateResetLink, ManageLimits,

        // Room settings.
        OpenRoom, PublicRoom, PrivateRoom, ArchivedBadge, NameAndTopic, Topic, TopicHelp,
        RoomNameTaken, RoomSaved, Notifications, NotifyAll, NotifyAllHelp, NotifyMentions,
        NotifyMentionsHelp, NotifyNothing, NotifyNothingHelp, NotificationsSaved, Members, RoomModerator, RoomOwner,
        AddMember, AddMemberHelp, AddMemberButton, AccountNotFound, MemberAddedNotice, RemoveMember,
        MemberRemovedNotice, MakeModerator, RemoveModerator, ModeratorAddedNotice, ModeratorRemovedNotice, EndSessions, EndSessionsHelp,
        SessionsEndedNotice, MakeOwner, OwnerChangedNotice,
        MuteInRoom, MemberRange, ArchiveRoom, ArchiveHelp, UnarchiveRoom, UnarchiveHelp, RoomArchived,
        RoomUnarchived, JoinRoom, JoinHelp, LeaveRoom, LeaveHelp, LeavePrivateHelp, LeaveLastHelp, LeaveOwnerHelp,

        // Settings of the server and its set-up.
        ServerSettings, ServerSettingsSaved, NameAndPicture, ServerName, ServerNameHelp, NameFixedHelp, Picture,
        PictureHelp, CurrentPicture, RemovePicture, PictureRemoved, PictureTooLarge, PictureTooManyPixels,
        PictureUnsupported, PictureDamaged, WhoCanJoin, EntryGuests, EntryGuestsHelp, EntryAccounts,
        EntryAccountsHelp, EntryInvitation, EntryInvitationHelp, EntryFixedHelp, SetupProgress, SetupHelp,
        SaveAndContinue, Continue, Skip, FirstRoom, FirstRoomHelp, CreateAndOpen, RepeatSetup,

        // Audit log.
        AuditHelp, NoAuditEntries, OlderEntries, NewestEntries, ServerActor, UnknownUser, UnnamedPrivateRoom,
        UntilTime, AuditPasswordChanged, AuditResetLinkCreated, AuditPasswordReset, AuditBanned,
        AuditUnbanned, AuditMuted, AuditMutedInRoom, AuditUnmuted, AuditUnmutedInRoom, AuditInviteCreated,
        AuditInviteUsed, AuditInviteRevoked, AuditOwnerCreated, AuditAccountDeleted, AuditRoleChanged,
        AuditSignedIn, AuditSignInDenied, DenialWrongPassword, DenialBanned, AuditSessionsEnded,
        AuditRoomCreated, AuditMemberAdded, AuditOwnerChanged, AuditMemberRemoved, AuditModeratorAdded, AuditModeratorRemoved, AuditRoomRenamed, AuditRoomArchived,
        AuditRoomUnarchived, AuditMessageDeleted, RoleChange, NewNameValue,
        AuditServerRenamed, AuditEntryPolicyChanged, AuditPictureChanged, AuditPictureRemoved,

        // Error codes of the server.
        ErrorBadFrame, ErrorUnknownType, ErrorEmpty, ErrorTooLong, ErrorBadCharacters, ErrorIdReused,
        ErrorNotFound, ErrorNotSupported, ErrorTooManyRooms, ErrorRateLimited, ErrorUnavailable,
        ErrorStorageFull, ErrorNoConnection, ErrorUnauthorized, ErrorOriginRefused, ErrorHostRefused,
        ErrorBadRequest,
        ErrorGuestsOff, ErrorNameTaken, ErrorTooLarge, ErrorForbidden, ErrorMuted, ErrorBanned,
        ErrorWrongCredentials, ErrorWeakPassword, ErrorInviteNeeded, ErrorInvalidLink, ErrorLastOwner,
        ErrorSettingFixed, ErrorBadPicture, ErrorBadEmoji, ErrorTooManyReactions,

        // Close codes.
        CloseRestarting, CloseNoHello, CloseHeartbeatMissed, CloseTooSlow, CloseFrameTooLarge,
        CloseIdentityChanged, CloseFlooding, CloseBadProtocol, CloseSessionRevoked, CloseBanned,
    }
}

keys! {
    /// Messages of the network lab, which its page alone carries. Its scripts find them by name.
    LabKey {
        Title, Intro, NeedsScript, ToChat, Start, Stop, StartAll, StopAll,

        // Diagnosis.
        Diagnosis, DiagnosisHelp, RunDiagnosis, RunsDiagnosis, CopyReport, Report, Copied, CopyByHand,
        Requests, RequestsWork, RequestsFail, Skew, SkewSmall, SkewLarge, Ahead, Behind, SocketWorks,
        SocketSmallOnly, SocketBlocked, SocketSilent, StreamWorks, StreamBuffered, StreamBlocked, PollWorks,
        PollFails, Verdict, VerdictSocket, VerdictStream, VerdictPoll, VerdictNone, PassUpgrade, DoNotBuffer,
        NoAnswer,

        // Clocks.
        Clocks, ClocksHelp, Polling, PollingHelp, LongPoll, LongPollHelp, Frame, FrameHelp, Events,
        EventsHelp, WebSocket, WebSocketHelp, Stopped, Opening, Running, Failed, Again, Ended,
        FigureRequests, FigureUp, FigureDown, FigureFirst, FigureSteady, Milliseconds, PlusMinus, Chart,
        ChartHelp, CountsHelp, OpenStreams,

        // Echo.
        Echo, EchoHelp, EchoText, EchoHello, EchoSize, EchoKind, AsText, AsBytes, Send, EchoSame, EchoOther,
        EchoClosed, RoundTrips, Histogram, HistogramOf, BinUpTo, BinOver,

        // Handshake.
        Handshake, HandshakeHelp, ShakeHands, YourRequest, TheAnswer, StepKey, StepJoined, StepHash,
        StepAccept, WorkedExample, WorkedExampleHelp, Key, Version, Compute, Hidden,

        // Socket inspector.
        Inspector, InspectorHelp, Connect, SendEarly, SendMuch, CloseWith, CloseCode, CloseReason,
        BufferedMost, NoSocket, LogOpen, LogMessage, LogError, LogClose, LogThrew, LogSent, LogNoSocket,
        LogReasonAlone, LogNoNumber, LogClosedAlready, LogTitle,
    }
}

impl Key {
    /// The message for an error code of the server, if this build knows the code.
    pub fn for_error(code: &str) -> Option<Self> {
        Some(match code {
            error_code::BAD_FRAME => Self::ErrorBadFrame,
            error_code::UNKNOWN_TYPE => Self::ErrorUnknownType,
            error_code::EMPTY => Self::ErrorEmpty,
            error_code::TOO_LONG => Self::ErrorTooLong,
            error_code::BAD_CHARACTERS => Self::ErrorBadCharacters,
            error_code::ID_REUSED => Self::ErrorIdReused,
            error_code::NOT_FOUND => Self::ErrorNotFound,
            error_code::NOT_SUPPORTED => Self::ErrorNotSupported,
            error_code::TOO_MANY_ROOMS => Self::ErrorTooManyRooms,
            error_code::RATE_LIMITED => Self::ErrorRateLimited,
            error_code::UNAVAILABLE => Self::ErrorUnavailable,
            error_code::STORAGE_FULL => Self::ErrorStorageFull,
            error_code::NO_CONNECTION => Self::ErrorNoConnection,
            error_code::UNAUTHORIZED => Self::ErrorUnauthorized,
            error_code::ORIGIN_REFUSED => Self::ErrorOriginRefused,
            error_code::HOST_REFUSED => Self::ErrorHostRefused,
            error_code::BAD_REQUEST => Self::ErrorBadRequest,
            error_code::GUESTS_OFF => Self::ErrorGuestsOff,
            error_code::NAME_TAKEN => Self::ErrorNameTaken,
            error_code::TOO_LARGE => Self::ErrorTooLarge,
            error_code::FORBIDDEN => Self::ErrorForbidden,
            error_code::MUTED => Self::ErrorMuted,
            error_code::BANNED => Self::ErrorBanned,
            error_code::WRONG_CREDENTIALS => Self::ErrorWrongCredentials,
            error_code::WEAK_PASSWORD => Self::ErrorWeakPassword,
            error_code::INVITE_NEEDED => Self::ErrorInviteNeeded,
            error_code::INVALID_LINK => Self::ErrorInvalidLink,
            error_code::LAST_OWNER => Self::ErrorLastOwner,
            error_code::SETTING_FIXED => Self::ErrorSettingFixed,
            error_code::BAD_PICTURE => Self::ErrorBadPicture,
            error_code::BAD_EMOJI => Self::ErrorBadEmoji,
            error_code::TOO_MANY_REACTIONS => Self::ErrorTooManyReactions,
            _ => return None,
        })
    }

    pub const fn for_close(code: CloseCode) -> Self {
        match code {
            CloseCode::Restarting => Self::CloseRestarting,
            CloseCode::NoHello => Self::CloseNoHello,
            CloseCode::HeartbeatMissed => Self::CloseHeartbeatMissed,
            CloseCode::TooSlow => Self::CloseTooSlow,
            CloseCode::FrameTooLarge => Self::CloseFrameTooLarge,
            CloseCode::IdentityChanged => Self::CloseIdentityChanged,
            CloseCode::Flooding => Self::CloseFlooding,
            CloseCode::BadProtocol => Self::CloseBadProtocol,
            CloseCode::SessionRevoked => Self::CloseSessionRevoked,
            CloseCode::Banned => Self::CloseBanned,
        }
    }
}
