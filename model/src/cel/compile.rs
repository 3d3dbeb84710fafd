//! A checked rule as closures: what is known is looked at once, when the rule is compiled.

use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value as Json;

use super::apply::apply;
use super::arithmetic::{arithmetic, negate};
use super::ast::{Fold, Literal, Operator};
use super::node::Node;
use super::value::{Failure, Leaf, List, Map, Reading, Text, Value};

/// Steps that one rule may take for one body.
pub(super) const MOST_STEPS: u64 = 10_000_000;

/// What a rule sees while it is evaluated.
pub(super) struct Frame<'a> {
    pub(super) this: &'a Json,
    pub(super) old: Option<&'a Json>,
    locals: Vec<Value<'a>>,
    left: u64,
}

impl<'a> Frame<'a> {
    pub(super) fn new(this: &'a Json, old: Option<&'a Json>) -> Self {
        Self { this, old, locals: Vec::new(), left: MOST_STEPS }
    }

    /// Takes steps off what is left.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Failure> {
        self.left = self.left.checked_sub(steps as u64).ok_or(Failure::TooDear)?;
        Ok(())
    }
}

type Run = Box<dyn for<'a> Fn(&mut Frame<'a>) -> Result<Value<'a>, Failure> + Send + Sync>;
/// A condition.
pub(super) type Test = Box<dyn for<'a> Fn(&mut Frame<'a>) -> Result<bool, Failure> + Send + Sync>;
/// A place in the body.
type Look = Box<dyn for<'a> Fn(&Frame<'a>) -> Result<&'a Json, Failure> + Send + Sync>;

/// Compiles what says yes or no.
pub(super) fn test(node: Node) -> Test {
    match node {
        Node::Literal(Literal::Bool(flag)) => Box::new(move |_| Ok(flag)),
        Node::Not(of) => {
            let of = test(*of);
            Box::new(move |frame| of(frame).map(|it| !it))
        }
        Node::And(one, two) => logic(test(*one), test(*two), false),
        Node::Or(one, two) => logic(test(*one), test(*two), true),
        Node::If(condition, then, otherwise) => {
            let (condition, then, otherwise) = (test(*condition), test(*then), test(*otherwise));
            Box::new(move |frame| if condition(frame)? { then(frame) } else { otherwise(frame) })
        }
        Node::Has { of, field } => has(*of, field),
        Node::Compare(operator, one, two) => compare(operator, *one, *two),
        Node::In(one, two) => contains(*one, *two),
        Node::Matches(of, regex) => {
            let of = run(*of);
            Box::new(move |frame| {
                let Value::Text(text) = of(frame)? else { return Err(Failure::Unfit("`matches`")) };
                frame.spend(text.as_str().len() / 10)?;
                Ok(regex.is_match(text.as_str()))
            })
        }
        Node::Fold { fold: fold @ (Fold::All | Fold::Exists | Fold::ExistsOne), over, slot, condition, .. } => {
            let condition = condition.map_or_else(|| test(Node::Literal(Literal::Bool(true))), |it| test(*it));
            quantified(fold, run(*over), slot, condition)
        }
        other => {
            let other = run(other);
            Box::new(move |frame| match other(frame)? {
                Value::Bool(flag) => Ok(flag),
                _ => Err(Failure::Unfit("a condition")),
            })
        }
    }
}

/// `&&` and `||`: either side may decide alone, also where the other one fails.
fn logic(one: Test, two: Test, decides: bool) -> Test {
    Box::new(move |frame| match one(frame) {
        Ok(flag) if flag == decides => Ok(decides),
        Ok(_) => two(frame),
        Err(Failure::TooDear) => Err(Failure::TooDear),
        Err(failure) => match two(frame) {
            Ok(flag) if flag == decides => Ok(decides),
            _ => Err(failure),
        },
    })
}

/// Compiles a place in the body; `None` where it is none.
fn look(node: &Node) -> Option<(Look, Reading)> {
    Some(match node {
        Node::This(reading) => (Box::new(|frame| Ok(frame.this)), *reading),
        Node::Old(reading) => (Box::new(|frame| frame.old.ok_or_else(|| Failure::Absent("oldSelf".into()))), *reading),
        Node::Select { of, field, reading } => {
            let field = Arc::clone(field);
            if matches!(**of, Node::This(_)) {
                return Some((Box::new(move |frame| member(frame.this, &field)), *reading));
            }
            let (of, _) = look(of)?;
            (Box::new(move |frame| member(of(frame)?, &field)), *reading)
        }
        _ => return None,
    })
}

