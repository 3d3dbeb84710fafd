//! Ports for programs that are told where to listen.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context as _;

/// Below the range that Linux gives to whoever asks for any port, outgoing connections included (32768 and above, unless
/// it is told otherwise): a port that was found free here stays so until the program listens on it.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

static HANDED_OUT: AtomicU16 = AtomicU16::new(0);

/// Returns a port of this machine that nothing listens on, and that this process has not returned before.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    // Processes beside this one begin elsewhere.
    let begin = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default();
    for _ in 0..COUNT {
        let next = HANDED_OUT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (begin + next) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    None.context("no port of this machine is free")
}

/// Returns a free port as `host:port`.
///
/// # Errors
/// Those of [`free_port`].
pub fn free_address() -> anyhow::Result<String> {
    Ok(format!("127.0.0.1:{}", free_port()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_handed_out_is_not_handed_out_again_although_nobody_listens_there_yet() {
        let mut ports: Vec<u16> = (0..200).map(|_| free_port().unwrap()).collect();
        assert!(ports.iter().all(|port| (FIRST..FIRST + COUNT).contains(port)), "{ports:?}");
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 200);
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_passed_over() {
        let taken = free_port().unwrap();
        let _listener = TcpListener::bind(("127.0.0.1", taken.wrapping_add(1))).ok();
        assert_ne!(free_port().unwrap(), taken.wrapping_add(1));
    }
}
