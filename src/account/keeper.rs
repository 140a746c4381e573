//! The actor: one place to wait, and what is done then.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};
use log::{error, info, warn};

use super::secrets::{Secrets, Stamp};
use crate::config::ConfluenceConfig;
use crate::confluence::{Confluence, Login, News, ReplaceError, Trouble, UpstreamError};

/// Wishes that may wait: a second one before the first is fulfilled wishes for the same.
const INBOX_MAX: usize = 1;

/// What others ask of the keeper.
enum AccountMessage {
    Reload,
}

/// How others reach the keeper. It ends when the last one is dropped.
#[derive(Clone)]
pub struct AccountHandle(Sender<AccountMessage>);

impl AccountHandle {
    /// Asks for the secret to be read again, and for the login to be tested now. Never blocks.
    pub fn reload(&self) {
        let _ = self.0.try_send(AccountMessage::Reload); // the same is asked for already, or the service is stopping
    }
}

/// The keeper before its thread runs.
pub struct AccountActor {
    inbox: Receiver<AccountMessage>,
    news: Receiver<News>,
    confluence: Confluence,
    /// What is in force.
    settings: ConfluenceConfig,
    secrets: Secrets,
    /// The files as they were when they were last read; `None` makes the next look read them again.
    stamp: Option<Stamp>,
    next_look: Instant,
    /// As whom the last login was accepted; `None` before, and after a refusal.
    accepted: Option<Login>,
}

/// Prepares the keeper of `confluence`, whose news it takes.
pub fn open(
    confluence: Confluence,
    news: Receiver<News>,
    settings: ConfluenceConfig,
    secrets: Secrets,
) -> (AccountActor, AccountHandle) {
    let (sender, inbox) = bounded(INBOX_MAX);
    let stamp = Some((secrets.look)(&settings.files));
    let actor = AccountActor {
        inbox,
        news,
        confluence,
        settings,
        next_look: Instant::now() + secrets.every,
        secrets,
        stamp,
        accepted: None,
    };
    (actor, AccountHandle(sender))
}

impl AccountActor {
    /// Keeps the account until nobody needs it any more.
    pub fn run(mut self) {
        self.prove();
        loop {
            let wait = self.wait(Instant::now());
            select! {
                recv(self.inbox) -> message => match message {
                    Ok(AccountMessage::Reload) => self.reload(true),
                    Err(_) => return,
                },
                recv(self.news) -> news => if let Ok(news) = news {
                    self.hear(news);
                },
                default(wait) => self.turn(Instant::now()),
            }
        }
    }

    /// Until when nothing is due.
    fn wait(&self, now: Instant) -> Duration {
        let next = match self.next_test() {
            // A pause that Confluence has asked for is looked at again later.
            Some(test) if self.confluence.pause().is_none() => test.min(self.next_look),
            Some(_) | None => self.next_look,
        };
        next.saturating_duration_since(now)
    }

    /// When a refused account is to be tested by itself.
    fn next_test(&self) -> Option<Instant> {
        match self.confluence.trouble() {
            Some(Trouble::Shut { next_test, .. }) => next_test,
            Some(Trouble::Unanswered(_)) | None => None,
        }
    }

    /// Does what is due.
    fn turn(&mut self, now: Instant) {
        let is_look = self.next_look <= now;
        if is_look {
            self.next_look = now + self.secrets.every;
            let stamp = (self.secrets.look)(&self.settings.files);
            if self.stamp.as_ref() != Some(&stamp) {
                return self.reload(false);
            }
        }
        if self.next_test().is_some_and(|test| test <= now) {
            self.test();
        } else if is_look {
            self.prove(); // Confluence may have been down before: a monitor wants to know that it is back
        }
    }

    /// Reads the secret again. `is_wish`: somebody asked for it, so the login is tested even if nothing has changed.
    fn reload(&mut self, is_wish: bool) {
        crate::sabotage::point("account");
        self.stamp = Some((self.secrets.look)(&self.settings.files));
        let (settings, warnings) = match (self.secrets.reread)() {
            Ok(found) => found,
            Err(problems) => {
                for problem in problems {
                    error!("reload: {problem}; the account in force stays");
                }
                return;
            }
        };
        if !has_changed(&self.settings, &settings) {
            if is_wish {
                info!("reload: the account has not changed, its login is tested");
                self.test();
            }
            return;
        }
        match self.confluence.replace(&settings) {
            Ok(login) => {
                for warning in warnings {
                    warn!("reload: {warning}");
                }
                info!(
                    "reload: the new account is in force account={:?}",
                    settings.credentials.account()
                );
                self.stamp = Some((self.secrets.look)(&settings.files));
                self.settings = settings;
                self.accepted = None;
                self.hear(News::Accepted(login));
            }
            Err(error) => {
                // A Confluence that hangs may have judged the login all the same: it is not tried again by itself.
                let is_final = match error {
                    ReplaceError::Setup(_)
                    | ReplaceError::Upstream(
                        UpstreamError::Refused(_) | UpstreamError::TimedOut { .. },
                    ) => true,
                    ReplaceError::Upstream(_) => false,
                };
                let again = match is_final {
                    true => "",
                    false => {
                        self.stamp = None; // the next look tries again
                        "; it is tried again within 30 seconds"
                    }
                };
                error!(
                    "reload: the new account is not taken, the one in force stays: {error}{again}"
                );
            }
        }
    }

    fn prove(&mut self) {
        let outcome = self.confluence.prove();
        self.report(outcome.err());
    }

    fn test(&mut self) {
        let outcome = self.confluence.retest();
        self.report(outcome.err());
    }

    /// Reports what came of a login test: the news first, then what was no news.
    fn report(&mut self, error: Option<UpstreamError>) {
        let mut has_shut = false;
        while let Ok(news) = self.news.try_recv() {
            has_shut |= matches!(news, News::Shut(_));
            self.hear(news);
        }
        match error {
            None | Some(UpstreamError::Interrupted) => {}
            Some(error) if error.is_unasked() => info!("the login is not tested: {error}"),
            Some(error) if error.is_refusal() && has_shut => {}
            Some(error) if error.is_refusal() => warn!("the account is still refused: {error}"),
            Some(error) => warn!("the login cannot be tested: {error}"),
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Accepted(login) => {
                if self.accepted.as_ref() != Some(&login) {
                    match &login.name {
                        Some(name) => info!("logged in as={name:?}"),
                        None => info!(
                            "this Confluence does not say who the account is; the first file proves it"
                        ),
                    }
                }
                self.accepted = Some(login);
            }
            News::Shut(why) => {
                self.accepted = None;
                let by_itself = match self.next_test() {
                    Some(test) => {
                        let wait = test.saturating_duration_since(Instant::now());
                        format!("in {} minutes, ", wait.as_secs().div_ceil(60))
                    }
                    None => String::new(), // one more failed login could lock the account
                };
                error!(
                    "the account is refused, and nothing more is asked of Confluence: {why}; copies are served as \
                     long as they last; the login is tested again {by_itself}when the secret file has changed, or on \
                     SIGHUP (systemctl reload)"
                );
            }
        }
    }
}

/// Whether another account, or another way to it, is wanted.
fn has_changed(old: &ConfluenceConfig, new: &ConfluenceConfig) -> bool {
    old.credentials != new.credentials
        || old.ca != new.ca
        || old.proxy != new.proxy
        || old.url != new.url
}
