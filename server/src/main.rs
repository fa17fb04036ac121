//! The `parlor` binary: reads the configuration, starts the server, and stops it on a signal.

use std::{io::Write, process::ExitCode, time::Duration};

use parlor::{
    Running,
    command_line::{self, Command, CommandLine},
    config::Config,
    telemetry,
};

/// Requested limit of open files. The system may allow fewer.
const OPEN_FILES: u64 = 1_048_576;

/// Time limit of the shutdown.
const STOP_DEADLINE: Duration = Duration::from_millis(4_800);

// The runtime of the first worker; see `workers`.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let CommandLine { config, command } = CommandLine::from_environment();
    if let Some(command) = command {
        return run(&config, command).await;
    }
    telemetry::init(&config.log, config.log_format);
    if let Err(error) = rlimit::increase_nofile_limit(OPEN_FILES) {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
    if !parlor::http::has_site_files() {
        eprintln!("parlor: this binary contains no site files; build it with `make build`.");
    }
    let running = match parlor::start(config).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("parlor: {error}");
            return ExitCode::FAILURE;
        }
    };
    print_address(&running);
    let status = tokio::select! {
        () = stop_signal() => 0,
        () = running.failed() => 1,
    };
    tracing::info!("stopping");
    if tokio::time::timeout(STOP_DEADLINE, running.stop()).await.is_err() {
        tracing::warn!("the shutdown timed out");
    }
    // Do not wait for blocking threads.
    std::process::exit(status)
}

async fn run(config: &Config, command: Command) -> ExitCode {
    let result = match command {
        Command::ResetPassword { name } => command_line::reset_password(config, &name).await,
        Command::Migrate { from, to } => command_line::migrate(config, &from, &to).await,
    };
    match result {
        Ok(text) => {
            // Standard output may be closed.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the address and, while there is no owner, the link to become one. A single write, because a reader may stop after the
/// first line.
fn print_address(running: &Running) {
    let address = running.address;
    let mut text = format!("listening on http://{address}\n");
    if let Some(link) = &running.first_link {
        text.push_str(&format!("no owner yet: create an account with this link to become the owner: {link}\n"));
    }
    // Standard output may be closed.
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
