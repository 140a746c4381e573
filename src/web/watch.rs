//! What those read who watch over the service: `/status` for people on its host, `/metrics` for Prometheus.

use std::fmt::Write;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// `Content-Type` of [`metrics`].
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How the service stands with Confluence.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Version of this program.
    pub version: &'static str,
    /// Why nothing is asked, or why the last question got no answer, with the remedy; `None` if all is well.
    pub trouble: Option<String>,
    /// Set while the account is refused.
    pub guard: Option<ShutGuard>,
    /// What is left of the pause that Confluence has asked for.
    pub pause: Option<Duration>,
}

/// The account guard while it is shut.
#[derive(Clone, Debug)]
pub struct ShutGuard {
    /// One word for how the account was refused.
    pub reason: &'static str,
    /// Until the login is tested again by itself; `None` is never.
    pub next_test: Option<Duration>,
}

/// Writes the page for people: plain text, a line per thing.
pub fn status(standing: &Standing) -> String {
    let mut page = format!("confluence-attachment-proxy {}\n", standing.version);
    let guard = match &standing.guard {
        None => "open".to_owned(),
        Some(ShutGuard {
            reason,
            next_test: Some(wait),
        }) => format!("shut ({reason}), next login test in {} s", wait.as_secs()),
        Some(ShutGuard {
            reason,
            next_test: None,
        }) => format!("shut ({reason}), no login test until somebody acts"),
    };
    let pause = match standing.pause {
        None => "none".to_owned(),
        Some(left) => format!(
            "{} s left of the one that Confluence has asked for",
            left.as_secs()
        ),
    };
    let trouble = standing.trouble.as_deref().unwrap_or("none");
    for (name, value) in [
        ("account guard", &*guard),
        ("pause", &pause),
        ("trouble", trouble),
    ] {
        writeln!(page, "{name:<14}{value}").expect("a String takes any text");
    }
    page
}

/// Writes the same for Prometheus, in the OpenMetrics text format.
pub fn metrics(standing: &Standing) -> String {
    let mut registry = Registry::with_prefix("confluence_attachment_proxy");
    let build = Info::new([("version", standing.version)]);
    registry.register("build", "Version of this program", build);
    let mut gauge = |name: &str, help: &str, value: i64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        match name.strip_suffix("_seconds") {
            Some(name) => registry.register_with_unit(name, help, Unit::Seconds, gauge),
            None => registry.register(name, help, gauge),
        }
    };
    let seconds = |time: Option<Duration>| {
        i64::try_from(time.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
    };
    let guard = standing.guard.as_ref();
    gauge(
        "upstream_answers",
        "1 if the last question to Confluence got an answer, or nothing was asked yet",
        i64::from(standing.trouble.is_none()),
    );
    gauge(
        "account_guard_shut",
        "1 while nothing is asked of Confluence because the account was refused",
        i64::from(guard.is_some()),
    );
    gauge(
        "account_next_login_test_seconds",
        "Until a refused account is tested again by itself; 0 if it is not refused, or never tested by itself",
        seconds(guard.and_then(|guard| guard.next_test)),
    );
    gauge(
        "upstream_pause_seconds",
        "What is left of the pause that Confluence has asked for",
        seconds(standing.pause),
    );
    if let Some(guard) = guard {
        let refusal = Info::new([("reason", guard.reason)]);
        registry.register("account_refusal", "How the account was refused", refusal);
    }
    let mut text = String::new();
    encode(&mut text, &registry).expect("a String takes any text");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(guard: Option<ShutGuard>) -> Standing {
        Standing {
            version: "1.2.3",
            trouble: guard
                .as_ref()
                .map(|_| "the account was refused: check it".to_owned()),
            guard,
            pause: Some(Duration::from_secs(7)),
        }
    }

    fn shut() -> Standing {
        standing(Some(ShutGuard {
            reason: "password",
            next_test: Some(Duration::from_secs(900)),
        }))
    }

    #[test]
    fn people_read_what_is_wrong_and_what_to_do() {
        assert_eq!(
            status(&shut()),
            "confluence-attachment-proxy 1.2.3\n\
             account guard shut (password), next login test in 900 s\n\
             pause         7 s left of the one that Confluence has asked for\n\
             trouble       the account was refused: check it\n"
        );
        let never = standing(Some(ShutGuard {
            reason: "captcha",
            next_test: None,
        }));
        assert!(status(&never).contains("shut (captcha), no login test until somebody acts"));
        assert!(metrics(&never).contains("next_login_test_seconds 0\n"));
        assert!(status(&standing(None)).contains("account guard open\n"));
        assert!(status(&standing(None)).contains("trouble       none\n"));
    }

    #[test]
    fn prometheus_reads_the_same() {
        let text = metrics(&shut());
        for line in [
            "confluence_attachment_proxy_build_info{version=\"1.2.3\"} 1",
            "confluence_attachment_proxy_upstream_answers 0",
            "confluence_attachment_proxy_account_guard_shut 1",
            "confluence_attachment_proxy_account_next_login_test_seconds 900",
            "confluence_attachment_proxy_upstream_pause_seconds 7",
            "confluence_attachment_proxy_account_refusal_info{reason=\"password\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        let text = metrics(&standing(None));
        assert!(text.contains("account_guard_shut 0\n") && !text.contains("refusal"));
    }
}
