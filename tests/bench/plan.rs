//! How much is measured, from the words behind `cargo bench --`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use super::cases::{Case, Extent, SIZES, Size, cases};
use super::peers::Player;

/// Turns per start and size unless told otherwise: enough for a median that moves by one or two in a hundred.
const TURNS: u32 = 20;

/// Starts of all servers unless told otherwise.
const STARTS: u32 = 3;

/// One server's part of a turn: long against the reaction time of 64 connections, short against other work of the
/// machine that comes and goes.
const SLICE: Duration = Duration::from_millis(80);

/// Starts and turns of a quick look.
const QUICK: (u32, u32) = (1, 5);

/// A slice when nothing but bytes is judged.
const SMOKE_SLICE: Duration = Duration::from_millis(5);

/// What is asked for.
pub struct Plan {
    /// How often each server gets its slice, per start and size.
    pub turns: u32,
    /// How often all servers are started.
    pub starts: u32,
    /// How long one slice is.
    pub slice: Duration,
    /// How many ways to ask there are.
    pub extent: Extent,
    /// The files that are asked for.
    pub sizes: Vec<Size>,
    /// Whether everything but hits is left out.
    pub hits_only: bool,
    /// Whether hits are left out.
    pub no_hits: bool,
    /// Whether only what a front costs is measured.
    pub front: bool,
    /// Whether the table goes into the READMEs.
    pub readme: bool,
    /// The servers that are measured; all that are here if it is empty.
    pub only: Vec<Player>,
    /// Another build of this service to be measured beside this one.
    pub before: Option<PathBuf>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            turns: TURNS,
            starts: STARTS,
            slice: SLICE,
            extent: Extent::Usual,
            sizes: SIZES.to_vec(),
            hits_only: false,
            no_hits: false,
            front: false,
            readme: false,
            only: Vec::new(),
            before: None,
        }
    }
}

impl Plan {
    /// Reads the words that `tests/bench/run --help` explains.
    pub fn from_words(words: impl Iterator<Item = OsString>) -> Result<Plan, lexopt::Error> {
        let mut plan = Plan::default();
        let mut words = Parser::from_args(words);
        while let Some(word) = words.next()? {
            match word {
                Arg::Long("turns") => plan.turns = count("--turns", words.value()?)?,
                Arg::Long("starts") => plan.starts = count("--starts", words.value()?)?,
                Arg::Long("quick") => (plan.starts, plan.turns) = QUICK,
                Arg::Long("full") => plan.extent = Extent::Full,
                Arg::Long("smoke") => {
                    (plan.starts, plan.turns) = (1, 1);
                    (plan.extent, plan.slice) = (Extent::Smoke, SMOKE_SLICE);
                }
                Arg::Long("sizes") => plan.sizes = sizes(&words.value()?.string()?)?,
                Arg::Long("readme") => plan.readme = true,
                Arg::Long("hits") => plan.hits_only = true,
                Arg::Long("no-hits") => plan.no_hits = true,
                Arg::Long("front") => plan.front = true,
                Arg::Long("only") => plan.only = players(&words.value()?.string()?)?,
                Arg::Long("before") => plan.before = Some(words.value()?.into()),
                Arg::Long("bench") => {} // from cargo
                other => return Err(other.unexpected()),
            }
        }
        if plan.hits_only && plan.no_hits {
            return Err("--hits and --no-hits leave nothing to measure: drop one".into());
        }
        Ok(plan)
    }

    /// Whether nothing is left out that the READMEs tell.
    pub fn is_whole(&self) -> bool {
        let has_all_columns = self.only.is_empty() && self.before.is_none() && !self.front;
        let has_all_rows =
            self.extent != Extent::Smoke && self.sizes == SIZES && !self.hits_only && !self.no_hits;
        has_all_columns && has_all_rows
    }

    /// The rows of the table.
    pub fn cases(&self) -> Vec<Case> {
        cases(self.extent, &self.sizes)
    }
}

/// A number that is not 0, behind the option `name`.
fn count(name: &str, word: OsString) -> Result<u32, lexopt::Error> {
    let count = word.to_str().and_then(|word| word.parse().ok());
    let wrong = || format!("{name} takes a number from 1 on, not {word:?}");
    Ok(count.filter(|count| 0 < *count).ok_or_else(wrong)?)
}

/// The servers whose words stand in `list`, between commas.
fn players(list: &str) -> Result<Vec<Player>, lexopt::Error> {
    let is_server = |player: &Player| player.server() == *player && *player != Player::Before;
    let servers = || Player::ALL.into_iter().filter(is_server);
    let known = |word: &str| servers().find(|player| player.word() == word);
    each(list, |word| {
        let all = || servers().map(Player::word).collect::<Vec<_>>().join(", ");
        known(word).ok_or_else(|| format!("there is no server {word:?}, but {}", all()))
    })
}

/// The sizes whose words stand in `list`, between commas.
fn sizes(list: &str) -> Result<Vec<Size>, lexopt::Error> {
    let known = |word: &str| SIZES.into_iter().find(|size| size.word == word);
    each(list, |word| {
        let all = || SIZES.map(|size| size.word).join(", ");
        known(word).ok_or_else(|| format!("there is no size {word:?}, but {}", all()))
    })
}

fn each<T>(list: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, lexopt::Error> {
    list.split(',').map(|word| Ok(read(word)?)).collect()
}
