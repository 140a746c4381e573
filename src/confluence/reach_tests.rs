//! The ways to a Confluence that is not simply there: through an outbound proxy, over IPv6, below a context path.

use std::io::{Read, Write, copy};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use crossbeam_channel::{Receiver, unbounded};

use super::error::{Obstacle, UpstreamError};
use super::peer::{Peer, Step, fetch, file, good, proven, settings};
use crate::config::{ConfluenceConfig, OutboundProxy, Secret};

/// An outbound proxy that answers `status` to everything, and connects who gets a 200. The receiver gets the heads.
fn outbound_proxy(status: &'static str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (sender, heads) = unbounded();
    // Ends with the test process: nothing waits for it.
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("accept works in tests");
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|n| n == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).expect("a head is ASCII");
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let _ = sender.send(head);
            let answer = format!("HTTP/1.1 {status}\r\n\r\n");
            client
                .write_all(answer.as_bytes())
                .expect("the client reads");
            if status.starts_with("200") {
                tunnel(
                    client,
                    TcpStream::connect(target).expect("the peer listens"),
                );
            }
        }
    });
    (address, heads)
}

fn tunnel(client: TcpStream, peer: TcpStream) {
    let pair = |one: &TcpStream, other: &TcpStream| {
        let (mut from, mut to) = (
            one.try_clone().expect("a descriptor"),
            other.try_clone().expect("a descriptor"),
        );
        thread::spawn(move || {
            let _ = copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    };
    pair(&client, &peer);
    pair(&peer, &client);
}

fn through(mut settings: ConfluenceConfig, proxy: &str, bypass: &str) -> ConfluenceConfig {
    settings.proxy = Some(OutboundProxy {
        url: Secret::new(proxy),
        shown: "http://proxy".into(),
        bypass: bypass.into(),
    });
    settings
}

#[test]
fn an_outbound_proxy_connects_us_and_never_sees_the_account() {
    let peer = Peer::play_one(vec![Step::Head, good("", "x"), Step::Head, good("", "y")]);
    let (proxy, heads) = outbound_proxy("200 Connected");
    let url = format!("http://user:p%40ss@{proxy}");
    let client = proven(&through(settings(peer.address), &url, ""));
    assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    assert_eq!(fetch(&client, &file("b.png")), Ok(b"y".to_vec()));
    let head = heads.recv().expect("it was asked");
    assert!(head.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", peer.address)));
    // user:p@ss
    assert!(
        head.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"),
        "{head}"
    );
    assert!(!head.contains("\nAuthorization") && !head.contains("\nauthorization"));
    assert!(heads.is_empty(), "one connection for both");
    for head in &peer.journal()[0] {
        assert!(!head.to_ascii_lowercase().contains("proxy-"), "{head}");
    }
}

#[test]
fn hosts_that_need_no_outbound_proxy_are_reached_without_it() {
    for bypass in ["127.0.0.1", "*", "wiki.example,127.0.0.1"] {
        let peer = Peer::play_one(vec![Step::Head, good("", "x")]);
        let (proxy, heads) = outbound_proxy("200 Connected");
        let client = proven(&through(
            settings(peer.address),
            &format!("http://{proxy}"),
            bypass,
        ));
        assert_eq!(
            fetch(&client, &file("a.png")),
            Ok(b"x".to_vec()),
            "{bypass}"
        );
        assert!(heads.is_empty(), "{bypass}");
    }
}

#[test]
fn an_outbound_proxy_that_refuses_is_named_and_its_words_are_not() {
    for status in ["407 Secret Words", "403 Secret Words", "502 Secret Words"] {
        let peer = Peer::play_one(vec![Step::Head, good("", "x")]);
        let (proxy, _heads) = outbound_proxy(status);
        let url = format!("http://user:p%40ss@{proxy}");
        let client = proven(&through(settings(peer.address), &url, ""));
        let error = fetch(&client, &file("a.png")).expect_err("not connected");
        let expected = UpstreamError::Unreachable(Obstacle::OutboundProxy);
        assert_eq!(error, expected, "{status}");
        let text = format!("{error} {error:?} {client:?}");
        assert!(text.contains("CONFLUENCE_HTTPS_PROXY"), "{text}");
        for secret in ["Secret", "p@ss", "p%40ss", "user"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(peer.requests().is_empty());
    }
}

#[test]
fn an_ipv6_address_is_an_address_like_others() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        return; // this system has no IPv6, and so nothing to show
    };
    let address = listener.local_addr().expect("bound");
    let asked = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("accept works in tests");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|n| n == 1) {
            head.push(byte[0]);
        }
        let answer = "HTTP/1.1 200 \r\nContent-Disposition: inline\r\nContent-Length: 1\r\n\r\nx";
        client
            .write_all(answer.as_bytes())
            .expect("the client reads");
        String::from_utf8(head).expect("a head is ASCII")
    });
    let client = proven(&settings(address));
    assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    let head = asked.join().expect("no panic");
    assert!(head.starts_with("GET /c/download/attachments/12/a.png HTTP/1.1\r\n"));
    let host = format!("host: {address}\r\n");
    assert!(head.to_ascii_lowercase().contains(&host), "{head}");
}
