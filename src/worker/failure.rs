//! From what went wrong to what the client reads (pure).
//!
//! The operator's words, with hosts and settings, go to the log; a client gets the kind of trouble and whom to ask.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::desk::House;
use super::sayings::{self, Pair, Saying};
use crate::confluence::{Away, Fault, UpstreamError};
use crate::reply::Problem;
use crate::router::{Nowhere, Reason};
use crate::web::{Language, Mishap};

/// When to come back after a failure that may pass quickly.
const SOON: Duration = Duration::from_secs(5);

/// Why a download failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Confluence, or the way to it.
    Upstream(UpstreamError),
    /// The operator does not publish this page, or its space.
    NotPublished,
    /// Too many wait for the fetch crew.
    Crowded,
    /// A bug of ours.
    Internal,
}

/// A problem in both languages. [`Desk::problem`](super::Desk::problem) makes an answer of it.
#[derive(Debug)]
pub(super) struct Told {
    /// In English, with all that a program gets.
    pub(super) problem: Problem,
    /// In a few words, English and Chinese.
    pub(super) short: Pair,
    /// What happened this time, in Chinese.
    pub(super) detail_zh: Cow<'static, str>,
    /// What the reader or the operator should do, in Chinese.
    pub(super) remedy_zh: Cow<'static, str>,
}

impl Told {
    /// The same for somebody who sees it in a browser, with whom to ask.
    pub(super) fn mishap<'a>(
        &'a self,
        language: Language,
        house: &'a House,
        time: SystemTime,
    ) -> Mishap<'a> {
        Mishap {
            language,
            status: self.problem.status,
            title: &self.problem.title,
            short: language.pick(self.short.0, self.short.1),
            detail: language.pick(&self.problem.detail, &self.detail_zh),
            remedy: language.pick(&self.problem.remedy, &self.remedy_zh),
            contact: house.contact.as_deref(),
            node: house.cache_name.node(),
            start: house.public_url.as_deref().unwrap_or(&house.base_path),
            time,
        }
    }
}

/// What the client reads about a failed download.
pub(super) fn problem(failure: &Failure) -> Told {
    match failure {
        Failure::Upstream(error) => upstream(error),
        Failure::NotPublished => not_published(),
        Failure::Crowded => busy(),
        Failure::Internal => internal(),
    }
}

fn upstream(error: &UpstreamError) -> Told {
    match error {
        UpstreamError::NotFound => make(404, &sayings::NOT_FOUND),
        UpstreamError::TimedOut { .. } | UpstreamError::MediaAway(Away::Silent) => {
            make(504, &sayings::SILENT)
        }
        UpstreamError::Busy { retry_after } | UpstreamError::Paused { retry_after } => {
            unavailable(*retry_after, &sayings::LIMITED)
        }
        UpstreamError::Guarded { retry_after, .. } => {
            unavailable(*retry_after, &sayings::NO_ACCOUNT)
        }
        UpstreamError::Interrupted => stopping(),
        UpstreamError::Forbidden => make(502, &sayings::FORBIDDEN),
        UpstreamError::Refused(_) => make(502, &sayings::NO_ACCOUNT),
        UpstreamError::Moved { .. } => make(502, &sayings::MOVED),
        UpstreamError::Unreachable(_) | UpstreamError::MediaAway(_) => {
            make(502, &sayings::UNREACHABLE)
        }
        UpstreamError::Failing { status } => {
            let status = status.to_string();
            filled(502, &sayings::FAILING, &[("{status}", &status, &status)])
        }
        UpstreamError::Broken(_) => make(502, &sayings::BROKEN),
        UpstreamError::Unusable(Fault::Maintenance) => make(502, &sayings::MAINTENANCE),
        UpstreamError::OutOfScope => make(502, &sayings::OUT_OF_SCOPE),
        UpstreamError::Media { .. } | UpstreamError::Hop(_) => make(502, &sayings::ASTRAY),
        UpstreamError::Unusable(_) | UpstreamError::Odd { .. } => make(502, &sayings::NOT_THE_FILE),
    }
}

