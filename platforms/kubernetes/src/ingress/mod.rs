//! Which controller serves the gateways of an environment, and the objects that it understands.
//!
//! `compute.ingress` says it: `contour` (what Radius installs, and the default), `gateway-api`, or `none`.

mod contour;
mod gateway_api;

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{Gateway, Named, Object, Target};
use serde_json::{Map, Value as Json};

use crate::cluster::{Address, KindName};
use gateway_api::Entrance;

/// Where Contour's proxies are published: as Radius installs it, and as its own manifests do.
const ENVOYS: [(&str, &str); 2] = [("radius-system", "contour-envoy"), ("projectcontour", "envoy")];

/// Who serves the gateways of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingress {
    /// Contour; the class says which of several.
    Contour(Option<String>),
    /// A controller of the Gateway API.
    GatewayApi(Entrance),
    /// Nobody.
    None,
}

impl Ingress {
    /// Reads an environment's `compute`, for gateways inside (`internal`) or for those that everybody reaches.
    ///
    /// # Errors
    /// 400 naming the member that cannot be understood or is missing.
    pub fn of(compute: &Map<String, Json>, is_internal: bool) -> Result<Self, Fault> {
        let member = |name: &str| compute.get(name).filter(|value| !value.is_null());
        let class = |name: &str| match member(name) {
            None => Ok(None),
            Some(Json::String(class)) if !class.is_empty() => Ok(Some(class.clone())),
            Some(_) => Err(invalid(name, "must be the name of a class")),
        };
        let (open, inner) = (class("gatewayClass")?, class("internalGatewayClass")?);
        let open_parent = member("parentRef").map(|parent| Entrance::shared("parentRef", parent)).transpose()?;
        let inner_parent =
            member("internalParentRef").map(|parent| Entrance::shared("internalParentRef", parent)).transpose()?;
        match member("ingress").map_or(Some("contour"), Json::as_str) {
            // Radius serves internal gateways as it serves all others.
            Some("contour") => Ok(Self::Contour(if is_internal { inner.or(open) } else { open })),
            Some("none") => Ok(Self::None),
            Some("gateway-api") => {
                let open = open_parent.or(open.map(Entrance::Own));
                let inner = inner_parent.or(inner.map(Entrance::Own));
                let Some(open) = open else {
                    return Err(invalid(
                        "ingress",
                        "`gateway-api` needs `parentRef`, a Gateway that all share, or `gatewayClass`, to give each gateway a Gateway of its own",
                    ));
                };
                if !is_internal {
                    return Ok(Self::GatewayApi(open));
                }
                inner.map(Self::GatewayApi).ok_or_else(|| {
                    let message = "`internal` is not supported by this environment (/properties/internal): it names no Gateway \
                                   inside. Name one by `compute.internalParentRef` or `compute.internalGatewayClass`; or leave \
                                   `internal` out";
                    Fault::new(400, code::PLATFORM_UNSUPPORTED, message)
                })
            }
            _ => Err(invalid("ingress", "must be `contour`, `gateway-api` or `none`")),
        }
    }

    /// The objects that know the public address of a gateway, the likeliest first.
    pub fn addresses(&self, target: &Target, gateway: &Named) -> Vec<Address> {
        match self {
            Self::Contour(_) => {
                ENVOYS.map(|(namespace, name)| Address::new(KindName::new("", "Service"), namespace, name)).into()
            }
            Self::GatewayApi(entrance) => vec![entrance.gateway(target, gateway)],
            Self::None => Vec::new(),
        }
    }
}

/// Returns the objects of a gateway, in the order in which they are to be applied.
///
/// # Errors
/// What the environment's ingress cannot do.
pub fn render(target: &Target, gateway: &Gateway) -> Result<Vec<Object>, Fault> {
    let ingress = Ingress::of(&target.compute, gateway.internal).map_err(|fault| fault.target(&gateway.resource.id))?;
    match ingress {
        Ingress::Contour(class) => Ok(contour::render(target, gateway, class.as_deref())),
        Ingress::GatewayApi(entrance) => gateway_api::render(target, gateway, &entrance),
        Ingress::None => {
            let message = format!(
                "gateways are not supported in the environment `{}`: its `compute.ingress` is `none`. Deploy `{}` to an environment \
                 with an ingress; or reach its containers by their Services",
                target.environment.name, gateway.resource.name
            );
            Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message).target(&gateway.resource.id))
        }
    }
}

/// Returns the address that an object of [`Ingress::addresses`] publishes.
pub fn published(object: &Json) -> Option<String> {
    let status = &object["status"];
    let entry = &status["loadBalancer"]["ingress"][0];
    let given = [&entry["hostname"], &entry["ip"], &status["addresses"][0]["value"]];
    given.into_iter().filter_map(Json::as_str).find(|address| !address.is_empty()).map(str::to_owned)
}

fn invalid(member: &str, why: &str) -> Fault {
    Fault::new(400, code::SPEC_VALIDATION, format!("$.properties.compute.{member} {why}."))
}
