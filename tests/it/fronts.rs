//! Behind reverse proxies: for whom they ask, whose word counts for that, and what is nobody's right for coming through
//! one. The programs themselves are in `tests/fronts`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rustls::version::TLS13;

use crate::support::answer::{HEALTH, is_healthy, masked, refusal};
use crate::support::binary::{self, Binary};
use crate::support::tls::{pair, session, trusting};
use crate::support::{Client, PAGE, Program, Proxy, Response, eventually};

/// The front of most tests.
const FRONT: (&str, &str) = ("PROXY_TRUSTED_PROXIES", "127.0.0.1");

/// The same where it begins its connections with a header.
const SPEAKING: [(&str, &str); 2] = [FRONT, ("PROXY_PROTOCOL", "on")];

/// Another address of this host, which is no front.
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

const V2_START: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A header of version 2 with this command, for a client with this address.
fn v2(command: u8, client: [u8; 4]) -> Vec<u8> {
    let family_and_length = [0x11, 0, 12];
    let rest = [127, 0, 0, 1, 0x30, 0x39, 0x1f, 0x90];
    [V2_START, &[command], &family_and_length, &client, &rest].concat()
}

fn v1(client: &str) -> Vec<u8> {
    format!("PROXY TCP4 {client} 127.0.0.1 12345 8080\r\n").into_bytes()
}

#[test]
fn the_logs_name_whom_a_trusted_front_asks_for() {
    let settings = [FRONT, ("PROXY_ACCESS_LOG", "-")];
    let mut program = Program::start(&settings, 256);
    let mut front = program.connect();
    let forwarded = [("X-Forwarded-For", "198.51.100.1, 192.0.2.7")];
    assert_eq!(front.ask("GET", "/healthz?1", &forwarded).status, 200);
    assert_eq!(front.get("/healthz?2").status, 200);
    let fields = [("x-forwarded-for", "2001:db8::7"), ("Content-Length", "-")];
    assert_eq!(front.ask("GET", "/healthz?3", &fields).status, 400);
    let mut other = program.connect_from(OTHER);
    assert_eq!(other.ask("GET", "/healthz?4", &forwarded).status, 200);
    for (number, client) in [(1, "192.0.2.7"), (2, "127.0.0.1"), (4, "127.0.0.2")] {
        let line = program.wait_for_line(&format!("served path=/healthz?{number} "));
        assert_eq!(binary::value(&line, "client"), client, "{number}");
    }
    let line = program.wait_for_line("refused status=400");
    assert!(line.ends_with(" client=2001:db8::7"), "{line}");
    for (number, client) in [
        (1, "192.0.2.7"),
        (2, "127.0.0.1"),
        (3, "2001:db8::7"),
        (4, "127.0.0.2"),
    ] {
        let line = program.wait_for_line(&format!("\"GET /healthz?{number} HTTP/1.1\""));
        assert!(line.starts_with(&format!("{client} - - [")), "{line}");
    }
}

#[test]
fn who_has_left_or_is_cut_off_is_named_as_well() {
    let mut program = Program::start(&[FRONT], 256);
    let forwarded = [("X-Forwarded-For", "192.0.2.7")];
    program.put("a.png", 8 << 20);
    let mut front = program.connect();
    front.request("GET", "/proxy/7/a.png", &forwarded);
    front.head();
    drop(front); // in the middle of the file
    let line = program.wait_for_line("aborted key=");
    assert_eq!(binary::value(&line, "client"), "192.0.2.7");
}

