//! What the counts come to, what was recorded, and what has changed since.

use std::error::Error;
use std::fmt::{self, Display, Write};

use super::counted::{Counts, INSTRUCTIONS};
use super::hits::Hit;

/// What `figures.txt` says above its rows.
const HEADER: &str = "\
# What one hit costs, counted under valgrind; tests/bench/guard compares, tests/bench/guard --record writes this anew.
# calls: system calls but futex and sched_yield. clock: readings of it, which are no system calls without valgrind.
";

/// The part by which a figure may grow before the guard fails, and fall before it speaks.
const LIMIT: f64 = 0.1;

/// What chance does to the smallest figures.
const CHANCE: f64 = 0.1;

/// Names of the figures, and the most by which they may differ, however large they are: one more call is always seen.
const FIGURES: [(&str, f64); 3] = [
    (INSTRUCTIONS, f64::INFINITY),
    ("calls", 0.5),
    ("clock", 0.5),
];

/// The figures of one kind of hit, in the order of [`FIGURES`].
#[derive(Clone, Copy)]
pub struct Figures([f64; FIGURES.len()]);

/// A figure that is no longer what it was.
pub struct Change {
    /// Which one.
    name: &'static str,
    /// What it was and is.
    values: (f64, f64),
    /// Whether it is more than it was.
    pub is_growth: bool,
}

impl Figures {
    /// What stands above the rows.
    pub const HEAD: &str = "                       instructions    calls    clock";

    /// The figures of counted calls and instructions.
    pub fn of(counts: &Counts) -> Figures {
        let mut figures = [0.0; FIGURES.len()];
        for (name, count) in counts {
            let place = match name.as_str() {
                INSTRUCTIONS => 0,
                "clock_gettime" => 2,
                "futex" | "sched_yield" => continue, // who sleeps already when there is work, chance decides
                _ => 1,
            };
            figures[place] += count;
        }
        Figures(figures)
    }

    /// One line of them.
    pub fn row(&self, name: &str) -> String {
        let [instructions, calls, clock] = self.0;
        format!("{name:<22} {instructions:12.0} {calls:8.2} {clock:8.2}")
    }

    /// Those that differ from what was recorded by more than they may.
    pub fn changes(&self, before: Figures, hit: &Hit) -> Vec<Change> {
        // How many requests of several connections share a call is up to the machine: a busy one lets more pile up.
        let judged = if hit.connections == 1 {
            FIGURES.len()
        } else {
            1
        };
        let pairs = before.0.into_iter().zip(self.0);
        let changes = FIGURES.into_iter().zip(pairs).take(judged);
        let changes = changes.filter_map(|((name, most), (was, is))| {
            let limit = (was * LIMIT).clamp(CHANCE, most);
            let (is_growth, is_fall) = (limit < is - was, limit < was - is);
            (is_growth || is_fall).then_some(Change {
                name,
                values: (was, is),
                is_growth,
            })
        });
        changes.collect()
    }
}

impl Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (was, is) = self.values;
        let word = if self.is_growth { "GROWN" } else { "fallen" };
        write!(f, "{word} {}: {was:.2} -> {is:.2}", self.name)
    }
}

/// The calls of one hit by name, those that there are.
pub fn by_name(counts: &Counts) -> String {
    let calls = counts.iter().filter(|(name, _)| *name != INSTRUCTIONS);
    let shown = calls.filter(|(_, count)| 0.005 < count.abs());
    let shown: Vec<String> = shown
        .map(|(name, count)| format!("{name} {count:.2}"))
        .collect();
    shown.join(", ")
}

/// What `figures.txt` holds.
pub struct Record {
    /// Who compiled what was counted.
    pub compiler: String,
    rows: Vec<(String, Figures)>,
}

impl Record {
    /// An empty one.
    pub fn new(compiler: &str) -> Record {
        Record {
            compiler: compiler.to_owned(),
            rows: Vec::new(),
        }
    }

    /// Reads the file.
    pub fn read(text: &str) -> Result<Record, Box<dyn Error>> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut record = Record::new(lines.next().ok_or("figures.txt is empty")?);
        for line in lines {
            let odd = || format!("figures.txt: {line:?} is no row");
            let mut words: Vec<&str> = line.split_whitespace().collect();
            let name = words.len().checked_sub(FIGURES.len()).ok_or_else(odd)?;
            let mut figures = [0.0; FIGURES.len()];
            for (figure, word) in figures.iter_mut().zip(words.split_off(name)) {
                *figure = word.parse().map_err(|_| odd())?;
            }
            record.add(&words.join(" "), Figures(figures));
        }
        Ok(record)
    }

    /// Adds what a kind of hit costs.
    pub fn add(&mut self, name: &str, figures: Figures) {
        self.rows.push((name.to_owned(), figures));
    }

    /// What a kind of hit has cost.
    pub fn of(&self, name: &str) -> Option<Figures> {
        let found = self.rows.iter().find(|(found, _)| found == name);
        found.map(|(_, figures)| *figures)
    }
}

impl Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        writeln!(f, "# {}", Figures::HEAD.trim_start())?;
        writeln!(f, "{}", self.compiler)?;
        for (name, figures) in &self.rows {
            f.write_str(&figures.row(name))?;
            f.write_char('\n')?;
        }
        Ok(())
    }
}
