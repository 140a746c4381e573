//! Confluence Cloud: a file by its number, from a signed address on a host that knows no account.

use std::net::SocketAddr;

use confluence_attachment_proxy::attachment::encode_segment;
use confluence_attachment_proxy::demo::{
    Behaviour, Fault, File, Kind, Latch, Options, SampleConfluence,
};

use crate::support::binary::{Binary, settings};
use crate::support::{Client, PAGE, PATIENCE, Proxy, Response, after_its_time, pattern};

/// A second page, which is a blog post where that matters.
const POST: u64 = 8;

/// What a wrong location is called to clients.
const NOWHERE: &str = "Confluence did not say properly where the file is";

/// Status and `X-Cache` of an answer.
fn came(response: &Response) -> (u16, Option<&str>) {
    (response.status, response.field("X-Cache"))
}

/// The second line of a text for people: what went wrong.
fn detail(response: &Response) -> &str {
    response.text().lines().nth(1).unwrap_or_default()
}

/// What kind of question each of these targets is.
fn kinds(targets: &[String]) -> Vec<&'static str> {
    let kind = |target: &String| match target.split_once('?').unwrap_or((target, "")) {
        ("media", _) => "media",
        ("/rest/api/content", _) => "search",
        (path, query) if path.ends_with("/child/attachment") => match query.contains("filename=") {
            true => "lookup",
            false => "listing",
        },
        (path, _) if path.ends_with("/thumbnail/download") => "thumbnail",
        (path, _) if path.starts_with("/rest/") && path.ends_with("/download") => "download",
        (path, _) => panic!("an odd question: {path}"),
    };
    targets.iter().map(kind).collect()
}

/// What is asked while `ask` runs.
fn asked_by<R>(proxy: &Proxy, ask: impl FnOnce() -> R) -> (R, Vec<&'static str>) {
    let before = proxy.targets().len();
    let result = ask();
    (result, kinds(&proxy.targets()[before..]))
}

/// Forgets all that was looked up, and no copy.
fn forget_lookups(proxy: &Proxy) {
    let purged = proxy.connect().ask("DELETE", "/proxy/99/nothing", &[]);
    assert_eq!(purged.status, 204);
}

fn is_shut(proxy: &Proxy) -> bool {
    let response = proxy.connect().get("/readyz?upstream");
    response.status == 503 && response.text().contains("the account was refused")
}

#[test]
fn a_miss_is_three_questions_and_a_hit_is_none() {
    let proxy = Proxy::cloud(&[]);
    let bytes = proxy.put("a b.png", 100_000);
    let miss = proxy.get("/7/a%20b.png");
    assert_eq!(came(&miss), (200, Some("MISS")));
    assert!(miss.complete && miss.body == bytes);
    assert!(proxy.get_kept("/7/a%20b.png").body == bytes);
    let id = "att1310721";
    assert_eq!(
        proxy.targets(),
        [
            "/rest/api/content/7/child/attachment?expand=version&filename=a%20b.png&limit=1",
            &format!("/rest/api/content/7/child/attachment/{id}/download"),
            "media",
        ]
    );
    let asked = proxy.asked();
    let signed = format!("/file/{id}/binary?token=");
    assert!(asked[2].media && asked[2].target.starts_with(&signed));
    assert_eq!(asked[2].method, "GET");
}

#[test]
fn the_media_host_sees_neither_account_nor_session() {
    let proxy = Proxy::cloud(&[]);
    for name in ["a.png", "b.png"] {
        proxy.put(name, 3000);
        let fields = [
            ("Authorization", "Basic c3B5OnNweQ=="),
            ("Cookie", "JSESSIONID=spy"),
            ("Range", "bytes=0-9"),
        ];
        let target = format!("/proxy/7/{name}");
        assert_eq!(proxy.connect().ask("GET", &target, &fields).status, 206);
    }
    let (media, wiki): (Vec<_>, Vec<_>) = proxy.asked_all().into_iter().partition(|it| it.media);
    assert_eq!(media.len(), 2);
    for exchange in &media {
        let mut names: Vec<String> = exchange
            .headers
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        names.sort();
        assert_eq!(names, ["accept", "host", "user-agent"]);
    }
    assert!(wiki.iter().all(|it| it.header("Authorization").is_some()));
    assert!(wiki.iter().any(|it| it.header("Cookie").is_some()));
}

