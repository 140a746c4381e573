//! The pages people and monitors see (pure: text in, text out).

mod home;
mod watch;

pub use home::{Exhibit, Place, SECURITY, Showcase, home};
pub use watch::{METRICS_TYPE, ShutGuard, Standing, metrics, status};
