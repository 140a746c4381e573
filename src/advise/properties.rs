//! What holds of every log: said once, for generated tests and for fuzzing.

use std::io::ErrorKind;
use std::path::Path;

use super::history::History;
use super::run::run;
use super::trial;
use crate::config::{Config, Environment};

/// A log is read to its end, time never goes back in it, and what is said of it is plain text.
pub fn reading(text: &[u8]) {
    let read = History::read(text).expect("memory can be read");
    for pair in read.requests.windows(2) {
        assert!(pair[0].second <= pair[1].second, "{pair:?}");
    }
    let of_known_size = trial::requests(&read).count();
    let no_file = |_: &Path| Err(ErrorKind::NotFound.into());
    let environment = Environment::new([], &no_file);
    let settings = Config::cache_from_lookup(&environment).expect("the defaults are good");
    let settings = trial::BUDGETS.map(|_| settings.clone());
    let mut said = Vec::new();
    let advice = run(text, &settings, &mut |line| said.push(line.to_owned()));
    assert_eq!(advice.is_ok(), 0 < of_known_size);
    assert_eq!(said.is_empty(), advice.is_err());
    for line in said {
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::reading;

    /// Pieces of which logs are made.
    const PIECES: [&str; 14] = [
        "served key=",
        "aborted key=",
        "served path=\"/\"",
        "confluence_attachment_1_a.png",
        "confluence_embedded_A/B/c.png",
        " status=200 from=hit bytes=18446744073709551615 ms=1 client=::1",
        " status=206 from=miss bytes=7 ms=1 client=::1",
        " status=200 from=join bytes=70000 ms=1 client=::1",
        "2026-11-28T07:15:34.007Z INFO  ",
        "9999-12-31T23:59:60-23:59 host a: ",
        "Feb 29 07:15:34 host a[1]: ",
        "Jan  1 00:00:00 host a[1]: <6>",
        "\n",
        "\u{1b}[31m é\r",
    ];

    proptest! {
        #[test]
        fn any_bytes_are_a_log(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            reading(&text);
        }

        #[test]
        fn lines_in_any_order_and_cut_anywhere_are_a_log(
            pieces in proptest::collection::vec((0..PIECES.len(), any::<u8>()), 0..60),
        ) {
            let mut text = Vec::new();
            for (piece, cut) in pieces {
                let piece = PIECES[piece].as_bytes();
                let whole = cut < 224;
                text.extend_from_slice(&piece[..if whole { piece.len() } else { piece.len() / 2 }]);
            }
            reading(&text);
        }
    }
}
