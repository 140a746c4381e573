//! What Confluence does, and what the client gets for it.

use confluence_attachment_proxy::demo::{Behaviour, Fault, File, Latch};

use crate::support::{PAGE, Proxy, Response, eventually, reserve_port};

/// Words of the answers, one line each.
const ACCOUNT: &str = "Confluence does not accept the proxy's account (it shows a login instead)";
const BROKEN: &str = "Confluence ended the file before its end";
const BUSY: &str = "Confluence limits how often it may be asked";
const FORBIDDEN: &str = "Confluence forbids the proxy's account this attachment";
const MAINTAINED: &str = "Confluence is being maintained";
const MISSING: &str = "Confluence has no such attachment, or the proxy's account may not see it";
const MOVED: &str = "Confluence answered with a redirect instead of the file";
const NOT_THE_FILE: &str = "Confluence answered something that is not the file";
const SILENT: &str = "Confluence did not answer in time";
const UNREACHABLE: &str = "Confluence cannot be reached";

/// Where a redirect may point without being a login.
const ELSEWHERE: &[(&str, &str)] = &[("Location", "/confluence/download/attachments/7/a.png")];

/// A 200 with the mark that only files have.
fn file(headers: &[(&str, &str)], body: &[u8]) -> Behaviour {
    let mut all = vec![("Content-Disposition", "inline; filename=\"a.png\"")];
    all.extend(headers);
    Behaviour::answer(200, &all, body)
}

fn bare(status: u16, headers: &[(&str, &str)]) -> Behaviour {
    Behaviour::answer(status, headers, "<html>odd weather</html>")
}

/// What of an answer the table compares.
fn seen(response: &Response) -> (u16, Option<&str>, Option<&str>) {
    let text = std::str::from_utf8(&response.body).expect("text");
    let retry_after = response.field("Retry-After");
    (response.status, text.lines().nth(1), retry_after)
}

/// Asks twice while Confluence does this, and once when it is well again. Each time Confluence is asked once.
#[track_caller]
fn check(behaviour: impl Into<Behaviour>, expected: (u16, &str, Option<&str>)) {
    check_asked(behaviour, expected, [1, 2]);
}

/// The same, with how often Confluence has been asked after each time.
#[track_caller]
fn check_asked(
    behaviour: impl Into<Behaviour>,
    expected: (u16, &str, Option<&str>),
    asked: [usize; 2],
) {
    let behaviour = behaviour.into();
    let proxy = Proxy::with(&[
        ("CACHE_NEGATIVE_TTL_SECONDS", "0"),
        ("CONFLUENCE_READ_TIMEOUT_SECONDS", "1"),
    ]);
    let bytes = proxy.put("a.png", 5000);
    proxy.script("a.png", behaviour.clone());
    for fetches in asked {
        let response = proxy.get("/7/a.png");
        let expected = (expected.0, Some(expected.1), expected.2);
        assert_eq!(seen(&response), expected, "{behaviour:?}");
        check_words(&response, &behaviour, &proxy);
        assert_eq!(proxy.fetches(), fetches, "{behaviour:?}");
    }
    check_well_again(&proxy, &bytes, &behaviour);
}

