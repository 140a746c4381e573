//! The pages people and monitors see (pure: text in, text out).

mod home;
mod metric;
mod metric_table;
mod metrics;
mod shell;
mod watch;

pub use home::{Exhibit, Place, Showcase, home};
pub use metric::{Kind, Metric};
pub use metric_table::METRICS;
pub use metrics::{Exposition, metrics};
pub use shell::{ICON, ICON_TYPE, Language, Shell, policy};
pub use watch::{Report, ShutGuard, Standing, status};
