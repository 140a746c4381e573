//! `/status` for people.

use std::time::Duration;

use super::chart::chart;
use super::shell::{Language, escape, put};
use super::status_tables::{self as tables, Column};
use super::status_words as words;
use super::units::{self, bytes, count, percent};
use super::watch::{Kept, ShutGuard, Standing, Status};
use crate::meters::{Left, Machine, Number, Reading, Refused, State};

/// The content of the page. What changes lies in one element, which the script asks for again and again.
pub(super) fn content(status: &Status, language: Language) -> String {
    let (standing, reading) = (&status.report.standing, &status.report.reading);
    let (title, lost, reload) = language.pick(
        (
            "Status",
            "The service does not answer: these are the last numbers it gave.",
            "These are the numbers of one moment.",
        ),
        (
            "运行状态",
            "服务没有响应：以下是最后一次得到的数据。",
            "以下是某一时刻的数据。",
        ),
    );
    let again = language.pick("Load them again", "重新加载");
    let mut page = format!("<h1>{title}</h1>");
    put(
        &mut page,
        format_args!(
            "<noscript><p class=\"soft\">{reload} <a href=\"\">{again}</a></p></noscript>\
             <p id=\"lost\" class=\"note\" role=\"alert\" hidden>{lost}</p><div id=\"live\">"
        ),
    );
    lead(&mut page, standing, reading, language);
    glance(&mut page, reading, language);
    page.push_str("<div class=\"card charts\">");
    page.push_str(&chart(&status.rates, language));
    page.push_str("</div><div class=\"halves\">");
    confluence(&mut page, standing, reading, language);
    memory(&mut page, reading, language);
    page.push_str("</div>");
    tables::upstream(&mut page, reading, language);
    tables::requests(&mut page, reading, language);
    page.push_str("<div class=\"halves\">");
    let (top, largest) = language.pick(
        ("Asked for most often", "Largest"),
        ("请求最多的附件", "最大的附件"),
    );
    files(&mut page, top, &status.top, language);
    files(&mut page, largest, &status.largest, language);
    page.push_str("</div><div class=\"halves\">");
    connections(&mut page, reading, language);
    losses(&mut page, reading, language);
    page.push_str("</div>");
    tables::mishaps(&mut page, status, language);
    page.push_str("</div>");
    page
}

fn lead(page: &mut String, standing: &Standing, reading: &Reading, language: Language) {
    let uptime = units::time(reading.uptime, language);
    let version = escape(standing.version);
    let node = standing.node.as_deref().map(escape);
    let lead = match (language, node) {
        (Language::English, None) => format!("Version {version}, running for {uptime}."),
        (Language::English, Some(node)) => {
            format!("{node}, version {version}, running for {uptime}.")
        }
        (Language::Chinese, None) => format!("版本 {version}，已运行 {uptime}。"),
        (Language::Chinese, Some(node)) => format!("{node}，版本 {version}，已运行 {uptime}。"),
    };
    put(page, format_args!("<p class=\"lead\">{lead}</p>"));
    if let Some(trouble) = &standing.trouble {
        put(
            page,
            format_args!("<p class=\"note\" lang=\"en\">{}</p>", escape(trouble)),
        );
    }
}

