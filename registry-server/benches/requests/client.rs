//! A load generator that costs little: HTTP/1.1 over plain sockets.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request, ready to be sent.
#[derive(Clone)]
pub struct Request(Vec<u8>);

impl Request {
    pub fn get(path: &str) -> Request {
        Request(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes())
    }

    pub fn put(path: &str, body: &str) -> Request {
        let head = format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
        Request(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }
}

/// How much is asked at once, and in all.
#[derive(Clone, Copy)]
pub struct Load {
    pub connections: usize,
    pub requests: usize,
}

impl Load {
    /// Sends one request again and again; returns how long each took.
    pub async fn repeat(self, address: &str, request: &Request) -> io::Result<Vec<Duration>> {
        let request = request.clone();
        self.run(address, move |_| request.clone()).await
    }

    /// Sends the request of each number; returns how long each took.
    pub async fn run(
        self,
        address: &str,
        request: impl Fn(usize) -> Request + Clone + Send + 'static,
    ) -> io::Result<Vec<Duration>> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            let (next, request, address) = (Arc::clone(&next), request.clone(), address.to_owned());
            connections.spawn(async move {
                let mut stream = TcpStream::connect(&address).await?;
                stream.set_nodelay(true)?;
                let mut times = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= self.requests {
                        return Ok::<_, io::Error>(times);
                    }
                    let bytes = request(number).0;
                    let begun = Instant::now();
                    exchange(&mut stream, &bytes).await?;
                    times.push(begun.elapsed());
                }
            });
        }
        let mut all = Vec::with_capacity(self.requests);
        while let Some(times) = connections.join_next().await {
            all.extend(times.map_err(io::Error::other)??);
        }
        Ok(all)
    }
}

/// Sends one request on a connection of its own.
pub async fn once(address: &str, request: &Request) -> io::Result<()> {
    exchange(&mut TcpStream::connect(address).await?, &request.0).await
}

/// Sends one request as soon as somebody listens.
pub async fn first(address: &str, request: &Request) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match once(address, request).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_micros(500)).await;
            }
            other => return other,
        }
    }
}

/// Sends a request and reads the whole answer, which must be a success.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    let mut read = Vec::with_capacity(4_096);
    let (head, length) = loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break (end + 4, content_length(&read[..end]));
        }
    };
    while read.len() < head + length {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if read.starts_with(b"HTTP/1.1 2") {
        Ok(())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&read).into_owned()))
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:").map(|value| value.trim().to_owned()));
    line.and_then(|value| value.parse().ok()).unwrap_or(0)
}
