//! The command `check`, from outside: its lines, its exit codes, and that it logs in once.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use confluence_attachment_proxy::demo::{
    Behaviour, Fault, File, Kind, Latch, Options, SampleConfluence,
};

use crate::support::binary::{Ended, Settings, run, settings};
use crate::support::{PAGE, PATIENCE};

/// A token that is found in any output that it gets into.
const TOKEN: &str = "s3cr3t+Kq7/Zw&<9>xV";

/// The password of an outbound proxy, the same.
const PROXY_PASSWORD: &str = "pr0xy-geheim";

/// Steps in their order, when a page is asked for.
const STEPS: [&str; 10] = [
    "configuration",
    "memory",
    "proxy",
    "dns",
    "tcp",
    "tls",
    "version",
    "login",
    "clock",
    "page",
];

/// A sample Confluence with two files on [`PAGE`] in the space `DOC`.
fn origin() -> SampleConfluence {
    with(Options {
        token: TOKEN.into(),
        ..Options::default()
    })
}

fn with(options: Options) -> SampleConfluence {
    let origin = SampleConfluence::start(options).expect("a free port");
    origin.name_page(PAGE, "DOC", "Plans");
    for _ in 0..2 {
        let file = File::new("application/pdf", vec![b'x'; 120_400]);
        let when = std::time::SystemTime::now();
        origin.put(PAGE, "plan.pdf", file.uploaded(when));
    }
    origin.put(
        PAGE,
        "架构图\u{1b}[31m.png",
        File::new("image/png", [1; 999]),
    );
    origin
}

/// What an operator sets for it, and these settings beside.
fn before(origin: &SampleConfluence, more: &[(&str, &str)]) -> Settings {
    let mut settings = settings(origin);
    settings.insert("CONFLUENCE_API_TOKEN".into(), TOKEN.into());
    for (name, value) in more {
        settings.insert((*name).into(), (*value).into());
    }
    settings
}

/// Runs it with what must hold of every run: everything is on stdout, in columns, and no secret is in it.
#[track_caller]
fn check(words: &[&str], settings: &Settings) -> Ended {
    let words = [&["check"], words].concat();
    let ended = run(&words, settings);
    assert!(ended.stderr.is_empty(), "{:#?}", ended.stderr);
    for line in &ended.stdout {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        let (mark, rest) = line.split_at(6);
        let is_row = mark.trim().is_empty();
        let is_step = STEPS.iter().any(|step| rest.starts_with(step));
        assert!(is_row || is_step, "{line}");
        let known = ["ok", "warn", "FAIL", "skip"].contains(&mark.trim());
        assert!(is_row || known, "{line}");
    }
    let pair = BASE64_STANDARD.encode(format!("{}:{TOKEN}", Options::default().username));
    let secrets = [TOKEN, &TOKEN[..6], &pair[..10], PROXY_PASSWORD];
    for secret in secrets
        .into_iter()
        .chain(["JSESSIONID", "5C1A09E47BD2F386", "state=", "os_dest"])
    {
        assert!(!ended.text().contains(secret), "{secret}: {ended:#?}");
    }
    ended
}

/// The marks and texts of a step's lines.
fn lines<'a>(ended: &'a Ended, step: &str) -> Vec<(&'a str, &'a str)> {
    let own = ended.stdout.iter().filter_map(|line| {
        let (mark, rest) = line.split_at(6);
        let text = rest.strip_prefix(step)?.strip_prefix(' ')?;
        Some((mark.trim(), text.trim()))
    });
    own.collect()
}

/// That a step has one line with this mark, and this in it.
#[track_caller]
fn has(ended: &Ended, step: &str, mark: &str, expected: &str) {
    let own = lines(ended, step);
    assert_eq!(own.len(), 1, "{step}: {:#?}", ended.stdout);
    assert_eq!(own[0].0, mark, "{step}: {:#?}", ended.stdout);
    assert!(own[0].1.contains(expected), "{expected}: {:#?}", own[0].1);
}

/// That a step failed with this remedy and this exit code, and that the later ones were not taken because of it.
#[track_caller]
fn fails(ended: &Ended, step: &str, code: i32, remedy: &str) {
    has(ended, step, "FAIL", remedy);
    assert_eq!(ended.code, Some(code), "{:#?}", ended.stdout);
    let at = STEPS.iter().position(|other| *other == step);
    for later in &STEPS[at.expect("a step") + 1..] {
        for (mark, text) in lines(ended, later) {
            let is_clock = *later == "clock" && mark == "ok"; // some answer had a date
            let expected = format!("not tried, because {step} failed");
            assert!(is_clock || (mark, text) == ("skip", &expected), "{text}");
        }
    }
}

