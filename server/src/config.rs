//! Configuration: command-line flags, each with a `PARLOR_*` environment variable.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    num::NonZeroUsize,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use axum::http::uri::Authority;
use clap::{Parser, ValueEnum};
use ipnet::IpNet;
use parlor_protocol::{Millis, limits, validate};

/// Maximum number of open streams of the lab.
const MAX_LAB_STREAMS: usize = 2_000;

/// Longer than anyone watches a clock; it ends those of forgotten tabs.
const LAB_STREAM_TIME: Duration = Duration::from_secs(600);

/// A silent client is gone within ten seconds of connecting, even on a busy machine.
const HEAD_TIMEOUT: Duration = Duration::from_secs(8);

/// Long enough for the longest packet over a slow network.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Longer than a sleeping radio needs to wake up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections to PostgreSQL that read: enough for twice as many cores as most databases have.
const STORE_CONNECTIONS: u32 = 8;

/// Longest name of a node.
const MAX_NODE_NAME: usize = 64;

#[derive(Clone, Debug, Parser)]
pub struct Config {
    /// Address and port to listen on; port 0 chooses a free port
    #[arg(long, global = true, env = "PARLOR_ADDR", default_value = "127.0.0.1:3000", value_name = "ADDRESS:PORT",
          value_parser = address)]
    pub addr: SocketAddr,

    /// Data folder; created if it does not exist
    #[arg(long, global = true, env = "PARLOR_DATA", default_value = "data", value_name = "FOLDER")]
    pub data: PathBuf,

    /// Store in a PostgreSQL database, such as postgres://parlor@db.example/parlor, instead of a SQLite file in the data folder.
    /// The password can also be in --store-password-file, PGPASSWORD or PGPASSFILE
    #[arg(
        long,
        global = true,
        env = "PARLOR_STORE",
        hide_env_values = true,
        default_value = "sqlite",
        value_name = "URL"
    )]
    pub store: StoreAddress,

    /// File whose first line is the password of the PostgreSQL database
    #[arg(long, global = true, env = "PARLOR_STORE_PASSWORD_FILE", value_name = "FILE")]
    pub store_password_file: Option<PathBuf>,

    /// Maximum number of connections that read from PostgreSQL; one more writes
    #[arg(long, env = "PARLOR_STORE_CONNECTIONS", default_value_t = STORE_CONNECTIONS, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub store_connections: u32,

    /// NATS server through which several servers on one PostgreSQL database tell each other what happens, such as
    /// nats://user:password@bus.example:4222 or tls://bus.example; repeated, or separated by commas, for a cluster of them. Without
    /// this flag no other server may use the database
    #[arg(long, env = "PARLOR_BUS", hide_env_values = true, value_name = "URL", value_delimiter = ',')]
    pub bus: Vec<BusAddress>,

    /// File whose first line is the password for NATS
    #[arg(long, env = "PARLOR_BUS_PASSWORD_FILE", value_name = "FILE", requires = "bus")]
    pub bus_password_file: Option<PathBuf>,

    /// File with certificates (PEM) of authorities that sign those of the NATS servers, besides those of the system
    #[arg(long, env = "PARLOR_BUS_CA_FILE", value_name = "FILE", requires = "bus")]
    pub bus_ca_file: Option<PathBuf>,

    /// Name of this server among those behind a load balancer, which routes by the cookie parlor_node that has it. Without this flag
    /// it is different at each start
    #[arg(long, env = "PARLOR_NODE_NAME", value_name = "NAME", requires = "bus", value_parser = node_name)]
    pub node_name: Option<String>,

    /// Store nothing, so that the database can be copied meanwhile; what people send waits in their browsers
    #[arg(long, env = "PARLOR_READ_ONLY")]
    pub read_only: bool,

    /// Name of this server. Without this flag, the owner sets it on the settings page; the default is Parlor
    #[arg(long, env = "PARLOR_NAME", value_name = "NAME", value_parser = server_name)]
    pub name: Option<String>,

    /// Public URL of this server, if it is behind a proxy. Requests for other host names are refused, except for loopback and
    /// --allowed-host
    #[arg(long, global = true, env = "PARLOR_PUBLIC_URL", value_name = "URL", value_parser = origin)]
    pub public_url: Option<String>,

    /// Other host names that this server answers to, separated by commas. Without --public-url it also answers to IP addresses
    /// and to names of local networks
    #[arg(long = "allowed-host", env = "PARLOR_ALLOWED_HOSTS", value_name = "NAME", value_delimiter = ',',
          value_parser = host_name)]
    pub allowed_hosts: Vec<String>,

    /// Other origins whose pages may use this server, such as https://wiki.example, separated by commas
    #[arg(long = "allow-origin", env = "PARLOR_ALLOW_ORIGINS", value_name = "ORIGIN", value_delimiter = ',',
          value_parser = origin)]
    pub allow_origins: Vec<String>,

    /// Maximum number of connections; further ones get a 503 response
    #[arg(long, env = "PARLOR_MAX_CONNECTIONS", default_value_t = 20_000, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Maximum number of connections from one address (with IPv6, from one /64); further ones get a 503 response. 0 means no
    /// limit, as does --rate-limits off
    #[arg(long, env = "PARLOR_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 1_000, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub max_connections_per_address: u32,

    /// Trusted proxies, whose X-Forwarded-For gives the address of the client: addresses or networks such as 127.0.0.1 or
    /// 10.0.0.0/8, separated by commas
    #[arg(long = "trusted-proxies", env = "PARLOR_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',',
          value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Number of worker threads; 0 means one for each core
    #[arg(long, env = "PARLOR_WORKERS", default_value_t = 0, value_name = "NUMBER",
          value_parser = clap::value_parser!(u16).range(0..=1_024))]
    pub workers: u16,

    /// Whether guests, who have no account, may enter. Without this flag and --registration, the owner sets who can join on
    /// the settings page; the default is everyone. With only one of the two flags, the other one is on or open
    #[arg(long, env = "PARLOR_GUESTS", value_name = "WHO")]
    pub guests: Option<Guests>,

    /// Who may create an account
    #[arg(long, env = "PARLOR_REGISTRATION", value_name = "WHO")]
    pub registration: Option<Registration>,

    /// Days after which a session ends, even if it is in use. It ends earlier when it is not used for 90 days
    #[arg(long, env = "PARLOR_SESSION_DAYS", default_value_t = 365, value_name = "NUMBER",
          value_parser = clap::value_parser!(u16).range(1..=3_650))]
    pub session_days: u16,

    /// Whether rate limits apply
    #[arg(long, env = "PARLOR_RATE_LIMITS", default_value = "on", value_name = "ON|OFF")]
    pub rate_limits: Switch,

    /// Whether to serve the lab at /lab, which shows what a network lets through
    #[arg(long, env = "PARLOR_LAB", default_value = "on", value_name = "ON|OFF")]
    pub lab: Switch,

    /// Gateways for other clients: all, none, or some of text, json and socket-io, separated by commas
    #[arg(long, env = "PARLOR_GATEWAYS", default_value = "all", value_name = "WHICH", value_parser = gateways)]
    pub gateways: Gateways,

    /// Milliseconds between heartbeats of a live connection
    #[arg(long = "heartbeat-ms", env = "PARLOR_HEARTBEAT_MS", default_value = "25000", value_name = "MILLISECONDS",
          value_parser = milliseconds)]
    pub heartbeat: Duration,

    /// Log level: error, warn, info, debug, trace, or a filter such as parlor=debug
    #[arg(long, env = "PARLOR_LOG", default_value = "warn", value_name = "FILTER", value_parser = filter)]
    pub log: String,

    /// Log format
    #[arg(long, env = "PARLOR_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Time within which a client must send `hello`. Not a flag: defined by the protocol; tests shorten it.
    #[arg(skip = limits::HELLO_TIMEOUT)]
    pub hello_timeout: Duration,

    /// Shorter absences are not announced. Not a flag.
    #[arg(skip = limits::PRESENCE_GRACE)]
    pub leave_grace: Duration,

    /// Time after a heartbeat after which a silent client is disconnected; at most half a heartbeat. Not a flag.
    #[arg(skip = limits::HEARTBEAT_GRACE)]
    pub heartbeat_grace: Duration,

    /// Time limit for the headers of a request. Not a flag.
    #[arg(skip = HEAD_TIMEOUT)]
    pub head_timeout: Duration,

    /// Time limit for the body of a request to the Socket.IO gateway. Not a flag.
    #[arg(skip = BODY_TIMEOUT)]
    pub body_timeout: Duration,

    /// Time without progress after which a write of a response fails. Not a flag.
    #[arg(skip = WRITE_TIMEOUT)]
    pub write_timeout: Duration,

    /// Maximum number of pages of the database file: a full disk, for tests. Not a flag.
    #[arg(skip)]
    pub max_pages: Option<u32>,

    /// Maximum number of open streams of the lab. Not a flag.
    #[arg(skip = MAX_LAB_STREAMS)]
    pub max_lab_streams: usize,

    /// Time after which a stream of the lab ends. Not a flag.
    #[arg(skip = LAB_STREAM_TIME)]
    pub lab_stream_time: Duration,
}

