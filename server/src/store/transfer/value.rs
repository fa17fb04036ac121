//! Values of a row, as both databases have them, and what two rows are compared by.

use sha2::{Digest, Sha256};
use sqlx::{ColumnIndex, Decode, Row, Type, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::tables::{Kind, Table};
use crate::domain::StoreError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Bytes(Vec<u8>),
    Integer(i64),
    Text(String),
    Uuid(Uuid),
}

pub(super) type Values = Vec<Value>;

/// Reads a row of SQLite.
pub(super) fn read_sqlite(table: &Table, row: &SqliteRow) -> Result<Values, StoreError> {
    read(table, row)
}

/// Reads a row of PostgreSQL.
pub(super) fn read_postgres(table: &Table, row: &PgRow) -> Result<Values, StoreError> {
    read(table, row)
}

fn read<'r, R>(table: &Table, row: &'r R) -> Result<Values, StoreError>
where
    R: Row,
    usize: ColumnIndex<R>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
{
    fn value<T>(value: Option<T>, kind: impl FnOnce(T) -> Value) -> Value {
        value.map_or(Value::Null, kind)
    }
    let read = |(index, kind)| -> Result<Value, sqlx::Error> {
        Ok(match kind {
            Kind::Boolean => value(row.try_get(index)?, Value::Boolean),
            Kind::Bytes => value(row.try_get(index)?, Value::Bytes),
            Kind::Integer => value(row.try_get(index)?, Value::Integer),
            Kind::Text => value(row.try_get(index)?, Value::Text),
            Kind::Uuid => value(row.try_get(index)?, Value::Uuid),
        })
    };
    let kinds = table.columns.iter().map(|column| column.kind).enumerate();
    Ok(kinds.map(read).collect::<Result<_, _>>()?)
}

/// Number and hash of rows in the order of their keys.
#[derive(Clone, Default)]
pub(super) struct Checksum {
    rows: u64,
    hash: Sha256,
}

/// What two copies of a table, or of a room, must agree in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    pub(super) hash: [u8; 32],
}

impl Checksum {
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            // The kind and, where it varies, the length: no two rows are the same bytes.
            match value {
                Value::Null => self.hash.update([0]),
                Value::Boolean(value) => self.hash.update([1, u8::from(*value)]),
                Value::Integer(value) => self.update(2, &value.to_be_bytes()),
                Value::Bytes(value) => self.update(3, value),
                Value::Text(value) => self.update(4, value.as_bytes()),
                Value::Uuid(value) => self.update(5, value.as_bytes()),
            }
        }
    }

    fn update(&mut self, kind: u8, bytes: &[u8]) {
        self.hash.update([kind]);
        self.hash.update(bytes.len().to_be_bytes());
        self.hash.update(bytes);
    }

    pub(super) fn finish(self) -> Sum {
        Sum { rows: self.rows, hash: self.hash.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Value]]) -> Sum {
        let mut checksum = Checksum::default();
        rows.iter().for_each(|row| checksum.add(row));
        checksum.finish()
    }

    #[test]
    fn other_rows_have_other_sums() {
        let text = |text: &str| Value::Text(text.into());
        let rows: [&[&[Value]]; 7] = [
            &[],
            &[&[text("ab"), text("c")]],
            &[&[text("a"), text("bc")]],
            &[&[text("ab")], &[text("c")]],
            &[&[text("abc"), Value::Null]],
            &[&[Value::Null, text("abc")]],
            &[&[Value::Bytes(b"ab".to_vec()), text("c")]],
        ];
        for (n, one) in rows.iter().enumerate() {
            assert!(rows[..n].iter().all(|other| sum(other) != sum(one)), "{one:?}");
        }
    }
}
