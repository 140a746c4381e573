//! What is printed for what is found, as tables.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::*;
use crate::check::report::Mark;
use crate::config::{OutboundProxy, Secret};
use crate::confluence::{Fault, Phase, Refusal};

const UNREACHABLE: Mark = Mark::Fail(Verdict::Unreachable);

#[track_caller]
fn check(finding: &Finding, mark: Mark, expected: &str) {
    assert_eq!(finding.mark, mark, "{finding:?}");
    assert!(finding.text.contains(expected), "{expected}: {finding:?}");
    assert_eq!(finding.text.trim(), finding.text, "{finding:?}");
    assert!(!finding.text.ends_with('.'), "{finding:?}");
}

fn obstacle<T>(obstacle: Obstacle) -> Result<T, UpstreamError> {
    Err(UpstreamError::Unreachable(obstacle))
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address and port")
}

fn through() -> Way {
    Way::Through("http://proxy:3128".to_owned())
}

#[test]
fn the_account_is_named_and_its_secret_is_not() {
    let mut settings = ConfluenceConfig {
        url: "https://wiki/c".to_owned(),
        kind: Kind::Server,
        credentials: Credentials::Basic {
            username: "reader".to_owned(),
            token: Secret::new("hush"),
        },
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(30),
        connections_max: 20,
        ca: None,
        proxy: Some(OutboundProxy {
            url: Secret::new("http://me:hush@proxy:3128"),
            shown: "http://proxy:3128".to_owned(),
            bypass: String::new(),
        }),
        files: vec![PathBuf::from("/run/token")],
    };
    let found = configuration(&settings);
    let expected = "https://wiki/c, Confluence Server or Data Center, account \"reader\"";
    check(&found, Mark::Ok, expected);
    assert_eq!(found.text, expected);
    settings.kind = Kind::Cloud;
    settings.credentials = Credentials::Bearer {
        token: Secret::new("hush"),
    };
    let found = configuration(&settings);
    assert_eq!(
        found.text,
        "https://wiki/c, Atlassian Cloud, a personal access token"
    );
}

#[test]
fn memory_fits_or_does_not() {
    let of = |cache: u64, granted| {
        memory(Memory {
            cache,
            beside: 64 << 20,
            granted,
        })
    };
    let fits = "CACHE_MAX_BYTES=256MiB and 64MiB beside it fit the 1GiB granted here";
    check(&of(256 << 20, Some(1 << 30)), Mark::Ok, fits);
    check(&of(256 << 20, Some(320 << 20)), Mark::Ok, "the 320MiB");
    let odd = Some((320 << 20) - 1);
    check(
        &of(256 << 20, odd),
        Mark::Warn,
        "do not fit the 319MiB granted here: lower it",
    );
    check(&of(u64::MAX, Some(1 << 30)), Mark::Warn, "do not fit");
    check(&of(1, None), Mark::Skip, "does not say");
}

#[test]
fn the_outbound_proxy_is_named() {
    let beside = Way::Beside("http://proxy:3128".to_owned());
    for (way, expected) in [
        (&Way::Direct, "none (CONFLUENCE_HTTPS_PROXY is not set"),
        (
            &beside,
            "http://proxy:3128, but not for wiki (CONFLUENCE_NO_PROXY)",
        ),
        (&through(), "through http://proxy:3128"),
    ] {
        check(&proxy(way, "wiki"), Mark::Ok, expected);
    }
}

#[test]
fn names_become_addresses_unless_the_proxy_looks_them_up() {
    let two = ["192.0.2.7:443", "192.0.2.7:443", "[2001:db8::1]:443"].map(address);
    let found = Ok(two.to_vec());
    let host = ("wiki", false);
    check(
        &dns(&Way::Direct, host, &found),
        Mark::Ok,
        "wiki is 192.0.2.7, 2001:db8::1",
    );
    let unknown = obstacle(Obstacle::Name);
    check(
        &dns(&Way::Direct, host, &unknown),
        UNREACHABLE,
        "CONFLUENCE_URL is unknown",
    );
    check(
        &dns(&through(), host, &unknown),
        Mark::Skip,
        "proxy looks wiki up",
    );
    let literal = ("10.0.0.7", true);
    for way in [Way::Direct, through()] {
        check(
            &dns(&way, literal, &found),
            Mark::Skip,
            "10.0.0.7 is an address already",
        );
    }
}