/// Where everything is stored: `sqlite`, or the URL of a PostgreSQL database. It is read when the store is opened, because an
/// error of the command line would print the password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreAddress(String);

impl StoreAddress {
    /// The URL of a database; none for the file in the data folder.
    pub fn url(&self) -> Option<&str> {
        (self.0 != "sqlite").then_some(self.0.as_str())
    }
}

impl Default for StoreAddress {
    fn default() -> Self {
        Self("sqlite".into())
    }
}

impl FromStr for StoreAddress {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url().map_or("sqlite", |_| "a URL"))
    }
}

/// A name that can be the value of a cookie.
fn node_name(text: &str) -> Result<String, &'static str> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if (1..=MAX_NODE_NAME).contains(&text.len()) && text.bytes().all(is_valid) {
        Ok(text.to_owned())
    } else {
        Err("a node's name has 1 to 64 letters, digits, hyphens, dots and underscores")
    }
}

/// The URL of a NATS server. It may contain a password.
#[derive(Clone, PartialEq, Eq)]
pub struct BusAddress(pub String);

impl FromStr for BusAddress {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for BusAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL")
    }
}

/// Whether guests may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Guests {
    /// All public rooms
    On,
    /// No guests
    Off,
    /// The lobby only
    LobbyOnly,
}

