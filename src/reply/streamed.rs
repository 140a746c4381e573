//! Answers from a file that is still arriving.

use std::time::SystemTime;

use crate::attachment::{FileName, Meta, Reader};

use super::head::put_content_range;
use super::offer::{Facts, Offer};
use super::origin::Provenance;
use super::payload::{Payload, Reply};
use super::range::Portion;
use super::wish::Wish;

/// A file under way: its name and facts, and a place at its first byte.
#[derive(Debug)]
pub struct StreamedFile<'a> {
    /// Its name, which decides how it is offered.
    pub name: &'a FileName,
    /// What Confluence said about it.
    pub meta: &'a Meta,
    /// The client's place; dropped here if the answer has no body.
    pub reader: Reader,
}

/// Answers with a file while it arrives.
///
/// There is no ETag, because it is made from the bytes; `If-None-Match` is answered by the whole file (but `*` by
/// 304), and `If-Range` holds for an exact date only. With a known length a single range gets 206 (or 416), several
/// get the whole; without one everybody gets the whole and no `Content-Length`, so the gate frames it.
pub fn streamed(
    wish: &Wish,
    file: StreamedFile<'_>,
    provenance: Provenance<'_>,
    now: SystemTime,
) -> Reply {
    let facts = Facts {
        name: file.name,
        meta: file.meta,
        tag: None,
    };
    let offer = Offer::new(wish, facts, provenance, now);
    if offer.not_modified() {
        return offer.unchanged();
    }
    let reader = file.reader;
    let length = reader.length();
    let portion = length.map_or(Portion::Whole, |length| offer.portion(length));
    match (portion, length) {
        (Portion::One(range), Some(length)) => {
            let take = range.end - range.start;
            let mut head = offer.head(206, Some(take));
            head.line("Content-Range", |out| {
                put_content_range(out, &range, length)
            });
            let payload = Payload::Growing {
                reader,
                skip: range.start,
                take: Some(take),
            };
            offer.reply(206, head, payload)
        }
        (Portion::Beyond, Some(length)) => offer.beyond(length),
        (Portion::Whole | Portion::Several(_) | Portion::One(_) | Portion::Beyond, take) => {
            let payload = Payload::Growing {
                reader,
                skip: 0,
                take,
            };
            offer.reply(200, offer.head(200, take), payload)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::attachment::{Bell, Ledger, StreamId, Writer};
    use crate::reply::{CacheName, Freshness, Origin};

    struct Mute;

    impl Bell for Mute {
        fn ring(&self, _gates: u32, _stream: StreamId) {}
    }

    fn noon() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_641_038_400)
    }

    fn answer(length: Option<u64>, fields: &[(&str, &str)]) -> Reply {
        let mut wish = Wish::plain("s".into());
        for (name, value) in fields {
            let place = match *name {
                "range" => &mut wish.range,
                "if_range" => &mut wish.if_range,
                "none" => &mut wish.if_none_match,
                "since" => &mut wish.if_modified_since,
                _ => {
                    wish.head = true;
                    continue;
                }
            };
            *place = Some((*value).into());
        }
        let (_writer, stream) = Writer::whole(length, Arc::new(Mute), Ledger::default());
        let file = StreamedFile {
            name: &FileName::parse(b"a.png").expect("a valid name"),
            meta: &Meta {
                last_modified: Some(noon() - Duration::from_secs(60)),
                ..Meta::default()
            },
            reader: stream.reader(),
        };
        let provenance = Provenance {
            cache: &CacheName::new(None),
            origin: Origin::Join,
            freshness: Freshness {
                age: Duration::ZERO,
                remaining: Duration::from_secs(3600),
            },
        };
        streamed(&wish, file, provenance, noon())
    }

    /// Status, `Content-Length`, `Content-Range`, and what to skip and to take.
    type Expected<'a> = (
        u16,
        Option<&'a str>,
        Option<&'a str>,
        Option<(u64, Option<u64>)>,
    );

    #[track_caller]
    fn check(length: Option<u64>, fields: &[(&str, &str)], expected: Expected<'_>) {
        let reply = answer(length, fields);
        let head = String::from_utf8(reply.head).expect("ASCII");
        let field = |name: &str| {
            let mut lines = head.split("\r\n");
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let grows = match reply.payload {
            Payload::Growing { skip, take, .. } => Some((skip, take)),
            Payload::Empty | Payload::Text(_) => None,
            other => panic!("unexpected payload: {other:?}"),
        };
        let length = field("Content-Length").filter(|_| reply.status != 416);
        let found = (reply.status, length, field("Content-Range"), grows);
        assert_eq!(found, expected, "fields: {fields:?}");
        assert_eq!(field("ETag"), None);
        assert_eq!(reply.note.from, "join");
        if reply.status != 416 {
            assert_eq!(
                field("Cache-Status"),
                Some("confluence-attachment-proxy; fwd=uri-miss; collapsed; ttl=3600")
            );
        }
    }

    #[test]
    fn with_a_known_length_one_range_is_honoured() {
        let whole = (200, Some("10"), None, Some((0, Some(10))));
        let part = (206, Some("3"), Some("bytes 2-4/10"), Some((2, Some(3))));
        let modified = "Sat, 01 Jan 2022 11:59:00 GMT";
        for (fields, expected) in [
            (&[][..], whole),
            (&[("range", "bytes=2-4")][..], part),
            (&[("range", "bytes=2-3,4-4")], part),
            (&[("range", "bytes=0-1,5-6")], whole),
            (
                &[("range", "bytes=10-")],
                (416, None, Some("bytes */10"), None),
            ),
            (&[("range", "bytes=2-4"), ("if_range", "\"x\"")], whole),
            (&[("range", "bytes=2-4"), ("if_range", modified)], part),
            (
                &[("range", "bytes=2-4"), ("head", "")],
                (200, Some("10"), None, None),
            ),
        ] {
            check(Some(10), fields, expected);
        }
        check(
            Some(0),
            &[("range", "bytes=0-")],
            (200, Some("0"), None, Some((0, Some(0)))),
        );
    }

    #[test]
    fn without_a_length_everybody_gets_the_whole() {
        for range in ["bytes=2-4", "bytes=99-", "bytes=-1"] {
            check(
                None,
                &[("range", range)],
                (200, None, None, Some((0, None))),
            );
        }
        check(None, &[("head", "")], (200, None, None, None));
    }

    #[test]
    fn a_tag_cannot_be_compared_yet_but_a_date_can() {
        let whole = (200, None, None, Some((0, None)));
        let unchanged = (304, None, None, None);
        let modified = "Sat, 01 Jan 2022 11:59:00 GMT";
        for (fields, expected) in [
            (&[("none", "\"x\"")][..], whole),
            (&[("none", "\"x\""), ("since", modified)], whole),
            (&[("none", "*")], unchanged),
            (&[("since", modified)], unchanged),
            (&[("since", "Sat, 01 Jan 2022 11:58:59 GMT")], whole),
        ] {
            check(None, fields, expected);
        }
    }
}
