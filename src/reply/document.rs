//! Answers that are no attachments: the pages of the service itself, preflights, purges.

use std::time::SystemTime;

use ring::digest::{SHA256, digest};

use super::etag::{self, Tag};
use super::head::Head;
use super::payload::{Note, Payload, Reply};
use super::wish::Wish;
use crate::attachment::Digest;

/// Room for a head in bytes.
const HEAD_BYTES: usize = 768;

/// For what names no policy of its own, which is text, JSON and a picture: nothing loads, nothing runs, nothing frames it.
const SECURITY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const CONSTANT: &str = "Cache-Control: no-cache\r\n\
    Vary: Accept, Accept-Language\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Frame-Options: DENY\r\n\
    Referrer-Policy: no-referrer\r\n";

/// Other sites may read, never purge: their scripts run in the browsers of people who are allowed to.
const PREFLIGHT: &str = "Access-Control-Allow-Origin: *\r\n\
    Access-Control-Allow-Methods: GET, HEAD\r\n\
    Access-Control-Allow-Headers: Accept, Cache-Control, If-Modified-Since, If-None-Match, If-Range, Range\r\n\
    Access-Control-Max-Age: 86400\r\n";

/// A page of the service itself.
#[derive(Debug)]
pub struct Document<'a> {
    /// The status code.
    pub status: u16,
    /// `Content-Type`, with the charset.
    pub media_type: &'static str,
    /// Its text.
    pub body: Vec<u8>,
    /// `Content-Security-Policy`; `None` allows nothing.
    pub security: Option<&'a str>,
}

/// Answers with a page, which may not be framed and is asked for again each time.
pub fn document(wish: &Wish, document: Document<'_>, now: SystemTime) -> Reply {
    with_tag(wish, document, None, now)
}

/// The same for a page that seldom changes: it carries an entity tag, and who has it already gets 304.
pub fn tagged_document(wish: &Wish, document: Document<'_>, now: SystemTime) -> Reply {
    let mut sum = Digest::default();
    sum.copy_from_slice(digest(&SHA256, &document.body).as_ref());
    let tag = Tag::new(&sum);
    let known = wish.if_none_match.as_deref().and_then(etag::list);
    if known.is_some_and(|list| list.matches(Some(&tag))) {
        let mut head = Head::new(304, now, HEAD_BYTES);
        head.line("ETag", |out| out.extend_from_slice(tag.as_bytes()));
        head.field("Cache-Control", "no-cache");
        head.field("Vary", "Accept, Accept-Language");
        return reply(wish, 304, head, Payload::Empty, "page");
    }
    with_tag(wish, document, Some(&tag), now)
}

fn with_tag(wish: &Wish, document: Document<'_>, tag: Option<&Tag>, now: SystemTime) -> Reply {
    let mut head = Head::new(document.status, now, HEAD_BYTES);
    head.field("Content-Type", document.media_type);
    head.number("Content-Length", document.body.len() as u64);
    head.field(
        "Content-Security-Policy",
        document.security.unwrap_or(SECURITY),
    );
    if let Some(tag) = tag {
        head.line("ETag", |out| out.extend_from_slice(tag.as_bytes()));
    }
    head.lines(CONSTANT);
    let payload = if wish.head {
        Payload::Empty
    } else {
        Payload::Text(document.body)
    };
    reply(wish, document.status, head, payload, "page")
}

/// Answers OPTIONS, and with it the preflights of browsers.
pub fn options(wish: &Wish, allow: &str, now: SystemTime) -> Reply {
    let mut head = Head::new(204, now, HEAD_BYTES);
    head.field("Allow", allow);
    head.lines(PREFLIGHT);
    reply(wish, 204, head, Payload::Empty, "options")
}

/// Answers that something was done and there is nothing to show.
pub fn no_content(wish: &Wish, now: SystemTime) -> Reply {
    let mut head = Head::new(204, now, HEAD_BYTES);
    head.field("Cache-Control", "no-store");
    reply(wish, 204, head, Payload::Empty, "purge")
}

fn reply(wish: &Wish, status: u16, head: Head, payload: Payload, from: &'static str) -> Reply {
    Reply {
        status,
        head: head.into_bytes(),
        payload,
        note: Note {
            subject: wish.subject.clone(),
            from,
            is_routine: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const DATE: &str = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";

    fn page(security: Option<&str>) -> Document<'_> {
        Document {
            status: 200,
            media_type: "text/html; charset=utf-8",
            body: b"<p>".to_vec(),
            security,
        }
    }

    #[test]
    fn a_page_carries_its_policy_and_head_carries_its_length() {
        let mut wish = Wish::plain("s".into());
        for (security, said) in [(None, SECURITY), (Some("default-src x"), "default-src x")] {
            for head in [false, true] {
                wish.head = head;
                let reply = document(&wish, page(security), UNIX_EPOCH);
                assert_eq!(
                    String::from_utf8_lossy(&reply.head),
                    format!(
                        "HTTP/1.1 200 OK\r\n{DATE}Content-Type: text/html; charset=utf-8\r\n\
                         Content-Length: 3\r\nContent-Security-Policy: {said}\r\n{CONSTANT}"
                    )
                );
                match reply.payload {
                    Payload::Empty => assert!(head),
                    Payload::Text(body) => assert!(!head && body == b"<p>"),
                    other => panic!("unexpected payload: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn answers_without_content_have_no_length_and_no_foreign_purge() {
        let wish = Wish::plain("s".into());
        let preflight = options(&wish, "GET, HEAD, DELETE, OPTIONS", UNIX_EPOCH);
        assert_eq!(
            String::from_utf8_lossy(&preflight.head),
            format!(
                "HTTP/1.1 204 No Content\r\n{DATE}Allow: GET, HEAD, DELETE, OPTIONS\r\n{PREFLIGHT}"
            )
        );
        assert!(!PREFLIGHT.contains("DELETE"));
        let purged = no_content(&wish, UNIX_EPOCH);
        assert_eq!(
            String::from_utf8_lossy(&purged.head),
            format!("HTTP/1.1 204 No Content\r\n{DATE}Cache-Control: no-store\r\n")
        );
        for reply in [preflight, purged] {
            assert!(matches!(reply.payload, Payload::Empty));
        }
    }
}
