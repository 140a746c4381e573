//! What was measured, and how it is told: figures in, Markdown out.

use super::about::About;
use super::figures::{Figure, Figures, Played, Spread};
use super::peers::{Line, Peers, Player};
use super::words::{Language, Words};

/// Stands where there is no figure.
const NOTHING: &str = "-";

/// Stands behind requests/s that count disturbed slices.
const DISTURBED: &str = "°";

/// Everything that was measured.
pub struct Report {
    about: About,
    players: Vec<Player>,
    hits: Vec<(Words, Vec<(Player, Figures)>)>,
    facts: Vec<(Words, Vec<(Player, String)>)>,
}

/// What a line of the whole table tells of a server, and how.
type Aspect = (Words, fn(&Figures) -> String);

impl Report {
    /// An empty one.
    pub fn new(about: About, peers: &Peers) -> Report {
        Report {
            about,
            players: peers.players(Line::Plain),
            hits: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Notes what was played in one case.
    pub fn hits(&mut self, case: Words, played: &Played) {
        let players = self.players.iter();
        let known = players.filter_map(|player| Some((*player, played.figures(*player)?)));
        self.hits.push((case, known.collect()));
    }

    /// Notes a figure of one server. What is said of several in the same words stands in one row.
    pub fn fact(&mut self, what: Words, player: Player, value: String) {
        match self.facts.iter_mut().find(|(words, _)| *words == what) {
            Some((_, cells)) => cells.push((player, value)),
            None => self.facts.push((what, vec![(player, value)])),
        }
    }

    /// That everything works, without a figure that a clock has made.
    pub fn verdict(&self) -> String {
        let servers: Vec<Words> = self.players.iter().map(|player| player.title()).collect();
        let servers: Vec<&str> = servers
            .iter()
            .map(|title| title.of(Language::English))
            .collect();
        format!(
            "{} ways to ask, every answer right, Confluence asked once for each file that was hit, by each server: {}",
            self.hits.len(),
            servers.join(", ")
        )
    }

    /// How it was measured, and everything in one table.
    pub fn text(&self, language: Language) -> String {
        format!(
            "{}\n\n{}{}{}",
            self.about.paragraph(language),
            self.head(language),
            self.whole(language),
            self.facts(language),
        )
    }

    /// How it was measured, a table in brief, and all figures of hits for those who want them.
    pub fn section(&self, language: Language) -> String {
        let summary = Words::new(
            "All figures of hits with their spread, and how long answers took",
            "命中的全部数据及其离散程度，以及应答所用的时间",
        );
        format!(
            "{}\n\n{head}{}{}\n<details>\n<summary>{}</summary>\n\n{head}{}\n</details>\n\n",
            self.about.paragraph(language),
            self.brief(language),
            self.facts(language),
            summary.of(language),
            self.whole(language),
            head = self.head(language),
        )
    }

    fn head(&self, language: Language) -> String {
        let what = Words::new("what", "项目");
        let title = |player: Player| Some(player.title().of(language).to_owned());
        let rule = |_| Some("---".to_owned());
        self.line(what.of(language), title) + &self.line("---", rule)
    }

    /// A line for each case: requests/s and, in brackets, processor time. nginx's own, and the others' as multiples.
    fn brief(&self, language: Language) -> String {
        let lines = self.hits.iter().map(|(case, known)| {
            self.line(case.of(language), |player| of(known, player).map(in_brief))
        });
        lines.collect()
    }

    /// A line for each figure of each case.
    fn whole(&self, language: Language) -> String {
        let between = Words::new(": ", "：");
        let lines = self.hits.iter().flat_map(|(case, known)| {
            let between = between.of(language);
            aspects().map(|(figure, cell)| {
                let what = format!("{}{between}{}", case.of(language), figure.of(language));
                self.line(&what, |player| of(known, player).map(cell))
            })
        });
        lines.collect()
    }

    fn facts(&self, language: Language) -> String {
        let lines = self
            .facts
            .iter()
            .map(|(what, cells)| self.line(what.of(language), |player| of(cells, player).cloned()));
        lines.collect()
    }

    fn line(&self, what: &str, cell: impl Fn(Player) -> Option<String>) -> String {
        let cells = self.players.iter().map(|player| cell(*player));
        let cells: Vec<String> = cells
            .map(|cell| cell.unwrap_or_else(|| NOTHING.into()))
            .collect();
        format!("| {what} | {} |\n", cells.join(" | "))
    }
}

fn in_brief(figures: &Figures) -> String {
    let mark = mark(figures);
    let (rate, cost) = (figures.rate, figures.cost);
    match (rate.ratio, cost.ratio) {
        (Some(rate), Some(cost)) => format!("{:.2}{mark} ({:.2})", rate.median, cost.median),
        _ => format!(
            "{}/s{mark} ({} µs)",
            thousands(rate.value),
            short(cost.value)
        ),
    }
}

fn aspects() -> [Aspect; 5] {
    [
        (Words::new("requests/s", "请求/秒"), |figures| {
            let value = thousands(figures.rate.value) + mark(figures);
            with_ratio(value, figures.rate)
        }),
        (Words::new("p50, ms", "p50，毫秒"), |figures| {
            with_ratio(short(figures.p50.value), figures.p50)
        }),
        (Words::new("p99, ms", "p99，毫秒"), |figures| {
            with_ratio(short(figures.p99.value), figures.p99)
        }),
        (
            Words::new("processor µs per request", "每个请求的处理器时间，µs"),
            |figures| with_ratio(short(figures.cost.value), figures.cost),
        ),
        (
            Words::new("part of its core used", "所用核心的份额"),
            |figures| format!("{:.0} %", figures.busy * 100.0),
        ),
    ]
}

fn with_ratio(value: String, figure: Figure) -> String {
    match figure.ratio {
        Some(Spread { median, low, high }) => format!("{value}; {median:.2} ({low:.2}-{high:.2})"),
        None => value,
    }
}

fn mark(figures: &Figures) -> &'static str {
    if figures.is_disturbed { DISTURBED } else { "" }
}

fn of<T>(cells: &[(Player, T)], player: Player) -> Option<&T> {
    let cell = cells.iter().find(|(owner, _)| *owner == player);
    cell.map(|(_, value)| value)
}

/// A number with as many digits as mean something.
fn short(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => thousands(number),
    }
}

/// A whole number with commas.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
