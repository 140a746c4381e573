//! Whose answer it is, and as whom it was asked: what a fetch believes, over real connections.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::client::Confluence;
use super::error::UpstreamError;
use super::fetch::Refreshed;
use super::peer::{Peer, Step, fetch, file, good, proven, send, settings};
use crate::attachment::{FileName, Key, Meta, PageId};
use crate::config::{ConfluenceConfig, Credentials, Kind, Secret};

/// Of a copy, whose length no listing here tells.
const LENGTH: u64 = 4;

/// As a servlet container or a proxy says it.
const STRANGE: &str = "HTTP/1.1 404 \r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";

const KNOWN: &str = "{\"type\":\"known\",\"username\":\"me\"}";

fn json(status: u16, body: &str) -> Step {
    let length = body.len();
    send(format!(
        "HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

fn listing(number: u64, version: u32) -> Step {
    json(
        200,
        &format!(
            "{{\"results\":[{{\"id\":\"att{number}\",\"title\":\"a.png\",\
             \"version\":{{\"number\":{version},\"when\":\"2020-01-01T00:00:00Z\"}}}}],\"size\":1,\"_links\":{{}}}}"
        ),
    )
}

fn with_token(peer: &Peer, token: &str) -> ConfluenceConfig {
    let mut settings = settings(peer.address);
    settings.credentials = Credentials::Bearer {
        token: Secret::new(token),
    };
    settings
}

/// Accepted, but not just now.
fn accepted_before(client: &Confluence) {
    let before = Instant::now().checked_sub(Duration::from_secs(120));
    client.pardoned(before.expect("the machine runs for longer"));
}

/// The first lines of what was asked, over all connections.
fn asked(peer: &Peer) -> Vec<String> {
    let journal = peer.journal();
    let heads = journal.iter().flatten();
    heads
        .map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned())
        .collect()
}

fn filled_long_ago() -> Meta {
    Meta {
        date: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
        ..Meta::default()
    }
}

/// A script whose answer waits for the test, the news that it was asked, and the word to go on.
fn held(answer: Step) -> (Vec<Step>, Receiver<()>, Sender<()>) {
    let (told, asked) = bounded(1);
    let (go, wait) = bounded(1);
    let script = vec![Step::Head, Step::Tell(told), Step::Wait(wait), answer];
    (script, asked, go)
}

#[test]
fn a_former_accounts_login_test_does_not_shut_out_the_new_one() {
    let (first, is_asked, go) = held(json(401, "{}"));
    let second = vec![Step::Head, json(200, KNOWN), Step::Head, good("", "x")];
    let peer = Peer::play(vec![first, second]);
    let (client, _news) = Confluence::new(&with_token(&peer, "old")).expect("good settings");
    let tester = client.clone();
    let test = thread::spawn(move || tester.prove());
    is_asked.recv().expect("the login is tested");
    client
        .replace(&with_token(&peer, "new"))
        .expect("the new account is good");
    go.send(()).expect("the peer waits");
    assert!(test.join().expect("no panic").is_err());
    assert_eq!(client.trouble(), None);
    assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
}

#[test]
fn what_a_former_account_does_not_see_is_asked_again_as_the_new_one() {
    let (first, is_asked, go) = held(send(
        "HTTP/1.1 404 \r\nX-AREQUESTID: 1\r\nContent-Length: 0\r\n\r\n",
    ));
    let second = vec![Step::Head, json(200, KNOWN), Step::Head, good("", "new")];
    let peer = Peer::play(vec![first, second]);
    let client = proven(&with_token(&peer, "old"));
    let asker = client.clone();
    let fetched = thread::spawn(move || fetch(&asker, &file("a.png")));
    is_asked.recv().expect("the file is asked for");
    client
        .replace(&with_token(&peer, "new"))
        .expect("the new account is good");
    go.send(()).expect("the peer waits");
    assert_eq!(fetched.join().expect("no panic"), Ok(b"new".to_vec()));
}

#[test]
fn nothing_that_is_not_confluences_own_says_that_a_file_is_gone() {
    // While Confluence is deployed anew, its container answers every question with a 404 of its own.
    let script = [Step::Head, send(STRANGE)];
    let peer = Peer::play_one(script.iter().cloned().cycle().take(8).collect());
    let client = proven(&settings(peer.address));
    accepted_before(&client);
    let refreshed = client.refresh(&file("a.png"), &filled_long_ago(), LENGTH);
    assert_eq!(
        refreshed.expect_err("no answer"),
        UpstreamError::Odd { status: 404 }
    );
    // A gateway that lets nobody in says nothing of the account either.
    let forbidden = "HTTP/1.1 403 \r\nContent-Length: 0\r\n\r\n";
    let script = [Step::Head, send(forbidden)];
    let peer = Peer::play_one(script.iter().cloned().cycle().take(8).collect());
    let client = proven(&settings(peer.address));
    accepted_before(&client);
    let refreshed = client.refresh(&file("a.png"), &filled_long_ago(), LENGTH);
    let error = refreshed.expect_err("no answer");
    assert_eq!(error, UpstreamError::Odd { status: 403 });
    assert!(!error.is_refusal());
}

#[test]
fn a_title_that_means_another_page_by_now_is_fetched_again() {
    let peer = Peer::play_one(vec![Step::Head, good("", "of the page it means now")]);
    let client = proven(&settings(peer.address));
    let name = |text: &str| FileName::parse(text.as_bytes()).expect("a name");
    let key = Key::Titled {
        space: name("DOC"),
        title: name("Plan"),
        name: name("a.png"),
        version: None,
    };
    let refreshed = client.refresh(&key, &filled_long_ago(), LENGTH);
    assert!(matches!(refreshed, Ok(Refreshed::New(_))), "{refreshed:?}");
    let path = "/c/download/attachments/embedded-page/DOC/Plan/a.png";
    assert_eq!(asked(&peer), [path], "no question about page 12 is asked");
}

#[test]
fn another_attachment_of_the_same_name_is_fetched_again() {
    for (number, is_current) in [(7, true), (8, false)] {
        let peer = Peer::play_one(vec![
            Step::Head,
            listing(number, 1),
            Step::Head,
            good("", "x"),
        ]);
        let known = Meta {
            attachment: Some(7),
            ..filled_long_ago()
        };
        let refreshed = proven(&settings(peer.address)).refresh(&file("a.png"), &known, LENGTH);
        let found = matches!(refreshed, Ok(Refreshed::Current(_)));
        assert_eq!(found, is_current, "{number}: {refreshed:?}");
    }
}

#[test]
fn a_token_without_the_scope_for_thumbnails_gets_originals() {
    let scope = "{\"code\":401,\"message\":\"Unauthorized; scope does not match\"}";
    let peer = Peer::play_one(vec![
        Step::Head,
        listing(7, 1),
        Step::Head,
        json(401, scope),
        Step::Head,
        good("", "original"),
    ]);
    let mut settings = settings(peer.address);
    settings.kind = Kind::Cloud;
    let client = proven(&settings);
    let thumbnail = Key::Thumbnail {
        page: PageId::parse("12").expect("a page id"),
        name: FileName::parse(b"a.png").expect("a name"),
        version: None,
        width: Some(100),
        height: None,
    };
    assert_eq!(fetch(&client, &thumbnail), Ok(b"original".to_vec()));
    assert_eq!(client.trouble(), None, "the account is not refused");
}

#[test]
fn a_document_that_drips_ends_in_time() {
    let head = "HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n";
    let mut script = vec![Step::Head, send(head)];
    // Each piece comes well within the time for a silence.
    for _ in 0..100 {
        script.extend([Step::Linger(Duration::from_millis(50)), send(" ")]);
    }
    let peer = Peer::play_one(script);
    let mut settings = settings(peer.address);
    settings.connect_timeout = Duration::from_millis(200);
    settings.read_timeout = Duration::from_millis(200);
    let page = PageId::parse("12").expect("a page id");
    let found = proven(&settings).space_of(page);
    assert!(
        matches!(found, Err(UpstreamError::TimedOut { .. })),
        "{found:?}"
    );
}
