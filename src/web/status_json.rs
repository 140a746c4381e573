//! `/status` for programs: JSON. Names stay; new ones may come.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::watch::{Kept, Status};
use crate::meters::{
    Answer, Histogram, Left, Mishap, Number, Question, Rate, Reading, Refused, Source, State,
    Status as Code,
};

/// Writes everything that the page for people shows.
pub(super) fn json(status: &Status) -> String {
    let standing = &status.report.standing;
    let reading = &status.report.reading;
    let guard = standing.guard.as_ref();
    let document = json!({
        "version": standing.version,
        "node": standing.node,
        "unix_time": unix(status.now),
        "uptime_seconds": reading.uptime.as_secs(),
        "saved": {
            "requests": reading.saved.requests,
            "without_confluence": reading.saved.spared,
            "ratio": reading.saved.ratio(),
            "bytes": reading.saved.bytes,
            "confluence_seconds": reading.saved.time.as_secs_f64(),
        },
        "confluence": {
            "guard_shut": guard.is_some(),
            "guard_reason": guard.map(|guard| guard.reason),
            "next_login_test_seconds": guard.and_then(|guard| guard.next_test).map(|it| it.as_secs()),
            "pause_seconds": standing.pause.map_or(0, |pause| pause.as_secs()),
            "trouble": standing.trouble,
            "received_bytes": reading.meters.upstream.received.get(),
            "questions": questions(reading),
            "download_seconds": times(&reading.meters.crew.downloads),
        },
        "crew": {
            "size": reading.meters.crew.size.get(),
            "busy": reading.meters.crew.busy.get(),
            "paced": reading.meters.crew.paced.get(),
            "waiting": reading.orders_waiting(),
        },
        "requests": requests(reading),
        "connections": each(State::ALL.map(|it| (it.word(), reading.gates.connections(it)))),
        "connections_accepted": reading.gates.accepted.get(),
        "refusals": each(Refused::ALL.map(|it| (it.word(), reading.gates.refusals(it)))),
        "cache": {
            "items": reading.cache.items,
            "items_max": reading.cache.items_max,
            "bytes": reading.cache.bytes,
            "bytes_max": reading.cache.bytes_max,
            "held_bytes": reading.cache.held,
            "missing_items": reading.cache.missing,
            "evictions": each(Left::ALL.map(|it| (it.word(), reading.cache.left[it as usize]))),
        },
        "flights": {
            "under_way": reading.meters.cache.flights_now.get(),
            "started": reading.meters.cache.flights.get(),
            "followers": reading.meters.cache.followers.get(),
        },
        "process": {
            "resident_bytes": reading.machine.resident_bytes,
            "open_descriptors": reading.machine.open_descriptors,
            "log_lines_dropped": reading.log_lines_dropped,
            "access_log_lines_dropped": reading.access_log_lines_dropped,
        },
        "top": status.top.iter().map(kept).collect::<Vec<_>>(),
        "largest": status.largest.iter().map(kept).collect::<Vec<_>>(),
        "errors": status.mishaps.iter().map(mishap).collect::<Vec<_>>(),
        "history": status.rates.iter().map(rate).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn each<const N: usize>(numbers: [(&str, u64); N]) -> Value {
    let numbers = numbers
        .into_iter()
        .map(|(word, number)| (word.to_owned(), number.into()));
    Value::Object(numbers.collect::<Map<_, _>>())
}

fn times<C: Number>(times: &Histogram<C>) -> Value {
    let quantile = |part| times.quantile(part).as_ref().map(Duration::as_secs_f64);
    json!({
        "count": times.count(),
        "sum": times.sum().as_secs_f64(),
        "p50": quantile(0.5),
        "p90": quantile(0.9),
        "p99": quantile(0.99),
    })
}

fn questions(reading: &Reading) -> Value {
    let upstream = &reading.meters.upstream;
    let questions = Question::ALL.map(|kind| {
        let outcomes = Answer::ALL.map(|it| (it.word(), upstream.questions(kind, it)));
        let question =
            json!({ "outcomes": each(outcomes), "head_seconds": times(upstream.heads(kind)) });
        (kind.word().to_owned(), question)
    });
    Value::Object(questions.into_iter().collect::<Map<_, _>>())
}

fn requests(reading: &Reading) -> Value {
    let gates = &reading.gates;
    let sources = Source::ALL.map(|source| {
        let by_status = Code::ALL.map(|code| (code.word(), gates.requests(code, source)));
        let seen = by_status.into_iter().filter(|(_, number)| 0 < *number);
        let by_status: Map<_, _> = seen
            .map(|(word, number)| (word.to_owned(), number.into()))
            .collect();
        let requests = json!({
            "count": gates.requests_from(source),
            "by_status": by_status,
            "aborted": gates.aborted_from(source),
            "bytes": gates.bytes(source),
            "seconds": times(gates.durations(source)),
        });
        (source.word().to_owned(), requests)
    });
    Value::Object(sources.into_iter().collect::<Map<_, _>>())
}

fn kept(kept: &Kept) -> Value {
    json!({ "name": kept.name, "key": kept.key, "requests": kept.requests, "bytes": kept.bytes })
}

fn mishap(mishap: &Mishap) -> Value {
    json!({
        "unix_time": unix(mishap.at),
        "status": mishap.status,
        "key": &*mishap.subject,
        "words": mishap.words,
    })
}

fn rate(rate: &Rate) -> Value {
    json!({
        "seconds_ago": rate.ago.as_secs_f64(),
        "span_seconds": rate.span.as_secs_f64(),
        "requests_per_second": rate.requests,
        "hit_ratio": rate.hit_ratio,
        "bytes_per_second": rate.bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::super::watch::tests::{shut, status};
    use super::*;

    #[test]
    fn programs_find_every_number_under_its_name() {
        let text = json(&status(Some(shut())));
        let document: Value = serde_json::from_str(&text).expect("JSON");
        for (pointer, expected) in [
            ("/version", json!("1.2.3")),
            ("/node", json!("files-2")),
            ("/saved/requests", json!(4)),
            ("/saved/without_confluence", json!(3)),
            ("/saved/ratio", json!(0.75)),
            ("/saved/confluence_seconds", json!(1.5)),
            ("/confluence/guard_shut", json!(true)),
            ("/confluence/guard_reason", json!("password")),
            ("/confluence/next_login_test_seconds", json!(900)),
            ("/confluence/pause_seconds", json!(7)),
            ("/confluence/questions/file/outcomes/ok", json!(1)),
            ("/confluence/questions/file/head_seconds/count", json!(1)),
            ("/crew/size", json!(20)),
            ("/requests/hit/by_status/200", json!(3)),
            ("/requests/miss/bytes", json!(1000)),
            ("/connections/idle", json!(1)),
            ("/refusals/slow", json!(1)),
            ("/cache/items_max", json!(1000)),
            ("/cache/evictions/room", json!(2)),
            ("/process/open_descriptors", json!(5)),
            ("/process/log_lines_dropped", json!(3)),
            ("/process/access_log_lines_dropped", json!(4)),
            ("/top/0/requests", json!(3)),
            ("/errors/0/status", json!(502)),
            ("/history/0/hit_ratio", json!(0.5)),
        ] {
            assert_eq!(
                document.pointer(pointer),
                Some(&expected),
                "{pointer}: {text}"
            );
        }
    }
}
