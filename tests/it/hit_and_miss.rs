//! What is fetched, what is kept, what is forgotten.

use std::time::Instant;

use confluence_attachment_proxy::demo::{Behaviour, File, Latch};

use crate::support::{PAGE, PATIENCE, Proxy, Response, pattern};

/// Everything that may stand in the head of a file, and nothing else. Sorted.
const FIELDS: [&str; 17] = [
    "accept-ranges",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "age",
    "cache-control",
    "cache-status",
    "content-disposition",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "last-modified",
    "referrer-policy",
    "x-cache",
    "x-content-type-options",
];

/// Status and `X-Cache` of an answer.
fn came(response: &Response) -> (u16, Option<&str>) {
    (response.status, response.field("X-Cache"))
}

#[test]
fn a_second_request_is_served_without_asking_confluence() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let first = proxy.get("/7/a.png");
    let second = proxy.get_kept("/7/a.png");
    assert_eq!(came(&first), (200, Some("MISS")));
    assert_eq!(came(&second), (200, Some("HIT")));
    assert!(first.complete && first.body == bytes);
    assert!(second.complete && second.body == bytes);
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn the_drop_in_form_names_the_same_copy() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a b.png", 10);
    assert_eq!(proxy.get("/7/a%20b.png").body, bytes);
    let drop_in = "/download/attachments/7/a+b.png?modificationDate=1581695654000";
    assert_eq!(proxy.get_kept(drop_in).body, bytes);
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn each_version_is_a_file_of_its_own() {
    let proxy = Proxy::start();
    let old = proxy.put("a.png", 1000);
    let new = proxy.put("a.png", 2000);
    for (path, bytes) in [
        ("/7/a.png?version=1", &old),
        ("/7/a.png", &new),
        ("/7/a.png?version=2", &new),
    ] {
        let first = proxy.get(path);
        assert_eq!(came(&first), (200, Some("MISS")), "{path}");
        assert!(first.body == *bytes, "{path}");
        assert!(proxy.get_kept(path).body == *bytes, "{path}");
    }
    let targets: Vec<String> = proxy
        .asked()
        .into_iter()
        .map(|exchange| exchange.target)
        .collect();
    assert_eq!(
        targets,
        [
            "/download/attachments/7/a.png?version=1",
            "/download/attachments/7/a.png",
            "/download/attachments/7/a.png?version=2",
        ]
    );
    assert_eq!(proxy.get("/7/a.png?version=3").status, 404);
}

#[test]
fn a_failure_is_never_kept() {
    let proxy = Proxy::with(&[("CACHE_NEGATIVE_TTL_SECONDS", "0")]);
    let bytes = proxy.put("a.png", 10);
    for status in [500, 503, 404] {
        proxy.script("a.png", Behaviour::status(status));
        assert!(400 <= proxy.get("/7/a.png").status);
    }
    proxy.script("a.png", Behaviour::Good);
    assert_eq!(proxy.get("/7/a.png").body, bytes);
}

/// The one test with real time in it: a second passes, and everything that can come of an expired copy is looked at.
#[test]
fn an_expired_copy_serves_only_while_confluence_fails() {
    let proxy = Proxy::with(&[
        ("CACHE_TTL_SECONDS", "1"),
        ("CACHE_NEGATIVE_TTL_SECONDS", "0"),
    ]);
    // The last one is the last to expire: when it has, all have.
    let names = ["gone.png", "hidden.png", "new.png", "failing.png"];
    let old: Vec<Vec<u8>> = names.iter().map(|name| proxy.put(name, 3000)).collect();
    for name in names {
        let first = proxy.get(&format!("/7/{name}"));
        assert_eq!(came(&first), (200, Some("MISS")), "{name}");
        assert_eq!(first.field("Cache-Control"), Some("public, max-age=1"));
    }
    proxy.origin.script_rest(Behaviour::status(503));
    let until = Instant::now() + PATIENCE;
    let mut client = proxy.connect();
    let stale = loop {
        let response = client.get("/proxy/7/failing.png");
        assert!(response.status == 200 && response.body == old[3]);
        match response.field("X-Cache") {
            Some("HIT" | "JOIN") => assert_eq!(response.field("Age"), Some("0")),
            _ => break response,
        }
        assert!(Instant::now() < until, "the copy never expires");
    };
    assert_eq!(came(&stale), (200, Some("STALE")));
    assert_eq!(stale.field("Cache-Control"), Some("public, max-age=0"));
    let age = stale.field("Age").and_then(|age| age.parse::<u64>().ok());
    assert!(age.is_some_and(|age| 1 <= age), "age: {age:?}");
    assert_eq!(
        stale.field("Cache-Status"),
        Some("confluence-attachment-proxy; fwd=stale; detail=stale-if-error; ttl=0")
    );

    // What Confluence no longer shows goes at once, and does not come back when Confluence fails.
    for (name, says, status) in [("gone.png", 404, 404), ("hidden.png", 403, 502)] {
        proxy.origin.script_rest(Behaviour::status(says));
        for (answer, expected) in [(says, status), (500, 502)] {
            proxy.script(name, Behaviour::status(answer));
            let response = proxy.get(&format!("/7/{name}"));
            assert_eq!(response.status, expected, "{name} after {answer}");
        }
    }

    proxy.origin.script_rest(Behaviour::Good);
    let new = proxy.put("new.png", 4000);
    let response = proxy.get("/7/new.png");
    assert_eq!(came(&response), (200, Some("MISS")));
    assert!(response.body == new, "an expired copy is fetched again");
}

