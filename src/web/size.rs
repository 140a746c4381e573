//! Lengths of files for people.

/// Units of sizes for people, as file managers have them.
const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];

/// A length for people: `1.2 MB`.
pub fn sized(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while 999.5 <= value && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(value < 9.95);
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_two_digits_or_three() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 KB"),
            (9949, "9.9 KB"),
            (9950, "10 KB"),
            (999_499, "999 KB"),
            (999_500, "1.0 MB"),
            (1_234_567, "1.2 MB"),
            (5_000_000_000_000, "5.0 TB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(sized(bytes), expected);
        }
    }
}
