//! Worker threads, which serve the connections. Each has a runtime of its own: a connection stays on its worker, its tasks run
//! in order, and a delivery shares nothing with other cores.
//!
//! The first worker is the runtime that the server was started in; the store, the accept loop and periodic tasks run there too.
//! Tokio's multi-thread runtime took 1.5 times as long for each delivery to a full room: it runs tasks that were just woken
//! before those that wait, so that one round of writes becomes many small ones.

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
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// The worker that the caller runs on.
pub fn current() -> usize {
    CURRENT.get()
}

pub struct Workers {
    workers: Vec<Worker>,
    _stop: DropGuard,
}

struct Worker {
    runtime: runtime::Handle,
    connections: Arc<AtomicUsize>,
}

/// Counts a connection for a worker until it is dropped.
pub struct WorkerSlot {
    pub worker: usize,
    connections: Arc<AtomicUsize>,
}

impl Drop for WorkerSlot {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// Starts `count` workers, at least one. The current runtime becomes the first of them.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(count: usize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let mut runtimes = vec![runtime::Handle::current()];
        for worker in 1..count {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtimes.push(runtime.handle().clone());
            let stopped = stop.clone();
            thread::Builder::new().name(format!("worker-{worker}")).spawn(move || {
                CURRENT.set(worker);
                runtime.block_on(stopped.cancelled());
            })?;
        }
        let workers = runtimes.into_iter().map(|runtime| Worker { runtime, connections: Arc::default() }).collect();
        Ok(Self { workers, _stop: stop.drop_guard() })
    }

    pub fn count(&self) -> usize {
        self.workers.len()
    }

    /// Takes a slot on the worker with the fewest connections.
    pub fn take_slot(&self) -> WorkerSlot {
        let fewest =
            self.workers.iter().enumerate().min_by_key(|(_, worker)| worker.connections.load(Ordering::Relaxed));
        let worker = fewest.map_or(0, |(worker, _)| worker);
        let connections = self.workers[worker].connections.clone();
        connections.fetch_add(1, Ordering::Relaxed);
        WorkerSlot { worker, connections }
    }

    /// Runs a future on a worker.
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
    async fn tasks_run_on_their_worker_and_slots_are_balanced() {
        let workers = Workers::start(3).unwrap();
        for worker in 0..3 {
            assert_eq!(workers.spawn(worker, async { current() }).await.unwrap(), worker);
        }
        let mut slots: Vec<_> = (0..6).map(|_| workers.take_slot()).collect();
        let mut taken: Vec<_> = slots.iter().map(|slot| slot.worker).collect();
        taken.sort_unstable();
        assert_eq!(taken, [0, 0, 1, 1, 2, 2]);
        let freed = slots.swap_remove(4).worker;
        assert_eq!(workers.take_slot().worker, freed);
    }
}