/// Fetches files of `size` bytes one after the other and says how many of them are there in the end.
fn kept_of(count: usize, size: usize, settings: &[(&str, &str)]) -> usize {
    let proxy = Proxy::with(settings);
    for number in 0..count {
        let name = format!("{number}.png");
        let bytes = proxy.put(&name, size);
        let first = proxy.get(&format!("/7/{name}"));
        assert_eq!(came(&first), (200, Some("MISS")));
        assert!(first.body == bytes);
        proxy.get_kept(&format!("/7/{name}"));
    }
    assert_eq!(proxy.fetches(), count);
    // From the newest to the oldest: what is fetched again pushes out only what was asked for already.
    let hits = (0..count).rev().filter(|number| {
        let again = proxy.get(&format!("/7/{number}.png"));
        assert!(again.status == 200 && again.body.len() == size);
        again.field("X-Cache") == Some("HIT")
    });
    hits.count()
}

#[test]
fn the_number_of_copies_is_bounded() {
    assert_eq!(kept_of(10, 100, &[]), 10);
    let kept = kept_of(10, 100, &[("CACHE_MAX_ITEMS", "3")]);
    assert!((1..=3).contains(&kept), "kept: {kept}");
}

#[test]
fn the_bytes_of_all_copies_are_bounded() {
    assert_eq!(kept_of(10, 200_000, &[("CACHE_MAX_BYTES", "4MiB")]), 10);
    let kept = kept_of(10, 200_000, &[("CACHE_MAX_BYTES", "1MiB")]);
    assert!((1..=5).contains(&kept), "kept: {kept}");
}

#[test]
fn a_file_is_kept_up_to_the_largest_size_and_not_a_byte_beyond() {
    let proxy = Proxy::with(&[("CACHE_MAX_ITEM_BYTES", "100000")]);
    let fits = proxy.put("fits.png", 100_000);
    proxy.get("/7/fits.png");
    assert!(proxy.get_kept("/7/fits.png").body == fits);
    assert_eq!(proxy.fetches(), 1);

    let too_big = proxy.put("too-big.png", 100_001);
    for fetches in 2..5 {
        let response = proxy.get("/7/too-big.png");
        assert_eq!(came(&response), (200, Some("MISS")));
        assert!(response.complete && response.body == too_big);
        assert_eq!(proxy.fetches(), fetches);
    }
}

#[test]
fn a_file_without_a_length_is_kept_up_to_the_same_size() {
    let proxy = Proxy::with(&[("CACHE_MAX_ITEM_BYTES", "1MiB")]);
    let fits = proxy.put("fits.png", 1 << 20);
    proxy.script("fits.png", Behaviour::Chunked);
    proxy.get("/7/fits.png");
    assert!(proxy.get_kept("/7/fits.png").body == fits);
    assert_eq!(proxy.fetches(), 1);

    // So much longer that it cannot end before the cache has learned that it is too big.
    let too_big = proxy.put("too-big.png", 4 << 20);
    proxy.script("too-big.png", Behaviour::Chunked);
    for fetches in 2..5 {
        let response = proxy.get("/7/too-big.png");
        assert_eq!(came(&response), (200, Some("MISS")));
        assert!(response.complete && response.body == too_big);
        assert_eq!(proxy.fetches(), fetches);
    }
}

#[test]
fn a_missing_file_is_remembered_as_missing_until_that_is_forgotten() {
    let proxy = Proxy::start();
    for (forget, name) in [("/proxy/7/a.png", "a.png"), ("/proxy/7", "b.png")] {
        let path = format!("/7/{name}");
        let fetches = proxy.fetches();
        assert_eq!(proxy.get(&path).status, 404);
        let bytes = proxy.put(name, 500);
        for _ in 0..3 {
            assert_eq!(proxy.get(&path).status, 404);
        }
        assert_eq!(proxy.fetches(), fetches + 1, "only the first one asked");
        assert_eq!(proxy.connect().ask("DELETE", forget, &[]).status, 204);
        assert!(proxy.get(&path).body == bytes);
    }
}