/// What the client reads about a page whose files cannot be listed.
pub(super) fn listing_problem(failure: &Failure) -> Told {
    match failure {
        Failure::Upstream(UpstreamError::NotFound) => make(404, &sayings::NO_PAGE),
        Failure::Upstream(UpstreamError::Forbidden) => make(502, &sayings::PAGE_FORBIDDEN),
        Failure::Upstream(_) | Failure::NotPublished | Failure::Crowded | Failure::Internal => {
            problem(failure)
        }
    }
}

/// The operator has said which spaces and pages this service shows, and this is none of them.
pub(super) fn not_published() -> Told {
    make(403, &sayings::NOT_PUBLISHED)
}

/// A bug of ours.
pub(super) fn internal() -> Told {
    make(500, &sayings::INTERNAL)
}

/// Too many downloads wait, or there is no memory for one more.
pub(super) fn busy() -> Told {
    unavailable(SOON, &sayings::BUSY)
}

/// The service takes no more work.
pub(super) fn stopping() -> Told {
    unavailable(SOON, &sayings::STOPPING)
}

/// More pages are being warmed than can be remembered.
pub(super) fn too_many_jobs() -> Told {
    unavailable(SOON, &sayings::TOO_MANY_JOBS)
}

/// A job that never was, or is forgotten.
pub(super) fn no_such_job() -> Told {
    make(404, &sayings::NO_SUCH_JOB)
}

/// Purging by somebody who is no operator.
pub(super) fn not_an_operator() -> Told {
    make(403, &sayings::NOT_AN_OPERATOR)
}

/// An address that has other methods.
pub(super) fn method(allow: &'static str) -> Told {
    let mut told = filled(405, &sayings::METHOD, &[("{allow}", allow, allow)]);
    told.problem.allow = Some(allow);
    told
}

/// No such address.
pub(super) fn nowhere(why: Nowhere, base_path: &str) -> Told {
    let base_path = ("{base path}", base_path, base_path);
    let why = ("{why}", &*why.to_string(), why.chinese());
    filled(404, &sayings::NOWHERE, &[why, base_path])
}

/// Nearly an address.
pub(super) fn bad_request(why: &Reason) -> Told {
    let why = ("{why}", &*why.to_string(), &*why.chinese());
    filled(400, &sayings::BAD_REQUEST, &[why])
}

/// The registered words for a status that this room gives.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}

fn unavailable(retry_after: Duration, saying: &Saying) -> Told {
    let mut told = make(503, saying);
    told.problem.retry_after = Some(retry_after);
    told
}

fn make(status: u16, saying: &Saying) -> Told {
    filled(status, saying, &[])
}

