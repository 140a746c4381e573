//! What becomes of a copy when its time is over: confirmed, replaced, served all the same, or taken away.
//!
//! Copies live a second here, so each test lets a second pass, asking until the copy is no longer fresh.

use std::time::Instant;

use confluence_attachment_proxy::demo::{Behaviour, Fault, File, Latch};

use crate::support::{
    Client, PAGE, PATIENCE, Proxy, Response, after_its_time, eventually, pattern,
};

/// A proxy whose copies are fresh for a second.
fn proxy() -> Proxy {
    with(&[])
}

fn with(settings: &[(&str, &str)]) -> Proxy {
    let mut all = vec![
        ("CACHE_TTL_SECONDS", "1"),
        ("CACHE_NEGATIVE_TTL_SECONDS", "0"),
    ];
    all.extend(settings);
    Proxy::with(&all)
}

/// How often the metadata was asked.
fn questions(proxy: &Proxy) -> usize {
    let mut asked = proxy.asked();
    asked.retain(|exchange| exchange.target.contains("/child/attachment"));
    asked.len()
}

fn seconds(response: &Response, name: &str) -> u64 {
    let field = response.field(name).expect("the field is there");
    field.parse().expect("a number")
}

#[test]
fn a_copy_is_confirmed_by_one_small_question_and_no_download() {
    for file in [
        File::new("image/png", pattern(3000)),
        File::new("image/png", pattern(3000)).dated_1970(),
    ] {
        let proxy = proxy();
        proxy.origin.put(PAGE, "图 a.png", file);
        let path = "/7/%E5%9B%BE%20a.png";
        let first = proxy.get(path);
        assert_eq!(first.field("X-Cache"), Some("MISS"));
        let mut client = proxy.connect();
        for round in 1..=2 {
            let response = after_its_time(&mut client, path);
            assert_eq!(response.field("X-Cache"), Some("REVALIDATED"));
            assert!(response.body == first.body);
            assert_eq!(seconds(&response, "Age"), 0);
            let status = response.field("Cache-Status").expect("it is there");
            assert!(status.contains("fwd=stale"), "{status}");
            assert_eq!((proxy.fetches(), questions(&proxy)), (1, round));
            let next = client.get(&format!("/proxy{path}"));
            assert_eq!(next.field("X-Cache"), Some("HIT"), "it is fresh again");
        }
        assert_eq!(
            proxy.asked()[1].target,
            "/rest/api/content/7/child/attachment?expand=version&filename=%E5%9B%BE%20a.png&limit=1"
        );
    }
}

#[test]
fn an_entity_tag_of_confluence_is_asked_with_instead() {
    let proxy = proxy();
    let file = |size| File::new("image/png", pattern(size)).with_etag();
    proxy.origin.put(PAGE, "a.png", file(3000));
    proxy.get("/7/a.png");
    let mut client = proxy.connect();
    let confirmed = after_its_time(&mut client, "/7/a.png");
    assert_eq!(confirmed.field("X-Cache"), Some("REVALIDATED"));
    assert!(confirmed.body == pattern(3000));
    proxy.origin.put(PAGE, "a.png", file(4000));
    let changed = after_its_time(&mut client, "/7/a.png");
    assert_eq!(changed.field("X-Cache"), Some("MISS"));
    assert!(changed.body == pattern(4000));
    let statuses: Vec<u16> = proxy.asked().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [200, 304, 200], "one question each time");
    for exchange in proxy.asked() {
        assert_eq!(exchange.header("If-Modified-Since"), None);
    }
}

#[test]
fn a_new_version_is_fetched_when_the_copy_has_expired() {
    let proxy = proxy();
    proxy.put("a.png", 3000);
    proxy.get("/7/a.png");
    let new = proxy.put("a.png", 4000);
    let response = after_its_time(&mut proxy.connect(), "/7/a.png");
    assert_eq!(response.field("X-Cache"), Some("MISS"));
    assert!(response.body == new);
    assert_eq!((proxy.fetches(), questions(&proxy)), (2, 1));
}

#[test]
fn the_files_of_a_page_are_confirmed_together() {
    let proxy = proxy();
    let names: Vec<String> = (0..20).map(|number| format!("/7/{number}.png")).collect();
    for (number, path) in names.iter().enumerate() {
        proxy.put(&format!("{number}.png"), 100);
        proxy.get(path);
    }
    let mut client = proxy.connect();
    assert_eq!(
        after_its_time(&mut client, &names[19]).field("X-Cache"),
        Some("REVALIDATED")
    );
    for path in &names[..19] {
        let response = client.get(&format!("/proxy{path}"));
        assert_eq!(response.field("X-Cache"), Some("REVALIDATED"), "{path}");
    }
    assert_eq!(proxy.fetches(), 20);
    assert!(questions(&proxy) <= 2, "{} questions", questions(&proxy));
}

