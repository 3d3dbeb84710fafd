//! Parameters: in the operation, or shared as components.

use radii_diagnostics::{Code, Diagnostic};
use serde_json::{Map, Value as Json, json};
use typespec::program::{Intrinsic, ModelProperty, TypeId, TypeKind};

use super::Emitter;
use crate::emit::http::{HttpOperation, HttpProperty, PathStyle, Role, Visibility};
use crate::emit::{facts, scalars, values};

/// A parameter as an operation has it.
struct Chosen<'o> {
    it: &'o HttpProperty,
    is_optional: bool,
}

impl Emitter<'_> {
    /// The parameters of operations that are written as one.
    pub(super) fn endpoint_parameters(&mut self, together: &[&HttpOperation], visibility: Visibility) -> Vec<Json> {
        let mut written: Vec<(String, &'static str, Json)> = Vec::new();
        for chosen in self.choose(together) {
            let Some((name, place)) = chosen.it.parameter() else { continue };
            let Some(parameter) = self.parameter_or_reference(&chosen, visibility) else { continue };
            let is_reference = parameter.get("$ref").is_some();
            let known = written
                .iter_mut()
                .find(|(known, at, json)| !is_reference && known == name && *at == place && json.get("$ref").is_none());
            match known {
                Some((.., known)) => merge(known, &parameter),
                None => written.push((name.to_owned(), place, parameter)),
            }
        }
        written.into_iter().map(|(.., parameter)| parameter).collect()
    }

    /// What of several operations' parameters is one, and what not all of them have is optional.
    fn choose<'o>(&self, together: &[&'o HttpOperation]) -> Vec<Chosen<'o>> {
        let mut by_name: Vec<(&str, Vec<&'o HttpProperty>)> = Vec::new();
        for it in together.iter().flat_map(|operation| &operation.properties) {
            let Some((name, _)) = it.parameter() else { continue };
            match by_name.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => all.push(it),
                None => by_name.push((name, vec![it])),
            }
        }
        let property = |it: &HttpProperty| self.program.property(it.property);
        let is_optional = |it: &HttpProperty| property(it).is_some_and(|property| property.optional);
        let ty = |it: &HttpProperty| property(it).map(|property| property.ty);
        let kind = |it: &HttpProperty| ty(it).map(|ty| std::mem::discriminant(&self.program[ty].kind));
        let mut chosen = Vec::new();
        for (_, all) in by_name {
            let first = all[0];
            let same = |is: &dyn Fn(&HttpProperty) -> bool| all.iter().all(|it| is(it));
            let in_all = all.len() == together.len();
            let alike = same(&|it| it.parameter().map(|it| it.1) == first.parameter().map(|it| it.1))
                && same(&|it| is_optional(it) == is_optional(first))
                && same(&|it| kind(it) == kind(first));
            let equal = alike && same(&|it| ty(it) == ty(first));
            if equal {
                chosen.push(Chosen { it: first, is_optional: !in_all || is_optional(first) });
            } else {
                let all_optional = in_all && !alike;
                chosen.extend(all.into_iter().map(|it| Chosen { it, is_optional: all_optional || is_optional(it) }));
            }
        }
        chosen
    }

    fn parameter_or_reference(&mut self, chosen: &Chosen<'_>, visibility: Visibility) -> Option<Json> {
        let program = self.program;
        let it = program.property(chosen.it.property)?;
        if matches!(program[it.ty].kind, TypeKind::Intrinsic(Intrinsic::Never)) {
            return None;
        }
        // A parameter that was copied is that of the first place where it was written.
        let mut source = chosen.it.property;
        while let Some(above) = program.property(source).and_then(|property| property.source) {
            source = above;
        }
        if let Some(given) = facts::text_of(program, source, "TypeSpec.OpenAPI.useRef") {
            return Some(json!({"$ref": given}));
        }
        let owner = program.property(source).and_then(|property| property.model);
        let shared = owner.filter(|owner| source != chosen.it.property && !self.is_inline(*owner));
        let Some(owner) = shared else { return Some(self.parameter(chosen, visibility)) };
        let mut key = self.name(owner);
        if program.model(owner).is_some_and(|model| model.properties.len() > 1) {
            key = format!("{key}.{}", program.name_of(source).map_or("", |name| name));
        }
        let key: String =
            key.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
        if !self.parameters.contains_key(&key) {
            let written = self.parameter(chosen, visibility);
            self.parameters.insert(key.clone(), written);
            self.parameter_models.push(owner);
        }
        Some(json!({"$ref": format!("#/components/parameters/{key}")}))
    }

    fn parameter(&mut self, chosen: &Chosen<'_>, visibility: Visibility) -> Json {
        let Some((name, place)) = chosen.it.parameter() else { return json!({}) };
        let property = chosen.it.property;
        let mut out = Map::new();
        out.insert("name".to_owned(), name.into());
        out.insert("in".to_owned(), place.into());
        out.extend(self.parameter_base(property, visibility));
        out.insert("required".to_owned(), (!chosen.is_optional).into());
        match &chosen.it.role {
            Role::Header { explode: true, .. } => drop(out.insert("explode".to_owned(), true.into())),
            Role::Cookie { .. } => drop(out.insert("explode".to_owned(), false.into())),
            Role::Query { explode, .. } => {
                if !explode {
                    out.insert("explode".to_owned(), false.into());
                }
                if let Some(style) = self.query_style(property) {
                    out.insert("style".to_owned(), style.into());
                }
            }
            Role::Path { explode, style, allow_reserved, .. } => {
                if *allow_reserved {
                    let message = "Reserved expansion of path parameter with '+' operator #{allowReserved: true} is not \
                                   supported in OpenAPI3.";
                    self.warn(property, "@typespec/openapi3/path-reserved-expansion", message.to_owned());
                }
                if matches!(style, PathStyle::Path | PathStyle::Fragment) {
                    self.warn_of_style(property, *style);
                }
                if *explode {
                    out.insert("explode".to_owned(), true.into());
                }
                match style {
                    PathStyle::Label => drop(out.insert("style".to_owned(), "label".into())),
                    PathStyle::Matrix => drop(out.insert("style".to_owned(), "matrix".into())),
                    PathStyle::Simple | PathStyle::Fragment | PathStyle::Path => {}
                }
            }
            _ => {}
        }
        if self.program.deprecation(property).is_some() {
            out.insert("deprecated".to_owned(), true.into());
        }
        Json::Object(out)
    }

    fn warn(&mut self, target: TypeId, code: &'static str, message: String) {
        let warning = Diagnostic::warning(Code::new(code), message);
        self.diagnostics.push(match self.program.span_of(target) {
            Some(span) => warning.at(span),
            None => warning,
        });
    }

    fn warn_of_style(&mut self, property: TypeId, style: PathStyle) {
        let name = if style == PathStyle::Path { "path" } else { "fragment" };
        let is_optional = self.program.property(property).is_some_and(|property| property.optional);
        let why = match style {
            PathStyle::Path if is_optional => " The style path could be introduced by an optional parameter.",
            _ => "",
        };
        let message =
            format!("Style '{name}' is not supported in OpenAPI3 path parameters.{why} Defaulting to style 'simple'.");
        self.warn(property, "@typespec/openapi3/invalid-style", message);
    }

    fn query_style(&self, property: TypeId) -> Option<&'static str> {
        let (name, _) = facts::encoding(self.program, property)?;
        Some(match name?.as_str() {
            "ArrayEncoding.pipeDelimited" => "pipeDelimited",
            "ArrayEncoding.spaceDelimited" => "spaceDelimited",
            "ArrayEncoding.commaDelimited" => "commaDelimited",
            "ArrayEncoding.newlineDelimited" => "newlineDelimited",
            _ => return None,
        })
    }

    /// What parameters and headers have in common.
    pub(super) fn parameter_base(&mut self, property: TypeId, visibility: Visibility) -> Map<String, Json> {
        let program = self.program;
        let mut out = Map::new();
        let Some(it) = program.property(property) else { return out };
        out.insert("required".to_owned(), (!it.optional).into());
        if let Some(doc) = program.doc(property) {
            out.insert("description".to_owned(), doc.into());
        }
        let schema = self.parameter_schema(property, it, visibility);
        out.insert("schema".to_owned(), schema);
        facts::extensions(program, property, self.dialect, &mut out);
        out
    }

    fn parameter_schema(&mut self, property: TypeId, it: &ModelProperty, visibility: Visibility) -> Json {
        let program = self.program;
        let mut schema = self.seen_as(visibility, |emitter| emitter.top(it.ty));
        let mut extras = facts::constraints(program, property, self.dialect);
        // The parameter says these itself.
        extras.retain(|key, _| {
            !["description", "deprecated", "example", "examples"].contains(&key.as_str()) && !key.starts_with("x-")
        });
        let encoding = facts::encoding(program, property);
        if let Some(default) =
            it.default.and_then(|default| values::json(program, default, Some(it.ty), encoding.as_ref()))
        {
            extras.insert("default".to_owned(), default);
        }
        if let Json::Object(schema) = &mut schema {
            schema.shift_remove("description");
            let is_style = self.query_style(property).is_some();
            if encoding.is_some() && !is_style {
                scalars::encode(program, property, self.dialect, schema);
            }
            let is_header = program.find_decorator(property, "TypeSpec.Http.header").is_some();
            if is_header && encoding.is_none() && schema.get("format").is_some_and(|format| format == "date-time") {
                schema.insert("format".to_owned(), "http-date".into());
            }
        }
        self.with_extras(schema, extras)
    }
}

/// Parameters of one name and place differ in the values that they take.
fn merge(known: &mut Json, other: &Json) {
    let more = other.pointer("/schema/enum").and_then(Json::as_array).cloned().unwrap_or_default();
    if let Some(Json::Array(values)) = known.pointer_mut("/schema/enum") {
        for value in more {
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
}
