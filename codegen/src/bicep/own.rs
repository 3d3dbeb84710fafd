//! Radii's own rules: everything that Bicep types can say is said, and what they cannot is reported.

use radii_diagnostics::{Code, Diagnostic};
use radii_model::schema::{Additional, Kind, NumberBounds, Property as SchemaProperty, Schema};
use serde_json::Value as Json;

use super::Compat;
use super::convert::{Converter, in_order};
use super::place::Place;
use super::types::{ObjectType, Property, StringType, Type, TypeRef, flags};
use crate::regex_dialect::is_dotnet;

/// A keyword that the server still enforces, but Bicep does not know.
const NOT_EXPRESSED: Code = Code::new("radii/bicep-not-expressed");
/// A type for which Bicep has none, so that it accepts more than the server does.
const WIDENED: Code = Code::new("radii/bicep-widened");

/// Whether a place can tell that null is a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Null {
    /// Bicep accepts null there anyway: an optional property.
    Implied,
    /// Only a union with the null type says so.
    InUnion,
}

impl Converter {
    pub(super) fn own_root(&mut self, place: &Place<'_>, name: &str, schema: &Schema) -> TypeRef {
        self.own_named(place, name, schema, Null::Implied)
    }

    fn own_named(&mut self, place: &Place<'_>, name: &str, schema: &Schema, null: Null) -> TypeRef {
        self.note_losses(place, schema);
        let type_ref = self.own_type(place, name, schema);
        if !schema.nullable || null == Null::Implied {
            return type_ref;
        }
        let null = self.table.add(Type::Null);
        self.table.add(Type::Union(vec![type_ref, null]))
    }

    fn own_type(&mut self, place: &Place<'_>, name: &str, schema: &Schema) -> TypeRef {
        if let Some(reference) = &schema.reference {
            return self.widened(place, schema, &format!("the reference `{reference}`"));
        }
        if let Some(type_ref) = self.own_composition(place, name, schema) {
            return type_ref;
        }
        match schema.kind {
            Some(Kind::String) => self.own_string(place, schema),
            Some(Kind::Integer) => {
                let (min, max) = whole_bounds(&schema.number);
                self.table.add(Type::Integer { min, max })
            }
            Some(Kind::Number) => self.widened(place, schema, "a number with fractions"),
            Some(Kind::Boolean) => self.table.add(Type::Boolean),
            Some(Kind::Any) => self.table.add(Type::Any),
            Some(Kind::Array) => {
                let item = match &schema.items {
                    Some(items) => self.own_named(&place.items(), &format!("{name}Item"), items, Null::InUnion),
                    None => self.table.add(Type::Any),
                };
                self.table.add(Type::Array { item, min: schema.min_items, max: schema.max_items })
            }
            Some(Kind::Object) => self.own_object(place, name, schema),
            None if schema.has_properties || !schema.properties.is_empty() => self.own_object(place, name, schema),
            None if matches!(schema.additional, Additional::Schema(_)) => self.own_object(place, name, schema),
            None if schema.enumeration.is_some() => self.own_string(place, schema),
            None => self.table.add(Type::Any),
        }
    }

    fn own_composition(&mut self, place: &Place<'_>, name: &str, schema: &Schema) -> Option<TypeRef> {
        let composition = &schema.composition;
        if !composition.all_of.is_empty() {
            return Some(self.widened(place, schema, "`allOf`"));
        }
        let (keyword, members) = match (composition.one_of.as_slice(), composition.any_of.as_slice()) {
            ([], []) => return None,
            ([], members) => ("anyOf", members),
            (members, _) => ("oneOf", members),
        };
        let convert = |(at, member): (usize, &Schema)| {
            self.own_named(&place.member(keyword, at), &format!("{name}{}", at + 1), member, Null::InUnion)
        };
        let elements: Vec<TypeRef> = members.iter().enumerate().map(convert).collect();
        Some(self.table.add(Type::Union(elements)))
    }