#[test]
fn pages_and_blog_posts_have_files_of_any_name() {
    let proxy = Proxy::cloud(&[]);
    let origin = &proxy.origin;
    origin.name_page(PAGE, "DOC", "A page");
    origin.name_blog_post(POST, "DOC", (2024, 6, 9), "A post");
    for page in [PAGE, POST] {
        for (number, name) in [
            "图 1.png",
            "a+b c.png",
            "100%.png",
            "100%25.png",
            "a#b.png",
            "a;b.png",
            "a?b=c&d.png",
            "image2019-9-13 11:51:31.png",
            "über (1).png",
            "no extension",
        ]
        .into_iter()
        .enumerate()
        {
            let bytes = pattern(1000 + number);
            origin.put(page, name, File::new("image/png", bytes.clone()));
            let path = format!("/{page}/{}", encode_segment(name));
            let (miss, asked) = asked_by(&proxy, || proxy.get(&path));
            assert_eq!(came(&miss), (200, Some("MISS")), "{name}");
            assert!(miss.body == bytes, "{name}");
            assert_eq!(asked[1..], ["download", "media"], "{name}");
            let link = format!("/download/attachments{path}?api=v2&modificationDate=1");
            assert!(proxy.get_kept(&link).body == bytes, "{name}");
        }
    }
}

#[test]
fn a_decomposed_name_finds_the_composed_one() {
    let proxy = Proxy::cloud(&[]);
    let bytes = proxy.put("\u{fc}ber.png", 700);
    let path = format!("/7/{}", encode_segment("u\u{308}ber.png"));
    let (miss, asked) = asked_by(&proxy, || proxy.get(&path));
    assert_eq!((miss.status, miss.body == bytes), (200, true));
    assert_eq!(asked, ["lookup", "listing", "download", "media"]);
    // A file that has the decomposed name comes first.
    let exact = proxy.put("u\u{308}ber.png", 800);
    let purged = proxy.connect().ask("DELETE", &format!("/proxy{path}"), &[]);
    assert_eq!(purged.status, 204);
    assert!(proxy.get(&path).body == exact);
}

#[test]
fn a_version_is_passed_on_and_is_a_file_of_its_own() {
    let proxy = Proxy::cloud(&[]);
    let old = proxy.put("a.png", 1000);
    let new = proxy.put("a.png", 2000);
    for (query, bytes) in [("?version=1", &old), ("", &new), ("?version=2", &new)] {
        let path = format!("/7/a.png{query}");
        assert_eq!(came(&proxy.get(&path)), (200, Some("MISS")), "{query}");
        assert!(proxy.get_kept(&path).body == *bytes, "{query}");
    }
    assert_eq!(proxy.get("/7/a.png?version=3").status, 404);
    let downloads: Vec<String> = proxy
        .targets()
        .into_iter()
        .filter_map(|target| Some(target.split_once("/download")?.1.to_owned()))
        .collect();
    // The last one is tried again with the number looked up anew: the file may be another one by now.
    let expected = ["?version=1", "", "?version=2", "?version=3", "?version=3"];
    assert_eq!(downloads, expected);
}

#[test]
fn thumbnails_are_drawn_and_replaced_by_the_original_where_they_cannot_be() {
    let proxy = Proxy::cloud(&[]);
    let bytes = proxy.put("a.png", 1000);
    let link = "/download/thumbnails/7/a.png?width=100&height=50&version=1&api=v2";
    let (miss, asked) = asked_by(&proxy, || proxy.get(link));
    assert_eq!((miss.status, miss.body == bytes), (200, true));
    assert_eq!(asked, ["lookup", "thumbnail", "media"]);
    let target = &proxy.targets()[1];
    let (path, query) = target.split_once('?').expect("a size");
    assert!(path.starts_with("/api/v2/attachments/att"), "{path}");
    assert_eq!(query, "version=1&width=100&height=50");

    // Another size of the same file needs no lookup; nor does the file itself.
    let small = "/download/thumbnails/7/a.png?width=10";
    let (_, asked) = asked_by(&proxy, || proxy.get(small));
    assert_eq!(asked, ["thumbnail", "media"]);
    let (_, asked) = asked_by(&proxy, || proxy.get("/7/a.png"));
    assert_eq!(asked, ["download", "media"]);

    let text = File::new("text/plain", *b"no picture");
    proxy.origin.put(PAGE, "a.txt", text);
    let (miss, asked) = asked_by(&proxy, || {
        proxy.get("/download/thumbnails/7/a.txt?width=10")
    });
    assert_eq!((miss.status, miss.text()), (200, "no picture"));
    assert_eq!(asked[1..], ["thumbnail", "download", "media"]);
}

