//! Places inside of a value.

use radii_model::pointer;

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
    at.iter().fold(String::new(), |mut path, step| {
        match step {
            Step::Name(name) => pointer::push(&mut path, name),
            Step::Index(index) => path += &format!("/{index}"),
        }
        path
    })
}
