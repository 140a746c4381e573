//! Cloud keeps the bytes of attachments on other hosts: follows the addresses that Confluence signs, by hand and bare.
//!
//! Nothing of the account goes with it: no `Authorization`, no cookie, and another agent than Confluence's, which has
//! neither. At most [`HOPS_MAX`] redirects, https only, never into a private network. The addresses are secrets, since
//! whoever has one can read the file: none is kept, logged or handed on.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use ureq::Agent;
use ureq::http::{Request, Uri};

use super::answer::{Asked, Head, Kind, Verdict, meta, wants_body};
use super::call::call;
use super::download::{Download, Incoming};
use super::error::{Away, Hop, UpstreamError};
use super::redirect::Location;
use super::resolver::is_public;

/// Redirects that are followed from Confluence's own answer to the bytes.
const HOPS_MAX: usize = 3;

/// Longest address that is asked, in bytes: the request line must fit into the agent's write buffer.
const ADDRESS_BYTES_MAX: usize = 7 * 1024;

/// Last labels of names that never mean a host of the internet (RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`).
const PRIVATE_DOMAINS: [&str; 9] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "corp",
    "home",
    "lan",
    "arpa",
];

/// Follows signed addresses.
pub(super) struct Hopper {
    pub(super) agent: Agent,
    /// Whether only encrypted and public hosts are asked; not so for a Confluence that itself is asked over http.
    pub(super) is_strict: bool,
    pub(super) interrupted: Arc<AtomicBool>,
}

impl Hopper {
    /// Fetches the bytes of the file `name` from where Confluence points. Blocks until its head and first bytes are
    /// judged good.
    ///
    /// # Errors
    /// [`UpstreamError::Hop`] for an address that may not be asked, [`UpstreamError::Media`] for an answer that is
    /// not the file, and what comes of connections.
    pub(super) fn fetch(&self, location: Location, name: &str) -> Result<Download, UpstreamError> {
        let mut uri = next(location.reveal(), None, self.is_strict)?;
        for _ in 0..HOPS_MAX {
            match self.hop(&uri, name)? {
                Landing::File(download) => return Ok(*download),
                Landing::Elsewhere(location) => {
                    uri = next(location.reveal(), Some(&uri), self.is_strict)?;
                }
            }
        }
        Err(UpstreamError::Hop(Hop::TooMany))
    }

    fn hop(&self, uri: &Uri, name: &str) -> Result<Landing, UpstreamError> {
        let response = call(&self.agent, &self.interrupted, || {
            let mut request = Request::new(());
            *request.uri_mut() = uri.clone();
            request
        })
        .map_err(away)?;
        let head = Head::of(&response, SystemTime::now());
        let asked = Asked {
            kind: Kind::Media { name },
            host: "",
            path: "",
        };
        let mut incoming = Incoming::new(response, self.interrupted.clone());
        match head.judge(&asked, &[]) {
            Ok(Verdict::Elsewhere) => {
                incoming.read_reason(); // nothing: but then the connection is free
                Ok(Landing::Elsewhere(Location::of(&head.headers)))
            }
            Ok(Verdict::Content | Verdict::Unchanged) => {
                let start = incoming.read_judged()?;
                head.judge(&asked, &start)?;
                let download = Download::new(meta(&head.headers), start, incoming);
                Ok(Landing::File(Box::new(download)))
            }
            Err(error) => {
                if wants_body(&error, &head.headers) {
                    incoming.read_reason();
                }
                Err(error)
            }
        }
    }
}

/// What keeps us from a media host is not the operator's address of Confluence.
fn away(error: UpstreamError) -> UpstreamError {
    match error {
        UpstreamError::Unreachable(obstacle) => {
            UpstreamError::MediaAway(Away::Unreachable(obstacle))
        }
        UpstreamError::TimedOut { .. } => UpstreamError::MediaAway(Away::Silent),
        other => other,
    }
}

enum Landing {
    File(Box<Download>),
    Elsewhere(Location),
}

