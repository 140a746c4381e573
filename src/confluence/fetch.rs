//! One fetch: ask, judge, and hand over a body that can be trusted.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use ureq::http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use ureq::{Agent, Body};

use super::address::Base;
use super::agent;
use super::answer::{Answer, Asked, judge, meta};
use super::download::{Download, Incoming};
use super::error::{SetupError, UpstreamError};
use super::failure;
use super::jar::Jar;
use super::resolver::CachingResolver;
use crate::attachment::Key;
use crate::config::{ConfluenceConfig, Credentials};

/// Confluence, seen through the one account. Clones share connections, cookies and account.
#[derive(Clone)]
pub struct Confluence {
    shared: Arc<Shared>,
}

struct Shared {
    agent: Agent,
    base: Base,
    /// The value of `Authorization`, built once and marked as sensitive.
    account: HeaderValue,
    jar: Mutex<Jar>,
    interrupted: Arc<AtomicBool>,
}

impl Confluence {
    /// Prepares everything; opens no connection. Reads the system's trusted certificates for an https address.
    ///
    /// # Errors
    /// One [`SetupError`] per setting that cannot work; the service does not start.
    pub fn new(settings: &ConfluenceConfig) -> Result<Confluence, SetupError> {
        let roots = match Base::parse(&settings.url)?.is_https() {
            true => agent::system_roots()?,
            false => Vec::new(),
        };
        Confluence::assemble(settings, &roots, CachingResolver::system())
    }

    /// The same with other roots and another DNS.
    pub(super) fn assemble(
        settings: &ConfluenceConfig,
        roots: &[CertificateDer<'static>],
        resolver: CachingResolver,
    ) -> Result<Confluence, SetupError> {
        Ok(Confluence {
            shared: Arc::new(Shared {
                base: Base::parse(&settings.url)?,
                account: account(&settings.credentials)?,
                agent: agent::build(settings, roots, resolver),
                jar: Mutex::default(),
                interrupted: Arc::default(),
            }),
        })
    }

    /// Fetches a file as the account. Blocks until the head and up to 512 first bytes, or the end, are judged good.
    ///
    /// Sends one request; a second one only when a thumbnail is missing (the original instead), or when the
    /// connection came from the pool and was dead. Never a second one after an answer.
    ///
    /// # Errors
    /// Everything else than the file: see [`UpstreamError`].
    pub fn fetch(&self, key: &Key) -> Result<Download, UpstreamError> {
        match (self.ask(key), original(key)) {
            (Err(UpstreamError::NotFound), Some(original)) => self.ask(&original),
            (outcome, _) => outcome,
        }
    }

    /// Ends every fetch under way with [`UpstreamError::Interrupted`], and all later ones. A connection attempt or
    /// name resolution under way ends by its own time limit.
    pub fn interrupt(&self) {
        self.shared.interrupted.store(true, Ordering::Relaxed);
        self.shared.agent.clone().shutdown();
    }

    fn ask(&self, key: &Key) -> Result<Download, UpstreamError> {
        let uri = self.shared.base.address(key);
        let response = self.call(&uri)?;
        let now = SystemTime::now();
        let asked = Asked {
            host: self.shared.base.host(),
            path: uri.path(),
            name: key.name().as_str(),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let judge_with = |start: &[u8]| {
            let answer = Answer {
                status,
                headers: &headers,
                start,
            };
            judge(&asked, &answer, now)
        };
        let head = judge_with(&[]);
        let mut incoming = Incoming::new(response, self.shared.interrupted.clone());
        let verdict = match head {
            Ok(()) => incoming.read_judged().and_then(|start| {
                judge_with(&start)?;
                Ok(Download::new(meta(&headers), start, incoming))
            }),
            // The guard must hear of it before a slow body ends.
            Err(error) if error.is_refusal() => Err(error),
            // The reason may lie in the body; and a connection whose answer was read to its end can be used again.
            Err(error) => Err(judge_with(&incoming.read_reason()).err().unwrap_or(error)),
        };
        self.keep_cookies(&headers, &verdict, now);
        verdict
    }

    fn call(&self, uri: &Uri) -> Result<Response<Body>, UpstreamError> {
        let agent = &self.shared.agent;
        let is_interrupted = || self.shared.interrupted.load(Ordering::Relaxed);
        let mut result = agent.run(self.request(uri));
        if matches!(&result, Err(error) if failure::is_stale_connection(error)) && !is_interrupted()
        {
            // Its neighbours in the pool are probably dead too: an idle age of zero throws them out.
            let request = agent
                .configure_request(self.request(uri))
                .max_idle_age(Duration::ZERO)
                .build();
            result = agent.run(request);
        }
        result.map_err(|error| match is_interrupted() {
            true => UpstreamError::Interrupted,
            false => failure::before_answer(error),
        })
    }

    fn request(&self, uri: &Uri) -> Request<()> {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.shared.account.clone());
        let cookies = self.with_jar(|jar| jar.header());
        if let Some(mut cookies) = cookies.and_then(|cookies| HeaderValue::try_from(cookies).ok()) {
            cookies.set_sensitive(true);
            headers.insert(header::COOKIE, cookies);
        }
        request
    }

    /// Only Confluence itself, having accepted the account, may leave cookies; a refusal takes all away.
    fn keep_cookies(
        &self,
        headers: &HeaderMap,
        verdict: &Result<Download, UpstreamError>,
        now: SystemTime,
    ) {
        let is_accepted = match verdict {
            Ok(_) | Err(UpstreamError::NotFound) => true,
            Err(error) if error.is_refusal() => return self.with_jar(Jar::clear),
            Err(_) => false,
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

    fn with_jar<R>(&self, f: impl FnOnce(&mut Jar) -> R) -> R {
        // A jar is whole after every step, so a poisoned one is too.
        f(&mut self
            .shared
            .jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Confluence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confluence")
            .field("base", &self.shared.base)
            .finish_non_exhaustive()
    }
}

/// The file a thumbnail is drawn from.
fn original(key: &Key) -> Option<Key> {
    match key {
        Key::Thumbnail {
            page,
            name,
            version,
            ..
        } => Some(Key::File {
            page: *page,
            name: name.clone(),
            version: *version,
        }),
        Key::File { .. } | Key::Titled { .. } => None,
    }
}

fn account(credentials: &Credentials) -> Result<HeaderValue, SetupError> {
    let (username, token) = match credentials {
        Credentials::Basic { username, token } => (username.as_str(), token.expose()),
        Credentials::Bearer { token } => ("", token.expose()),
    };
    if username.contains(':') || username.chars().chain(token.chars()).any(char::is_control) {
        return Err(SetupError::Account);
    }
    let text = match credentials {
        Credentials::Basic { .. } => {
            let pair = BASE64_STANDARD.encode(format!("{username}:{token}"));
            format!("Basic {pair}")
        }
        Credentials::Bearer { .. } => format!("Bearer {token}"),
    };
    let mut account = HeaderValue::try_from(text).map_err(|_| SetupError::Account)?;
    account.set_sensitive(true);
    Ok(account)
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
