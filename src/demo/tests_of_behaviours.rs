//! Each behaviour does on the wire what it says.

use std::time::{Duration, Instant, SystemTime};

use super::client_for_tests::{Client, DEADLINE, Response, confluence, get};
use super::{Behaviour, Fault, Latch};

const FILE: &str = "/download/attachments/1/a.png";

#[test]
fn a_held_answer_comes_when_the_latch_opens() {
    let confluence = confluence();
    let latch = Latch::new();
    confluence.script(1, "a.png", Behaviour::hold(&latch));
    let mut client = Client::new(&confluence);
    client.ask(FILE);
    assert!(latch.wait_for_arrivals(1, DEADLINE));
    assert_eq!(
        confluence.journal()[0].status,
        200,
        "noted before it is sent"
    );
    latch.open();
    let response = client.response("GET").expect("an answer");
    assert_eq!(response.text(), "0123456789");
}

#[test]
fn a_body_is_held_after_its_first_bytes() {
    let confluence = confluence();
    for framed in [Behaviour::Good, Behaviour::NoLength] {
        let latch = Latch::new();
        confluence.script(1, "a.png", framed.held_at(4, &latch));
        let mut client = Client::new(&confluence);
        client.ask(FILE);
        client.head().expect("the head is not held");
        assert_eq!(client.bytes(4), b"0123");
        assert!(latch.wait_for_arrivals(1, DEADLINE));
        latch.open();
        assert_eq!(client.bytes(6), b"456789");
    }
}

#[test]
fn waits_and_faults_go_together() {
    let confluence = confluence();
    let (first, second) = (Latch::new(), Latch::new());
    let behaviour = Behaviour::ChunkedCut { sent: 8 }
        .held_at(6, &second)
        .held_at(2, &first);
    confluence.script(1, "a.png", behaviour);
    let mut client = Client::new(&confluence);
    client.ask(FILE);
    client.head().expect("the head is not held");
    assert_eq!(client.bytes(7), b"2\r\n01\r\n");
    first.open();
    assert_eq!(client.bytes(9), b"4\r\n2345\r\n");
    second.open();
    assert_eq!(client.rest(), (b"2\r\n67\r\n".to_vec(), false));

    let latch = Latch::new();
    confluence.script(1, "a.png", Behaviour::status(418).held(&latch));
    let mut client = Client::new(&confluence);
    client.ask(FILE);
    assert!(latch.wait_for_arrivals(1, DEADLINE));
    latch.open();
    assert_eq!(client.response("GET").expect("an answer").status, 418);
}

#[test]
fn slow_heads_and_dripping_bodies_take_their_time() {
    let confluence = confluence();
    for behaviour in [
        Behaviour::slow(Duration::from_millis(40)),
        Behaviour::Drip {
            piece: 3,
            every: Duration::from_millis(15),
        },
    ] {
        confluence.script(1, "a.png", behaviour);
        let start = Instant::now();
        assert_eq!(get(&confluence, FILE).text(), "0123456789");
        assert!(Duration::from_millis(40) <= start.elapsed());
    }
}

#[test]
fn bodies_end_early_or_without_a_length() {
    let confluence = confluence();
    for (behaviour, body, complete, reset) in [
        (Behaviour::Good, "0123456789", true, false),
        (Behaviour::Short { sent: 4 }, "0123", false, false),
        (Behaviour::Short { sent: 0 }, "", false, false),
        (Behaviour::Reset { sent: 4 }, "0123", false, true),
        (Behaviour::NoLength, "0123456789", true, false),
        (Behaviour::Chunked, "0123456789", true, false),
        (Behaviour::ChunkedCut { sent: 4 }, "0123", false, false),
        (
            Behaviour::ChunkedCut { sent: 99 },
            "0123456789",
            false,
            false,
        ),
    ] {
        let name = format!("{behaviour:?}");
        confluence.script(1, "a.png", behaviour);
        let response = get(&confluence, FILE);
        assert_eq!(response.status, 200, "{name}");
        assert_eq!(response.text(), body, "{name}");
        assert_eq!(
            (response.complete, response.reset),
            (complete, reset),
            "{name}"
        );
    }
}

#[test]
fn a_length_is_announced_or_not() {
    let confluence = confluence();
    confluence.script(1, "a.png", Behaviour::Short { sent: 1 });
    assert_eq!(get(&confluence, FILE).header("Content-Length"), Some("10"));
    confluence.script(1, "a.png", Behaviour::NoLength);
    let response = get(&confluence, FILE);
    assert_eq!(response.header("Content-Length"), None);
    assert_eq!(response.header("Connection"), Some("close"));
    confluence.script(1, "a.png", Behaviour::Chunked);
    let mut client = Client::new(&confluence);
    for _ in 0..2 {
        let response = client.get(FILE).expect("the connection is kept");
        assert_eq!(response.header("Content-Length"), None);
    }
}

