//! Numbers as people read them.

use std::time::Duration;

use super::shell::Language;

/// `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if 0 < at && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 MiB`: the units of the settings.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = number as f64;
    let mut unit = "B";
    for larger in UNITS {
        if value < 1000.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{number} B"),
        _ => format!("{} {unit}", three_digits(value)),
    }
}

/// `87.5 %`; nothing is rounded up to all.
pub(super) fn percent(part: f64) -> String {
    let tenths = (part * 1000.0).floor() / 10.0;
    format!("{tenths:.1} %")
}

/// `3 d 4 h`, `12 min`, `8.2 s`, `140 ms`: two units at most.
pub(super) fn time(time: Duration, language: Language) -> String {
    let seconds = time.as_secs();
    let units = |large: (u64, &str), small: (u64, &str)| {
        let (many, few) = (seconds / large.0, seconds % large.0 / small.0);
        match few {
            0 => format!("{many} {}", large.1),
            _ => format!("{many} {} {few} {}", large.1, small.1),
        }
    };
    let day = (86400, language.pick("d", "天"));
    let hour = (3600, language.pick("h", "小时"));
    let minute = (60, language.pick("min", "分钟"));
    let second = (1, language.pick("s", "秒"));
    match seconds {
        86400.. => units(day, hour),
        3600.. => units(hour, minute),
        60.. => units(minute, second),
        _ => {
            let milliseconds = time.as_secs_f64() * 1000.0;
            match milliseconds {
                ..1000.0 => format!(
                    "{} {}",
                    three_digits(milliseconds),
                    language.pick("ms", "毫秒")
                ),
                _ => format!("{} {}", three_digits(milliseconds / 1000.0), second.1),
            }
        }
    }
}

/// A number below a thousand with as many digits as say something.
pub(super) fn three_digits(value: f64) -> String {
    let text = match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => return format!("{value:.0}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact_enough() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1234567, "1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "0.98 KiB"),
            (1536, "1.5 KiB"),
            (20 << 20, "20 MiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(bytes(number), text, "{number}");
        }
        assert_eq!(
            (percent(0.9999), percent(1.0)),
            ("99.9 %".into(), "100.0 %".into())
        );
        for (milliseconds, english, chinese) in [
            (0, "0 ms", "0 毫秒"),
            (7, "7 ms", "7 毫秒"),
            (1500, "1.5 s", "1.5 秒"),
            (61_000, "1 min 1 s", "1 分钟 1 秒"),
            (7_200_000, "2 h", "2 小时"),
            (90_000_000, "1 d 1 h", "1 天 1 小时"),
        ] {
            let it = Duration::from_millis(milliseconds);
            assert_eq!(time(it, Language::English), english);
            assert_eq!(time(it, Language::Chinese), chinese);
        }
    }
}
