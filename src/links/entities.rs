//! The entities of HTML that stand in addresses.

use std::borrow::Cow;

/// Names of the characters that addresses or the ends of attributes have.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("lpar", '('),
    ("rpar", ')'),
    ("plus", '+'),
    ("equals", '='),
    ("sol", '/'),
    ("colon", ':'),
    ("quest", '?'),
    ("num", '#'),
    ("percnt", '%'),
];
/// Longest entity between `&` and `;`.
const ENTITY_BYTES_MAX: usize = 8;

/// Puts characters for entities; what is none stays as it is.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let found = part
            .split_once(';')
            .and_then(|(entity, rest)| Some((character(entity)?, rest)));
        match found {
            Some((character, rest)) => {
                decoded.push(character);
                decoded.push_str(rest);
            }
            None => {
                decoded.push('&');
                decoded.push_str(part);
            }
        }
    }
    Cow::Owned(decoded)
}

fn character(entity: &str) -> Option<char> {
    if ENTITY_BYTES_MAX < entity.len() {
        return None;
    }
    let number = match entity.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => digits.parse(),
        },
        None => {
            let named = NAMED.iter().find(|(name, _)| *name == entity);
            return named.map(|(_, character)| *character);
        }
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_decoded_once() {
        for (text, expected) in [
            ("?a=1&amp;b=2&#38;c=3&#x26;d", "?a=1&b=2&c=3&d"),
            ("&amp;amp;", "&amp;"),
            ("?a&b;c&copy;d&", "?a&b;c&copy;d&"),
            ("&#22270;&#x56FE;", "图图"),
            ("&#;&#x;&#xD800;&#99999999;", "&#;&#x;&#xD800;&#99999999;"),
            ("&quot;&apos;&#39;", "\"''"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }
}