#[test]
fn all_is_good_after_one_login() {
    let origin = origin();
    let ended = check(&[], &before(&origin, &[]));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    let address = origin.address();
    let account = format!(
        "{}, Confluence Server or Data Center, account \"demo\"",
        origin.url()
    );
    has(&ended, "configuration", "ok", &account);
    has(&ended, "memory", "ok", "CACHE_MAX_BYTES=256MiB");
    has(&ended, "proxy", "ok", "none");
    has(&ended, "dns", "skip", "127.0.0.1 is an address already");
    has(&ended, "tcp", "ok", &format!("{address} answered in "));
    has(&ended, "tls", "skip", "http://");
    has(&ended, "version", "ok", "Confluence 9.2.17");
    has(&ended, "login", "ok", "as \"demo\"");
    has(&ended, "clock", "ok", " s apart");
    assert_eq!(ended.stdout.len(), 9, "{:#?}", ended.stdout);
    let order: Vec<&str> = ended
        .stdout
        .iter()
        .map(|line| line[6..].split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(order, STEPS[..9]);
    assert_eq!((origin.logins(), origin.failed_logins()), (1, 0));
    assert_eq!(origin.requests(), 2);
}

#[test]
fn a_page_is_listed_in_the_session_of_the_login() {
    let origin = origin();
    let ended = check(&["--page", "7"], &before(&origin, &[]));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(
        &ended,
        "page",
        "ok",
        "7 has 2 attachments, published like all",
    );
    let rows: Vec<&str> = ended.stdout.iter().skip(10).map(|row| row.trim()).collect();
    assert_eq!(
        rows,
        [
            "120 KB  version 2    plan.pdf",
            "999 B  version 1    架构图[31m.png",
        ]
    );
    assert_eq!(origin.logins(), 2);
    let journal = origin.journal();
    let sent = |name: &str| -> Vec<bool> {
        let has = journal
            .iter()
            .map(|exchange| exchange.header(name).is_some());
        has.collect()
    };
    // The manifest is nobody's; the login opens the one session of the account, and the page is asked for in it.
    assert_eq!(sent("Authorization"), [false, true, true]);
    assert_eq!(sent("Cookie"), [false, false, true]);
    assert_eq!(origin.sessions_created(), 2);
}

#[test]
fn it_is_said_whether_a_page_is_published() {
    for (name, value, questions, mark, expected) in [
        (
            "PROXY_ALLOW_PAGES",
            "7",
            2,
            "ok",
            "published by PROXY_ALLOW_PAGES",
        ),
        ("PROXY_ALLOW_PAGES", "8", 2, "warn", "not published"),
        (
            "PROXY_ALLOW_SPACES",
            "doc",
            3,
            "ok",
            "PROXY_ALLOW_SPACES (space \"DOC\")",
        ),
        ("PROXY_ALLOW_SPACES", "HR", 3, "warn", "not published"),
    ] {
        let origin = origin();
        let ended = check(&["--page", "7"], &before(&origin, &[(name, value)]));
        assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
        has(&ended, "page", mark, expected);
        assert_eq!(origin.logins(), questions, "{name}={value}");
    }
}

#[test]
fn an_unknown_page_says_which_number_is_wanted() {
    let origin = origin();
    let ended = check(&["--page", "99"], &before(&origin, &[]));
    fails(&ended, "page", 69, "the number behind pageId= or /pages/");
    has(&ended, "login", "ok", "as \"demo\"");
    assert_eq!(origin.logins(), 2);
}

#[test]
fn a_wrong_password_is_tried_once() {
    let origin = origin();
    origin.set_token("another");
    let ended = check(&["--page", "7"], &before(&origin, &[]));
    fails(
        &ended,
        "login",
        77,
        "check its name and its password or token",
    );
    has(
        &ended,
        "login",
        "FAIL",
        "three failed logins lock the account",
    );
    assert_eq!((origin.logins(), origin.failed_logins()), (1, 1));
}

#[test]
fn the_login_is_never_sent_on_a_connection_that_may_have_died() {
    let origin = origin();
    origin.script_all(Some(Behaviour::ClosedWhenReused));
    let ended = check(&[], &before(&origin, &[]));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(&ended, "login", "ok", "as \"demo\"");
    assert_eq!((origin.logins(), origin.requests()), (1, 2));
}

#[test]
fn a_wrong_personal_token_is_refused_although_confluence_says_nothing() {
    let origin = origin();
    let mut settings = before(&origin, &[("CONFLUENCE_PERSONAL_TOKEN", TOKEN)]);
    settings.remove("CONFLUENCE_USERNAME");
    settings.remove("CONFLUENCE_API_TOKEN");
    let ended = check(&["--page", "7"], &settings);
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(&ended, "configuration", "ok", "a personal access token");
    origin.set_token("another");
    let ended = check(&["--page", "7"], &settings);
    fails(&ended, "login", 77, "the personal access token is wrong");
    assert_eq!(origin.logins(), 3);
}

#[test]
fn cloud_is_asked_for_what_it_is_and_for_the_login() {
    let origin = with(Options {
        kind: Kind::Cloud,
        token: TOKEN.into(),
        context_path: "/wiki".into(),
        ..Options::default()
    });
    let settings = before(&origin, &[("CONFLUENCE_KIND", "cloud")]);
    let ended = check(&["--page", "7"], &settings);
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(&ended, "version", "ok", "Atlassian Cloud");
    has(&ended, "login", "ok", "as \"demo\"");
    has(&ended, "clock", "ok", " s apart");
    has(&ended, "page", "ok", "7 has 2 attachments");
    assert_eq!((origin.logins(), origin.requests()), (2, 3));
    origin.set_token("another");
    let ended = check(&[], &settings);
    fails(&ended, "login", 77, "refused the account (401)");
    assert_eq!(origin.logins(), 3);
}

#[test]
fn a_server_that_is_taken_for_cloud_is_named() {
    // Cloud is below /wiki, whatever the address says.
    let cloud = [("CONFLUENCE_KIND", "cloud")];
    let ended = check(&[], &before(&origin(), &cloud));
    fails(&ended, "login", 69, "CONFLUENCE_KIND");
    let origin = with(Options {
        context_path: "/wiki".into(),
        ..Options::default()
    });
    let ended = check(&[], &before(&origin, &cloud));
    fails(&ended, "version", 69, "set CONFLUENCE_KIND=server");
    assert_eq!(origin.logins(), 0, "the account does not go there");
}

#[test]
fn a_port_where_nobody_listens_and_a_name_that_does_not_exist_are_named() {
    let origin = origin();
    let closed = [("CONFLUENCE_URL", "http://127.0.0.1:1")];
    let ended = check(&["--page", "7"], &before(&origin, &closed));
    fails(&ended, "tcp", 69, "nothing listens at CONFLUENCE_URL");
    let unknown = [("CONFLUENCE_URL", "http://wiki.invalid/c")];
    let ended = check(&[], &before(&origin, &unknown));
    fails(
        &ended,
        "dns",
        69,
        "the host name in CONFLUENCE_URL is unknown",
    );
    assert_eq!(lines(&ended, "configuration").len(), 2, "http is warned of");
    assert_eq!(origin.requests(), 0);
}

#[test]
fn an_outbound_proxy_is_named_and_is_what_fails() {
    let origin = origin();
    let proxy = format!("http://me:{PROXY_PASSWORD}@127.0.0.1:1");
    let url = origin.url().replace("127.0.0.1", "localhost");
    let mut more = vec![("CONFLUENCE_HTTPS_PROXY", proxy.as_str())];
    more.push(("CONFLUENCE_URL", &url));
    let ended = check(&[], &before(&origin, &more));
    has(&ended, "proxy", "ok", "through http://127.0.0.1:1");
    has(
        &ended,
        "dns",
        "skip",
        "the outbound proxy looks localhost up",
    );
    fails(&ended, "tcp", 69, "nothing listens at the outbound proxy");
    more.push(("CONFLUENCE_NO_PROXY", "localhost"));
    let ended = check(&[], &before(&origin, &more));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(
        &ended,
        "proxy",
        "ok",
        "http://127.0.0.1:1, but not for localhost",
    );
    has(&ended, "dns", "ok", "localhost is ");
}

/// An outbound proxy that answers every CONNECT like this, and then connects to `origin` whatever name was asked for.
/// Its thread ends with the tests.
fn outbound_proxy(answer: &'static str, origin: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut near = stream.expect("accept works in tests");
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(near.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            let is_gone = near.write_all(answer.as_bytes()).is_err();
            if is_gone || !answer.contains(" 200 ") || !head.starts_with(b"CONNECT wiki.test:") {
                continue;
            }
            let mut far = TcpStream::connect(origin).expect("it listens");
            let mut pair = [&near, &far].map(|stream| stream.try_clone().expect("a descriptor"));
            std::thread::spawn(move || {
                let [from, to] = &mut pair;
                let _ = copy(from, to); // whoever goes first ends both
                let _ = to.shutdown(Shutdown::Both);
            });
            std::thread::spawn(move || {
                let _ = copy(&mut far, &mut near); // the same
                let _ = near.shutdown(Shutdown::Both);
            });
        }
    });
    format!("http://me:{PROXY_PASSWORD}@{address}")
}

