//! Where a scenario is played: the server, the cluster that it deploys to, and the Terraform that it runs.

use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value as Json};

use super::bindings::Bindings;
use super::scenario::Scenario;
use super::server::{Needs, Server};
use super::surroundings::{Surroundings, Trouble, is_recorded};
use super::terraform::Calls;
use crate::kubernetes::cluster::Cluster;

/// How long a recipe may take to be begun before the server is killed.
const BEGINNING: Duration = Duration::from_secs(10);

/// A real cluster to deploy to.
pub struct RealCluster {
    /// How servers reach it.
    pub kubeconfig: Utf8PathBuf,
    /// The cluster, whose pods are looked after.
    pub cluster: Arc<Cluster>,
}

impl RealCluster {
    /// Reaches a kubeconfig's current cluster, and removes what an earlier run left there.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn reach(kubeconfig: &Utf8Path) -> anyhow::Result<Self> {
        let cluster = Arc::new(Cluster::reach(kubeconfig)?);
        cluster.clear(is_recorded)?;
        Ok(Self { kubeconfig: kubeconfig.to_owned(), cluster })
    }
}

/// A server with what is around it.
pub struct Place {
    /// The server's `host:port`.
    pub authority: String,
    /// The cluster, where it can be asked.
    pub surroundings: Option<Surroundings>,
    /// What Terraform is given, where it is listened to.
    pub calls: Option<Calls>,
    /// The server, where it is ours to kill.
    server: Option<Server>,
    is_down: bool,
}

impl Place {
    /// Starts a server for one scenario.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(rad: &Utf8Path, scenario: &Scenario) -> anyhow::Result<Self> {
        let calls = if scenario.modules.is_empty() { None } else { Calls::listen()? };
        let needs = Needs { outage: scenario.has_outage(), terraform: calls.as_ref().map(Calls::program) };
        let server = Server::start(rad, &needs)?;
        Ok(Self {
            authority: server.authority.clone(),
            surroundings: Some(Surroundings::at(server.cluster.clone())),
            calls,
            server: Some(server),
            is_down: false,
        })
    }

    /// Starts a server for one scenario that deploys to a real cluster.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_on(rad: &Utf8Path, scenario: &Scenario, real: &RealCluster) -> anyhow::Result<Self> {
        let calls = if scenario.modules.is_empty() { None } else { Calls::listen()? };
        let server = Server::start_on(rad, &real.kubeconfig, calls.as_ref().map(Calls::program))?;
        Ok(Self {
            authority: server.authority.clone(),
            surroundings: Some(Surroundings::on(real.cluster.clone())),
            calls,
            server: Some(server),
            is_down: false,
        })
    }

    /// A server that runs already, and the address of its cluster.
    pub fn at(authority: &str, cluster: Option<String>) -> Self {
        let surroundings = cluster.map(Surroundings::at);
        Self { authority: authority.to_owned(), surroundings, calls: None, server: None, is_down: false }
    }

    /// Whether the server was killed and not started again.
    pub fn is_down(&self) -> bool {
        self.is_down
    }

    /// The state that Terraform kept last.
    pub fn state(&self) -> Option<Json> {
        self.calls.as_ref()?.state()
    }

    /// Does one recorded action.
    pub fn play(&mut self, action: &Json, bindings: &mut Bindings, modules: &Map<String, Json>) -> Result<(), Trouble> {
        match action["action"].as_str().unwrap_or_default() {
            "kill" => self.kill(!modules.is_empty()),
            "start" => self.restart(),
            // What was waited for is a lease, and ours are short; polls wait by themselves.
            "wait" => Ok(()),
            "read" if action.get("tfstate").is_some() => {
                let ours = self.state().ok_or_else(|| Trouble::Different(vec!["there is no state".to_owned()]))?;
                let mut differences = Vec::new();
                bindings.accept_json(&action["tfstate"], &ours, "tfstate", &mut differences);
                if differences.is_empty() { Ok(()) } else { Err(Trouble::Different(differences)) }
            }
            // Our state is no secret of the cluster: nobody deletes it there.
            "delete" if action["path"].as_str().is_some_and(|path| path.contains("/secrets/tfstate-")) => Ok(()),
            // A queue in the cluster is upstream's; ours is the database, which nobody reads beside the server.
            "read" if action["path"].as_str().is_some_and(|path| path.ends_with("/queuemessages")) => Ok(()),
            _ => match &self.surroundings {
                Some(surroundings) => surroundings.play(action),
                None => Err(Trouble::Unplayable("there is no cluster to act on".to_owned())),
            },
        }
    }

    fn kill(&mut self, has_recipe: bool) -> Result<(), Trouble> {
        let Some(server) = self.server.as_mut().filter(|server| server.can_restart()) else {
            return Err(Trouble::Unplayable("the server is not ours to kill".to_owned()));
        };
        if let Some(calls) = self.calls.as_ref().filter(|_| has_recipe) {
            calls.wait_for_apply(BEGINNING);
        }
        server.kill();
        self.is_down = true;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Trouble> {
        let Some(server) = self.server.as_mut() else {
            return Err(Trouble::Unplayable("the server is not ours to start".to_owned()));
        };
        self.is_down = false;
        server.spawn().map_err(|error| Trouble::Different(vec![format!("{error:#}")]))
    }
}
