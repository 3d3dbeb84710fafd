//! Programs that drivers run: without the server's own variables, with bounded output, in a process group of their
//! own, and told to end before they are killed.

mod output;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use radii_runtime::recipe::Cancel;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

use output::{Ends, Spool, TooMuch, WHOLE_LIMIT};

pub use output::Output;

/// How long a program that was told to end may take.
const FAREWELL: Duration = Duration::from_secs(20);
/// How long output may still come when the program has ended, from whoever it left behind.
const REMAINDER: Duration = Duration::from_secs(2);
/// The file that names the process which works in a directory.
const PROCESS: &str = ".process";
/// Variables of the server that programs need.
const INHERITED: [&str; 19] = [
    "PATH",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "KUBECONFIG",
    "TF_PLUGIN_CACHE_DIR",
    // Repositories that are reached over SSH: the operator's agent, and how `ssh` is called.
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "SystemRoot",
];

/// Why a program gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// Which program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its end could not be awaited.
    #[error("cannot wait for `{program}`")]
    Wait {
        /// Which program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was told to end.
    #[error("`{program}` was canceled")]
    Canceled {
        /// Which program.
        program: PathBuf,
    },
    /// It took too long.
    #[error("`{program}` did not end within {seconds} s and was stopped")]
    TimedOut {
        /// Which program.
        program: PathBuf,
        /// How long it was given.
        seconds: u64,
    },
    /// It printed more than anybody can use.
    #[error("`{program}` printed more than {limit} bytes")]
    TooMuch {
        /// Which program.
        program: PathBuf,
        /// How much may be.
        limit: usize,
    },
}

/// A program with its surroundings.
pub struct Tool {
    program: PathBuf,
    directory: PathBuf,
    env: Vec<(String, String)>,
    limits: Limits,
}

/// How long a program may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until it is told to end.
    pub run: Duration,
    /// From then until it is killed.
    pub farewell: Duration,
}

impl Limits {
    /// Returns the usual patience with a program that runs for at most `run`.
    pub fn new(run: Duration) -> Self {
        Self { run, farewell: FAREWELL }
    }
}

/// How a program ended.
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// The beginning and the end of what it said on standard error.
    pub stderr: String,
}

impl Tool {
    /// Returns a program that will run in a directory.
    pub fn new(program: &Path, directory: &Path, limits: Limits) -> Self {
        let inherited = INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        Self { program: program.to_owned(), directory: directory.to_owned(), env: inherited.collect(), limits }
    }

