//! The store against examples and a model.

use super::super::entry::Life;
use super::*;
use crate::attachment::{Body, Chunk, FileName, Ledger, Meta, PageId};
use proptest::prelude::*;
use std::collections::HashMap;

const HOUR: Duration = Duration::from_secs(3600);

fn limits() -> Limits {
    Limits {
        items_max: 8,
        bytes_max: 20_000,
        stale: HOUR,
        renewable: Duration::ZERO,
        negative_ttl: HOUR,
    }
}

fn key(page: u64, name: &str) -> Key {
    Key::File {
        page: PageId::parse(&page.to_string()).expect("digits"),
        name: FileName::parse(name.as_bytes()).expect("a name"),
        version: None,
    }
}

fn entry(key: Key, size: usize, now: Instant) -> Arc<Entry> {
    let ledger = Ledger::default();
    let body = Body::new(vec![Chunk::new(&vec![1; size], &ledger)], &ledger, None);
    let label = key.to_string().into();
    let life = Life {
        stored: now,
        fresh_until: now + HOUR,
    };
    Arc::new(Entry::new(key, label, Meta::default(), body, [0; 32], life))
}

#[test]
fn a_copy_is_fresh_then_stale_then_gone() {
    let start = Instant::now();
    let mut store = Store::<()>::new(limits(), Ledger::default());
    store.insert(entry(key(1, "a"), 10, start), start);
    let fresh =
        |store: &mut Store<()>, now| matches!(store.lookup(&key(1, "a"), now), Lookup::Fresh(_));
    assert!(fresh(&mut store, start + HOUR - Duration::from_millis(1)));
    assert!(!fresh(&mut store, start + HOUR));
    assert!(
        store.known(&key(1, "a")).is_some(),
        "an expired copy may still serve"
    );
    assert_eq!(store.tick(start + HOUR).0.len(), 0);
    let (freed, wait) = store.tick(start + 2 * HOUR);
    assert_eq!((freed.len(), wait, store.bytes()), (1, None, 0));
}

#[test]
fn requests_and_the_time_they_spare_are_counted_and_outlive_a_newer_version() {
    let (start, took) = (Instant::now(), Duration::from_millis(40));
    let mut store = Store::<()>::new(limits(), Ledger::default());
    let first = entry(key(1, "a"), 10, start);
    first.note_fetch(took);
    store.insert(first.clone(), start);
    for _ in 0..3 {
        assert!(matches!(
            store.lookup(&key(1, "a"), start),
            Lookup::Fresh(_)
        ));
    }
    assert_eq!((first.requests(), store.figures().spared), (3, 3 * took));
    let life = Life {
        stored: start,
        fresh_until: start + HOUR,
    };
    let renewed = Arc::new(first.renewed(Meta::default(), life));
    store.insert(renewed.clone(), start);
    assert!(matches!(
        store.lookup(&key(1, "a"), start),
        Lookup::Fresh(_)
    ));
    assert_eq!((renewed.requests(), store.figures().spared), (4, 4 * took));
    assert_eq!(
        store.figures().left,
        [0; 5],
        "the same bytes are no newer version"
    );
}

#[test]
fn all_copies_are_seen_a_few_at_a_time_in_the_order_of_arrival() {
    let start = Instant::now();
    let mut store = Store::<()>::new(limits(), Ledger::default());
    let pages = [1, 2, 3, 4, 5];
    for page in pages {
        store.insert(entry(key(page, "a"), 10, start), start);
    }
    store.remove(&key(2, "a"), Left::Purged);
    let (mut seen, mut last) = (Vec::new(), None);
    for expected in [2, 2, 0] {
        let some = store.after(last, 2);
        assert_eq!(some.len(), expected);
        last = some.last().map(|(number, _)| *number);
        seen.extend(some.iter().map(|(_, entry)| entry.key.clone()));
    }
    assert_eq!(seen, [1, 3, 4, 5].map(|page| key(page, "a")));
}

