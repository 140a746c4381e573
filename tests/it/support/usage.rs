//! How the program is called, as its own help says it.

use std::ffi::OsString;

use confluence_attachment_proxy::arguments::{self, Command};

/// Its name.
pub const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// The ways to call the program, without its name and but for `--help` and `--version`: which commands there are says the
/// first page of the help, how each is called that behind it.
pub fn usages() -> Vec<String> {
    let first = arguments::help_text();
    let commands =
        lines_of_usage(&first).filter_map(|line| line.strip_prefix(PROGRAM)?.strip_prefix(' '));
    let mut usages: Vec<String> = vec!["[serve]".to_owned()];
    for line in commands {
        let command = line.split(' ').next().expect("split yields at least one");
        if command.starts_with(['[', '-']) {
            continue;
        }
        let words = [command, "--help"].map(OsString::from);
        let Ok(Command::Help(topic)) = arguments::parse(words) else {
            panic!("{command} has no help");
        };
        let help = arguments::help(topic);
        let usage =
            lines_of_usage(&help).find_map(|line| line.strip_prefix(PROGRAM)?.strip_prefix(' '));
        let usage = usage.expect("help shows how to call it");
        let usage = usage.split(" <").next().expect("split yields at least one");
        usages.push(usage.to_owned());
    }
    usages
}

fn lines_of_usage(help: &str) -> impl Iterator<Item = &str> {
    let (_, rest) = help.split_once("Usage:\n").expect("help has it");
    rest.lines()
        .take_while(|line| !line.is_empty())
        .map(str::trim_start)
}

/// What is called without a word behind it, or with one: the command of a usage.
pub fn command(usage: &str) -> &str {
    let first = usage.split(' ').next().expect("split yields at least one");
    first.trim_matches(['[', ']'])
}

/// The options in a usage.
pub fn options(usage: &str) -> Vec<&str> {
    let words = usage.split([' ', '[', ']']);
    words.filter(|word| word.starts_with("--")).collect()
}
