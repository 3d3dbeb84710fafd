//! Keys that secrets at rest are wrapped with, and where they come from.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::Generate;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Where keys come from.
#[derive(Clone, Debug, Default)]
pub enum KeySource {
    /// A file beside an embedded database, made when absent; servers on other databases must be given a key.
    #[default]
    BesideDatabase,
    /// A file with one key per line; the first one seals, all open.
    File(PathBuf),
    /// The standard output of a command, in the form of a key file: how a key service is asked.
    Command(String),
    /// Keys themselves, separated by white space or commas: what an environment variable holds.
    Text(SecretString),
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("cannot {doing} the key file `{path}`")]
    File {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key file can be read by others.
    #[error("the key file `{path}` can be read by other users; type `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// A key file is gone, and the database has secrets that it opened.
    #[error(
        "the key file `{path}` is missing, and database holds secrets that only its key opens; put it back, or \
         give the key by `--secret-key-file`, `--secret-key-command` or RADII_SECRET_KEY"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A database without a place for a key file.
    #[error(
        "a key for the secrets in this database is needed: type `rad admin generate-key --file FILE` once, and \
         start every server with `--secret-key-file FILE` (or `--secret-key-command`, or RADII_SECRET_KEY)"
    )]
    NotGiven,
    /// The command failed.
    #[error("the key command `{command}` failed: {said}")]
    Command {
        /// The command.
        command: String,
        /// What it said on standard error, or why it did not start.
        said: String,
    },
    /// What was given is no key.
    #[error(
        "the keys from {from} are malformed in entry {entry}: each is the Base64 form of 32 bytes, as \
         `rad admin generate-key` prints it"
    )]
    Malformed {
        /// Where they came from.
        from: String,
        /// Which, counted from one; 0 when there is none at all.
        entry: usize,
    },
}

/// The bytes of a key, overwritten when they are dropped.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// Returns a new key.
///
/// # Panics
/// When the system has no random numbers.
pub(super) fn random_key() -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&chacha20poly1305::Key::generate());
    key
}

/// Names a key without giving it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    fn of(key: &Key) -> Self {
        let digest = Sha256::new().chain_update(b"radii key id").chain_update(&key[..]).finalize();
        Self(digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The id as it stands in front of sealed values.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keys: the first one seals, all open.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<(KeyId, Key)>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id.as_str())).finish()
    }
}

impl Keyring {
    /// Returns one new key.
    ///
    /// # Panics
    /// When the system has no random numbers.
    pub fn random() -> Self {
        let key = random_key();
        Self { keys: vec![(KeyId::of(&key), key)] }
    }

    /// Reads keys, one per line or separated by commas; `#` begins a comment.
    ///
    /// # Errors
    /// When one is no key, or there is none.
    pub fn parse(text: &str, from: &str) -> Result<Self, Error> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let entries = lines.flat_map(|line| line.split([',', ' ', '\t', '\r'])).filter(|entry| !entry.is_empty());
        let malformed = |entry| Error::Malformed { from: from.to_owned(), entry };
        let mut keys = Vec::new();
        for (number, entry) in entries.enumerate() {
            let bytes = Zeroizing::new(BASE64.decode(entry).map_err(|_| malformed(number + 1))?);
            let key = <[u8; 32]>::try_from(&bytes[..]).map(Key::new).map_err(|_| malformed(number + 1))?;
            keys.push((KeyId::of(&key), key));
        }
        if keys.is_empty() { Err(malformed(0)) } else { Ok(Self { keys }) }
    }

    /// Returns the keys in the form that [`Keyring::parse`] reads.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for (_, key) in &self.keys {
            text.push_str(&Zeroizing::new(BASE64.encode(&key[..])));
            text.push('\n');
        }
        text
    }

    /// Returns these keys, with others behind them that only open.
    #[must_use]
    pub fn and(mut self, others: Keyring) -> Self {
        self.keys.extend(others.keys);
        self
    }

    /// Returns only the key that seals.
    #[must_use]
    pub fn only_current(mut self) -> Self {
        self.keys.truncate(1);
        self
    }

    /// The key that seals.
    pub(super) fn current(&self) -> (&KeyId, &Key) {
        let (id, key) = &self.keys[0];
        (id, key)
    }

    pub(super) fn find(&self, id: &str) -> Option<(&KeyId, &Key)> {
        let found = self.keys.iter().find(|(own, _)| own.as_str() == id)?;
        Some((&found.0, &found.1))
    }
}

/// Returns the file in which an embedded database's key is kept.
pub fn file_beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

