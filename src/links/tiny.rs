//! Tiny links, `/x/LIQHD`: the page id in base64 with letters of Confluence's own, lowest byte first, without the
//! zeros at its end.

use crate::attachment::PageId;

/// Letters of the longest id: 64 bits in letters of 6.
const LETTERS_MAX: usize = 11;

/// The page that a tiny link stands for.
pub(super) fn page(code: &str) -> Option<PageId> {
    if LETTERS_MAX < code.len() {
        return None;
    }
    let (mut bytes, mut filled) = ([0; 8], 0);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in code.bytes() {
        bits = bits << 6 | digit(letter)?;
        count += 6;
        if 8 <= count {
            count -= 8;
            *bytes.get_mut(filled)? = (bits >> count & 0xff) as u8;
            filled += 1;
        }
        bits &= (1 << count) - 1;
    }
    if let Some(last) = bytes.get_mut(filled) {
        *last = (bits << (8 - count) & 0xff) as u8; // the letters behind it, all A, were cut off
    }
    let id = u64::from_le_bytes(bytes);
    PageId::parse(&id.to_string()).ok().filter(|_| 0 < id)
}

/// Two letters differ from those of everybody else.
fn digit(letter: u8) -> Option<u32> {
    let digit = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'_' => 62,
        b'-' => 63,
        _ => return None,
    };
    Some(u32::from(digit))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// As Confluence makes them.
    fn code(id: u64) -> String {
        let text = BASE64_STANDARD.encode(id.to_le_bytes());
        let text = text.replace('/', "-").replace('+', "_");
        text.trim_end_matches(['A', '=']).to_owned()
    }

    fn read(code: &str) -> Option<String> {
        page(code).map(|page| page.to_string())
    }

    #[test]
    fn a_tiny_link_is_its_page() {
        assert_eq!(read("LIQHD").as_deref(), Some("201819180"));
        for bad in ["", "A", "AAAA", "LIQ=", "LIQ+", "..", "图", "------------"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_page_has_a_tiny_link(id in prop_oneof![1..=u64::from(u32::MAX), 1..=i64::MAX as u64]) {
            prop_assert_eq!(read(&code(id)), Some(id.to_string()));
        }

        #[test]
        fn no_code_breaks_it(code in "\\PC{0,16}|[A-Za-z0-9_-]{0,16}") {
            let _ = page(&code);
        }
    }
}
