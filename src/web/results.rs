//! What became of a pasted text: for each link ours, with a preview and text to paste elsewhere, or what is wrong with it.

use super::home::rows;
use super::shell::{Language, escape, put};
use super::snippet::{Snippets, snippets};
use crate::links::{File, Kind, Link, Meaning, Reading, Translator};

/// Most links with a card of their own: more are not looked at one by one, and each preview is a question to Confluence.
const SHOWN_MAX: usize = 50;

/// What the results say, once per language.
struct Words {
    results: &'static str,
    none: &'static str,
    document: &'static str,
    document_label: &'static str,
    copy_document: &'static str,
    left: &'static str,
    address: &'static str,
    copy: &'static str,
    open: &'static str,
    files: &'static str,
    full_stop: &'static str,
}

const ENGLISH: Words = Words {
    results: "Results",
    none: "There is no link in it. A link begins with https:// or http://.",
    document: "Your text",
    document_label: "The text with its links replaced",
    copy_document: "Copy the text",
    left: "more, not shown one by one.",
    address: "Link",
    copy: "Copy",
    open: "Open",
    files: "Files of page",
    full_stop: ".",
};

const CHINESE: Words = Words {
    results: "结果",
    none: "其中没有链接。链接以 https:// 或 http:// 开头。",
    document: "您的文字",
    document_label: "链接已替换的文字",
    copy_document: "复制文字",
    left: "个链接没有逐一显示。",
    address: "链接",
    copy: "复制",
    open: "打开",
    files: "该页面的文件：",
    full_stop: "。",
};

/// Appends everything about a pasted text.
pub(super) fn put_results(
    page: &mut String,
    language: Language,
    base_path: &str,
    translator: &Translator,
    pasted: &str,
) {
    let words = language.pick(&ENGLISH, &CHINESE);
    let Reading { links, is_document } = translator.read(pasted);
    if is_document {
        put_document(page, language, translator, pasted);
    }
    put(
        page,
        format_args!("<h2 id=\"results\">{}</h2>", words.results),
    );
    if links.is_empty() {
        put(page, format_args!("<p class=\"card\">{}</p>", words.none));
        return;
    }
    page.push_str("<ol class=\"results\">");
    for (number, link) in links.iter().take(SHOWN_MAX).enumerate() {
        page.push_str("<li class=\"card\">");
        match &link.meaning {
            Meaning::File(file) => {
                let address = translator.address(&file.path);
                put_file(page, words, (number, file), base_path, &address);
            }
            meaning @ (Meaning::Page(_)
            | Meaning::Unnamed(_)
            | Meaning::Ours
            | Meaning::Mistake(_)) => {
                put_other(
                    page,
                    language,
                    link,
                    meaning.path().as_deref(),
                    (translator, number),
                );
            }
        }
        page.push_str("</li>");
    }
    page.push_str("</ol>");
    if SHOWN_MAX < links.len() {
        let left = links.len() - SHOWN_MAX;
        put(
            page,
            format_args!("<p class=\"soft\">{left} {}</p>", words.left),
        );
    }
}

/// A text that is more than links comes back as a whole.
fn put_document(page: &mut String, language: Language, translator: &Translator, pasted: &str) {
    let (rewritten, replaced) = translator.rewrite(pasted);
    if replaced == 0 {
        return;
    }
    let Words {
        document,
        document_label,
        copy_document,
        ..
    } = language.pick(&ENGLISH, &CHINESE);
    let count = match (language, replaced) {
        (Language::English, 1) => "1 link was replaced.".to_owned(),
        (Language::English, _) => format!("{replaced} links were replaced."),
        (Language::Chinese, _) => format!("已替换 {replaced} 个链接。"),
    };
    let (rows, rewritten) = (rows(pasted), escape(&rewritten));
    put(
        page,
        format_args!(
            "<h2>{document}</h2><div class=\"card paste\"><label for=\"document\">{document_label}</label>\
             <p class=\"soft\">{count}</p>\
             <textarea id=\"document\" rows=\"{rows}\" readonly spellcheck=\"false\">\n{rewritten}</textarea>\
             <button hidden data-copy-from=\"document\">{copy_document}</button></div>"
        ),
    );
}

