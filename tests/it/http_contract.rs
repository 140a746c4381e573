//! What HTTP promises to clients: heads, conditionals, ranges, freshness, methods, problems, content policy, names.

use confluence_attachment_proxy::demo::{Behaviour, File, Latch};

use crate::support::{PAGE, PATIENCE, Proxy, Response, pattern};

/// What [`File`] claims by itself: 2024-06-09 14:04:16 UTC.
const UPLOADED: &str = "Sun, 09 Jun 2024 14:04:16 GMT";

/// The policy of everything but PDF.
const SECURITY: &str = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/// What a preflight and every page of other origins may know about.
const EXPOSED: &str =
    "Accept-Ranges, Age, Cache-Status, Content-Disposition, Content-Range, Date, ETag, X-Cache";

/// A proxy that has this file in its cache.
fn with_file(name: &str, bytes: &[u8]) -> Proxy {
    let proxy = Proxy::start();
    let file = File::new("image/png", bytes.to_vec());
    proxy.origin.put(PAGE, name, file);
    assert!(proxy.get(&format!("/7/{name}")).body == bytes);
    proxy
}

fn ask(proxy: &Proxy, path: &str, fields: &[(&str, &str)]) -> Response {
    let response = proxy.connect().ask("GET", &format!("/proxy{path}"), fields);
    assert!(response.complete, "cut short: {}", response.head);
    response
}

#[track_caller]
fn number(response: &Response, field: &str, prefix: &str) -> u64 {
    let value = response.field(field).expect("the field is there");
    let digits = value.strip_prefix(prefix).expect("the prefix is there");
    digits.parse().expect("a number")
}

/// What is left of a copy's time, in seconds.
#[track_caller]
fn left(response: &Response) -> u64 {
    let status = response.field("Cache-Status").expect("the field is there");
    let (_, digits) = status.rsplit_once("; ttl=").expect("it has a ttl");
    digits.parse().expect("a number")
}

/// Makes the parts that depend on the second, and the tag, which depends on the bytes, readable in a comparison.
fn steady(response: &Response) -> String {
    let age = number(response, "Age", "");
    let left = left(response);
    assert!((3599..=3600).contains(&(age + left)), "{age} + {left}");
    let mut head = response
        .sorted_head()
        .replace(&format!("\nAge: {age}\n"), "\nAge: AGE\n")
        .replace(&format!("; ttl={left}\n"), "; ttl=LEFT\n");
    if let Some(tag) = response.field("ETag") {
        assert!(
            tag.len() == 34 && tag[1..33].bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{tag}"
        );
        head = head.replace(tag, "TAG");
    }
    head
}

#[test]
fn an_attachment_carries_exactly_these_fields() {
    let proxy = Proxy::start();
    proxy.put("图 a.png", 10_000);
    let path = "/7/%E5%9B%BE%20a.png";
    let first = ask(&proxy, path, &[]);
    let shared = |rest: &str| {
        let mut lines: Vec<String> = [
            "Accept-Ranges: bytes",
            "Access-Control-Allow-Origin: *",
            &format!("Access-Control-Expose-Headers: {EXPOSED}"),
            "Age: AGE",
            "Cache-Control: public, max-age=3600",
            "Content-Disposition: inline; filename=\"_ a.png\"; filename*=UTF-8''%E5%9B%BE%20a.png",
            "Content-Length: 10000",
            &format!("Content-Security-Policy: {SECURITY}"),
            "Content-Type: image/png",
            "Cross-Origin-Resource-Policy: cross-origin",
            &format!("Last-Modified: {UPLOADED}"),
            "Referrer-Policy: no-referrer",
            "X-Content-Type-Options: nosniff",
        ]
        .iter()
        .map(|line| line.to_string())
        .chain(rest.lines().map(str::to_owned))
        .collect();
        lines.sort_unstable();
        format!("HTTP/1.1 200 OK\n{}\n", lines.join("\n"))
    };
    let miss = "Cache-Status: confluence-attachment-proxy; fwd=uri-miss; ttl=LEFT\nX-Cache: MISS\n";
    assert_eq!(steady(&first), shared(miss));
    let hit = "Cache-Status: confluence-attachment-proxy; hit; ttl=LEFT\nX-Cache: HIT\nETag: TAG\n";
    assert_eq!(steady(&ask(&proxy, path, &[])), shared(hit));
    let sent = proxy.asked();
    assert_eq!(
        sent[0].target, "/download/attachments/7/%E5%9B%BE%20a.png",
        "the address that Confluence saw"
    );
}

