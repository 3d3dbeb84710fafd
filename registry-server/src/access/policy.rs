//! Who may do what where: roles, grants and the one question that is asked of them.

use radii_runtime::Fault;
use radii_runtime::access::Caller;
use radii_runtime::fault::code;
use serde::{Deserialize, Serialize};

/// What a caller may do. Each role may also do what the roles before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything but secrets.
    Reader,
    /// Registers resource providers, types, versions and locations.
    Author,
    /// Works with groups, environments, applications, resources and deployments, and lists secrets.
    Operator,
    /// Manages planes and credentials, and everything else.
    Admin,
}

/// What a request wants to do; each action needs at least the role of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Reads what is no secret.
    Read,
    /// Reads registrations or the progress of an operation: whoever has a role in the plane may.
    Discover,
    /// Changes registrations.
    Register,
    /// Changes groups or resources, or runs an action that may.
    Operate,
    /// Reads secrets.
    ReadSecrets,
    /// Changes planes or credentials.
    Administer,
}

impl Action {
    /// The least role that is enough.
    pub fn needs(self) -> Role {
        match self {
            Action::Read | Action::Discover => Role::Reader,
            Action::Register => Role::Author,
            Action::Operate | Action::ReadSecrets => Role::Operator,
            Action::Administer => Role::Admin,
        }
    }

    /// How a refusal names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Read => "read",
            Action::Discover => "discover",
            Action::Register => "register",
            Action::Operate => "operate",
            Action::ReadSecrets => "read secrets",
            Action::Administer => "administer",
        }
    }
}

/// A part of the tree of ids: everything at and below a path, compared without regard to casing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Vec<String>);

/// A scope is a path that begins with a slash.
#[derive(Debug, thiserror::Error)]
#[error("the scope `{0}` must be `/` or a path such as `/planes/radius/local/resourceGroups/shop`")]
pub struct BadScope(String);

impl TryFrom<String> for Scope {
    type Error = BadScope;

    fn try_from(text: String) -> Result<Self, BadScope> {
        let Some(path) = text.strip_prefix('/') else { return Err(BadScope(text)) };
        let segments: Vec<String> = path.split('/').map(str::to_ascii_lowercase).collect();
        match segments.as_slice() {
            [only] if only.is_empty() => Ok(Self(Vec::new())),
            all if all.iter().any(String::is_empty) || all[0] != "planes" => Err(BadScope(text)),
            _ => Ok(Self(segments)),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        format!("/{}", scope.0.join("/"))
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.0.join("/"))
    }
}

impl Scope {
    /// Everything.
    pub fn root() -> Self {
        Self(Vec::new())
    }

    /// Returns the scope of decoded path segments.
    pub fn of(segments: &[impl AsRef<str>]) -> Self {
        Self(segments.iter().map(|segment| segment.as_ref().to_ascii_lowercase()).collect())
    }

    /// Whether `other` lies at or below this scope.
    pub fn holds(&self, other: &Scope) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The plane that it lies in: `planes`, its kind, its name.
    fn plane(&self) -> Option<&[String]> {
        self.0.get(..3)
    }
}

/// A role in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What may be done.
    pub role: Role,
    /// Where; everywhere when it is absent.
    #[serde(default = "Scope::root")]
    pub scope: Scope,
}

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Name for the audit log: a token's name, or a subject with its issuer's kind in front.
    pub name: String,
    /// Groups that an issuer said it is in.
    pub groups: Vec<String>,
    /// What it may do.
    pub grants: Vec<Grant>,
}

impl Actor {
    /// Returns what of it an operation remembers.
    pub fn caller(&self) -> Caller {
        Caller { name: self.name.clone(), groups: self.groups.clone() }
    }

    /// Returns who calls while there is no authentication: somebody who may do everything.
    pub fn anonymous() -> Self {
        Self {
            name: "anonymous".to_owned(),
            groups: Vec::new(),
            grants: vec![Grant { role: Role::Admin, scope: Scope::root() }],
        }
    }

    /// Whether this caller may do something there. What no grant allows is denied.
    pub fn may(&self, action: Action, scope: &Scope) -> bool {
        self.grants.iter().any(|grant| {
            let reaches = match action {
                // A role in one group needs the types of its plane, and the progress of its own operations.
                Action::Discover => grant.scope.holds(scope) || grant.scope.plane() == scope.plane(),
                _ => grant.scope.holds(scope),
            };
            grant.role >= action.needs() && reaches
        })
    }
}

/// Returns the refusal of what no grant allows.
pub(super) fn forbidden(actor: &Actor, action: Action, scope: &Scope) -> Fault {
    let message = format!(
        "`{}` may not {} at `{scope}`: that needs the role `{}` there; ask an administrator for a grant",
        actor.name,
        action.as_str(),
        format!("{:?}", action.needs()).to_lowercase(),
    );
    Fault::new(403, code::FORBIDDEN, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::try_from(text.to_owned()).unwrap()
    }

    fn actor(role: Role, at: &str) -> Actor {
        Actor { name: "someone".into(), groups: Vec::new(), grants: vec![Grant { role, scope: scope(at) }] }
    }

    #[test]
    fn a_grant_reaches_what_lies_at_or_below_its_scope_in_any_casing() {
        let someone = actor(Role::Operator, "/planes/radius/local/resourceGroups/shop");
        for inside in
            ["/planes/radius/local/resourcegroups/SHOP", "/planes/radius/local/resourcegroups/shop/providers/A.B/c/d"]
        {
            assert!(someone.may(Action::Operate, &scope(inside)), "{inside}");
        }
        for outside in
            ["/", "/planes/radius/local", "/planes/radius/local/resourcegroups/shop2", "/planes/radius/other"]
        {
            assert!(!someone.may(Action::Operate, &scope(outside)), "{outside}");
            assert!(!someone.may(Action::Read, &scope(outside)), "{outside}");
        }
    }

    #[test]
    fn each_role_may_do_what_the_roles_before_it_may_and_no_more() {
        let ranked = [Action::Read, Action::Register, Action::Operate, Action::Administer];
        for (rank, role) in [Role::Reader, Role::Author, Role::Operator, Role::Admin].into_iter().enumerate() {
            for (need, action) in ranked.into_iter().enumerate() {
                assert_eq!(actor(role, "/").may(action, &Scope::root()), need <= rank, "{role:?} {action:?}");
            }
        }
        assert!(!actor(Role::Author, "/").may(Action::ReadSecrets, &Scope::root()));
    }

    #[test]
    fn a_role_in_one_group_may_discover_its_own_plane_only() {
        let someone = actor(Role::Reader, "/planes/radius/local/resourcegroups/shop");
        assert!(someone.may(Action::Discover, &scope("/planes/radius/local/providers/Radius.Data")));
        assert!(!someone.may(Action::Discover, &scope("/planes/radius/other/providers/Radius.Data")));
        assert!(!someone.may(Action::Discover, &scope("/planes")));
    }

    #[test]
    fn nobody_may_do_anything_without_a_grant() {
        let nobody = Actor { name: "nobody".into(), groups: Vec::new(), grants: Vec::new() };
        for action in [Action::Read, Action::Discover, Action::Register, Action::Operate, Action::Administer] {
            assert!(!nobody.may(action, &Scope::root()));
        }
    }

    #[test]
    fn a_scope_must_be_a_path_of_planes() {
        for bad in ["", "planes", "/groups", "/planes//x", "/planes/radius/"] {
            assert!(Scope::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert_eq!(String::from(scope("/Planes/Radius/Local")), "/planes/radius/local");
    }
}
