//! What the service counts, and who may read it.

use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, File, Latch};
use confluence_attachment_proxy::web;
use serde_json::Value;

use crate::support::source::read;
use crate::support::{Client, PAGE, PATIENCE, Program, Proxy, eventually};

const PREFIX: &str = "confluence_attachment_proxy_";

/// The value of one line of `/metrics`, which is the name without its beginning and the labels as they are written.
fn metric(proxy: &Proxy, series: &str) -> Option<f64> {
    let text = proxy.connect().get("/metrics");
    let mut values = text.text().lines().filter_map(|line| {
        let value = line.strip_prefix(PREFIX).unwrap_or(line);
        value.strip_prefix(series)?.strip_prefix(' ')
    });
    let value = values.next()?;
    Some(value.parse().expect("a number"))
}

/// Blocks until the service says so: a request is counted when its last byte is out, which its client may see first.
#[track_caller]
fn counts(proxy: &Proxy, series: &str, expected: f64) {
    let mut found = None;
    let until = Instant::now() + PATIENCE;
    while found != Some(expected) {
        assert!(
            Instant::now() < until,
            "{series} is {found:?}, not {expected}"
        );
        found = metric(proxy, series);
    }
}

/// `/status` as programs read it.
fn status(proxy: &Proxy) -> Value {
    let accept = [("Accept", "application/json")];
    let response = proxy.connect().ask("GET", "/status", &accept);
    assert_eq!(response.field("Content-Type"), Some("application/json"));
    serde_json::from_slice(&response.body).expect("JSON")
}

#[test]
fn every_answer_is_counted_by_status_and_source_with_its_bytes_and_its_time() {
    let proxy = Proxy::start();
    proxy.put("a.png", 1000);
    assert_eq!(proxy.get("/7/a.png").status, 200);
    proxy.get_kept("/7/a.png");
    let mut client = proxy.connect();
    assert_eq!(client.get("/proxy/7/a.png").status, 200);
    let part = client.ask("GET", "/proxy/7/a.png", &[("Range", "bytes=0-9")]);
    assert_eq!(part.status, 206);
    assert_eq!(client.get("/proxy/7/none.png").status, 404);
    for (series, expected) in [
        ("requests_total{status=\"200\",cache=\"hit\"}", 2.0),
        ("response_body_bytes_total{cache=\"hit\"}", 2010.0),
        ("requests_total{status=\"200\",cache=\"miss\"}", 1.0),
        ("requests_total{status=\"206\",cache=\"hit\"}", 1.0),
        ("requests_total{status=\"404\",cache=\"error\"}", 1.0),
        ("response_body_bytes_total{cache=\"miss\"}", 1000.0),
        ("request_duration_seconds_count{cache=\"miss\"}", 1.0),
        (
            "request_duration_seconds_bucket{le=\"+Inf\",cache=\"miss\"}",
            1.0,
        ),
        ("upstream_received_bytes_total", 1000.0),
        ("upstream_download_seconds_count", 1.0),
        (
            "upstream_questions_total{kind=\"file\",outcome=\"ok\"}",
            1.0,
        ),
        (
            "upstream_questions_total{kind=\"login\",outcome=\"ok\"}",
            1.0,
        ),
        ("cache_items", 1.0),
        ("cache_missing_items", 1.0),
    ] {
        counts(&proxy, series, expected);
    }
}

