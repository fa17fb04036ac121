//! A PostgreSQL server with a new, empty cluster.

use std::{
    env,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use super::find_program;
use crate::process::free_address;

/// Long, because it may have to recover first.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// initdb and postgres refuse to run as root.
const SYSTEM_USER: &str = "postgres";

/// How the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// SIGINT: transactions are aborted, connections are closed.
    Fast,
    /// SIGKILL of its first process; the others end by themselves. It recovers at the next start.
    Kill,
}

/// Stopped and removed when dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    as_user: Option<(u32, u32)>,
    folder: TempDir,
    address: SocketAddr,
    password: String,
    child: Option<Child>,
}

impl Postgres {
    /// The folder of initdb and postgres: `POSTGRES_BIN`, the newest of Debian's, or the one in `PATH`.
    ///
    /// # Errors
    /// PostgreSQL is not installed.
    pub fn programs() -> anyhow::Result<PathBuf> {
        let has_initdb = |folder: &PathBuf| folder.join("initdb").is_file();
        let named = env::var_os("POSTGRES_BIN").map(PathBuf::from);
        let debian = || {
            let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
            let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
            versions.map(|version| version.path()).max_by_key(number).map(|version| version.join("bin"))
        };
        let in_path = || find_program("initdb", &[]).and_then(|program| program.parent().map(Path::to_owned));
        let found = named.filter(has_initdb).or_else(|| debian().filter(has_initdb)).or_else(in_path);
        found.context("PostgreSQL is missing")
    }

    /// Creates a cluster and starts it on a free port of 127.0.0.1. `fsync` stays on, as administrators have it.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let programs = Self::programs()?;
        let as_user = system_user()?;
        let folder = tempfile::Builder::new().prefix("parlor-faults-postgres-").tempdir()?;
        let password = format!("{:032x}", rand::random::<u128>());
        // Nobody else can look into the folder.
        let password_file = folder.path().join("password");
        fs::write(&password_file, &password)?;
        if let Some((user, group)) = as_user {
            let mut chown = Command::new("chown");
            let status = chown.args(["-R", &format!("{user}:{group}")]).arg(folder.path()).status()?;
            ensure!(status.success(), "chown failed");
        }
        let mut postgres = Self { programs, as_user, folder, address: free_address()?, password, child: None };
        let mut command = postgres.command("initdb");
        command.arg("--pgdata").arg(postgres.data()).arg("--pwfile").arg(&password_file);
        command.args(["--username=parlor", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        let output = command.arg("--no-instructions").output().context("starting initdb")?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        postgres.restart()?;
        Ok(postgres)
    }

    /// Its address, with a database that exists.
    pub fn url(&self) -> String {
        format!("postgres://parlor:{}@{}/postgres", self.password, self.address)
    }

    /// Starts it again on the same port and data, and waits until it accepts connections.
    ///
    /// # Errors
    /// It does not accept connections in time.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "PostgreSQL runs already");
        let begun = Instant::now();
        // After a kill, the remaining processes hold the shared memory for a moment.
        while begun.elapsed() < READY_TIMEOUT {
            let log = File::create(self.log())?;
            let mut command = self.command("postgres");
            command.arg("-D").arg(self.data()).args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
            command.args(["-c", &format!("port={}", self.address.port()), "-c", "unix_socket_directories="]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            let child = self.child.insert(command.spawn().context("starting postgres")?);
            while begun.elapsed() < READY_TIMEOUT && child.try_wait()?.is_none() {
                if fs::read_to_string(self.folder.path().join("log"))?.contains("ready to accept connections") {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            self.end_child();
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("PostgreSQL was not ready within {READY_TIMEOUT:?}: {}", fs::read_to_string(self.log())?)
    }

    /// Stops it, and waits for its end.
    ///
    /// # Errors
    /// It does not run, or does not end in time.
    pub fn stop(&mut self, how: Shutdown) -> anyhow::Result<()> {
        let mut child = self.child.take().context("PostgreSQL does not run")?;
        match how {
            Shutdown::Kill => child.kill()?,
            Shutdown::Fast => {
                let status = Command::new("kill").arg("-INT").arg(child.id().to_string()).status()?;
                ensure!(status.success(), "kill -INT failed");
            }
        }
        let begun = Instant::now();
        while begun.elapsed() < STOP_TIMEOUT {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = Some(child);
        bail!("PostgreSQL did not stop within {STOP_TIMEOUT:?}")
    }

    pub const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.as_user {
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
                command.arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(self.folder.path());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn end_child(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.is_running() && self.stop(Shutdown::Fast).is_err() {
            self.end_child();
        }
    }
}

/// Whom PostgreSQL runs as, if it cannot be the user of this process.
fn system_user() -> anyhow::Result<Option<(u32, u32)>> {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().context("starting id")?;
        ensure!(output.status.success(), "as root, a user named {SYSTEM_USER} is needed to run PostgreSQL");
        Ok(String::from_utf8(output.stdout)?.trim().parse::<u32>()?)
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((id(&["-u", SYSTEM_USER])?, id(&["-g", SYSTEM_USER])?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engines::Database;

    #[test]
    fn starts_again_after_each_way_to_end() {
        if Postgres::programs().is_err() {
            return;
        }
        let mut postgres = Postgres::start().unwrap();
        for how in [Shutdown::Fast, Shutdown::Kill] {
            let database = Database::create(&postgres.url()).unwrap();
            postgres.stop(how).unwrap();
            assert!(Database::create(&postgres.url()).is_err());
            postgres.restart().unwrap();
            drop(database);
        }
    }
}
