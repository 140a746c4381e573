//! What people see who cannot get the file: a page, a picture, JSON or text, in their language.

use confluence_attachment_proxy::demo::{Behaviour, Fault};

use crate::support::{Proxy, Response};

/// What browsers send with a navigation and with an `<img>`.
const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
const IMG: &str = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";

fn ask(proxy: &Proxy, method: &str, path: &str, accept: &str, language: &str) -> Response {
    let fields = [("Accept", accept), ("Accept-Language", language)];
    let target = format!("/proxy{path}");
    proxy.connect().ask(method, &target, &fields)
}

#[track_caller]
fn check_common(response: &Response, status: u16) {
    assert_eq!(response.status, status);
    for (name, expected) in [
        ("Cache-Control", "no-store"),
        ("Vary", "Accept, Accept-Language"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Access-Control-Allow-Origin", "*"),
    ] {
        assert_eq!(response.field(name), Some(expected), "{name}");
    }
    let policy = response.field("Content-Security-Policy").unwrap_or("none");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(
        !policy.contains("unsafe") && policy.contains("sandbox"),
        "{policy}"
    );
}

#[test]
fn who_follows_a_link_reads_a_page_in_their_language() {
    let proxy = Proxy::start();
    for (language, tag, title) in [
        ("en-GB,en;q=0.8,zh;q=0.5", "en", "File not found"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "找不到附件"),
    ] {
        let page = ask(&proxy, "GET", "/7/none.png", NAVIGATION, language);
        check_common(&page, 404);
        assert_eq!(page.field("Content-Type"), Some("text/html; charset=utf-8"));
        let text = page.text();
        assert!(text.contains(&format!("<html lang=\"{tag}\">")), "{text}");
        assert!(text.contains(&format!("<h1>{title}</h1>")), "{text}");
        assert!(text.contains("404 Not Found, <time>"), "{text}");
        let head = ask(&proxy, "HEAD", "/7/none.png", NAVIGATION, language);
        assert_eq!(head.sorted_head(), page.sorted_head());
    }
}

#[test]
fn the_page_says_whom_to_ask_and_where_this_service_begins() {
    let (contact, url) = ("it-desk@example.com", "https://files.example.com/open");
    let proxy = Proxy::with(&[("PROXY_CONTACT", contact), ("PROXY_PUBLIC_URL", url)]);
    let page = ask(&proxy, "GET", "/7/none.png", NAVIGATION, "en");
    check_common(&page, 404);
    for link in [
        "<a href=\"mailto:it-desk@example.com\">it-desk@example.com</a>",
        "<a href=\"https://files.example.com/open/\">",
    ] {
        assert!(page.text().contains(link), "{link}: {}", page.text());
    }
}

#[test]
fn a_picture_that_is_missing_says_why_in_its_place() {
    let proxy = Proxy::start();
    proxy.put("a.png", 10);
    proxy.script("a.png", Fault::MaintenancePage);
    for (language, words) in [("en", "maintenance"), ("zh", "Confluence 维护中")] {
        let picture = ask(&proxy, "GET", "/7/a.png", IMG, language);
        check_common(&picture, 502);
        assert_eq!(picture.field("Content-Type"), Some("image/svg+xml"));
        let text = picture.text();
        assert!(
            text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "),
            "{text}"
        );
        assert!(
            text.contains(">502</text>") && text.contains(&format!(">{words}</text>")),
            "{text}"
        );
        assert!(
            !text.contains("wiki is being maintained"),
            "no HTML of Confluence: {text}"
        );
    }
}

#[test]
fn programs_and_terminals_read_what_they_did() {
    let proxy = Proxy::start();
    for (accept, media_type, start) in [
        ("application/json", "application/problem+json", "{"),
        ("*/*", "text/plain; charset=utf-8", "Not Found\n"),
        (
            "video/webm,video/*;q=0.9,*/*;q=0.5",
            "text/plain; charset=utf-8",
            "Not Found\n",
        ),
    ] {
        let response = ask(&proxy, "GET", "/7/none.png", accept, "zh");
        check_common(&response, 404);
        assert_eq!(response.field("Content-Type"), Some(media_type), "{accept}");
        assert!(response.text().starts_with(start), "{}", response.text());
        assert!(response.text().is_ascii(), "English: {}", response.text());
    }
}

/// A page that is waited for is told in the form and language of each who waits.
#[test]
fn fields_that_tell_when_and_what_go_with_every_form() {
    let proxy = Proxy::start();
    proxy.put("busy.png", 10);
    proxy.script("busy.png", Behaviour::rate_limited("7"));
    for accept in [NAVIGATION, IMG, "application/json", "*/*"] {
        let busy = ask(&proxy, "GET", "/7/busy.png", accept, "zh");
        check_common(&busy, 503);
        let wait = busy.field("Retry-After").and_then(|text| text.parse().ok());
        assert!(
            wait.is_some_and(|wait: u32| (1..=7).contains(&wait)),
            "{wait:?}"
        );
        let wrong = ask(&proxy, "DELETE", "/", accept, "zh");
        check_common(&wrong, 405);
        assert!(
            wrong
                .field("Allow")
                .is_some_and(|allow| allow.contains("GET"))
        );
    }
}

#[test]
fn nothing_of_an_address_becomes_markup_and_nobody_elses_host_is_named() {
    let proxy = Proxy::start();
    proxy.put("a.png", 10);
    proxy.script("a.png", Fault::SsoRedirect);
    for accept in [NAVIGATION, IMG] {
        for path in [
            "/7/a.png",
            "/7/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
            "/7/a.png?version=%22%3E%3Cscript%3E",
            "/x%3Cscript%3E/y",
        ] {
            let response = ask(&proxy, "GET", path, accept, "en");
            assert!(400 <= response.status, "{path}");
            let text = response.text();
            for hidden in [
                "<script",
                "sso.example",
                &proxy.origin.address().to_string(),
            ] {
                assert!(!text.contains(hidden), "{path}: {text}");
            }
        }
    }
}
