//! The pages people and monitors see (pure: text in, text out).

mod home;
mod shell;
mod watch;

pub use home::{Exhibit, Place, Showcase, home};
pub use shell::{ICON, ICON_TYPE, Language, Shell, policy};
pub use watch::{METRICS_TYPE, ShutGuard, Standing, metrics, status};
