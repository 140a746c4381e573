//! The start page at the base path: what this service is, how to make a link, and in a demo the proof.

use super::shell::{Language, Shell, escape, put};

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
    /// The canonical target of the request.
    pub target: &'a str,
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

/// Renders the page. `languages` is the client's `Accept-Language`.
pub fn home(place: &Place<'_>, languages: Option<&str>, showcase: Option<&Showcase>) -> String {
    let Place {
        scheme,
        host,
        base_path,
        target,
    } = *place;
    let (_, query) = target.split_once('?').unwrap_or((target, ""));
    let language = Language::of(query, languages);
    let words = language.pick(&ENGLISH, &CHINESE);
    let mut content = String::with_capacity(16 * 1024);
    let Words {
        title,
        lead,
        warning,
        ..
    } = words;
    put(
        &mut content,
        format_args!("<h1>{title}</h1><p class=\"lead\">{lead}</p><p class=\"note\">{warning}</p>"),
    );
    let address = format!("{scheme}://{}{base_path}", host.unwrap_or("HOST"));
    put_ways(&mut content, words, &escape(&address));
    if let Some(showcase) = showcase {
        put_proof(&mut content, words, base_path, showcase);
    }
    let shell = Shell {
        language,
        title,
        base_path,
        target,
    };
    shell.page(&content)
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
             <section class=\"card\"><h3>{short}</h3><p>{short_how}</p><code><strong>{address}</strong>/123456/diagram.png</code></section>\
             <section class=\"card\"><h3>{drop_in}</h3><p>{drop_in_how}</p>\
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
                "<article class=\"card\"><header><h3>{title}</h3><small class=\"mono soft\">{name}</small></header><div class=\"pair\">"
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

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: Option<&str>) -> Place<'_> {
        Place {
            scheme: "https",
            host,
            base_path: "/proxy",
            target: "/proxy/",
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
        assert!(!page.contains("<script>alert") && !page.contains("<b>") && !page.contains("<i>"));
        assert!(page.contains("<img src=\"/proxy/1/a.png\" alt=\"&lt;b&gt;&#39;&quot;.png\""));
    }
}
