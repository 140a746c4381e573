//! Sizes, doors and dependencies: what keeps the house easy to read.

use crate::support::source::{cargo_tree, read, sources};

/// Above it a file holds more than one thing. Tests at its end do not count.
const FILE_LINES_MAX: usize = 400;

/// Above it a function does not fit a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// What must not be below this program, and why.
const UNWANTED: &[(&str, &str)] = &[
    ("tokio", "no async runtime"),
    ("async-std", "no async runtime"),
    ("smol", "no async runtime"),
    ("hyper", "it needs an async runtime"),
    ("openssl", "TLS is rustls with ring"),
    ("openssl-sys", "TLS is rustls with ring"),
    ("native-tls", "TLS is rustls with ring"),
    ("aws-lc-rs", "TLS is rustls with ring"),
    ("aws-lc-sys", "TLS is rustls with ring"),
];

#[test]
fn files_and_functions_fit_into_a_head() {
    let mut long = Vec::new();
    for source in sources() {
        let lines = source
            .text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        if FILE_LINES_MAX < lines {
            long.push(format!("src/{}: {lines} lines", source.path));
        }
        for (name, line, lines) in source.functions() {
            if FUNCTION_LINES_MAX < lines {
                long.push(format!(
                    "src/{}:{line}: fn {name} has {lines} lines",
                    source.path
                ));
            }
        }
    }
    assert!(long.is_empty(), "too long:\n{}", long.join("\n"));
}

#[test]
fn every_mod_rs_is_only_a_door() {
    let mut doors = 0;
    for source in sources()
        .iter()
        .filter(|source| source.path.ends_with("/mod.rs"))
    {
        doors += 1;
        assert!(
            source.text.starts_with("//! "),
            "src/{}: a door says what is behind it",
            source.path
        );
        let mut code = source.text.as_str();
        while let Some(line) = code.lines().next() {
            // A `pub use` may go over several lines.
            let statement = if line.starts_with("pub use ") {
                let end = code.find(';').expect("a statement ends");
                &code[..=end]
            } else {
                line
            };
            let known = line.is_empty()
                || line.starts_with("//!")
                || line == "#[cfg(test)]"
                || line == "#[cfg(fuzzing)]"
                || line == "#[cfg(any(test, fuzzing))]"
                || line.starts_with("pub use ")
                || line.starts_with("mod ") && line.ends_with(';');
            assert!(known, "src/{}: {line:?} is no part of a door", source.path);
            code = code[statement.len()..].trim_start_matches('\n');
        }
    }
    assert!(8 < doors);
    for source in sources() {
        let depth = source.path.matches('/').count();
        assert!(
            depth <= 1,
            "src/{}: there is no folder below a folder",
            source.path
        );
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let mut section = "";
    let mut count = 0;
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.contains("dependencies") && line.contains('=') && !line.starts_with('#') {
            count += 1;
            let reason = line
                .split_once(" # ")
                .map_or("", |(_, reason)| reason.trim());
            assert!(
                10 < reason.len(),
                "say what it saves and who uses it: {line}"
            );
        }
    }
    assert!(20 < count, "{count}");
}

#[test]
fn no_runtime_and_no_foreign_tls_is_below_the_program() {
    let tree = cargo_tree(&["-e", "normal"]);
    let names: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        names.contains(&"tiny_http") && names.contains(&"rustls"),
        "{tree}"
    );
    for (name, why) in UNWANTED {
        assert!(!names.contains(name), "{name}: {why}");
    }
}

/// The fuzzed program has a `Cargo.lock` of its own: it must not be another program.
#[test]
fn what_is_fuzzed_is_made_of_what_ships() {
    let versions = |lock: &str| -> Vec<(String, String)> {
        let lock = read(lock);
        let packages = lock.split("[[package]]").skip(1);
        let value = |package: &str, name: &str| {
            let start = format!("{name} = ");
            let line = package.lines().find_map(|line| line.strip_prefix(&start));
            line.expect("every package has it").to_owned()
        };
        packages
            .map(|package| (value(package, "name"), value(package, "version")))
            .collect()
    };
    let ships = versions("Cargo.lock");
    let mut shared = 0;
    for package in versions("tests/fuzz/Cargo.lock") {
        if ships.iter().any(|(name, _)| *name == package.0) {
            let is_same = ships.contains(&package);
            assert!(is_same, "{package:?}: copy Cargo.lock to tests/fuzz");
            shared += 1;
        }
    }
    assert!(50 < shared, "{shared}");
}
