//! How the server is started: flags, each with a `PARLOR_*` variable.

use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use ipnet::IpNet;
use parlor_protocol::limits;

/// Most streams that the lab has open at a time.
const MAX_LAB_STREAMS: usize = 2_000;

/// Nobody looks at a clock for longer; a tab that was forgotten does.
const LAB_STREAM_TIME: Duration = Duration::from_secs(600);

/// Whoever says nothing is gone within ten seconds of connecting, also when the machine is busy.
const HEAD_TIMEOUT: Duration = Duration::from_secs(8);

/// A self-hosted real-time chat in one binary. Without any flag it serves on http://127.0.0.1:3000 and keeps its data in
/// ./data.
#[derive(Clone, Debug, Parser)]
#[command(name = "parlor", version, about, max_term_width = 120)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "PARLOR_ADDR", default_value = "127.0.0.1:3000", value_name = "ADDRESS:PORT",
          value_parser = address)]
    pub addr: SocketAddr,

    /// Folder for everything that is kept; made when it is not there
    #[arg(long, env = "PARLOR_DATA", default_value = "data", value_name = "FOLDER")]
    pub data: PathBuf,

    /// Name of this server, as clients see it
    #[arg(long, env = "PARLOR_NAME", default_value = "parlor", value_name = "NAME")]
    pub name: String,

    /// Address that people type, when it is another than this process sees (behind a proxy). With https, cookies are
    /// marked Secure
    #[arg(long, env = "PARLOR_PUBLIC_URL", value_name = "URL", value_parser = origin)]
    pub public_url: Option<String>,

    /// Origins of other pages that may use this server, such as https://wiki.example; separate several by commas
    #[arg(long = "allow-origin", env = "PARLOR_ALLOW_ORIGINS", value_name = "ORIGIN", value_delimiter = ',',
          value_parser = origin)]
    pub allow_origins: Vec<String>,

    /// Most connections at a time; further ones are answered with 503
    #[arg(long, env = "PARLOR_MAX_CONNECTIONS", default_value_t = 20_000, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Most connections of one address at a time (with IPv6, of one /64); further ones are answered with 503. 0 is no limit,
    /// and so is --rate-limits off
    #[arg(long, env = "PARLOR_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 1_000, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub max_connections_per_address: u32,

    /// Proxies in front of this server, as addresses or networks such as 127.0.0.1 or 10.0.0.0/8; what they say in
    /// X-Forwarded-For of where a request comes from is believed. Separate several by commas
    #[arg(long = "trusted-proxies", env = "PARLOR_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',',
          value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Threads that serve connections; 0 is one for each core
    #[arg(long, env = "PARLOR_WORKERS", default_value_t = 0, value_name = "NUMBER",
          value_parser = clap::value_parser!(u16).range(0..=1_024))]
    pub workers: u16,

    /// Who may come in with a name alone, and how far
    #[arg(long, env = "PARLOR_GUESTS", default_value = "on", value_name = "WHO")]
    pub guests: Guests,

    /// Who may make an account
    #[arg(long, env = "PARLOR_REGISTRATION", default_value = "open", value_name = "WHO")]
    pub registration: Registration,

    /// Whether someone who sends too fast is slowed down
    #[arg(long, env = "PARLOR_RATE_LIMITS", default_value = "on", value_name = "ON|OFF")]
    pub rate_limits: Switch,

    /// Whether there is the lab: /lab, where one sees what a network lets through
    #[arg(long, env = "PARLOR_LAB", default_value = "on", value_name = "ON|OFF")]
    pub lab: Switch,

    /// Ways in for other programs' clients: all, none, or some of text, json and socket-io, separated by commas
    #[arg(long, env = "PARLOR_GATEWAYS", default_value = "all", value_name = "WHICH", value_parser = gateways)]
    pub gateways: Gateways,

    /// Milliseconds between heartbeats of a live connection
    #[arg(long = "heartbeat-ms", env = "PARLOR_HEARTBEAT_MS", default_value = "25000", value_name = "MILLISECONDS",
          value_parser = milliseconds)]
    pub heartbeat: Duration,

    /// What to log: error, warn, info, debug, trace, or a filter such as parlor=debug
    #[arg(long, env = "PARLOR_LOG", default_value = "warn", value_name = "FILTER", value_parser = filter)]
    pub log: String,

    /// How to write the log
    #[arg(long, env = "PARLOR_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Time within which `hello` must have come. Not a flag: the protocol says it; tests make it shorter.
    #[arg(skip = limits::HELLO_TIMEOUT)]
    pub hello_timeout: Duration,

    /// An absence shorter than this is not announced. Not a flag either.
    #[arg(skip = limits::PRESENCE_GRACE)]
    pub leave_grace: Duration,

    /// Silence beyond a heartbeat after which a peer is given up; at most half a heartbeat is given. Not a flag either.
    #[arg(skip = limits::HEARTBEAT_GRACE)]
    pub heartbeat_grace: Duration,

    /// Time within which a request's head must have come. Not a flag either.
    #[arg(skip = HEAD_TIMEOUT)]
    pub head_timeout: Duration,

    /// Most pages of the database file: a full disk, for tests. Not a flag either.
    #[arg(skip)]
    pub max_pages: Option<u32>,

    /// Most streams that the lab has open at a time. Not a flag either.
    #[arg(skip = MAX_LAB_STREAMS)]
    pub max_lab_streams: usize,

    /// Time after which a stream of the lab ends by itself. Not a flag either.
    #[arg(skip = LAB_STREAM_TIME)]
    pub lab_stream_time: Duration,
}

