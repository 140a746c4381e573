//! The command that says whether the service takes requests: found by its settings, told in one line and an exit code.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use confluence_attachment_proxy::demo::{Options, SampleConfluence};

use crate::support::binary::{Binary, Ended, Settings, origin, run, settings};
use crate::support::{Client, Proxy, eventually, reserve_port, tls};

/// What it said, which is one line on standard output.
#[track_caller]
fn said(ended: &Ended) -> &str {
    assert_eq!(
        (ended.stdout.len(), ended.stderr.len()),
        (1, 0),
        "{ended:?}"
    );
    &ended.stdout[0]
}

/// Settings that say where the service is, and nothing else.
fn at(address: SocketAddr) -> Settings {
    let pairs = [
        ("PROXY_HOST", address.ip().to_string()),
        ("PROXY_PORT", address.port().to_string()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

#[test]
fn it_finds_the_service_wherever_its_settings_put_it() {
    let (origin, _) = origin("a.png", 10);
    let pair = tls::pair("elliptic");
    let [certificate, key] = pair.each_ref().map(|(name, file)| (*name, file.as_str()));
    for (own, url) in [
        (
            &[("PROXY_HOST", "127.0.0.1")][..],
            "http://127.0.0.1:PORT/proxy",
        ),
        (
            &[("PROXY_HOST", "0.0.0.0"), ("PROXY_BASE_PATH", "/")],
            "http://127.0.0.1:PORT",
        ),
        (
            &[("PROXY_HOST", "::"), ("PROXY_BASE_PATH", "/a/b")],
            "http://[::1]:PORT/a/b",
        ),
        (&[certificate, key], "https://127.0.0.1:PORT/proxy"),
        (
            &[
                certificate,
                key,
                ("PROXY_PUBLIC_URL", "https://files.example.com"),
            ],
            "https://files.example.com:PORT/proxy",
        ),
    ] {
        let mut settings = settings(&origin);
        settings.extend(
            own.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let (service, address) = Binary::serving(&settings);
        let port = address.port().to_string();
        settings.retain(|name, _| name.starts_with("PROXY_")); // it needs no account
        settings.insert("PROXY_PORT".to_owned(), port.clone());
        let well = run(&["health"], &settings);
        assert_eq!(
            said(&well),
            format!("ready: {}", url.replace("PORT", &port))
        );
        assert_eq!(well.code, Some(0));
        drop(service);
        let gone = run(&["health"], &settings);
        assert_eq!(gone.code, Some(69), "{gone:?}");
        assert!(
            said(&gone).contains("does not answer") && said(&gone).contains("--url"),
            "{gone:?}"
        );
    }
}

#[test]
fn another_service_is_named_by_the_address_of_its_base_path() {
    let proxy = Proxy::start();
    let none = Settings::new();
    for path in ["", "/", "/proxy", "/proxy/"] {
        let url = format!("http://{}{path}", proxy.address());
        let well = run(&["health", "--url", &url], &none);
        assert_eq!(said(&well), format!("ready: {}", url.trim_end_matches('/')));
        assert_eq!(well.code, Some(0));
    }
    // From elsewhere the certificate has to be right: the test's authority is none that the system knows.
    let (origin, _) = origin("a.png", 10);
    let mut settings = settings(&origin);
    settings.extend(tls::pair("elliptic").map(|(name, value)| (name.to_owned(), value)));
    let (_service, address) = Binary::serving(&settings);
    let url = format!("https://localhost:{}", address.port());
    let doubted = run(&["health", "--url", &url], &none);
    assert_eq!(doubted.code, Some(69), "{doubted:?}");
    let trusting = Settings::from([("SSL_CERT_FILE".to_owned(), tls::file("authority.pem"))]);
    let trusted = run(&["health", "--url", &url], &trusting);
    assert_eq!(
        (trusted.code, said(&trusted)),
        (Some(0), &*format!("ready: {url}"))
    );
}

#[test]
fn a_confluence_that_fails_or_refuses_makes_no_service_ill() {
    let origin = SampleConfluence::start(Options::default()).expect("a free port");
    let proxy = Proxy::before(origin, "reader", "a wrong password", &[]);
    eventually("the account is refused", || {
        proxy.connect().get("/readyz?upstream").status == 503
    });
    let well = run(&["health"], &at(proxy.address()));
    assert_eq!(well.code, Some(0), "{well:?}");
}

#[test]
fn it_says_why_the_service_takes_no_requests() {
    let crowded = Proxy::with(&[("PROXY_MAX_CONNECTIONS", "16")]);
    let mut seated: Vec<Client> = (0..4).map(|_| crowded.connect()).collect();
    assert!(
        seated
            .iter_mut()
            .all(|client| client.get("/readyz").status == 200)
    );
    let full = run(&["health"], &at(crowded.address()));
    assert_eq!(full.code, Some(69), "{full:?}");
    assert!(
        said(&full).contains("says: 503 Service Unavailable: too many connections"),
        "{full:?}"
    );

    let (_reserved, nobody) = reserve_port();
    let refused = run(&["health"], &at(nobody));
    assert_eq!(refused.code, Some(69), "{refused:?}");
    assert!(said(&refused).contains(&nobody.to_string()), "{refused:?}");

    // The backlog takes the connection, and nobody ever answers: so does a service that hangs.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let hung = run(&["health"], &at(silent.local_addr().expect("it is bound")));
    assert_eq!(hung.code, Some(69), "{hung:?}");
    assert!(said(&hung).contains("does not answer"), "{hung:?}");

    for status in ["200 OK", "404 Not Found"] {
        let other = another_program(status);
        let strange = run(&["health"], &at(other));
        assert_eq!(strange.code, Some(69), "{strange:?}");
        let expected = "what answers at ";
        assert!(said(&strange).contains(expected), "{strange:?}");
    }

    let mut settings = at(nobody);
    settings.insert("PROXY_PORT".to_owned(), "0".to_owned());
    let unknown = run(&["health"], &settings);
    assert_eq!(
        (unknown.code, unknown.stdout.len()),
        (Some(78), 0),
        "{unknown:?}"
    );
    assert!(unknown.stderr[0].contains("--url"), "{unknown:?}");
}

/// A server that gives one client this answer.
fn another_program(status: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut head = BufReader::new(client.try_clone().expect("a socket")).lines();
        head.find(|line| line.as_ref().is_ok_and(String::is_empty));
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 8\r\n\r\nwelcome\n");
        client.write_all(answer.as_bytes()).expect("it reads");
    });
    address
}