#[test]
fn what_an_outbound_proxy_connects_is_asked_through_it() {
    let origin = origin();
    let proxy = outbound_proxy("HTTP/1.1 200 Connected\r\n\r\n", origin.address());
    let more = [
        ("CONFLUENCE_URL", "http://wiki.test"),
        ("CONFLUENCE_HTTPS_PROXY", &proxy),
    ];
    let ended = check(&["--page", "7"], &before(&origin, &more));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(
        &ended,
        "dns",
        "skip",
        "the outbound proxy looks wiki.test up",
    );
    has(&ended, "tcp", "ok", "the outbound proxy at 127.0.0.1:");
    has(&ended, "tls", "skip", "http://");
    has(&ended, "version", "ok", "Confluence 9.2.17");
    has(&ended, "login", "ok", "as \"demo\"");
    has(&ended, "page", "ok", "7 has 2 attachments");
    assert_eq!(origin.logins(), 2);
}

#[test]
fn an_outbound_proxy_that_does_not_connect_ends_it_before_the_login() {
    let origin = origin();
    let forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let proxy = outbound_proxy(forbidden, origin.address());
    for (url, step) in [
        ("http://wiki.test", "version"),
        ("https://wiki.test", "tls"),
    ] {
        let more = [("CONFLUENCE_URL", url), ("CONFLUENCE_HTTPS_PROXY", &proxy)];
        let ended = check(&["--page", "7"], &before(&origin, &more));
        fails(
            &ended,
            step,
            69,
            "check CONFLUENCE_HTTPS_PROXY, its account",
        );
        has(&ended, "login", "skip", step);
    }
    assert_eq!(origin.requests(), 0);
}

