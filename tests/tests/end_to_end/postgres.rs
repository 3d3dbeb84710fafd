//! A PostgreSQL server for one test, which can be stopped and started like any other machine's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A server with a folder of its own; gone with the test.
pub struct Postgres {
    folder: PathBuf,
    /// The address to connect to.
    pub url: String,
}

fn script(name: &str, arguments: &[&str]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres").join(name);
    Command::new(path).args(arguments).output().expect("the script of the repository runs")
}

impl Postgres {
    /// Starts a server; `None`, with the reason printed, where there can be none.
    pub fn start() -> Option<Postgres> {
        let folder = std::env::temp_dir().join(format!("radii-replicas-{}", std::process::id()));
        let shown = folder.display().to_string();
        let output = script("start", &[&shown, &std::process::id().to_string()]);
        if !output.status.success() {
            eprintln!("SKIPPED: no PostgreSQL here: {}", String::from_utf8_lossy(&output.stderr).trim());
            return None;
        }
        let said = String::from_utf8(output.stdout).expect("an address is text");
        Some(Postgres { folder, url: said.lines().last().expect("it says where it is").to_owned() })
    }

    /// Ends the server without letting it finish anything, and starts it again.
    pub fn crash_and_restart(&self) {
        let shown = self.folder.display().to_string();
        assert!(script("stop", &[&shown, "immediate", "keep"]).status.success());
        let output = script("start", &[&shown]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Cuts every connection, in the middle of whatever is in progress; the server goes on.
    pub fn cut(&self) {
        let output = script("cut", &[&self.folder.display().to_string()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Ends the server in good order, which ends every connection, and starts it again.
    pub fn restart(&self) {
        let shown = self.folder.display().to_string();
        assert!(script("stop", &[&shown, "fast", "keep"]).status.success());
        let output = script("start", &[&shown]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(script("stop", &[&self.folder.display().to_string(), "immediate"]));
    }
}
