//! What containers write.

use bollard::query_parameters::LogsOptions;
use futures_util::{Stream, StreamExt as _};
use radii_runtime::Fault;

use crate::Engine;

/// How many lines of the past come first.
const TAIL: &str = "20";

impl Engine {
    /// Follows what a container writes to its outputs, from its last lines on and until it ends.
    ///
    /// # Errors
    /// When the engine cannot be reached; a container that is not there ends the stream with an error.
    pub async fn follow(&self, container: &str) -> Result<impl Stream<Item = Result<String, Fault>> + use<'_>, Fault> {
        let options =
            LogsOptions { follow: true, stdout: true, stderr: true, tail: TAIL.to_owned(), ..LogsOptions::default() };
        let doing = format!("read the log of the container `{container}`");
        let lines = self.client().await?.logs(container, Some(options));
        Ok(lines.map(move |line| line.map(|line| line.to_string()).map_err(|error| self.explain(&doing, &error))))
    }
}
