//! How fast hits are while thousands of others are there: idle, stuck in a request head, or reading slowly.

use std::time::Duration;

use crate::measured::{Measured, Pair, SMALL, assert_median_kept};
use crate::multitude::{Multitude, Plan};
use crate::support::eventually;
use crate::{alone, descriptors_max};

const IDLE: usize = 4000;
const HALVES: usize = 1000;
const READERS: usize = 500;

/// Long enough for every half head to be timed out once and begun anew.
const CROWDED: Duration = Duration::from_secs(13);

/// Most memory of its own that the program may need for an idle connection, in bytes.
const IDLE_BYTES_MAX: u64 = 2048;

const BIG: &str = "/proxy/7/big.png";

#[test]
fn hits_keep_their_median_while_thousands_are_idle_stuck_and_slow() {
    let _alone = alone();
    let limit = descriptors_max();
    let needed = (IDLE + HALVES + READERS + 1000) as u32;
    assert!(needed <= limit, "this test needs ulimit -Hn {needed}");
    let mut crowded = Measured::start(limit);
    let mut control = Measured::start(limit);
    let small = crowded.bytes.clone();
    let big = crowded.program.put("big.png", 5_000_000);
    assert!(crowded.program.connect().get(BIG).body == big);
    let before = Pair::quiet(&mut crowded, &mut control);
    let threads = crowded.program.threads();
    let descriptors = crowded.program.descriptors();
    let memory = crowded.program.own_memory();

    let mut memory_with_idle = 0;
    let plan = Plan {
        idle: IDLE,
        halves: HALVES,
        readers: READERS,
        small: (SMALL, &small),
        big: (BIG, &big),
    };
    let multitude = Multitude::gather(&crowded.program, &plan, || {
        memory_with_idle = crowded.program.own_memory();
    });
    let all = descriptors + IDLE + HALVES + READERS;
    assert_eq!(crowded.program.descriptors(), all);
    assert!(crowded.program.threads() <= threads, "they are all there");
    let during = Pair::measure(&mut crowded, &mut control, CROWDED);
    eventually("every half head was timed out", || {
        crowded.hits();
        HALVES <= multitude.renewed()
    });
    // Spare threads of the start have ended meanwhile, so another program says how many there should be.
    eventually("as many threads as without a crowd", || {
        crowded.program.threads() == control.program.threads()
    });
    let memory_with_all = crowded.program.own_memory();
    let seen = multitude.leave();
    eventually("all descriptors come back", || {
        crowded.hits();
        crowded.program.descriptors() <= descriptors
    });
    let after = Pair::quiet(&mut crowded, &mut control);

    let per_idle = memory_with_idle.saturating_sub(memory) / IDLE as u64;
    println!("{seen:?}");
    println!(
        "own memory: {memory} before, {memory_with_idle} with idle ones, {memory_with_all} with all"
    );
    println!("{per_idle} bytes per idle connection");
    assert!(per_idle < IDLE_BYTES_MAX, "{per_idle}");
    let rate = seen.read as f64 / READERS as f64 / seen.lasted.as_secs_f64();
    assert!(5_000.0 < rate, "a reader got {rate} bytes a second");
    assert_median_kept(before, during, after);
}
