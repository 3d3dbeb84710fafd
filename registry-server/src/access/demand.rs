//! What a request demands: an action in a scope, read off its method and path.
//!
//! The path is decoded exactly as the routes decode it; what is not known is given the strictest reading.

use http::Method;
use radii_model::ResourceId;
use radii_runtime::access::Right;

use super::policy::{Action, Actor, Scope};
use crate::api::decoded_segments;

/// What must be allowed before a request reaches its route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: liveness, readiness, and the dashboard's own pictures and scripts.
    Nothing,
    /// Any caller that is known.
    Known,
    /// An action in a scope.
    Allowed(Action, Scope),
}

/// Actions on resources that read and change nothing.
const READING_ACTIONS: [&str; 6] =
    ["getgraph", "getmetadata", "validate", "whatif", "exporttemplate", "listoperations"];

/// Returns what a request demands.
pub fn of(method: &Method, path: &str) -> Demand {
    if let Some(segments) = decoded_segments(path) {
        return of_protocol(method, &segments);
    }
    let read_all = Demand::Allowed(Action::Read, Scope::root());
    match path {
        "/healthz" | "/readyz" | "/version" => Demand::Nothing,
        _ if path.starts_with("/dashboard/assets/") => Demand::Nothing,
        "/" | "/openapi/v2" | "/openapi/v3" | "/openapi/radii.json" => Demand::Known,
        _ if *method == Method::GET || *method == Method::HEAD => read_all,
        _ => Demand::Allowed(Action::Administer, Scope::root()),
    }
}

/// Returns what somebody demands who wants to do something with what an id names: what their request for it would.
pub(super) fn of_right(right: Right<'_>, id: &ResourceId) -> Demand {
    let text = id.to_string();
    let mut segments: Vec<String> = text.split('/').skip(1).map(str::to_owned).collect();
    let method = match right {
        Right::Read => Method::GET,
        Right::Write => Method::PUT,
        Right::Secrets => return Demand::Allowed(Action::ReadSecrets, Scope::of(&segments)),
        Right::Act(action) => {
            segments.push(action.to_owned());
            Method::POST
        }
    };
    match segments.first() {
        Some(first) if first.eq_ignore_ascii_case("planes") => of_protocol(&method, &segments),
        // Nothing of this server is named so; what it is, only an administrator may try.
        _ => Demand::Allowed(Action::Administer, Scope::root()),
    }
}

/// Whether a caller may read a record, as a GET of it demands.
pub fn may_read(actor: &Actor, id: &ResourceId) -> bool {
    match of_right(Right::Read, id) {
        Demand::Nothing | Demand::Known => true,
        Demand::Allowed(action, scope) => actor.may(action, &scope),
    }
}

fn of_protocol(method: &Method, segments: &[impl AsRef<str>]) -> Demand {
    let lower: Vec<String> = segments.iter().map(|segment| segment.as_ref().to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if lower.first() != Some(&"planes") {
        // Discovery documents; everything else there is answered with 404.
        return Demand::Known;
    }
    let action = match (&lower[1..], reads) {
        // Lists of planes say little, and the command line's preflight asks for them.
        ([] | [_], true) => return Demand::Known,
        ([_, _, "providers", rest @ ..], true) if discovers(rest) => Action::Discover,
        (_, true) => Action::Read,
        ([] | [_] | [_, _], false) => Action::Administer,
        (["aws" | "azure", ..], false) => Action::Administer,
        ([_, _, "providers", "system.resources", ..], false) => Action::Register,
        (rest, false) if *method == Method::POST => of_action(rest),
        _ => Action::Operate,
    };
    Demand::Allowed(action, Scope::of(segments))
}

/// Whether what follows `providers` directly below a plane is a registration, a summary or an operation.
fn discovers(rest: &[&str]) -> bool {
    match rest {
        [] | [_] | ["system.resources", ..] => true,
        [_, "locations", _, part, _] => matches!(*part, "operationstatuses" | "operationresults"),
        _ => false,
    }
}

fn of_action(rest: &[&str]) -> Action {
    match rest.last() {
        Some(name) if READING_ACTIONS.contains(name) => Action::Read,
        Some(name) if name.starts_with("listsecret") => Action::ReadSecrets,
        _ => Action::Operate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "/apis/api.ucp.dev/v1alpha3";

    fn action(method: Method, path: &str) -> Action {
        match of(&method, &format!("{BASE}{path}")) {
            Demand::Allowed(action, _) => action,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn each_kind_of_change_demands_its_own_action() {
        let group = "/planes/radius/local/resourceGroups/shop";
        let registration = "/planes/radius/local/providers/System.Resources/resourceProviders/A.B";
        for (path, expected) in [
            ("/planes/radius/new", Action::Administer),
            ("/planes/aws/aws/providers/System.AWS/credentials/default", Action::Administer),
            (registration, Action::Register),
            (group, Action::Operate),
            ("/planes/radius/local/resourceGroups/shop/providers/A.B/c/d", Action::Operate),
        ] {
            for method in [Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(action(method, path), expected, "{path}");
            }
        }
        assert_eq!(action(Method::GET, registration), Action::Discover);
        assert_eq!(action(Method::GET, group), Action::Read);
        let status = "/planes/radius/local/providers/A.B/locations/global/operationStatuses/1";
        assert_eq!(action(Method::GET, status), Action::Discover);
        assert_eq!(action(Method::GET, "/planes/radius/local/providers/A.B/things"), Action::Read);
    }

    #[test]
    fn secrets_are_read_by_their_own_action_in_any_casing_and_escaping() {
        let resource = "/planes/radius/local/resourceGroups/shop/providers/A.B/c/d";
        for name in ["listSecrets", "LISTSECRETS", "list%53ecrets", "listSecrets/"] {
            assert_eq!(action(Method::POST, &format!("{resource}/{name}")), Action::ReadSecrets, "{name}");
        }
        assert_eq!(action(Method::POST, &format!("{resource}/getGraph")), Action::Read);
        assert_eq!(action(Method::POST, &format!("{resource}/restart")), Action::Operate);
    }

    #[test]
    fn only_what_says_nothing_is_open_to_everybody() {
        let of_get = |path: &str| of(&Method::GET, path);
        for open in ["/healthz", "/readyz", "/version", "/dashboard/assets/style.css"] {
            assert_eq!(of_get(open), Demand::Nothing, "{open}");
        }
        for all in ["/metrics", "/dashboard", "/dashboard/types/local/A.B/c", "/anything"] {
            assert_eq!(of_get(all), Demand::Allowed(Action::Read, Scope::root()), "{all}");
        }
        assert_eq!(of(&Method::POST, "/anything"), Demand::Allowed(Action::Administer, Scope::root()));
        assert_eq!(of_get(&format!("{BASE}/planes/radius")), Demand::Known);
    }

    #[test]
    fn a_path_that_cannot_be_decoded_demands_the_most() {
        let demand = of(&Method::PUT, &format!("{BASE}/planes/radius/%ff"));
        assert_eq!(demand, Demand::Allowed(Action::Administer, Scope::root()));
    }
}
