//! What a reader must know to judge a table and to repeat it.

use std::process::Command;

use super::cases::Extent;
use super::machine::Machine;
use super::peers::{Peers, Player};
use super::plan::Plan;
use super::words::{Language, Words};

/// The circumstances of one run.
pub struct About {
    date: String,
    machine: String,
    versions: String,
    cores: Words,
    slices: Words,
    absent: Words,
    command: String,
}

impl About {
    /// Looks at everything.
    pub fn look(plan: &Plan, machine: &Machine, peers: &Peers) -> About {
        let (starts, turns, slice) = (plan.starts, plan.turns, plan.slice.as_millis());
        About {
            date: today(),
            machine: format!("{}, Linux {}", machine.processor, machine.kernel),
            versions: versions(peers),
            cores: cores(machine),
            slices: Words::new(
                format!(
                    "{starts} starts, {turns} turns each, slices of {slice} ms in random order"
                ),
                format!("{starts} 次启动，每次 {turns} 轮，每个时间片 {slice} 毫秒，顺序随机"),
            ),
            absent: absent(peers),
            command: command(plan),
        }
    }

    /// All of it as one paragraph.
    pub fn paragraph(&self, language: Language) -> String {
        let About {
            date,
            machine,
            versions,
            command,
            ..
        } = self;
        let [cores, slices, absent] =
            [&self.cores, &self.slices, &self.absent].map(|words| words.of(language));
        match language {
            Language::English => format!(
                "Measured on {date} with `{command}`\n({machine}; {versions}):\n{cores}; {slices}.{absent}\n\
                 nginx's own figures are requests/s and, in brackets, processor time per request.\n\
                 Those of the others are multiples of them: medians over pairs of slices of one turn, in the whole table \
                 with their quartiles.\n\
                 Requests/s count only pairs in which each server had its core to itself and enough to do.\n\
                 ° stands where there are too few of those, because the load was the limit or the machine did other \
                 work: there all pairs count, and processor time tells more.\n\
                 \"nginx again\" is the same nginx in slices of its own: what its ratio differs from 1 is noise.\n\
                 TLS is TLS 1.3 with AES-128-GCM and resumed sessions. All servers run as batch work (SCHED_BATCH), as the \
                 unit in `systemd/` has it."
            ),
            Language::Chinese => format!(
                "{date} 用 `{command}` 测得\n（{machine}；{versions}）：\n{cores}；{slices}。{absent}\n\
                 nginx 一列是它自己的每秒请求数，括号内是每个请求的处理器时间。\n\
                 其他各列是它们的倍数：取同一轮中成对时间片之比的中位数，完整的表中还有四分位数。\n\
                 每秒请求数只计双方都独占核心、并且有足够请求可做的时间片对。\n\
                 ° 表示这样的对太少，因为瓶颈在负载一方，或机器在忙别的事：这时全部计入，处理器时间更能说明问题。\n\
                 “再测一次 nginx”是同一个 nginx 在另外的时间片里的结果：它与 1 的差别就是噪声。\n\
                 TLS 指 TLS 1.3、AES-128-GCM，并恢复会话。所有服务器都按批处理策略（SCHED_BATCH）运行，与 `systemd/` 中的单元一致。"
            ),
        }
    }
}

/// The date of now, as the table tells it.
fn today() -> String {
    let said = Command::new("date").arg("-u").arg("+%F").output();
    let date = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    date.unwrap_or_else(|_| "an unknown day".into())
}

fn versions(peers: &Peers) -> String {
    let foreign = |player: &Player| match player {
        Player::Nginx | Player::Varnish | Player::Haproxy | Player::Fastapi => true,
        Player::Service | Player::Before | Player::Control | Player::Floor => false,
    };
    let versions = peers.present.iter().filter(|(player, _)| foreign(player));
    let versions =
        versions.map(|(player, version)| format!("{} {version}", player.title().english));
    versions.collect::<Vec<_>>().join(", ")
}

fn cores(machine: &Machine) -> Words {
    match machine.cores {
        Some(_) => Words::new(
            "servers on one core, the load on another",
            "服务器占一个核，负载占另一个核",
        ),
        None => Words::new(
            "servers and load together on one core",
            "服务器与负载共用一个核",
        ),
    }
}

/// What could not be measured; nothing else is left out without a word.
fn absent(peers: &Peers) -> Words {
    if peers.absent.is_empty() {
        return Words::new("", "");
    }
    let titles = |language| {
        let titles = peers
            .absent
            .iter()
            .map(|(player, _)| player.title().of(language).to_owned());
        titles.collect::<Vec<_>>()
    };
    Words::new(
        format!(" Not installed: {}.", titles(Language::English).join(", ")),
        format!("未安装：{}。", titles(Language::Chinese).join("、")),
    )
}

/// How to repeat it.
fn command(plan: &Plan) -> String {
    let extent = match plan.extent {
        Extent::Usual => "",
        Extent::Full => " --full",
        Extent::Smoke => " --smoke",
    };
    let usual = Plan::default();
    let option = |name: &str, count: u32, usual: u32| {
        if count == usual {
            String::new()
        } else {
            format!(" --{name} {count}")
        }
    };
    let starts = option("starts", plan.starts, usual.starts);
    let turns = option("turns", plan.turns, usual.turns);
    format!("tests/bench/run{extent}{starts}{turns}")
}