    /// Sets a variable.
    pub fn env(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.env.retain(|(known, _)| *known != name);
        self.env.push((name, value.into()));
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    /// When it cannot be started, is canceled, takes too long or prints too much. An exit status other than zero is
    /// no error here.
    pub async fn run<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        output: Output<'_>,
        cancel: &Cancel,
    ) -> Result<Ended, Error> {
        let _hold = cancel.hold();
        let failed = |source| Error::Start { program: self.program.clone(), source };
        let (stdout, stderr) =
            (Spool::within(&self.directory).map_err(failed)?, Spool::within(&self.directory).map_err(failed)?);
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.directory).env_clear().envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).kill_on_drop(true).process_group(0);
        command.stdout(stdout.entrance().map_err(failed)?).stderr(stderr.entrance().map_err(failed)?);
        let mut child = command.spawn().map_err(failed)?;
        let group = Group::of(&child);
        self.note(&child);
        let mut ends = Ends::default();
        let mut reading =
            Box::pin(async { tokio::try_join!(stdout.read(output), stderr.read_ends(&mut ends)).map(|_| ()) });
        let (status, read) = {
            let waiting = self.wait(&mut child, &group, cancel);
            tokio::pin!(waiting);
            tokio::select! {
                status = &mut waiting => (status, None),
                // Nobody reads any more before the end only where it was too much.
                read = &mut reading => {
                    group.kill();
                    (waiting.await, Some(read))
                }
            }
        };
        // Whatever it left behind says nothing more, and keeps the machine busy no longer.
        group.kill();
        stdout.close();
        stderr.close();
        let read = match read {
            Some(read) => Some(read),
            None => tokio::time::timeout(REMAINDER, &mut reading).await.ok(),
        };
        if let Some(Err(TooMuch)) = read {
            return Err(Error::TooMuch { program: self.program.clone(), limit: WHOLE_LIMIT });
        }
        let status = status?;
        drop(reading);
        Ok(Ended { status, stderr: ends.into_text() })
    }

    /// Writes down which process works in the directory, for whoever finds it abandoned.
    fn note(&self, child: &Child) {
        let id = child.id().unwrap_or_default();
        if let Err(error) = std::fs::write(self.directory.join(PROCESS), id.to_string()) {
            tracing::warn!("Cannot note the process of `{}`: {error}", self.program.display());
        }
    }

    /// Waits for the end, and brings it about when it is asked for or overdue.
    async fn wait(&self, child: &mut Child, group: &Group, cancel: &Cancel) -> Result<ExitStatus, Error> {
        let program = self.program.clone();
        let error = tokio::select! {
            status = child.wait() => return status.map_err(|source| Error::Wait { program, source }),
            () = cancel.cancelled() => Error::Canceled { program },
            () = tokio::time::sleep(self.limits.run) => Error::TimedOut { program, seconds: self.limits.run.as_secs() },
        };
        group.interrupt();
        let _ = tokio::time::timeout(self.limits.farewell, child.wait()).await;
        Err(error)
    }
}

/// Ends the program that still works in a directory although nobody waits for it any more: it is told to, and killed
/// with its own once it `has_saved` all that is of use, or after `farewell`.
pub async fn end_abandoned(directory: &Path, farewell: Duration, has_saved: impl Fn() -> bool) {
    let noted = std::fs::read_to_string(directory.join(PROCESS)).ok();
    let process = noted.and_then(|text| Pid::from_raw(text.trim().parse().ok()?));
    let Some(process) = process.filter(|process| works_in(*process, directory)) else { return };
    let group = Group(Some(process));
    group.interrupt();
    let until = tokio::time::Instant::now() + farewell;
    while works_in(process, directory) && !has_saved() && tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The group is killed when it is dropped here, what the program left behind included.
}

/// Whether a process is there and works in a directory: numbers are given to others again.
fn works_in(process: Pid, directory: &Path) -> bool {
    let process = process.as_raw_nonzero();
    let place = std::fs::read_link(format!("/proc/{process}/cwd"));
    place.is_ok_and(|place| std::fs::canonicalize(directory).is_ok_and(|directory| place == directory))
}

/// The processes that a program started, itself included; killed when nobody waits any more.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Tells the program alone, which then tells its own.
    fn interrupt(&self) {
        if let Some(leader) = self.0 {
            let _ = kill_process(leader, Signal::INT);
        }
    }

    fn kill(&self) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the first of the named programs that `PATH` has.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()))
}

#[cfg(test)]
mod tests {
    use super::output::{ERROR_LIMIT, LINE_LIMIT};
    use super::*;

    fn shell(limit: Duration) -> Tool {
        Tool::new(Path::new("/bin/sh"), &std::env::temp_dir(), Limits::new(limit))
    }

    async fn run(script: &str, limit: Duration, cancel: &Cancel) -> (Result<Ended, Error>, Vec<String>) {
        let mut lines = Vec::new();
        let mut each = |line: &str| lines.push(line.to_owned());
        let result = shell(limit).run(&["-c", script], Output::Lines(&mut each), cancel).await;
        (result, lines)
    }

