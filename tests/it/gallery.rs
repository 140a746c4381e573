//! The files of a page, for people and programs, and how rarely Confluence is asked for them.

use std::time::{Duration, UNIX_EPOCH};

use confluence_attachment_proxy::demo::{Behaviour, Fault, File, Latch};
use serde_json::{Value, json};

use crate::support::{Client, PAGE, PATIENCE, Proxy, Response, eventually, pattern};

const JSON: [(&str, &str); 1] = [("Accept", "application/json")];

/// A page of many files, so that a listing takes 13 questions.
const LARGE: u64 = 70;
const LARGE_FILES: usize = 2500;

fn ask(proxy: &Proxy, path: &str, fields: &[(&str, &str)]) -> Response {
    let target = format!("/proxy{path}");
    proxy.connect().ask("GET", &target, fields)
}

fn listing(proxy: &Proxy, path: &str) -> Value {
    let response = ask(proxy, path, &JSON);
    assert_eq!(response.status, 200, "{path}: {}", response.text());
    serde_json::from_slice(&response.body).expect("JSON")
}

fn names(listing: &Value) -> Vec<&str> {
    let files = listing["files"].as_array().expect("a list");
    let name = |file: &'_ Value| file["name"].as_str().map(str::len).is_some();
    assert!(files.iter().all(name));
    files
        .iter()
        .filter_map(|file| file["name"].as_str())
        .collect()
}

/// How often Confluence was asked which files a page has.
fn questions(proxy: &Proxy, page: u64) -> usize {
    let start = format!("/rest/api/content/{page}/child/attachment?");
    let targets = proxy.targets();
    targets.iter().filter(|it| it.starts_with(&start)).count()
}

fn put_many(proxy: &Proxy) {
    for number in 0..LARGE_FILES {
        let (ending, media_type) = match number % 5 {
            0 => ("pdf", "application/pdf"),
            1 => ("zip", "application/octet-stream"),
            _ => ("png", "image/png"),
        };
        let when = UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number as u64 * 7919 % 2503);
        let file = File::new(media_type, pattern(10 + number * 7919 % 2503)).uploaded(when);
        proxy
            .origin
            .put(LARGE, &format!("File {number:04}.{ending}"), file);
    }
}

#[track_caller]
fn check_listed(proxy: &Proxy) {
    proxy.origin.name_page(PAGE, "DOC", "Plans & <b>");
    let file = File::new("image/png", pattern(77)).commented("with <i> & \"quotes\"");
    proxy.origin.put(PAGE, "图 1+2.png", file);
    proxy
        .origin
        .put(PAGE, "notes.txt", File::new("text/plain", pattern(5)));
    proxy.origin.put(
        PAGE,
        "notes.txt",
        File::new("text/plain", pattern(6))
            .uploaded(UNIX_EPOCH + Duration::from_secs(1_709_251_200)),
    );
    let expected = json!({
        "page_id": "7", "title": "Plans & <b>", "space": "DOC",
        "total": 2, "bytes": 83, "page": 1, "pages": 1,
        "files": [
            {
                "name": "notes.txt", "path": "/proxy/7/notes.txt", "url": "http://test/proxy/7/notes.txt",
                "type": "document", "media_type": "text/plain", "bytes": 6, "version": 2,
                "modified": "2024-03-01T00:00:00Z", "comment": null, "thumbnail": null,
            },
            {
                "name": "图 1+2.png", "path": "/proxy/7/%E5%9B%BE%201%2B2.png",
                "url": "http://test/proxy/7/%E5%9B%BE%201%2B2.png",
                "type": "image", "media_type": "image/png", "bytes": 77, "version": 1,
                "modified": "2024-06-09T14:04:16Z", "comment": "with <i> & \"quotes\"",
                "thumbnail": "/proxy/download/thumbnails/7/%E5%9B%BE%201%2B2.png?width=300",
            },
        ],
    });
    let listing = listing(proxy, "/7");
    assert_eq!(listing, expected);
    for file in listing["files"].as_array().expect("a list") {
        for link in [&file["path"], &file["thumbnail"]]
            .into_iter()
            .filter_map(Value::as_str)
        {
            assert_eq!(proxy.connect().get(link).status, 200, "{link}");
        }
    }
}

#[test]
fn a_page_is_listed_with_all_that_confluence_says() {
    check_listed(&Proxy::start());
    check_listed(&Proxy::cloud(&[]));
}

