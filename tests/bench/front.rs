//! What a front costs: this service asked by itself, without and with TLS, and behind HAProxy, which does the TLS then.
//!
//! All three take turns in slices under the same load, as everywhere in this bench, and all servers share one core. HAProxy
//! is set up by the example that ships, and the service trusts it; nobody writes a line for each request. Processor time is told and nothing else:
//! it says what a core carries, also where the load, or other work of the machine, leaves no core to itself.

use std::io;

use super::cases::{CLIENTS, Size};
use super::dice::Dice;
use super::figures::Spread;
use super::load::{Habit, Load, Manner, Until};
use super::machine::Machine;
use super::origin::{Origin, Wanted};
use super::peers::{Line, Running, start_front, start_node, start_service};
use super::plan::Plan;
use super::report::thousands;

/// Larger files say no more: with them all is copying.
const BYTES_MAX: usize = 1 << 20;

const HEAD: &str = "\
Processor µs per hit; the requests/s that a core carries; the first as a multiple of the service's own, with quartiles:

| what | this service | with TLS of its own | HAProxy with TLS before it | the service behind HAProxy |
|---|---|---|---|---|
";

/// Processor microseconds per answer in the slices of one turn.
struct Turn {
    plain: f64,
    secure: f64,
    front: f64,
    behind: f64,
}

/// The servers of one start.
struct Field {
    plain: Running,
    secure: Running,
    front: Running,
}

/// Measures, and says what came of it as a table in Markdown: medians, and multiples within the same turn with their
/// quartiles.
pub fn measure(plan: &Plan, machine: &Machine) -> io::Result<String> {
    let sizes = plan.sizes.iter().copied();
    let sizes: Vec<Size> = sizes.filter(|size| size.bytes <= BYTES_MAX).collect();
    let mut rows: Vec<Vec<Turn>> = sizes.iter().map(|_| Vec::new()).collect();
    let mut dice = Dice::new();
    for start in 1..=plan.starts {
        let origin = Origin::start()?;
        let field = Field::open(&origin, machine)?;
        for (size, turns) in sizes.iter().zip(&mut rows) {
            eprintln!("start {start} of {}: {}", plan.starts, size.label);
            let wanted = origin.put(size.name, size.bytes);
            field.play(plan, &wanted, &mut dice, turns)?;
        }
    }
    let rows = sizes.iter().zip(&rows);
    let rows = rows.map(|(size, turns)| row(size.label, turns));
    Ok(HEAD.to_owned() + &rows.collect::<String>())
}

impl Field {
    fn open(origin: &Origin, machine: &Machine) -> io::Result<Field> {
        let core = machine.server_core();
        let plain = start_node(origin, core)?;
        let secure = start_service(origin, core, Line::Tls)?;
        let front = start_front(plain.address, core)?;
        Ok(Field {
            plain,
            secure,
            front,
        })
    }

    fn play(
        &self,
        plan: &Plan,
        wanted: &Wanted,
        dice: &mut Dice,
        turns: &mut Vec<Turn>,
    ) -> io::Result<()> {
        let open = |server: &Running, line| {
            let manner = Manner {
                clients: CLIENTS,
                habit: Habit::Keeps,
                line,
            };
            Load::open(server.address, manner)
        };
        let mut loads = [
            open(&self.plain, Line::Plain)?,
            open(&self.secure, Line::Tls)?,
            open(&self.front, Line::Tls)?,
        ];
        for load in &mut loads {
            load.run(wanted, Until::Sent(1))?; // alone, so that each cache is filled once
            load.run(wanted, Until::Time(plan.slice))?;
        }
        let mut order = [0, 1, 2];
        for _ in 0..plan.turns {
            dice.shuffle(&mut order);
            let mut costs = [[0.0; 3]; 3];
            for way in order {
                costs[way] = self.costs(&mut loads[way], wanted, plan)?;
            }
            turns.push(Turn {
                plain: costs[0][0],
                secure: costs[1][1],
                front: costs[2][2],
                behind: costs[2][0],
            });
        }
        Ok(())
    }

    /// What an answer to one of these clients costs each of the servers.
    fn costs(&self, load: &mut Load, wanted: &Wanted, plan: &Plan) -> io::Result<[f64; 3]> {
        let used = || -> io::Result<[f64; 3]> {
            let of =
                |server: &Running| Ok::<_, io::Error>(server.process.time_used()?.as_secs_f64());
            Ok([of(&self.plain)?, of(&self.secure)?, of(&self.front)?])
        };
        let before = used()?;
        let answers = load.run(wanted, Until::Time(plan.slice))?.answers as f64;
        let after = used()?;
        Ok(std::array::from_fn(|server| {
            (after[server] - before[server]) / answers * 1e6
        }))
    }
}

fn row(label: &str, turns: &[Turn]) -> String {
    let spread = |of: &dyn Fn(&Turn) -> f64| {
        Spread::of(turns.iter().map(of).collect()).expect("there are turns")
    };
    let carried = |of: fn(&Turn) -> f64| {
        let cost = spread(&of).median;
        format!("{cost:.1}; {}/s", thousands(1e6 / cost))
    };
    let beside = |of: fn(&Turn) -> f64| {
        let Spread { median, low, high } = spread(&|turn| of(turn) / turn.plain);
        format!("{}; {median:.2} ({low:.2}-{high:.2})", carried(of))
    };
    format!(
        "| {label} | {} | {} | {} | {} |\n",
        carried(|turn| turn.plain),
        beside(|turn| turn.secure),
        beside(|turn| turn.front),
        beside(|turn| turn.behind)
    )
}