/// The address of the next hop. `from` is the one that pointed there, for a target without a host of its own.
fn next(location: &str, from: Option<&Uri>, is_strict: bool) -> Result<Uri, UpstreamError> {
    let refuse = |hop| Err(UpstreamError::Hop(hop));
    if ADDRESS_BYTES_MAX < location.len() {
        return refuse(Hop::Address);
    }
    let bare = location.split('#').next().unwrap_or_default();
    let absolute = match (bare.starts_with('/') && !bare.starts_with("//"), from) {
        (true, Some(from)) => {
            let scheme = from.scheme_str().unwrap_or_default();
            let authority = from.authority().map_or("", |authority| authority.as_str());
            format!("{scheme}://{authority}{bare}")
        }
        _ => bare.to_owned(),
    };
    let Ok(uri) = absolute.parse::<Uri>() else {
        return refuse(Hop::Address);
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refuse(Hop::Address);
    };
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return refuse(Hop::Address);
    }
    match scheme {
        "https" => {}
        "http" if !is_strict => {}
        "http" => return refuse(Hop::Plain),
        _ => return refuse(Hop::Address),
    }
    // The resolver judges the addresses of names as well, but is not asked when an outbound proxy looks them up.
    if is_strict && !is_public_host(authority.host()) {
        return refuse(Hop::Private);
    }
    Ok(uri)
}

/// Whether a host can be one of the internet by how it is written: a public address, or a name below a public domain.
fn is_public_host(host: &str) -> bool {
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return is_public(address);
    }
    let Some((_, last)) = host.rsplit_once('.') else {
        return false; // a neighbour, or an address as one number
    };
    // No domain begins with a digit: this would be an address in an old notation.
    let is_domain = last.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_private = PRIVATE_DOMAINS
        .iter()
        .any(|domain| last.eq_ignore_ascii_case(domain));
    is_domain && !is_private
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(location: &str, from: Option<&str>, is_strict: bool, expected: Result<&str, Hop>) {
        let from = from.map(|from| from.parse::<Uri>().expect("an address"));
        let found = next(location, from.as_ref(), is_strict).map(|uri| uri.to_string());
        let expected = expected.map(str::to_owned).map_err(UpstreamError::Hop);
        assert_eq!(found, expected, "location: {location}");
    }

    #[test]
    fn only_encrypted_and_public_hosts_are_asked() {
        let media = "https://api.media.example/file/1/binary?token=abc&x=1";
        check(media, None, true, Ok(media));
        check(
            "https://media.example",
            None,
            true,
            Ok("https://media.example/"),
        );
        check(
            "https://media.example/a#top",
            None,
            true,
            Ok("https://media.example/a"),
        );
        for plain in ["http://media.example/a", "HTTP://media.example/a"] {
            check(plain, None, true, Err(Hop::Plain));
        }
        for private in [
            "https://127.0.0.1/a",
            "https://10.0.0.1:8443/a",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/a",
            "https://[::ffff:10.0.0.1]/a",
            "https://[fd00::1]/a",
            "https://intranet/a",
            "https://localhost/a",
            "https://db.LOCALHOST:8443/a",
            "https://metadata.google.internal/a",
            "https://printer.local/a",
            "https://nas.home.arpa/a",
            "https://2130706433/a",
            "https://0x7f000001/a",
            "https://127.1/a",
            "https://10.0.0x1/a",
            "https://10.0.0.1./a",
        ] {
            check(private, None, true, Err(Hop::Private));
        }
        for odd in [
            "",
            "/relative",
            "relative",
            "//media.example/a",
            "ftp://media.example/a",
            "file:///etc/passwd",
            "https://",
            "https://me:secret@media.example/a",
            "https://media.example@evil.example/a",
            "https://media.example/a b",
            "javascript:alert(1)",
            &format!("https://media.example/{}", "x".repeat(ADDRESS_BYTES_MAX)),
        ] {
            check(odd, None, true, Err(Hop::Address));
        }
    }

    #[test]
    fn a_target_without_a_host_stays_at_the_one_that_sent_it() {
        let from = Some("https://media.example:8443/a?token=1");
        check("/b?x=1", from, true, Ok("https://media.example:8443/b?x=1"));
        check("//other.example/b", from, true, Err(Hop::Address));
        check("b", from, true, Err(Hop::Address));
    }

    #[test]
    fn a_sample_confluence_on_this_host_may_point_to_this_host() {
        let local = "http://127.0.0.1:1234/file/1";
        check(local, None, false, Ok(local));
        check("ftp://127.0.0.1/", None, false, Err(Hop::Address));
    }
}
