//! Entity tags: ours, made from the bytes, and the lists of them that clients send.

use crate::attachment::Digest;

use super::head::hex;

/// Bytes of the digest that make a tag: 128 bits, so that two files never share one.
const DIGEST_BYTES: usize = 16;

/// A strong entity tag of ours: hexadecimal digits between quotes.
pub(super) struct Tag([u8; 2 * DIGEST_BYTES + 2]);

impl Tag {
    /// The tag of the file with this digest.
    pub(super) fn new(digest: &Digest) -> Tag {
        let mut text = [b'"'; 2 * DIGEST_BYTES + 2];
        for (place, byte) in text[1..].chunks_exact_mut(2).zip(&digest[..DIGEST_BYTES]) {
            place.copy_from_slice(&hex(*byte));
        }
        Tag(text)
    }

    /// The tag as a header field has it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `opaque`, the text between the quotes, is this tag's.
    fn is(&self, opaque: &str) -> bool {
        self.0[1..=2 * DIGEST_BYTES] == *opaque.as_bytes()
    }

    /// Whether `field` is exactly this tag, not marked weak: the strong comparison of `If-Range`.
    pub(super) fn is_strongly(&self, field: &str) -> bool {
        matches!(entity_tag(field), Some((Strength::Strong, opaque, "")) if self.is(opaque))
    }
}

/// What `If-None-Match` holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Listed<'a> {
    /// `*`: any file at all.
    Any,
    /// The texts between the quotes; weak marks are dropped, because the comparison is weak.
    Tags(Vec<&'a str>),
}

impl Listed<'_> {
    /// Whether a file with this tag is among them; a file whose tag is not known yet only matches `*`.
    pub(super) fn matches(&self, tag: Option<&Tag>) -> bool {
        match self {
            Listed::Any => true,
            Listed::Tags(tags) => tag.is_some_and(|tag| tags.iter().any(|listed| tag.is(listed))),
        }
    }
}

/// Reads `If-None-Match`; `None` when it is malformed in any place.
pub(super) fn list(field: &str) -> Option<Listed<'_>> {
    let mut rest = trim(field);
    if rest == "*" {
        return Some(Listed::Any);
    }
    let mut tags = Vec::new();
    loop {
        // Empty elements are allowed: RFC 9110, 5.6.1.2.
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let (_, opaque, after) = entity_tag(rest)?;
        tags.push(opaque);
        rest = trim(after);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
    (!tags.is_empty()).then_some(Listed::Tags(tags))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Weak,
    Strong,
}

/// Splits off the entity tag that `text` starts with: its strength, what is between its quotes, and what follows.
fn entity_tag(text: &str) -> Option<(Strength, &str, &str)> {
    let (strength, text) = match text.strip_prefix("W/") {
        Some(text) => (Strength::Weak, text),
        None => (Strength::Strong, text),
    };
    let (opaque, after) = text.strip_prefix('"')?.split_once('"')?;
    let valid = opaque
        .bytes()
        .all(|byte| byte == 0x21 || (0x23..=0x7e).contains(&byte) || 0x80 <= byte);
    valid.then_some((strength, opaque, after))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: Digest = [0xab; 32];
    const OWN: &str = "\"abababababababababababababababab\"";

    #[test]
    fn the_tag_is_quoted_hexadecimal_of_128_bits() {
        assert_eq!(Tag::new(&DIGEST).as_bytes(), OWN.as_bytes());
    }

    #[test]
    fn lists_are_read_as_rfc_9110_writes_them() {
        for (field, expected) in [
            ("*", Some(Listed::Any)),
            (" * ", Some(Listed::Any)),
            (r#""a""#, Some(Listed::Tags(vec!["a"]))),
            (r#"W/"a""#, Some(Listed::Tags(vec!["a"]))),
            (
                r#""a", W/"b,c" ,"""#,
                Some(Listed::Tags(vec!["a", "b,c", ""])),
            ),
            (r#", ,"a",,"#, Some(Listed::Tags(vec!["a"]))),
            ("", None),
            (",", None),
            ("a", None),
            (r#""a"#, None),
            (r#""a""b""#, None),
            (r#""a" "b""#, None),
            (r#"w/"a""#, None),
            (r#"W/ "a""#, None),
            (r#""a b""#, None),
            (r#""a", *"#, None),
            (r#"*, "a""#, None),
        ] {
            assert_eq!(list(field), expected, "field: {field}");
        }
    }

    #[test]
    fn the_strong_comparison_takes_nothing_but_the_tag() {
        let tag = Tag::new(&DIGEST);
        assert!(tag.is_strongly(OWN));
        for field in [
            format!("W/{OWN}"),
            format!("{OWN}, {OWN}"),
            "\"ab\"".to_string(),
            OWN.to_uppercase(),
            OWN.trim_matches('"').to_string(),
            "*".to_string(),
        ] {
            assert!(!tag.is_strongly(&field), "field: {field}");
        }
    }

    proptest! {
        #[test]
        fn any_list_of_tags_is_read_back(
            tags in prop::collection::vec(("(W/)?", "[!#-~]{0,6}", "[ \t]{0,2},[ \t,]{0,3}"), 1..6),
        ) {
            let field: String = tags
                .iter()
                .map(|(weak, opaque, comma)| format!("{weak}\"{opaque}\"{comma}"))
                .collect();
            let expected = tags.iter().map(|(_, opaque, _)| opaque.as_str()).collect();
            prop_assert_eq!(list(&field), Some(Listed::Tags(expected)));
        }

        #[test]
        fn no_text_at_all_disturbs_the_reader(field in "(\\PC|[\",W/ *]){0,40}") {
            let _ = list(&field);
            prop_assert!(!Tag::new(&DIGEST).is_strongly(&field));
        }
    }
}
