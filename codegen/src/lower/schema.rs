//! Schemas of one API version.

use radii_diagnostics::{Diagnostic, Fix, Span};
use radii_model::cel::RulePlace;
use radii_model::conversion::{RENAMED_FROM, VALUES_RENAMED_FROM};
use radii_model::extension;
use radii_model::schema::{Additional, Kind, Property, Schema};
use serde_json::{Map, Value as Json};
use typespec::Program;
use typespec::decorators::visibility;
use typespec::program::{Intrinsic, TypeId, TypeKind};
use typespec::versioning::{self, Version};

use super::places::{keyword_spans, type_span};
use super::{OUTSIDE_PROFILE, arguments, scalar, span};
use crate::emit::{Dialect, facts, scalars, values};

/// The version that types are copies of.
pub(super) struct Moment<'m> {
    /// All versions of the namespace; none where it has none.
    pub(super) versions: &'m [Version],
    /// Which of them it is.
    pub(super) index: usize,
}

/// Lowers the types of one version.
pub(super) struct Lowering<'l> {
    program: &'l Program,
    moment: &'l Moment<'l>,
    diagnostics: &'l mut Vec<Diagnostic>,
    /// The models around the one that is being lowered.
    open: Vec<TypeId>,
}

impl<'l> Lowering<'l> {
    pub(super) fn new(program: &'l Program, moment: &'l Moment<'l>, diagnostics: &'l mut Vec<Diagnostic>) -> Self {
        Self { program, moment, diagnostics, open: Vec::new() }
    }

    /// The schema of a resource's properties; the words about the type stand with the type.
    pub(super) fn resource(&mut self, model: TypeId) -> Schema {
        let mut schema = self.model(model);
        schema.description = None;
        schema.title = None;
        // A record of anything says nothing about the resource: whoever serves it knows its properties.
        if schema.properties.is_empty()
            && matches!(&schema.additional, Additional::Schema(values) if values.kind == Some(Kind::Any))
        {
            (schema.kind, schema.additional) = (None, Additional::Absent);
        }
        schema
    }

    fn refuse(&mut self, at: Span, message: impl Into<String>, help: &str) -> Schema {
        let diagnostic = Diagnostic::error(OUTSIDE_PROFILE, message).at(at).help(help);
        // A named type is written wherever it is used; its fault is one.
        if !self.diagnostics.iter().any(|known| known.primary == diagnostic.primary && known.code == diagnostic.code) {
            self.diagnostics.push(diagnostic);
        }
        Schema { span: at, ..Schema::default() }
    }

    /// A tuple has no schema; one of texts was meant as their union.
    fn tuple(&mut self, id: TypeId, items: &[TypeId], at: Span) -> Schema {
        let (program, at) = (self.program, span_or(self.program, id, at));
        let schema = self.refuse(at, "a tuple has no schema here", "write an array with one type of items, or a model");
        let texts = items.iter().map(|item| match &program[*item].kind {
            TypeKind::String(text) => Some(format!("{text:?}")),
            _ => None,
        });
        let texts: Option<Vec<String>> = texts.collect();
        if let ([item], Some(told)) = (items, self.diagnostics.last_mut())
            && told.fixes.is_empty()
        {
            // As it is written: a type's name may be another one here, and that of a union is none.
            let written = program.ast.text_at(at).trim();
            let inner = written.strip_prefix('[').and_then(|own| own.strip_suffix(']')).map(str::trim);
            let name = inner.map_or_else(|| program.type_name(*item), str::to_owned);
            let replacement = if name.contains(['|', '&', ' ']) { format!("({name})[]") } else { format!("{name}[]") };
            let title = format!("write `{replacement}`");
            told.help = Some("brackets around one type are a tuple; an array has them behind the type".to_owned());
            told.fixes.push(Fix { title, span: at, replacement, sure: false });
        }
        if let (Some(texts), Some(told)) = (texts.filter(|it| !it.is_empty()), self.diagnostics.last_mut())
            && told.fixes.is_empty()
        {
            let replacement = texts.join(" | ");
            let title = format!("write `{replacement}`");
            told.help = Some("the texts that a property may be are joined by `|`".to_owned());
            told.fixes.push(Fix { title, span: at, replacement, sure: false });
        }
        schema
    }

