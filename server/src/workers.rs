//! The threads that serve connections. Each has a runtime of its own: a connection stays where it was accepted, what is
//! due there is done in its order, and nothing of it is shared with another core while messages go out.
//!
//! The first is the runtime that the server was started in; the store, the accept loop and what is due regularly live
//! there too. One runtime for all cores (tokio's usual one) took half as much time again for each delivery to a full
//! room: it lets what was just woken overtake what waits, so that one round of writes becomes many small ones.

use std::{
    cell::Cell,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tokio::{runtime, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

thread_local! {
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// The worker that this runs on.
#[must_use]
pub fn here() -> usize {
    HERE.get()
}

/// See the module.
pub struct Workers {
    workers: Vec<Worker>,
    _stop: DropGuard,
}

struct Worker {
    runtime: runtime::Handle,
    connections: Arc<AtomicUsize>,
}

/// A connection's place on a worker, until it is dropped.
pub struct WorkerSlot {
    /// The worker.
    pub worker: usize,
    connections: Arc<AtomicUsize>,
}

impl Drop for WorkerSlot {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// So many, at least one. Called within a runtime, which becomes the first of them.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn start(count: usize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let mut runtimes = vec![runtime::Handle::current()];
        for worker in 1..count {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtimes.push(runtime.handle().clone());
            let stopped = stop.clone();
            thread::Builder::new().name(format!("worker-{worker}")).spawn(move || {
                HERE.set(worker);
                runtime.block_on(stopped.cancelled());
            })?;
        }
        let workers = runtimes.into_iter().map(|runtime| Worker { runtime, connections: Arc::default() }).collect();
        Ok(Self { workers, _stop: stop.drop_guard() })
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.workers.len()
    }

    /// Takes a place on the worker with the fewest connections.
    pub fn seat(&self) -> WorkerSlot {
        let fewest =
            self.workers.iter().enumerate().min_by_key(|(_, worker)| worker.connections.load(Ordering::Relaxed));
        let worker = fewest.map_or(0, |(worker, _)| worker);
        let connections = self.workers[worker].connections.clone();
        connections.fetch_add(1, Ordering::Relaxed);
        WorkerSlot { worker, connections }
    }

    /// Runs something on a worker.
    pub fn spawn<T: Send + 'static>(
        &self,
        worker: usize,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.workers[worker].runtime.spawn(work)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn work_is_done_where_it_was_given_and_seats_are_shared_out() {
        let workers = Workers::start(3).unwrap();
        for worker in 0..3 {
            assert_eq!(workers.spawn(worker, async { here() }).await.unwrap(), worker);
        }
        let mut seats: Vec<_> = (0..6).map(|_| workers.seat()).collect();
        let mut taken: Vec<_> = seats.iter().map(|seat| seat.worker).collect();
        taken.sort_unstable();
        assert_eq!(taken, [0, 0, 1, 1, 2, 2]);
        let freed = seats.swap_remove(4).worker;
        assert_eq!(workers.seat().worker, freed);
    }
}
