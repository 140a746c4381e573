//! What is kept of made-up requests: against other ways to choose who leaves, and by several nodes together.

use std::time::Duration;

use confluence_attachment_proxy::cache::Served;

#[path = "../replay/budget.rs"]
mod budget;
#[path = "../replay/chance.rs"]
mod chance;
#[path = "../replay/cluster.rs"]
mod cluster;
#[path = "../replay/intranet.rs"]
mod intranet;
#[path = "../replay/load.rs"]
mod load;
#[path = "../replay/peaks.rs"]
mod peaks;
#[path = "../replay/policies.rs"]
mod policies;
#[path = "../replay/ring.rs"]
mod ring;
#[path = "../replay/service.rs"]
mod service;
#[path = "../replay/table.rs"]
mod table;
#[path = "../replay/trace.rs"]
mod trace;

use budget::{Budget, Room};
use cluster::{Cluster, Shared};
use intranet::{Diary, PEOPLE, diary};
use peaks::{Busiest, HOUR, MINUTE, SECOND, busiest};
use policies::{Hits, belady, fifo, infinite, lru};
use ring::Ring;
use table::{Shares, compare};
use trace::{Request, Trace};

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
    let Diary { trace, .. } = diary(PEOPLE, 7, 8);
    assert!(trace == diary(PEOPLE, 7, 8).trace);
    assert!(trace != diary(PEOPLE, 8, 8).trace);
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
    let trace = diary(PEOPLE, 1, 2).trace;
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
    let mut trace = diary(PEOPLE, 2, 2).trace;
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

/// A person opens a page alone every 50 minutes of ten hours, which is 12 a day; a meeting at each half hour is
/// worth 540 / 100 more.
#[test]
fn a_persons_day_is_the_same_among_few_people_and_among_many() {
    for (people, days, least, most) in [
        (10, 35, 14.0, 22.0),
        (100, 14, 16.5, 18.5),
        (1000, 2, 16.5, 18.5),
    ] {
        let Diary { trace, views } = diary(people, 3, days);
        let working_days = days - days / 7 * 2;
        let views_each = views as f64 / (people * working_days) as f64;
        assert!(
            (least..most).contains(&views_each),
            "{people}: {views_each}"
        );
        let files_each = trace.files() as f64 / people as f64;
        assert!(
            (40.0..300.0).contains(&files_each),
            "{people}: {files_each}"
        );
    }
}

/// The figures in the READMEs are of these requests.
#[test]
fn the_usual_intranet_is_the_one_of_the_readmes() {
    let Diary { trace, views } = diary(PEOPLE, 1, 14);
    assert_eq!(
        (views, trace.requests.len(), trace.files()),
        (17_580, 122_805, 18_640)
    );
}

#[test]
fn files_stay_where_they_are_when_a_node_comes_or_goes() {
    let (three, four) = (Ring::new(3), Ring::new(4));
    let mut counts = [0; 3];
    for file in 0..30_000 {
        let node = three.node(file, None);
        counts[node] += 1;
        let with_one_more = four.node(file, None);
        assert!(with_one_more == node || with_one_more == 3, "{file}");
        assert_eq!(four.node(file, Some(3)), node, "{file}");
    }
    let is_even = counts.iter().all(|count| (9_000..11_000).contains(count));
    assert!(is_even, "{counts:?}");
    let moved = (0..30_000)
        .filter(|file| four.node(*file, None) == 3)
        .count();
    assert!((6_500..8_500).contains(&moved), "{moved}");
}

