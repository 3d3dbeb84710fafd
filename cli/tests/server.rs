//! A `rad serve` in a child process, and a user with a home folder of their own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The program under test.
pub const RAD: &str = env!("CARGO_BIN_EXE_rad");

/// A server with its state in memory; it ends with the test.
pub struct Server {
    process: Child,
    /// Its root URL.
    pub url: String,
}

impl Server {
    /// Starts a server on a port of the system's choice and waits until it listens.
    pub fn start() -> Self {
        Self::on_engine("unix:///nonexistent/engine.sock")
    }

    /// Starts a server that runs containers on the engine at an address.
    pub fn on_engine(engine: &str) -> Self {
        let mut process = Command::new(RAD)
            .args(["serve", "--listen", "127.0.0.1:0", "--database", ":memory:"])
            .env("DOCKER_HOST", engine)
            .env("RADII_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().last().unwrap_or_default().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "the server does not say where it listens: {line:?}");
        Self { process, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A user of `rad`.
pub struct Rad {
    home: TempDir,
    url: Option<String>,
}

impl Rad {
    /// A user who works with the server at `url`.
    pub fn new(url: &str) -> Self {
        Self { home: tempfile::tempdir().unwrap(), url: Some(url.to_owned()) }
    }

    /// A user whose configuration file alone says where the server is.
    pub fn without_url() -> Self {
        Self { home: tempfile::tempdir().unwrap(), url: None }
    }

    /// Runs a command line that must succeed; returns standard output.
    #[track_caller]
    pub fn ok(&self, line: &str) -> String {
        let (code, stdout, stderr) = self.run(line);
        assert_eq!(code, 0, "`rad {line}` ended with {code}\n{stdout}{stderr}");
        stdout
    }

    /// Runs a command line that must end with an exit code; returns standard error. Nothing may be on standard output.
    #[track_caller]
    pub fn fails(&self, expected: i32, line: &str) -> String {
        let (code, stdout, stderr) = self.run(line);
        assert_eq!(code, expected, "`rad {line}` ended with {code}\n{stdout}{stderr}");
        assert_eq!(stdout, "", "`rad {line}` printed its failure as data");
        stderr
    }

    fn run(&self, line: &str) -> (i32, String, String) {
        self.run_words(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    /// Runs a call; returns exit code, standard output and standard error.
    pub fn run_words(&self, words: &[String]) -> (i32, String, String) {
        let mut command = Command::new(RAD);
        command.args(words).current_dir(self.home.path()).stdin(Stdio::null());
        command.env("HOME", self.home.path()).env_remove("RADII_CONFIG").env_remove("RADIUS_PREVIEW");
        match &self.url {
            Some(url) => command.env("RADII_URL", url),
            None => command.env_remove("RADII_URL"),
        };
        let answer = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (answer.status.code().unwrap_or(-1), text(answer.stdout), text(answer.stderr))
    }

    /// Writes a file into the folder that commands run in.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.home.path().join(name), text).unwrap();
    }

    /// The home folder, which is also the folder that commands run in.
    pub fn home(&self) -> &str {
        self.home.path().to_str().unwrap()
    }

    /// The text of the configuration file.
    pub fn config(&self) -> String {
        fs::read_to_string(self.config_path()).unwrap()
    }

    /// Replaces the configuration file.
    pub fn write_config(&self, text: &str) {
        fs::create_dir_all(self.config_path().parent().unwrap()).unwrap();
        fs::write(self.config_path(), text).unwrap();
    }

    fn config_path(&self) -> PathBuf {
        self.home.path().join(".rad/config.yaml")
    }
}
