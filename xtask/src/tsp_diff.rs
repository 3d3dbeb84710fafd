//! `cargo xtask tsp-diff`: compiles a folder with our compiler and with the reference one, and prints what differs.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use radii_diagnostics::{Severity, SourceMap};
use regex::Regex;

use crate::tsp_schemas;

/// Compiles TypeSpec with both compilers and prints every difference in verdict, diagnostic codes and documents.
///
/// The reference compiler is an npm package: `npm install @typespec/compiler` gives `node_modules/.bin/tsp`.
#[derive(clap::Args)]
pub struct Args {
    /// A folder with `main.tsp`, or with specs: files, and folders with `main.tsp`.
    folder: Utf8PathBuf,
    /// The reference compiler's program.
    #[arg(long, default_value = "tsp")]
    tsp: String,
    /// Compares where each code was reported, too.
    #[arg(long)]
    places: bool,
    /// Compares OpenAPI and JSON Schema of what both accept, too; wants the reference's emitters beside the specs.
    #[arg(long)]
    schemas: bool,
}

/// What a compiler says of a spec.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    has_errors: bool,
    /// How often each code was reported, and the first place and message.
    codes: BTreeMap<String, (usize, String)>,
    /// Whether codes are told apart by where they were reported.
    by_place: bool,
}

impl Verdict {
    fn add(&mut self, severity: &str, code: &str, place: &str, message: &str) {
        self.has_errors |= severity == "error";
        let key = if self.by_place { format!("{code} at {place}") } else { code.to_owned() };
        self.codes.entry(key).or_insert((0, format!("{place}: {message}"))).0 += 1;
    }

    fn word(&self) -> &'static str {
        if self.has_errors { "refuses" } else { "accepts" }
    }
}

/// Compares every spec of a folder.
///
/// # Errors
/// When the folder holds no specs, the reference compiler cannot be run, or anything differs.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let specs = specs(&args.folder)?;
    if specs.is_empty() {
        bail!("`{}` holds no TypeSpec files", args.folder);
    }
    let (mut same, mut same_codes, mut documents) = (0, 0, tsp_schemas::Count::default());
    for spec in &specs {
        let theirs = reference(&args.tsp, spec, args.places)?;
        let started = Instant::now();
        let compilation = compile(spec);
        let ours = native(&compilation, args.places);
        let took = started.elapsed();
        same += usize::from(ours.has_errors == theirs.has_errors);
        let differences = differences(&ours, &theirs);
        same_codes += usize::from(differences.is_empty());
        if !differences.is_empty() || ours.has_errors != theirs.has_errors {
            println!("{spec}: the reference {}, we {} in {took:.1?}", theirs.word(), ours.word());
            differences.iter().for_each(|difference| println!("  {difference}"));
        }
        if args.schemas && !ours.has_errors && !theirs.has_errors {
            documents.add(tsp_schemas::compare(&args.tsp, spec, &compilation.program)?);
        }
    }
    println!("verdict: {same}/{}, codes: {same_codes}/{}", specs.len(), specs.len());
    if args.schemas {
        println!("documents: {}/{}", documents.same, documents.all);
    }
    if same < specs.len() || same_codes < specs.len() || documents.same < documents.all {
        bail!("the compilers differ");
    }
    Ok(())
}

fn specs(folder: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let main = folder.join("main.tsp");
    if main.is_file() {
        return Ok(vec![main]);
    }
    let entries = folder.read_dir_utf8().with_context(|| format!("cannot read `{folder}`"))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read `{folder}`"))?.into_path();
        if path.extension() == Some("tsp") {
            found.push(path);
        } else if path.join("main.tsp").is_file() {
            found.push(path.join("main.tsp"));
        }
    }
    found.sort();
    Ok(found)
}

