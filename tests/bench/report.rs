//! What was measured, and how it is told: figures in, Markdown out.

use super::about::About;
use super::figures::{Figure, Figures, Played, Spread};
use super::peers::{Line, Peers, Player};
use super::words::{Language, Words};

/// Stands where there is no figure.
const NOTHING: &str = "-";

/// A server that worked less than this part of its slices could have answered more: the limit was the load, or other
/// work of the machine.
const BUSY_MIN: f64 = 0.9;

/// Stands behind the requests/s of such a server.
const NOT_BUSY: &str = "°";

/// Everything that was measured.
pub struct Report {
    about: About,
    players: Vec<Player>,
    hits: Vec<(Words, Vec<(Player, Figures)>)>,
    facts: Vec<(Words, Vec<(Player, String)>)>,
}

/// How much a table tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// One line for each case: requests/s and processor time.
    Brief,
    /// One line for each figure, with its spread.
    Whole,
}

/// A line of a table: what it tells, and how it tells it of one player.
type Row<'r> = (String, Box<dyn Fn(Player) -> Option<String> + 'r>);

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
            "{} ways to ask, every answer right, Confluence asked once for each file by each server: {}",
            self.hits.len(),
            servers.join(", ")
        )
    }

    /// How it was measured, and the whole table.
    pub fn text(&self, language: Language) -> String {
        let about = self.about.paragraph(language);
        format!("{about}\n\n{}", self.table(Detail::Whole, language))
    }

    /// How it was measured, the table in brief, and the whole one for those who want it.
    pub fn section(&self, language: Language) -> String {
        let summary = match language {
            Language::English => "All figures with their spread, and how long answers took",
            Language::Chinese => "全部数据及其离散程度，以及应答所用的时间",
        };
        let whole = self.table(Detail::Whole, language);
        format!(
            "{}\n\n{}\n<details>\n<summary>{summary}</summary>\n\n{whole}\n</details>\n",
            self.about.paragraph(language),
            self.table(Detail::Brief, language),
        )
    }

    fn table(&self, detail: Detail, language: Language) -> String {
        let mut rows: Vec<Row> = Vec::new();
        for (case, known) in &self.hits {
            match detail {
                Detail::Brief => rows.push(brief(case, known, language)),
                Detail::Whole => rows.extend(whole(case, known, language)),
            }
        }
        for (what, cells) in &self.facts {
            let cell = |player| of(cells, player).cloned();
            rows.push((what.of(language).to_owned(), Box::new(cell)));
        }
        let first = Words::new("what", "项目");
        let titles = self.players.iter().map(|player| player.title());
        let heads: Vec<String> = [first]
            .into_iter()
            .chain(titles)
            .map(|title| title.of(language).to_owned())
            .collect();
        let mut table = line(&heads) + &line(&vec!["---".to_owned(); heads.len()]);
        for (what, cell) in rows {
            let cells = self.players.iter().map(|player| cell(*player));
            let cells = cells.map(|cell| cell.unwrap_or_else(|| NOTHING.into()));
            table += &line(&[what].into_iter().chain(cells).collect::<Vec<_>>());
        }
        table
    }
}

/// Requests/s and, in brackets, processor time: nginx's own, and the others' as multiples of them.
fn brief<'r>(case: &Words, known: &'r [(Player, Figures)], language: Language) -> Row<'r> {
    let cell = |player| {
        let figures = of(known, player)?;
        let mark = mark(figures);
        Some(match (figures.rate.ratio, figures.cost.ratio) {
            (Some(rate), Some(cost)) => format!("{:.2}{mark} ({:.2})", rate.median, cost.median),
            _ => format!(
                "{}/s{mark} ({:.1} µs)",
                thousands(figures.rate.value),
                figures.cost.value
            ),
        })
    };
    (case.of(language).to_owned(), Box::new(cell))
}

/// A line for each figure.
fn whole<'r>(case: &Words, known: &'r [(Player, Figures)], language: Language) -> [Row<'r>; 4] {
    let row = |figure: Words, cell: fn(&Figures) -> String| -> Row<'r> {
        let colon = match language {
            Language::English => ": ",
            Language::Chinese => "：",
        };
        let what = format!("{}{colon}{}", case.of(language), figure.of(language));
        (what, Box::new(move |player| Some(cell(of(known, player)?))))
    };
    [
        row(Words::new("requests/s", "请求/秒"), |figures| {
            let value = thousands(figures.rate.value) + mark(figures);
            with_ratio(value, figures.rate)
        }),
        row(Words::new("p50, ms", "p50，毫秒"), |figures| {
            with_ratio(format!("{:.2}", figures.p50.value), figures.p50)
        }),
        row(Words::new("p99, ms", "p99，毫秒"), |figures| {
            with_ratio(format!("{:.2}", figures.p99.value), figures.p99)
        }),
        row(
            Words::new("processor µs per request", "每个请求的处理器时间，µs"),
            |figures| with_ratio(format!("{:.1}", figures.cost.value), figures.cost),
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
    if figures.busy < BUSY_MIN {
        NOT_BUSY
    } else {
        ""
    }
}

fn of<T>(cells: &[(Player, T)], player: Player) -> Option<&T> {
    let cell = cells.iter().find(|(owner, _)| *owner == player);
    cell.map(|(_, value)| value)
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// A whole number with commas.
fn thousands(number: f64) -> String {
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
