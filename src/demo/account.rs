//! Who may log in to the sample Confluence, and the lock after three failures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::options::Kind;

/// Data Center's default: after so many failed logins it wants a CAPTCHA solved. Cloud goes on for ever.
const FAILURES_MAX: u32 = 3;

/// The one account, its token and its failed logins.
pub(super) struct Account {
    kind: Kind,
    username: String,
    token: String,
    failures: u32,
}

/// What a request's credentials are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// None were sent, or a personal token that is unknown, which Data Center ignores without a word.
    Anonymous,
    /// They are right.
    Known,
    /// The password is wrong.
    Failed,
    /// A CAPTCHA is wanted; the password was not even tried. Cloud does not do that.
    Denied,
}

impl Account {
    pub(super) fn new(kind: Kind, username: String, token: String) -> Account {
        Account {
            kind,
            username,
            token,
            failures: 0,
        }
    }

    pub(super) fn username(&self) -> &str {
        &self.username
    }

    pub(super) fn set_token(&mut self, token: &str) {
        self.token = token.to_owned();
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn clear_captcha(&mut self) {
        self.failures = 0;
    }

    /// Judges the value of an `Authorization` field. A failure counts, a success takes the count back.
    pub(super) fn judge(&mut self, authorization: Option<&str>) -> Login {
        let Some((scheme, credentials)) = authorization.and_then(|value| value.split_once(' '))
        else {
            return Login::Anonymous;
        };
        if scheme.eq_ignore_ascii_case("Bearer") {
            return match (credentials.trim() == self.token, self.kind) {
                (true, _) => Login::Known,
                (false, Kind::Server) => Login::Anonymous,
                (false, Kind::Cloud) => self.fail(),
            };
        }
        if !scheme.eq_ignore_ascii_case("Basic") {
            return Login::Anonymous;
        }
        if self.kind == Kind::Server && FAILURES_MAX <= self.failures {
            return Login::Denied;
        }
        let decoded = STANDARD.decode(credentials.trim()).unwrap_or_default();
        let split = decoded.iter().position(|&byte| byte == b':');
        let known = split.is_some_and(|colon| {
            decoded[..colon] == *self.username.as_bytes()
                && decoded[colon + 1..] == *self.token.as_bytes()
        });
        if !known {
            return self.fail();
        }
        self.failures = 0;
        Login::Known
    }

    fn fail(&mut self) -> Login {
        self.failures = self.failures.saturating_add(1);
        Login::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn credentials_are_judged_as_confluence_does() {
        for (authorization, expected) in [
            (None, Login::Anonymous),
            (Some("Negotiate abc".to_owned()), Login::Anonymous),
            (Some("Bearer secret".to_owned()), Login::Known),
            (Some("Bearer other".to_owned()), Login::Anonymous),
            (Some(basic("me:secret")), Login::Known),
            (Some(basic("me:secret ")), Login::Failed),
            (Some(basic("you:secret")), Login::Failed),
            (Some(basic("me")), Login::Failed),
            (Some("Basic %%%".to_owned()), Login::Failed),
        ] {
            let mut account = Account::new(Kind::Server, "me".to_owned(), "secret".to_owned());
            let login = account.judge(authorization.as_deref());
            assert_eq!(login, expected, "authorization: {authorization:?}");
        }
    }

    #[test]
    fn three_failures_lock_the_account_and_a_success_before_resets_them() {
        let mut account = Account::new(Kind::Server, "me".to_owned(), "secret".to_owned());
        let (right, wrong) = (basic("me:secret"), basic("me:wrong"));
        for _ in 0..2 {
            assert_eq!(account.judge(Some(&wrong)), Login::Failed);
        }
        assert_eq!(account.judge(Some(&right)), Login::Known);
        for _ in 0..3 {
            assert_eq!(account.judge(Some(&wrong)), Login::Failed);
        }
        assert_eq!(account.judge(Some(&right)), Login::Denied);
        account.clear_captcha();
        assert_eq!(account.judge(Some(&right)), Login::Known);
    }

    #[test]
    fn cloud_says_no_to_everything_wrong_and_locks_nobody() {
        let mut account = Account::new(Kind::Cloud, "me".to_owned(), "secret".to_owned());
        for wrong in [basic("me:wrong"), "Bearer other".to_owned()] {
            for _ in 0..3 {
                assert_eq!(account.judge(Some(&wrong)), Login::Failed, "{wrong}");
            }
        }
        assert_eq!(account.failures(), 6);
        assert_eq!(account.judge(Some("Bearer secret")), Login::Known);
        assert_eq!(account.judge(Some(&basic("me:secret"))), Login::Known);
        assert_eq!(account.judge(None), Login::Anonymous);
        assert_eq!(account.failures(), 0);
    }
}