fn glance(page: &mut String, reading: &Reading, language: Language) {
    let saved = &reading.saved;
    let ratio = saved.ratio().map_or("-".to_owned(), percent);
    let (requests, spared) = (count(saved.requests), count(saved.spared));
    let english = language == Language::English;
    let figures = [
        (
            language.pick("Without Confluence", "未访问 Confluence"),
            ratio,
            match english {
                true => format!("{spared} of {requests} requests"),
                false => format!("{requests} 个请求中的 {spared} 个"),
            },
        ),
        (
            language.pick("Traffic saved", "节省的流量"),
            bytes(saved.bytes),
            language
                .pick("sent beyond what was fetched", "发送量减去抓取量")
                .to_owned(),
        ),
        (
            language.pick("Confluence's time saved", "节省的 Confluence 时间"),
            units::time(saved.time, language),
            language
                .pick("what the fetches would have taken", "重复抓取所需的时间")
                .to_owned(),
        ),
        (
            language.pick("In the cache", "缓存中"),
            count(reading.cache.items),
            match english {
                true => format!("files, {}", bytes(reading.cache.bytes)),
                false => format!("个文件，{}", bytes(reading.cache.bytes)),
            },
        ),
    ];
    page.push_str("<dl class=\"figures\">");
    for (name, figure, of) in figures {
        put(
            page,
            format_args!(
                "<div class=\"card\"><dt>{name}</dt><dd><b>{figure}</b> <span>{of}</span></dd></div>"
            ),
        );
    }
    page.push_str("</dl>");
}

fn confluence(page: &mut String, standing: &Standing, reading: &Reading, language: Language) {
    let guard = match &standing.guard {
        None => language.pick("open", "开启").to_owned(),
        Some(ShutGuard { reason, next_test }) => {
            let shut = language.pick("shut", "关闭");
            let next = match (next_test, language) {
                (Some(wait), Language::English) => {
                    format!("next login test in {}", units::time(*wait, language))
                }
                (Some(wait), Language::Chinese) => {
                    format!("{} 后再次检测登录", units::time(*wait, language))
                }
                (None, Language::English) => "no login test until somebody acts".to_owned(),
                (None, Language::Chinese) => "需人工处理后才会再次检测登录".to_owned(),
            };
            format!("<strong class=\"bad\">{shut}</strong> ({reason}), {next}")
        }
    };
    let none = language.pick("none", "无");
    let pause = standing
        .pause
        .map_or(none.to_owned(), |left| units::time(left, language));
    let crew = &reading.meters.crew;
    section(page, "Confluence");
    let names = language.pick(
        [
            "Account guard",
            "Pause it has asked for",
            "Connections in use",
            "Waiting for a connection",
            "At a client's pace",
        ],
        [
            "账号保护",
            "要求的暂停",
            "使用中的连接",
            "等待连接的任务",
            "按客户端速度进行",
        ],
    );
    row(page, names[0], &guard);
    row(page, names[1], &pause);
    let used = gauge(crew.busy.get(), crew.size.get(), &count);
    row(page, names[2], &used);
    row(page, names[3], &count(reading.orders_waiting()));
    row(page, names[4], &count(crew.paced.get()));
    page.push_str("</table></section>");
}

fn memory(page: &mut String, reading: &Reading, language: Language) {
    let cache = &reading.cache;
    let Machine {
        resident_bytes,
        open_descriptors,
    } = reading.machine;
    section(page, language.pick("Memory", "内存"));
    let names = language.pick(
        [
            "Attachments in memory",
            "The cache, with its bookkeeping",
            "Files in the cache",
            "Remembered as missing",
            "Whole process",
            "Open files",
        ],
        [
            "内存中的附件",
            "缓存，含管理开销",
            "缓存中的文件",
            "记为不存在的文件",
            "整个进程",
            "打开的文件",
        ],
    );
    let unknown = || "-".to_owned();
    row(page, names[0], &gauge(cache.held, cache.bytes_max, &bytes));
    row(page, names[1], &gauge(cache.bytes, cache.bytes_max, &bytes));
    row(page, names[2], &gauge(cache.items, cache.items_max, &count));
    row(page, names[3], &count(cache.missing));
    row(page, names[4], &resident_bytes.map_or_else(unknown, bytes));
    row(
        page,
        names[5],
        &open_descriptors.map_or_else(unknown, count),
    );
    page.push_str("</table></section>");
}

fn connections(page: &mut String, reading: &Reading, language: Language) {
    section(page, language.pick("Client connections", "客户端连接"));
    for state in State::ALL {
        let now = count(reading.gates.connections(state));
        row(page, words::state(state, language), &now);
    }
    let accepted = language.pick("accepted since the start", "启动以来接受的连接");
    row(page, accepted, &count(reading.gates.accepted.get()));
    page.push_str("</table></section>");
}

