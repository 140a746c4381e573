//! The start page at the base path: paste a link and get ours, what this service is, and in a demo the proof.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::results::put_results;
use super::shell::{Language, Shell, escape, put};
use super::showcase::{Showcase, put_proof};
use crate::links::Translator;

/// The file of the examples, below the base address of Confluence or of this service, with the places where a narrow
/// line may break.
const EXAMPLE_LINK: &str =
    "<wbr>/download/attachments/123456/diagram.png<wbr>?version=1&amp;api=v2";

/// Longest text in bytes that is put into an address again, so that the switch of language keeps it. Servers in between
/// take addresses of some 8 KiB, and each byte may become three.
const KEPT_BYTES_MAX: usize = 2000;

/// Where the page is, as its reader sees it, and what he has pasted.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Between Confluence's links and those that begin as this page does.
    pub translator: &'a Translator,
    /// Where the API lives.
    pub base_path: &'a str,
    /// The canonical target of the request.
    pub target: &'a str,
    /// What was in the field of the page.
    pub pasted: Option<&'a str>,
}

/// What the page says, once per language.
struct Words {
    title: &'static str,
    lead: &'static str,
    warning: &'static str,
    label: &'static str,
    hint: &'static str,
    turn: &'static str,
    how: &'static str,
    short: &'static str,
    short_how: &'static str,
    drop_in: &'static str,
    drop_in_how: &'static str,
    bookmark: &'static str,
    bookmark_how: &'static str,
    copy_bookmark: &'static str,
}

const ENGLISH: Words = Words {
    title: "Confluence attachments, without a login",
    lead: "This service opens links to Confluence attachments for everybody on this network. It logs in with one configured account, keeps each file in memory for a while, and hands it on.",
    warning: "Whatever the configured account may read can be read by everybody who reaches this service.",
    label: "Links from Confluence",
    hint: "One or several, or a whole text with links in it: HTML, Markdown, wiki markup. It comes back with links that need no login. Nothing of it is kept.",
    turn: "Make links",
    how: "How to make a link",
    short: "Short",
    short_how: "Page id and file name behind the address of this page; the page id alone lists its files:",
    drop_in: "From Confluence’s own link",
    drop_in_how: "Replace everything before /download/ by the address of this page; the rest stays as it is:",
    bookmark: "From the page you are on",
    bookmark_how: "Make a bookmark with this as its address. It opens this page with the link of the page or preview you are looking at:",
    copy_bookmark: "Copy the bookmark",
};

const CHINESE: Words = Words {
    title: "无需登录即可打开 Confluence 附件",
    lead: "本服务让内网中的所有人都能打开 Confluence 附件链接：它使用一个预先配置的账号登录，把文件在内存中保留一段时间，再转交给访问者。",
    warning: "所配置的账号能读到的一切，访问本服务的任何人都能读到。",
    label: "Confluence 链接",
    hint: "可以是一个或多个链接，也可以是含有链接的整段文字：HTML、Markdown、Wiki 标记。返回的链接无需登录。粘贴的内容不会保存。",
    turn: "生成链接",
    how: "如何得到链接",
    short: "短链接",
    short_how: "在本页地址后面加上页面 ID 和文件名；只加页面 ID 则列出该页面的文件：",
    drop_in: "由 Confluence 自己的链接得到",
    drop_in_how: "把 /download/ 之前的部分换成本页地址，其余保持不变：",
    bookmark: "由正在浏览的页面得到",
    bookmark_how: "以下面的内容为地址建立书签。点击它就会打开本页，并带上正在浏览的页面或预览的链接：",
    copy_bookmark: "复制书签",
};

/// Renders the page. `languages` is the client's `Accept-Language`.
pub fn home(place: &Place<'_>, languages: Option<&str>, showcase: Option<&Showcase>) -> String {
    let Place {
        translator,
        base_path,
        target,
        pasted,
    } = *place;
    let (_, query) = target.split_once('?').unwrap_or((target, ""));
    let language = Language::of(query, languages);
    let words = language.pick(&ENGLISH, &CHINESE);
    let pasted = pasted.filter(|text| !text.trim().is_empty());
    let mut content = String::with_capacity(16 * 1024);
    let Words {
        title,
        lead,
        warning,
        ..
    } = words;
    put(
        &mut content,
        format_args!("<h1>{title}</h1><p class=\"lead\">{lead}</p>"),
    );
    put_form(&mut content, language, base_path, pasted);
    if let Some(text) = pasted {
        put_results(&mut content, language, base_path, translator, text);
    }
    put(
        &mut content,
        format_args!("<p class=\"note\">{warning}</p>"),
    );
    put_ways(&mut content, words, &escape(&translator.address("")));
    if let Some(showcase) = showcase {
        put_proof(&mut content, language, base_path, showcase);
    }
    let shell = Shell {
        language,
        title,
        base_path,
        target: &kept_target(base_path, target, pasted),
    };
    shell.page(&content)
}

/// The address that leads here again with what was pasted, if it is short enough for one.
fn kept_target(base_path: &str, target: &str, pasted: Option<&str>) -> String {
    match pasted {
        Some(text) if text.len() <= KEPT_BYTES_MAX => {
            let text = utf8_percent_encode(text, NON_ALPHANUMERIC);
            format!("{base_path}/?link={text}")
        }
        Some(_) => format!("{base_path}/"),
        None => target.to_owned(),
    }
}

