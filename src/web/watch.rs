//! What those read who watch over the service: what is shown, and how the service stands with Confluence.

use std::time::{Duration, SystemTime};

use crate::meters::{Mishap, Rate, Reading};

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
    /// What this instance is called, if it is one of several.
    pub node: Option<String>,
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

/// A copy that is kept, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The file's own name.
    pub name: String,
    /// Its printed key, as the log has it.
    pub key: String,
    /// How often it was asked for since it, or an older version of it, came.
    pub requests: u32,
    /// Its length.
    pub bytes: u64,
}

/// Everything on the page for people.
#[derive(Debug)]
pub struct Status {
    /// What Prometheus reads as well.
    pub report: Report,
    /// What happened lately, the oldest first.
    pub rates: Vec<Rate>,
    /// What went wrong lately, the newest first.
    pub mishaps: Vec<Mishap>,
    /// The copies that were asked for most often.
    pub top: Vec<Kept>,
    /// The largest copies.
    pub largest: Vec<Kept>,
    /// When all this was.
    pub now: SystemTime,
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::meters::{
        Answer, CacheFigures, GateMeter, Left, Machine, Meters, Probes, Question, Refused, Source,
        State, UpstreamMeter,
    };

    /// What a service shows that had four requests for one file, with the guard like this.
    pub(in crate::web) fn status(guard: Option<ShutGuard>) -> Status {
        let kept = |name: &str, requests, bytes| Kept {
            name: name.to_owned(),
            key: format!("confluence_attachment_7_{name}"),
            requests,
            bytes,
        };
        let rate = |ago, requests, hit_ratio| Rate {
            ago: Duration::from_secs(ago),
            span: Duration::from_secs(5),
            requests,
            hit_ratio,
            bytes: 100.0,
        };
        Status {
            report: report(guard),
            rates: vec![
                rate(10, 2.0, Some(0.5)),
                rate(5, 0.0, None),
                rate(0, 40.0, Some(1.0)),
            ],
            mishaps: vec![Mishap {
                at: SystemTime::UNIX_EPOCH,
                status: 502,
                subject: "confluence_attachment_7_b.png".into(),
                words: "Confluence failed with <status> 500".into(),
            }],
            top: vec![kept("a&b.png", 3, 1000)],
            largest: vec![kept("a&b.png", 3, 1000)],
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(60),
        }
    }

    /// The same without what only people are shown.
    pub(in crate::web) fn report(guard: Option<ShutGuard>) -> Report {
        let probes = Probes {
            machine: || Machine {
                resident_bytes: Some(20 << 20),
                open_descriptors: Some(5),
            },
            log_lines_dropped: || 3,
            access_log_lines_dropped: Arc::new(4.into()),
        };
        let (gate, upstream) = (GateMeter::default(), UpstreamMeter::default());
        for source in [Source::Miss, Source::Hit, Source::Hit, Source::Hit] {
            gate.served(200, source, 1000, Duration::from_micros(200));
        }
        gate.moved(None, Some(State::Idle));
        gate.refused(Refused::Slow);
        gate.certificate_end.set(2_000_000_000);
        upstream.asked(Question::File, Answer::Good, Duration::from_millis(8));
        let meters = Meters::new(
            vec![Arc::new(gate)],
            Arc::default(),
            Arc::new(upstream),
            probes,
        );
        meters.crew.size.set(20);
        let mut cache = CacheFigures {
            items: 2,
            items_max: 1000,
            bytes: 1 << 20,
            bytes_max: 256 << 20,
            held: 3 << 20,
            missing: 1,
            spared: Duration::from_millis(1500),
            ..CacheFigures::default()
        };
        cache.left[Left::Room as usize] = 2;
        Report {
            standing: Standing {
                version: "1.2.3",
                node: Some("files-2".to_owned()),
                trouble: guard
                    .as_ref()
                    .map(|_| "the account was refused: check it".to_owned()),
                guard,
                pause: Some(Duration::from_secs(7)),
            },
            reading: Arc::new(meters).read(cache),
        }
    }

    pub(in crate::web) fn shut() -> ShutGuard {
        ShutGuard {
            reason: "password",
            next_test: Some(Duration::from_secs(900)),
        }
    }
}
