//! The page `/switchboard`: lets people break this Confluence and watch what the proxy does.
//!
//! It is answered before any behaviour is looked at, so that no position takes it down, and it counts as no request. It
//! works without scripts: each button is a form.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use super::answer::Answer;
use super::request::Request;
use super::site::Site;
use super::switch::{Pair, Switch};
use super::target::Target;

/// Where the page is, below the context path.
pub(super) const PATH: &str = "/switchboard";

const STYLE: &str = include_str!("switchboard.css");

/// Its own style, its own forms, nothing else.
const SECURITY: &str = "default-src 'none'; style-src 'sha256-VXwHGtvBW+rIaG5R4cZ63e2qd39BPt6gnaEi1OgxxwA='; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The proxy that stands before this Confluence, as the page shows it.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// The address of its start page.
    pub url: String,
    /// The command that makes it read its secret again.
    pub reload: String,
}

/// Answers a request for the page.
pub(super) fn answer(site: &Site, request: &Request, target: &Target) -> Answer {
    let language = Language::of(target.parameter("lang"), request.header("Accept-Language"));
    let here = format!("{}{PATH}?lang={}", site.context_path(), language.word);
    let answer = match &*request.method {
        "GET" | "HEAD" => Answer::html(200, page(site, &here, language)),
        "POST" if !is_from_here(request) => Answer::html(403, String::new()),
        "POST" => match target.parameter("set").and_then(Switch::of) {
            Some(switch) => {
                site.scripts().switch = switch;
                Answer::html(303, String::new()).with("Location", &here)
            }
            None => Answer::html(404, String::new()),
        },
        _ => Answer::html(405, String::new()).with("Allow", "GET, HEAD, POST"),
    };
    answer.with("Content-Security-Policy", SECURITY)
}

/// Whether no other site has made the browser send it.
fn is_from_here(request: &Request) -> bool {
    let site = request.header("Sec-Fetch-Site");
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

/// In which of both languages the page speaks.
#[derive(Clone, Copy)]
struct Language {
    /// In addresses.
    word: &'static str,
    /// For `lang=""`.
    tag: &'static str,
    is_chinese: bool,
}

const ENGLISH: Language = Language {
    word: "en",
    tag: "en",
    is_chinese: false,
};

const CHINESE: Language = Language {
    word: "zh",
    tag: "zh-CN",
    is_chinese: true,
};

impl Language {
    /// What the reader has chosen, else the first known one that the browser asks for.
    fn of(chosen: Option<&str>, accepted: Option<&str>) -> Language {
        let asked = chosen
            .into_iter()
            .chain(accepted.unwrap_or_default().split(','));
        let known = asked.filter_map(|tag| match tag.trim().get(..2) {
            Some(tag) if tag.eq_ignore_ascii_case("zh") => Some(CHINESE),
            Some(tag) if tag.eq_ignore_ascii_case("en") => Some(ENGLISH),
            Some(_) | None => None,
        });
        known.into_iter().next().unwrap_or(ENGLISH)
    }

    fn pick(self, (english, chinese): Pair) -> &'static str {
        match self.is_chinese {
            true => chinese,
            false => english,
        }
    }
}

fn page(site: &Site, here: &str, language: Language) -> String {
    let on = site.scripts().switch;
    let title = language.pick((
        "Switchboard of the sample Confluence",
        "示例 Confluence 的控制台",
    ));
    let lead = language.pick((
        "Break this Confluence and watch what the proxy makes of it.",
        "让这个 Confluence 出故障，看看代理如何应对。",
    ));
    let mut page = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style></head><body><main>",
        language.tag
    );
    put_bar(&mut page, site, language);
    put(
        &mut page,
        format_args!("<h1>{title}</h1><p class=\"lead\">{lead}</p>"),
    );
    put_switches(&mut page, here, on, language);
    put_effect(&mut page, site, on, language);
    put_numbers(&mut page, site, here, language);
    page.push_str("</main></body></html>\n");
    page
}

