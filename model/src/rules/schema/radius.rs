//! What Radius forbids beyond OpenAPI: composition, loose maps, reserved names.

use super::{Place, Rules};
use crate::advice::Advice;
use crate::path::Path;
use crate::rules::code;
use crate::schema::{Additional, Kind, SENSITIVE, Schema};

impl Rules<'_> {
    pub(super) fn radius_rules(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        if place == Place::Root {
            self.reserved_properties(schema, path);
            self.base_properties(schema, path);
        }
        self.maps(schema, path, place);
        self.sensitive(schema, path, place);
    }

    pub(super) fn composition(&mut self, schema: &Schema, path: &Path<'_>) {
        let combined = &schema.composition;
        let present = [
            ("allOf", !combined.all_of.is_empty(), "write the properties of all parts in one schema"),
            ("anyOf", !combined.any_of.is_empty(), "write one schema that covers the variants, or separate properties"),
            ("oneOf", !combined.one_of.is_empty(), "write one schema that covers the variants, or separate properties"),
            ("not", combined.not.is_some(), "say what is allowed: `enum`, `pattern`, `minimum`, `maximum`"),
            ("discriminator", combined.discriminator.is_some(), "write the telling property as an `enum` of strings"),
        ];
        for (name, given, help) in present {
            let keyword = combined.keywords.iter().find(|(keyword, _)| keyword == name);
            if given || keyword.is_some() {
                let span = keyword.map_or(schema.span, |(_, span)| *span);
                let message = format!("`{name}` is not supported in the schemas of resource types");
                self.error(code::COMPOSITION, span, &path.key(name), message, help);
            }
        }
    }

    fn reserved_properties(&mut self, schema: &Schema, path: &Path<'_>) {
        let properties = path.key("properties");
        for name in ["status", "recipe"] {
            if let Some(property) = schema.properties.get(name) {
                let message = format!("`{name}` is reserved: the control plane writes it on every resource");
                let help = format!("choose another name, such as `{name}Text`, or move it into an object");
                let help = Advice::from(help).write(format!("{name}Text"));
                self.error(code::RESERVED_PROPERTY, property.key_span, &properties.key(name), message, help);
            }
        }
    }

    fn base_properties(&mut self, schema: &Schema, path: &Path<'_>) {
        let properties = path.key("properties");
        for name in ["application", "environment", "codeReference"] {
            let Some(property) = schema.properties.get(name) else { continue };
            if property.schema.kind != Some(Kind::String) && property.schema.reference.is_none() {
                let message = format!("`{name}` must be a string: every resource type has it");
                let help = "write `type: string`, or remove the property; it is added to every type";
                let written = property.schema.keyword_spans.iter().find(|(keyword, _)| *keyword == "type");
                let (span, help) = match written {
                    Some((_, span)) => (*span, Advice::from(help).write("string")),
                    None => (property.key_span, help.into()),
                };
                self.error(code::BASE_PROPERTY, span, &properties.key(name), message, help);
            }
        }
        let Some(connections) = schema.properties.get("connections") else { return };
        let is_map = connections.schema.kind == Some(Kind::Object)
            && matches!(connections.schema.additional, Additional::Schema(_));
        if !is_map && connections.schema.reference.is_none() {
            let message = "`connections` must be a map from names to connections: every resource type has it";
            let help =
                "write `type: object` with `additionalProperties`, or remove the property; it is added to every type";
            self.error(code::BASE_PROPERTY, connections.key_span, &properties.key("connections"), message, help);
        }
    }

    fn maps(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        let additional = path.key("additionalProperties");
        match &schema.additional {
            Additional::Allowed(true, span) => {
                let message = "`additionalProperties: true` allows anything";
                let help =
                    "give the schema of the values, such as `additionalProperties: {type: string}`, or remove it";
                let help = match schema.properties.is_empty() {
                    true => Advice::from(help).write("{type: string}"),
                    // What is declared stays; nothing else is added.
                    false => Advice::from("remove it, or write `false`: the properties are those that are declared")
                        .write("false"),
                };
                self.error(code::ADDITIONAL_PROPERTIES_TRUE, *span, &additional, message, help);
            }
            Additional::Schema(values) if schema.has_properties || !schema.properties.is_empty() => {
                let message = "an object has either `properties` or `additionalProperties`, not both";
                let help = "move the free keys into a map of their own, such as `labels`";
                let key = schema.span_of_item("additionalProperties", 0);
                let key = if key == schema.span { values.span } else { key };
                self.error(code::PROPERTIES_AND_MAP, key, path, message, help);
            }
            // `type: any` is reported as a type; see `kind`.
            Additional::Schema(values)
                if place != Place::PlatformOptions && values.kind.is_none() && values.is_unrestricted() =>
            {
                let message = "only `platformOptions` may be a map of anything";
                let help = "give the type of the values, such as `additionalProperties: {type: string}`";
                let help = Advice::from(help).write("{type: string}");
                self.error(code::ANY_OUTSIDE_PLATFORM_OPTIONS, values.span, &additional, message, help);
            }
            _ => {}
        }
    }

    fn sensitive(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        let path = path.key(SENSITIVE);
        let span = schema.span_of(SENSITIVE);
        if schema.extensions.contains_key(SENSITIVE) {
            let help = match schema.extensions.get(SENSITIVE) {
                Some(value) => crate::schema::boolean(&crate::document::Node::from_json(value, span)),
                None => "write `true` or `false`, without quotes".into(),
            };
            let message = format!("`{SENSITIVE}` must be a boolean");
            return self.error(code::INVALID_SENSITIVE, span, &path, message, help);
        }
        if !schema.sensitive || place == Place::Root {
            return;
        }
        match schema.kind {
            Some(Kind::String | Kind::Object) => {}
            Some(kind) => {
                let message = format!("only strings and objects can be sensitive, not `{}`", kind.as_str());
                let help = "change the type to `string`, or remove the mark";
                self.error(code::INVALID_SENSITIVE, schema.span_of_item(SENSITIVE, 0), &path, message, help);
            }
            // A type that could not be read has been reported already.
            None if schema.keyword_spans.iter().any(|(name, _)| *name == "type") => {}
            None => {
                let message = "a sensitive property needs a type";
                let help = "add `type: string` or `type: object`";
                self.error(code::INVALID_SENSITIVE, span, &path, message, help);
            }
        }
    }
}