#[test]
fn connections_are_counted_by_what_they_are_doing() {
    let proxy = Proxy::start();
    proxy.put("a.png", 1000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold(&latch));
    let mut idle = proxy.connect();
    assert_eq!(idle.get("/healthz").status, 200);
    let mut halves: Vec<Client> = (0..2).map(|_| proxy.connect()).collect();
    for half in &mut halves {
        half.send("GET / HT");
    }
    let mut waiting: Vec<Client> = (0..3).map(|_| proxy.connect()).collect();
    for client in &mut waiting {
        client.request("GET", "/proxy/7/a.png", &[]);
    }
    // The one that asks for the numbers is under way as well.
    for (state, expected) in [("idle", 1.0), ("reading", 2.0), ("under_way", 4.0)] {
        counts(
            &proxy,
            &format!("connections{{state=\"{state}\"}}"),
            expected,
        );
    }
    for (series, expected) in [
        ("connections_limit", 4096.0),
        ("crew_size", 20.0),
        ("crew_busy", 1.0),
        ("flights_under_way", 1.0),
        ("flights_total", 1.0),
        ("flight_followers_total", 0.0), // a file too big to keep would not be shared
        ("cache_claims_total", 3.0),
    ] {
        counts(&proxy, series, expected);
    }
    latch.open();
    for mut client in waiting {
        assert_eq!(client.response(false).status, 200);
    }
    counts(&proxy, "flight_followers_total", 2.0);
    drop((idle, halves));
    for (state, expected) in [("idle", 0.0), ("reading", 0.0), ("under_way", 1.0)] {
        counts(
            &proxy,
            &format!("connections{{state=\"{state}\"}}"),
            expected,
        );
    }
    for series in ["crew_busy", "flights_under_way", "crew_orders_waiting"] {
        counts(&proxy, series, 0.0);
    }
}

#[test]
fn a_page_that_is_being_warmed_is_counted_as_202_and_listings_wait_like_downloads() {
    let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "1")]);
    proxy.put("a.png", 1000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold(&latch));
    let mut holder = proxy.connect();
    holder.request("GET", "/proxy/7/a.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let warm = proxy.connect().ask("POST", "/proxy/7/warm", &[]);
    assert_eq!(warm.status, 202);
    counts(&proxy, "requests_total{status=\"202\",cache=\"page\"}", 1.0);
    counts(&proxy, "crew_orders_waiting", 1.0);
    assert_eq!(status(&proxy)["crew"]["waiting"], 1);
    latch.open();
    assert_eq!(holder.response(false).status, 200);
    counts(&proxy, "crew_orders_waiting", 0.0);
}

#[test]
fn lines_of_the_access_log_that_are_lost_are_counted() {
    let proxy = Proxy::with(&[("PROXY_ACCESS_LOG", "/dev/full")]);
    assert_eq!(metric(&proxy, "log_lines_dropped_total"), Some(0.0));
    eventually("the line of that request is lost", || {
        metric(&proxy, "access_log_lines_dropped_total") >= Some(1.0)
    });
    assert!(status(&proxy)["process"]["access_log_lines_dropped"].as_u64() >= Some(1));
}

#[test]
fn who_waited_for_a_file_that_is_too_big_to_share_is_no_follower() {
    const CLIENTS: usize = 5;
    let proxy = Proxy::with(&[("CACHE_MAX_ITEM_BYTES", "10000")]);
    proxy.put("big.png", 20_000);
    let latch = Latch::new();
    proxy.script("big.png", Behaviour::hold(&latch));
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| proxy.connect()).collect();
    for client in &mut clients {
        client.request("GET", "/proxy/7/big.png", &[]);
    }
    counts(&proxy, "cache_claims_total", CLIENTS as f64);
    latch.open();
    for client in &mut clients {
        assert_eq!(client.response(false).status, 200);
    }
    counts(&proxy, "flights_total", CLIENTS as f64);
    counts(&proxy, "flight_followers_total", 0.0);
}

#[test]
fn who_is_turned_away_or_cut_off_is_counted_too() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    client.send("GET / HTTP/2.0\r\n\r\n");
    assert_eq!(client.response(false).status, 505);
    counts(&proxy, "refusals_total{reason=\"version\"}", 1.0);
    proxy.put("a.png", 100_000);
    proxy.script("a.png", Behaviour::Short { sent: 50_000 });
    assert!(!proxy.get("/7/a.png").complete);
    counts(&proxy, "responses_aborted_total{cache=\"miss\"}", 1.0);
}