#[test]
fn nothing_of_a_client_but_the_address_reaches_confluence() {
    let proxy = Proxy::start();
    proxy.put("a.png", 10);
    let fields = [
        ("Cookie", "JSESSIONID=stolen"),
        ("Authorization", "Basic bWU6bXk="),
        ("Range", "bytes=1-2"),
        ("If-None-Match", "\"a\""),
        ("Accept-Language", "zh"),
        ("X-Forwarded-For", "10.1.1.1"),
        ("Referer", "http://elsewhere/"),
        ("User-Agent", "odd"),
    ];
    let response = ask(&proxy, "/7/a.png?version=1&os_username=x&secret=y", &fields);
    assert_eq!(response.status, 206);
    let journal = proxy.asked();
    let [exchange] = &journal[..] else {
        panic!("not one request: {journal:?}")
    };
    assert_eq!(exchange.target, "/download/attachments/7/a.png?version=1");
    let mut names: Vec<String> = exchange
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "accept-encoding",
        "authorization",
        "cookie", // the session of the login test
        "host",
        "user-agent",
    ];
    let unexpected: Vec<&String> = names
        .iter()
        .filter(|name| !expected.contains(&name.as_str()) && *name != "connection")
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    for (name, value) in fields {
        assert_ne!(exchange.header(name), Some(value));
    }
}

