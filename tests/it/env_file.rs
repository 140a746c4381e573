//! The file of settings that the package installs says what the code does, and may be taken at its word.

use std::io;
use std::path::Path;

use confluence_attachment_proxy::config::{
    Config, Environment, Fallback, FileText, SETTINGS, Setting,
};

use crate::support::source::read;

const PATH: &str = "packaging/etc/confluence-attachment-proxy.env";

/// A line that sets something, or would without its `#`, and the comment right above it.
struct Entry {
    is_off: bool,
    name: String,
    value: String,
    comment: String,
}

/// Reads the file by the rules of systemd, as far as it uses them: no quotes, no line that goes on in the next one.
fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut comment = Vec::new();
    for line in read(PATH).lines() {
        assert!(!line.ends_with(['\\', ' ']), "{line:?}");
        if let Some(words) = line.strip_prefix("# ") {
            comment.push(words.to_owned());
            continue;
        }
        if let Some((name, value)) = line.split_once('=') {
            let plain = name.trim_start_matches('#');
            entries.push(Entry {
                is_off: plain != name,
                name: plain.to_owned(),
                value: value.to_owned(),
                comment: comment.join(" "),
            });
        } else {
            assert!(
                line.is_empty() || line == "#" || line.starts_with("## "),
                "{line:?}"
            );
        }
        comment.clear();
    }
    entries
}

/// What a setting's comment begins with, as `--help` says it.
fn explanation(setting: &Setting) -> String {
    format!("{} Takes {}.", setting.meaning, setting.values)
}

/// The setting without which everything is published: where there is no list, there is no value to show.
fn is_example(name: &str) -> bool {
    name.starts_with("PROXY_ALLOW_")
}

#[test]
fn every_setting_is_there_once_switched_off_with_its_default_and_its_meaning() {
    let entries = entries();
    for setting in SETTINGS {
        let own: Vec<&Entry> = entries
            .iter()
            .filter(|it| it.name == setting.name)
            .collect();
        let default = match setting.fallback {
            Fallback::Value(default) => default,
            Fallback::Unset | Fallback::Required => "",
        };
        let expected = format!("# {}\n#{}={default}", explanation(setting), setting.name);
        assert_eq!(own.len(), 1, "{PATH} should have, wrapped:\n{expected}");
        let Entry {
            is_off,
            value,
            comment,
            ..
        } = own[0];
        assert!(is_off, "{}", setting.name);
        assert!(
            comment.starts_with(&explanation(setting)),
            "{comment}\nexpected:\n{expected}"
        );
        match setting.fallback {
            Fallback::Value(_) => assert_eq!(value, default, "{}", setting.name),
            Fallback::Unset => assert_eq!(
                value.is_empty(),
                !is_example(setting.name),
                "{}",
                setting.name
            ),
            Fallback::Required => {}
        }
    }
    for Entry { name, .. } in &entries {
        assert!(
            SETTINGS.iter().any(|setting| setting.name == name),
            "there is no {name}"
        );
    }
}

#[test]
fn what_must_be_filled_in_comes_first_with_the_place_of_the_secret() {
    let text = read(PATH);
    let names: Vec<String> = entries().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names[..2], ["CONFLUENCE_URL", "CONFLUENCE_USERNAME"]);
    let unit = read("systemd/confluence-attachment-proxy.service");
    let value = |name: &str| {
        let mut lines = unit.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .next()
            .unwrap_or_else(|| panic!("the unit has no {name}"))
    };
    let (_, directory) = value("LoadCredential=")
        .split_once(':')
        .expect("an id and a path");
    let head = text
        .split("#CONFLUENCE_KIND")
        .next()
        .expect("split yields at least one");
    let secret = format!("install -m 0600 /dev/null {directory}/confluence-api-token\n");
    assert!(head.contains(&secret), "{head}");
    let file = value("EnvironmentFile=").trim_start_matches('-');
    assert_eq!(Path::new(file).file_name(), Path::new(PATH).file_name());
    let limit = format!("MemoryMax={}", value("MemoryMax="));
    assert!(text.replace("\n# ", " ").contains(&limit), "{limit}");
}

#[test]
fn with_every_setting_switched_on_the_service_is_as_without_the_file() {
    let credentials = ("CREDENTIALS_DIRECTORY", "/credentials");
    let read_file = |path: &Path| match path.to_str() {
        Some("/credentials/confluence-api-token") => Ok(FileText {
            text: "secret\n".to_owned(),
            world_readable: false,
        }),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let config = |with: &dyn Fn(&Entry) -> bool| {
        let entries = entries();
        let chosen = entries.iter().filter(|entry| with(entry));
        let pairs = chosen.map(|entry| (entry.name.as_str(), entry.value.as_str()));
        let variables = pairs
            .chain([credentials])
            .map(|(name, value)| (name.into(), value.into()));
        let (config, warnings) =
            Config::from_lookup(&Environment::new(variables, &read_file)).expect("good settings");
        assert!(warnings.is_empty(), "{warnings:?}");
        config
    };
    let whole = config(&|entry| !is_example(&entry.name));
    let little = config(&|entry| ["CONFLUENCE_URL", "CONFLUENCE_USERNAME"].contains(&&*entry.name));
    assert_eq!(format!("{whole:?}"), format!("{little:?}"));
    assert!(
        config(&|_| true).proxy.allow.is_some(),
        "the examples are good ones"
    );
}
