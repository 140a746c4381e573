//! What those read who watch over the service: what is shown, and how the service stands with Confluence.

use std::fmt::Write;
use std::time::Duration;

use crate::meters::Reading;

/// Everything that those are shown who watch over the service.
#[derive(Debug)]
pub struct Report {
    /// How the service stands with Confluence.
    pub standing: Standing,
    /// What was counted.
    pub reading: Reading,
}

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

#[cfg(test)]
pub(in crate::web) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::meters::{CacheFigures, Machine, Meters, Probes};

    /// What a service shows that has just started, with the guard like this.
    pub(in crate::web) fn report(guard: Option<ShutGuard>) -> Report {
        let probes = Probes {
            machine: || Machine {
                resident_bytes: Some(20 << 20),
                open_descriptors: Some(5),
            },
            log_lines_dropped: || 3,
        };
        let meters = Meters::new(Vec::new(), Arc::default(), Arc::default(), probes);
        Report {
            standing: standing(guard),
            reading: Arc::new(meters).read(CacheFigures::default()),
        }
    }

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
        assert!(status(&standing(None)).contains("account guard open\n"));
        assert!(status(&standing(None)).contains("trouble       none\n"));
    }
}
