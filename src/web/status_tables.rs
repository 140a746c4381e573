//! The wide tables of `/status` for people.

use super::shell::{Language, escape, put};
use super::status_page::time_or_none;
use super::status_words as words;
use super::units::{self, bytes, count};
use super::watch::Status;
use crate::meters::{Answer, Histogram, Number, Question, Reading, Source};

/// A column of numbers.
#[derive(Clone, Copy)]
pub(super) enum Column {
    /// It is always there.
    Always(&'static str),
    /// It makes room on a narrow screen.
    Wide(&'static str),
}

impl Column {
    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Column::Always(title) => ("number", title),
            Column::Wide(title) => ("number more", title),
        }
    }
}

/// Begins a table with these columns: texts, then numbers.
pub(super) fn head(page: &mut String, texts: &[&str], numbers: &[Column]) {
    page.push_str("<table><thead><tr>");
    for text in texts {
        put(page, format_args!("<th scope=\"col\">{text}</th>"));
    }
    for (class, number) in numbers.iter().map(|column| column.parts()) {
        put(
            page,
            format_args!("<th scope=\"col\" class=\"{class}\">{number}</th>"),
        );
    }
    page.push_str("</tr></thead><tbody>");
}

/// Ends it.
pub(super) fn end(page: &mut String) {
    page.push_str("</tbody></table>");
}

/// A row: its name, and a number for each column.
fn row(page: &mut String, name: &str, columns: &[Column], numbers: &[String]) {
    put(page, format_args!("<tr><th scope=\"row\">{name}</th>"));
    for (column, number) in columns.iter().zip(numbers) {
        put(
            page,
            format_args!("<td class=\"{}\">{number}</td>", column.parts().0),
        );
    }
    page.push_str("</tr>");
}

/// Count and percentiles.
fn percentiles<C: Number>(times: &Histogram<C>, language: Language) -> Vec<String> {
    let quantiles = [0.5, 0.9, 0.99].map(|part| time_or_none(times.quantile(part), language));
    [count(times.count())]
        .into_iter()
        .chain(quantiles)
        .collect()
}

/// How fast Confluence is, and what it has answered.
pub(super) fn upstream(page: &mut String, reading: &Reading, language: Language) {
    let (title, question, number) = language.pick(
        ("Questions to Confluence", "What for", "Count"),
        ("对 Confluence 的请求", "目的", "次数"),
    );
    put(page, format_args!("<section><h2>{title}</h2>"));
    let columns = [number, "p50", "p90", "p99"].map(Column::Always);
    head(page, &[question], &columns);
    let upstream = &reading.meters.upstream;
    for kind in Question::ALL {
        let times = upstream.heads(kind);
        if 0 < times.count() {
            let numbers = percentiles(times, language);
            row(page, words::question(kind, language), &columns, &numbers);
        }
    }
    let whole = language.pick("whole download", "完整下载");
    let numbers = percentiles(&reading.meters.crew.downloads, language);
    row(page, whole, &columns, &numbers);
    end(page);
    let outcomes = Answer::ALL.map(|answer| {
        let questions = Question::ALL.map(|kind| upstream.questions(kind, answer));
        (answer, questions.iter().sum::<u64>())
    });
    let seen = outcomes.iter().filter(|(_, number)| 0 < *number);
    let seen = seen
        .map(|(answer, number)| format!("{} {}", words::answer(*answer, language), count(*number)));
    let seen = seen.collect::<Vec<_>>().join(" · ");
    put(
        page,
        format_args!("<p class=\"below\">{seen}</p></section>"),
    );
}

/// What clients got, and how fast.
pub(super) fn requests(page: &mut String, reading: &Reading, language: Language) {
    let [title, source, number, sent, aborted] = language.pick(
        [
            "Answers to clients",
            "Where from",
            "Count",
            "Sent",
            "Cut short",
        ],
        ["对客户端的答复", "来源", "次数", "已发送", "中途断开"],
    );
    put(page, format_args!("<section><h2>{title}</h2>"));
    let columns = [
        Column::Always(number),
        Column::Always("p50"),
        Column::Wide("p90"),
        Column::Wide("p99"),
        Column::Always(sent),
        Column::Wide(aborted),
    ];
    head(page, &[source], &columns);
    let gates = &reading.gates;
    for source in Source::ALL {
        let mut numbers = percentiles(gates.durations(source), language);
        numbers.push(bytes(gates.bytes(source)));
        numbers.push(count(gates.aborted_from(source)));
        row(page, words::source(source, language), &columns, &numbers);
    }
    end(page);
    page.push_str("</section>");
}

/// What went wrong lately.
pub(super) fn mishaps(page: &mut String, status: &Status, language: Language) {
    let [title, ago, code, file, what] = language.pick(
        ["Last errors", "Ago", "Status", "File", "What happened"],
        ["最近的错误", "多久之前", "状态码", "文件", "发生了什么"],
    );
    put(page, format_args!("<section><h2>{title}</h2>"));
    if status.mishaps.is_empty() {
        let none = language.pick("None since the start.", "启动以来没有错误。");
        put(page, format_args!("<p class=\"soft\">{none}</p></section>"));
        return;
    }
    head(page, &[ago, code, file, what], &[]);
    for mishap in &status.mishaps {
        let ago = status.now.duration_since(mishap.at).unwrap_or_default();
        put(
            page,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td class=\"mono\">{}</td><td lang=\"en\">{}</td></tr>",
                units::time(ago, language),
                mishap.status,
                escape(&mishap.subject),
                escape(&mishap.words)
            ),
        );
    }
    end(page);
    page.push_str("</section>");
}
