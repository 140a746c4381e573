//! `Content-Disposition`: how a browser is to offer a file, and under which name. RFC 6266 and RFC 8187.

use std::io::Write;

use crate::attachment::{FileName, encode_segment};

use super::policy::Show;

/// Appends the field's value.
///
/// The quoted name is plain ASCII that every client reads the same way; `filename*` follows when that lost something.
/// Characters that turn the direction of text, or break a line, are shown by no file manager as what they are and
/// disguise a name's ending, so neither form has them.
pub(super) fn put(out: &mut Vec<u8>, show: Show, name: &FileName) {
    let name = name.as_str();
    out.extend_from_slice(match show {
        Show::Inline => b"inline",
        Show::Attachment => b"attachment",
    });
    out.extend_from_slice(b"; filename=\"");
    let mut exact = true;
    for character in name.chars() {
        let plain = is_plain(character);
        exact &= plain;
        out.push(if plain { character as u8 } else { b'_' });
    }
    out.push(b'"');
    if !exact {
        out.extend_from_slice(b"; filename*=UTF-8''");
        for (index, piece) in name.split(is_disguise).enumerate() {
            if 0 < index {
                out.push(b'_');
            }
            write!(out, "{}", encode_segment(piece)).expect("a Vec takes every write");
        }
    }
}

/// Whether every client takes the character for itself between quotes. `%` is not: some decode it there.
fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~') && !matches!(character, '"' | '\\' | '%')
}

/// Marks of direction, separators of lines and paragraphs, and the byte order mark.
fn is_disguise(character: char) -> bool {
    matches!(
        character,
        '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    fn value(show: Show, name: &str) -> String {
        let mut out = Vec::new();
        let name = FileName::parse(name.as_bytes()).expect("a valid name");
        put(&mut out, show, &name);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn plain_names_are_quoted_and_others_said_twice() {
        for (name, expected) in [
            ("a.png", "inline; filename=\"a.png\""),
            ("a b;c='d'.png", "inline; filename=\"a b;c='d'.png\""),
            (
                "图 1.png",
                "inline; filename=\"_ 1.png\"; filename*=UTF-8''%E5%9B%BE%201.png",
            ),
            (
                "100%25.png",
                "inline; filename=\"100_25.png\"; filename*=UTF-8''100%2525.png",
            ),
            (
                "a\"b.png",
                "inline; filename=\"a_b.png\"; filename*=UTF-8''a%22b.png",
            ),
            (
                "\u{202e}gnp\u{feff}.exe",
                "inline; filename=\"_gnp_.exe\"; filename*=UTF-8''_gnp_.exe",
            ),
        ] {
            assert_eq!(value(Show::Inline, name), expected);
        }
        assert_eq!(
            value(Show::Attachment, "a.zip"),
            "attachment; filename=\"a.zip\""
        );
    }

    proptest! {
        #[test]
        fn the_name_is_read_back_from_bytes_that_any_header_may_have(
            name in "(\\PC|[\"%\\\\;' \u{202a}-\u{202e}\u{2066}]){1,60}",
        ) {
            let Ok(parsed) = FileName::parse(name.as_bytes()) else {
                return Ok(()); // longer than 255 bytes, "..", or with a slash
            };
            let value = value(Show::Attachment, parsed.as_str());
            prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", value);
            let rest = value.strip_prefix("attachment; filename=\"").expect("always first");
            let (fallback, rest) = rest.split_once('"').expect("the quote ends");
            prop_assert!(!fallback.contains(['\\', '%']));
            prop_assert_eq!(fallback.chars().count(), name.chars().count());
            let read = match rest.strip_prefix("; filename*=UTF-8''") {
                Some(encoded) => percent_decode_str(encoded).decode_utf8().expect("UTF-8").into_owned(),
                None => {
                    prop_assert_eq!(rest, "");
                    fallback.to_owned()
                }
            };
            prop_assert_eq!(read, name.replace(is_disguise, "_"));
        }
    }
}