/// ttl_cache has a clock of its own, so this one test waits for real milliseconds to pass.
#[test]
fn what_has_died_is_let_go_of_while_others_live() {
    let (now, brief) = (Instant::now(), Duration::from_millis(5));
    let mut store = Store::<()>::new(
        Limits {
            stale: Duration::ZERO,
            ..limits()
        },
        Ledger::default(),
    );
    let made = entry(key(1, "a"), 10, now);
    let life = Life {
        stored: now,
        fresh_until: now + brief,
    };
    let (key_a, label) = (made.key.clone(), made.label.clone());
    let dies = Arc::new(Entry::new(
        key_a,
        label,
        Meta::default(),
        made.body.clone(),
        [0; 32],
        life,
    ));
    store.insert(dies.clone(), now);
    store.insert(entry(key(1, "b"), 10, now), now);
    while store.known(&key(1, "a")).is_some() {
        std::thread::yield_now();
    }
    let (freed, _) = store.tick(Instant::now() + brief);
    assert_eq!(freed.len(), 1);
    drop(freed);
    assert_eq!(Arc::strong_count(&dies), 1, "the map still holds it");
}

/// The same.
#[test]
fn what_was_purged_when_it_was_dead_already_is_not_remembered_either() {
    let (now, brief) = (Instant::now(), Duration::from_millis(5));
    let limits = Limits {
        stale: brief,
        ..limits()
    };
    let mut store = Store::<()>::new(limits, Ledger::default());
    store.insert(entry(key(1, "a"), 10, now), now + HOUR);
    store.insert(entry(key(1, "b"), 10, now), now);
    while store.known(&key(1, "a")).is_some() {
        std::thread::yield_now();
    }
    store.forget(&Forget::File(key(1, "a")));
    let left = store.evict().map(|entry| entry.key.clone());
    assert_eq!(left, Some(key(1, "a")), "the ring still held it");
    assert!(!store.ring.remembers(&key(1, "a")));
}

#[test]
fn a_purge_of_many_leaves_nothing_of_them() {
    let now = Instant::now();
    let limits = Limits {
        items_max: 1000,
        bytes_max: 1 << 30,
        ..limits()
    };
    let mut store = Store::<()>::new(limits, Ledger::default());
    store.insert(entry(key(2, "a"), 10, now), now);
    for n in 0..500 {
        store.insert(entry(key(1, &n.to_string()), 10, now), now);
    }
    let page = PageId::parse("1").expect("digits");
    assert_eq!(store.forget(&Forget::Page(page)).len(), 500);
    let [arrivals, queues, ghosts] = store.ring.places();
    assert!(arrivals <= 66 && queues <= 66 && ghosts == 0);
    assert_eq!(
        store.evict().map(|entry| entry.key.clone()),
        Some(key(2, "a"))
    );
}

#[test]
fn what_the_store_takes_beside_the_bodies_is_counted_while_it_takes_it() {
    let (now, ledger) = (Instant::now(), Ledger::default());
    let mut store = Store::<()>::new(limits(), ledger.clone());
    let logo = entry(key(1, "logo"), 1000, now);
    store.insert(logo.clone(), now);
    assert_eq!(ledger.held(), logo.bookkeeping());
    assert_eq!(store.bytes(), logo.weight());
    store.insert(entry(key(1, "logo"), 2000, now), now);
    assert_eq!(ledger.held(), logo.bookkeeping(), "in place of the first");
    drop(store.evict());
    assert_eq!((ledger.held(), store.bytes()), (0, 0));
}

#[test]
fn a_new_copy_of_what_people_return_to_stays_among_it() {
    let now = Instant::now();
    let mut store = Store::<()>::new(limits(), Ledger::default());
    store.insert(entry(key(1, "logo"), 1000, now), now);
    store.lookup(&key(1, "logo"), now);
    store.insert(entry(key(1, "logo"), 1000, now), now);
    for n in 0..20 {
        store.insert(entry(key(2, &format!("once{n}")), 1000, now), now);
    }
    assert!(
        store.known(&key(1, "logo")).is_some(),
        "its use was forgotten"
    );
}

