//! What decorators say of a type, as the emitters need it.

use serde_json::{Map, Number, Value as Json};
use typespec::Program;
use typespec::numeric::Numeric;
use typespec::program::{Application, Argument, Entity, EnumValue, TypeId, TypeKind, ValueId, ValueKind};

use super::Dialect;
use super::values;

/// The argument of a decorator as text.
pub(crate) fn text<'p>(program: &'p Program, application: &'p Application, at: usize) -> Option<&'p str> {
    match application.arguments.get(at)?.entity {
        Entity::Value(value) => match &program[value].kind {
            ValueKind::String { text, .. } => Some(text),
            ValueKind::EnumMember(member) => member_text(program, *member),
            _ => None,
        },
        Entity::Type(ty) | Entity::Indeterminate(ty) => match &program[ty].kind {
            TypeKind::String(text) => Some(text),
            TypeKind::EnumMember(_) => member_text(program, ty),
            _ => None,
        },
    }
}

/// The text that a member of an enum stands for: its value, else its name.
pub(crate) fn member_text(program: &Program, member: TypeId) -> Option<&str> {
    let member = program.enum_member(member)?;
    match &member.value {
        None => Some(&member.name),
        Some(EnumValue::String(text)) => Some(text),
        Some(EnumValue::Number(_)) => None,
    }
}

/// The argument of a decorator as a value.
pub(crate) fn value(application: &Application, at: usize) -> Option<ValueId> {
    application.arguments.get(at)?.entity.as_value()
}

/// The argument of a decorator as a type.
pub(crate) fn ty(application: &Application, at: usize) -> Option<TypeId> {
    application.arguments.get(at)?.entity.as_type()
}

/// The first argument of a decorator on a type, as text.
pub(crate) fn text_of<'p>(program: &'p Program, target: TypeId, decorator: &str) -> Option<&'p str> {
    text(program, program.find_decorator(target, decorator)?, 0)
}

/// The first argument of a decorator on a type, as a number.
pub(crate) fn number_of(program: &Program, target: TypeId, decorator: &str) -> Option<Number> {
    let application = program.find_decorator(target, decorator)?;
    number(program, application.arguments.first()?)
}

fn number(program: &Program, argument: &Argument) -> Option<Number> {
    let numeric = match argument.entity {
        Entity::Value(value) => match &program[value].kind {
            ValueKind::Number { number, .. } => number,
            _ => return None,
        },
        Entity::Type(ty) | Entity::Indeterminate(ty) => match &program[ty].kind {
            TypeKind::Number(number) => &number.value,
            _ => return None,
        },
    };
    json_number(numeric)
}

/// Returns a number that a double holds exactly.
pub(crate) fn json_number(numeric: &Numeric) -> Option<Number> {
    const SAFE: i64 = 1 << 53;
    let text = numeric.to_string();
    if let Ok(whole) = text.parse::<i64>() {
        return (-SAFE..=SAFE).contains(&whole).then(|| whole.into());
    }
    let float: f64 = text.parse().ok()?;
    let is_exact = Numeric::parse(&format!("{float}")).as_ref() == Some(numeric);
    Number::from_f64(float).filter(|_| is_exact)
}

