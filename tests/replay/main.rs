//! What the store would have kept of a trace, beside other ways to choose who leaves.
//!
//! `tests/bench/replay` starts it. Every way keeps entries of the same weights in the same room, so the table is about
//! who leaves and about nothing else. Only the row of the service is the service: its own store, driven through
//! `cache::Replay`. What is served after Confluence has said that the copy is current counts as served, because nothing is
//! downloaded for it; with `--ttl` a row shows how much that is. Belady's way is to know the future; weighed by size, it
//! is about the best that can be done for the number of requests.
//!
//! Reading order: `trace` (what is replayed), `intranet` and `chance` (made-up requests), `budget` (how much room there
//! is), `service` (the store), `policies` (what to compare it with), `table`.

mod budget;
mod chance;
mod intranet;
mod policies;
mod service;
mod table;
mod trace;

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use budget::Budget;
use trace::Trace;

const USAGE: &str = "\
tests/bench/replay [--ttl SECONDS] [--items N] TRACE [BUDGET...]
tests/bench/replay [--ttl SECONDS] [--items N] --synthetic [SEED] [BUDGET...]

TRACE has lines of `time key size`, or is made of numbers of files without sizes, four bytes each, the highest
first; it may be compressed with xz. A BUDGET is a size such as 256MiB, for files without sizes a share of them such as
10%. Without --ttl nothing expires, without --items only bytes count.";

/// What is looked at unless something else is asked for.
const BUDGETS: &[&str] = &["4MiB", "16MiB", "64MiB", "256MiB", "1GiB"];
const SHARES: &[&str] = &["1%", "5%", "10%", "25%"];

/// Working days and weekends of the made-up intranet.
const DAYS: usize = 14;

fn main() -> ExitCode {
    match plan(std::env::args().skip(1)) {
        Ok(plan) => {
            let table = table::compare(&plan.trace, &plan.budgets, plan.ttl);
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
}

fn plan(words: impl Iterator<Item = String>) -> Result<Plan, Box<dyn Error>> {
    let (mut ttl, mut items) = (None, usize::MAX);
    let mut words = words.peekable();
    while let Some(option) = words.next_if(|word| word == "--ttl" || word == "--items") {
        let value = words.next().ok_or(USAGE)?;
        if option == "--ttl" {
            ttl = Some(Duration::from_secs(value.parse()?));
        } else {
            items = value.parse()?;
        }
    }
    let what = words.next().ok_or(USAGE)?;
    let (what, trace) = if what == "--synthetic" {
        let seed = words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        let seed = seed.map_or(Ok(1), |seed| seed.parse())?;
        let what = format!("A made-up intranet, {DAYS} days, seed {seed}");
        (what, intranet::requests(seed, DAYS))
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
    let budgets = names
        .iter()
        .map(|name| Budget::read(name, &trace, items).ok_or(USAGE));
    Ok(Plan {
        what,
        budgets: budgets.collect::<Result<_, _>>()?,
        trace,
        ttl,
    })
}

fn read(mut source: impl Read) -> Result<Trace, Box<dyn Error>> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    Ok(Trace::read(&bytes)?)
}
