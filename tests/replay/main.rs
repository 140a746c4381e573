//! What the store would have kept of a trace, beside other ways to choose who leaves.
//!
//! `tests/bench/replay` starts it. Every way keeps entries of the same weights in the same room, so the table is about
//! who leaves and about nothing else. Only the row of the service is the service: its own store, driven through
//! `cache::Replay`. What is served after Confluence has said that the copy is current counts as served, because nothing is
//! downloaded for it; with `--ttl` a row shows how much that is. Belady's way is to know the future; weighed by size, it
//! is about the best that can be done for the number of requests.
//!
//! With `--nodes` or `--users` it is about how far one machine goes, and what more of them are worth: the service alone,
//! once with each number of nodes, each of which has the whole budget. Requests are shared out by file, as consistent
//! hashing does it, and once in turn, for contrast.
//!
//! Reading order: `trace` (what is replayed), `intranet` and `chance` (made-up requests), `budget` (how much room there
//! is), `service` (the store), `policies` (what to compare it with), `table`; `ring` (who has which file), `cluster`
//! (several stores), `peaks` (how much comes at once), `load` (their tables).

mod budget;
mod chance;
mod cluster;
mod intranet;
mod load;
mod peaks;
mod policies;
mod ring;
mod service;
mod table;
mod trace;

use std::error::Error;
use std::io::Read;
use std::iter::Peekable;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use budget::Budget;
use intranet::Diary;
use trace::Trace;

const USAGE: &str = "\
tests/bench/replay [OPTION...] TRACE [BUDGET...]
tests/bench/replay [OPTION...] --synthetic [SEED] [BUDGET...]

TRACE has lines of `time key size`, or is made of numbers of files without sizes, four bytes each, the highest
first; it may be compressed with xz. A BUDGET is a size such as 256MiB, for files without sizes a share of them such as
10%.

  --ttl SECONDS   how long a copy is fresh; without it nothing expires
  --items N       how many files are kept at most; without it only bytes count
  --nodes LIST    1,2,3: what so many nodes keep and ask for, each with the whole budget, and how even their shares are
  --users N       how many people the made-up intranet has (100), and what they and Confluence see of one node";

/// What is looked at unless something else is asked for.
const BUDGETS: &[&str] = &["4MiB", "16MiB", "64MiB", "256MiB", "1GiB"];
const SHARES: &[&str] = &["1%", "5%", "10%", "25%"];

/// Working days and weekends of the made-up intranet.
const DAYS: usize = 14;

fn main() -> ExitCode {
    match plan(std::env::args().skip(1)) {
        Ok(plan) => {
            let Plan {
                trace,
                ttl,
                budgets,
                ..
            } = &plan;
            let table = match &plan.nodes {
                Some(nodes) => load::tell(trace, budgets, *ttl, nodes),
                None => table::compare(trace, budgets, *ttl),
            };
            println!("{}.\n\n{table}", plan.what);
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

struct Plan {
    what: String,
    trace: Trace,
    ttl: Option<Duration>,
    budgets: Vec<Budget>,
    /// How many nodes share the requests; without it, other ways to choose who leaves are looked at.
    nodes: Option<Vec<usize>>,
}

/// What was typed before the trace.
#[derive(Default)]
struct Options {
    ttl: Option<Duration>,
    items: Option<usize>,
    nodes: Option<Vec<usize>>,
    users: Option<usize>,
}

impl Options {
    /// Takes the options off the front of `words`.
    fn read(words: &mut Peekable<impl Iterator<Item = String>>) -> Result<Options, Box<dyn Error>> {
        let known = ["--ttl", "--items", "--nodes", "--users"];
        let mut options = Options::default();
        while let Some(option) = words.next_if(|word| known.contains(&word.as_str())) {
            let value = words.next().ok_or(USAGE)?;
            match option.as_str() {
                "--ttl" => options.ttl = Some(Duration::from_secs(value.parse()?)),
                "--items" => options.items = Some(value.parse()?),
                "--users" => options.users = Some(count(&value)?),
                _ => {
                    let nodes = value.split(',').map(count);
                    options.nodes = Some(nodes.collect::<Result<_, _>>()?);
                }
            }
        }
        Ok(options)
    }
}

/// A number from 1 on.
fn count(word: &str) -> Result<usize, Box<dyn Error>> {
    let count: NonZeroUsize = word.parse()?;
    Ok(count.get())
}

fn plan(words: impl Iterator<Item = String>) -> Result<Plan, Box<dyn Error>> {
    let mut words = words.peekable();
    let options = Options::read(&mut words)?;
    let what = words.next().ok_or(USAGE)?;
    let is_made_up = what == "--synthetic";
    if options.users.is_some() && !is_made_up {
        return Err(USAGE.into());
    }
    let (what, trace) = if is_made_up {
        let seed = words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        let seed = seed.map_or(Ok(1), |seed| seed.parse())?;
        let people = options.users.unwrap_or(intranet::PEOPLE);
        let Diary { trace, views } = intranet::diary(people, seed, DAYS);
        let what = match options.users {
            Some(_) => {
                format!(
                    "A made-up intranet of {people} people, {DAYS} days, seed {seed}: {views} page views"
                )
            }
            None => format!("A made-up intranet, {DAYS} days, seed {seed}"),
        };
        (what, trace)
    } else if what == "-" {
        ("Standard input".into(), read(std::io::stdin())?)
    } else if !what.starts_with('-') {
        (what.clone(), read(std::fs::File::open(what)?)?)
    } else {
        return Err(USAGE.into());
    };
    let mut names: Vec<String> = words.collect();
    if names.is_empty() {
        let usual = if trace.is_sizeless { SHARES } else { BUDGETS };
        names.extend(usual.iter().map(|name| name.to_string()));
    }
    let items = options.items.unwrap_or(usize::MAX);
    let budgets = names
        .iter()
        .map(|name| Budget::read(name, &trace, items).ok_or(USAGE));
    Ok(Plan {
        what,
        budgets: budgets.collect::<Result<_, _>>()?,
        trace,
        ttl: options.ttl,
        nodes: options.nodes.or(options.users.map(|_| vec![1])),
    })
}

fn read(mut source: impl Read) -> Result<Trace, Box<dyn Error>> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    Ok(Trace::read(&bytes)?)
}
