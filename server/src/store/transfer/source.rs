//! The SQLite database that is copied, as it was when it was opened.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use futures::{Stream, TryStreamExt, future::ready};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    TransferError,
    tables::{EVENTS, Table},
    value::{Value, Values, read_sqlite},
};
use crate::{
    domain::StoreError,
    store::sqlite::{self, FILE_NAME, LOCK_NAME},
};

pub(super) struct Source {
    connection: SqliteConnection,
    /// Shared with a server that only reads.
    _lock: Option<File>,
}

/// Which rows of a table.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    All,
    /// Those after this key.
    After(&'a [Value]),
    OfRoom(&'a str),
}

impl Source {
    /// Opens a database by its file or its data folder. Everything is read from one snapshot.
    pub(super) async fn open(path: &Path) -> Result<Self, TransferError> {
        let file = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
        if !file.is_file() {
            return Err(TransferError::NoSource(file));
        }
        let lock = lock(&file)?;
        let options = SqliteConnectOptions::new().filename(&file).read_only(true).disable_statement_logging();
        let mut connection = options.connect().await.map_err(StoreError::from)?;
        sqlite::require_current(&mut connection).await?;
        sqlx::query("BEGIN").execute(&mut connection).await.map_err(StoreError::from)?;
        // The snapshot is that of the first read.
        sqlx::query("SELECT id FROM server_settings").execute(&mut connection).await.map_err(StoreError::from)?;
        Ok(Self { connection, _lock: lock })
    }

    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {}", table.source));
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut self.connection).await?;
        Ok(count.try_into().unwrap_or_default())
    }

    /// Rows of a table in the order of their keys.
    pub(super) fn rows<'a>(
        &'a mut self,
        table: &'static Table,
        rows: Rows<'a>,
    ) -> impl Stream<Item = Result<Values, StoreError>> + Send + 'a {
        let columns = table.columns.iter().map(|column| column.source).collect::<Vec<_>>();
        let key = columns[..table.key].join(", ");
        let condition = match rows {
            Rows::All => String::new(),
            Rows::After(after) => format!("WHERE ({key}) > ({})", vec!["?"; after.len()].join(", ")),
            Rows::OfRoom(_) => "WHERE room = ?".into(),
        };
        let sql = format!("SELECT {} FROM {} {condition} ORDER BY {key}", columns.join(", "), table.source);
        let mut query = sqlx::query(AssertSqlSafe(sql));
        match rows {
            Rows::All => {}
            Rows::After(after) => {
                for value in after {
                    query = match value {
                        Value::Null => query.bind(None::<i64>),
                        Value::Boolean(value) => query.bind(*value),
                        Value::Bytes(value) => query.bind(value.clone()),
                        Value::Integer(value) => query.bind(*value),
                        Value::Text(value) => query.bind(value.clone()),
                        Value::Uuid(value) => query.bind(*value),
                    };
                }
            }
            Rows::OfRoom(room) => query = query.bind(room.to_owned()),
        }
        query
            .fetch(&mut self.connection)
            .map_err(StoreError::from)
            .and_then(move |row| ready(read_sqlite(table, &row).map(|row| portable(table, row))))
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        Ok(self.connection.close().await?)
    }
}

/// Locks the folder of a database against servers that write.
fn lock(file: &Path) -> Result<Option<File>, TransferError> {
    let unusable = |cause| TransferError::Unreadable { path: file.to_owned(), cause };
    let path = file.parent().map_or_else(|| PathBuf::from(LOCK_NAME), |folder| folder.join(LOCK_NAME));
    // A copy of a database has no lock, and nobody writes to it.
    if !path.exists() {
        return Ok(None);
    }
    let lock = File::open(path).map_err(unusable)?;
    match lock.try_lock_shared() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Err(TransferError::SourceInUse),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}

/// The row as PostgreSQL has it: text without zero bytes, which it cannot store. SQLite keeps as many of them in place of deleted
/// content.
fn portable(table: &Table, mut row: Values) -> Values {
    let mut columns = row.iter().zip(table.columns);
    let is_deleted = table.source == EVENTS.source
        && columns.any(|(value, column)| {
            let is_deleted = |kind: &str| matches!(kind, "removed" | "voided");
            column.source == "kind" && matches!(value, Value::Text(kind) if is_deleted(kind))
        });
    for (value, column) in row.iter_mut().zip(table.columns) {
        if is_deleted && matches!(column.source, "body" | "html" | "detail") {
            *value = Value::Null;
        } else if let Value::Text(text) = value
            && text.contains('\0')
        {
            *text = text.replace('\0', "\u{fffd}");
        }
    }
    row
}
