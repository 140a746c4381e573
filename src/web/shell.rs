//! What all pages share: language, head, the bar at the top, the one stylesheet and the one script, and the policy that
//! lets nothing else run.

use std::fmt::Write;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The picture beside the title, where browsers look for it by themselves.
pub const ICON: &str = include_str!("icon.svg");

/// `Content-Type` of [`ICON`].
pub const ICON_TYPE: &str = "image/svg+xml";

/// The same within a page, which need not be at the root of its host.
static ICON_LINK: LazyLock<String> =
    LazyLock::new(|| format!("data:{ICON_TYPE};base64,{}", STANDARD.encode(ICON)));

/// Pictures and media come from anywhere, because links go to the public address and the demo shows Confluence's own;
/// everything else is this page alone.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src * data:; media-src *; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// `Content-Security-Policy` of every page that a [`Shell`] makes: style and script are named by their hashes, so
/// nothing of a file's name or of what somebody pastes could ever run.
pub fn policy() -> &'static str {
    &POLICY
}

/// The languages of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// What everybody gets who asks for neither.
    English,
    /// Simplified.
    Chinese,
}

impl Language {
    /// The reader's: what the switch on a page says (`lang=` in the query), else the first that is known of an
    /// `Accept-Language` (its order; quality values follow it in practice).
    pub fn of(query: &str, accepted: Option<&str>) -> Language {
        let chosen = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("lang="))
            .and_then(Language::named);
        let accepted = accepted.unwrap_or_default();
        chosen
            .or_else(|| accepted.split(',').find_map(Language::named))
            .unwrap_or(Language::English)
    }

    /// The language of a tag such as `zh-CN` or ` en-US;q=0.5`.
    fn named(tag: &str) -> Option<Language> {
        let tag = tag.trim().to_ascii_lowercase();
        match tag.split(['-', ';']).next() {
            Some("en") => Some(Language::English),
            Some("zh") => Some(Language::Chinese),
            Some(_) | None => None,
        }
    }

    /// As `lang` says it in HTML.
    pub fn tag(self) -> &'static str {
        self.pick("en", "zh-CN")
    }

    /// The one of two texts that is in this language.
    pub fn pick<T>(self, english: T, chinese: T) -> T {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    fn other(self) -> Language {
        match self {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    }
}

/// What stands around the content of a page.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// Of everything on it.
    pub language: Language,
    /// The title of its window: text, not markup.
    pub title: &'a str,
    /// Where the start page is, without a trailing slash.
    pub base_path: &'a str,
    /// The canonical target by which the reader came: the switch leads there in the other language.
    pub target: &'a str,
}

impl Shell<'_> {
    /// The whole page around `content`, which is markup.
    pub fn page(&self, content: &str) -> String {
        let Shell {
            language,
            title,
            base_path,
            target,
        } = self;
        let title = escape(title);
        let base_path = escape(base_path);
        let other = language.other();
        let switch = escape(&in_language(target, other));
        let (other_tag, tag) = (other.tag(), language.tag());
        let name = language.pick("Confluence attachments", "Confluence 附件");
        let skip = language.pick("Skip to the content", "跳到正文");
        let other_name = language.pick("中文", "English");
        let copied = language.pick("Copied", "已复制");
        let not_copied = language.pick(
            "Could not be copied: select the text and copy it",
            "无法复制：请选中文字后自行复制",
        );
        let mut page = String::with_capacity(STYLE.len() + SCRIPT.len() + content.len() + 2048);
        put(
            &mut page,
            format_args!(
                "<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
                 <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><link rel=\"icon\" href=\"{}\">\
                 <style>{STYLE}</style></head><body><a class=\"skip\" href=\"#content\">{skip}</a>\
                 <header class=\"bar\"><div><a class=\"brand\" href=\"{base_path}/\">{name}</a>\
                 <a href=\"{switch}\" lang=\"{other_tag}\" hreflang=\"{other_tag}\">{other_name}</a></div></header>\
                 <main id=\"content\">{content}</main>\
                 <div id=\"said\" class=\"said\" role=\"status\" data-copied=\"{copied}\" data-not-copied=\"{not_copied}\"></div>\
                 <script>{SCRIPT}</script></body></html>\n",
                *ICON_LINK
            ),
        );
        page
    }
}

/// The same target with another `lang` in its query.
fn in_language(target: &str, language: Language) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut address = format!("{path}?lang={}", language.pick("en", "zh"));
    for pair in query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
    {
        address.push('&');
        address.push_str(pair);
    }
    address
}

/// Appends formatted markup.
pub(super) fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text)
        .expect("a String takes every character");
}

/// Makes text safe inside HTML text and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_chooses_the_language_or_the_browser_does() {
        let (english, chinese) = (Language::English, Language::Chinese);
        for (query, accepted, expected) in [
            ("", None, english),
            ("", Some("zh-CN,zh;q=0.9,en;q=0.8"), chinese),
            ("", Some("en-US,zh"), english),
            ("", Some("de, ZH-tw"), chinese),
            ("", Some("zhx, fr"), english),
            ("lang=en", Some("zh"), english),
            ("q=x&lang=zh", Some("en"), chinese),
            ("lang=xx", Some("zh"), chinese),
        ] {
            let found = Language::of(query, accepted);
            assert_eq!(found, expected, "{query} {accepted:?}");
        }
    }

    #[test]
    fn the_switch_leads_to_the_same_page_in_the_other_language() {
        for (target, expected) in [
            ("/proxy/", "/proxy/?lang=zh"),
            ("/proxy/7?lang=en&q=a&page=2", "/proxy/7?lang=zh&q=a&page=2"),
            ("/proxy/7?q=a&lang=en", "/proxy/7?lang=zh&q=a"),
        ] {
            assert_eq!(in_language(target, Language::Chinese), expected);
        }
    }

    #[test]
    fn a_page_names_its_style_and_script_and_nothing_of_a_title_is_markup() {
        let shell = Shell {
            language: Language::English,
            title: "</title><script>",
            base_path: "/\"",
            target: "/\"?<",
        };
        let page = shell.page("<p>content</p>");
        assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
        assert!(page.contains("<p>content</p>") && page.contains("href=\"/&quot;/\""));
        assert!(page.contains("href=\"/&quot;?lang=zh&amp;&lt;\""));
        assert_eq!(page.matches("<script>").count(), 1);
        for (start, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
            let (_, rest) = page.split_once(start).expect("there is one");
            let (text, _) = rest.split_once(end).expect("it ends");
            let hash = STANDARD.encode(digest(&SHA256, text.as_bytes()));
            assert!(policy().contains(&format!("'sha256-{hash}'")), "{start}");
        }
        assert!(!policy().contains("unsafe"));
    }
}
