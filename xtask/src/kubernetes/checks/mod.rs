//! The checks, in the order in which they run.

mod containers;
mod failures;
mod gateways;
mod ownership;
mod pieces;
mod pods;
mod second_cluster;
mod surroundings;

use super::Verdict;
use super::site::Site;

/// One check.
pub struct Check {
    /// What holds.
    pub name: &'static str,
    /// Tries it.
    pub run: fn(&Site<'_>) -> anyhow::Result<Verdict>,
}

/// The classic type of containers.
const CONTAINERS: &str = "Applications.Core/containers";
const IMAGE: &str = "registry.example.com/web:1";

/// The checks that look at pods on real nodes.
pub const ON_NODES: &[Check] = pods::ALL;

/// All checks whose pods run on no node.
pub const ALL: &[Check] = &[
    Check { name: "a container with every property becomes the objects meant", run: containers::every_property },
    Check { name: "an update removes what is not said any more", run: containers::update_prunes },
    Check { name: "probes change their kind and go", run: containers::probes_change },
    Check { name: "replicas follow the author, or whoever scales", run: containers::scaling },
    Check { name: "several containers, init containers and limits", run: containers::several },
    Check { name: "marks of environment, application and container", run: containers::marks },
    Check { name: "an author's base and pod are merged", run: containers::base_and_pod },
    Check { name: "a changed value of a connection rolls the pods", run: containers::connections_roll },
    Check { name: "names in capital letters and of 63 characters", run: containers::names },
    Check { name: "utilization scales a container, and its replicas are left alone", run: containers::autoscaling },
    Check { name: "events scale a container through KEDA", run: containers::scaling_by_events },
    Check { name: "a crashing container fails with its own words", run: failures::crash_loop },
    Check { name: "an image that cannot be pulled fails", run: failures::image_pull },
    Check { name: "a container that ended fails", run: failures::terminated },
    Check { name: "an init container that fails is named", run: failures::init_container },
    Check { name: "what waits is awaited", run: failures::waiting_is_awaited },
    Check { name: "a failed update leaves the old pods, and the next one works", run: failures::failed_update },
    Check { name: "what the API server refuses fails in its words and leaves nothing", run: failures::refused_object },
    Check { name: "what Kubernetes never changes needs another object", run: failures::never_changed },
    Check { name: "a quota is named while the rollout waits", run: failures::quota },
    Check { name: "fields of ours are ours, and those of others stay", run: ownership::fields },
    Check { name: "a field that somebody else owns is a conflict that names them", run: ownership::conflict },
    Check { name: "an environment that takes over wins", run: ownership::take_over },
    Check { name: "an object that somebody removed is made again", run: ownership::drift },
    Check { name: "an object that was there before is not overwritten silently", run: ownership::existing },
    Check { name: "gateways become proxies of their own and go with them", run: gateways::gateways },
    Check { name: "a gateway with a certificate, and one that passes through", run: gateways::gateway_tls },
    Check { name: "a gateway that Contour refuses fails in its words", run: gateways::gateway_invalid },
    Check { name: "the public address names gateways", run: gateways::gateway_address },
    Check { name: "gateways become objects of the Gateway API", run: gateways::gateway_api },
    Check { name: "a route that its Gateway refuses fails in its words", run: gateways::route_refused },
    Check { name: "secret stores hold their values, and references stay", run: pieces::secret_stores },
    Check { name: "containers read secret stores", run: pieces::secret_variables },
    Check { name: "volumes of every kind", run: pieces::volumes },
    Check { name: "Dapr components and sidecars", run: pieces::dapr },
    Check { name: "a kind that is not installed is refused with a remedy", run: pieces::missing_definition },
    Check { name: "deleting everything leaves nothing", run: surroundings::nothing_is_left },
    Check { name: "a namespace that was deleted is made again", run: surroundings::namespace_gone },
    Check { name: "a user without rights is told so", run: surroundings::without_rights },
    Check { name: "environments choose among the contexts of a kubeconfig", run: surroundings::contexts },
    Check { name: "everything of an environment goes to the cluster of its context", run: second_cluster::everything },
    Check { name: "two applications in one environment keep apart", run: surroundings::two_applications },
    Check { name: "twenty containers at once", run: surroundings::many_at_once },
    Check { name: "a rollout outlives a restart of the API server", run: surroundings::api_server_restarts },
    Check { name: "a server that was killed takes its rollout up again", run: surroundings::server_killed },
    Check { name: "a cluster that is away fails the operation, not the server", run: surroundings::cluster_away },
    Check { name: "a server inside a pod uses its service account", run: surroundings::in_cluster },
];
