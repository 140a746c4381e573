//! What is kept, against other ways to choose who leaves, on made-up requests.

use std::time::Duration;

use confluence_attachment_proxy::cache::Served;

#[path = "../replay/budget.rs"]
mod budget;
#[path = "../replay/chance.rs"]
mod chance;
#[path = "../replay/intranet.rs"]
mod intranet;
#[path = "../replay/policies.rs"]
mod policies;
#[path = "../replay/service.rs"]
mod service;
#[path = "../replay/table.rs"]
mod table;
#[path = "../replay/trace.rs"]
mod trace;

use budget::{Budget, Room};
use policies::{Hits, belady, fifo, infinite, lru};
use table::{Shares, compare};
use trace::{Request, Trace};

const HOUR: Duration = Duration::from_secs(3600);

/// Requests for files named by letters, all of one size.
fn letters(text: &str) -> Trace {
    let requests = text.bytes().map(|letter| Request {
        at: Duration::ZERO,
        file: usize::from(letter),
        bytes: 1,
    });
    Trace {
        requests: requests.collect(),
        is_sizeless: true,
    }
}

fn shown(hits: &Hits) -> String {
    hits.iter()
        .map(|hit| if *hit { 'x' } else { '.' })
        .collect()
}

/// The string by which Belady showed that FIFO can get worse with more room, and others, worked out by hand.
#[test]
fn the_plain_ways_do_what_they_are_known_to_do() {
    for (text, items, by_fifo, by_lru, by_belady) in [
        ("abcab", 2, ".....", ".....", "...xx"),
        ("abacada", 2, "..x...x", "..x.x.x", "..x.x.x"),
        (
            "abcdabeabcde",
            3,
            ".......xx..x",
            ".......xx...",
            "....xx.xxx..",
        ),
        (
            "abcdabeabcde",
            4,
            "....xx......",
            "....xx.xx...",
            "....xx.xxxx.",
        ),
    ] {
        let (trace, weights) = (letters(text), vec![1; text.len()]);
        let bytes = items as u64;
        for room in [Room { bytes, items: 99 }, Room { bytes: 99, items }] {
            for (way, hits, expected) in [
                ("FIFO", fifo(&trace, &weights, room), by_fifo),
                ("LRU", lru(&trace, &weights, room), by_lru),
                ("Belady", belady(&trace, &weights, room), by_belady),
            ] {
                assert_eq!(shown(&hits), expected, "{way}: {text}, {room:?}");
            }
        }
        let room = Room { bytes: 1, items: 1 };
        let repeated: Vec<bool> = (0..text.len())
            .map(|at| text[..at].contains(&text[at..=at]))
            .collect();
        assert_eq!(infinite(&trace, &weights, room), repeated, "{text}");
    }
}

#[test]
fn the_plain_ways_weigh_what_they_keep() {
    let trace = letters("abcabcaa");
    let weights: Vec<u64> = trace
        .requests
        .iter()
        .map(|request| {
            if request.file == usize::from(b'a') {
                3
            } else {
                1
            }
        })
        .collect();
    let room = |bytes| Room { bytes, items: 99 };
    assert_eq!(shown(&lru(&trace, &weights, room(3))), ".......x");
    assert_eq!(shown(&belady(&trace, &weights, room(3))), "....xx.x");
    assert_eq!(shown(&infinite(&trace, &weights, room(2))), "....xx..");
    for way in [fifo, lru, belady, infinite] {
        assert_eq!(shown(&way(&trace, &weights, room(0))), "........");
    }
}

#[test]
fn traces_are_read_in_both_forms() {
    let trace = Trace::read(b"10 a 100\n10.5 b 7\n12 a 100\n").expect("lines");
    let request = |seconds, file, bytes| Request {
        at: Duration::from_secs_f64(seconds),
        file,
        bytes,
    };
    let expected = [
        request(0.0, 0, 100),
        request(0.5, 1, 7),
        request(2.0, 0, 100),
    ];
    assert_eq!(trace.requests, expected);
    assert_eq!((trace.files(), trace.is_sizeless), (2, false));
    for (text, line) in [
        ("1 a 1\n2 a", 2),
        ("2 a 1\n1 a 1", 2),
        ("1 a -1", 1),
        ("\n", 1),
    ] {
        let problem = Trace::read(text.as_bytes()).expect_err(text);
        assert!(problem.starts_with(&format!("line {line}:")), "{problem}");
    }
    let trace = Trace::read(&[0, 0, 1, 2, 0, 0, 0, 3, 0, 0, 1, 2]).expect("numbers");
    let files: Vec<usize> = trace.requests.iter().map(|request| request.file).collect();
    assert_eq!(
        (files, trace.files(), trace.is_sizeless),
        (vec![258, 3, 258], 2, true)
    );
}

