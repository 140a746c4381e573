//! What is counted behind the gates.

use std::time::Duration;

use super::histogram::Histogram;
use super::number::{Number, Own, Shared};
use super::words::{Answer, Left, Question};

/// The cells of the cache actor, the only thread that writes them.
#[derive(Debug, Default)]
pub struct CacheMeter {
    /// Requests that were not answered by the first look.
    pub claims: Own,
    /// Downloads, and questions whether a copy is current, ordered since the start.
    pub flights: Own,
    /// Of these, those that run or wait for the crew now.
    pub flights_now: Own,
    /// Requests that shared such a flight instead of causing one.
    pub followers: Own,
}

/// What the store says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Copies kept, fresh or not.
    pub items: u64,
    /// At most so many.
    pub items_max: u64,
    /// Bytes they take, with all bookkeeping.
    pub bytes: u64,
    /// Bytes that all attachments may take, downloads under way included.
    pub bytes_max: u64,
    /// Bytes that they do take: the cache, downloads, and what clients still read.
    pub held: u64,
    /// Files remembered as missing.
    pub missing: u64,
    /// Copies that have left since the start, by the number of their [`Left`].
    pub left: [u64; Left::ALL.len()],
    /// How long Confluence would have worked for what came from fresh copies.
    pub spared: Duration,
}

/// What the fetch crew is doing.
#[derive(Debug, Default)]
pub struct CrewMeter {
    /// How many they are: what Confluence gets of connections at most.
    pub size: Own,
    /// Listings ordered since the start.
    pub listings: Shared,
    /// Orders of both kinds taken up since the start.
    pub taken: Shared,
    /// Who has an order now.
    pub busy: Shared,
    /// Who passes a file on at the pace of its client now.
    pub paced: Shared,
    /// Whole downloads, from the order's beginning to the last byte.
    pub downloads: Histogram<Shared>,
}

/// What is asked of Confluence.
#[derive(Debug, Default)]
pub struct UpstreamMeter {
    asked: [[Shared; Answer::ALL.len()]; Question::ALL.len()],
    heads: [Histogram<Shared>; Question::ALL.len()],
    /// Bytes of files received.
    pub received: Shared,
}

impl UpstreamMeter {
    /// A question was answered, or not, after `took`: that is the time to a judged head, and of a document to its end.
    pub fn asked(&self, question: Question, answer: Answer, took: Duration) {
        self.asked[question as usize][answer as usize].add(1);
        self.heads[question as usize].observe(took);
    }

    /// Questions of this kind to which this was the answer.
    pub fn questions(&self, question: Question, answer: Answer) -> u64 {
        self.asked[question as usize][answer as usize].get()
    }

    /// How long the answers took.
    pub fn heads(&self, question: Question) -> &Histogram<Shared> {
        &self.heads[question as usize]
    }
}