    fn own_string(&mut self, place: &Place<'_>, schema: &Schema) -> TypeRef {
        let mut values: Vec<&str> = Vec::new();
        let given = schema.enumeration.iter().flatten();
        for value in given.filter_map(Json::as_str) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        if !values.is_empty() && schema.sensitive {
            // Bicep cannot make a literal secure; a leaked secret is worse than a late complaint about its value.
            self.report_widened(place, schema, "a sensitive enum", "a secure string; the server checks the value");
        } else if !values.is_empty() {
            let literal = |value: &str| Type::StringLiteral { value: value.to_owned(), sensitive: false };
            let elements = values.into_iter().map(|value| self.table.add(literal(value))).collect();
            return self.table.add(Type::Union(elements));
        }
        let pattern = schema.pattern.clone().filter(|pattern| is_dotnet(pattern));
        let (sensitive, min, max) = (schema.sensitive, schema.min_length, schema.max_length);
        self.table.add(Type::String(StringType { sensitive, min, max, pattern }))
    }

    fn own_object(&mut self, place: &Place<'_>, name: &str, schema: &Schema) -> TypeRef {
        let mut object = ObjectType { sensitive: schema.sensitive, ..ObjectType::default() };
        for (name, property) in in_order(&schema.properties, Compat::Off) {
            let required = schema.required.contains(name);
            object.properties.insert(name.clone(), self.own_property(place, name, property, required));
        }
        object.additional = match &schema.additional {
            Additional::Schema(values) => {
                let name = format!("{name}AdditionalProperties");
                Some(self.own_named(&place.values(), &name, values, Null::InUnion))
            }
            Additional::Allowed(true, _) => Some(self.table.add(Type::Any)),
            Additional::Allowed(false, _) => None,
            // An object of which nothing is said may hold anything; one with properties holds those.
            Additional::Absent if schema.has_properties => None,
            Additional::Absent => Some(self.table.add(Type::Any)),
        };
        object.name = self.object_name(place, name);
        self.table.add(Type::Object(object))
    }

    fn own_property(&mut self, place: &Place<'_>, name: &str, property: &SchemaProperty, required: bool) -> Property {
        let schema = &property.schema;
        let null = if required { Null::InUnion } else { Null::Implied };
        let type_ref = self.own_named(&place.property(name), name, schema, null);
        let flags = match (schema.read_only, required) {
            // What only the resource can set must not be demanded from the author.
            (true, _) => flags::READ_ONLY,
            (false, true) => flags::REQUIRED,
            (false, false) => 0,
        };
        let flags = flags | if schema.write_only { flags::WRITE_ONLY } else { 0 };
        let description = schema.description.clone().filter(|text| !text.is_empty());
        Property { type_ref, flags, description, description_first: false }
    }

    /// Bicep shows an object's name in its messages: two objects of one resource must not share it.
    fn object_name(&mut self, place: &Place<'_>, name: &str) -> String {
        let name = if self.object_names.contains(name) { place.qualified_name() } else { name.to_owned() };
        self.object_names.insert(name.clone());
        name
    }

    fn widened(&mut self, place: &Place<'_>, schema: &Schema, what: &str) -> TypeRef {
        self.report_widened(place, schema, what, "`any`; the server checks the value");
        self.table.add(Type::Any)
    }

    fn report_widened(&mut self, place: &Place<'_>, schema: &Schema, what: &str, becomes: &str) {
        let message = format!("Bicep has no type for {what}; it becomes {becomes}");
        self.diagnostics.push(Diagnostic::warning(WIDENED, message).at(schema.span).path(place.to_string()));
    }

    fn note_losses(&mut self, place: &Place<'_>, schema: &Schema) {
        let lost = losses(place, schema);
        if lost.is_empty() {
            return;
        }
        let lost: Vec<String> = lost.iter().map(|keyword| format!("`{keyword}`")).collect();
        let message = format!("Bicep types cannot express {}; only the registry knows it", lost.join(", "));
        let severity = radii_diagnostics::Severity::Note;
        let note = Diagnostic::new(NOT_EXPRESSED, severity, message).at(schema.span).path(place.to_string());
        self.diagnostics.push(note);
    }
}

