//! The writer's connection, which is opened again for as long as that takes.

use std::{sync::Arc, time::Duration};

use sqlx::PgConnection;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{DatabaseAddress, Sharing, connection, error::disconnected, migrations, status::Status};
use crate::{clock, domain::StoreError};

/// How long a start waits for the connection of a process that has just ended and has the database's lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// Wait between attempts to connect: at first, and at most.
const MIN_WAIT: Duration = Duration::from_millis(50);
const MAX_WAIT: Duration = Duration::from_secs(2);

/// What is needed to connect for writing.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) address: DatabaseAddress,
    pub(super) sharing: Sharing,
    /// The id of the writer's row in the table `writer`.
    pub(super) writer: Uuid,
    pub(super) status: Arc<Status>,
}

/// A connection that may write.
pub(super) struct Established {
    pub(super) connection: PgConnection,
    /// The number of the writer's last commit. No earlier connection can commit any more.
    pub(super) commits: i64,
}

impl Connector {
    /// Connects for the first time, and migrates the schema.
    pub(super) async fn open(&self) -> Result<Established, StoreError> {
        let mut connection = self.connect_and_migrate().await?;
        super::transfer::require_complete(&mut connection).await?;
        self.register(connection).await
    }

    pub(super) async fn connect_and_migrate(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.connect().await?;
        let deadline = Instant::now() + LOCK_PATIENCE;
        // Before the schema is changed, which a server that is running does not expect.
        while let Err(error) = self.lock(&mut connection).await {
            if Instant::now() > deadline {
                return Err(error);
            }
            tokio::time::sleep(MIN_WAIT).await;
        }
        migrations::run(&mut connection).await?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        connection::connect_writer(&self.address.options()).await
    }

    async fn lock(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if connection::try_lock_database(connection, self.sharing).await? {
            return Ok(());
        }
        Err(StoreError::InUse(self.address.to_string()))
    }

    /// Reads the writer's row, or inserts it. Waits for a transaction on an earlier connection that has changed it.
    async fn register(&self, mut connection: PgConnection) -> Result<Established, StoreError> {
        sqlx::query("INSERT INTO writer (id, commits, started_at) VALUES ($1, 0, $2) ON CONFLICT (id) DO NOTHING")
            .bind(self.writer)
            .bind(clock::now())
            .execute(&mut connection)
            .await?;
        let commits = sqlx::query_scalar("SELECT commits FROM writer WHERE id = $1 FOR UPDATE")
            .bind(self.writer)
            .fetch_one(&mut connection)
            .await?;
        Ok(Established { connection, commits })
    }

    async fn reestablish(&self) -> Result<Established, StoreError> {
        let mut connection = self.connect().await?;
        self.lock(&mut connection).await?;
        self.register(connection).await
    }

    /// Connects again, however often that has to be tried.
    async fn reconnect(self) -> Established {
        let mut wait = MIN_WAIT;
        loop {
            match self.reestablish().await {
                Ok(established) => return established,
                Err(error) => {
                    self.status.note(Some(&error));
                    tracing::debug!(%error, "cannot connect to the database yet");
                }
            }
            tokio::time::sleep(wait).await;
            wait = MAX_WAIT.min(wait * 2);
        }
    }
}

/// The writer's connection, or the task that opens a new one.
pub(super) enum Link {
    Up(PgConnection),
    Down(AbortOnDropHandle<Established>),
}

impl Link {
    pub(super) const fn is_down(&self) -> bool {
        matches!(self, Self::Down(_))
    }

    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        match self {
            Self::Up(connection) => Ok(connection),
            Self::Down(_) => Err(disconnected()),
        }
    }

    /// Closes the connection, whatever is left on it, and opens a new one in the background.
    pub(super) async fn reset(&mut self, connector: &Connector) {
        connector.status.set_writer_down(true);
        let reconnecting = AbortOnDropHandle::new(tokio::spawn(connector.clone().reconnect()));
        if let Self::Up(connection) = std::mem::replace(self, Self::Down(reconnecting)) {
            connection::close(connection).await;
        }
    }

    /// Waits for the new connection; for ever if there is nothing to wait for. Nothing is lost if it is dropped.
    pub(super) async fn established(&mut self) -> Established {
        if let Self::Down(task) = self
            && let Ok(established) = task.await
        {
            return established;
        }
        std::future::pending().await
    }
}