/// Who may come in with a name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Guests {
    /// Anyone, to all public rooms
    On,
    /// Nobody
    Off,
    /// Anyone, to the lobby alone
    LobbyOnly,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anyone
    Open,
    /// Those who have an invitation
    Invite,
}

/// Ways in for other programs' clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gateways {
    /// `/gateway/text`
    pub text: bool,
    /// `/gateway/json`
    pub json: bool,
    /// `/socket.io/`
    pub socket_io: bool,
}

impl Gateways {
    /// Each of them.
    pub const ALL: Self = Self { text: true, json: true, socket_io: true };
    /// Not one.
    pub const NONE: Self = Self { text: false, json: false, socket_io: false };
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// How to write the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people
    Text,
    /// A JSON object a line, for programs
    Json,
}

impl Default for Config {
    /// What the server does without flags and variables.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            data: "data".into(),
            name: "parlor".into(),
            public_url: None,
            allow_origins: Vec::new(),
            max_connections: 20_000,
            max_connections_per_address: 1_000,
            trusted_proxies: Vec::new(),
            workers: 0,
            guests: Guests::On,
            registration: Registration::Open,
            rate_limits: Switch::On,
            lab: Switch::On,
            gateways: Gateways::ALL,
            heartbeat: limits::HEARTBEAT,
            log: "warn".into(),
            log_format: LogFormat::Text,
            hello_timeout: limits::HELLO_TIMEOUT,
            leave_grace: limits::PRESENCE_GRACE,
            heartbeat_grace: limits::HEARTBEAT_GRACE,
            head_timeout: HEAD_TIMEOUT,
            max_pages: None,
            max_lab_streams: MAX_LAB_STREAMS,
            lab_stream_time: LAB_STREAM_TIME,
        }
    }
}

impl Config {
    /// Reads flags and variables; the public address joins the allow list.
    #[must_use]
    pub fn from_environment() -> Self {
        let mut config = Self::parse();
        config.allow_origins.extend(config.public_url.clone());
        config
    }

    /// Most connections of one address; 0 is no limit.
    #[must_use]
    pub fn most_of_an_address(&self) -> u32 {
        if self.rate_limits == Switch::On { self.max_connections_per_address } else { 0 }
    }

