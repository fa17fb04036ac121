//! Tests Parlor's guarantees under faults, in the style of Jepsen.
//!
//! Clients write under load while a nemesis injects faults; each logs what it sent and received. At the end the server's
//! history is read, and the [`checker`] compares it with every log.

pub mod checker;
pub mod client;
pub mod engines;
pub mod link;
pub mod process;
pub mod proxy;
pub mod run;

/// Waits for Ctrl-C or SIGTERM.
pub async fn shutdown_signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
