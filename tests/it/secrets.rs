//! The account's secret, its session and what Confluence says in redirects: nowhere to be seen, even at RUST_LOG=trace.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use confluence_attachment_proxy::demo::{
    Behaviour, Fault, File, Latch, Options, SampleConfluence, samples,
};

use crate::support::binary::{Binary, Settings, run};
use crate::support::{Client, PAGE, PATIENCE, Response, eventually};

const USERNAME: &str = "attachment-reader";

/// With characters that look different in a URL and in HTML.
const TOKEN: &str = "s3cr3t+Kq7/Zw&<9>xV";

/// A query that a single sign-on in front may put into its redirect.
const QUERY_TOKEN: &str = "SAMLRequest=fVNNb9swDL0P";

/// Everything that must not be seen, in the forms in which it could be.
fn forbidden(origin: Option<&SampleConfluence>) -> Vec<String> {
    let pair = format!("{USERNAME}:{TOKEN}");
    let encoded = TOKEN
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('&', "%26");
    let mut words = vec![
        TOKEN.to_owned(),
        encoded,
        TOKEN.replace('&', "&amp;").replace('<', "&lt;"),
        TOKEN[..10].to_owned(), // the beginning is in every other form as well
        TOKEN[TOKEN.len() - 5..].to_owned(),
        BASE64_STANDARD.encode(pair),
        BASE64_STANDARD.encode(TOKEN),
        "os_destination".to_owned(),
        QUERY_TOKEN.to_owned(),
        "JSESSIONID".to_owned(),
    ];
    // The sessions as Confluence saw them come back.
    for exchange in origin.map(SampleConfluence::journal).unwrap_or_default() {
        if let Some((_, session)) = exchange
            .header("Cookie")
            .and_then(|field| field.split_once('='))
        {
            words.push(session.to_owned());
        }
    }
    words
}

#[track_caller]
fn check(place: &str, text: impl AsRef<[u8]>, forbidden: &[String]) {
    let text = String::from_utf8_lossy(text.as_ref());
    for word in forbidden {
        assert!(
            !text.contains(word.as_str()),
            "{place} shows {word:?}: {text}"
        );
    }
}

fn confluence() -> SampleConfluence {
    let origin = SampleConfluence::start(Options {
        username: USERNAME.into(),
        token: TOKEN.into(),
        ..Options::default()
    })
    .expect("a free port");
    for number in 0..20 {
        let file = File::new("image/png", vec![number; 1000]);
        origin.put(PAGE, &format!("{number}.png"), file);
    }
    origin
}

