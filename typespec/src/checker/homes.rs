//! Where an unknown name lives: a namespace that no `using` names, or a library that no file imports.

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use super::Checker;
use super::bind::full_name;
use crate::ast::NodeId;
use crate::libraries;
use crate::program::{SymbolId, SymbolKind};
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// Reports an unknown name together with the statement that makes it known, if there is exactly one such.
    pub(super) fn propose_home(&mut self, node: NodeId, name: &str, span: Span) -> bool {
        let homes = self.namespaces_with(name);
        let (import, namespace) = match homes.as_slice() {
            [] => match library_with(name) {
                Some((library, namespace)) => (Some(library), namespace),
                None => return false,
            },
            [one] => (None, full_name(self.program, *one).trim_start_matches("global.").to_owned()),
            _ => return false,
        };
        let Some(fix) = self.statement_fix(node, import, &namespace) else { return false };
        // What is missing is told once for each file, not for each name.
        if self.program.diagnostics.iter().any(|known| known.fixes.contains(&fix)) {
            return true;
        }
        let message = match name.strip_prefix('@') {
            Some(_) => format!("Unknown decorator {name}"),
            None => format!("Unknown identifier {name}"),
        };
        let help = match import {
            Some(library) => format!("it is in the library `{library}`, namespace `{namespace}`"),
            None => format!("it is in the namespace `{namespace}`: add `using {namespace};`"),
        };
        let diagnostic = Diagnostic::error(Code::new("invalid-ref"), message).at(span).help(help).fix(fix);
        self.report_once("invalid-ref", diagnostic);
        true
    }

    /// Whether an import is known to be missing or to lead nowhere: what it would have brought is not known.
    pub(super) fn lacks_import(&self) -> bool {
        self.program.diagnostics.iter().any(|known| {
            known.code.as_str() == "import-not-found" || known.fixes.iter().any(|fix| fix.title.starts_with("import `"))
        }) || self.program.files.iter().filter(|file| file.origin == crate::program::Origin::Project).any(|file| {
            let ast = &self.program.ast;
            let imports = ast.children(file.root).filter(|node| ast.kind(*node) == NodeKind::Import);
            imports.into_iter().any(|node| ast.find(node, NodeKind::StringLiteral).is_none())
        })
    }

    /// Reports a namespace of a library that no file imports.
    pub(super) fn propose_import(&mut self, node: NodeId, namespace: &str) -> bool {
        let library = match namespace {
            "Radii" => "@radii/typespec",
            _ => return false,
        };
        let file = self.program.ast.node(node).file;
        let title = format!("import `{library}`");
        let replacement = format!("import \"{library}\";\n");
        let fix = Fix { title, span: Span { file, start: 0, end: 0 }, replacement, sure: true };
        let span = self.program.ast.span(node);
        let diagnostic = Diagnostic::error(Code::new("invalid-ref"), format!("Unknown identifier {namespace}"))
            .at(span)
            .help(format!("it is in the library `{library}`: add `import \"{library}\";`"))
            .fix(fix);
        self.report_once("invalid-ref", diagnostic);
        true
    }

    /// Namespaces of the program that export a name, those of the library's inside left out.
    fn namespaces_with(&self, name: &str) -> Vec<SymbolId> {
        let mut found = Vec::new();
        let mut open = vec![self.program.global];
        while let Some(symbol) = open.pop() {
            let own = &self.program[symbol];
            let is_public = own.exports.get(name).is_some_and(|export| !self.program[*export].is_internal);
            let is_inside = matches!(&*own.name, "Prototypes" | "Types" | "Private" | "Reflection");
            if is_public && !is_inside && symbol != self.program.global {
                found.push(symbol);
            }
            open.extend(own.order.iter().filter(|inner| self.program[**inner].kind == SymbolKind::Namespace));
        }
        found
    }

    /// The statements that bring a namespace in, behind the imports and usings of a file.
    fn statement_fix(&self, node: NodeId, import: Option<&str>, namespace: &str) -> Option<Fix> {
        let ast = &self.program.ast;
        let file = ast.node(node).file;
        let root = ast.file(file)?.root;
        let statements = || ast.children(root).filter(|it| matches!(ast.kind(*it), NodeKind::Import | NodeKind::Using));
        let last = statements().next_back().map(|it| ast.node(it).end);
        let last_import = statements().rfind(|it| ast.kind(*it) == NodeKind::Import);
        let using = format!("using {namespace};");
        let (at, text) = match (import, last_import.map(|it| ast.node(it).end), last) {
            (None, _, Some(at)) => (at, format!("\n{using}")),
            (None, _, None) => (0, format!("{using}\n\n")),
            (Some(library), Some(at), _) => (at, format!("\nimport \"{library}\";\n\n{using}")),
            (Some(library), None, _) => (0, format!("import \"{library}\";\n\n{using}\n\n")),
        };
        let title = match import {
            Some(library) => format!("import `{library}` and add `{using}`"),
            None => format!("add `{using}`"),
        };
        Some(Fix { title, span: Span { file, start: at, end: at }, replacement: text, sure: import.is_none() })
    }
}

/// The embedded library that declares a name, and the namespace that it declares it in.
fn library_with(name: &str) -> Option<(&'static str, String)> {
    let needles = match name.strip_prefix('@') {
        Some(plain) => vec![format!("extern dec {plain}(")],
        None => ["model", "scalar", "enum", "union", "alias"]
            .iter()
            .flat_map(|word| [" ", "<", ";"].iter().map(move |end| format!("\n{word} {name}{end}")))
            .collect(),
    };
    let mut found = None;
    for library in libraries::all().filter(|library| library.name != libraries::STANDARD.name) {
        for (_, text) in library.files {
            if needles.iter().any(|needle| text.contains(needle)) {
                if found.is_some() {
                    return None;
                }
                let namespace = text.lines().find_map(|line| line.strip_prefix("namespace "))?;
                found = Some((library.name, namespace.trim_end_matches([';', ' ', '{']).to_owned()));
            }
        }
    }
    found
}
