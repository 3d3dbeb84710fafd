//! The program under test: built once, started and killed at will.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Returns the path of `rad`, after building it; `RADII_RAD` names one that is built already.
pub fn rad() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| std::env::var_os("RADII_RAD").map_or_else(build, PathBuf::from))
}

/// Cargo tells a test only about programs of its own crate, so this asks for the other crate's.
fn build() -> PathBuf {
    let this = std::env::current_exe().expect("a test has a path");
    // This test is `PROFILE/deps/end_to_end-…`; programs are in `PROFILE`.
    let folder = this.ancestors().nth(2).expect("tests are built below a profile's folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "radii-cli", "--bin", "rad", "--profile", profile])
        .status();
    assert!(built.expect("cargo runs").success(), "`rad` cannot be built");
    folder.join("rad")
}

/// A running `rad serve`; killed when dropped.
pub struct Server {
    process: Child,
    /// Where it listens, such as `http://127.0.0.1:40000`.
    pub url: String,
}

impl Server {
    /// Starts a server on a database file and waits until it listens.
    pub fn start(database: &Path) -> Server {
        Self::start_on(database.as_os_str(), &database.with_extension("log"), &["--lease", "1"].map(OsStr::new))
    }

    /// Starts a server on any database, with a log and further arguments.
    pub fn start_on(database: &OsStr, log: &Path, more: &[&OsStr]) -> Server {
        let path = log;
        let log = std::fs::File::options().create(true).append(true).open(path).expect("the test's folder is writable");
        let mut process = Command::new(rad())
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(database)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("`rad` starts");
        let said = process.stdout.take().expect("standard output is piped");
        let address = BufReader::new(said).lines().map_while(Result::ok).find_map(|line| {
            let at = line.find("http://")?;
            line[at..].split_whitespace().next().map(str::to_owned)
        });
        let Some(url) = address else {
            let log = std::fs::read_to_string(path).unwrap_or_default();
            panic!("the server ended before it listened:\n{log}");
        };
        Server { process, url }
    }

    /// Ends the process as `kill -9` does: without a chance to finish anything.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
