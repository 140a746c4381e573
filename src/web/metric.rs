//! One metric: what it is called, what it says, and where its numbers are read.

use std::time::Duration;

use super::watch::Report;
use crate::meters::{BOUNDS, Histogram, Number, Source, Status};

/// One metric.
pub struct Metric {
    /// Its name, without what all names begin with and without `_total` or `_info`.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// What its numbers are told apart by.
    pub labels: &'static [&'static str],
    /// What it says, for somebody who knows nothing of this program's inside.
    pub help: &'static str,
    pub(super) read: fn(&Report, &mut Vec<Row>),
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Never falls but by a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Times, by their length.
    Histogram,
    /// Always 1: the labels say it.
    Info,
}

/// One number of a metric.
pub(super) struct Row {
    /// One for each name in [`Metric::labels`].
    pub(super) labels: Vec<&'static str>,
    pub(super) value: Value,
}

pub(super) enum Value {
    Number(u64),
    Real(f64),
    /// Seconds, and how many there are up to each bound but not up to the one before.
    Times {
        sum: f64,
        buckets: Vec<(f64, u64)>,
    },
}

impl Metric {
    /// What its samples are called, without what all names begin with. A histogram has three for each of these.
    pub fn sample(&self) -> String {
        let end = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram => "",
        };
        format!("{}{end}", self.name)
    }

    /// Whether all programs that tell it call it the same.
    pub fn is_common(&self) -> bool {
        self.name.starts_with("process_")
    }

    /// Its numbers.
    pub(super) fn rows(&self, report: &Report) -> Vec<Row> {
        let mut rows = Vec::new();
        (self.read)(report, &mut rows);
        debug_assert!(rows.iter().all(|row| row.labels.len() == self.labels.len()));
        rows
    }
}

pub(super) fn put(rows: &mut Vec<Row>, labels: &[&'static str], number: u64) {
    let (labels, value) = (labels.to_vec(), Value::Number(number));
    rows.push(Row { labels, value });
}

pub(super) fn put_real(rows: &mut Vec<Row>, real: f64) {
    let (labels, value) = (Vec::new(), Value::Real(real));
    rows.push(Row { labels, value });
}

pub(super) fn put_seconds(rows: &mut Vec<Row>, time: Option<Duration>) {
    put(rows, &[], time.unwrap_or_default().as_secs());
}

pub(super) fn put_times<C: Number>(
    rows: &mut Vec<Row>,
    labels: &[&'static str],
    times: &Histogram<C>,
) {
    let bounds = BOUNDS.iter().map(|bound| *bound as f64 / 1e9);
    let buckets = bounds.chain([f64::INFINITY]).zip(times.buckets()).collect();
    rows.push(Row {
        labels: labels.to_vec(),
        value: Value::Times {
            sum: times.sum().as_secs_f64(),
            buckets,
        },
    });
}

/// Pairs that are there before they first happen, so that a rate sees the first one as well.
pub(super) fn is_shown_at_zero(status: Status, source: Source) -> bool {
    match source {
        Source::Hit | Source::Miss | Source::Join | Source::Revalidated | Source::Stale => {
            matches!(status, Status::Ok | Status::Partial | Status::NotModified)
        }
        Source::Error => matches!(
            status,
            Status::NotFound
                | Status::Internal
                | Status::Gateway
                | Status::Unavailable
                | Status::TimedOut
        ),
        Source::Page => status == Status::Ok,
    }
}
