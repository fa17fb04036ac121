//! Facts about processes and the machine. Available on Linux only.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

/// CPU share above which a load generator is the bottleneck.
pub const BUSY: f64 = 0.7;

/// Load average before a measurement above which the machine counts as busy.
const OTHER_WORK: f64 = 0.5;

/// Open files needed besides those of the clients.
const SPARE_FILES: u64 = 200;

/// Raises the limit on open files. Returns how many of the wanted sockets it allows, and the limit.
pub fn sockets(wanted: usize) -> anyhow::Result<(usize, u64)> {
    let files = rlimit::increase_nofile_limit(wanted as u64 + SPARE_FILES).context("raising the open files limit")?;
    let count = wanted.min(usize::try_from(files.saturating_sub(SPARE_FILES))?);
    ensure!(count > 0, "the system allows only {files} open files");
    Ok((count, files))
}

/// [`sockets`], but fails if fewer than wanted are allowed.
pub fn all_sockets(wanted: usize) -> anyhow::Result<()> {
    let (count, files) = sockets(wanted)?;
    ensure!(count == wanted, "{wanted} sockets are needed, and the system allows only {files} open files");
    Ok(())
}

/// Resident memory of a process, in KiB.
pub fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("reading the server's memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).context("no VmRSS in /proc")
}

/// CPU usage of a process since the creation of this value.
pub struct Busy {
    pid: u32,
    since: Instant,
    before: Option<f64>,
}

impl Busy {
    /// Starts measuring a process.
    pub fn of(pid: u32) -> Self {
        Self { pid, since: Instant::now(), before: processor_seconds(pid) }
    }

    /// Share of one core used, if known.
    pub fn share(&self) -> Option<f64> {
        let elapsed = self.since.elapsed().max(Duration::from_millis(1)).as_secs_f64();
        Some((processor_seconds(self.pid)? - self.before?) / elapsed)
    }
}

/// Describes the CPU usage of both sides, with a warning if the load generator was the bottleneck.
pub fn describe_load(server: &Busy, generator: &Busy) -> String {
    match (server.share(), generator.share()) {
        (Some(server), Some(generator)) => {
            let warning =
                if generator > BUSY { " (**too busy**: the figures partly measure the generator)" } else { "" };
            format!("server {:.0} %, generator {:.0} % of a core{warning}", server * 100.0, generator * 100.0)
        }
        _ => "processor time not known without /proc".into(),
    }
}

/// CPU time (user and system) of all threads of a process, including ended ones, if known.
pub fn processor_seconds(pid: u32) -> Option<f64> {
    #[cfg(target_os = "linux")]
    {
        // In nanoseconds; /proc/PID/stat has hundredths of a second.
        let clock = nix::time::ClockId::pid_cpu_clock_id(nix::unistd::Pid::from_raw(i32::try_from(pid).ok()?)).ok()?;
        Some(std::time::Duration::from(clock.now().ok()?).as_secs_f64())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = pid;
        None
    }
}

/// Pins the calling thread, and the threads and processes that it starts from now on, to one core.
#[cfg(target_os = "linux")]
pub fn pin_to(core: usize) -> anyhow::Result<()> {
    let mut cores = nix::sched::CpuSet::new();
    cores.set(core).with_context(|| format!("there is no core {core}"))?;
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &cores)
        .with_context(|| format!("pinning to core {core}"))
}

/// Load average over the last minute, if known.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Number of cores available to this process.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Describes the machine and its load before the measurement in one line.
pub fn describe(binary: &Path, load_before: Option<f64>) -> String {
    let cores = cores();
    let cpu = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| value_of(&text, "model name", ':'));
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| value_of(&text, "MemTotal", ':'));
    let memory = memory.and_then(|text| text.strip_suffix("kB")?.trim().parse::<u64>().ok());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let files = file_system(&data_parent(binary)).unwrap_or_else(|| "unknown".into());
    let mut parts = vec![format!("{cores} cores"), cpu.unwrap_or_else(|| std::env::consts::ARCH.into())];
    parts.extend(memory.map(|kib| format!("{:.0} GiB memory", kib as f64 / 1_048_576.0)));
    parts.push(format!("{} {}", std::env::consts::OS, kernel.trim()).trim().into());
    parts.push(format!("data on {files}"));
    let busy = match load_before {
        Some(load) if load > OTHER_WORK => format!(" **It was busy with other work** (load average {load:.1})."),
        _ => String::new(),
    };
    format!("Measured on: {}; server and load generator share it, over loopback.{busy}", parts.join(", "))
}

/// Parent of data folders: the binary's folder, because the temporary folder is often in memory, where a commit costs
/// nothing.
pub fn data_parent(binary: &Path) -> std::path::PathBuf {
    let folder = binary.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let writable = tempfile::tempfile_in(folder).is_ok();
    if writable { folder.to_owned() } else { std::env::temp_dir() }
}

fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let fitting = mounts.filter(|(at, _)| path.starts_with(at));
    fitting.max_by_key(|(at, _)| at.len()).map(|(_, kind)| kind.to_owned())
}

fn value_of(text: &str, key: &str, separator: char) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(separator).map(|(_, value)| value.trim().to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_its_own_process() {
        assert!(resident_kib(std::process::id()).unwrap() > 100);
        let busy = Busy::of(std::process::id());
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {}
        assert!(busy.share().unwrap() > 0.05);
        assert!(resident_kib(u32::MAX).is_err());
    }

    #[test]
    fn describes_the_machine() {
        let line = describe(Path::new("parlor"), Some(0.1));
        assert!(line.contains("cores") && line.contains("linux") && !line.contains("busy"), "{line}");
        assert!(describe(Path::new("parlor"), Some(3.0)).contains("busy"));
    }
}