#[test]
fn a_copy_that_expires_before_it_is_asked_for_again_is_no_one_time_file() {
    let now = Instant::now();
    let mut store = Store::<()>::new(limits(), Ledger::default());
    for start in [now, now + HOUR] {
        store.insert(entry(key(1, "logo"), 1000, start), start);
    }
    for n in 0..20 {
        store.insert(entry(key(2, &format!("once{n}")), 1000, now), now);
    }
    assert!(store.known(&key(1, "logo")).is_some());
}

#[test]
fn one_time_files_do_not_push_out_what_people_return_to() {
    let now = Instant::now();
    let mut store = Store::<()>::new(limits(), Ledger::default());
    store.insert(entry(key(1, "logo"), 1000, now), now);
    store.lookup(&key(1, "logo"), now);
    for n in 0..100 {
        store.insert(entry(key(2, &format!("once{n}")), 1000, now), now);
        if n % 5 == 0 {
            store.lookup(&key(1, "logo"), now);
        }
    }
    assert!(store.known(&key(1, "logo")).is_some());
}

#[test]
fn a_heavy_file_needs_more_uses_than_the_many_that_fit_in_its_place() {
    let now = Instant::now();
    let mut store = Store::<()>::new(limits(), Ledger::default());
    for (name, size) in [("a", 100), ("b", 100), ("c", 100), ("heavy", 9000)] {
        store.insert(entry(key(1, name), size, now), now);
        store.lookup(&key(1, name), now);
    }
    let left = store.evict().expect("four are here");
    assert_eq!(left.key, key(1, "heavy"), "one use is not enough for it");
    store.insert(left, now);
    for _ in 0..3 {
        store.lookup(&key(1, "heavy"), now);
    }
    let left = store.evict().expect("four are here");
    assert_ne!(left.key, key(1, "heavy"), "it is remembered and used");
}

#[test]
fn who_has_just_come_is_given_time_to_be_asked_for_again() {
    let now = Instant::now();
    let limits = Limits {
        items_max: 100,
        bytes_max: 1 << 30,
        ..limits()
    };
    let mut store = Store::<()>::new(limits, Ledger::default());
    for page in 0..20 {
        store.insert(entry(key(page, "a"), 100, now), now);
        store.lookup(&key(page, "a"), now);
    }
    for n in 0..5 {
        store.insert(entry(key(100 + n, "new"), 100, now), now);
        drop(store.evict());
        assert!(store.known(&key(100 + n, "new")).is_some());
    }
}

#[test]
fn a_choice_is_quick_even_if_everybody_is_asked_for_all_the_time() {
    let now = Instant::now();
    let limits = Limits {
        items_max: 1000,
        bytes_max: 1 << 30,
        ..limits()
    };
    let mut store = Store::<()>::new(limits, Ledger::default());
    for page in 0..1000 {
        store.insert(entry(key(page, "a"), 10, now), now);
        (0..3).for_each(|_| drop(store.lookup(&key(page, "a"), now)));
    }
    let left = store.evict().expect("a thousand are here");
    assert_eq!(left.key, key(64, "a"), "sixty-four were spared");
}

#[test]
fn a_file_that_comes_back_soon_stays_and_one_that_was_purged_comes_as_if_for_the_first_time() {
    let now = Instant::now();
    let page = Forget::Page(PageId::parse("1").expect("digits"));
    for (purge, stays) in [
        (None, true),
        (Some(Forget::File(key(1, "a"))), false),
        (Some(page), false),
    ] {
        let mut store = Store::<()>::new(limits(), Ledger::default());
        for page in [1, 2] {
            store.insert(entry(key(page, "a"), 1000, now), now);
        }
        drop(store.evict());
        if let Some(purge) = &purge {
            store.forget(purge);
        }
        assert_eq!(store.ring.remembers(&key(1, "a")), stays, "{purge:?}");
        store.insert(entry(key(1, "a"), 1000, now), now);
        for n in 0..20 {
            store.insert(entry(key(2, &format!("once{n}")), 1000, now), now);
        }
        assert_eq!(store.known(&key(1, "a")).is_some(), stays, "{purge:?}");
    }
}

