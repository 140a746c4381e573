//! The table of all metrics.

use std::time::UNIX_EPOCH;

use super::metric::{Kind, Metric, is_shown_at_zero, put, put_real, put_seconds, put_times};
use crate::meters::{Answer, Left, Number, Question, Refused, Source, State, Status};

/// All of them, in the order in which they are written.
pub const METRICS: [Metric; 41] = [
    Metric {
        name: "build",
        kind: Kind::Info,
        labels: &["version"],
        help: "Version of this program",
        read: |report, rows| put(rows, &[report.standing.version], 1),
    },
    Metric {
        name: "requests",
        kind: Kind::Counter,
        labels: &["status", "cache"],
        help: "Requests answered to the last byte, by status and by where the answer came from: hit, miss, join, \
               revalidated and stale are attachments, page is everything else but errors",
        read: |report, rows| {
            for (status, source) in Status::ALL
                .into_iter()
                .flat_map(|status| Source::ALL.map(|source| (status, source)))
            {
                let count = report.reading.gates.requests(status, source);
                if 0 < count || is_shown_at_zero(status, source) {
                    put(rows, &[status.word(), source.word()], count);
                }
            }
        },
    },
    Metric {
        name: "request_duration_seconds",
        kind: Kind::Histogram,
        labels: &["cache"],
        help: "From a request's last header byte in to its answer's last byte out, by where the answer came from",
        read: |report, rows| {
            for source in Source::ALL {
                put_times(
                    rows,
                    &[source.word()],
                    report.reading.gates.durations(source),
                );
            }
        },
    },
    Metric {
        name: "response_body_bytes",
        kind: Kind::Counter,
        labels: &["cache"],
        help: "Bytes of answers' bodies sent to clients, by where they came from; what the cache saved is this without \
               error and page, less upstream_received_bytes",
        read: |report, rows| {
            for source in Source::ALL {
                put(rows, &[source.word()], report.reading.gates.bytes(source));
            }
        },
    },
    Metric {
        name: "responses_aborted",
        kind: Kind::Counter,
        labels: &["cache"],
        help: "Answers that ended before their last byte, because the client left or read nothing, or a download broke",
        read: |report, rows| {
            for source in Source::ALL {
                put(
                    rows,
                    &[source.word()],
                    report.reading.gates.aborted_from(source),
                );
            }
        },
    },
    Metric {
        name: "refusals",
        kind: Kind::Counter,
        labels: &["reason"],
        help: "Requests and connections turned away before anybody looked at what they want",
        read: |report, rows| {
            for why in Refused::ALL {
                put(rows, &[why.word()], report.reading.gates.refusals(why));
            }
        },
    },
    Metric {
        name: "connections",
        kind: Kind::Gauge,
        labels: &["state"],
        help: "Client connections now, by what they are doing",
        read: |report, rows| {
            for state in State::ALL {
                put(
                    rows,
                    &[state.word()],
                    report.reading.gates.connections(state),
                );
            }
        },
    },
    Metric {
        name: "connections_accepted",
        kind: Kind::Counter,
        labels: &[],
        help: "Client connections accepted, those included that were then refused",
        read: |report, rows| put(rows, &[], report.reading.gates.accepted.get()),
    },
    Metric {
        name: "connections_limit",
        kind: Kind::Gauge,
        labels: &[],
        help: "PROXY_MAX_CONNECTIONS: client connections at once at most",
        read: |report, rows| put(rows, &[], report.reading.meters.clients_max.get()),
    },
    Metric {
        name: "cache_items",
        kind: Kind::Gauge,
        labels: &[],
        help: "Attachments kept in memory, fresh or expired",
        read: |report, rows| put(rows, &[], report.reading.cache.items),
    },
    Metric {
        name: "cache_items_limit",
        kind: Kind::Gauge,
        labels: &[],
        help: "CACHE_MAX_ITEMS: attachments kept at most",
        read: |report, rows| put(rows, &[], report.reading.cache.items_max),
    },
    Metric {
        name: "cache_bytes",
        kind: Kind::Gauge,
        labels: &[],
        help: "Memory that the attachments in the cache take, with all bookkeeping",
        read: |report, rows| put(rows, &[], report.reading.cache.bytes),
    },
    Metric {
        name: "cache_limit_bytes",
        kind: Kind::Gauge,
        labels: &[],
        help: "CACHE_MAX_BYTES: memory that attachments may take, in the cache and on their way",
        read: |report, rows| put(rows, &[], report.reading.cache.bytes_max),
    },
    Metric {
        name: "attachments_held_bytes",
        kind: Kind::Gauge,
        labels: &[],
        help: "Memory that attachments take: in the cache, while they are downloaded, and while clients read what has \
               left the cache",
        read: |report, rows| put(rows, &[], report.reading.cache.held),
    },
    Metric {
        name: "cache_evictions",
        kind: Kind::Counter,
        labels: &["reason"],
        help: "Attachments that left the cache: for want of room, expired, purged, replaced by a newer version, or \
               withdrawn from Confluence",
        read: |report, rows| {
            for why in Left::ALL {
                put(rows, &[why.word()], report.reading.cache.left[why as usize]);
            }
        },
    },
    Metric {
        name: "cache_missing_items",
        kind: Kind::Gauge,
        labels: &[],
        help: "Attachments remembered as missing, for which Confluence is not asked again for a moment",
        read: |report, rows| put(rows, &[], report.reading.cache.missing),
    },
    Metric {
        name: "cache_claims",
        kind: Kind::Counter,
        labels: &[],
        help: "Requests, and files to be warmed, for which there was no fresh copy at first sight or that wanted it confirmed",
        read: |report, rows| put(rows, &[], report.reading.meters.cache.claims.get()),
    },
    Metric {
        name: "flights",
        kind: Kind::Counter,
        labels: &[],
        help: "Downloads, and questions whether a copy is current, that were ordered for requests or for warming; not those refused because too many waited",
        read: |report, rows| put(rows, &[], report.reading.meters.cache.flights.get()),
    },
    Metric {
        name: "flights_under_way",
        kind: Kind::Gauge,
        labels: &[],
        help: "Of these, those that run or wait for a free connection to Confluence now",
        read: |report, rows| put(rows, &[], report.reading.meters.cache.flights_now.get()),
    },
    Metric {
        name: "flight_followers",
        kind: Kind::Counter,
        labels: &[],
        help: "Requests that shared what another one, or warming, had caused",
        read: |report, rows| put(rows, &[], report.reading.meters.cache.followers.get()),
    },
    Metric {
        name: "saved_requests",
        kind: Kind::Counter,
        labels: &[],
        help: "Requests for attachments answered without a question to Confluence of their own: hits and joins",
        read: |report, rows| put(rows, &[], report.reading.saved.spared),
    },
    Metric {
        name: "saved_upstream_seconds",
        kind: Kind::Counter,
        labels: &[],
        help: "Time Confluence would have worked for what came from fresh copies: each time as long as the download of \
               that copy took",
        read: |report, rows| put_real(rows, report.reading.saved.time.as_secs_f64()),
    },
    Metric {
        name: "crew_size",
        kind: Kind::Gauge,
        labels: &[],
        help: "CONFLUENCE_MAX_CONNECTIONS: downloads from Confluence at once at most",
        read: |report, rows| put(rows, &[], report.reading.meters.crew.size.get()),
    },
    Metric {
        name: "crew_busy",
        kind: Kind::Gauge,
        labels: &[],
        help: "Of these, those that are at work now",
        read: |report, rows| put(rows, &[], report.reading.meters.crew.busy.get()),
    },
    Metric {
        name: "crew_paced",
        kind: Kind::Gauge,
        labels: &[],
        help: "Of these, those that pass a file which is too big to keep on at its client's pace; half of all at most",
        read: |report, rows| put(rows, &[], report.reading.meters.crew.paced.get()),
    },
    Metric {
        name: "crew_orders_waiting",
        kind: Kind::Gauge,
        labels: &[],
        help: "Downloads, and lists of a page's files, that wait for a free connection to Confluence",
        read: |report, rows| put(rows, &[], report.reading.orders_waiting()),
    },
    Metric {
        name: "upstream_questions",
        kind: Kind::Counter,
        labels: &["kind", "outcome"],
        help: "Questions asked of Confluence, by what for and by what came of it; media are the hosts where Cloud keeps \
               its files",
        read: |report, rows| {
            for (kind, outcome) in Question::ALL
                .into_iter()
                .flat_map(|kind| Answer::ALL.map(|outcome| (kind, outcome)))
            {
                let count = report.reading.meters.upstream.questions(kind, outcome);
                put(rows, &[kind.word(), outcome.word()], count);
            }
        },
    },
    Metric {
        name: "upstream_head_seconds",
        kind: Kind::Histogram,
        labels: &["kind"],
        help: "From a question to Confluence to the first bytes of a file, or to the end of another answer",
        read: |report, rows| {
            for kind in Question::ALL {
                put_times(
                    rows,
                    &[kind.word()],
                    report.reading.meters.upstream.heads(kind),
                );
            }
        },
    },
    Metric {
        name: "upstream_download_seconds",
        kind: Kind::Histogram,
        labels: &[],
        help: "Whole downloads, from the first question to the last byte",
        read: |report, rows| put_times(rows, &[], &report.reading.meters.crew.downloads),
    },
    Metric {
        name: "upstream_received_bytes",
        kind: Kind::Counter,
        labels: &[],
        help: "Bytes of attachments received from Confluence",
        read: |report, rows| put(rows, &[], report.reading.meters.upstream.received.get()),
    },
    Metric {
        name: "upstream_answers",
        kind: Kind::Gauge,
        labels: &[],
        help: "1 if the last question to Confluence got an answer, or nothing was asked yet",
        read: |report, rows| put(rows, &[], report.standing.trouble.is_none().into()),
    },
    Metric {
        name: "account_guard_shut",
        kind: Kind::Gauge,
        labels: &[],
        help: "1 while nothing is asked of Confluence because the account was refused",
        read: |report, rows| put(rows, &[], report.standing.guard.is_some().into()),
    },
    Metric {
        name: "account_refusal",
        kind: Kind::Info,
        labels: &["reason"],
        help: "How the account was refused; not there if it was not",
        read: |report, rows| {
            if let Some(guard) = &report.standing.guard {
                put(rows, &[guard.reason], 1);
            }
        },
    },
    Metric {
        name: "account_next_login_test_seconds",
        kind: Kind::Gauge,
        labels: &[],
        help: "Until a refused account is tested again by itself; 0 if it is not refused, or never tested by itself",
        read: |report, rows| {
            let guard = report.standing.guard.as_ref();
            put_seconds(rows, guard.and_then(|guard| guard.next_test));
        },
    },
    Metric {
        name: "upstream_pause_seconds",
        kind: Kind::Gauge,
        labels: &[],
        help: "What is left of the pause that Confluence has asked for",
        read: |report, rows| put_seconds(rows, report.standing.pause),
    },
    Metric {
        name: "tls_certificate_end_timestamp_seconds",
        kind: Kind::Gauge,
        labels: &[],
        help: "When the certificate for clients ends, in seconds since 1970; not there without HTTPS",
        read: |report, rows| {
            let end = report.reading.gates.certificate_end.get();
            if 0 < end {
                put(rows, &[], end);
            }
        },
    },
    Metric {
        name: "log_lines_dropped",
        kind: Kind::Counter,
        labels: &[],
        help: "Log lines lost because nobody took them from stderr in time",
        read: |report, rows| put(rows, &[], report.reading.log_lines_dropped),
    },
    Metric {
        name: "access_log_lines_dropped",
        kind: Kind::Counter,
        labels: &[],
        help: "Lines of the access log lost because it could not be written, or not in time",
        read: |report, rows| put(rows, &[], report.reading.access_log_lines_dropped),
    },
    Metric {
        name: "process_start_time_seconds",
        kind: Kind::Gauge,
        labels: &[],
        help: "When the service started, in seconds since 1970",
        read: |report, rows| {
            let since = report.reading.meters.started.1.duration_since(UNIX_EPOCH);
            put_seconds(rows, since.ok());
        },
    },
    Metric {
        name: "process_resident_memory_bytes",
        kind: Kind::Gauge,
        labels: &[],
        help: "Memory that the process takes; not there where the system does not say",
        read: |report, rows| {
            let bytes = report.reading.machine.resident_bytes;
            bytes.iter().for_each(|bytes| put(rows, &[], *bytes));
        },
    },
    Metric {
        name: "process_open_fds",
        kind: Kind::Gauge,
        labels: &[],
        help: "Files and sockets that the process has open; not there where the system does not say",
        read: |report, rows| {
            let open = report.reading.machine.open_descriptors;
            open.iter().for_each(|open| put(rows, &[], *open));
        },
    },
];
