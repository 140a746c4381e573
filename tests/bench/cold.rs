//! Misses: how many connections and downloads Confluence sees, and who waits how long.

use std::io;

use super::figures;
use super::load::{Load, Until};
use super::machine::Machine;
use super::origin::Origin;
use super::peers::{Line, Peers, Player, Running};
use super::plan::Plan;
use super::report::Report;
use super::words::Words;
use super::{drip, herd};

/// Files asked for one after the other.
const MISSES: usize = 100;

/// Size of each of them in bytes.
const MISS_BYTES: usize = 100 * 1024;

/// One Confluence, and all servers that stand before it.
pub struct Field {
    /// Confluence.
    pub origin: Origin,
    /// The servers.
    pub servers: Vec<(Player, Running)>,
}

/// Measures and notes.
pub fn measure(
    plan: &Plan,
    machine: &Machine,
    peers: &Peers,
    report: &mut Report,
) -> io::Result<()> {
    let origin = Origin::start()?;
    let mut servers = Vec::new();
    for player in players(peers) {
        let running = peers.start(player, &origin, machine.server_core(), Line::Plain)?;
        servers.push((player, running));
    }
    let field = Field { origin, servers };
    one_by_one(&field, report)?;
    herd::measure(plan, &field, report)?;
    drip::measure(plan, &field, report)
}

/// Who has misses worth a look.
pub fn players(peers: &Peers) -> Vec<Player> {
    let mut players = peers.players(Line::Plain);
    players.retain(|player| match player {
        Player::Service
        | Player::Before
        | Player::Nginx
        | Player::Varnish
        | Player::Haproxy
        | Player::Fastapi => true,
        Player::Control => false, // the noise of times this long is in their spread
        Player::Floor => false,   // it does one thing at a time
    });
    players
}

fn one_by_one(field: &Field, report: &mut Report) -> io::Result<()> {
    let confluence = &field.origin.confluence;
    for (player, running) in &field.servers {
        eprintln!("misses: {}", player.title().english);
        let mut load = Load::connect(running.address, 1)?;
        let connections = confluence.connections_seen();
        let mut times = Vec::new();
        for number in 0..MISSES {
            let name = format!("{}-cold-{number}.png", player.word());
            let wanted = field.origin.put(&name, MISS_BYTES);
            let tally = load.run(&wanted, Until::Sent(1))?;
            times.push(figures::in_milliseconds(tally.took));
        }
        let connections = confluence.connections_seen() - connections;
        report.fact(
            Words::new(
                format!(
                    "connections to Confluence for {MISSES} misses of 100 KB, one after the other"
                ),
                format!("依次 {MISSES} 次 100 KB 的未命中，与 Confluence 的连接数"),
            ),
            *player,
            connections.to_string(),
        );
        report.fact(
            Words::new("such a miss, median", "其中一次未命中，中位数"),
            *player,
            figures::milliseconds(times),
        );
    }
    Ok(())
}
