//! Who plays, and over which kind of line.

use super::Words;

/// Who takes a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// This build of this service.
    Service,
    /// The build that `--before` names.
    Before,
    /// nginx with `proxy_cache`: the yardstick.
    Nginx,
    /// The same nginx once more: how far from 1 this ratio is, so far may all be wrong.
    Control,
    /// Varnish with storage in memory.
    Varnish,
    /// HAProxy's own small cache.
    Haproxy,
    /// The usual way in Python: FastAPI, aiohttp and a TTLCache.
    Fastapi,
    /// A loop that answers without looking at what was asked: what the kernel alone costs.
    Floor,
}

impl Player {
    /// All of them, in the order of the table.
    pub const ALL: [Player; 8] = [
        Player::Service,
        Player::Before,
        Player::Nginx,
        Player::Control,
        Player::Varnish,
        Player::Haproxy,
        Player::Fastapi,
        Player::Floor,
    ];

    /// The word for `--only`.
    pub fn word(self) -> &'static str {
        match self {
            Player::Service => "service",
            Player::Before => "before",
            Player::Nginx => "nginx",
            Player::Control => "control",
            Player::Varnish => "varnish",
            Player::Haproxy => "haproxy",
            Player::Fastapi => "fastapi",
            Player::Floor => "floor",
        }
    }

    /// The head of its column.
    pub fn title(self) -> Words {
        match self {
            Player::Service => Words::new("this service", "本服务"),
            Player::Before => Words::new("build before (÷ this one)", "之前的构建（÷ 本构建）"),
            Player::Nginx => Words::new("nginx", "nginx"),
            Player::Control => Words::new("nginx again", "再测一次 nginx"),
            Player::Varnish => Words::new("Varnish", "Varnish"),
            Player::Haproxy => Words::new("HAProxy", "HAProxy"),
            Player::Fastapi => Words::new("FastAPI", "FastAPI"),
            Player::Floor => Words::new("bare floor", "裸循环下限"),
        }
    }

    /// Whose server it asks.
    pub fn server(self) -> Player {
        match self {
            Player::Control => Player::Nginx,
            Player::Service
            | Player::Before
            | Player::Nginx
            | Player::Varnish
            | Player::Haproxy
            | Player::Fastapi
            | Player::Floor => self,
        }
    }

    /// Of whose figures its own are told as a multiple.
    pub fn yardstick(self) -> Option<Player> {
        match self {
            Player::Nginx => None,
            Player::Before => Some(Player::Service),
            Player::Service
            | Player::Control
            | Player::Varnish
            | Player::Haproxy
            | Player::Fastapi
            | Player::Floor => Some(Player::Nginx),
        }
    }

    /// Whether it is measured over such a line. The others speak no TLS, or nobody would let them.
    pub fn speaks(self, line: Line) -> bool {
        match line {
            Line::Plain => true,
            Line::Tls => match self {
                Player::Service | Player::Before | Player::Nginx | Player::Control => true,
                Player::Varnish | Player::Haproxy | Player::Fastapi | Player::Floor => false,
            },
        }
    }
}

/// What a client speaks below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Bare TCP.
    Plain,
    /// TLS 1.3.
    Tls,
}

impl Line {
    /// The certificate's file, the same for all servers.
    pub const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/elliptic.pem");
    /// Its key.
    pub const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/elliptic.key");
}
