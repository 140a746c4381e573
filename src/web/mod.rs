//! The pages people and monitors see (pure: text in, text out).

mod home;
mod language;
mod problem;
mod watch;

pub use home::{Exhibit, Place, SECURITY, Showcase, home};
pub use language::Language;
pub use problem::{Mishap, PICTURE_SECURITY, PROBLEM_SECURITY, problem_page, problem_picture};
pub use watch::{METRICS_TYPE, ShutGuard, Standing, metrics, status};
