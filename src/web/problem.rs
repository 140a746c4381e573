//! What somebody sees in a browser who cannot get the file: a small page, or a picture where a picture should be.

use std::time::SystemTime;

use super::moment::readable;
use super::shell::{Language, escape};

/// `Content-Security-Policy` of [`problem_page`]: its own style, the empty icon, nothing else. In the sandbox nothing
/// runs, whatever the page should ever hold; without popups the link to a mail address would be dead in it. The page may
/// be framed: it stands where a PDF in a frame should, and has nothing to click at a loss.
pub const PROBLEM_SECURITY: &str = "default-src 'none'; style-src 'sha256-wqphE7YOTHqVk1t08nyuvQGmLg87A9HcHbz2KzfgfP0='; img-src data:; base-uri 'none'; form-action 'none'; sandbox allow-popups";

/// The same of [`problem_picture`], which has no style sheet.
pub const PICTURE_SECURITY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const STYLE: &str = include_str!("problem.css");

/// One problem in the reader's language.
#[derive(Clone, Copy, Debug)]
pub struct Mishap<'a> {
    /// The language of the texts.
    pub language: Language,
    /// The status code.
    pub status: u16,
    /// Its registered words, in English.
    pub title: &'a str,
    /// The kind of problem in a few words: at most 18 columns, two for each Chinese character.
    pub short: &'a str,
    /// What happened, without a full stop.
    pub detail: &'a str,
    /// What the reader can do, the same.
    pub remedy: &'a str,
    /// Whom to ask: a mail address, an `http` or `https` address, or any text.
    pub contact: Option<&'a str>,
    /// Who answers, if it is one of several.
    pub node: Option<&'a str>,
    /// The address of the start page, without its slash at the end.
    pub start: &'a str,
    /// When it happened.
    pub time: SystemTime,
}

/// The page for somebody who has followed a link. What is quoted is what the operator finds the log line by.
pub fn problem_page(mishap: &Mishap<'_>) -> String {
    let Mishap {
        language,
        status,
        title,
        ..
    } = *mishap;
    let tag = language.tag();
    let short = capitalised(mishap.short);
    let detail = sentence(language, mishap.detail);
    let remedy = sentence(language, mishap.remedy);
    let again = match status {
        500.. => language.pick(
            "<p><a href=\"\">Try again</a></p>",
            "<p><a href=\"\">重试</a></p>",
        ),
        _ => "",
    };
    let contact = mishap.contact.map_or(String::new(), |contact| {
        let whom = language.pick("Whom to ask:", "联系人：");
        format!("<p>{whom} {}</p>", link(contact))
    });
    let start = escape(mishap.start);
    let brand = language.pick("Confluence attachments", "Confluence 附件");
    let quote = language.pick("If you ask somebody, quote this:", "求助时请提供：");
    let time = readable(mishap.time);
    let node = mishap
        .node
        .map_or(String::new(), |node| format!(", {}", escape(node)));
    format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><title>{status} {title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style></head><body><main><h1>{short}</h1><p>{detail}</p><p>{remedy}</p>{contact}{again}\
         <footer><a href=\"{start}/\">{brand}</a><br>{quote} <span lang=\"en\">{status} {title}, <time>{time}</time>{node}</span></footer></main></body></html>\n"
    )
}

/// What stands in an `<img>` instead of the picture: the status and a few words, on a ground of its own that neither a
/// light nor a dark page swallows. The letters are a tenth of the width: 10 pixels in a thumbnail of 100.
pub fn problem_picture(mishap: &Mishap<'_>) -> String {
    let Mishap {
        language, status, ..
    } = *mishap;
    let short = escape(mishap.short);
    let whole = escape(&format!("{}; {}", mishap.detail, mishap.remedy));
    let tag = language.tag();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 120\" width=\"400\" height=\"240\" role=\"img\" xml:lang=\"{tag}\">\
         <title>{status}: {whole}</title><rect width=\"200\" height=\"120\" rx=\"6\" fill=\"#5b6472\"/>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif\">\
         <text x=\"100\" y=\"58\" font-size=\"40\" font-weight=\"600\">{status}</text>\
         <text x=\"100\" y=\"90\" font-size=\"20\">{short}</text></g></svg>\n"
    )
}

/// A text of ours as a sentence of its own.
fn sentence(language: Language, text: &str) -> String {
    capitalised(text) + language.pick(".", "。")
}

