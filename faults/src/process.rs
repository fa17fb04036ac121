//! The real server as a child process: killed, frozen, told to stop, started again on the same port and data.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

/// Time within which the server must say where it listens; long, for a busy machine and a debug build.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Lines of the server's error output that are kept.
const KEPT_LINES: usize = 2_000;

/// Below the range from which systems take ports for outgoing connections: nobody can take the port of a server that is
/// down for a moment, and no client can connect to itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// The server. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    binary: PathBuf,
    data: PathBuf,
    more: Vec<String>,
    address: SocketAddr,
    child: Option<Child>,
    said: Arc<Mutex<Vec<String>>>,
}

/// The binary to run: the one given, `PARLOR_BIN`, or the newest of the workspace's own builds, release first.
///
/// # Errors
/// There is none.
pub fn binary(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let named = given.map(Path::to_owned).or_else(|| env::var_os("PARLOR_BIN").map(PathBuf::from));
    if let Some(path) = named {
        return path.canonicalize().with_context(|| format!("there is no {}", path.display()));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built = ["release", "debug"].map(|profile| target.join(profile).join("parlor"));
    built.into_iter().find(|path| path.is_file()).context("no binary was built: cargo build --release -p parlor")
}

impl Server {
    /// Starts it on a free port of 127.0.0.1 and waits until it listens. `more` are further flags.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not listen in time; with what it said.
    pub fn start(binary: &Path, data: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let mut server = Self {
            binary: binary.to_owned(),
            data: data.to_owned(),
            more: more.iter().map(|flag| (*flag).to_owned()).collect(),
            address: free_address()?,
            child: None,
            said: Arc::default(),
        };
        server.restart()?;
        Ok(server)
    }

    /// Where it listens, whenever it does.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The newest lines of its error output, over all its starts.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts it again on the same port and data. The error when it runs already is that it runs.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.start_at(self.address)
    }

    /// Starts it on the same data and a port that no client knows: to read what it has while nobody writes.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_aside(&mut self) -> anyhow::Result<SocketAddr> {
        let aside = free_address()?;
        self.start_at(aside)?;
        Ok(aside)
    }

    fn start_at(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "the server runs already");
        let mut command = Command::new(&self.binary);
        // What stands in this environment is for other servers.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PARLOR_")) {
            command.env_remove(name);
        }
        let child = command
            .arg("--addr")
            .arg(address.to_string())
            .arg("--data")
            .arg(&self.data)
            .args(&self.more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", self.binary.display()))?;
        let child = self.child.insert(child);
        let output = child.stdout.take().context("no output")?;
        let errors = child.stderr.take().context("no error output")?;
        self.keep(errors);
        if let Err(error) = wait_until_ready(output) {
            self.kill();
            return Err(error.context(self.said().join("\n")));
        }
        Ok(())
    }

    /// Reads a pipe to its end, so that the server never waits for it.
    fn keep(&self, errors: impl Read + Send + 'static) {
        let said = Arc::clone(&self.said);
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                if said.len() == KEPT_LINES {
                    said.remove(0);
                }
                said.push(line);
            }
        });
    }

    /// kill -9. Nothing happens if it does not run.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; either way it is waited for, so that none is left behind.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGSTOP: it does nothing, and its sockets stay open.
    ///
    /// # Errors
    /// It does not run.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// SIGCONT: it goes on.
    ///
    /// # Errors
    /// It does not run.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// SIGTERM, as a service manager would; waits for the end and tells how long it took. Killed after `patience`.
    ///
    /// # Errors
    /// It does not run, or did not end by itself.
    pub fn terminate(&mut self, patience: Duration) -> anyhow::Result<(ExitStatus, Duration)> {
        let begun = Instant::now();
        self.signal("TERM")?;
        let mut child = self.child.take().context("the server does not run")?;
        while begun.elapsed() < patience {
            if let Some(status) = child.try_wait()? {
                return Ok((status, begun.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = Some(child);
        self.kill();
        bail!("the server did not end within {patience:?}")
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.pid().context("the server does not run")?;
        let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status()?;
        ensure!(status.success(), "kill -{name} {pid} failed");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free now, at random, so that runs side by side rarely ask for the same.
fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..100 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(PORTS)));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port in {PORTS:?}")
}

/// Waits for the line that says where it listens, and reads on to the end of the pipe.
fn wait_until_ready(output: impl Read + Send + 'static) -> anyhow::Result<()> {
    let (ready, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains("listening on http://") {
                // Nobody waits any more when it was too late.
                let _ = ready.send(());
            }
        }
    });
    match waiting.recv_timeout(READY_TIMEOUT) {
        Ok(()) => Ok(()),
        Err(mpsc::RecvTimeoutError::Timeout) => bail!("the server was not ready within {READY_TIMEOUT:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => bail!("the server ended before it was ready"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_program_that_is_no_server_is_an_error() {
        let folder = Path::new("/nowhere");
        assert!(Server::start(Path::new("/nowhere/parlor"), folder, &[]).is_err());
        assert!(Server::start(Path::new("/bin/false"), folder, &[]).is_err());
        assert!(binary(Some(Path::new("/nowhere/parlor"))).is_err());
    }

    #[test]
    fn ready_is_what_says_so() {
        wait_until_ready(&b"a\nlistening on http://127.0.0.1:1\n"[..]).unwrap();
        assert!(wait_until_ready(&b"a\n"[..]).is_err());
    }
}