fn member<'a>(json: &'a Json, field: &Arc<str>) -> Result<&'a Json, Failure> {
    match json {
        Json::Object(members) => members.get(&**field).ok_or_else(|| Failure::Absent(Arc::clone(field))),
        _ => Err(Failure::Unfit("`.`")),
    }
}

fn has(of: Node, field: Arc<str>) -> Test {
    if let Some((of, _)) = look(&of) {
        return Box::new(move |frame| match of(frame)? {
            Json::Object(members) => Ok(members.get(&*field).is_some_and(|value| !value.is_null())),
            _ => Err(Failure::Unfit("`has`")),
        });
    }
    let of = run(of);
    let key = Text::Made(field);
    Box::new(move |frame| match of(frame)? {
        Value::Map(map) => Ok(!matches!(map.find(&Value::Text(key.clone()))?, None | Some(Value::Null))),
        _ => Err(Failure::Unfit("`has`")),
    })
}

fn holds(operator: Operator, order: Option<Ordering>) -> bool {
    match operator {
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::NotEqual => order != Some(Ordering::Equal),
        _ => order == Some(Ordering::Equal),
    }
}

fn compare(operator: Operator, one: Node, two: Node) -> Test {
    let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    match (look(&one), &two) {
        (Some((one, reading)), Node::Literal(Literal::Int(bound))) if reading.leaf != Leaf::Timestamp => {
            let bound = *bound;
            return Box::new(move |frame| {
                let json = one(frame)?;
                match json.as_i64() {
                    Some(whole) => Ok(holds(operator, Some(whole.cmp(&bound)))),
                    None => compared(operator, &Value::read(json, reading)?, &Value::Int(bound)),
                }
            });
        }
        (Some((one, reading)), Node::Literal(Literal::Text(text))) if reading.leaf == Leaf::Plain && is_equality => {
            let (text, wanted): (Arc<str>, bool) = (text.as_str().into(), operator == Operator::Equal);
            return Box::new(move |frame| Ok((one(frame)?.as_str() == Some(&*text)) == wanted));
        }
        (Some((one, reading)), other) => {
            if let Some((two, other)) = look(other) {
                return Box::new(move |frame| {
                    let (left, right) = (one(frame)?, two(frame)?);
                    match (left.as_i64(), right.as_i64()) {
                        (Some(left), Some(right)) => Ok(holds(operator, Some(left.cmp(&right)))),
                        _ => compared(operator, &Value::read(left, reading)?, &Value::read(right, other)?),
                    }
                });
            }
        }
        _ => {}
    }
    let (one, two) = (run(one), run(two));
    Box::new(move |frame| {
        let (one, two) = (one(frame)?, two(frame)?);
        frame.spend(weight(&one).min(weight(&two)))?;
        compared(operator, &one, &two)
    })
}

fn compared(operator: Operator, one: &Value<'_>, two: &Value<'_>) -> Result<bool, Failure> {
    match operator {
        Operator::Equal => one.equals(two),
        Operator::NotEqual => one.equals(two).map(|same| !same),
        _ => one.order(two).map(|order| holds(operator, order)),
    }
}

/// Steps that looking at a whole value takes.
pub(super) fn weight(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.as_str().len() / 10,
        Value::Bytes(bytes) => bytes.len() / 10,
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    }
}

fn contains(one: Node, two: Node) -> Test {
    if let (Some((place, reading)), Node::List(items)) = (look(&one), &two)
        && reading.leaf == Leaf::Plain
    {
        let texts: Option<Vec<Box<str>>> = (items.iter())
            .map(|item| match item {
                Node::Literal(Literal::Text(text)) => Some(text.as_str().into()),
                _ => None,
            })
            .collect();
        if let Some(texts) = texts {
            return Box::new(move |frame| {
                let text = place(frame)?.as_str();
                Ok(text.is_some_and(|text| texts.iter().any(|own| **own == *text)))
            });
        }
    }
    let (one, two) = (run(one), run(two));
    Box::new(move |frame| {
        let value = one(frame)?;
        match two(frame)? {
            Value::List(list) => {
                frame.spend(list.len())?;
                list.contains(&value)
            }
            Value::Map(map) => map.find(&value).map(|found| found.is_some()),
            _ => Err(Failure::Unfit("`in`")),
        }
    })
}