#[test]
fn a_confluence_that_hangs_is_waited_for_no_longer_than_the_settings_say() {
    let origin = origin();
    let latch = Latch::new();
    origin.script_all(Some(Behaviour::hold(&latch)));
    let begun = Instant::now();
    let short = [("CONFLUENCE_READ_TIMEOUT_SECONDS", "1")];
    let ended = check(&["--page", "7"], &before(&origin, &short));
    assert!(begun.elapsed() < PATIENCE);
    has(&ended, "version", "warn", "did not answer in time");
    fails(
        &ended,
        "login",
        69,
        "within CONFLUENCE_READ_TIMEOUT_SECONDS",
    );
    has(&ended, "clock", "skip", "because login failed");
    assert_eq!(origin.logins(), 1);
    latch.open();
}

#[test]
fn what_comes_in_place_of_the_login_has_its_remedy_and_its_exit_code() {
    let moved = Fault::MovedTo {
        base: "https://wiki.example.com/c".to_owned(),
    };
    for (behaviour, code, remedy) in [
        (
            Fault::LoginPage.into(),
            77,
            "a web page instead of the file",
        ),
        (Fault::LoginRedirect.into(), 77, "sent us to its login page"),
        (
            Fault::SsoRedirect.into(),
            77,
            "a login service at sso.example",
        ),
        (
            Fault::BasicDisabled.into(),
            77,
            "CONFLUENCE_PERSONAL_TOKEN_FILE",
        ),
        (Fault::Captcha.into(), 77, "log in once in a browser"),
        (Fault::MaintenancePage.into(), 69, "being maintained"),
        (Fault::Unavailable.into(), 69, "status 503"),
        (
            moved.into(),
            69,
            "CONFLUENCE_URL should be https://wiki.example.com/c",
        ),
        (Behaviour::rate_limited("7"), 69, "asks to wait 7 s"),
        (Behaviour::Closed, 69, "the connection to Confluence ended"),
        (Behaviour::Garbage, 69, "does not speak HTTP"),
        (Behaviour::status(404), 69, "with the context path"),
        (Fault::HtmlForJson.into(), 77, "a web page instead"),
        (
            Fault::EmptyJson.into(),
            69,
            "does not answer like Confluence",
        ),
    ] {
        let behaviour: Behaviour = behaviour;
        let origin = origin();
        origin.script_all(Some(behaviour.clone()));
        let ended = check(&["--page", "7"], &before(&origin, &[]));
        assert_eq!(lines(&ended, "version")[0].0, "warn", "{behaviour:?}");
        fails(&ended, "login", code, remedy);
        assert_eq!(origin.logins(), 1, "{behaviour:?}");
    }
}

