//! Status codes.

use typespec::Program;
use typespec::program::{TypeId, TypeKind};

use crate::emit::facts;

/// The status of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Code(u16),
    /// From one code to another.
    Range(u16, u16),
    /// Whatever no other answer has.
    Any,
}

impl Status {
    /// The keys of OpenAPI.
    pub(crate) fn keys(self) -> Vec<String> {
        let (from, to) = match self {
            Self::Any => return vec!["default".to_owned()],
            Self::Code(code) => return vec![code.to_string()],
            Self::Range(from, to) => (from, to),
        };
        let mut keys = Vec::new();
        if from < 100 || to > 599 {
            keys.push("default".to_owned());
        }
        let (mut start, end) = (from.max(100), to.min(599));
        for group in 1..=5u16 {
            if start <= end && (group * 100..=group * 100 + 99).contains(&start) {
                keys.push(format!("{group}XX"));
                start = group * 100 + 100;
            }
        }
        keys
    }

    /// Whether OpenAPI has keys for exactly this.
    pub(crate) fn is_whole(self) -> bool {
        match self {
            Self::Range(from, to) => from >= 100 && to <= 599 && from % 100 == 0 && to % 100 == 99,
            Self::Code(_) | Self::Any => true,
        }
    }

    /// What is said of an answer that says nothing of itself.
    pub(crate) fn description(self) -> Option<&'static str> {
        let (from, to) = match self {
            Self::Any => return None,
            Self::Range(from, to) => (from, to),
            Self::Code(code) => (code, code),
        };
        if from == to
            && let Some(known) = known(from)
        {
            return Some(known);
        }
        let groups = ["Informational", "Successful", "Redirection", "Client error", "Server error"];
        let group = usize::from(from / 100).checked_sub(1)?;
        (from / 100 == to / 100 || group == 4).then(|| groups.get(group).copied())?
    }
}

fn known(code: u16) -> Option<&'static str> {
    Some(match code {
        200 => "The request has succeeded.",
        201 => "The request has succeeded and a new resource has been created as a result.",
        202 => "The request has been accepted for processing, but processing has not yet completed.",
        204 => "There is no content to send for this request, but the headers may be useful. ",
        301 => "The URL of the requested resource has been changed permanently. The new URL is given in the response.",
        304 => "The client has made a conditional request and the resource has not been modified.",
        400 => "The server could not understand the request due to invalid syntax.",
        401 => "Access is unauthorized.",
        403 => "Access is forbidden.",
        404 => "The server cannot find the requested resource.",
        409 => "The request conflicts with the current state of the server.",
        412 => "Precondition failed.",
        503 => "Service unavailable.",
        _ => return None,
    })
}

/// The statuses that a property with `@statusCode` stands for.
pub(crate) fn of_property(program: &Program, property: TypeId) -> Vec<Status> {
    let Some(it) = program.property(property) else { return Vec::new() };
    match &program[it.ty].kind {
        TypeKind::Scalar(_) => range(program, property, it.ty).into_iter().collect(),
        _ => of_type(program, it.ty),
    }
}

fn of_type(program: &Program, id: TypeId) -> Vec<Status> {
    let code = |text: &str| text.parse().ok().filter(|code| (100..=599).contains(code)).map(Status::Code);
    match &program[id].kind {
        TypeKind::String(text) => code(text).into_iter().collect(),
        TypeKind::Number(number) => code(&number.value.to_string()).into_iter().collect(),
        TypeKind::Union(union) => {
            let variants = union.variants.iter().filter_map(|variant| program.variant(*variant));
            variants.flat_map(|variant| of_type(program, variant.ty)).collect()
        }
        TypeKind::ModelProperty(_) => of_property(program, id),
        TypeKind::Scalar(_) => range(program, id, id).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The bounds of a scalar or of a property with one.
fn range(program: &Program, target: TypeId, scalar: TypeId) -> Option<Status> {
    let bound = |decorator: &str| {
        let own = facts::number_of(program, target, decorator);
        let mut current = Some(scalar);
        let inherited = std::iter::from_fn(|| {
            let id = current?;
            current = program.scalar(id).and_then(|it| it.base);
            Some(facts::number_of(program, id, decorator))
        });
        own.or_else(|| inherited.take(1000).flatten().next())?.as_u64().and_then(|bound| u16::try_from(bound).ok())
    };
    Some(Status::Range(bound("TypeSpec.minValue")?, bound("TypeSpec.maxValue")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_the_groups_that_they_touch() {
        assert_eq!(Status::Range(400, 499).keys(), ["4XX"]);
        assert_eq!(Status::Range(400, 599).keys(), ["4XX", "5XX"]);
        assert_eq!(Status::Range(50, 199).keys(), ["default", "1XX"]);
        assert_eq!(Status::Range(400, 499).description(), Some("Client error"));
        assert_eq!(Status::Code(418).description(), Some("Client error"));
    }
}
