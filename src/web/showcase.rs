//! What a demonstration shows below the explanations: the same files through this service and without it.

use super::shell::{Language, escape, put};

/// Files that the page shows side by side: through the proxy, and straight from Confluence.
#[derive(Clone, Debug)]
pub struct Showcase {
    /// The files.
    pub exhibits: Vec<Exhibit>,
    /// The address of the page where people can make Confluence fail.
    pub switchboard: String,
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

/// What stands beside the files, once per language.
struct Words {
    proof: &'static str,
    proof_lead: &'static str,
    break_it: &'static str,
    break_how: &'static str,
    with: &'static str,
    without: &'static str,
    open: &'static str,
    refused: &'static str,
}

const ENGLISH: Words = Words {
    proof: "See for yourself",
    proof_lead: "The same files twice: on the left through this service, on the right straight from Confluence, which wants a login and shows none of them.",
    break_it: "Break Confluence",
    break_how: "slow, down, wrong password and more, and see what this service makes of it.",
    with: "through this service",
    without: "straight from Confluence",
    open: "open",
    refused: "needs a login",
};

const CHINESE: Words = Words {
    proof: "对比效果",
    proof_lead: "同样的文件各出现两次：左边经过本服务，右边直接来自 Confluence，后者要求登录，因此无法显示。",
    break_it: "让 Confluence 出故障",
    break_how: "缓慢、宕机、密码错误等等，看看本服务如何应对。",
    with: "经过本服务",
    without: "直接访问 Confluence",
    open: "打开",
    refused: "需要登录",
};

/// Every exhibit twice.
pub(super) fn put_proof(
    page: &mut String,
    language: Language,
    base_path: &str,
    showcase: &Showcase,
) {
    let words = language.pick(&ENGLISH, &CHINESE);
    let Words {
        proof,
        proof_lead,
        break_it,
        break_how,
        ..
    } = words;
    let switchboard = escape(&showcase.switchboard);
    put(
        page,
        format_args!(
            "<h2>{proof}</h2><p class=\"lead\">{proof_lead}</p>\
             <p class=\"lead\"><a href=\"{switchboard}\">{break_it}</a>: {break_how}</p><div class=\"exhibits\">"
        ),
    );
    for exhibit in &showcase.exhibits {
        let title = escape(language.pick(&exhibit.title_en, &exhibit.title_zh));
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
