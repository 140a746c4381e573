//! Several ranges of one file in one body: RFC 9110, section 14.6.

use std::ops::Range;

use crate::attachment::{Body, Digest};

use super::head::{hex, put_content_range};
use super::payload::Part;

/// Bytes of the digest that make a boundary. They are not those of the ETag; that a file holds a part of its own
/// SHA-256 behind two hyphens does not happen.
const BOUNDARY_BYTES: Range<usize> = 16..28;

/// A multipart/byteranges body and what its head says about it.
pub(super) struct Multipart {
    /// Part heads and slices, in order.
    pub(super) parts: Vec<Part>,
    /// Its length in bytes.
    pub(super) length: u64,
}

/// Appends the media type with the boundary of the file with this digest.
pub(super) fn put_media_type(out: &mut Vec<u8>, digest: &Digest) {
    out.extend_from_slice(b"multipart/byteranges; boundary=");
    put_boundary(out, digest);
}

/// Cuts `ranges`, none of them empty, out of `body`, whose own type is `media_type`.
pub(super) fn build(
    body: &Body,
    ranges: &[Range<u64>],
    media_type: &str,
    digest: &Digest,
) -> Multipart {
    let mut parts = Vec::with_capacity(2 * ranges.len() + 1);
    let mut length = 0;
    for (index, range) in ranges.iter().enumerate() {
        let mut text = Vec::with_capacity(160 + media_type.len());
        text.extend_from_slice(if index == 0 { b"--" } else { b"\r\n--" });
        put_boundary(&mut text, digest);
        text.extend_from_slice(b"\r\nContent-Type: ");
        text.extend_from_slice(media_type.as_bytes());
        text.extend_from_slice(b"\r\nContent-Range: ");
        put_content_range(&mut text, range, body.len());
        text.extend_from_slice(b"\r\n\r\n");
        length += text.len() as u64 + (range.end - range.start);
        parts.push(Part::Text(text));
        parts.push(Part::Slice {
            body: body.clone(),
            range: range.clone(),
        });
    }
    let mut end = b"\r\n--".to_vec();
    put_boundary(&mut end, digest);
    end.extend_from_slice(b"--\r\n");
    length += end.len() as u64;
    parts.push(Part::Text(end));
    Multipart { parts, length }
}

fn put_boundary(out: &mut Vec<u8>, digest: &Digest) {
    for byte in &digest[BOUNDARY_BYTES] {
        out.extend_from_slice(&hex(*byte));
    }
}
