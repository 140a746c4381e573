//! The alerts and the dashboard that the package brings ask for numbers that the service really gives.
//!
//! That Prometheus understands them, and that each alert fires where it should, is for `tests/prometheus`.

use std::collections::{BTreeMap, BTreeSet};

use confluence_attachment_proxy::client::{Client, Service};
use confluence_attachment_proxy::config::LocalService;
use confluence_attachment_proxy::web::PREFIX;
use serde_json::Value;

use crate::support::binary::{Binary, origin, settings};
use crate::support::source::read;
use crate::support::{PATIENCE, eventually, tls};

const ALERTS: &str = "packaging/prometheus/alerts.yml";
const TESTS: &str = "packaging/prometheus/alerts_test.yml";
const DASHBOARD: &str = "packaging/grafana/dashboard.json";

/// What Prometheus adds to every number.
const TARGET: [&str; 2] = ["job", "instance"];

/// Words of PromQL that these expressions use.
const WORDS: [&str; 16] = [
    "absent",
    "and",
    "by",
    "changes",
    "histogram_quantile",
    "increase",
    "max",
    "max_over_time",
    "min",
    "min_over_time",
    "offset",
    "on",
    "or",
    "rate",
    "sum",
    "time",
];

/// The names of the numbers that a service gives, each with its labels and their values.
type Numbers = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Everything that a service gives which has a certificate and whose account is refused.
fn numbers() -> Numbers {
    let (origin, _) = origin("a.png", 10);
    let mut settings = settings(&origin);
    settings.extend(tls::pair("elliptic").map(|(name, value)| (name.to_owned(), value)));
    settings.insert("CONFLUENCE_API_TOKEN".into(), "a wrong password".into());
    let (_service, address) = Binary::serving(&settings);
    let local = LocalService {
        url: format!("https://{address}/proxy"),
        address,
        expects_introduction: false,
    };
    let client = Client::new(&Service::Local(local), PATIENCE);
    let mut text = String::new();
    eventually("the account is refused", || {
        let answer = client.get_at_root("/metrics").expect("it answers");
        text = String::from_utf8(answer.body).expect("it is text");
        text.contains("account_refusal_info{")
    });
    let mut numbers = Numbers::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').expect("a name and a number");
        let (name, rest) = series.split_once('{').unwrap_or((series, ""));
        let labels = numbers.entry(name.to_owned()).or_default();
        for Matcher { label, value, .. } in matchers(rest.trim_end_matches('}')) {
            labels.entry(label).or_default().insert(value);
        }
    }
    assert!(40 < numbers.len(), "{numbers:?}");
    numbers
}

/// A part of what stands between braces: `label="value"`, or another sign between the two.
struct Matcher {
    label: String,
    sign: String,
    value: String,
}

fn matchers(text: &str) -> Vec<Matcher> {
    let parts = text
        .split("\",")
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let matcher = |part: &str| {
        let (label, value) = part.split_once('"').unwrap_or_else(|| panic!("{part:?}"));
        let name = label.trim_end_matches(['=', '~', '!']);
        Matcher {
            label: name.to_owned(),
            sign: label[name.len()..].to_owned(),
            value: value.trim_end_matches('"').to_owned(),
        }
    };
    parts.map(matcher).collect()
}

/// What an expression asks for.
struct Asked {
    /// Each name, with what stands in braces behind it.
    metrics: Vec<(String, Vec<Matcher>)>,
    /// By what it is put together.
    by: BTreeSet<String>,
    /// What else there is in it.
    words: BTreeSet<String>,
}

fn asked(expression: &str) -> Asked {
    let mut asked = Asked {
        metrics: Vec::new(),
        by: BTreeSet::new(),
        words: BTreeSet::new(),
    };
    let mut rest = expression;
    while let Some(start) =
        rest.find(|it: char| it.is_ascii_alphanumeric() || it == '_' || it == '$')
    {
        rest = &rest[start..];
        let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || "_:$.".contains(it)));
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        if word.starts_with(PREFIX) || word.starts_with("process_") || word == "up" {
            let braces = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let (inside, behind) = braces.unwrap_or(("", rest));
            asked.metrics.push((word.to_owned(), matchers(inside)));
            rest = behind;
        } else if ["by", "on"].contains(&word) {
            let (list, behind) = rest
                .trim_start()
                .strip_prefix('(')
                .and_then(|rest| rest.split_once(')'))
                .expect("a list");
            asked
                .by
                .extend(list.split(',').map(|label| label.trim().to_owned()));
            rest = behind;
        } else if !word.starts_with(|first: char| first.is_ascii_digit() || first == '$') {
            asked.words.insert(word.to_owned());
        }
    }
    asked
}

/// Whether a pattern of alternatives with dots in them means one of these values each time.
fn all_match(pattern: &str, values: &BTreeSet<String>) -> bool {
    let matches = |pattern: &str, value: &str| {
        pattern.len() == value.len()
            && pattern
                .bytes()
                .zip(value.bytes())
                .all(|(a, b)| a == b'.' || a == b)
    };
    pattern
        .split('|')
        .all(|pattern| values.iter().any(|value| matches(pattern, value)))
}

