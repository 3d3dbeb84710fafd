//! The `path` of a rule: what it is about, from where it stands.

use super::code;
use super::problem::Problem;
use crate::pointer;
use crate::schema::{Additional, Schema};
use crate::suggest::closest;

/// Reads a path such as `credentials.username` or `labels['a-b']` as a JSON pointer.
///
/// # Errors
/// Where it leads to nothing.
pub(super) fn parse(text: &str, schema: &Schema, root: &Schema) -> Result<String, Problem> {
    let mut path = String::new();
    let mut schema = schema.followed(root);
    let mut place = usize::from(text.starts_with('.'));
    let form = |at: usize| {
        let message = format!("`{text}` is no path");
        Problem::error(code::RULE_PLACE, at.min(text.len())..text.len(), message, "write names: `credentials.username`")
    };
    while place < text.len() || path.is_empty() {
        let rest = &text[place..];
        let (name, at) = if let Some(quoted) = rest.strip_prefix("['") {
            let length = quoted.find("']").ok_or_else(|| form(place))?;
            let at = place + 2..place + 2 + length;
            place = at.end + 2;
            (&quoted[..length], at)
        } else {
            let length = rest.find(['.', '[']).unwrap_or(rest.len());
            let at = place..place + length;
            place = at.end;
            (&rest[..length], at)
        };
        if name.is_empty() {
            return Err(form(at.start));
        }
        schema = match schema {
            Some(known) => member(known, name, at, root)?,
            None => None,
        };
        pointer::push(&mut path, name);
        place += usize::from(text[place..].starts_with('.') && place + 1 < text.len());
        if text[place..] == *"." {
            return Err(form(place));
        }
    }
    Ok(path)
}

/// The schema of a member; `None` where anything may stand.
fn member<'s>(schema: &'s Schema, name: &str, at: super::At, root: &'s Schema) -> Result<Option<&'s Schema>, Problem> {
    if let Some(property) = schema.properties.get(name) {
        return Ok(property.schema.followed(root));
    }
    if let Additional::Schema(values) = &schema.additional {
        return Ok(values.followed(root));
    }
    let is_open = schema.properties.is_empty()
        && !matches!(schema.additional, Additional::Allowed(false, _))
        && schema.kind.is_none_or(|kind| matches!(kind, crate::schema::Kind::Any | crate::schema::Kind::Object));
    if is_open {
        return Ok(None);
    }
    let problem =
        |help: String| Problem::error(code::RULE_PLACE, at.clone(), format!("there is no property `{name}`"), help);
    Err(match closest(name, schema.properties.keys().map(String::as_str)) {
        Some(known) => problem(format!("did you mean `{known}`?")).surely(known),
        None => problem("name a property of what the rule stands on, or leave the path out".to_owned()),
    })
}
