//! Whether a client already has what it asks for: RFC 9110, section 13.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::attachment::Meta;

use super::etag::{self, Tag};
use super::wish::Wish;

/// What identifies the present state of a file.
pub(super) struct Validators {
    /// From the bytes, when all of them are known.
    pub(super) tag: Option<Tag>,
    /// In whole seconds, when it is not in the future.
    pub(super) last_modified: Option<SystemTime>,
    /// Whether the file can no longer have changed within the second that `last_modified` names.
    settled: bool,
}

impl Validators {
    /// Keeps what can be true at `now`.
    pub(super) fn new(tag: Option<Tag>, meta: &Meta, now: SystemTime) -> Validators {
        let last_modified = meta.last_modified.and_then(|time| past(time, now));
        // Both by Confluence's clock where it is known.
        let seen = meta.date.unwrap_or(now);
        let settled = last_modified.is_some_and(|time| time + Duration::from_secs(1) <= seen);
        Validators {
            tag,
            last_modified,
            settled,
        }
    }

    /// Whether the answer is 304: `If-None-Match` decides alone if it is there, else `If-Modified-Since`.
    pub(super) fn not_modified(&self, wish: &Wish) -> bool {
        if let Some(field) = &wish.if_none_match {
            return etag::list(field).is_some_and(|list| list.matches(self.tag.as_ref()));
        }
        match (&wish.if_modified_since, self.last_modified) {
            (Some(field), Some(last_modified)) => {
                httpdate::parse_http_date(field).is_ok_and(|since| last_modified <= since)
            }
            _ => false,
        }
    }

    /// Whether a range may be answered by a part: no `If-Range`, or one that names the present state.
    pub(super) fn range_holds(&self, wish: &Wish) -> bool {
        let Some(field) = &wish.if_range else {
            return true;
        };
        let field = field.trim_matches([' ', '\t']);
        if field.starts_with('"') || field.starts_with("W/") {
            return self.tag.as_ref().is_some_and(|tag| tag.is_strongly(field));
        }
        self.settled && httpdate::parse_http_date(field).ok() == self.last_modified
    }
}

/// The date in whole seconds, if it is not after `now`.
fn past(time: SystemTime, now: SystemTime) -> Option<SystemTime> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let whole = UNIX_EPOCH + Duration::from_secs(seconds);
    (whole <= now).then_some(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: &str = "Sat, 01 Jan 2022 12:00:00 GMT";
    const NOON_SECONDS: u64 = 1_641_038_400;
    const OWN: &str = "\"01010101010101010101010101010101\"";

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 250)
    }

    fn meta(last_modified: u64) -> Meta {
        Meta {
            last_modified: Some(at(last_modified)),
            ..Meta::default()
        }
    }

    fn wish(fields: &[(&str, &str)]) -> Wish {
        let mut wish = Wish::plain("test".into());
        for (name, value) in fields {
            match *name {
                "none" => wish.if_none_match = Some((*value).into()),
                "since" => wish.if_modified_since = Some((*value).into()),
                "range" => wish.if_range = Some((*value).into()),
                other => panic!("no such field: {other}"),
            }
        }
        wish
    }

    fn known(meta: &Meta) -> Validators {
        Validators::new(Some(Tag::new(&[1; 32])), meta, at(NOON_SECONDS + 3600))
    }

    #[test]
    fn dates_of_the_future_are_not_kept() {
        for (time, kept) in [
            (0, true),
            (NOON_SECONDS + 3600, true),
            (NOON_SECONDS + 3601, false),
            (DATE_FAR, false),
        ] {
            assert_eq!(known(&meta(time)).last_modified.is_some(), kept, "{time}");
        }
    }

    const DATE_FAR: u64 = 300_000_000_000;

    #[test]
    fn if_none_match_decides_alone_and_if_modified_since_without_it() {
        for (fields, expected) in [
            (&[][..], false),
            (&[("none", OWN)][..], true),
            (&[("none", "W/\"01010101010101010101010101010101\"")], true),
            (
                &[("none", "\"x\", \"01010101010101010101010101010101\"")],
                true,
            ),
            (&[("none", "*")], true),
            (&[("none", "\"x\"")], false),
            (&[("none", "\"x\""), ("since", NOON)], false),
            (&[("none", "nonsense"), ("since", NOON)], false),
            (&[("none", OWN), ("since", "nonsense")], true),
            (&[("since", NOON)], true),
            (&[("since", "Saturday, 01-Jan-22 12:00:00 GMT")], true),
            (&[("since", "Sat Jan  1 12:00:00 2022")], true),
            (&[("since", "Sat, 01 Jan 2022 11:59:59 GMT")], false),
            (&[("since", "Sat, 01 Jan 2022 12:00:01 GMT")], true),
            (&[("since", "nonsense")], false),
            (&[("since", "Sat, 32 Jan 2022 12:00:00 GMT")], false),
        ] {
            let found = known(&meta(NOON_SECONDS)).not_modified(&wish(fields));
            assert_eq!(found, expected, "fields: {fields:?}");
        }
        let since = wish(&[("since", NOON)]);
        let growing = Validators::new(None, &meta(NOON_SECONDS), at(NOON_SECONDS + 9));
        assert!(!growing.not_modified(&wish(&[("none", OWN)])));
        assert!(growing.not_modified(&since));
    }

    #[test]
    fn if_range_takes_the_strong_tag_or_the_exact_date() {
        for (fields, expected) in [
            (&[][..], true),
            (&[("range", OWN)][..], true),
            (
                &[("range", "W/\"01010101010101010101010101010101\"")],
                false,
            ),
            (&[("range", "\"x\"")], false),
            (&[("range", NOON)], true),
            (&[("range", "Sat, 01 Jan 2022 12:00:01 GMT")], false),
            (&[("range", "Sat, 01 Jan 2022 11:59:59 GMT")], false),
            (&[("range", "nonsense")], false),
            (&[("range", "")], false),
        ] {
            let found = known(&meta(NOON_SECONDS)).range_holds(&wish(fields));
            assert_eq!(found, expected, "fields: {fields:?}");
        }
        let fresh = Validators::new(None, &meta(NOON_SECONDS), at(NOON_SECONDS));
        assert!(!fresh.range_holds(&wish(&[("range", NOON)])), "may change");
        assert!(!known(&Meta::default()).range_holds(&wish(&[("range", "nonsense")])));
    }

    proptest! {
        #[test]
        fn no_field_at_all_disturbs_the_reader(field in "\\PC{0,40}", tail in "[ -~]{12,24}") {
            for value in [field.clone(), format!("Sunday, {tail}"), format!("Sun, {tail}")] {
                let fields = [("since", value.as_str()), ("range", value.as_str())];
                let asked = wish(&fields);
                known(&meta(NOON_SECONDS)).not_modified(&asked);
                known(&meta(NOON_SECONDS)).range_holds(&asked);
            }
        }
    }
}
