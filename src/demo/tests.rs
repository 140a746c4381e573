//! The sample Confluence as a whole, over real sockets.

use std::time::Instant;

use super::client_for_tests::{Client, DEADLINE, authorization, confluence, get};
use super::{Behaviour, File, Latch, Options, SampleConfluence, samples};

const FILE: &str = "/download/attachments/1/a.png";

#[test]
fn a_good_file_looks_like_data_center() {
    let confluence = confluence();
    let response = get(&confluence, FILE);
    assert!(
        response.head.starts_with("HTTP/1.1 200 \r\n"),
        "{}",
        response.head
    );
    for (name, value) in [
        ("Content-Type", "image/png"),
        ("Content-Disposition", "inline; filename=\"a.png\""),
        ("Content-Length", "10"),
        ("Last-Modified", "Sun, 09 Jun 2024 14:04:16 GMT"),
        ("Accept-Ranges", "bytes"),
        ("X-Seraph-LoginReason", "OK"),
        ("X-AUSERNAME", "me"),
        ("X-AREQUESTID", "842x0x1"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    for name in ["Date", "X-Confluence-Request-Time", "Set-Cookie"] {
        assert!(response.header(name).is_some(), "{name}");
    }
    confluence.put(1, "图", File::new("application/zip", *b"x").dated_1970());
    let response = get(&confluence, "/download/attachments/1/%E5%9B%BE");
    assert_eq!(response.header("Content-Disposition"), Some("attachment"));
    assert_eq!(
        response.header("Last-Modified"),
        Some("Tue, 13 Jan 1970 00:00:00 GMT")
    );
}

#[test]
fn versions_are_served_by_number() {
    let confluence = confluence();
    confluence.put(1, "a.png", File::new("image/png", *b"second"));
    for (query, status, body) in [
        ("", 200, "second"),
        ("?version=1", 200, "0123456789"),
        ("?api=v2&version=2", 200, "second"),
        ("?version=3", 404, ""),
        ("?version=0", 404, ""),
        ("?version=x", 500, ""),
    ] {
        let response = get(&confluence, &format!("{FILE}{query}"));
        assert_eq!(response.status, status, "query: {query}");
        if status == 200 {
            assert_eq!(response.text(), body, "query: {query}");
        }
    }
    confluence.remove(1, "a.png");
    assert_eq!(get(&confluence, FILE).status, 404);
}

#[test]
fn head_has_no_body_and_other_methods_are_refused() {
    let confluence = confluence();
    let mut client = Client::new(&confluence);
    for _ in 0..2 {
        client.send("HEAD", FILE, &authorization("secret"));
        let response = client.response("HEAD").expect("an answer");
        assert_eq!(response.header("Content-Length"), Some("10"));
    }
    client.send("DELETE", FILE, &authorization("secret"));
    let response = client.response("DELETE").expect("an answer");
    assert_eq!(
        (response.status, response.header("Allow")),
        (405, Some("GET, HEAD"))
    );
    client.send_raw(b"nonsense\r\n\r\n");
    assert_eq!(client.response("GET").expect("an answer").status, 400);
    assert!(client.response("GET").is_none(), "then it closes");
    let mut client = Client::new(&confluence);
    client.send_raw(&[b'x'; 8 * 1024 + 1]);
    assert_eq!(client.response("GET").expect("an answer").status, 400);
}

#[test]
fn conditional_requests_are_answered_wrongly() {
    let confluence = confluence();
    let fields = authorization("secret") + "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    assert_eq!(Client::new(&confluence).get_with(FILE, &fields).status, 304);
}

#[test]
fn thumbnails_are_for_pictures() {
    let confluence = confluence();
    confluence.put(1, "b.pdf", File::new("application/pdf", *b"%PDF"));
    confluence.put(1, "c.svg", File::new("image/svg+xml", *b"<svg/>"));
    for (name, status) in [
        ("a.png", 200),
        ("b.pdf", 404),
        ("c.svg", 404),
        ("d.png", 404),
    ] {
        let target = format!("/download/thumbnails/1/{name}?width=100");
        assert_eq!(get(&confluence, &target).status, status, "name: {name}");
    }
}

#[test]
fn metadata_tells_id_version_and_size() {
    let confluence = confluence();
    confluence.put(1, "b.txt", File::new("text/plain", *b"b"));
    let target = "/rest/api/content/1/child/attachment?filename=a.png&expand=version&limit=1";
    let text = get(&confluence, target).text();
    for part in [
        "\"id\":\"att1310721\"",
        "\"title\":\"a.png\"",
        "\"number\":1",
        "\"when\":\"2024-06-09T22:04:16.000+08:00\"",
        "\"fileSize\":10",
        "\"mediaType\":\"image/png\"",
        "\"size\":1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("b.txt") && !text.contains("next"), "{text}");
    let page = get(&confluence, "/rest/api/content/1/child/attachment?limit=1").text();
    assert!(
        page.contains("&limit=1&start=1\"") && !page.contains("when"),
        "{page}"
    );
    let page = get(
        &confluence,
        "/rest/api/content/1/child/attachment?limit=1&start=1",
    )
    .text();
    assert!(page.contains("b.txt") && !page.contains("next"), "{page}");
    let none = get(
        &confluence,
        "/rest/api/content/1/child/attachment?filename=z",
    );
    assert!(none.text().contains("\"results\":[],"), "{}", none.text());
    assert_eq!(
        get(&confluence, "/rest/api/content/2/child/attachment").status,
        404
    );
    confluence.name_page(1, "DEMO", "Home");
    let page = get(&confluence, "/rest/api/content/1?expand=space").text();
    assert!(page.contains("\"space\":{\"key\":\"DEMO\""), "{page}");
}

#[test]
fn who_is_not_logged_in_is_sent_to_the_login_page() {
    let confluence = confluence();
    let mut client = Client::new(&confluence);
    for fields in ["", "Authorization: Bearer wrong\r\n"] {
        let response = client.get_with(FILE, fields);
        assert_eq!(response.status, 302);
        assert_eq!(response.header("X-Seraph-LoginReason"), None);
        let location = response.header("Location").expect("a redirect");
        let local = location.strip_prefix(&confluence.url()).expect("to itself");
        let login = client.get_with(local, "");
        assert_eq!(login.status, 200);
        assert!(login.text().contains("<form") && !login.text().contains("{url}"));
        let user = client.get_with("/rest/api/user/current", fields);
        assert!(user.text().contains("\"type\":\"anonymous\""));
        let metadata = client.get_with("/rest/api/content/1/child/attachment", fields);
        assert_eq!(metadata.status, 403);
    }
    assert_eq!(
        client
            .get_with(FILE, "Authorization: Bearer secret\r\n")
            .status,
        200
    );
    assert!(
        get(&confluence, "/rest/api/user/current")
            .text()
            .contains("\"type\":\"known\"")
    );
    assert_eq!(confluence.failed_logins(), 0);
}

#[test]
fn three_failures_lock_the_account_until_a_human_comes() {
    let confluence = confluence();
    let mut client = Client::new(&confluence);
    let wrong = authorization("wrong");
    for target in [FILE, "/rest/api/user/current", FILE] {
        let response = client.get_with(target, &wrong);
        let status = if target == FILE { 302 } else { 401 };
        assert_eq!(response.status, status);
        assert_eq!(
            response.header("X-Seraph-LoginReason"),
            Some("AUTHENTICATED_FAILED")
        );
    }
    let response = client.get(FILE).expect("an answer");
    assert_eq!(response.status, 403);
    assert_eq!(
        response.header("X-Seraph-LoginReason"),
        Some("AUTHENTICATION_DENIED")
    );
    let denied = response.header("X-Authentication-Denied-Reason");
    assert!(denied.is_some_and(|reason| reason.starts_with("CAPTCHA_CHALLENGE")));
    confluence.clear_captcha();
    assert_eq!(client.get(FILE).expect("an answer").status, 200);
    confluence.set_token("new");
    assert_eq!(client.get(FILE).expect("an answer").status, 302);
    assert_eq!(client.get_with(FILE, &authorization("new")).status, 200);
}

#[test]
fn a_session_is_made_for_each_request_without_its_cookie() {
    let confluence = confluence();
    let response = get(&confluence, FILE);
    let cookie = response.header("Set-Cookie").expect("a new session");
    let (pair, rest) = cookie.split_once("; ").expect("attributes");
    assert_eq!(rest, "Path=/; HttpOnly");
    let fields = format!("{}Cookie: other=1; {pair}\r\n", authorization("secret"));
    let mut client = Client::new(&confluence);
    assert_eq!(client.get_with(FILE, &fields).header("Set-Cookie"), None);
    assert_eq!(confluence.sessions_created(), 1);
    let fields = format!("{}Cookie: JSESSIONID=1234\r\n", authorization("secret"));
    assert!(
        client
            .get_with(FILE, &fields)
            .header("Set-Cookie")
            .is_some()
    );
    assert_eq!(confluence.sessions_created(), 2);
}

#[test]
fn the_journal_tells_requests_and_connections_apart() {
    let confluence = confluence();
    let mut one = Client::new(&confluence);
    one.get(FILE);
    one.get("/nowhere?x=%20");
    Client::new(&confluence).get_with(FILE, "X-Odd: 1\r\n");
    assert!(confluence.wait_for_requests(3, DEADLINE));
    assert_eq!(
        (confluence.requests(), confluence.connections_seen()),
        (3, 2)
    );
    let journal = confluence.journal();
    let seen: Vec<_> = journal
        .iter()
        .map(|seen| (seen.target.as_str(), seen.connection, seen.status))
        .collect();
    assert_eq!(
        seen,
        [(FILE, 1, 200), ("/nowhere?x=%20", 1, 404), (FILE, 2, 302)]
    );
    assert_eq!(journal[2].header("x-odd"), Some("1"));
    assert_eq!(journal[2].method, "GET");
    assert!(!confluence.wait_for_requests(4, std::time::Duration::ZERO));
    assert_eq!(confluence.logins(), 2, "the third sent no credentials");
    let wrong = format!("authorization: {}", &authorization("wrong")[15..]);
    Client::new(&confluence).get_with(FILE, &wrong);
    assert_eq!(confluence.logins(), 3, "a bad one counts as well");
}

#[test]
fn bytes_of_bodies_are_counted_and_nothing_else() {
    let confluence = confluence();
    let mut client = Client::new(&confluence);
    let mut sent = 0;
    for (behaviour, arrives) in [
        (Behaviour::Good, 10),
        (Behaviour::Chunked, 10),
        (Behaviour::Short { sent: 4 }, 4),
    ] {
        confluence.script(1, "a.png", behaviour);
        client.send("HEAD", FILE, &authorization("secret"));
        assert!(client.response("HEAD").is_some());
        assert_eq!(confluence.bytes_sent(), sent);
        assert!(client.get(FILE).is_some());
        sent += arrives;
        assert_eq!(confluence.bytes_sent(), sent);
    }
}

#[test]
fn a_context_path_belongs_to_every_address() {
    let confluence = SampleConfluence::with_samples(Options {
        context_path: "/confluence".to_owned(),
        token: "secret".to_owned(),
        username: "me".to_owned(),
        ..Options::default()
    })
    .expect("a free port");
    assert!(confluence.url().ends_with("/confluence"));
    let user = "/rest/api/user/current";
    assert_eq!(get(&confluence, user).status, 404);
    assert_eq!(get(&confluence, &format!("/confluence{user}")).status, 200);
}

#[test]
fn every_sample_can_be_fetched() {
    let confluence = SampleConfluence::with_samples(Options {
        username: "me".to_owned(),
        token: "secret".to_owned(),
        ..Options::default()
    })
    .expect("a free port");
    let mut client = Client::new(&confluence);
    for sample in samples() {
        let alphabet = percent_encoding::NON_ALPHANUMERIC;
        let name = percent_encoding::utf8_percent_encode(sample.name, alphabet);
        let target = format!("/download/attachments/{}/{name}", sample.page);
        let response = client.get(&target).expect("an answer");
        assert!(response.body == sample.bytes(), "name: {}", sample.name);
    }
}

#[test]
fn a_stop_waits_for_nobody() {
    let confluence = confluence();
    let latch = Latch::new();
    let mut idle = Client::new(&confluence);
    assert_eq!(idle.get(FILE).expect("an answer").status, 200);
    let mut half = Client::new(&confluence);
    half.send_raw(b"GET / HT");
    for behaviour in [Behaviour::hold(&latch), Behaviour::slow(DEADLINE)] {
        confluence.script(1, "a.png", behaviour);
        Client::new(&confluence).ask(FILE);
    }
    confluence.put(1, "big", File::new("video/mp4", vec![7; 32 << 20]));
    let mut unread = Client::new(&confluence);
    unread.ask("/download/attachments/1/big");
    assert!(unread.head().is_some());
    let mut held = Client::new(&confluence);
    confluence.script(1, "a.png", Behaviour::hold_at(5, &latch));
    held.ask(FILE);
    assert!(held.head().is_some());
    let address = confluence.address();
    let start = Instant::now();
    drop(confluence);
    assert!(start.elapsed() < DEADLINE / 4, "took {:?}", start.elapsed());
    assert!(idle.head().is_none() && half.head().is_none());
    held.rest();
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn closed_connections_do_not_keep_new_ones_out() {
    let confluence = confluence();
    let mut old = Client::new(&confluence);
    assert_eq!(old.get(FILE).expect("an answer").status, 200);
    assert_eq!(confluence.connections_open(), 1);
    confluence.close_connections();
    assert!(old.head().is_none());
    assert_eq!(get(&confluence, FILE).status, 200);
}
