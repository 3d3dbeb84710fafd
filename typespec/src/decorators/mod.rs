//! The decorators of the embedded libraries.

use crate::registry::Registry;

/// Registers every decorator, function and validation of the embedded libraries.
pub fn register(_registry: &mut Registry) {}