fn put_file(
    page: &mut String,
    words: &Words,
    (number, file): (usize, &File),
    base_path: &str,
    address: &str,
) {
    let name = file.name().as_str();
    let shown = escape(name);
    put(
        page,
        format_args!("<h3>{shown}</h3><div class=\"turned\"><div class=\"stage\">"),
    );
    put_preview(page, file, &escape(&format!("{base_path}{}", file.path)));
    page.push_str("</div><div class=\"fields\">");
    let Snippets {
        html,
        markdown,
        wiki,
    } = snippets(file.kind(), name, address);
    for (label, text) in [
        (words.address, address),
        ("HTML", &html),
        ("Markdown", &markdown),
        ("Wiki", &wiki),
    ] {
        put_field(page, words, (number, label), &shown, text);
    }
    let (address, open) = (escape(address), words.open);
    put(
        page,
        format_args!(
            "<a class=\"button\" href=\"{address}\" aria-label=\"{open}: {shown}\">{open}</a></div></div>"
        ),
    );
}

/// A field that cannot be changed, with its button. `name` is escaped.
fn put_field(
    page: &mut String,
    words: &Words,
    (number, label): (usize, &str),
    name: &str,
    text: &str,
) {
    let id = format!(
        "r{number}-{}",
        if label.is_ascii() { label } else { "Link" }
    );
    let (text, copy) = (escape(text), words.copy);
    put(
        page,
        format_args!(
            "<label for=\"{id}\">{label}</label><input id=\"{id}\" class=\"mono\" readonly value=\"{text}\" aria-label=\"{label}: {name}\">\
             <button hidden data-copy-from=\"{id}\" aria-label=\"{copy} {label}: {name}\">{copy}</button>"
        ),
    );
}

/// The file through this service, by the way that the page came: `address` is escaped, and below our base path.
fn put_preview(page: &mut String, file: &File, address: &str) {
    let name = escape(file.name().as_str());
    match file.kind() {
        Kind::Image => put(
            page,
            format_args!("<img src=\"{address}\" alt=\"{name}\" loading=\"lazy\">"),
        ),
        Kind::Video => put(
            page,
            format_args!(
                "<video src=\"{address}\" controls muted preload=\"metadata\" aria-label=\"{name}\"></video>"
            ),
        ),
        Kind::Audio => put(
            page,
            format_args!(
                "<audio src=\"{address}\" controls preload=\"none\" aria-label=\"{name}\"></audio>"
            ),
        ),
        Kind::Pdf | Kind::Other => {
            let ending = file.name().as_str().rsplit_once('.');
            let ending = ending.map_or("", |(_, ending)| ending).to_uppercase();
            let ending: String = ending.chars().take(8).collect();
            let ending = if ending.is_empty() { "•" } else { &ending };
            put(
                page,
                format_args!(
                    "<span class=\"file\" aria-hidden=\"true\">{}</span>",
                    escape(ending)
                ),
            );
        }
    }
}

/// A link that is no file: what it is, and where the files of its page are.
fn put_other(
    page: &mut String,
    language: Language,
    link: &Link,
    path: Option<&str>,
    (translator, number): (&Translator, usize),
) {
    let words = language.pick(&ENGLISH, &CHINESE);
    let text = escape(&link.text);
    put(page, format_args!("<h3 class=\"mono\">{text}</h3>"));
    if let Some(explanation) = link.meaning.explanation() {
        let said = language.pick(sentence(&explanation.english), explanation.chinese);
        let class = match link.meaning {
            Meaning::Mistake(_) => "mistake",
            Meaning::File(_) | Meaning::Page(_) | Meaning::Unnamed(_) | Meaning::Ours => "soft",
        };
        let (said, full_stop) = (escape(&said), words.full_stop);
        put(
            page,
            format_args!("<p class=\"{class}\">{said}{full_stop}</p>"),
        );
    }
    if let Some(path) = path {
        let address = translator.address(path);
        let name = format!("{} {}", words.files, path.trim_start_matches('/'));
        page.push_str("<div class=\"fields\">");
        put_field(page, words, (number, words.address), &name, &address);
        let (address, open) = (escape(&address), words.open);
        put(
            page,
            format_args!(
                "<a class=\"button\" href=\"{address}\" aria-label=\"{open}: {name}\">{open}</a></div>"
            ),
        );
    }
}

