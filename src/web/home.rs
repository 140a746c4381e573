//! The start page at the base path: what this service is, how to make a link, and in a demo the proof.

use std::fmt::Write;

/// `Content-Security-Policy` of the page: its own inline style, pictures and media from anywhere, nothing that runs.
pub const SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; media-src *; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file of the examples, below the base address of Confluence or of this service, with the places where a narrow
/// line may break.
const EXAMPLE_LINK: &str =
    "<wbr>/download/attachments/123456/diagram.png<wbr>?version=1&amp;api=v2";

/// Files that the page shows side by side: through the proxy, and straight from Confluence.
#[derive(Clone, Debug)]
pub struct Showcase {
    /// The files.
    pub exhibits: Vec<Exhibit>,
}

/// One file of a [`Showcase`].
#[derive(Clone, Debug)]
pub struct Exhibit {
    /// Path below the base path, percent-encoded: `/12345/a%20b.png`.
    pub path: String,
    /// The same file at Confluence.
    pub direct: String,
    /// Its name as people read it.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What it is, in English.
    pub title_en: String,
    /// What it is, in Chinese.
    pub title_zh: String,
}

/// Where the page is, as its reader sees it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The client's `Host`.
    pub host: Option<&'a str>,
    /// Where the API lives.
    pub base_path: &'a str,
}

/// What the page says, once per language.
struct Words {
    language: &'static str,
    title: &'static str,
    lead: &'static str,
    warning: &'static str,
    how: &'static str,
    short: &'static str,
    short_how: &'static str,
    drop_in: &'static str,
    drop_in_how: &'static str,
    proof: &'static str,
    proof_lead: &'static str,
    with: &'static str,
    without: &'static str,
    open: &'static str,
    refused: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    title: "Confluence attachments, without a login",
    lead: "This service opens links to Confluence attachments for everybody on this network. It logs in with one configured account, keeps each file in memory for a while, and hands it on.",
    warning: "Whatever the configured account may read can be read by everybody who reaches this service.",
    how: "How to make a link",
    short: "Short",
    short_how: "Page id and file name behind the address of this page:",
    drop_in: "From Confluence’s own link",
    drop_in_how: "Replace everything before /download/ by the address of this page; the rest stays as it is:",
    proof: "See for yourself",
    proof_lead: "The same files twice: on the left through this service, on the right straight from Confluence, which wants a login and shows none of them.",
    with: "through this service",
    without: "straight from Confluence",
    open: "open",
    refused: "needs a login",
};

const CHINESE: Words = Words {
    language: "zh-CN",
    title: "无需登录即可打开 Confluence 附件",
    lead: "本服务让内网中的所有人都能打开 Confluence 附件链接：它使用一个预先配置的账号登录，把文件在内存中保留一段时间，再转交给访问者。",
    warning: "所配置的账号能读到的一切，访问本服务的任何人都能读到。",
    how: "如何得到链接",
    short: "短链接",
    short_how: "在本页地址后面加上页面 ID 和文件名：",
    drop_in: "由 Confluence 自己的链接得到",
    drop_in_how: "把 /download/ 之前的部分换成本页地址，其余保持不变：",
    proof: "对比效果",
    proof_lead: "同样的文件各出现两次：左边经过本服务，右边直接来自 Confluence，后者要求登录，因此无法显示。",
    with: "经过本服务",
    without: "直接访问 Confluence",
    open: "打开",
    refused: "需要登录",
};

