//! What errors of PostgreSQL mean for a transaction.

use std::{io, sync::Arc};

use crate::domain::StoreError;

/// Why a transaction failed, as far as it matters for what to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Another transaction was in the way. The same transaction may succeed now.
    Contention,
    /// The connection is lost, or useless.
    Disconnected,
    /// The database cannot write now, or takes too long.
    Unavailable,
    /// There is a row with this key by now. The same transaction finds it, and may decide otherwise.
    Duplicate,
    /// It fails again.
    Permanent,
}

pub(super) fn classify(error: &StoreError) -> Failure {
    match error {
        StoreError::Full(_) => Failure::Unavailable,
        StoreError::Unavailable(_) | StoreError::Conflict(_) => cause(error).map_or(Failure::Disconnected, of_sql),
        _ => Failure::Permanent,
    }
}

fn of_sql(error: &sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Database(error) => of_code(&error.code().unwrap_or_default()),
        sqlx::Error::RowNotFound
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => Failure::Permanent,
        _ => Failure::Disconnected,
    }
}

/// By the SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_code(code: &str) -> Failure {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Failure::Contention,
        // unique_violation
        "23505" => Failure::Duplicate,
        // query_canceled: by a timeout
        "57014" => Failure::Unavailable,
        // idle_in_transaction_session_timeout, read_only_sql_transaction: a standby
        "25P03" | "25006" => Failure::Disconnected,
        _ => match code.get(..2) {
            // Connection exceptions, and shutdowns.
            Some("08" | "57") => Failure::Disconnected,
            // Insufficient resources, and errors of the system.
            Some("53" | "58") => Failure::Unavailable,
            _ => Failure::Permanent,
        },
    }
}

/// The error of sqlx in an error of the store.
fn cause(error: &StoreError) -> Option<&sqlx::Error> {
    let (StoreError::Unavailable(cause) | StoreError::Conflict(cause) | StoreError::Full(cause)) = error else {
        return None;
    };
    cause.downcast_ref()
}

/// The error of something that took too long.
pub(super) fn timed_out() -> StoreError {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time")).into()
}

/// The error of a database that is not connected.
pub(super) fn disconnected() -> StoreError {
    StoreError::Unavailable(Arc::new(io::Error::new(
        io::ErrorKind::NotConnected,
        "there is no connection to the database",
    )))
}

/// A failure of the database in words for everyone, without names of hosts, users and tables. None for an error that is the
/// fault of one write.
pub(super) fn describe(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Full(_) => Some("the disk is full".into()),
        StoreError::InUse(_) => Some("the database is in use by another server".into()),
        StoreError::Unavailable(_) => Some(match cause(error) {
            Some(sqlx::Error::Io(error)) => error.kind().to_string(),
            Some(sqlx::Error::Database(error)) => format!("SQLSTATE {}", error.code().unwrap_or_default()),
            Some(sqlx::Error::PoolTimedOut) => "no connection in time".into(),
            Some(sqlx::Error::Tls(_)) => "TLS failed".into(),
            _ => "no connection".into(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlstates_are_told_apart() {
        for (code, failure) in [
            ("40P01", Failure::Contention),
            ("23505", Failure::Duplicate),
            ("23503", Failure::Permanent),
            ("57P01", Failure::Disconnected),
            ("57014", Failure::Unavailable),
            ("08006", Failure::Disconnected),
            ("53200", Failure::Unavailable),
            ("22021", Failure::Permanent),
            ("", Failure::Permanent),
        ] {
            assert_eq!(of_code(code), failure, "{code}");
        }
    }

    #[test]
    fn descriptions_name_no_host_and_no_user() {
        let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "host db.internal:5432");
        assert_eq!(describe(&sqlx::Error::Io(refused).into()).as_deref(), Some("connection refused"));
        assert_eq!(describe(&sqlx::Error::RowNotFound.into()), None);
    }
}
