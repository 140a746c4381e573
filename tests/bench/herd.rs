//! Herds: a hundred clients ask for one file that nobody has asked for before.
//!
//! The yardstick is Confluence itself: one client that asks it directly for such a file, in the same turn. Nobody can
//! be faster than that, and a good proxy makes a hundred of one.

use std::io;
use std::time::Duration;

use confluence_attachment_proxy::demo::Behaviour;

use super::cold::Field;
use super::figures::{self, Spread, in_milliseconds, mark};
use super::peers::Player;
use super::plan::Plan;
use super::report::Report;
use super::users::{self, Answer, Step};
use super::words::Words;

/// Clients that ask at once.
const HERD: usize = 100;

/// Size of the file in bytes.
const BYTES: usize = 1024 * 1024;

/// How long Confluence thinks about it.
const DELAY: Duration = Duration::from_millis(200);

/// Herds of each server for each start that is asked for, each herd for a file of its own.
const TURNS: u32 = 3;

/// Until all have everything, as a multiple of Confluence's own time for one client.
const TIMES_MAX: f64 = 1.15;

/// First byte of the last follower after that of the leader.
const DELAY_MAX_MS: f64 = 5.0;

/// What came of the herds of one server, a value per turn.
#[derive(Default)]
struct Herds {
    downloads: Vec<usize>,
    /// Until all had everything.
    together: Vec<f64>,
    /// The same as a multiple of Confluence's own time.
    times: Vec<f64>,
    /// Until all have everything when they ask once more: what carrying that much takes, whoever waits for whom.
    again: Vec<f64>,
    /// The first byte of the follower in the middle, and of the last one, after the leader's.
    middle: Vec<f64>,
    last: Vec<f64>,
}

/// Measures and notes.
pub fn measure(plan: &Plan, field: &Field, report: &mut Report) -> io::Result<()> {
    let turns = TURNS * plan.starts;
    let mut all: Vec<Herds> = field.servers.iter().map(|_| Herds::default()).collect();
    for turn in 1..=turns {
        eprintln!("herds: turn {turn} of {turns}");
        let alone = alone(field, turn)?;
        for ((player, running), herds) in field.servers.iter().zip(&mut all) {
            let name = format!("{}-herd-{turn}.png", player.word());
            let wanted = field.origin.put(&name, BYTES);
            field.origin.script(&name, Behaviour::slow(DELAY));
            let pause = Duration::ZERO;
            let herd = vec![vec![Step { pause, wanted }]; HERD];
            let answers = users::play(running.address, herd.clone())?;
            let downloads = field.origin.downloads(&name);
            if *player == Player::Service && downloads != 1 {
                // Not a figure but a promise, so the smoke run holds it too.
                return Err(io::Error::other(format!(
                    "this service downloaded one file {downloads} times for one herd"
                )));
            }
            herds.downloads.push(downloads);
            herds.note(&answers, alone);
            let again = users::play(running.address, herd)?;
            herds.again.push(in_milliseconds(end(&again)));
        }
    }
    for ((player, _), herds) in field.servers.iter().zip(all) {
        herds.tell(*player, report);
    }
    Ok(())
}

/// How long one client needs that asks Confluence itself.
fn alone(field: &Field, turn: u32) -> io::Result<Duration> {
    let name = format!("alone-{turn}.png");
    let wanted = field.origin.put(&name, BYTES);
    field.origin.script(&name, Behaviour::slow(DELAY));
    let step = Step {
        pause: Duration::ZERO,
        wanted: field.origin.direct(&name, &wanted),
    };
    let answers = users::play(field.origin.confluence.address(), vec![vec![step]])?;
    Ok(answers[0].last())
}

/// When everybody has everything.
fn end(answers: &[Answer]) -> Duration {
    let last = answers.iter().map(Answer::last).max();
    last.expect("there is a herd")
}

impl Herds {
    fn note(&mut self, answers: &[Answer], alone: Duration) {
        let together = end(answers);
        self.together.push(in_milliseconds(together));
        self.times
            .push(together.as_secs_f64() / alone.as_secs_f64());
        let mut firsts: Vec<Duration> = answers.iter().map(Answer::first).collect();
        firsts.sort();
        let after_leader = |number: usize| in_milliseconds(firsts[number] - firsts[0]);
        self.middle.push(after_leader(HERD / 2));
        self.last.push(after_leader(HERD - 1));
    }

    fn tell(self, player: Player, report: &mut Report) {
        let most = self.downloads.iter().max().copied().unwrap_or(0);
        report.fact(
            Words::new(
                format!(
                    "herd of {HERD} clients, one cold file of 1 MB: downloads, at most (target: 1)"
                ),
                format!("{HERD} 个客户端同时请求同一个 1 MB 冷文件：下载次数，最多（目标：1）"),
            ),
            player,
            format!("{most}{}", mark(player, most == 1)),
        );
        let times = Spread::of(self.times).expect("there are turns");
        report.fact(
            Words::new(
                format!(
                    "herd: until all have everything; as a multiple of Confluence's own time for one client, {} ms and \
                     the transfer (target: at most {TIMES_MAX})",
                    DELAY.as_millis()
                ),
                format!(
                    "同上：直到全部拿到完整文件；相当于 Confluence 为单个客户端所用时间（{} ms 加传输）的倍数（目标：\
                     最多 {TIMES_MAX}）",
                    DELAY.as_millis()
                ),
            ),
            player,
            format!(
                "{:.0} ms; {:.2} ({:.2}-{:.2}){}",
                Spread::of(self.together).expect("there are turns").median,
                times.median,
                times.low,
                times.high,
                mark(player, times.median <= TIMES_MAX)
            ),
        );
        report.fact(
            Words::new(
                "herd: the same 100 clients once more, when the file is kept",
                "同上：文件已缓存后，同样的 100 个客户端再次请求",
            ),
            player,
            figures::milliseconds(self.again),
        );
        let last = Spread::of(self.last).expect("there are turns");
        report.fact(
            Words::new(
                format!(
                    "herd: first byte of a follower after the leader's, the middle one; the last one (target: at most \
                     {DELAY_MAX_MS} ms)"
                ),
                format!(
                    "同上：跟随者首字节晚于领先者的时间，居中者；最后一个（目标：最多 {DELAY_MAX_MS} ms）"
                ),
            ),
            player,
            format!(
                "{:.1} ms; {:.1} ms ({:.1}-{:.1}){}",
                Spread::of(self.middle).expect("there are turns").median,
                last.median,
                last.low,
                last.high,
                mark(player, last.median <= DELAY_MAX_MS)
            ),
        );
    }
}
