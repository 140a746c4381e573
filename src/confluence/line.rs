//! The line to Confluence: one account, its connections and its cookies. One question, one judged answer.
//!
//! A line knows neither guard nor cache. It is replaced as a whole when the account's secret changes, and what is
//! under way on the old one ends there.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use ureq::http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use ureq::{Agent, Body};

use super::address::{Base, Question, target};
use super::agent;
use super::answer::{Asked, Head, Kind, Verdict, meta, wants_body};
use super::call::call;
use super::download::{Download, Incoming};
use super::error::{Fault, Refusal, SetupError, UpstreamError};
use super::expectation::{bytes_max, is_needed, kind, unless};
use super::guard::Proof;
use super::jar::Jar;
use super::media::Hopper;
use super::metadata::{self, Identity};
use super::redirect::Location;
use super::resolver::{CachingResolver, Lookup, Reach};
use super::signs;
use crate::config::{self, ConfluenceConfig, Credentials};

/// What came of a question.
#[derive(Debug)]
pub(super) struct Reply {
    /// The good answer, or what came instead.
    pub(super) answered: Result<Answered, UpstreamError>,
    /// Whether it shows that Confluence itself has answered, and not something that stands before it or in its place.
    pub(super) is_marked: bool,
}

/// A good answer to a question.
#[derive(Debug)]
pub(super) enum Answered {
    /// The bytes of a file.
    File(Box<Download>),
    /// The copy whose entity tag was in the question is still current.
    Unchanged,
    /// A JSON document.
    Document(Vec<u8>),
    /// The bytes are at this address, which may hold a secret.
    Elsewhere {
        /// The value of `Location`.
        location: Location,
        /// Confluence's own clock.
        date: Option<SystemTime>,
    },
}

/// One account's way to Confluence.
pub(super) struct Line {
    pub(super) base: Base,
    pub(super) kind: config::Kind,
    /// Whether a wrong secret is taken for no secret at all, without an error: personal tokens, and Cloud.
    pub(super) is_quiet: bool,
    pub(super) media: Hopper,
    pub(super) agent: Agent,
    /// The value of `Authorization`, built once and marked as sensitive.
    account: HeaderValue,
    /// Longest time for a document as a whole, for which others may wait.
    patience: Duration,
    jar: Mutex<Jar>,
    clocks: Mutex<Option<Clocks>>,
    interrupted: Arc<AtomicBool>,
}

/// Two clocks at the moment of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// What Confluence took for the present, in whole seconds.
    pub theirs: SystemTime,
    /// What this system took for it.
    pub ours: SystemTime,
}

impl Line {
    /// Prepares everything; opens no connection. Reads the system's trusted certificates for an https address.
    pub(super) fn new(
        settings: &ConfluenceConfig,
        lookup: Lookup,
        interrupted: Arc<AtomicBool>,
    ) -> Result<Line, SetupError> {
        let roots = Line::roots(settings)?;
        Line::assemble(settings, &roots, lookup, interrupted)
    }