/// Who is an operator, by what an operator may do.
#[test]
fn whoever_comes_through_a_front_has_not_the_rights_of_its_host() {
    let here = Ipv4Addr::LOCALHOST;
    let allow = |networks| ("PROXY_ADMIN_ALLOW", networks);
    let named: &[(&str, &str)] = &[("X-Forwarded-For", "192.0.2.7")];
    let by_itself: &[(&str, &str)] = &[];
    for (settings, source, fields, is_operator) in [
        // Nobody has named a front, but there is one.
        (&[][..], here, by_itself, true),
        (&[], OTHER, by_itself, true),
        (&[], here, named, false),
        (&[], here, &[("Forwarded", "for=192.0.2.7")], false),
        (&[], here, &[("VIA", "1.1 front")], false),
        (&[], here, &[("x-real-ip", "127.0.0.1")], false),
        (&[], here, &[("X-Forwarded-For", "127.0.0.1")], false),
        (&[], here, &[("X-Forwarded-For", "")], false),
        (&[allow("192.0.2.7")], here, named, false),
        (&[allow("127.0.0.1")], here, named, false), // the address is the front's, and everybody's behind it
        (
            &[FRONT, allow("127.0.0.1")],
            here,
            &[("X-Forwarded-For", "unknown")],
            false,
        ),
        // It is known.
        (&[FRONT], here, by_itself, true),
        (&[FRONT], here, named, false),
        (&[FRONT], here, &[("X-Forwarded-For", "127.0.0.1")], false),
        (&[FRONT], here, &[("X-Forwarded-For", "unknown")], false),
        (&[FRONT], here, &[("X-Forwarded-Proto", "https")], false),
        (&[FRONT, allow("192.0.2.0/24")], here, named, true),
        (&[FRONT, allow("192.0.2.0/24")], OTHER, named, false),
        (
            &[FRONT, allow("192.0.2.0/24")],
            here,
            &[("X-Forwarded-For", "192.0.2.7, 198.51.100.1")],
            false,
        ),
    ] {
        let proxy = Proxy::with(settings);
        proxy.put("a.png", 10);
        let what = format!("{settings:?} {source} {fields:?}");
        let mut client = Client::connect_from(source, proxy.address());
        let mut ask = |method: &str, target: &str| client.ask(method, target, fields).status;
        let expected = if is_operator {
            [200, 202, 204]
        } else {
            [404, 404, 403]
        };
        let found = [
            ask("GET", "/status"),
            ask("POST", "/proxy/7/warm"),
            ask("DELETE", "/proxy/7/a.png"),
        ];
        assert_eq!(found, expected, "{what}");
        assert_eq!(
            client.get("/status").status,
            200,
            "the next is its own: {what}"
        );
    }
}

#[test]
fn a_front_that_nobody_has_named_is_one_warning() {
    let origin = binary::origin("a.png", 10).0;
    let (mut program, address) = Binary::serving(&binary::settings(&origin));
    for path in ["/healthz?1", "/healthz?2"] {
        let fields = [("X-Forwarded-For", "192.0.2.7")];
        assert_eq!(binary::get(address, path).status, 200);
        assert_eq!(
            Client::connect(address).ask("GET", path, &fields).status,
            200
        );
    }
    program.line("served path=/healthz?2");
    let ended = program.stop("TERM");
    let warnings = ended.lines("has forwarded a request");
    assert_eq!(warnings.len(), 1, "{:#?}", ended.stderr);
    assert!(warnings[0].contains("add 127.0.0.1 to PROXY_TRUSTED_PROXIES"));
}

#[test]
fn links_begin_with_what_people_speak_to_the_front() {
    let https: &[(&str, &str)] = &[("X-Forwarded-Proto", "https")];
    let public = ("PROXY_PUBLIC_URL", "http://files.example.com");
    for (settings, fields, start) in [
        (&[FRONT][..], https, "https://test/proxy"),
        (
            &[FRONT],
            &[("X-Forwarded-Proto", "ftp")],
            "http://test/proxy",
        ),
        (&[FRONT], &[], "http://test/proxy"),
        (&[], https, "http://test/proxy"),
        (&[FRONT, public], https, "http://files.example.com/proxy"),
    ] {
        let proxy = Proxy::with(settings);
        proxy.put("a.png", 10);
        let mut client = proxy.connect();
        let link = |below: &str| format!("\"{start}{below}/7/a.png\"");
        let json = [fields, &[("Accept", "application/json")]].concat();
        let response = client.ask("GET", "/proxy/7", &json);
        let listing = response.text();
        assert!(listing.contains(&link("")), "{listing}");
        let pasted = format!("{}/download/attachments/7/a.png", proxy.origin.url());
        let form = format!("link={pasted}");
        let length = form.len().to_string();
        let type_and_length = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", &length),
            ("Origin", "https://test"),
        ];
        client.request("POST", "/proxy/", &[fields, &type_and_length].concat());
        let page = client.send(form).response(false);
        assert_eq!(page.status, 200);
        let link = link("/download/attachments");
        assert!(page.text().contains(&link), "{link}: {}", page.text());
    }
}

/// Connections at once where one address may have four.
const MANY: (&str, &str) = ("PROXY_MAX_CONNECTIONS", "16");

#[test]
fn a_front_may_have_more_connections_than_a_client() {
    let proxy = Proxy::with(&[FRONT, MANY]);
    let mut kept = Vec::new();
    for _ in 0..8 {
        let mut front = proxy.connect();
        assert!(is_healthy(&mut front));
        kept.push(front);
    }
    for _ in 0..4 {
        let mut client = Client::connect_from(OTHER, proxy.address());
        assert!(is_healthy(&mut client));
        kept.push(client);
    }
    let mut fifth = Client::connect_from(OTHER, proxy.address());
    assert_eq!(fifth.get("/healthz").status, 503);
    assert!(is_healthy(&mut proxy.connect()));
}

