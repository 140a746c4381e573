//! A stop that is announced first: fronts have time to send requests elsewhere, and nobody else notices.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, Fault, File, Latch, SampleConfluence};

use crate::support::binary::{Binary, Settings, get, origin, settings};
use crate::support::manager::ServiceManager;
use crate::support::{Client, PAGE, PATIENCE};

/// What the log says when the signal has come.
const ANNOUNCED: &str = "stopping in ";

/// What it says when the delay is over.
const BEGUN: &str = "stopping: running answers have ";

/// Signals further apart than 300 ms are two wishes.
const ANOTHER_WISH: Duration = Duration::from_millis(400);

/// A Confluence with one file that comes and one that is held, and settings with this delay.
fn delayed(seconds: &str) -> (SampleConfluence, Settings, Latch) {
    let (confluence, _) = origin("a.png", 1000);
    let latch = Latch::new();
    confluence.put(PAGE, "held.png", File::new("image/png", vec![1; 10]));
    confluence.script(PAGE, "held.png", Behaviour::hold(&latch));
    let mut settings = settings(&confluence);
    settings.insert("PROXY_SHUTDOWN_DELAY_SECONDS".into(), seconds.into());
    (confluence, settings, latch)
}

/// Goes on with the same client until another signal is another wish.
fn go_on(client: &mut Client, announced: Instant) {
    while announced.elapsed() < ANOTHER_WISH {
        assert_eq!(client.get("/proxy/7/a.png").status, 200);
    }
}

fn readiness(address: SocketAddr) -> (u16, String) {
    let response = get(address, "/readyz");
    (response.status, response.text().to_owned())
}

#[test]
fn until_the_delay_is_over_only_readyz_says_that_a_stop_is_near() {
    let (confluence, settings, latch) = delayed("300");
    let (mut binary, address) = Binary::serving(&settings);
    assert_eq!(readiness(address).0, 200);
    let mut seated = Client::connect(address);
    assert_eq!(seated.get("/proxy/7/a.png").status, 200);
    let mut waiting = Client::connect(address);
    waiting.request("GET", "/proxy/7/held.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));

    binary.signal("TERM");
    let line = binary.line(ANNOUNCED);
    let announced = Instant::now();
    assert!(
        line.contains("stopping in 300 s: ") && line.contains("/readyz answers 503"),
        "{line}"
    );
    let told = (503, "stopping: send requests elsewhere\n".to_owned());
    assert_eq!(readiness(address), told, "who comes now");
    assert_eq!(seated.get("/readyz").status, 503, "who was there");
    assert_eq!(get(address, "/readyz?upstream").status, 503);
    assert_eq!(get(address, "/healthz").status, 200, "it lives");
    confluence.put(PAGE, "new.png", File::new("image/png", vec![2; 10]));
    assert_eq!(
        get(address, "/proxy/7/new.png").status,
        200,
        "a miss of a new client"
    );
    let response = seated.get("/proxy/7/a.png");
    assert_eq!(
        (response.status, response.field("Connection")),
        (200, None),
        "its connection stays"
    );
    let warm = Client::connect(address).ask("POST", "/proxy/7/warm", &[]);
    assert_eq!(warm.status, 202, "{}", warm.text());
    latch.open();
    assert_eq!(waiting.response(false).status, 200, "what was under way");

    go_on(&mut seated, announced);
    let ended = binary.stop("TERM");
    assert_eq!(
        ended.code,
        Some(0),
        "the second signal ends the delay, not the process"
    );
    assert_eq!(ended.lines(ANNOUNCED).len(), 1, "{:#?}", ended.stderr);
    assert_eq!(ended.lines(BEGUN).len(), 1, "{:#?}", ended.stderr);
    assert!(Client::try_connect(address).is_err());
}

#[test]
fn the_delay_ends_by_itself_and_without_one_there_is_none() {
    let (_confluence, settings, _) = delayed("1");
    let (mut binary, address) = Binary::serving(&settings);
    let mut client = Client::connect(address);
    let before = Instant::now();
    binary.signal("TERM");
    binary.line(ANNOUNCED);
    assert_eq!(client.get("/proxy/7/a.png").status, 200);
    binary.line(BEGUN);
    assert!(
        Duration::from_secs(1) <= before.elapsed(),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(binary.ended().code, Some(0));

    let (_confluence, settings, _) = delayed("0");
    let (binary, _) = Binary::serving(&settings);
    let ended = binary.stop("TERM");
    assert_eq!((ended.code, ended.lines(ANNOUNCED).len()), (Some(0), 0));
    assert_eq!(ended.lines(BEGUN).len(), 1);
}

#[test]
fn who_insists_ends_first_the_delay_and_then_the_process() {
    let (_confluence, settings, latch) = delayed("300");
    let (mut binary, address) = Binary::serving(&settings);
    let mut client = Client::connect(address);
    client.request("GET", "/proxy/7/held.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let mut other = Client::connect(address);
    binary.signal("INT");
    binary.line(ANNOUNCED);
    go_on(&mut other, Instant::now());
    binary.signal("INT");
    binary.line(BEGUN);
    assert_eq!(binary.stop_impatiently("INT").code, Some(130));
    assert!(client.is_closed());
}

#[test]
fn the_service_manager_waits_and_sees_it_live_until_it_stops() {
    let (confluence, settings, _) = delayed("300");
    let mut manager = ServiceManager::start();
    let watchdog = Some(Duration::from_millis(1200));
    let mut binary = Binary::start(&["serve"], &manager.manage(&settings, watchdog));
    let address = binary.address();
    manager.hear("READY=1");
    binary.line("logged in as=");
    binary.signal("TERM");
    let message = manager.hear("STOPPING=1");
    let heard = manager.heard.len();
    let announced = Instant::now();
    let status = "STATUS=stopping in 300 s: all goes on, but /readyz answers 503\n";
    // 300 s, 10 s for answers, and what a stop takes beside.
    let extended = "EXTEND_TIMEOUT_USEC=325000000\n";
    assert!(
        message.contains(status) && message.contains(extended),
        "{message}"
    );
    confluence.script_login(Fault::Unavailable);
    binary.signal("HUP");
    binary.line("the login cannot be tested");
    for _ in 0..4 {
        manager.hear("WATCHDOG=1");
    }
    let since = &manager.heard[heard..];
    assert!(
        since.iter().all(|it| it == "WATCHDOG=1\n"),
        "neither ready again nor well: {since:?}"
    );
    go_on(&mut Client::connect(address), announced);
    binary.signal("TERM");
    let message = manager.hear("STOPPING=1");
    assert!(
        message.contains("STATUS=stopping: running answers have 10 s\n"),
        "{message}"
    );
    assert_eq!(binary.ended().code, Some(0));
}
