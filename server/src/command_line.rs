//! The command line: the server's flags, and commands for its administrator on the same machine.

use clap::{Parser, Subcommand};
use parlor_protocol::validate;

use crate::{
    clock,
    config::Config,
    domain::{StoreError, names},
    open_store,
    services::{RESET_LINK_LIFETIME, generate_token, hash_token},
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
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("there is no account with the name {0:?}")]
    NoAccount(String),
    #[error(transparent)]
    Store(#[from] StoreError),
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
