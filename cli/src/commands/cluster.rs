//! Commands that install and operate Radius in a cluster: Radii is one program and needs none of it, so each says
//! what stands in its place.

use clap::Subcommand;

use crate::error::Error;

/// Flags of the stock command line, taken so that a script gets the answer and no complaint about its flags.
#[derive(Debug, Default, clap::Args)]
pub struct Ignored {
    #[arg(long, hide = true)]
    chart: Option<String>,
    #[arg(long, hide = true)]
    contour_chart: Option<String>,
    #[arg(long, hide = true)]
    contour_set: Vec<String>,
    #[arg(long, hide = true)]
    contour_set_file: Vec<String>,
    #[arg(long, hide = true)]
    kubecontext: Option<String>,
    #[arg(long, hide = true)]
    preview: bool,
    #[arg(long, hide = true)]
    reinstall: bool,
    #[arg(long, hide = true)]
    reset_values: bool,
    #[arg(long, hide = true)]
    set: Vec<String>,
    #[arg(long, hide = true)]
    set_file: Vec<String>,
    #[arg(long, hide = true)]
    skip_contour_install: bool,
    #[arg(long, hide = true)]
    skip_preflight: bool,
    #[arg(long, hide = true)]
    preflight_only: bool,
    #[arg(long, hide = true)]
    list_revisions: bool,
    #[arg(long, hide = true)]
    revision: Option<String>,
    #[arg(long, hide = true)]
    version: Option<String>,
    #[arg(long, hide = true)]
    purge: bool,
    #[arg(long, hide = true)]
    full: bool,
    #[arg(short, long, hide = true)]
    yes: bool,
}

/// Where to.
#[derive(Debug, Subcommand)]
pub enum Target {
    /// A Kubernetes cluster
    Kubernetes(Ignored),
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// `install`, `upgrade`, `rollback` and `uninstall`.
    Install(&'static str),
    /// `initialize`.
    Initialize,
    /// `startup` and `shutdown`.
    Archive(&'static str),
    /// `debug-logs`.
    Logs,
}

/// Says what stands in a command's place.
///
/// # Errors
/// Always: nothing was done.
pub fn run(task: Task) -> Result<(), Error> {
    let (what, hint) = match task {
        Task::Install(what) => (
            format!("`rad {what}` works on the Radius control plane in a cluster, which Radii does not need"),
            "`rad serve` is the whole server; the container file and the service units of its package run it anywhere",
        ),
        Task::Initialize => (
            "`rad initialize` installs the Radius control plane into a cluster, which Radii does not need".to_owned(),
            "start `rad serve`, then `rad workspace create`, `rad group create` and `rad env create`",
        ),
        Task::Archive(what) => (
            format!(
                "`rad {what}` moves the state of a control plane to and from an archive, which Radii does not need"
            ),
            "the state is the server's database; stop the server and copy its file, or use the database's own backup",
        ),
        Task::Logs => (
            "`rad debug-logs` collects the logs of pods; this server has none".to_owned(),
            "`rad serve` writes its log to standard error; `--verbose` and `--log-format json` say more",
        ),
    };
    Err(Error::failed(what).hint(hint))
}