#[test]
fn head_says_what_get_says_and_sends_nothing_else() {
    let proxy = with_file("a.png", &pattern(5000));
    let paths = [
        "/proxy/7/a.png",
        "/proxy/7/a.png?download=true",
        "/proxy/7/none.png",
        "/proxy/x/y/z",
        "/proxy/",
        "/healthz",
        "/readyz",
        "/readyz?upstream",
    ];
    let mut client = proxy.connect();
    for path in paths {
        client.get(path); // so that both of the next ones find the same in the cache
        let get = client.get(path);
        let head = client.ask("HEAD", path, &[]);
        let steady = |response: &Response| {
            let head = response.sorted_head();
            let moving = ["Age: ", "Cache-Control: public", "Cache-Status: "];
            let still = head
                .lines()
                .filter(|line| !moving.iter().any(|field| line.starts_with(field)));
            still.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(steady(&head), steady(&get), "{path}");
        assert_eq!(
            head.field("Content-Length"),
            Some(&*get.body.len().to_string())
        );
    }
    assert!(
        client.get("/proxy/7/a.png").body == pattern(5000),
        "no stray byte"
    );
}

#[test]
fn head_of_a_file_that_is_not_kept_yet_fetches_it() {
    let proxy = Proxy::start();
    proxy.put("a.png", 5000);
    let mut client = proxy.connect();
    let head = client.ask("HEAD", "/proxy/7/a.png", &[]);
    assert_eq!(
        (
            head.status,
            head.field("Content-Length"),
            head.field("X-Cache")
        ),
        (200, Some("5000"), Some("MISS"))
    );
    assert_eq!(client.get("/proxy/7/a.png").body, pattern(5000));
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn who_has_the_file_already_is_told_so_in_few_bytes() {
    let proxy = with_file("a.png", &pattern(5000));
    let tag = ask(&proxy, "/7/a.png", &[])
        .field("ETag")
        .expect("a tag")
        .to_owned();
    let weak = format!("W/{tag}");
    let list = format!("\"other\", {tag}");
    for (fields, status) in [
        (vec![("If-None-Match", tag.as_str())], 304),
        (vec![("If-None-Match", weak.as_str())], 304),
        (vec![("If-None-Match", list.as_str())], 304),
        (
            vec![("If-None-Match", "\"x\""), ("If-None-Match", tag.as_str())],
            304,
        ),
        (vec![("If-None-Match", "*")], 304),
        (vec![("If-None-Match", "\"other\"")], 200),
        (vec![("If-None-Match", "malformed")], 200),
        (vec![("If-Modified-Since", UPLOADED)], 304),
        (
            vec![("If-Modified-Since", "Sun, 09 Jun 2024 14:04:17 GMT")],
            304,
        ),
        (
            vec![("If-Modified-Since", "Sun, 09 Jun 2024 14:04:15 GMT")],
            200,
        ),
        (vec![("If-Modified-Since", "yesterday")], 200),
        // The tag decides alone.
        (
            vec![
                ("If-None-Match", "\"other\""),
                ("If-Modified-Since", UPLOADED),
            ],
            200,
        ),
        (
            vec![
                ("If-None-Match", tag.as_str()),
                ("If-Modified-Since", "Sun, 09 Jun 2023 14:04:16 GMT"),
            ],
            304,
        ),
        // Conditions come before ranges.
        (
            vec![("If-None-Match", tag.as_str()), ("Range", "bytes=0-1")],
            304,
        ),
    ] {
        let response = ask(&proxy, "/7/a.png", &fields);
        assert_eq!(response.status, status, "{fields:?}");
        if status == 304 {
            assert_eq!(
                steady(&response),
                format!(
                    "HTTP/1.1 304 Not Modified\n\
                     Access-Control-Allow-Origin: *\n\
                     Access-Control-Expose-Headers: {EXPOSED}\n\
                     Age: AGE\n\
                     Cache-Control: public, max-age=3600\n\
                     Cache-Status: confluence-attachment-proxy; hit; ttl=LEFT\n\
                     Cross-Origin-Resource-Policy: cross-origin\n\
                     ETag: TAG\n\
                     Last-Modified: {UPLOADED}\n\
                     X-Cache: HIT\n"
                )
            );
        } else {
            assert!(response.body == pattern(5000), "{fields:?}");
        }
    }
    assert_eq!(proxy.fetches(), 1, "all from the cache");
}

#[test]
fn ranges_of_a_kept_file_are_exact() {
    let bytes = pattern(200_000); // several chunks
    let proxy = with_file("a.png", &bytes);
    let tag = ask(&proxy, "/7/a.png", &[])
        .field("ETag")
        .expect("a tag")
        .to_owned();
    let part = |range: std::ops::Range<usize>| Some((206, range));
    let all = Some((200, 0..bytes.len()));
    for (range, condition, expected) in [
        ("bytes=0-0", None, part(0..1)),
        ("bytes=100-199", None, part(100..200)),
        ("bytes=65530-131080", None, part(65_530..131_081)),
        ("bytes=199000-", None, part(199_000..200_000)),
        ("bytes=199000-999999999", None, part(199_000..200_000)),
        ("bytes=-10", None, part(199_990..200_000)),
        ("bytes=-999999", None, part(0..200_000)),
        ("bytes=0-9,10-19, 5-12", None, part(0..20)), // touching ones become one
        ("bytes=300000-, 7-8", None, part(7..9)),
        ("bytes=200000-", None, None),
        ("bytes=999999999999999999999-", None, None),
        ("bytes=-0", None, None),
        ("bytes=5-4", None, all.clone()),
        ("bytes=a-b", None, all.clone()),
        ("lines=1-2", None, all.clone()),
        ("bytes=1-2", Some(tag.as_str()), part(1..3)),
        ("bytes=1-2", Some(UPLOADED), part(1..3)),
        ("bytes=1-2", Some("\"other\""), all.clone()),
        (
            "bytes=1-2",
            Some("Sun, 09 Jun 2024 14:04:17 GMT"),
            all.clone(),
        ),
        ("bytes=900000-", Some("\"other\""), all.clone()),
    ] {
        let mut fields = vec![("Range", range)];
        fields.extend(condition.map(|condition| ("If-Range", condition)));
        let response = ask(&proxy, "/7/a.png", &fields);
        match expected {
            Some((status, expected)) => {
                assert_eq!(response.status, status, "{fields:?}");
                assert!(response.body == bytes[expected.clone()], "{fields:?}");
                let content_range = format!("bytes {}-{}/200000", expected.start, expected.end - 1);
                let content_range = (status == 206).then_some(content_range);
                assert_eq!(response.field("Content-Range"), content_range.as_deref());
                assert_eq!(response.field("ETag"), Some(&*tag));
                assert_eq!(response.field("X-Cache"), Some("HIT"));
            }
            None => {
                assert_eq!(response.status, 416, "{fields:?}");
                assert_eq!(response.field("Content-Range"), Some("bytes */200000"));
                assert!(response.text().contains("the file has 200000 bytes"));
            }
        }
    }
    assert_eq!(proxy.fetches(), 1);
}

/// Takes a multipart/byteranges body apart to the letter: type, range and bytes of each part.
fn parts(response: &Response) -> Vec<(String, String, Vec<u8>)> {
    let media_type = response.field("Content-Type").expect("a type");
    let boundary = media_type
        .strip_prefix("multipart/byteranges; boundary=")
        .expect("several ranges");
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut rest: &[u8] = &[b"\r\n", &response.body[..]].concat();
    let mut parts = Vec::new();
    loop {
        rest = rest.strip_prefix(&delimiter[..]).expect("a delimiter");
        if rest == b"--\r\n" {
            return parts;
        }
        rest = rest.strip_prefix(b"\r\n").expect("a line end");
        let find = |what: &[u8]| rest.windows(what.len()).position(|window| window == what);
        let head_end = find(b"\r\n\r\n").expect("a part head");
        let end = find(&delimiter).expect("an end");
        let head = std::str::from_utf8(&rest[..head_end]).expect("text");
        let (kind, range) = head.split_once("\r\n").expect("two fields");
        parts.push((
            kind.to_owned(),
            range.to_owned(),
            rest[head_end + 4..end].to_vec(),
        ));
        rest = &rest[end..];
    }
}

#[test]
fn several_ranges_come_in_one_body_however_many_are_allowed() {
    let bytes = pattern(500_000);
    let proxy = with_file("a.png", &bytes);
    let mut client = proxy.connect();
    for count in 2..=16 {
        let ranges: Vec<(usize, usize)> = (0..count)
            .rev()
            .map(|number| (number * 31_000, number * 31_000 + 1 + number * 1500))
            .collect();
        let field: Vec<String> = ranges
            .iter()
            .map(|(first, last)| format!("{first}-{last}"))
            .collect();
        let field = format!("bytes={}", field.join(", "));
        let response = client.ask("GET", "/proxy/7/a.png", &[("Range", &field)]);
        assert!(response.complete && response.status == 206, "{field}");
        let expected: Vec<_> = ranges
            .iter()
            .map(|(first, last)| {
                (
                    "Content-Type: image/png".to_owned(),
                    format!("Content-Range: bytes {first}-{last}/500000"),
                    bytes[*first..=*last].to_vec(),
                )
            })
            .collect();
        assert!(parts(&response) == expected, "{field}");
    }
    let field: String = (0..17)
        .map(|number| format!(",{}-{}", number * 10, number * 10))
        .collect();
    let response = client.ask(
        "GET",
        "/proxy/7/a.png",
        &[("Range", &format!("bytes={}", &field[1..]))],
    );
    assert!(
        response.status == 200 && response.body == bytes,
        "too many: the whole"
    );
}

#[test]
fn a_range_of_a_file_that_is_not_kept_yet_is_exact_too() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 200_000);
    let response = ask(&proxy, "/7/a.png", &[("Range", "bytes=150000-150009")]);
    assert_eq!(
        (response.status, response.field("X-Cache")),
        (206, Some("MISS"))
    );
    assert_eq!(
        response.field("Content-Range"),
        Some("bytes 150000-150009/200000")
    );
    assert_eq!(response.body, bytes[150_000..150_010]);
    assert!(proxy.get("/7/a.png").body == bytes);
    assert_eq!(proxy.fetches(), 1, "the whole was kept");
    proxy.put("b.png", 10);
    let response = ask(&proxy, "/7/b.png", &[("Range", "bytes=10-")]);
    assert_eq!(
        (response.status, response.field("Content-Range")),
        (416, Some("bytes */10"))
    );
}

