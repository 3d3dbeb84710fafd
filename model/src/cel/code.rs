//! Codes of what is wrong with rules.

use radii_diagnostics::Code;

/// The text is no expression.
pub const RULE_SYNTAX: Code = Code::new("radii/rule-syntax");
/// A property that the schema does not have.
pub const RULE_UNKNOWN_PROPERTY: Code = Code::new("radii/rule-unknown-property");
/// A name that stands for nothing.
pub const RULE_UNKNOWN_NAME: Code = Code::new("radii/rule-unknown-name");
/// A function that does not exist.
pub const RULE_UNKNOWN_FUNCTION: Code = Code::new("radii/rule-unknown-function");
/// Values of types that do not go together.
pub const RULE_TYPE: Code = Code::new("radii/rule-type");
/// A literal that can never be what it is compared with.
pub const RULE_VALUE: Code = Code::new("radii/rule-value");
/// A property that may be absent, used without asking.
pub const RULE_UNGUARDED: Code = Code::new("radii/rule-unguarded");
/// A rule that may take too long.
pub const RULE_COST: Code = Code::new("radii/rule-cost");
/// `oldSelf` where there is no old value.
pub const RULE_TRANSITION: Code = Code::new("radii/rule-transition");
/// A rule, or the `path` of one, that leads nowhere.
pub const RULE_PLACE: Code = Code::new("radii/rule-place");
/// A rule that is not written as one.
pub const RULE_FORM: Code = Code::new("radii/rule-form");