#[test]
fn thousands_of_files_are_paged_filtered_and_sorted() {
    let proxy = Proxy::start();
    put_many(&proxy);
    let first = listing(&proxy, "/70");
    assert_eq!(
        (&first["total"], &first["pages"], &first["page"]),
        (&json!(2500), &json!(50), &json!(1))
    );
    assert_eq!(names(&first).len(), 50);
    assert_eq!(names(&first)[49], "File 0049.png");
    let mut seen = Vec::new();
    for page in 1..=50 {
        let listing = listing(&proxy, &format!("/70?page={page}"));
        seen.extend(names(&listing).into_iter().map(str::to_owned));
    }
    seen.dedup();
    assert_eq!(seen.len(), LARGE_FILES, "every file is on one page");
    for (query, total, page, head) in [
        ("?page=99", 2500, 50, "File 2450.pdf"),
        (
            "?page=x&type=nothing&sort=nothing",
            2500,
            1,
            "File 0000.pdf",
        ),
        ("?q=file+24&type=document", 26, 1, "File 0240.pdf"),
        ("?q=PDF%201999", 0, 1, ""),
        ("?q=png+1998", 1, 1, "File 1998.png"),
        ("?type=archive&page=10", 500, 10, "File 2251.zip"),
        ("?type=image&page=30", 1500, 30, "File 2418.png"),
        ("?type=video", 0, 1, ""),
    ] {
        let found = listing(&proxy, &format!("/70{query}"));
        assert_eq!(
            (&found["total"], &found["page"]),
            (&json!(total), &json!(page)),
            "{query}"
        );
        assert_eq!(
            names(&found).first().copied().unwrap_or_default(),
            head,
            "{query}"
        );
    }
    for (sort, field) in [("date", "modified"), ("size", "bytes")] {
        let mut last = None;
        for page in 1..=50 {
            let found = listing(&proxy, &format!("/70?sort={sort}&page={page}"));
            for file in found["files"].as_array().expect("a list") {
                let value = (
                    file[field].as_u64(),
                    file[field].as_str().map(str::to_owned),
                );
                assert!(
                    last.as_ref().is_none_or(|last| value <= *last),
                    "{sort}: {file}"
                );
                last = Some(value);
            }
        }
    }
    assert_eq!(questions(&proxy, LARGE), 13, "all of that was one listing");
}

#[test]
fn a_hundred_who_wait_for_a_slow_confluence_are_one_question() {
    let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "2")]);
    proxy
        .origin
        .put(8, "a.png", File::new("image/png", pattern(1000)));
    proxy.put("a.png", 1000);
    proxy.put("b.png", 1000);
    assert_eq!(proxy.get("/7/a.png").status, 200);
    let latch = Latch::new();
    proxy.origin.script_rest(Behaviour::hold(&latch));
    let clients: Vec<Client> = (0..100)
        .map(|number| {
            let mut client = proxy.connect();
            // Some insist: what is on its way is new enough for them as well.
            let insists = [JSON[0], ("Cache-Control", "no-cache")];
            let fields = if number % 2 == 0 { &JSON[..] } else { &insists };
            client.request("GET", "/proxy/7", fields);
            client
        })
        .collect();
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    // One of two connections is busy, and no other listing takes the second: everything else goes on.
    let mut other = proxy.connect();
    other.request("GET", "/proxy/8", &JSON);
    assert_eq!(proxy.get_kept("/7/a.png").status, 200);
    assert_eq!(proxy.get("/7/b.png").status, 200);
    latch.open();
    for mut client in clients {
        let response = client.response(false);
        assert_eq!(response.status, 200);
        let listing: Value = serde_json::from_slice(&response.body).expect("JSON");
        assert_eq!(names(&listing), ["a.png", "b.png"]);
    }
    assert_eq!(other.response(false).status, 200);
    assert_eq!(questions(&proxy, PAGE), 1);
}

#[test]
fn a_listing_is_remembered_until_somebody_insists_or_purges() {
    let proxy = Proxy::start();
    proxy.put("a.png", 10);
    assert_eq!(names(&listing(&proxy, "/7")), ["a.png"]);
    proxy.put("b.png", 10);
    assert_eq!(names(&listing(&proxy, "/7")), ["a.png"], "remembered");
    let insists = [JSON[0], ("Cache-Control", "no-cache")];
    let response = ask(&proxy, "/7", &insists);
    assert!(response.text().contains("b.png"));
    assert_eq!(
        names(&listing(&proxy, "/7")),
        ["a.png", "b.png"],
        "and that is, too"
    );
    assert_eq!(questions(&proxy, PAGE), 2);
    for purge in ["/proxy/7", "/proxy/7/a.png"] {
        proxy.origin.remove(PAGE, "b.png");
        assert_eq!(proxy.connect().ask("DELETE", purge, &[]).status, 204);
        assert_eq!(names(&listing(&proxy, "/7")), ["a.png"], "{purge}");
        proxy.put("b.png", 10);
        assert_eq!(proxy.connect().ask("DELETE", purge, &[]).status, 204);
        assert_eq!(names(&listing(&proxy, "/7")), ["a.png", "b.png"], "{purge}");
    }
}

