//! A tiny cookie jar for the one origin, so that one account does not leave a new session behind with every fetch.
//!
//! It keeps `JSESSIONID` and a few others (load balancers), knows one origin and so neither domains nor paths, and is
//! emptied by any refusal. Its content is never printed and never reaches a client.

use std::collections::VecDeque;
use std::fmt;
use std::time::SystemTime;

/// The cookie of the session, which the others cannot push out.
const SESSION: &str = "JSESSIONID";

/// Cookies beside the session's: a load balancer sets one or two. More would only make every request longer.
const OTHERS_MAX: usize = 4;

/// Longest name and value together. With all of them a request's head stays within the agent's 8 KiB buffer.
const COOKIE_BYTES_MAX: usize = 512;

/// The cookies of one origin. Bounded in number and size.
#[derive(Default)]
pub(super) struct Jar {
    session: Option<Cookie>,
    others: VecDeque<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
}

impl Jar {
    /// Takes one `Set-Cookie` value. What is malformed, too long or a deletion leaves no cookie of that name.
    pub(super) fn store(&mut self, set_cookie: &str, now: SystemTime) {
        let (pair, attributes) = set_cookie.split_once(';').unwrap_or((set_cookie, ""));
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        if !is_token(name) {
            return;
        }
        let stays = !value.is_empty()
            && name.len() + value.len() <= COOKIE_BYTES_MAX
            && value.bytes().all(is_value_byte)
            && !is_deletion(attributes, now);
        let cookie = stays.then(|| Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        if name == SESSION {
            self.session = cookie;
            return;
        }
        self.others.retain(|other| other.name != name);
        if let Some(cookie) = cookie {
            if self.others.len() == OTHERS_MAX {
                self.others.pop_front();
            }
            self.others.push_back(cookie);
        }
    }

    /// The value of the `Cookie` header, if there is anything to send.
    pub(super) fn header(&self) -> Option<String> {
        let mut header = String::new();
        for cookie in self.session.iter().chain(&self.others) {
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(&cookie.name);
            header.push('=');
            header.push_str(&cookie.value);
        }
        (!header.is_empty()).then_some(header)
    }

    /// Forgets everything: the account was refused.
    pub(super) fn clear(&mut self) {
        *self = Jar::default();
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jar(..)")
    }
}

fn is_token(name: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_byte)
}

/// What may stand in a `Cookie` header without ending the value or the line.
fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b';' && byte != b','
}

fn is_deletion(attributes: &str, now: SystemTime) -> bool {
    let find = |wanted: &str| {
        attributes.split(';').find_map(|attribute| {
            let (name, value) = attribute.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim())
        })
    };
    // Max-Age wins over Expires, as RFC 6265 has it.
    match (find("max-age"), find("expires")) {
        (Some(age), _) => age.parse::<i64>().is_ok_and(|age| age <= 0),
        (None, Some(date)) => httpdate::parse_http_date(date).is_ok_and(|date| date <= now),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    /// 2026-01-01.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }

    #[track_caller]
    fn check(set_cookies: &[&str], expected: Option<&str>) {
        let mut jar = Jar::default();
        for set_cookie in set_cookies {
            jar.store(set_cookie, now());
        }
        assert_eq!(jar.header().as_deref(), expected, "set: {set_cookies:?}");
    }

    #[test]
    fn cookies_come_back_by_name_until_they_are_replaced_or_deleted() {
        check(&[], None);
        check(&["JSESSIONID=A1; Path=/; HttpOnly"], Some("JSESSIONID=A1"));
        check(
            &["route=n1", "JSESSIONID=A", "JSESSIONID=B; Path=/c"],
            Some("JSESSIONID=B; route=n1"),
        );
        check(&["a=\"x=y\"; Domain=elsewhere"], Some("a=\"x=y\""));
        check(&["JSESSIONID=A", "JSESSIONID="], None);
        check(&["a=1", "a=2; Max-Age=0"], None);
        check(
            &[
                "a=1",
                "a=2; max-age=-1; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
            ],
            None,
        );
        check(&["a=1", "a=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], None);
        check(
            &["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
            Some("a=1"),
        );
        check(&["a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT"], Some("a=1"));
    }

    #[test]
    fn what_could_break_a_header_is_no_cookie() {
        for bad in [
            "",
            "novalue",
            "=x",
            "a b=x",
            "a=x y",
            "a=x\r\nX-Evil: 1",
            "a=x,y",
            "a=ü",
            "a=\u{7f}",
        ] {
            check(&[bad], None);
        }
        check(
            &[&format!("a={}", "x".repeat(COOKIE_BYTES_MAX - 1))],
            Some(&format!("a={}", "x".repeat(COOKIE_BYTES_MAX - 1))),
        );
        check(
            &["a=1", &format!("a={}", "x".repeat(COOKIE_BYTES_MAX))],
            None,
        );
    }

    #[test]
    fn the_session_stays_when_others_come_in_crowds() {
        let crowd: Vec<String> = (0..100).map(|index| format!("c{index}=1")).collect();
        let mut all = vec!["JSESSIONID=A"];
        all.extend(crowd.iter().map(String::as_str));
        check(&all, Some("JSESSIONID=A; c96=1; c97=1; c98=1; c99=1"));
    }

    #[test]
    fn a_cleared_jar_is_empty_and_no_jar_shows_its_content() {
        let mut jar = Jar::default();
        jar.store("JSESSIONID=SECRET", now());
        jar.store("route=SECRET", now());
        assert_eq!(format!("{jar:?}"), "Jar(..)");
        jar.clear();
        assert_eq!(jar.header(), None);
    }
}
