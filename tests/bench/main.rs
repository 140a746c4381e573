//! The bench: this service beside nginx, and what a start, a miss and a herd of clients cost.
//!
//! `cargo bench` starts the embedded sample Confluence, the release binary of this service and, if it is installed,
//! nginx with `proxy_cache` before the same Confluence. It prints one Markdown table to stdout and its progress to
//! stderr. It checks every answer, and never judges a time: that is for whoever reads the table.
//!
//! Against noise: servers have one core and the load another; servers take turns in slices of some ten milliseconds,
//! in random order, and a ratio is the median over the pairs of slices of the same turn; servers are started anew
//! several times, because some starts are luckier than others; nginx runs against itself as a control. The processor
//! time per request is the kernel's account of the process, which noise hardly reaches.
//!
//! Reading order: `plan` (what is asked for), `slices` (servers taking turns), `load` and `connection` (the clients),
//! `peers` and `origin` (the servers), `life`, `cold` with `herd` and `drip`, `scenario` (everything but hits, with the
//! `users` whose every byte has its time), `report`.

mod cold;
mod connection;
mod dice;
mod drip;
mod figures;
mod herd;
mod life;
mod load;
mod machine;
mod origin;
mod peers;
mod plan;
mod report;
mod scenario;
mod slices;
mod users;
mod words;

use std::error::Error;

use machine::Machine;
use peers::Peers;
use plan::Plan;
use report::Report;

fn main() -> Result<(), Box<dyn Error>> {
    peers::serve_floor()?;
    let plan = Plan::from_words(std::env::args_os().skip(1))?;
    let machine = Machine::look()?;
    let peers = Peers::look(&plan.only, plan.before.clone());
    let mut report = Report::new(&machine, &plan, &peers);
    if !plan.no_hits {
        slices::measure(&plan, &machine, &peers, &mut report)?;
    }
    if !plan.hits_only {
        life::measure(&machine, &peers, &mut report)?;
        cold::measure(&machine, &peers, &mut report)?;
        scenario::measure(&machine, &peers, &mut report)?;
    }
    println!("{report}");
    Ok(())
}
