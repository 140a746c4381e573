//! In which encoding a document is, as far as it matters to its links: UTF-8 or not.

/// How far browsers look for the name of an encoding.
const HEAD_BYTES: usize = 1024;
/// What some programs begin UTF-8 with.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// What UTF-16 begins with, if with anything.
const WIDE_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// Names of UTF-8. A document in which `<meta` can be read is no UTF-16, so that browsers take this name for UTF-8.
const NAMES: &[&str] = &["utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"];

/// The document is UTF-16, in which nothing that looks for ASCII finds anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf16;

/// What is known so far of a document's encoding.
#[derive(Debug)]
pub(super) enum Encoding {
    /// Its head, which is not complete, names the encoding or does not.
    Open(Vec<u8>),
    /// Nothing has spoken against UTF-8.
    Utf8,
    /// Another one.
    Foreign,
}

impl Encoding {
    /// Looks at the next piece.
    ///
    /// # Errors
    ///
    /// If the document begins as UTF-16 does.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Utf16> {
        let Encoding::Open(head) = self else {
            return Ok(());
        };
        let missing = HEAD_BYTES - head.len();
        head.extend_from_slice(&piece[..missing.min(piece.len())]);
        if WIDE_MARKS.iter().any(|mark| head.starts_with(mark)) {
            return Err(Utf16);
        }
        if head.len() == HEAD_BYTES || head.starts_with(MARK) {
            self.settle();
        }
        Ok(())
    }

    /// Decides by what there is of the head.
    pub(super) fn settle(&mut self) {
        let Encoding::Open(head) = self else {
            return;
        };
        let text = String::from_utf8_lossy(head).to_ascii_lowercase();
        // What is cut off at its end may go on.
        let is_text = !std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some());
        let names_it = || named(&text).is_none_or(|name| NAMES.contains(&name));
        let is_utf8 = head.starts_with(MARK) || is_text && names_it();
        *self = match is_utf8 {
            true => Encoding::Utf8,
            false => Encoding::Foreign,
        };
    }
}

/// The encoding that a document names first: in an XML declaration, or in a `<meta>` that is in no comment.
fn named(head: &str) -> Option<&str> {
    let declaration = head
        .strip_prefix("<?xml")
        .and_then(|it| it.split_once("?>"));
    if let Some(name) = declaration.and_then(|(it, _)| value(it, "encoding")) {
        return Some(name);
    }
    let mut rest = head;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") {
            (_, rest) = rest.split_once("-->")?;
        } else if let Some(meta) = rest.strip_prefix("meta") {
            let (meta, _) = meta.split_once('>')?;
            if let Some(name) = value(meta, "charset") {
                return Some(name);
            }
        }
    }
    None
}

/// What stands behind `name=`, in quotes of its own, inside of other ones (`content="text/html; charset=gbk"`) or in none.
fn value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let quotes = ['"', '\''];
    let value = tag.match_indices(name).find_map(|(at, _)| {
        let behind = tag[at + name.len()..].trim_start();
        behind.strip_prefix('=')
    })?;
    let value = value.trim_start().trim_start_matches(quotes).trim_start();
    let is_end = |letter: char| letter.is_whitespace() || "\"';/".contains(letter);
    value.split(is_end).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_what_the_head_names_first() {
        for (head, expected) in [
            ("<meta charset=gbk>", Some("gbk")),
            ("<html><meta\n charset = 'GBK' />", Some("gbk")),
            ("<meta charset=\" utf-8\"><meta charset=gbk>", Some("utf-8")),
            (
                "<META content=\"text/html; charset=Shift_JIS; x\">",
                Some("shift_jis"),
            ),
            (
                "<meta name=charset><meta name=\"charset\" charset=big5/>",
                Some("big5"),
            ),
            (
                "<!-- <meta charset=gbk> --><meta charset=utf-8>",
                Some("utf-8"),
            ),
            (
                "<?xml version='1.0' encoding='GB18030'?><meta charset=utf-8>",
                Some("gb18030"),
            ),
            ("<?xml version=\"1.0\"?><meta charset=gbk>", Some("gbk")),
            ("<!-- <meta charset=gbk>", None),
            ("charset=gbk <p charset=gbk>", None),
            ("<meta charset=gb", None),
            ("<meta charset>", None),
            ("<", None),
            ("", None),
        ] {
            let head = head.to_ascii_lowercase();
            assert_eq!(named(&head), expected, "{head}");
        }
    }
}
