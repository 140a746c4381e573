//! The servers under test: this service, and what else could stand before Confluence.
//!
//! Each is one file that writes its configuration, starts it on a core and hands back a [`Running`]. [`Peers`] says
//! which of them this machine has. All get the same account, the same address of Confluence, and as much time to
//! keep a file as a run takes; where a server has switches that make hits faster, they are on.

mod directory;
mod fastapi;
mod floor;
mod haproxy;
mod nginx;
mod player;
mod process;
mod registry;
mod running;
mod service;
mod varnish;

use super::origin::Origin;
use super::words::Words;

pub use floor::serve as serve_floor;
pub use haproxy::start_front;
pub use player::{Line, Player};
pub use registry::{Peers, service_binary, start_service};
pub use running::Running;
pub use service::start_node;
