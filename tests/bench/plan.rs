//! How much is measured, from the words behind `cargo bench --`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use super::peers::Player;

/// Turns per start and size unless told otherwise: enough for a median that moves by one or two in a hundred.
const TURNS: u32 = 20;

/// Starts of all servers unless told otherwise.
const STARTS: u32 = 3;

/// One server's part of a turn: long against the reaction time of 64 connections, short against other work of the
/// machine that comes and goes.
const SLICE: Duration = Duration::from_millis(80);

/// What is asked for.
pub struct Plan {
    /// How often each server gets its slice, per start and size.
    pub turns: u32,
    /// How often all servers are started.
    pub starts: u32,
    /// How long one slice is.
    pub slice: Duration,
    /// Whether everything but hits is left out.
    pub hits_only: bool,
    /// Whether hits are left out.
    pub no_hits: bool,
    /// The servers that are measured; all that are here if it is empty.
    pub only: Vec<Player>,
    /// Another build of this service to be measured beside this one.
    pub before: Option<PathBuf>,
}

impl Plan {
    /// Reads `--turns N`, `--starts N`, `--hits`, `--no-hits`, `--only SERVER,..` and `--before BINARY`.
    pub fn from_words(words: impl Iterator<Item = OsString>) -> Result<Plan, lexopt::Error> {
        let mut plan = Plan {
            turns: TURNS,
            starts: STARTS,
            slice: SLICE,
            hits_only: false,
            no_hits: false,
            only: Vec::new(),
            before: None,
        };
        let mut words = Parser::from_args(words);
        while let Some(word) = words.next()? {
            match word {
                Arg::Long("turns") => plan.turns = words.value()?.parse()?,
                Arg::Long("starts") => plan.starts = words.value()?.parse()?,
                Arg::Long("hits") => plan.hits_only = true,
                Arg::Long("no-hits") => plan.no_hits = true,
                Arg::Long("only") => plan.only = players(&words.value()?.string()?)?,
                Arg::Long("before") => plan.before = Some(words.value()?.into()),
                Arg::Long("bench") => {} // from cargo
                other => return Err(other.unexpected()),
            }
        }
        Ok(plan)
    }
}

/// The servers whose words stand in `list`, between commas.
fn players(list: &str) -> Result<Vec<Player>, lexopt::Error> {
    let known = |word: &str| Player::ALL.into_iter().find(|player| player.word() == word);
    let players = list.split(',').map(|word| {
        known(word).ok_or_else(|| format!("--only: there is no server {word:?}").into())
    });
    players.collect()
}