#[test]
fn a_missing_manifest_is_only_a_warning() {
    let origin = origin();
    origin.script_rest(Behaviour::status(404));
    let json = r#"{"type":"known","username":"demo"}"#;
    let fields = [("Content-Type", "application/json")];
    origin.script_login(Behaviour::answer(200, &fields, json));
    let ended = check(&[], &before(&origin, &[]));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(&ended, "version", "warn", "status 404 and no manifest");
    has(&ended, "login", "ok", "as \"demo\"");
}

#[test]
fn a_confluence_that_does_not_say_who_the_account_is_is_a_warning() {
    let origin = origin();
    origin.script_login(Behaviour::status(404));
    let ended = check(&["--page", "7"], &before(&origin, &[]));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(&ended, "login", "warn", "does not say who the account is");
    has(&ended, "page", "ok", "7 has 2 attachments");
    assert_eq!(origin.logins(), 2);
}

#[test]
fn a_clock_that_is_an_hour_off_is_a_warning() {
    for (offset, which) in [(3600, "ahead of"), (-3600, "behind")] {
        let origin = origin();
        origin.set_clock_offset(offset);
        let ended = check(&[], &before(&origin, &[]));
        assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
        has(&ended, "clock", "warn", which);
        has(&ended, "clock", "warn", "set by NTP");
    }
}

#[test]
fn memory_that_is_not_granted_and_odd_settings_are_warnings() {
    let origin = origin();
    let odd = [("CACHE_TTL", "1")];
    let ended = check(&[], &before(&origin, &odd));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    let own = lines(&ended, "configuration");
    assert_eq!((own.len(), own[1].0), (2, "warn"), "{own:?}");
    assert!(own[1].1.contains("CACHE_TTL_SECONDS"), "{own:?}");
    let most = [("CACHE_MAX_BYTES", "1TiB")];
    let ended = check(&[], &before(&origin, &most));
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stdout);
    has(&ended, "memory", "warn", "do not fit");
}

#[test]
fn a_bad_configuration_ends_it_at_once_with_every_problem() {
    let origin = origin();
    let bad = [
        ("CONFLUENCE_USERNAME", "a:b"),
        ("PROXY_PORT", "65536"),
        ("CACHE_MAX_BYTES", "2GB0"),
        ("CONFLUENCE_HTTPS_PROXY", PROXY_PASSWORD),
        ("CACHE_TTL", "1"),
    ];
    let ended = check(&["--page", "7"], &before(&origin, &bad));
    assert_eq!(ended.code, Some(78), "{:#?}", ended.stdout);
    let own = lines(&ended, "configuration");
    assert_eq!((own.len(), ended.stdout.len()), (5, 5), "{own:?}");
    for (name, _) in &bad[..4] {
        let is_named = |line: &&(&str, &str)| line.0 == "FAIL" && line.1.starts_with(name);
        assert_eq!(own.iter().filter(is_named).count(), 1, "{name}: {own:?}");
    }
    assert_eq!(own.iter().filter(|line| line.0 == "warn").count(), 1);
    // A file that only its reader finds out to hold no authority.
    let name = format!("check-no-authority-{}.pem", std::process::id());
    let path = std::env::temp_dir().join(name);
    let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&path, text).expect("a temporary file");
    let shown = path.to_str().expect("a plain path");
    let ca = [
        ("CONFLUENCE_URL", "https://127.0.0.1:1"),
        ("CONFLUENCE_CA_FILE", shown),
    ];
    let ended = check(&[], &before(&origin, &ca));
    std::fs::remove_file(&path).expect("it was just made");
    fails(
        &ended,
        "configuration",
        78,
        "at least one certificate of an authority",
    );
    assert_eq!((ended.stdout.len(), origin.requests()), (1, 0));
}

#[test]
fn a_wrong_word_behind_it_is_exit_64() {
    for words in [
        &["check", "7"][..],
        &["check", "--page", "att7"],
        &["check", "--port", "1"],
    ] {
        let ended = run(words, &Settings::new());
        assert_eq!(ended.code, Some(64), "{words:?}: {ended:?}");
        assert_eq!((ended.stderr.len(), ended.stdout.len()), (1, 0));
    }
}
