//! The pages people and monitors see (pure: text in, text out).

mod home;
mod results;
mod shell;
mod showcase;
mod snippet;
mod watch;

pub use home::{Place, home};
pub use shell::{ICON, ICON_TYPE, Language, Shell, policy};
pub use showcase::{Exhibit, Showcase};
pub use watch::{METRICS_TYPE, ShutGuard, Standing, metrics, status};
