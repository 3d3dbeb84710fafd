//! Paths: URI templates, and how those of namespaces, interfaces and operations join.

use typespec::Program;
use typespec::decorators::rest;
use typespec::program::{TypeId, TypeKind};

use super::properties::{HttpProperty, PathStyle, Role};
use crate::emit::facts;

/// A URI template, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UriTemplate {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    Variable(Variable),
}

/// A variable of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    name: String,
    operator: Option<char>,
    explode: bool,
}

impl Variable {
    /// What a parameter of its name is.
    pub(crate) fn role(&self) -> Role {
        let (name, explode) = (self.name.clone(), self.explode);
        let style = match self.operator {
            Some('?' | '&') => return Role::Query { name, explode },
            Some(';') => PathStyle::Matrix,
            Some('#') => PathStyle::Fragment,
            Some('.') => PathStyle::Label,
            Some('/') => PathStyle::Path,
            _ => PathStyle::Simple,
        };
        Role::Path { name, explode, style, allow_reserved: self.operator == Some('+') }
    }

    fn is_in_query(&self) -> bool {
        matches!(self.operator, Some('?' | '&'))
    }
}

impl UriTemplate {
    /// Takes a template apart; what is no expression is text.
    pub(crate) fn parse(text: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let closed = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            if let Some((expression, after)) = closed.filter(|(expression, _)| !expression.is_empty()) {
                let operator = expression.chars().next().filter(|first| "+#./;?&".contains(*first));
                let names = &expression[operator.map_or(0, char::len_utf8)..];
                segments.extend(names.split(',').map(|item| {
                    let name = item.split([':', '*']).next().unwrap_or_default().to_owned();
                    Segment::Variable(Variable { name, operator, explode: item.ends_with('*') })
                }));
                rest = after;
            } else {
                let end = rest[1..].find('{').map_or(rest.len(), |at| at + 1);
                segments.push(Segment::Text(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        Self { segments }
    }

    fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Variable(variable) => Some(variable),
            Segment::Text(_) => None,
        })
    }

    /// The variable of a name.
    pub(crate) fn find(&self, name: &str) -> Option<&Variable> {
        self.variables().find(|variable| variable.name == name)
    }

    /// The path of OpenAPI: variables in braces, the query left out.
    fn path(&self) -> String {
        let parts = self.segments.iter().filter_map(|segment| match segment {
            Segment::Text(text) => Some(text.clone()),
            Segment::Variable(variable) if variable.is_in_query() => None,
            Segment::Variable(variable) => Some(format!("{{{}}}", variable.name)),
        });
        parts.collect()
    }
}

/// The template that the routes of an operation and of what holds it give.
pub(crate) fn own_template(program: &Program, operation: TypeId) -> String {
    join(routes(program, operation))
}

/// The routes of what holds an operation, from outside in, and its own.
fn routes(program: &Program, operation: TypeId) -> Vec<&str> {
    let Some(it) = program.operation(operation) else { return Vec::new() };
    let mut parts: Vec<&str> = Vec::new();
    let mut current = it.interface.or(it.namespace);
    for _ in 0..1000 {
        let Some(holder) = current else { break };
        parts.extend(route_of(program, holder));
        current = program.namespace_of(holder);
    }
    parts.reverse();
    parts.extend(route_of(program, operation));
    parts
}

fn route_of(program: &Program, target: TypeId) -> Option<&str> {
    facts::text_of(program, target, "TypeSpec.Http.route").filter(|route| !route.is_empty())
}

/// Whether an operation has a route of its own.
pub(crate) fn has_own(program: &Program, operation: TypeId) -> bool {
    route_of(program, operation).is_some()
}

fn join<'s>(parts: impl IntoIterator<Item = &'s str>) -> String {
    let mut path = String::new();
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        if !part.is_empty() && !part.starts_with(['/', ':', '?']) && !part.starts_with("{/") {
            path.push('/');
        }
        path.push_str(part);
        if parts.peek().is_some() && path.ends_with('/') {
            path.pop();
        }
    }
    path
}