/// What several nodes make of a trace, each with this room and copies that never expire.
fn clustered(
    trace: &Trace,
    name: &str,
    nodes: usize,
    how: impl Fn(&Cluster<'_>) -> Shared,
) -> Shared {
    let (keys, budget) = (service::keys(trace), budget(name, trace));
    how(&Cluster {
        trace,
        keys: &keys,
        budget: &budget,
        ttl: None,
        nodes,
    })
}

fn missed(shared: &Shared) -> String {
    let served = shared.served.iter();
    served
        .map(|served| if *served == Served::Miss { '.' } else { 'x' })
        .collect()
}

#[test]
fn a_file_is_downloaded_once_by_its_node_and_once_by_each_of_those_who_take_turns() {
    let mut trace = letters("acacaccc");
    trace.is_sizeless = false;
    for (request, hours) in trace.requests.iter_mut().zip(0..) {
        request.at = HOUR * hours;
    }
    let by_hash = clustered(&trace, "64MiB", 3, |cluster| cluster.by_hash());
    assert_eq!(missed(&by_hash), "..xxxxxx");
    let in_turn = clustered(&trace, "64MiB", 3, |cluster| cluster.in_turn());
    assert_eq!(
        (missed(&in_turn).as_str(), &in_turn.nodes[..4]),
        ("......xx", &[0, 1, 2, 0][..])
    );
    // The two files lie apart: only that of the lost node is fetched again, from the hour on in which the node goes.
    let [a, c] = [by_hash.nodes[0], by_hash.nodes[1]];
    let losing = clustered(&trace, "64MiB", 3, |cluster| cluster.losing(c, HOUR * 3));
    assert_eq!(missed(&losing), "..x.xxxx");
    assert!(a != c && losing.nodes[3..].iter().all(|node| *node != c));
}

#[test]
fn nodes_that_share_files_add_up_and_those_that_take_turns_do_not() {
    let trace = diary(PEOPLE, 4, 2).trace;
    let share =
        |shared: Shared| missed(&shared).matches('x').count() as f64 / trace.requests.len() as f64;
    let one = share(clustered(&trace, "64MiB", 1, |cluster| cluster.by_hash()));
    let all = share(clustered(&trace, "256MiB", 1, |cluster| cluster.by_hash()));
    let shared = share(clustered(&trace, "64MiB", 4, |cluster| cluster.by_hash()));
    let in_turn = share(clustered(&trace, "64MiB", 4, |cluster| cluster.in_turn()));
    assert!((shared - all).abs() < 0.02, "{shared} {all}");
    assert!(
        in_turn < one && one + 0.05 < shared,
        "{in_turn} {one} {shared}"
    );
}

#[test]
fn the_busiest_stretch_is_found_wherever_it_is() {
    let seconds = Duration::from_secs;
    let happenings = [
        (0, 3),
        (59, 4),
        (65, 6),
        (119, 2),
        (3600, 1),
        (7265, 7),
        (7266, 1),
    ];
    let found = |length| {
        busiest(
            happenings
                .iter()
                .map(|(at, amount)| (seconds(*at), *amount)),
            length,
        )
    };
    for (length, start, amount) in [(SECOND, 7265, 7), (MINUTE, 7260, 8), (HOUR, 0, 15)] {
        let start = seconds(start);
        assert_eq!(found(length), Busiest { start, amount }, "{length:?}");
    }
    assert_eq!(busiest([].into_iter(), HOUR), Busiest::default());
}

#[test]
fn the_tables_of_nodes_say_what_comes_in_and_what_is_left() {
    let mut trace = letters("acaaca");
    trace.is_sizeless = false;
    for (request, hours) in trace.requests.iter_mut().zip([0, 0, 1, 1, 1, 3]) {
        (request.at, request.bytes) = (HOUR * hours, 1_800_000);
    }
    let budgets = [budget("64MiB", &trace)];
    let text = load::tell(&trace, &budgets, Some(HOUR * 2), &[1, 2]);
    let head = "| | in all | busiest hour, per s | busiest minute, per s | busiest second |\n|---|---|---|---|---|\n";
    let asked = |nodes| {
        format!(
            "| nodes {nodes}: downloads | 2 | 0.00 | 0.03 | 2.00 |\n\
             | nodes {nodes}: MB | 4 | 0.00 | 0.06 | 3.60 |\n\
             | nodes {nodes}: whether a copy is current | 1 | 0.00 | 0.02 | 1.00 |"
        )
    };
    let expected = format!(
        "{head}\
         | requests | 6 | 0.00 | 0.05 | 3.00 |\n\
         | MB to clients | 11 | 0.00 | 0.09 | 5.40 |\n\
         | requests for the hottest file | 4 | 0.00 | 0.03 | 2.00 |\n\
         \nEach node with 64MiB. Percent of the requests / of the bytes:\n\n\
         | nodes | served without a download, a file has its node | the same, requests in turn | the busiest \
         node's | the busiest node is lost: its requests in the busiest hour | downloads in that hour, without and \
         with the loss |\n|---|---|---|---|---|---|\n\
         | 1 | 66.7 / 66.7 | - | 100.0 / 100.0 | - | - |\n\
         | 2 | 66.7 / 66.7 | 33.3 / 33.3 | 66.7 / 66.7 | 2 of 3 | 0 → 1 |\n\
         \nWhat Confluence is asked for:\n\n{head}{}\n{}",
        asked(1),
        asked(2)
    );
    assert_eq!(text, expected);
}
