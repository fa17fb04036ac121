//! PostgreSQL and NATS of a run, as processes that it can stop, kill and start again.

mod database;
mod nats;
mod postgres;

use std::{
    env,
    path::{Path, PathBuf},
};

pub use database::Database;
pub use nats::Nats;
pub use postgres::{Postgres, Shutdown};

/// A program in `PATH` or in one of these folders.
fn find_program(name: &str, folders: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let all = env::split_paths(&path).chain(folders.iter().map(|folder| Path::new(folder).to_owned()));
    all.map(|folder| folder.join(name)).find(|program| program.is_file())
}
