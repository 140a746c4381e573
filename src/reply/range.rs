//! Which bytes of a file a `Range` field means: RFC 9110, section 14.

use std::ops::Range;

/// Most separate ranges in one answer. PDF viewers ask for a handful; more is answered by the whole file, which is
/// always allowed and costs less than as many part heads.
pub(super) const RANGES_MAX: usize = 16;

/// What is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Portion {
    /// All of it: no range asked for, or none that is worth honouring.
    Whole,
    /// One run of bytes, not empty, within the file.
    One(Range<u64>),
    /// Several such runs, in the order asked for, that neither overlap nor touch.
    Several(Vec<Range<u64>>),
    /// Every range asked for lies beyond the end: 416.
    Beyond,
}

/// Reads a `Range` field for a file of `length` bytes.
///
/// Malformed fields and units other than bytes are ignored, as is every range of an empty file: some clients send
/// one with each request, and no answer but an empty 200 helps them. Ranges that overlap or touch become one, so
/// that an answer is never larger than the file and its part heads.
pub(super) fn portion(field: &str, length: u64) -> Portion {
    match ranges(field, length) {
        Some(mut ranges) if 0 < length => match ranges.len() {
            0 => Portion::Beyond,
            1 => Portion::One(ranges.remove(0)),
            _ => Portion::Several(ranges),
        },
        _ => Portion::Whole,
    }
}

/// The satisfiable ranges; `None` when the field is malformed or names too many.
fn ranges(field: &str, length: u64) -> Option<Vec<Range<u64>>> {
    let (unit, set) = field.split_once('=')?;
    if !trim(unit).eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    let mut named = false;
    for spec in set.split(',').map(trim).filter(|spec| !spec.is_empty()) {
        named = true;
        let range = one(spec, length)?;
        if range.start < range.end {
            join(&mut ranges, range);
        }
        if RANGES_MAX < ranges.len() {
            return None;
        }
    }
    named.then_some(ranges)
}

/// Reads `first-last`, `first-` or `-suffix`; an empty range when it lies beyond the end, `None` when it is malformed.
fn one(spec: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        return Some(length.saturating_sub(number(last)?)..length);
    }
    let first = number(first)?;
    let last = match last {
        "" => u64::MAX,
        last => number(last)?,
    };
    if last < first {
        return None;
    }
    Some(first..last.saturating_add(1).min(length))
}

/// Digits; numbers beyond 64 bits mean "further than any file".
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

