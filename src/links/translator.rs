//! The one who knows both sides: Confluence's base address and ours.

use super::base::{Base, Side, behind_scheme};
use super::link::{Meaning, Mistake};
use super::meaning::of_confluence;

/// Says what links are, and what this service calls the same.
#[derive(Clone, Debug)]
pub struct Translator {
    confluence: Base,
    proxy: String,
    ours: Base,
}

impl Translator {
    /// `confluence` is its base address with the context path, `proxy` the address of the base path as people see it.
    pub fn new(confluence: &str, proxy: &str) -> Translator {
        Translator {
            confluence: Base::new(confluence),
            proxy: proxy.trim_end_matches('/').to_owned(),
            ours: Base::new(proxy),
        }
    }

    /// The whole address of a path below the base path.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.proxy)
    }

    /// Says what one link is: absolute, without a scheme (`//host/path`) or without a host (`/path`).
    ///
    /// ```
    /// use confluence_attachment_proxy::links::{Meaning, Translator};
    ///
    /// let translator = Translator::new("https://wiki.example.com", "http://files.example.com/proxy");
    /// let link = "https://wiki.example.com/download/attachments/12/a+b.png?version=3&modificationDate=1";
    /// let Meaning::File(file) = translator.meaning(link) else {
    ///     panic!("that is a file");
    /// };
    /// assert_eq!(
    ///     translator.address(&file.path),
    ///     "http://files.example.com/proxy/download/attachments/12/a%20b.png?version=3",
    /// );
    /// ```
    pub fn meaning(&self, link: &str) -> Meaning {
        if link.starts_with("//") {
            return self.absolute(&format!("https:{link}"));
        }
        if link.starts_with('/') {
            return self.relative(link);
        }
        if behind_scheme(link).is_some() {
            return self.absolute(link);
        }
        Meaning::Mistake(Mistake::Nothing)
    }

    /// Whether a link without a scheme begins with Confluence's host.
    pub(super) fn begins_with_host(&self, link: &str) -> bool {
        self.confluence.is_host_of(link)
    }

    fn absolute(&self, link: &str) -> Meaning {
        if let Side::Below(_) = self.ours.side(link) {
            return Meaning::Ours;
        }
        match self.confluence.side(link) {
            Side::Below(below) => of_confluence(below),
            Side::Beside => Meaning::Mistake(Mistake::Outside),
            Side::Elsewhere => Meaning::Mistake(Mistake::Elsewhere),
        }
    }

    /// In a page of Confluence: with its context path, or a file without it.
    fn relative(&self, link: &str) -> Meaning {
        match link.strip_prefix(self.confluence.path()) {
            Some(below) if below.starts_with('/') => of_confluence(below),
            Some(_) | None if link.starts_with("/download/") => of_confluence(link),
            Some(_) | None => Meaning::Mistake(Mistake::Outside),
        }
    }
}
