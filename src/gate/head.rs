//! Request heads: found in a client's bytes, vetted, and written again small and canonical (pure).
//!
//! This file is why nothing a client sends can harm what stands behind the link: what passes is ASCII, HTTP/1.1,
//! bodiless, origin-form, has at most the fields of [`FORWARDED`] and those of deeds, and carries our ticket.

use std::mem::MaybeUninit;

use super::authority;
use super::client::Client;
use super::form;
use super::framing::{Vetted, vet_fields};
use super::fronts::Caller;
use super::refusal::Refusal;
use super::target;
use super::ticket::Ticket;

/// Longest request head in bytes, empty line included: what nginx and Apache allow lies at 8 to 32 KiB.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Longest request target in bytes, raw or canonical.
const TARGET_BYTES_MAX: usize = 8 * 1024;

/// Most header fields of one request.
const FIELDS_MAX: usize = 100;

/// Longest value of a forwarded field in bytes; a longer one is left out, as if the client had not sent it. Ranges and
/// lists of entity tags that are longer come from no browser.
const FORWARDED_BYTES_MAX: usize = 2 * 1024;

/// The field that carries over the link what every request has: its ticket, the client's address and the host it is
/// for, if it names one. One field and not two: tiny_http reads byte by byte and copies each field half a dozen times.
/// A client cannot send it: it is not forwarded.
pub const TICKET_FIELD: &str = "T";

/// The only other client fields that cross the link, each with its reader.
pub const FORWARDED: [&str; 7] = [
    "Range",             // reply/: which bytes
    "If-Range",          // reply/: only if unchanged
    "If-None-Match",     // reply/: 304
    "If-Modified-Since", // reply/: 304
    "Cache-Control",     // worker/: a copy that was confirmed just now
    "Accept",            // reply/: problem+json or plain text
    "Accept-Language",   // web/: English or Chinese
];

/// Crosses the link for POST and DELETE only: browsers say by it which site wants that, and programs do not send it.
pub const ORIGIN_FIELD: &str = "Origin";

/// What was found at the start of a client's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A head of this many bytes, empty line included, after this many bytes of leading empty lines.
    Head { start: usize, end: usize },
    /// Nothing complete yet.
    Partial,
    /// It cannot become a head any more.
    Bad(Refusal),
}

/// Looks for a complete head. `seen` bytes were looked at before without finding one, so a dripping client does not
/// make us read everything again.
pub(super) fn find(bytes: &[u8], seen: usize) -> Found {
    let start = bytes
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    if let Some(first) = bytes.get(start)
        && !first.is_ascii_alphabetic()
    {
        return Found::Bad(Refusal::Malformed(
            "this is not an HTTP request (is it TLS on the plain port?)",
        ));
    }
    let from = seen.saturating_sub(3).max(start);
    for (at, _) in bytes
        .iter()
        .enumerate()
        .skip(from)
        .filter(|(_, byte)| **byte == b'\n')
    {
        if at == 0 || bytes[at - 1] != b'\r' {
            return Found::Bad(Refusal::Malformed(
                "a line of the request head ends without a carriage return",
            ));
        }
        if start + 4 <= at && bytes[at - 3..at] == *b"\r\n\r" {
            return match at + 1 - start {
                length if HEAD_BYTES_MAX < length => Found::Bad(Refusal::HeadTooLarge),
                _ => Found::Head { start, end: at + 1 },
            };
        }
    }
    // One more for the carriage return: a longer first line holds a target beyond its bound, whatever follows.
    let first_line_open = !bytes[start..].contains(&b'\n');
    if first_line_open && TARGET_BYTES_MAX + 64 < bytes.len() - start {
        return Found::Bad(Refusal::TargetTooLong);
    }
    // Leading empty lines count as well, or a client that sends nothing else would be kept for ever.
    if HEAD_BYTES_MAX <= bytes.len() {
        Found::Bad(Refusal::HeadTooLarge)
    } else {
        Found::Partial
    }
}

/// Vets one complete head, with the form behind it, and appends its canonical form to `link`. On refusal `link` is as it
/// was. The caller knows afterwards for whom it has asked.
pub(super) fn vet(
    head: &[u8],
    form: &[u8],
    ticket: Ticket,
    caller: &mut Caller,
    link: &mut Vec<u8>,
) -> Result<Vetted, Refusal> {
    let start = link.len();
    let result = vet_onto(head, form, ticket, caller, link);
    if result.is_err() {
        link.truncate(start);
    }
    result
}

/// Appends the head of a probe: the smallest that crosses the link.
pub(super) fn put_probe(ticket: Ticket, client: Client, link: &mut Vec<u8>) {
    for part in ["OPTIONS * HTTP/1.1\r\n", TICKET_FIELD, ": "] {
        link.extend_from_slice(part.as_bytes());
    }
    ticket.put(link);
    link.push(b' ');
    client.put(link);
    link.extend_from_slice(b"\r\n\r\n");
}

