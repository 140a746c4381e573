//! What a Confluence says about itself to everybody (pure): its application manifest, read without an XML parser.
//!
//! The manifest is a short list of elements without attributes. What does not look like that is no manifest.

/// Longest word that is taken from a manifest, in bytes. Real versions have some ten.
const WORD_BYTES_MAX: usize = 40;

/// What answered the question for the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// A Confluence.
    Confluence {
        /// Its version, such as `9.2.17`, if it says one.
        version: Option<String>,
    },
    /// Another program that has such a manifest.
    Other {
        /// Its own word for what it is, such as `jira`.
        product: String,
    },
    /// Something that has no manifest, or does not show it.
    Missing {
        /// The status it sent.
        status: u16,
    },
}

/// Reads a manifest, or the beginning of one. `None` if it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Manifest> {
    let text = String::from_utf8_lossy(bytes);
    let product = element(&text, "typeId")?.to_owned();
    if product != "confluence" {
        return Some(Manifest::Other { product });
    }
    let version = element(&text, "version").map(str::to_owned);
    Some(Manifest::Confluence { version })
}

/// The text of the first element of this name, if it is one plain word.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (word, _) = rest.split_once(&format!("</{name}>"))?;
    let word = word.trim();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    let fits = (1..=WORD_BYTES_MAX).contains(&word.len()) && word.bytes().all(is_plain);
    fits.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Manifest>) {
        assert_eq!(read(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn a_manifest_names_product_and_version() {
        let confluence = |version: Option<&str>| {
            Some(Manifest::Confluence {
                version: version.map(str::to_owned),
            })
        };
        let long = "9".repeat(41);
        for (text, expected) in [
            (
                "<manifest><applinksVersion>1.2</applinksVersion><typeId>confluence</typeId><version>9.2.17</version>",
                confluence(Some("9.2.17")),
            ),
            (
                "<version>\n 8.5.4-m01 </version><typeId> confluence </typeId>",
                confluence(Some("8.5.4-m01")),
            ),
            ("<typeId>confluence</typeId>", confluence(None)),
            (
                "<typeId>confluence</typeId><version></version>",
                confluence(None),
            ),
            (
                "<typeId>confluence</typeId><version>9\u{1b}[31m</version>",
                confluence(None),
            ),
            (
                &format!("<typeId>confluence</typeId><version>{long}</version>"),
                confluence(None),
            ),
            (
                "<typeId>jira</typeId><version>9.2.17</version>",
                Some(Manifest::Other {
                    product: "jira".to_owned(),
                }),
            ),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn anything_else_is_no_manifest() {
        for text in [
            "",
            "<html><body>confluence 9.2.17</body></html>",
            "<typeId>confluence",
            "<version>9.2.17</version>",
            "<typeId>con fluence</typeId>",
            "{\"typeId\":\"confluence\"}",
        ] {
            check(text, None);
        }
    }
}
