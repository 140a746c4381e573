//! The pages people and monitors see (pure: text in, text out).

mod chart;
mod home;
mod metric;
mod metric_table;
mod metrics;
mod problem;
mod shell;
mod status;
mod status_json;
mod status_page;
mod status_tables;
mod status_text;
mod status_words;
mod units;
mod watch;

pub use home::{Exhibit, Place, Showcase, home};
pub use metric::{Kind, Metric};
pub use metric_table::METRICS;
pub use metrics::{Exposition, PREFIX, metrics};
pub use problem::{Mishap, PICTURE_SECURITY, PROBLEM_SECURITY, problem_page, problem_picture};
pub use shell::{ICON, ICON_TYPE, Language, Shell, policy};
pub use status::{Reader, status};
pub use watch::{Kept, Report, ShutGuard, Standing, Status};
