//! The tests of the bench's own reckoning. That it runs at all is what `tests/bench/run --smoke` shows.

#[expect(dead_code, reason = "only the bench itself calls `main`")]
#[path = "main.rs"]
mod bench;

use std::io;
use std::time::Duration;

use bench::answer::Answers;
use bench::cases::{Case, Extent, MANY, SIZES, cases};
use bench::figures::{Played, Spread, quantile};
use bench::histogram::Histogram;
use bench::load::{Habit, Tally};
use bench::peers::{Line, Player};
use bench::readme::{BEGIN, END, replaced};

const BODY: &[u8] = b"eight by";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nX: y\r\n\r\neight by";

/// Feeds an answer in pieces of `step` bytes and says after how many bytes it was whole.
fn feed(answers: &mut Answers, answer: &[u8], step: usize) -> io::Result<Option<usize>> {
    answers.expect();
    for (count, piece) in answer.chunks(step).enumerate() {
        if answers.take(piece, BODY)? {
            return Ok(Some(count * step + piece.len()));
        }
    }
    Ok(None)
}

#[test]
fn an_answer_is_whole_with_its_last_byte_however_it_is_cut() {
    for step in 1..=ANSWER.len() {
        let mut answers = Answers::default();
        for _ in 0..3 {
            let whole = feed(&mut answers, ANSWER, step).expect("a good answer");
            assert_eq!(whole, Some(ANSWER.len()), "{step}");
        }
    }
    let short = &ANSWER[..ANSWER.len() - 1];
    let whole = feed(&mut Answers::default(), short, 7).expect("good so far");
    assert_eq!(whole, None);
}

#[test]
fn an_answer_that_is_not_the_file_is_an_error() {
    let endless = [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 20_000]].concat();
    let bad: [&[u8]; 7] = [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\neight by",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\neight by",
        b"HTTP/1.1 200 OK\r\n\r\neight by",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nEight by",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\neight bY",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\neight bytes",
        &endless,
    ];
    for answer in bad {
        let text = String::from_utf8_lossy(&answer[..20]);
        assert!(
            feed(&mut Answers::default(), answer, 999).is_err(),
            "{text}"
        );
    }
    let unasked = Answers::default().take(ANSWER, BODY);
    assert!(unasked.is_err());
    // A head as long as the one before is looked at, too.
    let mut answers = Answers::default();
    feed(&mut answers, ANSWER, 999).expect("a good answer");
    let refusal = b"HTTP/1.1 503 No\r\ncontent-length: 8\r\nX: y\r\n\r\neight by";
    assert!(feed(&mut answers, refusal, 999).is_err());
}

/// Every piece is compared at both of its ends.
#[test]
fn a_piece_is_looked_at_where_it_begins_and_where_it_ends() {
    let body = [b'x'; 200];
    let answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n", &body[..]].concat();
    let first = answer.len() - body.len();
    let hear = |answer: &[u8]| {
        let mut answers = Answers::default();
        answers.expect();
        answers.take(answer, &body)
    };
    assert!(hear(&answer).is_ok_and(|is_whole| is_whole));
    for at in [first, answer.len() - 1] {
        let mut bad = answer.clone();
        bad[at] = b'y';
        assert!(hear(&bad).is_err(), "{at}");
    }
}

#[test]
fn every_row_has_words_of_its_own_in_both_languages() {
    let cases = cases(Extent::Full, &SIZES);
    for (at, case) in cases.iter().enumerate() {
        for other in &cases[..at] {
            assert_ne!(other.words().english, case.words().english);
            assert_ne!(other.words().chinese, case.words().chinese);
        }
    }
}

#[test]
fn the_usual_rows_are_among_the_full_ones_and_hold_every_size_and_manner() {
    let full = cases(Extent::Full, &SIZES);
    let usual = cases(Extent::Usual, &SIZES);
    assert!(usual.len() < full.len() && usual.iter().all(|case| full.contains(case)));
    for line in [Line::Plain, Line::Tls] {
        let over = || usual.iter().filter(move |case| case.manner.line == line);
        for size in SIZES {
            assert!(over().any(|case| case.size == size), "{}", size.label);
        }
        assert!(over().any(|case| case.manner.habit == Habit::Leaves));
    }
    assert!(usual.iter().any(|case| case.manner.clients == MANY));
    let small = cases(Extent::Usual, &SIZES[..1]);
    let is_small = |case: &Case| case.size == SIZES[0];
    assert!(!small.is_empty() && small.iter().all(is_small));
}

#[test]
fn a_spread_is_the_middle_and_the_quarters() {
    assert_eq!(Spread::of(Vec::new()), None);
    let spread = Spread::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]).expect("there are values");
    assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
}

/// As many answers in a tenth of a second, each of which took 7 ms.
fn tally(answers: u64) -> Tally {
    let mut latencies = Histogram::new();
    latencies.note(Duration::from_millis(7));
    let took = Duration::from_millis(100);
    Tally {
        answers,
        took,
        latencies,
    }
}