/// The values of an enum: each member's value, else its name, without repetition.
pub(crate) fn enum_values(program: &Program, enumeration: TypeId) -> Vec<Json> {
    let mut values: Vec<Json> = Vec::new();
    for member in program.enumeration(enumeration).into_iter().flat_map(|it| it.members.ids()) {
        let value = member_value(program, member);
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The value of an enum's member.
pub(crate) fn member_value(program: &Program, member: TypeId) -> Json {
    match program.enum_member(member).and_then(|member| member.value.as_ref()) {
        Some(EnumValue::Number(number)) => json_number(number).map_or(Json::Null, Json::Number),
        _ => member_text(program, member).map_or(Json::Null, Json::from),
    }
}

/// The JSON name of a property: that of `@encodedName("application/json", …)`, else its own.
pub(crate) fn wire_name(program: &Program, property: TypeId) -> &str {
    let encoded = program[property].decorators.iter().rev().find(|application| {
        &*application.name == "TypeSpec.encodedName" && text(program, application, 0) == Some("application/json")
    });
    let encoded = encoded.and_then(|application| text(program, application, 1));
    encoded.or_else(|| program.name_of(property).map(|name| &**name)).unwrap_or_default()
}

/// The encoding of `@encode` on a scalar or property: its name, and the scalar that is written.
pub(crate) fn encoding(program: &Program, target: TypeId) -> Option<(Option<String>, Option<TypeId>)> {
    let application = program.find_decorator(target, "TypeSpec.encode")?;
    let scalar = ty(application, 1).filter(|id| program.scalar(*id).is_some());
    match application.arguments.first()?.entity {
        Entity::Type(id) if program.scalar(id).is_some() => Some((None, Some(id))),
        Entity::Value(value) => match &program[value].kind {
            ValueKind::EnumMember(member) => {
                let (it, name) = (program.enum_member(*member)?, member_text(program, *member)?);
                // Members without a value of their own are known by their full name.
                let name = if it.value.is_some() {
                    name.to_owned()
                } else {
                    format!("{}.{name}", program.name_of(it.enumeration)?)
                };
                Some((Some(name), scalar))
            }
            _ => Some((text(program, application, 0).map(str::to_owned), scalar)),
        },
        _ => Some((text(program, application, 0).map(str::to_owned), scalar)),
    }
}

/// The keywords that the decorators on a type or property itself give, in the reference's order.
pub(crate) fn constraints(program: &Program, target: TypeId, dialect: Dialect) -> Map<String, Json> {
    let mut out = Map::new();
    let mut put = |keyword: &str, value: Option<Json>| {
        if let Some(value) = value {
            out.insert(keyword.to_owned(), value);
        }
    };
    let number = |name: &str| number_of(program, target, &format!("TypeSpec.{name}")).map(Json::Number);
    let schema_number =
        |name: &str| number_of(program, target, &format!("TypeSpec.JsonSchema.{name}")).map(Json::Number);
    let has = |name: &str| program.find_decorator(target, name).is_some();
    put("minLength", number("minLength"));
    put("maxLength", number("maxLength"));
    put("minimum", number("minValue"));
    put("maximum", number("maxValue"));
    put("pattern", text_of(program, target, "TypeSpec.pattern").map(Json::from));
    put("minItems", number("minItems"));
    put("maxItems", number("maxItems"));
    put("multipleOf", schema_number("multipleOf"));
    put("uniqueItems", has("TypeSpec.JsonSchema.uniqueItems").then_some(Json::Bool(true)));
    put("minProperties", schema_number("minProperties"));
    put("maxProperties", schema_number("maxProperties"));
    let password = dialect != Dialect::JsonSchema && has("TypeSpec.secret");
    put("format", text_of(program, target, "TypeSpec.format").or(password.then_some("password")).map(Json::from));
    put("description", program.doc(target).map(Json::from));
    put("title", text_of(program, target, "TypeSpec.summary").map(Json::from));
    put("deprecated", program.deprecation(target).map(|_| Json::Bool(true)));
    for (inclusive, keyword, name) in
        [("minimum", "exclusiveMinimum", "minValueExclusive"), ("maximum", "exclusiveMaximum", "maxValueExclusive")]
    {
        let Some(bound) = number(name) else { continue };
        if dialect == Dialect::OpenApi30 {
            put(inclusive, Some(bound));
            put(keyword, Some(Json::Bool(true)));
        } else {
            put(keyword, Some(bound));
        }
    }
    if dialect != Dialect::OpenApi30 {
        for name in ["minContains", "maxContains"] {
            put(name, schema_number(name));
        }
        for name in ["contentEncoding", "contentMediaType"] {
            put(name, text_of(program, target, &format!("TypeSpec.JsonSchema.{name}")).map(Json::from));
        }
    }
    examples(program, target, dialect, &mut out);
    extensions(program, target, dialect, &mut out);
    out
}

fn examples(program: &Program, target: TypeId, dialect: Dialect, out: &mut Map<String, Json>) {
    let target_type = program.property(target).map_or(target, |property| property.ty);
    let encoding = encoding(program, target);
    let examples: Vec<Json> = (program[target].decorators.iter())
        .filter(|application| &*application.name == "TypeSpec.example")
        .filter_map(|application| values::json(program, value(application, 0)?, Some(target_type), encoding.as_ref()))
        .collect();
    let Some(first) = examples.first() else { return };
    match dialect {
        // The bottom-most ran first; that is the one that the reference shows.
        Dialect::OpenApi30 => out.insert("example".to_owned(), first.clone()),
        _ => out.insert("examples".to_owned(), Json::Array(examples)),
    };
}

/// Adds the extension keys of a target.
pub(crate) fn extensions(program: &Program, target: TypeId, dialect: Dialect, out: &mut Map<String, Json>) {
    let wanted = match dialect {
        Dialect::JsonSchema => "TypeSpec.JsonSchema.extension",
        _ => "TypeSpec.OpenAPI.extension",
    };
    for application in program[target].decorators.iter().filter(|application| &*application.name == wanted) {
        let Some(key) = text(program, application, 0) else { continue };
        let json = match application.arguments.get(1).map(|argument| argument.entity) {
            Some(Entity::Value(value)) => values::json(program, value, None, None),
            Some(Entity::Type(ty) | Entity::Indeterminate(ty)) => values::literal(program, ty),
            None => None,
        };
        if let Some(json) = json {
            out.insert(key.to_owned(), json);
        }
    }
}
