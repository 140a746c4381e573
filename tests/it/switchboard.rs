//! The switchboard of the sample Confluence: each position, and what the proxy then answers.

use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Neighbour, SampleConfluence};

use crate::support::{Client, PAGE, PATIENCE, Proxy, Response, eventually};

fn show(origin: &SampleConfluence, fields: &[(&str, &str)]) -> Response {
    Client::connect(origin.address()).ask("GET", "/switchboard", fields)
}

/// Presses a button, and follows where that leads.
#[track_caller]
fn press(origin: &SampleConfluence, word: &str) -> Response {
    let page = show(origin, &[]);
    let action = format!("action=\"/switchboard?lang=en&amp;set={word}\"");
    assert!(page.text().contains(&action), "{word}: {}", page.text());
    let target = format!("/switchboard?lang=en&set={word}");
    let pressed =
        Client::connect(origin.address()).ask("POST", &target, &[("Content-Length", "0")]);
    assert_eq!(pressed.status, 303);
    let target = pressed.field("Location").expect("where to go on");
    let page = Client::connect(origin.address()).get(target);
    assert_eq!(page.status, 200);
    page
}

/// The answer of the proxy for a file that it has not seen yet, and the kind of trouble in it.
fn new_file(proxy: &Proxy, number: u32) -> (u16, String) {
    let name = format!("{number}.png");
    proxy.put(&name, 100);
    let response = proxy.get(&format!("/{PAGE}/{name}"));
    let detail = match response.status {
        200 => String::new(),
        _ => response
            .text()
            .lines()
            .nth(1)
            .unwrap_or_default()
            .to_owned(),
    };
    (response.status, detail)
}

#[test]
fn every_position_does_at_the_proxy_what_the_page_says() {
    const NO_ACCOUNT: &str =
        "Confluence does not accept the proxy's account (it shows a login instead)";
    for (word, status, detail, then) in [
        ("down", 502, "Confluence cannot be reached", 502),
        (
            "429",
            503,
            "Confluence limits how often it may be asked",
            503,
        ),
        ("maintenance", 502, "Confluence is being maintained", 502),
        ("wrong-password", 502, NO_ACCOUNT, 503),
        ("captcha", 502, NO_ACCOUNT, 503),
        ("login-page", 502, NO_ACCOUNT, 503),
    ] {
        let mut proxy = Proxy::start();
        proxy.put("kept.png", 1000);
        assert_eq!(proxy.get("/7/kept.png").status, 200);
        proxy.get_kept("/7/kept.png");
        let page = press(&proxy.origin, word);
        let said = page.text();
        assert!(said.contains(&status.to_string()), "{word}: {said}");
        assert_eq!(new_file(&proxy, 1), (status, detail.to_owned()), "{word}");
        assert_eq!(new_file(&proxy, 2).0, then, "{word}");
        assert_eq!(
            proxy.get("/7/kept.png").field("X-Cache"),
            Some("HIT"),
            "{word}"
        );
        let logins = proxy.origin.logins();
        if then == 503 {
            assert_eq!(new_file(&proxy, 3).0, 503);
            assert_eq!(
                proxy.origin.logins(),
                logins,
                "{word}: the guard lets nothing through"
            );
        }

        press(&proxy.origin, "normal");
        if word == "429" {
            continue; // the pause that was asked for goes on
        }
        if then == 503 {
            assert_eq!(
                new_file(&proxy, 4).0,
                503,
                "{word}: nobody has told the proxy"
            );
            proxy.reload();
        }
        eventually(&format!("{word} is over"), || new_file(&proxy, 5).0 == 200);
    }
}

#[test]
fn slow_is_slow_for_new_files_only() {
    let proxy = Proxy::start();
    proxy.put("kept.png", 1000);
    proxy.get("/7/kept.png");
    proxy.get_kept("/7/kept.png");
    press(&proxy.origin, "slow");
    proxy.put("new.png", 1000);
    let asked = proxy.origin.requests();
    let begun = Instant::now();
    let mut waiting = proxy.connect();
    waiting.request("GET", "/proxy/7/new.png", &[]);
    // The question is there, its answer is not, and a file that is kept comes meanwhile.
    assert!(proxy.origin.wait_for_requests(asked + 1, PATIENCE));
    assert_eq!(proxy.get("/7/kept.png").field("X-Cache"), Some("HIT"));
    assert_eq!(waiting.response(false).status, 200);
    let took = begun.elapsed();
    assert!(Duration::from_secs(3) <= took, "{took:?}");
}

#[test]
fn the_page_counts_what_reaches_confluence_and_itself_never() {
    let proxy = Proxy::start();
    let (url, reload) = (
        "http://127.0.0.1:1/proxy/?a&b".into(),
        "kill -HUP <1>".into(),
    );
    proxy.origin.introduce(Neighbour { url, reload });
    proxy.put("a.png", 12_345);
    proxy.get("/7/a.png");
    let (requests, logins) = (proxy.origin.requests(), proxy.origin.logins());
    let bytes = proxy.origin.bytes_sent();
    assert!(12_345 <= bytes);
    for _ in 0..3 {
        let text = show(&proxy.origin, &[]).text().to_owned();
        for number in [requests as u64, logins as u64, bytes] {
            assert!(
                text.contains(&format!("<dd>{number}</dd>")),
                "{number}: {text}"
            );
        }
        assert!(
            text.contains("<a href=\"http://127.0.0.1:1/proxy/?a&amp;b\">"),
            "{text}"
        );
        assert!(text.contains("<code>kill -HUP &lt;1></code>"), "{text}");
    }
    let chinese = show(&proxy.origin, &[("Accept-Language", "zh-CN")]);
    assert!(chinese.text().contains("<html lang=\"zh-CN\">"));
    let policy = chinese.field("Content-Security-Policy").unwrap_or_default();
    assert!(
        policy.contains("form-action 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
}

#[test]
fn down_leaves_the_switchboard_up_and_another_site_cannot_press() {
    let proxy = Proxy::start();
    press(&proxy.origin, "down");
    let pressed = |page: &Response, name: &str| {
        page.text()
            .contains(&format!("<button aria-pressed=\"true\">{name}</button>"))
    };
    for _ in 0..3 {
        let page = show(&proxy.origin, &[]);
        assert!(
            page.status == 200 && pressed(&page, "Down"),
            "{}",
            page.text()
        );
    }
    for (method, target, fields, status) in [
        (
            "POST",
            "/switchboard?set=normal",
            &[("Sec-Fetch-Site", "cross-site")][..],
            403,
        ),
        (
            "POST",
            "/switchboard?set=normal",
            &[("Sec-Fetch-Site", "same-site")],
            403,
        ),
        ("POST", "/switchboard?set=nothing", &[], 404),
        ("POST", "/switchboard", &[], 404),
        ("DELETE", "/switchboard", &[], 405),
        ("GET", "/switchboard?set=normal", &[], 200),
        (
            "POST",
            "/switchboard?set=down",
            &[("Sec-Fetch-Site", "same-origin")],
            303,
        ),
    ] {
        let answer = Client::connect(proxy.origin.address()).ask(method, target, fields);
        assert_eq!(answer.status, status, "{method} {target}");
        assert!(
            pressed(&show(&proxy.origin, &[]), "Down"),
            "{method} {target}"
        );
    }
}
