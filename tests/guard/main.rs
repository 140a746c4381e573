//! Counts what one hit costs: instructions, system calls and readings of the clock.
//!
//!     tests/bench/guard [--record]
//!
//! No time is measured. The release binary runs under valgrind, which counts the same on a busy and on an idle machine.
//! It answers some hits in one process and many in another; the difference, divided by the number of hits between them,
//! is one hit without the start and the end. `figures.txt` holds what was recorded; a figure that has grown by more than
//! a tenth, or by a whole call, fails; one that has fallen as much asks to be recorded.
//!
//! Chance is left with whether a thread still looks for work when some comes, or sleeps: that moves instructions by one in
//! a hundred, and what the threads say to each other (futex) by half, which therefore is shown and not judged. valgrind
//! lets programs see the same processor on all of x86-64 that has AVX2, so libc and ring choose the same code there.
//! Another compiler gives other figures: then nothing is judged.
//!
//! Reading order: `hits` (what is counted), `client` (who asks), `counted` (one process under valgrind), `figures` (what
//! it comes to, and what was recorded).

mod client;
mod counted;
mod figures;
mod hits;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use figures::{Figures, Record};
use hits::HITS;

/// Exit code of a run that could not judge.
const SKIPPED: u8 = 77;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let is_recording = words.last().is_some_and(|word| word == "--record");
    if is_recording {
        words.pop();
    }
    let [binary, file] = &words[..] else {
        return Err("expected BINARY FIGURES [--record]: call tests/bench/guard".into());
    };
    let compiler = compiler()?;
    let recorded = match is_recording {
        true => Record::new(&compiler),
        false => Record::read(&std::fs::read_to_string(file)?)?,
    };
    if recorded.compiler != compiler {
        println!(
            "the figures were recorded with {} and this is {compiler}: record anew with tests/bench/guard --record",
            recorded.compiler
        );
        return Ok(SKIPPED.into());
    }
    let mut found = Record::new(&compiler);
    let (mut grown, mut fallen) = (0, 0);
    println!("{}", Figures::HEAD);
    for hit in HITS {
        let counts = counted::one(Path::new(binary), hit)?;
        let figures = Figures::of(&counts);
        println!("{}", figures.row(hit.name));
        if let Some(before) = recorded.of(hit.name) {
            let changes = figures.changes(before, hit);
            grown += changes.iter().filter(|change| change.is_growth).count();
            fallen += changes.iter().filter(|change| !change.is_growth).count();
            changes.iter().for_each(|change| println!("  {change}"));
            if !changes.is_empty() {
                println!("  system calls: {}", figures::by_name(&counts));
            }
        } else if !is_recording {
            return Err(
                format!("{:?} is not recorded: tests/bench/guard --record", hit.name).into(),
            );
        }
        found.add(hit.name, figures);
    }
    if is_recording {
        std::fs::write(file, found.to_string())?;
        println!("recorded in {file}");
    }
    if 0 < fallen {
        println!(
            "figures that have fallen: {fallen}; keep the gain with tests/bench/guard --record"
        );
    }
    if 0 < grown {
        println!("figures that have grown: {grown}; a hit costs more than it did");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The compiler's name and version, as `rustc --version` prints them.
fn compiler() -> Result<String, Box<dyn Error>> {
    let said = Command::new("rustc").arg("--version").output()?.stdout;
    Ok(String::from_utf8(said)?.trim().to_owned())
}