#[test]
fn who_has_the_page_already_gets_304_until_it_changes() {
    let proxy = Proxy::start();
    proxy.put("a.png", 10);
    for accept in ["text/html", "application/json"] {
        let accept = ("Accept", accept);
        let first = ask(&proxy, "/7", &[accept]);
        let tag = first.field("ETag").expect("a tag").to_owned();
        let known = ("If-None-Match", tag.as_str());
        let again = ask(&proxy, "/7", &[accept, known]);
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.field("ETag"), Some(&*tag));
        for other in ["/7?q=b", "/7?lang=zh&q=b"] {
            assert_eq!(ask(&proxy, other, &[accept, known]).status, 200, "{other}");
        }
        proxy.put("a.png", 11);
        let changed = ask(
            &proxy,
            "/7",
            &[accept, known, ("Cache-Control", "no-cache")],
        );
        assert_eq!(changed.status, 200);
    }
}

#[test]
fn only_published_pages_are_listed_and_nothing_is_asked_about_others() {
    let proxy = Proxy::with(&[("PROXY_ALLOW_PAGES", "7")]);
    proxy.put("a.png", 10);
    proxy
        .origin
        .put(8, "secret.png", File::new("image/png", pattern(10)));
    let refused = ask(&proxy, "/8", &[]);
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("does not publish"),
        "{}",
        refused.text()
    );
    assert_eq!(proxy.targets(), [""; 0]);
    assert_eq!(names(&listing(&proxy, "/7")), ["a.png"]);

    let proxy = Proxy::with(&[("PROXY_ALLOW_SPACES", "DOC")]);
    for (page, space) in [(7, "doc"), (8, "HR")] {
        proxy
            .origin
            .put(page, "a.png", File::new("image/png", pattern(10)));
        proxy.origin.name_page(page, space, "A page");
    }
    assert_eq!(ask(&proxy, "/8", &[]).status, 403);
    assert_eq!(questions(&proxy, 8), 0, "only its space is looked up");
    assert_eq!(names(&listing(&proxy, "/7")), ["a.png"]);
    let mut targets = proxy.targets();
    targets.retain(|target| target.contains("/content/7?"));
    assert_eq!(targets.len(), 1, "the space brings the title along");
}

#[test]
fn what_is_in_the_way_is_said() {
    let proxy = Proxy::start();
    let missing = ask(&proxy, "/99", &[]);
    assert_eq!(missing.status, 404);
    assert!(
        missing.text().contains("no such page"),
        "{}",
        missing.text()
    );
    proxy.put("a.png", 10);
    proxy
        .origin
        .put(8, "a.png", File::new("image/png", pattern(10)));
    proxy.origin.script_rest(Fault::LoginRefused {
        reason: "AUTHENTICATED_FAILED".into(),
    });
    let refused = ask(&proxy, "/7", &JSON);
    assert_eq!(refused.status, 502);
    assert_eq!(
        refused.field("Content-Type"),
        Some("application/problem+json")
    );
    assert!(refused.text().contains("login"), "{}", refused.text());
    let asked = proxy.asked_all().len();
    let shut = ask(&proxy, "/8", &[]);
    assert_eq!(shut.status, 503, "the guard is shut");
    assert!(shut.field("Retry-After").is_some());
    assert_eq!(proxy.asked_all().len(), asked, "and nothing is asked");
}

#[test]
fn more_pages_than_may_wait_are_turned_away_at_once() {
    let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "1")]);
    for page in 1000..=1080 {
        proxy
            .origin
            .put(page, "a.png", File::new("image/png", pattern(10)));
    }
    let latch = Latch::new();
    proxy.origin.script_rest(Behaviour::hold(&latch));
    let mut first = proxy.connect();
    first.request("GET", "/proxy/1000", &JSON);
    assert!(latch.wait_for_arrivals(1, PATIENCE), "the crew is busy");
    let mut clients: Vec<Client> = (1001..=1080)
        .map(|page| {
            let mut client = proxy.connect();
            client.request("GET", &format!("/proxy/{page}"), &JSON);
            client
        })
        .collect();
    let is_answered = |client: &Client| {
        client.socket.set_nonblocking(true).expect("a socket");
        let is_answered = client.socket.peek(&mut [0]).is_ok();
        client.socket.set_nonblocking(false).expect("a socket");
        is_answered
    };
    let mut turned_away = Vec::new();
    eventually("64 wait and 16 do not", || {
        turned_away.extend(clients.extract_if(.., |client| is_answered(client)));
        16 <= turned_away.len()
    });
    assert_eq!((turned_away.len(), clients.len()), (16, 64));
    for mut client in turned_away {
        let response = client.response(false);
        assert_eq!(response.status, 503);
        assert_eq!(response.field("Retry-After"), Some("5"));
    }
    latch.open();
    assert_eq!(first.response(false).status, 200);
    for mut client in clients {
        let response = client.response(false);
        assert_eq!(response.status, 200, "{}", response.text());
    }
}

