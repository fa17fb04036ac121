//! Which store the servers of tests use: SQLite in their folder or, with `PARLOR_TEST_STORE=postgres`, a PostgreSQL database for
//! each folder. With `PARLOR_TEST_STORE=node` each server is also a node that shares its database, with the bus of
//! `PARLOR_TEST_NATS` if there is one.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use parking_lot::Mutex;
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{database::Database, postgres::TestDatabase};
use parlor::{config::BusAddress, store::sqlite::FILE_NAME};

/// The databases of folders.
static DATABASES: LazyLock<Mutex<HashMap<PathBuf, TestDatabase>>> = LazyLock::new(Mutex::default);

/// Nothing listens there: privileged, and not assigned to anything that is installed.
pub const NO_BUS: &str = "nats://127.0.0.1:1";

fn chosen() -> String {
    std::env::var("PARLOR_TEST_STORE").unwrap_or_else(|_| "sqlite".into())
}

/// Whether servers use PostgreSQL, unless a test chooses SQLite.
pub fn is_postgres() -> bool {
    match chosen().as_str() {
        "postgres" | "node" => true,
        "sqlite" => false,
        other => panic!("PARLOR_TEST_STORE is sqlite, postgres or node, not {other}"),
    }
}

/// The bus of servers on PostgreSQL, unless a test chooses another one.
pub fn default_bus() -> Vec<BusAddress> {
    if chosen() == "node" { vec![bus()] } else { Vec::new() }
}

/// The bus of the tests, or one that never answers.
pub fn bus() -> BusAddress {
    BusAddress(std::env::var("PARLOR_TEST_NATS").unwrap_or_else(|_| NO_BUS.into()))
}

/// The store of a server with this folder, for `--store`: always the same for one folder.
pub fn address(folder: &Path) -> String {
    if !is_postgres() {
        return "sqlite".into();
    }
    let mut databases = DATABASES.lock();
    // Those of tests that are over: a test need not say that it is.
    let over: Vec<_> = databases.extract_if(|folder, _| !folder.exists()).map(|(_, database)| database).collect();
    let is_new = !databases.contains_key(folder);
    let created = block_on(async move {
        for database in over {
            database.remove().await;
        }
        if is_new { Some(TestDatabase::create().await) } else { None }
    });
    databases.extend(created.map(|database| (folder.to_owned(), database)));
    databases[folder].url()
}

/// A connection to the database of a server with this folder.
pub async fn connect(folder: &Path) -> Database {
    let url = DATABASES.lock().get(folder).map(TestDatabase::url);
    match url {
        Some(url) => Database::Postgres(PgConnection::connect(&url).await.unwrap()),
        None => Database::Sqlite(connect_sqlite(folder).await),
    }
}

/// A connection to the SQLite file in a folder.
pub async fn connect_sqlite(folder: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(folder.join(FILE_NAME))).await.unwrap()
}

/// Also where the caller is a task that cannot wait.
fn block_on<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let thread = std::thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    });
    thread.join().unwrap()
}
