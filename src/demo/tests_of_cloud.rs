//! Cloud and its media host, over real sockets.

use std::time::{Duration, Instant};

use super::client_for_tests::{Client, DEADLINE, Response, authorization, cloud, confluence, get};
use super::{Behaviour, Fault, File, Latch, SampleConfluence};

/// The id of the first file that is put.
const ID: u64 = 1_310_721;

const DOWNLOAD: &str = "/wiki/rest/api/content/1/child/attachment/att1310721/download";
const THUMBNAIL: &str =
    "/wiki/api/v2/attachments/att1310721/thumbnail/download?width=100&height=100";
const USER: &str = "/wiki/rest/api/user/current";
const REASON: &str = "X-Seraph-LoginReason";

/// The target at the media host that this address leads to.
#[track_caller]
fn led_to(confluence: &SampleConfluence, target: &str) -> String {
    let response = get(confluence, target);
    assert_eq!(response.status, 302, "target: {target}");
    let location = response.header("Location").expect("a redirect");
    let media = confluence.media_address().expect("it is Cloud");
    let local = location.strip_prefix(&format!("http://{media}"));
    local.expect("to the media host").to_owned()
}

fn media(confluence: &SampleConfluence, target: &str, fields: &str) -> Response {
    Client::at(confluence.media_address().expect("it is Cloud")).get_with(target, fields)
}

#[track_caller]
fn check_json(response: &Response, status: u16) {
    assert_eq!(response.status, status, "{}", response.head);
    assert_eq!(response.header("Content-Type"), Some("application/json"));
    assert!(response.text().starts_with('{'), "{}", response.text());
}

#[test]
fn the_old_addresses_are_closed_for_everybody() {
    let confluence = cloud();
    confluence.name_page(1, "DEMO", "Home");
    confluence.publish(1);
    let realm = format!("OAuth realm=\"{}\"", confluence.url());
    let right = authorization("secret");
    for fields in [
        right.as_str(),
        &authorization("wrong"),
        "Authorization: Bearer secret\r\n",
        "",
    ] {
        for target in [
            "/wiki/download/attachments/1/a.png",
            "/wiki/download/attachments/1/a.png?version=1",
            "/wiki/download/thumbnails/1/a.png",
            "/wiki/download/attachments/embedded-page/DEMO/Home/a.png",
            "/wiki/download/attachments/1/missing.png",
            "/wiki/download/token-auth",
        ] {
            let response = Client::new(&confluence).get_with(target, fields);
            assert_eq!(response.status, 401, "{target} {fields}");
            assert_eq!(
                response.header("WWW-Authenticate"),
                Some(realm.as_str()),
                "{target}"
            );
        }
    }
}

#[test]
fn a_file_is_fetched_in_three_steps() {
    let confluence = cloud();
    let listing = "/wiki/rest/api/content/1/child/attachment?filename=a.png&expand=version&limit=1";
    let text = get(&confluence, listing).text();
    assert!(
        text.contains(&format!("\"id\":\"att{ID}\"")) && text.contains("\"number\":1"),
        "{text}"
    );
    let target = led_to(&confluence, DOWNLOAD);
    let start = format!("/file/att{ID}/binary?token=eyJ");
    assert!(target.starts_with(&start), "{target}");
    assert!(
        target.contains("&client=") && target.ends_with("&name=a%2Epng"),
        "{target}"
    );
    let response = media(&confluence, &target, "");
    assert_eq!(
        (response.status, response.text()),
        (200, "0123456789".to_owned())
    );
    assert_eq!(response.header("Content-Type"), Some("image/png"));
    assert_eq!(response.header("Content-Length"), Some("10"));
    assert!(
        response
            .header("ETag")
            .is_some_and(|etag| etag.starts_with('"'))
    );
    assert!(response.header("Date").is_some());
    for name in [
        "Set-Cookie",
        "X-AUSERNAME",
        "X-AACCOUNTID",
        "X-AREQUESTID",
        REASON,
    ] {
        assert_eq!(response.header(name), None, "{name}");
    }
    let seen: Vec<_> = confluence
        .journal()
        .iter()
        .map(|seen| (seen.media, seen.connection, seen.status))
        .collect();
    assert_eq!(seen, [(false, 1, 200), (false, 2, 302), (true, 1, 200)]);
    assert_eq!(confluence.logins(), 2);
    assert_eq!(confluence.connections_seen(), 2);
}

