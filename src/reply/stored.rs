//! Answers from a file whose bytes are all there.

use std::time::SystemTime;

use crate::attachment::{Body, Digest, FileName, Meta};

use super::etag::Tag;
use super::head::put_content_range;
use super::multipart;
use super::offer::{Facts, Offer};
use super::origin::Provenance;
use super::payload::{Payload, Reply};
use super::range::Portion;
use super::wish::Wish;

/// A finished file, borrowed from the cache entry that holds it.
#[derive(Clone, Copy, Debug)]
pub struct StoredFile<'a> {
    /// Its name, which decides how it is offered.
    pub name: &'a FileName,
    /// What Confluence said about it.
    pub meta: &'a Meta,
    /// All its bytes.
    pub body: &'a Body,
    /// SHA-256 of them.
    pub digest: &'a Digest,
}

/// Answers with a finished file, the part of it that was asked for, or the news that the client has it already.
///
/// Gives 200, 206, 304 or 416. Ranges that overlap or touch are joined; more than 16 after that, malformed ones, and
/// ranges of an empty file are answered by the whole. A plain GET costs one allocation, for the head.
pub fn stored(
    wish: &Wish,
    file: &StoredFile<'_>,
    provenance: Provenance<'_>,
    now: SystemTime,
) -> Reply {
    let facts = Facts {
        name: file.name,
        meta: file.meta,
        tag: Some(Tag::new(file.digest)),
    };
    let offer = Offer::new(wish, facts, provenance, now);
    if offer.not_modified() {
        return offer.unchanged();
    }
    let length = file.body.len();
    let run = |range| Payload::Stored {
        body: file.body.clone(),
        range,
    };
    match offer.portion(length) {
        Portion::Whole => offer.reply(200, offer.head(200, Some(length)), run(0..length)),
        Portion::One(range) => {
            let mut head = offer.head(206, Some(range.end - range.start));
            head.line("Content-Range", |out| {
                put_content_range(out, &range, length)
            });
            offer.reply(206, head, run(range))
        }
        Portion::Several(ranges) => {
            let media_type = offer.policy.media_type;
            let multipart = multipart::build(file.body, &ranges, media_type, file.digest);
            let mut head = offer.head_of(206, Some(multipart.length));
            head.line("Content-Type", |out| {
                multipart::put_media_type(out, file.digest);
            });
            offer.reply(206, head, Payload::Parts(multipart.parts))
        }
        Portion::Beyond => offer.beyond(length),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;
    use crate::attachment::{Chunk, Ledger};
    use crate::reply::{CacheName, Freshness, Origin, Part, Payload};

    const DIGEST: Digest = [
        0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae,
        0xaf, 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd,
        0xbe, 0xbf,
    ];
    const BOUNDARY: &str = "b0b1b2b3b4b5b6b7b8b9babb";

    /// 2022-01-01T12:00:00 UTC.
    fn noon() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_641_038_400)
    }

    fn body(text: &[u8]) -> Body {
        let ledger = Ledger::default();
        let chunks = text.chunks(4).map(|bytes| Chunk::new(bytes, &ledger));
        Body::new(chunks.collect(), &ledger, None)
    }

    fn meta(media_type: &str) -> Meta {
        Meta {
            media_type: Some(media_type.into()),
            last_modified: Some(noon() - Duration::from_secs(60)),
            ..Meta::default()
        }
    }

    fn answer(wish: &Wish, text: &[u8]) -> Reply {
        let file = StoredFile {
            name: &FileName::parse(b"a.png").expect("a valid name"),
            meta: &meta("image/png"),
            body: &body(text),
            digest: &DIGEST,
        };
        let provenance = Provenance {
            cache: &CacheName::new(None),
            origin: Origin::Hit,
            freshness: Freshness {
                age: Duration::from_millis(600_900),
                remaining: Duration::from_millis(2_999_100),
            },
        };
        stored(wish, &file, provenance, noon())
    }

    fn head(reply: &Reply) -> &str {
        let head = std::str::from_utf8(&reply.head).expect("ASCII");
        assert!(head.ends_with("\r\n") && !head.ends_with("\r\n\r\n"));
        head
    }

    fn field<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
        let mut lines = head(reply).split("\r\n");
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn slice(body: &Body, range: std::ops::Range<u64>, out: &mut Vec<u8>) {
        body.slices(range, |slice| {
            out.extend_from_slice(slice);
            true
        });
    }

    /// The bytes that a gate would send behind the head.
    fn sent(reply: &Reply) -> Vec<u8> {
        let mut out = Vec::new();
        match &reply.payload {
            Payload::Empty => {}
            Payload::Text(text) => out.extend_from_slice(text),
            Payload::Stored { body, range } => slice(body, range.clone(), &mut out),
            Payload::Parts(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => out.extend_from_slice(text),
                        Part::Slice { body, range } => slice(body, range.clone(), &mut out),
                    }
                }
            }
            Payload::Growing { .. } => panic!("a finished file does not grow"),
        }
        out
    }

    fn ranged(range: &str) -> Wish {
        Wish {
            range: Some(range.into()),
            ..Wish::plain("s".into())
        }
    }

    #[test]
    fn a_plain_get_has_every_field_and_one_allocation() {
        let reply = answer(&Wish::plain("s".into()), b"0123456789");
        assert_eq!(
            head(&reply),
            "HTTP/1.1 200 OK\r\n\
             Date: Sat, 01 Jan 2022 12:00:00 GMT\r\n\
             ETag: \"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\"\r\n\
             Last-Modified: Sat, 01 Jan 2022 11:59:00 GMT\r\n\
             Cache-Control: public, max-age=3600\r\n\
             Age: 600\r\n\
             X-Cache: HIT\r\n\
             Cache-Status: confluence-attachment-proxy; hit; ttl=2999\r\n\
             Access-Control-Allow-Origin: *\r\n\
             Access-Control-Expose-Headers: Accept-Ranges, Age, Cache-Status, Content-Disposition, Content-Range, Date, ETag, X-Cache\r\n\
             Cross-Origin-Resource-Policy: cross-origin\r\n\
             Content-Length: 10\r\n\
             Content-Disposition: inline; filename=\"a.png\"\r\n\
             Content-Security-Policy: default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox\r\n\
             Accept-Ranges: bytes\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Referrer-Policy: no-referrer\r\n\
             Content-Type: image/png\r\n"
        );
        assert_eq!(sent(&reply), b"0123456789");
        assert_eq!((reply.note.from, &*reply.note.subject), ("hit", "s"));
    }

    #[test]
    fn the_longest_head_fits_what_was_reserved() {
        let name = FileName::parse("图".repeat(85).as_bytes()).expect("255 bytes");
        let body = body(&[0; 64]);
        let file = StoredFile {
            name: &name,
            meta: &meta(
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            ),
            body: &body,
            digest: &DIGEST,
        };
        let mut wish = ranged("bytes=1-");
        wish.download = true;
        for node in [None, Some(&*"x".repeat(64))] {
            let provenance = Provenance {
                cache: &CacheName::new(node),
                origin: Origin::Stale,
                freshness: Freshness {
                    age: Duration::from_secs(1 << 40),
                    remaining: Duration::from_secs(1 << 40),
                },
            };
            let reply = stored(&wish, &file, provenance, noon());
            let room = reply.head.capacity() - reply.head.len();
            assert!(
                (64..=400).contains(&room),
                "{room} bytes are left for the gate"
            );
        }
    }

    #[test]
    fn head_says_what_get_says() {
        let get = answer(&Wish::plain("s".into()), b"0123456789");
        for range in [None, Some("bytes=0-1".into()), Some("bytes=99-".into())] {
            let mut wish = Wish::plain("s".into());
            wish.head = true;
            wish.range = range;
            let reply = answer(&wish, b"0123456789");
            assert_eq!(head(&reply), head(&get));
            assert_eq!(sent(&reply), b"");
        }
    }

    #[test]
    fn an_unchanged_file_is_304_without_a_word_about_a_body() {
        for head_only in [false, true] {
            let mut wish = ranged("bytes=0-1");
            wish.head = head_only;
            wish.if_none_match = Some("\"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\"".into());
            let reply = answer(&wish, b"0123456789");
            assert_eq!(reply.status, 304);
            assert!(head(&reply).starts_with("HTTP/1.1 304 Not Modified\r\nDate: "));
            for name in [
                "ETag",
                "Cache-Control",
                "Age",
                "Access-Control-Allow-Origin",
            ] {
                assert!(field(&reply, name).is_some(), "{name}");
            }
            for name in ["Content-Length", "Content-Type", "Content-Range"] {
                assert_eq!(field(&reply, name), None, "{name}");
            }
            assert_eq!(sent(&reply), b"");
        }
    }

    #[test]
    fn one_range_is_206() {
        let reply = answer(&ranged("bytes=2-5"), b"0123456789");
        assert_eq!(reply.status, 206);
        assert_eq!(field(&reply, "Content-Range"), Some("bytes 2-5/10"));
        assert_eq!(field(&reply, "Content-Length"), Some("4"));
        assert_eq!(field(&reply, "Content-Type"), Some("image/png"));
        assert_eq!(sent(&reply), b"2345");
    }

    #[test]
    fn several_ranges_are_parts_with_a_boundary_of_the_digest() {
        let reply = answer(&ranged("bytes=6-8,0-1"), b"0123456789");
        assert_eq!(reply.status, 206);
        let expected = format!(
            "--{BOUNDARY}\r\nContent-Type: image/png\r\nContent-Range: bytes 6-8/10\r\n\r\n678\r\n\
             --{BOUNDARY}\r\nContent-Type: image/png\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n\
             --{BOUNDARY}--\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&sent(&reply)), expected);
        let length = expected.len().to_string();
        assert_eq!(field(&reply, "Content-Length"), Some(length.as_str()));
        let media_type = format!("multipart/byteranges; boundary={BOUNDARY}");
        assert_eq!(field(&reply, "Content-Type"), Some(media_type.as_str()));
        assert_eq!(field(&reply, "Content-Range"), None);
    }

    #[test]
    fn a_range_beyond_the_end_is_416_with_the_length() {
        let reply = answer(&ranged("bytes=10-"), b"0123456789");
        assert_eq!(reply.status, 416);
        assert_eq!(field(&reply, "Content-Range"), Some("bytes */10"));
        assert_eq!(field(&reply, "Cache-Control"), Some("no-store"));
        assert_eq!(reply.note.from, "hit");
        assert!(sent(&reply).starts_with(b"no such range\n"));
    }

    #[test]
    fn if_range_that_does_not_hold_gives_the_whole() {
        for (if_range, status) in [
            ("\"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\"", 206),
            ("Sat, 01 Jan 2022 11:59:00 GMT", 206),
            ("\"old\"", 200),
        ] {
            let mut wish = ranged("bytes=0-1");
            wish.if_range = Some(if_range.into());
            assert_eq!(answer(&wish, b"0123456789").status, status, "{if_range}");
        }
    }

    #[test]
    fn an_empty_file_is_an_empty_200() {
        let reply = answer(&ranged("bytes=0-"), b"");
        assert_eq!(
            (reply.status, field(&reply, "Content-Length")),
            (200, Some("0"))
        );
        assert_eq!(sent(&reply), b"");
    }

    proptest! {
        #[test]
        fn content_length_is_what_is_sent_and_ranges_carry_their_own_bytes(
            range in "bytes=([0-9]{1,2}-[0-9]{0,2}|-[0-9]{1,2})(,([0-9]{1,2}-[0-9]{0,2}|-[0-9]{1,2})){0,4}",
            text in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let reply = answer(&ranged(&range), &text);
            let sent = sent(&reply);
            let length = sent.len().to_string();
            prop_assert_eq!(field(&reply, "Content-Length"), Some(length.as_str()));
            let named = |line: &str| {
                let (first, rest) = line.strip_prefix("bytes ")?.split_once('-')?;
                let (last, length) = rest.split_once('/')?;
                let range = first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?;
                (length == text.len().to_string()).then_some(range)
            };
            match &reply.payload {
                Payload::Stored { .. } if reply.status == 200 => prop_assert_eq!(sent, text),
                Payload::Stored { .. } => {
                    let range = field(&reply, "Content-Range").and_then(named).expect("a range");
                    prop_assert_eq!(&sent[..], &text[range]);
                }
                Payload::Parts(parts) => {
                    for pair in parts.chunks_exact(2) {
                        let [Part::Text(head), Part::Slice { body, range }] = pair else {
                            panic!("part heads and slices take turns");
                        };
                        let mut bytes = Vec::new();
                        slice(body, range.clone(), &mut bytes);
                        let head = String::from_utf8_lossy(head);
                        let (_, line) = head.trim_end().rsplit_once(": ").expect("the last field");
                        prop_assert_eq!(&bytes[..], &text[named(line).expect("a range")]);
                    }
                }
                Payload::Text(_) => prop_assert_eq!(reply.status, 416),
                other => panic!("unexpected payload: {other:?}"),
            }
        }
    }
}
