//! Changes as Linux tells them.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use camino::Utf8Path;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::{Changes, is_of_authors};

/// An inotify instance, with a thread that reads from it as long as the process lives.
#[derive(Debug)]
pub(super) struct Inotify {
    descriptor: Arc<OwnedFd>,
    changes: Receiver<io::Result<()>>,
}

impl Inotify {
    pub(super) fn new() -> io::Result<Self> {
        let descriptor = Arc::new(inotify::init(CreateFlags::CLOEXEC)?);
        let (sender, changes) = mpsc::channel();
        let read = descriptor.clone();
        std::thread::Builder::new().name("changes".to_owned()).spawn(move || tell(&read, &sender))?;
        Ok(Self { descriptor, changes })
    }
}

/// Tells of changes until nobody listens.
fn tell(descriptor: &OwnedFd, listener: &Sender<io::Result<()>>) {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(descriptor, &mut buffer);
    loop {
        let told = match events.next() {
            Ok(event) => {
                let name = event.file_name().and_then(|name| name.to_str().ok());
                // Where events were lost, anything may have happened.
                if !event.events().contains(ReadFlags::QUEUE_OVERFLOW) && !name.is_some_and(is_of_authors) {
                    continue;
                }
                Ok(())
            }
            Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
        let was_last = told.is_err();
        if listener.send(told).is_err() || was_last {
            return;
        }
    }
}

impl Changes for Inotify {
    fn add(&mut self, folder: &Utf8Path) -> io::Result<()> {
        // Not every write: a file is news when it is closed.
        let kinds = WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&*self.descriptor, folder.as_std_path(), kinds)?;
        Ok(())
    }

    fn wait(&mut self, at_most: Option<Duration>) -> io::Result<bool> {
        let told = match at_most {
            Some(limit) => self.changes.recv_timeout(limit),
            None => self.changes.recv().map_err(RecvTimeoutError::from),
        };
        match told {
            Ok(told) => told.map(|()| true),
            Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("nobody tells of changes any more")),
        }
    }
}