#[test]
fn age_and_what_is_left_make_up_the_whole_life() {
    for ttl in [3600, 60] {
        let proxy = Proxy::with(&[("CACHE_TTL_SECONDS", &ttl.to_string())]);
        proxy.put("a.png", 10);
        let mut before = (0, ttl);
        for expected in ["MISS", "HIT", "HIT"] {
            let response = ask(&proxy, "/7/a.png", &[]);
            assert_eq!(response.field("X-Cache"), Some(expected));
            let age = number(&response, "Age", "");
            let left = left(&response);
            assert!(age + left == ttl || age + left + 1 == ttl, "{age} + {left}");
            // A cache takes off the age by itself.
            assert_eq!(number(&response, "Cache-Control", "public, max-age="), ttl);
            assert!(before.0 <= age && left <= before.1, "time runs one way");
            before = (age, left);
        }
    }
}

#[test]
fn problems_come_as_text_or_json_with_the_same_words() {
    let proxy = Proxy::start();
    let files = "files live at /proxy/{page id}/{file name} and at /proxy/download/attachments/{page id}/{file name}";
    let explained = "the page at /proxy/ explains the addresses";
    let correct = "correct the address; names are percent-encoded UTF-8";
    let gone = "Confluence has no such attachment, or the proxy's account may not see it";
    let check =
        "check the file name and that the number is the page's id, not the attachment's own";
    for (target, status, title, detail, remedy) in [
        ("/", 404, "Not Found", files, explained),
        ("/elsewhere", 404, "Not Found", files, explained),
        ("/proxyx/7/a.png", 404, "Not Found", files, explained),
        ("/proxy/7/none.png", 404, "Not Found", gone, check),
        (
            "/proxy/7//a.png",
            400,
            "Bad Request",
            "the address has an empty segment (//)",
            correct,
        ),
        (
            "/proxy/x/a.png",
            400,
            "Bad Request",
            "a page id is 1 to 19 digits, such as 123456",
            correct,
        ),
        (
            "/proxy/7/a.png?version=0",
            400,
            "Bad Request",
            "version is a number from 1 to 4294967295",
            correct,
        ),
        (
            "/proxy/7/a.png?version=1&version=2",
            400,
            "Bad Request",
            "the parameter version is there twice",
            correct,
        ),
        (
            "/proxy/7/a.png?download=maybe",
            400,
            "Bad Request",
            "download is true or false",
            correct,
        ),
        (
            "/proxy/7/%ff",
            400,
            "Bad Request",
            "the file name is not UTF-8 once percent-decoded",
            correct,
        ),
    ] {
        let mut client = proxy.connect();
        let text = client.get(target);
        assert_eq!(text.status, status, "{target}");
        assert_eq!(
            text.text(),
            format!("{title}\n{detail}\n{remedy}\n"),
            "{target}"
        );
        assert_eq!(
            text.sorted_head(),
            format!(
                "HTTP/1.1 {status} {title}\n\
                 Access-Control-Allow-Origin: *\n\
                 Access-Control-Expose-Headers: Allow, Content-Range, Date, Retry-After\n\
                 Cache-Control: no-store\n\
                 Content-Length: {}\n\
                 Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\n\
                 Content-Type: text/plain; charset=utf-8\n\
                 Cross-Origin-Resource-Policy: cross-origin\n\
                 Referrer-Policy: no-referrer\n\
                 Vary: Accept, Accept-Language\n\
                 X-Content-Type-Options: nosniff\n",
                text.body.len()
            ),
            "{target}"
        );
        let json = client.ask("GET", target, &[("Accept", "application/json")]);
        assert_eq!(json.status, status, "{target}");
        assert_eq!(json.field("Content-Type"), Some("application/problem+json"));
        let value: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
        let expected = serde_json::json!({
            "type": "about:blank", "title": title, "status": status, "detail": detail, "remedy": remedy,
        });
        assert_eq!(value, expected, "{target}");
        let browser = client.ask("GET", target, &[("Accept", "text/html,*/*;q=0.8")]);
        assert_eq!(browser.status, status, "{target}");
        let media_type = browser.field("Content-Type");
        assert_eq!(media_type, Some("text/html; charset=utf-8"), "{target}");
    }
}

