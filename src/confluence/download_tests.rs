use super::super::peer::{Peer, Step, client, fetch, file, good, proven, send, settings};
use super::*;
use crossbeam_channel::bounded;
use std::thread;
use std::time::Duration;

const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\nTransfer-Encoding: chunked\r\n";

/// Fetches from a peer that sends `answer` and closes.
fn outcome_of(answer: impl AsRef<[u8]>) -> Result<Vec<u8>, UpstreamError> {
    let peer = Peer::play_one(vec![Step::Head, send(answer)]);
    fetch(&client(&peer), &file("a.png"))
}

fn short(received: u64, announced: Option<u64>) -> UpstreamError {
    UpstreamError::Broken(Breakage::Short {
        received,
        announced,
    })
}

#[test]
fn a_body_is_complete_at_exactly_its_announced_length() {
    for size in [0, 1, 511, 512, 513, 1000, 200_000] {
        let body: Vec<u8> = (0..size).map(|at: usize| (at * 7) as u8).collect();
        let peer = Peer::play_one(vec![Step::Head, good("", &body)]);
        let mut download = client(&peer).fetch(&file("a.png")).expect("a good answer");
        assert_eq!(download.length, Some(size as u64));
        let mut all = Vec::new();
        let mut buffer = [0; 300];
        loop {
            match download.read(&mut buffer).expect("a whole body") {
                0 => break,
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
        assert!(all == body, "size: {size}");
        assert_eq!(download.read(&mut buffer), Ok(0), "the end stays");
    }
}

#[test]
fn a_short_body_is_an_error() {
    for received in [0, 100, 512, 5000] {
        let head = "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\nContent-Length: 9999\r\n\r\n";
        let answer = format!("{head}{}", "x".repeat(received));
        assert_eq!(outcome_of(&answer), Err(short(received as u64, Some(9999))));
    }
}

#[test]
fn an_error_in_the_body_stays() {
    let (length, chunk) = (
        "Content-Length: 9999\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3e8\r\n",
    );
    for (framing, announced) in [(length, Some(9999)), (chunk, None)] {
        let body = "x".repeat(600);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\n{framing}{body}");
        let peer = Peer::play_one(vec![Step::Head, send(&answer)]);
        let mut download = client(&peer).fetch(&file("a.png")).expect("a good start");
        let mut buffer = [0; 10_000];
        while download.read(&mut buffer).is_ok_and(|count| 0 < count) {}
        for _ in 0..3 {
            assert_eq!(download.read(&mut buffer), Err(short(600, announced)));
        }
    }
}

#[test]
fn a_reset_in_the_body_is_an_error() {
    let head = "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\nContent-Length: 9999\r\n\r\n";
    let start = send(format!("{head}{}", "x".repeat(600)));
    // The client has read the first bytes before the reset, which would throw them away.
    let (go, wait) = bounded(0);
    let peer = Peer::play_one(vec![Step::Head, start, Step::Tell(go), Step::Reset]);
    let mut download = client(&peer).fetch(&file("a.png")).expect("a good start");
    let mut buffer = [0; 10_000];
    let mut read = 0;
    while read < 600 {
        read += download.read(&mut buffer).expect("sent before the reset");
    }
    wait.recv().expect("the peer tells");
    assert_eq!(download.read(&mut buffer), Err(short(600, Some(9999))));
}

#[test]
fn chunks_end_with_the_last_chunk_only() {
    let full = format!("{CHUNKED}\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    assert_eq!(outcome_of(&full), Ok(b"abcde".to_vec()));
    let trailer = format!("{CHUNKED}\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert_eq!(outcome_of(&trailer), Ok(b"abc".to_vec()));
    let big = format!(
        "{CHUNKED}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        100_000,
        "x".repeat(100_000)
    );
    assert_eq!(outcome_of(&big).map(|body| body.len()), Ok(100_000));
    // The library takes the last chunk's size line for the end, without the empty line; all bytes are there then.
    let unterminated = format!("{CHUNKED}\r\n3\r\nabc\r\n0\r\n");
    assert_eq!(outcome_of(&unterminated), Ok(b"abc".to_vec()));
    for (cut, received) in [
        ("", 0),
        ("3\r\nab", 2),
        ("3\r\nabc", 3),
        ("3\r\nabc\r\n", 3),
        ("3\r\nabc\r\n0", 3),
        ("3\r\nabc\r\n0\r", 3),
    ] {
        let answer = format!("{CHUNKED}\r\n{cut}");
        assert_eq!(
            outcome_of(&answer),
            Err(short(received, None)),
            "cut: {cut:?}"
        );
    }
    for damaged in [
        "xyz\r\nabc\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc",
    ] {
        let answer = format!("{CHUNKED}\r\n{damaged}");
        assert_eq!(
            outcome_of(&answer),
            Err(UpstreamError::Broken(Breakage::Framing)),
            "chunks: {damaged:?}"
        );
    }
}

#[test]
fn chunks_win_over_a_length() {
    let answer = format!("{CHUNKED}Content-Length: 99\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let peer = Peer::play_one(vec![Step::Head, send(answer)]);
    let mut download = client(&peer).fetch(&file("a.png")).expect("a good answer");
    assert_eq!(download.length, None);
    let mut buffer = [0; 10];
    assert_eq!(download.read(&mut buffer), Ok(3));
    assert_eq!(download.read(&mut buffer), Ok(0));
}

#[test]
fn a_body_that_ends_with_its_connection_is_never_whole() {
    let no_length = Err(UpstreamError::Broken(Breakage::NoLength));
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Disposition: inline\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Disposition: inline\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        for size in [0, 3, 5000] {
            let answer = format!("{head}{}", "x".repeat(size));
            assert_eq!(outcome_of(answer), no_length, "head: {head}, size: {size}");
        }
    }
}

#[test]
fn a_stall_is_a_timeout_of_its_phase() {
    let head = "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\nContent-Length: 9999\r\n\r\n";
    for (sent, phase) in [
        (String::new(), Phase::Head),
        ("HTTP/1.1 200 OK\r\nContent-".to_owned(), Phase::Head),
        (head.to_owned(), Phase::Body),
        (format!("{head}{}", "x".repeat(100)), Phase::Body),
        (format!("{head}{}", "x".repeat(600)), Phase::Body),
        (format!("{CHUNKED}\r\n3\r\nabc\r\n"), Phase::Body),
    ] {
        let peer = Peer::play_one(vec![Step::Head, send(&sent), Step::Hold]);
        let mut settings = settings(peer.address);
        settings.read_timeout = Duration::from_millis(200);
        let client = proven(&settings);
        assert_eq!(
            fetch(&client, &file("a.png")),
            Err(UpstreamError::TimedOut { phase }),
            "sent: {sent}"
        );
        assert_eq!(peer.requests(), [1], "sent: {sent}");
    }
}

#[test]
fn an_interruption_ends_what_waits_and_what_comes_after() {
    let body = "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\nContent-Length: 9999\r\n\r\n";
    for sent in [
        "",
        body,
        "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\n\r\n",
        &format!("{CHUNKED}\r\n3\r\nabc\r\n"),
    ] {
        let (tell, reached) = bounded(1);
        let peer = Peer::play_one(vec![Step::Head, send(sent), Step::Tell(tell), Step::Hold]);
        let client = client(&peer);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| fetch(&client, &file("a.png")));
            reached.recv().expect("the peer tells");
            client.interrupt();
            assert_eq!(
                waiting.join().expect("no panic"),
                Err(UpstreamError::Interrupted),
                "sent: {sent}"
            );
        });
        assert_eq!(
            fetch(&client, &file("a.png")),
            Err(UpstreamError::Interrupted)
        );
        assert_eq!(peer.requests(), [1]);
    }
}

#[test]
fn a_download_shows_no_content() {
    let peer = Peer::play_one(vec![Step::Head, good("", "CONTENT")]);
    let download = client(&peer).fetch(&file("a.png")).expect("a good answer");
    assert!(!format!("{download:?}").contains("CONTENT"));
}
