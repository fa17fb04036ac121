//! The real server as a child process: killed, frozen, stopped, and restarted on the same port and data.

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

/// Time within which the server must listen. Long, for a busy machine and a debug build.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of log lines that are kept.
const MAX_LOG_LINES: usize = 2_000;

/// Below the range of ephemeral ports, so that no other process takes the port of a stopped server, and no client can
/// connect to itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A server process, killed when dropped.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    address: SocketAddr,
    child: Option<Child>,
    log: Arc<Mutex<Vec<String>>>,
    output: Arc<Mutex<Vec<String>>>,
}

/// What is started.
#[derive(Clone, Debug)]
pub struct Launch {
    pub binary: PathBuf,
    /// Data folder.
    pub data: PathBuf,
    /// Arguments besides the address and the data folder.
    pub args: Vec<String>,
    /// Variables of its environment.
    pub env: Vec<(String, String)>,
}

/// The binary to run: the given one, `PARLOR_BIN`, or the newest build of the workspace.
pub fn binary(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let named = given.map(Path::to_owned).or_else(|| env::var_os("PARLOR_BIN").map(PathBuf::from));
    if let Some(path) = named {
        return path.canonicalize().with_context(|| format!("{} does not exist", path.display()));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built = ["release", "debug"].map(|profile| target.join(profile).join("parlor"));
    // A stale build must not be tested in place of a newer one.
    let newest = built.into_iter().max_by_key(|path| path.metadata().and_then(|file| file.modified()).ok());
    newest.filter(|path| path.is_file()).context("no binary was built: cargo build --release -p parlor")
}

/// Whether a server knows a flag. Those of earlier versions may not.
pub fn has_flag(binary: &Path, flag: &str) -> anyhow::Result<bool> {
    let output = Command::new(binary).arg("--help").output();
    let output = output.with_context(|| format!("starting {}", binary.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == flag))
}

impl Server {
    /// Starts the server on a free port of 127.0.0.1 and waits until it listens. `args` are further arguments.
    pub fn start(binary: &Path, data: &Path, args: &[&str]) -> anyhow::Result<Self> {
        let args = args.iter().map(|flag| (*flag).to_owned()).collect();
        Self::launch(Launch { binary: binary.to_owned(), data: data.to_owned(), args, env: Vec::new() })
    }

    /// Starts the server on a free port of 127.0.0.1 and waits until it listens.
    pub fn launch(launch: Launch) -> anyhow::Result<Self> {
        let (log, output) = (Arc::default(), Arc::default());
        let mut server = Self { launch, address: free_address()?, child: None, log, output };
        server.restart()?;
        Ok(server)
    }

    /// The token of the link that makes the first account the owner's. None if the server did not print one.
    pub fn first_owner_token(&self) -> Option<String> {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.iter().find_map(|line| line.rsplit_once("/first/").map(|(_, token)| token.trim().to_owned()))
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether it ended by itself since it was started.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(match &mut self.child {
            Some(child) => child.try_wait()?.is_some(),
            None => false,
        })
    }

    pub fn data(&self) -> &Path {
        &self.launch.data
    }

    /// Newest log lines, over all starts.
    pub fn log_lines(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts it again on the same port and data. Fails if it runs already.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.start_at(self.address)
    }

    /// Starts it on the same data and a port that no client knows, to read its history while nobody writes.
    pub fn start_on_other_port(&mut self) -> anyhow::Result<SocketAddr> {
        let aside = free_address()?;
        self.start_at(aside)?;
        Ok(aside)
    }

    fn start_at(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "the server runs already");
        let mut command = Command::new(&self.launch.binary);
        // Settings in this environment are for other servers.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PARLOR_")) {
            command.env_remove(name);
        }
        let child = command
            .env("NO_COLOR", "1")
            .arg("--addr")
            .arg(address.to_string())
            .arg("--data")
            .arg(&self.launch.data)
            .args(&self.launch.args)
            .envs(self.launch.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", self.launch.binary.display()))?;
        let child = self.child.insert(child);
        let output = child.stdout.take().context("no output")?;
        let errors = child.stderr.take().context("no error output")?;
        self.collect_log(errors);
        if let Err(error) = wait_until_ready(output, Arc::clone(&self.output)) {
            self.kill();
            return Err(error.context(self.log_lines().join("\n")));
        }
        Ok(())
    }

    /// Reads the log to its end, so that the server never blocks on it.
    fn collect_log(&self, errors: impl Read + Send + 'static) {
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                if log.len() == MAX_LOG_LINES {
                    log.remove(0);
                }
                log.push(line);
            }
        });
    }

    /// Kills it (SIGKILL), if it runs.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Wait in any case, so that no zombie is left.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Suspends it (SIGSTOP); its sockets stay open.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// Resumes it (SIGCONT).
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// Stops it (SIGTERM) like a service manager, and returns how long that took. Killed after `patience`.
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

/// A free port, chosen at random so that concurrent runs rarely collide.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..100 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(PORTS)));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port in {PORTS:?}")
}

/// Waits for the line with the address, and keeps reading to the end.
fn wait_until_ready(output: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) -> anyhow::Result<()> {
    let (ready, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains("listening on http://") {
                // Fails only after the timeout.
                let _ = ready.send(());
            }
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
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
    fn starting_something_else_fails() {
        let folder = Path::new("/nowhere");
        assert!(Server::start(Path::new("/nowhere/parlor"), folder, &[]).is_err());
        assert!(Server::start(Path::new("/bin/false"), folder, &[]).is_err());
        assert!(binary(Some(Path::new("/nowhere/parlor"))).is_err());
    }

    #[test]
    fn ready_when_the_address_is_printed() {
        wait_until_ready(&b"a\nlistening on http://127.0.0.1:1\n"[..], Arc::default()).unwrap();
        assert!(wait_until_ready(&b"a\n"[..], Arc::default()).is_err());
    }
}