#[test]
fn a_connection_stands_or_its_remedy_is_said() {
    let mut reached = Reached {
        address: address("192.0.2.7:443"),
        took: Duration::from_micros(3_900),
        unanswered: Vec::new(),
    };
    let good = |way: &Way, reached: &Reached| tcp(way, Ok(reached)).text;
    assert_eq!(
        good(&Way::Direct, &reached),
        "192.0.2.7:443 answered in 3 ms"
    );
    reached.unanswered = vec![address("[2001:db8::1]:443")];
    assert_eq!(
        good(&through(), &reached),
        "the outbound proxy at 192.0.2.7:443 answered in 3 ms, but not [2001:db8::1]:443"
    );
    let phase = Phase::Connect;
    for (error, of_confluence, of_proxy) in [
        (
            UpstreamError::Unreachable(Obstacle::Closed),
            "nothing listens at CONFLUENCE_URL",
            "nothing listens at the outbound proxy",
        ),
        (
            UpstreamError::Unreachable(Obstacle::Name),
            "the host name in CONFLUENCE_URL is unknown",
            "the outbound proxy's host name is unknown",
        ),
        (
            UpstreamError::TimedOut { phase },
            "within CONFLUENCE_CONNECT_TIMEOUT_SECONDS",
            "no connection to the outbound proxy",
        ),
    ] {
        check(&tcp(&Way::Direct, Err(&error)), UNREACHABLE, of_confluence);
        check(&tcp(&through(), Err(&error)), UNREACHABLE, of_proxy);
    }
}

#[test]
fn certificates_are_trusted_or_their_remedy_is_said() {
    let good = Ok("TLS 1.3");
    let found = tls("wiki", None, &good);
    assert_eq!(found.text, "TLS 1.3, certificate for wiki trusted");
    let private = "(CONFLUENCE_CA_FILE=\"/etc/ca.pem\" is trusted beside the system's authorities)";
    check(&tls("wiki", Some("/etc/ca.pem"), &good), Mark::Ok, private);
    for (error, expected) in [
        (
            Obstacle::UnknownIssuer,
            "name that authority's certificate in CONFLUENCE_CA_FILE",
        ),
        (Obstacle::WrongName, "must use a name from the certificate"),
        (Obstacle::Expired, "renew it"),
        (Obstacle::Tls, "speaks https"),
    ] {
        let failed = obstacle(error);
        check(&tls("wiki", None, &failed), UNREACHABLE, expected);
        check(
            &tls("wiki", Some("/etc/ca.pem"), &failed),
            UNREACHABLE,
            private,
        );
        let first = obstacle(error);
        check(&tls_through("wiki", Some(&first)), UNREACHABLE, expected);
    }
    let phase = Phase::Connect;
    let silent = Err(UpstreamError::TimedOut { phase });
    check(
        &tls("wiki", None, &silent),
        UNREACHABLE,
        "TLS got no answer",
    );
    let answered = Ok(Manifest::Missing { status: 404 });
    check(
        &tls_through("wiki", Some(&answered)),
        Mark::Ok,
        "through the proxy",
    );
    let dropped = obstacle(Obstacle::Dropped);
    check(
        &tls_through("wiki", Some(&dropped)),
        Mark::Skip,
        "the login shows it",
    );
    check(&tls_through("wiki", None), Mark::Skip, "the login shows it");
}

#[test]
fn a_version_that_is_not_said_is_no_failure() {
    let phase = Phase::Head;
    let confluence = |version: Option<&str>| {
        Ok(Manifest::Confluence {
            version: version.map(str::to_owned),
        })
    };
    let jira = Ok(Manifest::Other {
        product: "jira".to_owned(),
    });
    for (manifest, mark, expected) in [
        (
            confluence(Some("9.2.17")),
            Mark::Ok,
            "Confluence 9.2.17 (Server or Data Center)",
        ),
        (confluence(None), Mark::Warn, "does not say its version"),
        (jira, Mark::Warn, "\"jira\" and not Confluence"),
        (
            Ok(Manifest::Missing { status: 404 }),
            Mark::Warn,
            "status 404 and no manifest",
        ),
        (
            Err(UpstreamError::TimedOut { phase }),
            Mark::Warn,
            "did not answer in time",
        ),
        (
            obstacle(Obstacle::Dropped),
            Mark::Warn,
            "unknown: the connection",
        ),
        (
            Err(UpstreamError::Unusable(Fault::Head)),
            Mark::Warn,
            "does not speak HTTP",
        ),
        (
            obstacle(Obstacle::OutboundProxy),
            UNREACHABLE,
            "check CONFLUENCE_HTTPS_PROXY",
        ),
        (
            obstacle(Obstacle::UnknownIssuer),
            UNREACHABLE,
            "CONFLUENCE_CA_FILE",
        ),
    ] {
        check(&version(Kind::Server, Some(&manifest)), mark, expected);
    }
    check(&version(Kind::Server, None), Mark::Skip, "nothing");
}

