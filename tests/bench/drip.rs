//! A file that drips: Confluence sends it slowly, and somebody joins on the way.

use std::io;
use std::thread;
use std::time::Duration;

use confluence_attachment_proxy::demo::Behaviour;

use super::cold::Field;
use super::figures::{Spread, in_milliseconds, mark};
use super::origin::Origin;
use super::peers::{Player, Running};
use super::plan::Plan;
use super::report::Report;
use super::users::{self, Answer, Step};
use super::words::Words;

/// Size of the file in bytes.
const BYTES: usize = 1024 * 1024;

/// Drops it comes in, and the pause after each: two seconds in all.
const DROPS: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// When the second client asks, after the first.
const LATER: Duration = Duration::from_millis(300);

/// When it is counted what there is.
const HALF: Duration = Duration::from_secs(1);

/// What counts as seeing bytes while they drip: as much of the file after half of the time, less what timers lose.
const SHARE_MIN: f64 = 0.4;

/// What came of the drips of one server, a value per turn.
#[derive(Default)]
struct Drips {
    /// First bytes in milliseconds, each after its own request.
    leader: Vec<f64>,
    follower: Vec<f64>,
    /// Which part of the file the follower had after half of the time.
    share: Vec<f64>,
}

/// Measures and notes. All servers work at the same time: a drip is nothing to them.
pub fn measure(plan: &Plan, field: &Field, report: &mut Report) -> io::Result<()> {
    let mut all: Vec<Drips> = field.servers.iter().map(|_| Drips::default()).collect();
    for turn in 1..=plan.starts {
        eprintln!("drips: turn {turn} of {}", plan.starts);
        let answers: Vec<io::Result<Vec<Answer>>> = thread::scope(|scope| {
            let play = |(player, running): &(Player, Running)| {
                let (name, address) = (
                    format!("{}-drip-{turn}.png", player.word()),
                    running.address,
                );
                let users = users(&field.origin, &name);
                scope.spawn(move || users::play(address, users))
            };
            let plays: Vec<_> = field.servers.iter().map(play).collect();
            let plays = plays.into_iter();
            plays.map(|play| play.join().expect("no panic")).collect()
        });
        for (answers, drips) in answers.into_iter().zip(&mut all) {
            drips.note(&answers?);
        }
    }
    for ((player, _), drips) in field.servers.iter().zip(all) {
        drips.tell(*player, report);
    }
    Ok(())
}

/// Puts a file there that drips, and has two users ask for it.
fn users(origin: &Origin, name: &str) -> Vec<Vec<Step>> {
    let wanted = origin.put(name, BYTES);
    let drip = Behaviour::Drip {
        piece: BYTES.div_ceil(DROPS),
        every: PAUSE,
    };
    origin.script(name, drip);
    let pauses = [Duration::ZERO, LATER].into_iter();
    let steps = pauses.map(|pause| {
        let wanted = wanted.clone();
        vec![Step { pause, wanted }]
    });
    steps.collect()
}

impl Drips {
    fn note(&mut self, answers: &[Answer]) {
        for answer in answers {
            let first = in_milliseconds(answer.first() - answer.asked);
            if answer.of.0 == 0 {
                self.leader.push(first);
            } else {
                self.follower.push(first);
                self.share.push(answer.bytes_at(HALF) as f64 / BYTES as f64);
            }
        }
    }

    fn tell(self, player: Player, report: &mut Report) {
        let median = |values: Vec<f64>| Spread::of(values).expect("there are turns").median;
        report.fact(
            Words::new(
                format!(
                    "1 MB that drips for 2 s: first byte for who asks first; for who asks {} ms later",
                    LATER.as_millis()
                ),
                format!(
                    "1 MB 在 2 秒内缓慢到达：首字节，先请求者；{} ms 后请求者",
                    LATER.as_millis()
                ),
            ),
            player,
            format!("{:.1} ms; {:.1} ms", median(self.leader), median(self.follower)),
        );
        let share = median(self.share);
        report.fact(
            Words::new(
                "the same: what the second one has after 1 s (target: what has dripped, about half)",
                "同上：后请求者在 1 秒时已收到（目标：已到达的部分，约一半）",
            ),
            player,
            format!(
                "{:.0} %{}",
                share * 100.0,
                mark(player, SHARE_MIN <= share)
            ),
        );
    }
}
