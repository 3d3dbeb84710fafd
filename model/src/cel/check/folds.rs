//! The macros that walk over lists and maps.

use super::super::ast::{Expr, Fold};
use super::super::code;
use super::super::node::Node;
use super::super::problem::Problem;
use super::super::types::Type;
use super::{Checked, Checker};

impl<'s> Checker<'s, '_> {
    pub(super) fn fold(
        &mut self,
        fold: Fold,
        over: &Expr,
        variable: &str,
        condition: Option<&Expr>,
        result: Option<&Expr>,
    ) -> Checked<'s> {
        let walked = self.expr(over);
        let count = walked.ty.size();
        let item = match &walked.ty {
            Type::Dyn => Type::Dyn,
            Type::List { item, .. } => (**item).clone().shared_by(count),
            Type::Map { key, .. } => (**key).clone().shared_by(count),
            Type::Object(_) => Type::TEXT,
            other => {
                let message = format!("`{}` is {} and holds no items", self.source(&over.at), other.name());
                let help = "walk over a list or the keys of a map";
                return self.wrong(Problem::error(code::RULE_TYPE, over.at.clone(), message, help));
            }
        };
        let slot = self.locals.len();
        self.locals.push((variable.to_owned(), item.clone()));
        let (before, blamed) = (self.facts.len(), self.blames.len());
        let tested = condition.map(|condition| {
            let checked = self.expr(condition);
            if !matches!(checked.ty, Type::Bool | Type::Dyn) {
                let message = format!("`{}` is {}, not a condition", self.source(&condition.at), checked.ty.name());
                let problem =
                    Problem::error(code::RULE_TYPE, condition.at.clone(), message, "compare it with something");
                self.problems.push(problem);
            }
            super::facts(condition, true, &mut self.facts);
            checked
        });
        let made = result.map(|result| self.expr(result));
        self.facts.truncate(before);
        self.locals.truncate(slot);
        let each = tested.iter().chain(&made).fold(1_u64, |sum, it| sum.saturating_add(it.cost));
        let steps = count.saturating_mul(each);
        // What is dear inside is so once for each item.
        for blame in &mut self.blames[blamed..] {
            blame.steps = blame.steps.saturating_mul(count);
        }
        self.blame(&over.at, &walked.ty, steps);
        let most = Some(count).filter(|_| !walked.ty.is_unbounded());
        let ty = match fold {
            Fold::All | Fold::Exists | Fold::ExistsOne => Type::Bool,
            Fold::Filter => Type::list(item, most),
            Fold::Map => Type::list(made.as_ref().map_or(Type::Dyn, |made| made.ty.clone()), most),
        };
        let node = Node::Fold {
            fold,
            over: Box::new(walked.node),
            slot,
            condition: tested.map(|it| Box::new(it.node)),
            result: made.map(|it| Box::new(it.node)),
        };
        Checked { node, ty, cost: walked.cost.saturating_add(steps).saturating_add(1), known: None }
    }
}
