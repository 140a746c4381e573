//! What all workers share: where answers go and what they are made of.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::failure::{self, Failure, Told};
use super::publication::Publication;
use super::vigil::Vigil;
use super::warm::AwaitedFile;
use crate::attachment::FileName;
use crate::cache::{Entry, Watch};
use crate::config::Networks;
use crate::confluence::{Confluence, Refusal, Trouble, UpstreamError};
use crate::gate::{Client, Gates, Scheme, Ticket, Way};
use crate::meters::{Meters, Saved};
use crate::reply::{
    self, CacheName, Display, Form, Freshness, Origin, Provenance, Reply, StoredFile, Wish,
};
use crate::web::{self, Language, Report, Showcase, ShutGuard, Standing};

/// Where the answering workers stand.
pub struct Desk {
    /// The way back to the clients.
    pub gates: Gates,
    /// What the service is to the people who meet it.
    pub house: House,
    /// Set when a stop begins, or is announced.
    pub draining: AtomicBool,
    /// The other side.
    pub confluence: Confluence,
    /// What of it is shown.
    pub publication: Publication,
    /// What is kept, for those who ask about it.
    pub cache: Watch<Failure>,
    /// What is counted.
    pub meters: Arc<Meters>,
    /// Whether lookup workers get on.
    pub vigil: Vigil,
}

/// What the service is to the people who meet it.
pub struct House {
    /// What it calls itself, with its name among several.
    pub cache_name: CacheName,
    /// `http` or `https`: what clients speak here.
    pub scheme: &'static str,
    /// Where the API lives.
    pub base_path: String,
    /// The address under which people see the base path; `None`: the one they came by.
    pub public_url: Option<String>,
    /// Confluence's base address, which its links begin with.
    pub confluence_url: String,
    /// Whom they ask when something does not work.
    pub contact: Option<String>,
    /// Who may do what operators do, beside this host.
    pub operators: Networks,
    /// What the start page shows beside its explanations.
    pub showcase: Option<Showcase>,
}

/// Who waits in the cache.
pub enum Waiter {
    /// A client, for his answer.
    Client(Parked),
    /// The actor that warms pages, for a file to be kept.
    Warmer(AwaitedFile),
}

/// A request that waits in the cache: everything needed to go on with it.
#[derive(Debug)]
pub struct Parked {
    /// Where its answer goes.
    pub ticket: Ticket,
    /// What the client asked for beside the file.
    pub wish: Wish,
    /// What it waits for.
    pub wanted: Wanted,
}

/// What a parked request waits for.
#[derive(Debug)]
pub enum Wanted {
    /// A file of this name.
    File(FileName),
    /// That something is forgotten.
    Purge,
    /// That the cache is alive.
    Probe,
}

impl House {
    /// The base path as people see it: the public address, else the one that they came by. `spoken` is what they speak to a
    /// front, if there is one that says so.
    pub(super) fn address(&self, host: Option<&str>, spoken: Option<Scheme>) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None => {
                let host = host.unwrap_or("HOST");
                let scheme = spoken.map_or(self.scheme, Scheme::word);
                format!("{scheme}://{host}{}", self.base_path)
            }
        }
    }
}

impl Desk {
    /// A desk at the start of the service.
    pub fn new(
        gates: Gates,
        house: House,
        confluence: Confluence,
        publication: Publication,
        cache: Watch<Failure>,
        meters: Meters,
    ) -> Desk {
        Desk {
            gates,
            house,
            draining: AtomicBool::new(false),
            confluence,
            publication,
            cache,
            meters: Arc::new(meters),
            vigil: Vigil::default(),
        }
    }

    /// Everything that those are shown who watch over the service.
    pub(super) fn report(&self, for_operators: bool) -> Report {
        Report {
            standing: self.standing(for_operators),
            reading: self.meters.read(self.cache.figures()),
        }
    }

    fn standing(&self, for_operators: bool) -> Standing {
        let guard = match self.confluence.trouble() {
            Some(Trouble::Shut { why, next_test }) => Some(ShutGuard {
                reason: why.word(),
                next_test: next_test.map(|test| test.saturating_duration_since(Instant::now())),
            }),
            Some(Trouble::Unanswered(_)) | None => None,
        };
        Standing {
            version: env!("CARGO_PKG_VERSION"),
            node: self.house.cache_name.node().map(str::to_owned),
            trouble: self.upstream_trouble(for_operators),
            guard,
            pause: self.confluence.pause(),
        }
    }

    /// What Confluence was spared since the start.
    pub fn saved(&self) -> Saved {
        self.meters.read(self.cache.figures()).saved
    }

    /// Client connections that are open now.
    pub fn connections(&self) -> u64 {
        self.meters.connections()
    }

    /// Sends an answer on its way.
    pub(super) fn send(&self, ticket: Ticket, reply: Reply) {
        self.gates.reply(ticket, reply);
    }