fn vet_onto(
    head: &[u8],
    form: &[u8],
    ticket: Ticket,
    caller: &mut Caller,
    link: &mut Vec<u8>,
) -> Result<Vetted, Refusal> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut fields) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => {
            return Err(Refusal::Malformed("the request head is incomplete"));
        }
        Err(error) => return Err(parse_refusal(error, head)),
    }
    let (Some(method), Some(raw_target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return Err(Refusal::Malformed("the request line is incomplete"));
    };
    // First of all, so that the log knows whose request it was that is refused.
    let client = caller.ask(
        request
            .headers
            .iter()
            .map(|field| (field.name, field.value)),
    );
    let is_post = method == "POST";
    if !is_post && !matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS") {
        return Err(Refusal::Method);
    }
    if TARGET_BYTES_MAX < raw_target.len() {
        return Err(Refusal::TargetTooLong);
    }
    if raw_target == "*" && method != "OPTIONS" {
        return Err(Refusal::Malformed("the target * goes with OPTIONS only"));
    }
    let authority = target::authority(raw_target.as_bytes());
    if !authority.is_none_or(authority::is_valid) {
        return Err(Refusal::Malformed(
            "the host in the request target is malformed",
        ));
    }
    let old = version == 0;
    let vetted = vet_fields(request.headers, old, is_post)?;
    link.extend_from_slice(method.as_bytes());
    link.push(b' ');
    target::canonical(raw_target.as_bytes(), TARGET_BYTES_MAX, link)?;
    for part in [" HTTP/1.1\r\n", TICKET_FIELD, ": "] {
        link.extend_from_slice(part.as_bytes());
    }
    ticket.put(link);
    link.push(b' ');
    client.put(link);
    let host = authority.or_else(|| host(request.headers)).unwrap_or(b"");
    if !host.is_empty() && host.len() <= FORWARDED_BYTES_MAX {
        link.push(b' ');
        link.extend_from_slice(host);
    }
    link.extend_from_slice(b"\r\n");
    for field in request.headers.iter() {
        forward(field, is_post || method == "DELETE", link)?;
    }
    form::put(form, link)?;
    link.extend_from_slice(b"\r\n");
    Ok(vetted)
}

fn parse_refusal(error: httparse::Error, head: &[u8]) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::TooManyFields,
        httparse::Error::HeaderName if is_folded(head) => Refusal::Malformed(
            "a line of the request head begins with a space; folded header fields are not accepted",
        ),
        httparse::Error::HeaderName => {
            Refusal::Malformed("a header field name holds a forbidden character")
        }
        httparse::Error::HeaderValue => {
            Refusal::Malformed("a header field value holds a forbidden character")
        }
        httparse::Error::Version if words(head).count() == 3 => match words(head).next_back() {
            Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor])
                if major.is_ascii_digit() && minor.is_ascii_digit() =>
            {
                Refusal::Version
            }
            Some(_) | None => {
                Refusal::Malformed("the request line must end with HTTP/1.1 or HTTP/1.0")
            }
        },
        httparse::Error::Version
        | httparse::Error::NewLine
        | httparse::Error::Status
        | httparse::Error::Token
            if words(head).count() < 3 =>
        {
            Refusal::Malformed(
                "the request line must be METHOD TARGET HTTP/1.1, as HTTP/0.9 is not spoken here",
            )
        }
        httparse::Error::Version
        | httparse::Error::NewLine
        | httparse::Error::Status
        | httparse::Error::Token => Refusal::Malformed(
            "the request line is malformed; percent-encode spaces and other special characters",
        ),
    }
}

/// Whether a line goes on in the next one (RFC 9112 section 5.2).
fn is_folded(head: &[u8]) -> bool {
    head.windows(3)
        .any(|bytes| matches!(bytes, b"\r\n " | b"\r\n\t"))
}

/// The words of the request line; a space in the target makes more than three.
fn words(head: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    line.split(|byte| *byte == b' ')
}

fn host<'a>(fields: &[httparse::Header<'a>]) -> Option<&'a [u8]> {
    let mut fields = fields.iter();
    let host = fields.find(|field| field.name.eq_ignore_ascii_case("Host"))?;
    Some(host.value)
}

fn forward(field: &httparse::Header<'_>, is_deed: bool, link: &mut Vec<u8>) -> Result<(), Refusal> {
    let of_deeds = is_deed.then_some(&ORIGIN_FIELD);
    let mut names = FORWARDED.iter().chain(of_deeds);
    let Some(name) = names.find(|name| name.eq_ignore_ascii_case(field.name)) else {
        return Ok(());
    };
    let value = field.value.trim_ascii();
    if value
        .iter()
        .any(|byte| !(byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t')))
    {
        return Err(Refusal::Malformed(
            "a header field that is used here holds a byte that is not ASCII",
        ));
    }
    if value.is_empty() || FORWARDED_BYTES_MAX < value.len() || is_default(name, value) {
        return Ok(());
    }
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        link.extend_from_slice(part);
    }
    Ok(())
}

/// Whether a field says what its absence says too: everything is acceptable (RFC 9110 section 12.5.1).
fn is_default(name: &str, value: &[u8]) -> bool {
    name == "Accept" && value == b"*/*"
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