/// Checks what an expression asks for, and returns the labels of its result.
#[track_caller]
fn check(expression: &str, numbers: &Numbers, recorded: &BTreeSet<String>) -> BTreeSet<String> {
    let asked = asked(expression);
    assert!(!asked.metrics.is_empty(), "{expression}");
    for word in &asked.words {
        assert!(WORDS.contains(&&**word), "{word:?} in {expression}");
    }
    let none = BTreeMap::new();
    let mut there: BTreeSet<String> = TARGET.map(str::to_owned).into();
    for (name, matchers) in &asked.metrics {
        let labels = numbers
            .get(name)
            .or((recorded.contains(name) || name == "up").then_some(&none));
        let labels = labels.unwrap_or_else(|| panic!("there is no {name}: {expression}"));
        there.extend(labels.keys().cloned());
        for Matcher { label, sign, value } in matchers {
            if !TARGET.contains(&&**label) {
                let values = labels
                    .get(label)
                    .unwrap_or_else(|| panic!("{name} has no {label}: {expression}"));
                let holds = match sign.as_str() {
                    "=" => values.contains(value),
                    "=~" => all_match(value, values),
                    other => panic!("{other}: {expression}"),
                };
                assert!(holds, "{name} has no {label} of {value:?}, only {values:?}");
            }
        }
    }
    assert!(
        asked.by.is_subset(&there),
        "{:?} of {there:?}: {expression}",
        asked.by
    );
    if expression.contains("by (") {
        asked.by
    } else if expression.starts_with("sum(") {
        BTreeSet::new()
    } else {
        there
    }
}

/// The labels that a text shows of a number: `{{ $labels.reason }}` of an alert, `{{reason}}` of a panel.
fn shown(text: &str) -> BTreeSet<String> {
    let parts = text
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next());
    let names = parts.map(|part| part.trim().trim_start_matches("$labels."));
    names
        .filter(|name| !name.starts_with('$'))
        .map(str::to_owned)
        .collect()
}

/// The rules: the name of each, and its lines.
fn rules(text: &str) -> Vec<(&str, &str)> {
    let rules = text.split("\n      - ").skip(1);
    rules
        .map(|rule| rule.split_once('\n').expect("more than a name"))
        .collect()
}

/// The expression of a rule, which may go over several lines.
fn expression(rule: &str) -> String {
    let (_, rest) = rule
        .split_once("        expr: ")
        .expect("every rule has one");
    match rest.strip_prefix("|\n") {
        Some(block) => {
            let lines = block
                .lines()
                .take_while(|line| line.starts_with("          "));
            lines.map(str::trim).collect::<Vec<_>>().join(" ")
        }
        None => rest.lines().next().expect("it has one").to_owned(),
    }
}

#[test]
fn every_alert_asks_for_what_is_there_and_says_what_to_do() {
    let numbers = numbers();
    let text = read(ALERTS);
    let tests = read(TESTS);
    let mut recorded = BTreeSet::new();
    let mut alerts = 0;
    for (name, rule) in rules(&text) {
        let labels = check(&expression(rule), &numbers, &recorded);
        if let Some(name) = name.strip_prefix("record: ") {
            recorded.insert(name.to_owned());
            continue;
        }
        let name = name
            .strip_prefix("alert: ")
            .expect("a rule of one of both kinds");
        alerts += 1;
        for part in [
            "        labels: { severity: ",
            "          summary: ",
            "          description: ",
        ] {
            assert!(rule.contains(part), "{name}: {part}");
        }
        let shown = shown(rule);
        assert!(
            shown.is_subset(&labels),
            "{name} shows {shown:?}, there is {labels:?}"
        );
        let series = format!("ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}");
        let outcomes: Vec<bool> = tests
            .split(&format!("expr: {series}\n"))
            .skip(1)
            .map(|test| test.lines().nth(1) == Some("        exp_samples: []"))
            .collect();
        assert!(
            outcomes.contains(&false) && outcomes.contains(&true),
            "{name}: {outcomes:?} in {TESTS}"
        );
    }
    assert!(15 < alerts, "{alerts}");
}

#[test]
fn the_dashboard_shows_what_is_there_and_nothing_overlaps() {
    let numbers = numbers();
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).expect("JSON");
    assert!(
        dashboard["schemaVersion"]
            .as_u64()
            .is_some_and(|version| 36 <= version)
    );
    let variables = dashboard["templating"]["list"].as_array().expect("a list");
    let names: Vec<&str> = variables
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["datasource", "job", "instance"]);
    let panels = dashboard["panels"].as_array().expect("a list");
    let mut ids = BTreeSet::new();
    let mut cells = BTreeSet::new();
    let mut rows = Vec::new();
    for panel in panels {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64()), "{title}");
        let [x, y, w, h] =
            ["x", "y", "w", "h"].map(|it| panel["gridPos"][it].as_u64().expect("a number"));
        assert!(x + w <= 24, "{title}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(cells.insert(cell), "{title} is above another panel");
        }
        if panel["type"] == "row" {
            rows.push(title);
            continue;
        }
        assert!(
            panel["fieldConfig"]["defaults"]["unit"].is_string(),
            "{title}"
        );
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        let targets = panel["targets"].as_array().expect("a list");
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            let expression = target["expr"].as_str().expect("an expression");
            let labels = check(expression, &numbers, &BTreeSet::new());
            let shown = shown(target["legendFormat"].as_str().expect("a legend"));
            assert!(
                shown.is_subset(&labels),
                "{title} shows {shown:?}, there is {labels:?}"
            );
            let metrics = asked(expression).metrics;
            let are_chosen = metrics.iter().all(|(_, matchers)| {
                let chosen: Vec<&str> = matchers.iter().map(|it| it.label.as_str()).collect();
                TARGET.iter().all(|label| chosen.contains(label))
            });
            assert!(
                are_chosen,
                "{title}: not for the job and instance that are chosen: {expression}"
            );
        }
    }
    for row in [
        "Traffic",
        "Cache",
        "Confluence",
        "Latency",
        "Process",
        "Gate",
    ] {
        assert!(rows.contains(&row), "{row}: {rows:?}");
    }
}
