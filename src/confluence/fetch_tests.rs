use super::super::error::SetupError;
use super::super::error::{Fault, Obstacle, Phase, Refusal};
use super::super::peer::{
    Peer, SECRET, Step, assembled, client, fetch, file, good, proven, send, settings,
};
use super::*;
use crate::attachment::FileName;
use crate::config::{Credentials, Secret};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use ureq::http::header;

const LOGIN: &str = "HTTP/1.1 302 \r\nSet-Cookie: JSESSIONID=S9; Path=/; HttpOnly\r\nLocation: /login.action?os_destination=x\r\nContent-Length: 0\r\n\r\n";
const MISSING: &str = "HTTP/1.1 404 \r\nContent-Length: 4\r\n\r\ngone";

fn repeat(steps: &[Step], times: usize) -> Vec<Step> {
    steps
        .iter()
        .cloned()
        .cycle()
        .take(steps.len() * times)
        .collect()
}

fn thumbnail() -> Key {
    Key::Thumbnail {
        page: PageId::parse("12").expect("a page id"),
        name: FileName::parse(b"a.png").expect("a name"),
        version: Some(3),
        width: Some(100),
        height: None,
    }
}

/// The line of a head that begins with `name`.
fn line<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find(|line| {
        line.split_once(':')
            .is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
    })
}

#[test]
fn a_request_is_exactly_what_we_build() {
    let peer = Peer::play_one(vec![Step::Head, good("", "x")]);
    let key = Key::File {
        page: PageId::parse("12").expect("a page id"),
        name: FileName::parse("ü+%.png".as_bytes()).expect("a name"),
        version: Some(2),
    };
    assert_eq!(fetch(&client(&peer), &key), Ok(b"x".to_vec()));
    let mut lines: Vec<String> = peer.journal()[0][0].lines().map(str::to_owned).collect();
    lines[1..].sort_unstable();
    assert_eq!(
        lines,
        [
            "GET /c/download/attachments/12/%C3%BC%2B%25.png?version=2 HTTP/1.1",
            "",
            "accept: */*",
            // me:tok-4711-geheim
            "authorization: Basic bWU6dG9rLTQ3MTEtZ2VoZWlt",
            &format!("host: {}", peer.address),
            concat!(
                "user-agent: confluence-attachment-proxy/",
                env!("CARGO_PKG_VERSION")
            ),
        ]
    );
}

#[test]
fn a_personal_token_is_sent_as_it_is() {
    let peer = Peer::play_one(vec![Step::Head, good("", "x")]);
    let mut settings = settings(peer.address);
    settings.credentials = Credentials::Bearer {
        token: Secret::new(SECRET),
    };
    let client = proven(&settings);
    assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    let sent = line(&peer.journal()[0][0], "authorization").map(str::to_owned);
    assert_eq!(sent, Some(format!("authorization: Bearer {SECRET}")));
}

/// A client with a personal token that was accepted two minutes ago: a 404 may mean that it has expired since.
fn doubtful(peer: &Peer) -> Confluence {
    let mut settings = settings(peer.address);
    settings.credentials = Credentials::Bearer {
        token: Secret::new(SECRET),
    };
    let client = proven(&settings);
    let long_ago = Instant::now().checked_sub(Duration::from_secs(120));
    client.pardoned(long_ago.expect("the machine runs for longer"));
    client
}