#[test]
fn forgetting_a_page_takes_all_its_files_and_no_others() {
    let now = Instant::now();
    let mut store = Store::new(limits(), Ledger::default());
    for (page, name) in [(1, "a"), (1, "b"), (2, "a")] {
        store.insert(entry(key(page, name), 10, now), now);
    }
    store.insert_gone(key(1, "c"), "missing");
    assert_eq!(
        store
            .forget(&Forget::Page(PageId::parse("1").expect("digits")))
            .len(),
        2
    );
    assert!(matches!(store.lookup(&key(1, "c"), now), Lookup::Missing));
    assert!(matches!(store.lookup(&key(2, "a"), now), Lookup::Fresh(_)));
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64, usize),
    Lookup(u64),
    Remove(u64),
    RemovePage(u64),
    Gone(u64),
    Evict,
    Tick(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12u64, 0..25_000usize).prop_map(|(page, size)| Step::Insert(page, size)),
        3 => (0..12u64).prop_map(Step::Lookup),
        1 => (0..12u64).prop_map(Step::Remove),
        1 => (0..12u64).prop_map(Step::RemovePage),
        1 => (0..12u64).prop_map(Step::Gone),
        1 => Just(Step::Evict),
        1 => (0..9000u64).prop_map(Step::Tick),
    ]
}

proptest! {
    /// Against a plain map: what the store has is what was put in last, and its bytes always add up and fit.
    #[test]
    fn the_store_agrees_with_a_model(steps in proptest::collection::vec(step(), 1..120)) {
        let start = Instant::now();
        let mut now = start;
        let ledger = Ledger::default();
        let mut store = Store::<()>::new(limits(), ledger.clone());
        let mut model: HashMap<u64, Arc<Entry>> = HashMap::new();
        for step in steps {
            match step {
                Step::Insert(page, size) => {
                    let entry = entry(key(page, "a"), size, now);
                    store.insert(entry.clone(), now);
                    model.insert(page, entry);
                }
                Step::Lookup(page) => match store.lookup(&key(page, "a"), now) {
                    Lookup::Fresh(found) => {
                        prop_assert!(found.is_fresh(now));
                        prop_assert!(model.get(&page).is_some_and(|last| Arc::ptr_eq(last, &found)));
                    }
                    Lookup::Gone(()) | Lookup::Missing => {}
                },
                Step::Remove(page) => {
                    store.forget(&Forget::File(key(page, "a")));
                    prop_assert!(!store.ring.remembers(&key(page, "a")));
                    prop_assert!(matches!(store.lookup(&key(page, "a"), now), Lookup::Missing));
                    model.remove(&page);
                }
                Step::RemovePage(page) => {
                    let page_id = PageId::parse(&page.to_string()).expect("digits");
                    store.forget(&Forget::Page(page_id));
                    prop_assert!(!store.ring.remembers(&key(page, "a")));
                    prop_assert!(matches!(store.lookup(&key(page, "a"), now), Lookup::Missing));
                    model.remove(&page);
                }
                Step::Gone(page) => {
                    store.remove(&key(page, "a"), Left::Withdrawn);
                    store.insert_gone(key(page, "a"), ());
                    prop_assert!(matches!(store.lookup(&key(page, "a"), now), Lookup::Gone(())));
                    model.remove(&page);
                }
                Step::Evict => {
                    let before = store.ring.len();
                    prop_assert_eq!(store.evict().is_some(), 0 < before);
                }
                Step::Tick(seconds) => {
                    now += Duration::from_secs(seconds);
                    let (freed, _) = store.tick(now);
                    prop_assert!(freed.iter().all(|entry| entry.fresh_until + HOUR <= now));
                }
            }
            let kept: Vec<_> = (0..12).filter_map(|page| store.known(&key(page, "a"))).collect();
            let (weights, bookkeeping) = store.ring.sums();
            prop_assert_eq!((store.bytes(), ledger.held()), (weights, bookkeeping));
            let [arrivals, queues, ghosts] = store.ring.places();
            let most = 2 * store.ring.len() + 64;
            prop_assert!(arrivals <= most && queues <= most && ghosts <= store.ring.len());
            prop_assert!(kept.iter().map(|entry| entry.weight()).sum::<u64>() <= weights);
            prop_assert!(store.bytes() <= limits().bytes_max && store.ring.len() <= limits().items_max);
        }
    }
}