/// Runs the reference compiler, without emitters.
fn reference(tsp: &str, spec: &Utf8Path, by_place: bool) -> anyhow::Result<Verdict> {
    let output = Command::new(tsp)
        .args(["compile", spec.as_str(), "--no-emit", "--pretty=false"])
        .output()
        .with_context(|| format!("cannot run `{tsp}`; `--tsp` names the reference compiler"))?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut verdict = read_output(&text, by_place);
    if !output.status.success() && !verdict.has_errors {
        bail!("`{tsp}` failed on `{spec}`:\n{text}");
    }
    verdict.has_errors |= !output.status.success();
    Ok(verdict)
}

fn read_output(text: &str, by_place: bool) -> Verdict {
    let line =
        Regex::new(r"^(?:(?P<place>.+:\d+:\d+) - )?(?P<severity>error|warning) (?P<code>[\w@/.-]+): (?P<message>.*)$")
            .expect("the expression is sound");
    let mut verdict = Verdict { by_place, ..Verdict::default() };
    for found in text.lines().filter_map(|text| line.captures(text)) {
        let place = found.name("place").map_or("", |place| place.as_str());
        let place = Utf8Path::new(place).file_name().unwrap_or(place);
        verdict.add(&found["severity"], &found["code"], place, &found["message"]);
    }
    verdict
}

fn compile(spec: &Utf8Path) -> typespec::Compilation {
    let registry = typespec::Registry::standard();
    typespec::compile(&Disk, spec.as_str(), &typespec::Options::default(), &registry)
}

fn native(compilation: &typespec::Compilation, by_place: bool) -> Verdict {
    let mut verdict = Verdict { by_place, ..Verdict::default() };
    for diagnostic in &compilation.diagnostics {
        let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
        let place =
            diagnostic.primary.as_ref().map(|label| place(&compilation.sources, label.span)).unwrap_or_default();
        verdict.add(severity, diagnostic.code.as_str(), &place, &diagnostic.message);
    }
    verdict
}

fn place(sources: &SourceMap, span: radii_diagnostics::Span) -> String {
    match sources.locate(span) {
        Some((path, at)) => {
            let name = Utf8Path::new(path).file_name().unwrap_or(path);
            format!("{name}:{}:{}", at.line, at.column)
        }
        None => String::new(),
    }
}

fn differences(ours: &Verdict, theirs: &Verdict) -> Vec<String> {
    let missing = theirs.codes.iter().filter(|(code, _)| !ours.codes.contains_key(*code));
    let extra = ours.codes.iter().filter(|(code, _)| !theirs.codes.contains_key(*code));
    let missing = missing.map(|(code, (count, first))| format!("only the reference: {code} ({count}), {first}"));
    let extra = extra.map(|(code, (count, first))| format!("only we: {code} ({count}), {first}"));
    missing.chain(extra).collect()
}

/// The files of this machine.
struct Disk;

impl typespec::World for Disk {
    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }

    fn is_file(&self, path: &str) -> bool {
        Utf8Path::new(path).is_file()
    }

    fn is_directory(&self, path: &str) -> bool {
        Utf8Path::new(path).is_dir()
    }

    fn real_path(&self, path: &str) -> String {
        Utf8Path::new(path).canonicalize_utf8().map_or_else(|_| path.to_owned(), Utf8PathBuf::into_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_the_reference_is_read() {
        let verdict = read_output(
            "TypeSpec compiler v1.17.0\n\n/a/b.tsp:3:5 - error invalid-ref: Unknown identifier X\n\
             warning @typespec/versioning/version-duplicate: Twice\n\nFound 1 error, 1 warning.\n",
            false,
        );
        assert!(verdict.has_errors);
        assert_eq!(verdict.codes["invalid-ref"], (1, "b.tsp:3:5: Unknown identifier X".to_owned()));
        assert!(verdict.codes.contains_key("@typespec/versioning/version-duplicate"));
    }

    #[test]
    fn differences_name_what_only_one_says() {
        let (mut ours, mut theirs) = (Verdict::default(), Verdict::default());
        ours.add("error", "unassignable", "a.tsp:1:1", "a");
        theirs.add("error", "missing-property", "a.tsp:1:1", "b");
        assert_eq!(differences(&ours, &theirs).len(), 2);
        assert!(differences(&ours, &ours).is_empty());
    }
}
