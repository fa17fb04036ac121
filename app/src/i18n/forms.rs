//! What the pages with forms say, in each language. They are the server's alone, so these words are in no other page.

use super::{Words, fill};

words! {
    // Coming in.
    SignIn: "Sign in", "登录";
    Name: "Name", "名字";
    Password: "Password", "密码";
    ToSignUp: "Make an account", "创建账户";
    ToSignIn: "Sign in with an account that you have", "使用已有账户登录";
    WithoutAccount: "Come in by a name alone", "仅凭名字进入";
    Forgotten: "Forgot your password? An owner of this server can make a link for a new one.", "忘记密码？请让服务器所有者为你生成重设链接。";
    SignUp: "Make an account", "创建账户";
    SignUpHelp: "You sign in with this name, and others see it. What others see can be changed later.", "用这个名字登录，其他人也会看到它。之后可以更改显示的名字。";
    PasswordHelp: "At least {n} characters. A few words are good.", "至少 {n} 个字符，几个词连在一起就很好。";
    GuestStays: "You are here as {name}. Your messages and rooms stay yours.", "你现在是访客“{name}”。你的消息和房间都会保留。";
    InvitedBy: "{name} has invited you.", "“{name}”邀请你加入。";
    Invited: "You are invited.", "你受邀加入。";
    WillBe: "You will be: {role}.", "你的角色将是：{role}。";
    MakesOwner: "This account will be the owner of this server.", "此账户将成为服务器的所有者。";
    InvalidLink: "This link is not valid", "链接无效";
    InvalidInvite: "It was used, revoked, or is too old. Ask for another one.", "它已被使用、撤销或已过期。请索取新的链接。";
    InviteOnly: "One comes in here by invitation only. Ask someone for a link.", "此服务器仅限受邀加入。请向成员索取邀请链接。";
    HaveAccount: "You have an account", "你已有账户";
    SignedInAs: "You are signed in as {name}. Sign out to make another account.", "你已以“{name}”登录。要创建另一个账户，请先退出登录。";
    ToChat: "Go to the chat", "前往聊天";
    NewPassword: "New password", "新密码";
    ResetFor: "A new password for {name}. It signs you out everywhere else.", "为“{name}”设置新密码。其他设备都将退出登录。";
    SetPassword: "Set the password", "设置密码";

    // What went wrong.
    WrongPassword: "That is not your password.", "密码不正确。";
    TooShortPassword: "A password has at least {n} characters.", "密码至少需要 {n} 个字符。";
    TooLongPassword: "A password has at most {n} bytes.", "密码最多 {n} 字节。";
    ObviousPassword: "That password is the first that anyone would try.", "这个密码太容易被猜到。";
    TriedTooOften: "That was tried too often. Wait a while, then try again.", "尝试次数太多，请稍后再试。";
    Refused: "That did not work", "操作未成功";
    Back: "Back", "返回";

    // One's own account.
    Account: "Your account", "你的账户";
    SignsInAs: "Signs in as {name}", "登录名：{name}";
    RoleIs: "Role: {role}", "角色：{role}";
    Guest: "guest", "访客";
    Member: "member", "成员";
    Moderator: "moderator", "协管员";
    Admin: "admin", "管理员";
    Owner: "owner", "所有者";
    DisplayName: "Name that others see", "显示的名字";
    Save: "Save", "保存";
    SavedName: "Your name is changed.", "名字已更改。";
    Colour: "Colour of your name", "名字的颜色";
    ColourNumber: "Colour {n}", "颜色 {n}";
    SavedColour: "Your colour is changed.", "颜色已更改。";
    ChangePassword: "Change password", "更改密码";
    CurrentPassword: "Password until now", "当前密码";
    ChangeHelp: "It signs you out everywhere else.", "其他设备都将退出登录。";
    SavedPassword: "Your password is changed. You are signed out everywhere else.", "密码已更改，其他设备都已退出登录。";
    Sessions: "Where you are signed in", "登录的设备";
    UnknownDevice: "Unknown device", "未知设备";
    DeviceOn: "{browser} on {system}", "{system} 上的 {browser}";
    From: "from {address}", "来自 {address}";
    LastSeen: "last used: {time}", "上次使用：{time}";
    ThisOne: "this one", "本设备";
    EndSession: "Sign out there", "将其退出";
    EndOthers: "Sign out everywhere else", "退出所有其他设备";
    EndedSession: "That device is signed out.", "该设备已退出登录。";
    EndedOthers: "You are signed out everywhere else.", "其他设备都已退出登录。";
    SignOut: "Sign out", "退出登录";
    Invites: "Invitations", "邀请";
    InvitesHelp: "Whoever has the link can make an account.", "持有链接的人可以创建账户。";
    ValidFor: "Valid for", "有效期";
    Day: "a day", "一天";
    Week: "a week", "一周";
    Month: "30 days", "30 天";
    HowOften: "How many can come by it", "可用次数";
    AnyNumber: "any number", "不限";
    AsRole: "They become", "加入后的角色";
    MakeInvite: "Make a link", "生成链接";
    MadeInvite: "Copy this link now. It is shown only once.", "请立即复制此链接，它只显示一次。";
    InviteLink: "Link", "链接";
    InviteUntil: "valid until {time}", "有效期至 {time}";
    InviteLeft: "uses left: {n}", "剩余次数：{n}";
    Revoke: "Revoke", "撤销";
    Revoked: "The invitation is revoked.", "邀请已撤销。";
    NoInvites: "There are no open invitations.", "目前没有有效的邀请。";
    Delete: "Delete my account", "删除你的账户";
    DeleteHelp:
        "Your account and all its sessions go, and your name is free for others. What you wrote stays, and shows as written by a deleted user. This cannot be undone.",
        "你的账户和所有登录都将消失，你的名字可供他人使用。你写过的消息会保留，作者显示为已删除的用户。此操作无法撤销。";
    DeleteButton: "Delete for good", "永久删除";
    Deleted: "Your account is deleted.", "你的账户已删除。";

    // Ways from page to page.
    Pages: "Pages", "页面导航";
    Chat: "Chat", "聊天";
    People: "People", "成员";
    Bans: "Bans", "封禁";
    Audit: "Audit log", "审计日志";
    NotThere: "There is nothing here", "这里什么也没有";
    NextPage: "Next page", "下一页";
    FirstPage: "First page", "第一页";

    // Everyone with an account.
    SearchName: "Search by name", "按名字搜索";
    Search: "Search", "搜索";
    NobodyFound: "There is nobody by that name.", "没有找到叫这个名字的人。";
    You: "you", "你";
    Message: "Message", "发私信";
    ChooseWho: "Choose {name}", "选择 {name}";
    MessageTogether: "Message those chosen", "给选中的人发私信";
    MessageTogetherHelp:
        "A conversation of these people and you, that nobody else sees. Choose up to {n}.",
        "只有你和这些人能看到的对话，最多可选 {n} 人。";
    ChooseSome: "Choose one person at least, and {n} at most.", "请选择 1 到 {n} 人。";
    OnlineNow: "Online now", "在线";
    SeenLast: "Last seen: {time}", "上次在线：{time}";
    Manage: "Manage", "管理";
    ManageWho: "Manage {name}", "管理“{name}”";

    // One person.
    ChangeRole: "Change the role", "更改角色";
    Role: "Role", "角色";
    ChangeRoleHelp: "It holds at once, on all their devices.", "立即在其所有设备上生效。";
    SavedRole: "The role is changed.", "角色已更改。";
    Mute: "Mute", "禁言";
    MuteServerHelp: "They can read and not write, in every room.", "对方可以阅读，但不能在任何房间发言。";
    MuteFor: "For", "时长";
    TenMinutes: "10 minutes", "10 分钟";
    Hour: "an hour", "1 小时";
    EightHours: "8 hours", "8 小时";
    ForEver: "for ever", "永久";
    MutedUntil: "May not write until: {time}", "禁言至：{time}";
    Unmute: "Let them write again", "解除禁言";
    DoneMuted: "They are muted.", "已禁言。";
    DoneUnmuted: "They can write again.", "已解除禁言。";
    Ban: "Ban", "封禁";
    BanHelp: "They are sent away at once and cannot come in any more. What they wrote stays.", "对方会立即被移出服务器，且无法再进入。其写过的消息会保留。";
    BanGuestHelp: "They are sent away at once, and cannot come in any more with this browser. A guest is known by nothing else: without the address, they can come back as somebody else with another one. What they wrote stays.", "对方会立即被移出服务器，且无法再用此浏览器进入。访客没有其他可识别的信息：如不同时封禁网络地址，对方可以换一个浏览器，以其他身份再次进入。其写过的消息会保留。";
    Reason: "Reason", "原因";
    ReasonHelp: "It is needed, for those who moderate. The person does not see it.", "必填，仅管理人员可见，对方看不到。";
    ReasonNeeded: "A ban needs a reason.", "封禁需要填写原因。";
    BanFor: "For how long", "封禁时长";
    BanAddress: "Also the address: nobody new comes in from there", "同时封禁其网络地址：该地址不再接受新访客和新账户";
    BannedUntil: "Banned until: {time}", "封禁至：{time}";
    BannedForEver: "Banned for ever", "已永久封禁";
    BannedBy: "by {name}", "操作者：{name}";
    ReasonIs: "Reason: {reason}", "原因：{reason}";
    WithAddress: "with the address", "包括网络地址";
    LiftBan: "Lift the ban", "解除封禁";
    DoneBanned: "They are banned.", "已封禁。";
    DoneLifted: "The ban is lifted.", "已解除封禁。";
    NoBans: "Nobody is banned.", "目前没有人被封禁。";
    ResetPassword: "Forgotten password", "忘记密码";
    ResetHelp: "A link by which they set a new password. It works once, for a day.", "对方可以通过链接设置新密码。链接一天内有效，仅可使用一次。";
    MakeReset: "Make a reset link", "生成重设链接";
    NotForYou: "Only for people below you; and what another has imposed, an admin changes.", "只能管理角色低于你的人；他人设置的限制需由管理员更改。";

    // A room.
    RoomSettings: "Room settings", "房间设置";
    ToRoom: "Go to the room", "前往房间";
    PublicRoom: "Public room", "公开房间";
    PrivateRoom: "Private room", "私密房间";
    DirectRoom: "Direct messages", "私信";
    RoomArchived: "archived", "已归档";
    NameAndTopic: "Name and topic", "名称与主题";
    RoomName: "Name of the room", "房间名称";
    Topic: "Topic", "主题";
    TopicHelp: "What the room is about. It may be empty.", "这个房间聊些什么，可以留空。";
    RoomNameTaken: "There is a room with that name already.", "已有同名的房间。";
    SavedRoom: "The room is changed.", "房间设置已保存。";
    Hear: "What you want to hear", "消息提醒";
    HearAll: "Everything", "所有消息";
    HearAllHelp: "Each new message counts as unread.", "每条新消息都计入未读。";
    HearMentions: "Only what names me", "仅提到你的消息";
    HearMentionsHelp: "Only messages that name you count as unread; direct messages always do.", "只有提到你的消息计入未读，私信总会计入。";
    HearNothing: "Nothing", "不提醒";
    HearNothingHelp: "No message counts as unread; what is new shows when you open the room.", "任何消息都不计入未读，打开房间时才会看到新消息。";
    SavedLevel: "What you want to hear is saved.", "提醒设置已保存。";
    Members: "Members", "房间成员";
    LooksAfter: "looks after the room", "房间协管员";
    BringIn: "Bring someone in", "邀请进入房间";
    BringInHelp: "By the name that others see, or the one to sign in with. They need an account.", "输入对方显示的名字或登录名。对方需要有账户。";
    BringInButton: "Bring in", "邀请";
    NobodyNamed: "There is nobody with an account by that name.", "没有叫这个名字的账户。";
    BroughtIn: "They are in the room.", "已加入房间。";
    Remove: "Remove from the room", "移出房间";
    Removed: "They are no longer in the room.", "已移出房间。";
    Appoint: "Let them look after the room", "设为房间协管员";
    Dismiss: "They no longer look after it", "取消协管员身份";
    Appointed: "They look after the room.", "已设为房间协管员。";
    Dismissed: "They no longer look after the room.", "已取消协管员身份。";
    MuteInRoom: "Mute in this room", "在此房间禁言";
    MembersLeft: "Shown: {from} to {to} of {n}", "第 {from} 至 {to} 位，共 {n} 位";
    Archive: "Archive the room", "归档房间";
    ArchiveHelp: "Everyone can go on reading it, and nobody can write there.", "所有人仍可阅读，但不能再发言。";
    Reopen: "Open it again", "重新开放";
    ReopenHelp: "People can write there again.", "可以重新发言。";
    DoneArchived: "The room is archived.", "房间已归档。";
    DoneReopened: "The room is open again.", "房间已重新开放。";
    Join: "Join", "加入";
    JoinHelp: "It then stands in your list of rooms.", "加入后，房间会出现在你的列表中。";
    Leave: "Leave the room", "离开房间";
    LeaveHelp: "You can come back at any time.", "你可以随时重新加入。";
    LeavePrivateHelp: "To come back, you need someone to bring you in.", "再次进入需要有人邀请。";
    LeaveLastHelp: "You are the last one here. When you leave, nobody is left who could bring anyone in, and nobody can read the room any more.", "你是这里的最后一位成员。离开后，将没有人能再邀请他人，也没有人能再阅读此房间。";

    // The audit log. Each act is a sentence.
    AuditHelp: "What was done by whom to whom. Nothing in it can be changed.", "记录谁对谁做了什么。记录无法更改。";
    NoActs: "Nothing has happened yet.", "还没有任何记录。";
    Older: "Older", "更早";
    Newest: "Newest", "最新";
    TheServer: "The server", "服务器";
    Someone: "someone", "某人";
    SomeRoom: "a private room ({room})", "私密房间（{room}）";
    ForUntil: "until: {time}", "至：{time}";
    ActPasswordChanged: "{who} has changed their password.", "{who} 更改了自己的密码。";
    ActResetMade: "{who} has made a reset link for {whom}.", "{who} 为 {whom} 生成了重设链接。";
    ActResetUsed: "{who} has set a new password by a reset link.", "{who} 通过重设链接设置了新密码。";
    ActBanned: "{who} has banned {whom}.", "{who} 封禁了 {whom}。";
    ActBanLifted: "{who} has lifted the ban of {whom}.", "{who} 解除了对 {whom} 的封禁。";
    ActMuted: "{who} has muted {whom} on the whole server.", "{who} 在整个服务器禁言了 {whom}。";
    ActMutedIn: "{who} has muted {whom} in {room}.", "{who} 在 {room} 禁言了 {whom}。";
    ActUnmuted: "{who} has let {whom} write again.", "{who} 解除了对 {whom} 的禁言。";
    ActUnmutedIn: "{who} has let {whom} write again in {room}.", "{who} 在 {room} 解除了对 {whom} 的禁言。";
    ActInviteMade: "{who} has made an invitation.", "{who} 创建了邀请。";
    ActInviteUsed: "{who} has come in by an invitation of {whom}.", "{who} 通过 {whom} 的邀请加入。";
    ActInviteRevoked: "{who} has revoked an invitation.", "{who} 撤销了邀请。";
    ActOwnerMade: "{who} has become the owner by the first link.", "{who} 通过首次链接成为所有者。";
    ActAccountDeleted: "{who} has deleted their account.", "{who} 删除了自己的账户。";
    ActRoleChanged: "{who} has changed the role of {whom}.", "{who} 更改了 {whom} 的角色。";
    ActMemberRemoved: "{who} has removed {whom} from {room}.", "{who} 将 {whom} 移出了 {room}。";
    ActAppointed: "{who} has let {whom} look after {room}.", "{who} 将 {whom} 设为 {room} 的协管员。";
    ActDismissed: "{who} no longer lets {whom} look after {room}.", "{who} 取消了 {whom} 在 {room} 的协管员身份。";
    ActRenamed: "{who} has renamed {room}.", "{who} 为 {room} 更改了名称。";
    ActArchived: "{who} has archived {room}.", "{who} 归档了 {room}。";
    ActReopened: "{who} has opened {room} again.", "{who} 重新开放了 {room}。";
    ActMessageDeleted: "{who} has deleted a message of {whom} in {room}.", "{who} 删除了 {whom} 在 {room} 的一条消息。";
    RoleFromTo: "from {from} to {to}", "由{from}改为{to}";
    NewNameIs: "new name: {name}", "新名称：{name}";
}

impl Words {
    /// The words for a key of a form.
    #[must_use]
    pub fn say(self, word: Word) -> &'static str {
        self.either(ENGLISH, CHINESE, word as usize)
    }

    /// With its places filled in, as [`Words::fill`] does.
    #[must_use]
    pub fn say_with(self, word: Word, values: &[(&str, &str)]) -> String {
        fill(self.say(word), values)
    }
}