fn json(body: &str) -> Step {
    let length = body.len();
    send(format!(
        "HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

#[test]
fn a_missing_file_is_believed_when_the_account_is_still_known() {
    let known = json("{\"type\":\"known\",\"username\":\"me\"}");
    let missing = [Step::Head, send(MISSING)];
    let peer = Peer::play_one([&missing[..], &[Step::Head, known], &missing].concat());
    let client = doubtful(&peer);
    for _ in 0..2 {
        let outcome = fetch(&client, &file("a.png"));
        assert_eq!(outcome, Err(UpstreamError::NotFound));
    }
    assert_eq!(peer.requests(), [3], "the login is tested once a minute");
}

#[test]
fn a_missing_file_is_not_believed_when_the_account_has_become_nobodys() {
    let nobody = json("{\"type\":\"anonymous\"}");
    let peer = Peer::play_one(vec![Step::Head, send(MISSING), Step::Head, nobody]);
    let outcome = fetch(&doubtful(&peer), &file("a.png"));
    assert_eq!(outcome, Err(UpstreamError::Refused(Refusal::Anonymous)));
}

#[test]
fn files_go_on_when_the_account_cannot_be_tested_after_a_missing_one() {
    // Only the first of these says that Confluence itself has answered.
    let marked = "HTTP/1.1 404 \r\nX-AREQUESTID: 1x2\r\nContent-Length: 4\r\n\r\ngone";
    for (missing, expected) in [
        (marked, UpstreamError::NotFound),
        (MISSING, UpstreamError::Odd { status: 404 }),
    ] {
        let peer = Peer::play_one(vec![
            Step::Head,
            send(missing),
            Step::Head,
            json("{}"),
            Step::Head,
            good("", "x"),
        ]);
        let client = doubtful(&peer);
        assert_eq!(fetch(&client, &file("a.png")), Err(expected));
        assert_eq!(fetch(&client, &file("b.png")), Ok(b"x".to_vec()));
    }
}

#[test]
fn a_hundred_fetches_share_one_connection_and_each_carries_the_account() {
    let peer = Peer::play_one(repeat(&[Step::Head, good("", "x".repeat(700))], 100));
    let client = client(&peer);
    for _ in 0..100 {
        let mut download = client.fetch(&file("a.png")).expect("a good answer");
        // Exactly the announced bytes, as a caller who knows the length reads: the end itself is not asked for.
        let mut left = download.length.expect("announced");
        while 0 < left {
            left -= download.read(&mut [0; 100]).expect("a whole body") as u64;
        }
    }
    assert_eq!(peer.requests(), [100]);
    let is_ours = |head: &String| {
        line(head, "authorization") == Some("authorization: Basic bWU6dG9rLTQ3MTEtZ2VoZWlt")
    };
    assert!(peer.journal()[0].iter().all(is_ours));
}

#[test]
fn small_refused_answers_do_not_cost_a_connection_and_big_ones_are_not_read() {
    let chunked = "HTTP/1.1 500 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let peer = Peer::play(vec![
        vec![
            Step::Head,
            send(MISSING),
            Step::Head,
            send(chunked),
            Step::Head,
            send(
                "HTTP/1.1 403 \r\nContent-Length: 999999999\r\n\r\nBasic Auth with password is disabled",
            ),
            Step::Send(vec![b' '; 20_000]),
            Step::Hold,
        ],
        vec![Step::Head, good("", "x")],
    ]);
    let client = client(&peer);
    assert_eq!(fetch(&client, &file("a.png")), Err(UpstreamError::NotFound));
    assert_eq!(
        fetch(&client, &file("a.png")),
        Err(UpstreamError::Failing { status: 500 })
    );
    let disabled = Err(UpstreamError::Refused(Refusal::BasicDisabled));
    assert_eq!(fetch(&client, &file("a.png")), disabled);
    client.pardon();
    assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    assert_eq!(peer.requests(), [3, 1]);
}

#[test]
fn a_refusal_is_reported_without_waiting_for_its_page() {
    for head in [
        "HTTP/1.1 401 ",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html",
    ] {
        let head = format!("{head}\r\nContent-Length: 999\r\n\r\n<html>");
        let peer = Peer::play_one(vec![Step::Head, send(head), Step::Hold]);
        // A reader of the page would wait for the 20 s of these settings and then call it a timeout or a refusal.
        let start = std::time::Instant::now();
        let error = client(&peer).fetch(&file("a.png")).expect_err("a refusal");
        assert!(error.is_refusal());
        assert!(start.elapsed() < settings(peer.address).read_timeout / 2);
    }
}

#[test]
fn clients_and_downloads_go_from_thread_to_thread() {
    fn goes<T: Send + 'static>() {}
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    goes::<Download>();
    is_shared::<Confluence>();
    is_shared::<UpstreamError>();
}

#[test]
fn cookies_come_back_until_the_account_is_refused() {
    let peer = Peer::play_one(vec![
        Step::Head,
        good(
            "Set-Cookie: JSESSIONID=S1; Path=/; HttpOnly\r\nSet-Cookie: route=n1\r\n",
            "x",
        ),
        Step::Head,
        send("HTTP/1.1 500 \r\nSet-Cookie: JSESSIONID=S2\r\nContent-Length: 0\r\n\r\n"),
        Step::Head,
        send(LOGIN),
        Step::Head,
        good("", "x"),
    ]);
    let client = client(&peer);
    for _ in 0..4 {
        let _ = fetch(&client, &file("a.png"));
        client.pardon();
    }
    let heads = &peer.journal()[0];
    let sent: Vec<_> = heads.iter().map(|head| line(head, "cookie")).collect();
    let both = Some("cookie: JSESSIONID=S1; route=n1");
    assert_eq!(sent, [None, both, both, None]);
    assert_eq!(
        heads
            .iter()
            .filter(|head| line(head, "authorization").is_some())
            .count(),
        4,
        "a session never replaces the account"
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let trap = Peer::play_one(vec![Step::Head, good("", "trap")]);
    for status in [301, 302, 303, 307, 308] {
        let away = format!(
            "HTTP/1.1 {status} \r\nLocation: http://localhost:{}/auth?state=SECRET\r\nContent-Length: 0\r\n\r\n",
            trap.address.port()
        );
        let peer = Peer::play_one(vec![Step::Head, send(away)]);
        let error = fetch(&client(&peer), &file("a.png")).expect_err("not the file");
        let host = "localhost".into();
        assert_eq!(
            error,
            UpstreamError::Refused(Refusal::SingleSignOn { host })
        );
        assert!(error.is_refusal() && !error.to_string().contains("SECRET"));
    }
    assert!(trap.requests().is_empty());
}

#[test]
fn a_missing_thumbnail_is_replaced_by_its_original_once() {
    let peer = Peer::play_one(vec![
        Step::Head,
        send(MISSING),
        Step::Head,
        good("", "original"),
        Step::Head,
        send(MISSING),
        Step::Head,
        send(MISSING),
        Step::Head,
        send(LOGIN),
    ]);
    let client = client(&peer);
    assert_eq!(fetch(&client, &thumbnail()), Ok(b"original".to_vec()));
    assert_eq!(fetch(&client, &thumbnail()), Err(UpstreamError::NotFound));
    let refused = UpstreamError::Refused(Refusal::LoginRedirect);
    assert_eq!(fetch(&client, &thumbnail()), Err(refused));
    let asked: Vec<_> = peer.journal()[0]
        .iter()
        .map(|head| head.lines().next().unwrap_or_default().to_owned())
        .collect();
    let small = "GET /c/download/thumbnails/12/a.png?version=3&width=100 HTTP/1.1";
    let original = "GET /c/download/attachments/12/a.png?version=3 HTTP/1.1";
    assert_eq!(asked, [small, original, small, original, small]);
}

#[test]
fn a_connection_that_died_in_the_pool_is_replaced_once() {
    for end in [vec![], vec![Step::Reset]] {
        let mut dying = vec![Step::Head, good("", "x"), Step::Head];
        dying.extend(end);
        let peer = Peer::play(vec![dying, vec![Step::Head, good("", "y")]]);
        let client = client(&peer);
        assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
        assert_eq!(fetch(&client, &file("a.png")), Ok(b"y".to_vec()));
        assert_eq!(peer.requests(), [2, 1]);
    }
}

#[test]
fn a_second_dead_connection_is_an_error() {
    let peer = Peer::play(vec![
        vec![Step::Head, good("", "x"), Step::Head],
        vec![Step::Head],
        vec![Step::Head, good("", "never")],
    ]);
    let client = client(&peer);
    assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    let dropped = Err(UpstreamError::Unreachable(Obstacle::Dropped));
    assert_eq!(fetch(&client, &file("a.png")), dropped);
    assert_eq!(peer.requests(), [2, 1]);
}

#[test]
fn nothing_is_repeated_after_a_byte_of_an_answer_after_a_timeout_or_on_a_new_connection() {
    let dropped = UpstreamError::Unreachable(Obstacle::Dropped);
    let late = UpstreamError::TimedOut { phase: Phase::Head };
    let start = vec![Step::Head, good("", "x")];
    for (before, end, error) in [
        (&start[..], vec![Step::Head, send("H")], &dropped),
        (
            &start,
            vec![Step::Head, send("HTTP/1.1 200 OK\r\n"), Step::Reset],
            &dropped,
        ),
        (&start, vec![Step::Head, Step::Hold], &late),
        (&[], vec![Step::Head], &dropped),
        (&[], vec![Step::Head, Step::Reset], &dropped),
    ] {
        let script = [before, &end].concat();
        let peer = Peer::play(vec![script, vec![Step::Head, good("", "again")]]);
        let mut settings = settings(peer.address);
        settings.read_timeout = Duration::from_millis(300);
        let client = proven(&settings);
        for _ in 0..before.len() / 2 {
            assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
        }
        assert_eq!(fetch(&client, &file("a.png")), Err(error.clone()));
        assert_eq!(peer.requests().len(), 1);
    }
}

#[test]
fn a_head_that_is_too_big_or_no_head_is_refused() {
    let huge = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(40 * 1024));
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(200 * 1024));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(200));
    for head in [
        &huge,
        &endless,
        &many,
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "\0\0\0\0",
    ] {
        let peer = Peer::play_one(vec![Step::Head, send(head), Step::Hold]);
        assert_eq!(
            fetch(&client(&peer), &file("a.png")),
            Err(UpstreamError::Unusable(Fault::Head)),
            "head: {:.40}",
            head
        );
    }
}

