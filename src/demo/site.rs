//! What the sample Confluence knows, and what it answers to one request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use crossbeam_channel::Receiver;
use httpdate::{fmt_http_date, parse_http_date};

use super::account::{Account, Login};
use super::answer::{Answer, Origin};
use super::behaviour::{Behaviour, Fault};
use super::file::{Attachment, Pages};
use super::journal::Journal;
use super::pages;
use super::play::Plan;
use super::request::Request;
use super::rest;
use super::target::{Place, Target};

/// Makes session ids look like Tomcat's. The second half is the session's number.
const SESSION_PREFIX: &str = "5C1A09E47BD2F386";

/// Shared by all threads of one sample Confluence. Each lock is held for a lookup or a change, never across a wait.
pub(super) struct Site {
    url: String,
    context_path: String,
    stop: Receiver<()>,
    journal: Journal,
    pages: Mutex<Pages>,
    account: Mutex<Account>,
    scripts: Mutex<Scripts>,
    sessions: AtomicU64,
    requests: AtomicU64,
}

/// The faults in force.
#[derive(Default)]
pub(super) struct Scripts {
    pub(super) everywhere: Behaviour,
    pub(super) rest: Behaviour,
    pub(super) files: HashMap<u64, HashMap<String, Behaviour>>,
}

impl Site {
    pub(super) fn new(
        url: String,
        context_path: String,
        account: Account,
        stop: Receiver<()>,
    ) -> Site {
        Site {
            url,
            context_path,
            stop,
            journal: Journal::default(),
            pages: Mutex::default(),
            account: Mutex::new(account),
            scripts: Mutex::default(),
            sessions: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn context_path(&self) -> &str {
        &self.context_path
    }

    pub(super) fn stop(&self) -> &Receiver<()> {
        &self.stop
    }

    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(super) fn sessions(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed)
    }

    pub(super) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().expect("no holder panics")
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("no holder panics")
    }

