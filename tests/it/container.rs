//! The recipe of the container image: every line of it is understood, and what it names is there.
//!
//! That the program runs in what it makes is for `tests/container`.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use confluence_attachment_proxy::arguments::{self, Command};
use confluence_attachment_proxy::config::{Config, DEFAULT_PROXY_PORT, Environment};

use crate::support::source::{read, root};

const PATH: &str = "packaging/Containerfile";

/// How long an engine waits for a container to stop.
const STOP: Duration = Duration::from_secs(10);

/// An instruction and what stands behind it, with lines that go on put together.
struct Instruction {
    name: String,
    rest: String,
}

/// The stages of the build, each beginning with its FROM.
fn stages() -> Vec<Vec<Instruction>> {
    let text = read(PATH).replace("\\\n", " ");
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut stages: Vec<Vec<Instruction>> = Vec::new();
    for line in lines {
        let (name, rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        if name == "FROM" {
            stages.push(Vec::new());
        }
        let stage = stages.last_mut().expect("FROM comes first");
        stage.push(Instruction {
            name: name.to_owned(),
            rest,
        });
    }
    stages
}

/// What stands behind each instruction of this name.
fn all<'a>(stage: &'a [Instruction], name: &str) -> Vec<&'a str> {
    let named = stage.iter().filter(|it| it.name == name);
    named.map(|it| it.rest.as_str()).collect()
}

/// What stands behind the only instruction of this name.
#[track_caller]
fn only<'a>(stage: &'a [Instruction], name: &str) -> &'a str {
    let all = all(stage, name);
    assert_eq!(all.len(), 1, "{name}: {all:?}");
    all[0]
}

/// The words of a command that is started as it is: there is no shell in the image.
#[track_caller]
fn exec(form: &str) -> Vec<String> {
    serde_json::from_str(form).unwrap_or_else(|error| panic!("{form}: {error}"))
}

fn command(words: &[String]) -> Command {
    let words = words.iter().map(OsString::from);
    arguments::parse(words).expect("the program takes it")
}

#[test]
fn the_program_is_built_by_the_compiler_that_it_is_tested_with_from_what_is_in_the_tree() {
    let stages = stages();
    assert_eq!(stages.len(), 2);
    let build = &stages[0];
    let manifest = read("Cargo.toml");
    let (_, version) = manifest
        .split_once("rust-version = \"")
        .expect("it says so");
    let version = version
        .split('"')
        .next()
        .expect("split yields at least one");
    let image = format!("docker.io/library/rust:{version}-alpine AS build");
    assert_eq!(only(build, "FROM"), image);
    let mut sources = Vec::new();
    for copied in all(build, "COPY") {
        let (from, _) = copied.rsplit_once(' ').expect("a source and a destination");
        sources.extend(from.split(' '));
    }
    for source in &sources {
        assert!(root().join(source).exists(), "there is no {source}");
    }
    // And nothing else goes to the engine: what was built and downloaded here is many times as large.
    let ignored = read("packaging/Containerfile.dockerignore");
    let mut lines = ignored.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("*"));
    let admitted: Vec<&str> = lines.filter_map(|line| line.strip_prefix('!')).collect();
    let copied = sources.iter().map(|source| source.trim_end_matches('/'));
    assert_eq!(admitted, copied.collect::<Vec<_>>());
    // Cargo wants to see the files of all targets, whichever it builds.
    let paths = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = "));
    for path in paths.map(|path| path.trim_matches('"')) {
        let is_copied = sources
            .iter()
            .any(|source| Path::new(path).starts_with(source));
        assert!(is_copied, "{path} is not copied");
    }
    for name in build.iter().map(|it| it.name.as_str()) {
        assert!(["FROM", "WORKDIR", "COPY", "RUN"].contains(&name), "{name}");
    }
    let commands: Vec<Vec<String>> = all(build, "RUN").into_iter().map(exec).collect();
    let cargo = commands[0].join(" ");
    assert!(
        cargo.starts_with("cargo build --release --locked "),
        "{cargo}"
    );
    let is_simple = |words: &Vec<String>| ["mkdir", "cp"].contains(&words[0].as_str());
    assert!(
        commands[1..].iter().all(is_simple),
        "tests/container does the same"
    );
}

#[test]
fn the_image_has_the_program_and_no_shell_and_is_not_roots() {
    let stages = stages();
    let image = &stages[1];
    let known = [
        "FROM",
        "LABEL",
        "COPY",
        "ENV",
        "USER",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ];
    for name in image.iter().map(|it| it.name.as_str()) {
        assert!(known.contains(&name), "{name}");
    }
    assert_eq!(only(image, "FROM"), "scratch");
    assert_eq!(only(image, "COPY"), "--from=build /image /");
    assert!(only(image, "LABEL").contains("licenses=\"MIT\""));
    let program = exec(only(image, "ENTRYPOINT"));
    let name = env!("CARGO_PKG_NAME");
    assert_eq!(program, [format!("/{name}")]);
    let put = format!(r#"["cp", "target/release/{name}", "/image/"]"#);
    assert!(all(&stages[0], "RUN").contains(&&*put), "{put}");

    let user: Vec<Option<u32>> = only(image, "USER")
        .split(':')
        .map(|id| id.parse().ok())
        .collect();
    assert!(
        matches!(user[..], [Some(1..), Some(1..)]),
        "numbers, and not root: {user:?}"
    );
    assert_eq!(only(image, "EXPOSE"), DEFAULT_PROXY_PORT);
    assert_eq!(only(image, "STOPSIGNAL"), "SIGTERM");
    assert_eq!(command(&exec(only(image, "CMD"))), Command::Serve);
    let (options, probe) = only(image, "HEALTHCHECK")
        .split_once(" CMD ")
        .expect("a command");
    let probe = exec(probe);
    assert_eq!(probe[..1], program);
    assert_eq!(command(&probe[1..]), Command::Health { url: None });
    let options: Vec<&str> = options.split(' ').collect();
    assert!(
        options.contains(&"--timeout=5s"),
        "it answers within 3 s itself: {options:?}"
    );
}

#[test]
fn the_settings_of_the_image_are_good_and_a_stop_is_over_before_the_engine_kills() {
    let stages = stages();
    let own = all(&stages[1], "ENV").into_iter();
    let own = own.map(|pair| pair.split_once('=').expect("a name and a value"));
    let own: Vec<(&str, &str)> = own.collect();
    assert!(own.contains(&("CREDENTIALS_DIRECTORY", "/run/secrets")));
    let given = [
        ("CONFLUENCE_URL", "https://wiki.example.com"),
        ("CONFLUENCE_PERSONAL_TOKEN", "secret"),
    ];
    let variables = own
        .iter()
        .chain(&given)
        .map(|(name, value)| (name.into(), value.into()));
    let no_file = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let (config, warnings) =
        Config::from_lookup(&Environment::new(variables, &no_file)).expect("good settings");
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(config.proxy.drain < STOP, "{:?}", config.proxy.drain);
}
