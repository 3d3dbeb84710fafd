//! Terraform modules of a scenario, served as archives.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value as Json};

use super::scenario::Scenario;

/// Serves `/s<number>/<module>.tar.gz` until the process ends.
pub struct Modules {
    /// `http://host:port`.
    pub url: String,
}

impl Modules {
    /// Serves the modules of a scenario on a free port.
    ///
    /// # Errors
    /// When no port can be had, or a module cannot be packed.
    pub fn serve(scenario: &Scenario) -> anyhow::Result<Self> {
        let mut archives = Vec::new();
        for (name, files) in &scenario.modules {
            let path = format!("/s{}/{name}.tar.gz", scenario.number());
            archives.push((path, pack(files.as_object().unwrap_or(&Map::new()))?));
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let archives = Arc::new(archives);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let archives = archives.clone();
                std::thread::spawn(move || {
                    let mut request = [0_u8; 8192];
                    let read = stream.read(&mut request).unwrap_or(0);
                    let text = String::from_utf8_lossy(&request[..read]).into_owned();
                    let path =
                        text.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
                    let found =
                        archives.iter().find(|(known, _)| *known == path).map(|(_, archive)| archive.as_slice());
                    let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
                    let body = if text.starts_with("HEAD") { &[][..] } else { found.unwrap_or_default() };
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: application/gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        found.map_or(0, <[u8]>::len)
                    );
                    // A client that went away needs no answer.
                    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
                });
            }
        });
        Ok(Self { url })
    }
}

fn pack(files: &Map<String, Json>) -> anyhow::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let bytes = text.as_str().unwrap_or_default().as_bytes();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, bytes)?;
    }
    Ok(archive.into_inner()?.finish()?)
}