    /// Threads that serve connections.
    #[must_use]
    pub fn workers(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            workers => usize::from(workers),
        }
    }

    /// Whether cookies may only travel over TLS.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// An address to listen on; of a host name, the first address that it stands for.
fn address(text: &str) -> Result<SocketAddr, String> {
    let mut addresses = text.to_socket_addrs().map_err(|_| HOW_TO_ADDRESS.to_owned())?;
    addresses.next().ok_or_else(|| HOW_TO_ADDRESS.to_owned())
}

const HOW_TO_ADDRESS: &str = "give an address of this machine and a port, such as 127.0.0.1:3000 or 0.0.0.0:8080";

/// An origin (RFC 6454): scheme, host and port, nothing behind. A closing slash is forgiven.
fn origin(text: &str) -> Result<String, String> {
    let trimmed = text.trim().trim_end_matches('/');
    let host = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(trimmed.to_lowercase()),
        _ => Err("give scheme, host and port, such as https://chat.example or http://127.0.0.1:8080".into()),
    }
}

/// An address, or a network in CIDR notation (RFC 4632).
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "give an address or a network, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8".into())
}

fn gateways(text: &str) -> Result<Gateways, String> {
    match text.trim() {
        "all" => return Ok(Gateways::ALL),
        "none" => return Ok(Gateways::NONE),
        _ => {}
    }
    let mut gateways = Gateways::NONE;
    for name in text.split(',') {
        match name.trim() {
            "text" => gateways.text = true,
            "json" => gateways.json = true,
            "socket-io" => gateways.socket_io = true,
            _ => return Err("give all, none, or some of text, json and socket-io, separated by commas".into()),
        }
    }
    Ok(gateways)
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(milliseconds @ 200..=300_000) => Ok(Duration::from_millis(milliseconds)),
        _ => Err("give a number of milliseconds from 200 to 300000".into()),
    }
}

fn filter(text: &str) -> Result<String, String> {
    match text.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(text.into()),
        Err(error) => Err(format!("{error}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from([&["parlor"], args].concat())
    }

    #[test]
    fn flags_and_defaults_agree() {
        let (parsed, default) = (parse(&[]).unwrap(), Config::default());
        assert_eq!(format!("{parsed:?}"), format!("{default:?}"));
    }

    #[test]
    fn bad_values_are_refused_with_a_reason() {
        for (args, reason) in [
            (["--addr", "here"], "give an address"),
            (["--allow-origin", "wiki.example"], "give scheme"),
            (["--public-url", "https://a.example/chat"], "give scheme"),
            (["--heartbeat-ms", "0"], "200 to 300000"),
            (["--guests", "some"], "lobby-only"),
            (["--registration", "closed"], "invite"),
            (["--rate-limits", "maybe"], "possible values"),
            (["--lab", "maybe"], "possible values"),
            (["--max-connections", "0"], "1..=1000000"),
            (["--gateways", "text,none"], "give all, none, or some"),
            (["--gateways", ""], "give all, none, or some"),
            (["--log-format", "xml"], "possible values"),
            (["--trusted-proxies", "10.0.0.0/33"], "give an address or a network"),
        ] {
            let error = parse(&args).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn gateways_are_all_none_or_some() {
        assert_eq!(parse(&["--gateways", "none"]).unwrap().gateways, Gateways::NONE);
        let some = parse(&["--gateways", "json, socket-io"]).unwrap().gateways;
        assert_eq!(some, Gateways { json: true, socket_io: true, ..Gateways::NONE });
    }

    #[test]
    fn origins_are_brought_into_one_form() {
        let config = parse(&["--allow-origin", "https://Wiki.example/,http://127.0.0.1:8080"]).unwrap();
        assert_eq!(config.allow_origins, ["https://wiki.example", "http://127.0.0.1:8080"]);
    }
}