/// With a capital letter at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(language: Language, pasted: &str) -> String {
        let translator = Translator::new("https://wiki.example.com", "https://files/outer");
        let mut page = String::new();
        put_results(&mut page, language, "/proxy", &translator, pasted);
        page
    }

    #[test]
    fn a_file_has_a_preview_below_our_path_and_text_to_paste() {
        let link = "https://wiki.example.com/download/thumbnails/1/a%20b.png?version=2&width=9";
        let page = results(Language::English, link);
        for part in [
            "<img src=\"/proxy/download/thumbnails/1/a%20b.png?version=2&amp;width=9\" alt=\"a b.png\"",
            "value=\"https://files/outer/download/thumbnails/1/a%20b.png?version=2&amp;width=9\"",
            "value=\"&lt;img src=&quot;https://files/outer/download/thumbnails/1/a%20b.png?version=2&amp;amp;width=9&quot; alt=&quot;a b.png&quot;&gt;\"",
            "value=\"![a b.png](https://files/outer/download/thumbnails/1/a%20b.png?version=2&amp;width=9)\"",
            "value=\"!https://files/outer/download/thumbnails/1/a%20b.png?version=2&amp;width=9!\"",
            "<label for=\"r0-Link\">Link</label>",
            "aria-label=\"Copy Wiki: a b.png\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("<textarea"), "it is no document");
    }

    #[test]
    fn the_place_in_a_file_is_kept() {
        let link = "https://wiki.example.com/download/attachments/1/a.mp4?api=v2#t=10&x='";
        let page = results(Language::English, link);
        for part in [
            "<video src=\"/proxy/download/attachments/1/a.mp4#t=10&amp;x=\"",
            "value=\"https://files/outer/download/attachments/1/a.mp4#t=10&amp;x=\"",
            "href=\"https://files/outer/download/attachments/1/a.mp4#t=10&amp;x=\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn each_kind_of_file_is_shown_in_its_way() {
        for (name, expected) in [
            (
                "a.webm",
                "<video src=\"/proxy/download/attachments/1/a.webm\"",
            ),
            (
                "a.mp3",
                "<audio src=\"/proxy/download/attachments/1/a.mp3\"",
            ),
            (
                "a.pdf",
                "<span class=\"file\" aria-hidden=\"true\">PDF</span>",
            ),
            (
                "a%3Cb%3E.%3Ci%3E",
                "<span class=\"file\" aria-hidden=\"true\">&lt;I&gt;</span>",
            ),
            ("a", "<span class=\"file\" aria-hidden=\"true\">•</span>"),
        ] {
            let link = format!("https://wiki.example.com/download/attachments/1/{name}");
            let page = results(Language::English, &link);
            assert!(page.contains(expected), "{expected}: {page}");
        }
    }

    #[test]
    fn pages_and_mistakes_are_explained_in_the_readers_language() {
        let pasted =
            "https://wiki.example.com/x/QQAB https://wiki.example.com/display/A/B http://o/<i>";
        let english = results(Language::English, pasted);
        for part in [
            "<p class=\"soft\">This is a page, not a file: here is the list of its files.</p>",
            "value=\"https://files/outer/65601\"",
            "<p class=\"mistake\">This names a page by its title",
            "<h3 class=\"mono\">http://o/</h3>",
        ] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let chinese = results(Language::Chinese, pasted);
        assert!(chinese.contains("这是页面，不是文件：下面是该页面的文件列表。</p>"));
        assert!(chinese.contains("<label for=\"r0-Link\">链接</label>"));
        assert!(results(Language::English, "nothing").contains("There is no link in it."));
    }

    #[test]
    fn a_document_comes_back_with_a_count() {
        let link = "https://wiki.example.com/download/attachments/1/a.png";
        let page = results(
            Language::English,
            &format!("see {link} & <b>{link}?version=2</b>"),
        );
        let ours = "https://files/outer/download/attachments/1/a.png";
        let expected = format!(
            "<p class=\"soft\">2 links were replaced.</p><textarea id=\"document\" rows=\"4\" readonly spellcheck=\"false\">\n\
             see {ours} &amp; &lt;b&gt;{ours}?version=2&lt;/b&gt;</textarea>"
        );
        assert!(page.contains(&expected), "{page}");
        let chinese = results(Language::Chinese, &format!("看 {link}"));
        assert!(chinese.contains("已替换 1 个链接。"));
        let named = results(
            Language::English,
            "<meta charset=gbk><img src=\"/download/attachments/1/图.png\">",
        );
        assert!(named.contains("/attachments/1/%E5%9B%BE.png&quot;&gt;</textarea>"));
        let without = results(Language::English, "see https://wiki.example.com/x/QQAB");
        assert!(!without.contains("<textarea"), "nothing was replaced");
    }

    #[test]
    fn many_links_are_counted() {
        let links: Vec<String> = (1..=SHOWN_MAX + 3)
            .map(|page| format!("https://wiki.example.com/download/attachments/{page}/a.png"))
            .collect();
        let page = results(Language::English, &links.join("\n"));
        assert_eq!(page.matches("<li class").count(), SHOWN_MAX);
        assert!(page.contains("<p class=\"soft\">3 more, not shown"));
    }
}