/// The whole template: parameters of the path that it does not name stand at its end, then those of the query.
pub(crate) fn with_parameters(program: &Program, template: &str, properties: &[HttpProperty]) -> String {
    let parsed = UriTemplate::parse(template);
    let mut parts = vec![template.to_owned()];
    let mut query: Vec<String> = Vec::new();
    for it in properties {
        let is_optional = program.property(it.property).is_some_and(|property| property.optional);
        match &it.role {
            Role::Path { name, explode, style, allow_reserved } if parsed.find(name).is_none() => {
                parts.push(variable(name, *explode, *style, *allow_reserved, is_optional));
            }
            Role::Query { name, explode } if parsed.find(name).is_none() => {
                query.push(format!("{name}{}", if *explode { "*" } else { "" }));
            }
            _ => {}
        }
    }
    let mut whole = join(parts.iter().map(String::as_str));
    if !query.is_empty() {
        whole.push_str(&format!("{{?{}}}", query.join(",")));
    }
    rooted(&whole)
}

fn rooted(template: &str) -> String {
    let whole = join([template]);
    if whole.starts_with(['/', ':', '?']) || whole.starts_with("{/") { whole } else { format!("/{whole}") }
}

fn variable(name: &str, explode: bool, style: PathStyle, allow_reserved: bool, is_optional: bool) -> String {
    let operator = match style {
        _ if is_optional => "/",
        _ if allow_reserved => "+",
        PathStyle::Simple => "",
        PathStyle::Label => ".",
        PathStyle::Matrix => ";",
        PathStyle::Fragment => "#",
        PathStyle::Path => "/",
    };
    format!("{{{operator}{name}{}}}", if explode { "*" } else { "" })
}

/// The template that follows from an operation's parameters and from what it does to a resource: the routes of what
/// holds it, each parameter behind its segment, the segment of the operation, and the name of its action.
///
/// Parameters with one value only are text of the route, and parameters no more.
pub(crate) fn from_parameters(program: &Program, operation: TypeId, properties: &mut Vec<HttpProperty>) -> String {
    let mut parts: Vec<String> = routes(program, operation).into_iter().map(str::to_owned).collect();
    let segment = |target: TypeId| rest::segment(program, target).filter(|segment| !segment.is_empty());
    properties.retain(|it| {
        let Role::Path { name, explode, style, allow_reserved } = &it.role else { return true };
        parts.extend(segment(it.property).map(|segment| format!("/{segment}")));
        let property = program.property(it.property);
        if let Some(TypeKind::String(text)) = property.map(|property| &program[property.ty].kind) {
            parts.push(text.to_string());
            return false;
        }
        let is_optional = property.is_some_and(|property| property.optional);
        parts.push(variable(name, *explode, *style, *allow_reserved, is_optional));
        true
    });
    parts.extend(segment(operation).map(|segment| format!("/{segment}")));
    if let Some(action) = rest::action_segment(program, operation).filter(|action| !action.is_empty()) {
        parts.push(format!("{}{action}", rest::action_separator(program, operation)));
    }
    rooted(&join(parts.iter().map(String::as_str)))
}

/// The path that OpenAPI writes for a template.
pub(crate) fn path(template: &str) -> String {
    UriTemplate::parse(template).path()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_taken_apart() {
        let template = UriTemplate::parse("/a{/b}/c{?d,e*}");
        assert_eq!(template.path(), "/a{b}/c");
        let explode = |name: &str| template.find(name).map(|it| (it.operator, it.explode));
        assert_eq!(explode("d"), Some((Some('?'), false)));
        assert_eq!(explode("e"), Some((Some('?'), true)));
        assert_eq!(UriTemplate::parse("/a{open").path(), "/a{open");
        assert_eq!(UriTemplate::parse("{}").path(), "{}");
    }

    #[test]
    fn parts_join_with_one_slash() {
        assert_eq!(join(["/a/", "b", "/c/{id}/"]), "/a/b/c/{id}/");
        assert_eq!(join(["/a", ":act"]), "/a:act");
        assert_eq!(join([]), "");
    }
}