/// An error says what failed in three lines, and nothing of what Confluence said.
#[track_caller]
fn check_words(response: &Response, behaviour: &Behaviour, proxy: &Proxy) {
    assert!(response.complete, "{behaviour:?}");
    assert_eq!(
        response.field("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(response.field("Cache-Control"), Some("no-store"));
    let text = String::from_utf8_lossy(&response.body).into_owned() + &response.head;
    assert_eq!(String::from_utf8_lossy(&response.body).lines().count(), 3);
    let address = proxy.origin.address().to_string();
    for word in [
        "<",
        ">",
        "weather",
        "JSESSIONID",
        "Set-Cookie",
        "WWW-Authenticate",
        "Seraph",
        "X-",
        "Location",
        "sso.example",
        "demo",
        &address,
    ] {
        let clean = text.replace("X-Content-Type-Options", "");
        assert!(!clean.contains(word), "{word:?} {behaviour:?}: {text}");
    }
}

#[track_caller]
fn check_well_again(proxy: &Proxy, bytes: &[u8], behaviour: &Behaviour) {
    proxy.script("a.png", Behaviour::Good);
    let fetches = proxy.fetches();
    let response = proxy.get("/7/a.png");
    assert_eq!(response.status, 200, "after {behaviour:?}");
    assert_eq!(response.field("X-Cache"), Some("MISS"));
    assert!(response.complete && response.body == bytes);
    assert_eq!(proxy.fetches(), fetches + 1);
    for exchange in proxy.asked() {
        assert_eq!(exchange.target, "/download/attachments/7/a.png");
    }
}

#[test]
fn what_confluence_says_it_cannot_do() {
    for (status, detail) in [
        (500, "Confluence failed with status 500"),
        (502, "Confluence failed with status 502"),
        (503, "Confluence failed with status 503"),
        (504, "Confluence failed with status 504"),
        (599, "Confluence failed with status 599"),
        (403, FORBIDDEN),
        (400, NOT_THE_FILE),
        (402, NOT_THE_FILE),
        (405, NOT_THE_FILE),
        (407, NOT_THE_FILE),
        (410, NOT_THE_FILE),
        (418, NOT_THE_FILE),
        (451, NOT_THE_FILE),
    ] {
        check(bare(status, &[]), (502, detail, None));
    }
    check(
        Fault::Unavailable,
        (502, "Confluence failed with status 503", None),
    );
    check(bare(404, &[]), (404, MISSING, None));
    check(Fault::FileLost, (404, MISSING, None));
    check(Fault::MaintenancePage, (502, MAINTAINED, None));
    check(Fault::NotPermitted, (502, FORBIDDEN, None));
}

#[test]
fn good_statuses_that_are_no_file() {
    for status in [201, 202, 203, 206, 300] {
        check(bare(status, &[]), (502, NOT_THE_FILE, None));
    }
    for status in [204, 304] {
        let empty = Behaviour::answer(status, &[], "");
        check(empty, (502, NOT_THE_FILE, None));
    }
    check(
        file(&[("Content-Encoding", "gzip")], b"\x1f\x8b\x08"),
        (502, NOT_THE_FILE, None),
    );
    check(file(&[], b"<!DOCTYPE html>"), (502, NOT_THE_FILE, None));
}

#[test]
fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        check(bare(status, ELSEWHERE), (502, MOVED, None));
    }
    check(bare(302, &[]), (502, NOT_THE_FILE, None));
}

#[test]
fn confluence_asks_for_a_pause_and_gets_it_from_everybody() {
    for (behaviour, expected) in [
        (Behaviour::rate_limited("7"), 7),
        (Behaviour::rate_limited("0"), 1),
        (Behaviour::rate_limited("301"), 300),
        (Behaviour::rate_limited("9223372036854775807"), 300),
        (Behaviour::rate_limited("soon"), 30),
        (bare(503, &[("Retry-After", "120")]), 120),
    ] {
        let proxy = Proxy::start();
        proxy.put("a.png", 10);
        proxy.put("b.png", 10);
        let kept = proxy.put("kept.png", 10);
        proxy.get("/7/kept.png");
        proxy.script("a.png", behaviour.clone());
        let first = proxy.get("/7/a.png");
        let wait = expected.to_string();
        assert_eq!(
            seen(&first),
            (503, Some(BUSY), Some(&*wait)),
            "{behaviour:?}"
        );
        check_words(&first, &behaviour, &proxy);
        // Nobody asks Confluence anything now, about this file or another one; what is kept is served.
        for name in ["a.png", "b.png"] {
            let response = proxy.get(&format!("/7/{name}"));
            assert_eq!((response.status, seen(&response).1), (503, Some(BUSY)));
            let left = response.field("Retry-After").and_then(|it| it.parse().ok());
            assert!(left.is_some_and(|left: u64| (1..=expected).contains(&left)));
        }
        assert!(proxy.get("/7/kept.png").body == kept);
        assert_eq!(proxy.fetches(), 2, "{behaviour:?}");
    }
}

/// A second passes: the pause ends by itself.
#[test]
fn after_the_pause_confluence_is_asked_again() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 10);
    proxy.script("a.png", Behaviour::rate_limited("1"));
    assert_eq!(proxy.get("/7/a.png").status, 503);
    proxy.script("a.png", Behaviour::Good);
    eventually("the pause is over", || {
        let response = proxy.get("/7/a.png");
        assert!(response.status == 503 || response.body == bytes);
        response.status == 200
    });
    assert_eq!(proxy.fetches(), 2, "asked for once more, after the pause");
}

