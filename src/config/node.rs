//! What one instance among several is called.

/// Longest name: it goes out with every answer.
const NODE_NAME_BYTES_MAX: usize = 64;

/// Reads `PROXY_NODE_NAME`: what a token of a header field may hold behind a `/` (RFC 8941, section 3.3.4), and a word of the
/// log without quotes.
pub(super) fn parse_node_name(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_short = (1..=NODE_NAME_BYTES_MAX).contains(&text.len());
    (is_short && text.bytes().all(is_plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_few_letters_and_none_that_needs_quotes() {
        for name in ["a", "files-2", "Node_3.example.com", &"x".repeat(64)] {
            assert_eq!(parse_node_name(name).as_deref(), Some(name));
        }
        for name in ["", "a b", "a;hit", "a/b", "knötchen", &"x".repeat(65)] {
            assert_eq!(parse_node_name(name), None, "{name}");
        }
    }
}