#[test]
fn each_address_says_which_methods_it_has() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    for (method, target, allow) in [
        ("DELETE", "/proxy/", "GET, HEAD, POST, OPTIONS"),
        ("DELETE", "/proxy", "GET, HEAD, POST, OPTIONS"),
        ("DELETE", "/healthz", "GET, HEAD, OPTIONS"),
        ("DELETE", "/readyz", "GET, HEAD, OPTIONS"),
        ("POST", "/proxy/7", "GET, HEAD, DELETE, OPTIONS"),
        ("POST", "/proxy/7/a.png", "GET, HEAD, DELETE, OPTIONS"),
    ] {
        let response = client.ask(method, target, &[]);
        assert_eq!(
            (response.status, response.field("Allow")),
            (405, Some(allow)),
            "{target}"
        );
        assert_eq!(
            response.text(),
            format!("Method Not Allowed\nthis address answers {allow}\nuse one of these methods\n")
        );
    }
    for (target, allow) in [
        ("*", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/proxy/7/a.png", "GET, HEAD, DELETE, OPTIONS"),
        ("/proxy/7", "GET, HEAD, DELETE, OPTIONS"),
        ("/proxy/7/warm", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/proxy/", "GET, HEAD, POST, OPTIONS"),
    ] {
        let fields = [
            ("Origin", "http://elsewhere"),
            ("Access-Control-Request-Method", "GET"),
        ];
        let response = client.ask("OPTIONS", target, &fields);
        assert_eq!(
            response.sorted_head(),
            format!(
                "HTTP/1.1 204 No Content\n\
                 Access-Control-Allow-Headers: Accept, Cache-Control, If-Modified-Since, If-None-Match, If-Range, Range\n\
                 Access-Control-Allow-Methods: GET, HEAD\n\
                 Access-Control-Allow-Origin: *\n\
                 Access-Control-Max-Age: 86400\n\
                 Allow: {allow}\n"
            ),
            "{target}"
        );
    }
    assert_eq!(
        client.get("/healthz").status,
        200,
        "no stray byte behind a 204"
    );
    assert_eq!(proxy.asked().len(), 0);
}

#[test]
fn health_and_readiness_are_plain_words() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    for (target, body) in [
        ("/healthz", "ok\n"),
        ("/readyz", "ready\n"),
        ("/readyz?upstream", "ready\n"),
    ] {
        let response = client.get(target);
        assert_eq!((response.status, response.text()), (200, body), "{target}");
        assert_eq!(response.field("Cache-Control"), Some("no-cache"));
        assert_eq!(
            response.field("Content-Type"),
            Some("text/plain; charset=utf-8")
        );
    }
    proxy.put("a.png", 10);
    proxy.origin.script(PAGE, "a.png", Behaviour::status(500));
    assert_eq!(proxy.get("/7/a.png").status, 502);
    assert_eq!(client.get("/readyz").status, 200, "hits still serve");
    let strict = client.get("/readyz?upstream");
    assert_eq!(strict.status, 503);
    assert!(!strict.body.is_empty(), "it says why");
    proxy.origin.script(PAGE, "a.png", Behaviour::Good);
    assert_eq!(proxy.get("/7/a.png").status, 200);
    assert_eq!(client.get("/readyz?upstream").text(), "ready\n");
}