#[test]
fn answers_that_are_not_whole() {
    for behaviour in [
        Behaviour::Short { sent: 0 },
        Behaviour::Short { sent: 100 },
        Behaviour::Reset { sent: 100 },
        Behaviour::ChunkedCut { sent: 0 },
        Behaviour::ChunkedCut { sent: 100 },
    ] {
        check(behaviour, (502, BROKEN, None));
    }
    for behaviour in [Behaviour::Garbage, Behaviour::HugeHead { bytes: 40 * 1024 }] {
        check(behaviour, (502, NOT_THE_FILE, None));
    }
    // The connection comes from the pool, and is dead before an answer: one more try, on a new one.
    for behaviour in [Behaviour::Closed, Behaviour::ResetAtOnce] {
        check_asked(behaviour, (502, UNREACHABLE, None), [2, 3]);
    }
}

#[test]
fn silence_is_a_timeout() {
    let latch = Latch::new();
    check(Behaviour::hold(&latch), (504, SILENT, None));
    check(Behaviour::hold_at(100, &latch), (504, SILENT, None));
}

#[test]
fn a_small_file_that_ends_with_its_connection_is_not_trusted() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 300);
    proxy.script("a.png", Behaviour::NoLength);
    for _ in 0..2 {
        assert_eq!(seen(&proxy.get("/7/a.png")), (502, Some(BROKEN), None));
    }
    check_well_again(&proxy, &bytes, &Behaviour::NoLength);
}

/// Every way in which Confluence refuses the account. None of it may reach a client as a login, or be kept.
#[test]
fn a_refused_account_is_no_login_for_the_client() {
    let refused = |reason: &str| Fault::LoginRefused {
        reason: reason.to_owned(),
    };
    for fault in [
        Fault::LoginRedirect,
        Fault::SsoRedirect,
        Fault::LoginPage,
        Fault::SamlRedirect,
        Fault::ServedAnonymously,
        Fault::BasicDisabled,
        Fault::BasicWithPasswordDisabled,
        Fault::Captcha,
        refused("AUTHENTICATED_FAILED"),
        refused("AUTHENTICATION_DENIED"),
        refused("AUTHORISATION_FAILED"),
        refused("OUT"),
        refused("OK"),
        refused("whatever"),
        refused(""),
        Fault::Answer {
            status: 401,
            headers: vec![("WWW-Authenticate".into(), "Basic realm=\"wiki\"".into())],
            body: b"odd weather".to_vec(),
        },
    ] {
        let behaviour = Behaviour::from(fault);
        let mut proxy = Proxy::start();
        let bytes = proxy.put("a.png", 5000);
        proxy.script("a.png", behaviour.clone());
        let response = proxy.get("/7/a.png");
        assert_eq!(seen(&response), (502, Some(ACCOUNT), None), "{behaviour:?}");
        check_words(&response, &behaviour, &proxy);
        // From here on Confluence is left alone, until somebody has done something about it.
        for _ in 0..3 {
            let response = proxy.get("/7/a.png");
            let expected = (503, Some(ACCOUNT), Some("300"));
            assert_eq!(seen(&response), expected, "{behaviour:?}");
            check_words(&response, &behaviour, &proxy);
        }
        assert_eq!(proxy.fetches(), 1, "not asked twice: {behaviour:?}");
        reopen(&mut proxy);
        check_well_again(&proxy, &bytes, &behaviour);
    }
}

/// Lets the login be tested, as SIGHUP does, and waits until the guard has opened.
fn reopen(proxy: &mut Proxy) {
    proxy.reload();
    eventually("the login is tested", || {
        proxy.connect().get("/readyz?upstream").status == 200
    });
}

#[test]
fn a_wrong_password_is_no_login_for_the_client() {
    let proxy = Proxy::start();
    proxy.put("a.png", 5000);
    proxy.origin.set_token("changed");
    let response = proxy.get("/7/a.png");
    assert_eq!(seen(&response), (502, Some(ACCOUNT), None));
    assert_eq!(proxy.origin.failed_logins(), 1);
}

#[test]
fn a_web_page_uploaded_as_a_picture_is_not_served_as_one() {
    let proxy = Proxy::start();
    let page = *b"<!DOCTYPE html><script>alert(1)</script>";
    proxy
        .origin
        .put(PAGE, "a.png", File::new("image/png", page));
    let response = proxy.get("/7/a.png");
    assert_eq!(seen(&response), (502, Some(NOT_THE_FILE), None));
    proxy
        .origin
        .put(PAGE, "a.html", File::new("text/html", page));
    let response = proxy.get("/7/a.html");
    assert_eq!((response.status, &response.body[..]), (200, &page[..]));
}

