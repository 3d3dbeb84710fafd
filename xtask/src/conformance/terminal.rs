//! Calls on a terminal, by way of `script`.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::compare::Ran;

/// Whether calls can run on a terminal here.
pub fn is_available() -> bool {
    Command::new("script").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Runs a command on a terminal, and types `keys` when its prompt stands.
pub fn run(mut command: Command, keys: &[String], patience: Duration) -> std::io::Result<Ran> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let shown = Arc::new(Mutex::new(String::new()));
    let reader = {
        let (mut stdout, shown) = (child.stdout.take().expect("standard output is piped"), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = stdout.read(&mut chunk) {
                shown.lock().expect("no holder of the lock panics").push_str(&String::from_utf8_lossy(&chunk[..read]));
            }
        })
    };
    let end = Instant::now() + patience;
    let mut stdin = child.stdin.take().expect("standard input is piped");
    for keys in keys {
        if wait_for_prompt(&mut child, &shown, end)? {
            stdin.write_all(keys.as_bytes())?;
            stdin.flush()?;
        }
    }
    let mut ran = Ran::default();
    ran.exit = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        if Instant::now() > end {
            ran.timed_out = true;
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    drop(stdin);
    let _ = reader.join();
    ran.stdout = shown.lock().expect("no holder of the lock panics").clone();
    Ok(ran)
}

/// Waits until something that looks like a question stands still; `false` when the program ended before.
fn wait_for_prompt(child: &mut Child, shown: &Mutex<String>, end: Instant) -> std::io::Result<bool> {
    let (mut before, mut since) = (0, Instant::now());
    loop {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        let text = shown.lock().expect("no holder of the lock panics");
        if text.len() != before {
            (before, since) = (text.len(), Instant::now());
        }
        let is_still = text.contains('?') && since.elapsed() > Duration::from_millis(250);
        drop(text);
        if is_still || Instant::now() > end {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
