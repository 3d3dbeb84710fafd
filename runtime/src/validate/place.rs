//! Places inside of a value.

/// A step from a value to one inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step<'c> {
    /// To a member of an object.
    Name(&'c str),
    /// To an item of an array.
    Index(usize),
}

/// Returns the JSON pointer (RFC 6901) of a place.
pub(super) fn pointer(at: &[Step<'_>]) -> String {
    let step = |step: &Step<'_>| match step {
        Step::Name(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        Step::Index(index) => format!("/{index}"),
    };
    at.iter().map(step).collect()
}
