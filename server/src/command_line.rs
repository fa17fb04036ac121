//! The command line: the server's flags, and commands for its administrator on the same machine.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use parlor_protocol::validate;

use crate::{
    clock,
    config::{Config, StoreAddress},
    domain::{StoreError, names},
    open_store,
    services::{RESET_LINK_LIFETIME, generate_token, hash_token},
    store::transfer::{Progress, TransferError, transfer},
};

/// A self-hosted real-time chat in one binary. Without a command it starts the server, by default on http://127.0.0.1:3000 with
/// its data in ./data.
#[derive(Debug, Parser)]
#[command(name = "parlor", version, about, max_term_width = 120)]
pub struct CommandLine {
    #[command(flatten)]
    pub config: Config,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a link with which the owner of an account can set a new password once, within 24 hours. The server may be running
    ResetPassword {
        /// The name that the person signs in with
        name: String,
    },
    /// Copy all data from SQLite into an empty PostgreSQL database, and check the copy. One that was stopped goes on where it was
    Migrate {
        /// The data folder or the file in it. A server may run on it meanwhile, with --read-only
        #[arg(long, value_name = "sqlite:PATH", value_parser = sqlite_path)]
        from: PathBuf,

        /// The PostgreSQL database, such as postgres://parlor@db.example/parlor; its password can also be in
        /// --store-password-file, PGPASSWORD or PGPASSFILE
        #[arg(long, value_name = "URL")]
        to: StoreAddress,
    },
}

fn sqlite_path(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix("sqlite:").filter(|path| !path.is_empty());
    path.map(PathBuf::from).ok_or_else(|| "give the data folder as sqlite:PATH, such as sqlite:data".into())
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("there is no account with the name {0:?}")]
    NoAccount(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error("cannot generate a secret: {0}")]
    Secret(getrandom::Error),
}

impl CommandLine {
    /// Reads flags and environment variables. The public URL is an allowed origin.
    pub fn from_environment() -> Self {
        let mut command_line = Self::parse();
        let config = &mut command_line.config;
        config.allow_origins.extend(config.public_url.clone());
        command_line
    }
}

/// Creates a link to set a new password for the account with this name. Returns what to tell the administrator.
///
/// # Errors
/// There is no such account, or no database of this version.
pub async fn reset_password(config: &Config, name: &str) -> Result<String, CommandError> {
    let no_account = || CommandError::NoAccount(name.to_owned());
    let key = validate::name(name).map(|name| names::key(&name)).map_err(|_| no_account())?;
    let secret = generate_token().map_err(CommandError::Secret)?;
    let expires_at = clock::now().saturating_add(RESET_LINK_LIFETIME);
    let user = open_store::create_recovery_link(config, &key, hash_token(&secret), expires_at).await?;
    let user = user.ok_or_else(no_account)?;
    let url = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.addr));
    Ok(format!("{} can set a new password with this link once, within 24 hours: {url}/reset/{secret}\n", user.name))
}

/// Copies a SQLite database to PostgreSQL. Shows the progress on standard error, and returns what to tell the administrator.
///
/// # Errors
/// See [`TransferError`].
pub async fn migrate(config: &Config, from: &Path, to: &StoreAddress) -> Result<String, CommandError> {
    let address = open_store::address(to, config.store_password_file.as_deref())?;
    let address = address
        .ok_or_else(|| StoreError::Address("--to: give an address such as postgres://user@host/database".into()))?;
    let mut bar = TransferBar::default();
    let copied = transfer(from, &address, &mut bar).await?;
    bar.finish();
    Ok(format!(
        "copied and checked {} rows, {} events in {} rooms; start the server with --store and the new address\n",
        copied.rows, copied.events, copied.rooms
    ))
}

/// A bar for each part of a copy. Without a terminal, a line for each.
#[derive(Default)]
struct TransferBar(Option<ProgressBar>);

impl TransferBar {
    fn finish(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish();
        }
    }
}

impl Progress for TransferBar {
    fn begin(&mut self, part: &'static str, done: u64, total: u64) {
        self.finish();
        let bar = ProgressBar::new(total).with_position(done).with_prefix(part);
        if bar.is_hidden() {
            eprintln!("{part}: {done} of {total} rows");
        }
        let template = "{prefix:<26} {wide_bar} {human_pos} of {human_len} rows, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        self.0 = Some(bar);
    }

    fn advance(&mut self, rows: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(rows);
        }
    }
}
