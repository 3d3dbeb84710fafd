//! `cargo xtask kubernetes`: what a real API server makes of what we deploy.
//!
//! A server of ours deploys to the cluster of `--kubeconfig`, or to a control plane that is started from the
//! given programs. Pods run on no node: a stand-in calls them ready, or puts them into the states that a check
//! wants; with `--image` they run on the cluster's own nodes, and other checks look at what they do. `kubectl` reaches the API server. Each check has a group, an environment and namespaces of its own and says what it saw otherwise.

pub mod api;
mod checks;
pub mod cluster;
mod control_plane;
mod definitions;
mod nodes;
mod server;
mod site;

use std::sync::Mutex;
use std::time::Instant;

use anyhow::bail;
use camino::Utf8PathBuf;

use crate::replay::server as programs;
use cluster::Cluster;
use control_plane::{ControlPlane, Programs};
use server::Server;
use site::Site;

/// Folder of the definitions that others bring.
pub const DEFINITIONS: &str = "tests/kubernetes/definitions";

/// Deploys containers, gateways, stores and more to a real API server, and checks every object.
#[derive(clap::Args)]
pub struct Args {
    /// Kubeconfig of a cluster to use; namespaces beginning with `radii-check-` are removed from it
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<Utf8PathBuf>,
    /// Program of an API server to start, with `--etcd` and `--controller-manager`
    #[arg(
        long,
        value_name = "FILE",
        requires = "etcd",
        requires = "controller_manager",
        conflicts_with = "kubeconfig"
    )]
    kube_apiserver: Option<Utf8PathBuf>,
    /// Program of its database
    #[arg(long, value_name = "FILE")]
    etcd: Option<Utf8PathBuf>,
    /// Program of its controllers
    #[arg(long, value_name = "FILE")]
    controller_manager: Option<Utf8PathBuf>,
    /// Program of its scheduler; without it pods are on no node
    #[arg(long, value_name = "FILE")]
    scheduler: Option<Utf8PathBuf>,
    /// The program to start; built first when not given
    #[arg(long)]
    rad: Option<Utf8PathBuf>,
    /// Run pods on the nodes of the cluster, from this image, which they have and which holds `/bin/busybox`; other
    /// checks are played then
    #[arg(long, value_name = "IMAGE", requires = "kubeconfig")]
    image: Option<String>,
    /// Only checks whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Keep the control plane that was started until Enter is pressed, and print its kubeconfig
    #[arg(long)]
    keep: bool,
}

/// What all checks stand on.
pub struct Stage {
    /// The program.
    rad: Utf8PathBuf,
    /// How servers reach the cluster.
    kubeconfig: Utf8PathBuf,
    /// The cluster, whose pods are looked after.
    cluster: Cluster,
    /// The control plane, if it is ours.
    plane: Option<Mutex<ControlPlane>>,
    /// The server that deploys.
    server: Server,
    /// The image of pods that run on nodes.
    image: Option<String>,
}

/// What became of a check.
pub enum Verdict {
    /// All was as wanted.
    Held,
    /// It could not be tried here, and why.
    Skipped(String),
}

/// Runs the checks and prints N of N.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let rad = args.rad.clone().map_or_else(programs::build, Ok)?;
    let plane = given(args).map(ControlPlane::start).transpose()?;
    let kubeconfig = match (&plane, &args.kubeconfig) {
        (Some(plane), _) => plane.kubeconfig(),
        (None, Some(kubeconfig)) => kubeconfig.clone(),
        (None, None) => {
            bail!("name a cluster: `--kubeconfig FILE`, or `--kube-apiserver`, `--etcd` and `--controller-manager`")
        }
    };
    let cluster = if args.image.is_some() { Cluster::with_nodes(&kubeconfig) } else { Cluster::reach(&kubeconfig) }?;
    cluster.clear(site::is_ours)?;
    let server = Server::start(&rad, &kubeconfig)?;
    let stage = Stage { rad, kubeconfig, cluster, plane: plane.map(Mutex::new), server, image: args.image.clone() };
    let (held, failed) = play(args, &stage);
    if args.keep {
        println!("kubeconfig: {}; Enter ends it", stage.kubeconfig);
        std::io::stdin().read_line(&mut String::new())?;
    }
    stage.cluster.clear(site::is_ours)?;
    if failed > 0 {
        bail!("{failed} of {} checks failed", held + failed);
    }
    Ok(())
}

fn given(args: &Args) -> Option<Programs> {
    Some(Programs {
        api_server: args.kube_apiserver.clone()?,
        etcd: args.etcd.clone()?,
        controllers: args.controller_manager.clone()?,
        scheduler: args.scheduler.clone(),
    })
}

/// Runs each check; returns how many held and how many did not.
fn play(args: &Args, stage: &Stage) -> (usize, usize) {
    let (mut held, mut failed, mut skipped) = (0, 0, 0);
    let checks = if args.image.is_some() { checks::ON_NODES } else { checks::ALL };
    for (at, check) in checks.iter().enumerate() {
        if args.only.as_ref().is_some_and(|only| !check.name.contains(only.as_str())) {
            continue;
        }
        let began = Instant::now();
        let verdict = Site::open(stage, at + 1).and_then(|site| (check.run)(&site));
        let took = began.elapsed().as_secs_f64();
        match verdict {
            Ok(Verdict::Held) => {
                held += 1;
                println!("held     {:<62} {took:>6.1} s", check.name);
            }
            Ok(Verdict::Skipped(reason)) => {
                skipped += 1;
                println!("skipped  {:<62} {reason}", check.name);
            }
            Err(error) => {
                failed += 1;
                println!("FAILED   {:<62} {took:>6.1} s\n    {error:#}", check.name);
            }
        }
    }
    println!("\n{held} of {} checks held, {skipped} skipped", held + failed);
    (held, failed)
}