/// What a macro walks over.
fn walked<'a>(value: Value<'a>) -> Result<List<'a>, Failure> {
    match value {
        Value::List(list) => Ok(list),
        Value::Map(map) => Ok(List::Made(map.keys().into())),
        _ => Err(Failure::Unfit("a macro")),
    }
}

fn quantified(fold: Fold, over: Run, slot: usize, condition: Test) -> Test {
    Box::new(move |frame| {
        let list = walked(over(frame)?)?;
        let mut failure = None;
        let mut count = 0_usize;
        let result = each(frame, &list, slot, |frame| {
            match (condition(frame), fold) {
                (Err(Failure::TooDear), _) => return Err(Failure::TooDear),
                // Exactly one is only known when each one is.
                (Err(own), Fold::ExistsOne) => return Err(own),
                (Err(own), _) => drop(failure.get_or_insert(own)),
                (Ok(holds), Fold::All) => return Ok(holds),
                (Ok(holds), Fold::Exists) => return Ok(!holds),
                (Ok(holds), _) => count += usize::from(holds),
            }
            Ok(true)
        });
        let is_through = result?;
        match (fold, is_through, failure) {
            (Fold::ExistsOne, ..) => Ok(count == 1),
            (_, true, Some(failure)) => Err(failure),
            (_, is_through, _) => Ok(is_through == (fold == Fold::All)),
        }
    })
}

