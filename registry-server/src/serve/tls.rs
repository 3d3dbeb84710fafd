//! Transport security: certificate and key from files, read again when they change.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use axum_server::tls_rustls::RustlsConfig;

/// How often the files are looked at for changes.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the server's certificate, and those that lead to its authority.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// When one is missing, or they do not belong together.
    pub(super) async fn load(&self) -> std::io::Result<RustlsConfig> {
        RustlsConfig::from_pem_file(&self.certificate, &self.key).await
    }

    /// Replaces the certificate of new connections whenever a file was changed, for ever.
    pub(super) async fn follow(self, config: RustlsConfig) {
        let mut last = self.changed();
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let now = self.changed();
            if now == last {
                continue;
            }
            match config.reload_from_pem_file(&self.certificate, &self.key).await {
                Ok(()) => {
                    last = now;
                    tracing::info!(file = %self.certificate.display(), "Read the certificate again");
                }
                // The files may be half written; they are tried again at the next look.
                Err(error) => tracing::error!(%error, "Keeping the old certificate: the new one cannot be used"),
            }
        }
    }

    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
    }
}
