//! A network between a store and its database that fails when a test wants it to.

use std::{net::SocketAddr, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::support::postgres::TestDatabase;

/// When the connection that commits next is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    BeforeCommit,
    AfterCommit,
}

pub(super) struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
    accepting: JoinHandle<()>,
}

struct Network {
    /// Whether it works. Whenever that changes, all connections are cut.
    works: watch::Sender<bool>,
    next_cut: Mutex<Option<Cut>>,
}

impl Proxy {
    pub(super) async fn start(database: &TestDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::new(Network { works: watch::Sender::new(true), next_cut: Mutex::default() });
        let (upstream, shared) = (database.host(), network.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A connection that is accepted and closed at once fails as one does that is refused.
                if *shared.works.borrow() {
                    tokio::spawn(shared.clone().carry(client, upstream.clone()));
                }
            }
        });
        Self { address, network, accepting }
    }

    /// The address of the database behind it.
    pub(super) fn url(&self, database: &TestDatabase) -> String {
        database.url().replace(&database.host(), &self.address.to_string())
    }

    pub(super) fn set_works(&self, works: bool) {
        self.network.works.send_replace(works);
    }

    pub(super) fn cut_next(&self, cut: Cut) {
        *self.network.next_cut.lock() = Some(cut);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set_works(false);
    }
}

impl Network {
    async fn carry(self: Arc<Self>, mut client: TcpStream, upstream: String) {
        let mut works = self.works.subscribe();
        let mut database = TcpStream::connect(upstream).await.unwrap();
        let (mut sent, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                _ = works.changed() => return,
                count = client.read(&mut sent) => {
                    let Ok(count @ 1..) = count else { return };
                    let data = &sent[..count];
                    // The writer's commit, in the protocol's message for simple queries.
                    let commits = data.starts_with(b"Q") && data.windows(7).any(|part| part == b"; COMMI");
                    let cut = if commits { self.next_cut.lock().take() } else { None };
                    if cut == Some(Cut::BeforeCommit) || database.write_all(data).await.is_err() {
                        return;
                    }
                    if cut == Some(Cut::AfterCommit) {
                        // The database has committed when it answers; nobody learns of it.
                        let _ = database.read(&mut answered).await;
                        return;
                    }
                }
                count = database.read(&mut answered) => {
                    let Ok(count @ 1..) = count else { return };
                    if client.write_all(&answered[..count]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
