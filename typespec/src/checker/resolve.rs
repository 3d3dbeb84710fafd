//! Names: what an identifier stands for at a place (TypeSpec reference, part 2.2).

use std::collections::BTreeSet;
use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use super::bind::{exported_names, full_name, name_node};
use super::literals::identifier;
use super::suggest;
use super::{Checker, place};
use crate::ast::NodeId;
use crate::program::{Origin, SymbolId, SymbolKind};
use crate::relation;
use crate::syntax::NodeKind;

/// For how many unknown names a near one is looked for.
const MAX_PROPOSALS: u32 = 200;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A declaration.
    Symbol(SymbolId),
    /// A parameter of an enclosing template.
    Parameter(NodeId),
    /// `null`
    Null,
    /// Several things; reported.
    Ambiguous,
    /// Nothing.
    Nothing,
}

impl Checker<'_> {
    /// Finds what a name stands for at a node; ambiguity is reported.
    pub(super) fn find_name(&mut self, at: NodeId, name: &str) -> Found {
        if let Some(parameter) = self.find_template_parameter(at, name) {
            return Found::Parameter(parameter);
        }
        if let Some(symbol) = self.find_in_blocks(at, name) {
            return Found::Symbol(symbol);
        }
        let found = self.find_globally(at, name);
        match found.as_slice() {
            [] if name == "null" => Found::Null,
            [] => Found::Nothing,
            [symbol] => Found::Symbol(*symbol),
            several => {
                let several = several.to_vec();
                self.report_ambiguity(at, name, &several);
                Found::Ambiguous
            }
        }
    }

    fn find_template_parameter(&self, at: NodeId, name: &str) -> Option<NodeId> {
        let ast = &self.program.ast;
        ast.ancestors(at).find_map(|ancestor| {
            let list = match ast.kind(ancestor) {
                NodeKind::Model
                | NodeKind::Scalar
                | NodeKind::Union
                | NodeKind::Interface
                | NodeKind::Operation
                | NodeKind::Alias => ast.find(ancestor, NodeKind::TemplateParameters)?,
                _ => return None,
            };
            // A decorator on a template sees its parameters too.
            ast.children(list)
                .find(|parameter| ast.children(*parameter).next().is_some_and(|id| identifier(ast, id) == name))
        })
    }

    fn find_in_blocks(&self, at: NodeId, name: &str) -> Option<SymbolId> {
        let ast = &self.program.ast;
        for ancestor in ast.ancestors(at) {
            if ast.kind(ancestor) != NodeKind::Namespace || self.stands_before(at, ancestor) {
                continue;
            }
            let mut namespace = self.program.bindings.symbol_of.get(&ancestor).copied();
            let names = ast.parts(ancestor).take_while(|part| ast.kind(*part) == NodeKind::Identifier).count();
            for level in 0..names {
                let symbol = namespace?;
                if let Some(found) = self.program[symbol].exports.get(name) {
                    return Some(*found);
                }
                if level == 0 {
                    let mut used = self.find_in_usings(ancestor, name).into_iter();
                    if let (Some(found), None) = (used.next(), used.next()) {
                        return Some(found);
                    }
                }
                namespace = self.program[symbol].parent;
            }
        }
        let file = ast.node(at).file;
        let (namespace, opener) = *self.program.bindings.file_namespace.get(&file)?;
        if ast.node(at).start < ast.node(opener).start {
            return None;
        }
        let mut current = Some(namespace);
        while let Some(symbol) = current.filter(|symbol| *symbol != self.program.global) {
            if let Some(found) = self.program[symbol].exports.get(name) {
                return Some(*found);
            }
            current = self.program[symbol].parent;
        }
        None
    }

    /// Whether a node belongs to a namespace's decorators, which do not see into it.
    fn stands_before(&self, at: NodeId, namespace: NodeId) -> bool {
        name_node(self.program, namespace)
            .is_some_and(|name| self.program.ast.node(at).start < self.program.ast.node(name).start)
    }

    fn find_in_usings(&self, scope: NodeId, name: &str) -> Vec<SymbolId> {
        let mut found: Vec<SymbolId> = Vec::new();
        for (namespace, _) in self.program.bindings.usings.get(&scope).into_iter().flatten() {
            if let Some(symbol) = self.program[*namespace].exports.get(name)
                && !found.contains(symbol)
            {
                found.push(*symbol);
            }
        }
        found
    }

    fn find_globally(&self, at: NodeId, name: &str) -> Vec<SymbolId> {
        let ast = &self.program.ast;
        let mut found: Vec<SymbolId> =
            self.program[self.program.global].exports.get(name).copied().into_iter().collect();
        let root = ast.file(ast.node(at).file).map(|file| file.root);
        let implicit = self.program.standard.namespace;
        let used = root.map(|root| self.find_in_usings(root, name)).unwrap_or_default();
        let standard = implicit.and_then(|namespace| self.program[namespace].exports.get(name).copied());
        for symbol in used.into_iter().chain(standard) {
            if !found.contains(&symbol) {
                found.push(symbol);
            }
        }
        found
    }

    fn report_ambiguity(&mut self, at: NodeId, name: &str, symbols: &[SymbolId]) {
        let names: Vec<String> = symbols.iter().map(|symbol| full_name(self.program, *symbol)).collect();
        let names = names.join(", ");
        let shown = name.trim_start_matches('@');
        let message = format!(
            "\"{shown}\" is an ambiguous name between {names}. Try using fully qualified name instead: {names}"
        );
        self.error_at("ambiguous-symbol", message, at);
    }

    /// Resolves the name of a `using`: namespaces only.
    pub(super) fn resolve_namespace(&mut self, node: NodeId) -> Option<SymbolId> {
        let (symbol, kind) = match self.program.ast.kind(node) {
            NodeKind::MemberAccess => {
                let mut parts = self.program.ast.children(node);
                let (base, member) = (parts.next()?, parts.next()?);
                let base = self.resolve_namespace(base)?;
                let name: Arc<str> = identifier(&self.program.ast, member).into();
                match self.program[base].exports.get(&name).copied() {
                    Some(symbol) => (symbol, self.program[symbol].kind),
                    None if self.lacks_import() => return None,
                    None => {
                        self.unknown_in_namespace(base, member, &name);
                        // One mistake is reported once: what stands in the namespace that was meant is found.
                        let exports = self.program[base].exports.clone();
                        let namespaces =
                            exports.iter().filter(|(_, symbol)| self.program[**symbol].kind == SymbolKind::Namespace);
                        let names = namespaces.clone().map(|(name, _)| &**name);
                        let meant = suggest::similar(&name, names)?;
                        let found = exports.get(&*meant).copied();
                        return found;
                    }
                }
            }
            NodeKind::Identifier => {
                let name: Arc<str> = identifier(&self.program.ast, node).into();
                if &*name == "global" {
                    return Some(self.program.global);
                }
                match self.find_name(node, &name) {
                    Found::Symbol(symbol) => (symbol, self.program[symbol].kind),
                    Found::Nothing => {
                        if !self.lacks_import() && !self.propose_import(node, &name) {
                            self.unknown_identifier(node, &name);
                        }
                        return None;
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        if kind == SymbolKind::Namespace {
            let name = self.program.ast.children(node).nth(1).unwrap_or(node);
            if let Some(declaration) = self.program[symbol].declarations.first().copied() {
                self.define(name, declaration);
            }
            return Some(symbol);
        }
        self.error_at("using-invalid-ref", "Using must refer to a namespace", node);
        None
    }

    /// Reports a name that nothing is called, unless the parser complained there already.
    pub(super) fn unknown_identifier(&mut self, node: NodeId, name: &str) {
        if self.is_inside_error(node) {
            return;
        }
        if self.hides_names {
            // What an import, a `using` or a declaration that was refused would have brought is not known.
            return;
        }
        let span = self.program.ast.span(node);
        self.proposals += 1;
        if self.propose_home(node, name, span) {
            return;
        }
        // Where everything is unknown, guessing for each name costs more than it helps.
        let candidates = if self.proposals > MAX_PROPOSALS { BTreeSet::new() } else { self.names_in_scope(node) };
        match name.strip_prefix('@') {
            Some(plain) => {
                if plain == "deprecated" && self.propose_directive(node, span) {
                    return;
                }
                if self.propose_nothing(node, plain, span) {
                    return;
                }
                let known = candidates.iter().filter_map(|name| name.strip_prefix('@'));
                let elsewhere = suggest::decorator_from_elsewhere(plain).map(str::to_owned);
                let hint = elsewhere.or_else(|| suggest::similar(plain, known.clone()));
                let hint = hint.or_else(|| suggest::begun(plain, known));
                self.error_with_hint("invalid-ref", format!("Unknown decorator {name}"), span, node, hint);
            }
            // A member of an enum is the better spelling of a text.
            None if name.starts_with(['“', '”', '„', '‘', '’', '«']) => {
                let inner = name.trim_matches(['“', '”', '„', '‘', '’', '«', '»', '"', '\'']);
                let title = "write texts in straight quotes".to_owned();
                let fix = Fix { title, span, replacement: format!("\"{inner}\""), sure: true };
                self.error_fix("invalid-ref", format!("Unknown identifier {name}"), span, fix);
            }
            None if !self.is_head_of_access(node)
                && self.is_text_wanted(node, name)
                && crate::relation::written_member(self.program, name).is_none() =>
            {
                let message = format!("Unknown identifier {name}");
                self.error_with_hint("invalid-ref", message, span, node, Some(format!("\"{name}\"")));
            }
            None => {
                let known = candidates.iter().map(String::as_str).filter(|name| !name.starts_with('@'));
                if self.propose_record(node, name, span) {
                    return;
                }
                let is_known = |known: &&str| candidates.contains(*known) || matches!(*known, "unknown" | "null");
                let elsewhere = suggest::from_elsewhere(name).filter(is_known);
                let elsewhere = elsewhere.or(match name {
                    "True" | "TRUE" | "yes" => Some("true"),
                    "False" | "FALSE" | "no" => Some("false"),
                    _ => None,
                });
                let hint = elsewhere.map(str::to_owned).or_else(|| suggest::similar(name, known));
                let hint = hint.or_else(|| suggest::similar(name, ["true", "false"].into_iter()));
                let hint = hint.or_else(|| self.enum_with_member(node));
                let is_ticked = self.program.ast.text(node).trim().starts_with('`');
                let hint = hint.or_else(|| (is_ticked || self.is_among_texts(node)).then(|| format!("\"{name}\"")));
                let hint = hint.or_else(|| crate::relation::written_member(self.program, name));
                let declared = candidates.iter().filter(|known| self.is_own_name(known)).map(String::as_str);
                if hint.is_none()
                    && let Some(guess) = suggest::part(name, declared)
                {
                    return self.error_with_guess(format!("Unknown identifier {name}"), span, node, guess);
                }
                self.error_with_hint("invalid-ref", format!("Unknown identifier {name}"), span, node, hint);
            }
        }
    }

    /// Whether the author declares something by a name.
    fn is_own_name(&self, name: &str) -> bool {
        let files = self.program.files.iter().filter(|file| file.origin != Origin::Embedded);
        files.into_iter().any(|file| crate::remedies::is_declared_below(&self.program.ast, file.root, name))
    }

    /// Whether a name stands before a dot.
    fn is_head_of_access(&self, node: NodeId) -> bool {
        let ast = &self.program.ast;
        let access = ast.parent(node).filter(|it| ast.kind(*it) == NodeKind::MemberAccess);
        access.is_some_and(|access| ast.children(access).next() == Some(node))
    }

    /// The enum that has the member which stands behind an unknown name.
    fn enum_with_member(&self, node: NodeId) -> Option<String> {
        if !self.is_head_of_access(node) {
            return None;
        }
        let ast = &self.program.ast;
        let member = ast.children(ast.parent(node)?).nth(1)?;
        let access = crate::relation::written_member(self.program, ast.text(member))?;
        let (head, tail) = access.split_once('.')?;
        (tail == ast.text(member)).then(|| head.to_owned())
    }

    /// What other languages say with a decorator, and TypeSpec with `?` or nothing at all; `false` for other names.
    fn propose_nothing(&mut self, node: NodeId, plain: &str, span: radii_diagnostics::Span) -> bool {
        let help = match plain {
            "required" | "mandatory" | "notNull" | "nonNull" | "isRequired" | "notEmpty" => {
                "remove it; a property is required unless `?` stands behind its name"
            }
            "optional" | "isOptional" => "remove it, and write `?` behind the property's name",
            "nullable" => "remove it, and add `| null` to the type",
            "default" | "defaultValue" => "remove it, and write the default behind the type: `= …`",
            _ => return false,
        };
        let ast = &self.program.ast;
        let Some(decorator) = ast.parent(node).filter(|it| ast.kind(*it) == NodeKind::Decorator) else { return false };
        let title = format!("remove `@{plain}`");
        let fix = Fix { title, span: ast.span(decorator), replacement: String::new(), sure: false };
        let fix = self.default_behind_type(decorator, plain).unwrap_or(fix);
        let message = format!("Unknown decorator @{plain}");
        let diagnostic = Diagnostic::error(Code::new("invalid-ref"), message).at(span).help(help).fix(fix);
        self.report_once("invalid-ref", diagnostic);
        true
    }

    /// The default that a decorator gives, behind the type of its property.
    fn default_behind_type(&self, decorator: NodeId, plain: &str) -> Option<Fix> {
        let ast = &self.program.ast;
        let property = ast.parent(decorator).filter(|it| ast.kind(*it) == NodeKind::ModelProperty)?;
        let value = ast.children(ast.find(decorator, NodeKind::Arguments)?).next()?;
        let ty =
            ast.parts(property).nth(1).filter(|_| plain.starts_with("default") && ast.parts(property).count() == 2)?;
        let (own, end) = (ast.span(decorator), ast.span(ty).end);
        let between = ast.text_at(Span { start: own.end, end, ..own }).trim_start();
        let value = ast.text(value);
        let title = format!("write ` = {value}` behind the type");
        Some(Fix { title, span: Span { end, ..own }, replacement: format!("{between} = {value}"), sure: false })
    }

    /// `Map<string, T>` is a `Record<T>`; `false` where it is not written with two arguments.
    fn propose_record(&mut self, node: NodeId, name: &str, span: radii_diagnostics::Span) -> bool {
        let ast = &self.program.ast;
        let may_lack = matches!(name, "Optional" | "Nullable" | "Maybe" | "Option");
        if suggest::from_elsewhere(name) != Some("Record") && !may_lack {
            return false;
        }
        let Some(reference) = ast.parent(node).filter(|it| ast.kind(*it) == NodeKind::Reference) else { return false };
        let Some(list) = ast.children(reference).nth(1) else { return false };
        let arguments: Vec<NodeId> = ast.children(list).collect();
        let replacement = match arguments.as_slice() {
            [_, value] if !may_lack => format!("Record<{}>", ast.text(*value).trim()),
            [value] if may_lack => format!("{} | null", ast.text(*value).trim()),
            _ => return false,
        };
        let property = ast.parent(reference).filter(|it| may_lack && ast.kind(*it) == NodeKind::ModelProperty);
        let property = property.filter(|it| name != "Nullable" && !ast.has(*it, crate::ast::Mark::Question));
        let own_name = property.and_then(|it| ast.children(it).find(|part| ast.kind(*part) == NodeKind::Identifier));
        let fix = match (own_name, arguments.as_slice()) {
            // What may be absent has a mark behind its name.
            (Some(own), [value]) => {
                let replacement = format!("{}?: {}", ast.text(own), ast.text(*value).trim());
                let title = format!("write `{replacement}`");
                Fix { title, span: ast.span(own).to(ast.span(reference)), replacement, sure: true }
            }
            _ => Fix { title: format!("write `{replacement}`"), span: ast.span(reference), replacement, sure: true },
        };
        self.error_fix("invalid-ref", format!("Unknown identifier {name}"), span, fix);
        true
    }

    /// `@deprecated("…")` is the directive `#deprecated "…"`.
    fn propose_directive(&mut self, node: NodeId, span: radii_diagnostics::Span) -> bool {
        let ast = &self.program.ast;
        let Some(decorator) = ast.parent(node).filter(|it| ast.kind(*it) == NodeKind::Decorator) else { return false };
        let Some(list) = ast.find(decorator, NodeKind::Arguments) else { return false };
        let Some(text) = ast.children(list).next().map(|text| ast.text(text).trim().to_owned()) else { return false };
        let replacement = format!("#deprecated {text}");
        let title = format!("write `{replacement}` on a line of its own");
        let fix = radii_diagnostics::Fix { title, span: ast.span(decorator), replacement, sure: true };
        self.error_fix("invalid-ref", "Unknown decorator @deprecated".to_owned(), span, fix);
        true
    }

    /// Whether a name stands in a union of texts, as in `"a" | b`.
    fn is_among_texts(&self, node: NodeId) -> bool {
        let ast = &self.program.ast;
        let union = ast.ancestors(node).take(4).find(|it| ast.kind(*it) == NodeKind::UnionExpression);
        union.is_some_and(|union| ast.children(union).any(|it| ast.kind(it) == NodeKind::StringLiteral))
    }

    /// Whether a name stands where it would be a good value if it were quoted.
    fn is_text_wanted(&mut self, node: NodeId, name: &str) -> bool {
        let Some((value, wanted)) = self.value_wanted else { return false };
        let is_value = self.program.ast.kind(value) == NodeKind::Reference
            && self.program.ast.ancestors(node).take(3).any(|outer| outer == value);
        let text = self.program.string_type(name);
        is_value
            && wanted != self.program.intrinsic(crate::program::Intrinsic::Unknown)
            && relation::is_type_assignable(self.program, text, wanted).is_ok()
    }

    /// Reports a name that a namespace does not have.
    pub(super) fn unknown_in_namespace(&mut self, namespace: SymbolId, node: NodeId, name: &str) {
        if self.is_inside_error(node) {
            return;
        }
        let shown = name.trim_start_matches('@');
        let full = full_name(self.program, namespace);
        let full = full.strip_prefix("global.").unwrap_or(&full).to_owned();
        let decorators = name.starts_with('@');
        let known: Vec<String> = exported_names(&self.program[namespace].exports)
            .filter(|known| known.starts_with('@') == decorators)
            .map(|known| known.trim_start_matches('@').to_owned())
            .collect();
        let hint = suggest::similar(shown, known.iter().map(String::as_str));
        let span = place(self.program, node);
        let message = format!("Namespace {full} doesn't have member {shown}");
        self.error_with_hint("invalid-ref", message, span, node, hint);
    }

    /// Every name that could stand at a node.
    pub(super) fn names_in_scope(&self, at: NodeId) -> BTreeSet<String> {
        let ast = &self.program.ast;
        let mut names = BTreeSet::new();
        let mut take =
            |symbol: SymbolId| names.extend(exported_names(&self.program[symbol].exports).map(str::to_owned));
        take(self.program.global);
        self.program.standard.namespace.into_iter().for_each(&mut take);
        let file = ast.node(at).file;
        let mut open: Vec<SymbolId> = Vec::new();
        open.extend(self.program.bindings.file_namespace.get(&file).map(|(symbol, _)| *symbol));
        for ancestor in ast.ancestors(at) {
            open.extend(
                self.program
                    .bindings
                    .symbol_of
                    .get(&ancestor)
                    .filter(|symbol| self.program[**symbol].kind == SymbolKind::Namespace),
            );
            for (symbol, _) in self.program.bindings.usings.get(&ancestor).into_iter().flatten() {
                take(*symbol);
            }
        }
        for symbol in open {
            let mut current = Some(symbol);
            while let Some(symbol) = current {
                take(symbol);
                current = self.program[symbol].parent;
            }
        }
        for ancestor in ast.ancestors(at) {
            let Some(list) = ast.find(ancestor, NodeKind::TemplateParameters) else { continue };
            names.extend(
                ast.children(list)
                    .filter_map(|parameter| ast.children(parameter).next())
                    .map(|id| identifier(ast, id).into_owned()),
            );
        }
        names
    }
}