#[test]
fn the_page_for_people_speaks_english_and_chinese_and_runs_nothing_but_its_own() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    for (languages, language, title) in [
        (None, "en", "Confluence attachments, without a login"),
        (
            Some("de, en;q=0.5"),
            "en",
            "Confluence attachments, without a login",
        ),
        (
            Some("zh-CN,zh;q=0.9,en;q=0.8"),
            "zh-CN",
            "无需登录即可打开 Confluence 附件",
        ),
    ] {
        let fields: Vec<_> = languages
            .map(|languages| ("Accept-Language", languages))
            .into_iter()
            .collect();
        for target in ["/proxy/", "/proxy", "/proxy/?from=mail", "/proxy/?lang=xx"] {
            let response = client.ask("GET", target, &fields);
            assert_eq!(response.status, 200);
            assert_eq!(
                response.field("Content-Type"),
                Some("text/html; charset=utf-8")
            );
            let security = response.field("Content-Security-Policy").expect("a policy");
            assert!(
                security.starts_with("default-src 'none';") && !security.contains("unsafe"),
                "{security}"
            );
            let page = response.text();
            assert!(
                page.contains(&format!("<html lang=\"{language}\">")),
                "{languages:?}"
            );
            assert!(page.contains(&format!("<h1>{title}</h1>")), "{languages:?}");
            assert!(
                page.contains("http://test/proxy</") && page.contains("/123456/diagram.png"),
                "the client's own name for us"
            );
            assert_eq!(page.matches("<script").count(), 1);
        }
    }
}

#[test]
fn what_could_run_in_a_browser_is_never_shown_in_it() {
    let proxy = Proxy::start();
    let script = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    for (name, declared, media_type, shown) in [
        ("a.html", "text/html", "application/octet-stream", false),
        (
            "a.htm",
            "text/html; charset=utf-8",
            "application/octet-stream",
            false,
        ),
        (
            "a.xhtml",
            "application/xhtml+xml",
            "application/octet-stream",
            false,
        ),
        ("a.xml", "text/xml", "application/octet-stream", false),
        ("a.js", "text/javascript", "application/octet-stream", false),
        ("a.svg", "image/svg+xml", "image/svg+xml", false),
        (
            "a.swf",
            "application/x-shockwave-flash",
            "application/octet-stream",
            false,
        ),
        (
            "a.bin",
            "odd/thing\u{7f}",
            "application/octet-stream",
            false,
        ),
        (
            "b.html",
            "application/octet-stream",
            "application/octet-stream",
            false,
        ),
        ("fake.png", "text/html", "application/octet-stream", false),
        ("a.txt", "text/plain", "text/plain; charset=utf-8", true),
        ("a.pdf", "application/pdf", "application/pdf", true),
        ("a.png", "image/png", "image/png", true),
    ] {
        proxy
            .origin
            .put(PAGE, name, File::new(declared, script.as_bytes()));
        // While it streams, from the cache, and by Confluence's own link.
        for path in [
            format!("/7/{name}"),
            format!("/7/{name}"),
            format!("/download/attachments/7/{name}?version=1&api=v2"),
        ] {
            let response = ask(&proxy, &path, &[]);
            assert_eq!(response.text(), script, "{path}");
            assert_eq!(response.field("Content-Type"), Some(media_type), "{path}");
            let shows = if shown { "inline" } else { "attachment" };
            let disposition = format!("{shows}; filename=\"{name}\"");
            assert_eq!(response.field("Content-Disposition"), Some(&*disposition));
            assert_eq!(response.field("X-Content-Type-Options"), Some("nosniff"));
            let security = match name {
                "a.pdf" => "base-uri 'none'; form-action 'none'",
                _ => SECURITY,
            };
            assert_eq!(
                response.field("Content-Security-Policy"),
                Some(security),
                "{path}"
            );
        }
        let saved = ask(&proxy, &format!("/7/{name}?download=true"), &[]);
        let disposition = format!("attachment; filename=\"{name}\"");
        assert_eq!(saved.field("Content-Disposition"), Some(&*disposition));
    }
}

