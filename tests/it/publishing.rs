//! What the operator does not publish is not served, and Confluence is not asked for it.

use confluence_attachment_proxy::demo::{Behaviour, Fault, File, Latch, Options};

use crate::support::{PAGE, PATIENCE, Proxy, after_its_time, pattern};

/// The page beside [`PAGE`], in another space.
const OTHER: u64 = 8;

/// A page of which nobody has said where it stands; the sample Confluence puts it into a third space.
const THIRD: u64 = 9;

const NOT_PUBLISHED: &str = "this proxy does not publish attachments of this page";

/// A Confluence with two spaces, `DOC` with [`PAGE`] and `HR` with [`OTHER`], and files `0.png` to `9.png` on each page.
fn publishing(settings: &[(&str, &str)]) -> Proxy {
    let settings = [&[("CACHE_NEGATIVE_TTL_SECONDS", "0")], settings].concat();
    let proxy = Proxy::of(Options::default(), &settings);
    let origin = &proxy.origin;
    origin.name_page(PAGE, "DOC", "Manual");
    origin.name_page(OTHER, "HR", "Salaries");
    for page in [PAGE, OTHER, THIRD] {
        for number in 0..10 {
            let file = File::new("image/png", pattern(500 + page as usize));
            origin.put(page, &format!("{number}.png"), file);
        }
    }
    proxy
}

#[track_caller]
fn check_served(proxy: &Proxy, path: &str, page: u64) {
    let response = proxy.get(path);
    assert_eq!(response.status, 200, "{path}: {}", response.text());
    assert!(response.body == pattern(500 + page as usize), "{path}");
}

#[track_caller]
fn check_refused(proxy: &Proxy, path: &str) {
    let response = proxy.get(path);
    assert_eq!(response.status, 403, "{path}");
    assert_eq!(response.text().lines().nth(1), Some(NOT_PUBLISHED));
    assert_eq!(response.field("Cache-Control"), Some("no-store"));
}

fn delete(proxy: &Proxy, path: &str) {
    let purged = proxy.connect().ask("DELETE", &format!("/proxy{path}"), &[]);
    assert_eq!(purged.status, 204, "{path}");
}

/// All forms of address of a file of [`OTHER`].
const OF_OTHER: [&str; 8] = [
    "/8/0.png",
    "/8/0.png?version=1&download=true",
    "/008/0.png",
    "/download/attachments/8/0.png?api=v2",
    "/download/thumbnails/8/0.png?width=10",
    "/download/attachments/embedded-page/HR/Salaries/0.png?api=v2",
    "/download/attachments/embedded-blogpost/HR/2024/06/09/Salaries/0.png",
    "/8/not-there.png",
];

#[test]
fn only_listed_pages_are_published_and_nothing_is_asked_about_others() {
    let proxy = publishing(&[("PROXY_ALLOW_PAGES", "7, 10")]);
    for path in OF_OTHER {
        check_refused(&proxy, path);
    }
    // By title nobody can tell without asking which page that is.
    check_refused(
        &proxy,
        "/download/attachments/embedded-page/DOC/Manual/0.png?api=v2",
    );
    assert_eq!(proxy.targets(), [""; 0]);
    check_served(&proxy, "/7/0.png", PAGE);
    check_served(&proxy, "/007/1.png", PAGE);
    check_served(&proxy, "/download/thumbnails/7/0.png?width=10", PAGE);
    assert_eq!(proxy.get("/10/0.png").status, 404);
    assert_eq!(
        proxy.targets(),
        [
            "/download/attachments/7/0.png",
            "/download/attachments/7/1.png",
            "/download/thumbnails/7/0.png?width=10",
            "/download/attachments/10/0.png",
        ]
    );
}

#[test]
fn the_space_of_a_page_is_looked_up_once() {
    let proxy = publishing(&[("PROXY_ALLOW_SPACES", "doc,~me")]);
    for number in 0..5 {
        check_served(&proxy, &format!("/7/{number}.png"), PAGE);
        check_refused(&proxy, &format!("/8/{number}.png"));
        check_refused(&proxy, &format!("/9/{number}.png"));
    }
    check_served(&proxy, "/download/thumbnails/7/0.png?width=10", PAGE);
    check_refused(&proxy, "/download/thumbnails/8/0.png?width=10");
    let targets = proxy.targets();
    for page in [PAGE, OTHER, THIRD] {
        let lookup = format!("/rest/api/content/{page}?expand=space");
        let count = targets.iter().filter(|target| **target == lookup).count();
        assert_eq!(count, 1, "{targets:?}");
    }
    let mut others = targets.iter().filter(|it| it.contains("/download/"));
    assert!(others.all(|target| target.contains("/7/")), "{targets:?}");
    assert_eq!(targets.len(), 3 + 6);
    // A hit asks nothing, not even the first time after a purge of something else.
    delete(&proxy, "/99/nothing.png");
    assert_eq!(proxy.get("/7/0.png").field("X-Cache"), Some("HIT"));
    assert_eq!(proxy.targets().len(), 9);
}

