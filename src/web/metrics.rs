//! `/metrics`: everything that is counted, for Prometheus and whoever reads its formats.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::metric::{Kind, Metric, Row, Value};
use super::metric_table::METRICS;
use super::watch::Report;

/// What every name begins with, an underscore behind it, but those that all programs share.
pub const PREFIX: &str = "confluence_attachment_proxy";

/// In which form the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// OpenMetrics, for whoever asks for it, as Prometheus does.
    OpenMetrics,
    /// The older text format, which everything that reads metrics understands.
    Text,
}

impl Exposition {
    /// The form for a client with this `Accept`.
    pub fn of(accept: Option<&str>) -> Exposition {
        match accept.is_some_and(|accept| accept.contains("application/openmetrics-text")) {
            true => Exposition::OpenMetrics,
            false => Exposition::Text,
        }
    }

    /// Its `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Exposition::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Writes all metrics.
pub fn metrics(report: Report, exposition: Exposition) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape { report, exposition }));
    let mut text = String::new();
    let written = encode_registry(&mut text, &registry).and_then(|()| match exposition {
        Exposition::OpenMetrics => encode_eof(&mut text),
        Exposition::Text => Ok(()),
    });
    written.expect("a String takes any text");
    text
}

/// One reading on its way into text.
#[derive(Debug)]
struct Scrape {
    report: Report,
    exposition: Exposition,
}

impl Scrape {
    /// The name of a family: OpenMetrics adds the end of a sample's name itself.
    fn name(&self, metric: &Metric) -> String {
        let name = match self.exposition {
            Exposition::OpenMetrics => metric.name.to_owned(),
            Exposition::Text => metric.sample(),
        };
        match metric.is_common() {
            true => name,
            false => format!("{PREFIX}_{name}"),
        }
    }

    fn kind(&self, metric: &Metric) -> MetricType {
        match (metric.kind, self.exposition) {
            (Kind::Counter, _) => MetricType::Counter,
            (Kind::Histogram, _) => MetricType::Histogram,
            (Kind::Info, Exposition::OpenMetrics) => MetricType::Info,
            (Kind::Info, Exposition::Text) | (Kind::Gauge, _) => MetricType::Gauge,
        }
    }

    fn write(&self, encoder: &mut MetricEncoder<'_>, kind: Kind, value: &Value) -> fmt::Result {
        let is_counter = kind == Kind::Counter && self.exposition == Exposition::OpenMetrics;
        match value {
            Value::Number(number) if is_counter => {
                encoder.encode_counter::<NoLabelSet, _, f64>(number, None)
            }
            Value::Real(real) if is_counter => {
                encoder.encode_counter::<NoLabelSet, _, f64>(real, None)
            }
            Value::Number(number) => encoder.encode_gauge(number),
            Value::Real(real) => encoder.encode_gauge(real),
            Value::Times { sum, buckets } => {
                let count = buckets.iter().map(|(_, count)| count).sum();
                encoder.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)
            }
        }
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in &METRICS {
            let (name, kind) = (self.name(metric), self.kind(metric));
            let mut family = encoder.encode_descriptor(&name, metric.help, None, kind)?;
            for Row { labels, value } in metric.rows(&self.report) {
                let names = metric.labels.iter().copied();
                let labels: Vec<_> = names.zip(labels).collect();
                let labels = labels.as_slice();
                if metric.kind == Kind::Info && self.exposition == Exposition::OpenMetrics {
                    family.encode_info(&labels)?;
                } else if labels.is_empty() {
                    self.write(&mut family, metric.kind, &value)?;
                } else {
                    self.write(&mut family.encode_family(&labels)?, metric.kind, &value)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::watch::tests::{report, shut};

    #[track_caller]
    fn check(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line}: {text}");
        }
    }

    #[test]
    fn whoever_asks_for_openmetrics_gets_it() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        assert_eq!(Exposition::of(Some(prometheus)), Exposition::OpenMetrics);
        for accept in [None, Some("*/*"), Some("text/plain")] {
            assert_eq!(Exposition::of(accept), Exposition::Text);
        }
        let text = metrics(report(Some(shut())), Exposition::OpenMetrics);
        check(
            &text,
            &[
                "# TYPE confluence_attachment_proxy_build info",
                "confluence_attachment_proxy_build_info{version=\"1.2.3\"} 1",
                "confluence_attachment_proxy_upstream_answers 0",
                "confluence_attachment_proxy_account_guard_shut 1",
                "confluence_attachment_proxy_account_next_login_test_seconds 900",
                "confluence_attachment_proxy_upstream_pause_seconds 7",
                "confluence_attachment_proxy_account_refusal_info{reason=\"password\"} 1",
                "# TYPE confluence_attachment_proxy_requests counter",
                "confluence_attachment_proxy_requests_total{status=\"200\",cache=\"hit\"} 3",
                "confluence_attachment_proxy_saved_upstream_seconds_total 1.5",
                "confluence_attachment_proxy_request_duration_seconds_bucket{le=\"+Inf\",cache=\"hit\"} 3",
                "# TYPE process_open_fds gauge",
                "process_open_fds 5",
            ],
        );
        assert!(text.ends_with("\n# EOF\n"));
    }

    #[test]
    fn everybody_else_gets_the_older_format() {
        let text = metrics(report(None), Exposition::Text);
        check(
            &text,
            &[
                "# TYPE confluence_attachment_proxy_build_info gauge",
                "confluence_attachment_proxy_build_info{version=\"1.2.3\"} 1",
                "# TYPE confluence_attachment_proxy_requests_total counter",
                "confluence_attachment_proxy_requests_total{status=\"200\",cache=\"hit\"} 3",
                "confluence_attachment_proxy_account_guard_shut 0",
            ],
        );
        assert!(!text.contains("account_refusal_info{") && !text.contains("# EOF"));
    }

    #[test]
    fn every_metric_is_there_once_with_its_help() {
        let text = metrics(report(Some(shut())), Exposition::Text);
        for metric in &METRICS {
            let help = format!("{} ", metric.help);
            let found = text
                .lines()
                .filter(|line| format!("{line} ").ends_with(&help));
            assert_eq!(found.count(), 1, "{}", metric.name);
            let has_rows = !metric.rows(&report(Some(shut()))).is_empty();
            assert!(has_rows, "{} is never shown", metric.name);
        }
    }
}