fn settings(origin: &SampleConfluence) -> Settings {
    let url = origin.url();
    let pairs = [
        ("CONFLUENCE_URL", url.as_str()),
        ("CONFLUENCE_USERNAME", USERNAME),
        ("CONFLUENCE_API_TOKEN", TOKEN),
        ("CONFLUENCE_CONNECT_TIMEOUT_SECONDS", "1"),
        ("CONFLUENCE_READ_TIMEOUT_SECONDS", "1"),
        ("PROXY_HOST", "127.0.0.1"),
        ("PROXY_PORT", "0"),
        ("RUST_LOG", "trace"),
    ];
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

/// Everything that goes wrong with Confluence, one after the other, each on a file of its own. Returns all answers.
fn everything_happens(origin: &SampleConfluence, binary: &Binary, address: SocketAddr) -> Vec<u8> {
    let latch = Latch::new();
    let sso = format!("https://sso.example.com/login?{QUERY_TOKEN}");
    let redirect = Behaviour::answer(
        302,
        &[("Location", &sso), ("Set-Cookie", "JSESSIONID=x")],
        "",
    );
    let page = format!("<html>{QUERY_TOKEN} {TOKEN}</html>");
    let echo = Behaviour::answer(500, &[("Content-Type", "text/html")], page.clone());
    let behaviours: Vec<(u16, Behaviour)> = vec![
        (200, Behaviour::Good),
        (200, Behaviour::Good),
        (502, Fault::LoginRedirect.into()),
        (502, Fault::SsoRedirect.into()),
        (502, redirect),
        (502, Fault::LoginPage.into()),
        (
            502,
            Fault::LoginRefused {
                reason: "AUTHENTICATED_FAILED".into(),
            }
            .into(),
        ),
        (502, Fault::BasicDisabled.into()),
        (502, Fault::Captcha.into()),
        (502, Fault::ServedAnonymously.into()),
        (502, echo),
        (
            502,
            Behaviour::answer(200, &[("Content-Type", "text/html")], page),
        ),
        (502, Behaviour::Garbage),
        (502, Behaviour::Closed),
        (502, Behaviour::HugeHead { bytes: 100_000 }),
        (404, Behaviour::status(404)),
        (504, Behaviour::hold(&latch)),
        (200, Behaviour::hold_at(600, &latch)),
        (200, Behaviour::Short { sent: 600 }),
        (503, Behaviour::rate_limited("1")), // at the end: nothing more is asked then
    ];
    let mut answers = Vec::new();
    for (number, (status, behaviour)) in behaviours.into_iter().enumerate() {
        let name = format!("{number}.png");
        origin.script(PAGE, &name, behaviour.clone());
        for accept in ["*/*", "application/problem+json"] {
            let target = format!("/proxy/7/{name}");
            let response = Client::connect(address).ask("GET", &target, &[("Accept", accept)]);
            let found = response.status;
            assert_eq!(found, status, "{number}: {behaviour:?}: {response:?}");
            answers.extend(response.head.as_bytes());
            answers.extend(response.body);
            answers.extend(open_again(binary, address));
        }
    }
    for target in [
        "/proxy/",
        "/readyz?upstream",
        "/readyz",
        "/healthz",
        "/nowhere",
    ] {
        let response = Client::connect(address).get(target);
        answers.extend(response.head.as_bytes());
        answers.extend(response.body);
    }
    answers
}

/// If the account was refused, does what an operator does. Returns what a monitor was told before.
fn open_again(binary: &Binary, address: SocketAddr) -> Vec<u8> {
    let ask = || Client::connect(address).get("/readyz?upstream");
    let is_shut = |response: &Response| response.text().contains("the account was refused");
    let response = ask();
    if is_shut(&response) {
        binary.signal("HUP");
        eventually("the login is tested", || !is_shut(&ask()));
    }
    response.body
}

#[test]
fn nothing_secret_is_shown_whatever_confluence_does() {
    let origin = confluence();
    let (binary, address) = Binary::serving(&settings(&origin));
    let answers = everything_happens(&origin, &binary, address);
    let command_line = std::fs::read(format!("/proc/{}/cmdline", binary.id())).expect("it runs");
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{}", ended.text());
    let forbidden = forbidden(Some(&origin));
    assert!(10 < forbidden.len(), "sessions were used");
    check("an answer", &answers, &forbidden);
    check("the log", ended.text(), &forbidden);
    check("the command line", &command_line, &forbidden);
    let authorized = origin
        .journal()
        .iter()
        .filter(|exchange| exchange.header("Authorization").is_some())
        .count();
    assert!(10 < authorized, "the account was used");
    assert!(
        ended.lines(" DEBUG ureq").len() > 10,
        "the HTTP client had its say"
    );
}

#[test]
fn a_refused_account_is_not_shown() {
    let origin = confluence();
    origin.set_token("another");
    let (binary, address) = Binary::serving(&settings(&origin));
    let mut answers = Vec::new();
    for number in 0..5 {
        let response = Client::connect(address).get(&format!("/proxy/7/{number}.png"));
        assert!([502, 503].contains(&response.status), "{response:?}");
        answers.extend(response.head.as_bytes());
        answers.extend(response.body);
    }
    let ended = binary.stop("TERM");
    let forbidden = forbidden(Some(&origin));
    check("an answer", &answers, &forbidden);
    check("the log", ended.text(), &forbidden);
}

#[test]
fn a_secret_in_a_file_is_in_no_listing_of_the_process() {
    let origin = confluence();
    let path = std::env::temp_dir().join(format!("secret-of-test-{}", std::process::id()));
    std::fs::write(&path, format!("{TOKEN}\n")).expect("a writable directory");
    let mut settings = settings(&origin);
    settings.remove("CONFLUENCE_API_TOKEN");
    let file = path.to_str().expect("a plain path").to_owned();
    settings.insert("CONFLUENCE_API_TOKEN_FILE".into(), file);
    let (binary, address) = Binary::serving(&settings);
    std::fs::remove_file(&path).expect("written above");
    assert_eq!(Client::connect(address).get("/proxy/7/0.png").status, 200);
    let forbidden = forbidden(Some(&origin));
    for list in ["environ", "cmdline"] {
        let text = std::fs::read(format!("/proc/{}/{list}", binary.id())).expect("it runs");
        assert!(!text.is_empty(), "{list}");
        check(list, text, &forbidden);
    }
    check("the log", binary.stop("TERM").text(), &forbidden);
}

#[test]
fn a_secret_file_that_everybody_may_read_is_a_warning_and_a_private_one_is_not() {
    let origin = confluence();
    let path = std::env::temp_dir().join(format!("open-secret-of-test-{}", std::process::id()));
    std::fs::write(&path, TOKEN).expect("a writable directory");
    let mut settings = settings(&origin);
    settings.remove("CONFLUENCE_API_TOKEN");
    let file = path.to_str().expect("a plain path").to_owned();
    settings.insert("CONFLUENCE_API_TOKEN_FILE".into(), file);
    for (mode, warned) in [(0o644, true), (0o604, true), (0o640, false), (0o600, false)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, permissions).expect("our own file");
        let (binary, _) = Binary::serving(&settings);
        let log = binary.stop("TERM").text();
        assert_eq!(log.contains("chmod 600"), warned, "{mode:o}: {log}");
        check("the log", &log, &forbidden(None));
    }
    std::fs::remove_file(&path).expect("written above");
}