#[test]
fn copies_that_leave_are_counted_by_reason() {
    let proxy = Proxy::with(&[("CACHE_MAX_ITEMS", "2")]);
    let mut client = proxy.connect();
    for name in ["a.png", "b.png", "c.png"] {
        proxy.put(name, 1000);
        proxy.get(&format!("/7/{name}"));
        proxy.get_kept(&format!("/7/{name}"));
    }
    counts(&proxy, "cache_evictions_total{reason=\"room\"}", 1.0);
    // Whoever insists makes Confluence say what has become of them.
    let insists = [("Cache-Control", "no-cache")];
    proxy
        .origin
        .put(PAGE, "c.png", File::new("image/png", vec![7; 500]));
    eventually("the newer version is served", || {
        client.ask("GET", "/proxy/7/c.png", &insists).body.len() == 500
    });
    counts(&proxy, "cache_evictions_total{reason=\"replaced\"}", 1.0);
    assert_eq!(client.ask("DELETE", "/proxy/7/c.png", &[]).status, 204);
    counts(&proxy, "cache_evictions_total{reason=\"purged\"}", 1.0);
    proxy.origin.remove(PAGE, "b.png");
    eventually("the file is gone", || {
        client.ask("GET", "/proxy/7/b.png", &insists).status == 404
    });
    counts(&proxy, "cache_evictions_total{reason=\"withdrawn\"}", 1.0);
    counts(&proxy, "cache_items", 0.0);
}