#[test]
fn what_rest_does_not_show_is_decided_by_its_own_address() {
    let proxy = proxy();
    let bytes = proxy.put("user-avatar", 500);
    proxy.get("/7/user-avatar");
    proxy.origin.hide_from_rest(PAGE);
    let response = after_its_time(&mut proxy.connect(), "/7/user-avatar");
    assert_eq!(response.field("X-Cache"), Some("MISS"));
    assert!(response.body == bytes);
}

#[test]
fn metadata_that_cannot_be_read_or_believed_means_a_download() {
    for behaviour in [
        Behaviour::from(Fault::EmptyJson),
        Fault::DamagedJson.into(),
        Behaviour::status(404),
        Behaviour::status(403),
        Behaviour::status(500),
    ] {
        let proxy = proxy();
        let bytes = proxy.put("a.png", 500);
        proxy.get("/7/a.png");
        proxy.origin.script_rest(behaviour.clone());
        let response = after_its_time(&mut proxy.connect(), "/7/a.png");
        assert_eq!(response.field("X-Cache"), Some("MISS"), "{behaviour:?}");
        assert!(response.body == bytes);
    }
}

#[test]
fn a_clock_that_is_off_does_not_keep_an_old_copy_alive() {
    // Confluence's own clock counts, not ours: an hour off in either direction changes nothing.
    for offset in [-3600, 3600] {
        let proxy = proxy();
        proxy.origin.set_clock_offset(offset);
        proxy.put("a.png", 500);
        proxy.get("/7/a.png");
        let mut client = proxy.connect();
        let response = after_its_time(&mut client, "/7/a.png");
        assert_eq!(response.field("X-Cache"), Some("REVALIDATED"), "{offset}");
    }
    // An upload a moment before the fill could be the very one, or the next: it is fetched again.
    let proxy = proxy();
    let file = File::new("image/png", pattern(500)).uploaded(std::time::SystemTime::now());
    proxy.origin.put(PAGE, "a.png", file);
    proxy.get("/7/a.png");
    let response = after_its_time(&mut proxy.connect(), "/7/a.png");
    assert_eq!(response.field("X-Cache"), Some("MISS"));
}

#[test]
fn a_deleted_file_is_gone_and_does_not_come_back() {
    let proxy = proxy();
    proxy.put("a.png", 500);
    proxy.get("/7/a.png");
    proxy.origin.remove(PAGE, "a.png");
    let mut client = proxy.connect();
    assert_eq!(after_its_time(&mut client, "/7/a.png").status, 404);
    proxy.origin.script_all(Some(Behaviour::status(503)));
    assert_eq!(client.get("/proxy/7/a.png").status, 502, "no stale copy");
}

#[test]
fn a_fixed_version_is_a_key_of_its_own_and_needs_no_comparison() {
    let proxy = proxy();
    let old = proxy.put("a.png", 500);
    proxy.get("/7/a.png?version=1");
    let mut client = proxy.connect();
    let response = after_its_time(&mut client, "/7/a.png?version=1");
    assert_eq!(response.field("X-Cache"), Some("REVALIDATED"));
    // Another version of the attachment that the copy is known to be of cannot have changed it.
    let new = proxy.put("a.png", 600);
    assert!(proxy.get("/7/a.png").body == new);
    let response = after_its_time(&mut client, "/7/a.png?version=1");
    assert_eq!(response.field("X-Cache"), Some("REVALIDATED"));
    assert!(response.body == old);
    assert_eq!(proxy.fetches(), 2);
}

#[test]
fn a_fixed_version_of_a_deleted_file_does_not_live_on() {
    let proxy = proxy();
    proxy.put("a.png", 500);
    proxy.get("/7/a.png?version=1");
    proxy.origin.remove(PAGE, "a.png");
    let response = after_its_time(&mut proxy.connect(), "/7/a.png?version=1");
    assert_eq!(response.status, 404);
}