#[test]
fn a_wrong_kind_is_named_with_its_remedy() {
    let found = |text: &str| {
        Ok(Manifest::Confluence {
            version: Some(text.to_owned()),
        })
    };
    let (server, cloud) = (found("9.2.17"), found("1000.0.0-e2f4"));
    for (kind, manifest, mark, expected) in [
        (
            Kind::Cloud,
            &server,
            UNREACHABLE,
            "set CONFLUENCE_KIND=server",
        ),
        (
            Kind::Server,
            &cloud,
            UNREACHABLE,
            "set CONFLUENCE_KIND=cloud",
        ),
        (Kind::Cloud, &cloud, Mark::Ok, "Atlassian Cloud"),
        (
            Kind::Cloud,
            &Ok(Manifest::Missing { status: 404 }),
            Mark::Ok,
            "Atlassian Cloud",
        ),
    ] {
        check(&version(kind, Some(manifest)), mark, expected);
    }
}

#[test]
fn the_login_is_taken_refused_or_cannot_be_tested() {
    let refused = |refusal| Err(UpstreamError::Refused(refusal));
    let name = |name: Option<&str>| {
        Ok(Login {
            name: name.map(str::to_owned),
            is_answered: true,
        })
    };
    let nobody = Ok(Login {
        name: None,
        is_answered: false,
    });
    let no_entry = Mark::Fail(Verdict::Refused);
    let phase = Phase::Head;
    for (found, kind, is_proven, mark, expected) in [
        (
            name(Some("rea\"der")),
            Kind::Server,
            false,
            Mark::Ok,
            r#"as "rea\"der""#,
        ),
        (
            name(None),
            Kind::Server,
            true,
            Mark::Warn,
            "does not say who the account is",
        ),
        (name(None), Kind::Server, false, UNREACHABLE, "context path"),
        (
            name(None),
            Kind::Cloud,
            false,
            Mark::Warn,
            "does not say who the account is",
        ),
        (nobody, Kind::Cloud, false, UNREACHABLE, "CONFLUENCE_KIND"),
        (
            refused(Refusal::Password),
            Kind::Server,
            true,
            no_entry,
            "; correct it before you check again, because three failed logins lock",
        ),
        (
            refused(Refusal::Captcha),
            Kind::Server,
            true,
            no_entry,
            "CAPTCHA",
        ),
        (
            refused(Refusal::BasicDisabled),
            Kind::Server,
            true,
            no_entry,
            "CONFLUENCE_PERSONAL_TOKEN_FILE",
        ),
        (
            refused(Refusal::Unauthorized),
            Kind::Cloud,
            false,
            no_entry,
            "refused the account (401)",
        ),
        (
            Err(UpstreamError::TimedOut { phase }),
            Kind::Server,
            true,
            UNREACHABLE,
            "overloaded or hangs",
        ),
        (
            Err(UpstreamError::Unusable(Fault::Maintenance)),
            Kind::Server,
            true,
            UNREACHABLE,
            "maintained",
        ),
        (
            Err(UpstreamError::Interrupted),
            Kind::Server,
            true,
            Mark::Fail(Verdict::Internal),
            "",
        ),
    ] {
        check(&login(&found, kind, is_proven), mark, expected);
    }
    let cloud = login(&refused(Refusal::Unauthorized), Kind::Cloud, false);
    assert!(
        !cloud.text.contains("lock"),
        "Cloud locks nobody: {cloud:?}"
    );
}

#[test]
fn clocks_may_be_a_minute_apart() {
    let at =
        |seconds: u64| -> SystemTime { UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds) };
    for (theirs, ours, mark, expected) in [
        (0, 0, Mark::Ok, "0 s apart"),
        (60, 0, Mark::Ok, "60 s apart"),
        (0, 60, Mark::Ok, "60 s apart"),
        (
            61,
            0,
            Mark::Warn,
            "is 61 s ahead of this system's: let both be set by NTP",
        ),
        (0, 3600, Mark::Warn, "is 3600 s behind this system's"),
    ] {
        let clocks = Clocks {
            theirs: at(theirs),
            ours: at(ours),
        };
        check(&clock(Some(clocks)), mark, expected);
    }
    check(
        &clock(None),
        Mark::Skip,
        "no answer of Confluence carried a date",
    );
}
