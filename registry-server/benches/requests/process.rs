//! The server as a process of its own, and what the kernel says of it.

use std::cell::Cell;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server; killed when dropped.
pub struct Served {
    process: Child,
    pub address: String,
    last: Cell<(Duration, Instant)>,
}

impl Served {
    /// Starts the server at an address that was free a moment ago, and waits for nothing.
    pub fn start(database: &Path) -> io::Result<Served> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut command = Command::new(std::env::current_exe()?);
        let process = command.arg("--serve").arg(database).arg(&address).stdout(Stdio::null()).spawn()?;
        Ok(Served { process, address, last: Cell::new((Duration::ZERO, Instant::now())) })
    }

    /// Returns the CPU time used, and the time passed, since this was last asked.
    pub fn since_last(&self) -> (Duration, Duration) {
        let (cpu, now) = (self.cpu(), Instant::now());
        let (cpu_before, before) = self.last.replace((cpu, now));
        (cpu.saturating_sub(cpu_before), now - before)
    }

    pub fn resident_kilobytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:").map(str::to_owned));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// User and system time of all threads.
    fn cpu(&self) -> Duration {
        // To the nanosecond, but for threads that have ended; in hundredths of a second for all.
        self.running().max(self.counted())
    }

    fn running(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id()));
        let nanoseconds = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    fn counted(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|value| value.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