/// The same with a capital at its head.
fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    escape(&first.into_iter().chain(rest).collect::<String>())
}

/// Whom to ask, as a link if it is an address.
fn link(contact: &str) -> String {
    let shown = escape(contact);
    let is_web = ["https://", "http://"]
        .iter()
        .any(|scheme| contact.starts_with(scheme));
    match contact.split_once('@') {
        _ if is_web => format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>"),
        Some((name, host)) if is_mail_word(name) && is_mail_word(host) => {
            format!("<a href=\"mailto:{shown}\">{shown}</a>")
        }
        Some(_) | None => shown,
    }
}

/// Whether this can be one side of a mail address that needs no encoding in a link.
fn is_mail_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use base64::Engine;

    use super::*;

    fn sample() -> Mishap<'static> {
        Mishap {
            language: Language::English,
            status: 503,
            title: "Service Unavailable",
            short: "busy <now>",
            detail: "too many \"files\" & more <script>",
            remedy: "try again",
            contact: None,
            node: None,
            start: "/a\"b",
            time: UNIX_EPOCH + Duration::from_secs(1_772_323_199),
        }
    }

    #[test]
    fn the_policy_names_the_style_of_the_page_and_no_other() {
        let digest = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
        let hash = base64::engine::general_purpose::STANDARD.encode(digest);
        assert!(
            PROBLEM_SECURITY.contains(&format!("'sha256-{hash}'")),
            "write sha256-{hash}"
        );
        let page = problem_page(&sample());
        assert!(page.contains(&format!("<style>{STYLE}</style>")));
        assert_eq!(page.matches("style").count(), 2, "{page}");
    }

    #[test]
    fn the_page_says_what_happened_what_to_do_whom_to_ask_and_what_to_quote() {
        let mut mishap = sample();
        mishap.contact = Some("help@example.com");
        mishap.node = Some("files-2");
        let page = problem_page(&mishap);
        for part in [
            "<html lang=\"en\">",
            "<title>503 Service Unavailable</title>",
            "<h1>Busy &lt;now&gt;</h1>",
            "<p>Too many &quot;files&quot; &amp; more &lt;script&gt;.</p>",
            "<p>Try again.</p>",
            "<p>Whom to ask: <a href=\"mailto:help@example.com\">help@example.com</a></p>",
            "<a href=\"\">Try again</a>",
            "<a href=\"/a&quot;b/\">Confluence attachments</a>",
            "503 Service Unavailable, <time>2026-02-28 23:59:59 UTC</time>, files-2</span>",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        mishap.language = Language::Chinese;
        mishap.status = 404;
        mishap.contact = None;
        mishap.node = None;
        let page = problem_page(&mishap);
        assert!(page.contains("<html lang=\"zh-CN\">") && page.contains("<p>Try again。</p>"));
        assert!(!page.contains("重试") && !page.contains("联系人"), "{page}");
    }

    #[test]
    fn only_addresses_become_links() {
        for (contact, expected) in [
            (
                "a.b+c@example.com",
                "<a href=\"mailto:a.b+c@example.com\">a.b+c@example.com</a>",
            ),
            (
                "https://help/?a=1&b=\"",
                "<a href=\"https://help/?a=1&amp;b=&quot;\" rel=\"noreferrer\">https://help/?a=1&amp;b=&quot;</a>",
            ),
            (
                "http://help",
                "<a href=\"http://help\" rel=\"noreferrer\">http://help</a>",
            ),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("Anna <anna@example.com>", "Anna &lt;anna@example.com&gt;"),
            ("a@b?subject=x", "a@b?subject=x"),
            ("@", "@"),
            ("desk 4, phone 123", "desk 4, phone 123"),
        ] {
            assert_eq!(link(contact), expected);
        }
    }

    #[test]
    fn the_picture_is_small_and_nothing_in_it_is_markup_but_its_own() {
        let picture = problem_picture(&sample());
        for part in [
            ">503</text>",
            ">busy &lt;now&gt;</text>",
            "<title>503: too many &quot;files&quot; &amp; more &lt;script&gt;; try again</title>",
        ] {
            assert!(picture.contains(part), "{part}: {picture}");
        }
        assert!(
            !picture.contains("<script") && picture.len() < 1024,
            "{picture}"
        );
    }
}
