//! What a client shows to a server that wants to know who calls, and which certificates it believes.

use std::path::Path;

use reqwest::header::HeaderValue;

use super::Error;

/// Token and trusted authority of the environment: `RADII_TOKEN` or `RADII_TOKEN_FILE`, and `RADII_CA_FILE`.
///
/// There is no flag for a token: other users of the machine can read command lines.
#[derive(Clone, Default)]
pub struct Credentials {
    authorization: Option<HeaderValue>,
    certificates: Vec<reqwest::Certificate>,
}

impl Credentials {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a file cannot be read, or the token could not stand in a header.
    pub fn from_environment() -> Result<Self, Error> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let token = match (variable("RADII_TOKEN"), variable("RADII_TOKEN_FILE")) {
            (Some(token), _) => Some(token.into_string().map_err(|_| invalid("`RADII_TOKEN` is not text"))?),
            (None, Some(path)) => {
                let read = std::fs::read_to_string(&path);
                let path = path.to_string_lossy();
                Some(read.map_err(|error| invalid(&format!("cannot read the token file `{path}`: {error}")))?)
            }
            (None, None) => None,
        };
        Ok(Self {
            authorization: token.as_deref().map(bearer).transpose()?,
            certificates: variable("RADII_CA_FILE").map_or_else(|| Ok(Vec::new()), |path| bundle(Path::new(&path)))?,
        })
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// The certificates to believe beside the system's.
    pub(super) fn certificates(&self) -> &[reqwest::Certificate] {
        &self.certificates
    }
}

fn bundle(path: &Path) -> Result<Vec<reqwest::Certificate>, Error> {
    let wrong = |why: String| invalid(&format!("cannot use `RADII_CA_FILE` `{}`: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&text).map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() { Err(wrong("it holds no certificate".to_owned())) } else { Ok(certificates) }
}

fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|_| invalid("the token holds characters that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn invalid(why: &str) -> Error {
    Error::Credentials { why: why.to_owned() }
}
