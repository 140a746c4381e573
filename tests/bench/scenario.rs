//! A working day in small: a hundred people read files, and one request in five is for a file that nobody has read.
//!
//! Everybody thinks between two requests, so that servers and load are far from their limits: what is measured is how
//! long people wait, not how much can be carried. The same people with the same pauses once read kept files only,
//! and once with the misses among them; what the misses do to those who read kept files is the difference.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use confluence_attachment_proxy::demo::Behaviour;

use super::cold;
use super::dice::Dice;
use super::figures::{Spread, in_milliseconds, mark, quantile};
use super::machine::Machine;
use super::origin::{Origin, Wanted, pattern};
use super::peers::{Line, Peers, Player};
use super::plan::Plan;
use super::report::Report;
use super::users::{self, Answer, Step};
use super::words::Words;

/// People.
const USERS: usize = 100;

/// Requests of each.
const STEPS: usize = 10;

/// One request in so many is a miss.
const MISS_ONE_IN: usize = 5;

/// Sizes that follow each other, in KiB: 1 MiB on average.
const SIZES_KIB: [usize; 8] = [100, 300, 500, 700, 900, 1200, 1500, 2992];

/// Kept files, some of each size. With all misses they stay below what every server may keep.
const KEPT: usize = 24;

/// How long Confluence thinks about a file.
const DELAY: Duration = Duration::from_millis(200);

/// The shortest and the longest pause of a person, in milliseconds. It makes some nine misses at a time.
const PAUSE_MS: (usize, usize) = (200, 600);

/// How much longer the slowest hit in a hundred may take when there are misses beside it: what the spread of such a
/// figure hides.
const TIMES_MAX: f64 = 1.25;

/// What came of the days of one server, a value per day; every day begins with a start.
#[derive(Default)]
struct Days {
    /// Waits in milliseconds among kept files only: the middle one, and the slowest in a hundred.
    quiet: (Vec<f64>, Vec<f64>),
    /// The same of hits with misses among them.
    busy: (Vec<f64>, Vec<f64>),
    /// The middle wait for a miss.
    misses: Vec<f64>,
    /// What Confluence sent, as a multiple of what was missed.
    sent: Vec<f64>,
}

/// Measures and notes.
pub fn measure(
    plan: &Plan,
    machine: &Machine,
    peers: &Peers,
    report: &mut Report,
) -> io::Result<()> {
    let players = cold::players(peers);
    let mut all: Vec<Days> = players.iter().map(|_| Days::default()).collect();
    for day in 1..=plan.starts {
        for (player, days) in players.iter().zip(&mut all) {
            let title = player.title().english;
            eprintln!("scenario: day {day} of {}: {title}", plan.starts);
            let origin = Origin::start()?;
            let core = machine.server_core();
            let running = peers.start(*player, &origin, core, Line::Plain)?;
            let plot = Plot::new(&origin, day.into());
            let kept = plot.kept.iter().map(|(_, wanted)| Step {
                pause: Duration::ZERO,
                wanted: wanted.clone(),
            });
            users::play(running.address, vec![kept.collect()])?;
            let quiet = users::play(running.address, plot.steps(false))?;
            let sent = origin.confluence.bytes_sent();
            let busy = users::play(running.address, plot.steps(true))?;
            let sent = origin.confluence.bytes_sent() - sent;
            days.note(&plot, &quiet, &busy, sent);
        }
    }
    for (player, days) in players.iter().zip(all) {
        days.tell(*player, report);
    }
    Ok(())
}

/// Who does what on one day.
struct Plot {
    kept: Vec<(String, Wanted)>,
    requests: Vec<Vec<Request>>,
}

/// One request.
struct Request {
    pause: Duration,
    /// A kept file.
    kept: Wanted,
    /// A file as large that nobody has read, if this is to be a miss.
    cold: Option<Wanted>,
}

impl Plot {
    fn new(origin: &Origin, seed: u64) -> Plot {
        let mut dice = Dice::seeded(seed);
        let bodies: Vec<Arc<[u8]>> = SIZES_KIB.map(|kib| pattern(kib * 1024)).into();
        let put = |name: String, size: usize| {
            let wanted = origin.put_body(&name, bodies[size % bodies.len()].clone());
            origin.script(&name, Behaviour::slow(DELAY));
            (name, wanted)
        };
        let kept: Vec<_> = (0..KEPT)
            .map(|number| put(format!("kept-{number}.png"), number))
            .collect();
        let count = USERS * STEPS;
        // Every size comes equally often among the misses, and among all requests.
        let mut numbers: Vec<usize> = (0..count).collect();
        dice.shuffle(&mut numbers);
        let mut requests = numbers.into_iter().map(|number| {
            let miss = number < count / MISS_ONE_IN;
            let cold = miss.then(|| put(format!("cold-{number}.png"), number).1);
            let alike =
                number % SIZES_KIB.len() + SIZES_KIB.len() * dice.below(KEPT / SIZES_KIB.len());
            let pause = PAUSE_MS.0 + dice.below(PAUSE_MS.1 - PAUSE_MS.0);
            Request {
                pause: Duration::from_millis(pause as u64),
                kept: kept[alike].1.clone(),
                cold,
            }
        });
        let requests = (0..USERS)
            .map(|_| requests.by_ref().take(STEPS).collect())
            .collect();
        Plot { kept, requests }
    }