    /// The schema of a type; `at` is where it is used.
    fn schema(&mut self, id: TypeId, at: Span) -> Schema {
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(_) => self.model_at(id, at),
            TypeKind::ModelProperty(property) => self.schema(property.ty, at),
            TypeKind::UnionVariant(variant) => self.schema(variant.ty, at),
            TypeKind::Scalar(_) => scalar::schema(program, id, at),
            TypeKind::Enum(_) => self.enumeration(id, at),
            TypeKind::Union(_) => self.union(id, at),
            TypeKind::String(_)
            | TypeKind::Number(_)
            | TypeKind::Boolean(_)
            | TypeKind::EnumMember(_)
            | TypeKind::StringTemplate(_) => match values::literal(program, id) {
                Some(value) => literals(vec![value], at),
                None => Schema { kind: Some(Kind::String), span: at, ..Schema::default() },
            },
            TypeKind::Intrinsic(Intrinsic::Unknown | Intrinsic::Error) => Schema { span: at, ..Schema::default() },
            TypeKind::Tuple(items) => self.tuple(id, items, at),
            TypeKind::Intrinsic(Intrinsic::Null) => self.refuse(
                at,
                "`null` alone is no type of a property",
                "write `T | null` with the type it has otherwise",
            ),
            _ => {
                let message = format!("`{}` has no schema", program.type_name(id));
                self.refuse(at, message, "use a model, a scalar, an enum, an array or a record")
            }
        }
    }

    fn model_at(&mut self, id: TypeId, at: Span) -> Schema {
        let program = self.program;
        if self.open.contains(&id) {
            let message = format!("`{}` holds itself; schemas of resource types cannot repeat", program.type_name(id));
            return self.refuse(at, message, "write the levels that are needed, or keep the nested part as text");
        }
        self.open.push(id);
        let mut schema = self.model(id);
        self.open.pop();
        schema.span = at;
        schema
    }

    fn model(&mut self, id: TypeId) -> Schema {
        let program = self.program;
        let at = span(program, id);
        let Some(model) = program.model(id) else { return Schema::default() };
        let is_own = !program.is_standard_namespace(model.namespace);
        let mut keywords = if is_own { facts::constraints(program, id, Dialect::OpenApi30) } else { Map::new() };
        // A secret model is marked as such; the format is for OpenAPI's readers.
        if program.find_decorator(id, "TypeSpec.secret").is_some() {
            keywords.shift_remove("format");
        }
        let mut schema = scalar::read(keywords, at);
        schema.sensitive |= self.is_secret(id);
        self.validations(id, &mut schema);
        if program.find_decorator(id, "TypeSpec.discriminator").is_some() {
            let help = "write the telling property as an enum, and the properties of all variants as optional ones";
            self.refuse(at, "a discriminated model has no schema here", help);
        }
        if program.is_array(id) {
            schema.kind = Some(Kind::Array);
            schema.items =
                model.indexer.map(|indexer| Box::new(self.schema(indexer.value, span_or(program, indexer.value, at))));
            return schema;
        }
        schema.kind = Some(Kind::Object);
        let properties = program.effective_properties(id);
        arguments::check_variables(program, &properties, self.diagnostics);
        for property in properties {
            self.property(property, &mut schema);
        }
        schema.has_properties = !schema.properties.is_empty();
        if let Some(indexer) = self.indexer(id) {
            schema.additional = match &program[indexer].kind {
                TypeKind::Intrinsic(Intrinsic::Never) => Additional::Allowed(false, at),
                _ => {
                    let mut values = self.schema(indexer, span_or(program, indexer, at));
                    // Maps of anything have a name of their own in manifests.
                    if values.kind.is_none() && values.is_unrestricted() {
                        values.kind = Some(Kind::Any);
                    }
                    Additional::Schema(Box::new(values))
                }
            };
        }
        schema
    }

    /// The type of properties without a name, the model's own or that of a base.
    fn indexer(&self, id: TypeId) -> Option<TypeId> {
        let mut current = Some(id);
        for _ in 0..1000 {
            let model = self.program.model(current?)?;
            if let Some(indexer) = model.indexer {
                return Some(indexer.value);
            }
            current = model.base;
        }
        None
    }

    fn property(&mut self, id: TypeId, into: &mut Schema) {
        let program = self.program;
        let Some(it) = program.property(id) else { return };
        if matches!(program[it.ty].kind, TypeKind::Intrinsic(Intrinsic::Never)) {
            return;
        }
        let name = facts::wire_name(program, id).to_owned();
        let at = type_span(program, id);
        let mut schema = self.schema(it.ty, at);
        self.overlay(id, it.ty, &mut schema);
        self.conversions(id, &mut schema);
        if !it.optional && !schema.read_only {
            into.required.push(name.clone());
        }
        if program.find_decorator(id, "Radii.platformOptions").is_some() && name != "platformOptions" {
            let message = format!("`{name}` cannot hold options of platforms");
            self.refuse(at, message, "name the property `platformOptions`: nothing else is passed through");
        }
        schema.keyword_spans = keyword_spans(program, id);
        let key_span = program.span_of_name(id).unwrap_or(at);
        into.properties.insert(name, Property { key_span, schema });
    }

    /// Puts what the property says over what its type says.
    fn overlay(&mut self, id: TypeId, ty: TypeId, schema: &mut Schema) {
        let program = self.program;
        let at = schema.span;
        let mut keywords = facts::constraints(program, id, Dialect::OpenApi30);
        for key in arguments::check_extensions(program, id, self.diagnostics) {
            keywords.shift_remove(&key);
        }
        // The registry has a mark of its own for secrets.
        if program.find_decorator(id, "TypeSpec.format").is_none() {
            keywords.shift_remove("format");
        }
        let encoding = facts::encoding(program, id);
        if let Some(default) = program.property(id).and_then(|it| it.default) {
            match values::json(program, default, Some(ty), encoding.as_ref()) {
                Some(default) => {
                    keywords.insert("default".to_owned(), default);
                }
                None => {
                    self.refuse(at, "the default cannot be written as JSON", "write a literal");
                }
            }
        }
        let Json::Object(mut merged) = schema.to_openapi() else { return };
        if encoding.is_some() && program.scalar(ty).is_some() {
            scalars::encode(program, id, Dialect::OpenApi30, &mut merged);
        }
        scalars::overlay(&mut merged, keywords, Dialect::OpenApi30);
        let simple = scalar::read(merged, at);
        // What lies below keeps its own places.
        *schema = Schema {
            properties: std::mem::take(&mut schema.properties),
            items: schema.items.take(),
            additional: std::mem::take(&mut schema.additional),
            extensions: std::mem::take(&mut schema.extensions),
            rule_places: std::mem::take(&mut schema.rule_places),
            sensitive: schema.sensitive,
            ..simple.clone()
        };
        schema.extensions.extend(simple.extensions);
        let seen = |name| visibility::is_visible_on(program, id, name);
        schema.read_only = visibility::is_read_only(program, id);
        schema.write_only = !seen("Read") && (seen("Create") || seen("Update"));
        schema.sensitive |= self.is_secret(id);
        if schema.sensitive && schema.format.as_deref() == Some("password") {
            schema.format = None;
        }
        self.radii(id, schema);
    }

    fn is_secret(&self, id: TypeId) -> bool {
        let marked = |id| {
            ["TypeSpec.secret", "Radii.sensitive"].iter().any(|name| self.program.find_decorator(id, name).is_some())
        };
        let mut current = Some(self.program.property(id).map_or(id, |property| property.ty));
        if marked(id) {
            return true;
        }
        for _ in 0..1000 {
            match current {
                Some(id) if marked(id) => return true,
                Some(id) => current = self.program.scalar(id).and_then(|scalar| scalar.base),
                None => return false,
            }
        }
        false
    }

    /// What our own decorators say of a property.
    fn radii(&mut self, id: TypeId, schema: &mut Schema) {
        let program = self.program;
        if program.find_decorator(id, "Radii.immutable").is_some() {
            schema.extensions.insert(extension::IMMUTABLE.to_owned(), true.into());
        }
        if let Some(name) = facts::text_of(program, id, "Radii.envName") {
            arguments::check_variable(program, id, self.diagnostics);
            schema.extensions.insert(extension::ENV_NAME.to_owned(), name.into());
        }
        if let Some(application) = program.find_decorator(id, "Radii.resourceReference") {
            arguments::check_references(program, application, self.diagnostics);
            let types = (0..application.arguments.len()).filter_map(|at| facts::text(program, application, at));
            schema.extensions.insert(extension::RESOURCE_REFERENCE.to_owned(), types.map(Json::from).collect());
        } else if let Some(application) = program.find_decorator(id, "Radii.resourceId") {
            let types =
                facts::ty(application, 0).and_then(|model| facts::text_of(program, model, "Radii.resourceType"));
            schema
                .extensions
                .insert(extension::RESOURCE_REFERENCE.to_owned(), types.map(Json::from).into_iter().collect());
        }
        self.validations(id, schema);
    }

    fn validations(&mut self, id: TypeId, schema: &mut Schema) {
        let program = self.program;
        let applications = program[id].decorators.iter().rev().filter(|it| &*it.name == "Radii.validate");
        for application in applications {
            let Some(text) = facts::text(program, application, 0) else { continue };
            let mut rule = Map::new();
            rule.insert("rule".to_owned(), text.into());
            if let Some(message) = facts::text(program, application, 1).filter(|message| !message.is_empty()) {
                rule.insert("message".to_owned(), message.into());
            }
            let options = facts::value(application, 2).and_then(|value| values::json(program, value, None, None));
            if let Some(Json::Object(options)) = options {
                rule.extend(options);
            }
            let path = rule.get("path").and_then(Json::as_str).unwrap_or_default().to_owned();
            let written = arguments::literal_place(program, application, 0, text);
            let place = RulePlace { path: arguments::path_place(program, application, &path), rule: written };
            let list =
                schema.extensions.entry(extension::VALIDATIONS.to_owned()).or_insert_with(|| Json::Array(Vec::new()));
            let rule = Json::Object(rule);
            if let Json::Array(list) = list
                && !list.contains(&rule)
            {
                list.push(rule);
                schema.rule_places.push(place);
            }
        }
    }

    /// What the preceding version called a property.
    fn conversions(&self, id: TypeId, schema: &mut Schema) {
        let Some(before) = self.moment.index.checked_sub(1) else { return };
        let program = self.program;
        if facts::wire_name(program, id) == program.name_of(id).map_or("", |name| name)
            && let Some(old) = self.renamed_now(id)
            && versioning::exists_at(program, id, self.moment.versions, before)
        {
            schema.extensions.insert(RENAMED_FROM.to_owned(), old.into());
        }
    }

    /// What the preceding version called the members of an enum.
    fn renamed_members(&self, id: TypeId, schema: &mut Schema) {
        let program = self.program;
        let members = program.enumeration(id).map(|it| it.members.ids().collect::<Vec<_>>()).unwrap_or_default();
        let mut renamed = Map::new();
        for member in members {
            let Some(it) = program.enum_member(member).filter(|it| it.value.is_none()) else { continue };
            if let Some(old) = self.renamed_now(member) {
                renamed.insert(it.name.to_string(), old.into());
            }
        }
        if !renamed.is_empty() {
            schema.extensions.insert(VALUES_RENAMED_FROM.to_owned(), Json::Object(renamed));
        }
    }

    /// The old name of what was renamed in this very version.
    fn renamed_now(&self, id: TypeId) -> Option<String> {
        let member = self.moment.versions.get(self.moment.index)?.member;
        let change = self.program[id].decorators.iter().find(|application| {
            &*application.name == "TypeSpec.Versioning.renamedFrom" && names_member(self.program, application, member)
        })?;
        facts::text(self.program, change, 1).map(str::to_owned)
    }

    fn enumeration(&mut self, id: TypeId, at: Span) -> Schema {
        let program = self.program;
        let values = facts::enum_values(program, id);
        let is_mixed = values.iter().any(Json::is_string) && values.iter().any(Json::is_number);
        if is_mixed || values.is_empty() {
            let message = format!(
                "the enum `{}` has {}",
                program.type_name(id),
                if is_mixed { "texts and numbers" } else { "no members" }
            );
            return self.refuse(span(program, id), message, "give it members of one kind");
        }
        let mut schema = literals(values, at);
        self.words(id, &mut schema);
        self.renamed_members(id, &mut schema);
        schema
    }

    fn words(&self, id: TypeId, schema: &mut Schema) {
        schema.description = self.program.doc(id).map(str::to_owned);
        schema.title = facts::text_of(self.program, id, "TypeSpec.summary").map(str::to_owned);
        schema.deprecated = self.program.deprecation(id).is_some();
        schema.sensitive = self.is_secret(id);
    }

    fn union(&mut self, id: TypeId, at: Span) -> Schema {
        let program = self.program;
        let mut flat = Vec::new();
        flatten(program, id, &mut flat);
        let nullable = flat.iter().any(|ty| matches!(program[*ty].kind, TypeKind::Intrinsic(Intrinsic::Null)));
        flat.retain(|ty| !matches!(program[*ty].kind, TypeKind::Intrinsic(Intrinsic::Null | Intrinsic::Never)));
        let (constants, others): (Vec<TypeId>, Vec<TypeId>) = flat
            .into_iter()
            .partition(|ty| values::literal(program, *ty).is_some_and(|value| !value.is_object() && !value.is_array()));
        let mut list: Vec<Json> = Vec::new();
        for value in constants.iter().filter_map(|ty| values::literal(program, *ty)) {
            if !list.contains(&value) {
                list.push(value);
            }
        }
        let same_kind = list.windows(2).all(|pair| kind_of(&pair[0]) == kind_of(&pair[1]));
        let mut schema = match (list.is_empty(), others.as_slice()) {
            (false, []) if same_kind => literals(list, at),
            (true, [only]) => self.schema(*only, at),
            (false, [open]) if same_kind && values::derives_from(program, *open, "string") && list[0].is_string() => {
                let mut schema = self.schema(*open, at);
                schema.extensions.insert(extension::KNOWN_VALUES.to_owned(), Json::Array(list));
                schema
            }
            _ => {
                let message =
                    format!("the union `{}` has no schema: its variants are of several kinds", program.type_name(id));
                let help = "write one type, literals of one kind, or a property of its own for each variant";
                self.refuse(at, message, help)
            }
        };
        if program.name_of(id).is_some() {
            self.words(id, &mut schema);
        }
        schema.nullable |= nullable;
        schema
    }
}