#[test]
fn addresses_by_title_are_resolved_by_a_search() {
    let proxy = Proxy::cloud(&[]);
    let origin = &proxy.origin;
    origin.name_page(PAGE, "~me", "使用 说明+1");
    origin.name_blog_post(POST, "DOC", (2024, 6, 9), "News");
    for page in [PAGE, POST] {
        for name in ["a.png", "b.png"] {
            let file = File::new("image/png", pattern(500 + page as usize));
            origin.put(page, name, file);
        }
    }
    let title = encode_segment("使用 说明+1");
    for (folder, page, query) in [
        (
            format!("embedded-page/~me/{title}"),
            PAGE,
            format!("type=page&spaceKey=~me&title={title}&limit=1"),
        ),
        (
            "embedded-blogpost/DOC/2024/06/09/News".to_owned(),
            POST,
            "type=blogpost&spaceKey=DOC&title=News&postingDay=2024-06-09&limit=1".to_owned(),
        ),
    ] {
        let at = proxy.targets().len();
        let path = |name| format!("/download/attachments/{folder}/{name}?api=v2");
        let (miss, asked) = asked_by(&proxy, || proxy.get(&path("a.png")));
        assert_eq!((miss.status, miss.body.len()), (200, 500 + page as usize));
        assert_eq!(asked, ["search", "lookup", "download", "media"]);
        assert_eq!(proxy.targets()[at], format!("/rest/api/content?{query}"));
        // The next file of the page needs no search.
        let (_, asked) = asked_by(&proxy, || proxy.get(&path("b.png")));
        assert_eq!(asked, ["listing", "download", "media"]);
    }
    for (path, asked) in [
        ("embedded-page/~me/nobody/a.png", &["search"][..]),
        ("embedded-page/DOC/News/a.png", &["search"]), // a blog post is no page
        ("embedded-blogpost/DOC/2024/06/10/News/a.png", &["search"]),
    ] {
        let path = format!("/download/attachments/{path}");
        let (missing, found) = asked_by(&proxy, || proxy.get(&path));
        assert_eq!((missing.status, &found[..]), (404, asked), "{path}");
    }
}

#[test]
fn what_is_missing_is_remembered_until_that_is_forgotten() {
    let proxy = Proxy::cloud(&[]);
    proxy.put("other.png", 10);
    for (path, page, name) in [
        ("/9/a.png", 9, "a.png"),    // no such page
        ("/7/a.png", PAGE, "a.png"), // no such file
        ("/download/thumbnails/7/b.png", PAGE, "b.png"),
        (
            "/download/attachments/embedded-page/DOC/T/c.png",
            10,
            "c.png",
        ),
    ] {
        let (missing, asked) = asked_by(&proxy, || proxy.get(path));
        assert_eq!(missing.status, 404, "{path}");
        assert_eq!(asked.len(), 1, "{path}: {asked:?}");
        let file = File::new("image/png", pattern(600));
        proxy.origin.put(page, name, file);
        proxy.origin.name_page(page, "DOC", &format!("T{page}"));
        if page == 10 {
            proxy.origin.name_page(page, "DOC", "T");
        }
        let (missing, asked) = asked_by(&proxy, || proxy.get(path));
        assert_eq!((missing.status, asked.len()), (404, 0), "{path}");
        let purged = proxy.connect().ask("DELETE", &format!("/proxy{path}"), &[]);
        assert_eq!(purged.status, 204, "{path}");
        assert!(proxy.get(path).body == pattern(600), "{path}");
    }
}

#[test]
fn a_purge_forgets_the_number_as_well() {
    let proxy = Proxy::cloud(&[]);
    proxy.put("a.png", 1000);
    proxy.get("/7/a.png");
    let purged = proxy.connect().ask("DELETE", "/proxy/7/a.png", &[]);
    assert_eq!(purged.status, 204);
    let (_, asked) = asked_by(&proxy, || proxy.get("/7/a.png"));
    assert_eq!(asked, ["lookup", "download", "media"]);
}

#[test]
fn a_file_that_was_deleted_and_uploaded_again_is_found_under_its_new_number() {
    let proxy = Proxy::cloud(&[]);
    proxy.put("a.png", 1000);
    proxy.put("b.png", 1000);
    // The second file of the page brings the listing of all.
    proxy.get("/7/b.png");
    proxy.get("/7/a.png");
    proxy.origin.remove(PAGE, "a.png");
    let new = proxy.put("a.png", 2000);
    let path = "/download/thumbnails/7/a.png?width=10";
    let (miss, asked) = asked_by(&proxy, || proxy.get(path));
    assert_eq!(miss.status, 200, "{asked:?}");
    assert!(miss.body == new);
    assert_eq!(asked[..2], ["thumbnail", "download"], "by the old number");
    assert_eq!(asked[3..], ["thumbnail", "media"], "by the new one");
}

#[test]
fn a_file_that_is_uploaded_while_its_page_is_looked_at_is_found() {
    let proxy = Proxy::cloud(&[]);
    for name in ["a.png", "b.png"] {
        proxy.put(name, 1000);
        assert_eq!(proxy.get(&format!("/7/{name}")).status, 200);
    }
    // The listing of the page is a moment old, and does not know this one.
    let bytes = proxy.put("c.png", 2000);
    let (miss, asked) = asked_by(&proxy, || proxy.get("/7/c.png"));
    assert_eq!(miss.status, 200, "{asked:?}");
    assert!(miss.body == bytes);
    assert_eq!(asked, ["lookup", "download", "media"]);
}

