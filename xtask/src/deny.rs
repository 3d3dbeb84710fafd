//! `cargo xtask deny`: the rules of `deny.toml` over `cargo metadata`, for machines without cargo-deny.
//!
//! Building cargo-deny costs more than everything else in a test run; the three checks that work
//! offline are a page of code.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
}

struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: String,
}

/// Checks licences, bans and sources of everything that a build on this platform compiles.
pub fn run() -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string("deny.toml").context("cannot read `deny.toml`; run this at the workspace's root")?;
    let rules: Rules = toml::from_str(&text).context("`deny.toml` cannot be understood")?;
    let packages = packages()?;
    let complaints: Vec<String> = packages.iter().flat_map(|package| complaints(package, &rules)).collect();
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("{} complaints about {} packages", complaints.len(), packages.len());
    }
    println!("licences, bans and sources of {} packages are as deny.toml wants them", packages.len());
    Ok(())
}

/// Returns what is compiled; `cargo metadata` would also list optional packages that no feature asks for.
fn packages() -> anyhow::Result<Vec<Package>> {
    let output = Command::new("cargo")
        .args(["tree", "--workspace", "--prefix=none", "--edges=normal,build,dev", "--format={p}|{l}"])
        .output()
        .context("cannot run `cargo tree`")?;
    if !output.status.success() {
        bail!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    let lines: BTreeSet<&str> =
        text.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    Ok(lines.into_iter().map(package).collect())
}

fn package(line: &str) -> Package {
    let (package, license) = line.rsplit_once('|').unwrap_or((line, ""));
    let mut words = package.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (name, version, source) = (word(), word(), word());
    Package { name, version, source, license: (!license.is_empty()).then(|| license.to_owned()) }
}

fn complaints(package: &Package, rules: &Rules) -> Vec<String> {
    let name = format!("{} {}", package.name, package.version);
    let mut found = Vec::new();
    if rules.bans.deny.iter().any(|ban| ban.name == package.name) {
        found.push(format!("{name}: banned; `cargo tree -i {}` says who brings it", package.name));
    }
    match &package.license {
        None => found.push(format!("{name}: no licence expression")),
        Some(license) if !allows(&rules.licenses.allow, license) => {
            found.push(format!("{name}: licence `{license}` is not allowed"));
        }
        Some(_) => {}
    }
    // Registry packages show no source, our own their folder, all others a URL.
    if package.source.contains("://") {
        found.push(format!("{name}: comes from {}", package.source));
    }
    found
}

/// Whether an SPDX expression can be met with the allowed licences (`OR`, `AND`, parentheses, the old `/`).
fn allows(allowed: &BTreeSet<String>, expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let verdict = any(allowed, &tokens, &mut at);
    verdict && at == tokens.len()
}

fn any(allowed: &BTreeSet<String>, tokens: &[&str], at: &mut usize) -> bool {
    let mut verdict = all(allowed, tokens, at);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        verdict |= all(allowed, tokens, at);
    }
    verdict
}

fn all(allowed: &BTreeSet<String>, tokens: &[&str], at: &mut usize) -> bool {
    let mut verdict = one(allowed, tokens, at);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        verdict &= one(allowed, tokens, at);
    }
    verdict
}

fn one(allowed: &BTreeSet<String>, tokens: &[&str], at: &mut usize) -> bool {
    let Some(token) = tokens.get(*at) else { return false };
    *at += 1;
    if *token == "(" {
        let verdict = any(allowed, tokens, at);
        *at += 1;
        return verdict;
    }
    let mut license = (*token).to_owned();
    if tokens.get(*at) == Some(&"WITH") {
        license = format!("{license} WITH {}", tokens.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&license)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_by_what_is_allowed() {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
        for expression in
            ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(MIT OR X) AND ISC", "Apache-2.0 WITH LLVM-exception"]
        {
            assert!(allows(&allowed, expression), "{expression}");
        }
        for expression in ["GPL-3.0", "MIT AND OpenSSL", "Apache-2.0", ""] {
            assert!(!allows(&allowed, expression), "{expression}");
        }
    }
}
