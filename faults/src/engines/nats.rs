//! A NATS server. Its messages are lost when it stops, which the servers have to bear.

use std::{
    env,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use super::find_program;
use crate::process::free_address;

const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// Killed when dropped.
#[derive(Debug)]
pub struct Nats {
    program: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
}

impl Nats {
    /// `NATS_SERVER`, or the installed one. Debian's is in a folder that is not in everyone's `PATH`.
    ///
    /// # Errors
    /// None is installed.
    pub fn program() -> anyhow::Result<PathBuf> {
        let named = env::var_os("NATS_SERVER").map(PathBuf::from).filter(|program| program.is_file());
        named
            .or_else(|| find_program("nats-server", &["/usr/sbin", "/usr/local/sbin"]))
            .context("nats-server is missing")
    }

    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let mut nats = Self { program: Self::program()?, address: free_address()?, child: None };
        nats.restart()?;
        Ok(nats)
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it again on the same port.
    ///
    /// # Errors
    /// It does not accept connections in time.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "NATS runs already");
        let mut command = Command::new(&self.program);
        command.args(["--addr", &self.address.ip().to_string(), "--port", &self.address.port().to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = self.child.insert(child.context("starting nats-server")?);
        let begun = Instant::now();
        while begun.elapsed() < READY_TIMEOUT {
            if let Some(status) = child.try_wait()? {
                self.child = None;
                bail!("nats-server ended: {status}");
            }
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("nats-server was not ready within {READY_TIMEOUT:?}")
    }

    /// Kills it (SIGKILL), if it runs.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub const fn is_running(&self) -> bool {
        self.child.is_some()
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