/// Who may create an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anyone
    Open,
    /// People with an invitation
    Invite,
}

/// The enabled gateways.
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
    pub const ALL: Self = Self { text: true, json: true, socket_io: true };
    pub const NONE: Self = Self { text: false, json: false, socket_io: false };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// Log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Plain text
    Text,
    /// One JSON object per line
    Json,
}

impl Default for Config {
    /// The defaults of the flags.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            data: "data".into(),
            store: StoreAddress::default(),
            store_password_file: None,
            bus: Vec::new(),
            bus_password_file: None,
            bus_ca_file: None,
            node_name: None,
            store_connections: STORE_CONNECTIONS,
            read_only: false,
            name: None,
            public_url: None,
            allowed_hosts: Vec::new(),
            allow_origins: Vec::new(),
            max_connections: 20_000,
            max_connections_per_address: 1_000,
            trusted_proxies: Vec::new(),
            workers: 0,
            guests: None,
            registration: None,
            session_days: 365,
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
            body_timeout: BODY_TIMEOUT,
            write_timeout: WRITE_TIMEOUT,
            max_pages: None,
            max_lab_streams: MAX_LAB_STREAMS,
            lab_stream_time: LAB_STREAM_TIME,
        }
    }
}

impl Config {
    /// Maximum number of connections from one address; 0 for no limit.
    pub fn max_per_address(&self) -> u32 {
        if self.rate_limits == Switch::On { self.max_connections_per_address } else { 0 }
    }

    /// Number of worker threads.
    pub fn workers(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            workers => usize::from(workers),
        }
    }

    pub fn is_public_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }

    /// The host name of the public URL, without port, in lower case.
    pub fn public_host(&self) -> Option<String> {
        let authority = self.public_url.as_ref()?.split_once("://")?.1.parse::<Authority>().ok()?;
        Some(authority.host().to_owned())
    }

    /// The time after which a session ends, even if it is in use.
    pub fn session_lifetime(&self) -> Millis {
        Millis::from(self.session_days) * 24 * 3_600_000
    }
}

/// An address to listen on; for a host name, the first address that it resolves to.
fn address(text: &str) -> Result<SocketAddr, String> {
    let mut addresses = text.to_socket_addrs().map_err(|_| ADDRESS_HINT.to_owned())?;
    addresses.next().ok_or_else(|| ADDRESS_HINT.to_owned())
}

const ADDRESS_HINT: &str = "give an address of this machine and a port, such as 127.0.0.1:3000 or 0.0.0.0:8080";

/// An origin (RFC 6454): scheme, host and port. A trailing slash is ignored.
fn origin(text: &str) -> Result<String, String> {
    let trimmed = text.trim().trim_end_matches('/');
    let host = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(trimmed.to_lowercase()),
        _ => Err("give scheme, host and port, such as https://chat.example or http://127.0.0.1:8080".into()),
    }
}

/// A host name without scheme and port, in lower case.
fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    match name.parse::<Authority>() {
        Ok(authority) if authority.as_str() == authority.host() => Ok(name),
        _ => Err("give a host name without scheme and port, such as chat.example".into()),
    }
}

/// An address, or a network in CIDR notation (RFC 4632).
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "give an address or a network, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8".into())
}

fn server_name(text: &str) -> Result<String, String> {
    validate::server_name(text).map_err(|invalid| invalid.to_string())
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
            (["--name", "\u{202e}"], "not allowed"),
            (["--allowed-host", "https://a.example"], "give a host name"),
            (["--allowed-host", "a.example:80"], "give a host name"),
            (["--session-days", "0"], "1..=3650"),
            (["--guests", "some"], "lobby-only"),
            (["--registration", "closed"], "invite"),
            (["--rate-limits", "maybe"], "possible values"),
            (["--lab", "maybe"], "possible values"),
            (["--max-connections", "0"], "1..=1000000"),
            (["--store-connections", "0"], "1..=1000"),
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
    fn the_password_of_the_store_is_not_printed() {
        let config = parse(&["--store", "postgres://parlor:secret@db.example/parlor"]).unwrap();
        assert!(config.store.url().is_some_and(|url| url.contains("secret")));
        assert!(!format!("{config:?}").contains("secret"));
        assert_eq!(parse(&[]).unwrap().store.url(), None);
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
