//! The PostgreSQL database that is filled.

use futures::{Stream, TryStreamExt, future::ready};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use super::{
    TransferError,
    tables::{Kind, OF_ROOMS, OTHERS, Table},
    value::{Value, Values, read_postgres},
};
use crate::{
    clock,
    domain::StoreError,
    store::postgres::{self, DatabaseAddress},
};

pub(super) struct Target(PgConnection);

impl Target {
    /// Connects, takes the database for itself, and migrates its schema. Begins a transfer, or goes on with one.
    pub(super) async fn open(address: &DatabaseAddress) -> Result<Self, TransferError> {
        let mut connection = postgres::connect_for_transfer(address).await?;
        let state: Option<Option<i64>> = sqlx::query_scalar("SELECT completed_at FROM transfer")
            .fetch_optional(&mut connection)
            .await
            .map_err(StoreError::from)?;
        match state {
            Some(None) => {}
            Some(Some(_)) => return Err(TransferError::Complete),
            None => begin(&mut connection).await?,
        }
        Ok(Self(connection))
    }

    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {}", table.target));
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut self.0).await?;
        Ok(count.try_into().unwrap_or_default())
    }

    /// The key of the last row of a table.
    pub(super) async fn last_key(&mut self, table: &'static Table) -> Result<Option<Values>, StoreError> {
        let columns = table.columns.iter().map(|column| column.target).collect::<Vec<_>>().join(", ");
        let order = key(table, " DESC");
        let sql = AssertSqlSafe(format!("SELECT {columns} FROM {} ORDER BY {order} LIMIT 1", table.target));
        let row = sqlx::query(sql).fetch_optional(&mut self.0).await?;
        let Some(row) = row else { return Ok(None) };
        let mut row = read_postgres(table, &row)?;
        row.truncate(table.key);
        Ok(Some(row))
    }

    /// Rows of a table in the order of their keys.
    pub(super) fn rows<'a>(
        &'a mut self,
        table: &'static Table,
    ) -> impl Stream<Item = Result<Values, StoreError>> + Send + 'a {
        let columns = table.columns.iter().map(|column| column.target).collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT {columns} FROM {} ORDER BY {}", table.target, key(table, ""));
        sqlx::query(AssertSqlSafe(sql))
            .fetch(&mut self.0)
            .map_err(StoreError::from)
            .and_then(move |row| ready(read_postgres(table, &row)))
    }

    pub(super) async fn insert(&mut self, table: &'static Table, rows: &[Values]) -> Result<(), StoreError> {
        insert(&mut self.0, table, rows).await
    }

    /// Removes the log of a room, so that it can be copied again.
    pub(super) async fn clear_room(&mut self, room: &str) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        for (table, ..) in OF_ROOMS {
            let sql = format!("DELETE FROM {} WHERE room = $1", table.target);
            sqlx::query(AssertSqlSafe(sql)).bind(room).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes the rows of all tables but the log and the audit log.
    pub(super) async fn clear_others(&mut self) -> Result<(), StoreError> {
        let tables = OTHERS.iter().map(|table| table.target).collect::<Vec<_>>().join(", ");
        sqlx::query(AssertSqlSafe(format!("TRUNCATE {tables}"))).execute(&mut self.0).await?;
        Ok(())
    }

    /// From now on servers start on this database.
    pub(super) async fn complete(mut self) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        sqlx::query(
            "SELECT setval(pg_get_serial_sequence('audit', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM audit), false)",
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE transfer SET completed_at = $1").bind(clock::now()).execute(&mut *tx).await?;
        tx.commit().await?;
        // The planner knows nothing of so many new rows.
        sqlx::query("ANALYZE").execute(&mut self.0).await?;
        Ok(self.0.close().await?)
    }
}

/// Notes that a transfer has begun, into a database that nobody has used yet.
async fn begin(connection: &mut PgConnection) -> Result<(), TransferError> {
    let is_used: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM event) OR EXISTS (SELECT FROM audit)",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    if is_used {
        return Err(TransferError::TargetInUse);
    }
    sqlx::query("INSERT INTO transfer (started_at) VALUES ($1)")
        .bind(clock::now())
        .execute(connection)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

fn key(table: &Table, order: &str) -> String {
    table.columns[..table.key].iter().map(|column| format!("{}{order}", column.target)).collect::<Vec<_>>().join(", ")
}

/// Inserts rows with one statement, a parameter for each column.
async fn insert(db: &mut PgConnection, table: &'static Table, rows: &[Values]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = table.columns.iter().map(|column| column.target).collect::<Vec<_>>().join(", ");
    let parameters =
        table.columns.iter().enumerate().map(|(n, column)| format!("${}::{}[]", n + 1, sql_type(column.kind)));
    let parameters = parameters.collect::<Vec<_>>().join(", ");
    let sql =
        format!("INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE SELECT * FROM UNNEST({parameters})", table.target);
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (index, column) in table.columns.iter().enumerate() {
        query = bind(query, column.kind, rows, index);
    }
    query.execute(db).await?;
    Ok(())
}

fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    kind: Kind,
    rows: &[Values],
    index: usize,
) -> Query<'q, Postgres, PgArguments> {
    fn column<T>(rows: &[Values], index: usize, get: impl Fn(&Value) -> Option<T>) -> Vec<Option<T>> {
        rows.iter().map(|row| row.get(index).and_then(&get)).collect()
    }
    match kind {
        Kind::Boolean => query.bind(column(rows, index, |value| match value {
            Value::Boolean(value) => Some(*value),
            _ => None,
        })),
        Kind::Bytes => query.bind(column(rows, index, |value| match value {
            Value::Bytes(value) => Some(value.clone()),
            _ => None,
        })),
        Kind::Integer => query.bind(column(rows, index, |value| match value {
            Value::Integer(value) => Some(*value),
            _ => None,
        })),
        Kind::Text => query.bind(column(rows, index, |value| match value {
            Value::Text(value) => Some(value.clone()),
            _ => None,
        })),
        Kind::Uuid => query.bind(column::<Uuid>(rows, index, |value| match value {
            Value::Uuid(value) => Some(*value),
            _ => None,
        })),
    }
}

const fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Bytes => "bytea",
        Kind::Integer => "bigint",
        Kind::Text => "text",
        Kind::Uuid => "uuid",
    }
}
