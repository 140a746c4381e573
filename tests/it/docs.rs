//! What is written for operators says what the code does: both READMEs, the changelog, the unit, the help.

use std::collections::BTreeSet;

use confluence_attachment_proxy::config::{
    DEFAULT_CACHE_MAX_BYTES, DEFAULT_PROXY_DRAIN_SECONDS, SETTINGS, parse_size,
};
use confluence_attachment_proxy::reply::Origin;
use confluence_attachment_proxy::web::{METRICS, Metric, PREFIX};
use confluence_attachment_proxy::{arguments, router};

use crate::support::source::read;

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

/// Beginnings of names that an operator may set for this service.
const FAMILIES: [&str; 3] = ["CONFLUENCE_", "PROXY_", "CACHE_"];

/// Addresses of the router, as a reader of the documentation would type their fixed parts.
const ADDRESSES: [&str; 7] = [
    "/download/attachments/",
    "/download/thumbnails/",
    "/download/attachments/embedded-page/",
    "/download/attachments/embedded-blogpost/",
    "/healthz",
    "/readyz",
    "?upstream",
];

#[test]
fn both_readmes_list_every_setting_with_its_default() {
    for readme in READMES {
        let text = read(readme);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(cells)
            .collect();
        for setting in SETTINGS {
            let own: Vec<_> = rows
                .iter()
                .filter(|row| row[0] == format!("`{}`", setting.name))
                .collect();
            assert_eq!(own.len(), 1, "{readme}: rows of {}", setting.name);
            let (shown, fallback) = (own[0][1].trim_matches('`'), setting.fallback.to_string());
            let required = fallback == "required" && ["必填", "必需"].contains(&shown);
            assert!(
                shown == fallback || required,
                "{readme}: {}: {shown:?}, not {fallback:?}",
                setting.name
            );
            if readme == "README.md" {
                assert_eq!(
                    own[0][2].replace('`', ""),
                    setting.meaning,
                    "{readme}: {}",
                    setting.name
                );
            }
        }
        for row in rows.iter().filter(|row| {
            FAMILIES
                .iter()
                .any(|family| row[0].starts_with(&format!("`{family}")))
        }) {
            let name = row[0].trim_matches('`');
            assert!(
                SETTINGS.iter().any(|setting| setting.name == name),
                "{readme}: there is no {name}"
            );
        }
    }
}

#[test]
fn nothing_unknown_is_named() {
    for path in [
        "README.md",
        "README.zh-CN.md",
        "CHANGELOG.md",
        "systemd/confluence-attachment-proxy.service",
        "packaging/etc/confluence-attachment-proxy.env",
        "packaging/man/confluence-attachment-proxy.8",
        "packaging/front/nginx.conf",
        "packaging/front/haproxy.cfg",
        "packaging/front/Caddyfile",
        "packaging/haproxy/haproxy.cfg",
        "packaging/nginx/nginx.conf",
    ] {
        let text = read(path);
        for name in names(&text) {
            let known = SETTINGS.iter().any(|setting| setting.name == name);
            // `PROXY_TLS_` and the like mean all names with that beginning.
            assert!(
                known || name.ends_with('_'),
                "{path}: there is no setting {name}"
            );
        }
    }
}

#[test]
fn both_readmes_name_every_address() {
    for readme in READMES {
        let text = read(readme);
        for address in ADDRESSES {
            assert!(text.contains(address), "{readme}: {address}");
        }
        for method in router::ALLOW.split(", ") {
            assert!(text.contains(method), "{readme}: {method}");
        }
    }
    // The list above is the router's own: each address means something to it, and so does what it advises.
    for address in ADDRESSES {
        let target = match address {
            "?upstream" => "/readyz?upstream".to_owned(),
            "/healthz" | "/readyz" => address.to_owned(),
            "/download/attachments/embedded-page/" => format!("/proxy{address}SPACE/Title/a.png"),
            "/download/attachments/embedded-blogpost/" => {
                format!("/proxy{address}SPACE/2024/06/09/Title/a.png")
            }
            _ => format!("/proxy{address}12/a.png"),
        };
        let route = router::route(router::Method::Get, &target, "/proxy");
        assert!(
            !matches!(route, router::Route::NotFound(_) | router::Route::Bad(_)),
            "{target}: {route:?}"
        );
    }
}

