//! What is said of slips, counted.

use std::collections::BTreeMap;

use radii_diagnostics::Diagnostic;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::{Kind, Slip};
use crate::blind::mended;

/// How many places of each kind an ordinary run judges.
const ORDINARY: usize = 2;

/// How good texts of one sort are checked and compared.
pub struct Sort<'a, S> {
    pub name: &'static str,
    pub sources: &'a [S],
    pub text: fn(&S) -> &str,
    pub check: &'a dyn Fn(&S, &str) -> Vec<Diagnostic>,
    /// Whether a mended text says the same as the good one.
    pub is_same: &'a dyn Fn(&S, &str) -> bool,
}

/// What is demanded of all slips together, in percent.
pub struct Floor {
    /// Of all that are tried: a checker that says nothing would have no faults in what it says.
    pub noticed: usize,
    pub exact: usize,
    pub fixed: usize,
    pub single: usize,
}

#[derive(Clone, Default)]
struct Figures {
    noticed: usize,
    unnoticed: usize,
    exact: usize,
    fixed: usize,
    single: usize,
    fell_short: Vec<String>,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.noticed += other.noticed;
        self.unnoticed += other.unnoticed;
        self.exact += other.exact;
        self.fixed += other.fixed;
        self.single += other.single;
    }

    fn line(&self) -> String {
        let share = |count: usize| 100 * count / self.noticed.max(1);
        let Self { noticed, unnoticed, exact, fixed, single, .. } = self;
        let shares = (share(*exact), share(*fixed), share(*single));
        format!(
            "exact {:3}, fix {:3}, single {:3} % of {noticed:4} ({unnoticed} unnoticed)",
            shares.0, shares.1, shares.2
        )
    }
}

/// A number that follows from a name alone.
fn seed(name: &str) -> u64 {
    name.bytes().fold(14_695_981_039_346_656_037, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(1_099_511_628_211))
}

/// Judges a sample of every kind and prints the figures.
pub fn judge<S>(sort: &Sort<'_, S>, kinds: &[Kind<S>], floor: &Floor) {
    let wanted = std::env::var("SLIPS").ok().and_then(|count| count.parse().ok()).unwrap_or(ORDINARY);
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut classes: BTreeMap<&str, Figures> = BTreeMap::new();
    for kind in kinds.iter().filter(|kind| format!("{}, {}", kind.class, kind.name).contains(&only)) {
        let mut random = StdRng::seed_from_u64(seed(kind.name));
        let mut places: Vec<(&S, Slip)> = Vec::new();
        for source in sort.sources {
            places.extend((kind.slips)(source, &mut random).into_iter().map(|slip| (source, slip)));
        }
        places.shuffle(&mut random);
        let mut figures = Figures::default();
        for (source, slip) in places.iter().take(wanted) {
            judge_one(sort, kind.name, source, slip, &mut figures);
        }
        if std::env::var_os("SLIPS").is_some() {
            println!("{}: {:60} {}", sort.name, format!("{}, {}", kind.class, kind.name), figures.line());
            figures.fell_short.iter().for_each(|what| println!("{what}"));
        }
        classes.entry(kind.class).or_default().add(&figures);
    }
    let mut all = Figures::default();
    for (class, figures) in &classes {
        println!("{}: {:60} {}", sort.name, class, figures.line());
        all.add(figures);
    }
    println!("{}: {:60} {}", sort.name, "all", all.line());
    if only.is_empty() {
        let tried = all.noticed + all.unnoticed;
        for (what, reached, of, demanded) in [
            ("noticed", all.noticed, tried, floor.noticed),
            ("exact spans", all.exact, all.noticed, floor.exact),
            ("fixes", all.fixed, all.noticed, floor.fixed),
            ("single diagnostics", all.single, all.noticed, floor.single),
        ] {
            assert!(
                tried > 0 && reached * 100 >= demanded * of,
                "{}: {what}: {reached} of {of}, {demanded} % are demanded",
                sort.name
            );
        }
    }
}

