//! The program from outside: exit codes, signals, and the lines of its log.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::arguments;
use confluence_attachment_proxy::attachment::encode_segment;
use confluence_attachment_proxy::demo::{Behaviour, File, Latch, samples};

use crate::support::binary::{Binary, Settings, get, origin, run, settings, value};
use crate::support::{Client, PAGE, PATIENCE};

#[test]
fn it_serves_a_file_and_ends_well_when_it_is_asked() {
    for signal in ["TERM", "INT"] {
        let (confluence, bytes) = origin("a.png", 100_000);
        let (binary, address) = Binary::serving(&settings(&confluence));
        for cache in ["MISS", "HIT"] {
            let response = get(address, "/proxy/7/a.png");
            assert_eq!(
                (response.status, response.field("X-Cache")),
                (200, Some(cache))
            );
            assert!(response.complete && response.body == bytes);
        }
        let ended = binary.stop(signal);
        assert_eq!(ended.code, Some(0), "{signal}: {:#?}", ended.stderr);
        assert!(
            ended
                .stderr
                .last()
                .is_some_and(|line| line.ends_with(" stopped")),
            "{:#?}",
            ended.stderr
        );
        assert_eq!(ended.stdout, [""; 0]);
    }
}

#[test]
fn a_hangup_reads_the_secret_again_and_the_service_goes_on() {
    let (confluence, bytes) = origin("a.png", 1000);
    let name = format!("token-of-hangup-test-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let write = |token: &str| std::fs::write(&path, token).expect("a writable directory");
    let mut settings = settings(&confluence);
    let token = settings
        .remove("CONFLUENCE_API_TOKEN")
        .expect("it is there");
    write(&token);
    let file = path.to_str().expect("a plain path").to_owned();
    settings.insert("CONFLUENCE_API_TOKEN_FILE".into(), file);
    let (mut binary, address) = Binary::serving(&settings);
    binary.line("logged in as=\"demo\"");

    // A file that cannot be right, and one that Confluence refuses, change nothing.
    write("");
    binary.signal("HUP");
    binary.line("is empty: expected the password or API token; the account in force stays");
    write("not-the-token");
    binary.signal("HUP");
    binary.line("the new account is not taken, the one in force stays");
    std::fs::remove_file(&path).expect("written above");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("a tool of every system").success());
    binary.signal("HUP");
    binary.line("cannot be read (it is a pipe)");
    std::fs::remove_file(&path).expect("made above");
    assert!(get(address, "/proxy/7/a.png").body == bytes);

    confluence.set_token("renewed");
    write("renewed\n");
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&path, everybody).expect("our own file");
    binary.signal("HUP");
    binary.line("reload: CONFLUENCE_API_TOKEN_FILE");
    binary.line("the new account is in force account=\"demo\"");
    assert_eq!(get(address, "/proxy/7/none.png").status, 404, "it is asked");
    assert_eq!(get(address, "/readyz?upstream").status, 200);
    binary.signal("HUP");
    binary.line("the account has not changed, its login is tested");
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
    for secret in ["not-the-token", "renewed", &token] {
        assert!(!ended.text().contains(secret), "{}", ended.text());
    }
    std::fs::remove_file(&path).expect("written above");
}