    /// Puts an answer down for its gate, which whoever calls this wakes when a batch is complete.
    pub(super) fn post(&self, ticket: Ticket, reply: Reply) {
        self.gates.post(ticket, reply);
    }

    /// Answers that something of ours went wrong, after a panic.
    pub(super) fn apologise(&self, ticket: Ticket, subject: Arc<str>) {
        let wish = Wish::plain(subject);
        let reply = self.problem(&wish, &failure::internal(), SystemTime::now());
        self.send(ticket, reply);
    }

    /// Answers with a problem, in the form and the language that the client wants.
    pub(super) fn problem(&self, wish: &Wish, told: &Told, now: SystemTime) -> Reply {
        let language = Language::of("", wish.accept_language.as_deref());
        let mishap = told.mishap(language, &self.house, now);
        let display = match reply::form(wish) {
            Form::Json | Form::Text => None,
            Form::Page => Some(Display {
                media_type: "text/html; charset=utf-8",
                security: web::PROBLEM_SECURITY,
                body: web::problem_page(&mishap),
            }),
            Form::Picture => Some(Display {
                media_type: "image/svg+xml",
                security: web::PICTURE_SECURITY,
                body: web::problem_picture(&mishap),
            }),
        };
        reply::problem(wish, &told.problem, display, &self.house.cache_name, now)
    }

    /// Answers from a kept copy.
    pub(super) fn kept(&self, wish: &Wish, entry: &Entry, origin: Origin, now: Instant) -> Reply {
        let file = StoredFile {
            name: entry.key.name(),
            meta: &entry.meta,
            body: &entry.body,
            digest: &entry.digest,
        };
        let provenance = Provenance {
            cache: &self.house.cache_name,
            origin,
            freshness: Freshness {
                age: now.saturating_duration_since(entry.stored),
                remaining: entry.fresh_until.saturating_duration_since(now),
            },
        };
        reply::stored(wish, &file, provenance, SystemTime::now())
    }

    /// Whether a client may do what operators do. From this host itself everybody may, but not whoever comes through
    /// something that runs here.
    pub(super) fn is_operator(&self, client: Client) -> bool {
        let is_named = self.house.operators.contains(client.address);
        match client.way {
            Way::Direct => is_named || client.address.is_loopback(),
            Way::Forwarded { .. } => is_named,
            Way::Hidden { .. } => false,
        }
    }

    /// Whether new clients should be sent here.
    pub fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Relaxed)
    }

    /// Why a monitor should be worried about Confluence: the account is refused, or the last question failed. What
    /// names other hosts is for operators only.
    pub fn upstream_trouble(&self, for_operators: bool) -> Option<String> {
        Some(trouble_words(&self.confluence.trouble()?, for_operators))
    }
}

fn trouble_words(trouble: &Trouble, for_operators: bool) -> String {
    match trouble {
        Trouble::Shut { why, next_test } => {
            let wait = next_test.map(|test| test.saturating_duration_since(Instant::now()));
            match why {
                Refusal::SingleSignOn { .. } if !for_operators => guard_words(
                    &"a login service stands before Confluence: the log and, for operators, /status name it",
                    wait,
                ),
                why => guard_words(why, wait),
            }
        }
        Trouble::Unanswered(UpstreamError::Moved { .. }) if !for_operators => {
            "Confluence sends the service to another address: the log and, for operators, /status name it".to_owned()
        }
        Trouble::Unanswered(error) => error.to_string(),
    }
}

/// Why nothing is asked of Confluence, and what to do.
fn guard_words(why: &dyn fmt::Display, wait: Option<Duration>) -> String {
    let by_itself = match wait {
        Some(wait) => format!("in {} min, ", wait.as_secs().div_ceil(60)),
        None => String::new(), // one more failed login could lock the account
    };
    format!(
        "nothing is asked of Confluence, because the account was refused: {why}; the login is tested again \
         {by_itself}when its secret file changes, or at once on SIGHUP (systemctl reload)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_is_named_on_this_one_only() {
        let moved = UpstreamError::Moved {
            to: "https://node3.corp:8090/c/secret-name.pdf".into(),
            base: Some("https://node3.corp:8090/c".into()),
        };
        let why = Refusal::SingleSignOn {
            host: "sso.corp".into(),
        };
        let next_test = None;
        for (trouble, host) in [
            (Trouble::Unanswered(moved), "node3.corp"),
            (Trouble::Shut { why, next_test }, "sso.corp"),
        ] {
            assert!(trouble_words(&trouble, true).contains(host));
            let elsewhere = trouble_words(&trouble, false);
            assert!(elsewhere.contains("for operators, /status"), "{elsewhere}");
            for hidden in [host, "secret-name", "8090"] {
                assert!(!elsewhere.contains(hidden), "{elsewhere}");
            }
        }
    }
}