/// A second Confluence in place of a media host: anybody may read its files, and some of its addresses point to
/// others.
fn hosts() -> SampleConfluence {
    let hosts = SampleConfluence::start(Options::default()).expect("a free port");
    hosts.publish(PAGE);
    hosts.put(PAGE, "end", File::new("image/png", pattern(4000)));
    for (hop, next) in [("hop-1", "end"), ("hop-2", "hop-1"), ("hop-3", "hop-2")] {
        let next = hop_address(&hosts, next);
        // A host may leave itself out.
        let next = match hop {
            "hop-2" => &next[hosts.url().len()..],
            _ => &next,
        };
        hosts.put(PAGE, hop, File::new("image/png", pattern(10)));
        let redirect = Behaviour::answer(302, &[("Location", next)], "elsewhere");
        hosts.script(PAGE, hop, redirect);
    }
    hosts
}

fn hop_address(hosts: &SampleConfluence, name: &str) -> String {
    let url = hosts.url();
    format!("{url}/download/attachments/{PAGE}/{name}?token=SIGNED#top")
}

#[test]
fn three_hops_are_followed_and_the_fourth_is_not() {
    let hosts = hosts();
    let proxy = Proxy::cloud(&[]);
    for (first, status, asked) in [("end", 200, 1), ("hop-1", 200, 2), ("hop-2", 200, 3)]
        .into_iter()
        .chain([("hop-3", 502, 3)])
    {
        let name = format!("{first}.png");
        proxy.put(&name, 10);
        let location = hop_address(&hosts, first);
        proxy.origin.redirect_downloads_to(Some(location));
        let before = hosts.requests();
        let response = proxy.get(&format!("/7/{name}"));
        assert_eq!(response.status, status, "{first}");
        assert_eq!(hosts.requests() - before, asked, "{first}");
        match status {
            200 => assert!(response.body == pattern(4000), "{first}"),
            _ => assert_eq!(detail(&response), NOWHERE),
        }
    }
    for exchange in hosts.journal() {
        assert_eq!(exchange.header("Authorization"), None);
        assert_eq!(exchange.header("Cookie"), None);
    }
    assert!(!is_shut(&proxy));
}

#[test]
fn places_that_may_not_be_asked_are_not_asked() {
    let hosts = hosts();
    let proxy = Proxy::cloud(&[]);
    let bytes = proxy.put("a.png", 3000);
    let address = hosts.address();
    for location in [
        "ftp://127.0.0.1/a".to_owned(),
        "file:///etc/passwd".to_owned(),
        "javascript:alert(1)".to_owned(),
        format!("http://me:secret@{address}/a"),
        format!("http://me@{address}/a"),
        format!("//{address}/a"),
        "/wiki/other".to_owned(),
        "other".to_owned(),
        String::new(),
        "http://".to_owned(),
        "http://[".to_owned(),
        format!("http://{address}/a b"),
        format!("http://{address}/{}", "x".repeat(8000)),
        "\u{7f}图".to_owned(),
    ] {
        proxy.origin.redirect_downloads_to(Some(location.clone()));
        for _ in 0..2 {
            let response = proxy.get("/7/a.png");
            assert_eq!(response.status, 502, "{location}");
            assert_eq!(detail(&response), NOWHERE, "{location}");
        }
        assert!(!is_shut(&proxy), "{location}");
    }
    assert_eq!(hosts.requests(), 0);
    proxy.origin.redirect_downloads_to(None);
    proxy.script("a.png", Behaviour::answer(302, &[], ""));
    assert_eq!(proxy.get("/7/a.png").status, 502);
    proxy.script("a.png", Behaviour::Good);
    let well = proxy.get("/7/a.png");
    assert_eq!(came(&well), (200, Some("MISS")));
    assert!(well.body == bytes);
    assert_eq!(proxy.login_tests(), 1);
}

#[test]
fn a_redirect_to_a_login_is_a_refused_account() {
    for location in [
        "/wiki/login.action?os_destination=%2F",
        "/login?dest-url=%2Fwiki",
        "http://id.example.com/login?continue=x",
        "http://sso.example.com/oauth2/authorize?client_id=x",
        "http://example.com/plugins/servlet/external-login",
    ] {
        let proxy = Proxy::cloud(&[]);
        proxy.put("a.png", 3000);
        proxy
            .origin
            .redirect_downloads_to(Some(location.to_owned()));
        assert_eq!(proxy.get("/7/a.png").status, 502, "{location}");
        let shut = proxy.get("/7/a.png");
        assert_eq!(shut.status, 503, "{location}");
        assert_eq!(shut.field("Retry-After"), Some("300"));
        assert!(is_shut(&proxy), "{location}");
        assert_eq!(
            kinds(&proxy.targets()),
            ["lookup", "download"],
            "{location}"
        );
    }
}