#[test]
fn what_is_not_http_is_not_http() {
    let confluence = confluence();
    for (behaviour, speaks, reset) in [
        (Behaviour::Closed, false, false),
        (Behaviour::ResetAtOnce, false, true),
        (Behaviour::Garbage, true, false),
    ] {
        let name = format!("{behaviour:?}");
        confluence.script(1, "a.png", behaviour);
        let mut client = Client::new(&confluence);
        client.ask(FILE);
        let (rest, was_reset) = client.rest();
        assert_eq!((!rest.is_empty(), was_reset), (speaks, reset), "{name}");
        assert!(!rest.starts_with(b"HTTP/"), "{name}");
    }
    assert!(confluence.journal().iter().all(|seen| seen.status == 0));
}

#[test]
fn a_reused_connection_closes_under_the_next_request() {
    let confluence = confluence();
    confluence.script(1, "a.png", Behaviour::ClosedWhenReused);
    let mut client = Client::new(&confluence);
    assert_eq!(
        client.get(FILE).expect("a new connection works").status,
        200
    );
    assert!(client.get(FILE).is_none(), "a used one does not");
    let statuses: Vec<u16> = confluence
        .journal()
        .iter()
        .map(|seen| seen.status)
        .collect();
    assert_eq!(statuses, [200, 0]);
}

#[test]
fn a_huge_head_is_huge() {
    let confluence = confluence();
    confluence.script(1, "a.png", Behaviour::HugeHead { bytes: 300_000 });
    let response = get(&confluence, FILE);
    assert!(300_000 < response.head.len());
    assert_eq!(response.text(), "0123456789");
}

#[test]
fn a_wrong_length_is_announced_and_all_bytes_are_sent() {
    let confluence = confluence();
    confluence.script(1, "a.png", Behaviour::Announces { length: 4 });
    let response = get(&confluence, FILE);
    assert_eq!(response.header("Content-Length"), Some("4"));
    assert_eq!(response.text(), "0123");
}

#[test]
fn scripts_hold_for_the_file_the_rest_or_everything() {
    let confluence = confluence();
    confluence.name_page(1, "DEMO", "Home");
    let metadata = "/rest/api/content/1/child/attachment";
    let titled = "/download/attachments/embedded-page/DEMO/Home/a.png";
    let thumbnail = "/download/thumbnails/1/a.png";
    let statuses = || [FILE, titled, thumbnail, metadata].map(|at| get(&confluence, at).status);
    assert_eq!(statuses(), [200; 4]);
    confluence.script(1, "a.png", Behaviour::status(500));
    assert_eq!(statuses(), [500, 500, 500, 200]);
    confluence.script_rest(Behaviour::status(418));
    assert_eq!(statuses(), [500, 500, 500, 418]);
    confluence.script_all(Some(Fault::Unavailable.into()));
    assert_eq!(statuses(), [503; 4]);
    confluence.script_all(None);
    confluence.script(1, "a.png", Behaviour::Good);
    assert_eq!(statuses(), [200, 200, 200, 418]);
}

#[test]
fn the_login_test_has_a_script_of_its_own() {
    let confluence = confluence();
    let login = "/rest/api/user/current";
    let metadata = "/rest/api/content/1/child/attachment";
    let statuses = || [login, metadata, FILE].map(|at| get(&confluence, at).status);
    confluence.script_login(Behaviour::status(418));
    assert_eq!(statuses(), [418, 200, 200]);
    confluence.script_rest(Behaviour::status(500));
    assert_eq!(statuses(), [418, 500, 200]);
    confluence.script_all(Some(Fault::Unavailable.into()));
    assert_eq!(statuses(), [503; 3]);
    confluence.script_all(None);
    confluence.script_login(Behaviour::Good);
    assert_eq!(statuses(), [500, 500, 200]);
}

#[test]
fn the_clock_can_be_off_and_only_the_date_shows_it() {
    let confluence = confluence();
    let date = |response: &Response| {
        let date = response.header("Date").expect("on every answer");
        httpdate::parse_http_date(date).expect("a date")
    };
    let hour = Duration::from_secs(3600);
    let almost = hour - DEADLINE;
    for (seconds, expected) in [
        (3600, SystemTime::now() + hour),
        (-3600, SystemTime::now() - hour),
    ] {
        confluence.set_clock_offset(seconds);
        for fault in [Behaviour::Good, Behaviour::status(500)] {
            confluence.script(1, "a.png", fault);
            let seen = date(&get(&confluence, FILE));
            let off = seen
                .max(expected)
                .duration_since(seen.min(expected))
                .expect("ordered");
            assert!(off < DEADLINE, "{seconds}: {off:?}");
        }
        confluence.script(1, "a.png", Behaviour::Good);
        let response = get(&confluence, FILE);
        let millis = response
            .header("X-Confluence-Request-Time")
            .expect("it speaks");
        let told =
            SystemTime::UNIX_EPOCH + Duration::from_millis(millis.parse().expect("a number"));
        let shown = date(&response);
        let off = told
            .max(shown)
            .duration_since(told.min(shown))
            .expect("ordered");
        assert!(almost < off, "{seconds}: {off:?}");
        assert_eq!(
            response.header("Last-Modified"),
            Some("Sun, 09 Jun 2024 14:04:16 GMT")
        );
    }
    for (seconds, expected) in [
        (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        confluence.set_clock_offset(seconds);
        assert_eq!(get(&confluence, FILE).header("Date"), Some(expected));
    }
}