#[test]
fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let closed = proven(&settings(address));
    assert_eq!(
        fetch(&closed, &file("a.png")),
        Err(UpstreamError::Unreachable(Obstacle::Closed))
    );
    let unknown = assembled(&settings(address), &[], Arc::new(|_| Ok(Vec::new())));
    assert_eq!(
        fetch(&unknown, &file("a.png")),
        Err(UpstreamError::Unreachable(Obstacle::Name))
    );
}

#[test]
fn a_host_that_does_not_take_connections_is_a_timeout_of_the_connection() {
    let socket =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .expect("a free port");
    socket.listen(0).expect("a listener");
    let address = socket
        .local_addr()
        .ok()
        .and_then(|it| it.as_socket())
        .expect("bound");
    // Fills the backlog, until the system stops to answer.
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
    }
    let mut settings = settings(address);
    settings.connect_timeout = Duration::from_millis(200);
    let client = proven(&settings);
    let start = std::time::Instant::now();
    assert_eq!(
        fetch(&client, &file("a.png")),
        Err(UpstreamError::TimedOut {
            phase: Phase::Connect
        })
    );
    // The system itself gives up after two minutes.
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_name_is_resolved_once_for_many_requests() {
    let answer = [Step::Head, good("Connection: close\r\n", "x")];
    let peer = Peer::play(vec![answer.to_vec(); 5]);
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, address) = (asked.clone(), peer.address);
    let lookup = Arc::new(move |name: &str| {
        assert_eq!(name, "wiki.test:80");
        count.fetch_add(1, Ordering::Relaxed);
        Ok(vec![address])
    });
    let mut settings = settings(peer.address);
    settings.url = "http://wiki.test/c".to_owned();
    let client = assembled(&settings, &[], lookup);
    for _ in 0..5 {
        assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    }
    assert_eq!(peer.requests(), [1; 5]);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn settings_that_http_cannot_carry_are_refused() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    for (username, token) in [("m:e", "t"), ("m\ne", "t"), ("me", "t\n"), ("me", "t\0")] {
        let mut settings = settings(address);
        settings.credentials = Credentials::Basic {
            username: username.to_owned(),
            token: Secret::new(token),
        };
        assert_eq!(Confluence::new(&settings).err(), Some(SetupError::Account));
    }
    let mut settings = settings(address);
    settings.credentials = Credentials::Bearer {
        token: Secret::new("t\n"),
    };
    assert_eq!(Confluence::new(&settings).err(), Some(SetupError::Account));
    settings.url = "wiki".to_owned();
    settings.credentials = Credentials::Bearer {
        token: Secret::new("t"),
    };
    assert_eq!(Confluence::new(&settings).err(), Some(SetupError::Url));
}