#[test]
fn a_file_may_be_called_like_a_login() {
    let hosts = SampleConfluence::start(Options::default()).expect("a free port");
    hosts.publish(PAGE);
    let proxy = Proxy::cloud(&[]);
    for name in ["login.png", "crossover.png", "Sign-in screen.png"] {
        let bytes = proxy.put(name, 3000);
        let escaped = encode_segment(name).to_string();
        let path = format!("/download/attachments/{PAGE}/{escaped}");
        hosts.put(PAGE, name, File::new("image/png", bytes.clone()));
        let location = format!("{}{path}?token=SIGNED", hosts.url());
        proxy.origin.redirect_downloads_to(Some(location));
        let response = proxy.get(&format!("/7/{escaped}"));
        assert_eq!(response.status, 200, "{name}");
        assert!(response.body == bytes, "{name}");
    }
}

#[test]
fn what_the_media_host_does_says_nothing_about_the_account() {
    let latch = Latch::new();
    let page = Behaviour::answer(200, &[("Content-Type", "text/html")], "<html>log in</html>");
    let broken = "Confluence ended the file before its end";
    let not_the_file = "Confluence answered something that is not the file";
    let unreachable = "Confluence cannot be reached";
    for (behaviour, status, words) in [
        (Behaviour::status(400), 502, NOWHERE),
        (Behaviour::status(401), 502, NOWHERE),
        (Behaviour::status(403), 502, NOWHERE),
        (Behaviour::status(404), 502, NOWHERE),
        (Behaviour::status(500), 502, NOWHERE),
        (Behaviour::status(503), 502, NOWHERE),
        (Behaviour::answer(204, &[], ""), 502, NOWHERE),
        (Behaviour::answer(302, &[], ""), 502, NOWHERE),
        (page, 502, not_the_file),
        (Fault::Captcha.into(), 502, NOWHERE),
        (Behaviour::Short { sent: 100 }, 502, broken),
        (Behaviour::ChunkedCut { sent: 100 }, 502, broken),
        (Behaviour::Garbage, 502, not_the_file),
        (Behaviour::HugeHead { bytes: 40_000 }, 502, not_the_file),
        (Behaviour::Closed, 502, unreachable),
        (Behaviour::ResetAtOnce, 502, unreachable),
        (
            Behaviour::hold(&latch),
            504,
            "Confluence did not answer in time",
        ),
    ] {
        let proxy = Proxy::cloud(&[("CONFLUENCE_READ_TIMEOUT_SECONDS", "1")]);
        let bytes = proxy.put("a.png", 5000);
        proxy.origin.script_media(behaviour.clone());
        for _ in 0..2 {
            let response = proxy.get("/7/a.png");
            let seen = (response.status, detail(&response));
            assert_eq!(seen, (status, words), "{behaviour:?}");
            assert_eq!(response.field("Retry-After"), None);
        }
        assert!(!is_shut(&proxy), "{behaviour:?}");
        proxy.origin.script_media(Behaviour::Good);
        let well = proxy.get("/7/a.png");
        assert_eq!(came(&well), (200, Some("MISS")), "{behaviour:?}");
        assert!(well.body == bytes, "{behaviour:?}");
        assert_eq!(proxy.login_tests(), 1, "{behaviour:?}");
    }
}

#[test]
fn a_pause_that_the_media_host_asks_for_is_kept_by_everybody() {
    let proxy = Proxy::cloud(&[]);
    proxy.put("a.png", 5000);
    proxy.put("b.png", 5000);
    proxy.origin.script_media(Behaviour::rate_limited("7"));
    let busy = proxy.get("/7/a.png");
    let seen = (busy.status, busy.field("Retry-After"), detail(&busy));
    let words = "Confluence limits how often it may be asked";
    assert_eq!(seen, (503, Some("7"), words));
    let asked = proxy.asked_all().len();
    assert_eq!(proxy.get("/7/b.png").status, 503);
    assert_eq!(proxy.asked_all().len(), asked);
    assert!(!is_shut(&proxy));
}

#[test]
fn a_connection_to_the_media_host_that_died_in_the_pool_is_nobodys_business() {
    let proxy = Proxy::cloud(&[]);
    let files = ["a.png", "b.png"].map(|name| proxy.put(name, 1000));
    assert!(proxy.get("/7/a.png").body == files[0]);
    proxy.origin.script_media(Behaviour::ClosedWhenReused);
    let response = proxy.get("/7/b.png");
    assert_eq!(response.status, 200);
    assert!(response.body == files[1]);
}

