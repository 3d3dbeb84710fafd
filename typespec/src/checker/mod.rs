//! The checker: from syntax and names to types and values.

mod literals;

pub(crate) use literals::string_literal;
