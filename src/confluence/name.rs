//! The two ways in which one name can be written in Unicode (pure).

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::attachment::FileName;

/// The composed form (NFC) of a name, if that is another one. Programs on macOS send names decomposed, while Confluence
/// keeps what most others send.
pub(super) fn composed(name: &FileName) -> Option<FileName> {
    if is_nfc(name.as_str()) {
        return None;
    }
    let composed: String = name.as_str().nfc().collect();
    FileName::parse(composed.as_bytes()).ok()
}

/// Whether two texts are the same name but for the case of their letters and the form they are written in.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let folded = |text: &str| text.nfc().flat_map(char::to_lowercase).collect::<String>();
    folded(one) == folded(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_the_same_in_any_case_and_form() {
        assert!(is_same("U\u{308}ber.PNG", "\u{fc}ber.png"));
        assert!(!is_same("uber.png", "\u{fc}ber.png"));
    }

    #[test]
    fn only_names_that_are_not_composed_have_another_form() {
        for (text, expected) in [
            ("a.png", None),
            ("\u{fc}ber.png", None),
            ("u\u{308}ber.png", Some("\u{fc}ber.png")),
            ("图.png", None),
            ("\u{304b}\u{3099}.png", Some("\u{304c}.png")),
        ] {
            let name = FileName::parse(text.as_bytes()).expect("a name");
            let other = composed(&name);
            assert_eq!(other.as_ref().map(FileName::as_str), expected, "{text}");
        }
    }
}
