//! The help of every command, in one reviewed file.

use std::fmt::Write as _;
use std::process::Command;

use crate::server::RAD;

#[test]
fn the_help_of_every_command_is_as_reviewed() {
    let mut all = String::new();
    write_help(&mut all, &[]);
    insta::assert_snapshot!("help", all);
}

/// Writes the help of a command, and of the commands that it names, depth first.
fn write_help(all: &mut String, command: &[String]) {
    let answer = Command::new(RAD).args(command).arg("--help").env("COLUMNS", "100").output().unwrap();
    assert!(answer.status.success(), "`rad {} --help` fails", command.join(" "));
    let help = String::from_utf8(answer.stdout).unwrap();
    // The global options are the same everywhere; once is enough to review.
    let own = if command.is_empty() { &help } else { help.split("\nGlobal options:").next().unwrap() };
    let own: Vec<&str> = own.lines().map(str::trim_end).collect();
    let _ = writeln!(all, "## rad {}\n\n{}\n", command.join(" "), own.join("\n").trim_end());
    for name in subcommands(&help) {
        write_help(all, &[command, &[name]].concat());
    }
}

fn subcommands(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect()
}