#[test]
fn who_insists_gets_a_copy_that_was_confirmed_just_now() {
    let proxy = Proxy::start();
    let old = proxy.put("a.png", 500);
    proxy.get("/7/a.png");
    let mut client = proxy.connect();
    let insist = |client: &mut Client, directives: &str| {
        client.ask("GET", "/proxy/7/a.png", &[("Cache-Control", directives)])
    };
    // It was fetched within five seconds.
    for directives in ["no-cache", "max-age=0, No-Cache", "max-age=0", "no-store"] {
        let response = insist(&mut client, directives);
        assert_eq!(response.field("X-Cache"), Some("HIT"), "{directives}");
    }
    assert_eq!((proxy.fetches(), questions(&proxy)), (1, 0));
    // Five seconds pass.
    let confirmed = {
        let until = Instant::now() + PATIENCE;
        loop {
            let response = insist(&mut client, "max-age=0, no-cache");
            if response.field("X-Cache") != Some("HIT") {
                break response;
            }
            assert!(Instant::now() < until, "it is never confirmed");
        }
    };
    assert_eq!(confirmed.field("X-Cache"), Some("REVALIDATED"));
    assert!(confirmed.body == old);
    assert_eq!((proxy.fetches(), questions(&proxy)), (1, 1));
    proxy.put("a.png", 600);
    let again = insist(&mut client, "no-cache");
    assert_eq!(again.field("X-Cache"), Some("HIT"), "asked a moment ago");
    assert_eq!(questions(&proxy), 1);
}

#[test]
fn while_confluence_fails_the_expired_copy_serves() {
    let latch = Latch::new();
    let behaviours = [
        Behaviour::status(502),
        Fault::Unavailable.into(),
        Fault::MaintenancePage.into(),
        Behaviour::Closed,
        Behaviour::ResetAtOnce,
        Behaviour::Garbage,
        Behaviour::rate_limited("5"),
        Fault::LoginRedirect.into(),
        Fault::SsoRedirect.into(),
        Fault::LoginPage.into(),
        Fault::Captcha.into(),
        Behaviour::hold(&latch),
    ];
    // All at once: each of them spends a second with waiting.
    std::thread::scope(|scope| {
        for behaviour in &behaviours {
            scope.spawn(|| check_failing(behaviour));
        }
    });
}

fn check_failing(behaviour: &Behaviour) {
    let proxy = with(&[("CONFLUENCE_READ_TIMEOUT_SECONDS", "1")]);
    let bytes = proxy.put("a.png", 500);
    proxy.get("/7/a.png");
    proxy.origin.script_all(Some(behaviour.clone()));
    let mut client = proxy.connect();
    let stale = after_its_time(&mut client, "/7/a.png");
    check_stale(&stale, &bytes, behaviour);
    // Nobody waits for the same failure again a moment later.
    let asked = proxy.asked_all().len();
    for _ in 0..5 {
        check_stale(&client.get("/proxy/7/a.png"), &bytes, behaviour);
    }
    assert_eq!(proxy.asked_all().len(), asked, "{behaviour:?}");
}

#[track_caller]
fn check_stale(response: &Response, bytes: &[u8], behaviour: &Behaviour) {
    assert_eq!(response.field("X-Cache"), Some("STALE"), "{behaviour:?}");
    assert!(response.complete && response.body == bytes);
    assert_eq!(response.field("Cache-Control"), Some("public, max-age=0"));
    assert!(1 <= seconds(response, "Age"), "{behaviour:?}");
    let status = response.field("Cache-Status").expect("it is there");
    assert!(status.contains("detail=stale-if-error"), "{status}");
    assert_eq!(response.field("Warning"), None);
}

#[test]
fn without_a_stale_time_an_expired_copy_is_confirmed_and_never_served_stale() {
    let proxy = with(&[("CACHE_STALE_SECONDS", "0"), ("CACHE_TTL_SECONDS", "2")]);
    proxy.put("a.png", 500);
    proxy.get("/7/a.png");
    let mut client = proxy.connect();
    let confirmed = after_its_time(&mut client, "/7/a.png");
    assert_eq!(confirmed.field("X-Cache"), Some("REVALIDATED"));
    proxy.origin.script_all(Some(Behaviour::status(503)));
    let failed = after_its_time(&mut client, "/7/a.png");
    assert_eq!((failed.status, failed.field("X-Cache")), (502, None));
}

#[test]
fn a_shut_guard_keeps_the_copies_and_opens_for_a_new_file() {
    let mut proxy = proxy();
    let bytes = proxy.put("a.png", 500);
    proxy.put("b.png", 500);
    proxy.get("/7/a.png");
    proxy.origin.set_token("another");
    assert_eq!(proxy.get("/7/b.png").status, 502);
    let mut client = proxy.connect();
    let stale = after_its_time(&mut client, "/7/a.png");
    assert_eq!(stale.field("X-Cache"), Some("STALE"));
    assert!(stale.body == bytes);
    assert_eq!(proxy.origin.failed_logins(), 1);
    proxy
        .origin
        .set_token(&confluence_attachment_proxy::demo::Options::default().token);
    proxy.reload();
    eventually("the guard opens", || proxy.get("/7/b.png").status == 200);
}