#[test]
fn every_name_finds_its_file_and_comes_back_as_it_is() {
    let proxy = Proxy::start();
    let (ascii, utf8) = ("filename", "filename*=UTF-8''");
    for (name, short, asked, disposition) in [
        (
            "a b.png",
            "a%20b.png",
            "a%20b.png",
            format!("{ascii}=\"a b.png\""),
        ),
        (
            "a+b.png",
            "a+b.png",
            "a%2Bb.png",
            format!("{ascii}=\"a+b.png\""),
        ),
        (
            "a+b.png",
            "a%2Bb.png",
            "a%2Bb.png",
            format!("{ascii}=\"a+b.png\""),
        ),
        (
            "100%.png",
            "100%25.png",
            "100%25.png",
            format!("{ascii}=\"100_.png\"; {utf8}100%25.png"),
        ),
        (
            "a%20b.png",
            "a%2520b.png",
            "a%2520b.png",
            format!("{ascii}=\"a_20b.png\"; {utf8}a%2520b.png"),
        ),
        (
            "a;b=c.png",
            "a;b=c.png",
            "a%3Bb%3Dc.png",
            format!("{ascii}=\"a;b=c.png\""),
        ),
        (
            "a?b.png",
            "a%3Fb.png",
            "a%3Fb.png",
            format!("{ascii}=\"a?b.png\""),
        ),
        (
            "a#b.png",
            "a%23b.png",
            "a%23b.png",
            format!("{ascii}=\"a#b.png\""),
        ),
        (
            "a&b.png",
            "a&b.png",
            "a%26b.png",
            format!("{ascii}=\"a&b.png\""),
        ),
        (
            "[a] {b}|^`.png",
            "%5Ba%5D%20%7Bb%7D%7C%5E%60.png",
            "%5Ba%5D%20%7Bb%7D%7C%5E%60.png",
            format!("{ascii}=\"[a] {{b}}|^`.png\""),
        ),
        (
            "say \"hi\".png",
            "say%20%22hi%22.png",
            "say%20%22hi%22.png",
            format!("{ascii}=\"say _hi_.png\"; {utf8}say%20%22hi%22.png"),
        ),
        (
            "流程图.png",
            "流程图.png",
            "%E6%B5%81%E7%A8%8B%E5%9B%BE.png",
            format!("{ascii}=\"___.png\"; {utf8}%E6%B5%81%E7%A8%8B%E5%9B%BE.png"),
        ),
        (
            "é ü😀.png",
            "%c3%a9%20%c3%bc%f0%9f%98%80.png",
            "%C3%A9%20%C3%BC%F0%9F%98%80.png",
            format!("{ascii}=\"_ __.png\"; {utf8}%C3%A9%20%C3%BC%F0%9F%98%80.png"),
        ),
        ("..a", "..a", "..a", format!("{ascii}=\"..a\"")),
        (
            "~tilde-_.x",
            "~tilde-_.x",
            "~tilde-_.x",
            format!("{ascii}=\"~tilde-_.x\""),
        ),
    ] {
        let bytes = name.repeat(100).into_bytes();
        proxy
            .origin
            .put(PAGE, name, File::new("image/png", bytes.clone()));
        let asked = format!("/download/attachments/7/{asked}");
        let before = proxy.asked().len();
        let response = ask(&proxy, &format!("/7/{short}"), &[]);
        assert_eq!((response.status, &response.body), (200, &bytes), "{short}");
        let disposition = format!("inline; {disposition}");
        assert_eq!(response.field("Content-Disposition"), Some(&*disposition));
        let journal = proxy.asked();
        if before < journal.len() {
            assert_eq!(journal[before].target, asked, "{short}");
        } else {
            assert_eq!(
                response.field("X-Cache"),
                Some("HIT"),
                "another spelling of the same"
            );
        }
        // Fetched again by the address of its version.
        let numbered = ask(
            &proxy,
            &format!("/download/attachments/7/{short}?version=1&api=v2"),
            &[],
        );
        assert_eq!((numbered.status, &numbered.body), (200, &bytes), "{short}");
        let last = proxy.asked().pop().expect("it was asked");
        assert_eq!(last.target, format!("{asked}?version=1"), "{short}");
    }
}

#[test]
fn a_plus_is_a_space_in_old_links_only() {
    let proxy = Proxy::start();
    for name in ["a b.png", "a+b.png"] {
        proxy
            .origin
            .put(PAGE, name, File::new("image/png", name.as_bytes()));
    }
    for (path, name) in [
        ("/7/a+b.png", "a+b.png"),
        ("/download/attachments/7/a+b.png", "a b.png"),
        (
            "/download/attachments/7/a+b.png?version=1&modificationDate=1&api=v2",
            "a+b.png",
        ),
        ("/download/attachments/7/a%2Bb.png", "a+b.png"),
        ("/download/attachments/7/a%20b.png?api=v2", "a b.png"),
    ] {
        assert_eq!(ask(&proxy, path, &[]).text(), name, "{path}");
    }
}

