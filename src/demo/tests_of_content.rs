//! What REST finds, and who may see what.

use super::client_for_tests::{Client, authorization, confluence, get};
use super::{Behaviour, File};

const FILE: &str = "/download/attachments/1/a.png";
const REASON: &str = "X-Seraph-LoginReason";

#[test]
fn pages_and_blog_posts_are_found_by_title() {
    let confluence = confluence();
    confluence.name_page(1, "DEMO", "图 & \"more\"");
    confluence.name_page(2, "OTHER", "图 & \"more\"");
    confluence.name_blog_post(3, "DEMO", (2024, 6, 9), "News");
    confluence.name_blog_post(4, "DEMO", (2025, 1, 2), "News");
    for (query, ids) in [
        ("spaceKey=DEMO&title=%E5%9B%BE+%26+%22more%22", &["1"][..]),
        (
            "title=%E5%9B%BE%20%26%20%22more%22&expand=space",
            &["1", "2"],
        ),
        ("spaceKey=DEMO&title=News", &[]),
        ("spaceKey=DEMO&title=News&type=page", &[]),
        ("spaceKey=DEMO&title=News&type=blogpost", &["3", "4"]),
        (
            "spaceKey=DEMO&title=News&type=blogpost&postingDay=2025-01-02",
            &["4"],
        ),
        (
            "spaceKey=DEMO&title=News&type=blogpost&postingDay=2025-01-03",
            &[],
        ),
        ("spaceKey=NONE&title=News", &[]),
    ] {
        let response = get(&confluence, &format!("/rest/api/content?{query}"));
        let text = response.text();
        assert_eq!(response.status, 200, "query: {query}");
        assert!(
            text.contains(&format!("\"size\":{}", ids.len())),
            "{query}: {text}"
        );
        for id in ["1", "2", "3", "4"] {
            let found = text.contains(&format!("{{\"id\":\"{id}\",\"type\":\""));
            assert_eq!(found, ids.contains(&id), "{query}: {text}");
        }
    }
    let text = get(&confluence, "/rest/api/content?title=News&type=blogpost").text();
    assert!(
        text.contains("\"type\":\"blogpost\"") && text.contains("\"key\":\"DEMO\""),
        "{text}"
    );
    let anonymous = Client::new(&confluence).get_with("/rest/api/content?title=News", "");
    assert_eq!(anonymous.status, 403);
}

#[test]
fn files_of_blog_posts_have_addresses_with_the_day() {
    let confluence = confluence();
    confluence.put(3, "b.txt", File::new("text/plain", *b"post"));
    confluence.name_blog_post(3, "DEMO", (2024, 6, 9), "My News");
    let base = "/download/attachments/embedded-blogpost/DEMO/2024/06/09";
    let target = format!("{base}/My%20News/b.txt");
    assert_eq!(get(&confluence, &target).text(), "post");
    for target in [
        "/download/attachments/embedded-blogpost/DEMO/2024/06/10/My%20News/b.txt",
        "/download/attachments/embedded-page/DEMO/My%20News/b.txt",
    ] {
        assert_eq!(get(&confluence, target).status, 404, "target: {target}");
    }
    let page = get(&confluence, "/rest/api/content/3").text();
    assert!(page.contains("\"type\":\"blogpost\""), "{page}");
    confluence.script(3, "b.txt", Behaviour::status(418));
    assert_eq!(get(&confluence, &target).status, 418);
}

#[test]
fn the_manifest_tells_the_version_without_a_login() {
    let confluence = confluence();
    let target = "/rest/applinks/1.0/manifest";
    let response = Client::new(&confluence).get_with(target, "");
    assert_eq!(response.status, 200);
    let text = response.text();
    for part in [
        "<typeId>confluence</typeId>",
        "<version>9.2.17</version>",
        "<buildNumber>21763</buildNumber>",
        "<manifest><id>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    confluence.script_rest(Behaviour::status(404));
    assert_eq!(get(&confluence, target).status, 404);
}

#[test]
fn only_files_with_an_etag_honour_if_none_match() {
    let confluence = confluence();
    let ask =
        |fields: &str| Client::new(&confluence).get_with(FILE, &(authorization("secret") + fields));
    let plain = ask("If-None-Match: *\r\n");
    assert_eq!((plain.status, plain.header("ETag")), (200, None));
    confluence.put(
        1,
        "a.png",
        File::new("image/png", *b"0123456789").with_etag(),
    );
    let response = ask("");
    let etag = response.header("ETag").expect("asked for").to_owned();
    assert!(
        etag.starts_with('"') && etag.ends_with('"'),
        "strong: {etag}"
    );
    let date = "If-Modified-Since: Mon, 10 Jun 2024 14:04:16 GMT\r\n";
    for (fields, status) in [
        (format!("If-None-Match: {etag}\r\n"), 304),
        (format!("If-None-Match: \"other\", W/{etag}\r\n"), 304),
        ("If-None-Match: *\r\n".to_owned(), 304),
        ("If-None-Match: \"other\"\r\n".to_owned(), 200),
        (format!("If-None-Match: \"other\"\r\n{date}"), 200),
        (date.to_owned(), 304),
    ] {
        let response = ask(&fields);
        assert_eq!(response.status, status, "fields: {fields}");
        assert_eq!(
            response.header("ETag"),
            Some(etag.as_str()),
            "fields: {fields}"
        );
    }
    confluence.put(
        1,
        "a.png",
        File::new("image/png", *b"1123456789").with_etag(),
    );
    let changed = ask(&format!("If-None-Match: {etag}\r\n"));
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("ETag"), Some(etag.as_str()));
}

#[test]
fn public_pages_are_for_everybody() {
    let confluence = confluence();
    confluence.name_page(1, "DEMO", "Home");
    confluence.put(2, "a.png", File::new("image/png", *b"x"));
    confluence.publish(1);
    let wrong = authorization("wrong");
    for (fields, reason) in [
        ("", None),
        ("Authorization: Bearer wrong\r\n", None),
        (wrong.as_str(), Some("AUTHENTICATED_FAILED")),
    ] {
        for target in [
            FILE,
            "/download/thumbnails/1/a.png",
            "/download/attachments/embedded-page/DEMO/Home/a.png",
            "/rest/api/content/1",
            "/rest/api/content/1/child/attachment",
        ] {
            let response = Client::new(&confluence).get_with(target, fields);
            assert_eq!(response.status, 200, "{target} {fields}");
            assert_eq!(response.header(REASON), reason, "{target} {fields}");
            assert_eq!(response.header("X-AUSERNAME"), None, "{target} {fields}");
            confluence.clear_captcha();
        }
        let other = Client::new(&confluence).get_with("/download/attachments/2/a.png", fields);
        assert_eq!(other.status, 302, "{fields}");
    }
    assert_eq!(get(&confluence, FILE).header(REASON), Some("OK"));
    let missing = Client::new(&confluence).get_with("/download/attachments/1/z.png", "");
    assert_eq!(missing.status, 404);
}

#[test]
fn some_files_are_unknown_to_rest() {
    let confluence = confluence();
    confluence.name_page(1, "DEMO", "Home");
    confluence.hide_from_rest(1);
    for (target, status) in [
        (FILE, 200),
        ("/rest/api/content/1", 404),
        ("/rest/api/content/1/child/attachment?filename=a.png", 404),
    ] {
        assert_eq!(get(&confluence, target).status, status, "target: {target}");
    }
    let found = get(&confluence, "/rest/api/content?title=Home").text();
    assert!(found.contains("\"size\":0"), "{found}");
}
