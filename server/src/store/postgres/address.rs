//! The address of a database: a URL, and a password that need not be in it.

use std::{fmt, path::Path, str::FromStr};

use sqlx::{ConnectOptions, postgres::PgConnectOptions};

use crate::domain::StoreError;

/// The name under which the connections are listed in `pg_stat_activity`.
const APPLICATION_NAME: &str = "parlor";

/// The address of a PostgreSQL database. Without a password in it, `PGPASSWORD` and the password file of `PGPASSFILE` apply.
#[derive(Clone)]
pub struct DatabaseAddress(PgConnectOptions);

impl DatabaseAddress {
    /// Takes the password from the first line of a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn with_password_file(self, file: &Path) -> Result<Self, StoreError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            StoreError::Address(format!("cannot read the password file {}: {error}", file.display()))
        })?;
        Ok(Self(self.0.password(text.lines().next().unwrap_or_default())))
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        self.0.clone()
    }
}

impl FromStr for DatabaseAddress {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        // Neither the URL nor what is wrong with it is repeated: it may have a password in it.
        let unusable =
            || StoreError::Address("give a URL such as postgres://parlor@db.example/parlor, or sqlite".into());
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(unusable());
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| unusable())?;
        Ok(Self(options.application_name(APPLICATION_NAME).disable_statement_logging()))
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.0.get_database().unwrap_or_else(|| self.0.get_username());
        write!(f, "the database {database} on {}:{}", self.0.get_host(), self.0.get_port())
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseAddress({self})")
    }
}
