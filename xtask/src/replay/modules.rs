//! Terraform modules of a scenario, served as archives.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value as Json};

use super::bindings::Bindings;
use super::scenario::Scenario;

/// Serves `/s<number>/<module>.tar.gz` until the process ends.
pub struct Modules {
    /// The port on this machine.
    port: u16,
    served: Arc<Served>,
}

/// Path and content.
type Archive = (String, Vec<u8>);

#[derive(Default)]
struct Served {
    /// `s<number>`, with path and content of each module.
    content: OnceLock<(String, Vec<Archive>)>,
    /// Paths that are not found for the time being.
    gone: Mutex<BTreeSet<String>>,
}

impl Modules {
    /// Listens on a free port; nothing is there yet.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn listen() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let modules = Self { port: listener.local_addr()?.port(), served: Arc::default() };
        let served = Arc::clone(&modules.served);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                std::thread::spawn(move || served.answer(stream));
            }
        });
        Ok(modules)
    }

    /// Serves the modules of a scenario; they may name addresses of this run.
    ///
    /// # Errors
    /// When a module cannot be packed.
    pub fn serve(&self, scenario: &Scenario, bindings: &Bindings) -> anyhow::Result<()> {
        let folder = format!("s{}", scenario.number());
        let mut archives = Vec::new();
        for (name, files) in &scenario.modules {
            archives.push((path_of(&folder, name), pack(files.as_object().unwrap_or(&Map::new()), bindings)?));
        }
        // Only the first scenario counts; there is one.
        let _ = self.served.content.set((folder, archives));
        Ok(())
    }

    /// The address as a URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address as that of a registry, which would have to speak TLS and does not.
    pub fn registry(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Lets a module vanish, or brings it back.
    pub fn set_gone(&self, module: &str, is_gone: bool) {
        let folder = self.served.content.get().map_or("", |(folder, _)| folder);
        let path = path_of(folder, module);
        let mut gone = self.served.gone.lock().expect("no holder of the lock panics");
        if is_gone {
            gone.insert(path)
        } else {
            gone.remove(&path)
        };
    }
}

/// The first byte of a client that begins with TLS.
const TLS_HANDSHAKE: u8 = 0x16;

impl Served {
    fn answer(&self, mut stream: TcpStream) {
        let mut request = [0_u8; 8192];
        let read = stream.read(&mut request).unwrap_or(0);
        // Who speaks TLS gets what the recorder's server said then: a page without a status line.
        if request[0] == TLS_HANDSHAKE {
            let _ = stream.write_all(b"<!DOCTYPE html>\n<title>Bad request</title>\n");
            return;
        }
        let text = String::from_utf8_lossy(&request[..read]);
        let path = text.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
        let is_gone = self.gone.lock().expect("no holder of the lock panics").contains(path);
        let archives = self.content.get().map_or(&[][..], |(_, archives)| archives);
        let found = archives.iter().find(|(known, _)| known == path && !is_gone).map(|(_, archive)| &**archive);
        let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
        let body = if text.starts_with("HEAD") { &[][..] } else { found.unwrap_or_default() };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            found.map_or(0, <[u8]>::len)
        );
        // A client that went away needs no answer.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    }
}

fn path_of(folder: &str, module: &str) -> String {
    format!("/{folder}/{module}.tar.gz")
}

fn pack(files: &Map<String, Json>, bindings: &Bindings) -> anyhow::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let text = text.as_str().unwrap_or_default();
        // Braces of Terraform are no placeholders, so what cannot be filled in stays.
        let filled = bindings.fill(text).unwrap_or_else(|_| text.to_owned());
        let bytes = filled.as_bytes();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, bytes)?;
    }
    Ok(archive.into_inner()?.finish()?)
}

#[cfg(test)]
mod tests {
    use super::super::wire;
    use super::*;

    #[test]
    fn a_module_is_found_until_it_is_gone_and_again_when_it_is_back() {
        let scenario = serde_json::json!({ "scenario": "7-x", "steps": [], "modules": { "m": { "main.tf": "" } } });
        let modules = Modules::listen().unwrap();
        modules.serve(&serde_json::from_value(scenario).unwrap(), &Bindings::default()).unwrap();
        let authority = modules.url().split_off("http://".len());
        let status = |path: &str| wire::send(&authority, "GET", path, &[], None).unwrap().status;
        assert_eq!([status("/s7/m.tar.gz?archive=tar.gz"), status("/s7/other.tar.gz")], [200, 404]);
        modules.set_gone("m", true);
        assert_eq!(status("/s7/m.tar.gz"), 404);
        modules.set_gone("m", false);
        assert_eq!(status("/s7/m.tar.gz"), 200);
    }
}