/// The field for links, with what was in it.
fn put_form(page: &mut String, language: Language, base_path: &str, pasted: Option<&str>) {
    let Words {
        label, hint, turn, ..
    } = language.pick(&ENGLISH, &CHINESE);
    let tag = language.pick("en", "zh");
    let base_path = escape(base_path);
    let rows = rows(pasted.unwrap_or_default());
    let pasted = escape(pasted.unwrap_or_default());
    // A newline right behind the start of a textarea is not a part of its text.
    put(
        page,
        format_args!(
            "<form class=\"card paste\" method=\"post\" action=\"{base_path}/?lang={tag}\">\
             <label for=\"link\">{label}</label><p class=\"soft\" id=\"link-hint\">{hint}</p>\
             <textarea id=\"link\" name=\"link\" rows=\"{rows}\" required spellcheck=\"false\" autocomplete=\"off\" \
             aria-describedby=\"link-hint\" placeholder=\"https://wiki.example.com/download/attachments/123456/diagram.png\">\n{pasted}</textarea>\
             <button class=\"main\">{turn}</button></form>"
        ),
    );
}

/// How high a field for this text is.
pub(super) fn rows(text: &str) -> usize {
    (text.lines().count() + 1).clamp(4, 12)
}

/// How to make a link, all ways. `address` is escaped.
fn put_ways(page: &mut String, words: &Words, address: &str) {
    let Words {
        how,
        short,
        short_how,
        drop_in,
        drop_in_how,
        bookmark,
        bookmark_how,
        copy_bookmark,
        ..
    } = words;
    let script = format!(
        "javascript:location.href=&#39;{address}/?link=&#39;+encodeURIComponent(location.href)"
    );
    put(
        page,
        format_args!(
            "<h2>{how}</h2><div class=\"ways\">\
             <section class=\"card\"><h3>{short}</h3><p>{short_how}</p><code><strong>{address}</strong>/123456/diagram.png</code></section>\
             <section class=\"card\"><h3>{drop_in}</h3><p>{drop_in_how}</p>\
             <code><s>https://wiki.example.com</s>{EXAMPLE_LINK}</code><code><strong>{address}</strong>{EXAMPLE_LINK}</code></section>\
             <section class=\"card\"><h3>{bookmark}</h3><p>{bookmark_how}</p><code>{script}</code>\
             <button hidden data-copy-text=\"{script}\">{copy_bookmark}</button></section></div>"
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::super::showcase::Exhibit;
    use super::*;

    #[track_caller]
    fn page(target: &str, languages: Option<&str>, pasted: Option<&str>) -> String {
        let translator = Translator::new("https://wiki.example.com", "https://files:8443/proxy");
        let place = Place {
            translator: &translator,
            base_path: "/proxy",
            target,
            pasted,
        };
        home(&place, languages, None)
    }

    #[test]
    fn the_addresses_on_it_begin_as_this_page_does() {
        let page = page("/proxy/", None, None);
        assert!(page.contains("https://files:8443/proxy</strong>/123456/"));
        assert!(page.contains("location.href=&#39;https://files:8443/proxy/?link=&#39;"));
        assert!(
            page.contains("<form class=\"card paste\" method=\"post\" action=\"/proxy/?lang=en\">")
        );
        assert!(!page.contains("http://files") && !page.contains("id=\"results\""));
    }

    #[test]
    fn the_page_speaks_the_readers_language() {
        for (target, languages, expected) in [
            ("/proxy/", None, "lang=\"en\""),
            ("/proxy/", Some("zh-CN,zh;q=0.9,en;q=0.8"), "lang=\"zh-CN\""),
            ("/proxy/?lang=zh&link=x", Some("en"), "lang=\"zh-CN\""),
        ] {
            let page = page(target, languages, None);
            assert!(page.contains(expected), "{target} {languages:?}");
        }
    }

    #[test]
    fn the_switch_of_language_keeps_what_is_short() {
        let kept = page(
            "/proxy/?lang=en",
            None,
            Some("https://wiki.example.com/x/a&b"),
        );
        assert!(kept.contains(
            "href=\"/proxy/?lang=zh&amp;link=https%3A%2F%2Fwiki%2Eexample%2Ecom%2Fx%2Fa%26b\""
        ));
        let long = page("/proxy/?lang=en", None, Some(&"x ".repeat(KEPT_BYTES_MAX)));
        assert!(long.contains("href=\"/proxy/?lang=zh\""));
    }

    #[test]
    fn nothing_that_is_pasted_or_of_a_name_becomes_markup() {
        let hostile = "\n</textarea><script>alert(1)</script>\"'><b>";
        let page = page("/proxy/", None, Some(hostile));
        assert!(!page.contains("<script>alert") && !page.contains("<b>"));
        assert!(page.contains(">\n\n&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;b&gt;</textarea>"));
    }

    #[test]
    fn the_proof_is_shown_where_there_is_one() {
        let exhibit = Exhibit {
            path: "/1/a.png".into(),
            direct: "http://wiki/\"><script>".into(),
            name: "<b>'\".png".into(),
            media_type: "image/png".into(),
            title_en: "<i>".into(),
            title_zh: "<i>".into(),
        };
        let showcase = Showcase {
            exhibits: vec![exhibit],
            switchboard: "http://wiki/\"><b>".into(),
        };
        let translator = Translator::new("https://wiki", "http://\"><script>alert(1)");
        let place = Place {
            translator: &translator,
            base_path: "/proxy",
            target: "/proxy/",
            pasted: None,
        };
        let page = home(&place, None, Some(&showcase));
        assert!(!page.contains("<script>alert") && !page.contains("<b>") && !page.contains("<i>"));
        assert!(page.contains("<img src=\"/proxy/1/a.png\" alt=\"&lt;b&gt;&#39;&quot;.png\""));
    }
}
