//! The header fields that every answer about one attachment shares.

use std::time::SystemTime;

use crate::attachment::{FileName, Meta};

use super::conditional::Validators;
use super::disposition;
use super::etag::Tag;
use super::head::Head;
use super::origin::Provenance;
use super::payload::{Note, Payload, Reply};
use super::policy::{self, Policy};
use super::problem::{Problem, plain, problem_with};
use super::range::{self, Portion};
use super::wish::Wish;

/// Room for a head without the names of file and cache: more than the longest one takes, and the gate's own fields.
const HEAD_BYTES: usize = 1125;

/// The name stands in the head once as ASCII and once with three bytes for each of its own.
const NAME_BYTES_FACTOR: usize = 4;

/// What does not depend on the file.
const CONSTANT: &str = "Accept-Ranges: bytes\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Referrer-Policy: no-referrer\r\n";

/// What lets pages of other origins embed the file, and their scripts read it and these fields.
const SHARED: &str = "Access-Control-Allow-Origin: *\r\n\
    Access-Control-Expose-Headers: Accept-Ranges, Age, Cache-Status, Content-Disposition, Content-Range, Date, ETag, X-Cache\r\n\
    Cross-Origin-Resource-Policy: cross-origin\r\n";

/// Who asks for which file, and how it will be answered.
pub(super) struct Offer<'a> {
    pub(super) wish: &'a Wish,
    name: &'a FileName,
    pub(super) policy: Policy,
    validators: Validators,
    provenance: Provenance<'a>,
    now: SystemTime,
}

/// The file of an offer, finished or not.
pub(super) struct Facts<'a> {
    pub(super) name: &'a FileName,
    pub(super) meta: &'a Meta,
    pub(super) tag: Option<Tag>,
}

impl<'a> Offer<'a> {
    pub(super) fn new(
        wish: &'a Wish,
        facts: Facts<'a>,
        provenance: Provenance<'a>,
        now: SystemTime,
    ) -> Offer<'a> {
        Offer {
            wish,
            name: facts.name,
            policy: policy::decide(wish, facts.meta.media_type.as_deref(), facts.name),
            validators: Validators::new(facts.tag, facts.meta, now),
            provenance,
            now,
        }
    }

    /// Whether the client has the file already.
    pub(super) fn not_modified(&self) -> bool {
        self.validators.not_modified(self.wish)
    }

    /// Which part of `length` bytes the client gets. HEAD has no ranges: RFC 9110 defines them for GET only.
    pub(super) fn portion(&self, length: u64) -> Portion {
        match &self.wish.range {
            Some(field) if !self.wish.head && self.validators.range_holds(self.wish) => {
                range::portion(field, length)
            }
            _ => Portion::Whole,
        }
    }

    /// The head of a 200 or 206 for a file, or part of it, in its own media type.
    pub(super) fn head(&self, status: u16, length: Option<u64>) -> Head {
        let mut head = self.head_of(status, length);
        head.field("Content-Type", self.policy.media_type);
        head
    }

    /// The same without `Content-Type`.
    pub(super) fn head_of(&self, status: u16, length: Option<u64>) -> Head {
        let mut head = self.head_bare(status);
        if let Some(length) = length {
            head.number("Content-Length", length);
        }
        head.line("Content-Disposition", |out| {
            disposition::put(out, self.policy.show, self.name);
        });
        head.field("Content-Security-Policy", self.policy.security);
        head.lines(CONSTANT);
        head
    }

    /// 304: what a cache needs to renew its copy, and no word about a body.
    pub(super) fn unchanged(&self) -> Reply {
        self.reply(304, self.head_bare(304), Payload::Empty)
    }

    /// 416 with the length that the client does not know.
    pub(super) fn beyond(&self, length: u64) -> Reply {
        let problem = Problem {
            status: 416,
            title: "no such range".into(),
            detail: format!(
                "the file has {length} bytes, and the range asked for lies beyond them"
            )
            .into(),
            remedy: "ask again without a range, or for one within the file".into(),
            retry_after: None,
            allow: None,
        };
        // Nobody follows a link to a range, so this needs no page.
        let display = plain(self.wish, &problem);
        let mut reply = problem_with(self.wish, &problem, display, self.now, |head| {
            head.line("Content-Range", |out| {
                out.extend_from_slice(b"bytes */");
                super::head::put_number(out, length);
            });
            if self.provenance.cache.node().is_some() {
                self.put_cache_status(head);
            }
        });
        reply.note.from = self.provenance.origin.word();
        reply
    }

    /// Puts an answer together; HEAD loses the payload.
    pub(super) fn reply(&self, status: u16, head: Head, payload: Payload) -> Reply {
        Reply {
            status,
            head: head.into_bytes(),
            payload: if self.wish.head {
                Payload::Empty
            } else {
                payload
            },
            note: Note {
                subject: self.wish.subject.clone(),
                from: self.provenance.origin.word(),
                is_routine: false,
            },
        }
    }

    /// Status line, validators and caching.
    fn head_bare(&self, status: u16) -> Head {
        let Provenance {
            cache,
            origin,
            freshness,
        } = self.provenance;
        let names = cache.as_str().len() + NAME_BYTES_FACTOR * self.name.as_str().len();
        let mut head = Head::new(status, self.now, HEAD_BYTES + names);
        if let Some(tag) = &self.validators.tag {
            head.line("ETag", |out| out.extend_from_slice(tag.as_bytes()));
        }
        if let Some(time) = self.validators.last_modified {
            head.date("Last-Modified", time);
        }
        head.line("Cache-Control", |out| {
            out.extend_from_slice(b"public, max-age=");
            super::head::put_number(out, freshness.lifetime().as_secs());
        });
        head.number("Age", freshness.age.as_secs());
        head.field("X-Cache", origin.x_cache());
        self.put_cache_status(&mut head);
        head.lines(SHARED);
        head
    }

    fn put_cache_status(&self, head: &mut Head) {
        head.line("Cache-Status", |out| self.provenance.put_cache_status(out));
    }
}