#[test]
fn an_address_by_title_says_its_space_itself() {
    let proxy = publishing(&[("PROXY_ALLOW_SPACES", "DOC")]);
    let origin = &proxy.origin;
    origin.name_blog_post(20, "DOC", (2024, 6, 9), "News");
    origin.put(20, "0.png", File::new("image/png", pattern(520)));
    let titled = "/download/attachments/embedded-page";
    check_served(&proxy, &format!("{titled}/DOC/Manual/0.png?api=v2"), PAGE);
    let post = "/download/attachments/embedded-blogpost/DOC/2024/06/09/News/0.png";
    check_served(&proxy, post, 20);
    // Confluence decides whether it knows this spelling; the proxy lets it pass.
    assert_eq!(proxy.get(&format!("{titled}/doc/Manual/0.png")).status, 404);
    for path in &OF_OTHER[5..7] {
        check_refused(&proxy, path);
    }
    check_refused(&proxy, &format!("{titled}/DOCS/Manual/0.png"));
    check_refused(&proxy, &format!("{titled}/%20DOC/Manual/0.png"));
    let targets = proxy.targets();
    assert_eq!(targets.len(), 3, "{targets:?}");
    assert!(targets.iter().all(|target| target.contains("/embedded-")));
}

#[test]
fn both_lists_together_publish_what_is_in_either() {
    let proxy = publishing(&[("PROXY_ALLOW_SPACES", "DOC"), ("PROXY_ALLOW_PAGES", "9")]);
    check_served(&proxy, "/7/0.png", PAGE);
    check_served(&proxy, "/9/0.png", THIRD);
    check_refused(&proxy, "/8/0.png");
    assert_eq!(
        proxy.targets(),
        [
            "/rest/api/content/7?expand=space",
            "/download/attachments/7/0.png",
            "/download/attachments/9/0.png",
            "/rest/api/content/8?expand=space",
        ]
    );
}

#[test]
fn a_refusal_has_the_same_words_for_machines_and_no_body_for_head() {
    let proxy = publishing(&[("PROXY_ALLOW_PAGES", "7"), ("PROXY_ALLOW_SPACES", "DOC")]);
    let json = [("Accept", "application/problem+json")];
    for path in OF_OTHER {
        let target = format!("/proxy{path}");
        let mut client = proxy.connect();
        let problem = client.ask("GET", &target, &json);
        assert_eq!(problem.status, 403, "{path}");
        let media_type = problem.field("Content-Type");
        assert_eq!(media_type, Some("application/problem+json"));
        let words = format!("\"detail\":\"{NOT_PUBLISHED}\"");
        assert!(problem.text().contains(&words), "{}", problem.text());
        let head = client.ask("HEAD", &target, &[]);
        assert_eq!((head.status, head.body.len()), (403, 0), "{path}");
        for word in ["HR", "Salaries", "DOC"] {
            assert!(!problem.text().contains(word), "{}", problem.text());
        }
        let insisting = client.ask("GET", &target, &[("Cache-Control", "no-cache")]);
        assert_eq!(insisting.status, 403, "{path}");
    }
    assert_eq!(proxy.targets(), ["/rest/api/content/8?expand=space"]);
    delete(&proxy, "/8/0.png");
    delete(&proxy, "/8");
}