#[test]
fn what_is_purged_is_fetched_again_and_nothing_else() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    let paths = ["/7/a.png", "/7/b.png", "/7/a.png?version=1", "/8/a.png"];
    for (page, name) in [(PAGE, "a.png"), (PAGE, "b.png"), (8, "a.png")] {
        let file = File::new("image/png", pattern(300));
        proxy.origin.put(page, name, file);
    }
    for (purge, gone) in [
        ("/proxy/7/a.png", &paths[..1]),
        ("/proxy/8/nothing-of-this-name.png", &[]),
        ("/proxy/7", &paths[..3]),
        ("/proxy/download/attachments/8/a.png", &paths[3..]),
        ("/proxy/9", &[]),
    ] {
        for path in paths {
            proxy.get(path);
            proxy.get_kept(path);
        }
        let purged = client.ask("DELETE", purge, &[]);
        assert_eq!((purged.status, purged.body.len()), (204, 0), "{purge}");
        for path in paths {
            let expected = if gone.contains(&path) { "MISS" } else { "HIT" };
            let response = proxy.get(path);
            assert_eq!(came(&response), (200, Some(expected)), "{path} {purge}");
        }
    }
}

#[test]
fn what_is_purged_while_it_is_fetched_is_not_kept() {
    for purge in ["/proxy/7/a.png", "/proxy/7"] {
        let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "2")]);
        let old = proxy.put("a.png", 2000);
        let latch = Latch::new();
        proxy.script("a.png", Behaviour::hold_at(1000, &latch));
        let mut early = proxy.connect();
        let head = early.request("GET", "/proxy/7/a.png", &[]).head();
        // The old bytes are on their way; who asks after the purge must get the new ones.
        let new = proxy.put("a.png", 3000);
        assert_eq!(proxy.connect().ask("DELETE", purge, &[]).status, 204);
        proxy.script("a.png", Behaviour::Good);
        let after = proxy.get("/7/a.png");
        assert_eq!(came(&after), (200, Some("MISS")), "{purge}");
        assert!(after.body == new, "{purge}");
        // One of the two connections is kept busy, so what is fetched next comes over the one that had the old bytes:
        // its download is over by then.
        let (busy, latch_of_busy) = (proxy.put("busy.png", 10), Latch::new());
        proxy.script("busy.png", Behaviour::hold(&latch_of_busy));
        let mut client = proxy.connect();
        client.request("GET", "/proxy/7/busy.png", &[]);
        assert!(latch_of_busy.wait_for_arrivals(1, PATIENCE));
        latch.open();
        let early = early.body(head, false);
        assert!(early.complete && early.body == old, "{purge}");
        let next = proxy.put("next.png", 10);
        assert_eq!(proxy.get("/7/next.png").body, next);
        assert!(proxy.get_kept("/7/a.png").body == new, "{purge}");
        latch_of_busy.open();
        assert_eq!(client.response(false).body, busy);
    }
}

#[test]
fn head_of_a_cold_file_fills_the_cache() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 70_000);
    let mut client = proxy.connect();
    let head = client.ask("HEAD", "/proxy/7/a.png", &[]);
    assert_eq!(came(&head), (200, Some("MISS")));
    assert_eq!(head.field("Content-Length"), Some("70000"));
    assert!(proxy.get_kept("/7/a.png").body == bytes);
    let again = client.ask("HEAD", "/proxy/7/a.png", &[]);
    assert_eq!(came(&again), (200, Some("HIT")));
    assert_eq!(again.field("Content-Length"), Some("70000"));
    let journal = proxy.asked();
    assert_eq!(journal.len(), 1);
    assert_eq!(journal[0].method, "GET", "a HEAD would fill nothing");
}

#[test]
fn no_field_of_confluence_passes() {
    let proxy = Proxy::start();
    proxy.put("a.png", 1000);
    proxy.script("a.png", Behaviour::HugeHead { bytes: 100 });
    let miss = proxy.get("/7/a.png");
    let hit = proxy.get_kept("/7/a.png");
    for (response, has_tag) in [(&miss, false), (&hit, true)] {
        let lines = response.head.trim_end().split("\r\n").skip(1);
        let mut fields: Vec<String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        fields.sort();
        let expected: Vec<&str> = FIELDS
            .into_iter()
            .filter(|name| has_tag || *name != "etag")
            .collect();
        assert_eq!(fields, expected, "{}", response.head);
        for word in ["JSESSIONID", "X-AUSERNAME", "Seraph", "demo", "842x", "xxx"] {
            assert!(!response.head.contains(word), "{word}: {}", response.head);
        }
    }
}