/// Returns the keywords of a schema that its Bicep type does not carry.
fn losses<'a>(place: &Place<'_>, schema: &'a Schema) -> Vec<&'a str> {
    let bounds = &schema.number;
    let not_text = |value: &Json| !value.is_string();
    let literals = schema.kind == Some(Kind::String) || schema.kind.is_none();
    let enumerated = schema.enumeration.as_ref().filter(|values| !values.is_empty());
    let is_property = place.is_property();
    let checks = [
        ("default", schema.default.is_some()),
        ("format", schema.format.is_some()),
        ("title", schema.title.is_some()),
        ("example", schema.example.is_some()),
        ("description", !is_property && schema.description.is_some()),
        ("deprecated", schema.deprecated),
        ("enum", enumerated.is_some_and(|values| !literals || values.iter().any(not_text))),
        ("pattern", schema.pattern.as_deref().is_some_and(|p| enumerated.is_some() || !is_dotnet(p))),
        ("minLength", schema.min_length.is_some() && enumerated.is_some()),
        ("maxLength", schema.max_length.is_some() && enumerated.is_some()),
        ("multipleOf", bounds.multiple_of.is_some()),
        ("minimum", bounds.minimum.is_some() && schema.kind != Some(Kind::Integer)),
        ("maximum", bounds.maximum.is_some() && schema.kind != Some(Kind::Integer)),
        ("uniqueItems", schema.unique_items),
        ("minProperties", schema.min_properties.is_some()),
        ("maxProperties", schema.max_properties.is_some()),
        ("not", schema.composition.not.is_some()),
        ("discriminator", schema.composition.discriminator.is_some()),
        ("x-radius-sensitive", schema.sensitive && !matches!(schema.kind, Some(Kind::String | Kind::Object))),
    ];
    let lost = checks.into_iter().filter(|(_, lost)| *lost).map(|(keyword, _)| keyword);
    lost.chain(schema.extensions.keys().map(String::as_str)).collect()
}

/// Returns the smallest and the largest whole number within the bounds, where they are 64-bit.
fn whole_bounds(bounds: &NumberBounds) -> (Option<i64>, Option<i64>) {
    let whole = |number: &serde_json::Number, round: fn(f64) -> f64| {
        number
            .as_i64()
            .or_else(|| number.as_f64().map(round).filter(|value| value.abs() < 9e18).map(|value| value as i64))
    };
    let is_whole = |number: &serde_json::Number| number.as_f64().is_some_and(|value| value.fract() == 0.0);
    let min = bounds.minimum.as_ref().and_then(|number| {
        let step = i64::from(bounds.exclusive_minimum && is_whole(number));
        whole(number, f64::ceil)?.checked_add(step)
    });
    let max = bounds.maximum.as_ref().and_then(|number| {
        let step = i64::from(bounds.exclusive_maximum && is_whole(number));
        whole(number, f64::floor)?.checked_sub(step)
    });
    (min, max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(minimum: Json, maximum: Json, exclusive: bool) -> NumberBounds {
        let number = |value: Json| value.as_number().cloned();
        NumberBounds {
            minimum: number(minimum),
            maximum: number(maximum),
            exclusive_minimum: exclusive,
            exclusive_maximum: exclusive,
            multiple_of: None,
        }
    }

    #[test]
    fn exclusive_and_broken_bounds_become_whole_ones() {
        assert_eq!(whole_bounds(&bounds(1.into(), 9.into(), false)), (Some(1), Some(9)));
        assert_eq!(whole_bounds(&bounds(1.into(), 9.into(), true)), (Some(2), Some(8)));
        assert_eq!(whole_bounds(&bounds(0.5.into(), 9.5.into(), true)), (Some(1), Some(9)));
        assert_eq!(whole_bounds(&bounds(1e300.into(), Json::Null, false)), (None, None));
    }
}
