//! One of several nodes: who gets an answer about an attachment can tell which one it came from.

use confluence_attachment_proxy::demo::Behaviour;
use serde_json::Value;

use crate::support::binary::{Binary, origin, settings};
use crate::support::{Proxy, Response};

const NAME: (&str, &str) = ("PROXY_NODE_NAME", "files-2");

/// What the answers of this node begin with.
const NODE: &str = "confluence-attachment-proxy/files-2";

fn ask(proxy: &Proxy, method: &str, path: &str, field: Option<(&str, &str)>) -> Response {
    let target = format!("/proxy{path}");
    proxy.connect().ask(method, &target, field.as_slice())
}

/// A proxy with a kept file, one that it would have to fetch, and one that Confluence fails with.
fn with_files(settings: &[(&str, &str)]) -> Proxy {
    let proxy = Proxy::with(settings);
    proxy.put("kept.png", 100);
    proxy.put("new.png", 100);
    proxy.put("failing.png", 100);
    proxy.script("failing.png", Behaviour::status(500));
    assert_eq!(proxy.get("/7/kept.png").status, 200);
    proxy.get_kept("/7/kept.png");
    proxy
}

#[test]
fn every_answer_about_an_attachment_names_the_node() {
    let proxy = with_files(&[NAME, ("PROXY_ALLOW_PAGES", "7")]);
    let tag = proxy
        .get_kept("/7/kept.png")
        .field("ETag")
        .map(str::to_owned);
    let tag = tag.expect("a kept file has one");
    let (part, beyond) = (("Range", "bytes=2-3"), ("Range", "bytes=100-"));
    let known = ("If-None-Match", &*tag);
    for (method, path, field, status, told) in [
        ("GET", "/7/kept.png", None, 200, "hit"),
        ("HEAD", "/7/kept.png", None, 200, "hit"),
        ("GET", "/7/kept.png", Some(part), 206, "hit"),
        ("GET", "/7/kept.png", Some(known), 304, "hit"),
        ("GET", "/7/kept.png", Some(beyond), 416, "hit"),
        ("GET", "/7/new.png", Some(beyond), 416, "fwd=uri-miss"),
    ] {
        let response = ask(&proxy, method, path, field);
        assert_eq!(response.status, status, "{path} {field:?}");
        let said = response.field("Cache-Status").expect("it is there");
        let expected = format!("{NODE}; {told}; ttl=");
        assert!(said.starts_with(&expected), "{status}: {said}");
    }
    // The second time it is known, and Confluence is not asked.
    for (path, status) in [
        ("/7/none.png", 404),
        ("/7/none.png", 404),
        ("/7/failing.png", 502),
        ("/8/secret.png", 403),
    ] {
        let response = ask(&proxy, "GET", path, None);
        let said = response.field("Cache-Status");
        assert_eq!((response.status, said), (status, Some(NODE)), "{path}");
    }
    let page = ask(
        &proxy,
        "GET",
        "/7/failing.png",
        Some(("Accept", "text/html")),
    );
    assert!(
        page.text().contains("</time>, files-2</span>"),
        "{}",
        page.text()
    );
}

#[test]
fn without_a_name_who_gets_no_file_is_told_as_before() {
    let proxy = with_files(&[]);
    let past_the_end = Some(("Range", "bytes=100-"));
    for (path, field, status) in [
        ("/7/kept.png", past_the_end, 416),
        ("/7/none.png", None, 404),
        ("/7/failing.png", None, 502),
    ] {
        let response = ask(&proxy, "GET", path, field);
        let said = response.field("Cache-Status");
        assert_eq!((response.status, said), (status, None), "{path}");
    }
}

#[test]
fn who_watches_several_nodes_can_tell_them_apart() {
    let proxy = Proxy::with(&[NAME]);
    let status = |accept| proxy.connect().ask("GET", "/status", &[("Accept", accept)]);
    let json: Value = serde_json::from_slice(&status("application/json").body).expect("JSON");
    assert_eq!(json["node"], "files-2");
    assert!(status("text/html").text().contains(">files-2, version "));
    let alone = Proxy::start()
        .connect()
        .ask("GET", "/status", &[("Accept", "application/json")]);
    let json: Value = serde_json::from_slice(&alone.body).expect("JSON");
    assert_eq!(json["node"], Value::Null);

    let (origin, _) = origin("a.png", 10);
    let mut settings = settings(&origin);
    let (mut alone, _) = Binary::serving(&settings);
    assert!(!alone.line("started version=").contains("node="));
    settings.insert(NAME.0.to_owned(), NAME.1.to_owned());
    let (mut named, _) = Binary::serving(&settings);
    let line = named.line("started version=");
    assert!(line.ends_with(" node=files-2"), "{line}");
}
