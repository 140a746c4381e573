//! The bench: this service beside what else could stand before Confluence, and what a start, a miss and a herd of
//! clients cost.
//!
//! `tests/bench/run` installs the peers and starts it; `cargo bench` takes those that are installed. It starts the
//! embedded sample Confluence and every server before it, prints one Markdown table to stdout and its progress to
//! stderr. It checks every answer, and never judges a time: that is for whoever reads the table.
//!
//! Against noise: servers have one core and the load another; servers take turns in slices of some ten milliseconds,
//! in random order, and a ratio is the median over the pairs of slices of the same turn; servers are started anew
//! several times, because some starts are luckier than others; nginx runs against itself as a control. The processor
//! time per request is the kernel's account of the server's threads, which noise hardly reaches.
//!
//! Reading order: `plan` and `cases` (what is asked for), `peers` (the servers), `origin` (the Confluence before them),
//! `slices` (servers taking turns), `load`, `client`, `connection`, `session` and `answer` (the load), `figures` and
//! `histogram` (what comes of it), `life`, `cold` with `herd` and `drip`, and `scenario` (everything but hits; `users` is
//! their load), `front` (what HAProxy before the service costs), `report`, `about`, `words` and `readme`.

// What tests.rs looks at is open to it.
mod about;
pub(crate) mod answer;
pub(crate) mod cases;
mod client;
mod cold;
mod connection;
mod dice;
mod drip;
pub(crate) mod figures;
mod front;
mod herd;
pub(crate) mod histogram;
mod life;
pub(crate) mod load;
mod machine;
mod origin;
pub(crate) mod peers;
mod plan;
pub(crate) mod readme;
mod report;
mod scenario;
mod session;
mod slices;
mod users;
pub(crate) mod words;

use std::error::Error;
use std::process::ExitCode;

use about::About;
use cases::Extent;
use machine::Machine;
use peers::{Line, Peers, Player};
use plan::Plan;
use report::Report;
use words::Language;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    peers::serve_floor()?;
    let plan = Plan::from_words(std::env::args_os().skip(1))?;
    let machine = Machine::look()?;
    let peers = Peers::look(&plan.only, plan.before.clone());
    if plan.readme && !(plan.is_whole() && peers.absent.is_empty()) {
        return Err("--readme wants every row and every server".into());
    }
    if plan.front {
        println!("{}", front::measure(&plan, &machine)?);
        return Ok(());
    }
    let mut report = Report::new(About::look(&plan, &machine, &peers), &peers);
    if !plan.no_hits {
        slices::measure(&plan, &machine, &peers, &mut report)?;
    }
    if !plan.hits_only {
        life::measure(&plan, &machine, &peers, &mut report)?;
        cold::measure(&plan, &machine, &peers, &mut report)?;
    }
    if !plan.hits_only && plan.extent != Extent::Smoke {
        scenario::measure(&plan, &machine, &peers, &mut report)?;
    }
    if plan.extent == Extent::Smoke {
        if peers.players(Line::Plain).contains(&Player::Haproxy) {
            front::measure(&plan, &machine)?;
        }
        println!("{}", report.verdict());
    } else {
        println!("{}", report.text(Language::English));
    }
    if plan.readme {
        readme::write(&report)?;
    }
    Ok(())
}