impl KeySource {
    /// Reads the keys; `beside` is the embedded database, `has_secrets` whether something is sealed in it already.
    ///
    /// # Errors
    /// Says what is missing or malformed, and how it is mended.
    pub fn load(&self, beside: Option<&Path>, has_secrets: bool) -> Result<Keyring, Error> {
        match self {
            KeySource::BesideDatabase => {
                let path = file_beside(beside.ok_or(Error::NotGiven)?);
                match read(&path) {
                    Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                        if has_secrets {
                            return Err(Error::Missing { path });
                        }
                        let keys = Keyring::random();
                        write_new(&path, &keys)?;
                        tracing::warn!(
                            "Made the key `{}` for secrets at rest; keep it safe, and apart from backups of the database",
                            path.display()
                        );
                        Ok(keys)
                    }
                    other => other,
                }
            }
            KeySource::File(path) => read(path),
            KeySource::Command(command) => ask(command),
            KeySource::Text(text) => Keyring::parse(text.expose_secret(), "RADII_SECRET_KEY"),
        }
    }
}

fn read(path: &Path) -> Result<Keyring, Error> {
    let file = |source| Error::File { doing: "read", path: path.to_owned(), source };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(file)?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(file)?.permissions().mode();
        // A mounted secret may be readable by a group; nobody needs it to be readable by all.
        if mode & 0o007 != 0 {
            return Err(Error::Exposed { path: path.to_owned() });
        }
    }
    Keyring::parse(&text, &format!("`{}`", path.display()))
}

/// Writes keys into a new file that only this user may read.
///
/// # Errors
/// When the file is there already, or cannot be written.
pub fn write_new(path: &Path, keys: &Keyring) -> Result<(), Error> {
    let file = |source| Error::File { doing: "write", path: path.to_owned(), source };
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut written = options.open(path).map_err(file)?;
    written.write_all(keys.to_text().as_bytes()).and_then(|()| written.sync_all()).map_err(file)
}

/// Replaces the keys in a file, so that either the old or the new ones are there whatever happens.
///
/// # Errors
/// When the file cannot be written.
pub fn replace(path: &Path, keys: &Keyring) -> Result<(), Error> {
    let file = |source| Error::File { doing: "write", path: path.to_owned(), source };
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
        _ => {}
    }
    write_new(&new, keys)?;
    std::fs::rename(&new, path).map_err(file)
}

fn ask(command: &str) -> Result<Keyring, Error> {
    let failed = |said: String| Error::Command { command: command.to_owned(), said };
    let output = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("{} ({})", said.trim(), output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| failed("it printed no text".to_owned()))?;
    Keyring::parse(&Zeroizing::new(text), &format!("the command `{command}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back_and_never_shown() {
        let keys = Keyring::random().and(Keyring::random());
        let text = keys.to_text();
        let again = Keyring::parse(&format!("# a comment\n{}", &*text), "a test").unwrap();
        assert_eq!(again.current().0, keys.current().0);
        assert!(again.find(keys.keys[1].0.as_str()).is_some());
        let shown = format!("{again:?}");
        assert!(text.lines().all(|key| !shown.contains(key)), "{shown}");
    }

    #[test]
    fn what_is_no_key_is_named_but_not_repeated() {
        let good = Keyring::random().to_text().trim().to_owned();
        let error = Keyring::parse(&format!("{good},hunter2"), "RADII_SECRET_KEY").unwrap_err().to_string();
        assert!(error.contains("RADII_SECRET_KEY") && error.contains("entry 2") && !error.contains("hunter2"));
        assert!(Keyring::parse(" \n# nothing\n", "x").is_err());
    }

    #[test]
    fn a_key_file_is_made_once_and_readable_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("radii.db");
        let made = KeySource::BesideDatabase.load(Some(&database), false).unwrap();
        let again = KeySource::BesideDatabase.load(Some(&database), true).unwrap();
        assert_eq!(made.current().0, again.current().0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = file_beside(&database);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            let error = KeySource::File(path).load(None, false).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_lost_key_file_is_not_replaced_by_another_key() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("radii.db");
        let error = KeySource::BesideDatabase.load(Some(&database), true).unwrap_err();
        assert!(matches!(error, Error::Missing { .. }));
        assert!(!file_beside(&database).exists());
        assert!(matches!(KeySource::BesideDatabase.load(None, false), Err(Error::NotGiven)));
    }

    #[test]
    fn a_command_may_give_the_key() {
        let key = Keyring::random();
        let keys = KeySource::Command(format!("echo {}", key.to_text().trim())).load(None, true).unwrap();
        assert_eq!(keys.current().0, key.current().0);
        let error = KeySource::Command("echo no access >&2; exit 3".into()).load(None, true).unwrap_err();
        assert!(error.to_string().contains("no access"), "{error}");
    }
}