/// A machine that slows down in the middle changes rates, and no ratio.
#[test]
fn ratios_are_made_of_slices_of_one_turn() {
    let used = Duration::from_millis(50);
    let mut played = Played::default();
    for (turn, speed) in [(0, 1000), (1, 10), (2, 500)] {
        played.note(Player::Nginx, turn, &tally(speed), used);
        played.note(Player::Service, turn, &tally(3 * speed), used);
    }
    played.note(Player::Service, 3, &tally(1), used); // a turn without nginx counts for nothing
    let service = played.figures(Player::Service).expect("it played");
    let always = |ratio: f64| Spread {
        median: ratio,
        low: ratio,
        high: ratio,
    };
    assert_eq!(service.rate.ratio, Some(always(3.0)));
    assert_eq!(service.p50.ratio, Some(always(1.0)));
    let cost = service.cost.ratio.expect("nginx played");
    assert!((cost.median * 3.0 - 1.0).abs() < 1e-9, "{cost:?}");
    assert!((service.p99.value - 7.0).abs() < 0.1);
    let nginx = played.figures(Player::Nginx).expect("it played");
    assert!(nginx.rate.ratio.is_none(), "it is the yardstick");
    assert!((nginx.rate.value - 5000.0).abs() < 1e-6);
    assert!((nginx.cost.value - 150_000.0 / 1510.0).abs() < 1e-6);
    assert!((nginx.busy - 0.5).abs() < 1e-9);
    assert!(played.figures(Player::Floor).is_none());
}

/// Where a server had its core for itself only now and then, these slices are what rates are made of.
#[test]
fn pairs_that_were_disturbed_count_only_where_there_are_hardly_others() {
    let [full, half] = [100, 50].map(Duration::from_millis);
    for (turns, undisturbed, ratio) in [(24, 6, 2.0), (24, 5, 5.0), (8, 6, 2.0), (8, 2, 5.0)] {
        let mut played = Played::default();
        for turn in 0..turns {
            let used = if turn < undisturbed { full } else { half };
            let answers = if turn < undisturbed { 200 } else { 500 };
            played.note(Player::Nginx, turn, &tally(100), used);
            played.note(Player::Service, turn, &tally(answers), full);
        }
        let service = played.figures(Player::Service).expect("it played");
        assert_eq!(service.is_disturbed, undisturbed < 6);
        let rate = service.rate.ratio.expect("nginx played");
        assert!((rate.median - ratio).abs() < 1e-9, "{rate:?}");
        // The processor time of all slices counts in any case.
        let answers = 200 * undisturbed + 500 * (turns - undisturbed);
        let microseconds = 100_000.0 * turns as f64 / answers as f64;
        assert!((service.cost.value - microseconds).abs() < 1e-6);
    }
}

#[test]
fn a_histogram_tells_every_time_within_one_in_a_hundred() {
    let mut numbers: Vec<u64> = (0..5000).collect();
    for bit in 0..64 {
        numbers.extend([1 << bit, (1 << bit) | (1 << bit >> 1), u64::MAX >> bit]);
    }
    for number in numbers {
        let mut histogram = Histogram::new();
        histogram.note(Duration::from_nanos(number));
        let told = histogram.quantile(0.5).expect("there is a time");
        let error = Duration::from_nanos(number).abs_diff(told);
        assert!(
            error.as_nanos() as f64 <= number as f64 / 100.0,
            "{number}: {told:?}"
        );
    }
}

#[test]
fn quantiles_are_those_of_the_times_that_were_noted() {
    assert_eq!(Histogram::new().quantile(0.5), None);
    let (mut odd, mut even) = (Histogram::new(), Histogram::new());
    for millisecond in 1..=1000 {
        let histogram = if millisecond % 2 == 0 {
            &mut even
        } else {
            &mut odd
        };
        histogram.note(Duration::from_millis(millisecond));
    }
    odd.add(&even);
    for (part, expected) in [(0.0, 1.0), (0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
        let told = odd.quantile(part).expect("there are times").as_secs_f64() * 1000.0;
        assert!((told / expected - 1.0).abs() < 0.01, "{part}: {told}");
    }
}

#[test]
fn what_stands_between_the_marks_of_a_readme_is_replaced_and_nothing_else() {
    let text = format!("a\n{BEGIN}old\n{END}b\n");
    let new = format!("a\n{BEGIN}new\n{END}b\n");
    assert_eq!(replaced(&text, "new\n"), Some(new));
    for odd in [
        "a\n".to_owned(),
        format!("{BEGIN}a\n"),
        format!("{END}{BEGIN}a\n"),
        format!("{text}{text}"),
        format!("{text}{END}"),
    ] {
        assert_eq!(replaced(&odd, "new\n"), None, "{odd}");
    }
}

#[test]
fn one_in_a_hundred_is_above_the_99th_of_a_hundred_values() {
    let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
    for (part, value) in [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
        assert_eq!(quantile(values.clone(), part), value, "{part}");
    }
    assert_eq!(quantile(vec![7.0], 0.99), 7.0);
}
