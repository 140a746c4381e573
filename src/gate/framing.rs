//! Where a request ends, and whether another may follow: what its fields say about framing and connection (pure).

use super::authority;
use super::form;
use super::refusal::Refusal;

/// What the gate itself must remember of a request that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vetted {
    /// Whether the client may send another request on this connection.
    pub(super) keep_alive: bool,
    /// HTTP/1.0: no chunked framing, and keep-alive must be said.
    pub(super) old: bool,
}

/// Judges what decides about framing and connection (RFC 9112 sections 3.2, 6, 9.3).
pub(super) fn vet_fields(
    fields: &[httparse::Header<'_>],
    old: bool,
    is_post: bool,
) -> Result<Vetted, Refusal> {
    let mut framing = Framing::default();
    for field in fields {
        framing.add(field)?;
    }
    if 1 < framing.lengths {
        return Err(Refusal::Malformed("the Content-Length field is repeated"));
    }
    if framing.encodings != 0 && (framing.lengths != 0 || old) {
        return Err(Refusal::Malformed(
            "Transfer-Encoding cannot stand beside Content-Length or in HTTP/1.0",
        ));
    }
    if framing.encodings != 0 && !framing.chunked {
        return Err(Refusal::Malformed(
            "the last Transfer-Encoding must be chunked",
        ));
    }
    if 1 < framing.hosts || (framing.hosts == 0 && !old) {
        return Err(Refusal::Malformed(
            "HTTP/1.1 requires exactly one Host field",
        ));
    }
    if framing.has_body {
        framing.vet_body(is_post)?;
    }
    let keep_alive = !framing.close && (framing.keep_alive || !old);
    Ok(Vetted { keep_alive, old })
}

/// What the fields say about the request's framing and the connection.
#[derive(Default)]
struct Framing {
    hosts: usize,
    lengths: usize,
    encodings: usize,
    /// Whether chunked is the last of the encodings, without which nobody knows where the body ends.
    chunked: bool,
    has_body: bool,
    /// Whether the body is a form.
    is_form: bool,
    /// The announced length in bytes; `None` for one that no form has.
    length: Option<usize>,
    close: bool,
    keep_alive: bool,
}

impl Framing {
    /// A body must be a form whose length is known.
    fn vet_body(&self, is_post: bool) -> Result<(), Refusal> {
        if !is_post || self.encodings != 0 {
            return Err(Refusal::Body);
        }
        if !self.is_form {
            return Err(Refusal::MediaType);
        }
        match self.length {
            Some(length) if length <= form::FORM_BYTES_MAX => Ok(()),
            Some(_) | None => Err(Refusal::FormTooLarge),
        }
    }

    fn add(&mut self, field: &httparse::Header<'_>) -> Result<(), Refusal> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        if is("Host") {
            self.hosts += 1;
            if !authority::is_valid(field.value) {
                return Err(Refusal::Malformed("the Host field is malformed"));
            }
        } else if is("Content-Length") {
            self.lengths += 1;
            self.has_body |= field.value.iter().any(|digit| *digit != b'0');
            let digits = std::str::from_utf8(field.value);
            self.length = digits.ok().and_then(|digits| digits.parse().ok());
            if field.value.is_empty() || !field.value.iter().all(u8::is_ascii_digit) {
                return Err(Refusal::Malformed(
                    "the Content-Length field is not a number",
                ));
            }
        } else if is("Content-Type") {
            self.is_form = form::is_form(field.value);
        } else if is("Transfer-Encoding") {
            self.encodings += 1;
            self.has_body = true;
            let last = field.value.rsplit(|byte| *byte == b',').next();
            self.chunked =
                last.is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        } else if is("Expect") {
            if !field.value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal::Expectation);
            }
        } else if is("Connection") {
            for option in field
                .value
                .split(|byte| *byte == b',')
                .map(<[u8]>::trim_ascii)
            {
                self.close |= option.eq_ignore_ascii_case(b"close");
                self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        Ok(())
    }
}