/// The way to the proxy, and to the other language.
fn put_bar(page: &mut String, site: &Site, language: Language) {
    page.push_str("<nav>");
    if let Some(neighbour) = &*site.neighbour() {
        let (url, words) = (
            escape(&neighbour.url),
            language.pick(("Start page of the proxy", "代理的起始页")),
        );
        put(page, format_args!("<a href=\"{url}\">{words}</a>"));
    }
    let (other, tag, name) = match language.is_chinese {
        true => (ENGLISH.word, ENGLISH.tag, "English"),
        false => (CHINESE.word, CHINESE.tag, "中文"),
    };
    put(
        page,
        format_args!(
            "<a href=\"?lang={other}\" lang=\"{tag}\" hreflang=\"{tag}\">{name}</a></nav>"
        ),
    );
}

fn put_switches(page: &mut String, here: &str, on: Switch, language: Language) {
    page.push_str("<ul class=\"switches\">");
    for switch in Switch::ALL {
        let (word, name) = (switch.word(), language.pick(switch.words().name));
        let pressed = switch == on;
        put(
            page,
            format_args!(
                "<li><form method=\"post\" action=\"{here}&amp;set={word}\">\
                 <button aria-pressed=\"{pressed}\">{name}</button></form></li>"
            ),
        );
    }
    page.push_str("</ul>");
}

/// What is in force, what that does, and how it ends.
fn put_effect(page: &mut String, site: &Site, on: Switch, language: Language) {
    let words = on.words();
    let reload = match &*site.neighbour() {
        Some(neighbour) => format!("<code>{}</code>", escape(&neighbour.reload)),
        None => "<code>systemctl reload</code>".to_owned(),
    };
    page.push_str("<section>");
    for (title, text) in [
        (("Now", "当前状态"), words.deed),
        (
            ("What you see at the proxy", "在代理处看到的现象"),
            words.effect,
        ),
        (("The way back", "如何恢复"), words.way_back),
    ] {
        let text = language.pick(text).replace("{reload}", &reload);
        put(
            page,
            format_args!("<h2>{}</h2><p>{text}</p>", language.pick(title)),
        );
    }
    page.push_str("</section>");
}

/// What has reached Confluence.
fn put_numbers(page: &mut String, site: &Site, here: &str, language: Language) {
    let (requests, logins) = (site.journal().count(), site.journal().logins());
    let bytes = site.bytes_sent().load(Ordering::Relaxed);
    page.push_str("<dl>");
    for (title, number) in [
        (
            ("Requests that reached Confluence", "到达 Confluence 的请求"),
            requests as u64,
        ),
        (
            ("Of these, with the proxy's account", "其中使用代理账号的"),
            logins as u64,
        ),
        (
            ("Bytes that Confluence has sent", "Confluence 发出的字节"),
            bytes,
        ),
    ] {
        let title = language.pick(title);
        put(
            page,
            format_args!("<div><dt>{title}</dt><dd>{number}</dd></div>"),
        );
    }
    let again = language.pick(("Read the numbers again", "刷新数字"));
    put(
        page,
        format_args!("</dl><p><a href=\"{here}\">{again}</a></p>"),
    );
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text)
        .expect("a String takes every character");
}

/// Makes a text of whoever has started this safe inside HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::*;

    #[test]
    fn the_policy_names_the_style_of_the_page() {
        let digest = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
        let hash = base64::engine::general_purpose::STANDARD.encode(digest);
        assert!(
            SECURITY.contains(&format!("'sha256-{hash}'")),
            "write sha256-{hash}"
        );
    }

    #[test]
    fn every_position_has_a_word_and_speaks_both_languages() {
        for switch in Switch::ALL {
            assert_eq!(Switch::of(switch.word()), Some(switch));
            let words = switch.words();
            for (english, chinese) in [words.name, words.deed, words.effect, words.way_back] {
                assert!(english.is_ascii(), "{english}");
                let is_chinese = chinese
                    .chars()
                    .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                assert!(is_chinese || chinese == english, "{chinese}");
            }
        }
        assert_eq!(Switch::of("none"), None);
    }

    #[test]
    fn the_language_is_the_chosen_one_or_that_of_the_browser() {
        for (chosen, accepted, expected) in [
            (None, None, "en"),
            (None, Some("de, zh-CN;q=0.9, en"), "zh"),
            (None, Some("en-US,zh"), "en"),
            (Some("en"), Some("zh"), "en"),
            (Some("zh"), Some("en"), "zh"),
            (Some("xx"), Some("图"), "en"),
        ] {
            let language = Language::of(chosen, accepted);
            assert_eq!(language.word, expected, "{chosen:?} {accepted:?}");
        }
    }
}
