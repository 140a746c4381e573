//! A file that drips: Confluence sends it slowly, and somebody joins on the way.

use std::io;
use std::time::Duration;

use confluence_attachment_proxy::demo::Behaviour;

use super::cold::Field;
use super::figures::{Spread, mark};
use super::peers::Player;
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

/// Such files for each server.
const TURNS: usize = 3;

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

/// Measures and notes.
pub fn measure(field: &Field, report: &mut Report) -> io::Result<()> {
    for (player, running) in &field.servers {
        eprintln!("drips: {}", player.title());
        let mut drips = Drips::default();
        for turn in 0..TURNS {
            let name = format!("{}-drip-{turn}.png", player.word());
            let wanted = field.origin.put(&name, BYTES);
            let drip = Behaviour::Drip {
                piece: BYTES.div_ceil(DROPS),
                every: PAUSE,
            };
            field.origin.script(&name, drip);
            let step = |pause| {
                let wanted = wanted.clone();
                vec![Step { pause, wanted }]
            };
            let users = vec![step(Duration::ZERO), step(LATER)];
            let answers = users::play(running.address, users)?;
            drips.note(&answers);
        }
        drips.tell(*player, report);
    }
    Ok(())
}

impl Drips {
    fn note(&mut self, answers: &[Answer]) {
        for answer in answers {
            let first = answer.first() - answer.asked;
            let first = first.as_secs_f64() * 1000.0;
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