#[test]
fn running_answers_are_finished_before_the_end() {
    let (confluence, bytes) = origin("begun.png", 100_000);
    let file = File::new("image/png", bytes.clone());
    confluence.put(PAGE, "waiting.png", file);
    let latch = Latch::new();
    confluence.script(PAGE, "begun.png", Behaviour::hold_at(50_000, &latch));
    confluence.script(PAGE, "waiting.png", Behaviour::hold(&latch));
    let (mut binary, address) = Binary::serving(&settings(&confluence));

    let mut begun = Client::connect(address);
    let head = begun.request("GET", "/proxy/7/begun.png", &[]).head();
    let mut waiting = Client::connect(address);
    waiting.request("GET", "/proxy/7/waiting.png", &[]);
    assert!(latch.wait_for_arrivals(2, PATIENCE));
    let mut idle = Client::connect(address);
    assert_eq!(idle.get("/healthz").status, 200);

    binary.signal("TERM");
    binary.line("stopping");
    assert!(idle.is_closed(), "a client that asks for nothing is let go");
    let late = TcpStream::connect(address).map(|mut late| {
        let _ = late.write_all(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"); // it may be closed already
        late
    });
    latch.open();
    let begun_response = begun.body(head, false);
    assert!(begun_response.complete && begun_response.body == bytes);
    assert!(begun.is_closed());
    let waited = waiting.response(false);
    assert_eq!(
        (waited.status, waited.field("Connection")),
        (200, Some("close"))
    );
    assert!(waited.complete && waited.body == bytes && waiting.is_closed());
    let ended = binary.ended();
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
    if let Ok(mut late) = late {
        let mut answer = Vec::new();
        let _ = late.read_to_end(&mut answer); // a reset is as good as an end
        assert_eq!(
            answer, b"",
            "a connection made after the signal is not served"
        );
    }
}

#[test]
fn the_drain_time_bounds_the_wait_for_running_answers() {
    let (confluence, _) = origin("a.png", 100_000);
    let latch = Latch::new();
    confluence.script(PAGE, "a.png", Behaviour::hold_at(50_000, &latch));
    let mut settings = settings(&confluence);
    settings.insert("PROXY_DRAIN_SECONDS".into(), "1".into());
    let (binary, address) = Binary::serving(&settings);
    let mut client = Client::connect(address);
    let head = client.request("GET", "/proxy/7/a.png", &[]).head();
    let asked = Instant::now();
    let ended = binary.stop("TERM");
    let took = asked.elapsed();
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
    assert!(
        Duration::from_secs(1) <= took && took < PATIENCE,
        "{took:?}"
    );
    assert!(!client.body(head, false).complete);
    assert_eq!(ended.lines(" aborted key=").len(), 1, "{:#?}", ended.stderr);
}

#[test]
fn the_same_signal_twice_is_one_wish() {
    let (confluence, bytes) = origin("a.png", 100_000);
    let latch = Latch::new();
    confluence.script(PAGE, "a.png", Behaviour::hold_at(50_000, &latch));
    let (mut binary, address) = Binary::serving(&settings(&confluence));
    let mut client = Client::connect(address);
    let head = client.request("GET", "/proxy/7/a.png", &[]).head();
    binary.signal_twice("INT", "stopping: running answers have 10 s");
    latch.open();
    let response = client.body(head, false);
    assert!(response.complete && response.body == bytes);
    assert_eq!(binary.ended().code, Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (confluence, _) = origin("a.png", 100_000);
        let latch = Latch::new();
        confluence.script(PAGE, "a.png", Behaviour::hold(&latch));
        let mut settings = settings(&confluence);
        settings.insert("PROXY_DRAIN_SECONDS".into(), "300".into());
        let (mut binary, address) = Binary::serving(&settings);
        let mut client = Client::connect(address);
        client.request("GET", "/proxy/7/a.png", &[]);
        assert!(latch.wait_for_arrivals(1, PATIENCE));
        binary.signal("TERM");
        binary.line("stopping: running answers have 300 s");
        assert_eq!(binary.stop_impatiently(signal).code, Some(code));
        assert!(client.is_closed());
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_the_remedy() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    let (first, address) = Binary::serving(&settings);
    settings.insert("PROXY_PORT".into(), address.port().to_string());
    let second = run(&["serve"], &settings);
    assert_eq!(second.code, Some(70));
    let said = second.lines(&format!("cannot listen on {address}: "));
    assert_eq!(said.len(), 1, "{:#?}", second.stderr);
    assert!(
        said[0].contains("another program listens there"),
        "{said:?}"
    );
    assert_eq!(
        get(address, "/proxy/7/a.png").status,
        200,
        "the first one does not care"
    );
    assert_eq!(first.stop("TERM").code, Some(0));
}

#[test]
fn a_port_without_the_privilege_is_bad_configuration() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_PORT".into(), "1".into());
    let root = std::fs::metadata("/proc/self").expect("Linux").uid() == 0;
    let mut command = Command::new(if root { "setpriv" } else { "env" });
    if root {
        command.arg("--bounding-set=-net_bind_service");
    }
    command.arg(crate::support::binary::path());
    let binary = Binary::spawn(command, &settings, false);
    let limit = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if limit.is_ok_and(|limit| limit.trim() == "0" || limit.trim() == "1") {
        // This system lets everybody have every port: then the service must take it.
        let mut binary = binary;
        assert_eq!(binary.address().port(), 1);
        return;
    }
    let ended = binary.ended();
    assert_eq!(ended.code, Some(78), "{:#?}", ended.stderr);
    let said = ended.lines("cannot listen on 127.0.0.1:1: ");
    assert_eq!(said.len(), 1, "{:#?}", ended.stderr);
    assert!(
        said[0].contains("ports below 1024 need a privilege"),
        "{said:?}"
    );
}

#[test]
fn help_and_version_are_printed() {
    let none = Settings::new();
    for (word, expected) in [
        ("--help", arguments::help_text()),
        ("-h", arguments::help_text()),
        ("--version", arguments::VERSION.to_owned()),
        ("-V", arguments::VERSION.to_owned()),
    ] {
        let ended = run(&[word], &none);
        assert_eq!(
            (ended.code, &ended.stderr[..]),
            (Some(0), &[][..]),
            "{word}"
        );
        assert_eq!(
            ended.stdout.join("\n").trim_end(),
            expected.trim_end(),
            "{word}"
        );
    }
}

#[test]
fn a_wrong_command_line_is_exit_64() {
    let words: [&[&str]; 5] = [
        &["serv"],
        &["serve", "--port", "80"],
        &["demo", "--port", "x"],
        &["serve", "a\nb"],
        &["--port"],
    ];
    for words in words {
        let ended = run(words, &Settings::new());
        assert_eq!(ended.code, Some(64), "{words:?}: {:#?}", ended.stderr);
        assert_eq!(
            (ended.stderr.len(), ended.stdout.len()),
            (1, 0),
            "{words:?}: {ended:?}"
        );
        assert!(
            ended.stderr[0].starts_with("confluence-attachment-proxy: "),
            "{:#?}",
            ended.stderr
        );
        assert!(
            ended.stderr[0].ends_with("--help says more"),
            "{:#?}",
            ended.stderr
        );
    }
}

#[test]
fn a_bad_configuration_is_exit_78_and_every_problem_is_named() {
    let bad = [
        ("CONFLUENCE_URL", "wiki.example.com"),
        ("CONFLUENCE_USERNAME", "a:b"),
        ("CONFLUENCE_API_TOKEN_FILE", "/nowhere/token"),
        ("CONFLUENCE_READ_TIMEOUT_SECONDS", "0"),
        ("PROXY_PORT", "65536"),
        ("PROXY_BASE_PATH", "a b"),
        ("CACHE_MAX_BYTES", "2GB0"),
        ("CACHE_TTL_SECONDS", "-1"),
    ];
    let settings: Settings = bad.map(|(name, value)| (name.into(), value.into())).into();
    let ended = run(&[], &settings);
    assert_eq!(ended.code, Some(78), "{:#?}", ended.stderr);
    for (name, _) in bad {
        let start = format!("confluence-attachment-proxy: {name}");
        let said = ended.stderr.iter().filter(|line| {
            let rest = line.strip_prefix(&start);
            rest.is_some_and(|rest| rest.starts_with([':', '=']))
        });
        assert_eq!(said.count(), 1, "{name}: {:#?}", ended.stderr);
    }
    assert_eq!(
        (ended.stderr.len(), ended.stdout.len()),
        (bad.len(), 0),
        "{ended:?}"
    );
}

#[test]
fn without_any_configuration_it_says_what_it_needs() {
    let ended = run(&[], &Settings::new());
    assert_eq!(ended.code, Some(78));
    for name in [
        "CONFLUENCE_URL",
        "CONFLUENCE_USERNAME",
        "CONFLUENCE_API_TOKEN",
    ] {
        let start = format!("confluence-attachment-proxy: {name}: ");
        assert!(
            ended.stderr.iter().any(|line| line.starts_with(&start)),
            "{:#?}",
            ended.stderr
        );
    }
    assert_eq!(ended.stderr.len(), 3, "{:#?}", ended.stderr);
}

#[test]
fn the_demonstration_shows_every_sample_through_the_proxy_and_none_without() {
    let mut demo = Binary::start(&["demo", "--port", "0"], &Settings::new());
    let address = demo.address();
    let base = format!("http://{address}/proxy");
    let confluence = demo.line("A sample Confluence runs at ");
    let confluence = confluence
        .split_whitespace()
        .find_map(|word| word.strip_prefix("http://"));
    let confluence: SocketAddr = confluence
        .and_then(|word| word.parse().ok())
        .expect("its address");
    demo.line(&format!("  {base}/"));

    let page = get(address, "/proxy/");
    assert_eq!(
        (page.status, page.field("Content-Type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let page = String::from_utf8(page.body).expect("a page is text");
    for sample in samples() {
        let (number, name) = (sample.page, encode_segment(sample.name));
        let short = format!("/proxy/{number}/{name}");
        let link = format!("/download/attachments/{number}/{name}?version=1&api=v2");
        assert!(page.contains(&format!("href=\"{short}\"")), "{short}");
        let direct = format!("href=\"http://{confluence}{link}\"").replace('&', "&amp;");
        assert!(page.contains(&direct), "{direct}");
        for target in [&short, &format!("/proxy{link}"), &short] {
            let response = get(address, target);
            assert_eq!(response.status, 200, "{target}");
            assert!(
                response.complete && response.body == sample.bytes(),
                "{target}"
            );
        }
        let refused = get(confluence, &link);
        assert_eq!(refused.status, 302, "{link}");
    }
    // The addresses that it prints work as they are.
    let printed: Vec<String> = ["  http://", "as Confluence's own link"]
        .iter()
        .map(|what| demo.line(what))
        .collect();
    assert_eq!(printed.len(), 2);
    // The switchboard knows the way back to the proxy, and the start page the way there.
    let switchboard = format!("http://{confluence}/switchboard");
    demo.line(&format!("  {switchboard}"));
    assert!(page.contains(&format!("href=\"{switchboard}\"")));
    let board = get(confluence, "/switchboard");
    assert!(board.text().contains(&format!("href=\"{base}/\"")));
    let reload = format!("<code>kill -HUP {}</code>", demo.id());
    assert!(board.text().contains(&reload), "{}", board.text());
    let ended = demo.stop("INT");
    for line in ended
        .stdout
        .iter()
        .filter_map(|line| line.strip_prefix(&format!("  http://{address}")))
    {
        assert!(line.starts_with("/proxy/"), "{line}");
    }
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
    let figure = |what: &str| -> u64 {
        let line = ended.stdout.iter().find(|line| line.contains(what));
        let word = line.and_then(|line| line.split_whitespace().next());
        word.and_then(|word| word.parse().ok()).expect(what)
    };
    let answered = figure("requests for files were answered");
    assert_eq!(answered, 3 * samples().len() as u64);
    let spared = figure("without a question to Confluence");
    assert!(samples().len() as u64 <= spared, "{spared}");
    assert_eq!(figure("downloads from Confluence"), answered - spared);
    assert!(
        ended.lines(" ERROR ").is_empty() && ended.lines(" WARN ").is_empty(),
        "{:#?}",
        ended.stderr
    );
}

#[test]
fn the_demonstration_takes_another_port_if_the_usual_one_is_taken() {
    let _taken = TcpListener::bind("127.0.0.1:8080"); // or somebody else has it
    let mut demo = Binary::start(&["demo"], &Settings::new());
    let address = demo.address();
    assert_ne!(address.port(), 8080);
    assert_eq!(get(address, "/proxy/").status, 200);
    assert_eq!(demo.stop("INT").code, Some(0));
}

#[test]
fn every_request_has_one_line_and_a_normal_run_no_error() {
    let (confluence, bytes) = origin("a b.png", 1000);
    let (binary, address) = Binary::serving(&settings(&confluence));
    let mut client = Client::connect(address);
    for target in [
        "/proxy/7/a%20b.png",
        "/proxy/7/a%20b.png",
        "/proxy/7/none.png",
        "/proxy/",
        "/healthz",
    ] {
        client.get(target);
    }
    client.ask("HEAD", "/proxy/7/a%20b.png", &[]);
    client.ask("GET", "/proxy/7/a%20b.png", &[("Range", "bytes=0-9")]);
    let ended = binary.stop("TERM");
    let key = "key=confluence_attachment_7_";
    let size = bytes.len();
    let served = ended.lines(" served ");
    let expected = [
        format!("{key}a%20b.png status=200 from=miss bytes={size}"),
        format!("{key}a%20b.png status=200 from=hit bytes={size}"),
        format!("{key}none.png status=404 from=error bytes="),
        "path=/proxy/ status=200 from=page bytes=".into(),
        "path=/healthz status=200 from=page bytes=".into(),
        format!("{key}a%20b.png status=200 from=hit bytes=0"),
        format!("{key}a%20b.png status=206 from=hit bytes=10"),
    ];
    assert_eq!(served.len(), expected.len(), "{:#?}", ended.stderr);
    for (line, expected) in served.iter().zip(expected) {
        assert!(
            line.contains(&format!(" INFO  served {expected}")),
            "{line}: {expected}"
        );
        assert!(value(line, "ms").parse::<u64>().is_ok(), "{line}");
        assert!(line.ends_with(" client=127.0.0.1"), "{line}");
    }
    assert!(
        ended.lines(" ERROR ").is_empty() && ended.lines(" WARN ").is_empty(),
        "{:#?}",
        ended.stderr
    );
}

#[test]
fn no_name_can_forge_a_line_of_the_log() {
    let (confluence, _) = origin("a.png", 10);
    let (binary, address) = Binary::serving(&settings(&confluence));
    let forged = "INFO  served key=forged status=200";
    let encoded = encode_segment(&format!("a {forged}")).to_string();
    let targets = [
        format!("/proxy/7/{encoded}"),
        format!("/proxy/7/a%0A{encoded}"),
        format!("/proxy/7/a%0D%0A{encoded}"),
        format!("/proxy/7/a%1B%5B31m{encoded}"),
        format!("/proxy/7/%E2%80%AE%E2%80%A8{encoded}"), // right-to-left override, line separator
        format!("/proxy/{encoded}%0A/x"),
        format!("/else%0Awhere{encoded}"),
        format!("/proxy/7/a.png?version=%0A{encoded}"),
        format!("/proxy/7/a\"{forged}"),
        format!("/proxy/7/a\x1b[31m{forged}"),
        format!("/proxy/7/a\u{2028}{forged}"),
        format!("/proxy/7/a\r {forged}"),
        format!("/proxy/7/a\x0b{forged}"),
    ];
    for target in &targets {
        let status = get(address, target).status;
        assert!((400..500).contains(&status), "{target}: {status}");
    }
    let ended = binary.stop("TERM");
    assert!(ended.lines(forged).is_empty(), "{:#?}", ended.stderr);
    let count = ended.lines(" served ").len() + ended.lines(" refused ").len();
    assert_eq!(count, targets.len(), "{:#?}", ended.stderr);
    for line in &ended.stderr {
        assert!(
            line.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{line:?}"
        );
        let time = line.split(' ').next().unwrap_or_default();
        assert!(
            time.len() == 24 && time.ends_with('Z'),
            "not a line of ours: {line:?}"
        );
    }
}

#[test]
fn under_the_journal_lines_have_priorities_and_no_time() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    settings.insert("CACHE_MAX_ITEM".into(), "1".into());
    let mut binary = Binary::under_journal(&[], &settings);
    let address = binary.address();
    assert_eq!(get(address, "/proxy/7/a.png").status, 200);
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0));
    let priorities: String = ended.stderr.iter().map(|line| &line[..3]).collect();
    assert!(
        priorities.starts_with("<4><6>"),
        "a warning, then news: {:#?}",
        ended.stderr
    );
    assert!(!priorities.contains("<3>"), "{:#?}", ended.stderr);
    for line in &ended.stderr {
        assert!(line.starts_with("<4>") || line.starts_with("<6>"), "{line}");
    }
    assert_eq!(
        ended.lines("<6>started version=").len(),
        1,
        "{:#?}",
        ended.stderr
    );
    assert_eq!(
        ended.lines("<6>served key=").len(),
        1,
        "{:#?}",
        ended.stderr
    );

    settings.insert("PROXY_PORT".into(), "x".into());
    let ended = Binary::under_journal(&[], &settings).ended();
    assert_eq!(ended.code, Some(78));
    assert_eq!(
        ended
            .lines("<3>confluence-attachment-proxy: PROXY_PORT=")
            .len(),
        1,
        "{:#?}",
        ended.stderr
    );
}

#[test]
fn a_reader_who_goes_away_early_is_no_trouble() {
    let (gone, stdout) = std::io::pipe().expect("a pipe");
    drop(gone);
    let output = Command::new(crate::support::binary::path())
        .arg("--help")
        .stdout(stdout)
        .output()
        .expect("the program was built with this test");
    assert_eq!(
        (output.status.code(), &output.stderr[..]),
        (Some(0), &b""[..])
    );
}
