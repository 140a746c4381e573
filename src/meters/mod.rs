//! What the service counts: plain numbers that cost whoever counts next to nothing, summed when somebody asks.
//!
//! Every gate thread has a [`GateMeter`] of its own, which nobody else writes: to count is to load, add and store, in a
//! cache line that stays with that thread. What many threads count ([`CrewMeter`], [`UpstreamMeter`]) is counted once
//! per question to Confluence, where an atomic addition is nothing. [`Meters`] holds all of them together with a short
//! [past](Rate) and the last [mishaps](Mishap), for `/metrics`, `/status` and the summary of a demonstration.
//!
//! Invariants: no lock, allocation, system call or clock on the way of a hit; counters never fall; who reads while
//! others count gets each number as it was at some moment of the reading, so sums of several need not agree to the
//! last one. Units: times in nanoseconds or as [`Duration`](std::time::Duration), sizes in bytes. This room names
//! nobody, and everybody may name it.

mod all;
mod gate;
mod histogram;
mod inner;
mod number;
mod past;
mod saved;
mod words;

pub use all::{Machine, Meters, Probes, Reading};
pub use gate::GateMeter;
pub use histogram::{BOUNDS, Histogram};
pub use inner::{CacheFigures, CacheMeter, CrewMeter, UpstreamMeter};
pub use number::{Number, Own, Shared, Within};
pub use past::{Mishap, PAST_MAX, Rate, SAMPLE_EVERY};
pub use saved::Saved;
pub use words::{Answer, Left, Question, Refused, Source, State, Status};