fn span_or(program: &Program, id: TypeId, other: Span) -> Span {
    program.span_of(id).filter(|_| program.is_from_project(id)).unwrap_or(other)
}

/// The variants of a union and of the unions in it.
fn flatten(program: &Program, id: TypeId, into: &mut Vec<TypeId>) {
    for variant in program.union(id).map(|union| union.variants.clone()).unwrap_or_default() {
        let Some(ty) = program.variant(variant).map(|variant| variant.ty) else { continue };
        match &program[ty].kind {
            TypeKind::Union(_) => flatten(program, ty, into),
            TypeKind::Enum(it) => into.extend(it.members.ids()),
            _ => into.push(ty),
        }
    }
}

fn names_member(program: &Program, application: &typespec::program::Application, member: TypeId) -> bool {
    use typespec::program::{Entity, ValueKind};
    match application.arguments.first().map(|argument| argument.entity) {
        Some(Entity::Value(value)) => matches!(program[value].kind, ValueKind::EnumMember(known) if known == member),
        Some(Entity::Type(ty) | Entity::Indeterminate(ty)) => ty == member,
        None => false,
    }
}

fn kind_of(value: &Json) -> Kind {
    match value {
        Json::Bool(_) => Kind::Boolean,
        Json::Number(number) if number.is_i64() || number.is_u64() => Kind::Integer,
        Json::Number(_) => Kind::Number,
        _ => Kind::String,
    }
}

/// The schema of some literals.
fn literals(values: Vec<Json>, at: Span) -> Schema {
    let kinds: Vec<Kind> = values.iter().map(kind_of).collect();
    let kind = if kinds.contains(&Kind::Number) { Kind::Number } else { kinds[0] };
    Schema { kind: Some(kind), enumeration: Some(values), span: at, ..Schema::default() }
}
