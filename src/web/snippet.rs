//! Ready-made text for other pages: a file in HTML, Markdown and wiki markup.

use super::shell::escape;
use crate::links::Kind;

/// A file as other pages write it.
pub(super) struct Snippets {
    pub(super) html: String,
    pub(super) markdown: String,
    pub(super) wiki: String,
}

/// Writes a file of this kind. `address` is ASCII in which nothing but `&` means anything to markup.
pub(super) fn snippets(kind: Kind, name: &str, address: &str) -> Snippets {
    let (in_html, in_name) = (escape(address), escape(name));
    let in_markdown = backslashed(name, "\\`*_{}[]<>#!|");
    let in_wiki = backslashed(name, "\\[]{}|!*_^~");
    let html = match kind {
        Kind::Image => format!("<img src=\"{in_html}\" alt=\"{in_name}\">"),
        Kind::Video => format!("<video src=\"{in_html}\" controls></video>"),
        Kind::Audio => format!("<audio src=\"{in_html}\" controls></audio>"),
        Kind::Pdf | Kind::Other => format!("<a href=\"{in_html}\">{in_name}</a>"),
    };
    let (markdown, wiki) = match kind {
        Kind::Image => (
            format!("![{in_markdown}]({address})"),
            format!("!{address}!"),
        ),
        Kind::Video | Kind::Audio | Kind::Pdf | Kind::Other => (
            format!("[{in_markdown}]({address})"),
            format!("[{in_wiki}|{address}]"),
        ),
    };
    Snippets {
        html,
        markdown,
        wiki,
    }
}

/// Puts a backslash before each character that means something.
fn backslashed(text: &str, meaning: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if meaning.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_name_is_only_a_name_in_each_markup() {
        for (kind, name, expected) in [
            (Kind::Image, "a\"<b>[c].png", [
                "<img src=\"http://f/1/a?version=1&amp;width=2\" alt=\"a&quot;&lt;b&gt;[c].png\">",
                "![a\"\\<b\\>\\[c\\].png](http://f/1/a?version=1&width=2)",
                "!http://f/1/a?version=1&width=2!",
            ]),
            (Kind::Pdf, "a|b_图.pdf", [
                "<a href=\"http://f/1/a?version=1&amp;width=2\">a|b_图.pdf</a>",
                "[a\\|b\\_图.pdf](http://f/1/a?version=1&width=2)",
                "[a\\|b\\_图.pdf|http://f/1/a?version=1&width=2]",
            ]),
            (Kind::Video, "a.webm", [
                "<video src=\"http://f/1/a?version=1&amp;width=2\" controls></video>",
                "[a.webm](http://f/1/a?version=1&width=2)",
                "[a.webm|http://f/1/a?version=1&width=2]",
            ]),
        ] {
            let Snippets { html, markdown, wiki } = snippets(kind, name, "http://f/1/a?version=1&width=2");
            assert_eq!([html, markdown, wiki], expected, "{name}");
        }
    }
}