/// Confluence takes names with a slash; an address that has one leads to something else.
#[test]
fn a_name_that_no_address_can_hold_is_shown_without_links() {
    let proxy = Proxy::start();
    proxy.put("fine.png", 10);
    for name in ["a/b.png", "c\\d.svg"] {
        let file = File::new("image/png", pattern(10));
        proxy.origin.put(PAGE, name, file);
    }
    let listing = listing(&proxy, "/7");
    assert_eq!(names(&listing), ["a/b.png", "c\\d.svg", "fine.png"]);
    for file in &listing["files"].as_array().expect("a list")[..2] {
        for field in ["path", "url", "thumbnail"] {
            assert_eq!(file[field], Value::Null, "{field}: {file}");
        }
    }
    for (language, sentence) in [
        ("en", "No address can hold this name"),
        ("zh", "任何地址都无法表示这个文件名"),
    ] {
        let page = ask(&proxy, &format!("/7?lang={language}"), &[]);
        let text = page.text();
        assert_eq!(text.matches(sentence).count(), 2, "{text}");
        assert!(text.contains("<h2>a/b.png</h2>"), "{text}");
        assert!(!text.contains("a%2Fb") && !text.contains("c%5Cd"), "{text}");
        assert_eq!(text.matches("data-copy-text=\"").count(), 1, "{text}");
        assert_eq!(text.matches("download=true").count(), 1, "{text}");
    }
}

#[test]
fn people_get_a_page_in_their_language_that_works_without_a_script() {
    let proxy = Proxy::with(&[("PROXY_PUBLIC_URL", "https://files.example.com")]);
    put_many(&proxy);
    let file = File::new("text/html", pattern(1_234_567)).commented("<script>alert(1)</script>");
    proxy.origin.put(PAGE, "<b>'\".html", file);
    proxy.origin.name_page(PAGE, "DOC", "<i>Plans</i>");
    let page = ask(&proxy, "/7", &[("Accept", "text/html")]);
    assert_eq!(page.field("Content-Type"), Some("text/html; charset=utf-8"));
    let policy = page.field("Content-Security-Policy").expect("a policy");
    assert!(!policy.contains("unsafe"), "{policy}");
    for part in [
        "<html lang=\"en\">",
        "<h1>&lt;i&gt;Plans&lt;/i&gt;</h1>",
        "Space DOC",
        "1 attachment",
        "1.2 MB",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        ">&lt;b&gt;&#39;&quot;.html</a></h2>",
        "href=\"/proxy/7/%3Cb%3E%27%22.html?download=true\"",
        "data-copy-text=\"https://files.example.com/proxy/7/%3Cb%3E%27%22.html\"",
        "datetime=\"2024-06-09T14:04:16Z\"",
        "<span class=\"badge document\">HTML</span>",
    ] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let head = proxy.connect().ask("HEAD", "/proxy/7", &[]);
    assert_eq!(head.field("Content-Length"), page.field("Content-Length"));

    let filtered = ask(&proxy, "/70?q=png+01&type=image&lang=zh&page=2", &[]);
    for part in [
        "<html lang=\"zh-CN\">",
        "name=\"q\" value=\"png 01\"",
        "<option value=\"image\" selected>图片</option>",
        "<input type=\"hidden\" name=\"lang\" value=\"zh\">",
        "src=\"/proxy/download/thumbnails/70/File%20",
        "loading=\"lazy\"",
        "href=\"?q=png%2001&amp;type=image&amp;lang=zh\" rel=\"prev\"",
    ] {
        assert!(filtered.text().contains(part), "{part}");
    }
    let empty = ask(&proxy, "/70?q=nothing-like-it", &[]);
    assert!(empty.text().contains("No attachment of this page matches"));
    proxy.origin.remove(PAGE, "<b>'\".html");
    let bare = ask(
        &proxy,
        "/7",
        &[("Cache-Control", "no-cache"), ("Accept-Language", "zh")],
    );
    assert!(bare.text().contains("此页面没有附件"));
}
