//! `parlor reset-password`: how someone who owns the machine gets back into an account.

use std::{path::Path, process::Command};

use crate::support::{
    database, http_client,
    people::{Answer, PASSWORD},
    process::Process,
    store::{self, connect_sqlite},
};
use parlor_protocol::{error_code, http::ErrorResponse};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const NEW_PASSWORD: &str = "another password";

/// What the command prints, or its error.
fn reset_password(store: &str, folder: &Path, name: &str) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command
        .args(["reset-password", name, "--public-url", "https://chat.example", "--store", store, "--data"])
        .arg(folder);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn secret(printed: &str) -> String {
    printed.split("https://chat.example/reset/").nth(1).unwrap().trim().to_owned()
}

async fn post(server: &Process, path: &str, body: Value) -> Answer {
    let request = http_client().post(format!("http://{}{path}", server.address)).json(&body);
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

#[tokio::test]
async fn a_reset_link_is_made_while_the_server_runs_and_while_it_does_not() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path());
    assert_eq!(post(&server, "/api/accounts", json!({ "name": "Olga", "password": PASSWORD })).await.status, 200);

    let store = store::address(folder.path());
    let printed = reset_password(&store, folder.path(), "olga").unwrap();
    assert!(printed.starts_with("Olga can set a new password"), "{printed}");
    let reset = json!({ "secret": secret(&printed), "password": NEW_PASSWORD });
    assert_eq!(post(&server, "/api/reset", reset.clone()).await.made().user.name, "Olga");
    let again = post(&server, "/api/reset", reset).await;
    assert_eq!(again.of::<ErrorResponse>().error.code, error_code::INVALID_LINK, "once");
    let sign_in = json!({ "name": "olga", "password": PASSWORD });
    assert_eq!(post(&server, "/api/sign-in", sign_in).await.status, 401);
    server.terminate();

    let printed = reset_password(&store, folder.path(), "OLGA").unwrap();
    let server = Process::start(folder.path());
    let reset = json!({ "secret": secret(&printed), "password": PASSWORD });
    assert_eq!(post(&server, "/api/reset", reset).await.status, 200);

    // The audit log names nobody as the one who did it.
    let mut db = database(folder.path()).await;
    let made: Vec<(Option<Uuid>, bool)> =
        db.rows("SELECT actor, subject IS NOT NULL FROM audit WHERE act = 'reset_made'").await;
    assert_eq!(made, [(None, true), (None, true)]);
    server.terminate();
}

#[tokio::test]
async fn a_command_that_cannot_work_says_why() {
    let folder = TempDir::new().unwrap();
    let error = reset_password("sqlite", folder.path(), "olga").unwrap_err();
    assert!(error.contains("there is no database in it"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is created");
    let server = Process::start_with(folder.path(), &["--store", "sqlite"]);
    for name in ["olga", "", "\u{202e}"] {
        let error = reset_password("sqlite", folder.path(), name).unwrap_err();
        assert!(error.starts_with("parlor: there is no account with the name"), "{error}");
    }
    server.terminate();
    let mut db = connect_sqlite(folder.path()).await;
    let older = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    sqlx::query(older).execute(&mut db).await.unwrap();
    let error = reset_password("sqlite", folder.path(), "olga").unwrap_err();
    assert!(error.contains("another version"), "{error}");
}
