//! Paths of properties in messages: `types.db.apiVersions['2025-01-01'].schema.properties.size`.

use std::fmt;

/// A path that is only written out when a message needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    /// Text to begin with.
    Root(&'a str),
    /// A member of a mapping.
    Key(&'a Path<'a>, &'a str),
    /// An item of a sequence.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// Returns the path of the member `name`.
    pub(crate) fn key(&'a self, name: &'a str) -> Path<'a> {
        Path::Key(self, name)
    }

    /// Returns the path of an item.
    pub(crate) fn index(&'a self, at: usize) -> Path<'a> {
        Path::Index(self, at)
    }

    /// What a message calls the value at the end of the path.
    pub(crate) fn last_name(&self) -> String {
        match self {
            Path::Key(_, name) => format!("`{name}`"),
            Path::Index(..) => "the item".to_owned(),
            Path::Root(_) => "the body".to_owned(),
        }
    }

    /// Whether nothing would be written.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Path::Root(""))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root(text) => f.write_str(text),
            Path::Index(parent, at) => write!(f, "{parent}[{at}]"),
            Path::Key(parent, name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
                let identifier =
                    !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit());
                match (identifier, parent.is_empty()) {
                    (true, true) => f.write_str(name),
                    (true, false) => write!(f, "{parent}.{name}"),
                    (false, _) => write!(f, "{parent}['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn names_that_are_no_words_stand_in_quotes() {
        let root = Path::Root("");
        let types = root.key("types");
        let db = types.key("db");
        let version = db.key("2025-01-01");
        assert_eq!(version.index(3).to_string(), "types.db['2025-01-01'][3]");
        assert_eq!(root.key("it's").to_string(), "['it\\'s']");
    }
}
