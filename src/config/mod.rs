//! What the operator wants, from the environment: either a whole [`Config`] or every problem at once.
//!
//! `main.rs` hands in the variables and a way to read a file ([`Environment`]); [`Config::from_lookup`] answers. This
//! room touches nothing itself: no process environment, no file, no clock, no log. What it finds odd but can live with
//! comes back as [`Warning`]s. [`SETTINGS`] is the one list of names, defaults, ranges and meanings; the parser reads
//! it, `--help` prints it.
//! Invariant: no value of a secret, and no user part of an address, is ever in a [`Problem`] or a [`Warning`].

mod address;
mod allow;
mod credentials;
mod defaults;
mod desk;
mod fronts;
mod list;
mod lookup;
mod names;
mod networks;
mod node;
mod outbound;
mod path;
mod people;
mod report;
mod secret_places;
mod service;
mod settings;
mod size;
mod table;
mod tls;

pub use defaults::*;
pub use desk::{Environment, FileText};
pub use networks::Networks;
pub use report::{ConfigErrors, Problem, Warning};
pub use service::LocalService;
pub use settings::{
    AccessLog, AccessLogFormat, AccessLogTarget, Addresses, Allow, CaFile, CacheConfig, Config,
    ConfluenceConfig, Credentials, Kind, OutboundProxy, ProxyConfig, Secret, TlsFiles,
};
pub use size::{format_size, parse_size};
pub use table::*;
