//! A page's files are fetched before anybody asks for them: politely, told step by step, and in nobody's way.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::time::Instant;

use confluence_attachment_proxy::demo::{Behaviour, Fault, File, Latch};
use serde_json::{Value, json};

use crate::support::binary::{Binary, Settings, origin, path, run, settings};
use crate::support::{Client, PAGE, PATIENCE, Proxy, eventually, pattern, reserve_port, tls};

/// Sends a POST and reads its answer, a report, or a problem in JSON.
fn post(proxy: &Proxy, path: &str) -> (u16, Value) {
    answer(&mut posted(proxy, path))
}

fn posted(proxy: &Proxy, path: &str) -> Client {
    let mut client = proxy.connect();
    let target = format!("/proxy{path}");
    client.request("POST", &target, &[("Accept", "application/json")]);
    client
}

fn answer(client: &mut Client) -> (u16, Value) {
    let response = client.response(false);
    let json = serde_json::from_slice(&response.body);
    (response.status, json.expect("JSON"))
}

/// Follows the job to its end, as the command does, and returns the last report.
fn follow(proxy: &Proxy, page: u64, started: &Value) -> Value {
    let mut report = started.clone();
    while !is_over(&report) {
        let (job, done) = (&report["job"], &report["done"]);
        let (status, next) = post(proxy, &format!("/{page}/warm?job={job}&seen={done}"));
        assert_eq!(status, if is_over(&next) { 200 } else { 202 }, "{next}");
        let is_more = is_over(&next) || done.as_u64() < next["done"].as_u64();
        assert!(is_more, "{report} {next}");
        report = next;
    }
    report
}

fn is_over(report: &Value) -> bool {
    !["listing", "fetching"].contains(&report["state"].as_str().expect("a state"))
}

fn warm(proxy: &Proxy, page: u64) -> Value {
    let (status, started) = post(proxy, &format!("/{page}/warm"));
    assert!([200, 202].contains(&status), "{started}");
    follow(proxy, page, &started)
}

/// Files on a page that all wait at doors of their own, in the order of their names.
fn held(proxy: &Proxy, page: u64, count: usize) -> Vec<Latch> {
    let hold = |number: usize| {
        let (name, latch) = (format!("{number:02}.png"), Latch::new());
        let file = File::new("image/png", pattern(1000));
        proxy.origin.put(page, &name, file);
        proxy.origin.script(page, &name, Behaviour::hold(&latch));
        latch
    };
    (0..count).map(hold).collect()
}

#[test]
fn all_files_of_a_page_are_kept_and_the_report_says_so() {
    for proxy in [Proxy::start(), Proxy::cloud(&[])] {
        let bytes: usize = (0..30)
            .map(|number| {
                proxy
                    .put(&format!("图 {number:02}+.png"), 1000 + number)
                    .len()
            })
            .sum();
        let report = warm(&proxy, PAGE);
        let expected = json!({
            "job": 1, "page_id": "7", "state": "done", "files": 30, "done": 30, "kept": 30, "fresh": 0,
            "too_big": 0, "failed": 0, "bytes": bytes, "now": [], "failures": [], "reason": null,
        });
        assert_eq!(report, expected);
        let asked = proxy.asked().len();
        for number in 0..30 {
            let hit = proxy.get(&format!("/7/%E5%9B%BE%20{number:02}%2B.png"));
            assert_eq!(hit.field("X-Cache"), Some("HIT"));
            assert!(hit.body == pattern(1000 + number));
        }
        assert_eq!(proxy.asked().len(), asked, "hits ask nothing");
        let again = warm(&proxy, PAGE);
        assert_eq!(
            (&again["job"], &again["fresh"], &again["bytes"]),
            (&json!(2), &json!(30), &json!(bytes))
        );
        assert_eq!(proxy.asked().len(), asked + 1, "only for the listing");
    }
}