#[test]
fn versions_are_handed_out_by_number_and_stay_what_they_are() {
    let confluence = cloud();
    let first = led_to(&confluence, DOWNLOAD);
    confluence.put(1, "a.png", File::new("image/png", *b"second"));
    for (query, text) in [
        ("", "second"),
        ("?version=1", "0123456789"),
        ("?version=2", "second"),
    ] {
        let target = led_to(&confluence, &format!("{DOWNLOAD}{query}"));
        assert_eq!(
            media(&confluence, &target, "").text(),
            text,
            "query: {query}"
        );
    }
    assert_eq!(media(&confluence, &first, "").text(), "0123456789");
    confluence.put(2, "b.txt", File::new("text/plain", *b"b"));
    for target in [
        format!("{DOWNLOAD}?version=3"),
        format!("{DOWNLOAD}?version=x"),
        "/wiki/rest/api/content/1/child/attachment/att1/download".to_owned(),
        "/wiki/rest/api/content/1/child/attachment/att1310722/download".to_owned(),
        "/wiki/rest/api/content/1/child/attachment/1310721/download".to_owned(),
        format!("{THUMBNAIL}&version=3"),
        "/wiki/api/v2/attachments/att1310722/thumbnail/download".to_owned(),
        "/wiki/api/v2/attachments/att1/thumbnail/download".to_owned(),
        "/wiki/rest/applinks/1.0/manifest".to_owned(),
    ] {
        check_json(&get(&confluence, &target), 404);
    }
    confluence.hide_from_rest(1);
    check_json(&get(&confluence, DOWNLOAD), 404);
}

#[test]
fn thumbnails_of_pictures_come_from_the_media_host_too() {
    let confluence = cloud();
    confluence.put(1, "c.svg", File::new("image/svg+xml", *b"<svg/>"));
    let target = led_to(&confluence, THUMBNAIL);
    assert_eq!(
        media(&confluence, &target, "").header("Content-Type"),
        Some("image/png")
    );
    let svg = "/wiki/api/v2/attachments/att1310722/thumbnail/download?width=100";
    check_json(&get(&confluence, svg), 404);
}

#[test]
fn the_media_host_knows_its_tokens_and_no_accounts() {
    let confluence = cloud();
    confluence.put(1, "b.png", File::new("image/png", *b"b"));
    let target = led_to(&confluence, DOWNLOAD);
    for (target, status) in [
        (target.replace("token=e", "token=f"), 401),
        (target.replace("token=", "key="), 401),
        (target.replace("att1310721", "att1310722"), 401),
        (target.replace("/binary", ""), 404),
        ("/".to_owned(), 404),
        (DOWNLOAD.to_owned(), 404),
    ] {
        check_json(
            &media(&confluence, &target, &authorization("secret")),
            status,
        );
    }
    let fields = format!("{}Cookie: JSESSIONID=1\r\n", authorization("secret"));
    assert_eq!(media(&confluence, &target, &fields).status, 200);
    let last = confluence.journal().pop().expect("asked above");
    assert!(last.media && last.header("Authorization").is_some());
    assert_eq!(last.header("Cookie"), Some("JSESSIONID=1"));
    assert_eq!(
        media(&confluence, &target, &authorization("wrong")).status,
        200
    );
    assert_eq!(confluence.failed_logins(), 0);
    let mut client = Client::at(confluence.media_address().expect("it is Cloud"));
    client.send("POST", &target, "");
    assert_eq!(client.response("POST").expect("an answer").status, 405);
}

#[test]
fn wrong_passwords_are_refused_for_ever_and_lock_nobody() {
    let confluence = cloud();
    let mut client = Client::new(&confluence);
    let targets = [
        USER,
        DOWNLOAD,
        THUMBNAIL,
        "/wiki/rest/api/content/1",
        "/wiki/rest/api/content/1/child/attachment",
        "/wiki/rest/api/content?title=a",
    ];
    for target in targets {
        let response = client.get_with(target, &authorization("wrong"));
        check_json(&response, 401);
        assert_eq!(response.header(REASON), None, "target: {target}");
    }
    assert_eq!(confluence.failed_logins(), 6);
    let response = client.get(USER).expect("an answer");
    assert_eq!((response.status, response.header(REASON)), (200, None));
    assert_eq!(confluence.failed_logins(), 0);
    for target in &targets[1..] {
        assert_eq!(client.get_with(target, "").status, 403, "target: {target}");
    }
    confluence.publish(1);
    for target in [DOWNLOAD, "/wiki/rest/api/content/1"] {
        assert!(client.get_with(target, "").status < 400, "target: {target}");
    }
}

