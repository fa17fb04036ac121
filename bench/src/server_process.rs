//! The measured server as a child process, killed when its guard is dropped or this process is terminated.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::machine;

/// Time within which the server must print its address.
const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// The running server. Global, so that a signal can stop it as well.
static CHILD: Mutex<Option<Child>> = Mutex::new(None);

/// Data folder of the running server.
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A running server, killed when dropped.
pub struct ServerProcess {
    pid: u32,
    address: SocketAddr,
    ready: Instant,
}

/// Kills the server when this process receives Ctrl-C or SIGTERM.
pub fn end_on_signal() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(parlor_faults::shutdown_signal());
        end_child();
        if let Some(folder) = folder().take() {
            // Best effort.
            let _ = std::fs::remove_dir_all(folder);
        }
        std::process::exit(130);
    });
    Ok(())
}

fn child() -> MutexGuard<'static, Option<Child>> {
    CHILD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn folder() -> MutexGuard<'static, Option<PathBuf>> {
    FOLDER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end_child() {
    if let Some(mut child) = child().take() {
        // Wait in any case, so that no zombie is left.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Creates a temporary data folder.
pub fn data_folder(binary: &Path) -> anyhow::Result<TempDir> {
    let parent = machine::data_parent(binary);
    let made = tempfile::Builder::new().prefix("parlor-figures-").tempdir_in(parent).context("making a data folder")?;
    *folder() = Some(made.path().to_owned());
    Ok(made)
}

impl ServerProcess {
    /// Starts the server and waits until it prints its address.
    pub fn start(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        Self::start_at(binary, data, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts the server with its rate limits, and waits until it prints its address.
    pub fn start_limited(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut command =
            Command::new(binary.canonicalize().with_context(|| format!("there is no {}", binary.display()))?);
        command.args(["--rate-limits", "on", "--addr", &address.to_string(), "--data"]).arg(data);
        Self::start_command(&mut command, address)
    }

    /// Starts the server at a given address, for example that of a killed one.
    pub fn start_at(binary: &Path, data: &Path, address: SocketAddr) -> anyhow::Result<Self> {
        let binary: PathBuf = binary.canonicalize().with_context(|| format!("there is no {}", binary.display()))?;
        let mut command = Command::new(&binary);
        command
            .args(["--rate-limits", "off", "--addr", &address.to_string(), "--data"])
            .arg(data)
            .env("PARLOR_RATE_LIMITS", "off");
        Self::start_command(&mut command, address)
    }

    /// Starts any server that prints its address. `address` is used until then.
    pub fn start_command(command: &mut Command, address: SocketAddr) -> anyhow::Result<Self> {
        let mut running = child();
        ensure!(running.is_none(), "one server at a time");
        let mut started = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        let output = started.stdout.take();
        // From here on the guard kills the child, even if it never gets ready.
        let mut server = Self { pid: started.id(), address, ready: Instant::now() };
        *running = Some(started);
        drop(running);
        (server.address, server.ready) = listening(output.context("the server has no output")?)?;
        Ok(server)
    }

    /// Kills the server (SIGKILL).
    pub fn kill(self) {
        drop(self);
    }

    /// When it printed its address.
    pub fn ready(&self) -> Instant {
        self.ready
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests the first page. Fails unless the status is 200.
    pub fn first_page(&self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address).context("connecting")?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("reading the first page")?;
        let status = String::from_utf8_lossy(&answer[..answer.len().min(16)]).into_owned();
        ensure!(status.starts_with("HTTP/1.1 200"), "the first page was answered with {status:?}");
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        end_child();
    }
}

/// The first address in the output, and when it was printed. Keeps reading, so that the server never blocks on its output.
fn listening(output: ChildStdout) -> anyhow::Result<(SocketAddr, Instant)> {
    let (found, finding) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                let _ = found.send((address, Instant::now()));
            }
        }
    });
    let begin = Instant::now();
    finding.recv_timeout(READY_TIMEOUT).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => anyhow::anyhow!("the server was not ready within {READY_TIMEOUT:?}"),
        mpsc::RecvTimeoutError::Disconnected => anyhow::anyhow!("the server ended after {:?}", begin.elapsed()),
    })
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://").or_else(|| line.split_once("ws://"))?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".:[]".contains(c))).unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ':']).parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn finds_the_address_in_the_ready_line() {
        let expected = Some(SocketAddr::from(([127, 0, 0, 1], 40_123)));
        assert_eq!(address_in("listening on http://127.0.0.1:40123"), expected);
        assert_eq!(address_in("listening on http://127.0.0.1:40123."), expected);
        assert_eq!(address_in("listening on http://127.0.0.1:40123/"), expected);
        assert_eq!(address_in("[INF] Listening for websocket clients on ws://127.0.0.1:40123"), expected);
        assert_eq!(address_in("nothing here"), None);
        assert_eq!(address_in("http://localhost"), None);
    }

    #[test]
    fn missing_programs_are_rejected() {
        let data = tempfile::tempdir().unwrap();
        assert!(ServerProcess::start(Path::new("/nowhere/parlor"), data.path()).is_err());
    }
}
