//! What Confluence does meanwhile: mostly well, and then again everything that it or the network can do.

use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, Fault, SampleConfluence};
use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::chance::Chance;
use crate::files::{FileNumber, Files};
use crate::support::PAGE;
use crate::tally::Tally;

/// How long one kind of weather lasts at most, in milliseconds.
const SPELL_MILLIS: u64 = 3000;

/// Files that a spell meets if it is not everywhere.
const FILES_HIT: usize = 20;

/// Makes weather until `end`, or until everybody else has gone.
pub fn make(
    origin: &SampleConfluence,
    files: &Files,
    tally: &Tally,
    mut chance: Chance,
    (end, over): (Instant, &Receiver<()>),
) {
    while Instant::now() < end {
        let (name, behaviour) = spell(&mut chance);
        tally.count(format!("weather: {name}"));
        let everywhere = chance.below(3) == 0;
        let some: Vec<FileNumber> = (0..FILES_HIT).map(|_| files.choose(&mut chance)).collect();
        let set = |behaviour: Behaviour| match everywhere {
            true => origin.script_all(Some(behaviour)),
            false => {
                for number in &some {
                    origin.script(PAGE, &number.name(), behaviour.clone());
                }
            }
        };
        set(behaviour);
        for _ in 0..chance.below(4) {
            files.replace(origin, files.choose(&mut chance));
        }
        if chance.below(8) == 0 {
            origin.close_connections();
        }
        let spell = Duration::from_millis(100 + chance.below(SPELL_MILLIS));
        let is_over = over.recv_timeout(spell) != Err(RecvTimeoutError::Timeout);
        set(Behaviour::Good);
        origin.script_all(None);
        if is_over {
            return;
        }
    }
}

fn spell(chance: &mut Chance) -> (&'static str, Behaviour) {
    let sent = chance.below(100_000) as usize;
    match chance.below(20) {
        0 => (
            "slow",
            Behaviour::slow(Duration::from_millis(chance.below(1500))),
        ),
        1 => (
            "slower than the time limit",
            Behaviour::slow(Duration::from_secs(4)),
        ),
        2 => (
            "drops",
            Behaviour::Drip {
                piece: 4000 + sent / 10,
                every: Duration::from_millis(20),
            },
        ),
        3 => ("cut short", Behaviour::Short { sent }),
        4 => ("reset", Behaviour::Reset { sent }),
        5 => ("reset at once", Behaviour::ResetAtOnce),
        6 => ("closed", Behaviour::Closed),
        7 => ("closed when used again", Behaviour::ClosedWhenReused),
        8 => ("chunks", Behaviour::Chunked),
        9 => ("chunks cut short", Behaviour::ChunkedCut { sent }),
        10 => ("no length", Behaviour::NoLength),
        11 => ("garbage", Behaviour::Garbage),
        12 => ("a huge head", Behaviour::HugeHead { bytes: 64 * 1024 }),
        13 => ("status 500", Behaviour::status(500)),
        14 => ("wants a pause", Behaviour::rate_limited("1")),
        15 => ("maintenance", Fault::Unavailable.into()),
        _ => ("fine", Behaviour::Good),
    }
}
