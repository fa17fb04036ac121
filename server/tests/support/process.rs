//! The real binary.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::store;

/// The binary as a child process; killed when dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub fn start_with(folder: &Path, flags: &[&str]) -> Self {
        let store =
            if flags.contains(&"--store") { Vec::new() } else { vec!["--store".into(), store::address(folder)] };
        let mut child = Command::new(env!("CARGO_BIN_EXE_parlor"))
            .args(["--addr", "127.0.0.1:0", "--data"])
            .arg(folder)
            .args(store)
            .args(flags)
            .env_remove("PARLOR_ADDR")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().trim().parse().unwrap();
        Self { child, address }
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Memory that it holds, in bytes. Where there is no /proc, 0.
    pub fn resident(&self) -> u64 {
        resident(&self.child.id().to_string())
    }

    /// Sends it a signal, such as `STOP` and `CONT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Asks it to stop, as a service manager would; the time it took.
    pub fn terminate(mut self) -> Duration {
        let begun = Instant::now();
        self.signal("TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        begun.elapsed()
    }
}

/// Memory that a process holds, in bytes; `self` for this one. Where there is no /proc, 0: a test then checks the rest.
pub fn resident(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1_024
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