    /// The steps of all, with or without misses.
    fn steps(&self, with_misses: bool) -> Vec<Vec<Step>> {
        let step = |request: &Request| {
            let cold = request.cold.as_ref().filter(|_| with_misses);
            Step {
                pause: request.pause,
                wanted: cold.unwrap_or(&request.kept).clone(),
            }
        };
        let of_user = |requests: &Vec<Request>| requests.iter().map(step).collect();
        self.requests.iter().map(of_user).collect()
    }

    fn is_miss(&self, answer: &Answer) -> bool {
        let (user, step) = answer.of;
        self.requests[user][step].cold.is_some()
    }

    fn missed_bytes(&self) -> usize {
        let cold = self.requests.iter().flatten();
        let cold = cold.filter_map(|request| request.cold.as_ref());
        cold.map(|wanted| wanted.body.len()).sum()
    }
}

impl Days {
    fn note(&mut self, plot: &Plot, quiet: &[Answer], busy: &[Answer], sent: u64) {
        let wait = |answer: &Answer| in_milliseconds(answer.last() - answer.asked);
        // The same requests are compared: those that are hits on either day.
        let hits = |answers: &[Answer]| -> Vec<f64> {
            let hits = answers.iter().filter(|answer| !plot.is_miss(answer));
            hits.map(wait).collect()
        };
        for (answers, waits) in [(quiet, &mut self.quiet), (busy, &mut self.busy)] {
            waits.0.push(quantile(hits(answers), 0.5));
            waits.1.push(quantile(hits(answers), 0.99));
        }
        let misses = busy.iter().filter(|answer| plot.is_miss(answer));
        self.misses.push(quantile(misses.map(wait).collect(), 0.5));
        self.sent.push(sent as f64 / plot.missed_bytes() as f64);
    }

    fn tell(self, player: Player, report: &mut Report) {
        let spread = |values: &[f64]| Spread::of(values.to_vec()).expect("there are days");
        let print = |(middle, slowest): &(Vec<f64>, Vec<f64>)| {
            let (middle, slowest) = (spread(middle), spread(slowest));
            format!(
                "{:.1} ms; {:.1} ms ({:.1}-{:.1})",
                middle.median, slowest.median, slowest.low, slowest.high
            )
        };
        report.fact(
            Words::new(
                format!(
                    "{USERS} users, files of 1 MB on average, pauses of {}-{} ms, hits only: wait for a whole file, p50; p99",
                    PAUSE_MS.0, PAUSE_MS.1
                ),
                format!(
                    "{USERS} 个用户，文件平均 1 MB，间隔 {}-{} ms，全部命中：等待完整文件的时间，p50；p99",
                    PAUSE_MS.0, PAUSE_MS.1
                ),
            ),
            player,
            print(&self.quiet),
        );
        let pairs = self.busy.1.iter().zip(&self.quiet.1);
        let times = spread(&pairs.map(|(busy, quiet)| busy / quiet).collect::<Vec<_>>());
        report.fact(
            Words::new(
                format!(
                    "the same requests while 20 % of all are misses and Confluence needs {} ms: hits, p50; p99; p99 as a \
                     multiple of that without misses (target: about 1)",
                    DELAY.as_millis()
                ),
                format!(
                    "同样的请求，其中 20 % 未命中，Confluence 需要 {} ms：命中，p50；p99；p99 \
                     相当于没有未命中时的倍数（目标：约 1）",
                    DELAY.as_millis()
                ),
            ),
            player,
            format!(
                "{}; {:.2} ({:.2}-{:.2}){}",
                print(&self.busy),
                times.median,
                times.low,
                times.high,
                mark(player, times.median <= TIMES_MAX)
            ),
        );
        report.fact(
            Words::new(
                "the same: wait for a miss, p50",
                "同上：等待未命中文件的时间，p50",
            ),
            player,
            format!("{:.1} ms", spread(&self.misses).median),
        );
        let most = self.sent.iter().copied().fold(0.0, f64::max);
        report.fact(
            Words::new(
                "the same: what Confluence sends, as a multiple of the bytes missed, at most (target: exactly 1)",
                "同上：Confluence 发出的字节相当于未命中字节的倍数，最多（目标：恰为 1）",
            ),
            player,
            format!("{most:.3}{}", mark(player, self.sent.iter().all(|sent| *sent == 1.0))),
        );
    }
}