/// What was turned away, and what has left.
fn losses(page: &mut String, reading: &Reading, language: Language) {
    section(page, language.pick("Left the cache", "离开缓存的副本"));
    for left in Left::ALL {
        let number = reading.cache.left[left as usize];
        row(page, words::left(left, language), &count(number));
    }
    page.push_str("</table>");
    let refused = Refused::ALL.map(|why| (why, reading.gates.refusals(why)));
    let mut refused = refused
        .into_iter()
        .filter(|(_, number)| 0 < *number)
        .peekable();
    if refused.peek().is_some() {
        let title = language.pick("Turned away", "被拒绝的请求");
        put(page, format_args!("<h3>{title}</h3><table>"));
        for (why, number) in refused {
            row(page, words::refused(why, language), &count(number));
        }
        page.push_str("</table>");
    }
    page.push_str("</section>");
}

fn files(page: &mut String, title: &str, files: &[Kept], language: Language) {
    put(page, format_args!("<section><h2>{title}</h2>"));
    if files.is_empty() {
        let none = language.pick("Nothing is kept yet.", "尚无缓存。");
        put(page, format_args!("<p class=\"soft\">{none}</p>"));
    } else {
        let [file, requests, size] =
            language.pick(["File", "Requests", "Size"], ["文件", "请求数", "大小"]);
        tables::head(page, &[file], &[requests, size].map(Column::Always));
        for Kept {
            name,
            key,
            requests,
            bytes: length,
        } in files
        {
            put(
                page,
                format_args!(
                    "<tr><td title=\"{}\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
                    escape(key),
                    escape(name),
                    count((*requests).into()),
                    bytes(*length)
                ),
            );
        }
        tables::end(page);
    }
    page.push_str("</section>");
}

/// Begins a section whose only content is a table of names and values.
fn section(page: &mut String, title: &str) {
    put(
        page,
        format_args!("<section><h2>{title}</h2><table class=\"facts\">"),
    );
}

/// One name and its value, which is markup.
fn row(page: &mut String, name: &str, value: &str) {
    put(
        page,
        format_args!("<tr><th scope=\"row\">{name}</th><td class=\"number\">{value}</td></tr>"),
    );
}

/// A number beside its limit, and a bar that shows the same.
fn gauge(number: u64, limit: u64, words: &dyn Fn(u64) -> String) -> String {
    let (number_words, limit_words) = (words(number), words(limit));
    format!(
        "<meter min=\"0\" max=\"{limit}\" value=\"{number}\" aria-hidden=\"true\"></meter> {number_words} / {limit_words}"
    )
}

/// A time of the past, or that there was none.
pub(super) fn time_or_none(time: Option<Duration>, language: Language) -> String {
    time.map_or("-".to_owned(), |time| units::time(time, language))
}

#[cfg(test)]
mod tests {
    use super::super::watch::tests::{shut, status};
    use super::*;

    #[test]
    fn people_see_what_is_wrong_and_no_name_is_markup() {
        let page = content(&status(Some(shut())), Language::English);
        for part in [
            "<p class=\"lead\">files-2, version 1.2.3, running for ",
            "<p class=\"note\" lang=\"en\">the account was refused: check it</p>",
            "<strong class=\"bad\">shut</strong> (password), next login test in 15 min",
            "<b>75.0 %</b> <span>3 of 4 requests</span>",
            "<td title=\"confluence_attachment_7_a&amp;b.png\">a&amp;b.png</td>",
            "Confluence failed with &lt;status&gt; 500",
            "<figure class=\"chart hits\">",
            "request too slow",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("style=") && !page.contains("onclick"));
        let chinese = content(&status(None), Language::Chinese);
        assert!(chinese.contains("4 个请求中的 3 个") && !chinese.contains("class=\"bad\""));
    }
}
