//! What bash proposes behind the program's name is what the program takes.

use std::fs;
use std::process::Command;

use crate::support::source::root;
use crate::support::usage::{PROGRAM, command, options, usages};

const PATH: &str = "packaging/completion/confluence-attachment-proxy";

/// Completes the last of these words as bash does it, in the directory `below`, and says on the first line whether they
/// are names of files.
fn completed(words: &[&str], below: &str) -> (bool, Vec<String>) {
    let script = r#"
        compopt() { printf 'compopt %s\n' "$*"; } # outside of a real completion it is an error
        . "$0"
        function=$(complete -p confluence-attachment-proxy)
        function=${function#*-F }
        COMP_WORDS=(confluence-attachment-proxy "$@") COMP_CWORD=$#
        "${function%% *}" confluence-attachment-proxy "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["--norc", "-euc", script])
        .arg(root().join(PATH))
        .args(words)
        .current_dir(root().join(below))
        .output()
        .expect("bash runs: install the package bash");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "{words:?}: {complaint}"
    );
    let text = String::from_utf8(output.stdout).expect("names of ours are text");
    let files = text.strip_prefix("compopt -o filenames\n");
    let proposed = files
        .unwrap_or(&text)
        .lines()
        .filter(|line| !line.is_empty());
    let mut proposed: Vec<String> = proposed.map(str::to_owned).collect();
    proposed.sort();
    (files.is_some(), proposed)
}

#[track_caller]
fn check(words: &[&str], expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(
        completed(words, ""),
        (false, expected.iter().map(|it| (*it).to_owned()).collect()),
        "{words:?}"
    );
}

#[test]
fn it_proposes_every_command_and_its_options() {
    let usages = usages();
    let mut first: Vec<&str> = usages.iter().map(|usage| command(usage)).collect();
    first.extend(["--help", "--version"]);
    check(&[""], &first);
    check(&["--"], &["--help", "--version"]);
    check(&["he"], &["health"]);
    for usage in &usages {
        let mut own = options(usage);
        for option in &own {
            check(&[command(usage), option, ""], &[]); // a value that only the reader knows
        }
        own.push("--help");
        check(&[command(usage), "-"], &own);
    }
    check(&["warm", "--url", "http://x", "7", "--h"], &["--help"]);
    check(&["unknown", ""], &[]);
    check(&["warm", ""], &[]);
}

#[test]
fn only_advise_is_offered_files() {
    let names = fs::read_dir(root().join("packaging"))
        .expect("it is there")
        .flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(completed(&["advise", ""], "packaging"), (true, names));
    assert_eq!(
        completed(&["advise", "den"], "packaging"),
        (true, vec!["deny.toml".to_owned()])
    );
    for usage in usages().iter().filter(|usage| command(usage) != "advise") {
        assert_eq!(
            completed(&[command(usage), "den"], "packaging"),
            (false, Vec::new())
        );
    }
}

#[test]
fn it_is_loaded_by_the_name_of_the_program() {
    let name = PATH.rsplit('/').next();
    assert_eq!(name, Some(PROGRAM));
}
