//! A database of a run's own on a PostgreSQL server.

use std::process::Command;

use anyhow::{Context, ensure};
use reqwest::Url;
use uuid::Uuid;

use super::{Postgres, find_program};

/// Removed when dropped.
#[derive(Debug)]
pub struct Database {
    server: Url,
    name: String,
}

impl Database {
    /// Creates it on the server of this URL.
    ///
    /// # Errors
    /// The server refuses, or psql is not installed.
    pub fn create(server: &str) -> anyhow::Result<Self> {
        let server = Url::parse(server).context("the URL of the store")?;
        // A name of its own, so that nothing has to be quoted.
        let database = Self { server, name: format!("parlor_faults_{}", Uuid::now_v7().simple()) };
        database.execute(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    pub fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    fn execute(&self, statement: &str) -> anyhow::Result<()> {
        let psql = Postgres::programs().map(|folder| folder.join("psql")).ok().filter(|psql| psql.is_file());
        let psql = psql.or_else(|| find_program("psql", &[])).context("psql is missing")?;
        let mut url = self.server.clone();
        let mut command = Command::new(psql);
        if let Some(password) = url.password().map(str::to_owned) {
            // Everyone on the machine can read the arguments of a process.
            command.env("PGPASSWORD", password);
            let _ = url.set_password(None);
        }
        let output = command.args(["--no-psqlrc", "--quiet", "--command", statement, url.as_str()]).output()?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Fails if the server is gone, and the database with it.
        let _ = self.execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