const STYLE: &str = "\
    :root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1d2430;--soft:#5a6577;--line:#dde2ea;\
    --accent:#0b5fd0;--good:#12805c;--bad:#b3261e;--warn:#9a6200;--warn-ground:#fff6e0}\
    @media(prefers-color-scheme:dark){:root{--ground:#14171c;--card:#1d2128;--ink:#e6e9ee;--soft:#9aa5b5;--line:#333a45;\
    --accent:#77b0ff;--good:#5fd0a5;--bad:#ff8f85;--warn:#ffc861;--warn-ground:#2c2619}}\
    *{box-sizing:border-box}\
    body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}\
    main{max-width:72rem;margin:0 auto;padding:2.2rem 1.25rem 4rem}\
    h1{font-size:1.9rem;line-height:1.25;margin:0 0 .5rem}h2{font-size:1.25rem;margin:2rem 0 .6rem}h3{font-size:1rem;margin:0}\
    p{margin:0 0 .7rem}a{color:var(--accent)}.lead{max-width:52rem;color:var(--soft)}\
    .note{background:var(--warn-ground);border-left:4px solid var(--warn);border-radius:0 6px 6px 0;padding:.6rem 1rem;margin:1rem 0}\
    .ways,.exhibits{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(27rem,100%),1fr))}\
    section,article{background:var(--card);border:1px solid var(--line);border-radius:10px;min-width:0}\
    section{padding:.9rem 1.1rem}section p{color:var(--soft);margin:.2rem 0 .5rem}\
    code{font:.86rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;display:block;overflow-wrap:anywhere}\
    code strong{color:var(--good)}code s{color:var(--bad)}\
    article{overflow:hidden;display:flex;flex-direction:column}article header{padding:.6rem 1rem;border-bottom:1px solid var(--line)}\
    article small{color:var(--soft);font:.8rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}\
    .pair{display:grid;grid-template-columns:1fr 1fr;flex:1}\
    figure{margin:0;padding:.7rem 1rem .8rem;min-width:0;display:flex;flex-direction:column;gap:.5rem}figure+figure{border-left:1px solid var(--line)}\
    figcaption{font-size:.8rem;color:var(--good);display:flex;justify-content:space-between;gap:.5rem}.without figcaption{color:var(--bad)}\
    .stage{flex:1;min-height:9.5rem;display:flex;align-items:center;justify-content:center}\
    .stage img,.stage video{max-width:100%;max-height:9.5rem;border-radius:4px}.stage audio{width:100%}\
    .without img{font-size:.85rem;color:var(--soft)}\
    .file{border:1px solid var(--line);border-radius:6px;padding:1.6rem 1.3rem;font-weight:600;letter-spacing:.05em;text-decoration:none;color:var(--soft)}\
    .without .file{border-style:dashed;text-decoration:line-through}";

/// Renders the page. `languages` is the client's `Accept-Language`.
pub fn home(place: &Place<'_>, languages: Option<&str>, showcase: Option<&Showcase>) -> String {
    let Place {
        scheme,
        host,
        base_path,
    } = *place;
    let words = if prefers_chinese(languages.unwrap_or_default()) {
        &CHINESE
    } else {
        &ENGLISH
    };
    let mut page = String::with_capacity(16 * 1024);
    let Words {
        language,
        title,
        lead,
        warning,
        ..
    } = words;
    put(
        &mut page,
        format_args!(
            "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
             <style>{STYLE}</style></head><body><main>\
             <h1>{title}</h1><p class=\"lead\">{lead}</p><p class=\"note\">{warning}</p>"
        ),
    );
    let address = format!("{scheme}://{}{base_path}", host.unwrap_or("HOST"));
    put_ways(&mut page, words, &escape(&address));
    if let Some(showcase) = showcase {
        put_proof(&mut page, words, base_path, showcase);
    }
    page.push_str("</main></body></html>\n");
    page
}

/// How to make a link, both ways.
fn put_ways(page: &mut String, words: &Words, address: &str) {
    let Words {
        how,
        short,
        short_how,
        drop_in,
        drop_in_how,
        ..
    } = words;
    put(
        page,
        format_args!(
            "<h2>{how}</h2><div class=\"ways\">\
             <section><h3>{short}</h3><p>{short_how}</p><code><strong>{address}</strong>/123456/diagram.png</code></section>\
             <section><h3>{drop_in}</h3><p>{drop_in_how}</p>\
             <code><s>https://wiki.example.com</s>{EXAMPLE_LINK}</code><code><strong>{address}</strong>{EXAMPLE_LINK}</code></section></div>"
        ),
    );
}