#[test]
fn never_more_than_two_files_are_fetched_at_a_time_over_all_pages() {
    let proxy = Proxy::start();
    let mut latches = held(&proxy, PAGE, 12);
    latches.extend(held(&proxy, 8, 12));
    let (_, first) = post(&proxy, "/7/warm");
    assert!(latches[1].wait_for_arrivals(1, PATIENCE));
    let (_, second) = post(&proxy, "/8/warm");
    assert_ne!(first["job"], second["job"]);
    let (_, same) = post(&proxy, "/7/warm");
    assert_eq!(
        first["job"], same["job"],
        "a job for the page runs: this one joins it"
    );
    for (number, latch) in latches.iter().enumerate() {
        assert!(latch.wait_for_arrivals(1, PATIENCE));
        if let Some(next) = latches.get(number + 1) {
            assert!(next.wait_for_arrivals(1, PATIENCE), "two at a time");
        }
        assert_eq!(
            proxy.fetches(),
            (number + 2).min(latches.len()),
            "and no third one"
        );
        latch.open();
    }
    for (page, started) in [(PAGE, first), (8, second)] {
        let report = follow(&proxy, page, &started);
        assert_eq!(
            (&report["state"], &report["kept"]),
            (&json!("done"), &json!(12))
        );
    }
    assert_eq!(proxy.fetches(), 24, "each file once");
}

#[test]
fn who_follows_waits_until_there_is_more() {
    let proxy = Proxy::start();
    let latches = held(&proxy, PAGE, 3);
    let (status, started) = post(&proxy, "/7/warm");
    assert_eq!(status, 202);
    assert!(latches[1].wait_for_arrivals(1, PATIENCE));
    let job = &started["job"];
    let mut followers: Vec<Client> = (0..3)
        .map(|seen| posted(&proxy, &format!("/7/warm?job={job}&seen={seen}")))
        .collect();
    for (done, (latch, follower)) in latches.iter().zip(&mut followers).enumerate() {
        latch.open();
        let (status, report) = answer(follower);
        assert_eq!(report["done"], json!(done + 1), "not before");
        assert_eq!(status, if done == 2 { 200 } else { 202 });
        let now = report["now"].as_array().expect("a list").len();
        assert!(now <= 2 - done, "{report}");
    }
    for (path, expected) in [
        ("/7/warm?job=99", 404),
        ("/8/warm?job=1", 404),
        ("/7/warm?job=1", 200),
    ] {
        let (status, answer) = post(&proxy, path);
        assert_eq!(status, expected, "{path}: {answer}");
    }
}

#[test]
fn clients_read_along_while_their_file_is_warmed_and_nothing_is_fetched_twice() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 200_000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold_at(100_000, &latch));
    let (_, started) = post(&proxy, "/7/warm");
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let mut clients: Vec<(Client, String)> = (0..5)
        .map(|_| {
            let mut client = proxy.connect();
            client.request("GET", "/proxy/7/a.png", &[]);
            let head = client.head();
            (client, head) // the head comes while the file is half there
        })
        .collect();
    latch.open();
    for (client, head) in &mut clients {
        let response = client.body(head.clone(), false);
        assert!(response.complete && response.body == bytes);
    }
    assert_eq!(follow(&proxy, PAGE, &started)["kept"], json!(1));
    assert_eq!(proxy.fetches(), 1);

    // The other way round: somebody reads already when the page is warmed.
    let bytes = proxy.put("b.png", 200_000);
    let latch = Latch::new();
    proxy.script("b.png", Behaviour::hold_at(100_000, &latch));
    let mut client = proxy.connect();
    client.request("GET", "/proxy/7/b.png", &[]);
    let head = client.head();
    let (_, started) = post(&proxy, "/7/warm");
    eventually("a.png is found fresh", || {
        let (_, report) = post(&proxy, &format!("/7/warm?job={}&seen=0", started["job"]));
        report["fresh"] == json!(1) && report["now"] == json!(["b.png"])
    });
    latch.open();
    let response = client.body(head, false);
    assert!(response.complete && response.body == bytes);
    let report = follow(&proxy, PAGE, &started);
    assert_eq!((&report["kept"], &report["fresh"]), (&json!(1), &json!(1)));
    assert_eq!(proxy.fetches(), 2);
}