#[test]
fn a_file_whose_copy_has_died_is_another_file() {
    let mut trace = letters("aaaaaa");
    for (request, hours) in trace.requests.iter_mut().zip([0, 1, 2, 3, 6, 7]) {
        request.at = HOUR * hours;
    }
    let mortal = trace.mortal(HOUR * 2, HOUR);
    let names = mortal.requests.iter().map(|request| request.file);
    let [a, next] = [usize::from(b'a'), usize::from(b'a') + 1];
    assert_eq!(names.collect::<Vec<_>>(), [a, a, a, a, next, next]);
}

#[test]
fn the_made_up_intranet_is_the_same_for_the_same_seed_and_as_it_is_described() {
    let trace = intranet::requests(7, 8);
    assert!(trace == intranet::requests(7, 8));
    assert!(trace != intranet::requests(8, 8));
    let requests = &trace.requests;
    assert!(requests.is_sorted_by_key(|request| request.at));
    assert!(
        requests
            .iter()
            .all(|request| (5_000..=50_000_000).contains(&request.bytes))
    );
    let mut sizes: Vec<u64> = requests.iter().map(|request| request.bytes).collect();
    sizes.sort_unstable();
    let middle = sizes[sizes.len() / 2];
    assert!((50_000..500_000).contains(&middle), "{middle}");
    let days: Vec<u64> = (0..8)
        .filter(|day| {
            requests
                .iter()
                .any(|request| request.at.as_secs() / 86_400 == *day)
        })
        .collect();
    assert_eq!(days, [0, 1, 2, 3, 4, 7], "nobody works at the weekend");
    let in_hours = |request: &&Request| (8..20).contains(&(request.at.as_secs() / 3600 % 24));
    assert_eq!(requests.iter().filter(in_hours).count(), requests.len());
}

fn budget(name: &str, trace: &Trace) -> Budget {
    Budget::read(name, trace, usize::MAX).expect("a budget")
}

/// Shares of FIFO, of LRU and of the service.
fn served(trace: &Trace, name: &str, ttl: Option<Duration>) -> [Shares; 3] {
    let budget = budget(name, trace);
    let course = service::replay(trace, &budget, ttl);
    let without_download = course.which_were(&[Served::Hit, Served::Renewed]);
    [
        fifo(&course.timeless, &course.weights, budget.room),
        lru(&course.timeless, &course.weights, budget.room),
        without_download,
    ]
    .map(|served| Shares::of(trace, &served))
}

#[test]
fn the_store_keeps_what_people_return_to_better_than_the_plain_ways() {
    let trace = intranet::requests(1, 2);
    for (name, more) in [
        ("4MiB", 0.02),
        ("16MiB", 0.02),
        ("64MiB", 0.02),
        ("256MiB", 0.02),
        ("1GiB", 0.0),
        ("16GiB", 0.0),
    ] {
        let [fifo, lru, store] = served(&trace, name, None);
        let least = fifo.requests.max(lru.requests + more);
        assert!(
            least <= store.requests,
            "{name}: {fifo:?}, {lru:?}, {store:?}"
        );
        let least = fifo.bytes.max(lru.bytes - 0.005);
        assert!(least <= store.bytes, "{name}: {fifo:?}, {lru:?}, {store:?}");
    }
}

#[test]
fn the_store_does_so_also_while_copies_expire_and_when_all_files_are_of_one_size() {
    let mut trace = intranet::requests(2, 2);
    for name in ["64MiB", "256MiB"] {
        let [fifo, lru, store] = served(&trace, name, Some(HOUR));
        let least = fifo.requests.max(lru.requests + 0.02);
        assert!(
            least <= store.requests,
            "{name}: {fifo:?}, {lru:?}, {store:?}"
        );
    }
    trace.is_sizeless = true;
    for name in ["1%", "10%", "50%"] {
        let [fifo, lru, store] = served(&trace, name, None);
        let least = fifo.requests.max(lru.requests - 0.005);
        assert!(
            least <= store.requests,
            "{name}: {fifo:?}, {lru:?}, {store:?}"
        );
    }
}

#[test]
fn the_table_has_a_row_for_each_way_and_a_column_for_each_budget() {
    let mut trace = letters("aab");
    trace.is_sizeless = false;
    for request in &mut trace.requests[1..] {
        request.at = HOUR;
    }
    let budgets = ["4MiB", "1GiB"].map(|name| budget(name, &trace));
    let table = compare(&trace, &budgets, Some(HOUR));
    assert_eq!(
        table,
        "3 requests for 2 files. Percent of the requests / of the bytes that are served without a download:\n\n\
         | | 4MiB | 1GiB |\n\
         |---|---|---|\n\
         | FIFO | 33.3 / 33.3 | 33.3 / 33.3 |\n\
         | LRU | 33.3 / 33.3 | 33.3 / 33.3 |\n\
         | this service | 33.3 / 33.3 | 33.3 / 33.3 |\n\
         | Belady | 33.3 / 33.3 | 33.3 / 33.3 |\n\
         | endless memory | 33.3 / 33.3 | 33.3 / 33.3 |\n\
         | this service, after asking | 33.3 / 33.3 | 33.3 / 33.3 |"
    );
}