#[test]
fn a_file_that_is_far_too_big_is_not_read_to_its_end() {
    let origin = confluence();
    let mut settings = settings(&origin);
    settings.insert("CONFLUENCE_API_TOKEN_FILE".into(), "/dev/zero".into());
    let ended = run(&[], &settings);
    assert_eq!(ended.code, Some(78), "{}", ended.text());
    assert!(
        ended.text().contains("larger than 4MiB"),
        "{}",
        ended.text()
    );
}

#[test]
fn a_bad_configuration_shows_no_secret() {
    let origin = confluence();
    let with_user = format!("http://{USERNAME}:{TOKEN}@wiki.example.com");
    for (name, value) in [
        ("CONFLUENCE_API_TOKEN", format!("{TOKEN}\n{TOKEN}")),
        ("CONFLUENCE_API_TOKEN", format!("{TOKEN}\u{1b}")),
        ("CONFLUENCE_PERSONAL_TOKEN", format!("{TOKEN}\n{TOKEN}")),
        ("CONFLUENCE_URL", with_user.clone()),
        ("CONFLUENCE_URL", format!("{with_user}/?os_destination=x")),
        ("CONFLUENCE_URL", format!("ftp://{USERNAME}:{TOKEN}@h")),
        (
            "CONFLUENCE_HTTPS_PROXY",
            format!("http://{USERNAME}:{TOKEN}@proxy:3128"),
        ),
        ("PROXY_PORT", "x".into()),
    ] {
        let mut settings = settings(&origin);
        settings.insert(name.into(), value);
        let ended = run(&[], &settings);
        assert_eq!(ended.code, Some(78), "{name}: {}", ended.text());
        check(name, ended.text(), &forbidden(None));
    }
}

#[test]
fn the_demonstration_does_not_show_its_account() {
    let token = Options::default().token;
    let pair = format!("{}:{token}", Options::default().username);
    let forbidden = [
        token,
        BASE64_STANDARD.encode(pair),
        "os_destination".into(),
        "JSESSIONID".into(),
    ];
    let settings = [("RUST_LOG".to_owned(), "trace".to_owned())].into();
    let mut demo = Binary::start(&["demo", "--port", "0"], &settings);
    let address = demo.address();
    let mut answers = Client::connect(address).get("/proxy/").body;
    for sample in samples() {
        let name = confluence_attachment_proxy::attachment::encode_segment(sample.name);
        let response = Client::connect(address).get(&format!("/proxy/{}/{name}", sample.page));
        assert_eq!(response.status, 200);
        answers.extend(response.head.as_bytes());
    }
    let command_line = std::fs::read(format!("/proc/{}/cmdline", demo.id())).expect("it runs");
    check("the command line", command_line, &forbidden);
    check("an answer", answers, &forbidden);
    check("the output", demo.stop("INT").text(), &forbidden);
}

#[test]
fn a_download_that_falls_silent_says_nothing_secret() {
    let origin = confluence();
    let latch = Latch::new();
    origin.script(PAGE, "0.png", Behaviour::hold_at(600, &latch));
    let (binary, address) = Binary::serving(&settings(&origin));
    let mut client = Client::connect(address);
    let head = client.request("GET", "/proxy/7/0.png", &[]).head();
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let broken = client.body(head, false);
    assert!(!broken.complete, "a silence breaks the connection");
    let ended = binary.stop("TERM");
    check("the log", ended.text(), &forbidden(Some(&origin)));
}
