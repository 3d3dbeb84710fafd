//! Targets and workloads that the tests share.

use radii_runtime::platform::{ComputeKind, Container, Named, Port, Protocol, Target, Workload};
use serde_json::Map;

const GROUP: &str = "/planes/radius/local/resourceGroups/g/providers";

/// The application `todo` in the environment `dev`, in the given namespace.
pub fn target(namespace: &str) -> Target {
    Target {
        kind: ComputeKind::Docker,
        environment: Named { id: format!("{GROUP}/Applications.Core/environments/dev"), name: "dev".to_owned() },
        application: Some(Named {
            id: format!("{GROUP}/Applications.Core/applications/todo"),
            name: "todo".to_owned(),
        }),
        environment_namespace: "dev".to_owned(),
        namespace: namespace.to_owned(),
        compute: Map::new(),
    }
}

/// A container resource with one container.
pub fn workload(name: &str, container: Container) -> Workload {
    let resource = Named { id: format!("{GROUP}/Applications.Core/containers/{name}"), name: name.to_owned() };
    Workload::new(resource, vec![container])
}

/// A container that serves `/www` on port 8080.
pub fn web(name: &str) -> Container {
    Container {
        name: name.to_owned(),
        image: "localhost/radii/bb:1".to_owned(),
        ports: vec![port("web", 8080, Protocol::Tcp)],
        ..Container::default()
    }
}

pub fn port(name: &str, number: u16, protocol: Protocol) -> Port {
    Port { name: name.to_owned(), container_port: number, port: number, protocol }
}

/// A container that runs a line of shell.
pub fn shell(name: &str, line: &str) -> Container {
    Container {
        name: name.to_owned(),
        image: "localhost/radii/bb:1".to_owned(),
        command: vec!["/bin/sh".to_owned(), "-c".to_owned()],
        args: vec![line.to_owned()],
        ..Container::default()
    }
}
