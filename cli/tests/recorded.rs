//! What the command line of Radius printed, held against ours.
//!
//! The recordings hold calls with their exit code and standard output. Ours must end in the same way (success or
//! failure) and, where it succeeds, print the same; what differs on purpose stands in [`DIFFERENCES`] with its reason.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::server::{Rad, Server};

/// Scenario, start of the call, reason. An entry that nothing needs any more fails the test.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("003-workspace-local", "workspace list -o yaml", "YAML is a format, too"),
    ("008-global-flags", "group list -o ", "an empty format is a mistake, not the default"),
    ("008-global-flags", "--version", "the usual flag prints the version"),
    ("008-global-flags", "-v", "`-v` is a flag here: requests are printed"),
    ("101-group-basic", "group show -g one", "`--group` names the group to show"),
    ("103-env-core", "env update e1", "an update without changes is a mistake, not a call for help"),
    ("201-rp-create-yaml", "resource-provider show", "the columns TYPE and STATE are filled"),
    ("201-rp-create-yaml", "resource-provider list", "the columns TYPE and STATE are filled"),
    ("201-rp-create-yaml", "rp list", "the columns TYPE and STATE are filled"),
    ("211-rt-create-basic", "resource-type show", "types are found in any casing"),
    ("211-rt-create-basic", "rt list", "versions are listed in their order"),
    ("301-resource-basic", "resource list -g default", "a group is enough to list by"),
    ("301-resource-basic", "resource list -o json -g default", "a group is enough to list by"),
    ("301-resource-basic", "resource delete Contoso.Res/boxes b1 --force", "warnings go to standard error"),
    ("303-resource-invalid", "resource show Contoso.Res/boxes wrong-enum", "what is refused is not stored"),
    ("303-resource-invalid", "resource list Contoso.Res/boxes", "what is refused is not stored"),
    ("303-resource-invalid", "resource delete Contoso.Res/boxes wrong-enum", "what is refused is not stored"),
    ("401-recipe-core", "recipe list -o json", "an empty list is `[]`"),
    ("401-recipe-core", "recipe unregister tf --resource-type contoso.data/POSTGRES", "types are found in any casing"),
];

fn scenarios() -> Vec<(String, Json)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let name = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths
        .iter()
        .map(|path| (name(path), serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()))
        .collect()
}

#[test]
fn calls_end_and_print_as_recorded() {
    let (mut passed, mut unexpected, mut used) = (0, Vec::new(), BTreeSet::new());
    for (name, scenario) in scenarios() {
        let server = Server::start();
        let rad = Rad::without_url();
        let fill = |text: &str| text.replace("{base}", &server.url);
        if let Some(config) = scenario["config"].as_str() {
            rad.write_config(&fill(config));
        }
        write_files(&rad, &scenario["files"], &fill);
        for step in scenario["steps"].as_array().unwrap() {
            write_files(&rad, &step["write"], &fill);
            let argv: Vec<&str> =
                step["argv"].as_array().unwrap()[1..].iter().map(|word| word.as_str().unwrap()).collect();
            let call = argv.join(" ");
            let difference = difference(&rad, &argv, step, &fill);
            let rule = DIFFERENCES.iter().position(|(scenario, start, _)| name == *scenario && call.starts_with(start));
            match (difference, rule) {
                (None, _) => passed += 1,
                (Some(_), Some(rule)) => {
                    used.insert(rule);
                }
                (Some(difference), None) => unexpected.push(format!("{name}: rad {call}\n{difference}")),
            }
        }
    }
    assert!(unexpected.is_empty(), "{passed} calls passed; these did not:\n\n{}", unexpected.join("\n\n"));
    let unused: Vec<_> = DIFFERENCES.iter().enumerate().filter(|(at, _)| !used.contains(at)).collect();
    assert!(unused.is_empty(), "these differences are gone: {unused:?}");
}

fn write_files(rad: &Rad, files: &Json, fill: &impl Fn(&str) -> String) {
    for (name, text) in files.as_object().into_iter().flatten() {
        let Some(text) = text.as_str() else { continue };
        if name.starts_with("{home}") { rad.write_config(&fill(text)) } else { rad.write(name, &fill(text)) }
    }
}

/// Runs a call and returns how it differs from the recording.
fn difference(rad: &Rad, argv: &[&str], step: &Json, fill: &impl Fn(&str) -> String) -> Option<String> {
    let argv: Vec<String> = argv.iter().map(|word| word.replace("{home}", rad.home())).collect();
    let (code, stdout, stderr) = rad.run_words(&argv);
    let recorded = step["stdout"].as_str().unwrap_or_default();
    // A crash of the recorded program ends with 0, too.
    let succeeded = step["exit"] == 0 && !recorded.contains("{stack}");
    if succeeded != (code == 0) {
        return Some(format!("recorded exit {}, ours is {code}\n{stdout}{stderr}", step["exit"]));
    }
    let comparable = succeeded && !["{help:", "{builtin-", "{version"].iter().any(|mark| recorded.contains(mark));
    if !comparable {
        return None;
    }
    let (recorded, ours) = (comparable_text(&fill(recorded)), comparable_text(&stdout));
    (recorded != ours).then(|| format!("recorded:\n{recorded}\nours:\n{ours}"))
}

/// Data as data, text without blanks at the ends of lines; `systemData` is empty in one and not in the other.
fn comparable_text(text: &str) -> String {
    match serde_json::from_str::<Json>(text) {
        Ok(mut data) => {
            drop_system_data(&mut data);
            serde_json::to_string_pretty(&data).unwrap()
        }
        Err(_) => text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned(),
    }
}

fn drop_system_data(value: &mut Json) {
    match value {
        Json::Object(members) => {
            members.remove("systemData");
            members.values_mut().for_each(drop_system_data);
            members.sort_keys();
        }
        Json::Array(items) => items.iter_mut().for_each(drop_system_data),
        _ => {}
    }
}
