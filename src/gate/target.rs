//! Request targets, decoded once and written again with one alphabet (RFC 3986 section 6.2.2, RFC 9112 section 3.2).

/// Why a target cannot go on. The client gets its text with a 400, or a 414 for the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadTarget {
    /// Neither `/path`, nor `http://host/path`, nor `*`.
    Form,
    /// A `%` without two hexadecimal digits behind it.
    Escape,
    /// A `#`, which never belongs on the wire.
    Fragment,
    /// Longer than the bound once it is percent-encoded.
    TooLong,
}

/// Appends the canonical form of `raw` to `out`: origin-form, ASCII, everything but unreserved characters as `%XX`.
///
/// Three kinds of bytes keep their meaning and stay raw: `/` in the path, `&` and `=` in the query, and `+` in both,
/// because an old Confluence link may mean a space by it. Raw UTF-8, as some command-line clients send it, is accepted.
pub(super) fn canonical(raw: &[u8], bytes_max: usize, out: &mut Vec<u8>) -> Result<(), BadTarget> {
    let start = out.len();
    if raw == b"*" {
        out.push(b'*');
        return Ok(());
    }
    let (path, query) = split(origin_form(raw)?);
    if !path.starts_with(b"/") {
        out.push(b'/'); // absolute-form without a path, as in `http://host?query`
    }
    encode(path, b"/+", out)?;
    if let Some(query) = query {
        out.push(b'?');
        encode(query, b"&=+", out)?;
    }
    if bytes_max < out.len() - start {
        Err(BadTarget::TooLong)
    } else {
        Ok(())
    }
}

/// The authority of an absolute-form target, which counts instead of the `Host` field (RFC 9112 section 3.2.2); `None`
/// for the other forms.
pub(super) fn authority(raw: &[u8]) -> Option<&[u8]> {
    absolute(raw).map(|(authority, _)| authority)
}

/// Takes scheme and authority off an absolute-form target: we serve any host.
fn origin_form(raw: &[u8]) -> Result<&[u8], BadTarget> {
    if raw.starts_with(b"/") {
        return Ok(raw);
    }
    match absolute(raw) {
        Some((authority, rest)) if !authority.is_empty() => Ok(rest),
        Some(_) | None => Err(BadTarget::Form),
    }
}

/// Authority and the rest of a target that begins with `http://` or `https://`.
fn absolute(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    for scheme in [&b"http://"[..], b"https://"] {
        if raw.len() >= scheme.len() && raw[..scheme.len()].eq_ignore_ascii_case(scheme) {
            let rest = &raw[scheme.len()..];
            let end = rest
                .iter()
                .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
                .unwrap_or(rest.len());
            return Some(rest.split_at(end));
        }
    }
    None
}

fn split(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match target.iter().position(|&byte| byte == b'?') {
        Some(mark) => (&target[..mark], Some(&target[mark + 1..])),
        None => (target, None),
    }
}

fn encode(part: &[u8], kept: &[u8], out: &mut Vec<u8>) -> Result<(), BadTarget> {
    let mut rest = part.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|&byte| char::from(byte).to_digit(16));
                let (high, low) = (
                    digit().ok_or(BadTarget::Escape)?,
                    digit().ok_or(BadTarget::Escape)?,
                );
                push(((high << 4) | low) as u8, out);
            }
            b'#' => return Err(BadTarget::Fragment),
            byte if kept.contains(&byte) => out.push(byte),
            byte => push(byte, out),
        }
    }
    Ok(())
}

fn push(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        out.push(byte);
    } else {
        out.extend_from_slice(&[
            b'%',
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::properties;
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(raw: &str, expected: Result<&str, BadTarget>) {
        let mut out = Vec::new();
        let result = canonical(raw.as_bytes(), 64, &mut out)
            .map(|()| String::from_utf8_lossy(&out).into_owned());
        assert_eq!(result.as_deref().map_err(|e| *e), expected, "target: {raw}");
    }

    #[test]
    fn every_spelling_of_a_target_has_one_canonical_form() {
        check("/", Ok("/"));
        check("*", Ok("*"));
        check("/a%20b.png", Ok("/a%20b.png"));
        check("/%61(1)%2e.png", Ok("/a%281%29..png"));
        check("/图", Ok("/%E5%9B%BE"));
        check("/%e5%9b%be", Ok("/%E5%9B%BE"));
        check("/a+b%2Bc", Ok("/a+b%2Bc"));
        check("/a%2Fb", Ok("/a%2Fb"));
        check("/a;b=c&d", Ok("/a%3Bb%3Dc%26d"));
        check("/a?b=c&d=%26+e?/", Ok("/a?b=c&d=%26+e%3F%2F"));
        check("/100%25.png", Ok("/100%25.png"));
        check("/a%00b", Ok("/a%00b"));
        check("http://host:8080/a?b", Ok("/a?b"));
        check("HTTPS://host", Ok("/"));
        check("http://host?b", Ok("/?b"));
    }

    #[test]
    fn what_is_no_target_is_refused_with_its_reason() {
        check("", Err(BadTarget::Form));
        check("host:443", Err(BadTarget::Form));
        check("ftp://host/a", Err(BadTarget::Form));
        check("http:///a", Err(BadTarget::Form));
        check("/100%", Err(BadTarget::Escape));
        check("/100%2", Err(BadTarget::Escape));
        check("/%zz", Err(BadTarget::Escape));
        check("/%+1", Err(BadTarget::Escape));
        check("/a#b", Err(BadTarget::Fragment));
        check(&format!("/{}", "图".repeat(10)), Err(BadTarget::TooLong));
    }

    proptest! {
        #[test]
        fn canonical_targets_are_ascii_and_stay_as_they_are(raw in proptest::collection::vec(any::<u8>(), 0..80)) {
            properties::target(&[&b"/"[..], &raw].concat());
            properties::target(&raw);
        }
    }
}
