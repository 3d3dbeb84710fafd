//! The connection to an engine, and its errors in words that help.

use std::path::{Path, PathBuf};

use bollard::Docker;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::Target;
use serde_json::Value as Json;
use tokio::sync::OnceCell;

/// Seconds until a request counts as lost; pulling an image streams and has no such limit.
const REQUEST_TIMEOUT: u64 = 120;

/// Code of failures to reach the engine at all.
pub const UNAVAILABLE: &str = "PlatformUnavailable";

/// An engine behind a socket; it is first asked when it is first needed.
pub struct Engine {
    address: String,
    client: OnceCell<Docker>,
}

impl Engine {
    /// Returns the engine at an address such as `unix:///var/run/docker.sock`.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), client: OnceCell::new() }
    }

    /// Returns the engine that the surroundings name: `DOCKER_HOST`, else the first socket that exists of
    /// Docker's, the user's Podman's and the system's Podman's.
    pub fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::at(address(variable("DOCKER_HOST"), variable("XDG_RUNTIME_DIR"), Path::exists))
    }

    /// Where the engine is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks the engine who it is; the answer is such as `Podman Engine 4.3.1, API 1.41`.
    ///
    /// # Errors
    /// When no engine answers, with what to do.
    pub async fn greet(&self) -> Result<String, Fault> {
        let client = self.client().await?;
        let version = client.version().await.map_err(|error| self.unreachable(&error))?;
        let components = version.components.unwrap_or_default();
        let name = components.first().map_or("Docker Engine", |component| component.name.as_str());
        Ok(format!("{name} {}, API {}", version.version.unwrap_or_default(), version.api_version.unwrap_or_default()))
    }

    /// Returns the client, which speaks the newest version that both sides know.
    pub async fn client(&self) -> Result<&Docker, Fault> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Docker, Fault> {
        if !self.address.starts_with("unix://") {
            let message = format!(
                "the engine address `{}` is not supported: ports are reached on this machine's loopback address, so the engine must be here; set DOCKER_HOST to a `unix://` socket",
                self.address
            );
            return Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message));
        }
        let client = Docker::connect_with_unix(&self.address, REQUEST_TIMEOUT, bollard::API_DEFAULT_VERSION)
            .map_err(|error| self.unreachable(&error))?;
        client.negotiate_version().await.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &bollard::errors::Error) -> Fault {
        let message = format!(
            "no container engine answers at {}: {error}; start Docker, or `podman system service --time=0 {0}`, or set DOCKER_HOST to the socket of one that runs",
            self.address
        );
        Fault::new(503, UNAVAILABLE, message)
    }

    /// Explains a failed request: `doing` is such as "start container `x`".
    pub fn explain(&self, doing: &str, error: &bollard::errors::Error) -> Fault {
        use bollard::errors::Error;
        match error {
            Error::DockerResponseServerError { status_code, message } => explain_answer(doing, *status_code, message),
            Error::DockerStreamError { error } => explain_answer(doing, 500, error),
            Error::HyperLegacyError { .. }
            | Error::HyperResponseError { .. }
            | Error::IOError { .. }
            | Error::SocketNotFoundError(_)
            | Error::RequestTimeoutError => self.unreachable(error),
            other => Fault::internal(format!("cannot {doing}: {other}")),
        }
    }
}

/// Returns the address of the engine to use, from what the surroundings say.
fn address(docker_host: Option<String>, runtime_dir: Option<String>, exists: impl Fn(&Path) -> bool) -> String {
    if let Some(host) = docker_host {
        return host;
    }
    let docker = PathBuf::from("/var/run/docker.sock");
    let mut sockets = vec![docker.clone()];
    sockets.extend(runtime_dir.map(|dir| Path::new(&dir).join("podman/podman.sock")));
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    let found = sockets.into_iter().find(|socket| exists(socket)).unwrap_or(docker);
    format!("unix://{}", found.display())
}

