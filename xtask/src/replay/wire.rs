//! HTTP/1.1 as raw as the recordings: paths are sent exactly as they stand.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail};

/// An answer of the server.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Status; 0 when the connection was closed without an answer.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's text.
    pub body: String,
    /// What arrived at the stand-in meanwhile.
    pub forwarded: Vec<super::stand_in::Arrived>,
    /// What Terraform was given for what the step waited for, where it is listened to.
    pub terraform: Option<Vec<serde_json::Value>>,
}

impl Answer {
    /// Returns a header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Sends one request on a connection of its own.
pub fn send(
    authority: &str,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(authority).with_context(|| format!("cannot connect to {authority}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str(&format!("host: {authority}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if body.is_some() || matches!(method, "PUT" | "POST" | "PATCH") {
        request.push_str(&format!("content-length: {}\r\n", body.map_or(0, <[u8]>::len)));
    }
    request.push_str("\r\n");
    let mut request = request.into_bytes();
    request.extend_from_slice(body.unwrap_or_default());
    // A server may answer and close before it has read a large body: what it said still counts.
    let written = stream.write_all(&request);
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    if bytes.is_empty() {
        written?;
        read?;
        return Ok(Answer::default());
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> anyhow::Result<Answer> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut slots);
    let httparse::Status::Complete(start) = head.parse(bytes)? else { bail!("the answer's head is incomplete") };
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value.contains("chunked"));
    let body = if chunked { unchunk(&bytes[start..])? } else { bytes[start..].to_vec() };
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status: head.code.unwrap_or(0), headers, body, ..Answer::default() })
}

fn unchunk(mut bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete((_, 0))) => return Ok(body),
            Ok(httparse::Status::Complete((start, size))) => {
                let end = start + usize::try_from(size)?;
                body.extend_from_slice(bytes.get(start..end).context("a chunk is cut off")?);
                bytes = bytes.get(end + 2..).unwrap_or_default();
            }
            _ => bail!("the answer's chunks are malformed"),
        }
    }
}
