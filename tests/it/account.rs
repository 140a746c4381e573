//! The account: tested once, refused once, never locked; and how a new secret comes into force.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use confluence_attachment_proxy::account::{Found, Secrets, Stamp};
use confluence_attachment_proxy::config::{Config, Environment, FileText};
use confluence_attachment_proxy::demo::{Behaviour, Fault, Latch, Options, SampleConfluence};

use crate::support::{PAGE, PATIENCE, Proxy, eventually, pattern};

const TOKEN: &str = "the-right-one";
const WRONG: &str = "a-wrong-one";

fn origin() -> SampleConfluence {
    let origin = SampleConfluence::start(Options {
        token: TOKEN.into(),
        ..Options::default()
    })
    .expect("a free port");
    for number in 0..50 {
        let file = confluence_attachment_proxy::demo::File::new("image/png", pattern(500));
        origin.put(PAGE, &format!("{number}.png"), file);
    }
    origin
}

fn before(origin: SampleConfluence, token: &str) -> Proxy {
    Proxy::before(origin, &Options::default().username, token, &[])
}

fn is_shut(proxy: &Proxy) -> bool {
    let response = proxy.connect().get("/readyz?upstream");
    response.status == 503 && response.text().contains("the account was refused")
}

#[test]
fn fifty_parallel_misses_with_a_wrong_password_are_one_login() {
    let origin = origin();
    // All fifty are there before the first login has its answer.
    let latch = Latch::new();
    origin.script_login(Behaviour::hold(&latch));
    let proxy = before(origin, WRONG);
    let mut clients: Vec<_> = (0..50).map(|_| proxy.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.request("GET", &format!("/proxy/7/{number}.png"), &[]);
    }
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    latch.open();
    for client in &mut clients {
        let response = client.response(false);
        assert!([502, 503].contains(&response.status), "{response:?}");
        assert!(response.field("WWW-Authenticate").is_none());
    }
    for number in 0..50 {
        assert_eq!(proxy.get(&format!("/7/{number}.png")).status, 503);
    }
    assert_eq!(
        (proxy.origin.logins(), proxy.origin.failed_logins()),
        (1, 1)
    );
    assert_eq!(proxy.fetches(), 0);
    assert!(is_shut(&proxy));
    assert_eq!(proxy.connect().get("/readyz").status, 200);
}

#[test]
fn a_password_that_changes_costs_one_login_and_no_copy() {
    let proxy = before(origin(), TOKEN);
    assert_eq!(proxy.get("/7/0.png").status, 200);
    proxy.origin.set_token("another");
    let refused = proxy.get("/7/1.png");
    assert_eq!(refused.status, 502);
    for number in 1..50 {
        let response = proxy.get(&format!("/7/{number}.png"));
        assert_eq!(response.status, 503, "{number}");
        assert_eq!(response.field("Retry-After"), Some("300"));
        let kept = proxy.get("/7/0.png");
        assert_eq!((kept.status, kept.field("X-Cache")), (200, Some("HIT")));
    }
    assert_eq!(proxy.origin.failed_logins(), 1);
    assert!(is_shut(&proxy));
}

#[test]
fn whoever_watches_reads_why_the_guard_is_shut_and_what_to_do() {
    let proxy = before(origin(), TOKEN);
    let get = |target: &str| proxy.connect().get(target);
    let metric = |name: &str| {
        let text = get("/metrics");
        let prefix = format!("confluence_attachment_proxy_{name} ");
        let line = text.text().lines().find(|line| line.starts_with(&prefix));
        line.map(|line| line[prefix.len()..].to_owned())
    };
    eventually("the login is good", || proxy.get("/7/0.png").status == 200);
    assert_eq!(metric("account_guard_shut").as_deref(), Some("0"));
    assert!(get("/status").text().contains("account guard open"));

    proxy.origin.set_token("another");
    assert_eq!(proxy.get("/7/1.png").status, 502);
    for (target, words) in [
        ("/status", "shut (password)"),
        ("/status", "check its name and its password or token"),
        ("/status", "systemctl reload"),
        (
            "/readyz?upstream",
            "check its name and its password or token",
        ),
        ("/readyz?upstream", "tested again in 15 min"),
        ("/metrics", "account_refusal_info{reason=\"password\"} 1"),
        ("/readyz", "ready\n"),
    ] {
        let response = get(target);
        assert!(response.text().contains(words), "{target}: {response:?}");
    }
    assert_eq!(metric("account_guard_shut").as_deref(), Some("1"));
    assert_eq!(metric("upstream_answers").as_deref(), Some("0"));
    let wait = metric("account_next_login_test_seconds").and_then(|it| it.parse().ok());
    assert!(wait.is_some_and(|wait: u64| (800..=900).contains(&wait)));
}

