//! Several nodes on one PostgreSQL database: with a bus that never answers, and with NATS if `PARLOR_TEST_NATS` has its address
//! (`scripts/with-postgres.sh scripts/with-nats.sh cargo test -p parlor --test server nodes`).

use parlor::config::{BusAddress, Config};
use tempfile::TempDir;

use crate::support::{
    Server,
    postgres::TestDatabase,
    store::{NO_BUS, bus},
    unlimited,
};

mod log;
mod people;
mod setup;

/// The servers of a test, and their database.
struct Nodes {
    database: TestDatabase,
    _folders: Vec<TempDir>,
    servers: Vec<Server>,
}

impl Nodes {
    /// Starts nodes with a bus if there is one.
    async fn start(count: usize) -> Self {
        Self::start_with(count, bus(), unlimited()).await
    }

    async fn start_with(count: usize, bus: BusAddress, config: Config) -> Self {
        let mut nodes = Self { database: TestDatabase::create().await, _folders: Vec::new(), servers: Vec::new() };
        for _ in 0..count {
            let folder = TempDir::new().unwrap();
            let config = Config { bus: vec![bus.clone()], ..config.clone() };
            nodes.servers.push(Server::start_on(nodes.database.url(), folder.path(), config).await);
            nodes._folders.push(folder);
        }
        nodes
    }

    /// Two nodes.
    async fn pair() -> (Self, [usize; 2]) {
        (Self::start(2).await, [0, 1])
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
        self.database.remove().await;
    }
}

impl std::ops::Index<usize> for Nodes {
    type Output = Server;

    fn index(&self, node: usize) -> &Server {
        &self.servers[node]
    }
}

fn no_bus() -> BusAddress {
    BusAddress(NO_BUS.into())
}
