//! Which servers there are here, and how each is started.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Origin;
use super::player::{Line, Player};
use super::running::Running;
use super::{fastapi, floor, haproxy, nginx, service, varnish};

/// The servers that take part.
pub struct Peers {
    /// Each with its version, in the order of the table.
    pub present: Vec<(Player, String)>,
    /// What was wanted and is not here, with the way to get it.
    pub absent: Vec<(Player, &'static str)>,
    before: Option<PathBuf>,
}

impl Peers {
    /// Looks for the servers of `only`, for all if it is empty, and for the build `before`.
    pub fn look(only: &[Player], before: Option<PathBuf>) -> Peers {
        let (mut present, mut absent) = (Vec::new(), Vec::new());
        for player in Player::ALL {
            let is_wanted = only.is_empty() || only.contains(&player.server());
            if !is_wanted && player != Player::Before {
                continue;
            }
            match version(player, before.as_deref()) {
                Ok(Some(version)) => present.push((player, version)),
                Ok(None) => {}
                Err(remedy) if player.server() == player => absent.push((player, remedy)),
                Err(_) => {} // the control goes with nginx
            }
        }
        for (player, remedy) in &absent {
            eprintln!("{} is left out: {remedy}", player.title().english);
        }
        Peers {
            present,
            absent,
            before,
        }
    }

    /// Who plays over such a line.
    pub fn players(&self, line: Line) -> Vec<Player> {
        let players = self.present.iter().map(|(player, _)| *player);
        players.filter(|player| player.speaks(line)).collect()
    }

    /// Starts a server before `origin` on `core` and waits until it answers. The control has no server of its own.
    pub fn start(
        &self,
        player: Player,
        origin: &Origin,
        core: Option<usize>,
        line: Line,
    ) -> io::Result<Running> {
        assert!(player.speaks(line), "{player:?} over {line:?}");
        match player {
            Player::Service => start_service(origin, core, line),
            Player::Before => {
                let binary = self.before.as_deref().expect("it is present");
                service::start(binary, origin, core, line)
            }
            Player::Nginx | Player::Control => nginx::start(origin, core, line),
            Player::Varnish => varnish::start(origin, core),
            Player::Haproxy => haproxy::start(origin, core),
            Player::Fastapi => fastapi::start(origin, core),
            Player::Floor => floor::start(origin, core),
        }
    }
}

/// The binary that belongs to this bench.
pub fn service_binary() -> &'static Path {
    Path::new(service::BINARY)
}

/// Starts this build of this service.
pub fn start_service(origin: &Origin, core: Option<usize>, line: Line) -> io::Result<Running> {
    service::start(service_binary(), origin, core, line)
}

/// A server's version; nothing if it was not asked for; an error with the remedy if it is not here.
fn version(player: Player, before: Option<&Path>) -> Result<Option<String>, &'static str> {
    let version = match player {
        Player::Service => Some(env!("CARGO_PKG_VERSION").into()),
        Player::Before => return Ok(before.map(|binary| binary.display().to_string())),
        Player::Nginx | Player::Control => said("nginx", &["-v"]),
        Player::Varnish => said("varnishd", &["-V"]),
        Player::Haproxy => said("haproxy", &["-v"]),
        Player::Fastapi => said(fastapi::PYTHON, &["-c", fastapi::VERSIONS]),
        Player::Floor => Some(String::new()),
    };
    let remedy = match player {
        Player::Nginx | Player::Control => "on Debian, apt install nginx-light",
        Player::Varnish => "on Debian, apt install varnish",
        Player::Haproxy => "on Debian, apt install haproxy",
        Player::Fastapi => "tests/bench/run installs it, where python3-venv is installed",
        Player::Service | Player::Before | Player::Floor => "it is part of the bench",
    };
    version.map(Some).ok_or(remedy)
}

/// The first number with dots in what a program says about itself.
fn said(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut words = text.split(|sign: char| !(sign.is_ascii_digit() || sign == '.'));
    let found =
        words.find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()));
    found.map(|word| word.trim_end_matches('.').to_owned())
}