#[test]
fn what_confluence_was_spared_is_what_the_fetch_took_for_each_hit() {
    const HITS: u32 = 3;
    let proxy = Proxy::start();
    proxy.put("a.png", 1000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold(&latch));
    let began = Instant::now();
    let mut client = proxy.connect();
    client.request("GET", "/proxy/7/a.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let held = Instant::now();
    eventually("Confluence is slow", || {
        Duration::from_millis(30) <= held.elapsed()
    });
    let held = held.elapsed();
    latch.open();
    assert_eq!(client.response(false).status, 200);
    eventually("the copy is kept", || {
        metric(&proxy, "cache_items") == Some(1.0)
    });
    let took = began.elapsed();
    assert_eq!(proxy.saved().time, Duration::ZERO);
    for _ in 0..HITS {
        assert_eq!(client.get("/proxy/7/a.png").field("X-Cache"), Some("HIT"));
    }
    eventually("all are counted", || {
        proxy.saved().requests == u64::from(HITS) + 1
    });
    let saved = proxy.saved();
    assert_eq!(
        (saved.spared, saved.bytes),
        (HITS.into(), 1000 * u64::from(HITS))
    );
    // Whole milliseconds are kept.
    let least = HITS * (held - Duration::from_millis(1));
    assert!(
        (least..=HITS * took).contains(&saved.time),
        "{held:?} {saved:?} {took:?}"
    );
}

#[test]
fn who_insists_and_who_warms_spares_confluence_nothing_twice() {
    let proxy = Proxy::start();
    proxy.put("a.png", 1000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold(&latch));
    let mut client = proxy.connect();
    client.request("GET", "/proxy/7/a.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let held = Instant::now();
    eventually("Confluence is slow", || {
        Duration::from_millis(30) <= held.elapsed()
    });
    latch.open();
    assert_eq!(client.response(false).status, 200);
    assert_eq!(proxy.get_kept("/7/a.png").status, 200);
    let (once, requests) = (proxy.saved().time, |proxy: &Proxy| {
        status(proxy)["top"][0]["requests"].as_u64()
    });
    let before = requests(&proxy).expect("it is listed");
    // It was asked about a moment ago: this is a hit, one.
    let hit = client.ask("GET", "/proxy/7/a.png", &[("Cache-Control", "no-cache")]);
    assert_eq!(hit.field("X-Cache"), Some("HIT"));
    assert_eq!(requests(&proxy), Some(before + 1));
    assert_eq!(
        proxy.saved().time,
        once / before as u32 * (before + 1) as u32
    );
    // Nobody is served by this.
    let saved = proxy.saved().time;
    assert_eq!(client.ask("POST", "/proxy/7/warm", &[]).status, 202);
    eventually("it is found fresh", || {
        let report = client.ask("POST", "/proxy/7/warm?job=1&seen=0", &[]);
        report.text().contains("\"fresh\":1")
    });
    assert_eq!(requests(&proxy), Some(before + 1));
    assert_eq!(proxy.saved().time, saved);
}

#[test]
fn the_status_is_a_page_for_people_json_for_programs_and_text_for_a_terminal() {
    let proxy = Proxy::start();
    for (name, size) in [("small.png", 1000), ("large.png", 50_000)] {
        proxy.put(name, size);
        proxy.get(&format!("/7/{name}"));
        proxy.get_kept(&format!("/7/{name}"));
    }
    for _ in 0..5 {
        proxy.get_kept("/7/small.png");
    }
    proxy.put("broken.png", 1000);
    proxy.script("broken.png", Behaviour::ResetAtOnce);
    assert_eq!(proxy.get("/7/broken.png").status, 502);
    let mut client = proxy.connect();
    let person = client.ask(
        "GET",
        "/status",
        &[("Accept", "text/html"), ("Accept-Language", "zh-CN")],
    );
    assert_eq!(
        person.field("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(person.field("Content-Security-Policy"), Some(web::policy()));
    assert!(person.text().contains("<h1>运行状态</h1>") && person.text().contains("broken.png"));
    let terminal = client.get("/status");
    assert_eq!(
        terminal.field("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(
        terminal.text().contains("\naccount guard open\n"),
        "{}",
        terminal.text()
    );
    let program = status(&proxy);
    for (pointer, expected) in [
        ("/top/0/name", "small.png"),
        ("/largest/0/name", "large.png"),
        ("/errors/0/key", "confluence_attachment_7_broken.png"),
    ] {
        let found = program.pointer(pointer).and_then(Value::as_str);
        assert_eq!(found, Some(expected), "{pointer}: {program:#}");
    }
    let number = |pointer| program.pointer(pointer).and_then(Value::as_u64);
    assert_eq!(number("/errors/0/status"), Some(502));
    assert_eq!(number("/largest/0/bytes"), Some(50_000));
    assert!(number("/top/0/requests").is_some_and(|requests| 6 <= requests));
}

#[test]
fn what_happened_is_known_also_where_nobody_looked() {
    let program = Program::start(&[], 256);
    program.put("a.png", 1000);
    assert_eq!(program.connect().get("/proxy/7/a.png").status, 200);
    // Nothing is asked of it for the ten seconds that it waits for the rest of a head.
    let mut slow = program.connect();
    slow.send("GET / HT");
    assert_eq!(slow.response(false).status, 408);
    let accept = [("Accept", "application/json")];
    let response = program.connect().ask("GET", "/status", &accept);
    let document: Value = serde_json::from_slice(&response.body).expect("JSON");
    let history = document["history"].as_array().expect("a list");
    assert!(2 <= history.len(), "{document:#}");
    let requests = history.iter().map(|span| {
        let number = |name: &str| span[name].as_f64().expect("a number");
        number("requests_per_second") * number("span_seconds")
    });
    assert_eq!(requests.sum::<f64>().round(), 1.0, "{document:#}");
}

#[test]
fn both_readmes_name_every_member_of_the_status() {
    let proxy = Proxy::start();
    proxy.put("a.png", 1000);
    proxy.script("a.png", Behaviour::ResetAtOnce);
    proxy.get("/7/a.png");
    proxy.script("a.png", Behaviour::Good);
    proxy.get("/7/a.png");
    proxy.get_kept("/7/a.png");
    eventually("there is a span of time to tell of", || {
        status(&proxy)["history"][0].is_object()
    });
    let document = status(&proxy);
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = read(readme);
        let table = text
            .split_once("<!-- status -->\n")
            .and_then(|(_, rest)| rest.split_once("<!-- /status -->\n"))
            .map_or("", |(table, _)| table);
        let words = |text: &str| -> Vec<String> {
            text.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        let mut named = Vec::new();
        for row in table.lines().skip(2) {
            let (members, parts) = row[1..].split_once('|').expect("two cells");
            named.extend(words(members));
            for part in words(parts) {
                let found = words(members)
                    .iter()
                    .any(|member| has(&document[member], &part));
                assert!(found, "{readme}: {members} has no {part}: {document:#}");
            }
        }
        named.sort();
        let members = document.as_object().expect("an object").keys();
        let mut members: Vec<&String> = members.collect();
        members.sort();
        assert_eq!(named.iter().collect::<Vec<_>>(), members, "{readme}");
    }
}

/// Whether there is a member of this name anywhere in it.
fn has(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key(name) || members.values().any(|value| has(value, name))
        }
        Value::Array(values) => values.iter().any(|value| has(value, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
