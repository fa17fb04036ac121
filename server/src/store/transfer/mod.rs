//! Copies a database from SQLite to PostgreSQL, and checks the copy.
//!
//! The log and the audit log are copied in the order of their keys, in transactions of [`CHUNK`] rows, so that a copy that was
//! stopped goes on where it was. All other tables are small beside them, and are copied as a whole. A copy is complete when each
//! room's log and each table have the same number of rows and the same hash on both sides; before that no server starts on it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use futures::{Stream, TryStreamExt, pin_mut};

use super::postgres::DatabaseAddress;
use crate::domain::StoreError;
use source::{Rows, Source};
use tables::{AUDIT, EVENTS, OF_ROOMS, OTHERS, Table};
use target::Target;
use value::{Checksum, Sum, Value, Values};

mod source;
mod tables;
mod target;
mod value;

/// Rows of one transaction.
const CHUNK: usize = 2_000;

/// Why a database was not copied.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("there is no database {}", .0.display())]
    NoSource(PathBuf),
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("a server is writing to this database: stop it, or start it with --read-only until the copy is complete")]
    SourceInUse,
    #[error("the target database already has data that is not of a copy: use an empty one")]
    TargetInUse,
    #[error("the target database already has a complete copy")]
    Complete,
    #[error("the copies of {0} differ: use an empty target database")]
    Different(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Is told how far a copy is.
pub trait Progress: Send {
    /// A part begins, of so many rows in all, some of which are done.
    fn begin(&mut self, part: &'static str, done: u64, total: u64);

    fn advance(&mut self, rows: u64);
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    pub rooms: u64,
    /// Events of all rooms.
    pub events: u64,
    /// Rows of all tables.
    pub rows: u64,
}

/// Copies the SQLite database at `from`, a file or a data folder, into an empty PostgreSQL database, or completes a copy that was
/// stopped.
///
/// # Errors
/// See [`TransferError`]. What was copied before an error stays, and another attempt goes on with it.
pub async fn transfer(from: &Path, to: &DatabaseAddress, progress: &mut dyn Progress) -> Result<Copied, TransferError> {
    let mut source = Source::open(from).await?;
    let mut target = Target::open(to).await?;
    for (table, part, _) in OF_ROOMS {
        append(&mut source, &mut target, table, part, progress).await?;
    }
    append(&mut source, &mut target, &AUDIT, "audit log", progress).await?;
    let copied = verify_logs(&mut source, &mut target, progress).await?;
    let others = copy_others(&mut source, &mut target, progress).await?;
    source.close().await?;
    target.complete().await?;
    Ok(Copied { rows: copied.rows + others, ..copied })
}

/// Copies the rows of a table that come after the last one of the target.
async fn append(
    source: &mut Source,
    target: &mut Target,
    table: &'static Table,
    part: &'static str,
    progress: &mut dyn Progress,
) -> Result<(), StoreError> {
    let total = source.count(table).await?;
    let last = target.last_key(table).await?;
    let done = if last.is_some() { target.count(table).await? } else { 0 };
    progress.begin(part, done, total);
    let rows = source.rows(table, last.as_deref().map_or(Rows::All, Rows::After));
    copy(rows, target, table, progress).await
}

async fn copy(
    rows: impl Stream<Item = Result<Values, StoreError>>,
    target: &mut Target,
    table: &'static Table,
    progress: &mut dyn Progress,
) -> Result<(), StoreError> {
    let chunks = rows.try_chunks(CHUNK).map_err(|error| error.1);
    pin_mut!(chunks);
    while let Some(chunk) = chunks.try_next().await? {
        target.insert(table, &chunk).await?;
        progress.advance(chunk.len().try_into().unwrap_or_default());
    }
    Ok(())
}

/// Compares the logs of all rooms and the audit log. A room that has changed since an earlier attempt is copied again.
async fn verify_logs(
    source: &mut Source,
    target: &mut Target,
    progress: &mut dyn Progress,
) -> Result<Copied, TransferError> {
    let (mut copied, mut again) = (Copied::default(), Vec::new());
    for attempt in 0..2 {
        copied = Copied::default();
        again.clear();
        for (table, _, part) in OF_ROOMS {
            progress.begin(part, 0, source.count(table).await?);
            let expected = sums_of_rooms(source.rows(table, Rows::All), progress).await?;
            let mut found = sums_of_rooms(target.rows(table), &mut Silent).await?;
            for (room, sum) in expected {
                copied.rows += sum.rows;
                if table.source == EVENTS.source {
                    copied.rooms += 1;
                    copied.events += sum.rows;
                }
                if found.remove(&room) != Some(sum) {
                    again.push(room);
                }
            }
            again.extend(found.into_keys());
        }
        if again.is_empty() {
            break;
        }
        if attempt > 0 {
            return Err(TransferError::Different(format!("the room {}", again.join(", "))));
        }
        again.sort();
        again.dedup();
        for room in &again {
            target.clear_room(room).await?;
            for (table, ..) in OF_ROOMS {
                copy(source.rows(table, Rows::OfRoom(room)), target, table, &mut Silent).await?;
            }
        }
    }
    copied.rows += verify(source, target, &AUDIT).await?;
    Ok(copied)
}

/// Copies all tables but the logs, and returns the number of their rows.
async fn copy_others(
    source: &mut Source,
    target: &mut Target,
    progress: &mut dyn Progress,
) -> Result<u64, TransferError> {
    let mut total = 0;
    for table in &OTHERS {
        total += source.count(table).await?;
    }
    progress.begin("people, rooms and settings", 0, total);
    target.clear_others().await?;
    for table in &OTHERS {
        copy(source.rows(table, Rows::All), target, table, progress).await?;
        verify(source, target, table).await?;
    }
    Ok(total)
}

/// Compares a table, and returns the number of its rows.
async fn verify(source: &mut Source, target: &mut Target, table: &'static Table) -> Result<u64, TransferError> {
    let expected = sum(source.rows(table, Rows::All)).await?;
    if sum(target.rows(table)).await? != expected {
        return Err(TransferError::Different(format!("the table {}", table.target)));
    }
    Ok(expected.rows)
}

async fn sum(rows: impl Stream<Item = Result<Values, StoreError>>) -> Result<Sum, StoreError> {
    let mut checksum = Checksum::default();
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await? {
        checksum.add(&row);
    }
    Ok(checksum.finish())
}

/// The sum of each room, the first column of the table.
async fn sums_of_rooms(
    rows: impl Stream<Item = Result<Values, StoreError>>,
    progress: &mut dyn Progress,
) -> Result<BTreeMap<String, Sum>, StoreError> {
    let mut checksums = BTreeMap::<String, Checksum>::new();
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await? {
        if let Some(Value::Text(room)) = row.first() {
            match checksums.get_mut(room) {
                Some(checksum) => checksum.add(&row),
                None => {
                    let mut checksum = Checksum::default();
                    checksum.add(&row);
                    checksums.insert(room.clone(), checksum);
                }
            }
        }
        progress.advance(1);
    }
    Ok(checksums.into_iter().map(|(room, checksum)| (room, checksum.finish())).collect())
}

struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &'static str, _: u64, _: u64) {}

    fn advance(&mut self, _: u64) {}
}
