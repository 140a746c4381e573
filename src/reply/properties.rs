//! What holds of every `Range` field: said once, for generated tests and for fuzzing.

use std::ops::Range;

use super::range::{Portion, RANGES_MAX, portion};

/// Whatever is asked for lies within the file, is there once, and is asked for again by its own numbers.
pub fn ranges(field: &str, length: u64) {
    let ranges = match portion(field, length) {
        Portion::Whole => return,
        Portion::Beyond => {
            assert_ne!(length, 0, "nothing is beyond an empty file");
            return;
        }
        Portion::One(range) => vec![range],
        Portion::Several(ranges) => {
            assert!(
                (2..=RANGES_MAX).contains(&ranges.len()),
                "{} ranges",
                ranges.len()
            );
            ranges
        }
    };
    let mut sorted = ranges.clone();
    sorted.sort_by_key(|range| range.start);
    for range in &sorted {
        assert!(
            range.start < range.end && range.end <= length,
            "{range:?} of {length}"
        );
    }
    assert!(
        sorted.is_sorted_by(|a, b| a.end < b.start),
        "overlap or touch: {sorted:?}"
    );
    assert_eq!(
        portion(&written(&ranges), length),
        again(ranges),
        "field: {field:?}"
    );
}

fn written(ranges: &[Range<u64>]) -> String {
    let specs: Vec<String> = ranges
        .iter()
        .map(|range| format!("{}-{}", range.start, range.end - 1))
        .collect();
    format!("bytes={}", specs.join(","))
}

fn again(mut ranges: Vec<Range<u64>>) -> Portion {
    match ranges.len() {
        1 => Portion::One(ranges.remove(0)),
        _ => Portion::Several(ranges),
    }
}