#[test]
fn cloud_says_who_somebody_is_in_its_own_words() {
    let confluence = cloud();
    let response = get(&confluence, USER);
    let text = response.text();
    for part in [
        "{\"type\":\"known\",\"accountId\":\"",
        "\"email\":\"me\"",
        "\"displayName\":\"me\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(response.header("X-AACCOUNTID").is_some() && response.header("Set-Cookie").is_some());
    assert_eq!(response.header("X-AUSERNAME"), None);
    let anonymous = Client::new(&confluence).get_with(USER, "");
    assert!(anonymous.text().contains("\"type\":\"anonymous\""));
    assert_eq!(anonymous.header("X-AACCOUNTID"), None);
    confluence.name_page(1, "DEMO", "Home");
    let found = get(
        &confluence,
        "/wiki/rest/api/content?spaceKey=DEMO&title=Home",
    )
    .text();
    assert!(found.contains("\"id\":\"1\""), "{found}");
}

#[test]
fn each_step_has_a_script() {
    let confluence = cloud();
    let good = led_to(&confluence, DOWNLOAD);
    let listing = "/wiki/rest/api/content/1/child/attachment";
    let statuses = || {
        let [listing, download, thumbnail] =
            [listing, DOWNLOAD, THUMBNAIL].map(|at| get(&confluence, at).status);
        [
            listing,
            download,
            thumbnail,
            media(&confluence, &good, "").status,
        ]
    };
    assert_eq!(statuses(), [200, 302, 302, 200]);
    confluence.script(1, "a.png", Fault::ScopeMismatch);
    assert_eq!(statuses(), [200, 401, 401, 200]);
    confluence.script_rest(Behaviour::status(500));
    assert_eq!(statuses(), [500, 401, 401, 200]);
    confluence.script_media(Behaviour::rate_limited("5"));
    assert_eq!(statuses(), [500, 401, 401, 429]);
    confluence.script_all(Some(Fault::Unavailable.into()));
    assert_eq!(statuses(), [503, 503, 503, 429]);
    confluence.script_all(None);
    confluence.script(1, "a.png", Behaviour::Good);
    confluence.script_media(Behaviour::Short { sent: 3 });
    assert_eq!(statuses(), [500, 302, 302, 200]);
    let response = media(&confluence, &good, "");
    assert_eq!(
        (response.text(), response.complete),
        ("012".to_owned(), false)
    );
    confluence.script_media(Fault::LoginPage);
    let response = media(&confluence, &good, "");
    assert!(response.text().contains("<form"));
    assert_eq!(response.header("Set-Cookie"), None, "it has no sessions");
    confluence.set_clock_offset(i64::MAX);
    let response = media(&confluence, &good, "");
    assert_eq!(
        response.header("Date"),
        Some("Fri, 31 Dec 9999 23:59:59 GMT")
    );
}

#[test]
fn downloads_lead_wherever_a_script_wants() {
    let confluence = cloud();
    for location in [
        "http://169.254.169.254/latest",
        "ftp://wiki.example/a",
        "relative",
        "",
    ] {
        confluence.redirect_downloads_to(Some(location.to_owned()));
        for target in [DOWNLOAD, THUMBNAIL] {
            let response = get(&confluence, target);
            assert_eq!(response.status, 302, "location: {location}");
            assert_eq!(response.header("Location"), Some(location));
        }
    }
    let missing = get(&confluence, &format!("{DOWNLOAD}?version=9"));
    assert_eq!(missing.status, 404);
    confluence.redirect_downloads_to(None);
    led_to(&confluence, DOWNLOAD);
}

#[test]
fn a_stop_ends_the_media_host_as_well() {
    let confluence = cloud();
    let target = led_to(&confluence, DOWNLOAD);
    let address = confluence.media_address().expect("it is Cloud");
    let mut idle = Client::at(address);
    assert_eq!(idle.get_with(&target, "").status, 200);
    confluence.close_connections();
    assert!(idle.head().is_none());
    let latch = Latch::new();
    confluence.script_media(Behaviour::hold(&latch));
    let mut held = Client::at(address);
    held.send("GET", &target, "");
    assert!(latch.wait_for_arrivals(1, DEADLINE));
    let start = Instant::now();
    drop(confluence);
    assert!(start.elapsed() < DEADLINE / 4, "took {:?}", start.elapsed());
    assert!(held.head().is_none());
    assert!(std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err());
}

#[test]
fn data_center_has_none_of_this() {
    let confluence = confluence();
    assert_eq!(confluence.media_address(), None);
    for target in [DOWNLOAD, THUMBNAIL] {
        let local = target.strip_prefix("/wiki").expect("they start so");
        assert_eq!(get(&confluence, local).status, 404, "target: {local}");
        assert_eq!(Client::new(&confluence).get_with(local, "").status, 302);
    }
}