    #[tokio::test]
    async fn lines_and_errors_are_read_and_the_status_is_told() {
        let script = "echo one; echo two; echo oh >&2; exit 3";
        let (ended, lines) = run(script, Duration::from_secs(30), &Cancel::default()).await;
        let ended = ended.unwrap();
        assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(3), "oh\n"));
        assert_eq!(lines, ["one", "two"]);
    }

    #[tokio::test]
    async fn a_flood_is_read_but_not_kept() {
        let script = "yes abcdefghijklmnopqrstuvwxyz | head -c 100000000 >&2; echo end >&2";
        let (ended, _) = run(script, Duration::from_secs(60), &Cancel::default()).await;
        let text = ended.unwrap().stderr;
        assert!(text.len() < 3 * ERROR_LIMIT && text.ends_with("end\n") && text.contains('…'), "{}", text.len());
        let endless_line = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo after";
        let (_, lines) = run(endless_line, Duration::from_secs(60), &Cancel::default()).await;
        assert_eq!((lines.len(), lines[0].len(), lines[1].as_str()), (2, LINE_LIMIT, "after"));
    }

    #[tokio::test]
    async fn too_much_of_what_must_be_whole_is_an_error() {
        let mut kept = Vec::new();
        let tool = shell(Duration::from_secs(60));
        let arguments = ["-c", "head -c 70000000 /dev/zero"];
        let result = tool.run(&arguments, Output::Whole(&mut kept), &Cancel::default()).await;
        assert!(matches!(result, Err(Error::TooMuch { .. })));
    }

    #[tokio::test]
    async fn what_hangs_is_interrupted_and_leaves_nothing_running() {
        let marker = tempfile::tempdir().unwrap();
        let file = marker.path().join("interrupted");
        let script = format!("trap 'echo yes > {}; exit 1' INT; (sleep 1000 & echo $! ; wait)", file.display());
        let cancel = Cancel::default();
        let (result, lines) = {
            let running = run(&script, Duration::from_millis(300), &cancel);
            running.await
        };
        assert!(matches!(result, Err(Error::TimedOut { .. })));
        let sleeper: i32 = lines[0].parse().unwrap();
        let alive = || rustix::process::test_kill_process(Pid::from_raw(sleeper).unwrap()).is_ok();
        // The kernel needs a moment to bury it, and whoever adopted it to notice.
        for _ in 0..200 {
            if !alive() || is_zombie(sleeper) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a process of the group still runs");
    }

    fn is_zombie(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z"))
    }

    #[tokio::test]
    async fn an_abandoned_program_is_told_to_end_and_may_write_down_how_far_it_came() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'echo saved > state; exit 1' INT; echo ready > ready; while :; do sleep 0.05; done";
        // Whoever runs the tests in the background has them ignore interruptions, which no shell takes back for itself.
        let tool = Tool::new(Path::new("/usr/bin/env"), folder.path(), Limits::new(Duration::from_secs(100)));
        let mut ignore = |_: &str| {};
        let (arguments, cancel) = (["--default-signal=INT", "sh", "-c", script], Cancel::default());
        let running = tool.run(&arguments, Output::Lines(&mut ignore), &cancel);
        let ending = async {
            while !folder.path().join("ready").exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            end_abandoned(folder.path(), Duration::from_secs(20), || false).await;
        };
        let (ended, ()) = tokio::join!(running, ending);
        assert!(!ended.unwrap().status.success());
        assert_eq!(std::fs::read_to_string(folder.path().join("state")).unwrap(), "saved\n");
        // A process of that number that works elsewhere is somebody else's.
        std::fs::write(folder.path().join(PROCESS), std::process::id().to_string()).unwrap();
        end_abandoned(folder.path(), Duration::from_secs(20), || false).await;
    }

    #[tokio::test]
    async fn who_cancels_knows_that_somebody_needs_time() {
        let cancel = Cancel::default();
        let running = run("sleep 1000", Duration::from_secs(1000), &cancel);
        tokio::pin!(running);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut running).await.is_err());
        assert!(cancel.is_held());
        cancel.cancel();
        assert!(matches!(running.await.0, Err(Error::Canceled { .. })));
        assert!(!cancel.is_held());
    }
}
