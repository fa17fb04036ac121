//! How nodes start, and what they say of themselves.

use parlor::{
    StartError,
    config::{BusAddress, Config},
    domain::StoreError,
};
use tempfile::TempDir;

use super::{Nodes, no_bus};
use crate::support::{store::NO_BUS, unlimited};

async fn refused(config: Config) -> String {
    match parlor::start(config).await {
        Err(error @ StartError::Store(StoreError::Address(_) | StoreError::InUse(_)) | error @ StartError::Bus(_)) => {
            error.to_string()
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it has started"),
    }
}

fn config(folder: &TempDir, store: &str, bus: &[&str]) -> Config {
    let bus = bus.iter().map(|url| BusAddress((*url).to_owned())).collect();
    let addr = ([127, 0, 0, 1], 0).into();
    Config { addr, data: folder.path().to_owned(), store: store.parse().unwrap(), bus, ..unlimited() }
}

#[tokio::test]
async fn what_several_nodes_need_is_said() {
    let folder = TempDir::new().unwrap();
    let error = refused(config(&folder, "sqlite", &[NO_BUS])).await;
    assert!(error.contains("a SQLite file belongs to one"), "{error}");
    let nodes = Nodes::start(1).await;
    // Another server without a bus would not learn of the others' commits.
    let error = refused(config(&folder, &nodes.database.url(), &[])).await;
    assert!(error.contains("is in use by another parlor"), "{error}");
    let error = refused(config(&folder, &nodes.database.url(), &["http://127.0.0.1:1"])).await;
    assert!(error.starts_with("--bus: invalid scheme"), "{error}");
    let file =
        Config { bus_password_file: Some("no-such-file".into()), ..config(&folder, &nodes.database.url(), &[NO_BUS]) };
    let error = refused(file).await;
    assert!(error.starts_with("--bus-password-file no-such-file: "), "{error}");
    nodes.stop().await;
}

#[tokio::test]
async fn readiness_shows_the_bus() {
    let nodes = Nodes::start_with(1, no_bus(), unlimited()).await;
    let ready = nodes[0].get("", "/readyz").await;
    assert_eq!(ready.status(), 200);
    let text = ready.text().await.unwrap();
    assert!(text.contains("bus: NATS, not connected; the database is asked every 250 ms instead\n"), "{text}");
    nodes.stop().await;
}

#[tokio::test]
async fn a_node_that_missed_too_much_ends() {
    let nodes = Nodes::start(1).await;
    sqlx::query("UPDATE commit_log_removed SET id = 1000000")
        .execute(&mut nodes.database.connect().await)
        .await
        .unwrap();
    tokio::time::timeout(crate::support::PATIENCE, nodes[0].failed()).await.unwrap();
    nodes.stop().await;
}

#[tokio::test]
async fn browsers_are_told_which_node_they_use() {
    let config = Config { node_name: Some("b.2".into()), ..unlimited() };
    let nodes = Nodes::start_with(1, no_bus(), config).await;
    let cookies = async |path: &str, cookie: &str| {
        let request = crate::support::http_client().get(nodes[0].url(path)).header("cookie", cookie);
        let response = request.send().await.unwrap();
        let cookies = response.headers().get_all("set-cookie").iter();
        cookies.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mine = ["parlor_node=b.2; Path=/; HttpOnly; SameSite=Lax"];
    for path in ["/", "/api/rooms", "/live/poll", "/readyz"] {
        assert_eq!(cookies(path, "a=1").await, mine, "{path}");
        assert_eq!(cookies(path, "parlor_node=a").await, mine, "of a node that has ended, {path}");
        assert!(cookies(path, "parlor_node=b.2").await.is_empty(), "{path}");
    }
    nodes.stop().await;
}