    /// The certificates that may vouch for Confluence; none without https.
    pub(super) fn roots(
        settings: &ConfluenceConfig,
    ) -> Result<Vec<CertificateDer<'static>>, SetupError> {
        match Base::parse(&settings.url)?.is_https() {
            true => agent::roots(settings.ca.as_ref()),
            // Not needed, but whoever has set it wants to know that it is wrong.
            false => {
                settings.ca.as_ref().map(agent::authority).transpose()?;
                Ok(Vec::new())
            }
        }
    }

    /// The same with other roots.
    pub(super) fn assemble(
        settings: &ConfluenceConfig,
        roots: &[CertificateDer<'static>],
        lookup: Lookup,
        interrupted: Arc<AtomicBool>,
    ) -> Result<Line, SetupError> {
        let base = Base::parse(&settings.url)?;
        let reach = match base.is_https() {
            true => Reach::Public {
                but: settings.proxy.as_ref().and_then(agent::host_and_port),
            },
            false => Reach::Anywhere, // no real Cloud: the sample Confluence on this host
        };
        let build = |reach| {
            let resolver = CachingResolver::new(lookup.clone(), reach);
            agent::build(settings, roots, resolver)
        };
        let is_quiet = settings.kind == config::Kind::Cloud
            || matches!(settings.credentials, Credentials::Bearer { .. });
        Ok(Line {
            media: Hopper {
                agent: build(reach)?,
                is_strict: base.is_https(),
                interrupted: interrupted.clone(),
            },
            agent: build(Reach::Anywhere)?,
            account: account(&settings.credentials)?,
            kind: settings.kind,
            is_quiet,
            patience: settings.connect_timeout + settings.read_timeout,
            jar: Mutex::default(),
            clocks: Mutex::default(),
            interrupted,
            base,
        })
    }

    /// Asks once, as the account. Blocks until the answer is judged: of a file its head and up to 512 first bytes, or
    /// the end; of a document all of it.
    ///
    /// A second request is sent only when the connection came from the pool and was dead before an answer.
    pub(super) fn ask(&self, question: &Question<'_>) -> Reply {
        let until = Instant::now() + self.patience;
        let uri = self.base.address(question);
        let called = call(&self.agent, &self.interrupted, || {
            self.request(&uri, unless(question))
        });
        let is_marked = match &called {
            Ok(response) => signs::is_marked(response.headers()),
            Err(_) => true, // nothing else has answered
        };
        let answered = called.and_then(|response| self.read(question, response, until));
        Reply {
            answered: answered.map_err(|error| match error {
                UpstreamError::Refused(Refusal::Scope) if !is_needed(question) => {
                    UpstreamError::OutOfScope
                }
                error => error,
            }),
            is_marked,
        }
    }

    /// Judges an answer and reads as much of it as that takes; a document `until` then at the latest.
    fn read(
        &self,
        question: &Question<'_>,
        response: Response<Body>,
        until: Instant,
    ) -> Result<Answered, UpstreamError> {
        let path = target(question);
        let path = path.split('?').next().unwrap_or_default();
        let asked = Asked {
            kind: kind(question),
            host: self.base.host(),
            path,
        };
        let head = Head::of(&response, SystemTime::now());
        self.note_clock(&head.headers, head.came);
        let mut incoming = Incoming::new(response, self.interrupted.clone());
        let answered = match head.judge(&asked, &[]) {
            Ok(Verdict::Content) if asked.kind == Kind::Document => {
                let most = bytes_max(question);
                incoming.read_whole(most, until).and_then(|whole| {
                    head.judge(&asked, &whole)?;
                    Ok(Answered::Document(whole))
                })
            }
            Ok(Verdict::Content) => incoming.read_judged().and_then(|start| {
                head.judge(&asked, &start)?;
                let download = Download::new(meta(&head.headers), start, incoming);
                Ok(Answered::File(Box::new(download)))
            }),
            Ok(Verdict::Unchanged) => {
                incoming.read_reason(); // nothing: but then the connection is free
                Ok(Answered::Unchanged)
            }
            Ok(Verdict::Elsewhere) => {
                incoming.read_reason();
                Ok(Answered::Elsewhere {
                    location: Location::of(&head.headers),
                    date: signs::date(&head.headers, "date"),
                })
            }
            // The reason may lie in the body; and a connection whose answer was read to its end can be used again.
            Err(error) if wants_body(&error, &head.headers) => {
                let body = match error.is_refusal() {
                    true => incoming.read_piece(), // the guard must hear of it before a slow body ends
                    false => incoming.read_reason(),
                };
                Err(head.judge(&asked, &body).err().unwrap_or(error))
            }
            Err(error) => Err(error),
        };
        self.keep_cookies(&head.headers, answered.as_ref().err(), head.came);
        answered
    }

    /// Tests the login. Everything that is no refusal and no failure is good, or [`Proof::Unclear`].
    pub(super) fn test(&self) -> Result<Login, UpstreamError> {
        let mut is_answered = true;
        let reply = self.ask(&Question::Who);
        let answered = match reply.answered {
            Ok(Answered::Document(json)) => metadata::identity(&json),
            Ok(Answered::File(_) | Answered::Unchanged | Answered::Elsewhere { .. }) => None,
            // Something before Confluence lets nobody in, which says nothing of the account.
            Err(UpstreamError::Forbidden) if !reply.is_marked => {
                return Err(UpstreamError::Odd { status: 403 });
            }
            Err(UpstreamError::Forbidden) => {
                return Err(UpstreamError::Refused(Refusal::NotPermitted));
            }
            // The token is good, but not for this question.
            Err(UpstreamError::OutOfScope) => None,
            // Nothing answers at this address: the question cannot be asked here.
            Err(UpstreamError::NotFound | UpstreamError::Odd { .. })
            | Err(UpstreamError::Unusable(Fault::Document | Fault::Page)) => {
                is_answered = false;
                None
            }
            Err(error) => return Err(error),
        };
        let name = match answered {
            Some(Identity::Known(name)) => Some(name),
            Some(Identity::Anonymous) => {
                return Err(UpstreamError::Refused(Refusal::Anonymous));
            }
            None => None,
        };
        Ok(Login { name, is_answered })
    }

    pub(super) fn request(&self, uri: &Uri, unless: Option<&str>) -> Request<()> {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.account.clone());
        let cookies = self.with_jar(|jar| jar.header());
        if let Some(mut cookies) = cookies.and_then(|cookies| HeaderValue::try_from(cookies).ok()) {
            cookies.set_sensitive(true);
            headers.insert(header::COOKIE, cookies);
        }
        if let Some(etag) = unless.and_then(|etag| HeaderValue::try_from(etag).ok()) {
            headers.insert(header::IF_NONE_MATCH, etag);
        }
        request
    }

    /// Only Confluence itself, having accepted the account, may leave cookies; a refusal takes all away.
    fn keep_cookies(&self, headers: &HeaderMap, error: Option<&UpstreamError>, now: SystemTime) {
        let is_accepted = match error {
            None | Some(UpstreamError::NotFound) => true,
            Some(error) if error.is_refusal() => return self.with_jar(Jar::clear),
            Some(_) => false,
        };
        if !is_accepted || !headers.contains_key(header::SET_COOKIE) {
            return;
        }
        self.with_jar(|jar| {
            for cookie in headers.get_all(header::SET_COOKIE) {
                if let Ok(cookie) = cookie.to_str() {
                    jar.store(cookie, now);
                }
            }
        });
    }

    /// Notes what time it is for Confluence, if an answer says so.
    pub(super) fn note_clock(&self, headers: &HeaderMap, ours: SystemTime) {
        if let Some(theirs) = signs::date(headers, "date") {
            let clocks = Clocks { theirs, ours };
            // One assignment, which leaves nothing half done.
            *self.clocks.lock().unwrap_or_else(PoisonError::into_inner) = Some(clocks);
        }
    }

    /// The two clocks as of the last answer that carried a date.
    pub(super) fn clocks(&self) -> Option<Clocks> {
        *self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_jar<R>(&self, f: impl FnOnce(&mut Jar) -> R) -> R {
        // A jar is whole after every step, so a poisoned one is too.
        f(&mut self.jar.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// A login that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// As whom, in Confluence's words; `None` where Confluence does not say.
    pub name: Option<String>,
    /// Whether the question for it exists where it was asked: every Confluence has it.
    pub is_answered: bool,
}

impl Login {
    pub(super) fn proof(&self) -> Proof {
        match self.name {
            Some(_) => Proof::Known,
            None => Proof::Unclear,
        }
    }
}

fn account(credentials: &Credentials) -> Result<HeaderValue, SetupError> {
    let text = match credentials {
        Credentials::Basic { username, token } => {
            if username.contains(':') || username.chars().any(char::is_control) {
                return Err(SetupError::Account);
            }
            let token = token.expose();
            if token.chars().any(char::is_control) {
                return Err(SetupError::Account);
            }
            let pair = BASE64_STANDARD.encode(format!("{username}:{token}"));
            format!("Basic {pair}")
        }
        Credentials::Bearer { token } => format!("Bearer {}", token.expose()),
    };
    let mut account = HeaderValue::try_from(text).map_err(|_| SetupError::Account)?;
    account.set_sensitive(true);
    Ok(account)
}
