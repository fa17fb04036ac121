//! Words for the codes by which the server refuses something or ends a connection. It says the same in English beside each
//! code; a code that is not here, of a newer server, is shown in those words.

use parlor_protocol::error_code;

/// A code, its English and its Chinese.
pub(super) type Code = (&'static str, &'static str, &'static str);

/// Of `refused` frames and HTTP errors, and the close codes.
pub const CODES: &[Code] = &[
    (error_code::BAD_FRAME, "The server could not read this.", "服务器无法识别此内容。"),
    (error_code::UNKNOWN_TYPE, "The server does not know how to do this.", "服务器不支持此操作。"),
    (error_code::EMPTY, "Text is required.", "内容为空。"),
    (error_code::TOO_LONG, "It is too long.", "内容太长。"),
    (error_code::BAD_CHARACTERS, "The text contains a character that is not allowed.", "包含无法显示的字符。"),
    (error_code::ID_REUSED, "Its id stands for another message already.", "编号已被另一条消息使用。"),
    (error_code::NOT_FOUND, "It is not there, or not yours to see.", "内容不存在，或者你无权查看。"),
    (error_code::NOT_SUPPORTED, "This server does not offer that yet.", "此服务器暂不支持该功能。"),
    (error_code::TOO_MANY_ROOMS, "You are in too many rooms at once.", "同时进入的房间太多。"),
    (error_code::RATE_LIMITED, "You are sending too fast.", "发送太快了。"),
    (
        error_code::UNAVAILABLE,
        "The server cannot do this right now. Try again in a moment.",
        "服务器暂时无法处理，请稍后再试。",
    ),
    (error_code::STORAGE_FULL, "The server’s disk is full. Try again later.", "服务器磁盘已满，请稍后再试。"),
    (error_code::NO_CONNECTION, "The server has forgotten this connection.", "服务器已不认识此连接。"),
    (error_code::UNAUTHORIZED, "You are signed out.", "你已退出登录。"),
    (error_code::ORIGIN_REFUSED, "This page is not from this server.", "此页面不属于该服务器。"),
    (error_code::BAD_REQUEST, "The server could not read this.", "服务器无法识别此请求。"),
    (error_code::GUESTS_OFF, "This server does not let people in by a name alone.", "此服务器不允许仅凭名字进入。"),
    (error_code::NAME_TAKEN, "That name is taken.", "这个名字已被使用。"),
    (error_code::TOO_LARGE, "It is larger than the server takes.", "内容超过了服务器的上限。"),
    (error_code::FORBIDDEN, "That is not yours to do here.", "你没有权限执行此操作。"),
    (error_code::MUTED, "You may not write here for a while.", "你暂时不能在此发言。"),
    (error_code::BANNED, "You were banned from this server.", "你已被此服务器封禁。"),
    (error_code::WRONG_CREDENTIALS, "Name or password is wrong.", "名字或密码不正确。"),
    (error_code::WEAK_PASSWORD, "That password is too easy to guess.", "这个密码太容易被猜到。"),
    (error_code::INVITE_NEEDED, "One comes in here by invitation only.", "此服务器仅限受邀加入。"),
    (error_code::INVALID_LINK, "This link was used, or is no longer valid.", "此链接已被使用或已失效。"),
    (
        error_code::LAST_OWNER,
        "There has to be an owner, and you are the last one.",
        "服务器必须有所有者，而你是最后一位。",
    ),
    ("4001", "server is restarting", "服务器正在重启"),
    ("4002", "no hello", "没有收到问候"),
    ("4003", "heartbeat missed", "心跳超时"),
    ("4008", "too slow", "接收太慢"),
    ("4009", "frame too large", "数据太大"),
    ("4010", "who you are has changed", "你的身份已变更"),
    ("4029", "flooding", "发送过于频繁"),
    ("4500", "this page is older than the server", "此页面的版本比服务器旧"),
    ("4501", "you are signed out", "你已退出登录"),
    ("4503", "you were banned", "你已被封禁"),
];