/// Every exhibit twice.
fn put_proof(page: &mut String, words: &Words, base_path: &str, showcase: &Showcase) {
    let Words {
        proof, proof_lead, ..
    } = words;
    put(
        page,
        format_args!("<h2>{proof}</h2><p class=\"lead\">{proof_lead}</p><div class=\"exhibits\">"),
    );
    for exhibit in &showcase.exhibits {
        let title = escape(if words.language == "en" {
            &exhibit.title_en
        } else {
            &exhibit.title_zh
        });
        let name = escape(&exhibit.name);
        put(
            page,
            format_args!(
                "<article><header><h3>{title}</h3><small>{name}</small></header><div class=\"pair\">"
            ),
        );
        let ours = escape(&format!("{base_path}{}", exhibit.path));
        let direct = escape(&exhibit.direct);
        for (class, caption, address, instead) in [
            ("with", words.with, &*ours, &*name),
            ("without", words.without, &*direct, words.refused),
        ] {
            put(
                page,
                format_args!(
                    "<figure class=\"{class}\"><figcaption>{caption} <a href=\"{address}\">{}</a></figcaption><div class=\"stage\">",
                    words.open
                ),
            );
            put_file(page, exhibit, address, instead);
            page.push_str("</div></figure>");
        }
        page.push_str("</div></article>");
    }
    page.push_str("</div>");
}

/// The file at `address`, as its type is shown; `instead` stands in for a picture that does not load.
fn put_file(page: &mut String, exhibit: &Exhibit, address: &str, instead: &str) {
    match exhibit.media_type.split('/').next() {
        Some("image") => put(
            page,
            format_args!("<img src=\"{address}\" alt=\"{instead}\">"),
        ),
        Some("video") => put(
            page,
            format_args!("<video src=\"{address}\" controls muted preload=\"metadata\"></video>"),
        ),
        Some("audio") => put(
            page,
            format_args!("<audio src=\"{address}\" controls preload=\"metadata\"></audio>"),
        ),
        _ => {
            let ending = exhibit.name.rsplit_once('.').map_or("", |(_, end)| end);
            let ending = escape(&ending.to_uppercase());
            put(
                page,
                format_args!("<a class=\"file\" href=\"{address}\">{ending}</a>"),
            );
        }
    }
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text)
        .expect("a String takes every character");
}

/// Whether Chinese stands before English in an `Accept-Language` (its order; quality values follow it in practice).
fn prefers_chinese(languages: &str) -> bool {
    let known = languages.split(',').map(str::trim).find(|tag| {
        let tag = tag.to_ascii_lowercase();
        tag.starts_with("zh") || tag.starts_with("en")
    });
    known.is_some_and(|tag| tag.to_ascii_lowercase().starts_with("zh"))
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

    fn place(host: Option<&str>) -> Place<'_> {
        Place {
            scheme: "https",
            host,
            base_path: "/proxy",
        }
    }

    #[test]
    fn the_addresses_on_it_begin_as_this_page_does() {
        let page = home(&place(Some("files:8443")), None, None);
        assert!(page.contains("https://files:8443/proxy"));
        assert!(!page.contains("http://files"));
    }

    #[test]
    fn the_page_speaks_the_readers_language() {
        for (languages, expected) in [
            (None, "lang=\"en\""),
            (Some("zh-CN,zh;q=0.9,en;q=0.8"), "lang=\"zh-CN\""),
            (Some("en-US,zh"), "lang=\"en\""),
            (Some("de, ZH-tw"), "lang=\"zh-CN\""),
            (Some("fr"), "lang=\"en\""),
        ] {
            assert!(
                home(&place(None), languages, None).contains(expected),
                "languages: {languages:?}"
            );
        }
    }

    #[test]
    fn nothing_of_the_client_or_of_a_name_becomes_markup() {
        let exhibit = Exhibit {
            path: "/1/a.png".into(),
            direct: "http://wiki/\"><script>".into(),
            name: "<b>'\".png".into(),
            media_type: "image/png".into(),
            title_en: "<i>".into(),
            title_zh: "<i>".into(),
        };
        let page = home(
            &place(Some("\"><script>alert(1)")),
            None,
            Some(&Showcase {
                exhibits: vec![exhibit],
            }),
        );
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"));
        assert!(page.contains("<img src=\"/proxy/1/a.png\" alt=\"&lt;b&gt;&#39;&quot;.png\""));
    }
}
