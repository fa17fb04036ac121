//! Which databases are used, and by whom.

use std::fs;

use parlor::{
    domain::{StoreError, TokenHash},
    store::{
        Store,
        postgres::{DatabaseAddress, Sharing, create_recovery_link},
    },
};
use sqlx::PgConnection;
use tempfile::TempDir;

use super::writers::Writer;
use crate::support::{eventually, postgres::TestDatabase};

async fn open(address: &DatabaseAddress) -> Result<Writer, StoreError> {
    Writer::try_open(address, Sharing::Exclusive).await
}

#[tokio::test]
async fn a_database_is_used_by_one_server() {
    const HOLDERS: &str = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database =
                           (SELECT oid FROM pg_database WHERE datname = current_database())";
    let database = TestDatabase::create().await;
    let first = open(&database.address()).await.unwrap();
    let error = open(&database.address()).await.err().unwrap();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    assert!(error.to_string().ends_with("is in use by another parlor"), "{error}");
    // The first one has the lock again with its next connection, before it writes.
    let mut administrator = database.connect().await;
    let holder: i32 = sqlx::query_scalar(HOLDERS).fetch_one(&mut administrator).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)").bind(holder).execute(&mut administrator).await.unwrap();
    first.guest("ann").await;
    let next: i32 = sqlx::query_scalar(HOLDERS).fetch_one(&mut administrator).await.unwrap();
    assert_ne!(next, holder);
    first.store.close().await;
    open(&database.address()).await.unwrap().store.close().await;
    // A server that is closed leaves no row behind.
    let writers: i64 = sqlx::query_scalar("SELECT count(*) FROM writer").fetch_one(&mut administrator).await.unwrap();
    assert_eq!(writers, 0);
    database.remove().await;
}

#[tokio::test]
async fn a_server_that_lost_its_database_to_another_one_writes_nothing() {
    let database = TestDatabase::create().await;
    let first = open(&database.address()).await.unwrap();
    let ann = first.guest("ann").await;
    end_connections(&mut database.connect().await).await;
    let second = open(&database.address()).await.unwrap();
    let lobby = parlor_protocol::RoomId::lobby();
    assert!(first.try_append(super::writers::new_id(), &lobby, &ann).await.is_err());
    eventually("it says why", async || first.store.status().failure.is_some_and(|failure| failure.contains("in use")))
        .await;
    second.store.close().await;
    // It takes over when the other one has ended.
    assert_eq!(super::writers::stored(first.send(&lobby, &ann).await), 1);
    database.remove().await;
}

async fn end_connections(administrator: &mut PgConnection) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'parlor'",
    )
    .execute(administrator)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let database = TestDatabase::create().await;
    open(&database.address()).await.unwrap().store.close().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of a newer version', true, '', 0)",
    )
    .execute(&mut database.connect().await)
    .await
    .unwrap();
    let error = open(&database.address()).await.err().unwrap();
    assert!(matches!(error, StoreError::NewerSchema), "{error}");
    let error = create_recovery_link(&database.address(), "ann", TokenHash([0; 32]), 0).await.err().unwrap();
    assert!(matches!(error, StoreError::OtherVersion), "{error}");
    database.remove().await;
}

#[tokio::test]
async fn an_empty_database_is_not_that_of_a_recovery_link() {
    let database = TestDatabase::create().await;
    let error = create_recovery_link(&database.address(), "ann", TokenHash([0; 32]), 0).await.err().unwrap();
    assert!(matches!(error, StoreError::OtherVersion), "{error}");
    database.remove().await;
}

#[tokio::test]
async fn two_servers_migrate_a_new_database_once() {
    let database = TestDatabase::create().await;
    let (first, second) = tokio::join!(Writer::open(&database), Writer::open(&database));
    first.guest("ann").await;
    second.guest("bob").await;
    database.remove().await;
}

#[tokio::test]
async fn passwords_come_from_a_file_and_are_not_shown() {
    let database = TestDatabase::create().await;
    let folder = TempDir::new().unwrap();
    let (url, password) = database.url_without_password();
    let [right, wrong] = ["right", "wrong"].map(|name| folder.path().join(name));
    fs::write(&right, format!("{password}\n")).unwrap();
    fs::write(&wrong, "wrong-password").unwrap();
    let address: DatabaseAddress = url.parse().unwrap();
    open(&address.clone().with_password_file(&right).unwrap()).await.unwrap().store.close().await;
    let error = open(&address.clone().with_password_file(&wrong).unwrap()).await.err().unwrap();
    assert!(error.to_string().contains("password authentication failed"), "{error}");
    assert!(!error.to_string().contains("wrong-password"), "{error}");
    assert!(address.clone().with_password_file(&folder.path().join("none")).is_err());
    let shown = format!("{:?} {}", database.address(), database.address());
    assert!(shown.contains("test_") && !shown.contains(&password), "{shown}");
    for unusable in ["postgres://ann:secret@[::1/x", "mysql://ann:secret@127.0.0.1/x", "/var/lib"] {
        let error = unusable.parse::<DatabaseAddress>().err().unwrap().to_string();
        assert!(error.contains("postgres://") && !error.contains("secret"), "{error}");
    }
    database.remove().await;
}