#[test]
fn a_copy_is_served_while_the_media_host_fails() {
    let proxy = Proxy::cloud(&[("CACHE_TTL_SECONDS", "1")]);
    let old = proxy.put("a.png", 5000);
    proxy.get("/7/a.png");
    proxy.put("a.png", 6000);
    proxy.origin.script_media(Behaviour::status(500));
    let stale = after_its_time(&mut proxy.connect(), "/7/a.png");
    assert_eq!(came(&stale), (200, Some("STALE")));
    assert!(stale.body == old);
}

#[test]
fn a_wrong_token_is_one_login() {
    let options = || Options {
        kind: Kind::Cloud,
        context_path: "/wiki".into(),
        ..Options::default()
    };
    let origin = SampleConfluence::start(options()).expect("a free port");
    let kind = [("CONFLUENCE_KIND", "cloud")];
    let proxy = Proxy::before(origin, &options().username, "a-wrong-one", &kind);
    proxy.put("a.png", 100);
    for _ in 0..10 {
        let response = proxy.get("/7/a.png");
        assert!([502, 503].contains(&response.status), "{response:?}");
        assert_eq!(response.field("WWW-Authenticate"), None);
    }
    assert_eq!(proxy.origin.logins(), 1);
    assert_eq!(proxy.targets(), [""; 0]);
    assert!(is_shut(&proxy));
}

#[test]
fn a_token_that_is_taken_back_costs_one_login_and_no_copy() {
    let proxy = Proxy::cloud(&[("CACHE_TTL_SECONDS", "1")]);
    let bytes = proxy.put("a.png", 1000);
    proxy.put("b.png", 1000);
    proxy.get("/7/a.png");
    proxy.origin.set_token("another");
    let before = proxy.origin.logins();
    let stale = after_its_time(&mut proxy.connect(), "/7/a.png");
    assert_eq!(came(&stale), (200, Some("STALE")));
    assert_eq!(proxy.origin.logins(), before + 1);
    for _ in 0..5 {
        let refused = proxy.get("/7/b.png");
        assert!([502, 503].contains(&refused.status), "{refused:?}");
        let kept = proxy.get("/7/a.png");
        assert!(kept.status == 200 && kept.body == bytes);
    }
    assert_eq!(proxy.origin.logins(), before + 1);
    assert!(is_shut(&proxy));
}

#[test]
fn a_token_that_may_not_say_whose_it_is_serves_files() {
    let options = Options {
        kind: Kind::Cloud,
        context_path: "/ex/confluence/5c1a09e4-7bd2-3f86-9a55-1d0c62f7be11/wiki".into(),
        ..Options::default()
    };
    let (username, token) = (options.username.clone(), options.token.clone());
    let origin = SampleConfluence::start(options).expect("a free port");
    origin.script_login(Fault::ScopeMismatch);
    let kind = [("CONFLUENCE_KIND", "cloud")];
    let proxy = Proxy::before(origin, &username, &token, &kind);
    for name in ["a.png", "b.png"] {
        let bytes = proxy.put(name, 1000);
        let response = proxy.get(&format!("/7/{name}"));
        assert_eq!(response.status, 200);
        assert!(response.body == bytes);
    }
    assert_eq!(proxy.login_tests(), 1);
    assert_eq!(proxy.connect().get("/readyz?upstream").status, 200);
}

#[test]
fn a_token_without_the_scope_for_downloads_is_refused_by_name() {
    let proxy = Proxy::cloud(&[]);
    proxy.put("a.png", 1000);
    proxy.script("a.png", Fault::ScopeMismatch);
    assert_eq!(proxy.get("/7/a.png").status, 502);
    assert_eq!(proxy.get("/7/a.png").status, 503);
    let monitor = proxy.connect().get("/readyz?upstream");
    let reason = monitor.text();
    assert!(
        reason.contains("readonly:content.attachment:confluence"),
        "{reason}"
    );
    assert_eq!(kinds(&proxy.targets()), ["lookup", "download"]);
}

#[test]
fn an_expired_copy_is_confirmed_by_one_small_question() {
    let proxy = Proxy::cloud(&[("CACHE_TTL_SECONDS", "1")]);
    // The second one was found under another form of its name.
    let composed = "/7/a.png";
    let decomposed = format!("/7/{}", encode_segment("u\u{308}.png"));
    let bytes = [proxy.put("a.png", 3000), proxy.put("\u{fc}.png", 4000)];
    for (path, bytes) in [composed, &decomposed].into_iter().zip(bytes) {
        assert_eq!(came(&proxy.get(path)), (200, Some("MISS")));
        forget_lookups(&proxy);
        let (confirmed, asked) = asked_by(&proxy, || after_its_time(&mut proxy.connect(), path));
        assert_eq!(came(&confirmed), (200, Some("REVALIDATED")), "{asked:?}");
        assert!(confirmed.body == bytes);
        assert!(!asked.contains(&"media"), "{asked:?}");
        assert!(!asked.contains(&"download"), "{asked:?}");
    }
    let (first, _) = proxy.targets().iter().fold((0, 0), |(count, all), target| {
        (count + usize::from(target.contains("filename=a.png")), all)
    });
    assert_eq!(first, 2, "one at the fill, one at the confirmation");
}