#[test]
fn what_cannot_be_kept_is_counted_and_the_rest_goes_on() {
    let proxy = Proxy::with(&[("CACHE_MAX_ITEM_BYTES", "10000")]);
    proxy.put("big.png", 10_001);
    proxy.put("broken.png", 500);
    proxy.put("good.png", 500);
    proxy.put("hidden.png", 500);
    proxy.put("unsaid.png", 20_000);
    proxy.script("broken.png", Behaviour::status(500));
    proxy.script("hidden.png", Behaviour::status(404));
    let report = warm(&proxy, PAGE);
    let counts = ["files", "kept", "too_big", "failed", "bytes"].map(|name| report[name].as_u64());
    assert_eq!(counts, [5, 1, 2, 2, 500].map(Some), "{report}");
    let failures = report["failures"].as_array().expect("a list");
    assert_eq!(failures.len(), 2);
    assert_eq!(
        (&failures[0]["name"], &failures[1]["name"]),
        (&json!("broken.png"), &json!("hidden.png"))
    );
    assert!(
        failures[0]["reason"]
            .as_str()
            .is_some_and(|it| it.contains("status 500"))
    );
    let mut targets = proxy.targets();
    targets.retain(|target| target.contains("/download/") && target.contains(".png"));
    assert_eq!(
        targets.len(),
        3,
        "what is too big is not asked for: {targets:?}"
    );
}

#[test]
fn a_page_that_is_not_there_or_not_published_ends_with_a_reason() {
    let proxy = Proxy::with(&[("PROXY_ALLOW_SPACES", "DOC")]);
    proxy.origin.name_page(8, "HR", "Salaries");
    proxy
        .origin
        .put(8, "a.png", File::new("image/png", pattern(10)));
    proxy.origin.name_page(9, "DOC", "Empty");
    for (page, state, reason) in [
        (99, "failed", "no such page"),
        (8, "failed", "does not publish"),
        (9, "done", ""),
    ] {
        let report = warm(&proxy, page);
        assert_eq!(report["state"], json!(state), "{report}");
        assert!(
            report["reason"]
                .as_str()
                .unwrap_or_default()
                .contains(reason),
            "{report}"
        );
        assert_eq!(report["files"], json!(0));
    }
    assert_eq!(proxy.fetches(), 0);
}

#[test]
fn a_refused_account_ends_the_job_before_the_other_files_are_tried() {
    let proxy = Proxy::start();
    for number in 0..20 {
        proxy.put(&format!("{number:02}.png"), 100);
    }
    proxy.script(
        "00.png",
        Fault::LoginRefused {
            reason: "AUTHENTICATED_FAILED".into(),
        },
    );
    proxy.script(
        "01.png",
        Fault::LoginRefused {
            reason: "AUTHENTICATED_FAILED".into(),
        },
    );
    let report = warm(&proxy, PAGE);
    assert_eq!(report["state"], json!("failed"), "{report}");
    assert!(
        report["reason"]
            .as_str()
            .is_some_and(|it| it.contains("account")),
        "{report}"
    );
    assert!(proxy.fetches() <= 3, "{}", proxy.fetches());
}

#[test]
fn a_stop_ends_what_is_warmed_and_answers_who_waits() {
    let mut proxy = Proxy::with(&[("PROXY_DRAIN_SECONDS", "60")]);
    let latches = held(&proxy, PAGE, 5);
    let (_, started) = post(&proxy, "/7/warm");
    assert!(latches[1].wait_for_arrivals(1, PATIENCE));
    let mut follower = posted(&proxy, &format!("/7/warm?job={}&seen=0", started["job"]));
    for _ in 0..8 {
        assert_eq!(proxy.connect().get("/healthz").status, 200); // each gate has read what was sent before
    }
    let begun = Instant::now();
    proxy.stop();
    assert!(
        begun.elapsed() < PATIENCE,
        "a stop waits for no file that nobody reads"
    );
    let (status, report) = answer(&mut follower);
    assert_eq!((status, &report["state"]), (200, &json!("stopped")));
    assert_eq!(report["done"], json!(0));
}

