//! The pages people and monitors see (pure: text in, text out).

mod home;
mod problem;
mod shell;
mod watch;

pub use home::{Exhibit, Place, Showcase, home};
pub use problem::{Mishap, PICTURE_SECURITY, PROBLEM_SECURITY, problem_page, problem_picture};
pub use shell::{Language, Shell, policy};
pub use watch::{METRICS_TYPE, ShutGuard, Standing, metrics, status};