#[test]
fn both_readmes_explain_where_answers_come_from() {
    for readme in READMES {
        let text = read(readme);
        let served = text
            .lines()
            .find(|line| line.starts_with("| `served` |"))
            .unwrap_or_else(|| panic!("{readme}: the line `served`"));
        for origin in [
            Origin::Hit,
            Origin::Miss,
            Origin::Join,
            Origin::Revalidated,
            Origin::Stale,
        ] {
            let row = format!("| `{}` |", origin.x_cache());
            let rows = text.lines().filter(|line| line.starts_with(&row)).count();
            assert_eq!(rows, 1, "{readme}: {row}");
            let word = format!("`{}`", origin.word());
            assert!(served.contains(&word), "{readme}: {word}");
        }
    }
}

/// What operators search the log for, and where it is written.
#[test]
fn both_readmes_quote_the_log_as_it_is() {
    for (words, file) in [
        ("logged in as=", "src/account/keeper.rs"),
        ("the account is refused", "src/account/keeper.rs"),
        ("the account is still refused", "src/account/keeper.rs"),
        ("the login cannot be tested", "src/account/keeper.rs"),
        (
            "reload: the new account is in force",
            "src/account/keeper.rs",
        ),
        ("confirmed key=", "src/worker/crew.rs"),
        ("not published key=", "src/worker/crew.rs"),
        ("not found key=", "src/worker/crew.rs"),
        ("fetched key=", "src/worker/crew.rs"),
    ] {
        for path in READMES.into_iter().chain([file]) {
            assert!(read(path).contains(words), "{path}: {words}");
        }
    }
}

/// The part between the marks of `tests/bench/run --readme`: one table in brief, one with all figures, the same in both.
#[test]
fn both_readmes_hold_one_run_of_the_bench() {
    let [english, chinese] = READMES.map(|readme| {
        let text = read(readme);
        let parts: Vec<&str> = text
            .split("<!-- performance: generated by tests/bench/run --readme -->\n")
            .collect();
        assert_eq!(parts.len(), 2, "{readme}: one mark before the table");
        let parts: Vec<&str> = parts[1].split("<!-- /performance -->\n").collect();
        assert_eq!(parts.len(), 2, "{readme}: one mark behind it");
        let rows = parts[0].lines().filter(|line| line.starts_with('|'));
        rows.map(|row| cells(row).into_iter().map(str::to_owned).collect())
            .collect::<Vec<Vec<String>>>()
    });
    let heads = &english[0];
    for server in [
        "this service",
        "nginx",
        "nginx again",
        "Varnish",
        "HAProxy",
        "FastAPI",
        "bare floor",
    ] {
        assert!(
            heads.iter().any(|head| head == server),
            "no column of {server}: {heads:?}"
        );
    }
    for size in ["1 KB", "10 KB", "100 KB", "1 MB", "10 MB"] {
        for manner in ["64 connections", "64 connections, TLS"] {
            let name = format!("{size}, {manner}");
            let row = english.iter().find(|row| row[0] == name);
            let row = row.unwrap_or_else(|| panic!("no row {name}"));
            assert!(!row[1..4].contains(&"-".to_owned()), "{row:?}");
        }
    }
    for name in [
        "1 KB, 1,000 connections",
        "1 KB, a connection per request",
        "1 KB, a connection per request, TLS",
    ] {
        assert!(english.iter().any(|row| row[0] == name), "no row {name}");
    }
    assert_eq!(english.len(), chinese.len(), "both READMEs tell of one run");
    for (row, same) in english.iter().zip(&chinese) {
        assert_eq!(row.len(), heads.len(), "{row:?}");
        let is_head = row == heads;
        assert!(
            is_head || row[1..] == same[1..],
            "{row:?} and {same:?}: two runs"
        );
    }
}

