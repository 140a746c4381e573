//! What the sample Confluence knows, and what it answers to one request.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use httpdate::fmt_http_date;

use super::account::{Account, Login};
use super::answer::{Answer, Origin};
use super::behaviour::{Behaviour, Fault};
use super::cloud;
use super::content::Pages;
use super::data_center;
use super::faults;
use super::journal::Journal;
use super::media::Media;
use super::pages;
use super::play::Plan;
use super::request::Request;
use super::scripts::Scripts;
use super::switchboard::Neighbour;
use super::target::{Place, Target};

/// Makes session ids look like Tomcat's. The second half is the session's number.
const SESSION_PREFIX: &str = "5C1A09E47BD2F386";

/// The last second of the year 9999, since 1970: later dates cannot be written.
const DATE_SECONDS_MAX: u64 = 253_402_300_799;

/// Which product the site is.
pub(super) enum Product {
    Server,
    /// With the media host that it sends clients to.
    Cloud(Arc<Media>),
}

/// Who takes a connection.
pub(super) enum Host {
    /// Confluence itself.
    Wiki,
    /// The media host beside it.
    Media(Arc<Media>),
}

/// Shared by all threads of one sample Confluence. Each lock is held for a lookup or a change, never across a wait.
pub(super) struct Site {
    product: Product,
    url: String,
    context_path: String,
    journal: Journal,
    pages: Mutex<Pages>,
    account: Mutex<Account>,
    scripts: Mutex<Scripts>,
    sessions: AtomicU64,
    requests: AtomicU64,
    bytes_sent: AtomicU64,
    clock_offset_seconds: AtomicI64,
    neighbour: Mutex<Option<Neighbour>>,
}

impl Site {
    pub(super) fn new(
        product: Product,
        url: String,
        context_path: String,
        account: Account,
    ) -> Site {
        Site {
            product,
            url,
            context_path,
            journal: Journal::default(),
            pages: Mutex::default(),
            account: Mutex::new(account),
            scripts: Mutex::default(),
            sessions: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            clock_offset_seconds: AtomicI64::new(0),
            neighbour: Mutex::default(),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn context_path(&self) -> &str {
        &self.context_path
    }

    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(super) fn sessions(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed)
    }

    pub(super) fn bytes_sent(&self) -> &AtomicU64 {
        &self.bytes_sent
    }

    pub(super) fn set_clock_offset(&self, seconds: i64) {
        self.clock_offset_seconds.store(seconds, Ordering::Relaxed);
    }

    pub(super) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().expect("no holder panics")
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("no holder panics")
    }

    /// The proxy before it, if somebody has said which.
    pub(super) fn neighbour(&self) -> MutexGuard<'_, Option<Neighbour>> {
        self.neighbour.lock().expect("no holder panics")
    }

    pub(super) fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().expect("no holder panics")
    }

    /// Finds the behaviour for a request and resolves it.
    pub(super) fn plan(&self, host: &Host, target: &Target) -> Plan {
        let scripts = self.scripts();
        let switched = scripts.switch.behaviour();
        Plan::new(match host {
            Host::Wiki => match scripts.find(target, &self.pages()) {
                Behaviour::Good => &switched,
                scripted => scripted,
            },
            Host::Media(_) => &scripts.media,
        })
    }

    /// Tomcat's answer to what is not a request.
    pub(super) fn malformed(&self) -> Answer {
        pages::bad_request().with("Date", &self.date())
    }

    /// The answer of a Confluence, or of a media host, that is well.
    pub(super) fn answer(&self, host: &Host, request: &Request, target: &Target) -> Answer {
        if let Host::Media(media) = host {
            return self.dress(media.answer(request, target), request, Login::Anonymous);
        }
        let login = if matches!(target.place, Place::Refused | Place::Outside) {
            Login::Anonymous
        } else {
            self.account().judge(request.header("Authorization"))
        };
        let answer = match request.method.as_str() {
            "GET" | "HEAD" => self.route(request, target, login),
            _ => Answer::html(405, String::new()).with("Allow", "GET, HEAD"),
        };
        self.dress(answer, request, login)
    }

    /// The answer of a fault.
    pub(super) fn fail(
        &self,
        host: &Host,
        fault: &Fault,
        request: &Request,
        target: &Target,
    ) -> Answer {
        let good = || match host {
            Host::Wiki => self.route(request, target, Login::Known),
            Host::Media(media) => media.answer(request, target),
        };
        let mut answer = faults::answer(fault, &self.url, &target.local, good);
        if matches!(host, Host::Media(_)) {
            answer.origin = Origin::Front;
        }
        // Nobody is judged, but this one says that the account is good.
        let login = match matches!(fault, Fault::NotPermitted) {
            true => Login::Known,
            false => Login::Anonymous,
        };
        self.dress(answer, request, login)
    }

    fn route(&self, request: &Request, target: &Target, login: Login) -> Answer {
        match &self.product {
            Product::Server => data_center::route(self, request, target, login),
            Product::Cloud(media) => cloud::route(self, media, target, login),
        }
    }

    /// Adds what every answer carries.
    fn dress(&self, mut answer: Answer, request: &Request, login: Login) -> Answer {
        if answer.origin == Origin::Application {
            let since_1970 = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let number = self.requests.fetch_add(1, Ordering::Relaxed);
            answer.add("X-AREQUESTID", &format!("842x{number}x1"));
            answer.add(
                "X-Confluence-Request-Time",
                &since_1970.as_millis().to_string(),
            );
            match &self.product {
                Product::Server => {
                    data_center::tell_login(&mut answer, login, self.account().username());
                }
                Product::Cloud(_) => cloud::tell_login(&mut answer, login),
            }
            if !request
                .header("Cookie")
                .is_some_and(|cookie| self.knows(cookie))
            {
                let number = 1 + self.sessions.fetch_add(1, Ordering::Relaxed);
                let cookie = format!("JSESSIONID={SESSION_PREFIX}{number:016X}; Path=/; HttpOnly");
                answer.add("Set-Cookie", &cookie);
            }
        }
        answer.add("Date", &self.date());
        answer
    }

    /// What this site takes for the present, for the field `Date`.
    fn date(&self) -> String {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let shown = since_1970
            .as_secs()
            .saturating_add_signed(self.clock_offset_seconds.load(Ordering::Relaxed))
            .min(DATE_SECONDS_MAX);
        fmt_http_date(UNIX_EPOCH + Duration::from_secs(shown))
    }

    /// Whether a `Cookie` field names a session of this site. Sessions are not kept: the number says it all.
    fn knows(&self, cookie: &str) -> bool {
        cookie
            .split(';')
            .filter_map(|pair| pair.trim().strip_prefix("JSESSIONID="))
            .filter_map(|id| id.strip_prefix(SESSION_PREFIX))
            .filter_map(|number| u64::from_str_radix(number, 16).ok())
            .any(|number| (1..=self.sessions()).contains(&number))
    }
}