#[test]
fn nothing_is_published_while_the_space_is_unknown() {
    let latch = Latch::new();
    let not_json = Behaviour::answer(404, &[("Content-Type", "text/plain")], "nothing here");
    for (behaviour, status) in [
        (Behaviour::status(500), 502),
        (Behaviour::status(403), 502),
        (not_json, 502),
        (Behaviour::Garbage, 502),
        (Behaviour::Short { sent: 10 }, 502),
        (Fault::DamagedJson.into(), 502),
        (Fault::EmptyJson.into(), 502),
        (Fault::MaintenancePage.into(), 502),
        (Fault::LoginRedirect.into(), 502),
        (Fault::HtmlForJson.into(), 502),
        (Behaviour::rate_limited("1"), 503),
        (Behaviour::hold(&latch), 504),
    ] {
        let settings = [
            ("PROXY_ALLOW_SPACES", "DOC"),
            ("CONFLUENCE_READ_TIMEOUT_SECONDS", "1"),
        ];
        let proxy = publishing(&settings);
        // The account is good; what follows is about the lookup alone.
        check_refused(&proxy, "/9/0.png");
        proxy.origin.script_rest(behaviour.clone());
        let response = proxy.get("/7/0.png");
        assert_eq!(response.status, status, "{behaviour:?}");
        let again = proxy.get("/7/1.png");
        assert!(500 <= again.status, "{behaviour:?}: {}", again.status);
        assert_eq!(proxy.fetches(), 0, "{behaviour:?}");
    }
    let proxy = publishing(&[("PROXY_ALLOW_SPACES", "DOC,SAMPLE")]);
    proxy.origin.hide_from_rest(THIRD);
    assert_eq!(proxy.get("/9/0.png").status, 404);
    assert_eq!(proxy.get("/1234/0.png").status, 404);
    assert_eq!(proxy.fetches(), 0);
}

#[test]
fn what_was_published_before_its_page_moved_goes_when_it_expires() {
    let proxy = publishing(&[("PROXY_ALLOW_SPACES", "DOC"), ("CACHE_TTL_SECONDS", "1")]);
    check_served(&proxy, "/7/0.png", PAGE);
    proxy.origin.name_page(PAGE, "HR", "Manual");
    delete(&proxy, "/99/nothing.png"); // the space of the page is looked up again
    assert_eq!(after_its_time(&mut proxy.connect(), "/7/0.png").status, 403);
    // The copy is gone: that Confluence fails does not bring it back.
    proxy.origin.script_all(Some(Behaviour::status(500)));
    check_refused(&proxy, "/7/0.png");
    delete(&proxy, "/99/nothing.png");
    assert_eq!(proxy.get("/7/0.png").status, 502);
    proxy.origin.script_all(None);
    proxy.origin.name_page(PAGE, "DOC", "Manual");
    delete(&proxy, "/7/0.png");
    check_served(&proxy, "/7/0.png", PAGE);
}

#[test]
fn a_copy_of_a_published_page_is_served_while_its_space_cannot_be_asked() {
    let proxy = publishing(&[("PROXY_ALLOW_SPACES", "DOC"), ("CACHE_TTL_SECONDS", "1")]);
    check_served(&proxy, "/7/0.png", PAGE);
    delete(&proxy, "/99/nothing.png");
    proxy.origin.script_rest(Behaviour::status(500));
    let stale = after_its_time(&mut proxy.connect(), "/7/0.png");
    assert_eq!((stale.status, stale.field("X-Cache")), (200, Some("STALE")));
}

#[test]
fn a_space_that_was_asked_for_when_its_page_moved_is_asked_for_again() {
    let proxy = publishing(&[("PROXY_ALLOW_SPACES", "DOC")]);
    // The answer that the page stands in DOC is half on its way.
    let latch = Latch::new();
    proxy.origin.script_rest(Behaviour::hold_at(10, &latch));
    let mut early = proxy.connect();
    early.request("GET", "/proxy/7/0.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    proxy.origin.name_page(PAGE, "HR", "Manual");
    proxy.origin.script_rest(Behaviour::Good);
    delete(&proxy, "/7");
    latch.open();
    assert_eq!(early.response(false).status, 200, "asked for before");
    check_refused(&proxy, "/7/1.png");
    check_refused(&proxy, "/7/0.png");
}

#[test]
fn cloud_publishes_by_the_same_lists() {
    let proxy = Proxy::cloud(&[("PROXY_ALLOW_SPACES", "DOC"), ("PROXY_ALLOW_PAGES", "9")]);
    for (page, space) in [(PAGE, "DOC"), (OTHER, "HR"), (THIRD, "HR")] {
        proxy.origin.name_page(page, space, &format!("T{page}"));
        let file = File::new("image/png", pattern(500 + page as usize));
        proxy.origin.put(page, "0.png", file);
    }
    check_served(&proxy, "/7/0.png", PAGE);
    check_served(&proxy, "/9/0.png", THIRD);
    let titled = "/download/attachments/embedded-page";
    check_served(&proxy, &format!("{titled}/DOC/T7/0.png"), PAGE);
    let before = proxy.targets().len();
    check_refused(&proxy, "/8/0.png");
    check_refused(&proxy, &format!("{titled}/HR/T8/0.png"));
    check_refused(&proxy, &format!("{titled}/HR/T9/0.png"));
    let targets = proxy.targets();
    assert_eq!(targets[before..], ["/rest/api/content/8?expand=space"]);
}