/// Explains the engine's refusal.
fn explain_answer(doing: &str, status: u16, message: &str) -> Fault {
    let said = message.trim();
    let has = |words: &[&str]| words.iter().any(|word| said.to_ascii_lowercase().contains(word));
    if has(&["address already in use", "port is already allocated"]) {
        return Fault::conflict(format!(
            "cannot {doing}: a host port is in use ({said}); remove the port from `runtimes.docker.publish` so that a free one is chosen, or stop what holds it"
        ));
    }
    if has(&["rlimit", "setrlimit"]) {
        return Fault::internal(format!(
            "cannot {doing}: {said}; the engine asks for more than this host grants, lower its `default_ulimits`"
        ));
    }
    if has(&["executable file not found", "no such file or directory"]) && doing.starts_with("start") {
        return Fault::bad_request(format!(
            "cannot {doing}: {said}; check `command`, `args` and `workingDir` against the image"
        ));
    }
    match status {
        400 => Fault::bad_request(format!("cannot {doing}: {said}")),
        409 => Fault::conflict(format!("cannot {doing}: {said}")),
        _ => Fault::internal(format!("cannot {doing}: {said}")),
    }
}

/// Explains that an image is not to be had.
pub fn explain_image(image: &str, pull: radii_runtime::platform::Pull, said: &str) -> Fault {
    use radii_runtime::platform::Pull;
    let remedy = match pull {
        Pull::Never => {
            "its pull policy is `Never`: load it into the engine first, or set `imagePullPolicy: IfNotPresent`"
        }
        Pull::Always => {
            "its pull policy is `Always`: check the name and that its registry can be reached; for an image that is only on this machine set `imagePullPolicy: Never`"
        }
        Pull::Usual | Pull::IfNotPresent => {
            "check the name and that its registry can be reached, or load the image into the engine"
        }
    };
    Fault::bad_request(format!("the image `{image}` is not to be had ({}); {remedy}", said.trim()))
}

/// Checks that an environment wants the engine that this driver has.
pub fn check_socket(target: &Target, address: &str) -> Result<(), Fault> {
    let path = |text: &str| text.trim_start_matches("unix://").to_owned();
    match target.compute.get("socket").and_then(Json::as_str) {
        Some(socket) if path(socket) != path(address) => Err(Fault::new(
            400,
            code::PLATFORM_UNSUPPORTED,
            format!(
                "environment `{}` asks for the engine at {socket}, but this server drives the one at {address}; start the server with DOCKER_HOST=unix://{}, or remove `compute.socket`",
                target.environment.name,
                path(socket)
            ),
        )
        .target(&target.environment.id)),
        _ => Ok(()),
    }
}

/// Whether the engine says that a thing is not there.
pub fn is_absent(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 404, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_host_is_taken_before_any_socket() {
        assert_eq!(address(Some("unix:///x.sock".to_owned()), None, |_| true), "unix:///x.sock");
    }

    #[test]
    fn the_first_socket_that_exists_is_taken() {
        let only = |there: &'static str| move |path: &Path| path == Path::new(there);
        let user = Some("/run/user/7".to_owned());
        assert_eq!(
            address(None, user.clone(), only("/run/user/7/podman/podman.sock")),
            "unix:///run/user/7/podman/podman.sock"
        );
        assert_eq!(address(None, user.clone(), only("/run/podman/podman.sock")), "unix:///run/podman/podman.sock");
        assert_eq!(address(None, user, |_| false), "unix:///var/run/docker.sock");
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_explained() {
        let fault = Engine::at("unix:///nowhere/engine.sock").greet().await.unwrap_err();
        assert_eq!((fault.status, fault.code.as_str()), (503, UNAVAILABLE));
        assert!(fault.message.contains("/nowhere/engine.sock") && fault.message.contains("DOCKER_HOST"), "{fault}");
    }

    #[tokio::test]
    async fn a_remote_engine_is_refused_with_the_reason() {
        let fault = Engine::at("tcp://10.0.0.1:2375").greet().await.unwrap_err();
        assert_eq!(fault.code, code::PLATFORM_UNSUPPORTED);
        assert!(fault.message.contains("unix://"), "{fault}");
    }

    #[test]
    fn a_taken_port_names_the_setting_to_change() {
        let fault = explain_answer(
            "start container `x`",
            500,
            "rootlessport listen tcp 127.0.0.1:80: bind: address already in use",
        );
        assert_eq!(fault.code, code::CONFLICT);
        assert!(fault.message.contains("runtimes.docker.publish"), "{fault}");
    }
}