#[test]
fn addresses_that_mean_to_go_elsewhere_never_reach_confluence() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    for target in [
        "/proxy/7/%2e%2e",
        "/proxy/7/..",
        "/proxy/7/.",
        "/proxy/7/%2E",
        "/proxy/7/../../rest/api/content",
        "/proxy/7/%2e%2e%2frest%2fapi%2fcontent",
        "/proxy/7/a%2fb.png",
        "/proxy/7/a%2Fb.png",
        "/proxy/7/a%5cb.png",
        "/proxy/7/a\\b.png",
        "/proxy/7/a%00.png",
        "/proxy/7/a%0d%0aX:%20y.png",
        "/proxy/7/a%7f.png",
        "/proxy/7/%c0%ae%c0%ae",
        "/proxy/7//a.png",
        "/proxy//7/a.png",
        "//proxy/7/a.png",
        "/proxy/7/a.png/b",
        "/proxy/7/a.png/",
        "/proxy/7/a.png;jsessionid=ABC",
        "/proxy/7/a.png%3bJSESSIONID=ABC",
        "/proxy/-7/a.png",
        "/proxy/7%2f8/a.png",
        "/proxy/12345678901234567890/a.png",
        "/proxy/download/attachments/7/%2e%2e?api=v2",
        "/proxy/download/attachments/7/%2e%2e%2f8%2fa.png",
        "/proxy/download/attachments/embedded-page/%2e%2e/b/c.png",
        "/proxy/download/thumbnails/7/a.png?width=99999",
        "/proxy/download/temp/a.png",
        "/proxy/rest/api/user/current",
        "/rest/api/user/current",
        "/login.action",
        "/proxy/../login.action",
        "/PROXY/7/a.png",
    ] {
        let response = client.get(target);
        assert!(
            matches!(response.status, 400 | 404),
            "{target}: {}",
            response.status
        );
    }
    let long = format!("/proxy/7/{}.png", "a".repeat(252));
    assert_eq!(client.get(&long).status, 400);
    assert_eq!(proxy.asked().len(), 0);
}

#[test]
fn thumbnails_and_titles_travel_whole() {
    let proxy = Proxy::start();
    proxy.put("a b.png", 10);
    proxy.origin.name_page(PAGE, "~me", "Über uns");
    for (path, asked) in [
        (
            "/download/thumbnails/7/a%20b.png?height=50&width=100&api=v2&x=y",
            "/download/thumbnails/7/a%20b.png?width=100&height=50",
        ),
        (
            "/download/attachments/embedded-page/~me/%C3%9Cber+uns/a+b.png",
            "/download/attachments/embedded-page/~me/%C3%9Cber%20uns/a%20b.png",
        ),
    ] {
        let response = ask(&proxy, path, &[]);
        assert_eq!((response.status, response.body.len()), (200, 10), "{path}");
        let journal = proxy.asked();
        assert_eq!(journal.last().expect("asked").target, asked);
    }
}

#[test]
fn a_page_of_another_site_cannot_purge_from_an_operators_browser() {
    let proxy = with_file("a.png", &pattern(100));
    proxy.get_kept("/7/a.png");
    for origin in ["https://evil.example", "null"] {
        let mut client = proxy.connect();
        let purge = client.ask("DELETE", "/proxy/7/a.png", &[("Origin", origin)]);
        assert_eq!(purge.status, 403, "{origin}");
        let again = client.get("/proxy/7/a.png");
        assert_eq!(again.field("X-Cache"), Some("HIT"), "{origin}");
    }
}

#[test]
fn a_purge_from_this_host_makes_the_next_request_ask_again() {
    let proxy = with_file("a.png", &pattern(100));
    for (number, target) in ["/proxy/7/a.png", "/proxy/7"].into_iter().enumerate() {
        let mut client = proxy.connect();
        let purge = client.ask("DELETE", target, &[]);
        assert_eq!(
            purge.sorted_head(),
            "HTTP/1.1 204 No Content\nCache-Control: no-store\n"
        );
        let again = client.get("/proxy/7/a.png");
        assert_eq!(again.field("X-Cache"), Some("MISS"));
        assert_eq!(again.body, pattern(100));
        assert_eq!(proxy.fetches(), number + 2);
    }
}

#[test]
fn a_purge_while_the_file_is_fetched_forgets_that_download_too() {
    let proxy = Proxy::start();
    let old = proxy.put("a.png", 50_000);
    let latch = Latch::new();
    proxy
        .origin
        .script(PAGE, "a.png", Behaviour::hold_at(1000, &latch));
    let mut early = proxy.connect();
    early.request("GET", "/proxy/7/a.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let head = early.head();
    let new = proxy.put("a.png", 60_000);
    proxy.origin.script(PAGE, "a.png", Behaviour::Good);
    let mut late = proxy.connect();
    assert_eq!(late.ask("DELETE", "/proxy/7/a.png", &[]).status, 204);
    let response = late.get("/proxy/7/a.png");
    assert_eq!(
        response.field("X-Cache"),
        Some("MISS"),
        "no joining what was purged"
    );
    assert!(response.body == new);
    latch.open();
    let response = early.body(head, false);
    assert!(response.complete && response.body == old, "it asked before");
    let response = late.get("/proxy/7/a.png");
    assert_eq!(response.field("X-Cache"), Some("HIT"));
    assert!(response.body == new, "the old one came back");
}
