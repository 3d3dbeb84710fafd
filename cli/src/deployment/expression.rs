//! References inside the text of a list: `${db.properties.host}`, as ARM expressions.

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that means itself.
    Text(String),
    /// What stands between `${` and `}`.
    Reference(Reference),
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The environment that is deployed to.
    Environment,
    /// The application that is deployed to.
    Application,
    /// A parameter, from `${parameters.NAME}`.
    Parameter(String),
    /// Part of a resource of the list.
    Resource {
        /// Its name, or `type/name`.
        name: String,
        /// `id`, `name`, `type`, or `properties` and what follows.
        path: Vec<String>,
    },
}

/// Splits a text at its references; `$${` stands for `${`.
///
/// # Errors
/// A sentence about the reference that cannot be read.
pub fn split(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            plain.push_str(&rest[..at - 1]);
            plain.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        let Some(length) = rest[at..].find('}') else {
            return Err(format!("`{}` has no closing brace", &rest[at..]));
        };
        plain.push_str(&rest[..at]);
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Reference(parse(rest[at + 2..at + length].trim())?));
        rest = &rest[at + length + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

fn parse(text: &str) -> Result<Reference, String> {
    match text {
        "environment" => return Ok(Reference::Environment),
        "application" => return Ok(Reference::Application),
        _ => {}
    }
    if let Some(name) = text.strip_prefix("parameters.") {
        return Ok(Reference::Parameter(name.to_owned()));
    }
    // A name may hold dots only in front of the type's slash; the path starts at the first dot after it.
    let name_start = text.rfind('/').map_or(0, |slash| slash + 1);
    let Some(dot) = text[name_start..].find('.').map(|dot| name_start + dot) else {
        return Err(format!(
            "`${{{text}}}` names nothing of a resource; write `${{{text}.id}}` or `${{{text}.properties.…}}`"
        ));
    };
    let path = split_path(&text[dot + 1..]);
    let known = match path.first().map(String::as_str) {
        Some("id" | "name" | "type") => path.len() == 1,
        Some("properties") => true,
        _ => false,
    };
    if text[..dot].is_empty() || !known || path.iter().any(String::is_empty) {
        return Err(format!(
            "`${{{text}}}` cannot be followed; after the name stands `id`, `name`, `type` or `properties.…`"
        ));
    }
    Ok(Reference::Resource { name: text[..dot].to_owned(), path })
}

/// Splits `a.b[0].c` into its steps.
fn split_path(path: &str) -> Vec<String> {
    path.replace('[', ".").split('.').map(|step| step.trim_end_matches(']').to_owned()).collect()
}

/// Returns a string literal of the expression language.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns the expression for a path below a reference to a resource.
pub fn access(target: &str, path: &[String]) -> String {
    let mut expression = target.to_owned();
    for step in path {
        let is_name = step.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && step.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name {
            expression.push('.');
            expression.push_str(step);
        } else if step.chars().all(|c| c.is_ascii_digit()) {
            expression.push_str(&format!("[{step}]"));
        } else {
            expression.push_str(&format!("[{}]", literal(step)));
        }
    }
    expression
}

/// Returns the text of a template for pieces whose references are expressions already.
pub fn join(pieces: &[Result<String, String>]) -> String {
    match pieces {
        [Ok(text)] if text.starts_with('[') && text.ends_with(']') => format!("[{text}"),
        [Ok(text)] => text.clone(),
        [Err(expression)] => format!("[{expression}]"),
        pieces => {
            let mut format = String::new();
            let mut arguments = String::new();
            let mut count = 0;
            for piece in pieces {
                match piece {
                    Ok(text) => format.push_str(&text.replace('{', "{{").replace('}', "}}")),
                    Err(expression) => {
                        format.push_str(&format!("{{{count}}}"));
                        arguments.push_str(&format!(", {expression}"));
                        count += 1;
                    }
                }
            }
            format!("[format({}{arguments})]", literal(&format))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, path: &[&str]) -> Piece {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        Piece::Reference(Reference::Resource { name: name.to_owned(), path })
    }

    #[test]
    fn references_are_found_in_text() {
        assert_eq!(split("plain").unwrap(), [Piece::Text("plain".into())]);
        assert_eq!(split("${db.id}").unwrap(), [resource("db", &["id"])]);
        assert_eq!(
            split("http://${web.properties.hosts[0].name}:80").unwrap(),
            [
                Piece::Text("http://".into()),
                resource("web", &["properties", "hosts", "0", "name"]),
                Piece::Text(":80".into())
            ]
        );
        assert_eq!(split("${Contoso.Data/postgres/db.id}").unwrap(), [resource("Contoso.Data/postgres/db", &["id"])]);
    }

    #[test]
    fn a_doubled_dollar_is_no_reference() {
        assert_eq!(split("echo $${HOME} ${environment}").unwrap()[0], Piece::Text("echo ${HOME} ".into()));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for text in ["${db", "${db}", "${db.}", "${db.host}", "${.id}", "${db.id.x}", "${}"] {
            assert!(split(text).is_err(), "{text}");
        }
    }

    #[test]
    fn text_is_quoted_for_the_expression_language() {
        assert_eq!(join(&[Ok("[literal]".into())]), "[[literal]");
        assert_eq!(join(&[Err("a".into())]), "[a]");
        assert_eq!(join(&[Ok("it's {x} ".into()), Err("a".into())]), "[format('it''s {{x}} {0}', a)]");
        assert_eq!(
            access("reference('db')", &["properties".into(), "a-b".into(), "0".into()]),
            "reference('db').properties['a-b'][0]"
        );
    }
}
