//! The parameters of a decorator or a template whose arguments are being written.

use std::ops::Range;

use radii_diagnostics::FileId;

use super::Service;
use super::subject::Subject;
use crate::ast::NodeId;
use crate::syntax::NodeKind;

/// What is being given arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The name with its parameters, in one line.
    pub label: String,
    /// Where each parameter stands in the label, in bytes.
    pub parameters: Vec<Range<usize>>,
    /// The parameter whose argument is being written.
    pub active: usize,
    /// The description, as Markdown.
    pub docs: Option<String>,
}

impl Service<'_> {
    /// What is being given arguments at an offset.
    pub fn call(&self, file: FileId, offset: u32) -> Option<Call> {
        let offset = self.clamp(file, offset);
        let ast = &self.program.ast;
        let node = ast.node_at(file, offset)?;
        let list = ast.ancestors(node).find(|node| {
            let opens = ast.node(*node).start < offset;
            opens && matches!(ast.kind(*node), NodeKind::Arguments | NodeKind::TemplateArguments)
        })?;
        // Behind the closing bracket nothing is written any more.
        let closed = ast.text(list).ends_with([')', '>']) && ast.node(list).end <= offset;
        if closed {
            return None;
        }
        let active = self.argument_at(list, offset);
        match ast.kind(list) {
            NodeKind::Arguments => self.decorator_call(list, active),
            _ => self.template_call(list, active),
        }
    }

    /// Which argument of a list an offset is in: the commas before it, those inside arguments left out.
    fn argument_at(&self, list: NodeId, offset: u32) -> usize {
        let ast = &self.program.ast;
        let is_over = |argument: &NodeId| {
            let mut behind = ast.span(*argument);
            (behind.start, behind.end) = (behind.end, offset.max(behind.end));
            ast.text_at(behind).trim_start().starts_with(',')
        };
        ast.children(list).filter(is_over).count()
    }

    fn decorator_call(&self, list: NodeId, active: usize) -> Option<Call> {
        let ast = &self.program.ast;
        let decorator = ast.parent(list)?;
        let declaration = self.head_declaration(decorator)?;
        let own = self.program.decorator(self.program.type_of_node(declaration)?)?;
        let mut parameters = Vec::new();
        if ast.kind(decorator) == NodeKind::AugmentDecorator {
            parameters.push(format!("target: {}", self.program.type_name(own.target)));
        }
        let mut is_rest = false;
        for parameter in own.parameters.iter().filter_map(|id| self.program.parameter(*id)) {
            let (dots, question) = (if parameter.rest { "..." } else { "" }, if parameter.optional { "?" } else { "" });
            let constraint = self.program.constraint_name(parameter.constraint);
            parameters.push(format!("{dots}{}{question}: {constraint}", parameter.name));
            is_rest = parameter.rest;
        }
        let active = if is_rest { active.min(parameters.len() - 1) } else { active };
        Some(self.written_call(&format!("@{}", own.name), ['(', ')'], &parameters, active, declaration))
    }

    fn template_call(&self, list: NodeId, active: usize) -> Option<Call> {
        let ast = &self.program.ast;
        let declaration = self.head_declaration(ast.parent(list)?)?;
        let own = ast.find(declaration, NodeKind::TemplateParameters)?;
        let parameters: Vec<String> = ast.children(own).map(|parameter| ast.text(parameter).to_owned()).collect();
        let name = crate::checker::name_node(self.program, declaration).map(|name| ast.text(name))?;
        Some(self.written_call(name, ['<', '>'], &parameters, active, declaration))
    }

    /// The declaration that the name before a list of arguments leads to.
    fn head_declaration(&self, holder: NodeId) -> Option<NodeId> {
        let ast = &self.program.ast;
        let head = ast.children(holder).next()?;
        let name = ast.children(head).nth(1).unwrap_or(head);
        self.program.definitions.get(&name).copied()
    }

    fn written_call(&self, name: &str, [open, close]: [char; 2], list: &[String], active: usize, of: NodeId) -> Call {
        let mut label = format!("{name}{open}");
        let mut parameters = Vec::new();
        for (at, parameter) in list.iter().enumerate() {
            if at > 0 {
                label.push_str(", ");
            }
            parameters.push(label.len()..label.len() + parameter.len());
            label.push_str(parameter);
        }
        label.push(close);
        Call { label, parameters, active, docs: self.description(Subject::Declaration(of)) }
    }
}