#[test]
fn an_expired_copy_gives_way_to_what_is_there_now() {
    let proxy = Proxy::cloud(&[("CACHE_TTL_SECONDS", "1")]);
    proxy.put("changed.png", 3000);
    proxy.put("deleted.png", 3000);
    for name in ["changed.png", "deleted.png"] {
        assert_eq!(proxy.get(&format!("/7/{name}")).status, 200);
    }
    let new = proxy.put("changed.png", 4000);
    proxy.origin.remove(PAGE, "deleted.png");
    forget_lookups(&proxy);
    let changed = after_its_time(&mut proxy.connect(), "/7/changed.png");
    assert_eq!(came(&changed), (200, Some("MISS")));
    assert!(changed.body == new);
    assert_eq!(
        after_its_time(&mut proxy.connect(), "/7/deleted.png").status,
        404
    );
    // It is gone: that Confluence fails does not bring it back.
    proxy.origin.script_all(Some(Behaviour::status(500)));
    let purged = proxy.connect().ask("DELETE", "/proxy/7/other.png", &[]);
    assert_eq!(purged.status, 204);
    assert_eq!(proxy.get("/7/deleted.png").status, 404);
}

#[test]
fn the_files_of_a_page_expire_together_and_cost_few_questions() {
    let proxy = Proxy::cloud(&[("CACHE_TTL_SECONDS", "1")]);
    let names: Vec<String> = (0..20).map(|number| format!("{number}.png")).collect();
    for name in &names {
        proxy.put(name, 1000);
        assert_eq!(proxy.get(&format!("/7/{name}")).status, 200);
    }
    forget_lookups(&proxy);
    let (_, asked) = asked_by(&proxy, || {
        // The last one is the last to expire: when it has, all have.
        assert_eq!(
            came(&after_its_time(&mut proxy.connect(), "/7/19.png")),
            (200, Some("REVALIDATED"))
        );
        for name in &names[..19] {
            let response = proxy.get(&format!("/7/{name}"));
            assert_eq!(came(&response), (200, Some("REVALIDATED")), "{name}");
        }
    });
    assert!(asked.len() <= 3, "{asked:?}");
    assert!(
        asked
            .iter()
            .all(|kind| ["lookup", "listing"].contains(kind))
    );
}