#[test]
fn a_closed_port_is_said_at_once() {
    let (_reserved, address) = reserve_port();
    let url = format!("http://{address}");
    let proxy = Proxy::with(&[("CONFLUENCE_URL", &url)]);
    for _ in 0..2 {
        let response = proxy.get("/7/a.png");
        assert_eq!(seen(&response), (502, Some(UNREACHABLE), None));
    }
    assert_eq!(proxy.origin.connections_seen(), 0);
}

#[test]
fn a_failure_has_the_same_words_for_machines_and_no_body_for_head() {
    let proxy = Proxy::start();
    proxy.script("a.png", Behaviour::rate_limited("7"));
    let mut client = proxy.connect();
    let json = [("Accept", "application/json")];
    let response = client.ask("GET", "/proxy/7/a.png", &json);
    assert_eq!(
        response.field("Content-Type"),
        Some("application/problem+json")
    );
    let text = String::from_utf8_lossy(&response.body);
    assert!(text.contains(&format!("\"detail\":\"{BUSY}\"")), "{text}");
    assert!(text.contains("\"status\":503"), "{text}");
    let head = client.ask("HEAD", "/proxy/7/a.png", &[]);
    assert_eq!((head.status, head.field("Retry-After")), (503, Some("7")));
    assert_eq!(client.get("/proxy/7/a.png").status, 503, "it stays open");
}

#[test]
fn one_client_after_the_other_needs_one_connection_and_one_session() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    for number in 0..100 {
        let name = format!("{number}.png");
        let bytes = proxy.put(&name, 100 * number);
        let response = client.get(&format!("/proxy/7/{name}"));
        assert_eq!(response.field("X-Cache"), Some("MISS"));
        assert!(response.complete && response.body == bytes);
    }
    assert_eq!(proxy.fetches(), 100);
    assert_eq!(proxy.origin.connections_seen(), 1);
    assert_eq!(proxy.origin.sessions_created(), 1);
    for (number, exchange) in proxy.asked().iter().enumerate() {
        let basic = exchange.header("Authorization");
        assert!(basic.is_some_and(|basic| basic.starts_with("Basic ")));
        // The session of the login test.
        assert!(exchange.header("Cookie").is_some(), "request {number}");
    }
}

#[test]
fn nothing_of_the_client_reaches_confluence() {
    let proxy = Proxy::start();
    proxy.put("a.png", 100);
    let fields = [
        ("Accept", "image/*"),
        ("Accept-Encoding", "gzip"),
        ("Authorization", "Basic c3B5OnNweQ=="),
        ("Cookie", "JSESSIONID=spy"),
        ("If-None-Match", "\"spy\""),
        ("Range", "bytes=0-9"),
        ("Referer", "http://spy/"),
        ("User-Agent", "spy"),
        ("X-Forwarded-For", "10.0.0.1"),
    ];
    let target = "/proxy/7/a.png?os_username=spy&os_password=spy&download=true";
    assert_eq!(proxy.connect().ask("GET", target, &fields).status, 206);
    let journal = proxy.asked();
    assert_eq!(journal.len(), 1);
    assert_eq!(journal[0].target, "/download/attachments/7/a.png");
    let mut names: Vec<String> = journal[0]
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    let expected = ["accept", "authorization", "cookie", "host", "user-agent"];
    assert_eq!(names, expected, "the cookie is the login test's");
    for (_, value) in &journal[0].headers {
        assert!(!value.contains("spy") && !value.contains("c3B5"), "{value}");
    }
}

#[test]
fn a_connection_that_died_in_the_pool_is_nobodys_business() {
    let proxy = Proxy::start();
    let files = ["a.png", "b.png", "c.png"].map(|name| proxy.put(name, 1000));
    assert_eq!(proxy.get("/7/a.png").body, files[0]);

    // It looks alive until the request is out.
    proxy.script("b.png", Behaviour::ClosedWhenReused);
    let response = proxy.get("/7/b.png");
    assert_eq!(
        (response.status, response.field("X-Cache")),
        (200, Some("MISS"))
    );
    assert_eq!(response.body, files[1]);
    let seen: Vec<(u64, u16)> = proxy
        .asked()
        .iter()
        .map(|exchange| (exchange.connection, exchange.status))
        .collect();
    assert_eq!(seen, [(1, 200), (1, 0), (2, 200)]);

    // Confluence has started anew meanwhile.
    proxy.origin.close_connections();
    assert_eq!(proxy.get("/7/c.png").body, files[2]);
    assert_eq!(proxy.origin.connections_seen(), 3);
}
