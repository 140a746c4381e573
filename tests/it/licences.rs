//! The copyright file of the package names what is compiled into the program, each under a licence that it offers.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::source::{cargo_tree, read};

const PATH: &str = "packaging/deb/copyright";

/// The fields of a paragraph, each with its lines below the first.
type Paragraph<'a> = BTreeMap<&'a str, String>;

/// Reads the file by the rules of Debian's machine-readable format, strictly.
fn paragraphs(text: &str) -> Vec<Paragraph<'_>> {
    let mut paragraphs = vec![Paragraph::new()];
    let mut last = "";
    for line in text.lines() {
        assert_eq!(line, line.trim_end());
        let paragraph = paragraphs.last_mut().expect("there is one from the start");
        if line.is_empty() {
            paragraphs.push(Paragraph::new());
        } else if let Some(more) = line.strip_prefix(' ') {
            let field = paragraph.get_mut(last).expect("a field goes on");
            field.push('\n');
            field.push_str(if more == "." { "" } else { more.trim_start() });
        } else {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("{line:?}"));
            last = name;
            let before = paragraph.insert(name, value.trim().to_owned());
            assert_eq!(before, None, "{line:?}");
        }
    }
    paragraphs
}

/// The crates that are compiled into the program, with the licences that they offer.
fn crates() -> BTreeMap<String, String> {
    let tree = cargo_tree(&["-e", "normal,no-proc-macro", "--format", "{p}|{l}"]);
    let crates = tree.lines().map(|line| {
        let (package, licence) = line.split_once('|').expect("as asked for");
        let name = package
            .split(' ')
            .next()
            .expect("split yields at least one");
        let licence = licence.trim_end_matches(" (*)"); // it was listed before
        (name.to_owned(), licence.replace('/', " OR "))
    });
    let mut crates: BTreeMap<String, String> = crates.collect();
    crates
        .remove(env!("CARGO_PKG_NAME"))
        .expect("it is in its own tree");
    crates
}

/// Whether what is used of a crate is what it offers: of each group between two AND one licence, and no other.
fn is_offered(used: &str, offered: &str) -> bool {
    let used: Vec<&str> = used.split(" and ").collect();
    let groups: Vec<Vec<&str>> = offered
        .split(" AND ")
        .map(|group| group.trim_matches(['(', ')']).split(" OR ").collect())
        .collect();
    used.len() == groups.len()
        && groups
            .iter()
            .all(|group| used.iter().any(|licence| group.contains(licence)))
}

#[test]
fn every_crate_that_is_compiled_in_is_named_under_a_licence_that_it_offers() {
    let text = read(PATH);
    let paragraphs = paragraphs(&text);
    let mut named = BTreeMap::new();
    for paragraph in &paragraphs {
        let files = paragraph.get("Files").map_or("", String::as_str);
        if let Some(name) = files.strip_prefix("vendor/") {
            let name = name.strip_suffix("/*").expect("a whole crate");
            assert!(!paragraph["Copyright"].is_empty(), "{name}");
            named.insert(name.to_owned(), paragraph["License"].clone());
        }
    }
    let crates = crates();
    assert!(50 < crates.len(), "{crates:?}");
    let (names, expected): (Vec<_>, Vec<_>) = (named.keys().collect(), crates.keys().collect());
    assert_eq!(names, expected, "{PATH} beside cargo tree");
    for (name, used) in &named {
        let offered = &crates[name];
        assert!(is_offered(used, offered), "{name}: {used} of {offered}");
    }
}

#[test]
fn every_licence_has_its_text_and_is_allowed() {
    let text = read(PATH);
    let paragraphs = paragraphs(&text);
    let head = &paragraphs[0];
    assert_eq!(
        head["Format"],
        "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    );
    let own = &paragraphs[1];
    assert_eq!(
        (own["Files"].as_str(), own["License"].as_str()),
        ("*", "MIT")
    );
    let licence = read("LICENSE");
    assert!(licence.contains(&format!("Copyright (c) {}\n", own["Copyright"])));

    let mut texts = BTreeMap::new();
    let mut used = BTreeSet::new();
    for paragraph in &paragraphs[1..] {
        let (name, text) = paragraph["License"]
            .split_once('\n')
            .unwrap_or((&paragraph["License"], ""));
        if paragraph.contains_key("Files") {
            assert!(
                paragraph.contains_key("Copyright") && text.is_empty(),
                "{paragraph:?}"
            );
            used.extend(name.split(" and "));
        } else {
            assert_eq!(texts.insert(name, text), None, "{name}");
        }
    }
    assert_eq!(texts.keys().copied().collect::<BTreeSet<_>>(), used);
    let allowed = read("packaging/deny.toml");
    for name in used {
        assert!(
            allowed.contains(&format!("\n    \"{name}\",")),
            "{name} is not in deny.toml"
        );
    }
    assert!(
        licence.ends_with(&format!("{}\n", texts["MIT"])),
        "MIT is said in full"
    );
    assert!(texts["Apache-2.0"].contains("/usr/share/common-licenses/Apache-2.0"));
    assert!(texts.values().all(|text| !text.is_empty()));
}