#[test]
fn only_operators_may_warm() {
    let Some(own) = own_address() else {
        eprintln!(
            "SKIPPED only_operators_may_warm: this machine has no address but the loopback one"
        );
        return;
    };
    for (settings, expected) in [
        (vec![("PROXY_HOST", "0.0.0.0")], 404),
        (
            vec![
                ("PROXY_HOST", "0.0.0.0"),
                ("PROXY_ADMIN_ALLOW", "0.0.0.0/0"),
            ],
            202,
        ),
    ] {
        let proxy = Proxy::with(&settings);
        proxy.put("a.png", 10);
        let address = SocketAddr::new(own, proxy.address().port());
        let response = Client::connect(address).ask("POST", "/proxy/7/warm", &[]);
        assert_eq!(response.status, expected, "{}", response.text());
        let local = proxy.connect().ask("POST", "/proxy/7/warm", &[]);
        assert!([200, 202].contains(&local.status));
    }
}

/// The address of this machine in a network, if it has one. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback()).then_some(own)
}

/// What the command needs to find the service.
fn address_of(proxy: &Proxy) -> Settings {
    let port = proxy.address().port().to_string();
    let pairs = [("PROXY_HOST", "127.0.0.1"), ("PROXY_PORT", &port)];
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

#[test]
fn the_command_finds_the_service_and_says_how_it_ended() {
    let proxy = Proxy::with(&[("CACHE_MAX_ITEM_BYTES", "10000")]);
    for number in 0..20 {
        proxy.put(&format!("{number:02}.png"), 1000);
        proxy.origin.put(
            8,
            &format!("{number:02}.png"),
            File::new("image/png", pattern(500)),
        );
    }
    proxy.put("big.png", 10_001);
    let settings = address_of(&proxy);
    let good = run(&["warm", "7", "8"], &settings);
    assert_eq!((good.code, good.stderr.len()), (Some(0), 0), "{good:?}");
    let lines: Vec<&str> = good.stdout.iter().map(String::as_str).collect();
    assert!(
        lines.contains(&"page 7: 20 of 21 files are kept, 20 KB; 1 too big to keep"),
        "{lines:?}"
    );
    assert_eq!(
        lines.last(),
        Some(&"page 8: 20 of 20 files are kept, 10 KB")
    );
    assert_eq!(proxy.fetches(), 40);
    let url = format!("http://{}/proxy/", proxy.address());
    let again = run(&["warm", "8", "--url", &url], &Settings::new());
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(
        again.stdout,
        ["page 8: 20 of 20 files are kept, 10 KB; 20 were fresh before"]
    );

    proxy.script("99.png", Behaviour::status(500));
    proxy.put("99.png", 10);
    let failed = run(&["warm", "7"], &settings);
    assert_eq!(failed.code, Some(75), "{failed:?}");
    let named = failed
        .stdout
        .iter()
        .any(|line| line.starts_with("  99.png: Confluence failed with status 500"));
    assert!(named, "{failed:?}");
    let missing = run(&["warm", "4711", "8"], &settings);
    assert_eq!(
        missing.code,
        Some(69),
        "trying again is of no use: {missing:?}"
    );
    let said = &missing.stdout[0];
    assert!(
        said.starts_with("page 4711: ") && said.contains("no such page"),
        "{missing:?}"
    );
    assert!(
        missing.stdout[1].starts_with("page 8: "),
        "the others are tried: {missing:?}"
    );
}

#[test]
fn the_command_says_why_there_is_no_service_for_it() {
    let (_reserved, nobody) = reserve_port();
    let (port, two) = (nobody.port().to_string(), ["warm", "7", "8"]);
    let mut settings = Settings::from([("PROXY_PORT".to_owned(), port)]);
    let away = run(&two, &settings);
    assert_eq!((away.code, away.stdout.len()), (Some(69), 1), "{away:?}");
    assert!(
        away.stdout[0].contains("does not answer") && away.stdout[0].contains("--url"),
        "{away:?}"
    );
    settings.insert("PROXY_PORT".into(), "x".into());
    assert_eq!(run(&two, &settings).code, Some(78));
    assert_eq!(run(&["warm"], &settings).code, Some(64));
    // Something else answers there.
    let other = Proxy::start();
    let url = format!("{}/proxy", other.origin.url());
    let strange = run(&["warm", "7", "--url", &url], &Settings::new());
    assert_eq!(strange.code, Some(69), "{strange:?}");
    let base = format!("http://{}/elsewhere", other.address());
    let nowhere = run(&["warm", "7", "--url", &base], &Settings::new());
    assert_eq!(nowhere.code, Some(77), "{nowhere:?}");
    assert!(
        nowhere.stdout[0].contains("PROXY_ADMIN_ALLOW"),
        "{nowhere:?}"
    );
}

#[test]
fn the_command_is_told_to_go_round_a_front_that_refuses_it() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let front = listener.local_addr().expect("it is bound");
    let refuse = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut head = BufReader::new(client.try_clone().expect("a socket")).lines();
        head.find(|line| line.as_ref().is_ok_and(String::is_empty));
        let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        client.write_all(answer.as_bytes()).expect("it reads");
    });
    let url = format!("http://{front}/proxy");
    let barred = run(&["warm", "7", "--url", &url], &Settings::new());
    refuse.join().expect("it has answered");
    assert_eq!(barred.code, Some(77), "{barred:?}");
    assert!(
        barred.stdout[0].contains("at its own address"),
        "{barred:?}"
    );
}

