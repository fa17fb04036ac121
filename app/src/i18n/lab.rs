//! What the lab says, in each language: what the server writes into its page, and what its scripts say by the names of the
//! keys. No other page has these words.

use super::{Words, fill};

words! {
    Title: "Network lab", "网络实验室";
    Intro: "Shows what your network lets through, and what each way of getting news from a server costs. Everything here runs between this page and this server, now.", "看看你的网络允许哪些连接方式，以及每种获取新消息的方式要付出多少代价。这里的一切都在本页面与本服务器之间实时运行。";
    NeedsScript: "The lab needs JavaScript: it measures what this browser can do.", "实验室需要启用 JavaScript，才能测量这个浏览器的能力。";
    ToChat: "Go to the chat", "前往聊天";
    Start: "Start", "开始";
    Stop: "Stop", "停止";
    StartAll: "Start all", "全部开始";
    StopAll: "Stop all", "全部停止";

    // The diagnosis.
    Diagnosis: "Diagnosis", "诊断";
    DiagnosisHelp: "Tries each way in turn and says in words what works from here. It takes about ten seconds, and longer when something is in the way.", "依次尝试每种方式，并用文字说明此处哪些可用。大约需要十秒，中途有阻碍时会更久。";
    RunDiagnosis: "Run the diagnosis", "开始诊断";
    RunsDiagnosis: "Trying: {what}", "正在尝试：{what}";
    CopyReport: "Copy the report", "复制报告";
    Report: "Report", "报告";
    Copied: "Copied.", "已复制。";
    CopyByHand: "Copy it from the field.", "请从文本框中手动复制。";
    Requests: "Plain requests", "普通请求";
    RequestsWork: "They work. A round trip takes {ms} ms (the median of {n}).", "可用。往返需要 {ms} 毫秒（{n} 次的中位数）。";
    RequestsFail: "The server does not answer at all: {why}", "服务器完全没有回应：{why}";
    Skew: "Clocks", "时钟";
    SkewSmall: "The clock of this device agrees with the server to within {ms} ms.", "此设备的时钟与服务器相差不超过 {ms} 毫秒。";
    SkewLarge: "The clock of this device is {seconds} s {way} the server. Times of messages are the server’s.", "此设备的时钟比服务器{way} {seconds} 秒。消息时间以服务器为准。";
    Ahead: "ahead of", "快";
    Behind: "behind", "慢";
    SocketWorks: "It works: open after {open} ms, a round trip takes {ms} ms (the median of {n}), and 64 KiB at once came back.", "可用：{open} 毫秒后打开，往返需要 {ms} 毫秒（{n} 次的中位数），一次发送的 64 KiB 也返回了。";
    SocketSmallOnly: "It opens, but 64 KiB at once do not come back. Something on the way limits what it carries.", "可以打开，但一次发送的 64 KiB 没有返回。中途有设备限制了传输内容。";
    SocketBlocked: "It is blocked: the connection ended with code {code} before anything came back. A proxy or firewall on the way does not pass WebSocket on.", "被阻断：在收到任何内容之前，连接以代码 {code} 结束。途中的代理或防火墙不放行 WebSocket。";
    SocketSilent: "It is not passed on: nothing came back within {seconds} s. Something on the way takes the connection and keeps it to itself.", "没有被转发：{seconds} 秒内没有任何回应。途中有设备接下了连接却不往下传。";
    StreamWorks: "It works: the first event came after {ms} ms, and each one when it was sent.", "可用：第一个事件在 {ms} 毫秒后到达，之后每个事件都即时到达。";
    StreamBuffered: "It is held back: {n} events came at once, up to {ms} ms late. A proxy on the way gathers what it should pass on.", "被滞留：{n} 个事件一起到达，最多迟了 {ms} 毫秒。途中的代理把本应立即转发的内容积攒了起来。";
    StreamBlocked: "Nothing came within {seconds} s. A proxy on the way holds the stream back until it ends.", "{seconds} 秒内没有收到任何内容。途中的代理会把数据流扣留到结束为止。";
    PollWorks: "It works: the answer was held and came {ms} ms after the tick.", "可用：回应被保持，并在滴答后 {ms} 毫秒到达。";
    PollFails: "A request that the server holds for a second is not answered: {why}", "服务器保持一秒的请求没有得到回应：{why}";
    Verdict: "For the chat", "对聊天的影响";
    VerdictSocket: "The chat uses WebSocket here, its fastest way.", "聊天在此使用 WebSocket，这是最快的方式。";
    VerdictStream: "The chat uses an event stream here instead of WebSocket: everything works, and takes one request a message you send.", "聊天在此使用事件流代替 WebSocket：一切功能可用，每发送一条消息需要一次请求。";
    VerdictPoll: "The chat uses long polling here, its last resort: everything works, and costs more requests.", "聊天在此使用长轮询，这是最后的手段：一切功能可用，但请求更多。";
    VerdictNone: "The chat cannot reach the server from here. What you write waits on this device.", "聊天无法从这里连接服务器。你写下的内容会保存在此设备上等待发送。";
    PassUpgrade: "For whoever runs the proxy: pass the Upgrade and Connection headers on.", "致代理管理员：请转发 Upgrade 与 Connection 标头。";
    DoNotBuffer: "For whoever runs the proxy: do not buffer text/event-stream.", "致代理管理员：请不要缓冲 text/event-stream。";
    NoAnswer: "no connection to the server", "无法连接服务器";

    // The clocks.
    Clocks: "Five ways to a clock", "获取时钟的五种方式";
    ClocksHelp: "The server’s time, once a second, by five techniques side by side. Start them all and compare what they cost.", "用五种技术并排获取服务器的时间，每秒一次。全部开始，比较它们的代价。";
    Polling: "Polling", "轮询";
    PollingHelp: "The page asks for the time once a second. Each answer costs a whole request, and news waits for the next question.", "页面每秒询问一次时间。每个回答都要一次完整请求，新消息要等到下次询问。";
    LongPoll: "Long poll", "长轮询";
    LongPollHelp: "The page asks, and the server answers at its next tick. News comes at once, but each one costs a whole request.", "页面提问，服务器等到下一次滴答才回答。消息即时到达，但每条都要一次完整请求。";
    Frame: "Streamed iframe", "流式 iframe";
    FrameHelp: "A page in a frame never ends: each second the server adds a script that hands the time over. It works in the oldest browsers, and the tab never stops loading.", "框架里的页面永不结束：服务器每秒追加一段传递时间的脚本。最老的浏览器也能用，但标签页一直显示加载中。";
    Events: "Server-sent events", "服务器推送事件";
    EventsHelp: "One answer that never ends, with an event a second. The browser connects again by itself, but nothing goes up this way.", "一个永不结束的回答，每秒一个事件。浏览器会自动重连，但这条路不能上传。";
    WebSocket: "WebSocket", "WebSocket";
    WebSocketHelp: "One connection for both ways, a few bytes a tick. Some proxies do not let it through.", "一个双向连接，每次滴答只需几个字节。有些代理不放行。";
    Stopped: "stopped", "已停止";
    Opening: "opening", "正在打开";
    Running: "running", "运行中";
    Failed: "failed: {why}", "失败：{why}";
    Again: "broken off, connecting again", "已中断，正在重连";
    Ended: "ended by the server", "已由服务器结束";
    FigureRequests: "Requests", "请求";
    FigureUp: "Sent", "发送";
    FigureDown: "Received", "接收";
    FigureFirst: "First tick", "首次滴答";
    FigureSteady: "Steadiness", "稳定性";
    Milliseconds: "{n} ms", "{n} 毫秒";
    PlusMinus: "± {n} ms", "± {n} 毫秒";
    Chart: "The last minute", "最近一分钟";
    ChartHelp: "Each dot is a tick. On its line it came exactly a second after the one before; above the line it came late, below it came early.", "每个点是一次滴答。落在线上表示距上一次正好一秒；高于线表示迟到，低于线表示提前。";
    CountsHelp: "Bytes are those of HTTP and WebSocket, heads included, without TLS and TCP. Over plain HTTP a browser opens six connections to one server, and all clocks take four of them: they pause while this tab is out of sight, and during a diagnosis.", "字节数为 HTTP 与 WebSocket 的字节（含头部），不含 TLS 与 TCP。使用普通 HTTP 时，浏览器对同一服务器最多打开六个连接，全部时钟会占用四个：此标签页不可见时以及诊断期间，时钟会暂停。";
    OpenStreams: "Streams open on this server now: {n}", "此服务器当前打开的数据流：{n}";

    // The echo.
    Echo: "Echo", "回声";
    EchoHelp: "A WebSocket that sends back what it gets, text or bytes, up to 1 MiB at once. A round trip costs one message each way.", "一个把收到的内容原样返回的 WebSocket，文本或字节，一次最多 1 MiB。每次往返各一条消息。";
    EchoText: "Text to send", "要发送的文本";
    EchoHello: "Hello, server!", "你好，服务器！";
    EchoSize: "Or bytes: how many", "或字节：数量";
    EchoKind: "As", "形式";
    AsText: "text", "文本";
    AsBytes: "bytes", "字节";
    Send: "Send", "发送";
    EchoSame: "{n} came back as sent, after {ms} ms", "{n} 原样返回，用时 {ms} 毫秒";
    EchoOther: "What came back is not what was sent.", "返回的内容与发送的不同。";
    EchoClosed: "The connection has ended with code {code}.", "连接已结束，代码 {code}。";
    RoundTrips: "Make 200 round trips", "进行 200 次往返";
    Histogram: "Round trips", "往返时间";
    HistogramOf: "{n} round trips: median {median} ms, 99 of 100 within {nearly} ms, longest {most} ms", "{n} 次往返：中位数 {median} 毫秒，百分之九十九在 {nearly} 毫秒以内，最长 {most} 毫秒";
    BinUpTo: "up to {ms} ms", "不超过 {ms} 毫秒";
    BinOver: "over {ms} ms", "超过 {ms} 毫秒";

    // The handshake.
    Handshake: "Handshake", "握手";
    HandshakeHelp: "How a request becomes a WebSocket (RFC 6455, section 4): the server proves that it has read the key. It costs one request, and then the connection is both sides’.", "请求如何变成 WebSocket（RFC 6455 第 4 节）：服务器证明它读到了密钥。只需一次请求，之后连接归双方使用。";
    ShakeHands: "Shake hands with this server", "与此服务器握手";
    YourRequest: "What your browser asked", "你的浏览器的请求";
    TheAnswer: "What the server answers", "服务器的回应";
    StepKey: "The key: 16 random bytes in Base64", "密钥：16 个随机字节的 Base64";
    StepJoined: "The key with the GUID of the RFC behind it", "密钥后接 RFC 规定的 GUID";
    StepHash: "Its SHA-1", "其 SHA-1";
    StepAccept: "The same in Base64: Sec-WebSocket-Accept", "再转为 Base64：Sec-WebSocket-Accept";
    WorkedExample: "By hand", "亲手计算";
    WorkedExampleHelp: "It begins with the sample of the RFC. Try another key, or another version than 13.", "从 RFC 的示例开始。可以换一个密钥，或换成 13 以外的版本。";
    Key: "Key", "密钥";
    Version: "Version", "版本";
    Compute: "Compute", "计算";
    Hidden: "The values of Cookie and Authorization are hidden.", "Cookie 与 Authorization 的值已隐藏。";

    // The inspector.
    Inspector: "Socket inspector", "套接字检查器";
    InspectorHelp: "What the WebSocket object of this browser says at each moment. Sending never waits: what the network does not take yet is buffered, and costs memory.", "浏览器的 WebSocket 对象在每一刻的状态。发送从不等待：网络暂未接收的内容会被缓冲，占用内存。";
    Connect: "Connect", "连接";
    SendEarly: "Send before it is open", "在打开前发送";
    SendMuch: "Send 1 MiB", "发送 1 MiB";
    CloseWith: "Close", "关闭";
    CloseCode: "Close code", "关闭代码";
    CloseReason: "Reason", "原因";
    BufferedMost: "largest so far", "迄今最大";
    NoSocket: "no socket", "没有套接字";
    LogOpen: "open", "已打开";
    LogMessage: "message of {n} came back", "返回了 {n} 的消息";
    LogError: "error event: the browser does not say why", "error 事件：浏览器不说明原因";
    LogClose: "close event: code {code}, reason “{reason}”, wasClean {clean}", "close 事件：代码 {code}，原因“{reason}”，wasClean {clean}";
    LogThrew: "{what} threw {error}", "{what} 抛出 {error}";
    LogSent: "sent {n}; bufferedAmount was {buffered} right after", "已发送 {n}；紧接着 bufferedAmount 为 {buffered}";
    LogNoSocket: "there is no socket: connect first", "没有套接字，请先连接";
    LogReasonAlone: "nothing was closed: a reason needs a code", "未关闭：填写原因时必须同时填写代码";
    LogNoNumber: "nothing was closed: “{code}” is no number", "未关闭：“{code}”不是数字";
    LogClosedAlready: "{what} did nothing: the socket is {state}", "{what} 没有效果：套接字处于 {state} 状态";
    LogTitle: "What happened", "发生的事";
}

impl Words {
    /// What the lab says.
    #[must_use]
    pub fn lab(self, word: Word) -> &'static str {
        self.either(ENGLISH, CHINESE, word as usize)
    }

    /// The same with its places filled in, as [`Words::fill`] does.
    #[must_use]
    pub fn lab_with(self, word: Word, values: &[(&str, &str)]) -> String {
        fill(self.lab(word), values)
    }

    /// All of them by their keys, as JSON that can stand in a page's script element: nothing in it could end that.
    #[must_use]
    pub fn lab_json(self) -> String {
        let all = WORDS.iter().map(|word| (format!("{word:?}"), self.lab(*word).into())).collect();
        serde_json::Value::Object(all).to_string().replace('<', "\\u003c")
    }
}
