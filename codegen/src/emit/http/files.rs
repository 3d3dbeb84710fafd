//! Files: models that are carried as they are, with a media type of their own.

use typespec::Program;
use typespec::program::TypeId;

use super::properties::{self, HttpProperty, Role};

/// The media type and the contents of a file, if a type is one, or is one but for what travels elsewhere.
pub(super) fn file(program: &Program, id: TypeId, metadata: &[HttpProperty]) -> Option<(TypeId, TypeId)> {
    program.model(id)?;
    let all = properties::inherited(program, id);
    let find = |name: &str| {
        let found =
            all.iter().copied().find(|property| program.name_of(*property).is_some_and(|own| **own == *name))?;
        is_from_file(program, found).then_some(found)
    };
    let (content_type, filename, contents) = (find("contentType")?, find("filename")?, find("contents")?);
    let is_elsewhere =
        |property: TypeId| metadata.iter().any(|known| known.property == property && known.role != Role::BodyProperty);
    let others = all.iter().filter(|property| ![content_type, filename, contents].contains(property));
    (others.into_iter().all(|property| is_elsewhere(*property)) && !is_elsewhere(contents))
        .then_some((content_type, contents))
}

/// Whether a model is a file, or extends one.
pub(crate) fn is_file(program: &Program, id: TypeId) -> bool {
    let mut current = Some(id);
    for _ in 0..1000 {
        let Some(id) = current else { return false };
        if program.find_decorator(id, "TypeSpec.Http.Private.httpFile").is_some() {
            return true;
        }
        current = program.model(id).and_then(|model| model.base);
    }
    false
}

fn is_from_file(program: &Program, property: TypeId) -> bool {
    let mut current = Some(property);
    for _ in 0..1000 {
        let Some(it) = current.and_then(|id| program.property(id)) else { return false };
        if it.model.is_some_and(|model| is_file(program, model)) {
            return true;
        }
        current = it.source;
    }
    false
}