#[test]
fn a_lookup_that_was_under_way_at_a_purge_is_not_remembered() {
    let proxy = Proxy::cloud(&[]);
    proxy.put("a.png", 1000);
    // The answer with the old number is half on its way.
    let latch = Latch::new();
    proxy.origin.script_rest(Behaviour::hold_at(10, &latch));
    let mut early = proxy.connect();
    early.request("GET", "/proxy/7/a.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    proxy.origin.remove(PAGE, "a.png");
    let new = proxy.put("a.png", 2000);
    proxy.origin.script_rest(Behaviour::Good);
    let purged = proxy.connect().ask("DELETE", "/proxy/7/a.png", &[]);
    assert_eq!(purged.status, 204);
    latch.open();
    assert_eq!(early.response(false).status, 404, "the old number is gone");
    let (miss, asked) = asked_by(&proxy, || proxy.get("/7/a.png"));
    assert_eq!((miss.status, miss.body == new), (200, true), "{asked:?}");
    assert_eq!(asked[1..], ["download", "media"]);
}

/// Everything that may go wrong behind a signed address, each on a file of its own. Returns all answers.
fn all_answers(origin: &SampleConfluence, address: SocketAddr) -> Vec<u8> {
    let latch = Latch::new();
    let media: Vec<Behaviour> = vec![
        Behaviour::Good,
        Behaviour::status(403),
        Behaviour::status(404),
        Behaviour::status(500),
        Behaviour::answer(200, &[("Content-Type", "text/html")], "<html>"),
        Behaviour::Short { sent: 600 },
        Behaviour::Closed,
        Behaviour::Garbage,
        Behaviour::hold(&latch),
        Behaviour::answer(302, &[("Location", "ftp://x/?token=SIGNED-BY-NOBODY")], ""),
        Behaviour::rate_limited("1"),
    ];
    let sign = |scheme: &str| {
        format!("{scheme}me:SIGNED-BY-NOBODY@127.0.0.1:1/SIGNED-BY-NOBODY?token=SIGNED-BY-NOBODY")
    };
    let locations = ["http://", "ftp://", "//", "https://", ""].map(sign);
    let closed = "http://127.0.0.1:1/a?token=SIGNED-BY-NOBODY".to_owned();
    let login = "/wiki/login.action?token=SIGNED-BY-NOBODY".to_owned(); // the last one: it shuts the guard
    let mut answers = Vec::new();
    let mut ask = |number: usize| {
        for accept in ["*/*", "application/problem+json"] {
            let target = format!("/proxy/7/{number}.png");
            let fields = [("Accept", accept)];
            let response = Client::connect(address).ask("GET", &target, &fields);
            answers.extend(response.head.as_bytes());
            answers.extend(response.body);
            let monitor = Client::connect(address).get("/readyz?upstream");
            answers.extend(monitor.body);
        }
    };
    let count = media.len();
    for (number, behaviour) in media.into_iter().enumerate() {
        origin.script_media(behaviour);
        ask(number);
    }
    origin.script_media(Behaviour::Good);
    let places = locations.into_iter().chain([closed, login]);
    for (number, location) in places.enumerate() {
        origin.redirect_downloads_to(Some(location));
        ask(count + number);
    }
    answers
}

#[test]
fn a_signed_address_is_nowhere_to_be_seen() {
    let origin = SampleConfluence::start(Options {
        kind: Kind::Cloud,
        context_path: "/wiki".into(),
        ..Options::default()
    })
    .expect("a free port");
    for number in 0..30 {
        let file = File::new("image/png", vec![number; 1000]);
        origin.put(PAGE, &format!("{number}.png"), file);
    }
    let mut settings = settings(&origin);
    for (name, value) in [
        ("CONFLUENCE_KIND", "cloud"),
        ("CONFLUENCE_READ_TIMEOUT_SECONDS", "1"),
        ("RUST_LOG", "trace"),
    ] {
        settings.insert(name.into(), value.into());
    }
    let (binary, address) = Binary::serving(&settings);
    let answers = all_answers(&origin, address);
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{}", ended.text());
    let mut forbidden: Vec<String> = ["SIGNED-BY-NOBODY", "token=", "/binary", "JSESSIONID"]
        .map(str::to_owned)
        .into();
    let media: Vec<_> = origin.journal().into_iter().filter(|it| it.media).collect();
    assert!(10 < media.len(), "signed addresses were used");
    for exchange in media {
        let (_, query) = exchange.target.split_once('?').expect("it is signed");
        let token = query.split('&').next().unwrap_or_default();
        let token = token.strip_prefix("token=").expect("a token");
        forbidden.push(token[..40].to_owned());
        forbidden.push(token[token.len() - 20..].to_owned());
    }
    let log = ended.text();
    assert!(
        ended.lines(" DEBUG ureq").len() > 10,
        "the HTTP client had its say"
    );
    for (place, text) in [
        ("an answer", String::from_utf8_lossy(&answers)),
        ("the log", log.into()),
    ] {
        for word in &forbidden {
            assert!(
                !text.contains(word.as_str()),
                "{place} shows {word:?}: {text}"
            );
        }
    }
}

/// Starts a download of `name` that stops in the middle, and returns who waits for it.
fn half_way(origin: &SampleConfluence, address: SocketAddr, name: &str) -> (Client, Latch) {
    let latch = Latch::new();
    let file = File::new("image/png", pattern(100_000));
    origin.put(PAGE, name, file);
    origin.script_media(Behaviour::hold_at(600, &latch));
    let mut client = Client::connect(address);
    client.request("GET", &format!("/proxy/7/{name}"), &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    (client, latch)
}

#[test]
fn downloads_from_the_media_host_end_with_the_service_under_whatever_account_they_began() {
    let origin = SampleConfluence::start(Options {
        kind: Kind::Cloud,
        context_path: "/wiki".into(),
        ..Options::default()
    })
    .expect("a free port");
    let path = std::env::temp_dir().join(format!("token-of-cloud-test-{}", std::process::id()));
    std::fs::write(&path, Options::default().token).expect("a writable directory");
    let mut settings = settings(&origin);
    settings.remove("CONFLUENCE_API_TOKEN");
    let file = path.to_str().expect("a plain path");
    for (name, value) in [
        ("CONFLUENCE_API_TOKEN_FILE", file),
        ("CONFLUENCE_KIND", "cloud"),
        ("PROXY_DRAIN_SECONDS", "1"),
    ] {
        settings.insert(name.into(), value.into());
    }
    let (mut binary, address) = Binary::serving(&settings);
    let (mut old, _old_latch) = half_way(&origin, address, "a.png");
    origin.set_token("another");
    std::fs::write(&path, "another").expect("written above");
    binary.signal("HUP");
    binary.line("the new account is in force");
    std::fs::remove_file(&path).expect("written above");
    let (mut new, _new_latch) = half_way(&origin, address, "b.png");
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{}", ended.text());
    let log = ended.text();
    assert!(!log.contains("did not end in time"), "{log}");
    for client in [&mut old, &mut new] {
        assert!(!client.response(false).complete);
    }
}
