//! Whose a link is: an address that others lie below.

/// Atlassian's gateway serves a site under an address that nobody sees; people have the links of the site.
const GATEWAY: &str = "api.atlassian.com";
/// What the hosts of Atlassian's sites end in.
const SITES: &str = ".atlassian.net";
/// Where a site has Confluence.
const SITE_PATH: &str = "/wiki";

/// `http://host/path`, below which all links of one service lie.
#[derive(Clone, Debug)]
pub(super) struct Base {
    authority: String,
    path: String,
}

/// How a link lies to a [`Base`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Side<'a> {
    /// Below it: what is behind the base, which is empty or begins with `/`, `?` or `#`.
    Below(&'a str),
    /// On the same host.
    Beside,
    /// On another host.
    Elsewhere,
}

impl Base {
    /// Takes an absolute address without a query; a slash at its end does not count.
    pub(super) fn new(url: &str) -> Base {
        let (authority, path) = split(url).unwrap_or_default();
        Base {
            authority,
            path: path.trim_end_matches('/').to_owned(),
        }
    }

    /// The path of the base: empty, or with a leading slash.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether a link without a scheme begins with the host of this base.
    pub(super) fn is_host_of(&self, link: &str) -> bool {
        let length = self.authority.len();
        let host = link.get(..length);
        let is_same = host.is_some_and(|host| host.eq_ignore_ascii_case(&self.authority));
        is_same && matches!(link.as_bytes().get(length), None | Some(b'/' | b'?' | b'#'))
    }

    /// Looks where an absolute link leads. `http` or `https` is all the same, and so is how the host is written.
    pub(super) fn side<'a>(&self, link: &'a str) -> Side<'a> {
        let Some((authority, rest)) = split(link) else {
            return Side::Elsewhere;
        };
        let path = if authority == self.authority {
            &*self.path
        } else if self.authority == GATEWAY && authority.ends_with(SITES) {
            SITE_PATH
        } else {
            return Side::Elsewhere;
        };
        match rest.strip_prefix(path) {
            Some(below) if below.is_empty() || below.starts_with(['/', '?', '#']) => {
                Side::Below(below)
            }
            Some(_) | None => Side::Beside,
        }
    }
}

/// What stands behind the scheme of an absolute link; `None` for all but `http` and `https`.
pub(super) fn behind_scheme(link: &str) -> Option<(&str, &str)> {
    [("https://", ":443"), ("http://", ":80")]
        .into_iter()
        .find_map(|(scheme, port)| {
            let start = link.get(..scheme.len())?;
            let same = start.eq_ignore_ascii_case(scheme);
            same.then(|| (&link[scheme.len()..], port))
        })
}

/// The authority in one way of writing, without a login and the usual port, and what is behind it.
fn split(link: &str) -> Option<(String, &str)> {
    let (rest, usual_port) = behind_scheme(link)?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default(); // whoever pastes a login does not get it back
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(usual_port).unwrap_or(&host);
    Some((host.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_link_is_below_its_base_however_the_host_is_written() {
        use Side::{Below, Beside, Elsewhere};
        for (base, link, expected) in [
            ("https://wiki.example.com", "https://wiki.example.com/a?b#c", Below("/a?b#c")),
            ("https://wiki.example.com", "HTTP://Wiki.Example.COM:80/a", Below("/a")),
            ("https://wiki.example.com", "https://wiki.example.com", Below("")),
            ("https://wiki.example.com", "https://wiki.example.com?a", Below("?a")),
            ("https://wiki.example.com", "https://me:word@wiki.example.com:443/a", Below("/a")),
            ("https://wiki.example.com", "https://wiki.example.com@evil.example/a", Elsewhere),
            ("https://wiki.example.com", "https://wiki.example.com.evil.example/a", Elsewhere),
            ("https://wiki.example.com", "https://wiki.example.com:8443/a", Elsewhere),
            ("https://wiki.example.com", "https://wiki.example.com\\@evil.example/a", Beside),
            ("https://wiki.example.com", "ftp://wiki.example.com/a", Elsewhere),
            ("https://wiki.example.com", "/a", Elsewhere),
            ("http://wiki:8090/confluence/", "https://wiki:8090/confluence/a", Below("/a")),
            ("http://wiki:8090/confluence", "http://wiki:8090/confluence", Below("")),
            ("http://wiki:8090/confluence", "http://wiki:8090/confluences/a", Beside),
            ("http://wiki:8090/confluence", "http://wiki:8090/a", Beside),
            ("http://wiki:8090/confluence", "http://wiki/confluence/a", Elsewhere),
            ("https://x.atlassian.net/wiki", "https://x.atlassian.net/wiki/a", Below("/a")),
            ("https://x.atlassian.net/wiki", "https://y.atlassian.net/wiki/a", Elsewhere),
            ("https://api.atlassian.com/ex/confluence/1/wiki", "https://x.atlassian.net/wiki/a", Below("/a")),
            ("https://api.atlassian.com/ex/confluence/1/wiki", "https://x.atlassian.net/browse/A-1", Beside),
            ("https://api.atlassian.com/ex/confluence/1/wiki", "https://api.atlassian.com/ex/confluence/1/wiki/a", Below("/a")),
            ("http://[::1]:80", "http://[::1]/a", Below("/a")),
        ] {
            assert_eq!(Base::new(base).side(link), expected, "{link} to {base}");
        }
    }
}
