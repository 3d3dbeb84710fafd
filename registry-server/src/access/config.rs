//! The access file: who is known, by which tokens and issuers, and what they may do.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::policy::{Grant, Role, Scope};

/// What an access file says (`docs/access.md`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessFile {
    /// Static tokens.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Whose signed tokens are accepted.
    #[serde(default)]
    pub oidc: Option<Oidc>,
    /// What users and groups of the issuer may do.
    #[serde(default)]
    pub grants: Vec<Binding>,
}

/// A static token, known by its hash only.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Name for the audit log.
    pub name: String,
    /// SHA-256 of the token, in hexadecimal digits.
    pub sha256: String,
    /// What its bearer may do.
    pub grants: Vec<Grant>,
}

/// An issuer of JSON Web Tokens (OpenID Connect Discovery 1.0).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Oidc {
    /// The `iss` claim; `{issuer}/.well-known/openid-configuration` names the keys unless `keys` does.
    pub issuer: String,
    /// One of these must be in the `aud` claim.
    pub audience: Vec<String>,
    /// URL or file of the issuer's JSON Web Key Set.
    #[serde(default)]
    pub keys: Option<String>,
    /// The claim that names a user.
    #[serde(default = "sub")]
    pub user_claim: String,
    /// The claim that lists a user's groups.
    #[serde(default = "groups")]
    pub groups_claim: String,
}

fn sub() -> String {
    "sub".to_owned()
}

fn groups() -> String {
    "groups".to_owned()
}

/// A role in a scope for a user or a group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The user, by the user claim.
    #[serde(default)]
    pub user: Option<String>,
    /// The group, by the groups claim.
    #[serde(default)]
    pub group: Option<String>,
    /// What may be done.
    pub role: Role,
    /// Where; everywhere when it is absent.
    #[serde(default = "Scope::root")]
    pub scope: Scope,
}

impl Binding {
    /// The role and scope without their subject.
    pub fn grant(&self) -> Grant {
        Grant { role: self.role, scope: self.scope.clone() }
    }
}

/// Why an access file is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the access file `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what an access file is.
    #[error("the access file `{}` is wrong: {message}", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
}

impl AccessFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is missing, is no YAML, has unknown members, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let wrong = |message: String| ConfigError::Wrong { path: path.to_owned(), message };
        let file: Self = serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        file.check().map_err(wrong)?;
        Ok(file)
    }

    fn check(&self) -> Result<(), String> {
        let mut names = HashSet::new();
        let mut hashes = HashSet::new();
        for Token { name, sha256, .. } in &self.tokens {
            if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(format!(
                    "`sha256` of the token `{name}` must be 64 hexadecimal digits; `rad token new {name}` prints them"
                ));
            }
            if !names.insert(name) || !hashes.insert(sha256.to_ascii_lowercase()) {
                return Err(format!("the token `{name}` stands there twice"));
            }
        }
        for binding in &self.grants {
            if binding.user.is_some() == binding.group.is_some() {
                return Err("each entry of `grants` names either a `user` or a `group`".to_owned());
            }
        }
        match &self.oidc {
            Some(oidc) if oidc.audience.is_empty() => {
                Err("`oidc.audience` must name at least one audience, or tokens made for others would be accepted"
                    .into())
            }
            None if !self.grants.is_empty() => Err("`grants` are for users of an issuer; add `oidc`".into()),
            None if self.tokens.is_empty() => Err("it knows nobody; add `tokens` or `oidc`".into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AccessFile, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        std::fs::write(&path, text).unwrap();
        AccessFile::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_names_tokens_issuer_and_grants() {
        let hash = "a".repeat(64);
        let file = read(&format!(
            "tokens:\n- name: ci\n  sha256: {hash}\n  grants:\n  - role: author\n    scope: /planes/radius/local\n\
             oidc:\n  issuer: https://login.example.com\n  audience: [radii]\n\
             grants:\n- group: platform\n  role: admin\n"
        ))
        .unwrap();
        assert_eq!(file.tokens[0].grants[0].role, Role::Author);
        assert_eq!(file.grants[0].grant(), Grant { role: Role::Admin, scope: Scope::root() });
        assert_eq!(file.oidc.unwrap().groups_claim, "groups");
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_remedy() {
        let hash = "a".repeat(64);
        let cases = [
            ("{}".to_owned(), "knows nobody"),
            ("tokens: [{name: a, sha256: xyz, grants: []}]".to_owned(), "64 hexadecimal digits"),
            (
                format!("tokens: [{{name: a, sha256: {hash}, grants: []}}, {{name: b, sha256: {hash}, grants: []}}]"),
                "twice",
            ),
            (format!("tokens: [{{name: a, sha256: {hash}, grants: [{{role: boss}}]}}]"), "boss"),
            (format!("tokens: [{{name: a, sha256: {hash}, grant: []}}]"), "grant"),
            (format!("tokens: [{{name: a, sha256: {hash}, grants: [{{role: reader, scope: local}}]}}]"), "/planes/"),
            ("grants: [{role: reader}]\noidc: {issuer: x, audience: [y]}".to_owned(), "either a `user` or a `group`"),
            ("oidc: {issuer: x, audience: []}".to_owned(), "at least one audience"),
            ("grants: [{user: a, role: reader}]".to_owned(), "add `oidc`"),
        ];
        for (text, expected) in cases {
            let said = read(&text).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
