//! What a program prints, read while it runs.
//!
//! Programs print into files without a name rather than into pipes: a server that dies takes its end of a pipe along,
//! and the program dies of SIGPIPE at the next thing that it says. Terraform would then have made resources of which
//! it could write down nothing.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Longest line that is looked at; the rest of it is dropped.
pub(super) const LINE_LIMIT: usize = 256 * 1024;
/// How much of the standard error is kept: so much from the beginning, and so much from the end.
pub(super) const ERROR_LIMIT: usize = 16 * 1024;
/// Most output that is kept as a whole.
pub(super) const WHOLE_LIMIT: usize = 64 * 1024 * 1024;
/// How long the reader waits for more.
const PACE: Duration = Duration::from_millis(20);
/// How much is read at a time.
const PIECE: usize = 64 * 1024;
/// How much was read when its place on the disk is given back.
const SPENT: u64 = 4 * 1024 * 1024;

/// What happens to the standard output.
pub enum Output<'a> {
    /// Each line is handed over; overlong ones are cut.
    Lines(&'a mut (dyn FnMut(&str) + Send)),
    /// Everything is kept.
    Whole(&'a mut Vec<u8>),
}

/// It was more than is kept.
#[derive(Debug)]
pub(super) struct TooMuch;

/// What a program prints into, and its server reads from.
pub(super) struct Spool {
    file: File,
    /// Whether nothing more will come.
    is_over: AtomicBool,
}

impl Spool {
    /// Makes one on the disk of a directory, in which it has no name.
    pub fn within(directory: &Path) -> std::io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(directory)?, is_over: AtomicBool::new(false) })
    }

    /// Where the program writes.
    pub fn entrance(&self) -> std::io::Result<Stdio> {
        self.file.try_clone().map(Stdio::from)
    }

    /// Says that nothing more will come than what is there.
    pub fn close(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Reads standard output to its end.
    pub async fn read(&self, output: Output<'_>) -> Result<(), TooMuch> {
        match output {
            Output::Whole(kept) => {
                self.follow(|bytes| {
                    kept.extend_from_slice(bytes);
                    if kept.len() > WHOLE_LIMIT { Err(TooMuch) } else { Ok(()) }
                })
                .await
            }
            Output::Lines(each) => {
                let mut line = Line::default();
                let read = self.follow(|bytes| {
                    line.push(bytes, each);
                    Ok(())
                });
                read.await?;
                line.finish(each);
                Ok(())
            }
        }
    }

    /// Reads standard error to its end.
    pub async fn read_ends(&self, ends: &mut Ends) -> Result<(), TooMuch> {
        self.follow(|bytes| {
            ends.push(bytes);
            Ok(())
        })
        .await
    }

    async fn follow(&self, mut each: impl FnMut(&[u8]) -> Result<(), TooMuch>) -> Result<(), TooMuch> {
        let mut buffer = vec![0; PIECE];
        let (mut at, mut kept_from) = (0, 0);
        loop {
            // Asked first: what is written between the question and the reading is read the next time.
            let is_over = self.is_over.load(Ordering::Acquire);
            // The position of the file itself is the program's.
            match self.file.read_at(&mut buffer, at) {
                Ok(count @ 1..) => {
                    each(&buffer[..count])?;
                    at += count as u64;
                    if at - kept_from >= SPENT {
                        give_back(&self.file, kept_from, at - kept_from);
                        kept_from = at;
                    }
                    tokio::task::yield_now().await;
                }
                Ok(0) if !is_over => tokio::time::sleep(PACE).await,
                _ => return Ok(()),
            }
        }
    }
}

/// Gives the disk back what was read, so that a program that floods its output does not fill it. A file system that
/// cannot do that keeps it until the program has ended.
fn give_back(file: &File, from: u64, length: u64) {
    use rustix::fs::{FallocateFlags, fallocate};
    let _ = fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, from, length);
}

/// A line that is not whole yet.
#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    fn push(&mut self, bytes: &[u8], each: &mut (dyn FnMut(&str) + Send)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_LIMIT.saturating_sub(self.0.len());
            self.0.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                each(String::from_utf8_lossy(&self.0).trim_end());
                self.0.clear();
            }
        }
    }

    fn finish(self, each: &mut (dyn FnMut(&str) + Send)) {
        if !self.0.is_empty() {
            each(String::from_utf8_lossy(&self.0).trim_end());
        }
    }
}

/// The beginning and the end of a long text.
#[derive(Default)]
pub(super) struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: bool,
}

impl Ends {
    pub fn push(&mut self, bytes: &[u8]) {
        let room = ERROR_LIMIT - self.head.len();
        let (head, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(rest);
        if self.tail.len() > 2 * ERROR_LIMIT {
            let surplus = self.tail.len() - ERROR_LIMIT;
            self.tail.drain(..surplus);
            self.dropped = true;
        }
    }

    pub fn into_text(mut self) -> String {
        if self.tail.len() > ERROR_LIMIT {
            self.tail.drain(..self.tail.len() - ERROR_LIMIT);
            self.dropped = true;
        }
        let between = if self.dropped { "\n…\n" } else { "" };
        format!("{}{between}{}", String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&self.tail))
    }
}