#[test]
fn whom_a_header_names_is_the_client() {
    let mut program = Program::start(&SPEAKING, 256);
    let fields = [("X-Forwarded-For", "203.0.113.5")];
    for (number, (header, client)) in [
        (v1("192.0.2.7"), "192.0.2.7"),
        (v2(0x21, [192, 0, 2, 8]), "192.0.2.8"),
        (v2(0x20, [192, 0, 2, 9]), "203.0.113.5"), // the front itself, whose word counts
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"), // what its client has written
        (v1("127.0.0.1"), "203.0.113.5"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut front = program.connect();
        front.send(header);
        for round in 0..2 {
            let path = format!("/healthz?{number}.{round}");
            assert_eq!(front.ask("GET", &path, &fields).status, 200, "{path}");
            let line = program.wait_for_line(&format!("served path={path} "));
            assert_eq!(binary::value(&line, "client"), client, "{path}");
        }
    }
    // Who is no front comes as without.
    let mut other = program.connect_from(OTHER);
    assert_eq!(other.ask("GET", "/healthz?other", &fields).status, 200);
    let line = program.wait_for_line("served path=/healthz?other ");
    assert_eq!(binary::value(&line, "client"), "127.0.0.2");
    let mut other = program.connect_from(OTHER);
    other.send(v1("192.0.2.7")).send(HEALTH);
    assert_eq!(other.response(false).status, 400);
}

#[test]
fn only_a_fronts_own_connections_have_the_rights_of_its_host() {
    for (header, status) in [
        (v2(0x20, [0; 4]), 200),
        (v2(0x21, [127, 0, 0, 1]), 404),
        (v1("127.0.0.1"), 404),
        (v1("192.0.2.7"), 404),
        (b"PROXY UNKNOWN\r\n".to_vec(), 404),
        ([V2_START, &[0x21, 0x00, 0, 0]].concat(), 404),
    ] {
        let proxy = Proxy::with(&SPEAKING);
        let mut front = proxy.connect();
        front.send(&header);
        assert_eq!(front.get("/status").status, status, "{header:?}");
        assert_eq!(front.get("/status").status, status, "{header:?}");
    }
}

/// A request behind a header, sent in such pieces; plain or inside of TLS.
fn in_pieces(proxy: &Proxy, header: &[u8], piece: usize, is_tls: bool) -> Response {
    let mut client = proxy.connect();
    if !is_tls {
        let all = [header, HEALTH.as_bytes()].concat();
        all.chunks(piece).for_each(|piece| {
            client.send(piece);
        });
        return client.response(false);
    }
    let mut tls = session(&trusting(&[&TLS13], &["http/1.1"]));
    let mut all = header.to_vec();
    tls.write_tls(&mut all).expect("memory takes everything"); // the first flight, right behind
    all.chunks(piece).for_each(|piece| {
        client.send(piece);
    });
    client.over_tls(tls).get("/healthz")
}

#[test]
fn no_byte_is_lost_however_a_header_comes() {
    let pair = pair("elliptic");
    let pair = pair.iter().map(|(name, value)| (*name, value.as_str()));
    let encrypted = Proxy::with(&SPEAKING.into_iter().chain(pair).collect::<Vec<_>>());
    let plain = Proxy::with(&SPEAKING);
    let mut long = v2(0x21, [192, 0, 2, 7]);
    long[14..16].copy_from_slice(&4080_u16.to_be_bytes()); // all of the bound
    long.resize(4096, 0xab);
    for (proxy, is_tls) in [(&plain, false), (&encrypted, true)] {
        for header in [v1("192.0.2.7"), v2(0x21, [192, 0, 2, 7])] {
            for piece in [1, 2, header.len(), usize::MAX] {
                let response = in_pieces(proxy, &header, piece, is_tls);
                assert_eq!(response.text(), "ok\n", "{header:?} in pieces of {piece}");
            }
        }
        for piece in [1000, 4096, usize::MAX] {
            assert_eq!(in_pieces(proxy, &long, piece, is_tls).text(), "ok\n");
        }
    }
}

#[test]
fn a_front_without_a_header_is_told_so_and_counted() {
    const REASON: &str = "connections from this address must begin with a PROXY protocol header, of version 1 or 2 and at most 4 KiB, and this one does not; \
                          the front must send it, or PROXY_PROTOCOL be off";
    let told = refusal("400 Bad Request", "", REASON);
    let proxy = Proxy::with(&SPEAKING);
    let mut too_long = v2(0x21, [192, 0, 2, 7]);
    too_long[14..16].copy_from_slice(&4081_u16.to_be_bytes());
    let refused = [HEALTH.into(), b"PROXY TCP4 here\r\n".to_vec(), too_long];
    for start in &refused {
        let mut front = proxy.connect();
        front.send(start);
        assert_eq!(masked(&front.rest()), told);
    }
    // Nothing at all, which is no mistake: somebody looks whether the port is open. Half a header, and no more to come.
    for half in [&b""[..], b"PROXY TCP4", &V2_START[..5]] {
        let mut front = proxy.connect();
        front.send(half).finish_sending();
        assert_eq!(front.rest(), b"", "{half:?}");
    }
    let mut watcher = Client::connect_from(OTHER, proxy.address());
    let count = format!("reason=\"malformed\"}} {}\n", refused.len() + 2);
    eventually("all are counted", || {
        watcher.get("/metrics").text().contains(&count)
    });
    assert!(is_healthy(&mut watcher), "and harm nobody");

    let pair = pair("elliptic");
    let pair = pair.iter().map(|(name, value)| (*name, value.as_str()));
    let proxy = Proxy::with(&SPEAKING.into_iter().chain(pair).collect::<Vec<_>>());
    let mut front = proxy.connect();
    front = front.over_tls(session(&trusting(&[&TLS13], &["http/1.1"])));
    front.send(HEALTH);
    assert_eq!(masked(&front.rest()), told, "inside of TLS");
}

#[test]
fn connections_count_among_those_of_the_client_that_a_header_names() {
    let proxy = Proxy::with(&[&SPEAKING[..], &[MANY]].concat());
    let connect = |address: SocketAddr, client: &str| {
        let mut front = Client::connect(address);
        front.send(v1(client));
        front
    };
    let mut kept = Vec::new();
    for client in ["192.0.2.7", "192.0.2.8"] {
        for _ in 0..4 {
            let mut front = connect(proxy.address(), client);
            assert!(is_healthy(&mut front));
            kept.push(front);
        }
        let mut fifth = connect(proxy.address(), client);
        let response = fifth.get("/healthz");
        assert_eq!(response.status, 503);
        assert!(response.text().contains("from your address"));
    }
    drop(kept);
    eventually("the places come back", || {
        is_healthy(&mut connect(proxy.address(), "192.0.2.7"))
    });
}

/// All of them leave their handshake undone, and so are not told yet.
#[test]
fn a_client_with_too_many_connections_takes_no_place_from_others() {
    let pair = pair("elliptic");
    let pair = pair.iter().map(|(name, value)| (*name, value.as_str()));
    let settings: Vec<_> = SPEAKING.into_iter().chain([MANY]).chain(pair).collect();
    let proxy = Proxy::with(&settings);
    let connect = |client: &str| {
        let mut front = proxy.connect();
        front.send(v1(client));
        front
    };
    let begun = Instant::now();
    let _kept: Vec<Client> = (0..16).map(|_| connect("192.0.2.7")).collect();
    let tls = || session(&trusting(&[&TLS13], &["http/1.1"]));
    eventually("there is room for another one", || {
        is_healthy(&mut connect("192.0.2.8").over_tls(tls()))
    });
    let ended = begun.elapsed();
    assert!(
        ended < Duration::from_secs(8),
        "only when handshakes are given up: {ended:?}"
    );
}

#[test]
fn the_commands_of_this_host_say_that_they_come_for_themselves() {
    let (origin, _) = binary::origin("a.png", 10);
    let encryption = pair("elliptic").map(|(name, value)| (name.to_owned(), value));
    for encryption in [&[][..], &encryption] {
        let mut settings = binary::settings(&origin);
        let speaking = SPEAKING.map(|(name, value)| (name.to_owned(), value.to_owned()));
        settings.extend(speaking.into_iter().chain(encryption.iter().cloned()));
        let (_service, address) = Binary::serving(&settings);
        settings.insert("PROXY_PORT".into(), address.port().to_string());
        for words in [&["health"][..], &["warm", &PAGE.to_string()]] {
            let ended = binary::run(words, &settings);
            assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        }
        // They do so only where the settings say it.
        settings.insert("PROXY_PROTOCOL".into(), "off".into());
        let ended = binary::run(&["health"], &settings);
        assert_eq!(ended.code, Some(69), "{ended:?}");
    }
}
