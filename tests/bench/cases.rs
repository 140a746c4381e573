//! What is asked for, and how: the rows of the table (pure).

use super::load::{Habit, Manner};
use super::peers::Line;
use super::words::Words;

/// A file that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The file's name.
    pub name: &'static str,
    /// The word for `--sizes`.
    pub word: &'static str,
    /// How a table calls it.
    pub label: &'static str,
    /// Its length.
    pub bytes: usize,
}

/// The files.
pub const SIZES: [Size; 5] = [
    size("tiny.png", "1k", "1 KB", 1 << 10),
    size("small.png", "10k", "10 KB", 10 << 10),
    size("middle.png", "100k", "100 KB", 100 << 10),
    size("large.png", "1m", "1 MB", 1 << 20),
    size("huge.png", "10m", "10 MB", 10 << 20),
];

/// Clients unless a row says otherwise.
pub const CLIENTS: usize = 64;

/// Clients of the rows with many.
pub const MANY: usize = 1000;

/// Clients when nothing but bytes is judged.
const FEW: usize = 8;

/// A slice that moves more, one file for each client, is long by that alone, so fewer do.
const BYTES_OF_SHORT_SLICE_MAX: usize = 128 << 20;

/// Turns of long slices are so many times fewer.
const FEWER: u32 = 4;

/// How many rows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The rows that a reader wants.
    Usual,
    /// Everything that makes sense.
    Full,
    /// The usual ones with few clients: only to see that everything works.
    Smoke,
}

/// One row: a file, and how it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file.
    pub size: Size,
    /// The clients.
    pub manner: Manner,
}

impl Case {
    /// How a table calls it.
    pub fn words(&self) -> Words {
        let Manner {
            clients,
            habit,
            line,
        } = self.manner;
        let clients = if clients < 1000 {
            clients.to_string()
        } else {
            format!("{},{:03}", clients / 1000, clients % 1000)
        };
        let (how, in_chinese) = match habit {
            Habit::Keeps => (
                format!("{clients} connections"),
                format!("{clients} 个连接"),
            ),
            Habit::Leaves => ("a connection per request".into(), "每个请求一个连接".into()),
        };
        let (over, over_in_chinese) = match line {
            Line::Plain => ("", ""),
            Line::Tls => (", TLS", "，TLS"),
        };
        let label = self.size.label;
        Words::new(
            format!("{label}, {how}{over}"),
            format!("{label}，{in_chinese}{over_in_chinese}"),
        )
    }

    /// How many turns it gets where `turns` are asked for.
    pub fn turns(&self, turns: u32) -> u32 {
        if self.size.bytes * self.manner.clients <= BYTES_OF_SHORT_SLICE_MAX {
            turns
        } else {
            turns.div_ceil(FEWER)
        }
    }
}

/// All rows with these sizes, those of one kind of line together.
pub fn cases(extent: Extent, sizes: &[Size]) -> Vec<Case> {
    let mut cases = Vec::new();
    for line in [Line::Plain, Line::Tls] {
        for (clients, habit) in [
            (CLIENTS, Habit::Keeps),
            (MANY, Habit::Keeps),
            (CLIENTS, Habit::Leaves),
        ] {
            let sizes = sizes.iter().filter(|size| match extent {
                Extent::Full => size.bytes <= full_bytes_max(clients, habit),
                Extent::Usual | Extent::Smoke => {
                    size.bytes <= usual_bytes_max(line, clients, habit)
                }
            });
            let manner = Manner {
                clients: if extent == Extent::Smoke {
                    FEW
                } else {
                    clients
                },
                habit,
                line,
            };
            cases.extend(sizes.map(|&size| Case { size, manner }));
        }
    }
    cases
}

/// The largest file of a usual row: where it is not asked for, the next smaller one has already shown what there is.
fn usual_bytes_max(line: Line, clients: usize, habit: Habit) -> usize {
    match (line, clients, habit) {
        (_, CLIENTS, Habit::Keeps) => 10 << 20,
        (Line::Plain, _, Habit::Keeps) => 100 << 10,
        (Line::Tls, _, Habit::Keeps) => 0,
        (Line::Plain, _, Habit::Leaves) => 10 << 10,
        (Line::Tls, _, Habit::Leaves) => 1 << 10,
    }
}

/// The largest file that makes sense: a slice moves at least one for each client.
fn full_bytes_max(clients: usize, habit: Habit) -> usize {
    match (clients, habit) {
        (CLIENTS, Habit::Keeps) => 10 << 20,
        (_, Habit::Keeps) | (_, Habit::Leaves) => 1 << 20,
    }
}

const fn size(name: &'static str, word: &'static str, label: &'static str, bytes: usize) -> Size {
    Size {
        name,
        word,
        label,
        bytes,
    }
}