#[test]
fn a_wish_tests_the_login_once_and_a_good_one_opens_the_guard() {
    let mut proxy = before(origin(), TOKEN);
    proxy.origin.set_token("another");
    assert_eq!(proxy.get("/7/0.png").status, 502);
    proxy.reload();
    eventually("the login is tested", || proxy.login_tests() == 2);
    eventually("the test has failed", || proxy.origin.failed_logins() == 2);
    assert_eq!(proxy.get("/7/0.png").status, 503);
    assert!(is_shut(&proxy));
    proxy.origin.set_token(TOKEN);
    proxy.reload();
    eventually("the guard opens", || !is_shut(&proxy));
    assert_eq!(proxy.get("/7/0.png").status, 200);
    assert_eq!(proxy.login_tests(), 3);
}

#[test]
fn a_confluence_that_is_down_is_no_refusal() {
    for behaviour in [
        Behaviour::status(500),
        Behaviour::status(502),
        Fault::Unavailable.into(),
        Fault::MaintenancePage.into(),
        Behaviour::Closed,
        Behaviour::Garbage,
    ] {
        let origin = origin();
        origin.script_all(Some(behaviour.clone()));
        let proxy = before(origin, TOKEN);
        let response = proxy.get("/7/0.png");
        assert_eq!(response.status, 502, "{behaviour:?}");
        assert!(!is_shut(&proxy), "{behaviour:?}");
        let monitor = proxy.connect().get("/readyz?upstream");
        assert_eq!(monitor.status, 503, "{behaviour:?}");
        let front = proxy.connect().get("/readyz");
        assert_eq!(front.status, 200, "copies are served: {behaviour:?}");
        proxy.origin.script_all(None);
        assert_eq!(proxy.get("/7/0.png").status, 200, "{behaviour:?}");
        assert_eq!(proxy.connect().get("/readyz?upstream").status, 200);
    }
}

#[test]
fn where_rest_is_closed_the_first_file_proves_the_account_alone() {
    for behaviour in [
        Behaviour::status(404),
        Fault::EmptyJson.into(),
        Fault::DamagedJson.into(),
    ] {
        let origin = origin();
        origin.script_rest(behaviour.clone());
        let latch = Latch::new();
        origin.script(PAGE, "0.png", Behaviour::hold(&latch));
        let proxy = before(origin, TOKEN);
        let mut first = proxy.connect();
        first.request("GET", "/proxy/7/0.png", &[]);
        assert!(latch.wait_for_arrivals(1, PATIENCE), "{behaviour:?}");
        let mut others: Vec<_> = (1..10).map(|_| proxy.connect()).collect();
        for (number, client) in others.iter_mut().enumerate() {
            client.request("GET", &format!("/proxy/7/{}.png", number + 1), &[]);
        }
        assert_eq!(proxy.connect().get("/healthz").status, 200); // the workers have seen them all by now
        assert_eq!(proxy.fetches(), 1, "the others wait: {behaviour:?}");
        latch.open();
        assert_eq!(first.response(false).status, 200);
        for client in &mut others {
            assert_eq!(client.response(false).status, 200);
        }
    }
}

#[test]
fn an_account_that_may_not_ask_who_it_is_is_refused() {
    let origin = origin();
    origin.script_login(Behaviour::answer(
        403,
        &[("Content-Type", "application/json")],
        "{\"message\":\"not permitted to use Confluence\"}",
    ));
    let proxy = before(origin, TOKEN);
    eventually("the guard shuts", || is_shut(&proxy));
    assert_eq!(proxy.get("/7/0.png").status, 503);
    assert_eq!(proxy.fetches(), 0);
}

/// What an operator writes for a personal access token.
fn with_personal_token(origin: SampleConfluence, token: &str) -> Proxy {
    let url = origin.url();
    let variables = [
        ("CONFLUENCE_URL", url.as_str()),
        ("CONFLUENCE_PERSONAL_TOKEN", token),
        ("PROXY_HOST", "127.0.0.1"),
        ("PROXY_PORT", "0"),
    ];
    let config = read(&variables).expect("good settings");
    let secrets = Secrets::fixed(config.confluence.clone());
    Proxy::started(origin, config, secrets)
}

fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let variables = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    let no_file = |_: &std::path::Path| -> std::io::Result<FileText> {
        Err(std::io::ErrorKind::NotFound.into())
    };
    Config::from_lookup(&Environment::new(variables, &no_file))
        .map(|(config, _)| config)
        .map_err(|errors| errors.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_personal_token_goes_as_bearer_and_needs_no_name() {
    let proxy = with_personal_token(origin(), TOKEN);
    assert_eq!(proxy.get("/7/0.png").body, pattern(500));
    for exchange in proxy.asked_all() {
        let sent = exchange.header("Authorization");
        assert_eq!(sent, Some("Bearer the-right-one"));
    }
}

#[test]
fn a_wrong_personal_token_is_refused_although_confluence_says_nothing() {
    let origin = origin();
    origin.publish(PAGE);
    let proxy = with_personal_token(origin, WRONG);
    eventually("the guard shuts", || is_shut(&proxy));
    let monitor = proxy.connect().get("/readyz?upstream");
    assert!(
        monitor.text().contains("personal access token"),
        "{monitor:?}"
    );
    // Anonymous users may read this page. The operator has asked for an account, and there is none.
    assert_eq!(proxy.get("/7/0.png").status, 503);
    assert_eq!(proxy.fetches(), 0);
}

/// A secret that the test can change, as an operator changes a file.
#[derive(Clone)]
struct Vault {
    token: Arc<Mutex<Result<String, String>>>,
    changes: Arc<AtomicU64>,
}

impl Vault {
    fn new() -> Vault {
        Vault {
            token: Arc::new(Mutex::new(Ok(TOKEN.to_owned()))),
            changes: Arc::default(),
        }
    }

    fn put(&self, token: Result<&str, &str>) {
        let token = token.map(str::to_owned).map_err(str::to_owned);
        *self.token.lock().expect("no panic") = token;
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// A proxy that looks at this vault every few milliseconds.
    fn proxy(&self, origin: SampleConfluence) -> Proxy {
        let url = origin.url();
        let settings = move |token: &str| -> Result<Config, Vec<String>> {
            read(&[
                ("CONFLUENCE_URL", &url),
                ("CONFLUENCE_USERNAME", &Options::default().username),
                ("CONFLUENCE_API_TOKEN", token),
                ("PROXY_HOST", "127.0.0.1"),
                ("PROXY_PORT", "0"),
            ])
        };
        let config = settings(TOKEN).expect("good settings");
        let (token, changes) = (self.token.clone(), self.changes.clone());
        let reread = move || -> Result<Found, Vec<String>> {
            let token = token.lock().expect("no panic").clone();
            let token = token.map_err(|problem| vec![problem])?;
            settings(&token).map(|config| (config.confluence, Vec::new()))
        };
        let look = move |_: &[PathBuf]| -> Stamp {
            let changes = changes.load(Ordering::SeqCst);
            vec![Some((SystemTime::UNIX_EPOCH, changes))]
        };
        let secrets = Secrets::new(reread, look).every(Duration::from_millis(10));
        Proxy::started(origin, config, secrets)
    }
}

#[test]
fn a_changed_secret_is_tested_once_and_put_into_force() {
    let vault = Vault::new();
    let proxy = vault.proxy(origin());
    assert_eq!(proxy.get("/7/0.png").status, 200);
    proxy.origin.set_token("another");
    assert_eq!(proxy.get("/7/1.png").status, 502);
    assert!(is_shut(&proxy));
    vault.put(Ok("another"));
    eventually("the guard opens", || !is_shut(&proxy));
    assert_eq!(proxy.get("/7/1.png").status, 200);
    assert_eq!(
        proxy.login_tests(),
        2,
        "one at the start, one of the new secret"
    );
    // What was kept under the old account still is.
    assert_eq!(proxy.get("/7/0.png").field("X-Cache"), Some("HIT"));
}

#[test]
fn a_secret_that_is_refused_or_unreadable_leaves_the_old_one_in_force() {
    let vault = Vault::new();
    let mut proxy = vault.proxy(origin());
    vault.put(Ok(WRONG));
    eventually("the new secret is tested", || proxy.login_tests() == 2);
    assert_eq!(proxy.get("/7/0.png").status, 200);
    assert_eq!(
        proxy.origin.failed_logins(),
        0,
        "a good login came after it"
    );
    vault.put(Err("the file is empty"));
    proxy.reload();
    assert_eq!(proxy.get("/7/1.png").status, 200);
    assert_eq!(proxy.login_tests(), 2, "neither is tried again");
    assert!(!is_shut(&proxy));
}

#[test]
fn a_new_secret_that_could_not_be_tested_is_tried_again() {
    let vault = Vault::new();
    let proxy = vault.proxy(origin());
    assert_eq!(proxy.get("/7/0.png").status, 200);
    proxy.origin.script_login(Behaviour::status(503));
    proxy.origin.set_token("another");
    vault.put(Ok("another"));
    eventually("the new secret is tried", || 3 <= proxy.login_tests());
    assert!(!is_shut(&proxy));
    proxy.origin.script_login(Behaviour::Good);
    // Whoever asks before that is refused as the old account, which the new one makes good.
    eventually("the new secret is in force", || {
        proxy.get("/7/1.png").status == 200
    });
}