#[test]
fn the_command_speaks_https_under_the_name_that_people_know() {
    let (origin, _) = origin("a.png", 1000);
    let mut settings = settings(&origin);
    settings.extend(tls::pair("elliptic").map(|(name, value)| (name.to_owned(), value)));
    settings.insert(
        "PROXY_PUBLIC_URL".into(),
        "https://files.example.com".into(),
    );
    let (service, address) = Binary::serving(&settings);
    settings.insert("PROXY_PORT".into(), address.port().to_string());
    let local = run(&["warm", "7"], &settings);
    assert_eq!(local.code, Some(0), "{local:?}");
    // From elsewhere the certificate has to be right: the test's authority is none that the system knows.
    let url = format!("https://localhost:{}/proxy", address.port());
    let doubted = run(&["warm", "7", "--url", &url], &Settings::new());
    assert_eq!(doubted.code, Some(69), "{doubted:?}");
    let trusting = Settings::from([("SSL_CERT_FILE".to_owned(), tls::file("authority.pem"))]);
    let trusted = run(&["warm", "7", "--url", &url], &trusting);
    assert_eq!(trusted.code, Some(0), "{trusted:?}");
    assert_eq!(
        trusted.stdout,
        ["page 7: 1 of 1 files are kept, 1.0 KB; 1 were fresh before"]
    );
    assert_eq!(service.stop("TERM").code, Some(0));
}

#[test]
fn on_a_terminal_the_command_shows_a_bar_that_is_written_over() {
    let proxy = Proxy::start();
    let latches = held(&proxy, PAGE, 3);
    let mut command = Command::new("script"); // it gives the command a terminal
    let program = path().display();
    command.args(["-qefc", &format!("{program} warm 7"), "/dev/null"]);
    let mut warming = Binary::spawn(command, &address_of(&proxy), false);
    assert!(latches[1].wait_for_arrivals(1, PATIENCE));
    latches.iter().for_each(Latch::open);
    let said = warming.line("files are kept");
    assert!(
        said.contains("\r\u{1b}[Kpage 7: 3 of 3 files are kept, 3.0 KB"),
        "{said:?}"
    );
    assert!(
        said.contains("\r\u{1b}[Kpage 7: asking which files it has"),
        "{said:?}"
    );
    assert_eq!(warming.ended().code, Some(0));
}

#[test]
fn a_page_of_another_site_cannot_have_pages_warmed_by_an_operators_browser() {
    let proxy = Proxy::start();
    for origin in ["https://evil.example", "null"] {
        let mut client = proxy.connect();
        client.request("POST", "/proxy/7/warm", &[("Origin", origin)]);
        assert_eq!(client.response(false).status, 404, "{origin}");
    }
    assert_eq!(proxy.asked().len(), 0, "nothing was asked of Confluence");
    assert_eq!(post(&proxy, "/7/warm").0, 202, "a program may");
}
