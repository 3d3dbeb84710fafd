//! Operators.

use super::super::ast::{Expr, Kind, Literal, Operator};
use super::super::code;
use super::super::node::Node;
use super::super::problem::{At, Problem};
use super::super::time::Timestamp;
use super::super::types::Type;
use super::{Checked, Checker, facts};
use crate::suggest::closest;

impl<'s> Checker<'s, '_> {
    pub(super) fn not(&mut self, of: &Expr) -> Checked<'s> {
        let checked = self.expr(of);
        self.want_condition(of, &checked.ty);
        let known = checked.known.map(|known| !known);
        Checked { node: Node::Not(Box::new(checked.node)), ty: Type::Bool, cost: checked.cost + 1, known }
    }

    pub(super) fn negate(&mut self, of: &Expr) -> Checked<'s> {
        let checked = self.expr(of);
        if !matches!(checked.ty, Type::Int | Type::Double | Type::Dyn) {
            let message = format!("{} cannot be negated", checked.ty.name());
            let help = "`-` is for numbers; a condition is turned round by `!`";
            return self.wrong(Problem::error(code::RULE_TYPE, of.at.clone(), message, help));
        }
        Checked { node: Node::Negate(Box::new(checked.node)), cost: checked.cost + 1, ..checked }
    }

    fn want_condition(&mut self, expr: &Expr, ty: &Type<'_>) {
        if matches!(ty, Type::Bool | Type::Dyn) {
            return;
        }
        let message = format!("`{}` is {}, not a condition", self.source(&expr.at), ty.name());
        let problem = match (ty, expr.path()) {
            (Type::Text { .. }, Some(path)) => {
                let better = format!("{path} != ''");
                Problem::error(code::RULE_TYPE, expr.at.clone(), message, format!("compare it: `{better}`"))
                    .perhaps(better)
            }
            _ => Problem::error(code::RULE_TYPE, expr.at.clone(), message, "compare it with something"),
        };
        self.problems.push(problem);
    }

    /// Checks an expression where paths are known to be there.
    fn knowing(&mut self, known: &[(&Expr, bool)], expr: &Expr) -> Checked<'s> {
        let before = self.facts.len();
        for (expr, truth) in known {
            facts(expr, *truth, &mut self.facts);
        }
        let checked = self.expr(expr);
        self.facts.truncate(before);
        checked
    }

    pub(super) fn condition(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) -> Checked<'s> {
        let test = self.expr(condition);
        self.want_condition(condition, &test.ty);
        // A property that this version lacks is in the branch that is never taken.
        match test.known {
            Some(true) => return self.knowing(&[(condition, true)], then),
            Some(false) => return self.knowing(&[(condition, false)], otherwise),
            None => {}
        }
        let yes = self.knowing(&[(condition, true)], then);
        let no = self.knowing(&[(condition, false)], otherwise);
        let ty = match (&yes.ty, &no.ty) {
            (one, two) if std::mem::discriminant(one) == std::mem::discriminant(two) => yes.ty.clone(),
            (one, two) if one.is_comparable(two) => Type::Dyn,
            (one, two) => {
                let message = format!("one branch is {}, the other {}", one.name(), two.name());
                let at = then.at.start..otherwise.at.end;
                let help = "give both branches values of one type";
                return self.wrong(Problem::error(code::RULE_TYPE, at, message, help));
            }
        };
        let cost = test.cost.saturating_add(yes.cost.max(no.cost)).saturating_add(1);
        let node = Node::If(Box::new(test.node), Box::new(yes.node), Box::new(no.node));
        Checked { node, ty, cost, known: None }
    }

    pub(super) fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr) -> Checked<'s> {
        match operator {
            Operator::And | Operator::Or => return self.logic(operator, left, right),
            _ => {}
        }
        let (one, two) = (self.expr(left), self.expr(right));
        match operator {
            Operator::Equal | Operator::NotEqual => self.equality(operator, (left, one), (right, two)),
            Operator::In => self.membership((left, one), (right, two)),
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                self.order(operator, (left, one), (right, two))
            }
            _ => self.arithmetic(operator, (left, one), (right, two)),
        }
    }

    fn logic(&mut self, operator: Operator, left: &Expr, right: &Expr) -> Checked<'s> {
        let decides = operator == Operator::Or;
        // Either side may decide alone, whatever the other one says: what guards it may stand behind it.
        let one = self.knowing(&[(right, !decides)], left);
        self.want_condition(left, &one.ty);
        if one.known == Some(decides) {
            return Checked { cost: 0, ..one };
        }
        let two = self.knowing(&[(left, !decides)], right);
        self.want_condition(right, &two.ty);
        if one.known == Some(!decides) {
            return two;
        }
        let cost = one.cost.saturating_add(two.cost).saturating_add(1);
        let (first, second) = (Box::new(one.node), Box::new(two.node));
        let node = if decides { Node::Or(first, second) } else { Node::And(first, second) };
        Checked { node, ty: Type::Bool, cost, known: None }
    }

    fn compared(operator: Operator, one: Checked<'s>, two: Checked<'s>) -> Checked<'s> {
        let work = match (&one.ty, &two.ty) {
            (Type::Text { .. } | Type::Bytes, _) => one.ty.size().min(two.ty.size()) / 10,
            (Type::List { .. } | Type::Map { .. }, _) => one.ty.size().min(two.ty.size()),
            _ => 0,
        };
        let cost = one.cost.saturating_add(two.cost).saturating_add(work + 1);
        let node = Node::Compare(operator, Box::new(one.node), Box::new(two.node));
        Checked { node, ty: Type::Bool, cost, known: None }
    }

    fn equality(
        &mut self,
        operator: Operator,
        (left, one): (&Expr, Checked<'s>),
        (right, two): (&Expr, Checked<'s>),
    ) -> Checked<'s> {
        if !one.ty.is_comparable(&two.ty) {
            let problem = self.unlike((left, &one.ty), (right, &two.ty), "equal to");
            return self.wrong(problem);
        }
        self.never(&one.ty, right);
        self.never(&two.ty, left);
        Self::compared(operator, one, two)
    }

    /// Warns of a text that is none of an enum's values.
    fn never(&mut self, ty: &Type<'s>, literal: &Expr) {
        let (Type::Text { among: Some(values), .. }, Kind::Literal(Literal::Text(text))) = (ty, &literal.kind) else {
            return;
        };
        let mut names = values.iter().filter_map(serde_json::Value::as_str);
        if names.clone().any(|name| name == text) {
            return;
        }
        let shown: Vec<String> = names.clone().take(12).map(|name| format!("`{name}`")).collect();
        let message = format!("`'{text}'` is none of the values that it is compared with");
        let near = names.clone().find(|name| name.eq_ignore_ascii_case(text)).or(closest(text, names.by_ref()));
        let help = match near {
            Some(known) => format!("did you mean `'{known}'`? The values are {}", shown.join(", ")),
            None => format!("the values are {}", shown.join(", ")),
        };
        let problem = Problem::warning(code::RULE_VALUE, literal.at.clone(), message, help);
        self.problems.push(match near {
            Some(known) => problem.surely(format!("'{known}'")),
            None => problem,
        });
    }

    fn membership(&mut self, (left, one): (&Expr, Checked<'s>), (right, two): (&Expr, Checked<'s>)) -> Checked<'s> {
        let held = match &two.ty {
            Type::List { item, .. } => (**item).clone(),
            Type::Map { key, .. } => (**key).clone(),
            Type::Object(_) => Type::TEXT,
            Type::Dyn => Type::Dyn,
            other => {
                let message = format!("`{}` is {}; `in` asks lists and maps", self.source(&right.at), other.name());
                let problem = Problem::error(code::RULE_TYPE, right.at.clone(), message, "write a list: `['a', 'b']`");
                let problem = match (&one.ty, &two.ty) {
                    (Type::Text { .. }, Type::Text { .. }) => {
                        let better = format!("{}.contains({})", self.source(&right.at), self.source(&left.at));
                        let help = format!("whether a text holds another one is `{better}`");
                        Problem { help, ..problem }.mended(both_sides(left, right), better, false)
                    }
                    _ => problem,
                };
                return self.wrong(problem);
            }
        };
        if !held.is_comparable(&one.ty) {
            let problem = self.unlike((left, &one.ty), (right, &held), "among");
            return self.wrong(problem);
        }
        if let Kind::List(items) = &right.kind {
            items.iter().for_each(|item| self.never(&one.ty, item));
        }
        self.never(&held, left);
        let is_list = matches!(two.ty, Type::List { .. });
        let work = if is_list { two.ty.size() } else { 1 };
        if is_list {
            self.blame(&right.at, &two.ty, work);
        }
        let cost = one.cost.saturating_add(two.cost).saturating_add(work);
        let node = Node::In(Box::new(one.node), Box::new(two.node));
        Checked { node, ty: Type::Bool, cost, known: None }
    }

    fn order(
        &mut self,
        operator: Operator,
        (left, one): (&Expr, Checked<'s>),
        (right, two): (&Expr, Checked<'s>),
    ) -> Checked<'s> {
        let both = one.ty.is_ordered() && two.ty.is_ordered();
        if both && one.ty.is_comparable(&two.ty) {
            return Self::compared(operator, one, two);
        }
        let problem = if both {
            self.unlike((left, &one.ty), (right, &two.ty), "compared with")
        } else {
            let (expr, ty) = if one.ty.is_ordered() { (right, &two.ty) } else { (left, &one.ty) };
            let message = format!("`{}` is {} and has no order", self.source(&expr.at), ty.name());
            let problem = |help: &str| Problem::error(code::RULE_TYPE, expr.at.clone(), message.clone(), help);
            match ty {
                Type::List { .. } | Type::Map { .. } | Type::Object(_) => {
                    let better = format!("{}.size()", self.source(&expr.at));
                    problem(&format!("how much it holds is `{better}`")).perhaps(better)
                }
                _ => problem("compare numbers, strings or points in time"),
            }
        };
        self.wrong(problem)
    }

    /// Two values that do not go together; a literal of the wrong kind is what is to be mended.
    fn unlike(&self, (left, one): (&Expr, &Type<'_>), (right, two): (&Expr, &Type<'_>), verb: &str) -> Problem {
        let (shown_left, shown_right) = (self.source(&left.at), self.source(&right.at));
        let (name, other_name) = (one.name(), two.name());
        let message = format!("`{shown_left}` is {name} and `{shown_right}` {other_name}: neither is {verb} the other");
        for (expr, other) in [(right, one), (left, two)] {
            if let Some((better, help)) = rewritten(expr, other) {
                return Problem::error(code::RULE_TYPE, expr.at.clone(), message, help).surely(better);
            }
        }
        let help = match (one, two) {
            (Type::List { .. } | Type::Map { .. }, other) | (other, Type::List { .. } | Type::Map { .. })
                if other.is_number() =>
            {
                "how much a list holds is `list.size()`"
            }
            (Type::Text { .. }, other) | (other, Type::Text { .. }) if other.is_number() => {
                "convert one of them: `string(number)`, or `int(text)`"
            }
            (Type::Timestamp, _) | (_, Type::Timestamp) => {
                "points in time are written `timestamp('2025-01-01T00:00:00Z')`"
            }
            (Type::Duration, _) | (_, Type::Duration) => "durations are written `duration('1h30m')`",
            _ => "compare values of one type",
        };
        Problem::error(code::RULE_TYPE, both_sides(left, right), message, help)
    }

    fn arithmetic(
        &mut self,
        operator: Operator,
        (left, one): (&Expr, Checked<'s>),
        (right, two): (&Expr, Checked<'s>),
    ) -> Checked<'s> {
        let Some(ty) = result_of(operator, &one.ty, &two.ty) else {
            let problem = self.no_arithmetic(operator, (left, &one.ty), (right, &two.ty));
            return self.wrong(problem);
        };
        let work = match &ty {
            Type::Text { .. } | Type::Bytes => ty.size() / 10,
            Type::List { .. } => ty.size(),
            _ => 0,
        };
        let cost = one.cost.saturating_add(two.cost).saturating_add(work + 1);
        let node = Node::Arithmetic(operator, Box::new(one.node), Box::new(two.node));
        Checked { node, ty, cost, known: None }
    }

    fn no_arithmetic(
        &self,
        operator: Operator,
        (left, one): (&Expr, &Type<'_>),
        (right, two): (&Expr, &Type<'_>),
    ) -> Problem {
        let sign = operator.as_str();
        let message = format!("`{sign}` does not take {} and {}", one.name(), two.name());
        for (expr, own, other) in [(right, two, one), (left, one, two)] {
            if let (Kind::Literal(Literal::Int(value)), Type::Double) = (&expr.kind, other) {
                let help = "a number with a fraction is reckoned with others of its kind";
                return Problem::error(code::RULE_TYPE, expr.at.clone(), message, help).surely(format!("{value}.0"));
            }
            if matches!(own, Type::Int | Type::Uint) && matches!(other, Type::Double) {
                let better = format!("double({})", self.source(&expr.at));
                let help = format!("convert it: `{better}`");
                return Problem::error(code::RULE_TYPE, expr.at.clone(), message, help).perhaps(better);
            }
            if operator == Operator::Add
                && matches!(other, Type::Text { .. })
                && (own.is_number() || matches!(own, Type::Bool))
            {
                let better = format!("string({})", self.source(&expr.at));
                let help = format!("texts are joined with texts: `{better}`");
                return Problem::error(code::RULE_TYPE, expr.at.clone(), message, help).perhaps(better);
            }
        }
        let at = both_sides(left, right);
        Problem::error(code::RULE_TYPE, at, message, "reckon with numbers of one kind, or points in time and durations")
    }
}

/// The place of an operation, its operator between its sides.
fn both_sides(left: &Expr, right: &Expr) -> At {
    left.at.start..right.at.end
}

/// What a literal was meant to be beside a value of another type.
fn rewritten(expr: &Expr, other: &Type<'_>) -> Option<(String, &'static str)> {
    let Kind::Literal(literal) = &expr.kind else { return None };
    match (literal, other) {
        (Literal::Int(value), Type::Text { .. }) => Some((format!("'{value}'"), "text stands in quotes")),
        (Literal::Bool(value), Type::Text { .. }) => Some((format!("'{value}'"), "text stands in quotes")),
        (Literal::Text(text), Type::Int) if text.trim().parse::<i64>().is_ok() => {
            Some((text.trim().to_owned(), "numbers stand without quotes"))
        }
        (Literal::Text(text), Type::Double)
            if text.trim().parse::<f64>().is_ok()
                && text.trim().starts_with(|c: char| c.is_ascii_digit() || c == '-') =>
        {
            Some((text.trim().to_owned(), "numbers stand without quotes"))
        }
        (Literal::Text(text), Type::Bool) => {
            let lower = text.to_ascii_lowercase();
            matches!(lower.as_str(), "true" | "false").then_some((lower, "`true` and `false` stand without quotes"))
        }
        (Literal::Int(value @ (0 | 1)), Type::Bool) => {
            Some(((*value == 1).to_string(), "conditions are `true` or `false`"))
        }
        (Literal::Text(text), Type::Timestamp) if Timestamp::parse(text).is_some() => {
            Some((format!("timestamp('{text}')"), "points in time are made by `timestamp`"))
        }
        (Literal::Text(text), Type::Duration) if super::super::time::Duration::parse(text).is_some() => {
            Some((format!("duration('{text}')"), "durations are made by `duration`"))
        }
        _ => None,
    }
}

fn result_of<'s>(operator: Operator, one: &Type<'s>, two: &Type<'s>) -> Option<Type<'s>> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    Some(match (operator, one, two) {
        (_, Type::Dyn, Type::Dyn) => Type::Dyn,
        (_, Type::Dyn, other) | (_, other, Type::Dyn) => match other {
            Type::Int | Type::Uint | Type::Double if operator != Remainder || !matches!(other, Type::Double) => {
                other.clone()
            }
            Type::Text { .. } | Type::Bytes | Type::List { .. } if operator == Add => Type::Dyn,
            Type::Timestamp | Type::Duration if matches!(operator, Add | Subtract) => Type::Dyn,
            _ => return None,
        },
        (_, Type::Int, Type::Int) => Type::Int,
        (_, Type::Uint, Type::Uint) => Type::Uint,
        (Add | Subtract | Multiply | Divide, Type::Double, Type::Double) => Type::Double,
        (Add, Type::Text { most: one, .. }, Type::Text { most: two, .. }) => {
            Type::Text { most: one.zip(*two).map(|(one, two)| one + two), among: None }
        }
        (Add, Type::Bytes, Type::Bytes) => Type::Bytes,
        (Add, Type::List { item, most: one }, Type::List { item: other, most: two }) => {
            let same = std::mem::discriminant(&**item) == std::mem::discriminant(&**other);
            let item = if same { (**item).clone() } else { Type::Dyn };
            Type::list(item, one.zip(*two).map(|(one, two)| one + two))
        }
        (Add, Type::Timestamp, Type::Duration) | (Add, Type::Duration, Type::Timestamp) => Type::Timestamp,
        (Subtract, Type::Timestamp, Type::Duration) => Type::Timestamp,
        (Subtract, Type::Timestamp, Type::Timestamp) => Type::Duration,
        (Add | Subtract, Type::Duration, Type::Duration) => Type::Duration,
        _ => return None,
    })
}
