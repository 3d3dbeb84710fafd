//! What containers write.

use bollard::query_parameters::LogsOptions;
use futures_util::{Stream, StreamExt as _};
use radii_runtime::Fault;
use radii_runtime::platform::{ComputeKind, ObjectRef};

use crate::Engine;
use crate::document::native_name;

/// How many lines of the past come first.
const TAIL: &str = "20";

impl Engine {
    /// Follows what a container of a namespace writes to its outputs, from its last lines on and until it ends.
    ///
    /// # Errors
    /// When the engine cannot be reached; a container that is not there ends the stream with an error.
    pub async fn follow(
        &self,
        namespace: &str,
        container: &str,
    ) -> Result<impl Stream<Item = Result<String, Fault>> + use<'_>, Fault> {
        let reference = ObjectRef {
            platform: ComputeKind::Docker,
            kind: "container".to_owned(),
            namespace: namespace.to_owned(),
            name: container.to_owned(),
            cluster: None,
        };
        let options =
            LogsOptions { follow: true, stdout: true, stderr: true, tail: TAIL.to_owned(), ..LogsOptions::default() };
        let doing = format!("read the log of the container `{container}`");
        let lines = self.client().await?.logs(&native_name(&reference), Some(options));
        Ok(lines.map(move |line| line.map(|line| line.to_string()).map_err(|error| self.explain(&doing, &error))))
    }
}