fn judge_one<S>(sort: &Sort<'_, S>, kind: &str, source: &S, slip: &Slip, figures: &mut Figures) {
    let good = (sort.text)(source);
    let text = slip.apply(good);
    let found = (sort.check)(source, &text);
    write(kind, &text, slip, found.first());
    let Some(first) = found.first() else {
        figures.unnoticed += 1;
        return;
    };
    let own = first.primary.as_ref().map(|it| (it.span.start as usize, it.span.end as usize));
    let is_exact = own.is_some_and(|own| slip.spans.contains(&own));
    let is_given_back = mended(&text, first).is_some_and(|mended| mended == good || (sort.is_same)(source, &mended));
    let is_fixed = is_given_back || names_what_was_meant(first, slip);
    figures.noticed += 1;
    figures.exact += usize::from(is_exact);
    figures.fixed += usize::from(is_fixed);
    figures.single += usize::from(found.len() == 1);
    let is_shown = std::env::var("SHOW").is_ok_and(|words| kind.contains(&words));
    if is_shown && !(is_exact && is_fixed && found.len() == 1) {
        figures.fell_short.push(describe(&text, slip, &found, is_exact, is_fixed));
    }
}

/// Whether the remedy says in words what stood there.
fn names_what_was_meant(first: &Diagnostic, slip: &Slip) -> bool {
    let meant = |text: &str| {
        slip.meant.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).any(|word| {
            let is_sign = word.len() < 3;
            let named = format!("`{word}`");
            text == word || text.contains(&named) || (!is_sign && text.contains(word))
        })
    };
    first.help.as_deref().is_some_and(&meant) || first.fixes.iter().take(1).any(|fix| meant(fix.replacement.trim()))
}

fn describe(text: &str, slip: &Slip, found: &[Diagnostic], is_exact: bool, is_fixed: bool) -> String {
    let (start, end) = slip.spans[0];
    let from = text[..start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    let line = text[from..].lines().next().unwrap_or_default();
    let number = text[..from].matches('\n').count() + 1;
    let wanted = text.get(start..end).unwrap_or("<end>");
    let marks = [(is_exact, "span"), (is_fixed, "fix"), (found.len() == 1, "cascade")];
    let missed: Vec<&str> = marks.iter().filter(|(is_good, _)| !is_good).map(|(_, what)| *what).collect();
    let mut said = format!(
        "  [{}] {number}: {}\n      wanted {wanted:?}, meant {:?}\n",
        missed.join(" "),
        line.trim(),
        slip.meant
    );
    for diagnostic in found.iter().take(3) {
        let own = diagnostic.primary.as_ref().map(|it| it.span);
        let at = own.and_then(|span| text.get(span.start as usize..(span.end as usize).min(text.len())));
        let line = own.map(|span| text[..(span.start as usize).min(text.len())].matches('\n').count() + 1);
        let fixes: Vec<_> = diagnostic
            .fixes
            .iter()
            .map(|fix| (text.get(fix.span.start as usize..fix.span.end as usize), &fix.replacement))
            .collect();
        let at = at.map(|at| at.chars().take(60).collect::<String>());
        said += &format!(
            "      {} {} at {line:?} {at:?}, help {:?}, fixes {fixes:?}\n",
            diagnostic.code, diagnostic.message, diagnostic.help
        );
    }
    said
}

/// Writes the text for another judge, with the expert's places and the own one.
fn write(kind: &str, text: &str, slip: &Slip, first: Option<&Diagnostic>) {
    let Ok(folder) = std::env::var("SLIPS_TO") else { return };
    let name = format!("{:016x}", seed(text));
    let own = first.and_then(|first| first.primary.as_ref()).map(|it| (it.span.start, it.span.end));
    let facts = serde_json::json!({ "kind": kind, "spans": slip.spans, "own": own });
    std::fs::write(format!("{folder}/{name}.tsp"), text).expect("the folder can be written");
    std::fs::write(format!("{folder}/{name}.json"), facts.to_string()).expect("the folder can be written");
}
