//! The manual page says what the code does, and mandoc has nothing to say against it.

use std::collections::BTreeSet;
use std::process::Command;

use confluence_attachment_proxy::arguments;
use confluence_attachment_proxy::config::{Fallback, SETTINGS};

use crate::support::source::{read, root};
use crate::support::usage::{PROGRAM, usages};

const PATH: &str = "packaging/man/confluence-attachment-proxy.8";

/// What mandoc prints with these options.
fn mandoc(options: &[&str]) -> String {
    let output = Command::new("mandoc")
        .args(options)
        .arg(PATH)
        .current_dir(root())
        .output()
        .expect("mandoc runs: install the package mandoc");
    String::from_utf8(output.stdout).expect("it is asked for ASCII")
}

/// The page as it is read, in lines that are never broken, with one blank between two words.
fn shown() -> Vec<String> {
    let text = mandoc(&["-T", "ascii", "-O", "width=1000"]);
    let mut plain = String::new();
    for character in text.chars() {
        if character == '\u{8}' {
            plain.pop(); // what is bold or underlined is printed twice
        } else {
            plain.push(character);
        }
    }
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.lines().map(words).collect()
}

/// The source of one section.
fn section(name: &str) -> String {
    let text = read(PATH);
    let head = format!(".Sh {name}\n");
    let (_, rest) = text
        .split_once(&head)
        .unwrap_or_else(|| panic!("no {name}"));
    rest.split("\n.Sh ")
        .next()
        .expect("split yields at least one")
        .to_owned()
}

/// Where the words behind the first `.It` of each line begin with one of these macros, the rest of the line.
fn items<'a>(section: &'a str, macro_name: &str) -> Vec<&'a str> {
    let start = format!(".It {macro_name}").trim_end().to_owned() + " ";
    section
        .lines()
        .filter_map(|line| line.strip_prefix(&start))
        .collect()
}

/// The first words of the lines below a head of `--help`.
fn words_below(head: &str) -> BTreeSet<String> {
    let help = arguments::help_text();
    let (_, rest) = help.split_once(head).unwrap_or_else(|| panic!("no {head}"));
    let lines = rest.lines().skip(1).take_while(|line| !line.is_empty());
    let lines = lines.filter_map(|line| line.strip_prefix("  "));
    let heads = lines.filter_map(|line| line.split("  ").next().filter(|it| !it.is_empty()));
    let words = heads.flat_map(|head| head.split(", "));
    words.map(str::to_owned).collect()
}

#[test]
fn mandoc_has_no_objection() {
    assert_eq!(mandoc(&["-T", "lint", "-W", "warning"]), "");
}

#[test]
fn it_shows_every_command_and_option_and_none_more() {
    let shown = shown();
    let usages = usages();
    assert!(7 < usages.len(), "{usages:?}");
    for usage in &usages {
        let line = format!("{PROGRAM} {}", usage.replace("...", " ..."));
        assert!(
            shown.contains(&line),
            "{PATH}: the synopsis has no line {line:?}"
        );
    }
    let synopsis = section("SYNOPSIS");
    let ways = synopsis.lines().filter(|line| *line == ".Nm").count();
    assert_eq!(
        ways,
        usages.len() + 2,
        "these, --help and --version:\n{synopsis}"
    );
    for usage in ["[command] --help | -h", "--version | -V"] {
        assert!(shown.contains(&format!("{PROGRAM} {usage}")), "{usage}");
    }
    let paragraph = |usage: &String| match usage.as_str() {
        "[serve]" => "serve".to_owned(), // it is the command, also if there is none
        other => other.replace("...", " ..."),
    };
    let commands: Vec<String> = usages.iter().map(paragraph).collect();
    let section = section("COMMANDS");
    let described = items(&section, "Cm");
    assert_eq!(described.len(), commands.len(), "{described:?}");
    for command in &commands {
        let is_own = |line: &String| format!("{line} ").starts_with(&format!("{command} "));
        assert!(shown.iter().any(is_own), "{PATH}: no paragraph {command:?}");
    }
}

#[test]
fn it_explains_every_setting_and_none_more() {
    let shown = shown();
    for setting in SETTINGS {
        let head = match setting.fallback {
            Fallback::Required => format!("{} (required)", setting.name),
            Fallback::Unset => setting.name.to_owned(),
            Fallback::Value(value) => format!("{} (default: {value})", setting.name),
        };
        let text = format!("{} Takes {}.", setting.meaning, setting.values);
        let at = shown.iter().position(|line| *line == head);
        let at = at.unwrap_or_else(|| panic!("{PATH}: no {head:?}: {text}"));
        assert_eq!(shown[at + 1], text, "{PATH}: {}", setting.name);
    }
    let section = section("ENVIRONMENT");
    let (ours, _) = section
        .split_once(".Ss Variables that others set")
        .expect("it comes last");
    assert_eq!(items(ours, "Ev").len(), SETTINGS.len());
}

#[test]
fn it_explains_every_exit_code_and_signal_and_none_more() {
    let section_text = section("EXIT STATUS");
    let codes: BTreeSet<String> = items(&section_text, "")
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(codes, words_below("Exit codes:"));
    let section_text = section("SIGNALS");
    let signals = items(&section_text, "Dv").join(" , ");
    let signals: BTreeSet<String> = signals
        .split(" , ")
        .map(|signal| signal.trim_start_matches("SIG").to_owned())
        .collect();
    assert_eq!(signals, words_below("Signals:"));
}

#[test]
fn its_lines_of_the_log_and_its_paths_are_real() {
    let section_text = section("DIAGNOSTICS");
    let readme = read("README.md");
    let lines = items(&section_text, "");
    assert!(3 < lines.len(), "{lines:?}");
    for line in lines.iter().flat_map(|line| line.split(", ")) {
        assert!(
            readme.contains(&format!("`{line}`")),
            "no {line:?} in the log"
        );
    }
    let unit = read("systemd/confluence-attachment-proxy.service");
    let rules = read("packaging/logrotate/confluence-attachment-proxy");
    let section_text = section("FILES");
    let paths = items(&section_text, "Pa");
    for path in &paths[..3] {
        let path = path.trim_end_matches('/');
        assert!(unit.contains(path) || rules.contains(path), "{path}");
    }
}
