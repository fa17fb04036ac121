//! The database of a server under test, as an administrator would open it.

use sqlx::{AssertSqlSafe, Connection, FromRow, PgConnection, SqliteConnection, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

pub enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    Number(i64),
    Id(Uuid),
    Text(&'a str),
}

/// A query of either database with its values.
macro_rules! bind {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match *value {
                Argument::Number(number) => query.bind(number),
                Argument::Id(id) => query.bind(id),
                Argument::Text(text) => query.bind(text.to_owned()),
            };
        }
        query
    }};
}

impl Database {
    /// Runs a statement that is written for PostgreSQL, with `$1` for the first value. Returns the number of rows that it changed.
    ///
    /// # Errors
    /// The database refuses it.
    pub async fn execute(&mut self, sql: &str, values: &[Argument<'_>]) -> Result<u64, sqlx::Error> {
        let sql = self.dialect(sql);
        Ok(match self {
            Self::Sqlite(connection) => bind!(sqlx::query(sql), values).execute(connection).await?.rows_affected(),
            Self::Postgres(connection) => bind!(sqlx::query(sql), values).execute(connection).await?.rows_affected(),
        })
    }

    /// The rows of a statement that is written for PostgreSQL.
    pub async fn rows<T>(&mut self, sql: &str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let sql = self.dialect(sql);
        match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(connection).await.unwrap(),
        }
    }

    /// The only number that a statement selects.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let rows: Vec<(i64,)> = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].0
    }

    pub async fn close(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }

    /// `user` is a reserved word of PostgreSQL: the table is called `users` there, and columns that refer to it `user_id`.
    fn dialect(&self, sql: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(match self {
            Self::Sqlite(_) => sql.replace("user_id", "user").replace("users", "user"),
            Self::Postgres(_) => sql.to_owned(),
        })
    }
}