/// Calls `visit` with each item as the variable until it says no; returns whether it never did.
fn each<'a>(
    frame: &mut Frame<'a>,
    list: &List<'a>,
    slot: usize,
    mut visit: impl FnMut(&mut Frame<'a>) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    debug_assert_eq!(frame.locals.len(), slot, "macros are left in the order that they are entered");
    frame.locals.push(Value::Null);
    let mut walk = || {
        for item in list.iter() {
            frame.spend(1)?;
            frame.locals[slot] = item?;
            if !visit(frame)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let result = walk();
    frame.locals.truncate(slot);
    result
}

fn run(node: Node) -> Run {
    match node {
        Node::Literal(literal) => constant(literal),
        Node::Type(name) => Box::new(move |_| Ok(Value::Type(name))),
        Node::This(_) | Node::Old(_) => {
            let (place, reading) = look(&node).expect("`self` is a place in the body");
            Box::new(move |frame| Value::read(place(frame)?, reading))
        }
        Node::Local(slot) => Box::new(move |frame| frame.locals.get(slot).cloned().ok_or(Failure::NoItem)),
        Node::Select { .. } => select(node),
        Node::Index { of, by, reading } => index(run(*of), run(*by), reading),
        Node::Negate(of) => {
            let of = run(*of);
            Box::new(move |frame| negate(of(frame)?))
        }
        Node::If(condition, then, otherwise) => {
            let (condition, then, otherwise) = (test(*condition), run(*then), run(*otherwise));
            Box::new(move |frame| if condition(frame)? { then(frame) } else { otherwise(frame) })
        }
        Node::Arithmetic(operator, one, two) => {
            let (one, two) = (run(*one), run(*two));
            Box::new(move |frame| {
                let (one, two) = (one(frame)?, two(frame)?);
                frame.spend(weight(&one) + weight(&two))?;
                arithmetic(operator, one, two)
            })
        }
        Node::List(items) => {
            let items: Vec<Run> = items.into_iter().map(run).collect();
            Box::new(move |frame| {
                let made: Result<Vec<Value<'_>>, Failure> = items.iter().map(|item| item(frame)).collect();
                Ok(Value::List(List::Made(made?.into())))
            })
        }
        Node::Map(entries) => made_map(entries),
        Node::Call(function, arguments) => {
            let arguments: Vec<Run> = arguments.into_iter().map(run).collect();
            Box::new(move |frame| {
                let values: Result<Vec<Value<'_>>, Failure> = arguments.iter().map(|it| it(frame)).collect();
                apply(function, values?, frame)
            })
        }
        Node::Fold { fold: fold @ (Fold::Filter | Fold::Map), over, slot, condition, result } => {
            collected(fold, run(*over), slot, condition.map(|it| test(*it)), result.map(|it| run(*it)))
        }
        condition => {
            let condition = test(condition);
            Box::new(move |frame| condition(frame).map(Value::Bool))
        }
    }
}

fn constant(literal: Literal) -> Run {
    match literal {
        Literal::Null => Box::new(|_| Ok(Value::Null)),
        Literal::Bool(flag) => Box::new(move |_| Ok(Value::Bool(flag))),
        Literal::Int(value) => Box::new(move |_| Ok(Value::Int(value))),
        Literal::Uint(value) => Box::new(move |_| Ok(Value::Uint(value))),
        Literal::Double(value) => Box::new(move |_| Ok(Value::Double(value))),
        Literal::Text(text) => {
            let text: Arc<str> = text.into();
            Box::new(move |_| Ok(Value::Text(Text::Made(Arc::clone(&text)))))
        }
        Literal::Bytes(bytes) => {
            let bytes: Arc<[u8]> = bytes.into();
            Box::new(move |_| Ok(Value::Bytes(Arc::clone(&bytes))))
        }
    }
}

fn select(node: Node) -> Run {
    if let Some((place, reading)) = look(&node) {
        return Box::new(move |frame| Value::read(place(frame)?, reading));
    }
    let Node::Select { of, field, reading } = node else { unreachable!("only selections are given") };
    let of = run(*of);
    Box::new(move |frame| match of(frame)? {
        Value::Map(Map::Given(members, _)) => {
            let json = members.get(&*field).ok_or_else(|| Failure::Absent(Arc::clone(&field)))?;
            Value::read(json, reading)
        }
        Value::Map(map) => {
            let key = Value::Text(Text::Made(Arc::clone(&field)));
            map.find(&key)?.ok_or_else(|| Failure::Absent(Arc::clone(&field)))
        }
        _ => Err(Failure::Unfit("`.`")),
    })
}

fn index(of: Run, by: Run, reading: Reading) -> Run {
    Box::new(move |frame| {
        let value = of(frame)?;
        let key = by(frame)?;
        match (value, key) {
            (Value::List(list), key) => {
                let at = match key {
                    Value::Int(at) => usize::try_from(at).ok(),
                    Value::Uint(at) => usize::try_from(at).ok(),
                    Value::Double(at) => super::value::whole(at).and_then(|at| usize::try_from(at).ok()),
                    _ => return Err(Failure::Unfit("an index")),
                };
                list.get(at.ok_or(Failure::NoItem)?)
            }
            (Value::Map(Map::Given(members, _)), Value::Text(key)) => {
                Value::read(members.get(key.as_str()).ok_or(Failure::NoKey)?, reading)
            }
            (Value::Map(map), key) => map.find(&key)?.ok_or(Failure::NoKey),
            _ => Err(Failure::Unfit("an index")),
        }
    })
}

fn made_map(entries: Vec<(Node, Node)>) -> Run {
    let entries: Vec<(Run, Run)> = entries.into_iter().map(|(key, value)| (run(key), run(value))).collect();
    Box::new(move |frame| {
        let mut made: Vec<(Value<'_>, Value<'_>)> = Vec::with_capacity(entries.len());
        for (key, value) in &entries {
            let (key, value) = (key(frame)?, value(frame)?);
            for (known, _) in &made {
                if known.equals(&key)? {
                    return Err(Failure::Unfit("a map with a key that stands there twice"));
                }
            }
            made.push((key, value));
        }
        Ok(Value::Map(Map::Made(made.into())))
    })
}

fn collected(fold: Fold, over: Run, slot: usize, condition: Option<Test>, result: Option<Run>) -> Run {
    debug_assert!(matches!(fold, Fold::Filter | Fold::Map), "the others say yes or no");
    Box::new(move |frame| {
        let list = walked(over(frame)?)?;
        let mut made: Vec<Value<'_>> = Vec::new();
        each(frame, &list, slot, |frame| {
            if condition.as_ref().map_or(Ok(true), |condition| condition(frame))? {
                made.push(match &result {
                    Some(result) => result(frame)?,
                    None => frame.locals[slot].clone(),
                });
            }
            Ok(true)
        })?;
        Ok(Value::List(List::Made(Rc::from(made))))
    })
}
