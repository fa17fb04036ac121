//! What the page says, in each language. `{…}` is filled in; a list has a form for each number.
//!
//! Words stand in HTML as they are, so they hold no markup and no straight quotes.

words! {
    // This language.
    Tag: "en", "zh-Hans";
    Languages: "Language", "语言";
    LanguageNeedsServer: "Another language needs the server.", "切换语言需要连接服务器。";

    // The visitor's page.
    Motto: "A quiet room to talk in. Nothing said here is lost.", "安静聊天的地方，说过的话不会丢失。";
    YourName: "Your name", "你的名字";
    GuestExample: "Guest", "访客";
    Enter: "Enter", "进入";
    MayBeEmpty: "Leave it empty to come in as a numbered guest.", "留空则以带编号的访客身份进入。";
    WithAccount: "Sign in with an account", "使用账户登录";
    NowIn: "In {room} now", "“{room}”里的对话";
    NothingSaid: "Nobody has said anything yet.", "还没有人说话。";
    GuestsOff: "This server does not let people in by a name alone.", "此服务器不允许仅凭名字进入。";
    TooManyEntered:
        "Too many have come in from your address. Wait a minute, then try again.",
        "从你的地址进入的人太多，请一分钟后再试。";
    NameTaken: "Someone has that name already. Take another one.", "这个名字已被使用，请换一个。";
    NameTakenOther: "Someone has that name already. “{name}” is free.", "这个名字已被使用，“{name}”可以用。";
    BadName: "That name will not do. {why}", "这个名字不能用。{why}";

    // What is typed, and why it is not taken.
    Empty: "Text is required.", "内容为空。";
    TooLong: "The text has {chars} characters. The maximum is {limit}.", "共 {chars} 个字符，最多允许 {limit} 个。";
    Hidden: "The text contains a character that is not allowed.", "包含无法显示的字符。";

    // The chat around the messages.
    Skip: "Skip to the message box", "跳到输入框";
    NoScript:
        "Without JavaScript you can read here. To send messages, turn it on.",
        "未启用 JavaScript 时只能阅读。要发送消息，请启用它。";
    Rooms: "Rooms", "房间";
    MoreRooms: "More rooms", "更多房间";
    DirectRooms: "Direct messages", "私信";
    NewRoom: "New room", "新建房间";
    RoomSettings: "Room settings", "房间设置";
    AllPeople: "People", "成员";
    GoTo: "Go to a room", "前往房间";
    GoToKey: "Go to a room (Ctrl K)", "前往房间（Ctrl K）";
    NothingFound: "No room by that name.", "没有这样的房间。";
    Mentions: ["{n} mention of you", "{n} mentions of you"], ["{n} 次提到你"];
    Unread: " unread", " 条未读";
    Close: "Close", "关闭";
    SignOut: "Sign out", "退出登录";
    YourAccount: "Your account", "你的账户";
    SignOutNeedsServer:
        "Signing out needs the server. You are still signed in here.",
        "退出登录需要连接服务器。你在这里仍处于登录状态。";
    NoSuchRoom: "No such room", "没有这个房间";
    WhoIsHere: "Who is here", "谁在这里";
    PeopleCount: "People: ", "成员：";
    Online: " online", " 人在线";
    PeopleHere: "People in this room", "房间里的人";
    HereNow: "Here now", "当前在线";
    You: "you", "你";
    Away: "away", "暂离";
    AndMore: "and {n} more", "另有 {n} 人";
    Outdated: "A newer version is here", "有新版本";
    Reload: "Reload", "刷新";

    // The dialog for a new room.
    NewRoomHelp: "Everyone on this server can find it and join.", "此服务器上的所有人都能找到并加入。";
    PrivateRoom: "Private", "私密";
    PrivateRoomHelp: "Only who is invited can see it.", "只有受邀的人才能看到。";
    RoomName: "Name", "名称";
    RoomExample: "Garden", "花园";
    Cancel: "Cancel", "取消";
    Create: "Create", "创建";
    Creating: "Creating…", "正在创建…";
    RoomNeedsName: "A room needs a name.", "请给房间起个名称。";

    // The messages.
    Messages: "Messages", "消息";
    Beginning: "This is the beginning of the room.", "这里是房间的起点。";
    NotYours: "There is no such room, or it is not yours to see.", "没有这个房间，或者你无权查看。";
    ToLobby: "Go to the lobby", "前往大厅";
    LaterMessages: "{why} The messages come when the connection is back.", "{why}恢复连接后会显示消息。";
    Newest: "Newest messages", "最新消息";
    ToUnread: "To the first unread", "跳到第一条未读";
    NewMessages: ["{n} new message", "{n} new messages"], ["{n} 条新消息"];
    NewLine: "New", "新消息";
    CameIn: "{names} joined", "{names} 进入了房间";
    WentOut: "{names} left", "{names} 离开了房间";
    MemberJoined: "{names} became a member", "{names} 成为成员";
    MemberAdded: "{by} brought in {names}", "{by} 邀请了 {names} 加入";
    MemberLeft: "{names} gave up membership", "{names} 退出了成员";
    MemberRemoved: "{by} removed {names}", "{by} 移出了 {names}";
    Appointed: "{by} made {names} a moderator of this room", "{by} 将 {names} 设为房间协管员";
    Dismissed: "{by} ended {names}’s time as moderator", "{by} 取消了 {names} 的房间协管员身份";
    RenamedTo: "{by} renamed the room to {names}", "{by} 将房间更名为{names}";
    TopicSet: "{by} set the topic: {names}", "{by} 设置了话题：{names}";
    TopicCleared: "{by} took the topic away", "{by} 清除了话题";
    Archived: "{by} archived the room", "{by} 归档了房间";
    Reopened: "{by} opened the room again", "{by} 重新开放了房间";
    Comma: ", ", "、";
    NamesAnd: "{names} and {last}", "{names}和{last}";
    NamesAndOthers: "{names} and {n} others", "{names}和另外 {n} 人";
    Queued: "Waiting to be sent", "等待发送";
    Sent: "Sent", "已发送";
    Stored: "Stored", "已保存";
    NotSent: "Not sent", "未发送";
    NotSentWhy: "Not sent: {why}", "未发送：{why}";
    Retry: "Retry", "重试";
    Edit: "Edit", "编辑";
    Discard: "Discard", "丢弃";
    UndoDiscard: "Discarded. Undo", "已丢弃，撤销";
    ShowAll: "Show all", "显示全部";
    ShowLess: "Show less", "收起";
    MessageActions: "What to do with this message", "消息操作";
    MarkUnread: "Mark unread from here", "从这里标为未读";
    CopyText: "Copy text", "复制文字";
    Delete: "Delete for everyone", "为所有人删除";
    NeedsConnection: "This needs a connection.", "此操作需要连接。";

    // Where one writes.
    Message: "Message", "消息";
    MessageTo: "Message {room}", "发消息到“{room}”";
    Send: "Send", "发送";
    SendKey: "Send (Enter)", "发送（Enter）";
    OneTypes: "{names} is typing…", "{names} 正在输入…";
    ManyType: "{names} are typing…", "{names} 正在输入…";
    ToAlone: "Send to {name} alone", "只发给 {name}";
    NobodyByName:
        "Nobody by that name is known here, so it was sent to nobody.",
        "这里没有叫这个名字的人，消息没有发给任何人。";
    AloneKey: "Ctrl+Enter", "按 Ctrl+Enter 发送";
    ArchivedHere: "This room is archived: it can be read, and nothing can be written.", "此房间已归档，只能阅读，不能发言。";
    WriteFirst: "Write something first.", "请先写点内容。";
    TooLongBy:
        ["Too long by {n} character. Shorten it to send.", "Too long by {n} characters. Shorten it to send."],
        ["超出 {n} 个字符，缩短后才能发送。"];
    EnterFirst: "Enter first. What you have written stays here.", "请先进入。已写的内容会留在这里。";
    KeptUntilBack:
        "This can be sent when the connection is back. It is kept until then.",
        "恢复连接后才能发送，在此之前会一直保留。";
    WaitHere:
        "Messages wait here and go out by themselves when the connection is back.",
        "消息会在这里等待，恢复连接后自动发送。";
    WaitsHere:
        [
            "{n} message waits here and goes out by itself when the connection is back.",
            "{n} messages wait here and go out by themselves when the connection is back."
        ],
        ["{n} 条消息在等待，恢复连接后自动发送。"];
    NotSentElsewhere:
        ["{n} message in another room is not sent", "{n} messages in other rooms are not sent"],
        ["其他房间有 {n} 条消息未发送"];
    NothingKept:
        " This browser keeps nothing: do not close the page before that.",
        "此浏览器无法保存内容：在此之前请勿关闭页面。";
    SignedOutLine:
        "You are signed out. What you have written is kept until you are back.",
        "你已退出登录。写好的内容会保留到你回来。";
    BannedLine: "You were banned: nothing more comes, and nothing can be sent.", "你已被封禁：不再收到新消息，也不能发言。";
    ClosedLine: "Nothing can be sent now. Reload the page; what you type is kept.", "现在无法发送。请刷新页面，输入的内容会保留。";

    // The connection.
    Connection: "Connection", "连接";
    Connecting: "Connecting…", "正在连接…";
    Connected: "Connected", "已连接";
    Reconnecting: "Reconnecting", "正在重新连接";
    Offline: "Offline", "离线";
    Closed: "Closed by the server", "已被服务器断开";
    ToAddress: " to {address}", "到 {address}";
    ToAddressBy: " to {address} ({way})", "到 {address}（{way}）";
    TryNow: " now · try {n}", " · 第 {n} 次尝试";
    TryIn: " in {seconds} s · try {n}", " · {seconds} 秒后第 {n} 次尝试";
    ClosedWhy: ": {why}", "：{why}";
    TitleWhy: "{state}. {why}", "{state}。{why}";
    TryNowButton: "Try now", "立即重试";
    EnterAgain: "Enter again", "重新进入";
    WebSocket: "WebSocket", "WebSocket";
    EventStream: "event stream", "事件流";
    LongPolling: "long polling", "长轮询";
    WayIsBest: "The quickest way, and nothing is in its way.", "这是最快的方式，一切畅通。";
    WayIsRemembered:
        "WebSocket did not get through on this network a while ago.",
        "不久前 WebSocket 在此网络上无法连通。";
    NoWebSocket: "This browser has no WebSocket.", "此浏览器不支持 WebSocket。";
    WebSocketBlocked:
        "WebSocket is blocked on this network; the server answers by other ways.",
        "此网络阻止了 WebSocket，服务器可通过其他方式连通。";
    NoWebSocketNoStream:
        "This browser has no WebSocket and no event stream.",
        "此浏览器不支持 WebSocket 和事件流。";
    StreamHeld:
        "WebSocket is blocked on this network, and something holds event streams back; the server answers by other ways.",
        "此网络阻止了 WebSocket，事件流也受到阻滞，服务器可通过其他方式连通。";
    StreamBlocked:
        "WebSocket and event streams are blocked on this network; the server answers by other ways.",
        "此网络阻止了 WebSocket 和事件流，服务器可通过其他方式连通。";

    // Why it ended. What the server says has its words in `CODES`.
    NetworkGone: "The network was gone.", "网络已断开。";
    PutAway: "The page was put away.", "页面被切到后台。";
    Slept: "The page slept.", "页面曾休眠。";
    NoAnswer: "no answer", "没有响应";
    NoHeartbeat: "heartbeat missed", "心跳超时";
    Cut: "the connection was cut", "连接中断";
    CodeOnly: "code {n}", "代码 {n}";
    RequestUnanswered: "the request got no answer", "请求没有得到响应";
    ForgottenByServer: "the server has forgotten this connection", "服务器已不认识此连接";
    RequestAnswered: "a request was answered with status {status}", "请求得到的状态码为 {status}";
    StreamEnded: "the event stream has ended", "事件流已结束";
    NoFrames: "the answer was no list of frames", "响应内容无法识别";

    // Calls.
    Unreachable: "The server cannot be reached.", "无法连接服务器。";
    SignedOut: "You are signed out.", "你已退出登录。";
    NotFound: "There is no such room.", "没有这个房间。";
    Status: "The server answered with status {status}.", "服务器返回了状态码 {status}。";

    // The panel behind the connection's badge, and the report.
    NoConnection:
        "There is no connection now. What you write is kept, and goes by itself when there is one again.",
        "当前没有连接。你写的内容会保留，恢复连接后自动发送。";
    Report: "Report", "报告";
    CopyReport: "Copy report", "复制报告";
    TestNetwork: "Test this network", "测试此网络";
    Copied: "Copied.", "已复制。";
    CopyByHand: "Copy it from the field.", "请从文本框中复制。";
    StateLine: "State", "状态";
    TransportLine: "Transport", "传输方式";
    AddressLine: "Address", "地址";
    SinceLine: "Since", "连接时间";
    TripLine: "Round trip", "往返时间";
    ResumeLine: "Last resume", "上次恢复";
    SocketLine: "Socket", "套接字";
    EndLine: "Last close", "上次断开";
    ClockLine: "Server’s clock", "服务器时钟";
    ServerLine: "Server", "服务器";
    WhyLine: "Why", "原因";
    TripsLine: "Round trips in ms", "往返时间（毫秒）";
    BrowserLine: "Browser", "浏览器";
    ReportHead: "Parlor connection report, {date}", "Parlor 连接报告，{date}";
    TripNow: "{last} ms, median {median} ms", "{last} 毫秒，中位数 {median} 毫秒";
    TripsUpTo: "Round trips, up to {ms} ms", "往返时间，最高 {ms} 毫秒";
    Resumed: "{ago}, {events} in {ms} ms", "{ago}，{ms} 毫秒内收到 {events}";
    Reloaded: "{resumed}, {rooms} loaded anew", "{resumed}，重新加载 {rooms}";
    Events: ["{n} event", "{n} events"], ["{n} 个事件"];
    RoomCount: ["{n} room", "{n} rooms"], ["{n} 个房间"];
    Queue: "{waiting} waiting, {failed} failed", "{waiting} 条等待，{failed} 条失败";
    Ended: "{ago}, {code}: {why}", "{ago}，{code}：{why}";
    ClockSame: "as this one", "与本机一致";
    ClockAhead: "{ms} ms ahead", "快 {ms} 毫秒";
    ClockBehind: "{ms} ms behind", "慢 {ms} 毫秒";
    JustNow: "just now", "刚刚";
    SecondsAgo: "{n} s ago", "{n} 秒前";
    MinutesAgo: "{n} min ago", "{n} 分钟前";
    HoursAgo: "{n} h ago", "{n} 小时前";

    // Days. The seven and the twelve are found by counting from the first.
    Today: "Today", "今天";
    Yesterday: "Yesterday", "昨天";
    Date: "{weekday} {day} {month}", "{month}{day}日 {weekday}";
    DateWithYear: "{weekday} {day} {month} {year}", "{year}年{month}{day}日 {weekday}";
    Moment: "{date}, {time} (UTC{offset})", "{date} {time}（UTC{offset}）";
    Monday: "Monday", "星期一";
    Tuesday: "Tuesday", "星期二";
    Wednesday: "Wednesday", "星期三";
    Thursday: "Thursday", "星期四";
    Friday: "Friday", "星期五";
    Saturday: "Saturday", "星期六";
    Sunday: "Sunday", "星期日";
    January: "January", "1月";
    February: "February", "2月";
    March: "March", "3月";
    April: "April", "4月";
    May: "May", "5月";
    June: "June", "6月";
    July: "July", "7月";
    August: "August", "8月";
    September: "September", "9月";
    October: "October", "10月";
    November: "November", "11月";
    December: "December", "12月";
}
