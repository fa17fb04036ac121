//! Databases on the PostgreSQL server of the tests.

use parlor::store::postgres::DatabaseAddress;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// A database of one test.
pub struct TestDatabase {
    server: String,
    name: String,
}

/// The address of the server.
fn server() -> String {
    std::env::var("PARLOR_TEST_POSTGRES").expect(
        "this test needs a PostgreSQL server: run it by `scripts/with-postgres.sh cargo test …`, or by `scripts/test.sh rust`",
    )
}

impl TestDatabase {
    pub async fn create() -> Self {
        let (server, name) = (server(), format!("test_{}", Uuid::now_v7().simple()));
        let mut connection = PgConnection::connect(&server).await.unwrap();
        // A name of its own, so that nothing has to be quoted.
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        Self { server, name }
    }

    /// Its address as an administrator would write it.
    pub fn url(&self) -> String {
        let (host, _) = self.server.rsplit_once('/').unwrap();
        format!("{host}/{}", self.name)
    }

    /// Its host and port.
    pub fn host(&self) -> String {
        let (_, rest) = self.server.rsplit_once('@').unwrap();
        rest.split('/').next().unwrap().to_owned()
    }

    /// Its address without a password, and the password.
    pub fn url_without_password(&self) -> (String, String) {
        let url = self.url();
        let (user, host) = url.rsplit_once('@').unwrap();
        let (user, password) = user.rsplit_once(':').unwrap();
        (format!("{user}@{host}"), password.to_owned())
    }

    pub fn address(&self) -> DatabaseAddress {
        self.url().parse().unwrap()
    }

    /// A connection besides those of the store.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    /// Removes it, whatever is still connected to it. After a failed test it stays, until its server is removed.
    pub async fn remove(self) {
        let mut connection = PgConnection::connect(&self.server).await.unwrap();
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
}