/// Keeps every log line of the process, so that secrets can be looked for.
struct Captured(Mutex<String>);

impl log::Log for Captured {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        let line = format!("{} {}\n", record.target(), record.args());
        self.0
            .lock()
            .expect("no panic while logging")
            .push_str(&line);
    }

    fn flush(&self) {}
}

static LOG: Captured = Captured(Mutex::new(String::new()));

#[test]
fn no_secret_is_logged_at_debug_or_shown_by_debug() {
    log::set_logger(&LOG).expect("the only test of this crate that installs a logger");
    // Trace is compiled out of releases, because there the library prints what goes over the wire.
    log::set_max_level(log::LevelFilter::Debug);
    let peer = Peer::play_one(vec![
        Step::Head,
        good("Set-Cookie: JSESSIONID=COOKIE4711; Path=/\r\n", "x"),
        Step::Head,
        send(
            "HTTP/1.1 302 \r\nLocation: http://127.0.0.1/a?token=QUERY4711\r\nContent-Length: 0\r\n\r\n",
        ),
    ]);
    let client = client(&peer);
    assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    let error = fetch(&client, &file("a.png")).expect_err("a redirect");
    let (line, key) = (client.shared.line(), file("a.png"));
    let question = Question::File {
        key: &key,
        unless: None,
    };
    let request = line.request(&line.base.address(&question), None);
    assert!(request.headers().contains_key(header::COOKIE));
    let log = LOG.0.lock().expect("no panic while logging").clone();
    assert!(log.contains("ureq::run"), "the library did log: {log}");
    for text in [
        log,
        format!("{client:?} {error:?} {error} {request:?} {:?}", line.agent),
    ] {
        for secret in [
            SECRET,
            "bWU6dG9rLTQ3MTEtZ2VoZWlt",
            "COOKIE4711",
            "QUERY4711",
        ] {
            assert!(!text.contains(secret), "{secret} in: {text}");
        }
    }
}