    pub(super) fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().expect("no holder panics")
    }

    /// Finds the behaviour for a request: the whole site's, else that of REST or of the file.
    pub(super) fn plan(&self, target: &Target) -> Plan {
        let scripts = self.scripts();
        if !matches!(scripts.everywhere, Behaviour::Good) {
            return Plan::new(&scripts.everywhere);
        }
        let of_file = |page: u64, name: &str| scripts.files.get(&page)?.get(name);
        let behaviour = match &target.place {
            Place::Attachment { page, name } | Place::Thumbnail { page, name } => {
                of_file(*page, name)
            }
            Place::Titled { space, title, name } => {
                let page = self.pages().titled(space, title);
                page.and_then(|page| of_file(page, name))
            }
            Place::CurrentUser | Place::Content { .. } | Place::Children { .. } => {
                Some(&scripts.rest)
            }
            Place::Login | Place::Elsewhere | Place::Refused | Place::Outside => None,
        };
        Plan::new(behaviour.unwrap_or(&Behaviour::Good))
    }

    /// Tomcat's answer to what is not a request.
    pub(super) fn malformed(&self) -> Answer {
        pages::bad_request().with("Date", &fmt_http_date(SystemTime::now()))
    }

    /// The answer of a Confluence that is well.
    pub(super) fn answer(&self, request: &Request, target: &Target) -> Answer {
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
    pub(super) fn fail(&self, fault: &Fault, request: &Request, target: &Target) -> Answer {
        let answer = if matches!(fault, Fault::ServedAnonymously) {
            let found = self.route(request, target, Login::Known);
            found.with("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
        } else {
            pages::fault(fault, &self.url, &target.local)
        };
        self.dress(answer, request, Login::Anonymous)
    }

    fn route(&self, request: &Request, target: &Target, login: Login) -> Answer {
        match (&target.place, login) {
            (Place::Refused, _) => pages::bad_request(),
            (Place::Outside, _) => Answer::of_front(404, *b""),
            (Place::Login, _) => pages::login(&self.url),
            (_, Login::Denied) => pages::captcha(&self.url),
            (Place::CurrentUser, Login::Failed) => rest::wrong_password(),
            (Place::CurrentUser, _) => rest::current_user(self.account().username(), login),
            (Place::Content { .. } | Place::Children { .. }, Login::Failed) => {
                rest::wrong_password()
            }
            (Place::Content { .. } | Place::Children { .. }, Login::Anonymous) => {
                rest::not_permitted()
            }
            (Place::Content { page }, Login::Known) => rest::content(&self.pages(), *page),
            (Place::Children { page }, Login::Known) => {
                rest::children(&self.pages(), *page, target, &self.url)
            }
            (_, Login::Anonymous | Login::Failed) => {
                pages::login_redirect(&self.url, &target.local)
            }
            (Place::Attachment { page, name }, Login::Known) => {
                self.download(request, target, *page, name)
            }
            (Place::Titled { space, title, name }, Login::Known) => {
                // A statement of its own: the lock must be free again when the download takes it.
                let page = self.pages().titled(space, title);
                page.map_or_else(pages::not_found, |page| {
                    self.download(request, target, page, name)
                })
            }
            (Place::Thumbnail { page, name }, Login::Known) => {
                self.thumbnail(request, target, *page, name)
            }
            (Place::Elsewhere, Login::Known) => pages::not_found(),
        }
    }

    fn thumbnail(&self, request: &Request, target: &Target, page: u64, name: &str) -> Answer {
        let drawable = self.pages().attachment(page, name).is_some_and(|found| {
            let media_type = &found.current().media_type;
            media_type.starts_with("image/") && media_type != "image/svg+xml"
        });
        match drawable {
            true => self.download(request, target, page, name),
            false => pages::not_found(),
        }
    }

    fn download(&self, request: &Request, target: &Target, page: u64, name: &str) -> Answer {
        let pages = self.pages();
        let Some(attachment) = pages.attachment(page, name) else {
            return pages::not_found();
        };
        let version = match target.parameter("version").map(str::parse) {
            None => attachment.versions.len(),
            Some(Ok(number)) => number,
            Some(Err(_)) => return pages::server_error(),
        };
        // Data Center takes any real date for a sign that nothing has changed.
        let since = request.header("If-Modified-Since");
        if since.is_some_and(|date| parse_http_date(date).is_ok()) {
            return Answer::new(304, *b"");
        }
        let forced = target.parameter("download") == Some("true");
        file_answer(attachment, version, name, forced).unwrap_or_else(pages::not_found)
    }

    /// Adds what every answer carries.
    fn dress(&self, mut answer: Answer, request: &Request, login: Login) -> Answer {
        let now = SystemTime::now();
        if answer.origin == Origin::Application {
            let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
            let number = self.requests.fetch_add(1, Ordering::Relaxed);
            answer.add("X-AREQUESTID", &format!("842x{number}x1"));
            answer.add(
                "X-Confluence-Request-Time",
                &since_1970.as_millis().to_string(),
            );
            match login {
                Login::Known => {
                    answer.add("X-Seraph-LoginReason", "OK");
                    answer.add("X-AUSERNAME", self.account().username());
                }
                Login::Failed => answer.add("X-Seraph-LoginReason", "AUTHENTICATED_FAILED"),
                Login::Denied => answer.add("X-Seraph-LoginReason", "AUTHENTICATION_DENIED"),
                Login::Anonymous => {}
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
        answer.add("Date", &fmt_http_date(now));
        answer
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

fn file_answer(
    attachment: &Attachment,
    version: usize,
    name: &str,
    forced: bool,
) -> Option<Answer> {
    let file = attachment.version(version)?;
    let shown = file.media_type.starts_with("image/")
        || file.media_type.starts_with("video/")
        || file.media_type.starts_with("audio/")
        || matches!(file.media_type.as_str(), "text/plain" | "application/pdf");
    let disposition = if shown && !forced {
        "inline"
    } else {
        "attachment"
    };
    let mut answer = Answer::new(200, file.bytes.clone());
    answer.add("Content-Type", &file.media_type);
    match name.is_ascii() {
        true => answer.add(
            "Content-Disposition",
            &format!("{disposition}; filename=\"{name}\""),
        ),
        false => answer.add("Content-Disposition", disposition),
    }
    answer.add("Last-Modified", &fmt_http_date(file.claims_modified()));
    answer.add("Accept-Ranges", "bytes");
    answer.add("X-Content-Type-Options", "nosniff");
    Some(answer)
}
