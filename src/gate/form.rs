//! Forms: the only bodies that are taken (pure). What a browser sends for a form is ASCII without spaces, so it crosses
//! the link as one field of a head that has no body, and what stands behind the link need not know of bodies.

use super::refusal::Refusal;

/// Longest form in bytes, as it is sent: a document of some tens of printed pages. It is held whole, like a head.
pub(super) const FORM_BYTES_MAX: usize = 256 * 1024;

/// The field that carries a form over the link. A client cannot send it: it is not forwarded.
pub const FORM_FIELD: &str = "Form";

/// The media type of a form.
const MEDIA_TYPE: &[u8] = b"application/x-www-form-urlencoded";

/// What a client that waits for it gets before it sends its form (RFC 9110 section 15.2.1).
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How many bytes of a form follow a complete head. 0 as well where the head says something that is refused anyway.
pub(super) fn length(head: &[u8]) -> usize {
    if !head.starts_with(b"POST ") {
        return 0;
    }
    let length = field(head, b"Content-Length").and_then(|value| {
        let digits = std::str::from_utf8(value).ok()?;
        digits.parse().ok()
    });
    length
        .filter(|length| *length <= FORM_BYTES_MAX)
        .unwrap_or(0)
}

/// Whether the client sends its form only when it is told to. HTTP/1.0 knows nothing of that, and whoever speaks it would
/// take the word for the answer (RFC 9110 section 10.1.1).
pub(super) fn is_held_back(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next();
    let is_new = line.is_some_and(|line| line.ends_with(b" HTTP/1.1"));
    is_new
        && field(head, b"Expect").is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
}

/// The value of the first field of this name in a head that is not vetted yet.
fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n')
        .find_map(|line| {
            let (before, value) = line.split_at_checked(name.len())?;
            let value = value.strip_prefix(b":")?;
            before.eq_ignore_ascii_case(name).then_some(value)
        })
        .map(<[u8]>::trim_ascii)
}

/// Whether a `Content-Type` is that of a form, whatever its parameters.
pub(super) fn is_form(media_type: &[u8]) -> bool {
    let name = media_type.split(|byte| *byte == b';').next();
    name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE))
}

/// Appends a form to the head on the link.
pub(super) fn put(form: &[u8], link: &mut Vec<u8>) -> Result<(), Refusal> {
    if !form.iter().all(u8::is_ascii_graphic) {
        return Err(Refusal::Malformed(
            "a form must be percent-encoded, as browsers and curl --data-urlencode do",
        ));
    }
    if !form.is_empty() {
        for part in [FORM_FIELD.as_bytes(), b": ", form, b"\r\n"] {
            link.extend_from_slice(part);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_as_long_as_its_head_says() {
        let most = format!("POST / HTTP/1.1\r\ncontent-length: {FORM_BYTES_MAX}\r\n\r\n");
        let more = format!(
            "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
            FORM_BYTES_MAX + 1
        );
        for (head, expected) in [
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n", 7),
            (&most, FORM_BYTES_MAX),
            (&more, 0),
            ("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 0),
            ("POST / HTTP/1.1\r\nX-Content-Length: 7\r\n\r\n", 0),
            ("POST / HTTP/1.1\r\n\r\n", 0),
            ("GET / HTTP/1.1\r\nContent-Length: 7\r\n\r\n", 0),
        ] {
            assert_eq!(length(head.as_bytes()), expected, "{head}");
        }
    }

    #[test]
    fn only_who_waits_for_it_is_told_to_go_on() {
        for (head, expected) in [
            ("POST / HTTP/1.1\r\nexpect: 100-Continue\r\n\r\n", true),
            ("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", false),
            ("POST / HTTP/1.1\r\n\r\n", false),
        ] {
            assert_eq!(is_held_back(head.as_bytes()), expected, "{head}");
        }
    }

    #[test]
    fn forms_are_told_by_their_media_type() {
        for (media_type, expected) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded ; charset=UTF-8", true),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            assert_eq!(is_form(media_type.as_bytes()), expected, "{media_type}");
        }
    }

    #[test]
    fn a_form_becomes_one_line_or_is_refused() {
        for (form, expected) in [
            (&b"text=a+b%0D%0A"[..], Some("Form: text=a+b%0D%0A\r\n")),
            (b"", Some("")),
            (b"a b", None),
            (b"a\r\nb", None),
            (b"a\xc3\xa9", None),
        ] {
            let mut link = Vec::new();
            let is_put = put(form, &mut link).is_ok();
            let link = String::from_utf8_lossy(&link);
            assert_eq!(is_put.then_some(&*link), expected, "{form:?}");
        }
    }
}
