//! Tokens that an OpenID Connect issuer signed: checked against its published keys.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value as Json;
use tokio::sync::Mutex;

use super::config::Oidc;

/// Only asymmetric signatures: with a symmetric one, whoever can check could also sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Unknown keys make the set be fetched again, but not more often than this.
const REFETCH: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);
/// How far the issuer's clock and ours may differ, in seconds.
const LEEWAY: u64 = 30;

/// Why a signed token was not accepted. Says nothing of the token itself.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no token, or its signature or claims do not hold.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// The issuer's keys are not to be had.
    #[error("the keys of `{issuer}` cannot be fetched: {why}")]
    Unavailable {
        /// Whose.
        issuer: String,
        /// Why.
        why: String,
    },
}

/// Who a valid token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The user claim.
    pub user: String,
    /// The groups claim; empty when it is absent.
    pub groups: Vec<String>,
}

/// An issuer with the keys that it published last.
pub struct Issuer {
    settings: Oidc,
    http: reqwest::Client,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    by_id: HashMap<String, (DecodingKey, Option<Algorithm>)>,
    fetched: Option<Instant>,
}

impl Issuer {
    /// Returns an issuer whose keys are fetched when the first token comes.
    pub fn new(settings: Oidc) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        Self { settings, http: http.unwrap_or_default(), keys: Mutex::default() }
    }

    /// Checks a token: signature, issuer, audience and times.
    ///
    /// # Errors
    /// When it is not valid, or nobody can tell.
    pub async fn check(&self, token: &str) -> Result<Subject, Refusal> {
        let invalid = |error: jsonwebtoken::errors::Error| Refusal::Invalid(error.to_string());
        let header = decode_header(token).map_err(invalid)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Refusal::Invalid(format!("tokens signed with {:?} are not accepted", header.alg)));
        }
        let key = self.key(header.kid.as_deref().unwrap_or_default(), header.alg).await?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&self.settings.audience);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = decode::<Json>(token, &key, &validation).map_err(invalid)?.claims;
        let user = claims[&self.settings.user_claim].as_str().filter(|user| !user.is_empty());
        let user = user.ok_or_else(|| {
            Refusal::Invalid(format!("the claim `{}` that names the user is missing", self.settings.user_claim))
        })?;
        let groups = match &claims[&self.settings.groups_claim] {
            Json::Array(groups) => groups.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            Json::String(group) => vec![group.clone()],
            _ => Vec::new(),
        };
        Ok(Subject { user: user.to_owned(), groups })
    }

    async fn key(&self, id: &str, algorithm: Algorithm) -> Result<DecodingKey, Refusal> {
        let mut keys = self.keys.lock().await;
        if !keys.by_id.contains_key(id) && keys.fetched.is_none_or(|fetched| fetched.elapsed() >= REFETCH) {
            // Noted before the attempt: an issuer that is down is not asked with every request.
            keys.fetched = Some(Instant::now());
            keys.by_id = readable(
                &self
                    .fetch()
                    .await
                    .map_err(|why| Refusal::Unavailable { issuer: self.settings.issuer.clone(), why })?,
            );
        }
        match keys.by_id.get(id) {
            Some((_, Some(declared))) if *declared != algorithm => {
                Err(Refusal::Invalid(format!("its key is for {declared:?}, and it is signed with {algorithm:?}")))
            }
            Some((key, _)) => Ok(key.clone()),
            None => Err(Refusal::Invalid(format!("the issuer has no key `{id}`"))),
        }
    }

    async fn fetch(&self) -> Result<JwkSet, String> {
        let text = match &self.settings.keys {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => self.get(url).await?,
            Some(file) => tokio::fs::read_to_string(file).await.map_err(|error| format!("`{file}`: {error}"))?,
            None => {
                let issuer = self.settings.issuer.trim_end_matches('/');
                let found = self.get(&format!("{issuer}/.well-known/openid-configuration")).await?;
                let found: Json = serde_json::from_str(&found).map_err(|error| error.to_string())?;
                if found["issuer"].as_str().map(|own| own.trim_end_matches('/')) != Some(issuer) {
                    return Err(format!("its configuration is that of the issuer {}", found["issuer"]));
                }
                let keys = found["jwks_uri"].as_str().ok_or("its configuration has no `jwks_uri`")?;
                self.get(keys).await?
            }
        };
        serde_json::from_str(&text).map_err(|error| format!("its keys are no JSON Web Key Set: {error}"))
    }

    async fn get(&self, url: &str) -> Result<String, String> {
        let answer = self.http.get(url).send().await.map_err(|error| error.without_url().to_string())?;
        if !answer.status().is_success() {
            return Err(format!("`{url}` answered {}", answer.status()));
        }
        answer.text().await.map_err(|error| error.without_url().to_string())
    }
}

/// The keys that signatures can be checked with, by their ids.
fn readable(set: &JwkSet) -> HashMap<String, (DecodingKey, Option<Algorithm>)> {
    let keys = set.keys.iter().filter_map(|key| {
        let declared = key.common.key_algorithm.and_then(|algorithm| algorithm.to_string().parse().ok());
        let id = key.common.key_id.clone().unwrap_or_default();
        DecodingKey::from_jwk(key).ok().map(|decoding| (id, (decoding, declared)))
    });
    keys.collect()
}