/// Adds `new`, taking up every range that it overlaps or touches, at the place of the first of them.
fn join(ranges: &mut Vec<Range<u64>>, mut new: Range<u64>) {
    let mut place = None;
    let mut index = 0;
    while index < ranges.len() {
        let old = &ranges[index];
        if old.end < new.start || new.end < old.start {
            index += 1;
            continue;
        }
        new = old.start.min(new.start)..old.end.max(new.end);
        ranges.remove(index);
        place.get_or_insert(index);
    }
    ranges.insert(place.unwrap_or(ranges.len()), new);
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::properties;
    use super::*;

    #[track_caller]
    fn check(field: &str, length: u64, expected: &[(u64, u64)]) {
        let mut ranges: Vec<Range<u64>> = expected.iter().map(|&(from, to)| from..to).collect();
        let expected = match ranges.len() {
            0 => Portion::Beyond,
            1 => Portion::One(ranges.remove(0)),
            _ => Portion::Several(ranges),
        };
        assert_eq!(portion(field, length), expected, "field: {field}");
    }

    #[test]
    fn ranges_mean_what_rfc_9110_says() {
        for (field, expected) in [
            ("bytes=0-0", &[(0, 1)][..]),
            ("bytes=0-9", &[(0, 10)]),
            ("Bytes = 2-3", &[(2, 4)]),
            ("bytes=2-", &[(2, 10)]),
            ("bytes=9-99999999999999999999999", &[(9, 10)]),
            ("bytes=0-18446744073709551615", &[(0, 10)]),
            ("bytes=-3", &[(7, 10)]),
            ("bytes=-99999999999999999999999", &[(0, 10)]),
            ("bytes=10-", &[]),
            ("bytes=99999999999999999999999-", &[]),
            ("bytes=-0", &[]),
            ("bytes=10-11, -0", &[]),
            ("bytes=, 0-1 ,\t5-6,", &[(0, 2), (5, 7)]),
            ("bytes=5-6,0-1", &[(5, 7), (0, 2)]),
            ("bytes=0-1,20-,5-6", &[(0, 2), (5, 7)]),
            ("bytes=0-2,3-4", &[(0, 5)]),
            ("bytes=0-5,2-3", &[(0, 6)]),
            ("bytes=8-8,0-0,2-2,1-1", &[(8, 9), (0, 3)]),
            ("bytes=4-5,0-0,5-6", &[(4, 7), (0, 1)]),
            ("bytes=0-,-1", &[(0, 10)]),
        ] {
            check(field, 10, expected);
        }
    }

    #[test]
    fn what_cannot_be_honoured_is_the_whole_file() {
        let many = format!(
            "bytes={}",
            (0..17)
                .map(|n| format!("{}-{0},", 2 * n))
                .collect::<String>()
        );
        for (field, length) in [
            ("", 10),
            ("bytes", 10),
            ("bytes=", 10),
            ("bytes=,", 10),
            ("bytes=-", 10),
            ("bytes=a-b", 10),
            ("bytes=+1-2", 10),
            ("bytes=1", 10),
            ("bytes=3-2", 10),
            ("bytes=0-1,x", 10),
            ("bytes=1 - 2", 10),
            ("bytes=1-2-3", 10),
            ("bytes=--1", 10),
            ("items=0-1", 10),
            ("bytes=0-", 0),
            ("bytes=-1", 0),
            (&many, 100),
        ] {
            assert_eq!(portion(field, length), Portion::Whole, "field: {field}");
        }
    }

    /// The simplest reading: a mark for every byte that some range names.
    fn marks(specs: &[(Option<u64>, Option<u64>)], length: u64) -> Vec<bool> {
        (0..length)
            .map(|at| {
                specs.iter().any(|spec| match *spec {
                    (Some(first), Some(last)) => first <= at && at <= last,
                    (Some(first), None) => first <= at,
                    (None, Some(suffix)) => length <= at.saturating_add(suffix),
                    (None, None) => unreachable!("never generated"),
                })
            })
            .collect()
    }

    fn spec() -> impl Strategy<Value = (Option<u64>, Option<u64>)> {
        let number = || prop_oneof![9 => 0..40_u64, 1 => Just(u64::MAX)];
        prop_oneof![
            4 => (number(), number()).prop_map(|(a, b)| (Some(a.min(b)), Some(a.max(b)))),
            1 => number().prop_map(|first| (Some(first), None)),
            1 => number().prop_map(|suffix| (None, Some(suffix))),
        ]
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_a_naive_reading(
            specs in prop::collection::vec(spec(), 1..24),
            length in 1..40_u64,
        ) {
            let digits = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
            let texts: Vec<String> = specs
                .iter()
                .map(|(first, last)| format!("{}-{}", digits(*first), digits(*last)))
                .collect();
            let portion = portion(&format!("bytes={}", texts.join(", ")), length);
            let ranges = match portion {
                Portion::Whole => {
                    prop_assert!(RANGES_MAX < specs.len(), "few ranges are honoured");
                    return Ok(());
                }
                Portion::One(range) => vec![range],
                Portion::Several(ranges) => ranges,
                Portion::Beyond => Vec::new(),
            };
            let mut seen = vec![false; length as usize];
            for range in ranges {
                prop_assert!(range.start < range.end);
                for at in range {
                    prop_assert!(!seen[at as usize], "byte {} twice", at);
                    seen[at as usize] = true;
                }
            }
            prop_assert_eq!(seen, marks(&specs, length));
        }

        #[test]
        fn any_field_gives_ranges_within_the_file(
            field in "(bytes=)?(([0-9]{0,22}|[-, ]|\\PC){0,9}|([0-9]{1,2}-([0-9]|[0-9]{19,22})?,?){0,9})",
            length in prop_oneof![0..20_u64, Just(u64::MAX)],
        ) {
            properties::ranges(&field, length);
        }
    }
}