#[test]
fn both_readmes_name_every_exit_code_and_command_of_the_help() {
    let help = arguments::help_text();
    let codes = help.split_once("Exit codes:").map_or("", |(_, rest)| rest);
    let codes: Vec<&str> = codes
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for code in ["0", "64", "66", "69", "70", "77", "78"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    for readme in READMES {
        let text = read(readme);
        for code in &codes {
            let row = format!("| {code} |");
            assert!(
                text.lines().any(|line| line.starts_with(&row)),
                "{readme}: {row}"
            );
        }
        for option in ["--port", "--page", "advise -"] {
            assert!(text.contains(option), "{readme}: {option}");
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let version = format!("## {}", env!("CARGO_PKG_VERSION"));
    let text = read("CHANGELOG.md");
    let mut heads = text.lines().filter(|line| line.starts_with("## "));
    let newest = heads.next().unwrap_or_default();
    assert!(
        newest == version || newest.starts_with(&format!("{version} ")),
        "{newest:?} is not {version:?}"
    );
}

#[test]
fn the_unit_agrees_with_the_program_and_the_readmes() {
    let text = read("systemd/confluence-attachment-proxy.service");
    let value = |name: &str| -> &str {
        let start = format!("{name}=");
        let mut found = text.lines().filter_map(|line| line.strip_prefix(&start));
        found
            .next()
            .unwrap_or_else(|| panic!("the unit has no {name}"))
    };
    let program = format!("/usr/bin/{} serve", env!("CARGO_PKG_NAME"));
    assert_eq!(value("ExecStart"), program);
    assert_eq!(value("ExecReload"), "/bin/kill -HUP $MAINPID");
    let file = value("EnvironmentFile").trim_start_matches('-');
    let (_, directory) = value("LoadCredential")
        .split_once(':')
        .expect("an id and a path");
    for readme in READMES {
        let text = read(readme);
        for path in [
            file,
            directory,
            "systemd/confluence-attachment-proxy.service",
        ] {
            assert!(text.contains(path), "{readme}: {path}");
        }
        assert!(
            text.contains(&format!("{directory}/confluence-api-token")),
            "{readme}"
        );
    }
    let seconds = |text: &str| text.trim_end_matches('s').parse::<u64>().expect("seconds");
    let drain = seconds(DEFAULT_PROXY_DRAIN_SECONDS);
    assert!(
        drain < seconds(value("TimeoutStopSec")),
        "a stop would be cut short"
    );
    let memory = parse_size(&format!("{}iB", value("MemoryMax"))).expect("a size");
    assert!(parse_size(DEFAULT_CACHE_MAX_BYTES).is_some_and(|cache| 2 * cache <= memory));
    // 77 is an account that is refused: a restart would log in again, and the third refusal may lock it.
    assert_eq!(value("RestartPreventExitStatus"), "64 77 78");
    assert_eq!((value("Type"), value("NotifyAccess")), ("notify", "main"));
    assert_eq!(value("FileDescriptorStoreMax"), "1"); // there is one listening socket
    assert!(
        30 <= seconds(value("WatchdogSec")),
        "a loaded host is no hang"
    );
}

/// The table of metrics between its marks: in English word for word as `/metrics` says it.
#[test]
fn both_readmes_list_every_metric() {
    let names = |metric: &Metric| match metric.labels.join("`, `") {
        labels if labels.is_empty() => (format!("`{}`", metric.sample()), String::new()),
        labels => (format!("`{}`", metric.sample()), format!("`{labels}`")),
    };
    for readme in READMES {
        let text = read(readme);
        assert!(text.contains(&format!("`{PREFIX}_`")), "{readme}: {PREFIX}");
        let table = text
            .split_once("<!-- metrics -->\n")
            .and_then(|(_, rest)| rest.split_once("<!-- /metrics -->\n"))
            .map_or("", |(table, _)| table);
        let rows: Vec<Vec<&str>> = table.lines().skip(2).map(cells).collect();
        let expected: String = METRICS
            .iter()
            .map(|metric| {
                let (name, labels) = names(metric);
                let kind = format!("{:?}", metric.kind).to_lowercase();
                format!("| {name} | {kind} | {labels} | {} |\n", metric.help)
            })
            .collect();
        assert_eq!(
            rows.len(),
            METRICS.len(),
            "{readme}: put this into it:\n{expected}"
        );
        for (row, expected) in rows.iter().zip(expected.lines().map(cells)) {
            let is_english = readme == READMES[0];
            let compared = if is_english { 4 } else { 3 };
            assert_eq!(row[..compared], expected[..compared], "{readme}");
            assert!(is_english || !row[3].is_ascii(), "{readme}: {row:?}");
        }
    }
}

fn cells(row: &str) -> Vec<&str> {
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    assert!(2 <= cells.len(), "{row}");
    cells
}

/// Every word of the families.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| {
        character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_'
    };
    text.split(|character| !is_part(character))
        .filter(|word| {
            FAMILIES
                .iter()
                .any(|family| word.starts_with(family) && *word != *family)
        })
        .collect()
}
