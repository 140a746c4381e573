//! What to compare with: the two plain ways to choose who leaves, and what one could do who knew the future.

use std::collections::BTreeMap;

use super::budget::Room;
use super::trace::Trace;

/// Which requests of a trace a cache would have served.
pub type Hits = Vec<bool>;

/// Who came first leaves first.
pub fn fifo(trace: &Trace, weights: &[u64], room: Room) -> Hits {
    let mut queue = Queue::new(trace, room);
    let requests = trace.requests.iter().zip(weights);
    let serve = requests.map(|(request, weight)| {
        let hit = queue.kept[request.file].is_some();
        if !hit {
            queue.push(request.file, *weight);
        }
        hit
    });
    serve.collect()
}

/// Who was asked for longest ago leaves first.
pub fn lru(trace: &Trace, weights: &[u64], room: Room) -> Hits {
    let mut queue = Queue::new(trace, room);
    let requests = trace.requests.iter().zip(weights);
    let serve = requests.map(|(request, weight)| {
        let kept = queue.remove(request.file);
        queue.push(request.file, kept.unwrap_or(*weight));
        kept.is_some()
    });
    serve.collect()
}

/// Everybody stays, but for what is too heavy for the room.
pub fn infinite(trace: &Trace, weights: &[u64], room: Room) -> Hits {
    let fits = |weight: &u64| u64::from(room.bytes < *weight);
    let weights: Vec<u64> = weights.iter().map(fits).collect();
    let endless = Room {
        bytes: 0,
        items: usize::MAX,
    };
    fifo(trace, &weights, endless)
}

/// Whose next request is farthest away leaves first, the heavier the sooner, and who has none is not kept at all. With
/// files of one weight nobody can do better, with others hardly. Each that leaves is searched for among all.
pub fn belady(trace: &Trace, weights: &[u64], room: Room) -> Hits {
    let mut following = vec![None; trace.requests.len()];
    let mut upcoming = vec![None; trace.files_end()];
    for (now, request) in trace.requests.iter().enumerate().rev() {
        following[now] = upcoming[request.file].replace(now);
    }
    let mut oracle = Oracle {
        bytes: 0,
        kept: Vec::new(),
        places: vec![None; trace.files_end()],
    };
    let mut hits = Hits::new();
    for (now, request) in trace.requests.iter().enumerate() {
        let known = oracle.places[request.file].map(|place| oracle.remove(place));
        hits.push(known.is_some());
        let weight = known.unwrap_or(weights[now]);
        if let Some(next) = following[now]
            && weight <= room.bytes
        {
            oracle.push(request.file, next, weight);
            while room.bytes < oracle.bytes || room.items < oracle.kept.len() {
                oracle.remove(oracle.dearest(now));
            }
        }
    }
    hits
}

/// What is kept by who knows the future.
struct Oracle {
    bytes: u64,
    kept: Vec<Awaited>,
    /// For each file its place among them.
    places: Vec<Option<usize>>,
}

struct Awaited {
    file: usize,
    next: usize,
    weight: u64,
}

impl Oracle {
    fn push(&mut self, file: usize, next: usize, weight: u64) {
        self.places[file] = Some(self.kept.len());
        self.kept.push(Awaited { file, next, weight });
        self.bytes += weight;
    }

    /// The place of the one that takes most bytes for the longest time.
    fn dearest(&self, now: usize) -> usize {
        let cost = |kept: &Awaited| (kept.next - now) as u128 * u128::from(kept.weight);
        let places = 0..self.kept.len();
        let dearest = places.max_by_key(|place| cost(&self.kept[*place]));
        dearest.expect("what is too much is something")
    }

    fn remove(&mut self, place: usize) -> u64 {
        let gone = self.kept.swap_remove(place);
        self.places[gone.file] = None;
        if let Some(moved) = self.kept.get(place) {
            self.places[moved.file] = Some(place);
        }
        self.bytes -= gone.weight;
        gone.weight
    }
}

/// Files in the order in which they leave.
struct Queue {
    room: Room,
    bytes: u64,
    next: u64,
    order: BTreeMap<u64, usize>,
    /// For each file its place in the order, and its weight.
    kept: Vec<Option<(u64, u64)>>,
}

impl Queue {
    fn new(trace: &Trace, room: Room) -> Queue {
        Queue {
            room,
            bytes: 0,
            next: 0,
            order: BTreeMap::new(),
            kept: vec![None; trace.files_end()],
        }
    }

    /// Puts a file at the end, unless it is heavier than all the room.
    fn push(&mut self, file: usize, weight: u64) {
        if self.room.bytes < weight {
            return;
        }
        while self.room.bytes - weight < self.bytes || self.room.items <= self.order.len() {
            let first = self.order.first_key_value().map(|(_, file)| *file);
            let Some(first) = first else { break };
            self.remove(first);
        }
        self.order.insert(self.next, file);
        self.kept[file] = Some((self.next, weight));
        self.next += 1;
        self.bytes += weight;
    }

    /// Takes a file out and says what it weighed.
    fn remove(&mut self, file: usize) -> Option<u64> {
        let (place, weight) = self.kept[file].take()?;
        self.order.remove(&place);
        self.bytes -= weight;
        Some(weight)
    }
}
