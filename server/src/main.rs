//! The `parlor` binary: read the configuration, start, say so, and stop when asked to.

use std::{io::Write, process::ExitCode, time::Duration};

use parlor::{Running, config::Config, telemetry};

/// Sockets that the process asks for. The system may allow fewer.
const OPEN_FILES: u64 = 1_048_576;

/// The end comes within this time, whatever hangs.
const STOP_DEADLINE: Duration = Duration::from_millis(4_800);

// The runtime of the first worker; see `workers`.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_environment();
    telemetry::init(&config.log, config.log_format);
    if let Err(error) = rlimit::increase_nofile_limit(OPEN_FILES) {
        tracing::warn!(%error, "the limit on open files stays as it is");
    }
    if !parlor::http::has_site_files() {
        eprintln!(
            "parlor: this binary was built without its site files; build it with `cargo leptos build --release`."
        );
    }
    let running = match parlor::start(config).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("parlor: {error}");
            return ExitCode::FAILURE;
        }
    };
    say_where(&running);
    stop_signal().await;
    tracing::info!("stopping");
    if tokio::time::timeout(STOP_DEADLINE, running.stop()).await.is_err() {
        tracing::warn!("stopped before everything had ended");
    }
    // Not waiting for threads that may still be busy with what nobody will see any more.
    std::process::exit(0)
}

/// Says where it listens and, while there is no owner, by which link one is made. In one write: whoever waits for the
/// first line may not read on.
fn say_where(running: &Running) {
    let address = running.address;
    let mut text = format!("listening on http://{address}\n");
    if let Some(link) = &running.first_link {
        text.push_str(&format!("there is no owner yet; whoever makes an account by this link becomes it: {link}\n"));
    }
    // Nobody may be there to read it.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Returns when the process is asked to stop.
async fn stop_signal() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot listen for Ctrl-C");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(error) => {
                tracing::error!(%error, "cannot listen for SIGTERM");
                interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
