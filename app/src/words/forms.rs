//! What the pages with forms say, in each language. They are the server's alone, so these words are in no other page.

use super::{Words, fill, language::Language};

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
    Delete: "Delete my account", "删除我的账户";
    DeleteHelp:
        "Your account and all its sessions go, and your name is free for others. What you wrote stays, and shows as written by a deleted user. This cannot be undone.",
        "你的账户和所有登录都将消失，你的名字可供他人使用。你写过的消息会保留，作者显示为已删除的用户。此操作无法撤销。";
    DeleteButton: "Delete for good", "永久删除";
    Deleted: "Your account is deleted.", "你的账户已删除。";
}

impl Words {
    /// The words for a key of a form.
    #[must_use]
    pub fn say(self, word: Word) -> &'static str {
        let words = match self.language() {
            Language::English => ENGLISH,
            Language::Chinese => CHINESE,
        };
        words.get(word as usize).copied().unwrap_or_default()
    }

    /// With its places filled in, as [`Words::fill`] does.
    #[must_use]
    pub fn say_with(self, word: Word, values: &[(&str, &str)]) -> String {
        fill(self.say(word), values)
    }
}
