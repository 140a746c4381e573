//! Sizes in bytes as people write them: `512MiB`, `1GB`, `64k`, plain bytes.

/// Units from small to large: suffix in lower case, bytes. A bare letter means what it means in a systemd unit.
const UNITS: [(&str, u64); 14] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("mb", 1_000_000),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("gb", 1_000_000_000),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("tb", 1_000_000_000_000),
    ("t", 1 << 40),
    ("tib", 1 << 40),
];

/// Reads a size. `KB`, `MB`, `GB`, `TB` are decimal, `KiB` to `TiB` and bare `K` to `T` binary; case does not matter
/// and spaces may stand before the unit. `None` for anything else and for what exceeds 64 bits.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits_end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, bytes) = UNITS.iter().find(|(suffix, _)| *suffix == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*bytes)
}

/// Writes a size so that [`parse_size`] reads the same number: in the largest binary unit that leaves nothing over.
pub fn format_size(bytes: u64) -> String {
    for (unit, size) in [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ] {
        if bytes >= size && bytes.is_multiple_of(size) {
            return format!("{}{unit}", bytes / size);
        }
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse_size(text), expected, "size: {text:?}");
    }

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17b", 17),
            ("64k", 64 << 10),
            ("64K", 64 << 10),
            ("64KB", 64_000),
            ("64KiB", 64 << 10),
            ("1mb", 1_000_000),
            ("1M", 1 << 20),
            ("512MiB", 512 << 20),
            (" 512 mib ", 512 << 20),
            ("1GB", 1_000_000_000),
            ("2g", 2 << 30),
            ("1GiB", 1 << 30),
            ("1TB", 1_000_000_000_000),
            ("1TiB", 1 << 40),
            ("1T", 1 << 40),
            ("0005", 5),
            ("18446744073709551615", u64::MAX),
            ("16777215TiB", 16_777_215 << 40),
        ] {
            check(text, Some(bytes));
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            " ",
            "MiB",
            "2GB0",
            "-1",
            "+1",
            "1.5GiB",
            "1,000",
            "1_000",
            "0x10",
            "1PiB",
            "1kibi",
            "18446744073709551616",
            "16777216TiB",
            "20000000000GB",
            "١",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_written_size_is_read_back() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1KiB"),
            (1025, "1025"),
            (64 << 20, "64MiB"),
            (1536 << 20, "1536MiB"),
            (3 << 30, "3GiB"),
            (1 << 40, "1TiB"),
        ] {
            assert_eq!(format_size(bytes), text);
            check(text, Some(bytes));
        }
    }
}
