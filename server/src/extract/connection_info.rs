//! The network connection of a request, in the request's extensions.

use std::{net::IpAddr, sync::Arc};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::{limits::AddressPermit, workers::WorkerSlot};

#[derive(Clone)]
pub struct ConnectionInfo {
    /// Held until the last clone is dropped.
    pub permit: Arc<ConnectionPermit>,
    /// Ends the connection at once, without writing what is queued. Has no effect on an upgraded one.
    pub cut: CancellationToken,
    /// The client's address: the peer's, or the one that a trusted proxy forwards.
    pub client: IpAddr,
    /// Counts the request for the client of a trusted proxy.
    pub address_permit: Option<Arc<AddressPermit>>,
}

/// A network connection's share of the server's limits.
pub struct ConnectionPermit {
    /// Counts it for the server.
    pub permit: OwnedSemaphorePermit,
    /// Counts it for its worker.
    pub worker_slot: WorkerSlot,
    /// Counts it for its address; `None` for a trusted proxy's.
    pub address_permit: Option<AddressPermit>,
}
