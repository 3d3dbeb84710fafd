//! `rad run`: an application is deployed, reached on this machine, and its logs are followed, on a real engine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::server::{RAD, Rad, Server};

const APP: &str = "\
- type: Applications.Core/applications
  name: NAME
- type: Applications.Core/containers
  name: web
  properties:
    application: ${NAME.id}
    container:
      image: localhost/radii/bb:1
      imagePullPolicy: IfNotPresent
      command: [/bin/sh, -c]
      args: ['echo ready to serve; exec httpd -f -p 8080 -h /www']
      ports: { http: { containerPort: 8080 } }
      readinessProbe: { kind: httpGet, containerPort: 8080, path: /, periodSeconds: 1 }
";

#[test]
fn what_runs_is_reached_on_this_machine_and_shows_its_log_until_it_is_interrupted() {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let Some(engine) = variable("RADII_TEST_DOCKER_HOST") else {
        eprintln!("skipped: RADII_TEST_DOCKER_HOST is not set; `tests/engine/start` starts an engine");
        return;
    };
    let server = Server::on_engine(&engine);
    let rad = Rad::new(&server.url);
    let name = format!("run{}", std::process::id());
    rad.write("app.yaml", &APP.replace("NAME", &name));
    for line in ["workspace create kubernetes local --group default", "group create default"] {
        rad.ok(line);
    }
    rad.ok(&format!("env create {name} --kind docker"));
    rad.ok(&format!("env switch {name}"));
    let mut run = Command::new(RAD)
        .args(["run", "app.yaml", "--application", &name])
        .current_dir(rad.home())
        .env("HOME", rad.home())
        .env("RADII_URL", &server.url)
        .env("DOCKER_HOST", &engine)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut said, mut address) = (String::new(), String::new());
    for line in BufReader::new(run.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, found)) = line.split_once("http://").filter(|_| line.trim_start().starts_with("web ")) {
            found.trim().clone_into(&mut address);
        }
        said.push_str(&line);
        said.push('\n');
        if line.starts_with("web+ ") {
            break;
        }
    }
    assert!(said.contains("Forwarded ports:") && said.ends_with("web+ ready to serve\n"), "{said}");
    let mut stream = TcpStream::connect(address.trim_end_matches('/')).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.contains("hello"), "{page}");
    let interrupted = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(run.wait().unwrap().code(), Some(0), "what was deployed goes on");
    rad.ok(&format!("app delete {name} --yes"));
}
