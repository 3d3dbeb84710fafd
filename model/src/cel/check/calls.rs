//! Calls of functions.

use super::super::ast::{Expr, Fold, Kind, Literal};
use super::super::code;
use super::super::functions::{Function, OVERLOADS, Overload, SYNONYMS, Work};
use super::super::node::Node;
use super::super::problem::{At, Problem};
use super::super::time;
use super::super::types::Type;
use super::{Checked, Checker};
use crate::pattern;
use crate::suggest::closest;

impl<'s> Checker<'s, '_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        receiver: Option<&Expr>,
        name: &str,
        name_at: &At,
        arguments: &[Expr],
    ) -> Checked<'s> {
        let room = receiver.and_then(|receiver| self.room(receiver));
        let (full, receiver, name_at) = match (&room, receiver) {
            (Some(room), Some(of)) => (format!("{room}.{name}"), None, of.at.start..name_at.end),
            _ => (name.to_owned(), receiver, name_at.clone()),
        };
        let given: Vec<&Expr> = receiver.into_iter().chain(arguments).collect();
        let checked: Vec<Checked<'s>> = given.iter().map(|argument| self.expr(argument)).collect();
        let named = || OVERLOADS.iter().filter(|it| it.name == full);
        let is_member = receiver.is_some();
        let fits = |overload: &&Overload| {
            overload.is_member == is_member
                && overload.takes.len() == checked.len()
                && overload.takes.iter().zip(&checked).all(|(takes, argument)| takes.fits(&argument.ty))
        };
        let Some(overload) = named().find(fits) else {
            let problem = if named().next().is_none() {
                self.unknown_function(&full, &name_at, receiver, arguments)
            } else {
                self.wrong_arguments(&full, expr, &name_at, is_member, &given, &checked)
            };
            return self.wrong(problem);
        };
        if let Some(problem) = self.constant(overload.function, &given) {
            return self.wrong(problem);
        }
        self.costed(overload, &given, checked)
    }

    /// The names before functions that belong together: `math`, `sets`.
    fn room(&self, receiver: &Expr) -> Option<String> {
        let Kind::Name(name) = &receiver.kind else { return None };
        let is_local = self.locals.iter().any(|(own, _)| own == name);
        (!is_local && matches!(name.as_str(), "math" | "sets")).then(|| name.clone())
    }

    fn costed(&mut self, overload: &Overload, given: &[&Expr], checked: Vec<Checked<'s>>) -> Checked<'s> {
        let types: Vec<Type<'s>> = checked.iter().map(|it| it.ty.clone()).collect();
        let amount = types.iter().fold(0_u64, |sum, ty| {
            let size = ty.size();
            sum.saturating_add(if matches!(ty, Type::List { .. }) { size } else { size / 10 })
        });
        let work = match overload.work {
            Work::One => 1,
            Work::Linear => amount.saturating_add(1),
            Work::Square => amount.saturating_mul(amount).saturating_add(1),
        };
        if overload.work != Work::One {
            for (argument, ty) in given.iter().zip(&types) {
                self.blame(&argument.at, ty, work);
            }
        }
        let cost = checked.iter().fold(work, |sum, it| sum.saturating_add(it.cost));
        let ty = overload.gives.of(&types);
        let mut nodes: Vec<Node> = checked.into_iter().map(|it| it.node).collect();
        if overload.function == Function::Matches
            && let Some(Node::Literal(Literal::Text(text))) = nodes.get(1)
            && let Ok(regex) = pattern::compile(text)
        {
            let node = Node::Matches(Box::new(nodes.swap_remove(0)), regex);
            return Checked { node, ty, cost, known: None };
        }
        Checked { node: Node::Call(overload.function, nodes), ty, cost, known: None }
    }

    /// What is wrong with an argument that is known already.
    fn constant(&self, function: Function, given: &[&Expr]) -> Option<Problem> {
        let text = |at: usize| match &given.get(at)?.kind {
            Kind::Literal(Literal::Text(text)) => Some((text.as_str(), given[at].at.clone())),
            _ => None,
        };
        let problem = |at: At, message: String, help: &str| Some(Problem::error(code::RULE_TYPE, at, message, help));
        match function {
            Function::Matches | Function::Find | Function::FindAll => {
                let (pattern, at) = text(1)?;
                let error = pattern::compile(pattern).err()?;
                let help = "write RE2 syntax; it has no look-around and no back-references";
                problem(at, format!("the expression cannot be read: {error}"), help)
            }
            Function::ToTimestamp => {
                let (value, at) = text(0)?;
                let is_read = time::Timestamp::parse(value).is_some();
                let help = "write a date and a time of day with its offset: `2025-01-01T00:00:00Z`";
                if is_read { None } else { problem(at, format!("`{value}` is no point in time"), help) }
            }
            Function::ToDuration => {
                let (value, at) = text(0)?;
                let is_read = time::Duration::parse(value).is_some();
                let help = "write numbers with units: `1h30m`, `90s`, `500ms`; the longest unit is the hour";
                if is_read { None } else { problem(at, format!("`{value}` is no duration"), help) }
            }
            Function::Part(_) => {
                let (zone, at) = text(1)?;
                let help =
                    "write `UTC` or an offset such as `+02:00`: names of zones change their meaning over the years";
                if time::offset(zone).is_some() { None } else { problem(at, format!("`{zone}` is no offset"), help) }
            }
            Function::ToInt => {
                let (value, at) = text(0)?;
                let is_read = value.parse::<i64>().is_ok();
                if is_read { None } else { problem(at, format!("`{value}` is no whole number"), "write digits") }
            }
            _ => None,
        }
    }

    fn unknown_function(&self, name: &str, at: &At, receiver: Option<&Expr>, arguments: &[Expr]) -> Problem {
        let message = format!("there is no function `{name}`");
        let problem = |help: String| Problem::error(code::RULE_UNKNOWN_FUNCTION, at.clone(), message.clone(), help);
        let macros = ["all", "exists", "exists_one", "filter", "map"];
        if let Some(of) = receiver
            && let Some((_, fold)) = SYNONYMS
                .iter()
                .map(|(foreign, own, _)| (foreign, own))
                .find(|(foreign, own)| **foreign == name && Fold::of(own).is_some())
        {
            let shown = self.source(&of.at);
            return problem(format!("did you mean `{shown}.{fold}(item, …)`?")).perhaps(*fold);
        }
        if let Some((_, own, sure)) = SYNONYMS.iter().find(|(foreign, ..)| *foreign == name) {
            let help = format!("did you mean `{own}`?");
            return if *sure { problem(help).surely(*own) } else { problem(help).perhaps(*own) };
        }
        let is_member = receiver.is_some();
        let names = OVERLOADS.iter().filter(|it| it.is_member == is_member).map(|it| it.name);
        let macros = macros.into_iter().filter(|_| is_member);
        let global = ["has"].into_iter().filter(|_| !is_member);
        if let Some(known) = closest(name, names.chain(macros).chain(global)) {
            return problem(format!("did you mean `{known}`?")).surely(known);
        }
        if let Some(of) = arguments.first().filter(|_| !is_member)
            && let Some(own) = OVERLOADS.iter().find(|it| it.is_member && it.name == name)
        {
            return problem(format!("it is called on a value: `{}.{}(…)`", self.source(&of.at), own.name));
        }
        problem(
            "the functions are listed in the documentation of rules: `rad explain rule-unknown-function`".to_owned(),
        )
    }

    fn wrong_arguments(
        &self,
        name: &str,
        expr: &Expr,
        at: &At,
        is_member: bool,
        given: &[&Expr],
        checked: &[Checked<'s>],
    ) -> Problem {
        let own: Vec<&Overload> = OVERLOADS.iter().filter(|it| it.name == name).collect();
        let Some(same) = own.iter().find(|it| it.is_member == is_member) else {
            // `startsWith(text, 'a')` for `text.startsWith('a')`, and the other way round.
            let texts: Vec<&str> = given.iter().map(|argument| self.source(&argument.at)).collect();
            let better = match (is_member, texts.split_first()) {
                (false, Some((first, rest))) => format!("{first}.{name}({})", rest.join(", ")),
                _ => format!("{name}({})", texts.join(", ")),
            };
            let message = format!("`{name}` is not called like that");
            let help = format!("write `{better}`");
            return Problem::error(code::RULE_TYPE, expr.at.clone(), message, help).surely(better);
        };
        let counts: Vec<usize> = own.iter().filter(|it| it.is_member == is_member).map(|it| it.takes.len()).collect();
        let skipped = usize::from(is_member);
        if !counts.contains(&given.len()) {
            let mut shown: Vec<String> = counts.iter().map(|count| (count - skipped).to_string()).collect();
            shown.dedup();
            let message = format!("`{name}` takes {} arguments, not {}", shown.join(" or "), given.len() - skipped);
            let wanted: Vec<String> = same.takes[skipped..].iter().map(|takes| takes.name()).collect();
            let help = match wanted.is_empty() {
                true => format!("write `{name}()`"),
                false => format!("give it {}", wanted.join(" and ")),
            };
            return Problem::error(code::RULE_TYPE, at.clone(), message, help);
        }
        let fitting = own.iter().filter(|it| it.is_member == is_member && it.takes.len() == given.len());
        // The overload that fits furthest is what was meant.
        let reach = |it: &Overload| it.takes.iter().zip(checked).take_while(|(takes, own)| takes.fits(&own.ty)).count();
        let best = fitting.max_by_key(|it| reach(it)).unwrap_or(same);
        let wrong = reach(best).min(given.len().saturating_sub(1));
        let (takes, ty) = (best.takes[wrong], &checked[wrong].ty);
        let message = format!("`{name}` takes {} here, not {}", takes.name(), ty.name());
        let shown = self.source(&given[wrong].at);
        let problem = |help: String| Problem::error(code::RULE_TYPE, given[wrong].at.clone(), message.clone(), help);
        match (takes.name().as_str(), ty) {
            ("a string", Type::Int | Type::Uint | Type::Double | Type::Bool) => {
                let better = format!("string({shown})");
                problem(format!("convert it: `{better}`")).perhaps(better)
            }
            ("a string", Type::List { .. }) if name == "contains" => {
                let needle = given.get(1).map(|it| self.source(&it.at)).unwrap_or_default();
                let better = format!("{needle} in {shown}");
                problem(format!("whether a list holds a value is `{better}`")).mended(expr.at.clone(), better, true)
            }
            _ => problem("give it a value of that type".to_owned()),
        }
    }
}
