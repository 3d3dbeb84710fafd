//! Probes, asked from the host: engines store health checks, but not every engine runs them.

use std::net::SocketAddr;
use std::time::Duration;

use bollard::Docker;
use bollard::exec::StartExecResults;
use bollard::models::{ContainerInspectResponse, ExecConfig};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::document::{HttpGet, Probe};

/// How long a TCP connection must stay open to count: proxies of engines accept for containers that do not listen.
const TCP_HOLDS: Duration = Duration::from_millis(200);

/// Asks a probe's question once; the error says what was wrong.
pub async fn ask(client: &Docker, inspected: &ContainerInspectResponse, probe: &Probe) -> Result<(), String> {
    let limit = Duration::from_secs_f64(probe.timeout_seconds.clamp(0.1, 3600.0));
    let asked = async {
        if let Some(get) = &probe.http_get {
            http(reach(inspected, get.port)?, get).await
        } else if let Some(tcp) = &probe.tcp_socket {
            connect(reach(inspected, tcp.port)?).await
        } else if let Some(exec) = &probe.exec {
            execute(client, inspected.id.as_deref().unwrap_or_default(), &exec.command).await
        } else {
            Ok(())
        }
    };
    timeout(limit, asked).await.unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs_f64())))
}

/// Returns where a container's port is reached: where it is published, else at the container's own address.
fn reach(inspected: &ContainerInspectResponse, port: u16) -> Result<SocketAddr, String> {
    let settings = inspected.network_settings.as_ref().ok_or("the container has no network")?;
    let key = format!("{port}/tcp");
    let binding = settings
        .ports
        .iter()
        .flatten()
        .find(|(name, _)| **name == key)
        .and_then(|(_, bindings)| bindings.as_ref()?.first());
    if let Some(number) = binding.and_then(|binding| binding.host_port.as_ref()?.parse::<u16>().ok()) {
        return Ok(SocketAddr::from(([127, 0, 0, 1], number)));
    }
    let mut networks: Vec<_> = settings.networks.iter().flatten().collect();
    networks.sort_by_key(|(name, _)| name.as_str());
    networks
        .iter()
        .find_map(|(_, endpoint)| endpoint.ip_address.as_ref()?.parse().ok())
        .map(|address: std::net::IpAddr| SocketAddr::new(address, port))
        .ok_or_else(|| format!("port {port} is not published, and the container has no address"))
}

async fn connect(address: SocketAddr) -> Result<(), String> {
    let mut stream = TcpStream::connect(address).await.map_err(|error| format!("TCP {address}: {error}"))?;
    match timeout(TCP_HOLDS, stream.read(&mut [0; 1])).await {
        Ok(Ok(0)) => Err(format!("TCP {address}: closed at once")),
        Ok(Err(error)) => Err(format!("TCP {address}: {error}")),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

async fn http(address: SocketAddr, get: &HttpGet) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("GET http://{address}{}: {error}", get.path);
    let mut stream = TcpStream::connect(address).await.map_err(failed)?;
    stream.write_all(request(get).as_bytes()).await.map_err(failed)?;
    // The status line is all that counts, and it is short.
    let mut answer = Vec::new();
    let mut chunk = [0; 256];
    while answer.len() < 1024 && !answer.contains(&b'\n') {
        match stream.read(&mut chunk).await.map_err(failed)? {
            0 => break,
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
    match status(&answer) {
        Some(200..=399) => Ok(()),
        Some(other) => Err(format!("GET http://{address}{} answered {other}", get.path)),
        None => Err(format!("GET http://{address}{} was not answered in HTTP", get.path)),
    }
}

fn request(get: &HttpGet) -> String {
    let mut headers = String::new();
    let asks_host = get.headers.keys().any(|name| name.eq_ignore_ascii_case("host"));
    if !asks_host {
        headers.push_str("Host: localhost\r\n");
    }
    for (name, value) in &get.headers {
        headers.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("GET {} HTTP/1.1\r\n{headers}User-Agent: radii-probe\r\nConnection: close\r\n\r\n", get.path)
}

/// Reads the status of `HTTP/1.1 200 OK`.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|word| word.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}

async fn execute(client: &Docker, container: &str, command: &[String]) -> Result<(), String> {
    let failed = |error: bollard::errors::Error| format!("exec {command:?}: {error}");
    let config = ExecConfig {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let exec = client.create_exec(container, config).await.map_err(failed)?;
    if let StartExecResults::Attached { mut output, .. } = client.start_exec(&exec.id, None).await.map_err(failed)? {
        while let Some(chunk) = output.next().await {
            chunk.map_err(failed)?;
        }
    }
    match client.inspect_exec(&exec.id).await.map_err(failed)?.exit_code {
        Some(0) => Ok(()),
        Some(code) => Err(format!("exec {command:?} ended with {code}")),
        None => Err(format!("exec {command:?} did not end")),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn get(path: &str) -> HttpGet {
        HttpGet { port: 1, path: path.to_owned(), headers: [("X-Key".to_owned(), "v".to_owned())].into() }
    }

    /// Serves one connection with the given answer, and returns what it was sent.
    async fn once(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut sent = vec![0; 1024];
            let count = stream.read(&mut sent).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&sent[..count]).into_owned()
        });
        (address, task)
    }

    #[tokio::test]
    async fn http_probe_sends_its_headers_and_accepts_a_redirect() {
        let (address, task) = once("HTTP/1.1 302 Found\r\n\r\n").await;
        assert_eq!(http(address, &get("/ready?x=1")).await, Ok(()));
        let sent = task.await.unwrap();
        assert!(sent.starts_with("GET /ready?x=1 HTTP/1.1\r\n") && sent.contains("\r\nX-Key: v\r\n"), "{sent}");
    }

    #[tokio::test]
    async fn http_probe_refuses_errors_and_other_protocols() {
        let (address, _task) = once("HTTP/1.1 503 Busy\r\n\r\n").await;
        assert!(http(address, &get("/")).await.unwrap_err().ends_with("answered 503"));
        let (address, _task) = once("220 smtp\r\n").await;
        assert!(http(address, &get("/")).await.unwrap_err().ends_with("was not answered in HTTP"));
    }

    #[tokio::test]
    async fn tcp_probe_refuses_a_connection_that_is_closed_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { drop(listener.accept().await.unwrap()) });
        assert!(connect(address).await.is_err());
        task.await.unwrap();
    }
}