/// Puts texts, in English and in Chinese, into their places in what is said.
fn filled(status: u16, saying: &Saying, texts: &[(&str, &str, &str)]) -> Told {
    let fill = |(english, chinese): Pair| {
        let mut both = (Cow::Borrowed(english), Cow::Borrowed(chinese));
        for (place, english, chinese) in texts {
            for (said, text) in [(&mut both.0, english), (&mut both.1, chinese)] {
                if said.contains(place) {
                    *said = said.replace(place, text).into();
                }
            }
        }
        both
    };
    let (detail, detail_zh) = fill(saying.detail);
    let (remedy, remedy_zh) = fill(saying.remedy);
    Told {
        problem: Problem {
            status,
            title: title(status).into(),
            detail,
            remedy,
            retry_after: None,
            allow: None,
        },
        short: saying.short,
        detail_zh,
        remedy_zh,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::attachment::KeyError;
    use crate::config::Networks;
    use crate::confluence::{Breakage, Hop, Obstacle, Phase, Refusal};
    use crate::reply::CacheName;

    /// One failure for each thing that is said about one.
    fn failures() -> Vec<Failure> {
        let retry_after = SOON;
        let found = [
            UpstreamError::NotFound,
            UpstreamError::Forbidden,
            UpstreamError::OutOfScope,
            UpstreamError::Refused(Refusal::Captcha),
            UpstreamError::Guarded {
                why: Refusal::Password,
                retry_after,
            },
            UpstreamError::Moved {
                to: "https://inside.corp/secret".into(),
                base: None,
            },
            UpstreamError::Busy { retry_after },
            UpstreamError::Paused { retry_after },
            UpstreamError::TimedOut { phase: Phase::Head },
            UpstreamError::Unreachable(Obstacle::Name),
            UpstreamError::Failing { status: 507 },
            UpstreamError::Unusable(Fault::Maintenance),
            UpstreamError::Unusable(Fault::Page),
            UpstreamError::Media { status: 404 },
            UpstreamError::MediaAway(Away::Silent),
            UpstreamError::MediaAway(Away::Unreachable(Obstacle::Tls)),
            UpstreamError::Hop(Hop::Plain),
            UpstreamError::Broken(Breakage::NoLength),
            UpstreamError::Odd { status: 299 },
            UpstreamError::Interrupted,
        ];
        let found = found.into_iter().map(Failure::Upstream);
        found
            .chain([Failure::NotPublished, Failure::Internal])
            .collect()
    }

    fn others() -> Vec<Told> {
        let key_errors = [
            KeyError::PageId,
            KeyError::Empty,
            KeyError::Dots,
            KeyError::TooLong { bytes: 256 },
            KeyError::Forbidden { character: '/' },
            KeyError::NotUtf8,
            KeyError::Day,
        ];
        let name = "width";
        let reasons = [
            Reason::Target,
            Reason::Escape,
            Reason::EmptySegment,
            Reason::Segments,
            Reason::Session,
            Reason::Version,
            Reason::Pixels { name },
            Reason::Download,
            Reason::Repeated { name },
        ];
        let reasons = reasons
            .into_iter()
            .chain(key_errors.map(Reason::Key))
            .map(|reason| bad_request(&reason));
        let places = [Nowhere::Download, Nowhere::Elsewhere];
        let places = places.map(|why| nowhere(why, "/proxy"));
        let listings = [UpstreamError::NotFound, UpstreamError::Forbidden]
            .map(|error| listing_problem(&Failure::Upstream(error)));
        [
            busy(),
            not_an_operator(),
            method("GET"),
            too_many_jobs(),
            no_such_job(),
        ]
        .into_iter()
        .chain(listings)
        .chain(places)
        .chain(reasons)
        .collect()
    }

    /// Columns on a terminal, near enough: a Chinese character, or mark, takes two.
    fn columns(text: &str) -> usize {
        text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
    }

    #[test]
    fn every_problem_is_told_in_both_languages() {
        let told: Vec<Told> = failures().iter().map(problem).chain(others()).collect();
        assert!(40 <= told.len());
        let house = House {
            cache_name: CacheName::new(None),
            scheme: "http",
            base_path: "/proxy".into(),
            public_url: None,
            confluence_url: "https://wiki".into(),
            contact: None,
            operators: Networks::default(),
            showcase: None,
        };
        for told in told {
            for (language, is_right) in [
                (Language::English, str::is_ascii as fn(&str) -> bool),
                (Language::Chinese, |text| {
                    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
                }),
            ] {
                let mishap = told.mishap(language, &house, UNIX_EPOCH);
                for text in [mishap.short, mishap.detail, mishap.remedy] {
                    assert!(is_right(text), "{language:?}: {text:?} of {told:?}");
                    let whole = !text.is_empty() && !text.ends_with(['.', '。']);
                    assert!(whole, "a full stop is added: {text:?}");
                    for secret in ["corp", "{status}", "{allow}", "{why}", "{base path}"] {
                        assert!(!text.contains(secret), "{text:?}");
                    }
                }
                assert!(columns(mishap.short) <= 18, "{}", mishap.short);
            }
        }
    }

    #[test]
    fn what_is_filled_in_stands_in_both_languages() {
        let told = problem(&Failure::Upstream(UpstreamError::Failing { status: 507 }));
        assert!(told.problem.detail.ends_with(" 507") && told.detail_zh.ends_with(" 507"));
        let told = nowhere(Nowhere::Elsewhere, "/files");
        for text in [
            &told.problem.detail,
            &told.problem.remedy,
            &told.detail_zh,
            &told.remedy_zh,
        ] {
            assert!(text.contains("/files/"), "{text}");
        }
    }
}
